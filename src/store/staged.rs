//! A file while it is being received, and how it gets its final name.
//!
//! Promises: it is no longer there when it was dropped without being published. On Linux it has no name until it is
//! linked (open(2), `O_TMPFILE`), so a kill leaves nothing either, and that costs less than a rename. Where the file
//! system knows no nameless files, and on other systems, it is `.flagdl/.fdl-RUN-N.part`, which a kill leaves behind
//! until the next run. Where the folder is to be durable, its bytes are on the disk before it gets its name.
//!
//! What surprises: `linkat` cannot replace; a name that is taken costs a link in `.flagdl` (which a kill at that moment
//! leaves behind until the next run) and a rename over it. Some file systems know no hard links at all; there it is a
//! rename at once.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::OwnedFd,
    sync::{Arc, atomic::Ordering},
};

use rustix::{
    fs::{AtFlags, Mode, OFlags},
    io::Errno,
};
use sha2::{Digest as _, Sha256};

use super::Store;
use crate::{
    disk::{self, Call, Open},
    name::Name,
};

/// A new file, not visible under any final name.
#[derive(Debug)]
pub(crate) struct Staged {
    store: Arc<Store>,
    file: File,
    /// Its name, where it has one.
    name: Option<String>,
    is_synced: bool,
    /// Of all that was appended; so nothing has to be read again for it.
    hash: Sha256,
}

impl Staged {
    pub(super) fn new(store: Arc<Store>) -> io::Result<Self> {
        // As `open` would make it: the umask takes away what the user does not want.
        let (file, name) = open(&store, Mode::from_raw_mode(0o666))?;
        Ok(Self { store, file, name, is_synced: false, hash: Sha256::new() })
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes)?;
        self.hash.update(bytes);
        Ok(())
    }

    /// Writes what somebody else has hashed.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        Open(&self.file).write_all(bytes)
    }

    /// The SHA-256 of what was appended.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    /// The file, to be read.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Brings it to the disk. After a failure it is to be dropped, and not to be synced again.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.is_synced, true) {
            Ok(())
        } else {
            disk::call(&self.file, Call::Sync, || self.file.sync_all())
        }
    }

    /// Gives it a name that is free; with `EXIST` where it is not.
    pub(super) fn link(&mut self, name: &Name) -> Result<(), Errno> {
        match &self.name {
            None => link_nameless(self, &self.store.folder, name.as_str())?,
            Some(staged) => rename_to_free(&self.store, staged, name.as_str()).map_err(as_if_taken)?,
        }
        self.name = None;
        Ok(())
    }

    /// Puts it in the place of the file of that name.
    pub(super) fn replace(mut self, name: &Name) -> Result<(), Errno> {
        if self.name.is_none() {
            let staged = self.store.next_staged_name();
            link_nameless(&self, &self.store.own, &staged)?;
            self.name = Some(staged);
        }
        if let Some(staged) = &self.name {
            let rename = || rustix::fs::renameat(&self.store.own, staged, &self.store.folder, name.as_str());
            disk::call(&self.store.own, Call::Rename, rename)?;
        }
        self.name = None;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // Nothing more can be done about a failure here; the next run takes it away.
            let _ = remove(&self.store, name);
        }
    }
}

/// A file that never gets a name. Where it has to be made with one, that is taken away at once.
pub(super) fn scratch(store: &Store) -> io::Result<File> {
    let (file, name) = open(store, Mode::RUSR | Mode::WUSR)?;
    if let Some(name) = name {
        remove(store, &name)?;
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
    let file = disk::call(&store.own, Call::Create, || rustix::fs::openat(&store.own, &name, flags, mode))?;
    Ok((file.into(), Some(name)))
}

#[cfg(target_os = "linux")]
fn nameless(store: &Store, mode: Mode) -> Result<File, Errno> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let open = || rustix::fs::openat(&store.folder, ".", flags, mode);
    disk::call(&store.folder, Call::OpenNameless, open).map(File::from)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &Store, _: Mode) -> Result<File, Errno> {
    Err(Errno::OPNOTSUPP)
}

#[cfg(target_os = "linux")]
fn link_nameless(staged: &Staged, folder: &OwnedFd, name: &str) -> Result<(), Errno> {
    let link = || rustix::fs::linkat(&staged.file, "", folder, name, AtFlags::EMPTY_PATH);
    match disk::call(folder, Call::Link, link) {
        // Needs CAP_DAC_READ_SEARCH before Linux 6.10; the way through /proc does not (open(2)).
        Err(Errno::NOENT | Errno::PERM) => {
            use std::os::fd::AsRawFd;
            let path = format!("/proc/self/fd/{}", staged.file.as_raw_fd());
            let link = || rustix::fs::linkat(rustix::fs::CWD, &path, folder, name, AtFlags::SYMLINK_FOLLOW);
            disk::call(folder, Call::Link, link)
        }
        linked => linked,
    }
}

#[cfg(not(target_os = "linux"))]
fn link_nameless(_: &Staged, _: &OwnedFd, _: &str) -> Result<(), Errno> {
    Err(Errno::OPNOTSUPP)
}

/// No hard links here (FAT, many FUSE and network file systems): the name is then replaced after a look at it.
fn as_if_taken(error: Errno) -> Errno {
    match error {
        Errno::PERM | Errno::NOSYS | Errno::OPNOTSUPP | Errno::MLINK => Errno::EXIST,
        other => other,
    }
}

/// A hard link under that name, then the old name away: POSIX has no rename that spares what is there.
fn rename_to_free(store: &Store, staged: &str, name: &str) -> Result<(), Errno> {
    let link = || rustix::fs::linkat(&store.own, staged, &store.folder, name, AtFlags::empty());
    disk::call(&store.folder, Call::Link, link)?;
    remove(store, staged)
}

fn remove(store: &Store, staged: &str) -> Result<(), Errno> {
    let unlink = || rustix::fs::unlinkat(&store.own, staged, AtFlags::empty());
    disk::call(&store.own, Call::Remove, unlink)
}
