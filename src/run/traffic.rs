//! The bytes that come in: counted, and held to the bandwidth.
//!
//! Promises: over any span, bodies are read no faster than the bandwidth, plus a chunk for each body in flight, plus
//! what fits into [`EARLY`]. Bodies share the line evenly, however large the pieces are in which they come: a chunk
//! books its time [`SLICE`] by slice, each behind what the others have booked meanwhile.
//!
//! What surprises: not reading is what slows a server down: its window fills. It is an atomic, not a lock, and
//! not in the dispatcher, because every chunk of every body passes here.

use std::{
    num::NonZeroU64,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// What books its time at once, in bytes.
const SLICE: u64 = 16 << 10;

/// How far ahead of its time a slice may be: timers have a resolution of a millisecond, which a fast line would
/// otherwise lose at each slice.
const EARLY: Duration = Duration::from_millis(2);

#[derive(Debug)]
pub(super) struct Traffic {
    received: AtomicU64,
    bandwidth: Option<NonZeroU64>,
    start: Instant,
    /// When the line is free again, in nanoseconds after `start`.
    free: AtomicU64,
}

impl Traffic {
    pub(super) fn new(bandwidth: Option<NonZeroU64>) -> Self {
        Self { received: AtomicU64::new(0), bandwidth, start: Instant::now(), free: AtomicU64::new(0) }
    }

    /// Bytes received so far.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Counts a chunk, and waits until the line would have carried it; tells how long that was.
    pub(super) async fn pass(&self, bytes: u64) -> Duration {
        self.received.fetch_add(bytes, Ordering::Relaxed);
        let Some(bandwidth) = self.bandwidth else { return Duration::ZERO };
        let begun = Instant::now();
        let mut left = bytes;
        while left > 0 {
            let slice = left.min(SLICE);
            left -= slice;
            let now = Instant::now();
            let until = self.start + Duration::from_nanos(self.book(slice, bandwidth, now));
            if until > now + EARLY {
                tokio::time::sleep_until(until).await;
            }
        }
        begun.elapsed()
    }

    /// Books the line for a slice: the time at which it has been carried.
    fn book(&self, bytes: u64, bandwidth: NonZeroU64, now: Instant) -> u64 {
        let now = nanos(now.duration_since(self.start));
        let takes = u128::from(bytes) * 1_000_000_000 / u128::from(bandwidth.get());
        let takes = u64::try_from(takes).unwrap_or(u64::MAX);
        let booked = |free: u64| free.max(now).saturating_add(takes);
        let previous = self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| Some(booked(free)));
        booked(previous.unwrap_or_default())
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bodies_share_the_line_and_never_exceed_it() {
        let traffic = Arc::new(Traffic::new(NonZeroU64::new(1000)));
        let start = Instant::now();
        let bodies: Vec<_> = (0..4)
            .map(|_| {
                let traffic = Arc::clone(&traffic);
                tokio::spawn(async move {
                    for _ in 0..10 {
                        traffic.pass(100).await;
                    }
                    start.elapsed()
                })
            })
            .collect();
        for body in bodies {
            let took = body.await.expect("it ends");
            assert!((Duration::from_millis(3600)..=Duration::from_millis(4010)).contains(&took), "{took:?}");
        }
        assert_eq!(traffic.received(), 4000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_in_large_pieces_gets_no_more_than_one_in_small_ones() {
        let traffic = Arc::new(Traffic::new(NonZeroU64::new(1_000_000)));
        let body = |chunk: u64| {
            let traffic = Arc::clone(&traffic);
            tokio::spawn(async move {
                let (start, mut got) = (Instant::now(), 0);
                while start.elapsed() < Duration::from_secs(10) {
                    traffic.pass(chunk).await;
                    got += chunk;
                }
                got
            })
        };
        let (small, large) = (body(16 << 10), body(512 << 10));
        let (small, large) = (small.await.expect("it ends"), large.await.expect("it ends"));
        assert!(large < small * 115 / 100 && small < large * 115 / 100, "{small} and {large} bytes");
    }

    #[tokio::test]
    async fn a_fast_line_is_used_although_timers_are_slow() {
        let mut best = Duration::MAX;
        // A machine that is busy with something else is late for reasons of its own; one undisturbed round is enough.
        for _ in 0..40 {
            let traffic = Traffic::new(NonZeroU64::new(100_000_000));
            let start = Instant::now();
            for _ in 0..400 {
                traffic.pass(64 << 10).await;
            }
            best = best.min(start.elapsed());
            assert!(best >= Duration::from_millis(255), "{best:?} for 262 ms worth");
            if best < Duration::from_millis(262 * 2) {
                return;
            }
        }
        panic!("{best:?} for 262 ms worth");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nothing_waits() {
        let traffic = Traffic::new(None);
        assert_eq!(traffic.pass(u64::MAX).await, Duration::ZERO);
    }
}
