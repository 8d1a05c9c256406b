//! Why the ledger cannot be used, and what to do about it.
//!
//! Promises: every message names the file or folder in question and, where the user has a way out, tells it. None
//! holds a URL.
//!
//! What surprises: a ledger that cannot be used is never mended in silence. What it knew would be lost, and with it
//! the proof that the files beside it are whole; so the user decides.

use std::{
    io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;
use thiserror::Error;

use super::schema;

/// `SQLITE_IOERR_SHMSIZE`: the index of the log cannot be made as large as it must be.
const NO_ROOM_FOR_INDEX: std::os::raw::c_int = rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

/// Why the ledger cannot be used. With each of them the run cannot go on, except where a variant says otherwise.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The folder of the ledger cannot be made or opened.
    #[error("cannot use {} as the folder of the ledger", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder's path is longer than the database takes.
    #[error(
        "the path of {} is too long: with all links followed, the ledger takes {most} bytes\nhint: choose a folder with a \
         shorter path (--dest)", path.display()
    )]
    TooLong {
        /// The folder for downloads.
        path: PathBuf,
        /// How long its path may be, in bytes.
        most: usize,
    },
    /// Something else has the name of the ledger's folder.
    #[error(
        "{} is {what}, and only a folder can hold the ledger\nhint: move it away, or choose another folder for \
         downloads", path.display()
    )]
    NotAFolder {
        /// The name in question.
        path: PathBuf,
        /// What is in its place.
        what: &'static str,
    },
    /// Something else has the name of the database, or of a file that belongs to it.
    #[error(
        "{} is {what}, and only a plain file can be part of the ledger\nhint: move it away, or choose another folder for \
         downloads", path.display()
    )]
    NotAFile {
        /// The name in question.
        path: PathBuf,
        /// What is in its place.
        what: &'static str,
    },
    /// A file that belongs to the ledger is a hard link: what is written to it would change another file as well.
    #[error(
        "{} has another name too (a hard link), and what has that would be changed with it\nhint: put a copy of it in its \
         place; a lock may simply be removed", path.display()
    )]
    Linked {
        /// The name in question.
        path: PathBuf,
    },
    /// Another process works in this folder. Another attempt could succeed once it has ended.
    #[error("another flagdl{} is at work in {}\nhint: wait for it to end, or choose another folder for downloads",
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default(), path.display())]
    Locked {
        /// The folder for downloads.
        path: PathBuf,
        /// The process, where it has told its number.
        pid: Option<u32>,
    },
    /// Another process has made the ledger since this one found none, so this one has planned without what it says.
    /// Another attempt could succeed.
    #[error("another flagdl has worked in {} since this one began\nhint: run it again", path.display())]
    Overtaken {
        /// The folder for downloads.
        path: PathBuf,
    },
    /// The folder that was opened is not the one any more that its path leads to. Another attempt could succeed.
    #[error(
        "{} was moved or replaced while flagdl was at work in it\nhint: run it again once nobody does that", path.display()
    )]
    Moved {
        /// The ledger's folder.
        path: PathBuf,
    },
    /// A later version of flagdl made it.
    #[error(
        "the ledger {} has schema {version}, and this flagdl knows none above {}\nhint: use the newer flagdl, or move \
         the ledger away to begin a new one", path.display(), schema::VERSION
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema's version.
        version: i64,
    },
    /// An earlier version of flagdl made it, and it was opened for reading only.
    #[error(
        "the ledger {} has schema {version}, and this flagdl reads {}\nhint: any download into this folder brings it \
         up to date", path.display(), schema::VERSION
    )]
    Older {
        /// The database.
        path: PathBuf,
        /// Its schema's version.
        version: i64,
    },
    /// Another program made it.
    #[error(
        "{} is the database of another program\nhint: move it away, or choose another folder for downloads",
        path.display()
    )]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// Its contents make no sense.
    #[error(
        "the ledger {} is damaged\nhint: move it away to begin a new one; files that are here are then fetched again",
        path.display()
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        source: rusqlite::Error,
    },
    /// No space is left for it.
    #[error(
        "no space left for the ledger {}\nhint: make room there; the same command then goes on from here", path.display()
    )]
    Full {
        /// The database.
        path: PathBuf,
        /// What the database said.
        source: rusqlite::Error,
    },
    /// Another program that has it open keeps it from being written to.
    #[error(
        "another program keeps the ledger {} locked\nhint: end the transaction that is open there", path.display()
    )]
    Busy {
        /// The database.
        path: PathBuf,
        /// What the database said.
        source: rusqlite::Error,
    },
    /// Anything else that the database, or the system below it, refuses.
    #[error("cannot use the ledger {}", path.display())]
    Unusable {
        /// The database.
        path: PathBuf,
        /// What the database said.
        source: rusqlite::Error,
    },
    /// The files that the ledger is about to vouch for cannot be brought to the disk.
    #[error("cannot write what was saved beside {} to the disk", path.display())]
    Sync {
        /// The database.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The writer cannot be started.
    #[error("cannot start a thread for the ledger {}", path.display())]
    Thread {
        /// The database.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The writer has ended, and its error has been told before.
    #[error("the ledger {} takes nothing more after an earlier error", path.display())]
    Stopped {
        /// The database.
        path: PathBuf,
    },
}

impl LedgerError {
    /// Whether it is that nothing can be written there: a medium for reading only, or no permission.
    pub(crate) fn is_about_writing(&self) -> bool {
        match self {
            Self::Folder { source, .. } => {
                matches!(source.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
            }
            Self::Unusable { source, .. } => matches!(
                source.sqlite_error_code(),
                Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied)
            ),
            _ => false,
        }
    }

    /// Sorts what the database said about `path`.
    pub(super) fn new(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        if source.sqlite_error().is_some_and(|error| error.extended_code == NO_ROOM_FOR_INDEX) {
            return Self::Full { path, source };
        }
        match source.sqlite_error_code() {
            // None: not the database's own words, but a column that holds what no version of flagdl puts there.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) | None => Self::Damaged { path, source },
            Some(ErrorCode::DiskFull) => Self::Full { path, source },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path, source },
            Some(_) => Self::Unusable { path, source },
        }
    }
}

/// A failure of the database, still to be told which file it is about.
pub(super) trait About<T> {
    /// Names the file.
    fn about(self, path: &Path) -> Result<T, LedgerError>;
}

impl<T> About<T> for rusqlite::Result<T> {
    fn about(self, path: &Path) -> Result<T, LedgerError> {
        admit(path).and(self).map_err(|source| LedgerError::new(path, source))
    }
}

/// Whether the database is asked at all.
#[cfg(not(test))]
#[inline]
#[allow(clippy::unnecessary_wraps, reason = "in tests it fails")]
pub(super) fn admit(_: &Path) -> rusqlite::Result<()> {
    Ok(())
}

/// Whether the database is asked at all: a test may want it to fail.
#[cfg(test)]
pub(super) fn admit(path: &Path) -> rusqlite::Result<()> {
    use crate::disk::torture::{Kind, Trouble, meet};
    use rusqlite::ffi;
    let Some(Trouble::Error(error)) = meet(path, Kind::Database) else { return Ok(()) };
    let code = match error {
        rustix::io::Errno::NOSPC => ffi::SQLITE_FULL,
        rustix::io::Errno::MFILE => ffi::SQLITE_CANTOPEN,
        rustix::io::Errno::ACCESS => ffi::SQLITE_READONLY,
        rustix::io::Errno::BUSY => ffi::SQLITE_BUSY,
        _ => ffi::SQLITE_IOERR_WRITE,
    };
    Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
}
