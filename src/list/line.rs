//! One line of a list: an entry, and the checksum that may stand behind it.
//!
//! Promises: what comes out is text without control characters, or a fault with an excerpt that can be shown; no bytes
//! make it panic. [`Entry::to_line`] gives a line that reads as the same entry.
//!
//! What surprises: only what looks like a checksum (`word:…`, but no URL) is taken for one behind a tab. Any other tab
//! is a control character like the rest, so that a table with columns is not taken for a list of codes.

use std::{borrow::Cow, fmt::Write as _};

use thiserror::Error;

use super::Entry;
use crate::link::{visible, without_secrets};

/// Longest line in bytes, its newline not counted.
pub const MAX_LINE: usize = 64 * 1024;

/// How much of a faulty line is kept for the report, in characters.
const MAX_EXCERPT: usize = 200;

/// The one algorithm of checksums in lists.
const ALGORITHM: &str = "sha256";

/// Why a line is no entry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LineError {
    /// Longer than [`MAX_LINE`].
    #[error("line longer than {} KiB", MAX_LINE / 1024)]
    TooLong,
    /// Not UTF-8.
    #[error("line is not UTF-8")]
    NotUtf8,
    /// A control character, such as an escape, or a tab without a checksum behind it.
    #[error("line holds the control character U+{:04X}", u32::from(*.0))]
    Control(char),
    /// What stands behind the tab is a checksum of another kind, or a broken one.
    #[error("checksum is not written as sha256: and 64 hexadecimal digits")]
    Checksum,
}

/// What a line says.
pub(super) enum Line<'a> {
    /// Nothing.
    Blank,
    /// An entry, perhaps with what its file must hash to.
    Entry { text: &'a str, sha256: Option<[u8; 32]> },
    /// No entry, with what can be shown of it.
    Faulty(Box<str>, LineError),
}

/// Reads a line, of which what comes first and last has been trimmed as far as it is ASCII.
pub(super) fn parse(line: &[u8]) -> Line<'_> {
    let Ok(text) = std::str::from_utf8(line) else { return faulty(line, LineError::NotUtf8) };
    let (entry, checksum) = split(trim(text));
    // Behind blanks that are not ASCII a comment is only seen here.
    if entry.is_empty() || entry.starts_with('#') {
        return Line::Blank;
    }
    if let Some(control) = entry.chars().find(|character| character.is_control()) {
        return faulty(line, LineError::Control(control));
    }
    match checksum.map(|checksum| sha256(checksum).ok_or(LineError::Checksum)).transpose() {
        Ok(sha256) => Line::Entry { text: entry, sha256 },
        Err(error) => faulty(entry.as_bytes(), error),
    }
}

/// A line that is no entry, with what can be shown of it.
pub(super) fn faulty(line: &[u8], error: LineError) -> Line<'static> {
    let text = readable(line);
    // Before it is cut: of half a password nothing tells that it is one.
    let text = if text.contains("://") { without_secrets(&text) } else { text };
    let excerpt: String = text.chars().take(MAX_EXCERPT).collect();
    Line::Faulty(visible(&excerpt).into(), error)
}

/// A line's text, with each byte that is none written as an escape.
fn readable(line: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(line) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(line.len() + 16);
    for chunk in line.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("writing to a String cannot fail");
        }
    }
    Cow::Owned(text)
}

/// Without the blanks around it. Byte order marks in front go with them: they stand inside a list that was put together
/// of several, and what is written as a first line must not lose one.
fn trim(text: &str) -> &str {
    text.trim_start_matches(|character: char| character.is_whitespace() || character == '\u{feff}').trim_end()
}

/// An entry, and what looks like a checksum behind the last tab.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once('\t') {
        Some((entry, rest)) if is_like_checksum(rest.trim_start()) => (entry.trim_end(), Some(rest.trim_start())),
        _ => (text, None),
    }
}

/// Whether it is some algorithm's name and a colon, but not a URL.
fn is_like_checksum(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, rest)| {
        !algorithm.is_empty()
            && algorithm.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !rest.starts_with("//")
    })
}

fn sha256(checksum: &str) -> Option<[u8; 32]> {
    let (algorithm, digits) = checksum.split_once(':')?;
    if !algorithm.eq_ignore_ascii_case(ALGORITHM) || digits.len() != 64 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(hash)
}

/// The digits of a hash, in lower case.
pub(crate) fn hex(hash: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * hash.len());
    for byte in hash {
        write!(digits, "{byte:02x}").expect("writing to a String cannot fail");
    }
    digits
}

impl Entry {
    /// The line that says this entry: its text, with the checksum that it came with.
    pub fn to_line(&self) -> Cow<'_, str> {
        match &self.sha256 {
            None => Cow::Borrowed(&self.text),
            Some(hash) => Cow::Owned(format!("{}\t{ALGORITHM}:{}", self.text, hex(hash))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a line reads as: its text with its checksum's first byte, or why it is none with its excerpt.
    fn read(line: &str) -> String {
        match parse(line.as_bytes()) {
            Line::Blank => "blank".into(),
            Line::Entry { text, sha256: None } => text.into(),
            Line::Entry { text, sha256: Some(hash) } => format!("{text} {:02x}", hash[0]),
            Line::Faulty(excerpt, error) => format!("{excerpt:?} {error:?}"),
        }
    }

    #[test]
    fn a_checksum_stands_behind_a_tab_with_blanks_around_it_and_in_either_case() {
        let (lower, upper) = ("ab".repeat(32), "AB".repeat(32));
        for (line, expected) in [
            (format!("cn\tsha256:{lower}"), "cn ab"),
            (format!("cn \t  SHA256:{upper}"), "cn ab"),
            (format!("a b\t\t\u{3000}sha256:{lower}\u{3000}"), "a b ab"),
            (format!("http://h/x?a=b:c\tSha256:{}", "0F".repeat(32)), "http://h/x?a=b:c 0f"),
            // Without a tab it belongs to the entry.
            ("cn sha256:x".into(), "cn sha256:x"),
            ("\t sha256:x".trim_ascii().into(), "sha256:x"),
        ] {
            assert_eq!(read(&line), expected, "{line:?}");
        }
    }

    #[test]
    fn a_checksum_that_is_none_is_told_with_its_entry_and_another_tab_is_a_control_character() {
        let good = "0a".repeat(32);
        for checksum in [
            "sha256:".into(),
            format!("sha256:{}", &good[1..]),
            format!("sha256:{good}0"),
            format!("sha256:{}g", &good[1..]),
            format!("sha256:{}é", &good[2..]),
            format!("sha256:+{}", &good[1..]),
            format!("sha256: {good}"),
            format!("sha256:{good} # why"),
            format!("sha256::{}", &good[1..]),
            format!("sha-256:{good}"),
            "sha256:\x1b[31m".into(),
            "md5:d41d8cd98f00b204e9800998ecf8427e".into(),
            format!("sha512:{good}{good}"),
        ] {
            assert_eq!(read(&format!("cn\t{checksum}")), "\"cn\" Checksum", "{checksum:?}");
        }
        for (line, excerpt) in [
            ("cn\tin", r"cn\tin"),
            ("cn\thttp://h/x", r"cn\thttp://h/x"),
            ("cn\tin\tmd5:0", r"cn\tin\tmd5:0"),
            ("cn\tmd5:0\tin", r"cn\tmd5:0\tin"),
            ("cn\t:0", r"cn\t:0"),
        ] {
            assert_eq!(read(line), format!("{excerpt:?} Control('\\t')"), "{line:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_shown_as_escapes() {
        for (line, excerpt) in [
            (&b"\xff\xfe"[..], r"\xff\xfe"),
            (b"caf\xe9 \x1b[31m\x9b\xc3", r"caf\xe9 \u{1b}[31m\x9b\xc3"),
            (b"ftp://u:\xff@h/\xfe?k=\xfd", r"ftp://h/\xfe?\u{2026}"),
        ] {
            let Line::Faulty(shown, LineError::NotUtf8) = parse(line) else { panic!("{line:?} is text") };
            assert_eq!(shown.replace('\u{2026}', r"\u{2026}"), excerpt);
        }
    }

    proptest! {
        #[test]
        fn what_is_given_back_reads_as_the_same_entry(
            text in "[^\\pC\\s#](\\PC{0,30}[^\\pC\\s])?",
            sha256 in any::<Option<[u8; 32]>>(),
        ) {
            let entry = Entry { list: "list".into(), line: 1, text: text.into(), sha256 };
            let line = entry.to_line();
            let Line::Entry { text, sha256 } = parse(line.as_bytes()) else { panic!("{line:?} is no entry") };
            prop_assert_eq!((text, sha256), (&*entry.text, entry.sha256));
        }

        #[test]
        fn no_line_is_a_danger(line in "(\\PC{0,9}[\\t ]{0,3}){0,3}(sha256|md5)?:?[0-9a-fA-Fé]{0,70}") {
            parse(line.as_bytes());
        }
    }
}
