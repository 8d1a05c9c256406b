//! What the origin has seen: the counts that `/stats` tells.
//!
//! Promises: `total` is always `in_flight` plus all of `status` plus
//! `abandoned`, where a request counts under its status once the whole answer
//! is handed over; memory is bounded, since only the last hour has its counts
//! by the second.
//!
//! What surprises: a request is in flight from when its head is read until its
//! body has been handed to the connection, so that a body which drips slowly
//! counts as long as it drips. On one thread and without a delay each request is
//! over before the next is looked at, however many connections there are, and the
//! peak is 1. Seconds are counted from the origin's start.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many seconds have a count of their own.
const KEPT: u64 = 3_600;

/// The counts since `started`.
#[derive(Debug)]
pub(crate) struct Stats {
    started: Instant,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: u64,
    in_flight: u64,
    peak: u64,
    abandoned: u64,
    status: BTreeMap<u16, u64>,
    /// Second since the start, and how many requests arrived in it; seconds
    /// without any are not in it.
    per_second: VecDeque<(u64, u64)>,
}

/// One request, in flight for as long as this lives.
#[derive(Debug)]
pub(crate) struct Visit {
    stats: Arc<Stats>,
    status: Option<u16>,
}

impl Stats {
    /// Nothing has been asked yet.
    pub(crate) fn new(started: Instant) -> Stats {
        Stats { started, counts: Mutex::default() }
    }

    /// Counts a request in.
    pub(crate) fn arrive(self: &Arc<Self>, now: Instant) -> Visit {
        let second = self.age(now).as_secs();
        self.counts().arrive(second);
        Visit { stats: Arc::clone(self), status: None }
    }

    /// The counts as one JSON object.
    pub(crate) fn to_json(&self, now: Instant) -> String {
        let seconds = self.age(now).as_secs_f64();
        let counts = self.counts();
        let Counts { total, in_flight, peak, abandoned, .. } = *counts;
        let status = list(&counts.status, |(status, count)| format!("\"{status}\":{count}"));
        let per_second = list(&counts.per_second, |(second, count)| format!("[{second},{count}]"));
        drop(counts);
        format!(
            "{{\"seconds\":{seconds:.3},\"total\":{total},\"in_flight\":{in_flight},\
             \"peak\":{peak},\"abandoned\":{abandoned},\"status\":{{{status}}},\
             \"per_second\":[{per_second}]}}\n"
        )
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    /// Counting cannot fail half-way, so a panic elsewhere does not spoil it.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn arrive(&mut self, second: u64) {
        self.total += 1;
        self.in_flight += 1;
        self.peak = self.peak.max(self.in_flight);
        match self.per_second.back_mut() {
            // Threads may come here in another order than they read the clock in.
            Some((last, count)) if *last >= second => *count += 1,
            _ => self.per_second.push_back((second, 1)),
        }
        while self.per_second.front().is_some_and(|(first, _)| first + KEPT <= second) {
            self.per_second.pop_front();
        }
    }
}

impl Visit {
    /// Notes what the answer is; it counts when the visit ends.
    pub(crate) fn answer(&mut self, status: u16) {
        self.status = Some(status);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut counts = self.stats.counts();
        counts.in_flight -= 1;
        match self.status {
            Some(status) => *counts.status.entry(status).or_default() += 1,
            None => counts.abandoned += 1,
        }
    }
}

fn list<T>(items: impl IntoIterator<Item = T>, mut show: impl FnMut(T) -> String) -> String {
    let mut text = String::new();
    for item in items {
        let comma = if text.is_empty() { "" } else { "," };
        let _infallible = write!(text, "{comma}{}", show(item));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> (Arc<Stats>, Instant) {
        let now = Instant::now();
        (Arc::new(Stats::new(now)), now)
    }

    #[test]
    fn every_request_is_in_flight_answered_or_abandoned() {
        let (stats, now) = fresh();
        let mut answered = stats.arrive(now);
        answered.answer(200);
        drop(answered);
        drop(stats.arrive(now));
        let _waiting = stats.arrive(now + Duration::from_secs(2));
        assert_eq!(
            stats.to_json(now + Duration::from_secs(3)),
            "{\"seconds\":3.000,\"total\":3,\"in_flight\":1,\"peak\":1,\"abandoned\":1,\
             \"status\":{\"200\":1},\"per_second\":[[0,2],[2,1]]}\n"
        );
    }

    #[test]
    fn the_peak_stays_when_the_requests_go() {
        let (stats, now) = fresh();
        let visits: Vec<_> = (0..8).map(|_| stats.arrive(now)).collect();
        drop(visits);
        drop(stats.arrive(now));
        let json = stats.to_json(now);
        assert!(json.contains("\"in_flight\":0,\"peak\":8"), "{json}");
    }

    #[test]
    fn only_the_last_hour_is_kept_by_the_second() {
        let (stats, start) = fresh();
        for second in 0..10_000 {
            drop(stats.arrive(start + Duration::from_secs(second)));
        }
        let counts = stats.counts();
        assert_eq!(counts.total, 10_000);
        assert_eq!(counts.per_second.len(), 3_600);
        assert_eq!(counts.per_second.front(), Some(&(6_400, 1)));
    }
}
