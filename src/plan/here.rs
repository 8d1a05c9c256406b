//! What is here already: what the ledger knows of a name, and a look at the file.
//!
//! Promises: a file counts as here where the ledger says whose it is and how large, and a plain file of that size has
//! the name; nothing is opened for that, and no symbolic link is followed.
//!
//! What surprises: the size is all that is looked at. What a disk does to the bytes of a file is for another step to find.

use std::path::Path;

use crate::{
    ledger::{Known, Ledger, LedgerError, Reader, Row, View},
    link::Link,
    name::Name,
    store::inspect::Inspector,
};

/// A folder for downloads, and the ledger of it.
pub(crate) struct Here {
    reader: Reader,
    folder: Inspector,
    overwrite: bool,
}

impl Here {
    /// What is in a folder; with `overwrite` nothing of it counts as here, but names stay whose they are.
    pub(crate) fn open(ledger: &Ledger, folder: &Path, overwrite: bool) -> Result<Self, LedgerError> {
        let failed = |source| LedgerError::Folder { path: folder.into(), source };
        Ok(Self { reader: ledger.reader()?, folder: Inspector::open(folder).map_err(failed)?, overwrite })
    }

    /// At most so many rows after the one with this key whose files are lost.
    pub(super) fn lost_after(&mut self, key: &str, limit: usize) -> Result<Vec<Row>, LedgerError> {
        self.reader.lost_after(key, limit)
    }

    /// What is here at one moment.
    pub(super) fn look(&mut self) -> Result<Look<'_>, LedgerError> {
        Ok(Look { view: self.reader.view()?, folder: &self.folder, overwrite: self.overwrite })
    }
}

/// What is here at one moment.
pub(super) struct Look<'a> {
    view: View<'a>,
    folder: &'a Inspector,
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
    pub(super) fn standing(&self, name: &Name, link: &Link) -> Result<Standing, LedgerError> {
        Ok(match self.view.known(name, link)? {
            Known::Nothing => Standing::Free,
            Known::Another => Standing::Another,
            Known::Own { bytes: Some(bytes), .. } if !self.overwrite && self.folder.has(name, bytes) => Standing::Here,
            Known::Own { .. } => Standing::Own,
        })
    }
}
