//! Whether the files of a folder are still what they were when they were saved, as its ledger tells.
//!
//! Promises: each file that the ledger tells of is looked at once and counted once; memory does not grow with the
//! ledger; nothing else is at work in the folder meanwhile, unless nothing can be written there. With
//! [`Remedy::Forget`] a file that is no whole one any more is removed and then noted as lost, in this order, so that a
//! kill between the two leaves a row whose file is missing, which the next look finds. One that is whole and has changed
//! is noted too, and stays until a new one takes its place.
//!
//! What surprises: files are reported as they are looked at, by as many threads as the machine has cores, so not in an
//! order. A file that the ledger knew, and that was lost and has not been fetched since, counts as missing again. What
//! an entry last ended as does not matter: a file that its server has no more is looked at like any other.

mod looking;
mod remedy;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use thiserror::Error;
use tokio::time::timeout_at;

use self::{
    looking::{Found, Looking},
    remedy::{Hold, Opened},
};
pub use crate::store::{Damage, Depth};
use crate::{
    ledger::LedgerError,
    name::Name,
    stop::{Stop, StopSignal},
};

/// Time between two reports of progress.
const TICK: Duration = Duration::from_millis(200);

/// How long what is being read has to come to its end once it is stopped. A half-read file is not counted.
const PATIENCE: Duration = Duration::from_millis(200);

/// What is done about a file that is bad or missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// It is reported.
    Tell,
    /// It is reported, noted as lost, and removed if it is no whole file any more.
    /// [`Plan::mending`](crate::plan::Plan::mending) then fetches it again.
    Forget,
}

/// A file that is not what it was.
#[derive(Debug)]
pub struct BadFile {
    /// Its name in the folder.
    pub path: Name,
    /// What the user wrote, a URL without its secrets.
    pub entry: Box<str>,
    /// Where it came from, without secrets.
    pub url: Box<str>,
    /// What is wrong with it.
    pub damage: Damage,
}

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files looked at.
    pub done: u64,
    /// Of those the bad and missing ones.
    pub bad: u64,
    /// Files that the ledger tells of, once they are counted.
    pub total: Option<u64>,
    /// Bytes read to be hashed.
    pub bytes: u64,
}

/// Something that happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A file is bad or missing.
    Bad(&'a BadFile),
    /// A broken file could not be removed. It is noted as lost all the same.
    Kept {
        /// Its name.
        path: &'a Name,
        /// What the system said.
        error: &'a io::Error,
    },
    /// Some time has passed.
    Progress(Progress),
}

/// What turns events into output. Called from one task, in order.
pub trait Reporter: Send {
    /// Takes note of an event.
    ///
    /// # Errors
    ///
    /// An error ends the verification: nobody is reading any more.
    fn report(&mut self, event: &Event<'_>) -> io::Result<()>;
}

/// Reports to nobody.
impl Reporter for () {
    fn report(&mut self, _: &Event<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// The counts at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that are what they were.
    pub whole: u64,
    /// The others, by the class of their damage.
    pub bad: BTreeMap<&'static str, u64>,
    /// Bytes read to be hashed.
    pub bytes: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Whether all files were looked at; not if it was stopped.
    pub complete: bool,
}

impl Summary {
    /// Files that are not there.
    pub fn missing(&self) -> u64 {
        self.bad.get(Damage::Missing.class()).copied().unwrap_or_default()
    }

    /// Files that are there, and not what they were.
    pub fn damaged(&self) -> u64 {
        self.bad.values().sum::<u64>() - self.missing()
    }

    fn progress(&self, total: Option<u64>) -> Progress {
        let bad = self.bad.values().sum();
        Progress { done: self.whole + bad, bad, total, bytes: self.bytes }
    }

    fn add(&mut self, found: &Found) {
        self.whole += found.whole;
        self.bytes += found.bytes;
        for bad in &found.bad {
            *self.bad.entry(bad.damage.class()).or_default() += 1;
        }
    }
}

/// Why a verification could not go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// There is no ledger, so nothing is known.
    #[error(
        "no ledger in {}, so nothing is known of its files\nhint: name a folder that flagdl has downloaded into",
        path.display()
    )]
    NoLedger {
        /// The folder.
        path: PathBuf,
    },
    /// The ledger cannot be used: a run goes on in the folder, or what [`LedgerError`] says.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The folder cannot be opened.
    #[error("cannot open {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be looked at because this machine has too little of something, which tells nothing of the file.
    #[error("cannot read {path}")]
    Exhausted {
        /// The file.
        path: Name,
        /// What is wrong.
        source: Box<Damage>,
    },
    /// Nobody takes the reports any more.
    #[error("cannot write the report")]
    Report(#[source] io::Error),
    /// A thread could not be started, or has failed.
    #[error("cannot look at files")]
    Thread(#[source] io::Error),
}

/// Looks at every file that the ledger of a folder tells of.
///
/// Must be called within a tokio runtime with time enabled.
///
/// # Errors
///
/// [`VerifyError`] where it could not go on. What concerns one file is reported and counted, and no error.
pub async fn verify(
    folder: &Path,
    depth: Depth,
    remedy: Remedy,
    stop: StopSignal,
    reporter: &mut dyn Reporter,
) -> Result<Summary, VerifyError> {
    let begun = Instant::now();
    let owned = folder.to_owned();
    let opened = tokio::task::spawn_blocking(move || remedy::open(&owned, remedy)).await;
    let Opened { hold, reader, inspector } = opened.map_err(|error| VerifyError::Thread(error.into()))??;
    let mut looking = Looking::start(reader, &inspector, (depth, remedy), &stop).map_err(VerifyError::Thread)?;
    let mut verification = Verification { hold, reporter, summary: Summary::default(), total: None };
    let followed = verification.follow(&mut looking, &stop).await;
    verification.summary.elapsed = begun.elapsed();
    let Verification { hold, summary, .. } = verification;
    let closed = hold.close(&summary, followed.is_err()).await;
    followed.and(closed)?;
    Ok(summary)
}

/// A verification that goes on.
struct Verification<'a> {
    hold: Hold,
    reporter: &'a mut dyn Reporter,
    summary: Summary,
    total: Option<u64>,
}

impl Verification<'_> {
    /// Takes what is found until there is no more.
    async fn follow(&mut self, looking: &mut Looking, stop: &StopSignal) -> Result<(), VerifyError> {
        let mut tick = tokio::time::Instant::now();
        let mut stopped = None;
        loop {
            if tick <= tokio::time::Instant::now() {
                if stop.now() > Stop::Run && stopped.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
                    break;
                }
                self.report(&Event::Progress(self.summary.progress(self.total)))?;
                tick = tokio::time::Instant::now() + TICK;
            }
            let Ok(next) = timeout_at(tick, looking.next()).await else { continue };
            match next {
                Some(Ok(found)) => self.take(found).await?,
                Some(Err(error)) => return Err(error),
                None => break,
            }
        }
        let progress = self.summary.progress(self.total);
        self.summary.complete = looking.listed == Some(progress.done);
        self.report(&Event::Progress(progress))
    }

    async fn take(&mut self, found: Found) -> Result<(), VerifyError> {
        self.summary.add(&found);
        self.total = found.total.or(self.total);
        for bad in &found.bad {
            self.report(&Event::Bad(bad))?;
        }
        for (path, error) in &found.kept {
            self.report(&Event::Kept { path, error })?;
        }
        for bad in &found.bad {
            self.hold.forget(bad).await?;
        }
        Ok(())
    }

    fn report(&mut self, event: &Event<'_>) -> Result<(), VerifyError> {
        self.reporter.report(event).map_err(VerifyError::Report)
    }
}
