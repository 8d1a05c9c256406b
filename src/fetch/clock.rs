//! The times that header fields tell, and the clock of who tells them.
//!
//! Promises: nothing overflows; [`LONGEST`] is the longest that anything is waited for.
//!
//! What surprises: dates are compared with the server's clock and not with ours, as far as that can be told. Who
//! writes both `Date` and `Retry-After` five minutes ahead of us still means the difference.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;

use super::field;

/// The longest wait: ten years, which no run outlasts and no clock overflows with.
pub(crate) const LONGEST: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

/// How far a `Date` may be from our time and still be believed: a day, because a clock may be set to the wrong one, and two
/// hours, because such a clock is rarely right in all else (summer time, minutes, and the second that dates leave out).
const SANE: Duration = Duration::from_secs(26 * 60 * 60);

/// What the server's clock showed when its answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    /// The time since 1970.
    time: Duration,
    /// How long a cache has kept the answer (RFC 9111 §5.1); zero where that is not told.
    pub(crate) age: Duration,
}

impl Clock {
    /// The answer's own `Date`, if that is within 26 hours of `now`, or else `now`.
    ///
    /// Clocks are wrong by minutes, by up to 14 hours where a local time is passed off as GMT, and by a day where the date
    /// was set wrongly; who writes another date into the same answer is wrong by the same. Beyond that it is more likely
    /// that the `Date` alone is wrong (a frozen one, or one of a clock that was never set), while the date to wait for was set by people.
    pub(crate) fn of(headers: &HeaderMap, now: SystemTime) -> Self {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let age = field::values(headers, "age").next().and_then(|value| seconds(&value)).unwrap_or_default();
        let date = field::values(headers, "date").next().and_then(|value| date(&value));
        // A cache passes on the `Date` of when it got the answer.
        let shown = date.map(|date| date.saturating_add(age)).filter(|shown| shown.abs_diff(now) <= SANE);
        Self { time: shown.unwrap_or(now), age }
    }

    /// How long it is until a time since 1970; zero if that is over.
    pub(crate) fn until(self, time: Duration) -> Duration {
        time.saturating_sub(self.time)
    }
}

/// An `HTTP-date` (RFC 9110 §5.6.7), as the time since 1970.
pub(crate) fn date(value: &str) -> Option<Duration> {
    httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()
}

/// `delay-seconds`, which is digits and nothing else; what is too large for a number is the largest.
pub(crate) fn seconds(value: &str) -> Option<Duration> {
    let value = field::trim(value);
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Duration::from_secs(value.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::{super::field::headers, *};

    /// When the answers of these tests come, as the time since 1970.
    const NOW: u64 = 784_111_777;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// What the server's clock shows.
    fn shown(date: &str, age: &str) -> u64 {
        Clock::of(&headers(&[("date", date), ("age", age)]), at(NOW)).time.as_secs()
    }

    #[test]
    fn the_clock_is_the_servers_within_26_hours_of_ours() {
        const DAY: u64 = 24 * 60 * 60;
        const FURTHEST: u64 = 26 * 60 * 60;
        for (date, time) in [
            (NOW + 300, NOW + 300),
            (NOW - 300, NOW - 300),
            (NOW + DAY, NOW + DAY),
            (NOW - DAY, NOW - DAY),
            (NOW + FURTHEST, NOW + FURTHEST),
            (NOW - FURTHEST, NOW - FURTHEST),
            (NOW + FURTHEST + 1, NOW),
            (NOW - FURTHEST - 1, NOW),
            (0, NOW),
        ] {
            assert_eq!(shown(&httpdate::fmt_http_date(at(date)), ""), time, "{date}");
        }
        for none in ["", "now", "1994-11-06T08:49:37Z", "784111000"] {
            assert_eq!(shown(none, ""), NOW, "{none}");
        }
    }

    #[test]
    fn a_clock_that_is_a_day_off_is_believed_at_any_moment_of_a_second() {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        for millis in [0, 1, 499, 999] {
            let now = at(NOW) + Duration::from_millis(millis);
            // A date leaves the fraction out, whoever's clock it is of.
            for theirs in [now + DAY, now - DAY] {
                let clock = Clock::of(&headers(&[("date", &*httpdate::fmt_http_date(theirs))]), now);
                let seconds = theirs.duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
                assert_eq!(clock.time, Duration::from_secs(seconds), "{millis} ms, {theirs:?}");
            }
        }
    }

    #[test]
    fn the_time_that_a_cache_has_kept_a_date_is_over() {
        let date = httpdate::fmt_http_date(at(NOW - 600));
        for (age, time) in [("600", NOW), ("590", NOW - 10), ("0", NOW - 600), ("old", NOW - 600)] {
            assert_eq!(shown(&date, age), time, "{age}");
        }
        assert_eq!(shown(&date, "99999999999999999999999"), NOW);
    }

    #[test]
    fn what_is_over_is_not_waited_for() {
        let clock = Clock::of(&HeaderMap::new(), at(NOW));
        for (time, wait) in [(0, 0), (NOW - 1, 0), (NOW, 0), (NOW + 1, 1), (u64::MAX, u64::MAX - NOW)] {
            assert_eq!(clock.until(Duration::from_secs(time)), Duration::from_secs(wait), "{time}");
        }
    }

    #[test]
    fn a_clock_before_1970_is_taken_as_1970() {
        let clock = Clock::of(&HeaderMap::new(), UNIX_EPOCH - Duration::from_secs(60));
        assert_eq!(clock.until(Duration::from_secs(5)), Duration::from_secs(5));
    }
}
