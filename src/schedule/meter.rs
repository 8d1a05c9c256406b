//! How many answers came in the last second.

use std::time::{Duration, Instant};

/// Answers in a second, over the last second.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// When the second that is being counted began, and when the first one did.
    began: Option<(Instant, Instant)>,
    current: f64,
    previous: f64,
}

impl Meter {
    const SPAN: Duration = Duration::from_secs(1);

    /// So many answers within a second are enough to speak of a rate; fewer need a whole second.
    pub(super) const ENOUGH: f64 = 10.0;

    fn roll(&mut self, now: Instant) {
        let (began, first) = *self.began.get_or_insert((now, now));
        let age = now.saturating_duration_since(began);
        if age < Self::SPAN {
            return;
        }
        self.previous = if age < 2 * Self::SPAN { self.current } else { 0.0 };
        self.current = 0.0;
        let spans = u32::try_from(age.as_secs()).unwrap_or(u32::MAX);
        self.began = Some((began.checked_add(Self::SPAN.saturating_mul(spans)).unwrap_or(now), first));
    }

    pub(super) fn count(&mut self, now: Instant) {
        self.roll(now);
        self.current += 1.0;
    }

    /// Answers in the last second.
    pub(super) fn recent(&mut self, now: Instant) -> f64 {
        self.roll(now);
        let part = self.began.map_or(0.0, |(began, _)| now.saturating_duration_since(began).as_secs_f64());
        self.current + self.previous * (1.0 - part).max(0.0)
    }

    /// Answers a second, at least one; none where there were too few in too short a time to say.
    pub(super) fn rate(&mut self, now: Instant) -> Option<f64> {
        let count = self.recent(now);
        let (_, first) = self.began?;
        let known = now.saturating_duration_since(first) >= Self::SPAN || count >= Self::ENOUGH;
        known.then_some(count.max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_the_last_seconds_answers_and_nothing_of_long_ago() {
        let start = Instant::now();
        let mut meter = Meter::default();
        for tick in 0..40 {
            meter.count(start + Duration::from_millis(50 * tick));
        }
        let rate = meter.rate(start + Duration::from_secs(2)).expect("two seconds");
        assert!((19.0..=21.0).contains(&rate), "{rate}");
        assert!(meter.recent(start + Duration::from_secs(10)) < 1.0);
        let mut meter = Meter::default();
        meter.count(start);
        assert_eq!(meter.rate(start + Duration::from_millis(100)), None, "too early to say");
    }
}
