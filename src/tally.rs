//! The counts of a run.
//!
//! Promises: what is counted is what was reported, so the outcomes add up to the number of entries.

use std::{collections::BTreeMap, time::Duration};

pub use crate::schedule::stats::HostStats;
use crate::{
    event::{Change, Ended, Outcome, Withheld},
    link::Host,
};

/// How many entries ended in which way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    outcomes: BTreeMap<Outcome, u64>,
    changes: BTreeMap<Change, u64>,
    /// Errors by class.
    pub classes: BTreeMap<String, u64>,
    /// Bytes saved.
    pub bytes: u64,
    /// Requests made, those of failed attempts included.
    pub requests: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, ended: &Ended) {
        *self.outcomes.entry(ended.outcome).or_default() += 1;
        self.bytes += ended.bytes;
        if let Some(change) = ended.change {
            *self.changes.entry(change).or_default() += 1;
        }
        if let Some(failure) = &ended.failure {
            *self.classes.entry(failure.class().into_owned()).or_default() += 1;
        }
    }

    /// Entries that ended so.
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or_default()
    }

    /// Entries whose end changed this about the files that are here. They are also counted by their outcome.
    pub fn changed(&self, change: Change) -> u64 {
        self.changes.get(&change).copied().unwrap_or_default()
    }

    /// All entries.
    pub fn entries(&self) -> u64 {
        self.outcomes.values().sum()
    }
}

/// The counts at the end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// The counts.
    pub tally: Tally,
    /// How long the run took.
    pub elapsed: Duration,
    /// What was asked of each host; the ten that held the run up most, worst first.
    pub hosts: Vec<(Host, HostStats)>,
    /// Files removed, because they are gone from their servers.
    pub deleted: u64,
    /// Why none was, although they were to be.
    pub withheld: Option<Withheld>,
    /// Whether the lists were read to their end; if not, there may be more entries than were counted.
    pub all_read: bool,
}
