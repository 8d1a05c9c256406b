//! The ends of the waits in one attempt, but for the attempt's own.
//!
//! Promises: the head and each next byte come within the read timeout, and a body at no less than the least speed
//! over a span, or the attempt fails.

use std::{future::Future, time::Duration};

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use crate::{event::Failure, fetch::Body, options::Options};

/// A time so far from now, or as far as can be said.
pub(super) fn after(span: Duration) -> Instant {
    /// More than a machine runs without a reboot, and less than makes a timer overflow.
    const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
    Instant::now() + span.min(FAR)
}

/// The waits of one attempt.
pub(super) struct Deadlines {
    read_timeout: Duration,
    min_speed: u64,
    /// The span over which the speed is measured now, and what came in it.
    span: Instant,
    came: u64,
}

impl Deadlines {
    pub(super) fn new(options: &Options) -> Self {
        Self { read_timeout: options.read_timeout, min_speed: options.min_speed, span: Instant::now(), came: 0 }
    }

    pub(super) async fn head<F: Future>(&self, answer: F) -> Result<F::Output, Failure> {
        timeout_at(after(self.read_timeout), answer).await.map_err(|_| Failure::Timeout(self.read_timeout))
    }

    /// The next chunk, unless it takes too long.
    pub(super) async fn chunk(&mut self, body: &mut impl Body) -> Result<Option<Bytes>, Failure> {
        let read = after(self.read_timeout);
        loop {
            let span = self.span + Options::MIN_SPEED_SPAN;
            match timeout_at(read.min(span), body.chunk()).await {
                Ok(chunk) => return Ok(chunk?),
                Err(_) if span < read => self.next_span()?,
                Err(_) => return Err(Failure::Timeout(self.read_timeout)),
            }
        }
    }

    /// Notes bytes that came, and time in which none were asked for.
    pub(super) fn came(&mut self, bytes: u64, waited: Duration) {
        self.came += bytes;
        self.span += waited;
    }

    fn next_span(&mut self) -> Result<(), Failure> {
        let least = self.min_speed.saturating_mul(Options::MIN_SPEED_SPAN.as_secs());
        if self.came < least {
            return Err(Failure::TooSlow(self.min_speed, Options::MIN_SPEED_SPAN));
        }
        self.start_span();
        Ok(())
    }

    /// Begins to measure; the wait for the head is not part of a body's speed.
    pub(super) fn start_span(&mut self) {
        self.span = Instant::now();
        self.came = 0;
    }
}
