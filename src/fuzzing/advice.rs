//! What a server's header fields ask: a status, a time, and a field a line, of which the first byte tells the name.
//!
//! Promises that are held: no wait is longer than the longest, and a quota's reset is neither that nor zero; only digits
//! and dates are a wait, and digits are what they say; fields that are no advice, and the order of names, change nothing.
//!
//! What surprises: what no `HeaderValue` can hold never comes in from the network either, so it is left out.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::input::Input;
use crate::fetch::advice::{Advice, LONGEST};

pub(super) const TOKENS: &[&[u8]] = &[
    b"\n",
    b"0120",
    b"18446744073709551616",
    b"Sun, 06 Nov 1994 08:51:37 GMT",
    b"Fri, 31 Dec 9999 23:59:59 GMT",
    b"Sunday, 06-Nov-94 08:51:37 GMT",
    b"Sun Nov  6 08:51:37 1994",
    b"\"a\";r=0;t=9",
    b";r=",
    b";t=",
    b"limit=9, remaining=1, reset=30",
    b"\"a\";q=100;w=60",
    b"\"",
    b"\\",
    b",",
    b"1.5",
    b"784111777",
    b"784111777000",
    b" ",
    b"\xff",
];

const NAMES: [&str; 12] = [
    "retry-after",
    "ratelimit",
    "ratelimit-policy",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "date",
    "age",
    "x-other",
];

pub(super) fn hold(data: &[u8]) {
    let mut input = Input(data);
    let status = 200 + u16::try_from(input.number(2) % 800).expect("below 800");
    let now = UNIX_EPOCH + Duration::from_secs(input.number(4));
    let mut fields = Vec::new();
    while !input.is_empty() {
        let name = HeaderName::from_static(NAMES[usize::from(input.byte()) % NAMES.len()]);
        if let Ok(value) = HeaderValue::from_bytes(input.until(b'\n')) {
            fields.push((name, value));
        }
    }
    let headers: HeaderMap = fields.iter().cloned().collect();
    let advice = Advice::of(status, &headers, now);
    assert!(advice.wait.is_none_or(|wait| wait <= LONGEST), "{advice:?}");
    assert!(advice.quota.is_none_or(|quota| !quota.reset.is_zero() && quota.reset <= LONGEST), "{advice:?}");

    let mut reordered = fields.clone();
    // Stable: the order of equal names says which are pairs.
    reordered.sort_by(|(one, _), (other, _)| other.as_str().cmp(one.as_str()));
    reordered.push((header::RETRY_AFTER, HeaderValue::from_static("soon")));
    reordered.push((HeaderName::from_static("ratelimit"), HeaderValue::from_static("none")));
    assert_eq!(Advice::of(status, &reordered.into_iter().collect(), now), advice, "{headers:?}");

    waits_for_what_is_said(status, &headers, advice);
}

fn waits_for_what_is_said(status: u16, headers: &HeaderMap, advice: Advice) {
    let values: Vec<_> =
        headers.get_all(header::RETRY_AFTER).iter().map(|value| value.to_str().unwrap_or("")).collect();
    let trimmed = values.iter().map(|value| value.trim_matches([' ', '\t']));
    let digits = |value: &&str| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let said =
        trimmed.clone().filter(digits).map(|value| value.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    let is_meant = matches!(status, 300..=399 | 413 | 429) || status / 100 == 5;
    let is_date = |value: &str| httpdate::parse_http_date(value).is_ok();
    match advice.wait {
        Some(wait) => {
            assert!(is_meant, "a wait for {status}");
            assert!(said.max().is_none_or(|said| wait >= said), "{values:?} is {wait:?}");
            assert!(trimmed.clone().any(|value| digits(&value) || is_date(value)), "{values:?} is {wait:?}");
        }
        None => assert!(!is_meant || said.max().is_none(), "{values:?} is no wait"),
    }
}
