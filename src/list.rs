//! Lists, read a line at a time: memory does not grow with their length.
//!
//! Promises: blank lines and lines that start with `#` are passed over; a byte order mark, CRLF, surrounding
//! blanks and a missing last newline change nothing; a line that is too long, is not UTF-8 or holds control
//! characters is handed on as a fault with its number, and the lines after it are read as if it were not there.
//!
//! What surprises: [`Lists::is_waiting`] tells that the next line may have to be waited for (a pipe), so that the
//! reader can hand on what it has.

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use thiserror::Error;

use crate::link::{visible, without_secrets};

/// Longest line in bytes, its newline not counted.
pub const MAX_LINE: usize = 64 * 1024;

/// How much of a faulty line is kept for the report, in characters.
const MAX_EXCERPT: usize = 200;

const BUFFER: usize = 128 * 1024;

/// Where a list comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
    /// A text in memory, under a name for messages.
    Text {
        /// What messages call it.
        name: String,
        /// The list itself.
        text: String,
    },
}

impl Source {
    /// What messages call the list.
    pub fn name(&self) -> String {
        match self {
            Self::Stdin => "stdin".to_owned(),
            Self::File(path) => visible(&path.to_string_lossy()).into_owned(),
            Self::Text { name, .. } => visible(name).into_owned(),
        }
    }
}

/// A list that could not be read.
#[derive(Debug, Error)]
#[error("cannot read the list {name}")]
pub struct ListError {
    /// What messages call the list.
    pub name: String,
    /// What the system said.
    pub source: io::Error,
}

/// Why a line is no entry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LineError {
    /// Longer than [`MAX_LINE`].
    #[error("line longer than {} KiB", MAX_LINE / 1024)]
    TooLong,
    /// Not UTF-8.
    #[error("line is not UTF-8")]
    NotUtf8,
    /// A control character, such as a tab or an escape.
    #[error("line holds the control character U+{:04X}", u32::from(*.0))]
    Control(char),
}

/// What the user wrote in one line of a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// What messages call the list.
    pub list: Arc<str>,
    /// The line's number, from 1, comments and blank lines counted.
    pub line: u64,
    /// The text, trimmed; of a faulty line an excerpt with what cannot be shown escaped.
    pub text: Box<str>,
}

impl fmt::Debug for Entry {
    /// Without what might be secret in a URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({} line {}: {})", self.list, self.line, without_secrets(&self.text))
    }
}

struct Reader {
    name: Arc<str>,
    line: u64,
    input: BufReader<Box<dyn Read + Send>>,
}

/// Several lists, read one after the other.
pub struct Lists {
    waiting: std::vec::IntoIter<Reader>,
    current: Option<Reader>,
    buffer: Vec<u8>,
}

impl Lists {
    /// Opens all lists, so that a missing one is known before anything starts.
    ///
    /// # Errors
    ///
    /// [`ListError`] for the first list that cannot be opened or is a folder.
    pub fn open(sources: Vec<Source>) -> Result<Self, ListError> {
        let readers = sources.into_iter().map(Reader::open).collect::<Result<Vec<_>, _>>()?;
        let mut waiting = readers.into_iter();
        Ok(Self { current: waiting.next(), waiting, buffer: Vec::new() })
    }

    /// The next entry, with why it is none where it is faulty; `None` after the last list's end.
    ///
    /// # Errors
    ///
    /// [`ListError`] where a list can no longer be read.
    #[allow(clippy::type_complexity, reason = "an entry that may be faulty, of a list that may end or fail")]
    pub fn next_entry(&mut self) -> Result<Option<(Entry, Result<(), LineError>)>, ListError> {
        while let Some(reader) = &mut self.current {
            let read = reader.read_line(&mut self.buffer);
            let fits = match read {
                Ok(Some(fits)) => fits,
                Ok(None) => {
                    self.current = self.waiting.next();
                    continue;
                }
                Err(source) => return Err(ListError { name: reader.name.to_string(), source }),
            };
            let text = trim(&self.buffer, reader.line == 1);
            if text.is_empty() || text[0] == b'#' {
                continue;
            }
            let checked = if fits { check(text) } else { Err(LineError::TooLong) };
            let (text, fault) = match checked {
                Ok("") => continue,
                Ok(text) => (text.into(), Ok(())),
                Err(error) => (excerpt(text), Err(error)),
            };
            let entry = Entry { list: Arc::clone(&reader.name), line: reader.line, text };
            return Ok(Some((entry, fault)));
        }
        Ok(None)
    }

    /// Whether the next call may have to wait for input: no whole line with an entry in it is buffered.
    pub fn is_waiting(&self) -> bool {
        let Some(reader) = &self.current else { return false };
        let buffered = reader.input.buffer();
        let whole = buffered.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |last| &buffered[..last]);
        !whole.split(|byte| *byte == b'\n').any(|line| !line.trim_ascii().is_empty() && line.trim_ascii()[0] != b'#')
    }
}

impl Reader {
    fn open(source: Source) -> Result<Self, ListError> {
        let name = source.name();
        let input: io::Result<Box<dyn Read + Send>> = match source {
            Source::Stdin => Ok(Box::new(io::stdin())),
            Source::File(path) => open_file(&path).map(|file| Box::new(file) as Box<dyn Read + Send>),
            Source::Text { text, .. } => Ok(Box::new(io::Cursor::new(text.into_bytes()))),
        };
        match input {
            Ok(input) => Ok(Self { name: name.into(), line: 0, input: BufReader::with_capacity(BUFFER, input) }),
            Err(source) => Err(ListError { name, source }),
        }
    }

    /// Reads the next line into `line`; tells whether it fitted, or `None` at the end.
    fn read_line(&mut self, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
        line.clear();
        let mut length = 0;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            let newline = chunk.iter().position(|byte| *byte == b'\n');
            let taken = newline.unwrap_or(chunk.len());
            line.extend_from_slice(&chunk[..taken.min(MAX_LINE + 2 - line.len().min(MAX_LINE + 2))]);
            length += taken;
            self.input.consume(taken + usize::from(newline.is_some()));
            if newline.is_some() {
                self.line += 1;
                return Ok(Some(length <= MAX_LINE + 1 && without_return(line).len() <= MAX_LINE));
            }
        }
        if length == 0 {
            return Ok(None);
        }
        self.line += 1;
        Ok(Some(length <= MAX_LINE + 1 && without_return(line).len() <= MAX_LINE))
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    Ok(file)
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn trim(line: &[u8], first: bool) -> &[u8] {
    let line = if first { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
    line.trim_ascii()
}

fn check(text: &[u8]) -> Result<&str, LineError> {
    let text = std::str::from_utf8(text).map_err(|_| LineError::NotUtf8)?.trim();
    match text.chars().find(|character| character.is_control()) {
        Some(control) => Err(LineError::Control(control)),
        None => Ok(text),
    }
}

fn excerpt(text: &[u8]) -> Box<str> {
    let text = String::from_utf8_lossy(&text[..text.len().min(4 * MAX_EXCERPT)]);
    let excerpt: String = text.chars().take(MAX_EXCERPT).collect();
    visible(&excerpt).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: impl Into<Vec<u8>>) -> Vec<(u64, String, Result<(), LineError>)> {
        let input: Box<dyn Read + Send> = Box::new(io::Cursor::new(text.into()));
        let reader = Reader { name: "list".into(), line: 0, input: BufReader::with_capacity(16, input) };
        let mut lists = Lists { waiting: Vec::new().into_iter(), current: Some(reader), buffer: Vec::new() };
        let mut entries = Vec::new();
        while let Some((entry, fault)) = lists.next_entry().expect("memory can be read") {
            entries.push((entry.line, entry.text.into(), fault));
        }
        entries
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
    fn a_faulty_line_is_named_and_stops_nobody_else() {
        let entries = read(b"ok\nbad\x1b[31m\n\xff\xfe\nlast\n".to_vec());
        assert_eq!(entries[0], (1, "ok".into(), Ok(())));
        assert_eq!(entries[1], (2, "bad\\u{1b}[31m".into(), Err(LineError::Control('\u{1b}'))));
        assert_eq!((entries[2].0, &entries[2].2), (3, &Err(LineError::NotUtf8)));
        assert_eq!(entries[3], (4, "last".into(), Ok(())));
    }

    #[test]
    fn a_line_of_the_greatest_length_fits_and_one_byte_more_does_not() {
        let fits = "x".repeat(MAX_LINE);
        for end in ["", "\n", "\r\n"] {
            assert_eq!(texts(format!("{fits}{end}")), [fits.as_str()], "{end:?}");
            let entries = read(format!("{fits}x{end}"));
            assert_eq!(entries[0].2, Err(LineError::TooLong), "{end:?}");
            assert!(entries[0].1.len() <= MAX_EXCERPT);
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
            let input: Box<dyn Read + Send> = Box::new(io::Cursor::new(text.as_bytes().to_vec()));
            let reader = Reader { name: "list".into(), line: 0, input: BufReader::with_capacity(64, input) };
            let mut lists = Lists { waiting: Vec::new().into_iter(), current: Some(reader), buffer: Vec::new() };
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
        fn decoration_never_changes_the_entries(codes in proptest::collection::vec("[a-zA-Z0-9/.:]{1,12}", 0..20), seed in any::<u64>()) {
            let mut decorated = String::new();
            for (index, code) in codes.iter().enumerate() {
                let bits = seed.rotate_left(u32::try_from(index).expect("small") * 7);
                decorated += ["", " ", "\t", "\n# no\n"][(bits & 3) as usize];
                decorated += code;
                decorated += ["\n", "\r\n", " \n", "\n\n"][(bits >> 2 & 3) as usize];
            }
            prop_assert_eq!(texts(decorated), codes);
        }

        #[test]
        fn any_bytes_give_entries_without_controls(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            for (_, text, _) in read(bytes) {
                prop_assert!(!text.chars().any(char::is_control));
            }
        }
    }
}
