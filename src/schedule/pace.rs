//! Pacing by GCRA, the generic cell rate algorithm (ITU-T I.371 annex A): one time stamp a limit.
//!
//! Promises: over any span, no more starts than the rate allows, plus the burst, plus what fits into [`LATE`];
//! time in which nothing was wanted is never saved up beyond the burst.
//!
//! What surprises: a start that comes up to [`LATE`] behind its time counts as punctual. Timers have a
//! resolution of a millisecond; if each start's delay were lost, 50/s would become 48/s and 1000/s 500/s.

use std::time::{Duration, Instant};

/// How far behind its time a start may be and still count as punctual.
pub(crate) const LATE: Duration = Duration::from_millis(2);

/// A rate and a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// The time between two starts.
    pub(crate) interval: Duration,
    /// How many starts may come together; at least 1.
    pub(crate) burst: u32,
}

/// The state of one limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gcra {
    interval: Duration,
    /// How far ahead of the theoretical arrival time a start may come.
    tolerance: Duration,
    /// The theoretical arrival time of the next start; none before the first.
    arrival: Option<Instant>,
}

impl Gcra {
    pub(crate) fn new(pace: Pace) -> Self {
        let tolerance = pace.interval.saturating_mul(pace.burst.saturating_sub(1));
        Self { interval: pace.interval, tolerance, arrival: None }
    }

    /// When the next start may come: `now` or later.
    pub(crate) fn earliest(&self, now: Instant) -> Instant {
        let open = self.arrival.and_then(|arrival| arrival.checked_sub(self.tolerance));
        open.map_or(now, |open| open.max(now))
    }

    /// Counts a start at `now`.
    pub(crate) fn take(&mut self, now: Instant) {
        let punctual = now.checked_sub(LATE).unwrap_or(now);
        let from = self.arrival.map_or(now, |arrival| arrival.max(punctual));
        self.arrival = Some(from + self.interval);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pace(per_second: u32, burst: u32) -> Pace {
        Pace { interval: Duration::from_secs(1) / per_second, burst }
    }

    #[test]
    fn a_burst_comes_together_and_then_the_rate_holds() {
        let start = Instant::now();
        let mut gcra = Gcra::new(pace(10, 3));
        for _ in 0..3 {
            assert_eq!(gcra.earliest(start), start);
            gcra.take(start);
        }
        assert_eq!(gcra.earliest(start), start + Duration::from_millis(100));
    }

    #[test]
    fn idle_time_is_not_saved_up() {
        let start = Instant::now();
        let mut gcra = Gcra::new(pace(10, 1));
        gcra.take(start);
        let later = start + Duration::from_secs(60);
        gcra.take(later);
        assert!(gcra.earliest(later) + LATE >= later + Duration::from_millis(100));
    }

    #[test]
    fn late_timers_do_not_lower_the_rate() {
        for rate in [1, 5, 50, 200, 1000] {
            let start = Instant::now();
            let mut gcra = Gcra::new(pace(rate, 1));
            let mut now = start;
            for index in 0..10 * rate {
                // Each timer fires between 0 and 1.9 ms late.
                let open = gcra.earliest(now);
                if open > now {
                    now = open + Duration::from_micros(u64::from(index * 37 % 20) * 100);
                }
                gcra.take(now);
            }
            let used = f64::from(10 * rate - 1) / now.duration_since(start).as_secs_f64() / f64::from(rate);
            assert!((0.99..=1.01).contains(&used), "{rate}/s: {used}");
        }
    }

    proptest! {
        #[test]
        fn no_span_holds_more_than_it_may(
            rate in 1u32..2000, burst in 1u32..20, pauses in proptest::collection::vec(0u64..50_000, 1..200),
        ) {
            let mut now = Instant::now();
            let mut gcra = Gcra::new(pace(rate, burst));
            let mut starts = Vec::new();
            for pause in pauses {
                now = gcra.earliest(now + Duration::from_micros(pause));
                gcra.take(now);
                starts.push(now);
            }
            for (from, first) in starts.iter().enumerate() {
                for (to, last) in starts.iter().enumerate().skip(from) {
                    let count = u32::try_from(to - from + 1).expect("few starts");
                    let span = last.duration_since(*first) + LATE;
                    let least = (Duration::from_secs(1) / rate).saturating_mul(count.saturating_sub(burst));
                    prop_assert!(span >= least, "{} starts in {:?}", count, span);
                }
            }
        }
    }
}
