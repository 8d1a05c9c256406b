//! What stands under the names that `SQLite` takes up on its own: the database, its journal, its log and the log's index.
//!
//! Promises: before the database is opened, each of them is known to be missing or a plain file, and none to have a second
//! name, but the database where it is only read; a journal that would have another file removed is refused, and nothing is
//! changed.
//!
//! What surprises: a journal that is left is played back by whoever opens the database, reader or not. At its end may stand
//! the path of a file that several databases share (a super-journal, sqlite.org/fileformat.html, 3.2), and that file is
//! then removed, wherever it is. Only ATTACH makes such journals, and flagdl attaches nothing.

use std::{fs::File, io, os::fd::OwnedFd, os::unix::fs::FileExt as _, path::Path};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, Stat},
    io::Errno,
};

use super::{LedgerError, schema};
use crate::disk::{self, Call, Open};

/// The database in the folder.
pub(super) const DATABASE: &str = "ledger.db";
/// Its journal, where it can have no log, and for a moment when it is made.
const JOURNAL: &str = "ledger.db-journal";
/// Its log, and the index of it. They are looked at and never opened, as closing the index would take away the locks of
/// this process's other connections (sqlite.org/howtocorrupt.html, 2.2).
const LOG: [&str; 2] = ["ledger.db-wal", "ledger.db-shm"];

/// What a journal ends with, behind the path of another file. It begins with the same.
pub(super) const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// What the database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

/// Makes sure that the database in the folder `own`, whose path is `path`, can be opened without harm to anything else.
pub(super) fn check(own: &OwnedFd, path: &Path, access: Access) -> Result<(), LedgerError> {
    for name in [DATABASE, JOURNAL].into_iter().chain(LOG) {
        let look = || rustix::fs::statat(own, name, AtFlags::SYMLINK_NOFOLLOW);
        match disk::call(own, Call::Look, look) {
            Ok(stat) if name == DATABASE && access == Access::Read => check_kind(&stat, &path.join(name))?,
            Ok(stat) => check_single(&stat, &path.join(name))?,
            Err(Errno::NOENT) => {}
            Err(error) => return Err(LedgerError::Folder { path: path.to_owned(), source: error.into() }),
        }
    }
    check_journal(own, &path.join(JOURNAL))
}

/// Refuses what is no plain file, and one that would be changed under another name too.
pub(super) fn check_single(stat: &Stat, path: &Path) -> Result<(), LedgerError> {
    check_kind(stat, path)?;
    if stat.st_nlink > 1 { Err(LedgerError::Linked { path: path.to_owned() }) } else { Ok(()) }
}

fn check_kind(stat: &Stat, path: &Path) -> Result<(), LedgerError> {
    let what = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Symlink => "a symbolic link",
        FileType::Directory => "a folder",
        _ => "no plain file",
    };
    Err(LedgerError::NotAFile { path: path.to_owned(), what })
}

fn check_journal(own: &OwnedFd, path: &Path) -> Result<(), LedgerError> {
    let failed = |source| LedgerError::Folder { path: path.to_owned(), source };
    // It may have become anything since it was looked at: nothing is followed, and nothing waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let open = || rustix::fs::openat(own, JOURNAL, flags, Mode::empty());
    let journal = match disk::call(own, Call::Open, open) {
        Ok(journal) => File::from(journal),
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(failed(error.into())),
    };
    let stat =
        disk::call(&journal, Call::Look, || rustix::fs::fstat(&journal)).map_err(|error| failed(error.into()))?;
    check_single(&stat, path)?;
    if names_another_file(&journal).map_err(failed)? {
        let what = "it names another file, which would be removed with it";
        return Err(schema::damage(path, what.into()));
    }
    Ok(())
}

fn names_another_file(journal: &File) -> io::Result<bool> {
    let mut tail = [0; MAGIC.len()];
    let Some(at) = journal.metadata()?.len().checked_sub(tail.len() as u64) else { return Ok(false) };
    match Open(journal).read_exact_at(&mut tail, at) {
        Ok(()) => Ok(tail == MAGIC),
        // Whoever writes the database has just cut it short.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
