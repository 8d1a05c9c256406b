//! One attempt: ask, receive, judge the head. A straight line, without retry, pacing or reports.
//!
//! Promises: every wait in it has an end (the head and each next byte within the read timeout, a floor for the
//! speed, a total if asked for); a body is counted as it comes and never taken beyond the limit; at most
//! [`Setting::small`] bytes of it are held in memory.
//!
//! What surprises: a refused answer's body is read to its end if it is small, since the connection can only
//! then serve the next request (reqwest #1272).

use std::{future::Future, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use tokio::time::{Instant, timeout, timeout_at};

use super::traffic::Traffic;
use crate::{
    event::{Failure, RedirectError},
    fetch::{Body, Fault, FetchError, Head, Request, Transport},
    link::Link,
    name::Name,
    options::Options,
    store::{Staged, Store},
};

/// What is read of a body that is not wanted, in bytes and time, so that its connection can be used again.
const DRAIN: u64 = 64 << 10;
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// What an attempt needs besides its link.
pub(super) struct Setting<T> {
    pub(super) transport: T,
    pub(super) store: Arc<Store>,
    pub(super) options: Options,
    pub(super) traffic: Traffic,
    /// Up to this many bytes a body stays in memory; then it goes to the disk in pieces of this size.
    pub(super) small: usize,
}

/// A body that has come whole, as far as the protocol tells.
#[derive(Debug)]
pub(super) enum Content {
    Memory(Bytes),
    Staged(Staged, u64),
}

impl Content {
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => length(bytes),
            Self::Staged(_, size) => *size,
        }
    }
}

/// How a server answered.
#[derive(Debug)]
pub(super) enum Answer {
    Body {
        content: Content,
        status: u16,
        /// Whether the server told the length, and it was met.
        measured: bool,
    },
    NotFound(u16),
    Redirect(Link),
}

impl<T: Transport> Setting<T> {
    pub(super) async fn attempt(
        &self,
        link: Link,
        headers: Option<Arc<HeaderMap>>,
        path: &Name,
    ) -> Result<Answer, Failure> {
        let deadlines = Deadlines::new(&self.options);
        let request = Request { link: link.clone(), headers };
        let (head, body) = deadlines.head(self.transport.send(request)).await??;
        match head.status {
            200 | 203 => self.receive(&head, body, path, deadlines).await,
            404 | 410 => {
                drain(body).await;
                Ok(Answer::NotFound(head.status))
            }
            301 | 302 | 303 | 307 | 308 => {
                drain(body).await;
                Ok(Answer::Redirect(follow(&link, &head)?))
            }
            status => {
                drain(body).await;
                Err(Failure::Status(status))
            }
        }
    }

    async fn receive(
        &self,
        head: &Head,
        mut body: T::Body,
        path: &Name,
        mut deadlines: Deadlines,
    ) -> Result<Answer, Failure> {
        if let Some(encoding) = head.headers.get("content-encoding").filter(|value| *value != "identity") {
            return Err(Failure::Encoding(String::from_utf8_lossy(encoding.as_bytes()).into_owned()));
        }
        let announced = head.content_length();
        let max_size = self.options.max_size;
        if announced.is_some_and(|length| length > max_size) {
            return Err(Failure::TooLarge(max_size));
        }
        let mut received = Received::default();
        deadlines.start_span();
        while let Some(chunk) = deadlines.chunk(&mut body).await? {
            let bytes = length(&chunk);
            if received.size + bytes > max_size {
                return Err(Failure::TooLarge(max_size));
            }
            received.push(chunk);
            if received.held() > self.small {
                received.write_out(&self.store, path).await?;
            }
            let waited = self.traffic.pass(bytes).await;
            deadlines.came(bytes, waited);
        }
        if announced.is_some_and(|length| length != received.size) {
            return Err(FetchError::new(Fault::IncompleteBody, None).into());
        }
        let content = received.finish(&self.store, path).await?;
        Ok(Answer::Body { content, status: head.status, measured: announced.is_some() })
    }
}

/// Where a redirect leads (RFC 9110 §15.4).
fn follow(link: &Link, head: &Head) -> Result<Link, RedirectError> {
    let location = head.header("location").ok_or(RedirectError::NoLocation)?;
    let target = link.join(location)?;
    if link.is_encrypted() && !target.is_encrypted() {
        return Err(RedirectError::Downgrade(target));
    }
    Ok(target)
}

async fn drain(mut body: impl Body) {
    let read = async {
        let mut left = DRAIN;
        while let Ok(Some(chunk)) = body.chunk().await {
            let Some(rest) = left.checked_sub(length(&chunk)) else { return };
            left = rest;
        }
    };
    // Whatever is left of it goes with its connection.
    let _ = timeout(DRAIN_TIME, read).await;
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).expect("a length fits 64 bits")
}

/// The part of a body that has come.
#[derive(Default)]
struct Received {
    size: u64,
    first: Bytes,
    rest: BytesMut,
    staged: Option<Staged>,
}

impl Received {
    fn push(&mut self, chunk: Bytes) {
        self.size += length(&chunk);
        if self.first.is_empty() && self.rest.is_empty() {
            self.first = chunk;
        } else {
            if self.rest.is_empty() {
                self.rest.reserve(2 * (self.first.len() + chunk.len()));
                self.rest.extend_from_slice(&std::mem::take(&mut self.first));
            }
            self.rest.extend_from_slice(&chunk);
        }
    }

    fn held(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    /// Takes what is held in memory.
    fn take(&mut self) -> Bytes {
        if self.rest.is_empty() { std::mem::take(&mut self.first) } else { std::mem::take(&mut self.rest).freeze() }
    }

    /// Moves what is held to the staged file.
    async fn write_out(&mut self, store: &Arc<Store>, path: &Name) -> Result<(), Failure> {
        let (bytes, staged, store, path) = (self.take(), self.staged.take(), Arc::clone(store), path.clone());
        let written = tokio::task::spawn_blocking(move || {
            let mut staged = staged.map_or_else(|| store.stage(&path), Ok)?;
            staged.append(&bytes).map_err(|error| store.failure(error, &path))?;
            Ok::<_, Failure>(staged)
        });
        self.staged = Some(written.await.map_err(|error| Failure::Bug(error.to_string()))??);
        Ok(())
    }

    async fn finish(mut self, store: &Arc<Store>, path: &Name) -> Result<Content, Failure> {
        if self.staged.is_some() && self.held() > 0 {
            self.write_out(store, path).await?;
        }
        Ok(match self.staged.take() {
            Some(staged) => Content::Staged(staged, self.size),
            None => Content::Memory(self.take()),
        })
    }
}

/// The ends of all waits in one attempt.
struct Deadlines {
    read_timeout: Duration,
    min_speed: u64,
    total: Option<(Instant, Duration)>,
    /// The span over which the speed is measured now, and what came in it.
    span: Instant,
    came: u64,
}

impl Deadlines {
    fn new(options: &Options) -> Self {
        let now = Instant::now();
        let total = options.timeout.map(|timeout| (now + timeout, timeout));
        Self { read_timeout: options.read_timeout, min_speed: options.min_speed, total, span: now, came: 0 }
    }

    async fn head<F: Future>(&self, answer: F) -> Result<F::Output, Failure> {
        let read = Instant::now() + self.read_timeout;
        let until = self.total.map_or(read, |(total, _)| total.min(read));
        timeout_at(until, answer).await.map_err(|_| self.expired())
    }

    /// The next chunk, unless it takes too long.
    async fn chunk(&mut self, body: &mut impl Body) -> Result<Option<Bytes>, Failure> {
        let read = Instant::now() + self.read_timeout;
        loop {
            let span = self.span + Options::MIN_SPEED_SPAN;
            let until = self.total.map_or(read, |(total, _)| total.min(read)).min(span);
            match timeout_at(until, body.chunk()).await {
                Ok(chunk) => return Ok(chunk?),
                Err(_) if until == span && until != read => self.next_span()?,
                Err(_) => return Err(self.expired()),
            }
        }
    }

    /// Notes bytes that came, and time in which none were asked for.
    fn came(&mut self, bytes: u64, waited: Duration) {
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
    fn start_span(&mut self) {
        self.span = Instant::now();
        self.came = 0;
    }

    fn expired(&self) -> Failure {
        let total = self.total.filter(|(until, _)| *until <= Instant::now());
        Failure::Timeout(total.map_or(self.read_timeout, |(_, timeout)| timeout))
    }
}
