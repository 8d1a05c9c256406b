//! The wall clock, in the one place where the engine reads it.
//!
//! Why at all: a server's dates are in its terms, and so are the times in the ledger. Waits are never measured by it.

use std::time::{SystemTime, UNIX_EPOCH};

/// What time it is.
#[allow(clippy::disallowed_methods, reason = "the one place where the engine reads the wall clock")]
pub(super) fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// The same in seconds since 1970; 0 for a clock that is before that.
pub(super) fn seconds_since_1970() -> u64 {
    wall_clock().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
