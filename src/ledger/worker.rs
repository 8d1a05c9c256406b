//! The thread that writes the ledger.
//!
//! Promises: rows are committed in batches, when there are enough of them or the first has waited for a second; where
//! files are to be brought to the disk, that is done before the rows that vouch for them are committed. Where it fails,
//! those rows are not written, nor anything after them.
//!
//! What surprises: the connection and all that borrows from it live in the thread, so a failure anywhere ends in one
//! place and is the thread's result.

use std::{
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::sync::{
    mpsc::{self, error::TryRecvError},
    oneshot,
};

use super::{
    LedgerError, SyncFiles,
    error::{About as _, admit},
    record::{Record, RunId},
    rows::Rows,
    runs::{self, Ending},
};

/// Rows of a batch that is committed without waiting for more. With as many that wait in the queue, 4096 are what a
/// kill can lose.
pub(super) const BATCH: u32 = 2048;

/// Longest time for which a row waits to be committed.
const DELAY: Duration = Duration::from_secs(1);

/// Time between two looks at the queue.
const PAUSE: Duration = Duration::from_millis(50);

/// How long other programs' readers may keep the log from being taken back at the end.
const PATIENCE: Duration = Duration::from_millis(200);

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Message {
    Record(Record),
    Flush(oneshot::Sender<()>),
    Close(Box<Ending>, oneshot::Sender<()>),
}

/// What the thread needs.
pub(super) struct Worker {
    pub(super) path: PathBuf,
    pub(super) run: RunId,
    /// What brings files to the disk; none where that is left to the system.
    pub(super) sync: Option<SyncFiles>,
    pub(super) messages: mpsc::Receiver<Message>,
}

impl Worker {
    /// Writes until it is told to close, or nobody is left to tell anything.
    pub(super) fn work(mut self, connection: &Connection) -> Result<(), LedgerError> {
        let rows = Rows::new(connection, self.run).about(&self.path)?;
        let mut batch = Batch { connection, path: &self.path, sync: self.sync.as_mut(), rows, open: None };
        while let Some(message) = next(&mut self.messages, &mut batch)? {
            match message {
                Message::Record(record) => batch.write(&record)?,
                Message::Flush(done) => {
                    batch.commit()?;
                    // Whoever asked may have stopped waiting.
                    let _ = done.send(());
                }
                Message::Close(ending, done) => {
                    batch.end(self.run, &ending)?;
                    let _ = done.send(());
                    return Ok(());
                }
            }
        }
        batch.commit()
    }
}

/// The next message; none when there will be no more. Commits what has waited long enough.
fn next(messages: &mut mpsc::Receiver<Message>, batch: &mut Batch<'_>) -> Result<Option<Message>, LedgerError> {
    loop {
        match messages.try_recv() {
            Ok(message) => return Ok(Some(message)),
            Err(TryRecvError::Disconnected) => return Ok(None),
            Err(TryRecvError::Empty) => {}
        }
        let Some(open) = &batch.open else { return Ok(messages.blocking_recv()) };
        match DELAY.checked_sub(open.since.elapsed()) {
            Some(left) if !left.is_zero() => thread::park_timeout(PAUSE.min(left)),
            _ => batch.commit()?,
        }
    }
}

/// Rows, and the transaction that they are in.
struct Batch<'a> {
    connection: &'a Connection,
    path: &'a Path,
    sync: Option<&'a mut SyncFiles>,
    rows: Rows<'a>,
    open: Option<Open>,
}

/// A transaction.
struct Open {
    since: Instant,
    rows: u32,
    /// Whether any of them vouches for a file.
    saves: bool,
}

impl Batch<'_> {
    fn write(&mut self, record: &Record) -> Result<(), LedgerError> {
        let open = self.begin()?;
        open.rows += 1;
        open.saves |= matches!(record, Record::Ended(ended) if ended.saved.is_some());
        let is_full = open.rows >= BATCH;
        admit(self.path).and_then(|()| self.rows.write(record)).about(self.path)?;
        if is_full { self.commit() } else { Ok(()) }
    }

    fn begin(&mut self) -> Result<&mut Open, LedgerError> {
        if self.open.is_none() {
            // IMMEDIATE: a lock of somebody else's is waited for here, and not found in the middle.
            self.execute("BEGIN IMMEDIATE")?;
        }
        Ok(self.open.get_or_insert_with(|| Open { since: Instant::now(), rows: 0, saves: false }))
    }

    fn commit(&mut self) -> Result<(), LedgerError> {
        let Some(open) = &self.open else { return Ok(()) };
        if let Some(sync) = self.sync.as_mut().filter(|_| open.saves) {
            sync().map_err(|source| LedgerError::Sync { path: self.path.to_owned(), source })?;
        }
        self.execute("COMMIT")?;
        self.open = None;
        Ok(())
    }

    /// Commits the rest together with how the run ended, and takes the log back.
    fn end(&mut self, run: RunId, ending: &Ending) -> Result<(), LedgerError> {
        self.begin()?;
        runs::end(self.connection, run, ending).about(self.path)?;
        self.commit()?;
        self.connection.busy_timeout(PATIENCE).about(self.path)?;
        // Where a reader is in the way, the last to close the database does it.
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).about(self.path)
    }

    fn execute(&self, sql: &str) -> Result<(), LedgerError> {
        let statement = admit(self.path).and_then(|()| self.connection.prepare_cached(sql));
        statement.and_then(|mut statement| statement.execute([])).about(self.path)?;
        Ok(())
    }
}
