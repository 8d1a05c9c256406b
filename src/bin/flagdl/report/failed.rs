//! The list of entries that failed, to be fed back.
//!
//! What surprises: a line that is no entry would be none the next time either, so it is given back as a comment, below
//! another that says what is wrong with it. Of what is no text, or is very long, only an excerpt is known.

use flagdl::{
    event::{Ended, Failure, Outcome},
    plan::EntryError,
};

/// What the list gets of an entry, if anything.
pub(super) fn line(ended: &Ended) -> Option<String> {
    let entry = &ended.entry;
    match &ended.failure {
        _ if ended.outcome != Outcome::Error => None,
        Some(Failure::Entry(fault @ EntryError::Line(_))) => {
            Some(commented(&entry.list, entry.line, fault, &entry.text))
        }
        _ => Some(entry.to_line().into_owned()),
    }
}

/// A faulty line in two comments: where it stands and why it is none, and what it says.
pub(crate) fn commented(list: &str, line: u64, fault: &EntryError, text: &str) -> String {
    let place = format!("# {list} line {line}: {fault}");
    if text.is_empty() { place } else { format!("{place}\n# {text}") }
}
