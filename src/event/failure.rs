//! Why an attempt or an entry failed, in types: its class in output, and whether another attempt could succeed.

use std::{borrow::Cow, sync::Arc, time::Duration};

use thiserror::Error;

use super::seconds;
use crate::{
    fetch::{Fault, FetchError},
    link::{Link, LinkError, excerpt},
    list::hex,
    plan::EntryError,
    store::{Flaw, StoreError},
};

/// Characters of a link that are shown where several are.
const LONGEST_SHOWN: usize = 100;

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
    /// Another part of the file than was asked for, or none. Another attempt could succeed: it asks for all of it.
    #[error("the server has not sent the rest of the file that was asked for")]
    OtherPart,
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
    /// The bytes hash to something else than they are to.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// The body is encoded although `identity` was asked for. Final.
    #[error("unexpected content encoding \"{0}\"")]
    Encoding(String),
    /// The body is encoded for its way here, and not only cut into chunks. Final.
    #[error("unexpected transfer coding \"{0}\"")]
    TransferCoding(String),
    /// A redirect that is not followed. Final.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
    /// The host's robots.txt does not allow it, or cannot be had. Final.
    #[error(transparent)]
    Robots(#[from] RobotsError),
    /// The answer says that the image is not to be taken by the likes of us. Final.
    #[error("the server opts out of this: {0}")]
    OptedOut(&'static str),
    /// Nothing more is asked of the host in this run. Final.
    #[error(transparent)]
    HostDown(#[from] HostDown),
    /// The file could not be written. Another attempt could succeed for some.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect in flagdl itself. Final.
    #[error("flagdl has failed ({0}): please report this")]
    Bug(String),
}

/// What the bytes do not hash to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DigestError {
    /// The checksum in the list. Final: it speaks of one file, and the server has another.
    // What came is thrown away, so nobody could make its hash any more; the other one stands in the list.
    #[error("the file has the sha256 {}, the list says {}…", hex(found), hex(&listed[..6]))]
    Checksum {
        /// The SHA-256 of what came.
        found: [u8; 32],
        /// The one that the list wants.
        listed: [u8; 32],
    },
    /// The digest that the server sent along. Another attempt could succeed, if it was changed on the way.
    #[error("the body is not what the server's {field} says ({algorithm})")]
    Field {
        /// The header field.
        field: &'static str,
        /// By which algorithm.
        algorithm: &'static str,
    },
}

/// Why a host's robots.txt keeps us from an entry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RobotsError {
    /// It does not allow the path.
    #[error("robots.txt does not allow it")]
    Disallowed,
    /// It cannot be had, which means that nothing is allowed (RFC 9309 §2.3.1.4).
    #[error("robots.txt cannot be had, so nothing is asked of this host ({0})")]
    Unreachable(Arc<str>),
}

/// Why nothing more is asked of a host.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HostDown {
    /// It wants to be left alone for longer than allowed; with the time as an HTTP date.
    #[error("the server wants nothing before {until}, which is more than --max-retry-after {}", seconds(*.most))]
    Told {
        /// The time from which it may be asked again.
        until: Arc<str>,
        /// The longest wait that was allowed.
        most: Duration,
    },
    /// It kept failing, also after pauses; with the last failure in words.
    #[error("the host is down: {0}")]
    Failing(Arc<str>),
    /// It kept failing in a way that waiting does not mend.
    #[error("{cause}, as for the entries before it")]
    Hopeless {
        /// The class of those failures.
        class: Cow<'static, str>,
        /// The last one in words.
        cause: Arc<str>,
    },
}

/// Why a redirect is not followed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RedirectError {
    /// More hops than allowed: each, and where the last one that was not followed leads.
    #[error("more than {} redirects: {}", .0.len().saturating_sub(1), chain(.0))]
    TooMany(Vec<Link>),
    /// No `Location`, or one that is no link.
    #[error("redirect to nowhere")]
    NoLocation,
    /// To something that is no link.
    #[error("redirect refused: {0}")]
    Link(#[from] LinkError),
    /// To be followed later than allowed.
    #[error("redirect that is to be followed in {} at the earliest", seconds(*.0))]
    TooLate(Duration),
    /// From https to http.
    #[error("redirect from https to http refused ({})", excerpt(&.0.to_string()))]
    Downgrade(Link),
}

impl Failure {
    /// The word for it in output, as `timeout`, `not-an-image` or `http-403`.
    pub fn class(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Entry(EntryError::SecretUrl) => "secret-url",
            Self::Entry(_) => "invalid-line",
            Self::Fetch(error) => error.fault.class(),
            Self::Status(status) => return Cow::Owned(format!("http-{status}")),
            Self::Timeout(_) => "timeout",
            Self::TooSlow(..) => "too-slow",
            Self::OtherPart => "range",
            Self::TooLarge(_) => "too-large",
            Self::NotAnImage { flaw: Flaw::Empty, .. } => "empty",
            Self::NotAnImage { flaw: Flaw::NotAnImage { .. } | Flaw::Malformed { .. }, .. } => "not-an-image",
            Self::NotAnImage { flaw: Flaw::CutShort { .. }, .. } => "incomplete-image",
            Self::Digest(_) => "digest",
            Self::Encoding(_) | Self::TransferCoding(_) => "unexpected-encoding",
            Self::Redirect(_) => "redirect",
            Self::Robots(_) => "robots",
            Self::OptedOut(_) => "opted-out",
            Self::HostDown(HostDown::Hopeless { class, .. }) => return class.clone(),
            Self::HostDown(_) => "host-down",
            Self::Store(error) => error.class(),
            Self::Bug(_) => "bug",
        })
    }

    /// Whether this machine had no more sockets or files, and so nobody was asked or nothing was written.
    pub(crate) fn is_out_of_files(&self) -> bool {
        match self {
            Self::Fetch(error) => error.fault == Fault::Exhausted,
            Self::Store(error) => matches!(error, StoreError::Exhausted),
            _ => false,
        }
    }

    /// Whether another attempt could succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Fetch(error) => error.fault.is_transient(),
            // RFC 9110 §15 and the codes that proxies and CDNs add for trouble behind them.
            Self::Status(status) => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=524 | 529),
            Self::Timeout(_) | Self::TooSlow(..) | Self::OtherPart => true,
            Self::Digest(error) => matches!(error, DigestError::Field { .. }),
            Self::NotAnImage { flaw, measured } => !measured && matches!(flaw, Flaw::CutShort { .. }),
            Self::Store(error) => error.is_transient(),
            _ => false,
        }
    }
}

/// Links in a row, each as far as a person would read it.
fn chain(links: &[Link]) -> String {
    let shown = links.iter().map(|link| {
        let text = link.to_string();
        let end = text.char_indices().nth(LONGEST_SHOWN).map(|(end, _)| end);
        end.map_or_else(|| text.clone(), |end| format!("{}…", &text[..end]))
    });
    shown.collect::<Vec<_>>().join(" → ")
}

fn status_line(status: u16) -> String {
    let known = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    known.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}
