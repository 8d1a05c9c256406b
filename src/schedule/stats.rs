//! What a run has asked of its hosts, counted host by host.
//!
//! Promises: memory is bounded: hosts that are forgotten leave their counts only where they are among the worst.

use std::{cmp::Reverse, time::Duration};

/// So many hosts are kept count of after they are forgotten, and told of at the end.
const WORST: usize = 10;

/// The counts of one host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostStats {
    /// Requests, those of failed attempts included.
    pub requests: u64,
    /// Further attempts after a failed one.
    pub retries: u64,
    /// Answers that asked to slow down, such as 429 and 503.
    pub pushbacks: u64,
    /// Time in which nothing was asked of it, because it had asked for that or kept failing.
    pub held: Duration,
    /// Requests that might be in flight at the end.
    pub limit: usize,
}

impl HostStats {
    /// The more of it, the more a host has held the run up.
    fn trouble(&self) -> impl Ord + use<> {
        Reverse((self.held, self.pushbacks, self.retries, self.requests))
    }

    /// Whether it went without a hitch.
    pub fn is_smooth(&self) -> bool {
        self.held.is_zero() && self.pushbacks == 0 && self.retries == 0
    }
}

/// The worst of many, worst first.
#[derive(Debug, Clone)]
pub(super) struct Worst<K>(Vec<(K, HostStats)>);

impl<K> Default for Worst<K> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Clone + Eq> Worst<K> {
    /// Counts of a host; what it was counted before it was forgotten is added.
    pub(super) fn offer(&mut self, key: &K, mut stats: HostStats) {
        if let Some(known) = self.0.iter().position(|(other, _)| other == key) {
            let (_, earlier) = self.0.remove(known);
            stats.requests += earlier.requests;
            stats.retries += earlier.retries;
            stats.pushbacks += earlier.pushbacks;
            stats.held += earlier.held;
        }
        let place = self.0.partition_point(|(_, other)| other.trouble() <= stats.trouble());
        if place < WORST {
            self.0.insert(place, (key.clone(), stats));
            self.0.truncate(WORST);
        }
    }

    pub(super) fn list(&self) -> Vec<(K, HostStats)> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_ten_are_kept_worst_first() {
        let mut worst = Worst::default();
        for host in 0..100u64 {
            worst.offer(&host, HostStats { held: Duration::from_secs(host * 37 % 100), ..HostStats::default() });
        }
        let held: Vec<_> = worst.list().iter().map(|(_, stats)| stats.held.as_secs()).collect();
        assert_eq!(held, [99, 98, 97, 96, 95, 94, 93, 92, 91, 90]);
    }
}
