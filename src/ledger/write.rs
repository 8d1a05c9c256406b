//! Writing the ledger: records in from one task, rows out on a thread of their own.
//!
//! Promises: records are written in the order in which they were told, and are in the database a second later at the
//! latest; no more than a fixed number wait; telling one never blocks; the first error ends the writer, is handed to
//! whoever next tells or asks something, and nothing after it is written.
//!
//! What surprises: a record wakes nobody. The thread looks at its queue every so often, because waking a thread costs
//! more than writing a row. A queue that is full, a flush and the end do wake it.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

use super::{
    LedgerError, SyncFiles,
    folder::{Folder, Lock},
    record::{Record, RunId},
    runs::Ending,
    worker::{Message, Worker},
};

/// Records that may wait in the queue: more than usually comes in between two looks at it.
const QUEUE: usize = 2048;

/// How long a writer that is dropped waits for room, each time.
const ROOM_PAUSE: Duration = Duration::from_millis(1);

/// What writes the ledger during a run. Dropping it writes what was told, and leaves the run without an end.
#[derive(Debug)]
pub(crate) struct Writer {
    run: RunId,
    folder: Arc<Folder>,
    path: PathBuf,
    /// None once the writer has been told to end.
    queue: Option<mpsc::Sender<Message>>,
    /// What found no room in the queue.
    waiting: VecDeque<Record>,
    /// None once its error has been told.
    thread: Option<JoinHandle<Result<(), LedgerError>>>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        folder: Arc<Folder>,
        path: PathBuf,
        lock: Lock,
        run: RunId,
        sync: Option<SyncFiles>,
    ) -> Result<Self, LedgerError> {
        let (queue, messages) = mpsc::channel(QUEUE);
        let worker = Worker { path: path.clone(), run, sync, messages };
        let work = move || {
            let result = worker.work(&connection);
            drop(connection);
            // Held until the database is closed.
            drop(lock);
            result
        };
        let thread = thread::Builder::new()
            .name("flagdl-ledger".into())
            .spawn(work)
            .map_err(|source| LedgerError::Thread { path: path.clone(), source })?;
        Ok(Self { run, folder, path, queue: Some(queue), waiting: VecDeque::new(), thread: Some(thread) })
    }

    /// The number of the run that is being written.
    pub(crate) fn run(&self) -> RunId {
        self.run
    }

    /// The folder that is worked in.
    pub(crate) fn folder(&self) -> &Arc<Folder> {
        &self.folder
    }

    /// Tells a record, without waiting. Whoever [is behind](Writer::is_behind) after that is to
    /// [catch up](Writer::catch_up) before it makes more of them.
    pub(crate) fn tell(&mut self, record: Record) -> Result<(), LedgerError> {
        let Some(queue) = &self.queue else { return Err(self.failure()) };
        if !self.waiting.is_empty() {
            self.waiting.push_back(record);
            return Ok(());
        }
        match queue.try_send(Message::Record(record)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Message::Record(record))) => {
                self.waiting.push_back(record);
                self.wake();
                Ok(())
            }
            Err(_) => Err(self.failure()),
        }
    }

    /// Whether records wait for room.
    pub(crate) fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Waits until there is room for all that was told. May be given up at any point without losing a record.
    pub(crate) async fn catch_up(&mut self) -> Result<(), LedgerError> {
        while self.is_behind() {
            self.wake();
            let Some(queue) = &self.queue else { return Err(self.failure()) };
            let Ok(room) = queue.reserve().await else { return Err(self.failure()) };
            // Only taken out once there is room, so that nothing is lost where this is given up.
            if let Some(record) = self.waiting.pop_front() {
                room.send(Message::Record(record));
            }
        }
        Ok(())
    }

    /// Waits until all that was told is committed.
    pub(crate) async fn flush(&mut self) -> Result<(), LedgerError> {
        let (done, flushed) = oneshot::channel();
        self.ask(Message::Flush(done), flushed).await
    }

    /// Commits all that was told and how the run ended, and closes the database.
    pub(crate) async fn close(mut self, ending: Ending) -> Result<(), LedgerError> {
        let (done, closed) = oneshot::channel();
        self.ask(Message::Close(Box::new(ending), done), closed).await?;
        self.join()
    }

    /// Sends a message, and waits until it is answered.
    async fn ask(&mut self, message: Message, mut answer: oneshot::Receiver<()>) -> Result<(), LedgerError> {
        self.catch_up().await?;
        self.wake();
        let Some(queue) = &self.queue else { return Err(self.failure()) };
        let sent = queue.send(message).await.is_ok();
        self.wake();
        // A message that is sent in the very moment in which the thread ends stays in the queue: nobody takes it, and its
        // answer never comes.
        let answered = sent
            && tokio::select! {
                biased;
                answered = &mut answer => answered.is_ok(),
                () = queue.closed() => answer.try_recv().is_ok(),
            };
        if answered { Ok(()) } else { Err(self.failure()) }
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    /// Why the thread takes nothing more.
    fn failure(&mut self) -> LedgerError {
        let stopped = LedgerError::Stopped { path: self.path.clone() };
        self.join().err().unwrap_or(stopped)
    }

    /// Waits for the thread, which has been told to end or has ended by itself.
    fn join(&mut self) -> Result<(), LedgerError> {
        self.queue = None;
        match self.thread.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            // Where it panicked has been told on the way; here it is one more ledger that takes nothing more.
            Some(Err(_)) => Err(LedgerError::Stopped { path: self.path.clone() }),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        while let (Some(queue), Some(record)) = (&self.queue, self.waiting.pop_front()) {
            if let Err(TrySendError::Full(Message::Record(record))) = queue.try_send(Message::Record(record)) {
                self.waiting.push_front(record);
                self.wake();
                thread::sleep(ROOM_PAUSE);
            }
        }
        self.queue = None;
        self.wake();
        if let Some(thread) = self.thread.take() {
            // Its error has nobody left to hear it: whoever wants it closes the writer.
            let _ = thread.join();
        }
    }
}
