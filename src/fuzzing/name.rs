//! Names: any text, as codes, URLs and servers bring it.
//!
//! Promises that are held: a name is one component that Unix, macOS and Windows take, of at most 255 bytes; what was
//! stored is taken for a name again; a text comes back from its name, unless that was cut, and then a hash of the link
//! stands in it.
//!
//! What surprises: what a name may hold is said here a second time and in another way, so that the two can disagree.

use std::path::{Component, Path};

use percent_encoding::percent_decode_str;

use crate::{
    link::{Link, is_deceptive},
    name::{MAX_NAME, Name},
};

pub(super) const TOKENS: &[&[u8]] = &[
    b".",
    b"..",
    b"-",
    b"~",
    b"%",
    b"%2F",
    b"%c3%a9",
    b"con",
    b"COM1",
    "lpt\u{b9}".as_bytes(),
    b"CONIN$",
    b" ",
    b":",
    b"\\",
    b"/",
    b".jpeg",
    b".flagdl",
    "\u{202e}".as_bytes(),
    "\u{e9}".as_bytes(),
    "\u{10ffff}".as_bytes(),
    b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}".as_bytes(),
    "\u{1f1e8}\u{1f1f3}\u{1f1e8}\u{1f1f3}\u{1f1e8}\u{1f1f3}\u{1f1e8}\u{1f1f3}".as_bytes(),
];

pub(super) fn hold(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let link = Link::parse("http://h/x").expect("a link");
    let name = Name::new(&text, &link);
    comes_back(&name, &text, &link);
    let other = Link::parse("http://h/y").expect("a link");
    for digits in [8, 64] {
        let hashed = name.with_hash(&link, digits);
        is_portable(&hashed);
        is_portable(&hashed.with_hash(&other, 64));
        assert!(hashed.as_str().contains(&tail(&link, digits)), "{hashed:?} does not tell its link");
        assert_ne!(hashed, name.with_hash(&other, digits));
    }
    if let Some(stored) = Name::of_stored(&text) {
        assert_eq!(stored.as_str(), text);
        is_portable(&stored);
    }
    if let Ok(link) = Link::parse(&format!("http://h/{text}")) {
        is_portable(&Name::of_link(&link));
    }
}

fn comes_back(name: &Name, text: &str, link: &Link) {
    is_portable(name);
    let text = if text.is_empty() { "index" } else { text };
    let decoded = |name| percent_decode_str(name).collect::<Vec<_>>();
    if decoded(name.as_str()) == text.as_bytes() {
        return;
    }
    let (kept, extension) = name.as_str().split_once(&tail(link, 8)).expect("a name that was cut tells its link");
    // A cut may stand between the escapes of one character, so these are bytes.
    let (start, end) = (decoded(kept), decoded(extension));
    let bytes = text.as_bytes();
    assert!(bytes.starts_with(&start) && bytes.ends_with(&end), "{name:?} is not of {text:?}");
    assert!(3 * text.len() > MAX_NAME, "{text:?} need not have been cut");
}

fn tail(link: &Link, digits: usize) -> String {
    let hash: String = link.digest().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("~{}", &hash[..digits])
}

/// What every name is, whatever it was made of.
pub(super) fn is_portable(name: &Name) {
    let text = name.as_str();
    assert!((1..=MAX_NAME).contains(&text.len()), "{} bytes", text.len());
    let components: Vec<_> = Path::new(text).components().collect();
    assert!(matches!(&*components, [Component::Normal(only)] if *only == text), "{text:?} is no component");
    assert!(!text.starts_with(['.', '-', '~']) && !text.ends_with(['.', ' ']), "{text:?} begins or ends badly");
    assert!(!text.contains(is_deceptive), "{text:?} deceives");
    assert!(!text.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']), "{text:?} has what Windows reserves");
    for escape in text.split('%').skip(1) {
        let digits = escape.as_bytes().get(..2).expect("two digits behind each percent sign");
        assert!(digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F')), "{text:?} has a bad escape");
    }
    let stem = text.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let is_numbered = |device: &str| {
        stem.strip_prefix(device).is_some_and(|number| {
            number.chars().count() == 1
                && number.contains(['\u{b9}', '\u{b2}', '\u{b3}', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
        })
    };
    let is_device = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&&*stem);
    assert!(!is_device && !is_numbered("COM") && !is_numbered("LPT"), "{text:?} is a device of Windows");
    assert_eq!(Name::of_stored(text).as_ref(), Some(name), "{text:?} is not taken back");
}
