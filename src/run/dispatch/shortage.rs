//! When this machine has no more sockets or files: for a while no request starts, and from then on fewer at once.
//!
//! Promises: it is held against no entry and costs none of its attempts, since nobody was asked; only where nothing at
//! all is answered for [`LONGEST`] it is, so that every run ends.
//!
//! What surprises: the pause is as long as it takes idle connections to close. A list of many hosts has more of those
//! open than requests in flight, and fewer requests alone would not help it.

use std::time::Duration;

use tokio::time::Instant;

use super::Dispatcher;
use crate::event::Failure;

/// A little longer than the transport keeps idle connections.
const PAUSE: Duration = Duration::from_secs(5);

/// For so long nobody's attempts are counted, while there is no answer to any request.
const LONGEST: Duration = Duration::from_secs(120);

/// Answers for each place after which one more place is tried.
const TRIED_AFTER: usize = 100;

/// What is known of it.
#[derive(Debug)]
pub(super) struct Shortage {
    /// Requests in flight that it leaves room for.
    most: usize,
    pause_ends: Option<Instant>,
    /// When it began, if nothing was answered since.
    since: Option<Instant>,
    /// Answers since `most` was changed.
    answers: usize,
}

impl Shortage {
    pub(super) fn none() -> Self {
        Self { most: usize::MAX, pause_ends: None, since: None, answers: 0 }
    }

    /// When the pause ends, if it is one.
    pub(super) fn pause(&self, now: Instant) -> Option<Instant> {
        self.pause_ends.filter(|end| *end > now)
    }

    pub(super) fn leaves_room_for(&self, in_flight: usize) -> bool {
        in_flight < self.most
    }

    /// A request was answered.
    pub(super) fn answered(&mut self) {
        self.since = None;
        self.answers += 1;
        if self.answers >= self.most.saturating_mul(TRIED_AFTER) {
            self.most = self.most.saturating_add(1);
            self.answers = 0;
        }
    }

    /// Something could not be opened. Tells whether it is to be waited for. What fails during the pause belongs to the
    /// same shortage.
    fn met(&mut self, in_flight: usize, now: Instant) -> bool {
        let since = *self.since.get_or_insert(now);
        let is_bearable = now - since < LONGEST;
        if is_bearable && self.pause(now).is_none() {
            self.most = (self.most.min(in_flight) / 2).max(1);
            self.answers = 0;
            self.pause_ends = Some(now + PAUSE);
        }
        is_bearable
    }
}

impl<T> Dispatcher<'_, T> {
    /// Whether the failure is this machine's shortage, which is waited for and held against nobody.
    pub(super) fn is_only_short(&mut self, failure: &Failure) -> bool {
        failure.is_out_of_files() && self.shortage.met(self.attempts_in_flight + 1, Instant::now())
    }
}
