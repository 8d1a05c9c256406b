//! Bytes that can be read at any place, in memory or in an open file.
//!
//! Promises: a reader never moves a cursor that somebody else relies on (on Unix), and asks only for bytes below
//! [`ReadAt::size`]. An open file has the size it had when it was looked at: one that shrinks meanwhile is a read
//! error, one that grows is checked as far as it reached.
//!
//! What surprises: memory says so through [`ReadAt::in_memory`], so that the usual small body is checked in place,
//! without a buffer or a copy.

use std::fs::File;
use std::io;

use crate::disk::Open;

/// Bytes that can be read at any place.
pub(crate) trait ReadAt {
    /// How many bytes there are.
    fn size(&self) -> u64;

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// When reading fails, or fewer bytes are there.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// All the bytes, when they lie in memory anyway.
    fn in_memory(&self) -> Option<&[u8]> {
        None
    }
}

impl ReadAt for [u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let found = usize::try_from(offset)
            .ok()
            .and_then(|start| self.get(start..)?.get(..buffer.len()))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(found);
        Ok(())
    }

    fn in_memory(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        (**self).read_exact_at(buffer, offset)
    }

    fn in_memory(&self) -> Option<&[u8]> {
        (**self).in_memory()
    }
}

/// An open file, of the size that it had when it was wrapped.
#[derive(Debug)]
pub(crate) struct OpenFile<'a> {
    file: &'a File,
    size: u64,
}

impl<'a> OpenFile<'a> {
    /// Looks up the size of `file`, once.
    pub(crate) fn new(file: &'a File) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file, size })
    }
}

impl ReadAt for OpenFile<'_> {
    fn size(&self) -> u64 {
        self.size
    }

    #[cfg(unix)]
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&Open(self.file), buffer, offset)
    }

    /// Windows has no `read_exact_at`, and its `seek_read` moves the file's cursor.
    #[cfg(windows)]
    fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buffer.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(self.file, buffer, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    buffer = &mut buffer[count..];
                    offset = offset.saturating_add(count as u64);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_refuses_what_lies_past_its_end() {
        let bytes: &[u8] = b"abcdef";
        let mut two = [0; 2];
        bytes.read_exact_at(&mut two, 4).unwrap();
        assert_eq!(&two, b"ef");
        for offset in [5, 6, 7, u64::MAX] {
            let error = bytes.read_exact_at(&mut two, offset).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn an_open_file_is_read_where_asked() {
        // The one file that is surely there while a test runs is the test itself.
        let file = File::open(std::env::current_exe().unwrap()).unwrap();
        let source = OpenFile::new(&file).unwrap();
        let mut last = [0; 1];
        source.read_exact_at(&mut last, source.size() - 1).unwrap();
        assert!(source.read_exact_at(&mut last, source.size()).is_err());
        assert!(source.in_memory().is_none());
    }
}
