//! Path patterns: what stands behind `Allow` and `Disallow`, and whether a path matches it.
//!
//! Promises: pattern and path are brought into one spelling before they are compared (RFC 9309 §2.2.2): what is
//! not ASCII is percent-encoded, unreserved characters are not, hexadecimal digits are upper case. Matching takes
//! time linear in path and pattern, however many `*` there are: no part of the path is gone over twice.
//!
//! What surprises: where RFC 9309 would percent-encode `:`, `@` and the like on both sides, both stay plain here.
//! What matches is the same, and patterns keep the length that their author sees, which decides between them.
//! Delimiters are different: `/` and `%2F` are two things in a path (RFC 3986 §2.2), and one in a query, where
//! neither delimits anything (the table of examples in RFC 9309 §2.2.2).

use percent_encoding::percent_encode_byte;

/// A pattern in the one spelling: `*` stands for any text, a last `$` for the end of the path; where they stand
/// for themselves they are percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern(Box<str>);

impl Pattern {
    pub(super) fn parse(text: &[u8]) -> Self {
        // RFC 9309 §2.2.3: `$` designates the end of the pattern; anywhere else it is a character.
        let (body, end) = text.strip_suffix(b"$").map_or((text, ""), |body| (body, "$"));
        Self((spell(body, Side::Pattern) + end).into())
    }

    /// How specific it is (RFC 9309 §2.2.2); `*` and `$` count, as they do for Google's parser.
    pub(super) fn octets(&self) -> usize {
        self.0.len()
    }

    pub(super) fn matches(&self, target: &Target) -> bool {
        self.matches_spelling(&target.as_written)
            || target.open_query.as_ref().is_some_and(|path| self.matches_spelling(path))
    }

    /// Takes each text between two `*` at its first place, which leaves the most for those that follow: if the
    /// pattern matches at all, it matches so, and there is nothing to go back for.
    fn matches_spelling(&self, path: &str) -> bool {
        let (body, is_to_the_end) = self.0.strip_suffix('$').map_or((&*self.0, false), |body| (body, true));
        let mut pieces = body.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = path.strip_prefix(first) else { return false };
        let Some(last) = pieces.next_back() else { return rest.is_empty() || !is_to_the_end };
        for piece in pieces {
            let Some(place) = rest.find(piece) else { return false };
            rest = &rest[place + piece.len()..];
        }
        if is_to_the_end { rest.ends_with(last) } else { rest.contains(last) }
    }
}

/// A path with its query, in the spellings that patterns are compared with.
pub(super) struct Target {
    as_written: String,
    /// With the query's `%2F` and `%3F` as `/` and `?`, if it has any. The other spelling stays, for a pattern such
    /// as `/*%2F`, which does not tell whether it means the query.
    open_query: Option<String>,
}

impl Target {
    pub(super) fn new(path_and_query: &str) -> Self {
        let as_written = spell(path_and_query.as_bytes(), Side::Path);
        let open_query = Some(spell(path_and_query.as_bytes(), Side::OpenPath)).filter(|open| *open != as_written);
        Self { as_written, open_query }
    }

    /// The path in the one spelling, the delimiters of its query as they were written.
    pub(super) fn as_str(&self) -> &str {
        &self.as_written
    }
}

/// What is being spelled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// A pattern, whose `*` is special and whose `?` begins a query.
    Pattern,
    /// A path as it is written.
    Path,
    /// A path in whose query nothing but `&`, `=`, `+` and `;` delimits.
    OpenPath,
}

/// What is never percent-encoded, besides letters and digits: the other unreserved characters (RFC 3986 §2.3), and
/// the reserved ones that delimit nothing behind the host.
const PLAIN: &[u8] = b"-._~:@!'(),[]";

/// The one spelling of a text (RFC 9309 §2.2.2). A `%` that begins no escape stays what it is.
fn spell(text: &[u8], side: Side) -> String {
    let mut spelled = String::with_capacity(text.len());
    let mut is_query = false;
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let escaped = escaped_octet(rest);
        let octet = escaped.unwrap_or(first);
        let is_written_plain = escaped.is_none();
        rest = if is_written_plain { after } else { &rest[3..] };
        is_query |= is_written_plain && octet == b'?';
        let is_plain = match octet {
            _ if octet.is_ascii_alphanumeric() || PLAIN.contains(&octet) => true,
            b'/' | b'?' => is_written_plain || (is_query && side != Side::Path),
            b'&' | b'=' | b'+' | b';' | b'%' => is_written_plain,
            b'*' => is_written_plain && side == Side::Pattern,
            _ => false,
        };
        if is_plain { spelled.push(char::from(octet)) } else { spelled.push_str(percent_encode_byte(octet)) }
    }
    spelled
}

/// The octet of the escape that a text begins with.
fn escaped_octet(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Pattern::parse(pattern.as_bytes()).matches(&Target::new(path))
    }

    #[test]
    fn patterns_are_prefixes_with_wildcards() {
        for (pattern, matching, others) in [
            ("/", &["/", "/a", "/?q", "//"][..], &[][..]),
            ("/fish", &["/fish", "/fish.html", "/fish/a", "/fishes", "/fish?x=1"], &["/Fish", "/catfish", "/?x=fish"]),
            ("/fish*", &["/fish", "/fishes/a"], &["/Fish", "/?x=fish"]),
            ("/fish/", &["/fish/", "/fish/a", "/fish/?x"], &["/fish", "/fish.html", "/Fish/a"]),
            ("/*.php", &["/a.php", "/b/a.php?x", "/a.php/", "/i?f=a.php/"], &["/php", "/i?php", "/a.PHP"]),
            ("/*.php$", &["/a.php", "/b/a.php", "/a.php.php"], &["/a.php?x", "/a.php/", "/a.php5", "/a"]),
            ("/fish*.php", &["/fish.php", "/fishes/a.php?x"], &["/Fish.PHP", "/fish.ph"]),
            ("/$", &["/"], &["/a", "/?"]),
            ("*.gif$", &["/a.gif", "/b/a.gif"], &["/a.gif?x", "/a.png"]),
            ("*", &["/", "/a"], &[]),
            ("/a**b", &["/ab", "/axb"], &["/a"]),
            ("/a*b*c$", &["/abc", "/axbxc", "/abcbc"], &["/ac", "/abcb"]),
            // The last piece may not lie over the one before.
            ("/ab*b$", &["/abb", "/ab/b"], &["/ab"]),
            // Only a last `$` is special.
            ("/a$b", &["/a$b", "/a%24b"], &["/a"]),
            ("/a$$", &["/a$"], &["/a", "/a$b"]),
            // The first octet must match (RFC 9309 §2.2.2).
            ("a", &[], &["/a"]),
        ] {
            for path in matching {
                assert!(matches(pattern, path), "{pattern} does not match {path}");
            }
            for path in others {
                assert!(!matches(pattern, path), "{pattern} matches {path}");
            }
        }
    }

    #[test]
    fn both_sides_are_brought_into_one_spelling() {
        for (pattern, path) in [
            // The table of RFC 9309 §2.2.2, and each of its rows the other way round.
            ("/foo/bar?baz=quz", "/foo/bar?baz=quz"),
            ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https%3A%2F%2Ffoo.bar"),
            ("/foo/bar?baz=https%3A%2F%2Ffoo.bar", "/foo/bar?baz=https://foo.bar"),
            ("/foo/bar/\u{30c4}", "/foo/bar/%E3%83%84"),
            ("/foo/bar/%E3%83%84", "/foo/bar/\u{30c4}"),
            ("/foo/bar/%E3%83%84", "/foo/bar/%e3%83%84"),
            ("/foo/bar/%62%61%7A", "/foo/bar/baz"),
            ("/foo/bar/baz", "/foo/bar/%62%61%7a"),
            // The table of §2.2.3.
            ("/path/file-with-a-%2A.html", "/path/file-with-a-*.html"),
            ("/path/file-with-a-%2a.html", "/path/file-with-a-%2A.html"),
            ("/path/foo-%24", "/path/foo-$"),
            // Characters that delimit nothing, and some that a URL may not hold at all.
            ("/wiki/Special:", "/wiki/Special%3ASearch"),
            ("/a%40b", "/a@b"),
            ("/?a[]=", "/?a%5B%5D=1"),
            ("/a b", "/a%20b"),
            ("/a|b", "/a%7Cb"),
            // A query may hold a slash in either spelling, whether or not the pattern shows that it means a query.
            ("/*/private/", "/?u=/private/"),
            ("/*/private/", "/?u=%2Fprivate%2F"),
            ("/*%2F", "/?u=%2Fprivate"),
            // What begins no escape stands for itself, or for the beginning of any.
            ("/a%zz", "/a%zz"),
            ("/a%", "/a%20b"),
        ] {
            assert!(matches(pattern, path), "{pattern} does not match {path}");
        }
    }

    #[test]
    fn delimiters_are_not_what_their_escapes_are() {
        for (pattern, path) in [
            ("/a/b", "/a%2Fb"),
            ("/a%2Fb", "/a/b"),
            ("/a?b", "/a%3Fb"),
            ("/?a=b&c", "/?a=b%26c"),
            ("/?a+b", "/?a%2Bb"),
            ("/file-with-a-%2A", "/file-with-a-b"),
            ("/%2562", "/b"),
        ] {
            assert!(!matches(pattern, path), "{pattern} matches {path}");
        }
    }

    #[test]
    fn a_pattern_is_as_long_as_its_author_sees_it() {
        for (pattern, octets) in
            [("/a:b", 4), ("/a%3Ab", 4), ("/*.gif$", 7), ("/%62", 2), ("/a%20", 5), ("/\u{30c4}", 10)]
        {
            assert_eq!(Pattern::parse(pattern.as_bytes()).octets(), octets, "{pattern}");
        }
    }

    #[test]
    fn many_wildcards_take_no_more_time_than_few() {
        let path = format!("/{}", "a".repeat(8000));
        let begun = Instant::now();
        for pattern in ["*a".repeat(7000) + "b", "*a".repeat(250_000), format!("*{}b", "a".repeat(4000)).repeat(50)] {
            assert!(!matches(&pattern, &path));
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }

    /// The meaning of a pattern, word by word: tries every length for each `*`.
    fn reference(pattern: &[u8], path: &[u8]) -> bool {
        match pattern {
            [] => true,
            b"$" => path.is_empty(),
            [b'*', pattern @ ..] => (0..=path.len()).any(|taken| reference(pattern, &path[taken..])),
            [first, pattern @ ..] => path.first() == Some(first) && reference(pattern, &path[1..]),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn matching_agrees_with_the_reference(pattern in "/?[ab*]{0,7}\\$?", path in "/[ab]{0,9}") {
            prop_assert_eq!(matches(&pattern, &path), reference(pattern.as_bytes(), path.as_bytes()));
        }

        #[test]
        fn spelling_twice_is_spelling_once(text in "(%[0-9A-Fa-f]{2}|[/?&=a:;* é]){0,12}") {
            for side in [Side::Path, Side::OpenPath, Side::Pattern] {
                let once = spell(text.as_bytes(), side);
                prop_assert_eq!(spell(once.as_bytes(), side), once);
            }
        }

        #[test]
        fn a_path_matches_itself_as_a_pattern(path in "/(%[0-9A-Fa-f]{2}|[/?&=a:; é]){0,12}") {
            prop_assert!(matches(&path, &path));
        }
    }
}
