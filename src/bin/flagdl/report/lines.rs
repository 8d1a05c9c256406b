//! Lines for people, on stderr: errors always, everything with `-v`.

use flagdl::{
    event::{Ended, Event, Failure, Held, Outcome},
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
            Event::Draining(in_flight) if !self.quiet => {
                let s = if *in_flight == 1 { "" } else { "s" };
                Some(format!("stopping: {in_flight} request{s} in flight may finish (Ctrl-C again gives them up)"))
            }
            _ => None,
        }
    }
}

fn of_held(held: &Held, cause: &str) -> String {
    let Held { host, reason, wait } = held;
    let cause = if cause.is_empty() { String::new() } else { format!(" ({cause})") };
    format!("{host} {}{cause}: held {}", reason.phrase(), span(*wait))
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
        (None, Outcome::NotFound) => format!("{entry} is not found"),
        (None, Outcome::Duplicate) => format!("{entry} is a duplicate"),
        (None, outcome) => format!("{entry} is {}", outcome.as_str()),
    }
}
