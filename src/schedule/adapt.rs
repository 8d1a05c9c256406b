//! How many requests at once, and how many a second, a host takes: learnt from its pushback.
//!
//! Promises: nothing is held back before the first pushback; a decrease is to 0.7 of what was tried, and at most one
//! a round trip; after it the limit follows the curve of CUBIC (RFC 9438): back near the old level within
//! seconds, a careful while around it, then beyond. It grows only while what it allows is also used.
//!
//! What surprises: the curve is in time, not in answers, so how often a server is tried beyond its limit depends
//! neither on its latency nor on how many places it gives. And a rate is only learnt where the number in flight
//! is hardly the reason: where the server names a time, or pushes back at [`FEW`] requests again and again.

use std::time::{Duration, Instant};

use super::meter::Meter;

/// What is left after a pushback (AWS SDK's adaptive mode, and RFC 9438 §4.6).
const DECREASE: f64 = 0.7;

/// CUBIC's constant, in requests a second cubed: a limit of 12 is back where it was after 7 s, one of 100 after 14 s.
/// RFC 9438's 0.4 is made for windows of hundreds of packets. Of 0.007, 0.012 and 0.02 this one shared a server of 12
/// places between two runs best (`two_runs_share_a_server_fairly`), at the same use of it.
const GROWTH: f64 = 0.012;

/// The least growth after a decrease, in requests a second: the share of those with few places (RFC 9438 §4.3, there
/// once a round trip, here slower, since a refusal costs a server more than a lost packet costs a line).
const LEAST: f64 = 0.25;

/// So many answers have to come after a decrease before more is tried than was fine: at most one refusal in so many.
const PROOF: u32 = 50;

/// The time after which a pace is back where it was, in seconds, whatever its size.
const RECOVERY: f64 = 8.0;

/// So few in flight are not too many at once: it must be the rate.
const FEW: usize = 2;

/// Pushbacks in a row at [`FEW`] requests that make it a rate: one or two may be another client's doing.
const IN_A_ROW: u32 = 3;

/// Slowest pace that is learnt, in requests a second.
const SLOWEST: f64 = 1.0 / 60.0;

/// A pace beyond this, in requests a second, is none.
const FASTEST: f64 = 10_000.0;

/// How fast a pace may grow with one answer.
const STEP: f64 = 1.05;

/// What a host has shown that it takes.
#[derive(Debug, Default)]
pub(super) struct Adapt {
    /// Requests in flight; none before the first pushback, and again when the curve has left it behind.
    level: Option<f64>,
    /// Requests a second, where a rate was learnt.
    rate: Option<f64>,
    in_flight: Option<Curve>,
    /// Answers since the last decrease.
    answers: u32,
    /// Pushbacks in a row that came at [`FEW`] requests in flight.
    at_few: u32,
    /// The curve of the rate.
    a_second: Option<Curve>,
    meter: Meter,
}

/// CUBIC's window over time (RFC 9438 §4.2): concave up to `peak`, a while around it, then convex.
#[derive(Debug, Clone, Copy)]
struct Curve {
    peak: f64,
    growth: f64,
    /// What it starts from, and by how much a second it grows at least.
    least: (f64, f64),
    since: Instant,
}

impl Curve {
    /// After a pushback at `tried`; `before` is the curve until then, `good` the highest level known to be fine.
    fn peak(tried: f64, good: f64, before: Option<Self>) -> f64 {
        // Fast convergence (§4.7): who gets less than before makes room for others.
        if before.is_some_and(|before| tried < before.peak) { tried * (1.0 + DECREASE) / 2.0 } else { good }
    }

    fn at(self, now: Instant) -> f64 {
        let time = now.saturating_duration_since(self.since).as_secs_f64();
        let back = ((1.0 - DECREASE) * self.peak / self.growth).cbrt();
        (self.peak + self.growth * (time - back).powi(3)).max(self.least.0 + self.least.1 * time)
    }
}

impl Adapt {
    /// Requests that may be in flight, at most `cap`.
    pub(super) fn limit(&self, cap: usize) -> usize {
        self.level.map_or(cap, |level| to_count(level).clamp(1, cap.max(1)))
    }

    /// The time between two starts, where a pace was learnt.
    pub(super) fn interval(&self) -> Option<Duration> {
        self.rate.map(|rate| Duration::from_secs_f64(1.0 / rate))
    }

    /// An answer without complaint came, with up to `used` requests in flight meanwhile.
    pub(super) fn answered(&mut self, used: usize, cap: usize, now: Instant) {
        self.meter.count(now);
        if let Some(level) = self.level {
            self.answers = self.answers.saturating_add(1);
            let bound = self.bound(now);
            // Who does not use what is allowed shows nothing about more.
            if to_float(used) * 2.0 >= level {
                let level = (level + 1.0).min(bound);
                self.level = (level < to_float(cap) || self.in_flight.is_some()).then_some(level.min(to_float(cap)));
            }
            if bound >= 2.0 * to_float(cap) {
                self.in_flight = None;
            }
        }
        if let (Some(rate), Some(curve)) = (self.rate, self.a_second) {
            let rate = (rate * STEP).min(curve.at(now)).max(rate);
            self.rate = (rate < FASTEST).then_some(rate);
        }
    }

    /// The host said "slow down", with up to `tried` requests in flight; `timed` where it named a time.
    pub(super) fn pushed_back(&mut self, tried: usize, cap: usize, timed: bool, now: Instant) {
        // Where little was answered lately, there is no rate to speak of: somebody else may be using it all.
        let at_few = tried <= FEW && self.meter.recent(now) >= Meter::ENOUGH;
        self.at_few = if at_few { self.at_few + 1 } else { 0 };
        if timed || self.at_few >= IN_A_ROW {
            self.at_few = 0;
            self.slow_down(now);
        }
        self.decrease(tried, cap, now);
    }

    /// Fewer at once: also where a host does not answer or cannot be reached.
    pub(super) fn decrease(&mut self, tried: usize, cap: usize, now: Instant) {
        let tried = to_float(tried);
        let tried = self.level.map_or(tried, |level| tried.min(level.round())).min(to_float(cap));
        // One at a time cannot be too many at once.
        if tried <= 1.0 {
            return;
        }
        let peak = Curve::peak(tried, (tried - 1.0).max(1.0), self.in_flight);
        let level = (tried * DECREASE).max(1.0);
        self.in_flight = Some(Curve { peak, growth: GROWTH, least: (level, LEAST), since: now });
        self.level = Some(level);
        self.answers = 0;
    }

    /// The level that the curve allows now.
    fn bound(&self, now: Instant) -> f64 {
        let most = |curve: Curve| if self.answers < PROOF { curve.at(now).min(curve.peak) } else { curve.at(now) };
        self.in_flight.map_or(f64::INFINITY, most)
    }

    fn slow_down(&mut self, now: Instant) {
        let Some(measured) = self.meter.rate(now) else { return };
        let basis = match self.rate {
            Some(rate) => measured.clamp(rate * DECREASE, rate),
            None => measured,
        };
        let peak = Curve::peak(basis, basis, self.a_second);
        let growth = (1.0 - DECREASE) * peak / RECOVERY.powi(3);
        self.a_second = Some(Curve { peak, growth, least: (0.0, 0.0), since: now });
        self.rate = Some((basis * DECREASE).max(SLOWEST));
    }

    /// After a hold: one more than what is still in flight, and from there one more for each answer.
    pub(super) fn restart(&mut self, in_flight: usize, now: Instant) {
        self.level = Some((to_float(in_flight) + 1.0).min(self.bound(now)).max(1.0));
    }

    /// Whether nothing was learnt that would be lost.
    pub(super) fn is_blank(&self) -> bool {
        self.level.is_none() && self.rate.is_none()
    }
}

#[allow(clippy::cast_precision_loss, reason = "places in flight are few")]
fn to_float(count: usize) -> f64 {
    count as f64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is never negative")]
fn to_count(level: f64) -> usize {
    level.round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn nothing_is_held_back_before_the_first_pushback() {
        let mut adapt = Adapt::default();
        let now = Instant::now();
        for _ in 0..100 {
            adapt.answered(16, 16, now);
        }
        assert_eq!((adapt.limit(16), adapt.interval()), (16, None));
        assert!(adapt.is_blank());
    }

    #[test]
    fn a_pushback_takes_three_tenths_and_never_the_last_one() {
        let now = Instant::now();
        for (tried, limit) in [(100, 70), (10, 7), (3, 2), (2, 1)] {
            let mut adapt = Adapt::default();
            adapt.pushed_back(tried, 100, false, now);
            assert_eq!(adapt.limit(100), limit, "after {tried}");
        }
    }

    #[test]
    fn the_limit_comes_back_to_where_it_was_and_then_beyond() {
        let start = Instant::now();
        let mut adapt = Adapt::default();
        adapt.pushed_back(13, 64, false, start);
        let at = |adapt: &mut Adapt, seconds: u64| {
            for _ in 0..50 {
                adapt.answered(adapt.limit(64), 64, start + Duration::from_secs(seconds));
            }
            adapt.limit(64)
        };
        assert_eq!(adapt.limit(64), 9);
        assert_eq!([4, 8, 11, 16, 24].map(|seconds| at(&mut adapt, seconds)), [12, 12, 13, 22, 64]);
        at(&mut adapt, 40);
        assert!(adapt.is_blank(), "what is long ago is forgotten");
    }

    #[test]
    fn who_does_not_use_what_is_allowed_gets_no_more() {
        let start = Instant::now();
        let mut adapt = Adapt::default();
        adapt.pushed_back(20, 64, false, start);
        for second in 1..40 {
            adapt.answered(3, 64, start + Duration::from_secs(second));
        }
        assert_eq!(adapt.limit(64), 14);
    }

    #[test]
    fn after_a_hold_it_starts_with_one_and_grows_with_each_answer() {
        let now = Instant::now();
        let mut adapt = Adapt::default();
        adapt.restart(0, now);
        let limits: Vec<_> = (0..5)
            .map(|_| {
                let limit = adapt.limit(4);
                adapt.answered(limit, 4, now);
                limit
            })
            .collect();
        assert_eq!(limits, [1, 2, 3, 4, 4]);
        assert!(adapt.is_blank());
    }

    /// Twelve at once are fine: as many requests a second as it gives is no reason to learn a rate.
    #[test]
    fn a_limit_in_flight_is_not_taken_for_a_rate() {
        let start = Instant::now();
        let mut adapt = Adapt::default();
        for tick in 0..200 {
            adapt.answered(12, 16, start + ms(tick * 10));
        }
        adapt.pushed_back(16, 16, false, start + ms(2000));
        assert_eq!(adapt.interval(), None);
        adapt.pushed_back(12, 16, true, start + ms(2100));
        assert!(adapt.interval().is_some(), "a server that names a time counts requests in time");
    }

    #[test]
    fn a_rate_is_learnt_and_carefully_tried_again() {
        let start = Instant::now();
        let mut adapt = Adapt::default();
        for _ in 0..20 {
            adapt.answered(1, 3, start);
        }
        adapt.pushed_back(3, 3, true, start + ms(10));
        let rate = |adapt: &Adapt| 1.0 / adapt.interval().expect("learnt").as_secs_f64();
        assert!((13.9..14.1).contains(&rate(&adapt)), "{}", rate(&adapt));
        for tick in 0..160 {
            adapt.answered(1, 3, start + ms(tick * 50));
        }
        assert!((19.0..20.1).contains(&rate(&adapt)), "{}", rate(&adapt));
        for tick in 160..240 {
            adapt.answered(1, 3, start + ms(tick * 50));
        }
        assert!((20.5..24.0).contains(&rate(&adapt)), "{}", rate(&adapt));
    }

    #[test]
    fn two_that_share_a_host_come_to_equal_parts() {
        // Each round trip all that is allowed is asked for; above 12 the one that asks last is refused, in turn.
        let start = Instant::now();
        let mut both = [Adapt::default(), Adapt::default()];
        both[0].pushed_back(16, 16, false, start);
        both[1].pushed_back(3, 16, false, start);
        let (mut shares, mut random) = ([0usize, 0], fastrand::Rng::with_seed(7));
        for round in 0..1200u64 {
            let now = start + ms(round * 50);
            let limits = [both[0].limit(16), both[1].limit(16)];
            let over = limits[0] + limits[1] > 12;
            // Whose request comes last is as likely as its share.
            let victim = usize::from(random.usize(..limits[0] + limits[1]) >= limits[0]);
            for (index, adapt) in both.iter_mut().enumerate() {
                if over && index == victim {
                    adapt.pushed_back(limits[index], 16, false, now);
                }
                for _ in 0..limits[index] {
                    adapt.answered(limits[index], 16, now);
                }
                shares[index] += if round > 600 { limits[index] } else { 0 };
            }
        }
        let share = to_float(shares[0]) / to_float(shares[0] + shares[1]);
        assert!((0.35..=0.65).contains(&share), "{share}");
    }
}
