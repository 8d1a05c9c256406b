//! From how an attempt ended to what it tells of its host.
//!
//! Promises: one place decides what is pushback, what is trouble, and what says nothing of the host at all.

use super::attempt::{Answer, Attempted};
use crate::{
    event::{Failure, HoldReason},
    fetch::Fault,
    schedule::{
        Heard, Kind, Quota,
        hold::{Hold, Why},
    },
};

/// What an attempt tells of its host; `first` where it was the first for its job.
pub(super) fn heard(attempted: &Attempted, first: bool) -> Heard {
    let advice = attempted.advice;
    // A redirect's wait is for its next hop (RFC 9110 §10.2.3), and says nothing of the host that answered.
    let is_redirect = matches!(attempted.answer, Ok(Answer::Redirect(..)) | Err(Failure::Redirect(_)));
    let wait = advice.wait.filter(|_| !is_redirect);
    let quota = advice.quota.map(|quota| Quota { remaining: quota.remaining, reset: quota.reset });
    Heard { kind: kind(&attempted.answer), wait, quota, first }
}

fn kind(answer: &Result<Answer, Failure>) -> Kind {
    let Err(failure) = answer else { return Kind::Clean };
    match failure {
        Failure::Status(429 | 503) => Kind::Pushback,
        Failure::Status(_) if failure.is_transient() => Kind::Trouble,
        Failure::Timeout(_) | Failure::TooSlow(..) => Kind::Timeout,
        Failure::Fetch(error) => match error.fault {
            Fault::Refused => Kind::Refused,
            Fault::Resolve | Fault::Connect | Fault::ConnectTimeout => Kind::Unreachable,
            Fault::NoSuchName | Fault::Tls | Fault::UnknownAuthority => Kind::Hopeless,
            Fault::Reset | Fault::IncompleteBody | Fault::Protocol => Kind::Broken,
            Fault::Exhausted | Fault::Request | Fault::PrivateAddress | Fault::MetadataAddress => Kind::Nothing,
        },
        Failure::Store(_) | Failure::Bug(_) => Kind::Nothing,
        _ => Kind::Clean,
    }
}

/// Whether the failure looks like a request that was sent into a connection that the server was just closing
/// (hyper #2136): it never saw the request, so the attempt is free.
pub(super) fn is_idle_race(failure: &Failure) -> bool {
    matches!(failure, Failure::Fetch(error) if error.fault == Fault::Reset)
}

/// Whether it is the host that asked for patience.
pub(super) fn is_pushback(failure: &Failure) -> bool {
    matches!(failure, Failure::Status(429 | 503))
}

/// A hold's reason, as it is told.
pub(super) fn reason(hold: Hold) -> HoldReason {
    match hold.why {
        Why::Pushback { told: Some(_) } => HoldReason::RetryAfter,
        Why::Pushback { told: None } => HoldReason::Pushback,
        Why::Quota => HoldReason::Quota,
        Why::Failing => HoldReason::Failing,
    }
}
