//! After a power loss: files of earlier runs that may not have reached the disk are read again before they are believed.
//!
//! Promises: a file that is no whole one any more is removed, and what is missing, removed or not what it was is noted as
//! lost, so that it is fetched again: that is committed before the plan asks. A run stays suspect until all its files have
//! been read. Files are read on as many threads as there are cores, a batch of rows at a time, whatever their number; a
//! stop is heard after each file.
//!
//! What surprises: what cannot be read is forgotten and not removed, because nobody knows that it is bad.

use std::{
    io,
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

/// A file that is not what it was, and what came of removing it where it is broken.
struct Bad {
    name: Name,
    damage: Damage,
    removed: io::Result<bool>,
}

/// What was found in a batch.
struct Found {
    bad: Vec<Bad>,
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
        let (mut reader, inspector) = (ledger.reader()?, Inspector::over(ledger.folder().destination()?));
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
            self.lose(found.bad, ledger).await?;
            if stop.now() > Stop::Run {
                return Ok(Extent::CutShort);
            }
        }
        ledger.tell(Record::Checked(self.runs))?;
        // Or the plan, which asks next, would still find a file of the right size to be what it was.
        ledger.flush().await?;
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

    /// Tells the ledger what is lost. A file goes before that, so that a kill in between leaves a row without a file,
    /// and not a broken file that nobody knows of.
    async fn lose(&self, bad: Vec<Bad>, ledger: &mut Writer) -> Result<(), Cause> {
        let mut failed = None;
        for Bad { name, damage, removed } in bad {
            if damage.is_exhaustion() {
                failed.get_or_insert(StoreError::Exhausted);
                continue;
            }
            if let Err(source) = removed {
                failed.get_or_insert(StoreError::Unwritable { path: self.path.clone(), source });
            }
            ledger.tell(Record::Lost(name))?;
            ledger.catch_up().await?;
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Reads the files of rows on all cores, until it is stopped; gives those that are bad.
fn inspect_all(folder: &Inspector, rows: &[Row], done: &AtomicU64, stop: &StopSignal) -> Vec<Bad> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut bad = Vec::new();
        while stop.now() == Stop::Run
            && let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed))
        {
            bad.extend(inspect(folder, row));
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

fn inspect(folder: &Inspector, row: &Row) -> Option<Bad> {
    let file = row.file.as_ref()?;
    let expected = Expected { bytes: file.bytes, sha256: file.sha256, format: file.format.as_deref() };
    let damage = folder.inspect(&row.path, &expected, Depth::Full).err()?;
    let removed = folder.remove_broken(&row.path, &expected, &damage);
    Some(Bad { name: row.path.clone(), damage, removed })
}
