//! After a power loss: files of earlier runs that may not have reached the disk are read again before they are believed.
//!
//! Promises: what is missing or damaged is forgotten, so that it is fetched again, and a damaged file is removed once
//! that is committed; a run stays suspect until all its files have been read. Files are read on as many threads as there
//! are cores, a batch of rows at a time, whatever their number; a stop is heard after each file.
//!
//! What surprises: what cannot be read is forgotten and not removed, because nobody knows that it is bad.

use std::{
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::time::timeout;

use super::Cause;
use crate::{
    event::{Event, Reporter},
    ledger::{Ledger, LedgerError, Reader, Record, Row, RunId, Writer},
    name::Name,
    stop::{Stop, StopSignal},
    store::{
        StoreError,
        inspect::{Damage, Depth, Expected, Inspector},
    },
};

/// Rows that are read at once: enough to keep all cores busy.
const BATCH: usize = 1024;

/// Time between two reports.
const TICK: Duration = Duration::from_millis(200);

/// What is to be read again.
pub(super) struct Suspects {
    path: PathBuf,
    folder: Inspector,
    reader: Reader,
    runs: Vec<RunId>,
    files: u64,
    /// The last row that has had its turn.
    key: Box<str>,
}

/// How far the files have been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of them.
    Whole,
    /// The run was stopped first, so none of them may be believed yet.
    CutShort,
}

/// What was found in a batch.
struct Found {
    bad: Vec<(Name, Damage)>,
    /// Whether there may be further rows.
    is_last: bool,
}

impl Suspects {
    /// What is to be read again in a folder; none where no run is suspect. Blocks.
    pub(super) fn find(ledger: &Ledger, folder: &Path, boot: Option<&str>) -> Result<Option<Self>, LedgerError> {
        let runs = ledger.suspect_runs(boot)?;
        if runs.is_empty() {
            return Ok(None);
        }
        let failed = |source| LedgerError::Folder { path: folder.into(), source };
        let (mut reader, inspector) = (ledger.reader()?, Inspector::open(folder).map_err(failed)?);
        let files = reader.count_of_runs(&runs)?;
        Ok(Some(Self { path: folder.into(), folder: inspector, reader, runs, files, key: Box::default() }))
    }

    /// Reads them, and has the ledger forget what is bad.
    pub(super) async fn check(
        mut self,
        ledger: &mut Writer,
        stop: &StopSignal,
        reporter: &mut dyn Reporter,
    ) -> Result<Extent, Cause> {
        let (files, done, mut bad) = (self.files, Arc::new(AtomicU64::new(0)), 0);
        let mut is_last = files == 0;
        if files > 0 {
            reporter.report(&Event::Checking { done: 0, files }).map_err(Cause::Report)?;
        }
        while !is_last {
            let found;
            (self, found) = self.read_batch(&done, stop, reporter).await?;
            is_last = found.is_last;
            bad += found.bad.len() as u64;
            self = self.forget(found.bad, ledger).await?;
            if stop.now() > Stop::Run {
                return Ok(Extent::CutShort);
            }
        }
        ledger.tell(Record::Checked(self.runs))?;
        if files > 0 {
            let files = done.load(Ordering::Relaxed);
            reporter.report(&Event::Checked { files, bad }).map_err(Cause::Report)?;
        }
        Ok(Extent::Whole)
    }

    /// Reads the files of the next rows, and tells how far it is.
    async fn read_batch(
        mut self,
        done: &Arc<AtomicU64>,
        stop: &StopSignal,
        reporter: &mut dyn Reporter,
    ) -> Result<(Self, Found), Cause> {
        let (files, counter, stop) = (self.files, Arc::clone(done), stop.clone());
        let mut reading = tokio::task::spawn_blocking(move || {
            let found = self.inspect_batch(&counter, &stop)?;
            Ok::<_, LedgerError>((self, found))
        });
        loop {
            if let Ok(read) = timeout(TICK, &mut reading).await {
                return Ok(read.map_err(|error| Cause::Reader(error.into()))??);
            }
            let done = done.load(Ordering::Relaxed);
            if done > 0 {
                reporter.report(&Event::Checking { done, files }).map_err(Cause::Report)?;
            }
        }
    }

    fn inspect_batch(&mut self, done: &AtomicU64, stop: &StopSignal) -> Result<Found, LedgerError> {
        let rows = self.reader.rows_of_runs(&self.runs, &self.key, BATCH)?;
        if let Some(last) = rows.last() {
            self.key.clone_from(&last.key);
        }
        Ok(Found { is_last: rows.len() < BATCH, bad: inspect_all(&self.folder, &rows, done, stop) })
    }

    /// Has the ledger forget files, and then removes those that are damaged.
    async fn forget(self, bad: Vec<(Name, Damage)>, ledger: &mut Writer) -> Result<Self, Cause> {
        if bad.is_empty() {
            return Ok(self);
        }
        for (name, _) in &bad {
            ledger.tell(Record::Lost(name.clone()))?;
        }
        ledger.flush().await?;
        let removed = tokio::task::spawn_blocking(move || {
            for (name, _) in bad.iter().filter(|(_, damage)| damage.is_of_contents()) {
                let failed = |source| StoreError::Unwritable { path: self.path.clone(), source };
                self.folder.remove(name).map_err(failed)?;
            }
            Ok(self)
        });
        removed.await.map_err(|error| Cause::Reader(error.into()))?
    }
}

/// Reads the files of rows on all cores, until it is stopped; gives those that are bad.
fn inspect_all(folder: &Inspector, rows: &[Row], done: &AtomicU64, stop: &StopSignal) -> Vec<(Name, Damage)> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut bad = Vec::new();
        while stop.now() == Stop::Run
            && let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed))
        {
            if let Err(damage) = inspect(folder, row) {
                bad.push((row.path.clone(), damage));
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
        bad
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        // Where there can be no further thread, this one does it all.
        let others: Vec<_> = (1..cores).map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let own = work();
        let others = others.into_iter().flat_map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        own.into_iter().chain(others).collect()
    })
}

fn inspect(folder: &Inspector, row: &Row) -> Result<(), Damage> {
    let Some(file) = &row.file else { return Ok(()) };
    let expected = Expected { bytes: file.bytes, sha256: file.sha256, format: file.format.as_deref() };
    folder.inspect(&row.path, &expected, Depth::Full)
}
