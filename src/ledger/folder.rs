//! The ledger's folder, and who may work in it.
//!
//! Promises: one process at a time holds the folder, for as long as its [`Lock`] lives; a process that is killed
//! leaves nothing that would keep the next one out. No symbolic link is followed below the folder for downloads.
//! Finding out whether there is a ledger makes nothing. A folder whose path is too long for the database is told as that,
//! before it is made.
//!
//! What surprises: the lock is on the open file (flock(2)), not in its text. The text is the holder's process id,
//! for people and for the message that the next one gets; after a kill it may be an old one.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::fd::OwnedFd,
    path::{self, Component, Path, PathBuf},
    thread,
    time::Duration,
};

use rustix::{
    fs::{AtFlags, FileType, FlockOperation, Mode, OFlags},
    io::Errno,
};

use super::LedgerError;
use crate::{
    disk::{self, Call, Open},
    name::{MAX_NAME, OWN_FOLDER},
};

/// The database in the folder.
const DATABASE: &str = "ledger.db";
/// The lock in it.
const LOCK: &str = "lock";

/// Longest path of a folder for downloads, in bytes. `SQLite` takes paths of 512 (`MAX_PATHNAME` in its `os_unix.c`), of which
/// it wants the last 8 for `-journal`; the database's name is behind the folder's.
pub(super) const LONGEST: usize = 512 - "-journal".len() - "/.flagdl/ledger.db".len();

/// How often a lock that is taken is asked for again. Somebody who only wants to know the holder has it for a moment.
const LOCK_ATTEMPTS: u32 = 4;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// The ledger's folder, open.
#[derive(Debug)]
pub(super) struct Folder {
    handle: OwnedFd,
    /// The folder for downloads, as the caller knows it.
    destination: PathBuf,
    /// Its own path, without symbolic links: `SQLite` takes paths only, and is told to follow none.
    path: PathBuf,
}

impl Folder {
    /// The folder in `destination`, which is made where it is missing.
    pub(super) fn make(destination: &Path) -> Result<Self, LedgerError> {
        let (above, path) = Self::find(destination)?;
        let make = || rustix::fs::mkdirat(&above, OWN_FOLDER, Mode::from_raw_mode(0o777));
        match disk::call(&above, Call::Make, make) {
            // The new name must outlive a power loss if anything in the folder is to.
            Ok(()) => sync(&above, &path)?,
            Err(Errno::EXIST) => {}
            Err(error) => return Err(LedgerError::Folder { path, source: error.into() }),
        }
        let handle = Self::open(&above).map_err(|error| blame(&above, &path, error))?;
        Ok(Self { handle, destination: destination.to_owned(), path })
    }

    /// The folder in `destination`; none where it is missing.
    pub(super) fn existing(destination: &Path) -> Result<Option<Self>, LedgerError> {
        let look = disk::call(destination, Call::Look, || fs::metadata(destination));
        if matches!(look, Err(error) if error.kind() == io::ErrorKind::NotFound) {
            return Ok(None);
        }
        let (above, path) = Self::find(destination)?;
        match Self::open(&above) {
            Ok(handle) => Ok(Some(Self { handle, destination: destination.to_owned(), path })),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(blame(&above, &path, error)),
        }
    }

    /// Refuses a folder that is not there yet and whose path will be too long, so that it need not be made first.
    pub(super) fn foresee(destination: &Path) -> Result<(), LedgerError> {
        let Ok(path) = path::absolute(destination) else { return Ok(()) };
        // What is there may be shorter than it is written, or longer: it may be a link.
        let there = path.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
        let Some((above, there)) = there else { return Ok(()) };
        let missing = path.strip_prefix(above).unwrap_or(&path);
        let path: PathBuf = there.components().chain(missing.components()).collect();
        if path.as_os_str().len() > LONGEST { Err(too_long(destination)) } else { Ok(()) }
    }

    fn find(destination: &Path) -> Result<(OwnedFd, PathBuf), LedgerError> {
        let failed = |source| LedgerError::Folder { path: destination.join(OWN_FOLDER), source };
        let path = disk::call(destination, Call::Look, || fs::canonicalize(destination))
            .map_err(|error| if is_too_long(&error, destination) { too_long(destination) } else { failed(error) })?;
        if path.as_os_str().len() > LONGEST {
            return Err(too_long(destination));
        }
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let open = || rustix::fs::open(&path, flags, Mode::empty());
        let above = disk::call(&*path, Call::Open, open).map_err(|error| failed(error.into()))?;
        Ok((above, path.join(OWN_FOLDER)))
    }

    fn open(above: &OwnedFd) -> Result<OwnedFd, Errno> {
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
        disk::call(above, Call::Open, || rustix::fs::openat(above, OWN_FOLDER, flags, Mode::empty()))
    }

    /// Where the database is, or is to be.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Whether there is a database.
    pub(super) fn has_database(&self) -> Result<bool, LedgerError> {
        let look = || rustix::fs::statat(&self.handle, DATABASE, AtFlags::SYMLINK_NOFOLLOW);
        match disk::call(&self.handle, Call::Look, look) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(LedgerError::Folder { path: self.path.clone(), source: error.into() }),
        }
    }

    /// Makes an empty database where there is none, with the mode that the umask leaves; `SQLite`'s own is stricter.
    pub(super) fn make_database(&self) -> Result<(), LedgerError> {
        // Never opens what is there: closing it again would take away the locks of this process's other connections
        // (sqlite.org/howtocorrupt.html, 2.2).
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let create = || rustix::fs::openat(&self.handle, DATABASE, flags, mode());
        match disk::call(&self.handle, Call::Create, create) {
            Ok(_) => sync(&self.handle, &self.path),
            Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(LedgerError::Folder { path: self.path.clone(), source: error.into() }),
        }
    }

    /// Takes the folder for this process.
    pub(super) fn lock(&self) -> Result<Lock, LedgerError> {
        let failed = |source| LedgerError::Folder { path: self.path.clone(), source };
        let flags = OFlags::CREATE | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(&self.handle, LOCK, flags, mode());
        let file = disk::call(&self.handle, Call::Open, open).map_err(|error| failed(error.into()))?;
        let mut file = File::from(file);
        let mut attempts = 1;
        loop {
            let lock = || rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive);
            match disk::call(&file, Call::Lock, lock) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) if attempts < LOCK_ATTEMPTS => {
                    attempts += 1;
                    thread::sleep(LOCK_PAUSE);
                }
                Err(Errno::WOULDBLOCK) => {
                    return Err(LedgerError::Locked { path: self.destination.clone(), pid: read_pid(&mut file) });
                }
                Err(error) => return Err(failed(error.into())),
            }
        }
        empty(&file).and_then(|()| writeln!(Open(&file), "{}", std::process::id())).map_err(failed)?;
        Ok(Lock { file })
    }

    /// Who holds the folder.
    pub(super) fn holder(&self) -> Holder {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(&self.handle, LOCK, flags, Mode::empty());
        let Ok(file) = disk::call(&self.handle, Call::Open, open) else { return Holder::Nobody };
        match disk::call(&file, Call::Lock, || rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared)) {
            Err(Errno::WOULDBLOCK) => Holder::Process(read_pid(&mut File::from(file))),
            _ => Holder::Nobody,
        }
    }
}

/// Who holds the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Nobody; it is free.
    Nobody,
    /// A process, with its id where that could be read.
    Process(Option<u32>),
}

/// The right to work in the folder, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Only so that nobody reads an old number: the lock itself goes with the open file.
        let _ = empty(&self.file);
    }
}

fn empty(lock: &File) -> io::Result<()> {
    disk::call(lock, Call::Resize, || lock.set_len(0))
}

fn read_pid(file: &mut File) -> Option<u32> {
    // A number has ten digits at most; whatever else somebody put there is not read.
    let mut text = String::new();
    Open(&*file).take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn sync(folder: &OwnedFd, path: &Path) -> Result<(), LedgerError> {
    disk::call(folder, Call::Sync, || rustix::fs::fsync(folder)).or_else(|error| match error {
        // Some file systems have nothing to say about folders.
        Errno::INVAL | Errno::NOTSUP => Ok(()),
        error => Err(LedgerError::Folder { path: path.to_owned(), source: error.into() }),
    })
}

/// As `open` would make it: the umask takes away what the user does not want.
fn mode() -> Mode {
    Mode::from_raw_mode(0o666)
}

fn too_long(destination: &Path) -> LedgerError {
    LedgerError::TooLong { path: destination.to_owned(), most: LONGEST }
}

/// Whether it is the whole path that the system finds too long, and not one of the names in it.
fn is_too_long(error: &io::Error, path: &Path) -> bool {
    let fits = |name: Component<'_>| name.as_os_str().len() <= MAX_NAME;
    error.raw_os_error() == Some(Errno::NAMETOOLONG.raw_os_error()) && path.components().all(fits)
}

/// Why the folder could not be opened: something else in its place, or what the system said.
fn blame(above: &OwnedFd, path: &Path, error: Errno) -> LedgerError {
    let path = path.to_owned();
    let look = || rustix::fs::statat(above, OWN_FOLDER, AtFlags::SYMLINK_NOFOLLOW);
    let stat = disk::call(above, Call::Look, look);
    match stat.map(|stat| FileType::from_raw_mode(stat.st_mode)) {
        Ok(FileType::Directory) | Err(_) => LedgerError::Folder { path, source: error.into() },
        Ok(FileType::Symlink) => LedgerError::NotAFolder { path, what: "a symbolic link" },
        Ok(_) => LedgerError::NotAFolder { path, what: "no folder" },
    }
}
