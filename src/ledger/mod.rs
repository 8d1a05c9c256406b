//! The ledger: what earlier runs stored, in an `SQLite` database beside the files.
//!
//! `DEST/.flagdl/ledger.db` has a row a file name: whose name it is, how its entry last ended, and what file is here.
//! A `Ledger` is the folder, locked; `Ledger::begin` makes a `Writer` of it for a run; a `Reader` answers a
//! plan, `verify` and `status`, with or without a run going on.
//!
//! Promises: one process writes at a time; what was committed outlives a kill at any moment; no secret of a URL is
//! stored; memory does not grow with the ledger; a ledger that cannot be used (another's, a newer one, a damaged one)
//! is told apart and left as it is.
//!
//! What surprises: entries that were skipped, were duplicates, were left or had no name leave no row. The row that a
//! skipped one has says more than "skipped" would, the others have none of their own; the run's counts hold them all.

mod connection;
mod error;
mod folder;
mod owner;
mod read;
mod record;
mod rows;
mod runs;
mod schema;
#[cfg(test)]
mod tests;
mod worker;
mod write;

use std::{
    io,
    path::{Path, PathBuf},
};

use rusqlite::Connection;

pub use self::error::LedgerError;
use self::{
    connection::Access,
    error::About as _,
    folder::{Folder, Lock},
};
pub(crate) use self::{
    folder::Holder,
    read::{Reader, View},
    record::{EndedEntry, Known, LastOutcome, Record, Row, RunId, StoredFile, Validators},
    runs::{Beginning, Counts, Ending, HowEnded, Run},
    write::Writer,
};

/// What brings all files that were told of to the disk. It is not called again once it has failed: what the system
/// could not write it may have dropped, and a second call would then succeed.
pub(crate) type SyncFiles = Box<dyn FnMut() -> io::Result<()> + Send>;

/// The ledger of a folder for downloads, held by this process.
#[derive(Debug)]
pub(crate) struct Ledger {
    connection: Connection,
    path: PathBuf,
    // Last, so that the database is closed before another process may have it.
    lock: Lock,
}

impl Ledger {
    /// Locks the ledger of a folder that exists, makes it where there is none, and brings it up to date.
    pub(crate) fn open(destination: &Path) -> Result<Self, LedgerError> {
        let folder = Folder::make(destination)?;
        let lock = folder.lock()?;
        folder.make_database()?;
        let path = folder.database();
        let (mut connection, kind) = connection::open(&path, Access::Write)?;
        // Where there can be no such log (no shared memory), the database keeps its own kind, and readers wait.
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).about(&path)?;
        schema::migrate(&mut connection, &path, kind)?;
        connection::take(&connection, &path)?;
        Ok(Self { connection, path, lock })
    }

    /// The same, but none where there is no ledger yet, or no folder.
    pub(crate) fn open_existing(destination: &Path) -> Result<Option<Self>, LedgerError> {
        Folder::foresee(destination)?;
        // What is no folder is for whoever makes the folder to complain about.
        if !destination.is_dir() || Folder::existing(destination)?.is_none() {
            return Ok(None);
        }
        Self::open(destination).map(Some)
    }

    /// The same, for whoever has found none before: another run may have made one since.
    pub(crate) fn open_new(destination: &Path) -> Result<Self, LedgerError> {
        let ledger = Self::open(destination)?;
        let is_blank = runs::latest(&ledger.connection, 1).about(&ledger.path)?.is_empty();
        if is_blank { Ok(ledger) } else { Err(LedgerError::Overtaken { path: destination.to_owned() }) }
    }

    /// Whether a folder has a ledger.
    pub(crate) fn is_in(destination: &Path) -> Result<bool, LedgerError> {
        Folder::existing(destination)?.map_or(Ok(false), |folder| folder.has_database())
    }

    /// Who holds the ledger of a folder, so whether a run goes on in it.
    pub(crate) fn holder(destination: &Path) -> Result<Holder, LedgerError> {
        Ok(Folder::existing(destination)?.map_or(Holder::Nobody, |folder| folder.holder()))
    }

    /// A reader of it, for another thread.
    pub(crate) fn reader(&self) -> Result<Reader, LedgerError> {
        let stopped = || LedgerError::Stopped { path: self.path.clone() };
        Reader::connect(self.path.clone())?.ok_or_else(stopped)
    }

    /// The runs whose files may not have reached the disk before the machine was last started, and that nobody has
    /// checked since. [`Reader::rows_of_runs`] tells which files of theirs.
    pub(crate) fn suspect_runs(&self, boot: Option<&str>) -> Result<Vec<RunId>, LedgerError> {
        runs::suspect(&self.connection, boot).about(&self.path)
    }

    /// Begins a run, and the thread that writes it.
    ///
    /// With `sync` a row is only there after a power loss if its file is, because the files are brought to the disk
    /// first. Without it the ledger itself stays whole, but [`Ledger::suspect_runs`] has to be asked.
    pub(crate) fn begin(self, beginning: &Beginning, sync: Option<SyncFiles>) -> Result<Writer, LedgerError> {
        let Self { connection, path, lock } = self;
        let synchronous = if sync.is_some() { "FULL" } else { "NORMAL" };
        connection.pragma_update(None, "synchronous", synchronous).about(&path)?;
        // Where fsync(2) does not reach the disk itself, as on macOS; elsewhere it means nothing.
        connection.pragma_update(None, "fullfsync", sync.is_some()).about(&path)?;
        runs::settle(&connection, beginning).about(&path)?;
        let run = runs::begin(&connection, beginning, sync.is_some()).about(&path)?;
        Writer::start(connection, path, lock, run, sync)
    }
}
