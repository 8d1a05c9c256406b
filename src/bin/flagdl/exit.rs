//! The exit code: what a script is told.

use flagdl::{event::Outcome, tally::Tally};

/// The command line, or something that it names, cannot be used.
pub(crate) const USAGE: u8 = 2;

/// This machine failed: disk full, a list that can no longer be read, nobody reading the output.
pub(crate) const MACHINE: u8 = 4;

/// Some files are bad, or entries have failed.
pub(crate) const BAD: u8 = 1;

/// The code of a run that went to its end, or was interrupted by a signal.
pub(crate) fn code(tally: &Tally, signal: Option<u8>, allow_missing: bool) -> u8 {
    match signal {
        Some(number) => 128 + number,
        None if tally.of(Outcome::Error) > 0 => BAD,
        None if tally.of(Outcome::NotFound) > 0 && !allow_missing => 3,
        None => 0,
    }
}

/// The code of a repair: what is not found any more is not mended either.
pub(crate) fn of_repair(tally: &Tally, signal: Option<u8>) -> u8 {
    match signal {
        Some(number) => 128 + number,
        None if tally.of(Outcome::Error) + tally.of(Outcome::NotFound) > 0 => BAD,
        None => 0,
    }
}
