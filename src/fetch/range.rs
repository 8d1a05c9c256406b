//! Going on with a body that was cut: what may be asked for the rest, and whether an answer is that rest.
//!
//! Promises: parts are only put together under the same strong validator (RFC 9110 §13.1.5, §14.4, §15.3.7.3), and
//! where the answer says exactly that it begins where the first part ended and goes to the end.
//!
//! What surprises: RFC 9110 lets a server leave `Last-Modified` out of a part. Then nobody can tell what the part is of,
//! and it does not count.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// A time is only as good as a tag where the answer came so much later (RFC 9110 §8.8.2.2 asks for a second, and for
/// enough to make the clocks' difference unlikely).
const SETTLED: Duration = Duration::from_secs(60);

/// A validator that tells any two versions apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Strong {
    /// An entity tag.
    Tag(HeaderValue),
    /// A time.
    Time(HeaderValue),
}

impl Strong {
    /// The strong validator of an answer, if it has one.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        if let Some(tag) = headers.get(header::ETAG) {
            let is_strong =
                tag.as_bytes().len() >= 2 && tag.as_bytes().starts_with(b"\"") && tag.as_bytes().ends_with(b"\"");
            return is_strong.then(|| Self::Tag(tag.clone()));
        }
        let time = headers.get(header::LAST_MODIFIED)?;
        let [changed, answered] = [time, headers.get(header::DATE)?]
            .map(|value| value.to_str().ok().and_then(|text| httpdate::parse_http_date(text).ok()));
        let is_settled = answered?.duration_since(changed?).is_ok_and(|age| age >= SETTLED);
        is_settled.then(|| Self::Time(time.clone()))
    }

    /// What asks for everything from this byte on, or for all where the validator does not hold any more.
    pub(crate) fn ask_from(&self, from: u64) -> [(HeaderName, HeaderValue); 2] {
        let range = HeaderValue::from_str(&format!("bytes={from}-")).expect("digits are a header's value");
        let (Self::Tag(validator) | Self::Time(validator)) = self;
        [(header::RANGE, range), (header::IF_RANGE, validator.clone())]
    }

    fn is_of(&self, headers: &HeaderMap) -> bool {
        match self {
            Self::Tag(tag) => headers.get(header::ETAG) == Some(tag),
            Self::Time(time) => headers.get(header::LAST_MODIFIED) == Some(time),
        }
    }

    /// The size of the whole, if the answer (206) is the rest of it from this byte on.
    pub(crate) fn rest(&self, headers: &HeaderMap, from: u64, whole: Option<u64>) -> Option<u64> {
        let mut ranges = headers.get_all(header::CONTENT_RANGE).iter();
        let (Some(range), None) = (ranges.next(), ranges.next()) else { return None };
        let (first, last, size) = content_range(range.to_str().ok()?)?;
        let fits = first == from && last.checked_add(1) == Some(size) && whole.is_none_or(|whole| whole == size);
        (fits && self.is_of(headers)).then_some(size)
    }
}

/// First and last byte and the size of the whole: `bytes 5-9/10` (RFC 9110 §14.4). None for what is not known, or not
/// consistent.
pub(crate) fn content_range(value: &str) -> Option<(u64, u64, u64)> {
    let (range, size) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, size) = (number(first)?, number(last)?, number(size)?);
    (first <= last && last < size).then_some((first, last, size))
}

fn number(text: &str) -> Option<u64> {
    // `parse` takes a plus sign too. Zeros in front, which RFC 9110 allows and nobody writes, are not worth an exception
    // to what the test holds: what is accepted is what we would have written.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    is_plain.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::field::headers, *};

    const TIME: &str = "Wed, 21 Oct 2015 07:28:00 GMT";

    #[test]
    fn only_a_whole_and_consistent_range_is_one() {
        for (text, read) in [
            ("bytes 5-9/10", Some((5, 9, 10))),
            ("bytes 0-0/1", Some((0, 0, 1))),
            (
                "bytes 18446744073709551614-18446744073709551614/18446744073709551615",
                Some((u64::MAX - 1, u64::MAX - 1, u64::MAX)),
            ),
            ("bytes 5-10/10", None),
            ("bytes 6-5/10", None),
            ("bytes 5-9/*", None),
            ("bytes */10", None),
            ("bytes +5-9/10", None),
            ("bytes 05-9/10", None),
            ("bytes 00-9/10", None),
            ("bytes 5-9/010", None),
            ("bytes 5-9/10 ", None),
            ("bytes  5-9/10", None),
            ("bytes=5-9/10", None),
            ("Bytes 5-9/10", None),
            ("bytes 5-9", None),
            ("bytes 5-9/99999999999999999999", None),
            ("bytes -9/10", None),
            ("bytes 5-/10", None),
            ("", None),
        ] {
            assert_eq!(content_range(text), read, "{text:?}");
        }
    }

    #[test]
    fn only_what_tells_any_two_versions_apart_is_strong() {
        let (tag, later) = (HeaderValue::from_static("\"a\""), "Wed, 21 Oct 2015 07:29:00 GMT");
        for (fields, strong) in [
            (vec![("etag", "\"a\"")], Some(Strong::Tag(tag.clone()))),
            (vec![("etag", "\"a\""), ("last-modified", TIME)], Some(Strong::Tag(tag))),
            (vec![("etag", "W/\"a\"")], None),
            (vec![("etag", "W/\"a\""), ("last-modified", TIME), ("date", later)], None),
            (vec![("etag", "a")], None),
            (vec![("etag", "\"")], None),
            (vec![("last-modified", TIME), ("date", later)], Some(Strong::Time(HeaderValue::from_static(TIME)))),
            (vec![("last-modified", TIME), ("date", "Wed, 21 Oct 2015 07:28:59 GMT")], None),
            (vec![("last-modified", TIME), ("date", "Wed, 21 Oct 2015 07:20:00 GMT")], None),
            (vec![("last-modified", TIME)], None),
            (vec![("last-modified", "yesterday"), ("date", later)], None),
            (vec![], None),
        ] {
            assert_eq!(Strong::of(&headers(&fields)), strong, "{fields:?}");
        }
    }

    #[test]
    fn only_the_exact_rest_of_the_same_version_goes_on() {
        let tag = Strong::Tag(HeaderValue::from_static("\"a\""));
        let whole = Some(10);
        for (fields, whole, size) in [
            (vec![("content-range", "bytes 5-9/10"), ("etag", "\"a\"")], whole, Some(10)),
            (vec![("content-range", "bytes 5-9/10"), ("etag", "\"a\"")], None, Some(10)),
            (vec![("content-range", "bytes 4-9/10"), ("etag", "\"a\"")], whole, None),
            (vec![("content-range", "bytes 6-9/10"), ("etag", "\"a\"")], whole, None),
            (vec![("content-range", "bytes 5-8/10"), ("etag", "\"a\"")], whole, None),
            (vec![("content-range", "bytes 5-10/11"), ("etag", "\"a\"")], whole, None),
            (vec![("content-range", "bytes 5-9/10"), ("etag", "\"b\"")], whole, None),
            (vec![("content-range", "bytes 5-9/10"), ("etag", "W/\"a\"")], whole, None),
            (vec![("content-range", "bytes 5-9/10")], whole, None),
            (vec![("content-type", "multipart/byteranges; boundary=x"), ("etag", "\"a\"")], whole, None),
            (
                vec![("content-range", "bytes 5-9/10"), ("content-range", "bytes 0-9/10"), ("etag", "\"a\"")],
                whole,
                None,
            ),
        ] {
            assert_eq!(tag.rest(&headers(&fields), 5, whole), size, "{fields:?}");
        }
        let time = Strong::Time(HeaderValue::from_static(TIME));
        let part = ("content-range", "bytes 5-9/10");
        assert_eq!(time.rest(&headers(&[part, ("last-modified", TIME)]), 5, whole), Some(10));
        assert_eq!(time.rest(&headers(&[part]), 5, whole), None);
    }

    proptest! {
        #[test]
        fn no_text_is_a_danger(text in "\\PC{0,40}|bytes [0-9*+ -]{0,25}/[0-9*]{0,25}") {
            if let Some((first, last, size)) = content_range(&text) {
                prop_assert!(first <= last && last < size);
                prop_assert_eq!(text, format!("bytes {first}-{last}/{size}"));
            }
        }
    }
}
