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
use http::{HeaderMap, HeaderValue, header};
use tokio::time::{timeout, timeout_at};

use super::{
    body::{Coming, Content, Partial, length},
    clock::wall_clock,
    deadlines::{Deadlines, after},
    traffic::Traffic,
};
use crate::{
    event::{Failure, RedirectError},
    fetch::{
        Body, Fault, FetchError, Head, Reach, Request, Transport, advice::Advice, digest::Digests, opt_out::opted_out,
    },
    ledger::StoredFile,
    link::{Link, excerpt},
    name::Name,
    options::Options,
    robots::Rules,
    store::Store,
};

/// What is read of a body that is not wanted, in bytes and time, so that its connection can be used again.
const DRAIN: u64 = 64 << 10;
const DRAIN_TIME: Duration = Duration::from_secs(1);

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
    /// Where it leads, and where that may be.
    Redirect(Link, Reach),
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
    /// What has come of a body that was cut, to go on with.
    pub(super) partial: Option<Box<Partial>>,
}

impl<T: Transport> Setting<T> {
    /// Asks for it; with a partial body, whose conditions are among the headers, for the rest.
    pub(super) async fn attempt(&self, request: Request, wanted: Wanted, partial: Option<Box<Partial>>) -> Attempted {
        let mut told = Told { partial, ..Told::default() };
        let exchange = self.exchange(request, &wanted, &mut told);
        let answer = match self.options.timeout {
            None => exchange.await,
            Some(limit) => timeout_at(after(limit), exchange).await.unwrap_or(Err(Failure::Timeout(limit))),
        };
        let mut partial = told.partial;
        if let (Err(failure), Some(coming), Wanted::File { name, .. }) = (&answer, told.coming, &wanted)
            && failure.is_transient()
        {
            partial = coming.keep(self.store(), name).await.map(Box::new);
        }
        Attempted { status: told.status, advice: told.advice, answer, partial }
    }

    /// The folder that files go to.
    pub(super) fn store(&self) -> &Arc<Store> {
        self.store.get().expect("no attempt starts before the folder is open")
    }

    async fn exchange(&self, request: Request, wanted: &Wanted, told: &mut Told) -> Result<Answer, Failure> {
        let deadlines = Deadlines::new(&self.options);
        let (link, reach) = (request.link.clone(), request.reach);
        let (head, body) = deadlines.head(self.transport.send(request)).await??;
        told.status = Some(head.status);
        told.advice = Advice::of(head.status, &head.headers, wall_clock());
        let partial = told.partial.take();
        match (head.status, wanted, partial) {
            (200 | 203, Wanted::File { name, .. }, _) => {
                let coming = told.coming.insert(Coming::whole(&head, &link));
                self.receive(&head, body, name, deadlines, coming).await
            }
            (206, Wanted::File { name, .. }, Some(partial)) => {
                let coming = told.coming.insert(partial.go_on(&head).ok_or(Failure::OtherPart)?);
                self.receive(&head, body, name, deadlines, coming).await
            }
            (416, Wanted::File { .. }, Some(_)) => {
                self.drain(body).await;
                Err(Failure::OtherPart)
            }
            (304, Wanted::File { if_changed: true, .. }, _) => Ok(Answer::Unchanged),
            (200..=299, Wanted::Robots, _) => self.receive_robots(body, deadlines).await,
            (404 | 410, ..) => {
                self.drain(body).await;
                Ok(Answer::NotFound)
            }
            (301 | 302 | 303 | 307 | 308, _, partial) => {
                told.partial = partial;
                self.drain(body).await;
                Ok(Answer::Redirect(follow(&link, &head)?, reach.after(head.from)))
            }
            // Of a server in trouble the rest may be had later.
            (status, _, partial) => {
                told.partial = partial;
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

    /// Reads what comes, behind what has come before.
    async fn receive(
        &self,
        head: &Head,
        mut body: T::Body,
        name: &Name,
        mut deadlines: Deadlines,
        coming: &mut Coming,
    ) -> Result<Answer, Failure> {
        self.judge(head, coming)?;
        deadlines.start_span();
        while let Some(chunk) = deadlines.chunk(&mut body).await? {
            let bytes = length(&chunk);
            if coming.size() + bytes > self.options.max_size {
                return Err(Failure::TooLarge(self.options.max_size));
            }
            coming.push(chunk, self.small, self.store(), name).await?;
            let waited = self.traffic.pass(bytes).await;
            deadlines.came(bytes, waited);
        }
        if coming.total().is_some_and(|total| total != coming.size()) {
            return Err(FetchError::new(Fault::IncompleteBody, None).into());
        }
        let content = coming.finish(self.store(), name).await?;
        let (file, digests) = (std::mem::take(&mut coming.file), coming.digests.take());
        Ok(Answer::Body { content, measured: coming.total().is_some(), file, digests })
    }

    /// Refuses a body by its head, before anything of it is read.
    fn judge(&self, head: &Head, coming: &Coming) -> Result<(), Failure> {
        if self.options.respect_opt_out
            && let Some(directive) = opted_out(&head.headers)
        {
            return Err(Failure::OptedOut(directive));
        }
        if let Some(encoding) = head.headers.get_all(header::CONTENT_ENCODING).iter().find(|value| !is_identity(value))
        {
            return Err(Failure::Encoding(repeated(encoding)));
        }
        judge_framing(&head.headers)?;
        let max_size = self.options.max_size;
        if coming.total().is_some_and(|total| total > max_size) { Err(Failure::TooLarge(max_size)) } else { Ok(()) }
    }
}

/// What an answer's head has told.
#[derive(Debug, Default)]
struct Told {
    status: Option<u16>,
    advice: Advice,
    /// What came of its body.
    coming: Option<Coming>,
    /// What has come in earlier attempts, as long as nothing is said against it.
    partial: Option<Box<Partial>>,
}

/// Refuses a body whose end cannot be relied on, or that would have to be unpacked.
fn judge_framing(headers: &HeaderMap) -> Result<(), Failure> {
    let Some(coding) = headers.get(header::TRANSFER_ENCODING) else { return Ok(()) };
    // It may be what is left of an attempt to have two answers taken for one, or one for two (RFC 9112 §6.3).
    if headers.contains_key(header::CONTENT_LENGTH) {
        return Err(
            FetchError::new(Fault::Protocol, Some("both a transfer encoding and a content length".into())).into()
        );
    }
    // We ask for no other by a TE field, and nobody has undone it (RFC 9112 §7.4).
    let codings = headers.get_all(header::TRANSFER_ENCODING);
    let other = codings.iter().find(|coding| !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"));
    match other {
        Some(other) => Err(Failure::TransferCoding(repeated(other))),
        // Chunks in chunks (RFC 9112 §6.1).
        None if codings.iter().nth(1).is_some() => Err(Failure::TransferCoding(repeated(coding))),
        None => Ok(()),
    }
}

/// What a field says, as a message may repeat it.
fn repeated(value: &HeaderValue) -> String {
    excerpt(&String::from_utf8_lossy(value.as_bytes())).into_owned()
}

/// Content codings are case-insensitive, and none is as good as identity (RFC 9110 §8.4.1, §12.5.3).
fn is_identity(encoding: &HeaderValue) -> bool {
    let encoding = encoding.as_bytes().trim_ascii();
    encoding.is_empty() || encoding.eq_ignore_ascii_case(b"identity")
}

/// Where a redirect leads (RFC 9110 §15.4).
fn follow(link: &Link, head: &Head) -> Result<Link, RedirectError> {
    // Many servers send UTF-8 here, which `HeaderValue::to_str` does not take for text; a URL's parser encodes it.
    let location = head.headers.get(header::LOCATION).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
    // Taken as a reference, an empty one would lead to where it came from.
    let location = location.filter(|location| !location.is_empty()).ok_or(RedirectError::NoLocation)?;
    let target = link.join(location)?;
    if link.is_encrypted() && !target.is_encrypted() {
        return Err(RedirectError::Downgrade(target));
    }
    Ok(target)
}
