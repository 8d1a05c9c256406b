//! What went wrong on the way to a server or back, and whether another attempt could succeed.
//!
//! Promises: the fault is found by walking the chain of sources and asking types, never by reading messages;
//! no message holds a URL (the URL's query may be a secret, and the entry's own line names it anyway).

use std::{error::Error as StdError, fmt, io};

use super::{guard::Refusal, resolve::LookUpError};
use crate::link::excerpt;

/// The stage and kind of a failed exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// There is no such host name. Final.
    NoSuchName,
    /// The name service did not answer. Another attempt could succeed.
    Resolve,
    /// The connection was refused. Another attempt could succeed.
    Refused,
    /// The connection could not be made for another reason. Another attempt could succeed.
    Connect,
    /// The connection was not made in time. Another attempt could succeed.
    ConnectTimeout,
    /// The server's certificate or its TLS was not accepted. Final.
    Tls,
    /// The connection was lost before the answer's head was there. Another attempt could succeed.
    Reset,
    /// The body ended early. Another attempt could succeed.
    IncompleteBody,
    /// What came is not HTTP, or breaks its rules. Another attempt could succeed.
    Protocol,
    /// This machine has no more sockets or files. Another attempt could succeed.
    Exhausted,
    /// The request could not be made from what was given. Final.
    Request,
    /// A redirect leads from a public address, or from one that is not known, to one that is not public. Final.
    PrivateAddress,
    /// The address is of a cloud's metadata service. Final.
    MetadataAddress,
}

impl Fault {
    /// The word for it in output and ledger.
    pub fn class(self) -> &'static str {
        match self {
            Self::NoSuchName | Self::Resolve => "dns",
            Self::Refused => "refused",
            Self::Connect => "connect",
            Self::ConnectTimeout => "timeout",
            Self::Tls => "tls",
            Self::Reset => "reset",
            Self::IncompleteBody => "incomplete-body",
            Self::Protocol => "protocol",
            Self::Exhausted => "out-of-files",
            Self::Request => "request",
            Self::PrivateAddress | Self::MetadataAddress => "private-address",
        }
    }

    /// Whether another attempt could succeed.
    pub fn is_transient(self) -> bool {
        !matches!(self, Self::NoSuchName | Self::Tls | Self::Request) && !self.is_refusal()
    }

    /// Whether it is us who did not want to go there; nothing was asked.
    pub(crate) fn is_refusal(self) -> bool {
        matches!(self, Self::PrivateAddress | Self::MetadataAddress)
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::NoSuchName => "no such host name",
            Self::Resolve => "no address for this host name",
            Self::Refused => "connection refused",
            Self::Connect => "cannot connect",
            Self::ConnectTimeout => "timeout while connecting",
            Self::Tls => "TLS failed",
            Self::Reset => "connection lost before an answer",
            Self::IncompleteBody => "body ended early",
            Self::Protocol => "not a valid HTTP answer",
            Self::Exhausted => "out of sockets or files",
            Self::Request => "request cannot be made",
            Self::PrivateAddress => "redirect to a private address refused",
            Self::MetadataAddress => "address of a metadata service refused",
        }
    }
}

/// A failed exchange.
#[derive(Debug, Clone)]
pub struct FetchError {
    /// What kind of failure it was.
    pub fault: Fault,
    /// The innermost cause in words, where it says more than the fault does.
    detail: Option<String>,
}

impl FetchError {
    /// A failure with an optional detail in words; it must hold no URL.
    pub fn new(fault: Fault, detail: Option<String>) -> Self {
        Self { fault, detail }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.fault.phrase())?;
        match &self.detail {
            Some(detail) if self.fault.is_refusal() => write!(f, " ({detail}); hint: --allow-private"),
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl StdError for FetchError {}

/// Which half of an exchange an error came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Head,
    Body,
}

/// Decides by the chain of sources (uv's `retry.rs` is the model).
pub(super) fn classify(error: reqwest::Error, stage: Stage) -> FetchError {
    let connecting = error.is_connect();
    let timeout = error.is_timeout();
    let builder = error.is_builder();
    let dns = error.is_dns();
    let error = error.without_url();
    let mut found = Found::default();
    let mut next: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(source) = next {
        found.look_at(source);
        next = source.source();
    }
    if let Some(refusal) = found.refusal {
        return refusal.into();
    }
    let fault = if builder {
        Fault::Request
    } else if found.tls {
        Fault::Tls
    } else if found.exhausted {
        Fault::Exhausted
    } else if found.no_such_name {
        Fault::NoSuchName
    } else if dns {
        Fault::Resolve
    } else if connecting && timeout {
        Fault::ConnectTimeout
    } else if found.io == Some(io::ErrorKind::ConnectionRefused) {
        Fault::Refused
    } else if connecting {
        Fault::Connect
    } else if matches!(found.io, Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)) {
        Fault::Protocol
    } else if stage == Stage::Body && (found.io.is_some() || found.cut) {
        Fault::IncompleteBody
    } else if found.cut || found.io.is_some() {
        Fault::Reset
    } else {
        Fault::Protocol
    };
    let detail = match fault {
        Fault::Refused | Fault::ConnectTimeout | Fault::Exhausted | Fault::NoSuchName => None,
        _ => found.innermost.filter(|text| !text.is_empty()).map(|text| excerpt(&text).into_owned()),
    };
    FetchError { fault, detail }
}

/// What the links of an error's chain are.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "each was seen on the way, or not")]
struct Found {
    io: Option<io::ErrorKind>,
    tls: bool,
    /// The connection, or the stream on it, ended where a message had not.
    cut: bool,
    exhausted: bool,
    no_such_name: bool,
    refusal: Option<Refusal>,
    innermost: Option<String>,
}

impl Found {
    fn look_at(&mut self, source: &(dyn StdError + 'static)) {
        self.innermost = Some(source.to_string());
        if let Some(error) = source.downcast_ref::<io::Error>() {
            self.io = Some(error.kind());
            self.exhausted |= is_exhausted(error);
            // `io::Error::source` skips the error that it wraps, so that one is looked at here.
            if let Some(inner) = error.get_ref() {
                self.look_at(inner);
            }
        } else if let Some(error) = source.downcast_ref::<LookUpError>() {
            self.no_such_name = matches!(error, LookUpError::NoSuchName(_));
        } else if let Some(refusal) = source.downcast_ref::<Refusal>() {
            self.refusal = Some(refusal.clone());
        } else if source.is::<rustls::Error>() {
            self.tls = true;
        } else if let Some(error) = source.downcast_ref::<hyper::Error>() {
            // Timeouts of its own are those of pings: the connection is gone, and nobody has said so.
            self.cut |= error.is_incomplete_message() || error.is_canceled() || error.is_closed() || error.is_timeout();
        } else if let Some(error) = source.downcast_ref::<h2::Error>() {
            // What we refuse ourselves breaks the rules of the protocol; the rest is the server's doing or the line's.
            self.cut |= !error.is_library();
        }
    }
}

/// EMFILE and ENFILE (no more descriptors), EADDRNOTAVAIL (no more local ports).
fn is_exhausted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable || cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}
