//! For how long a host gets nothing, after it has asked for that.
//!
//! Promises: never shorter than told; where nothing was told, spans that double while not even one request at a time
//! is answered, up to [`LONGEST`], and shrink again after such as are; each is drawn from the upper half of its span, so
//! that two clients do not come back together.

use std::time::{Duration, Instant};

use fastrand::Rng;

/// The first span where the server names no time.
const FIRST: Duration = Duration::from_millis(250);

/// The longest span where the server names no time. Who goes on refusing even one request at a time is a case for the
/// breaker, whose pauses grow much longer; who is only kept busy by another client has room again within seconds, and
/// a client that stayed away for a minute would never find it.
const LONGEST: Duration = Duration::from_secs(4);

/// What is added to a time that a server names, at most: a tenth, and no more than this.
const LATER: Duration = Duration::from_secs(5);

/// Why a host gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It said so, with a status such as 429 or 503, and named the time or did not.
    Pushback {
        /// The time that it named.
        told: Option<Duration>,
    },
    /// It has said that its quota is used up.
    Quota,
    /// It fails again and again.
    Failing,
}

/// A time in which a host gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hold {
    /// Its end.
    pub(crate) until: Instant,
    /// Its reason.
    pub(crate) why: Why,
}

/// The spans without a time from the server.
#[derive(Debug, Default)]
pub(super) struct Spans {
    last: Option<Duration>,
    /// Whether anything was answered after the last hold.
    answered: bool,
}

impl Spans {
    /// A request that began after the last hold was answered without complaint.
    pub(super) fn answered(&mut self) {
        self.answered = true;
    }

    /// The next hold that nobody has given a time for.
    pub(super) fn next(&mut self, now: Instant, rng: &mut Rng) -> Instant {
        let span = match self.last {
            Some(span) if self.answered => (span / 2).max(FIRST),
            Some(span) => (span * 2).min(LONGEST),
            None => FIRST,
        };
        (self.last, self.answered) = (Some(span), false);
        now + span.mul_f64(0.5 + rng.f64() / 2.0)
    }
}

/// The end of a hold whose time the server has named: a little later, so that not all clients come back together.
pub(super) fn end_of(told: Duration, now: Instant, rng: &mut Rng) -> Instant {
    now + told + (told / 10).min(LATER).mul_f64(rng.f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_double_while_nothing_is_answered_and_shrink_again_by_and_by() {
        let (mut rng, mut spans, now) = (Rng::with_seed(7), Spans::default(), Instant::now());
        let mut expect = |spans: &mut Spans, millis| {
            let (span, until) = (Duration::from_millis(millis), spans.next(now, &mut rng));
            assert!((now + span / 2..=now + span).contains(&until), "{millis} ms");
        };
        for millis in [250, 500, 1000, 2000, 4000, 4000] {
            expect(&mut spans, millis);
        }
        for millis in [2000, 1000, 500, 250, 250] {
            spans.answered();
            expect(&mut spans, millis);
        }
        expect(&mut spans, 500);
    }

    #[test]
    fn a_named_time_is_never_shortened_and_lengthened_by_a_tenth_at_most() {
        let mut rng = Rng::with_seed(7);
        let now = Instant::now();
        for seconds in [0, 1, 2, 100, 900] {
            let told = Duration::from_secs(seconds);
            for _ in 0..200 {
                let end = end_of(told, now, &mut rng);
                assert!(end >= now + told && end <= now + told + (told / 10).min(LATER));
            }
        }
    }
}
