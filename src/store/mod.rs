//! A folder in which a file is whole or absent.
//!
//! Promises: a final name always holds a whole file, whatever the moment at which the process is killed; nothing
//! outside the folder is made, changed or removed; nothing but a plain file is ever replaced. All calls are
//! relative to one open handle of the folder and take one-component names, so no symlink can lead elsewhere.
//!
//! What surprises: these calls block, and belong on a thread that may.

pub(crate) mod image;
pub(crate) mod inspect;
mod remove;
mod staged;

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

pub(crate) use self::staged::Staged;
pub use self::{
    image::{Flaw, Format, Missing},
    inspect::{Damage, Depth},
};
use crate::name::Name;

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
    #[error("no space left in {}", path.display())]
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
    path: PathBuf,
    /// Whether the file system has files without a name (`O_TMPFILE`); until it says otherwise.
    nameless: AtomicBool,
    /// What the names of this run's staged files begin with, and what numbers them.
    run: u64,
    staged: AtomicU64,
}

impl Store {
    /// Opens the folder, and makes it where it is missing.
    pub(crate) fn open(path: &Path) -> Result<Arc<Self>, StoreError> {
        let failed = |source: io::Error| StoreError::Open { path: path.to_owned(), source };
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_dir()) {
            return Err(failed(io::ErrorKind::NotADirectory.into()));
        }
        fs::create_dir_all(path).map_err(failed)?;
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let folder = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
        // Without /proc a nameless file may not get its name.
        let nameless = AtomicBool::new(cfg!(target_os = "linux") && Path::new("/proc/self/fd").exists());
        let (run, staged) = (fastrand::u64(..), AtomicU64::new(0));
        Ok(Arc::new(Self { folder, path: path.to_owned(), nameless, run, staged }))
    }

    /// A new file, not visible under any final name.
    pub(crate) fn stage(self: &Arc<Self>, name: &Name) -> Result<Staged, StoreError> {
        Staged::new(Arc::clone(self)).map_err(|error| self.failure(error, name))
    }

    /// A file that never gets a name and that nobody else may read: it is gone with its last handle.
    pub(crate) fn scratch(&self) -> io::Result<File> {
        staged::scratch(self)
    }

    /// Writes and publishes a small file in one go. Gives its SHA-256.
    pub(crate) fn save(self: &Arc<Self>, bytes: &[u8], name: &Name) -> Result<[u8; 32], StoreError> {
        let mut staged = self.stage(name)?;
        staged.append(bytes).map_err(|error| self.failure(error, name))?;
        self.publish(staged, name)
    }

    /// Gives a staged file its final name, in place of a plain file that has it. Gives its SHA-256.
    pub(crate) fn publish(&self, staged: Staged, name: &Name) -> Result<[u8; 32], StoreError> {
        let hash = staged.sha256();
        self.give_name(staged, name).map(|()| hash)
    }

    fn give_name(&self, mut staged: Staged, name: &Name) -> Result<(), StoreError> {
        match staged.link(name) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => {
                self.check_replaceable(name)?;
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
        let stat = match rustix::fs::statat(&self.folder, name.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
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
        format!(".fdl-{:016x}-{}.part", self.run, self.staged.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests;
