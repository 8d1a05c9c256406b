//! Lists: any bytes, as a file or a pipe brings them.
//!
//! Promises that are held: no control character comes out, and nothing that deceives out of a faulty line; numbers rise
//! and are those of the lines; neither the size of the buffer nor decoration changes an entry; an entry that is written
//! as a line is read as the same entry.
//!
//! What surprises: decoration makes lines longer, so lists with a line of nearly the greatest length are not decorated.

use std::io::Cursor;

use crate::{
    link::is_deceptive,
    list::{Entry, LineError, Lists, MAX_LINE},
};

pub(super) const TOKENS: &[&[u8]] = &[
    b"\n",
    b"\r\n",
    b"\t",
    b"#",
    b" ",
    b"\xef\xbb\xbf",
    "\u{3000}".as_bytes(),
    "\u{a0}".as_bytes(),
    "\u{202e}".as_bytes(),
    b"\x0b",
    b"\x1b[31m",
    b"\tsha256:",
    b"\tmd5:",
    b"http://",
    b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF",
    b"\xc2",
];

const BUFFER: usize = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// The most that decoration adds to a line.
const ROOM: usize = 16;

type Read = Vec<(Entry, Result<(), LineError>)>;

pub(super) fn hold(data: &[u8]) {
    let read = entries(data, BUFFER);
    let small = 1 + data.len() % 7;
    assert_eq!(read, entries(data, small), "a buffer of {small} bytes reads other entries");
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let mut last = 0;
    for (entry, fault) in &read {
        assert!(entry.line > last, "line {} comes after line {last}", entry.line);
        last = entry.line;
        assert!(!entry.text.chars().any(char::is_control), "a control character in {entry:?}");
        let line = usize::try_from(last - 1).ok().and_then(|index| lines.get(index)).expect("a line of the list");
        if fault.is_ok() {
            let text = entry.text.as_bytes();
            assert!(line.windows(text.len()).any(|part| part == text), "{entry:?} does not stand in its line");
            comes_back(entry);
        } else {
            assert!(!entry.text.chars().any(is_deceptive), "a deceptive character in {entry:?}");
        }
    }
    if lines.iter().all(|line| line.len() + ROOM <= MAX_LINE) {
        let decorated = entries(&decorated(&lines), BUFFER);
        let same =
            |one: &Read| one.iter().map(|(entry, fault)| (entry.text.clone(), entry.sha256, fault.clone())).collect();
        let (plain, decorated): (Vec<_>, Vec<_>) = (same(&read), same(&decorated));
        assert_eq!(plain, decorated, "decoration changes entries");
    }
}

fn entries(data: &[u8], buffer: usize) -> Read {
    let mut lists = Lists::of("list", Cursor::new(data.to_vec()), buffer);
    let mut read = Vec::new();
    while let Some(entry) = lists.next_entry().expect("memory can be read") {
        read.push(entry);
    }
    read
}

/// The same lines with comments and blanks between them and around them, after a byte order mark.
fn decorated(lines: &[&[u8]]) -> Vec<u8> {
    let is_marked = lines[0].starts_with(BYTE_ORDER_MARK);
    let mut decorated = if is_marked { Vec::new() } else { BYTE_ORDER_MARK.to_vec() };
    for (index, line) in lines.iter().enumerate() {
        if index > 0 || !is_marked {
            decorated.extend([&b""[..], b" ", b"\t", b"\n", b"# a comment\n"][index % 5]);
        }
        decorated.extend(*line);
        decorated.extend([&b"\n"[..], b"\r\n", b" \n", b"\t\r\n\n"][line.len() % 4]);
    }
    decorated
}

fn comes_back(entry: &Entry) {
    let line = entry.to_line();
    let read = entries(line.as_bytes(), BUFFER);
    let [(again, Ok(()))] = &*read else { panic!("{line:?} is read as {read:?}") };
    assert_eq!((&again.text, again.sha256), (&entry.text, entry.sha256), "{line:?} is another entry");
}
