//! Jobs from the ledger: what was saved once and is lost, to be fetched again from where it came.
//!
//! Promises: each such row comes out once, in the order of names, a batch at a time; it is saved under the name that it
//! had. A URL whose secrets are not known is no job, and nothing is asked without them.
//!
//! What surprises: rows are read while the run that they are for writes others. One that is mended, or whose attempts
//! fail, is behind the place where reading goes on, so it never comes again.

use std::sync::Arc;

use super::{BATCH, EntryError, Here, Job, Planned};
use crate::{
    ledger::{LedgerError, Row},
    link::Link,
    list::Entry,
};

/// What takes the place of a list's name.
const NAME: &str = "the ledger";

/// The rows of what is lost.
pub(super) struct Mending {
    /// None where there is no ledger, and so nothing lost.
    here: Option<Here>,
    name: Arc<str>,
    /// The key of the last row that was read.
    after: Box<str>,
    /// How many rows were read.
    read: u64,
}

impl Default for Mending {
    fn default() -> Self {
        Self { here: None, name: NAME.into(), after: "".into(), read: 0 }
    }
}

impl Mending {
    pub(super) fn ask(&mut self, here: Here) {
        self.here = Some(here);
    }

    /// The next rows, at least one; none at the end.
    pub(super) fn next_batch(&mut self) -> Result<Option<Vec<Planned>>, LedgerError> {
        let Some(here) = &mut self.here else { return Ok(None) };
        let rows = here.lost_after(&self.after, BATCH)?;
        let Some(last) = rows.last() else { return Ok(None) };
        self.after = last.key.clone();
        Ok(Some(rows.into_iter().map(|row| self.plan(row)).collect()))
    }

    fn plan(&mut self, row: Row) -> Planned {
        self.read += 1;
        // The whole URL was stored only if it is this row's again.
        let link = Link::parse(&row.url).ok().filter(|link| row.is_of(link));
        let entry = Entry { list: Arc::clone(&self.name), line: self.read, text: row.entry, sha256: None };
        match link {
            Some(link) => Planned::Job(Job { entry, link, path: row.path, before: None }),
            None => Planned::Invalid(entry, EntryError::SecretUrl),
        }
    }
}
