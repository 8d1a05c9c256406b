//! What happens in a run, as values: what reporters are told, in order, from one task.
//!
//! Promises: each entry has exactly one [`Event::Ended`]; no value here prints a secret.
//!
//! What surprises: nothing is printed in the library. A [`Reporter`] turns events into output, and one that
//! fails (a closed pipe) ends the run.

use std::{borrow::Cow, io, time::Duration};

use thiserror::Error;

use crate::{
    fetch::FetchError,
    link::{Host, Link, LinkError, without_secrets},
    list::Entry,
    name::Name,
    plan::EntryError,
    store::{Flaw, StoreError},
};

/// How an entry ended; each in exactly one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Saved.
    Ok,
    /// Here already, and the server says that it has not changed since (304). Only with a ledger, so not yet.
    Unchanged,
    /// Here already and whole; nothing was asked. Only with a ledger, so not yet.
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

/// Why an attempt or an entry failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Failure {
    /// The line is no entry. Final.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The exchange failed; its fault says whether another attempt could succeed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The server gave another status than wanted. Another attempt could succeed for some of them.
    #[error("the server answered {}", status_line(*.0))]
    Status(u16),
    /// Nothing came for too long. Another attempt could succeed.
    #[error("timeout after {}", seconds(*.0))]
    Timeout(Duration),
    /// The body came too slowly. Another attempt could succeed.
    #[error("slower than {} bytes/s over {}", .0, seconds(*.1))]
    TooSlow(u64, Duration),
    /// The body is larger than allowed. Final.
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    /// The bytes are no whole image. Final, unless the length was not known and the image is cut short.
    #[error("{flaw}")]
    NotAnImage {
        /// What is wrong with them.
        flaw: Flaw,
        /// Whether the server had told the length, so that the cut is in its own file.
        measured: bool,
    },
    /// The body is encoded although `identity` was asked for. Final.
    #[error("unexpected content encoding {0:?}")]
    Encoding(String),
    /// A redirect that is not followed. Final.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
    /// The file could not be written. Another attempt could succeed for some.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect in flagdl itself. Final.
    #[error("flagdl has failed ({0}): please report this")]
    Bug(String),
}

/// Why a redirect is not followed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// More hops than allowed.
    #[error("more than {0} redirects")]
    TooMany(u32),
    /// No `Location`, or one that is no link.
    #[error("redirect to nowhere")]
    NoLocation,
    /// To something that is no link.
    #[error("redirect refused: {0}")]
    Link(#[from] LinkError),
    /// From https to http.
    #[error("redirect from https to http refused ({0})")]
    Downgrade(Link),
}

impl Failure {
    /// The word for it in output, as `timeout`, `not-an-image` or `http-403`.
    pub fn class(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Entry(_) => "invalid-line",
            Self::Fetch(error) => error.fault.class(),
            Self::Status(status) => return Cow::Owned(format!("http-{status}")),
            Self::Timeout(_) => "timeout",
            Self::TooSlow(..) => "too-slow",
            Self::TooLarge(_) => "too-large",
            Self::NotAnImage { flaw: Flaw::Empty, .. } => "empty",
            Self::NotAnImage { flaw: Flaw::NotAnImage { .. } | Flaw::Malformed { .. }, .. } => "not-an-image",
            Self::NotAnImage { flaw: Flaw::CutShort { .. }, .. } => "incomplete-image",
            Self::Encoding(_) => "unexpected-encoding",
            Self::Redirect(_) => "redirect",
            Self::Store(error) => error.class(),
            Self::Bug(_) => "bug",
        })
    }

    /// Whether another attempt could succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Fetch(error) => error.fault.is_transient(),
            // RFC 9110 §15 and the codes that proxies and CDNs add for trouble behind them.
            Self::Status(status) => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=524 | 529),
            Self::Timeout(_) | Self::TooSlow(..) => true,
            Self::NotAnImage { flaw, measured } => !measured && matches!(flaw, Flaw::CutShort { .. }),
            Self::Store(error) => error.is_transient(),
            _ => false,
        }
    }
}

fn status_line(status: u16) -> String {
    let known = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    known.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}

/// A time as people read it: `350ms`, `1.5s`, `30s`.
pub fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Requests in flight.
    pub in_flight: usize,
    /// Bytes of bodies received so far.
    pub received: u64,
    /// Entries read so far.
    pub read: u64,
    /// Whether the lists have been read to their end.
    pub all_read: bool,
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
        /// How long until the next.
        wait: Duration,
        /// The number of the attempt that failed, from 1.
        attempt: u32,
    },
    /// An entry ended.
    Ended(&'a Ended),
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
