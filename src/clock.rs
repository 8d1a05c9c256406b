//! The wall clock, in the one place where the library reads it, and what the system calls this start of the machine.
//!
//! Why at all: a server's dates are in its terms, and so are the times in the ledger. Waits are never measured by it.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

/// Where Linux tells the machine's start; other systems have no such file.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// What time it is.
#[allow(clippy::disallowed_methods, reason = "the one place where the library reads the wall clock")]
pub(crate) fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// The same in seconds since 1970; 0 for a clock that is before that.
pub(crate) fn seconds_since_1970() -> u64 {
    wall_clock().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What the system calls this start of the machine; none where it does not number them.
pub(crate) fn boot() -> Option<Box<str>> {
    fs::read_to_string(BOOT).ok().map(|boot| boot.trim().into())
}
