//! What a client gets of something that has a version: all of it, a part, or
//! the word that it has not changed.
//!
//! Promises: the preconditions are judged in the order of RFC 9110, 13.2.2;
//! one range is answered with 206; several ranges, or ones that do not parse,
//! are answered whole, which the RFC allows; `If-Range` with another version
//! gets the whole new one.
//!
//! What surprises: `If-Modified-Since` is not looked at when there is an
//! `If-None-Match`, and only GET knows ranges.

use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    LAST_MODIFIED, RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};

/// One version of something that can be asked for.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    etag: HeaderValue,
    modified: SystemTime,
    last_modified: HeaderValue,
    length: u64,
    media_type: HeaderValue,
}

/// What a request asks of a document, after its preconditions and its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The client has this version.
    Unchanged,
    /// All bytes.
    Whole,
    /// From the first byte to the last, both included.
    Part { first: u64, last: u64 },
    /// A range of which this version has nothing.
    OutOfRange,
}

impl Document {
    /// `version` differs between versions; `modified` counts in whole seconds.
    pub(crate) fn new(version: u64, modified: SystemTime, length: u64, media_type: HeaderValue) -> Document {
        let modified = whole_seconds(modified);
        Document {
            etag: visible(&format!("\"{version:016x}\"")),
            modified,
            last_modified: visible(&httpdate::fmt_http_date(modified)),
            length,
            media_type,
        }
    }

    /// Reads what a request asks for.
    pub(crate) fn asked(&self, method: &Method, headers: &HeaderMap) -> Asked {
        if self.is_known(headers) {
            return Asked::Unchanged;
        }
        match text(headers, &RANGE) {
            Some(range) if *method == Method::GET && self.may_continue(headers) => {
                self.part(range).unwrap_or(Asked::Whole)
            }
            _ => Asked::Whole,
        }
    }

    /// The answer to what was asked, where `body` has just the bytes asked for.
    pub(crate) fn answer(&self, asked: Asked, body: Body) -> Response<Body> {
        let (status, length, range) = match asked {
            Asked::Unchanged => (StatusCode::NOT_MODIFIED, None, None),
            Asked::Whole => (StatusCode::OK, Some(self.length), None),
            Asked::Part { first, last } => {
                let range = format!("bytes {first}-{last}/{}", self.length);
                (StatusCode::PARTIAL_CONTENT, Some(last - first + 1), Some(range))
            }
            Asked::OutOfRange => {
                let range = format!("bytes */{}", self.length);
                (StatusCode::RANGE_NOT_SATISFIABLE, Some(0), Some(range))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(ETAG, self.etag.clone());
        headers.insert(LAST_MODIFIED, self.last_modified.clone());
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            headers.insert(CONTENT_TYPE, self.media_type.clone());
        }
        if let Some(range) = range {
            headers.insert(CONTENT_RANGE, visible(&range));
        }
        response
    }

    /// Whether the client says that it has this version.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        if headers.contains_key(IF_NONE_MATCH) {
            let listed = headers.get_all(IF_NONE_MATCH).iter();
            return listed
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .map(str::trim)
                // Weak comparison (RFC 9110, 8.8.3.2).
                .any(|etag| etag == "*" || self.etag == *etag.trim_start_matches("W/"));
        }
        let since = text(headers, &IF_MODIFIED_SINCE).and_then(|since| httpdate::parse_http_date(since).ok());
        since.is_some_and(|since| self.modified <= since)
    }

    /// Whether the bytes that the client has are of this version, as far as it tells.
    fn may_continue(&self, headers: &HeaderMap) -> bool {
        headers.get(IF_RANGE).is_none_or(|version| *version == self.etag || *version == self.last_modified)
    }

    /// Reads one range of bytes (RFC 9110, 14.1.2); nothing if it is none.
    fn part(&self, range: &str) -> Option<Asked> {
        let (unit, range) = range.split_once('=')?;
        let (first, last) = range.trim().split_once('-')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let end = self.length.saturating_sub(1);
        let (first, last) = match (first, last) {
            ("", count) => (self.length.saturating_sub(number(count)?), end),
            (first, "") => (number(first)?, end),
            (first, last) if number(first)? <= number(last)? => (number(first)?, number(last)?),
            _ => return None,
        };
        if first >= self.length {
            return Some(Asked::OutOfRange);
        }
        let last = last.min(end);
        Some(Asked::Part { first, last })
    }
}

/// Digits only; a number that is too large for any file reads as the largest.
fn number(digits: &str) -> Option<u64> {
    let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| digits.parse().unwrap_or(u64::MAX))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn visible(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("only digits, letters and marks are put into these")
}

/// HTTP's dates know no fractions, so neither may what they are compared with.
/// A time before 1970 counts as 1970.
fn whole_seconds(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    SystemTime::UNIX_EPOCH + Duration::from_secs(since.unwrap_or_default().as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

    fn asked(length: u64, request: &[(HeaderName, &str)]) -> Asked {
        let modified = httpdate::parse_http_date(DAY).unwrap() + Duration::from_millis(900);
        let document = Document::new(0xabc, modified, length, HeaderValue::from_static("a/b"));
        let mut headers = HeaderMap::new();
        for (name, value) in request {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        document.asked(&Method::GET, &headers)
    }

    #[test]
    fn preconditions_tell_whether_it_changed() {
        let mine = "\"0000000000000abc\"";
        for (request, known) in [
            (&[(IF_NONE_MATCH, mine)][..], true),
            (&[(IF_NONE_MATCH, &format!("W/{mine}"))], true),
            (&[(IF_NONE_MATCH, &format!("\"x\", {mine}"))], true),
            (&[(IF_NONE_MATCH, "*")], true),
            (&[(IF_NONE_MATCH, "\"x\"")], false),
            (&[(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, DAY)], false),
            (&[(IF_MODIFIED_SINCE, DAY)], true),
            (&[(IF_MODIFIED_SINCE, "Wed, 31 Dec 2025 23:59:59 GMT")], false),
            (&[(IF_MODIFIED_SINCE, "yesterday")], false),
            (&[], false),
        ] {
            assert_eq!(asked(9, request) == Asked::Unchanged, known, "{request:?}");
        }
    }

    #[test]
    fn one_range_is_a_part() {
        let part = |first, last| Asked::Part { first, last };
        for (range, expected) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=10-19", part(10, 19)),
            ("bytes=10-", part(10, 99)),
            ("bytes=90-500", part(90, 99)),
            ("bytes=90-99999999999999999999999", part(90, 99)),
            ("bytes=-10", part(90, 99)),
            ("bytes=-500", part(0, 99)),
            ("BYTES=1-2", part(1, 2)),
            ("bytes=100-", Asked::OutOfRange),
            ("bytes=-0", Asked::OutOfRange),
            ("bytes=5-4", Asked::Whole),
            ("bytes=200-100", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
            ("lines=1-2", Asked::Whole),
        ] {
            assert_eq!(asked(100, &[(RANGE, range)]), expected, "{range}");
        }
        assert_eq!(asked(0, &[(RANGE, "bytes=-5")]), Asked::OutOfRange);
    }

    #[test]
    fn a_range_of_another_version_gets_the_whole() {
        for (version, expected) in [
            ("\"0000000000000abc\"", Asked::Part { first: 5, last: 8 }),
            (DAY, Asked::Part { first: 5, last: 8 }),
            ("\"x\"", Asked::Whole),
            ("W/\"0000000000000abc\"", Asked::Whole),
            ("Fri, 02 Jan 2026 00:00:00 GMT", Asked::Whole),
        ] {
            let request = [(RANGE, "bytes=5-"), (IF_RANGE, version)];
            assert_eq!(asked(9, &request), expected, "{version}");
        }
    }
}
