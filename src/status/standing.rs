//! How one entry stands.
//!
//! Promises: a state says what is here first, and what happened last second; nothing that may be secret is in what is
//! to be shown.

use std::{fmt, sync::Arc};

use crate::{
    event::{Outcome, shown},
    ledger::{LastOutcome, Row},
    link::visible,
    list::Entry,
    name::Name,
    plan::{EntryError, Job, Planned},
    store::inspect::Inspector,
};

/// How an entry stands; each in exactly one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// The ledger knows its file, and it is there in its size.
    Here,
    /// Its file is there, but when it was last asked for, that ended in an error, or the server no longer had it; or the
    /// list says another hash than the file had when it was saved.
    Stale,
    /// It was never asked for, or its file was here and is not any more.
    Missing,
    /// The server did not have it.
    NotFound,
    /// It last ended in an error, and nothing is here.
    Failed,
    /// The same URL stood earlier.
    Duplicate,
    /// It is no entry.
    Invalid,
}

impl State {
    /// All of them, in the order in which they are counted out.
    pub const ALL: [Self; 7] =
        [Self::Here, Self::Stale, Self::Missing, Self::NotFound, Self::Failed, Self::Duplicate, Self::Invalid];

    /// The word for it in machine output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Stale => "stale",
            Self::Missing => "missing",
            Self::NotFound => "not-found",
            Self::Failed => "failed",
            Self::Duplicate => "duplicate",
            Self::Invalid => "invalid",
        }
    }

    /// From how an entry last ended, if it ever did, and whether its file is there.
    fn of(last: Option<LastOutcome>, is_there: bool) -> Self {
        use LastOutcome::{Error, NotFound, Ok, Unchanged};
        match (last, is_there) {
            (Some(Ok | Unchanged), true) => Self::Here,
            (Some(Error | NotFound), true) => Self::Stale,
            (Some(NotFound), false) => Self::NotFound,
            (Some(Error), false) => Self::Failed,
            (Some(Ok | Unchanged), false) | (None, _) => Self::Missing,
        }
    }
}

/// How an entry last ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastEnd {
    /// In which way.
    pub outcome: Outcome,
    /// Why, where it ended in an error.
    pub class: Option<Box<str>>,
    /// The last answer's status.
    pub status: Option<u16>,
    /// When, in seconds since 1970.
    pub finished_at: u64,
}

/// An entry, and how it stands.
#[derive(Clone)]
pub struct Standing {
    /// What the user wrote, as it may be shown.
    pub entry: Box<str>,
    /// What a list would have to say for it to be fetched again, secrets and all; none where nobody knows: the line
    /// was faulty, or the ledger does not have its secrets.
    pub text: Option<Box<str>>,
    /// What messages call its list, and its line there; none for what only the ledger knows.
    pub place: Option<(Arc<str>, u64)>,
    /// Where it is fetched from, as it may be shown; none where it is no entry.
    pub url: Option<Box<str>>,
    /// Its file, relative to the folder; none where it is no entry.
    pub path: Option<Name>,
    /// How it stands.
    pub state: State,
    /// How it last ended; none where it never did.
    pub last: Option<LastEnd>,
    /// Size of its file, where that is there.
    pub bytes: Option<u64>,
    /// Why it is no entry.
    pub fault: Option<EntryError>,
}

impl fmt::Debug for Standing {
    /// Without what might be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Standing({} is {})", self.entry, self.state.as_str())
    }
}

impl Standing {
    /// Why it stands as it does: the class of its last error, or `gone` where its file is here and the server no longer
    /// had it.
    pub fn class(&self) -> Option<&str> {
        let last = self.last.as_ref()?;
        match last.outcome {
            Outcome::NotFound if self.state == State::Stale => Some("gone"),
            _ => last.class.as_deref(),
        }
    }

    /// A job of which the ledger knows this, if anything.
    pub(super) fn of_job(job: Job, row: Option<Row>, folder: &Inspector) -> Self {
        let wanted = job.entry.sha256;
        let planned = Self::unknown(Planned::Job(job));
        let Some(row) = row else { return planned };
        let is_wanted = wanted.is_none() || row.file.as_ref().is_some_and(|file| file.sha256 == wanted);
        let known = Self::of_row(row, folder);
        let state = if known.state == State::Here && !is_wanted { State::Stale } else { known.state };
        Self { place: planned.place, entry: planned.entry, text: planned.text, state, ..known }
    }

    /// What the ledger knows.
    pub(super) fn of_row(row: Row, folder: &Inspector) -> Self {
        let bytes = row.file.as_ref().map(|file| file.bytes).filter(|bytes| folder.has(&row.path, *bytes));
        // Any program can write to a database.
        let entry = visible(&row.entry).into();
        Self {
            text: row.is_whole().then(|| row.entry.clone()),
            entry,
            place: None,
            url: Some(visible(&row.url).into()),
            state: State::of(Some(row.outcome), bytes.is_some()),
            path: Some(row.path),
            last: Some(LastEnd {
                outcome: match row.outcome {
                    LastOutcome::Ok => Outcome::Ok,
                    LastOutcome::Unchanged => Outcome::Unchanged,
                    LastOutcome::NotFound => Outcome::NotFound,
                    LastOutcome::Error => Outcome::Error,
                },
                class: row.class.map(|class| visible(&class).into()),
                status: row.status,
                finished_at: row.finished_at,
            }),
            bytes,
            fault: None,
        }
    }

    /// An entry of which no ledger knows anything.
    pub(super) fn unknown(planned: Planned) -> Self {
        match planned {
            Planned::Job(job) | Planned::Here(job) | Planned::Adopted(job, _) | Planned::Missing(job) => {
                Self::of_entry(&job.entry, Some(&job), State::Missing, None)
            }
            Planned::Duplicate(job) => Self::of_entry(&job.entry, Some(&job), State::Duplicate, None),
            Planned::Invalid(entry, fault) => Self::of_entry(&entry, None, State::Invalid, Some(fault)),
        }
    }

    fn of_entry(entry: &Entry, job: Option<&Job>, state: State, fault: Option<EntryError>) -> Self {
        let is_whole = !matches!(fault, Some(EntryError::Line(_)));
        Self {
            entry: shown(entry, job.map(|job| &job.link)).into(),
            text: is_whole.then(|| entry.to_line().into()),
            place: Some((Arc::clone(&entry.list), entry.line)),
            url: job.map(|job| job.link.to_string().into()),
            path: job.map(|job| job.path.clone()),
            state,
            last: None,
            bytes: None,
            fault,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_says_what_is_here_and_then_what_happened_last() {
        use LastOutcome::{Error, NotFound, Ok, Unchanged};
        for (last, there, absent) in [
            (Some(Ok), State::Here, State::Missing),
            (Some(Unchanged), State::Here, State::Missing),
            (Some(Error), State::Stale, State::Failed),
            (Some(NotFound), State::Stale, State::NotFound),
            (None, State::Missing, State::Missing),
        ] {
            assert_eq!((State::of(last, true), State::of(last, false)), (there, absent), "{last:?}");
        }
    }
}
