//! What is here already: what the ledger knows of a name, and a look at the file.
//!
//! Promises: a file counts as here where the ledger says whose it is and how large, and a plain file of that size has
//! the name, unless the last attempt to replace it failed; nothing is opened for that, and no symbolic link is followed. Where the list has a checksum, the ledger's
//! hash of the file must be that too. A file that the ledger knows nothing of is read to its end before it is taken for
//! an entry's.
//!
//! What surprises: the size is all that is looked at. What a disk does to the bytes of a file is for `verify` to find.

use std::ops::RangeInclusive;

use crate::{
    ledger::{Known, LastOutcome, Ledger, LedgerError, Reader, Row, StoredFile, Validators, View},
    link::Link,
    name::Name,
    options::{Accept, Durability, Existing, Options},
    store::inspect::Inspector,
};

/// A folder for downloads, and the ledger of it.
pub(crate) struct Here {
    reader: Reader,
    /// None where only names matter: then nothing is here.
    folder: Option<Inspector>,
    wishes: Wishes,
}

/// What is to be done about what is here.
#[derive(Debug, Clone, Default)]
struct Wishes {
    existing: Existing,
    adopt: bool,
    accept: Accept,
    durability: Durability,
    /// What was not found in this time, in seconds since 1970, is not asked for.
    recently: Option<RangeInclusive<u64>>,
}

/// The file that a job is about to replace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Before {
    pub(crate) sha256: Option<[u8; 32]>,
    pub(crate) validators: Validators,
}

impl Here {
    /// What is in a folder, looked at with what the options want; `now` is in seconds since 1970.
    pub(crate) fn open(ledger: &Ledger, options: &Options, now: u64) -> Result<Self, LedgerError> {
        let wishes = Wishes {
            existing: options.existing,
            adopt: options.adopt,
            accept: options.accept,
            durability: options.durability,
            // What is noted of the future was noted by a clock that was wrong.
            recently: options.missing_ttl.map(|ttl| now.saturating_sub(ttl.as_secs())..=now),
        };
        let folder = Inspector::over(ledger.folder().destination()?);
        Ok(Self { reader: ledger.reader()?, folder: Some(folder), wishes })
    }

    /// Only whose each name is: for somebody who looks at the files himself.
    pub(crate) fn names_only(reader: Reader) -> Self {
        Self { reader, folder: None, wishes: Wishes::default() }
    }

    /// From now on nothing counts as here, but names stay whose they are.
    pub(crate) fn believe_nothing(&mut self) {
        self.folder = None;
    }

    /// At most so many rows after the one with this key whose files are lost.
    pub(super) fn lost_after(&mut self, key: &str, limit: usize) -> Result<Vec<Row>, LedgerError> {
        self.reader.lost_after(key, limit)
    }

    /// What is here at one moment.
    pub(super) fn look(&mut self) -> Result<Look<'_>, LedgerError> {
        Ok(Look { view: self.reader.view()?, folder: self.folder.as_ref(), wishes: &self.wishes })
    }
}

/// What is here at one moment.
pub(super) struct Look<'a> {
    view: View<'a>,
    folder: Option<&'a Inspector>,
    wishes: &'a Wishes,
}

/// Whose a name is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody's.
    Free,
    /// Another link's.
    Another,
    /// The link's own, to be fetched; with the file that is here.
    Own(Option<Box<Before>>),
    /// The link's own, and the file is here.
    Here,
    /// The link's own, and its server did not have it a short while ago.
    Missing,
}

impl Look<'_> {
    /// Whose a name is; with a checksum of the list's, a file counts as here only if it had that hash.
    pub(super) fn standing(
        &self,
        name: &Name,
        link: &Link,
        checksum: Option<&[u8; 32]>,
    ) -> Result<Standing, LedgerError> {
        let (outcome, bytes, finished_at) = match self.view.known(name, link)? {
            Known::Nothing => return Ok(Standing::Free),
            Known::Another => return Ok(Standing::Another),
            Known::Own { outcome, bytes, finished_at } => (outcome, bytes, finished_at),
        };
        let is_here = bytes.is_some_and(|bytes| self.folder.is_some_and(|folder| folder.has(name, bytes)));
        // What failed is tried again, though an older file is here.
        let is_settled = outcome != LastOutcome::Error && self.wishes.existing == Existing::Skip;
        if is_here && is_settled && self.had_hash(name, checksum)? {
            return Ok(Standing::Here);
        }
        let is_recent = self.wishes.recently.as_ref().is_some_and(|recently| recently.contains(&finished_at));
        if outcome == LastOutcome::NotFound && !is_here && is_recent {
            return Ok(Standing::Missing);
        }
        Ok(Standing::Own(if is_here { self.before(name, checksum)? } else { None }))
    }

    /// Asked only where there is a checksum, so that without one a name costs one look-up.
    fn had_hash(&self, name: &Name, checksum: Option<&[u8; 32]>) -> Result<bool, LedgerError> {
        let Some(checksum) = checksum else { return Ok(true) };
        Ok(self.view.sha256(name)?.as_ref() == Some(checksum))
    }

    fn before(&self, name: &Name, checksum: Option<&[u8; 32]>) -> Result<Option<Box<Before>>, LedgerError> {
        let Some(StoredFile { sha256, validators, .. }) = self.view.look_up(name)?.and_then(|row| row.file) else {
            return Ok(None);
        };
        // What is not what the list wants is no answer to "changed since?" either.
        let is_wanted = checksum.is_none_or(|checksum| sha256.as_ref() == Some(checksum));
        let validators = if is_wanted { validators } else { Validators::default() };
        Ok(Some(Box::new(Before { sha256, validators })))
    }

    /// The file that has a name which the ledger knows nothing of, if it is wanted and good.
    pub(super) fn adopt(&self, name: &Name, checksum: Option<&[u8; 32]>) -> Option<Box<StoredFile>> {
        if !self.wishes.adopt || self.wishes.existing == Existing::Overwrite {
            return None;
        }
        let found = self.folder?.whole_file(name, self.wishes.accept == Accept::Image)?;
        if checksum.is_some_and(|checksum| *checksum != found.sha256) {
            return None;
        }
        if self.wishes.durability == Durability::File && !self.folder?.sync(name) {
            return None;
        }
        let format = found.format.map(|format| format.name().into());
        Some(Box::new(StoredFile { bytes: found.bytes, sha256: Some(found.sha256), format, ..StoredFile::default() }))
    }
}
