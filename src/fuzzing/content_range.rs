//! `Content-Range`, and the answer that it stands in: a first byte's place, the size if it is known, then a field a line.
//!
//! Promises that are held: what is accepted is consistent and prints back as it was written; an answer only counts as
//! the rest under the same strong validator, from exactly that byte to exactly the end.
//!
//! What surprises: a value is tried by itself too, as text, because headers cannot hold every text.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::input::Input;
use crate::fetch::range::{Strong, content_range};

pub(super) const TOKENS: &[&[u8]] = &[
    b"bytes ",
    b"bytes 5-9/10",
    b"-",
    b"/",
    b"*",
    b"+",
    b"0",
    b"18446744073709551615",
    b"18446744073709551616",
    b"\"a\"",
    b"W/\"a\"",
    b"Wed, 21 Oct 2015 07:28:00 GMT",
    b"Wed, 21 Oct 2015 07:29:00 GMT",
    b"\n",
    b" ",
];

const NAMES: [HeaderName; 5] =
    [header::CONTENT_RANGE, header::ETAG, header::LAST_MODIFIED, header::DATE, header::CONTENT_LENGTH];

pub(super) fn hold(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        prints_back(text);
    }
    let mut input = Input(data);
    let (from, known) = (input.number(1), input.number(1));
    let (mut before, mut after) = (HeaderMap::new(), HeaderMap::new());
    while !input.is_empty() {
        let kind = usize::from(input.byte());
        let Ok(value) = HeaderValue::from_bytes(input.until(b'\n')) else { continue };
        if let Ok(text) = value.to_str() {
            prints_back(text);
        }
        let headers = if (kind / NAMES.len()).is_multiple_of(2) { &mut before } else { &mut after };
        headers.append(NAMES[kind % NAMES.len()].clone(), value);
    }
    // The same version, as far as the first answer tells it, and another.
    let mut same = before.clone();
    if let Some(range) = after.get(header::CONTENT_RANGE) {
        same.insert(header::CONTENT_RANGE, range.clone());
    }
    for headers in [&after, &same] {
        is_the_exact_rest(&before, headers, from, (known > 0).then_some(known));
    }
}

fn prints_back(text: &str) {
    if let Some((first, last, size)) = content_range(text) {
        assert!(first <= last && last < size, "{text:?}");
        assert_eq!(text, format!("bytes {first}-{last}/{size}"));
    }
}

fn is_the_exact_rest(before: &HeaderMap, after: &HeaderMap, from: u64, whole: Option<u64>) {
    let Some(strong) = Strong::of(before) else { return };
    let asked = strong.ask_from(from);
    assert_eq!(asked[0].1, format!("bytes={from}-"));
    let Some(size) = strong.rest(after, from, whole) else { return };
    assert!(whole.is_none_or(|whole| whole == size), "{size} is not {whole:?}");
    assert_eq!(after[header::CONTENT_RANGE], format!("bytes {from}-{}/{size}", size - 1));
    let validator = &asked[1].1;
    let shown = after.get(if validator.as_bytes().starts_with(b"\"") { header::ETAG } else { header::LAST_MODIFIED });
    assert_eq!(shown, Some(validator));
    assert_eq!(strong.rest(after, from + 1, whole), None, "the rest from one byte later is the same");
}
