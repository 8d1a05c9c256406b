//! The stream of jobs, wherever they come from.

use std::path::PathBuf;

use super::{Here, ListPlan, PlanError, Planned, claims::Claims, mending::Mending};
use crate::{list::Lists, template::Template};

/// The stream of jobs.
pub struct Plan {
    pub(super) source: Source,
    /// What a test has dropped once all is read.
    #[cfg(test)]
    pub(crate) until_read: Option<std::sync::mpsc::Sender<()>>,
}

/// Where jobs come from.
pub(super) enum Source {
    Lists(Box<ListPlan>),
    Ledger(Box<Mending>),
}

impl Plan {
    /// A plan over `lists`, with codes going through `template`, that ends after `limit` entries.
    pub fn new(lists: Lists, template: Template, limit: Option<u64>) -> Self {
        let left = limit.unwrap_or(u64::MAX);
        let plan = ListPlan { lists, template, claims: Claims::default(), here: None, left, failed: None };
        Self::of(Source::Lists(Box::new(plan)))
    }

    /// A plan over the files that the folder's ledger knows to be lost, as
    /// [`Remedy::Forget`](crate::verify::Remedy::Forget) leaves them: without a list, from where they came, to the
    /// names that they had.
    pub fn mending() -> Self {
        Self::of(Source::Ledger(Box::default()))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            #[cfg(test)]
            until_read: None,
        }
    }

    /// From now on asks what is here.
    pub(crate) fn ask(&mut self, here: Here) {
        match &mut self.source {
            Source::Lists(plan) => plan.here = Some(here),
            Source::Ledger(mending) => mending.ask(here),
        }
    }

    /// From now on may put what it keeps of each entry into a file without a name below the folder, which is made when
    /// that is needed.
    pub(crate) fn put_claims_below(&mut self, folder: PathBuf) {
        if let Source::Lists(plan) = &mut self.source {
            plan.claims.put_below(folder);
        }
    }

    /// The next entries, at least one; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`PlanError`] where a list can no longer be read, the ledger no longer be asked, or the names that are taken no
    /// longer be looked up.
    pub(crate) fn next_batch(&mut self) -> Result<Option<Vec<Planned>>, PlanError> {
        match &mut self.source {
            Source::Lists(plan) => plan.next_batch(),
            Source::Ledger(mending) => Ok(mending.next_batch()?),
        }
    }
}
