//! A file while it is being received, and how it gets its final name.
//!
//! Promises: it is no longer there when it was dropped without being published. On Linux it has no name until it is
//! linked (open(2), `O_TMPFILE`), so a kill leaves nothing either, and that costs less than a rename. Where the file
//! system knows no nameless files, and on other systems, it is `.fdl-RUN-N.part`, which a kill leaves behind.
//!
//! What surprises: `linkat` cannot replace; a name that is taken costs a link beside it (which a kill at that moment
//! leaves behind) and a rename over it. Some file systems know no hard links at all; there it is a rename at once.

use std::{
    fs::File,
    io::{self, Write},
    sync::{Arc, atomic::Ordering},
};

use rustix::{
    fs::{AtFlags, Mode, OFlags},
    io::Errno,
};
use sha2::{Digest as _, Sha256};

use super::Store;
use crate::name::Name;

/// A new file, not visible under any final name.
#[derive(Debug)]
pub(crate) struct Staged {
    store: Arc<Store>,
    file: File,
    /// Its name, where it has one.
    name: Option<String>,
    /// Of all that was appended; so nothing has to be read again for it.
    hash: Sha256,
}

impl Staged {
    pub(super) fn new(store: Arc<Store>) -> io::Result<Self> {
        // As `open` would make it: the umask takes away what the user does not want.
        let (file, name) = open(&store, Mode::from_raw_mode(0o666))?;
        Ok(Self { store, file, name, hash: Sha256::new() })
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes)?;
        self.hash.update(bytes);
        Ok(())
    }

    /// Writes what somebody else has hashed.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// The SHA-256 of what was appended.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    /// The file, to be read.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Gives it a name that is free; with `EXIST` where it is not.
    pub(super) fn link(&mut self, name: &Name) -> Result<(), Errno> {
        match &self.name {
            None => link_nameless(self, name.as_str())?,
            Some(staged) => rename_to_free(&self.store, staged, name.as_str()).map_err(as_if_taken)?,
        }
        self.name = None;
        Ok(())
    }

    /// Puts it in the place of the file of that name.
    pub(super) fn replace(mut self, name: &Name) -> Result<(), Errno> {
        if self.name.is_none() {
            let staged = self.store.next_staged_name();
            link_nameless(&self, &staged)?;
            self.name = Some(staged);
        }
        if let Some(staged) = &self.name {
            let folder = &self.store.folder;
            rustix::fs::renameat(folder, staged, folder, name.as_str())?;
        }
        self.name = None;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // Nothing more can be done about a failure here; the name says whose it was.
            let _ = rustix::fs::unlinkat(&self.store.folder, name, AtFlags::empty());
        }
    }
}

/// A file that never gets a name. Where it has to be made with one, that is taken away at once.
pub(super) fn scratch(store: &Store) -> io::Result<File> {
    let (file, name) = open(store, Mode::RUSR | Mode::WUSR)?;
    if let Some(name) = name {
        rustix::fs::unlinkat(&store.folder, name, AtFlags::empty())?;
    }
    Ok(file)
}

/// A new file, and its name where it cannot be without one.
fn open(store: &Store, mode: Mode) -> Result<(File, Option<String>), Errno> {
    if store.nameless.load(Ordering::Relaxed) {
        match nameless(store, mode) {
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => {
                store.nameless.store(false, Ordering::Relaxed);
            }
            other => return other.map(|file| (file, None)),
        }
    }
    let name = store.next_staged_name();
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&store.folder, &name, flags, mode)?;
    Ok((file.into(), Some(name)))
}

#[cfg(target_os = "linux")]
fn nameless(store: &Store, mode: Mode) -> Result<File, Errno> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    rustix::fs::openat(&store.folder, ".", flags, mode).map(File::from)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &Store, _: Mode) -> Result<File, Errno> {
    Err(Errno::OPNOTSUPP)
}

#[cfg(target_os = "linux")]
fn link_nameless(staged: &Staged, name: &str) -> Result<(), Errno> {
    let folder = &staged.store.folder;
    match rustix::fs::linkat(&staged.file, "", folder, name, AtFlags::EMPTY_PATH) {
        // Needs CAP_DAC_READ_SEARCH before Linux 6.10; the way through /proc does not (open(2)).
        Err(Errno::NOENT | Errno::PERM) => {
            use std::os::fd::AsRawFd;
            let path = format!("/proc/self/fd/{}", staged.file.as_raw_fd());
            rustix::fs::linkat(rustix::fs::CWD, path, folder, name, AtFlags::SYMLINK_FOLLOW)
        }
        linked => linked,
    }
}

#[cfg(not(target_os = "linux"))]
fn link_nameless(_: &Staged, _: &str) -> Result<(), Errno> {
    Err(Errno::OPNOTSUPP)
}

/// No hard links here (FAT, many FUSE and network file systems): the name is then replaced after a look at it.
fn as_if_taken(error: Errno) -> Errno {
    match error {
        Errno::PERM | Errno::NOSYS | Errno::OPNOTSUPP | Errno::MLINK => Errno::EXIST,
        other => other,
    }
}

/// A hard link beside it, then the old name away: POSIX has no rename that spares what is there.
fn rename_to_free(store: &Store, staged: &str, name: &str) -> Result<(), Errno> {
    rustix::fs::linkat(&store.folder, staged, &store.folder, name, AtFlags::empty())?;
    rustix::fs::unlinkat(&store.folder, staged, AtFlags::empty())
}
