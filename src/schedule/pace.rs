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

impl Pace {
    /// How far ahead of the theoretical arrival time a start may come.
    fn tolerance(self) -> Duration {
        self.interval.saturating_mul(self.burst.saturating_sub(1))
    }

    /// What holds where both do.
    pub(super) fn both(self, other: Self) -> Self {
        Self { interval: self.interval.max(other.interval), burst: self.burst.min(other.burst) }
    }
}

/// The state of one limit, whose pace may change from start to start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Gcra {
    /// The theoretical arrival time of the next start; none before the first.
    arrival: Option<Instant>,
}

impl Gcra {
    /// When the next start may come: `now` or later.
    pub(crate) fn earliest(&self, pace: Pace, now: Instant) -> Instant {
        let open = self.arrival.and_then(|arrival| arrival.checked_sub(pace.tolerance()));
        open.map_or(now, |open| open.max(now))
    }

    /// Counts a start at `now`; `stretch` is what this one interval is longer by, around 1.
    pub(crate) fn take(&mut self, pace: Pace, stretch: f64, now: Instant) {
        let punctual = now.checked_sub(LATE).unwrap_or(now);
        let from = self.arrival.map_or(now, |arrival| arrival.max(punctual));
        self.arrival = Some(from + pace.interval.mul_f64(stretch));
    }
}

#[cfg(test)]
mod tests {
    use governor::{
        Quota, RateLimiter,
        clock::{Clock, FakeRelativeClock},
    };
    use proptest::prelude::*;

    use super::*;

    fn pace(per_second: u32, burst: u32) -> Pace {
        Pace { interval: Duration::from_secs(1) / per_second, burst }
    }

    #[test]
    fn a_burst_comes_together_and_then_the_rate_holds() {
        let start = Instant::now();
        let (mut gcra, pace) = (Gcra::default(), pace(10, 3));
        for _ in 0..3 {
            assert_eq!(gcra.earliest(pace, start), start);
            gcra.take(pace, 1.0, start);
        }
        assert_eq!(gcra.earliest(pace, start), start + Duration::from_millis(100));
    }

    #[test]
    fn idle_time_is_not_saved_up() {
        let start = Instant::now();
        let (mut gcra, pace) = (Gcra::default(), pace(10, 1));
        gcra.take(pace, 1.0, start);
        let later = start + Duration::from_secs(60);
        gcra.take(pace, 1.0, later);
        assert!(gcra.earliest(pace, later) + LATE >= later + Duration::from_millis(100));
    }

    #[test]
    fn late_timers_do_not_lower_the_rate() {
        for rate in [1, 5, 50, 200, 1000] {
            let start = Instant::now();
            let (mut gcra, pace) = (Gcra::default(), pace(rate, 1));
            let mut now = start;
            for index in 0..10 * rate {
                // Each timer fires between 0 and 1.9 ms late.
                let open = gcra.earliest(pace, now);
                if open > now {
                    now = open + Duration::from_micros(u64::from(index * 37 % 20) * 100);
                }
                gcra.take(pace, 1.0, now);
            }
            let used = f64::from(10 * rate - 1) / now.duration_since(start).as_secs_f64() / f64::from(rate);
            assert!((0.99..=1.01).contains(&used), "{rate}/s: {used}");
        }
    }

    #[test]
    fn jitter_moves_single_starts_and_not_the_rate() {
        let start = Instant::now();
        let (mut gcra, pace) = (Gcra::default(), pace(100, 1));
        let (mut now, mut rng, mut gaps) = (start, fastrand::Rng::with_seed(7), Vec::new());
        for _ in 0..2000 {
            let open = gcra.earliest(pace, now);
            gaps.push(open - now);
            now = open;
            gcra.take(pace, 1.0 + 0.5 * (2.0 * rng.f64() - 1.0), now);
        }
        let (least, most) = (gaps.iter().skip(1).min(), gaps.iter().max());
        assert!(least < Some(&Duration::from_millis(6)) && most > Some(&Duration::from_millis(14)));
        let rate = 2000.0 / now.duration_since(start).as_secs_f64();
        assert!((98.0..102.0).contains(&rate), "{rate}");
    }

    proptest! {
        /// governor, a well-kept limiter, as the judge: never more than [`LATE`] before its time, and never after it.
        #[test]
        fn governor_would_have_let_it_start_and_no_earlier(
            rate in 1u32..2000, burst in 1u32..20, pauses in proptest::collection::vec(0u64..50_000, 1..200),
        ) {
            let (mut gcra, pace) = (Gcra::default(), pace(rate, burst));
            let quota = Quota::with_period(pace.interval).expect("not zero");
            let clock = FakeRelativeClock::default();
            let judge = RateLimiter::direct_with_clock(quota.allow_burst(burst.try_into().expect("not zero")), clock.clone());
            let start = Instant::now();
            let (mut now, mut judged) = (start, Duration::ZERO);
            for pause in pauses {
                let asked = now + Duration::from_micros(pause);
                now = gcra.earliest(pace, asked);
                gcra.take(pace, 1.0, now);
                // The judge's own time for this start, with its clock at ours, or at its own time where that is later.
                let ours = now - start;
                if ours > judged {
                    clock.advance(ours.saturating_sub(judged));
                    judged = ours;
                }
                if let Err(early) = judge.check() {
                    let wait = early.wait_time_from(clock.now());
                    judged += wait;
                    clock.advance(wait);
                    prop_assert!(judge.check().is_ok());
                }
                prop_assert!(judged <= ours + LATE, "{:?} before its time", judged.saturating_sub(ours));
                if now > asked {
                    prop_assert!(judged + Duration::from_micros(1) >= ours, "{:?} after its time", ours.saturating_sub(judged));
                }
            }
        }

        #[test]
        fn no_span_holds_more_than_it_may(
            rate in 1u32..2000, burst in 1u32..20, pauses in proptest::collection::vec(0u64..50_000, 1..200),
        ) {
            let mut now = Instant::now();
            let (mut gcra, pace) = (Gcra::default(), pace(rate, burst));
            let mut starts = Vec::new();
            for pause in pauses {
                now = gcra.earliest(pace, now + Duration::from_micros(pause));
                gcra.take(pace, 1.0, now);
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
