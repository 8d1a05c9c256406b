//! Chance that can be repeated: which request fails, and how much it is late.
//!
//! Promises: the n-th request of a run always has the same fate, so two runs
//! against a fresh origin differ only in the order in which requests arrive;
//! shares are even over [0, 1).
//!
//! What surprises: nothing is random. Each request draws a number, and what is
//! decided is a hash of that number and of what is being decided, so that
//! failing and being late have nothing to do with each other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Gives each request its number.
#[derive(Debug, Default)]
pub(crate) struct Chance {
    drawn: AtomicU64,
}

/// One request's number, from which everything about it is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Draw(u64);

const FAULT: u64 = 0x6661_756c_7421_0001;
const LATENESS: u64 = 0x6c61_7465_2121_0002;

impl Chance {
    /// The next request's draw.
    pub(crate) fn draw(&self) -> Draw {
        Draw(self.drawn.fetch_add(1, Ordering::Relaxed))
    }
}

impl Draw {
    /// Whether this request is one of the share `rate` (0 to 1) that fails.
    pub(crate) fn fails(self, rate: f64) -> bool {
        self.share(FAULT) < rate
    }

    /// This request's part of `jitter`, from nothing up to the whole.
    pub(crate) fn lateness(self, jitter: Duration) -> Duration {
        jitter.mul_f64(self.share(LATENESS))
    }

    /// A number in [0, 1), even and independent for each `purpose`.
    fn share(self, purpose: u64) -> f64 {
        let high = mix(self.0 ^ purpose) >> 32;
        let high = u32::try_from(high).unwrap_or(u32::MAX);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }
}

/// The last step of splitmix64 (Steele, Lea and Flood 2014): it spreads
/// neighbouring numbers over the whole range.
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws() -> impl Iterator<Item = Draw> {
        let chance = Chance::default();
        std::iter::repeat_with(move || chance.draw()).take(10_000)
    }

    #[test]
    fn the_share_that_fails_is_the_rate() {
        for (rate, least, most) in [(0.0, 0, 0), (0.1, 900, 1_100), (0.5, 4_800, 5_200), (1.0, 10_000, 10_000)] {
            let failed = draws().filter(|draw| draw.fails(rate)).count();
            assert!((least..=most).contains(&failed), "{failed} at {rate}");
        }
    }

    #[test]
    fn lateness_is_even_and_never_more_than_the_jitter() {
        let jitter = Duration::from_millis(100);
        let late: Vec<_> = draws().map(|draw| draw.lateness(jitter)).collect();
        assert!(late.iter().all(|late| *late <= jitter));
        let mean = late.iter().sum::<Duration>() / 10_000;
        assert!((48..=52).contains(&mean.as_millis()), "{mean:?}");
    }

    #[test]
    fn two_origins_decide_alike() {
        assert!(draws().eq(draws()));
    }
}
