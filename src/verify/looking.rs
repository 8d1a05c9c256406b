//! Looking at files on several threads: rows of the ledger in, what is found of their files out.
//!
//! Promises: all that waits is bounded by the number of threads; when the one that listens is gone, or it is stopped,
//! each thread ends after the file that it is at, for which nobody waits.
//!
//! What surprises: one thread reads the ledger and hands out rows to whoever asks for some, so that a thread with large
//! files keeps no other waiting, and nothing is shared. What is found is told every few files, or a few times a second.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle, available_parallelism},
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use super::{BadFile, Damage, Depth, Remedy, VerifyError};
use crate::{
    ledger::{LastOutcome, LedgerError, Reader, Row},
    link::visible,
    name::Name,
    stop::{Stop, StopSignal},
    store::inspect::{Expected, Inspector},
};

/// Rows that are handed out together: few, because the last ones may be of large files.
const BATCH: usize = 32;

/// Longest time for which what is found is kept back.
const PAUSE: Duration = Duration::from_millis(100);

/// Where a thread wants its next rows.
type Wish = oneshot::Sender<Vec<Row>>;

/// What was found of some files.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files that are what they were.
    pub(super) whole: u64,
    /// Those that are not.
    pub(super) bad: Vec<BadFile>,
    /// Broken ones that could not be removed.
    pub(super) kept: Vec<(Name, io::Error)>,
    /// Bytes that were read to be hashed.
    pub(super) bytes: u64,
    /// How many files there are to look at, as soon as that is known.
    pub(super) total: Option<u64>,
}

/// What the threads tell.
enum Told {
    Found(Found),
    /// The ledger has been read to its end: so many files there were.
    Listed(u64),
    Failed(VerifyError),
}

/// The threads at work.
pub(super) struct Looking {
    told: mpsc::Receiver<Told>,
    threads: Vec<JoinHandle<()>>,
    /// How many files there were, once the ledger has been read to its end.
    pub(super) listed: Option<u64>,
}

impl Looking {
    pub(super) fn start(
        reader: Reader,
        inspector: &Arc<Inspector>,
        (depth, remedy): (Depth, Remedy),
        stop: &StopSignal,
    ) -> io::Result<Self> {
        let count = available_parallelism().map_or(1, usize::from);
        let (tell, told) = mpsc::channel(2 * count);
        let (ask, wishes) = sync_channel(count);
        let mut threads = Vec::new();
        let mut spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            thread::Builder::new().name(name.into()).spawn(work).map(|thread| threads.push(thread))
        };
        for _ in 0..count {
            let looker = Looker {
                inspector: Arc::clone(inspector),
                depth,
                remedy,
                stop: stop.clone(),
                ask: ask.clone(),
                tell: tell.clone(),
            };
            spawn("flagdl-verify", Box::new(|| looker.work()))?;
        }
        spawn("flagdl-list-files", Box::new(move || list(reader, &wishes, &tell)))?;
        Ok(Self { told, threads, listed: None })
    }

    /// What is found next; none when there is no more. May be given up without losing anything.
    pub(super) async fn next(&mut self) -> Option<Result<Found, VerifyError>> {
        loop {
            match self.told.recv().await {
                Some(Told::Found(found)) => return Some(Ok(found)),
                Some(Told::Listed(files)) => self.listed = Some(files),
                Some(Told::Failed(error)) => return Some(Err(error)),
                None => {
                    self.join();
                    return None;
                }
            }
        }
    }

    /// Takes the threads' leave, none of which tells anything more.
    fn join(&mut self) {
        for thread in self.threads.drain(..) {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// Reads the ledger, and hands out its rows until nobody wants more.
fn list(reader: Reader, wishes: &Receiver<Wish>, tell: &mpsc::Sender<Told>) {
    let told = match hand_out(reader, wishes, tell) {
        Ok(Some(files)) => Told::Listed(files),
        Ok(None) => return,
        Err(error) => Told::Failed(error.into()),
    };
    // Who does not listen any more needs no end.
    let _ = tell.blocking_send(told);
}

/// How many there were; none where there was nobody left to take them.
fn hand_out(
    mut reader: Reader,
    wishes: &Receiver<Wish>,
    tell: &mpsc::Sender<Told>,
) -> Result<Option<u64>, LedgerError> {
    let found = Found { total: Some(reader.files()?), ..Found::default() };
    if tell.blocking_send(Told::Found(found)).is_err() {
        return Ok(None);
    }
    let (mut after, mut files) = (String::new(), 0);
    loop {
        let rows = reader.files_after(&after, BATCH)?;
        let Some(last) = rows.last() else { return Ok(Some(files)) };
        after.replace_range(.., &last.key);
        files += rows.len() as u64;
        let Ok(wish) = wishes.recv() else { return Ok(None) };
        if wish.send(rows).is_err() {
            return Ok(None);
        }
    }
}

/// One that looks.
struct Looker {
    inspector: Arc<Inspector>,
    depth: Depth,
    remedy: Remedy,
    stop: StopSignal,
    ask: SyncSender<Wish>,
    tell: mpsc::Sender<Told>,
}

impl Looker {
    fn work(self) {
        loop {
            let (wish, rows) = oneshot::channel();
            if self.ask.send(wish).is_err() {
                return;
            }
            // There are no more rows, or they cannot be read.
            let Ok(rows) = rows.blocking_recv() else { return };
            if !self.look_at(rows) {
                return;
            }
        }
    }

    /// Looks at the files of some rows; tells whether to go on.
    fn look_at(&self, rows: Vec<Row>) -> bool {
        let (mut found, mut told) = (Found::default(), Instant::now());
        for row in rows {
            if self.stop.now() > Stop::Run || self.tell.is_closed() {
                self.tell(Told::Found(found));
                return false;
            }
            if let Err(error) = self.look(row, &mut found) {
                self.tell(Told::Failed(error));
                return false;
            }
            if told.elapsed() > PAUSE {
                told = Instant::now();
                if !self.tell(Told::Found(std::mem::take(&mut found))) {
                    return false;
                }
            }
        }
        self.tell(Told::Found(found))
    }

    fn tell(&self, told: Told) -> bool {
        self.tell.blocking_send(told).is_ok()
    }

    fn look(&self, row: Row, found: &mut Found) -> Result<(), VerifyError> {
        let inspected = match &row.file {
            None => Err(Damage::Missing),
            Some(file) => {
                let expected = Expected { bytes: file.bytes, sha256: file.sha256, format: file.format.as_deref() };
                let inspected = self.inspector.inspect(&row.path, &expected, self.depth);
                let is_read =
                    matches!(inspected, Ok(()) | Err(Damage::Contents | Damage::Image(_) | Damage::Format(_)));
                if is_read && self.depth == Depth::Full && file.sha256.is_some() {
                    found.bytes += file.bytes;
                }
                if let (Remedy::Forget, Err(damage)) = (self.remedy, &inspected)
                    && let Err(error) = self.inspector.remove_broken(&row.path, &expected, damage)
                {
                    found.kept.push((row.path.clone(), error));
                }
                inspected
            }
        };
        match inspected {
            Ok(()) => found.whole += 1,
            // Its server has it no more either: there is nothing that could be mended.
            Err(Damage::Missing) if row.outcome == LastOutcome::NotFound => {}
            Err(damage) if damage.is_exhaustion() => {
                return Err(VerifyError::Exhausted { path: row.path, source: Box::new(damage) });
            }
            Err(damage) => {
                // Somebody may have written to the database.
                let [entry, url] = [&row.entry, &row.url].map(|text| visible(text).into());
                found.bad.push(BadFile { path: row.path, entry, url, damage });
            }
        }
        Ok(())
    }
}
