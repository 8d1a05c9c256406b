//! Lines for people, on stderr: errors always, everything with `-v`.

use flagdl::{
    event::{Change, Ended, Event, Failure, Held, Outcome, Withheld},
    plan::EntryError,
};

use super::summary::span;

/// Which lines are wanted.
pub(super) struct Lines {
    pub(super) verbose: bool,
    pub(super) quiet: bool,
}

impl Lines {
    /// What is said about an event, if anything.
    pub(super) fn text(&self, event: &Event<'_>) -> Option<String> {
        match event {
            // What is left when a run is stopped may be millions; the summary counts them.
            Event::Ended(ended) if ended.outcome == Outcome::Left => None,
            Event::Ended(ended) if ended.outcome == Outcome::Error || self.verbose => Some(of_ended(ended)),
            Event::Retry { entry, failure, wait, attempt } if self.verbose => {
                let next = wait.map_or_else(|| "at the end".to_owned(), |wait| format!("in {}", span(wait)));
                Some(format!("{entry}: {failure} at attempt {attempt}, the next {next}"))
            }
            Event::Held { held, cause } if self.verbose => Some(of_held(held, cause)),
            Event::GivenUp { host, reason } if !self.quiet => Some(format!("{host} is given up: {reason}")),
            Event::Network { reached: false } if !self.quiet => {
                Some("no host can be reached: waiting for the network (Ctrl-C stops)".to_owned())
            }
            Event::Network { reached: true } if !self.quiet => Some("somebody can be reached again".to_owned()),
            Event::Cramped(error) if !self.quiet => Some(format!(
                "the disk takes no more entries of hosts that wait ({error}): they may hold up the others"
            )),
            Event::Deleted(path) if self.verbose => Some(format!("{path} is deleted")),
            Event::NotDeleted(withheld) => Some(of_withheld(withheld)),
            Event::Checking { done: 0, files } if !self.quiet => {
                Some(format!("checking {} that an earlier run saved before the machine went down", of_files(*files)))
            }
            Event::Checked { files, bad: 0 } if !self.quiet => {
                Some(format!("{} checked: all are whole", of_files(*files)))
            }
            Event::Checked { files, bad } if !self.quiet => Some(format!(
                "{} checked: {} not whole any more, to be fetched again if still in the list",
                of_files(*files),
                match bad {
                    1 => "1 is".to_owned(),
                    bad => format!("{} are", with_commas(*bad)),
                }
            )),
            Event::Draining(0) if !self.quiet => Some("stopping".to_owned()),
            Event::Draining(in_flight) if !self.quiet => {
                let s = if *in_flight == 1 { "" } else { "s" };
                Some(format!("stopping: {in_flight} request{s} in flight may finish (Ctrl-C again gives them up)"))
            }
            _ => None,
        }
    }
}

fn of_files(count: u64) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{} files", with_commas(count)) }
}

/// `12,345`.
pub(super) fn with_commas(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn of_held(held: &Held, cause: &str) -> String {
    let Held { host, reason, wait } = held;
    let cause = if cause.is_empty() { String::new() } else { format!(" ({cause})") };
    format!("{host} {}{cause}: held {}", reason.phrase(), span(*wait))
}

fn of_withheld(withheld: &Withheld) -> String {
    match withheld {
        Withheld::TooMany { gone, asked, most } => format!(
            "*** nothing was deleted: {gone} of {asked} files are gone from their servers, more than --max-gone {most}\n\
             hint: if that is right, run it again with --max-gone {gone}"
        ),
        Withheld::CutShort { gone } => {
            let files = if *gone == 1 { "file is" } else { "files are" };
            format!(
                "*** nothing was deleted, because the run did not go to its end ({gone} {files} gone so far)\n\
                 hint: a run that goes to its end deletes"
            )
        }
        _ => "*** nothing was deleted".to_owned(),
    }
}

fn of_ended(ended: &Ended) -> String {
    let entry = ended.shown();
    match (&ended.failure, ended.outcome) {
        // It stands in no line of a list.
        (Some(failure @ Failure::Entry(EntryError::SecretUrl)), _) => format!("*** error for {entry}: {failure}"),
        (Some(failure), _) => match &ended.link {
            Some(link) if *entry == link.to_string() => format!("*** error for {entry}: {failure}"),
            Some(link) => format!("*** error for {entry}: {failure} ({link})"),
            None => format!("*** error for {entry}: {failure} ({} line {})", ended.entry.list, ended.entry.line),
        },
        (None, Outcome::NotFound) if ended.change == Some(Change::Gone) => format!("{entry} is not found (gone)"),
        (None, Outcome::Ok) if ended.change == Some(Change::Changed) => format!("{entry} is ok, and has changed"),
        (None, Outcome::NotFound) => format!("{entry} is not found"),
        (None, Outcome::Duplicate) => format!("{entry} is a duplicate"),
        (None, outcome) => format!("{entry} is {}", outcome.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_have_commas() {
        for (count, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")] {
            assert_eq!(with_commas(count), text);
        }
    }
}
