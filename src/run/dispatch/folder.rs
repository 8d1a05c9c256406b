//! The folder for downloads and its ledger: opened for the first job, told of each end, closed with the run.
//!
//! Promises: nothing is asked of anyone before both are open, so no end goes unnoted; while the ledger is behind,
//! nothing new is started and nothing more is read, so what waits to be noted stays little; whatever ends a run, what
//! was noted before is kept; the files are in the folder that the ledger is of, whatever the path leads to by then.
//!
//! What surprises: where there was a ledger before, it was opened before the list was read.

use std::sync::Arc;

use super::Dispatcher;
use crate::{
    event::Ended,
    fetch::Transport,
    ledger::{HowEnded, LedgerError, StoredFile, Writer},
    run::{Cause, noting},
    stop::Stop,
    store::{Destination, Store},
};

impl<T: Transport> Dispatcher<'_, T> {
    /// Opens the folder, and its ledger if it had none, as soon as there is something to put into it.
    pub(super) async fn open_folder(&mut self) {
        if self.schedule.waiting() == 0 || self.setting.store.get().is_some() {
            return;
        }
        let (path, setting) = (self.folder.clone(), Arc::clone(&self.setting));
        let held = self.ledger.as_ref().map(|ledger| Arc::clone(ledger.folder()));
        let opened = tokio::task::spawn_blocking(move || {
            let durability = setting.options.durability;
            let (held, ledger) = if let Some(held) = held {
                (held, None)
            } else {
                Destination::make(&path, durability)?;
                let ledger = noting::begin_anew(&path, &setting.options)?;
                (Arc::clone(ledger.folder()), Some(ledger))
            };
            let destination = Destination::over(held.destination()?, &path, durability);
            Ok::<_, Cause>((Store::open(destination)?, ledger))
        });
        match opened.await {
            Ok(Ok((store, ledger))) => {
                self.ledger = self.ledger.take().or(ledger);
                // It is set here only, and once.
                drop(self.setting.store.set(store));
            }
            Ok(Err(cause)) => self.fail(cause),
            Err(error) => self.fail(Cause::Reader(error.into())),
        }
    }

    /// Notes how an entry ended, and what file was saved for it.
    pub(super) fn note(&mut self, ended: Ended, saved: Option<Box<StoredFile>>) {
        let Some(ledger) = &mut self.ledger else { return };
        if let Some(record) = noting::record(ended, saved)
            && let Err(error) = ledger.tell(record)
        {
            self.lose_ledger(error);
        }
    }

    /// Whether the ledger cannot keep up.
    pub(super) fn ledger_is_behind(&self) -> bool {
        self.ledger.as_ref().is_some_and(Writer::is_behind)
    }

    pub(super) fn caught_up(&mut self, caught: Result<(), LedgerError>) {
        if let Err(error) = caught {
            self.lose_ledger(error);
        }
    }

    /// Without its ledger a run does not go on: it would fetch what nobody then knows to be here.
    fn lose_ledger(&mut self, error: LedgerError) {
        self.ledger = None;
        self.fail(Cause::Ledger(error));
    }

    /// Notes how the run ended, and waits until all is written.
    pub(super) async fn close_ledger(&mut self) {
        let Some(ledger) = self.ledger.take() else { return };
        let how = match self.stopped {
            _ if self.failed.is_some() => HowEnded::Failed,
            Stop::Run => HowEnded::Finished,
            Stop::Drain => HowEnded::Drained,
            Stop::Abort => HowEnded::Interrupted,
        };
        if let Err(error) = ledger.close(noting::ending(how, &self.tally)).await {
            self.lose_ledger(error);
        }
    }
}

/// Waits until the ledger has taken all that it was told.
pub(super) async fn catch_up(ledger: &mut Option<Writer>) -> Result<(), LedgerError> {
    match ledger {
        Some(ledger) => ledger.catch_up().await,
        None => Ok(()),
    }
}
