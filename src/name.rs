//! A file name that every system takes, and that cannot be anything but one name in one folder.
//!
//! Promises: a [`Name`] is one path component, at most [`MAX_NAME`] bytes of UTF-8, never `.`, `..`, hidden,
//! a device of Windows (`CON`, `COM¹`, …) or anything with a separator, a control or a direction character.
//! The encoding is reversible: what is not portable, and `%` itself, is written as `%XX` of its UTF-8 bytes,
//! so different texts get different names (unless they are cut; then the caller's hash tells them apart).
//!
//! What surprises: `Name`s that differ only in case, or in how accents are encoded, count as one: systems do that.

use std::{fmt, fmt::Write as _};

use icu_normalizer::DecomposingNormalizerBorrowed;

use crate::link::{Link, is_deceptive};

/// Longest name in bytes: what ext4, APFS and NTFS all take, less nothing: staged files have names of their own.
pub const MAX_NAME: usize = 255;

/// The folder in a folder for downloads that is flagdl's own. No [`Name`] is hidden, so no entry can have it.
pub(crate) const OWN_FOLDER: &str = ".flagdl";

/// Room that is kept for `~` and a hash when a name is cut or told apart.
const HASH_ROOM: usize = 65;

/// Longest extension, in bytes, that is carried over when a name gets a hash.
const MAX_EXTENSION: usize = 16;

/// The name of a link whose path ends in a slash.
const INDEX: &str = "index";

/// A portable file name: one path component that cannot leave its folder.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<str>);

impl Name {
    /// Makes a name of any text. Where it has to be cut, the hash of `link` tells it from others.
    pub(crate) fn new(text: &str, link: &Link) -> Self {
        if is_plain(text) {
            return Self(text.into());
        }
        let name = encode(if text.is_empty() { INDEX } else { text });
        if name.len() <= MAX_NAME { Self(name.into()) } else { Self(name.into()).with_hash(link, 8) }
    }

    /// Makes a name of a link's last path segment, percent-decoded where that gives text.
    pub(crate) fn of_link(link: &Link) -> Self {
        let segment = link.last_segment();
        match percent_encoding::percent_decode_str(segment).decode_utf8() {
            Ok(text) => Self::new(&text, link),
            Err(_) => Self::new(segment, link),
        }
    }

    /// A name that was stored as text; none where it is no name that could have been given.
    pub(crate) fn of_stored(text: &str) -> Option<Self> {
        // What `%` was put for is not put again.
        let is_encoded = |text: &str| !text.is_empty() && text.len() <= MAX_NAME && encode(text) == text;
        (is_plain(text) || are_escapes_whole(text) && is_encoded(&text.replace('%', "_"))).then(|| Self(text.into()))
    }

    /// `name~<hex digits of the link's SHA-256>.ext`, at most 64 of them, cut to length before the `~`.
    pub(crate) fn with_hash(&self, link: &Link, digits: usize) -> Self {
        let digest = link.digest();
        let (stem, extension) = self.split_extension();
        let mut name = cut(stem, MAX_NAME - HASH_ROOM - MAX_EXTENSION).to_owned();
        name.push('~');
        for byte in &digest[..digits.div_ceil(2).min(32)] {
            write!(name, "{byte:02x}").expect("writing to a String cannot fail");
        }
        name.push_str(extension);
        Self(name.into())
    }

    /// Stem and extension, the extension with its dot, or empty where it is none that people know.
    fn split_extension(&self) -> (&str, &str) {
        match self.0.rfind('.') {
            Some(dot) if dot > 0 && self.0.len() - dot <= MAX_EXTENSION => self.0.split_at(dot),
            _ => (&self.0, ""),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key under which two names are the same file on a system that ignores case (Windows), or case and the way
    /// in which accents are encoded (macOS): a canonical caseless match (the Unicode Standard, D145).
    pub(crate) fn folded(&self) -> String {
        if self.0.is_ascii() {
            return self.0.to_ascii_lowercase();
        }
        let decomposed = DecomposingNormalizerBorrowed::new_nfd();
        let folded: String = decomposed.normalize(&self.0).chars().flat_map(fold).collect();
        decomposed.normalize(&folded).into_owned()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({})", self.0)
    }
}

impl AsRef<std::path::Path> for Name {
    fn as_ref(&self) -> &std::path::Path {
        self.as_str().as_ref()
    }
}

/// The usual case, decided without an allocation: short, and of characters that no system minds.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= MAX_NAME
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
        && !matches!(bytes[0], b'.' | b'-')
        && bytes[bytes.len() - 1] != b'.'
        && !is_device(text)
}

/// Takes the case away, at least as far as any system does: `ẞ`, `ß` and `SS` are one, and so are `K` and the sign for
/// kelvins. Character by character, since a final sigma is no other letter here.
fn fold(character: char) -> impl Iterator<Item = char> {
    character.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

fn encode(text: &str) -> String {
    let device = is_device(text);
    let last = text.chars().count() - 1;
    let mut name = String::with_capacity(text.len() + 8);
    for (index, character) in text.chars().enumerate() {
        let first = index == 0 && (device || matches!(character, '.' | '-' | '~'));
        let trailing = index == last && matches!(character, '.' | ' ');
        if first || trailing || !is_portable(character) {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                write!(name, "%{byte:02X}").expect("writing to a String cannot fail");
            }
        } else {
            name.push(character);
        }
    }
    name
}

/// Whether each `%` has its two digits behind it, as [`encode`] writes them.
fn are_escapes_whole(text: &str) -> bool {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    text.split('%').skip(1).all(|rest| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(is_digit)))
}

fn is_portable(character: char) -> bool {
    // Reserved by Windows, separators, and `%` because it is the escape.
    !is_deceptive(character) && !matches!(character, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '%')
}

/// Names that Windows gives to devices, whatever follows the first dot
/// ("Naming Files, Paths, and Namespaces"; the superscripts are RUSTSEC-2024-0445).
fn is_device(text: &str) -> bool {
    let stem = text.split('.').next().unwrap_or_default().trim_end_matches(' ');
    if !(3..=8).contains(&stem.len()) {
        return false;
    }
    let stem = stem.to_ascii_uppercase();
    if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return true;
    }
    let Some(number) = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT")) else { return false };
    matches!(number, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
}

/// The longest start of `text` that has at most `length` bytes and ends between characters and escapes.
fn cut(text: &str, length: usize) -> &str {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end < text.len()
        && let Some(escape) = text[..end].rfind('%')
        && end - escape < 3
    {
        end = escape;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    fn link() -> Link {
        Link::parse("http://h/x").expect("a link")
    }

    fn name(text: &str) -> String {
        Name::new(text, &link()).as_str().to_owned()
    }

    fn decoded(name: &str) -> String {
        percent_encoding::percent_decode_str(name).decode_utf8().expect("names encode text").into_owned()
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for text in ["cn.jpg", "A_b-c.tar.gz", "été.png", "a b.jpg", "日本.webp", "con_man.jpg", "a~b.jpg"] {
            assert_eq!(name(text), text);
        }
    }

    #[test]
    fn what_is_not_portable_is_encoded() {
        for (text, expected) in [
            ("", "index"),
            (".", "%2E"),
            ("..", "%2E%2E"),
            (".flagdl", "%2Eflagdl"),
            ("../../etc/x", "%2E.%2F..%2Fetc%2Fx"),
            ("C:\\x", "C%3A%5Cx"),
            ("a/../../b", "a%2F..%2F..%2Fb"),
            ("-rf.jpg", "%2Drf.jpg"),
            ("x.jpg.", "x.jpg%2E"),
            ("x.jpg ", "x.jpg%20"),
            ("a:b", "a%3Ab"),
            ("100%.jpg", "100%25.jpg"),
            ("a\u{202e}gpj.exe", "a%E2%80%AEgpj.exe"),
            ("a\u{7}b", "a%07b"),
        ] {
            assert_eq!(name(text), expected, "{text:?}");
        }
        for device in ["CON", "nul.jpg", "PRN", "AUX.x", "COM1.txt", "COM¹.txt", "LPT1", "conin$", "CONOUT$"] {
            let (first, rest) = device.split_at(1);
            assert_eq!(name(device), format!("%{:02X}{rest}", first.as_bytes()[0]));
        }
    }

    #[test]
    fn a_long_name_is_cut_with_a_hash_and_keeps_its_extension() {
        let long = name(&format!("{}.jpeg", "é".repeat(300)));
        assert!(long.len() <= MAX_NAME);
        assert!(long.ends_with("~86ca9974.jpeg"), "{long}");
        assert_eq!(name(&"x".repeat(MAX_NAME)).len(), MAX_NAME);
    }

    #[test]
    fn a_hash_goes_before_the_extension() {
        for (text, expected) in
            [("a.jpg", "a~86ca9974.jpg"), ("archive", "archive~86ca9974"), ("a.b.c", "a.b~86ca9974.c")]
        {
            assert_eq!(Name::new(text, &link()).with_hash(&link(), 8).as_str(), expected);
        }
    }

    #[test]
    fn names_that_some_system_takes_for_one_are_one() {
        for alike in [
            &["A.JPG", "a.jpg"][..],
            // Composed and decomposed, and marks in another order.
            &["\u{e9}.jpg", "e\u{301}.jpg", "\u{c9}.JPG", "E\u{301}.jpg"],
            &["a\u{323}\u{307}", "a\u{307}\u{323}", "\u{1ea1}\u{307}", "\u{227}\u{323}"],
            &["\u{ac00}", "\u{1100}\u{1161}"],
            &["stra\u{df}e", "STRASSE", "STRA\u{1e9e}E"],
            &["\u{3c3}", "\u{3a3}", "\u{3c2}"],
            &["\u{212a}", "K", "k"],
            &["\u{2126}", "\u{3a9}", "\u{3c9}"],
            &["\u{17f}", "S", "s"],
            &["\u{fb01}", "FI", "fi"],
            &["\u{b5}", "\u{3bc}", "\u{39c}"],
            &["\u{130}", "i\u{307}"],
            &["\u{1f80}", "\u{1f88}", "\u{1f00}\u{3b9}"],
            &["\u{13a0}", "\u{ab70}"],
        ] {
            let keys: Vec<_> = alike.iter().map(|text| Name::new(text, &link()).folded()).collect();
            assert!(keys.iter().all(|key| *key == keys[0]), "{alike:?} {keys:?}");
        }
        for (one, other) in [("e", "\u{e9}"), ("a.jpg", "b.jpg"), ("\u{e5}", "a"), ("\u{4e00}", "\u{4e8c}")] {
            assert_ne!(Name::new(one, &link()).folded(), Name::new(other, &link()).folded(), "{one} {other}");
        }
    }

    #[test]
    fn what_was_stored_is_only_taken_for_a_name_if_it_could_be_one() {
        for text in ["100%.jpg", "a%", "a%4", "a%zz", "a%4g", "a%2f", "%%41", "a%é0"] {
            assert_eq!(Name::of_stored(text), None, "{text:?}");
        }
        for text in
            ["", ".", "..", "../x", "a/b", ".flagdl", "nul", "a:b", "a\u{0}", "a ", "-rf", &"x".repeat(MAX_NAME + 1)]
        {
            assert_eq!(Name::of_stored(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_segment_is_decoded_where_that_gives_text() {
        for (url, expected) in [
            ("http://h/d/a%20b.jpg?x=1", "a b.jpg"),
            ("http://h/%FF.jpg", "%25FF.jpg"),
            ("http://h/a%2Fb", "a%2Fb"),
            ("http://h/", "index"),
            ("http://h/.flagdl", "%2Eflagdl"),
        ] {
            assert_eq!(Name::of_link(&Link::parse(url).expect(url)).as_str(), expected);
        }
    }

    proptest! {
        #[test]
        fn any_text_becomes_one_ordinary_component(text in "\\PC{0,300}|[\\x00-\\x7f]{0,40}|[./\\\\ ]{1,8}") {
            for name in [Name::new(&text, &link()), Name::new(&text, &link()).with_hash(&link(), 64)] {
                prop_assert_eq!(Name::of_stored(name.as_str()), Some(name.clone()));
                prop_assert!(name.as_str().len() <= MAX_NAME);
                let components: Vec<_> = Path::new(name.as_str()).components().collect();
                prop_assert_eq!(components.len(), 1);
                prop_assert!(matches!(components[0], Component::Normal(part) if part == name.as_str()));
                prop_assert!(!name.as_str().starts_with('.'));
                prop_assert!(!is_device(name.as_str()));
                prop_assert!(name.as_str().chars().all(is_portable_or_escape));
            }
        }

        #[test]
        fn a_key_is_its_own_key_and_that_of_the_name_in_any_case(text in "\\PC{1,40}") {
            let key = |text: &str| Name(text.into()).folded();
            // Decomposed, as no mark goes past the capital of an iota that is one (U+0345; Unicode 3.13, D145).
            let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(&text);
            for same in [key(&text), decomposed.to_uppercase(), decomposed.to_lowercase()] {
                prop_assert_eq!(key(&same), key(&text));
            }
        }

        #[test]
        fn short_texts_come_back_from_their_names(text in "[^\\x00]{1,40}") {
            prop_assert_eq!(decoded(&name(&text)), text);
        }
    }

    fn is_portable_or_escape(character: char) -> bool {
        character == '%' || is_portable(character)
    }
}
