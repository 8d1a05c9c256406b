//! What is here already: what the ledger knows of a name, and a look at the file.
//!
//! Promises: a file counts as here where the ledger says whose it is and how large, and a plain file of that size has
//! the name; nothing is opened for that, and no symbolic link is followed. Where the list has a checksum, the ledger's
//! hash of the file must be that too.
//!
//! What surprises: the size is all that is looked at. What a disk does to the bytes of a file is for another step to find.

use std::{os::fd::OwnedFd, path::Path};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};

use crate::{
    ledger::{Known, Ledger, LedgerError, Reader, View},
    link::Link,
    name::Name,
};

/// A folder for downloads, and the ledger of it.
pub(crate) struct Here {
    reader: Reader,
    folder: OwnedFd,
    overwrite: bool,
}

impl Here {
    /// What is in a folder; with `overwrite` nothing of it counts as here, but names stay whose they are.
    pub(crate) fn open(ledger: &Ledger, folder: &Path, overwrite: bool) -> Result<Self, LedgerError> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let opened = rustix::fs::open(folder, flags, Mode::empty());
        let failed = |source: rustix::io::Errno| LedgerError::Folder { path: folder.into(), source: source.into() };
        Ok(Self { reader: ledger.reader()?, folder: opened.map_err(failed)?, overwrite })
    }

    /// What is here at one moment.
    pub(super) fn look(&mut self) -> Result<Look<'_>, LedgerError> {
        Ok(Look { view: self.reader.view()?, folder: &self.folder, overwrite: self.overwrite })
    }
}

/// What is here at one moment.
pub(super) struct Look<'a> {
    view: View<'a>,
    folder: &'a OwnedFd,
    overwrite: bool,
}

/// Whose a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody's.
    Free,
    /// Another link's.
    Another,
    /// The link's own; there is no file, or it is to be fetched again.
    Own,
    /// The link's own, and the file is here.
    Here,
}

impl Look<'_> {
    /// Whose a name is; with a checksum of the list's, a file counts as here only if it had that hash.
    pub(super) fn standing(
        &self,
        name: &Name,
        link: &Link,
        checksum: Option<&[u8; 32]>,
    ) -> Result<Standing, LedgerError> {
        Ok(match self.view.known(name, link)? {
            Known::Nothing => Standing::Free,
            Known::Another => Standing::Another,
            Known::Own { bytes: Some(bytes), .. }
                if !self.overwrite && self.is_file_of(name, bytes) && self.had_hash(name, checksum)? =>
            {
                Standing::Here
            }
            Known::Own { .. } => Standing::Own,
        })
    }

    /// Asked only where there is a checksum, so that without one a name costs one look-up.
    fn had_hash(&self, name: &Name, checksum: Option<&[u8; 32]>) -> Result<bool, LedgerError> {
        let Some(checksum) = checksum else { return Ok(true) };
        Ok(self.view.sha256(name)?.as_ref() == Some(checksum))
    }

    /// Whatever else is in its place, or keeps us from looking, shows when the entry is fetched.
    fn is_file_of(&self, name: &Name, bytes: u64) -> bool {
        let stat = rustix::fs::statat(self.folder, name.as_str(), AtFlags::SYMLINK_NOFOLLOW);
        stat.is_ok_and(|stat| {
            FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && u64::try_from(stat.st_size) == Ok(bytes)
        })
    }
}
