//! Lists, read a line at a time: memory does not grow with their length.
//!
//! Promises: blank lines and lines that start with `#` are passed over; a byte order mark, CRLF, surrounding
//! blanks and a missing last newline change nothing; a line that is too long, is not UTF-8, holds control characters
//! or a broken checksum is handed on as a fault with its number, and the lines after it are read as if it were not
//! there.
//!
//! What surprises: [`Lists::is_waiting`] tells that the next line may have to be waited for (a pipe), so that the
//! reader can hand on what it has.

mod line;

use std::{
    fmt,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use thiserror::Error;

use self::line::Line;
pub(crate) use self::line::hex;
pub use self::line::{LineError, MAX_LINE};
use crate::{
    disk::{self, Call, Open},
    link::{visible, without_secrets},
};

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

/// What the user wrote in one line of a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// What messages call the list.
    pub list: Arc<str>,
    /// The line's number, from 1, comments and blank lines counted.
    pub line: u64,
    /// The text, trimmed; of a faulty line an excerpt with what cannot be shown escaped.
    pub text: Box<str>,
    /// The checksum behind the text: the SHA-256 that the file must have.
    pub sha256: Option<[u8; 32]>,
}

impl fmt::Debug for Entry {
    /// Without what might be secret in a URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({} line {}: {}", self.list, self.line, without_secrets(&self.text))?;
        match &self.sha256 {
            Some(hash) => write!(f, " sha256:{})", hex(hash)),
            None => f.write_str(")"),
        }
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

    /// A list of this name out of `input`, read through a buffer of this size.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn of(name: &str, input: impl Read + Send + 'static, buffer: usize) -> Self {
        let input: Box<dyn Read + Send> = Box::new(input);
        let reader = Reader { name: name.into(), line: 0, input: BufReader::with_capacity(buffer, input) };
        Self { waiting: Vec::new().into_iter(), current: Some(reader), buffer: Vec::new() }
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
            let parsed = if fits { line::parse(text) } else { line::faulty(text, LineError::TooLong) };
            let (text, sha256, fault) = match parsed {
                Line::Blank => continue,
                Line::Entry { text, sha256 } => (text.into(), sha256, Ok(())),
                Line::Faulty(excerpt, error) => (excerpt, None, Err(error)),
            };
            let entry = Entry { list: Arc::clone(&reader.name), line: reader.line, text, sha256 };
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
            Source::File(path) => open_file(&path).map(|file| Box::new(Open(file)) as Box<dyn Read + Send>),
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
    let file = disk::call(path, Call::Open, || File::open(path))?;
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

#[cfg(test)]
mod tests;
