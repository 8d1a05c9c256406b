//! A body while it comes, and what of it is kept when it is cut.
//!
//! Promises: at most the size of a small body is held in memory, the rest goes to a staged file; what is kept of a cut
//! body is on the disk, is exactly what came, and goes on only as the rest of the same version of the same file.
//!
//! What surprises: nothing is kept of a body that is smaller than [`WORTH_KEEPING`]: to ask for all of it again costs
//! less than a file that waits open.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{
    event::Failure,
    fetch::{Head, digest::Digests, range::Strong},
    ledger::{StoredFile, Validators},
    link::Link,
    name::Name,
    store::{Staged, Store},
};

/// The least size of hyper's read buffer, in bytes, of which a small body is a slice.
const READ_BUFFER: u64 = 8 << 10;

/// The part of a body that has to have come for it to be kept, in bytes.
pub(super) const WORTH_KEEPING: u64 = 1 << 20;

/// A body that has come whole, as far as the protocol tells.
#[derive(Debug)]
pub(super) enum Content {
    Memory(Bytes),
    Staged(Box<Staged>, u64),
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

/// A body that is coming.
#[derive(Debug)]
pub(super) struct Coming {
    received: Received,
    /// Its size, where that was told.
    total: Option<u64>,
    /// What tells any two versions apart, and of what: a tag is only good for the URL that it came with.
    validator: Option<(Strong, Link)>,
    /// What the head has told of it.
    pub(super) file: Box<StoredFile>,
    pub(super) digests: Option<Box<Digests>>,
}

impl Coming {
    /// The body of an answer that has all of it.
    pub(super) fn whole(head: &Head, link: &Link) -> Self {
        // A 203 is what a proxy has made of a file, and its fields speak of what the file was (RFC 9110 §15.3.4).
        let is_original = head.status == 200;
        let total = head.content_length();
        let may_be_kept = is_original && total.is_none_or(|total| total > WORTH_KEEPING);
        Self {
            received: Received::default(),
            total,
            validator: if may_be_kept { Strong::of(&head.headers).map(|strong| (strong, link.clone())) } else { None },
            file: Box::new(described(&head.headers)),
            digests: Digests::of(&head.headers).filter(|_| is_original),
        }
    }

    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// What has come, in bytes, with what came before it.
    pub(super) fn size(&self) -> u64 {
        self.received.size
    }

    /// Takes the next piece; writes out what is held beyond so many bytes.
    pub(super) async fn push(
        &mut self,
        chunk: Bytes,
        small: usize,
        store: &Arc<Store>,
        name: &Name,
    ) -> Result<(), Failure> {
        self.received.push(chunk);
        if self.received.held() > small { self.received.write_out(store, name).await } else { Ok(()) }
    }

    /// All of it.
    pub(super) async fn finish(&mut self, store: &Arc<Store>, name: &Name) -> Result<Content, Failure> {
        std::mem::take(&mut self.received).finish(store, name).await
    }

    /// What can be gone on with.
    pub(super) async fn keep(mut self, store: &Arc<Store>, name: &Name) -> Option<Partial> {
        let ((validator, link), size) = (self.validator?, self.received.size);
        let is_short = self.total.is_none_or(|total| size < total);
        if self.received.is_torn || size < WORTH_KEEPING || !is_short {
            return None;
        }
        if self.received.held() > 0 {
            self.received.write_out(store, name).await.ok()?;
        }
        let staged = self.received.staged?;
        Some(Partial { link, staged, size, total: self.total, validator, file: self.file })
    }
}

/// The first part of a body that was cut.
#[derive(Debug)]
pub(super) struct Partial {
    /// Where it came from.
    pub(super) link: Link,
    staged: Staged,
    size: u64,
    /// The size of the whole, where that was told.
    total: Option<u64>,
    validator: Strong,
    file: Box<StoredFile>,
}

impl Partial {
    /// What asks for the rest.
    pub(super) fn conditions(&self) -> [(HeaderName, HeaderValue); 2] {
        self.validator.ask_from(self.size)
    }

    /// What has come, in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The body as it goes on with an answer (206); none where that is not exactly the rest of it.
    pub(super) fn go_on(self, head: &Head) -> Option<Coming> {
        let total = self.validator.rest(&head.headers, self.size, self.total)?;
        let digests = Digests::of(&head.headers).map(|digests| Box::new(Digests { content: None, ..*digests }));
        Some(Coming {
            received: Received { size: self.size, staged: Some(self.staged), ..Received::default() },
            total: Some(total),
            validator: Some((self.validator, self.link)),
            file: self.file,
            digests,
        })
    }
}

/// What an answer's head tells of the file in its body.
fn described(headers: &HeaderMap) -> StoredFile {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(Into::into);
    let validators = Validators { etag: text(header::ETAG), last_modified: text(header::LAST_MODIFIED) };
    StoredFile { media_type: text(header::CONTENT_TYPE), validators, ..StoredFile::default() }
}

pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).expect("a length fits 64 bits")
}

/// The part of a body that has come.
#[derive(Debug, Default)]
struct Received {
    size: u64,
    first: Bytes,
    rest: BytesMut,
    staged: Option<Staged>,
    /// Whether a write was given up in its middle.
    is_torn: bool,
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
    async fn write_out(&mut self, store: &Arc<Store>, name: &Name) -> Result<(), Failure> {
        let (bytes, staged, store, name) = (self.take(), self.staged.take(), Arc::clone(store), name.clone());
        self.is_torn = true;
        let written = tokio::task::spawn_blocking(move || {
            let mut staged = staged.map_or_else(|| store.stage(&name), Ok)?;
            staged.append(&bytes).map_err(|error| store.failure(error, &name))?;
            Ok::<_, Failure>(staged)
        });
        self.staged = Some(written.await.map_err(|error| Failure::Bug(error.to_string()))??);
        self.is_torn = false;
        Ok(())
    }

    async fn finish(mut self, store: &Arc<Store>, name: &Name) -> Result<Content, Failure> {
        if self.staged.is_some() && self.held() > 0 {
            self.write_out(store, name).await?;
        }
        Ok(match self.staged.take() {
            Some(staged) => Content::Staged(Box::new(staged), self.size),
            None => Content::Memory(self.take()),
        })
    }
}
