//! The exit code: what a script is told.

use flagdl::{
    event::Outcome,
    status::{State, Survey},
    tally::{Summary, Tally},
};

/// The command line, or something that it names, cannot be used.
pub(crate) const USAGE: u8 = 2;

/// This machine failed: disk full, a list that can no longer be read, nobody reading the output.
pub(crate) const MACHINE: u8 = 4;

/// Some files are bad, or entries have failed.
pub(crate) const BAD: u8 = 1;

/// The code of a run that went to its end, or was interrupted by a signal.
pub(crate) fn code(summary: &Summary, signal: Option<u8>, allow_missing: bool) -> u8 {
    let tally = &summary.tally;
    match signal {
        Some(number) => 128 + number,
        None if tally.of(Outcome::Error) > 0 || summary.withheld.is_some() => BAD,
        None if tally.of(Outcome::NotFound) > 0 && !allow_missing => 3,
        None => 0,
    }
}

/// The code of a status: that of the download that would be needed, as far as it is known without asking.
pub(crate) fn code_of_status(survey: &Survey) -> u8 {
    let is_lacking =
        [State::Stale, State::Missing, State::Failed, State::Invalid].iter().any(|state| survey.of(*state) > 0);
    match survey.of(State::NotFound) {
        _ if is_lacking => BAD,
        0 => 0,
        _ => 3,
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
