//! The lines of a robots.txt (RFC 9309 §2.2), one at a time, whatever the bytes are.
//!
//! Promises: at most [`Rules::LONGEST`] bytes are looked at, and a line that this limit cuts is left out, because
//! its beginning would say more than the line does. Lines that are not understood are not there.
//!
//! What surprises: the mistakes that Google's parser forgives are forgiven too, but its prefixes are not: for it,
//! `DisallowAITraining: /` says `Disallow: /`.

use super::{Rules, Verdict};

/// A line that says something to us.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'text> {
    /// `User-agent: VALUE`.
    Agent(&'text [u8]),
    /// `Allow: VALUE` or `Disallow: VALUE`.
    Rule(Verdict, &'text [u8]),
    /// `Crawl-delay: VALUE`, which RFC 9309 does not know but many files have.
    CrawlDelay(&'text [u8]),
}

/// The lines that say something to us, in their order.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    // An empty line between CR and LF is as good as none.
    without_mark(whole_lines(text)).split(is_line_end).filter_map(read)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "`split` asks for this")]
fn is_line_end(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// The text up to the limit, without the line that the limit cuts.
fn whole_lines(text: &[u8]) -> &[u8] {
    if text.len() <= Rules::LONGEST {
        return text;
    }
    let end = text[..=Rules::LONGEST].iter().rposition(is_line_end);
    &text[..end.unwrap_or_default()]
}

/// The text without its byte order mark, of which some files have only the beginning.
fn without_mark(text: &[u8]) -> &[u8] {
    let mark = b"\xef\xbb\xbf";
    let length = text.iter().zip(mark).take_while(|(byte, expected)| byte == expected).count();
    &text[length..]
}

fn read(line: &[u8]) -> Option<Line<'_>> {
    let line = line.split(|byte| *byte == b'#').next()?.trim_ascii();
    let (key, value) = halves(line, |byte| byte == b':').or_else(|| two_words(line))?;
    let is = |names: &[&str]| names.iter().any(|name| key.eq_ignore_ascii_case(name.as_bytes()));
    if is(&["user-agent", "useragent", "user agent"]) {
        Some(Line::Agent(value))
    } else if is(&["disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"]) {
        Some(Line::Rule(Verdict::Disallow, value))
    } else if is(&["allow"]) {
        Some(Line::Rule(Verdict::Allow, value))
    } else if is(&["crawl-delay"]) {
        Some(Line::CrawlDelay(value))
    } else {
        None
    }
}

/// What stands on both sides of the first separator.
fn halves(line: &[u8], is_separator: impl Fn(u8) -> bool) -> Option<(&[u8], &[u8])> {
    let place = line.iter().position(|byte| is_separator(*byte))?;
    Some((line[..place].trim_ascii(), line[place + 1..].trim_ascii()))
}

/// A line whose colon was forgotten. With more than two words it is more likely to be prose.
fn two_words(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t');
    halves(line, is_space).filter(|(_, value)| !value.iter().any(|byte| is_space(*byte)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &[u8]) -> Vec<Line<'_>> {
        lines(text).collect()
    }

    const AGENT: Line<'_> = Line::Agent(b"flagdl");
    const DISALLOW: Line<'_> = Line::Rule(Verdict::Disallow, b"/x");

    #[test]
    fn a_line_is_read_as_its_author_meant_it() {
        for text in [
            "Disallow: /x",
            "disallow:/x",
            "DISALLOW\t:\t/x",
            "  dIsAlLoW : /x  ",
            "Disallow: /x # why",
            "Disallow: /x#why",
            "Disallow /x",
            "Disallow\t \t/x",
            "Disalow: /x",
            "Dissallow: /x",
        ] {
            assert_eq!(all(text.as_bytes()), [DISALLOW], "{text}");
        }
        for text in ["User-agent: flagdl", "useragent: flagdl", "User Agent : flagdl", "USER-AGENT flagdl"] {
            assert_eq!(all(text.as_bytes()), [AGENT], "{text}");
        }
        assert_eq!(all(b"Allow:"), [Line::Rule(Verdict::Allow, b"")]);
        assert_eq!(all(b"Disallow: /a:b c"), [Line::Rule(Verdict::Disallow, b"/a:b c")]);
        assert_eq!(all(b"Crawl-Delay: 1.5 # s"), [Line::CrawlDelay(b"1.5")]);
    }

    #[test]
    fn other_lines_are_not_there() {
        for text in [
            "",
            "# Disallow: /x",
            "Sitemap: https://h/sitemap.xml",
            "Disallow",
            ": /x",
            "Disallow /x y",
            "DisallowAITraining: /x",
            "Allowed: /x",
            "<a href=\"https://h/\">Disallow: /x</a>",
        ] {
            assert_eq!(all(text.as_bytes()), [], "{text}");
        }
    }

    #[test]
    fn lines_end_in_each_of_the_three_ways() {
        for end in ["\n", "\r", "\r\n", "\n\r\n", "\n\n"] {
            let text = ["User-agent: flagdl", "Disallow: /x"].join(end);
            assert_eq!(all(text.as_bytes()), [AGENT, DISALLOW], "{end:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_or_its_beginning_is_skipped() {
        for mark in [&b"\xef\xbb\xbf"[..], b"\xef\xbb", b"\xef", b""] {
            assert_eq!(all(&[mark, b"User-agent: flagdl\nDisallow: /x"].concat()), [AGENT, DISALLOW], "{mark:?}");
        }
        // Anywhere else it is a part of a line that is not understood.
        assert_eq!(all(b"User-agent: flagdl\n\xef\xbb\xbfDisallow: /x"), [AGENT]);
        assert_eq!(all(b"\xef\x11\xbfUser-agent: flagdl\nDisallow: /x"), [DISALLOW]);
    }

    #[test]
    fn the_line_that_the_limit_cuts_is_left_out() {
        for more in 0..14 {
            // The line is whole up to the limit, or `more` bytes of it stand behind the limit.
            let line = b"\nDisallow: /x";
            let filling = vec![b'#'; Rules::LONGEST - line.len() + more];
            let end = [&filling[..], line].concat();
            let followed = [&end[..], b"\nAllow: /"].concat();
            let expected = &[DISALLOW][..usize::from(more == 0)];
            assert_eq!(all(&end), expected, "{more} bytes are cut");
            assert_eq!(all(&followed), expected, "{more} bytes are cut, and more follows");
        }
        assert_eq!(all(&vec![b'x'; 2 * Rules::LONGEST]), []);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = all(&bytes);
        }
    }
}
