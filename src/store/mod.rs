//! A folder in which a file is whole or absent.
//!
//! Promises: a final name always holds a whole file, whatever the moment at which the process is killed; nothing
//! outside the folder is made, changed or removed; nothing but a plain file is ever replaced. All calls are
//! relative to open handles of the folder and of flagdl's own in it, and take one-component names, so no symlink can
//! lead elsewhere. What outlives a power loss, [`Durability`] says.
//!
//! What surprises: these calls block, and belong on a thread that may. The folder is made first, then the ledger in it
//! is locked, and only then is what earlier runs left in flagdl's own folder swept: it is nobody's any more.

mod durability;
pub(crate) mod image;
pub(crate) mod inspect;
mod remove;
mod staged;
mod sweep;

use std::{
    fs::{self, File},
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rustix::{
    fs::{AtFlags, Mode, OFlags},
    io::Errno,
};
use thiserror::Error;

use self::inspect::{Expected, Inspector};
pub(crate) use self::staged::Staged;
pub use self::{
    durability::Durability,
    image::{Flaw, Format, Missing},
    inspect::{Damage, Depth},
};
use crate::{
    disk::{self, Call},
    name::{Name, OWN_FOLDER},
};

/// Why a file could not be stored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder cannot be made or opened. The run cannot go on.
    #[error("cannot use {} as the folder for downloads", path.display())]
    Open {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No space or no quota is left. The run cannot go on.
    #[error(
        "no space left in {}\nhint: make room there; the same command then goes on from here", path.display()
    )]
    Full {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder cannot be written to, or its disk fails. The run cannot go on.
    #[error("cannot write to {}", path.display())]
    Unwritable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// This process has too many files open. Another attempt could succeed.
    #[error("too many open files")]
    Exhausted,
    /// Something that is not a plain file has this name. Final for the entry.
    #[error("{what} has the name {name} (flagdl replaces nothing but plain files)")]
    Occupied {
        /// The name in question.
        name: Name,
        /// What is in its place.
        what: &'static str,
    },
    /// Another failure of this one file. Final for the entry.
    #[error("cannot write {name}: {cause}")]
    File {
        /// The name in question.
        name: Name,
        /// What the system said; part of the message, since an entry's failure is one line.
        cause: io::Error,
    },
}

impl StoreError {
    /// The word for it in output.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Open { .. } | Self::Unwritable { .. } => "unwritable",
            Self::Full { .. } => "disk-full",
            Self::Exhausted => "out-of-files",
            Self::Occupied { .. } => "unsafe-path",
            Self::File { .. } => "file",
        }
    }

    /// Whether another attempt could succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Exhausted)
    }

    /// Whether no other file can be stored either.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Open { .. } | Self::Full { .. } | Self::Unwritable { .. })
    }
}

/// An open folder for downloads.
#[derive(Debug)]
pub(crate) struct Store {
    folder: OwnedFd,
    /// Flagdl's own in it, for what is not under its final name yet.
    own: OwnedFd,
    path: PathBuf,
    durability: Durability,
    /// Whether the file system has files without a name (`O_TMPFILE`); until it says otherwise.
    nameless: AtomicBool,
    /// What the names of this run's staged files begin with, and what numbers them.
    run: u64,
    staged: AtomicU64,
}

/// A folder for downloads that is there, and can be opened.
#[derive(Debug)]
pub(crate) struct Destination {
    folder: OwnedFd,
    path: PathBuf,
    durability: Durability,
}

impl Destination {
    /// Opens the folder, and makes it where it is missing.
    pub(crate) fn make(path: &Path, durability: Durability) -> Result<Self, StoreError> {
        let failed = |source: io::Error| StoreError::Open { path: path.to_owned(), source };
        if disk::call(path, Call::Look, || fs::metadata(path)).is_ok_and(|metadata| !metadata.is_dir()) {
            return Err(failed(io::ErrorKind::NotADirectory.into()));
        }
        durability.make_folder(path).map_err(failed)?;
        let folder = open_folder(path).map_err(|error| failed(error.into()))?;
        Ok(Self::over(folder, path, durability))
    }

    /// A folder that is open; the path is for messages.
    pub(crate) fn over(folder: OwnedFd, path: &Path, durability: Durability) -> Self {
        Self { folder, path: path.to_owned(), durability }
    }
}

/// Takes away what runs that were killed left behind in a folder, of which nobody may be at work in it.
pub(crate) fn sweep(folder: &OwnedFd) {
    // Whatever keeps us from it shows when the folder is used.
    if let Ok(own) = open_own(folder) {
        sweep::sweep(&own);
    }
}

fn open_folder(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
    disk::call(path, Call::Open, || rustix::fs::open(path, flags, Mode::empty()))
}

impl Store {
    /// Opens the store in a folder.
    pub(crate) fn open(destination: Destination) -> Result<Arc<Self>, StoreError> {
        let Destination { folder, path, durability } = destination;
        let own = open_own(&folder)
            .map_err(|error| StoreError::Open { path: path.join(OWN_FOLDER), source: error.into() })?;
        // Without /proc a nameless file may not get its name.
        let nameless = AtomicBool::new(cfg!(target_os = "linux") && Path::new("/proc/self/fd").exists());
        let (run, staged) = (fastrand::u64(..), AtomicU64::new(0));
        Ok(Arc::new(Self { folder, own, path, durability, nameless, run, staged }))
    }

    /// A new file, not visible under any final name.
    pub(crate) fn stage(self: &Arc<Self>, name: &Name) -> Result<Staged, StoreError> {
        Staged::new(Arc::clone(self)).map_err(|error| self.failure(error, name))
    }

    /// A file that never gets a name and that nobody else may read: it is gone with its last handle.
    pub(crate) fn scratch(&self) -> io::Result<File> {
        staged::scratch(self)
    }

    /// Whether a file has this name, this size and this SHA-256. Reads all of it.
    pub(crate) fn holds(&self, name: &Name, bytes: u64, sha256: [u8; 32]) -> bool {
        let Ok(folder) = self.folder.try_clone() else { return false };
        let expected = Expected { bytes, sha256: Some(sha256), format: None };
        Inspector::over(folder).inspect(name, &expected, Depth::Full).is_ok()
    }

    /// Writes and publishes a small file in one go.
    pub(crate) fn save(self: &Arc<Self>, bytes: &[u8], name: &Name) -> Result<(), StoreError> {
        let mut staged = self.stage(name)?;
        staged.write(bytes).map_err(|error| self.failure(error, name))?;
        self.publish(staged, name)
    }

    /// Gives a staged file its final name, in place of a plain file that has it.
    pub(crate) fn publish(&self, mut staged: Staged, name: &Name) -> Result<(), StoreError> {
        if self.durability.syncs_new_files() {
            staged.sync().map_err(|error| self.failure(error, name))?;
        }
        match staged.link(name) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => {
                self.check_replaceable(name)?;
                if self.durability.syncs_replacements() {
                    staged.sync().map_err(|error| self.failure(error, name))?;
                }
                staged.replace(name).map_err(|error| match error {
                    // The folder could be written to before: it is this one file that is protected.
                    Errno::PERM | Errno::ACCESS => StoreError::File { name: name.clone(), cause: error.into() },
                    other => self.failure(other.into(), name),
                })
            }
            Err(error) => Err(self.failure(error.into(), name)),
        }
    }

    fn check_replaceable(&self, name: &Name) -> Result<(), StoreError> {
        let look = || rustix::fs::statat(&self.folder, name.as_str(), AtFlags::SYMLINK_NOFOLLOW);
        let stat = match disk::call(&self.folder, Call::Look, look) {
            Ok(stat) => stat,
            // Gone since: there is nothing in the way.
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(self.failure(error.into(), name)),
        };
        let occupied = |what| Err(StoreError::Occupied { name: name.clone(), what });
        inspect::what_else(&stat).map_or(Ok(()), occupied)
    }

    /// Sorts a failure by whom it concerns: the machine, or this one file.
    pub(crate) fn failure(&self, source: io::Error, name: &Name) -> StoreError {
        let path = self.path.clone();
        match Errno::from_io_error(&source) {
            Some(Errno::NOSPC | Errno::DQUOT) => StoreError::Full { path, source },
            // NOENT: the folder itself was removed under our hands.
            Some(Errno::ROFS | Errno::ACCESS | Errno::PERM | Errno::IO | Errno::NOENT) => {
                StoreError::Unwritable { path, source }
            }
            Some(Errno::MFILE | Errno::NFILE) => StoreError::Exhausted,
            _ => StoreError::File { name: name.clone(), cause: source },
        }
    }

    /// The name of the next staged file: short, never derived from a final name, and never another run's.
    fn next_staged_name(&self) -> String {
        sweep::staged_name(self.run, self.staged.fetch_add(1, Ordering::Relaxed))
    }
}

/// Flagdl's own folder in a folder for downloads; made where it is missing, and no symbolic link.
fn open_own(folder: &OwnedFd) -> Result<OwnedFd, Errno> {
    let make = || rustix::fs::mkdirat(folder, OWN_FOLDER, Mode::from_raw_mode(0o777));
    match disk::call(folder, Call::Make, make) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error),
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
    disk::call(folder, Call::Open, || rustix::fs::openat(folder, OWN_FOLDER, flags, Mode::empty()))
}

#[cfg(test)]
mod tests;
