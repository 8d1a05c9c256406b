//! The first moments of a run: looking at the list before one host gets everything.
//!
//! Why: lists are often sorted by host. If the first host never answers, and gets all places because no other has
//! been read yet, the others wait for its timeouts. So each host first gets a few places only, until the window is
//! full or the list is at its end, and one of the hosts, if there are several, has answered.
//!
//! What it costs: a run over one host waits for its list to be read ahead, a few milliseconds; one over several
//! hosts for the first answer of the quickest. Both are bounded by [`LONGEST`].

use std::time::Duration;

use tokio::time::Instant;

use crate::options::Options;

/// Which part of all places one host gets meanwhile.
const SHARE: usize = 32;

/// When nothing was read for so long, the list is a pipe whose writer takes its time. A machine that is busy takes some as well.
const STALLED: Duration = Duration::from_millis(100);

const LONGEST: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Survey {
    begun: Instant,
    pub(super) last_read: Instant,
}

impl Survey {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { begun: now, last_read: now }
    }

    /// Requests in flight to one host meanwhile.
    pub(super) fn per_host(options: &Options) -> usize {
        (options.concurrency.get() / SHARE).max(1).min(options.per_host())
    }

    pub(super) fn is_stalled(&self) -> bool {
        self.last_read.elapsed() >= STALLED
    }

    pub(super) fn is_over(&self) -> bool {
        self.begun.elapsed() >= LONGEST
    }

    /// When there may be something new to decide, if nothing happens before.
    pub(super) fn wake(&self) -> Instant {
        let stalled = self.last_read + STALLED;
        let over = self.begun + LONGEST;
        if self.is_stalled() { over } else { stalled.min(over) }
    }
}
