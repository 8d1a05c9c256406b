//! A host's record in the schedule: its queue, its pace, and which of the schedule's sets it stands in.

use std::{cmp::Ordering, collections::VecDeque, time::Instant};

use super::pace::{Gcra, Pace};

/// Which set a host stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// May be asked now; with what it is ordered by.
    Ready(Rank),
    /// Nothing before this time.
    Paced(Instant),
    /// Has nothing to start, or as much in flight as it may.
    Resting,
}

/// What ready hosts are ordered by, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// Has something in flight and has never answered: gets more only when nobody else wants it.
    doubtful: bool,
    in_flight: usize,
    /// Starts since the last finish: where two have as much in flight, the one that answers goes first.
    unanswered: usize,
    turn: u64,
}

#[derive(Debug)]
pub(super) struct Host<K, J> {
    pub(super) key: K,
    pub(super) queue: VecDeque<J>,
    pub(super) in_flight: usize,
    pub(super) pace: Option<Gcra>,
    /// Starts since the last finish.
    unanswered: usize,
    /// Whether it has ever answered.
    pub(super) answers: bool,
    turn: u64,
    pub(super) place: Place,
}

impl<K, J> Host<K, J> {
    pub(super) fn new(key: K, pace: Option<Pace>) -> Self {
        let pace = pace.map(Gcra::new);
        Self {
            key,
            queue: VecDeque::new(),
            in_flight: 0,
            pace,
            unanswered: 0,
            answers: false,
            turn: 0,
            place: Place::Resting,
        }
    }

    /// Counts a start at `now` and gives the job that starts.
    pub(super) fn start(&mut self, turn: u64, now: Instant) -> J {
        self.in_flight += 1;
        self.unanswered += 1;
        self.turn = turn;
        if let Some(pace) = &mut self.pace {
            pace.take(now);
        }
        self.queue.pop_front().expect("a ready host has a job")
    }

    /// Counts a finish.
    pub(super) fn finish(&mut self, answered: bool) {
        self.in_flight -= 1;
        self.unanswered = 0;
        self.answers |= answered;
    }

    fn rank(&self) -> Rank {
        Rank {
            doubtful: !self.answers && self.in_flight > 0,
            in_flight: self.in_flight,
            unanswered: self.unanswered,
            turn: self.turn,
        }
    }

    /// Whether nothing would be lost if the host were forgotten.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.in_flight == 0
    }

    pub(super) fn settled(&self, per_host: usize, now: Instant) -> Place {
        let open = self.pace.as_ref().map_or(now, |pace| pace.earliest(now));
        // A host that still owes a pause is kept until that is over, even if it has nothing to start.
        if open > now && (self.is_idle() || !self.queue.is_empty() && self.in_flight < per_host) {
            Place::Paced(open)
        } else if self.queue.is_empty() || self.in_flight >= per_host {
            Place::Resting
        } else {
            Place::Ready(self.rank())
        }
    }
}

/// A job whose next attempt is due later.
#[derive(Debug)]
pub(super) struct Delayed<K, J> {
    pub(super) due: Instant,
    /// Keeps jobs that are due together in the order in which they came.
    pub(super) order: u64,
    pub(super) host: K,
    pub(super) job: J,
}

impl<K, J> PartialEq for Delayed<K, J> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<K, J> Eq for Delayed<K, J> {}

impl<K, J> PartialOrd for Delayed<K, J> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K, J> Ord for Delayed<K, J> {
    /// Reversed: the heap gives its greatest, and the earliest is wanted.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.due, other.order).cmp(&(self.due, self.order))
    }
}
