//! The promises of reading lists.

use proptest::prelude::*;

use super::*;

fn entries(text: impl Into<Vec<u8>>) -> Vec<(Entry, Result<(), LineError>)> {
    let mut lists = Lists::of("list", io::Cursor::new(text.into()), 16);
    let mut entries = Vec::new();
    while let Some(read) = lists.next_entry().expect("memory can be read") {
        entries.push(read);
    }
    entries
}

fn read(text: impl Into<Vec<u8>>) -> Vec<(u64, String, Result<(), LineError>)> {
    entries(text).into_iter().map(|(entry, fault)| (entry.line, entry.text.into(), fault)).collect()
}

fn texts(text: impl Into<Vec<u8>>) -> Vec<String> {
    read(text).into_iter().map(|(_, text, fault)| fault.map(|()| text).expect("a good line")).collect()
}

#[test]
fn comments_blanks_and_line_ends_change_nothing() {
    assert_eq!(texts("\u{feff}cn\r\n\n  # a comment\n\t in \t\n#\nus"), ["cn", "in", "us"]);
    assert!(texts("").is_empty());
    assert!(texts("\n \n# only\n\u{3000}\n").is_empty());
}

#[test]
fn a_comment_is_one_behind_any_blank_and_a_mark_inside_a_list_is_none_of_an_entry() {
    assert!(texts("\u{3000}# a\n\u{a0}#\n\u{b} # c\n\u{feff}\u{feff}# d\n\u{feff}").is_empty());
    assert_eq!(texts("cn\n\u{feff}in\n \u{feff}\u{3000}\u{feff} us"), ["cn", "in", "us"]);
}

#[test]
fn a_faulty_line_is_named_and_stops_nobody_else() {
    let entries = read(b"ok\nbad\x1b[31m\n\xff\xfe\nlast\n".to_vec());
    assert_eq!(entries[0], (1, "ok".into(), Ok(())));
    assert_eq!(entries[1], (2, "bad\\u{1b}[31m".into(), Err(LineError::Control('\u{1b}'))));
    assert_eq!((entries[2].0, &entries[2].2), (3, &Err(LineError::NotUtf8)));
    assert_eq!(entries[3], (4, "last".into(), Ok(())));
}

#[test]
fn no_control_character_is_taken_and_each_is_named() {
    for control in (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32).filter(|control| *control != '\n') {
        let entries = read(format!("a{control}b\nlast\n"));
        assert_eq!((entries.len(), &entries[0].2), (2, &Err(LineError::Control(control))), "{control:?}");
        assert!(!entries[0].1.chars().any(char::is_control), "{control:?}");
        assert_eq!(entries[1], (2, "last".into(), Ok(())));
    }
}

#[test]
fn a_checksum_goes_with_its_entry_and_a_broken_one_stops_nobody_else() {
    let hash = "5f".repeat(32);
    let entries = entries(format!("\u{feff}cn \tsha256:{hash}\r\nin\tmd5:0\n# us\tsha256:{hash}\nxx"));
    let shown: Vec<_> = entries.iter().map(|(entry, fault)| format!("{entry:?} {fault:?}")).collect();
    let with_checksum = format!("Entry(list line 1: cn sha256:{hash}) Ok(())");
    assert_eq!(
        shown,
        [&with_checksum, "Entry(list line 2: in) Err(Checksum)", "Entry(list line 4: xx) Ok(())"].map(String::from)
    );
    assert_eq!(entries[0].0.sha256, Some([0x5f; 32]));
}

#[test]
fn a_line_of_the_greatest_length_fits_and_one_byte_more_does_not() {
    let fits = "x".repeat(MAX_LINE);
    for end in ["", "\n", "\r\n"] {
        assert_eq!(texts(format!("{fits}{end}")), [fits.as_str()], "{end:?}");
        let entries = read(format!("{fits}x{end}"));
        assert_eq!(entries[0].2, Err(LineError::TooLong), "{end:?}");
        assert!(entries[0].1.len() <= 200);
    }
}

#[test]
fn an_endless_line_is_read_in_constant_memory() {
    let endless = io::repeat(b'x').take(100 << 20).chain(io::Cursor::new(b"\nnext".to_vec()));
    let input: Box<dyn Read + Send> = Box::new(endless);
    let mut reader = Reader { name: "list".into(), line: 0, input: BufReader::with_capacity(BUFFER, input) };
    let mut line = Vec::new();
    assert_eq!(reader.read_line(&mut line).expect("a line"), Some(false));
    assert!(line.capacity() <= 2 * (MAX_LINE + 2));
    assert_eq!(reader.read_line(&mut line).expect("a line"), Some(true));
    assert_eq!(line, b"next");
}

#[test]
fn a_comment_in_the_buffer_is_no_entry_to_go_on_with() {
    for (text, waiting) in [("a\nb\n", false), ("a\nb", true), ("a\n\n# c\n \n", true), ("a\n#\nb\nc", false)] {
        let mut lists = Lists::of("list", io::Cursor::new(text.as_bytes().to_vec()), 64);
        lists.next_entry().expect("memory can be read");
        assert_eq!(lists.is_waiting(), waiting, "{text:?}");
    }
}

#[test]
fn a_missing_list_and_a_folder_are_known_at_once() {
    for path in ["/no/such/list", "/"] {
        let error = Lists::open(vec![Source::File(path.into())]).err().expect("no list");
        assert_eq!(error.to_string(), format!("cannot read the list {path}"));
    }
}

proptest! {
    #[test]
    fn decoration_never_changes_the_entries(
        codes in proptest::collection::vec(("[a-zA-Z0-9/.:]{1,12}", any::<Option<[u8; 32]>>()), 0..20),
        seed in any::<u64>(),
    ) {
        let mut decorated = String::new();
        for (index, (code, sha256)) in codes.iter().enumerate() {
            let bits = seed.rotate_left(u32::try_from(index).expect("small") * 7);
            decorated += ["", " ", "\t", "\n# no\n"][(bits & 3) as usize];
            decorated += code;
            if let Some(hash) = sha256 {
                decorated += ["\tsha256:", " \tSHA256:", "\t sha256:", " \t\tsha256:"][(bits >> 4 & 3) as usize];
                decorated += &if bits & 64 > 0 { hex(hash).to_uppercase() } else { hex(hash) };
            }
            decorated += ["\n", "\r\n", " \n", "\n\n"][(bits >> 2 & 3) as usize];
        }
        let read: Vec<_> = entries(decorated)
            .into_iter()
            .map(|(entry, fault)| fault.map(|()| (entry.text.into_string(), entry.sha256)).expect("a good line"))
            .collect();
        prop_assert_eq!(read, codes);
    }

    #[test]
    fn any_bytes_give_entries_without_controls(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for (_, text, _) in read(bytes) {
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
