//! The circuit breaker of a host: one that is down stops costing attempts.
//!
//! Promises: it opens after [`IN_A_ROW`] failures in a row, or when half of the last [`HISTORY`] have failed; while
//! it is open nothing is asked, then one request is; each opening is longer than the last, up to [`LONGEST`], and
//! after [`Breaker::is_given_up`] there is no further one.
//!
//! What surprises: the first opening is short (a second), because many requests in flight can fail together from
//! one hiccup. A host that has answered in this run is waited for much longer (about ten minutes) than one that
//! never has (about half a minute): the first is restarting, the second is probably a wrong address.

use std::time::{Duration, Instant};

use fastrand::Rng;

/// Failures in a row that open it.
const IN_A_ROW: u32 = 10;

/// Failures in a row that a host may have and still be well.
const HICCUP: u32 = 2;

/// Results that are looked back on, and the least that say something.
const HISTORY: u32 = 40;
const LEAST: u32 = 20;

/// The first opening, and what each next one is longer by.
const FIRST: Duration = Duration::from_secs(1);
const GROWTH: u32 = 5;

/// The longest opening.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Openings for a host that has answered, and for one that never has.
const OPENINGS: u32 = 5;
const OPENINGS_UNANSWERED: u32 = 3;

/// So many answers after an opening, and it is forgotten.
const FORGOTTEN_AFTER: u32 = 10;

#[derive(Debug, Default)]
pub(super) struct Breaker {
    in_a_row: u32,
    /// The last results, the newest in the lowest bit; a failure is a 1.
    history: u64,
    samples: u32,
    openings: u32,
    /// When it was last opened: what began before says nothing new.
    opened: Option<Instant>,
    /// Answers since then.
    answers: u32,
    /// Whether the host has ever answered.
    pub(super) has_answered: bool,
}

impl Breaker {
    /// Counts the answer to a request that began at `begun`.
    pub(super) fn answered(&mut self, begun: Instant) {
        self.has_answered = true;
        if self.opened.is_some_and(|opened| begun <= opened) {
            return;
        }
        self.in_a_row = 0;
        self.note(0);
        self.answers = self.answers.saturating_add(1);
        if self.answers >= FORGOTTEN_AFTER {
            self.openings = 0;
        }
    }

    /// Counts the failure of a request that began at `begun`; `orderly` where the server asked for patience, or only
    /// closed a connection that it had answered on, neither of which alone is a sign of trouble.
    pub(super) fn failed(&mut self, orderly: bool, begun: Instant) {
        if self.opened.is_some_and(|opened| begun <= opened) {
            return;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        if !orderly {
            self.note(1);
        }
    }

    fn note(&mut self, failure: u64) {
        self.history = (self.history << 1 | failure) & ((1 << HISTORY) - 1);
        self.samples = (self.samples + 1).min(HISTORY);
    }

    /// Whether the host is failing now.
    pub(super) fn is_failing(&self) -> bool {
        self.in_a_row > 0
    }

    /// Whether the host is not failing more than now and then.
    pub(super) fn is_well(&self) -> bool {
        self.in_a_row <= HICCUP && (self.openings == 0 || self.answers > 0)
    }

    /// Whether the last failure must have consequences; a probe that fails always has.
    pub(super) fn is_tripped(&self) -> bool {
        let half = self.samples >= LEAST && self.history.count_ones() * 2 >= self.samples;
        let probe = self.openings > 0 && self.answers == 0;
        self.in_a_row >= IN_A_ROW || self.in_a_row > 0 && (half || probe)
    }

    /// Whether it has been open often enough; without `patience` once is enough.
    pub(super) fn is_given_up(&self, patience: bool) -> bool {
        let openings = match (patience, self.has_answered) {
            (false, _) => 1,
            (true, true) => OPENINGS,
            (true, false) => OPENINGS_UNANSWERED,
        };
        self.openings >= openings
    }

    /// Opens it; tells until when.
    pub(super) fn open(&mut self, now: Instant, rng: &mut Rng) -> Instant {
        let span = FIRST.saturating_mul(GROWTH.saturating_pow(self.openings)).min(LONGEST);
        self.openings += 1;
        self.opened = Some(now);
        self.answers = 0;
        self.in_a_row = 0;
        self.history = 0;
        self.samples = 0;
        now + span.mul_f64(0.5 + rng.f64() / 2.0)
    }

    /// Whether it has nothing to remember.
    pub(super) fn is_blank(&self) -> bool {
        self.in_a_row == 0 && self.openings == 0 && self.history == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rng() -> Rng {
        Rng::with_seed(7)
    }

    fn fail(breaker: &mut Breaker, times: u32, orderly: bool) {
        (0..times).for_each(|_| breaker.failed(orderly, Instant::now()));
    }

    #[test]
    fn ten_failures_in_a_row_open_it_and_one_answer_between_them_does_not() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, 9, false);
        assert!(!breaker.is_tripped());
        breaker.answered(Instant::now());
        fail(&mut breaker, 9, true);
        assert!(!breaker.is_tripped());
        fail(&mut breaker, 1, true);
        assert!(breaker.is_tripped());
    }

    #[test]
    fn half_of_many_open_it_and_pushback_alone_does_not_count_for_that() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            breaker.answered(Instant::now());
            fail(&mut breaker, 1, true);
        }
        assert!(!breaker.is_tripped(), "a server that says when is in order");
        for _ in 0..8 {
            breaker.answered(Instant::now());
            fail(&mut breaker, 1, false);
        }
        assert!(!breaker.is_tripped(), "eight of twenty-six");
        for _ in 0..12 {
            fail(&mut breaker, 1, false);
            breaker.answered(Instant::now());
        }
        fail(&mut breaker, 1, false);
        assert!(breaker.is_tripped());
    }

    #[test]
    fn openings_grow_and_end() {
        for (answered, openings) in [(false, 3), (true, 5)] {
            let mut breaker = Breaker::default();
            if answered {
                breaker.answered(Instant::now());
            }
            fail(&mut breaker, 10, false);
            let (now, mut spans) = (Instant::now(), Vec::new());
            while !breaker.is_given_up(true) {
                assert!(breaker.is_tripped());
                spans.push(breaker.open(now, &mut rng()) - now);
                fail(&mut breaker, 1, false);
            }
            assert_eq!(spans.len(), openings);
            for (index, span) in spans.iter().enumerate() {
                let longest = Duration::from_secs([1, 5, 25, 125, 625][index]);
                assert!((longest / 2..=longest).contains(span), "opening {index}: {span:?}");
            }
        }
    }

    #[test]
    fn what_was_in_flight_when_it_opened_says_nothing_new() {
        let (mut breaker, begun) = (Breaker::default(), Instant::now());
        (0..10).for_each(|_| breaker.failed(false, begun));
        breaker.open(Instant::now(), &mut rng());
        (0..50).for_each(|_| breaker.failed(false, begun));
        assert!(!breaker.is_tripped());
        fail(&mut breaker, 1, false);
        assert!(breaker.is_tripped(), "the probe");
    }

    #[test]
    fn a_host_that_is_back_has_all_its_openings_again() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, 10, false);
        breaker.open(Instant::now(), &mut rng());
        (0..10).for_each(|_| breaker.answered(Instant::now()));
        assert_eq!(breaker.openings, 0);
        fail(&mut breaker, 1, false);
        assert!(!breaker.is_tripped(), "one failure of a host that is well is nothing");
    }
}
