//! A whole run: from a plan to files, events and counts.
//!
//! Promises: see [`run`]. The plan is read on a thread of its own, since a list may be a pipe that nobody writes
//! to; all else happens in one task, the dispatcher, and in the attempts that it starts.

mod attempt;
mod body;
mod deadlines;
mod dispatch;
mod hearing;
mod noting;
mod pending;
mod recheck;
mod spill;
mod traffic;
mod write;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    thread,
};

use thiserror::Error;
use tokio::sync::mpsc;

use self::{
    attempt::Setting,
    dispatch::{Dispatcher, Read},
    noting::Begun,
    recheck::Extent,
    traffic::Traffic,
};
use crate::{
    clock,
    event::Reporter,
    fetch::Transport,
    ledger::{HowEnded, LedgerError, Writer},
    list::ListError,
    options::Options,
    plan::{Plan, PlanError},
    stop::StopSignal,
    store::StoreError,
    tally::{Summary, Tally},
};

/// Jobs that are planned ahead: enough to find work for every host, few enough for their memory to be small.
const WINDOW: usize = 16 * 1024;

/// Batches that are read ahead of the dispatcher.
const BATCHES_AHEAD: usize = 4;

/// All bodies in flight that are held in memory at once, in bytes, up to a concurrency of 4096; beyond that each may
/// still hold 16 KiB.
const BODY_MEMORY: usize = 64 << 20;

/// Why a run could not go on. What was done until then is counted in the summary.
#[derive(Debug, Error)]
#[error("the run could not go on")]
pub struct RunError {
    /// The counts until then.
    pub summary: Box<Summary>,
    /// What happened.
    #[source]
    pub cause: Cause,
}

/// What can end a run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Cause {
    /// The folder for downloads cannot be used any more.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger of the folder cannot be used: another run goes on there, or what [`LedgerError`] says.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A list can no longer be read.
    #[error(transparent)]
    List(#[from] ListError),
    /// Nobody takes the reports any more.
    #[error("cannot write the report")]
    Report(#[source] io::Error),
    /// What waited on disk for its host cannot be read back.
    #[error("cannot read back the entries that wait for their hosts")]
    Spill(#[source] io::Error),
    /// The file of the names that this run has given can no longer be read or written.
    #[error("cannot tell any more which names are taken in this run")]
    Claims(#[source] io::Error),
    /// A thread could not be started, or one of flagdl's own has failed.
    #[error("cannot read the lists any more")]
    Reader(#[source] io::Error),
}

impl From<PlanError> for Cause {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::List(error) => error.into(),
            PlanError::Ledger(error) => error.into(),
            PlanError::Claims(error) => Self::Claims(error),
        }
    }
}

/// Downloads everything in the plan into the folder, which is made when there is something to put into it. What the
/// folder's ledger knows to be here, and is, is skipped; after a power loss what may not have reached the disk is read
/// again before that.
///
/// Every entry is reported once with its outcome, and the outcomes of the summary add up to the number of
/// entries. A final name in the folder always holds a whole, checked file. There are never more requests in
/// flight, nor do they start faster, than the options say. Must be called within a tokio runtime with time and
/// I/O enabled; dropping the future gives everything up that is in flight.
///
/// # Errors
///
/// [`RunError`] where the run could not go on: the disk is full, another run works in the folder, a list is gone,
/// nobody reads the reports. What concerns one entry is its outcome, and no error.
pub async fn run<T: Transport>(
    plan: Plan,
    folder: PathBuf,
    transport: T,
    options: Options,
    stop: StopSignal,
    reporter: &mut dyn Reporter,
) -> Result<Summary, RunError> {
    run_within(WINDOW, plan, folder, transport, options, stop, reporter).await
}

/// As [`run`], with so many jobs that are planned ahead.
async fn run_within<T: Transport>(
    window: usize,
    plan: Plan,
    folder: PathBuf,
    transport: T,
    options: Options,
    stop: StopSignal,
    reporter: &mut dyn Reporter,
) -> Result<Summary, RunError> {
    let begun = begin(plan, &folder, &options, &stop, reporter).await;
    let (ledger, plan) = begun.map_err(|cause| RunError { summary: Box::default(), cause })?;
    let small = (BODY_MEMORY / options.concurrency).clamp(16 << 10, 1 << 20);
    let traffic = Traffic::new(options.bandwidth);
    let setting = Arc::new(Setting { transport, store: OnceLock::new(), options, traffic, small });
    Dispatcher::new(setting, window, folder, ledger, plan, stop, reporter).run().await
}

/// Opens the ledger that is there, if any, checks what a power loss may have taken, and only then begins to read the
/// plan, which asks the ledger.
async fn begin(
    mut plan: Plan,
    folder: &Path,
    options: &Options,
    stop: &StopSignal,
    reporter: &mut dyn Reporter,
) -> Result<(Option<Writer>, mpsc::Receiver<Read>), Cause> {
    plan.put_claims_below(folder.to_owned());
    let (folder, options) = (folder.to_owned(), options.clone());
    let opened = tokio::task::spawn_blocking(move || noting::go_on(&folder, &options)).await;
    let mut ledger = None;
    if let Some(Begun { mut writer, mut here, suspects }) = opened.map_err(|error| Cause::Reader(error.into()))?? {
        if let Some(suspects) = suspects {
            match suspects.check(&mut writer, stop, reporter).await {
                Ok(Extent::Whole) => {}
                Ok(Extent::CutShort) => here.believe_nothing(),
                Err(cause) => {
                    // If that cannot be noted either, the first cause is the one to tell.
                    let _ = writer.close(noting::ending(HowEnded::Failed, &Tally::default())).await;
                    return Err(cause);
                }
            }
        }
        plan.ask(here);
        ledger = Some(writer);
    }
    Ok((ledger, read_ahead(plan).map_err(Cause::Reader)?))
}

/// Starts a thread that reads the plan until its end, or until nobody wants more.
///
/// Not `spawn_blocking`: a runtime waits for its blocking threads when it ends, and this one may wait for input
/// that never comes.
fn read_ahead(mut plan: Plan) -> io::Result<mpsc::Receiver<Read>> {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    thread::Builder::new().name("flagdl-plan".into()).spawn(move || {
        let last = loop {
            match plan.next_batch() {
                Ok(Some(batch)) => {
                    if sender.blocking_send(Read::Batch(batch)).is_err() {
                        return;
                    }
                }
                Ok(None) => break Read::End,
                Err(error) => break Read::Failed(error),
            }
        };
        // The ledger's last reader is to be gone when the writer closes it, which then takes its log away.
        drop(plan);
        // Nobody may be listening any more.
        let _ = sender.blocking_send(last);
    })?;
    Ok(receiver)
}

#[cfg(test)]
mod tests;
