//! The exit code: what a script is told.

use flagdl::{event::Outcome, tally::Summary};

/// The command line, or something that it names, cannot be used.
pub(crate) const USAGE: u8 = 2;

/// This machine failed: disk full, a list that can no longer be read, nobody reading the output.
pub(crate) const MACHINE: u8 = 4;

/// The code of a run that went to its end, or was interrupted by a signal.
pub(crate) fn code(summary: &Summary, signal: Option<u8>, allow_missing: bool) -> u8 {
    let tally = &summary.tally;
    match signal {
        Some(number) => 128 + number,
        None if tally.of(Outcome::Error) > 0 || summary.withheld.is_some() => 1,
        None if tally.of(Outcome::NotFound) > 0 && !allow_missing => 3,
        None => 0,
    }
}
