//! One attempt: ask, receive, judge the head. A straight line, without retry, pacing or reports.
//!
//! Promises: every wait in it has an end (the head and each next byte within the read timeout, a floor for the
//! speed, a total if asked for); a body is counted as it comes and never taken beyond the limit; at most
//! [`Setting::small`] bytes of it are held in memory.
//!
//! What surprises: a refused answer's body is read to its end if it is small, since the connection can only
//! then serve the next request (reqwest #1272).

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use tokio::time::{timeout, timeout_at};

use super::{
    clock::wall_clock,
    deadlines::{Deadlines, after},
    traffic::Traffic,
};
use crate::{
    event::{Failure, RedirectError},
    fetch::{Body, Fault, FetchError, Head, Request, Transport, advice::Advice, digest::Digests, opt_out::opted_out},
    ledger::{StoredFile, Validators},
    link::Link,
    name::Name,
    options::Options,
    robots::Rules,
    store::{Staged, Store},
};

/// What is read of a body that is not wanted, in bytes and time, so that its connection can be used again.
const DRAIN: u64 = 64 << 10;
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// The least size of hyper's read buffer, in bytes, of which a small body is a slice.
const READ_BUFFER: u64 = 8 << 10;

/// What an attempt needs besides its link.
pub(super) struct Setting<T> {
    pub(super) transport: T,
    /// Set before the first attempt starts.
    pub(super) store: OnceLock<Arc<Store>>,
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

    /// What of it is in memory: of a small body the whole buffer that it came in.
    pub(super) fn held(&self) -> u64 {
        match self {
            Self::Memory(bytes) => length(bytes).max(READ_BUFFER),
            Self::Staged(..) => 0,
        }
    }
}

/// How a server answered.
#[derive(Debug)]
pub(super) enum Answer {
    Body {
        content: Content,
        /// Whether the server told the length, and it was met.
        measured: bool,
        /// What the head tells of it.
        file: Box<StoredFile>,
        /// What the head says that it hashes to, if anything.
        digests: Option<Box<Digests>>,
    },
    /// The beginning of a robots.txt.
    Robots(Bytes),
    NotFound,
    /// What is here has not changed since.
    Unchanged,
    Redirect(Link),
}

/// What is wanted of an answer.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// A file under this name, or with `if_changed` the word that the one that is here has not changed.
    File { name: Name, if_changed: bool },
    /// A robots.txt.
    Robots,
}

/// What came of an attempt.
#[derive(Debug)]
pub(super) struct Attempted {
    /// The answer's status, whatever was then made of it; none where there was no answer.
    pub(super) status: Option<u16>,
    /// What the server asks of us besides.
    pub(super) advice: Advice,
    pub(super) answer: Result<Answer, Failure>,
}

impl<T: Transport> Setting<T> {
    pub(super) async fn attempt(&self, link: Link, headers: Option<Arc<HeaderMap>>, wanted: Wanted) -> Attempted {
        let mut told = Told::default();
        let exchange = self.exchange(link, headers, &wanted, &mut told);
        let answer = match self.options.timeout {
            None => exchange.await,
            Some(limit) => timeout_at(after(limit), exchange).await.unwrap_or(Err(Failure::Timeout(limit))),
        };
        Attempted { status: told.status, advice: told.advice, answer }
    }

    /// The folder that files go to.
    pub(super) fn store(&self) -> &Arc<Store> {
        self.store.get().expect("no attempt starts before the folder is open")
    }

    async fn exchange(
        &self,
        link: Link,
        headers: Option<Arc<HeaderMap>>,
        wanted: &Wanted,
        told: &mut Told,
    ) -> Result<Answer, Failure> {
        let deadlines = Deadlines::new(&self.options);
        let request = Request { link: link.clone(), headers };
        let (head, body) = deadlines.head(self.transport.send(request)).await??;
        *told = Told { status: Some(head.status), advice: Advice::of(head.status, &head.headers, wall_clock()) };
        match (head.status, wanted) {
            (200 | 203, Wanted::File { name, .. }) => self.receive(&head, body, name, deadlines).await,
            (304, Wanted::File { if_changed: true, .. }) => Ok(Answer::Unchanged),
            (200..=299, Wanted::Robots) => self.receive_robots(body, deadlines).await,
            (404 | 410, _) => {
                self.drain(body).await;
                Ok(Answer::NotFound)
            }
            (301 | 302 | 303 | 307 | 308, _) => {
                self.drain(body).await;
                Ok(Answer::Redirect(follow(&link, &head)?))
            }
            (status, _) => {
                self.drain(body).await;
                Err(Failure::Status(status))
            }
        }
    }

    /// Reads what is not wanted, if it is little.
    async fn drain(&self, mut body: T::Body) {
        let read = async {
            let mut left = DRAIN;
            while let Ok(Some(chunk)) = body.chunk().await {
                self.traffic.pass(length(&chunk)).await;
                let Some(rest) = left.checked_sub(length(&chunk)) else { return };
                left = rest;
            }
        };
        // Whatever is left of it goes with its connection.
        let _ = timeout(DRAIN_TIME, read).await;
    }

    /// The beginning of a robots.txt, and a byte more where there is more than its rules may have.
    async fn receive_robots(&self, mut body: T::Body, mut deadlines: Deadlines) -> Result<Answer, Failure> {
        let mut text = BytesMut::new();
        deadlines.start_span();
        while text.len() <= Rules::LONGEST
            && let Some(chunk) = deadlines.chunk(&mut body).await?
        {
            text.extend_from_slice(&chunk[..chunk.len().min(Rules::LONGEST + 1 - text.len())]);
            let waited = self.traffic.pass(length(&chunk)).await;
            deadlines.came(length(&chunk), waited);
        }
        Ok(Answer::Robots(text.freeze()))
    }

    async fn receive(
        &self,
        head: &Head,
        mut body: T::Body,
        path: &Name,
        mut deadlines: Deadlines,
    ) -> Result<Answer, Failure> {
        // Before anything of the body is read.
        if let Some(directive) = opted_out(&head.headers).filter(|_| self.options.respect_opt_out) {
            return Err(Failure::OptedOut(directive));
        }
        if let Some(encoding) = head.headers.get("content-encoding").filter(|value| !is_identity(value)) {
            return Err(Failure::Encoding(String::from_utf8_lossy(encoding.as_bytes()).into_owned()));
        }
        // Beside Transfer-Encoding a Content-Length means nothing (RFC 9112 §6.3).
        let chunked = head.headers.contains_key("transfer-encoding");
        let announced = head.content_length().filter(|_| !chunked);
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
                received.write_out(self.store(), path).await?;
            }
            let waited = self.traffic.pass(bytes).await;
            deadlines.came(bytes, waited);
        }
        if announced.is_some_and(|length| length != received.size) {
            return Err(FetchError::new(Fault::IncompleteBody, None).into());
        }
        let content = received.finish(self.store(), path).await?;
        let file = Box::new(described(&head.headers));
        // What a proxy has changed, and says so (RFC 9110 §15.3.4), may still come with the digests of what it was.
        let digests = if head.status == 203 { None } else { Digests::of(&head.headers) };
        Ok(Answer::Body { content, measured: announced.is_some(), file, digests })
    }
}

/// What an answer's head has told.
#[derive(Debug, Default)]
struct Told {
    status: Option<u16>,
    advice: Advice,
}

/// What an answer's head tells of the file in its body.
fn described(headers: &HeaderMap) -> StoredFile {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(Into::into);
    let validators = Validators { etag: text("etag"), last_modified: text("last-modified") };
    StoredFile { media_type: text("content-type"), validators, ..StoredFile::default() }
}

/// Content codings are case-insensitive, and none is as good as identity (RFC 9110 §8.4.1, §12.5.3).
fn is_identity(encoding: &HeaderValue) -> bool {
    let encoding = encoding.as_bytes().trim_ascii();
    encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity")
}

/// Where a redirect leads (RFC 9110 §15.4).
fn follow(link: &Link, head: &Head) -> Result<Link, RedirectError> {
    // Many servers send UTF-8 here, which `HeaderValue::to_str` does not take for text; a URL's parser encodes it.
    let location = head.headers.get("location").and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    let location = location.ok_or(RedirectError::NoLocation)?;
    let target = link.join(location)?;
    if link.is_encrypted() && !target.is_encrypted() {
        return Err(RedirectError::Downgrade(target));
    }
    Ok(target)
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
