//! Our own network: if no host at all can be reached, it is not the hosts.
//!
//! Promises: where at least two hosts cannot be reached, and nobody has answered for [`SUSPICIOUS`], nothing is
//! asked but one probe at a time, with growing pauses; as soon as anybody answers, all goes on; what failed
//! meanwhile is held against no entry. After [`GIVEN_UP`] the failures count again: every wait has an end.
//!
//! What surprises: a refused connection is an answer, and so is "no such name": the way there works. And once
//! anybody has answered in a run, hosts that never have say nothing about the network: they are dead, unless one that
//! had answered cannot be reached either.

use std::time::{Duration, Instant};

use fastrand::Rng;

/// So long nobody can be reached before it is taken for our own network.
const SUSPICIOUS: Duration = Duration::from_secs(10);

/// The first pause between probes, which doubles, and the longest.
const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(30);

/// After so long without anybody, each failure counts as what it seems.
const GIVEN_UP: Duration = Duration::from_secs(5 * 60);

#[derive(Debug, Default)]
pub(super) struct Network {
    /// Since when nobody has been reached, and the first host that was not.
    unreached: Option<(Instant, usize)>,
    /// Whether there was a second one.
    several: bool,
    /// The next probe, once it is suspicious.
    probe: Option<Instant>,
    pause: Duration,
    /// When somebody was last reached.
    reached: Option<Instant>,
}

/// A host that could not be reached.
#[derive(Debug, Clone, Copy)]
pub(super) struct Missed {
    pub(super) id: usize,
    /// When the request began.
    pub(super) begun: Instant,
    /// Whether the host has ever answered.
    pub(super) answers: bool,
}

impl Network {
    /// Somebody answered, or refused, or sent something.
    pub(super) fn reached(&mut self, now: Instant) {
        *self = Self { reached: Some(now), ..Self::default() };
    }

    /// A host could not be reached. Tells whether that is held against its entry.
    pub(super) fn missed(&mut self, missed: Missed, now: Instant, rng: &mut Rng) -> bool {
        let Missed { id, begun, answers } = missed;
        let begins_it = answers || self.reached.is_none() || self.unreached.is_some();
        if !begins_it || self.reached.is_some_and(|reached| begun <= reached) {
            return true;
        }
        let (since, first) = *self.unreached.get_or_insert((now, id));
        self.several |= id != first;
        let dark = now.saturating_duration_since(since);
        if !self.several || dark >= GIVEN_UP {
            self.probe = None;
            return true;
        }
        if dark >= SUSPICIOUS {
            self.pause = (self.pause * 2).clamp(FIRST, LONGEST);
            self.probe = Some(now + self.pause.mul_f64(0.5 + rng.f64() / 2.0));
        }
        false
    }

    /// The time of the next probe, while nobody can be reached.
    pub(super) fn probe(&self) -> Option<Instant> {
        self.probe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host that has answered before, and was asked just now.
    fn host(id: usize, now: Instant) -> Missed {
        Missed { id, begun: now, answers: true }
    }

    #[test]
    fn one_host_that_cannot_be_reached_is_no_sign() {
        let (mut network, mut rng, start) = (Network::default(), Rng::with_seed(7), Instant::now());
        for second in 0..60 {
            assert!(network.missed(
                host(1, start + Duration::from_secs(second)),
                start + Duration::from_secs(second),
                &mut rng
            ));
        }
        assert_eq!(network.probe(), None);
    }

    #[test]
    fn where_nobody_is_reached_for_long_there_are_only_probes_and_nothing_is_held_against_anyone() {
        let (mut network, mut rng, start) = (Network::default(), Rng::with_seed(7), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        network.missed(host(1, start), start, &mut rng);
        assert!(!network.missed(host(2, at(100)), at(100), &mut rng));
        assert_eq!(network.probe(), None, "too early to say");
        let mut now = at(10_000);
        let mut probes = 0;
        while !network.missed(host(probes % 2, now), now, &mut rng) {
            let probe = network.probe().expect("suspicious");
            assert!(probe > now && probe <= now + LONGEST);
            now = probe;
            probes += 1;
        }
        assert!((10..40).contains(&probes), "{probes} probes");
        assert!(now >= start + GIVEN_UP && network.probe().is_none());
    }

    #[test]
    fn whoever_answers_ends_it() {
        let (mut network, mut rng, start) = (Network::default(), Rng::with_seed(7), Instant::now());
        network.missed(host(1, start), start, &mut rng);
        network.missed(host(2, start + SUSPICIOUS), start + SUSPICIOUS, &mut rng);
        assert!(network.probe().is_some());
        network.reached(start + SUSPICIOUS);
        assert_eq!(network.probe(), None);
        assert!(network.missed(host(2, start + SUSPICIOUS), start + SUSPICIOUS, &mut rng));
    }

    #[test]
    fn what_was_asked_before_somebody_answered_and_who_never_has_say_nothing() {
        let (mut network, mut rng, start) = (Network::default(), Rng::with_seed(7), Instant::now());
        network.reached(start);
        let later = start + SUSPICIOUS;
        for id in 0..9 {
            assert!(network.missed(Missed { id, begun: start, answers: true }, later, &mut rng), "asked before");
            assert!(network.missed(Missed { id, begun: later, answers: false }, later, &mut rng), "never answered");
        }
        network.missed(host(1, later), later, &mut rng);
        assert!(!network.missed(host(2, later), later, &mut rng));
    }
}
