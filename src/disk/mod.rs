//! Calls to the file system: made again where a signal came between, and each of them can be made to fail by a test.
//!
//! Promises: a call that was interrupted (EINTR) is made again, so no entry fails and no run ends for a signal. On a local
//! disk hardly any call is; on a file system across a network or in user space each may be (signal(7), fuse(4)).
//! In the shipped build the rest costs nothing: the place and the kind of a call are looked at in tests only.
//!
//! What surprises: std makes some calls again and others not, and rustix none. Reads and writes of an [`Open`] file are
//! handed on as they come, because the loops around them, which are std's, see to interruptions and to short writes.

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod torture;

use std::{
    borrow::Borrow,
    fs::File,
    io::{self, Read, Write},
    os::{fd::OwnedFd, unix::fs::FileExt},
    path::Path,
};

use rustix::io::Errno;

/// What is asked of the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    /// A folder is made.
    Make,
    /// A file or folder is opened.
    Open,
    /// A file without a name is made.
    OpenNameless,
    /// A file with a name is made.
    Create,
    /// What is where is asked for.
    Look,
    /// A folder's names are asked for.
    List,
    Read,
    Write,
    Resize,
    /// A file gets a further name.
    Link,
    Rename,
    Remove,
    Lock,
    Sync,
}

/// What a call is about: an open file or folder, or a path.
pub(crate) trait Place {
    /// Where that is.
    #[cfg(test)]
    fn path(&self) -> Option<std::path::PathBuf>;
}

impl Place for Path {
    #[cfg(test)]
    fn path(&self) -> Option<std::path::PathBuf> {
        Some(self.to_owned())
    }
}

impl Place for OwnedFd {
    #[cfg(test)]
    fn path(&self) -> Option<std::path::PathBuf> {
        torture::path_of(self)
    }
}

impl Place for File {
    #[cfg(test)]
    fn path(&self) -> Option<std::path::PathBuf> {
        torture::path_of(self)
    }
}

/// What the system says when a call fails.
pub(crate) trait Refusal: From<Errno> {
    /// Whether it is only that a signal came between.
    fn is_interruption(&self) -> bool;
}

impl Refusal for Errno {
    fn is_interruption(&self) -> bool {
        *self == Self::INTR
    }
}

impl Refusal for io::Error {
    fn is_interruption(&self) -> bool {
        self.kind() == io::ErrorKind::Interrupted
    }
}

/// Makes a call, again and again as long as signals come between.
pub(crate) fn call<T, E: Refusal>(
    place: &(impl Place + ?Sized),
    kind: Call,
    mut call: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    loop {
        match admit(place, kind, 0).map_err(E::from).and_then(|_| call()) {
            Err(error) if error.is_interruption() => {}
            result => return result,
        }
    }
}

/// An open file, or what lends one.
#[derive(Debug)]
pub(crate) struct Open<F>(pub(crate) F);

impl<F: Borrow<File>> Read for Open<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let file = self.0.borrow();
        admit(file, Call::Read, 0)?;
        (&*file).read(buffer)
    }
}

impl<F: Borrow<File>> Write for Open<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let file = self.0.borrow();
        let length = admit(file, Call::Write, bytes.len())?;
        (&*file).write(&bytes[..length])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow().flush()
    }
}

impl<F: Borrow<File>> FileExt for Open<F> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let file = self.0.borrow();
        admit(file, Call::Read, 0)?;
        file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let file = self.0.borrow();
        let length = admit(file, Call::Write, bytes.len())?;
        file.write_at(&bytes[..length], offset)
    }
}

/// Whether a call is made at all, and how many of its bytes.
#[cfg(not(test))]
#[inline]
#[allow(clippy::unnecessary_wraps, reason = "in tests it fails")]
fn admit(_: &(impl Place + ?Sized), _: Call, bytes: usize) -> Result<usize, Errno> {
    Ok(bytes)
}

#[cfg(test)]
use torture::admit;
