//! Further attempts: how long to wait before one, and how many a host gets.
//!
//! Promises: waits are drawn from the whole of a span that doubles (full jitter), up to [`LONGEST`]; the budget allows a
//! host at most [`RESERVE`] further attempts beyond a tenth of the requests that succeeded at once. Those that the server
//! has asked for, by naming a time or by refusing many at once, count half. What comes of the others: `again`.
//!
//! Sources: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: a wait drawn from the
//! whole span spreads the attempts of many jobs best. Google's SRE book, "Handling Overload": a budget of a tenth
//! for retries keeps a server in trouble from getting several times its load.

use std::time::Duration;

/// Longest wait before an attempt.
pub(crate) const LONGEST: Duration = Duration::from_secs(60);

/// Further attempts that a host may have cost before any of its requests succeeded.
const RESERVE: f64 = 100.0;

/// What a request that succeeds at once adds.
const EARNED: f64 = 0.1;

/// The wait before attempt `failed + 1`, after `failed` ≥ 1 attempts; `random` is drawn from 0 to 1.
pub(crate) fn backoff(base: Duration, failed: u32, random: f64) -> Duration {
    let doubled = base.saturating_mul(1u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(LONGEST).mul_f64(random.clamp(0.0, 1.0))
}

/// What an attempt costs of its host's budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cost {
    /// Nobody asked for it.
    Whole,
    /// The server said when to come back, or refused many at once.
    Half,
    /// It is our own network that failed.
    Nothing,
    /// The request never got there, so the host has nothing to do with it.
    Free,
}

impl Cost {
    fn price(self) -> f64 {
        match self {
            Self::Whole => 1.0,
            Self::Half => 0.5,
            Self::Nothing | Self::Free => 0.0,
        }
    }
}

/// What is left for a host's further attempts.
#[derive(Debug)]
pub(super) struct Budget {
    tokens: f64,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { tokens: RESERVE }
    }

    pub(super) fn earn(&mut self) {
        self.tokens = (self.tokens + EARNED).min(RESERVE);
    }

    /// Pays for an attempt, if there is enough left.
    pub(super) fn spend(&mut self, cost: Cost) -> bool {
        let enough = self.affords(cost);
        if enough {
            self.tokens -= cost.price();
        }
        enough
    }

    /// Whether there is enough left for an attempt.
    pub(super) fn affords(&self, cost: Cost) -> bool {
        self.tokens >= cost.price()
    }

    /// Whether nothing is missing.
    pub(super) fn is_blank(&self) -> bool {
        self.tokens >= RESERVE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_span_doubles_up_to_its_end() {
        let base = Duration::from_secs(1);
        for (failed, seconds) in [(1, 1), (2, 2), (3, 4), (7, 60), (40, 60), (u32::MAX, 60)] {
            assert_eq!(backoff(base, failed, 1.0), Duration::from_secs(seconds), "after {failed}");
            assert_eq!(backoff(base, failed, 0.5), Duration::from_secs(seconds) / 2);
            assert_eq!(backoff(base, failed, 0.0), Duration::ZERO);
        }
    }

    /// Kolmogorov's and Smirnov's distance from the even distribution, at p = 0.001 for 10,000 draws.
    #[test]
    fn waits_are_spread_evenly_over_the_span() {
        let mut rng = fastrand::Rng::with_seed(7);
        let mut draws: Vec<_> =
            (0..10_000).map(|_| backoff(Duration::from_secs(1), 3, rng.f64()).as_secs_f64() / 4.0).collect();
        draws.sort_by(f64::total_cmp);
        let distance = (0u32..).zip(&draws).map(|(index, draw)| (draw - f64::from(index) / 10_000.0).abs());
        assert!(distance.fold(0.0, f64::max) < 1.95 / 100.0);
    }

    #[test]
    fn the_budget_is_a_hundred_and_a_tenth_of_what_succeeds() {
        let mut budget = Budget::new();
        let mut spent = 0;
        for round in 0..10_000 {
            if round % 10 == 0 {
                budget.earn();
            }
            spent += u32::from(budget.spend(Cost::Whole));
        }
        assert!((199..=200).contains(&spent), "{spent} of 100 and a tenth of 1,000 successes");
        assert!(!budget.is_blank());
        budget.tokens = 0.5;
        assert!(!budget.spend(Cost::Whole) && budget.spend(Cost::Half) && !budget.spend(Cost::Half));
    }
}
