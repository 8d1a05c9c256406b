//! How much is left of the quotas that a server tells: `RateLimit`, its older drafts, and what came before them.
//!
//! Promises: no bytes make it panic. A quota's reset is never zero, so a rate can be made of it, and never longer
//! than [`LONGEST`].
//!
//! What surprises:
//! - A quota that a cache has kept is none: others have used it since
//!   (draft-ietf-httpapi-ratelimit-headers-11 §7.3).
//! - `RateLimit` does not tell the unit of its quota. One that is counted in bytes is taken for requests, which
//!   only makes it look looser than it is, until it is used up.

use std::{cmp::Ordering, time::Duration};

use http::{HeaderMap, HeaderName};

use super::{
    clock::{Clock, LONGEST, seconds},
    field,
};

/// A reset beyond this is no delay, which would be of three years, but a time since 1970.
const EPOCH_SECONDS: Duration = Duration::from_secs(100_000_000);

/// A reset beyond this is a time in milliseconds, as JavaScript has it: in seconds it would be the year 5138.
const EPOCH_MILLISECONDS: Duration = Duration::from_secs(100_000_000_000);

/// The fields for what is left and for when it is reset: of drafts 0 to 6, and what they were made of.
const PAIRS: [(&str, &str); 3] = [
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
];

/// What is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    /// How many requests may still be made until it is reset.
    pub(crate) remaining: u64,
    /// How long it is until then; never zero.
    pub(crate) reset: Duration,
}

impl Quota {
    /// None where a number is missing, and where the time of the reset has come: then nobody knows what is left.
    fn told(remaining: Option<Duration>, reset: Option<Duration>, clock: Clock) -> Option<Self> {
        let reset = match reset? {
            time if time > EPOCH_MILLISECONDS => clock.until(time / 1000),
            time if time > EPOCH_SECONDS => clock.until(time),
            delay => delay,
        };
        // Half a request is none.
        let remaining = remaining?.as_secs();
        (!reset.is_zero()).then(|| Self { remaining, reset: reset.min(LONGEST) })
    }

    /// The tighter first: fewer requests a time, and of equal rates the one that holds for longer.
    fn compare(&self, other: &Self) -> Ordering {
        // `remaining / reset`, multiplied out: 64 bits of requests and 59 of nanoseconds (`LONGEST`).
        let ours = u128::from(self.remaining) * other.reset.as_nanos();
        let theirs = u128::from(other.remaining) * self.reset.as_nanos();
        ours.cmp(&theirs).then(other.reset.cmp(&self.reset))
    }
}

/// Whether there is a field with such a name at all.
pub(crate) fn may_be_told(headers: &HeaderMap) -> bool {
    headers.keys().map(HeaderName::as_str).any(|name| name.contains("ratelimit") || name.contains("rate-limit"))
}

/// The tightest quota of those that are told.
pub(crate) fn tightest(headers: &HeaderMap, clock: Clock) -> Option<Quota> {
    if clock.age > Duration::ZERO {
        return None;
    }
    let windows: Vec<_> = field::values(headers, "ratelimit-policy").flat_map(|value| windows(&value)).collect();
    let current = field::values(headers, "ratelimit").flat_map(|value| policies(&value, &windows, clock));
    let paired = PAIRS.into_iter().flat_map(|(remaining, reset)| pairs(headers, remaining, reset, clock));
    current.chain(paired).min_by(Quota::compare)
}

/// What a `RateLimit` field tells: `"name";r=1;t=30`, one a policy, or draft 7's `limit=9, remaining=1, reset=30`.
///
/// Where `t` is missing, the policy's own window of the same name stands for it: the reset is no later than that.
fn policies(value: &str, windows: &[(String, String)], clock: Clock) -> Vec<Quota> {
    let window = |policy: &str| windows.iter().find(|(name, _)| name == name_of(policy)).map(|(_, window)| &**window);
    let policies = field::split(value, ',')
        .map(|policy| (field::value(policy, ';', "r"), field::value(policy, ';', "t").or_else(|| window(policy))));
    let single = (field::value(value, ',', "remaining"), field::value(value, ',', "reset"));
    let quota =
        |(remaining, reset): (Option<&str>, Option<&str>)| Quota::told(decimal(remaining?), decimal(reset?), clock);
    policies.chain([single]).filter_map(quota).collect()
}

/// The windows of a `RateLimit-Policy` field, `"name";q=100;w=60`, with the names of their policies.
fn windows(value: &str) -> Vec<(String, String)> {
    let window = |policy: &str| Some((name_of(policy).to_owned(), field::value(policy, ';', "w")?.to_owned()));
    field::split(value, ',').filter_map(window).collect()
}

fn name_of(policy: &str) -> &str {
    field::split(policy, ';').next().unwrap_or_default()
}

/// What two fields tell together. Where there are several of each, they belong together in their order.
fn pairs(headers: &HeaderMap, remaining: &'static str, reset: &'static str, clock: Clock) -> Vec<Quota> {
    let (remaining, reset) = (decimals(headers, remaining), decimals(headers, reset));
    remaining.into_iter().zip(reset).filter_map(|(remaining, reset)| Quota::told(remaining, reset, clock)).collect()
}

/// The numbers in all fields of a name, with an empty place for what is no number.
fn decimals(headers: &HeaderMap, name: &'static str) -> Vec<Option<Duration>> {
    let numbers = |value: &str| field::split(value, ',').map(decimal).collect::<Vec<_>>();
    field::values(headers, name).flat_map(|value| numbers(&value)).collect()
}

/// Digits, with or without a fraction, to the nanosecond; parameters after it are passed over.
/// A type of time, because it is exact and cannot be negative.
fn decimal(value: &str) -> Option<Duration> {
    let number = field::split(value, ';').next()?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole = seconds(whole)?;
    seconds(fraction)?;
    let nanoseconds = format!("{fraction:0<9.9}").parse().ok()?;
    Some(Duration::new(whole.as_secs(), nanoseconds))
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::{super::field::headers, *};

    /// When the answers of these tests come: Sun, 06 Nov 1994 08:49:37 GMT.
    const NOW: u64 = 784_111_777;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn quota_of(fields: &[(&'static str, &str)]) -> Option<(u64, Duration)> {
        let headers = headers(fields);
        tightest(&headers, Clock::of(&headers, at(NOW))).map(|quota| (quota.remaining, quota.reset))
    }

    #[test]
    fn quotas_are_read_in_all_their_spellings() {
        for (value, told) in [
            (r#""default";r=50;t=30"#, Some((50, 30))),
            ("default;r=50;t=30", Some((50, 30))),
            (r#" "default" ; t=30;pk=:cHsdsRa894==: ;r=50 "#, Some((50, 30))),
            (r#""a,b;r=7;t=7";r=50;t=30"#, Some((50, 30))),
            (r#""a\"b";r=50;t=30"#, Some((50, 30))),
            ("t;r=0;t=9", Some((0, 9))),
            (r#""burst";r=90;t=60,"daily";r=10;t=86400"#, Some((10, 86_400))),
            (r#""bad";r=x;t=60, "good";r=5;t=60"#, Some((5, 60))),
            (r#""default";r=0;t=30"#, Some((0, 30))),
            ("limit=100, remaining=50, reset=30", Some((50, 30))),
            (r#""default";r=50"#, None),
            (r#""default";t=30"#, None),
            (r#""default";r=50;t=0"#, None),
            (r#""default";r=-1;t=30"#, None),
            (r#""default";r="0";t=30"#, None),
            (r#""never closed;r=0;t=30"#, None),
            ("", None),
        ] {
            let told = told.map(|(remaining, reset)| (remaining, Duration::from_secs(reset)));
            assert_eq!(quota_of(&[("ratelimit", value)]), told, "{value}");
        }
    }

    #[test]
    fn where_the_time_is_missing_the_policys_window_stands_for_it() {
        let policy = ("ratelimit-policy", r#""short";q=10;w=5, "long";q=100;w=60"#);
        for (value, told) in
            [(r#""long";r=0"#, Some((0, 60))), (r#""long";r=3;t=7"#, Some((3, 7))), ("other;r=0", None)]
        {
            let told = told.map(|(remaining, reset)| (remaining, Duration::from_secs(reset)));
            assert_eq!(quota_of(&[policy, ("ratelimit", value)]), told, "{value}");
        }
    }

    #[test]
    fn quotas_are_read_from_the_older_fields_too() {
        let epoch = (NOW + 90).to_string();
        let milliseconds = (NOW * 1000 + 90_500).to_string();
        let fraction = format!("{epoch}.25");
        let huge = "99999999999999999999999999";
        for (remaining, reset, told) in [
            ("3", "30", Some((3, SECOND * 30))),
            (" 3 ", " 30 ", Some((3, SECOND * 30))),
            ("3.9", "0.5", Some((3, SECOND / 2))),
            ("0.5", "1.0000000009", Some((0, SECOND))),
            ("3;w=60", "30;w=60", Some((3, SECOND * 30))),
            ("10, 3", "10, 3600", Some((3, SECOND * 3600))),
            ("3", "100000000", Some((3, Duration::from_secs(100_000_000)))),
            ("3", &epoch, Some((3, SECOND * 90))),
            ("3", &fraction, Some((3, Duration::from_millis(90_250)))),
            ("3", &milliseconds, Some((3, Duration::from_millis(90_500)))),
            (huge, huge, Some((u64::MAX, LONGEST))),
            ("3", "100000001", None),
            ("3", "0", None),
            ("-1", "30", None),
            ("3", "-1", None),
            ("3.", "30", None),
            ("3", ".5", None),
            ("3", "1. 5", None),
            ("3", "1e3", None),
            ("3", "2010-06-25T15:00:00Z", None),
            ("", "", None),
        ] {
            for (left, until) in PAIRS {
                assert_eq!(quota_of(&[(left, remaining), (until, reset)]), told, "{remaining} {reset}");
            }
        }
    }

    #[test]
    fn a_time_of_reset_is_compared_with_the_clock_of_who_wrote_it() {
        let fields = [
            ("date", "Sun, 06 Nov 1994 08:54:37 GMT"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", &*(NOW + 360).to_string()),
        ];
        assert_eq!(quota_of(&fields), Some((0, SECOND * 60)));
    }

    #[test]
    fn a_quota_without_its_reset_is_none() {
        assert_eq!(quota_of(&[("x-ratelimit-remaining", "0")]), None);
        assert_eq!(quota_of(&[("x-ratelimit-reset", "30")]), None);
        assert_eq!(quota_of(&[("x-ratelimit-remaining", "0"), ("ratelimit-reset", "30")]), None);
        assert_eq!(quota_of(&[("ratelimit-remaining", "x, 5"), ("ratelimit-reset", "30")]), None);
    }

    #[test]
    fn the_tightest_quota_is_told() {
        let tightest = |ratelimit, remaining, reset| {
            quota_of(&[("ratelimit", ratelimit), ("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", reset)])
        };
        assert_eq!(tightest("a;r=100;t=60", "1", "10"), Some((1, SECOND * 10)));
        assert_eq!(tightest("a;r=1;t=60", "1", "10"), Some((1, SECOND * 60)));
        // Nothing left goes before all else, and the longest of those first.
        assert_eq!(tightest("a;r=0;t=1", "1", "3600"), Some((0, SECOND)));
        assert_eq!(tightest("a;r=0;t=1, b;r=0;t=9, c;r=0;t=5", "0", "3"), Some((0, SECOND * 9)));
        // The same rate for longer.
        assert_eq!(tightest("a;r=1;t=10", "6", "60"), Some((6, SECOND * 60)));
        // What is over asks nothing.
        assert_eq!(tightest("a;r=0;t=0", "6", "60"), Some((6, SECOND * 60)));
    }

    #[test]
    fn a_quota_that_a_cache_has_kept_is_none() {
        for (age, told) in [("0", true), ("old", true), ("1", false), ("99999999999999999999999", false)] {
            assert_eq!(quota_of(&[("ratelimit", "a;r=0;t=9"), ("age", age)]).is_some(), told, "{age}");
        }
    }

    proptest! {
        #[test]
        fn the_tightest_does_not_depend_on_the_order(
            mut told in proptest::collection::vec((0u64..5, 1u64..5), 1..6), turn in 0usize..6,
        ) {
            let list = |told: &[(u64, u64)]| {
                told.iter().map(|(remaining, reset)| format!("a;r={remaining};t={reset}")).collect::<Vec<_>>().join(",")
            };
            let first = quota_of(&[("ratelimit", &list(&told))]);
            let places = turn % told.len();
            told.rotate_left(places);
            prop_assert_eq!(first, quota_of(&[("ratelimit", &list(&told))]));
        }
    }
}
