//! The list of entries that failed, to be fed back.
//!
//! What surprises: a line that is no text could not be given back, and is noted as a comment.

use flagdl::{
    event::{Ended, Failure, Outcome},
    plan::EntryError,
};

/// What the list gets of an entry, if anything.
pub(super) fn line(ended: &Ended) -> Option<String> {
    let entry = &ended.entry;
    match &ended.failure {
        _ if ended.outcome != Outcome::Error => None,
        Some(Failure::Entry(EntryError::Line(error))) => Some(format!("# {} line {}: {error}", entry.list, entry.line)),
        _ => Some(entry.to_line().into_owned()),
    }
}
