//! Words as a shell takes them.
//!
//! Promises: any POSIX shell reads from a quoted word exactly the bytes that it was made of. What is printed is text
//! and cannot move a terminal's cursor: of the control characters only line breaks stand there as they are.
//!
//! What surprises: control characters, and bytes that are no text, are written as a `printf` that makes them, since
//! POSIX shells had no `$'…'` before 2024.

use std::{ffi::OsStr, fmt::Write as _, os::unix::ffi::OsStrExt as _};

/// A word, quoted where it has to be.
pub(crate) fn quoted(word: &OsStr) -> String {
    let bytes = word.as_bytes();
    if !bytes.is_empty() && bytes.iter().copied().all(is_plain) {
        return word.to_string_lossy().into_owned();
    }
    let mut quoted = String::from("'");
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\'' => quoted.push_str("'\\''"),
                // A substitution would lose it at its end.
                '\n' => quoted.push('\n'),
                control if control.is_control() => print(&mut quoted, control.encode_utf8(&mut [0; 4]).as_bytes()),
                other => quoted.push(other),
            }
        }
        print(&mut quoted, chunk.invalid());
    }
    quoted.push('\'');
    quoted
}

/// What means nothing to a shell, wherever it stands. An equals sign would make an assignment of the first word.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_@%+:,./-".contains(&byte)
}

/// Leaves the quotes for a moment, and lets the shell make some bytes there.
fn print(quoted: &mut String, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let octal: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
    write!(quoted, "'\"$(printf '{octal}')\"'").expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt as _, process::Command};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_has_to_be_is_quoted() {
        for (word, expected) in [
            ("list.txt", "list.txt"),
            ("-", "-"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("~/x", "'~/x'"),
            ("X=1", "'X=1'"),
            ("https://h/{code}.jpg", "'https://h/{code}.jpg'"),
            ("日本", "'日本'"),
            ("\u{1b}[2J", "''\"$(printf '\\033')\"'[2J'"),
        ] {
            assert_eq!(quoted(OsStr::new(word)), expected);
        }
    }

    /// What a shell makes of words.
    fn read_by_a_shell(words: &[OsString]) -> Vec<u8> {
        let line: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        let run = Command::new("sh").args(["-c", &format!("printf '%s\\0' {}", line.join(" "))]).output();
        run.expect("a shell").stdout
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn a_shell_reads_exactly_what_was_quoted(
            words in proptest::collection::vec(
                prop_oneof![
                    proptest::collection::vec(1..=255_u8, 0..12),
                    "[ '\"$`\\\\!~*?#&|;<>(){}\\[\\]=a\n\t-]{0,12}".prop_map(String::into_bytes),
                ],
                1..20,
            ),
        ) {
            let words: Vec<_> = words.into_iter().map(OsString::from_vec).collect();
            let expected: Vec<u8> = words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect();
            prop_assert_eq!(read_by_a_shell(&words), expected);
        }
    }
}
