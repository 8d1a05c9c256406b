//! How long to wait before the next attempt: exponential backoff with full jitter.
//!
//! Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: a wait drawn from the
//! whole span spreads the attempts of many jobs best.

use std::time::Duration;

/// Longest wait before an attempt.
pub(crate) const LONGEST: Duration = Duration::from_secs(60);

/// The wait before attempt `failed + 1`, after `failed` ≥ 1 attempts; `random` is drawn from 0 to 1.
pub(crate) fn backoff(base: Duration, failed: u32, random: f64) -> Duration {
    let doubled = base.saturating_mul(1u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(LONGEST).mul_f64(random.clamp(0.0, 1.0))
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
}
