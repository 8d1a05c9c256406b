//! What a server's header fields ask of its clients: how long to wait, and how much is left of a quota.
//!
//! Promises: no bytes make it panic, and no wait is longer than [`LONGEST`], so that it can be added to any time.
//! A `Retry-After` that RFC 9110 §10.2.3 does not allow counts as absent.
//!
//! What surprises: a `Retry-After` out of a cache counts, while a quota out of one does not. Where both are told,
//! `wait` goes before `quota` (draft-ietf-httpapi-ratelimit-headers-11 §7).

use std::time::{Duration, SystemTime};

use http::HeaderMap;

pub(crate) use super::{clock::LONGEST, quota::Quota};
use super::{
    clock::{Clock, date, seconds},
    field, quota,
};

/// What a server asks of its clients, besides what it answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Advice {
    /// How long nothing is to be asked: the largest valid `Retry-After`. None where there is none or none is valid.
    pub(crate) wait: Option<Duration>,
    /// What is left of a quota, the tightest of those that are told.
    pub(crate) quota: Option<Quota>,
}

impl Advice {
    /// Reads the advice out of an answer that came at `now`.
    pub(crate) fn of(status: u16, headers: &HeaderMap, now: SystemTime) -> Self {
        // Most answers say nothing of it, and each name that is looked up costs.
        if !may_say_to_wait(status) && !quota::may_be_told(headers) {
            return Self::default();
        }
        let clock = Clock::of(headers, now);
        Self { wait: wait(status, headers, clock), quota: quota::tightest(headers, clock) }
    }
}

/// The largest valid `Retry-After`, where the status gives it a meaning.
///
/// RFC 9110 §10.2.3 names 503 and redirects, §15.5.14 names 413 and RFC 6585 §4 names 429. The other 5xx are as
/// 503: a server that says when to come back knows that it is unwell, whatever number it has for that.
fn wait(status: u16, headers: &HeaderMap, clock: Clock) -> Option<Duration> {
    if !may_say_to_wait(status) {
        return None;
    }
    field::values(headers, "retry-after").filter_map(|value| retry_after(&value, clock)).max()
}

fn may_say_to_wait(status: u16) -> bool {
    matches!(status, 300..=399 | 413 | 429 | 500..=599)
}

/// `delay-seconds` or any of the three forms of `HTTP-date`.
fn retry_after(value: &str, clock: Clock) -> Option<Duration> {
    let wait = seconds(value).or_else(|| Some(clock.until(date(value)?)))?;
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use http::HeaderValue;
    use proptest::prelude::*;

    use super::{super::field::headers, *};

    /// When the answers of these tests come: Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's examples.
    const NOW: u64 = 784_111_777;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn advice(status: u16, fields: &[(&'static str, &str)]) -> Advice {
        Advice::of(status, &headers(fields), at(NOW))
    }

    fn waits(fields: &[(&'static str, &str)]) -> Option<Duration> {
        advice(429, fields).wait
    }

    #[test]
    fn only_what_the_standard_allows_is_a_wait() {
        for (value, seconds) in [
            ("0", Some(0)),
            ("5", Some(5)),
            (" 5 ", Some(5)),
            ("\t5\t", Some(5)),
            ("00000000000000000000000005", Some(5)),
            ("120", Some(120)),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("1e9", None),
            ("0x5", None),
            ("5s", None),
            ("5, 6", None),
            ("5 6", None),
            ("٥", None),
            ("", None),
            (" ", None),
            ("soon", None),
            ("315360000", Some(LONGEST.as_secs())),
            ("315360001", Some(LONGEST.as_secs())),
            ("18446744073709551616", Some(LONGEST.as_secs())),
            ("100000000000000000000", Some(LONGEST.as_secs())),
            ("Sun, 06 Nov 1994 08:51:37 GMT", Some(120)),
            (" Sun, 06 Nov 1994 08:51:37 GMT ", Some(120)),
            ("Sunday, 06-Nov-94 08:51:37 GMT", Some(120)),
            ("Sun Nov  6 08:51:37 1994", Some(120)),
            ("Tue, 06 Dec 1994 08:49:37 GMT", Some(30 * 24 * 60 * 60)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:47:37 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(LONGEST.as_secs())),
            ("Mon, 06 Nov 1994 08:51:37 GMT", None),
            ("Sun, 06 Nov 1994 08:51:37 PST", None),
            ("Sun, 06 Nov 1994 25:51:37 GMT", None),
            ("Wed, 30 Feb 1994 08:51:37 GMT", None),
            ("1994-11-06T08:51:37Z", None),
        ] {
            assert_eq!(waits(&[("retry-after", value)]), seconds.map(Duration::from_secs), "{value:?}");
        }
        assert_eq!(waits(&[]), None);
    }

    #[test]
    fn the_largest_valid_wait_of_all_fields_counts() {
        let (soon, later) = ("Sun, 06 Nov 1994 08:49:42 GMT", "Sun, 06 Nov 1994 08:50:37 GMT");
        for (first, second, seconds) in [
            ("5", "60", Some(60)),
            ("60", "5", Some(60)),
            ("garbage", "5", Some(5)),
            ("5", "-60", Some(5)),
            ("30", later, Some(60)),
            (soon, "30", Some(30)),
            ("garbage", "-1", None),
        ] {
            let wait = waits(&[("retry-after", first), ("retry-after", second)]);
            assert_eq!(wait, seconds.map(Duration::from_secs), "{first} {second}");
        }
    }

    #[test]
    fn a_wait_counts_only_where_it_has_a_meaning() {
        let wait = |status| advice(status, &[("retry-after", "5")]).wait;
        for status in [300, 301, 304, 399, 413, 429, 500, 501, 503, 529, 599] {
            assert_eq!(wait(status), Some(Duration::from_secs(5)), "{status}");
        }
        for status in [200, 206, 299, 400, 403, 404, 412, 414, 428, 430, 600, 999] {
            assert_eq!(wait(status), None, "{status}");
        }
    }

    #[test]
    fn a_date_is_compared_with_the_clock_of_who_wrote_it() {
        let fields = |ahead: &str, until: &str| waits(&[("date", ahead), ("retry-after", until)]);
        let five_minutes_ahead = "Sun, 06 Nov 1994 08:54:37 GMT";
        assert_eq!(fields(five_minutes_ahead, "Sun, 06 Nov 1994 08:55:37 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(fields(five_minutes_ahead, "60"), Some(Duration::from_secs(60)));
        assert_eq!(fields("soon", "Sun, 06 Nov 1994 08:55:37 GMT"), Some(Duration::from_secs(360)));
    }

    #[test]
    fn quotas_count_on_any_status_and_beside_any_wait() {
        let quota = Some(Quota { remaining: 0, reset: Duration::from_secs(9) });
        for (status, wait) in [(200, None), (206, None), (301, Some(5)), (404, None), (429, Some(5)), (503, Some(5))] {
            let told = advice(status, &[("ratelimit", "a;r=0;t=9"), ("retry-after", "5")]);
            assert_eq!(told, Advice { wait: wait.map(Duration::from_secs), quota }, "{status}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_no_advice_and_hide_none() {
        let fields = headers(&[
            ("retry-after", &b"\xff\xfe"[..]),
            ("retry-after", b"5\xa0"),
            ("retry-after", b"4"),
            ("ratelimit", b"\"caf\xe9\";r=0;t=9"),
            ("x-ratelimit-remaining", b"\xff"),
            ("date", b"\x80"),
        ]);
        let quota = Some(Quota { remaining: 0, reset: Duration::from_secs(9) });
        assert_eq!(Advice::of(429, &fields, at(NOW)), Advice { wait: Some(Duration::from_secs(4)), quota });
    }

    /// Names that are read, and values that come near to what is read, or are any bytes.
    fn any_field() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
        const NAMES: [&str; 6] =
            ["retry-after", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset", "date", "age"];
        let near =
            "[0-9]{1,25}(\\.[0-9]{0,12})?|(a|\"[a-z,;\\\\]*\")?(;[rt]=[0-9]{0,22}){0,3}|remaining=[0-9]*, reset=[0-9]*";
        let date = "(Sun|Monday)?,? ?[0-9]{2}[ -](Nov|Feb)[ -]([0-9]{2}){1,2} [0-9]{2}:[0-9]{2}:[0-9]{2} (GMT)?";
        let value = prop_oneof![near.prop_map(String::into_bytes), date.prop_map(String::into_bytes), any::<Vec<u8>>()];
        (proptest::sample::select(&NAMES[..]), value)
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_wait_for_ever(
            status in 200u16..1000, now in 0u64..10_000_000_000, fields in proptest::collection::vec(any_field(), 0..9),
        ) {
            let mut headers = HeaderMap::new();
            for (name, bytes) in fields {
                if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                    headers.append(name, value);
                }
            }
            let advice = Advice::of(status, &headers, UNIX_EPOCH + Duration::from_secs(now));
            prop_assert!(advice.wait.is_none_or(|wait| wait <= LONGEST));
            prop_assert!(advice.quota.is_none_or(|quota| !quota.reset.is_zero() && quota.reset <= LONGEST));
        }
    }
}
