//! The run that goes on in a folder, or the last one that did.
//!
//! Promises: a run that was killed is not told as one that goes on, nor the other way round, also where a run begins or
//! ends at that moment.
//!
//! What surprises: somebody else than the last run may hold the folder (a check of its files); a run that was killed
//! before that looks as if it went on, for as long.

use std::{collections::BTreeMap, path::Path};

use crate::{
    event::Outcome,
    ledger::{Counts, Holder, Ledger, LedgerError, Reader, Run},
};

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// When it began, in seconds since 1970.
    pub begun: u64,
    /// What it was for.
    pub kind: Kind,
    /// How far it is.
    pub phase: Phase,
    /// What it counted; empty where it has not ended.
    pub counts: BTreeMap<Outcome, u64>,
}

impl LastRun {
    /// What the ledger is to note of a repair's options first, so that it can be told from a download. A verification
    /// that may note what is lost has noted this and no more.
    pub const REPAIR: &'static str = "verify --repair";
}

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To fetch what a list says.
    Download,
    /// To look at what is here, and to note what is lost. It counts what is whole as skipped, and the rest as errors.
    Verification,
    /// To fetch what was noted as lost.
    Repair,
}

impl Kind {
    fn of(options: &str) -> Self {
        match options.strip_prefix(LastRun::REPAIR) {
            None => Self::Download,
            Some("") => Self::Verification,
            Some(_) => Self::Repair,
        }
    }

    /// The word for it in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Verification => "verification",
            Self::Repair => "repair",
        }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It goes on.
    GoesOn {
        /// Its process, where that has told its number.
        pid: Option<u32>,
    },
    /// It was killed, or the machine was.
    Killed,
    /// It came to an end of its own.
    Ended {
        /// When, in seconds since 1970.
        at: u64,
        /// In which way: `finished`, `drained`, `interrupted` or `failed`.
        how: &'static str,
    },
}

/// The last run of a folder; none before the first.
pub(super) fn find(reader: Option<&mut Reader>, destination: &Path) -> Result<Option<LastRun>, LedgerError> {
    let Some(reader) = reader else { return Ok(None) };
    let Some(mut run) = latest(reader)? else { return Ok(None) };
    loop {
        let phase = match &run.ending {
            Some(ending) => Phase::Ended { at: ending.at, how: ending.how.as_str() },
            None => match Ledger::holder(destination)? {
                Holder::Process(pid) => Phase::GoesOn { pid },
                Holder::Nobody => Phase::Killed,
            },
        };
        // It may have ended, or another may have begun, between the two questions.
        match latest(reader)? {
            Some(later) if phase == Phase::Killed && later != run => run = later,
            _ => return Ok(Some(told(&run, phase))),
        }
    }
}

fn latest(reader: &mut Reader) -> Result<Option<Run>, LedgerError> {
    Ok(reader.runs(1)?.pop())
}

fn told(run: &Run, phase: Phase) -> LastRun {
    let counts = run.ending.map(|ending| by_outcome(&ending.counts)).unwrap_or_default();
    LastRun { begun: run.beginning.at, kind: Kind::of(&run.beginning.options), phase, counts }
}

fn by_outcome(counts: &Counts) -> BTreeMap<Outcome, u64> {
    let count = |outcome| match outcome {
        Outcome::Ok => counts.ok,
        Outcome::Unchanged => counts.unchanged,
        Outcome::Skipped => counts.skipped,
        Outcome::Duplicate => counts.duplicate,
        Outcome::NotFound => counts.not_found,
        Outcome::Error => counts.error,
        Outcome::Left => counts.left,
    };
    Outcome::ALL.into_iter().map(|outcome| (outcome, count(outcome))).collect()
}
