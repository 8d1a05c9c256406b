//! What happens in a run, as values: what reporters are told, in order, from one task.
//!
//! Promises: each entry has exactly one [`Event::Ended`]; no value here prints a secret.
//!
//! What surprises: nothing is printed in the library. A [`Reporter`] turns events into output, and one that
//! fails (a closed pipe) ends the run.

mod failure;

use std::{borrow::Cow, io, time::Duration};

pub use self::failure::{DigestError, Failure, HostDown, RedirectError, RobotsError};
use crate::{
    link::{Host, Link, without_secrets},
    list::Entry,
    name::Name,
    options::Share,
};

/// How an entry ended; each in exactly one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Saved.
    Ok,
    /// Here already, and not changed since: the server says so (304), or has sent the same bytes again.
    Unchanged,
    /// Here already: the ledger knows the file, and it is there in its size. Nothing was asked.
    Skipped,
    /// The same URL stood earlier in this run.
    Duplicate,
    /// The server does not have it (404, 410).
    NotFound,
    /// It failed; the failure says why.
    Error,
    /// The run stopped first.
    Left,
}

impl Outcome {
    /// All of them, in the order in which they are counted out.
    pub const ALL: [Self; 7] =
        [Self::Ok, Self::Unchanged, Self::Skipped, Self::Duplicate, Self::NotFound, Self::Error, Self::Left];

    /// The word for it in machine output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Duplicate => "duplicate",
            Self::NotFound => "not-found",
            Self::Error => "error",
            Self::Left => "left",
        }
    }
}

/// What the end of an entry has changed about the files that are here, or are to be here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// A file that was not here before.
    New,
    /// Other bytes in place of those that were here.
    Changed,
    /// The server no longer has what is here.
    Gone,
}

impl Change {
    /// The word for it in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Gone => "gone",
        }
    }
}

/// A time as people read and write it: `350ms`, `1.5s`, `30s`, and in larger units where it is a whole number of them.
pub fn seconds(duration: Duration) -> String {
    const UNITS: [(u64, &str); 3] = [(24 * 60 * 60, "d"), (60 * 60, "h"), (60, "m")];
    let seconds = duration.as_secs_f64();
    let whole = Some(duration.as_secs()).filter(|whole| *whole > 0 && duration.subsec_nanos() == 0);
    if let Some((count, unit)) = whole.and_then(|whole| {
        let (length, unit) = UNITS.into_iter().find(|(length, _)| whole.is_multiple_of(*length))?;
        Some((whole / length, unit))
    }) {
        return format!("{count}{unit}");
    }
    if seconds >= 1.0 { format!("{}s", (seconds * 10.0).round() / 10.0) } else { format!("{}ms", duration.as_millis()) }
}

/// How an entry ended, and all that is known of it.
#[derive(Debug)]
pub struct Ended {
    /// What the user wrote.
    pub entry: Entry,
    /// Where it was to be fetched from; none for a line that is no entry.
    pub link: Option<Link>,
    /// Where it is saved, or was to be, relative to the destination.
    pub path: Option<Name>,
    /// How it ended.
    pub outcome: Outcome,
    /// What that has changed, if anything.
    pub change: Option<Change>,
    /// Whether there was a file when it was asked for.
    pub(crate) had_file: bool,
    /// Why, where it ended in an error.
    pub failure: Option<Failure>,
    /// The last answer's status.
    pub status: Option<u16>,
    /// Size of the saved file, in bytes.
    pub bytes: u64,
    /// Requests made for it, redirects not counted.
    pub attempts: u32,
    /// Time from the first attempt's start to the end; none where there was no attempt.
    pub elapsed: Option<Duration>,
}

impl Ended {
    /// The entry as it may be shown.
    pub fn shown(&self) -> Cow<'_, str> {
        shown(&self.entry, self.link.as_ref())
    }

    /// The host that it was to be fetched from.
    pub fn host(&self) -> Option<&Host> {
        self.link.as_ref().map(Link::host)
    }
}

/// An entry as it may be shown: a code as written, a URL without its secrets.
pub(crate) fn shown<'a>(entry: &'a Entry, link: Option<&Link>) -> Cow<'a, str> {
    match link {
        Some(link) if entry.text.contains("://") => Cow::Owned(link.to_string()),
        _ => without_secrets(&entry.text),
    }
}

/// How far a run is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Requests in flight.
    pub in_flight: usize,
    /// Bytes of bodies received so far.
    pub received: u64,
    /// Entries read so far.
    pub read: u64,
    /// Whether the lists have been read to their end.
    pub all_read: bool,
    /// The hosts that get nothing now although something waits for them, the next to go on first; some of them.
    pub held: Vec<Held>,
    /// How many such hosts there are.
    pub held_hosts: usize,
    /// How long until the next probe, where no host at all can be reached.
    pub unreached: Option<Duration>,
}

/// A host that gets nothing for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub host: Host,
    /// Why.
    pub reason: HoldReason,
    /// For how long from now.
    pub wait: Duration,
}

/// Why a host gets nothing for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HoldReason {
    /// It said for how long it wants to be left alone (`Retry-After`).
    RetryAfter,
    /// It said that it is asked for too much (429, 503), and not for how long.
    Pushback,
    /// It said that its quota is used up (`RateLimit`, `X-RateLimit-Remaining`).
    Quota,
    /// It keeps failing.
    Failing,
}

impl HoldReason {
    /// In a few words, to be followed by a time.
    pub fn phrase(self) -> &'static str {
        match self {
            Self::RetryAfter => "asks to be left alone",
            Self::Pushback => "asks for less",
            Self::Quota => "has no quota left for us",
            Self::Failing => "keeps failing",
        }
    }
}

/// Why files that are gone from their servers were not removed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Withheld {
    /// There are more of them than allowed.
    TooMany {
        /// How many.
        gone: u64,
        /// Of how many that were asked about.
        asked: u64,
        /// How many may be removed.
        most: Share,
    },
    /// The run did not go to its end.
    CutShort {
        /// How many there were until then.
        gone: u64,
    },
}

/// Something that happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An attempt failed and there will be another.
    Retry {
        /// The entry as it may be shown.
        entry: &'a str,
        /// Why the attempt failed.
        failure: &'a Failure,
        /// How long until the next; none where it comes at the end of the run, if the host is well then.
        wait: Option<Duration>,
        /// The number of the attempt that failed, from 1.
        attempt: u32,
    },
    /// A host gets nothing for a time.
    Held {
        /// Which, why and for how long.
        held: &'a Held,
        /// What it answered last, or how it failed.
        cause: &'a str,
    },
    /// What waits for its host can no longer be put aside on the disk, so it may keep others from being read.
    Cramped(&'a io::Error),
    /// No host at all can be reached, so nothing is asked but for a probe now and then; or somebody can again.
    Network {
        /// Whether somebody can.
        reached: bool,
    },
    /// Nothing more is asked of a host.
    GivenUp {
        /// Which.
        host: &'a Host,
        /// Why.
        reason: &'a HostDown,
    },
    /// Before anything is asked for: files of an earlier run are read again, since they may not have reached the disk
    /// before the machine went down. Told at the beginning, and then as that goes on.
    Checking {
        /// How many have been read: none once, at the beginning.
        done: u64,
        /// How many there are.
        files: u64,
    },
    /// They have been read again.
    Checked {
        /// How many.
        files: u64,
        /// How many of them were missing or damaged; they are fetched again if the list still has them.
        bad: u64,
    },
    /// An entry ended.
    Ended(&'a Ended),
    /// A file that is gone from its server was removed.
    Deleted(&'a Name),
    /// Files that are gone from their servers were to be removed, and are still here.
    NotDeleted(&'a Withheld),
    /// Some time has passed.
    Progress(Progress),
    /// Nothing more will start; so many requests are still in flight.
    Draining(usize),
}

/// What turns events into output. Called from one task, in order.
pub trait Reporter: Send {
    /// Takes note of an event.
    ///
    /// # Errors
    ///
    /// An error ends the run: nobody is reading any more.
    fn report(&mut self, event: &Event<'_>) -> io::Result<()>;
}

/// Reports to nobody.
impl Reporter for () {
    fn report(&mut self, _: &Event<'_>) -> io::Result<()> {
        Ok(())
    }
}
