//! Bodies on their way out: counted until they are gone, and no faster than
//! the bandwidth.
//!
//! Promises: over any time the bytes of all bodies together are at most the
//! bandwidth times that time, plus a tenth of a second's worth after a pause;
//! connections take turns, a piece at a time.
//!
//! What surprises: only bodies are counted, heads go at once. A piece goes
//! when its time has passed, not before, so a body of one second's worth takes
//! one second. Pieces of a body that nobody waits for any more stay booked.

use std::num::NonZeroU64;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;

/// How much may be caught up: timers are late by a millisecond, and without
/// this each piece would lose it.
const CATCH_UP: Duration = Duration::from_millis(100);

/// The bytes a second that all bodies share.
#[derive(Debug)]
pub(crate) struct Bandwidth {
    per_second: NonZeroU64,
    /// When the last piece that was promised will have gone.
    booked: Mutex<Instant>,
}

impl Bandwidth {
    /// Nothing is booked yet.
    pub(crate) fn new(per_second: NonZeroU64, now: Instant) -> Bandwidth {
        Bandwidth { per_second, booked: Mutex::new(now) }
    }

    /// Books the time that `bytes` take, and tells when they will have gone.
    fn book(&self, bytes: usize, now: Instant) -> Instant {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.per_second.get());
        let takes = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let mut booked = self.booked.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(CATCH_UP).unwrap_or(now);
        *booked = (*booked).max(earliest) + takes;
        *booked
    }

    /// How many bytes go at once: a twentieth of a second's worth, within reason.
    fn piece(&self) -> usize {
        let piece = (self.per_second.get() / 20).clamp(64, 64 * 1024);
        usize::try_from(piece).unwrap_or(64 * 1024)
    }
}

/// A body that holds something (its place in the counts) until it is gone.
pub(crate) struct Outgoing<H> {
    body: Body,
    drip: Option<Drip>,
    _held: H,
}

/// What a body under a bandwidth has yet to wait for.
struct Drip {
    bandwidth: Arc<Bandwidth>,
    /// What the body gave and has not gone yet.
    rest: Bytes,
    /// The piece that is booked, and when it goes.
    booked: Option<(Bytes, Pin<Box<Sleep>>)>,
}

impl<H> Outgoing<H> {
    /// Sends `body`, under `bandwidth` if there is one, and drops `held` after it.
    pub(crate) fn new(body: Body, bandwidth: Option<&Arc<Bandwidth>>, held: H) -> Outgoing<H> {
        let drip =
            bandwidth.map(|bandwidth| Drip { bandwidth: Arc::clone(bandwidth), rest: Bytes::new(), booked: None });
        Outgoing { body, drip, _held: held }
    }
}

impl Drip {
    /// The next piece of what the body gave, when its time has come; nothing
    /// when all of it is gone.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.booked.is_none() && !self.rest.is_empty() {
            let piece = self.rest.split_to(self.bandwidth.piece().min(self.rest.len()));
            let goes = self.bandwidth.book(piece.len(), Instant::now());
            self.booked = Some((piece, Box::pin(tokio::time::sleep_until(goes.into()))));
        }
        if let Some((_, sleep)) = &mut self.booked {
            ready!(sleep.as_mut().poll(context));
        }
        Poll::Ready(self.booked.take().map(|(piece, _)| piece))
    }

    /// How many bytes it holds back.
    fn held_back(&self) -> u64 {
        let booked = self.booked.as_ref().map_or(0, |(piece, _)| piece.len());
        u64::try_from(self.rest.len() + booked).unwrap_or(u64::MAX)
    }
}

impl<H: Unpin> http_body::Body for Outgoing<H> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Outgoing { body, drip, .. } = &mut *self;
        let Some(drip) = drip else {
            return Pin::new(body).poll_frame(context);
        };
        loop {
            if let Some(piece) = ready!(drip.poll_piece(context)) {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            match ready!(Pin::new(&mut *body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => drip.rest = bytes,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && self.drip.as_ref().is_none_or(|drip| drip.held_back() == 0)
    }

    fn size_hint(&self) -> SizeHint {
        let held_back = self.drip.as_ref().map_or(0, Drip::held_back);
        let inner = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(held_back));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(held_back));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::super::conduct::Conduct;
    use super::super::probe::{ask, start};
    use super::*;

    #[test]
    fn bytes_go_when_their_time_has_passed() {
        let now = Instant::now();
        let bandwidth = Bandwidth::new(NonZeroU64::new(1_000).unwrap(), now);
        let goes = [100, 100, 300].map(|bytes| bandwidth.book(bytes, now) - now);
        assert_eq!(goes.map(|after| after.as_millis()), [100, 200, 500]);
    }

    #[test]
    fn a_pause_gives_back_a_tenth_of_a_second_at_most() {
        let now = Instant::now();
        let bandwidth = Bandwidth::new(NonZeroU64::new(1_000).unwrap(), now);
        let later = now + Duration::from_secs(60);
        let goes = bandwidth.book(1_000, later) - later;
        assert_eq!(goes, Duration::from_millis(900));
    }

    #[tokio::test]
    async fn connections_share_the_bandwidth() {
        let length =
            u64::try_from(ask(start(Conduct::default()).await, "GET", "/flags/cn.jpg").await.body.len()).unwrap();
        let origin = start(Conduct { bandwidth: NonZeroU64::new(length * 8), ..Conduct::default() }).await;
        let begun = Instant::now();
        let asked: Vec<_> = (0..8).map(|_| tokio::spawn(ask(origin, "GET", "/flags/cn.jpg"))).collect();
        for answer in asked {
            let answer = answer.await.unwrap();
            assert_eq!(u64::try_from(answer.body.len()).unwrap(), length);
        }
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(890), "8 eighths in {took:?}");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}
