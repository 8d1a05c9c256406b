//! A transport that is a well-behaved server: it knows validators, conditions and ranges, and changes when it is told.
//!
//! What surprises: what goes wrong is scripted by the number of a request for a path: where its body is cut, and what
//! the path has from then on.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::RETRY_AFTER};
use sha2::{Digest as _, Sha512};

use crate::{
    fetch::{Body, Fault, FetchError, Head, Request, Transport},
    link::Link,
};

/// What a path has.
#[derive(Debug, Clone, Default)]
pub(super) struct Version {
    pub(super) bytes: Vec<u8>,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

impl Version {
    pub(super) fn new(bytes: impl Into<Vec<u8>>, etag: &str) -> Self {
        Self { bytes: bytes.into(), etag: Some(etag.into()), last_modified: None }
    }
}

/// How a server treats a question for a part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Manners {
    /// As RFC 9110 §14 says.
    #[default]
    Right,
    /// It sends everything, always.
    Whole,
    /// It starts a byte too late.
    Late,
    /// It passes over If-Range, and sends the rest of whatever it has now, under the right range.
    Heedless,
    /// As before, and says nothing of validators with it.
    Silent,
    /// It says that the whole has another size.
    Miscounting,
    /// 416, whatever is asked for.
    Unwilling,
}

#[derive(Debug, Default)]
struct State {
    paths: BTreeMap<String, Version>,
    /// Where the body of the n-th answer with a body is cut.
    cuts: Vec<usize>,
    /// What a path has from the n-th request on.
    changes: BTreeMap<usize, (String, Version)>,
    manners: Manners,
    /// How often a path is still refused, with the wish to be left alone for ten seconds.
    refusals: BTreeMap<String, u32>,
    /// Whether the hash of what a path has is sent along.
    tells_hashes: bool,
    /// The status of each answer, with the range that was asked for.
    answers: Vec<(u16, Option<String>)>,
}

/// A server.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin(Arc<Mutex<State>>);

impl Origin {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, path: &str, version: Version) -> &Self {
        self.state().paths.insert(path.into(), version);
        self
    }

    pub(super) fn remove(&self, path: &str) -> &Self {
        self.state().paths.remove(path);
        self
    }

    pub(super) fn cut(&self, cuts: &[usize]) -> &Self {
        self.state().cuts = cuts.to_vec();
        self
    }

    pub(super) fn change(&self, request: usize, path: &str, version: Version) -> &Self {
        self.state().changes.insert(request, (path.into(), version));
        self
    }

    pub(super) fn behave(&self, manners: Manners) -> &Self {
        self.state().manners = manners;
        self
    }

    pub(super) fn refuse(&self, path: &str, times: u32) -> &Self {
        self.state().refusals.insert(path.into(), times);
        self
    }

    /// From now on sends a hash along that is not the one which is made of every file anyway.
    pub(super) fn tell_hashes(&self) -> &Self {
        self.state().tells_hashes = true;
        self
    }

    /// What was answered since the last time.
    pub(super) fn answers(&self) -> Vec<(u16, Option<String>)> {
        std::mem::take(&mut self.state().answers)
    }

    pub(super) fn statuses(&self) -> Vec<u16> {
        self.answers().into_iter().map(|(status, _)| status).collect()
    }
}

fn field<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().expect("text"))
}

impl State {
    fn answer(&mut self, link: &Link, asked: &HeaderMap) -> (Head, Sent) {
        let number = self.answers.len();
        if let Some((path, version)) = self.changes.remove(&number) {
            self.paths.insert(path, version);
        }
        let path = link.url().path().trim_start_matches('/');
        let refusals = self.refusals.get_mut(path).filter(|times| **times > 0);
        let (status, mut headers, bytes) = match self.paths.get(path) {
            _ if refusals.is_some() => {
                *refusals.expect("looked at") -= 1;
                (429, HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("10"))]), Vec::new())
            }
            None => (404, HeaderMap::new(), Vec::new()),
            Some(version) => {
                let (status, range, mut headers) = judge(version, asked, self.manners);
                if self.tells_hashes {
                    let hash = format!("sha-512=:{}:", STANDARD.encode(Sha512::digest(&version.bytes)));
                    headers.insert("repr-digest", HeaderValue::from_str(&hash).expect("a value"));
                }
                let bytes = match status {
                    304 | 416 => Vec::new(),
                    _ => version.bytes[range.unwrap_or_default().min(version.bytes.len())..].to_vec(),
                };
                (status, headers, bytes)
            }
        };
        headers.insert("content-length", HeaderValue::from(bytes.len()));
        self.answers.push((status, field(asked, "range").map(Into::into)));
        let cut = if bytes.is_empty() || self.cuts.is_empty() { bytes.len() } else { self.cuts.remove(0) };
        let end = if cut < bytes.len() { Err(Fault::IncompleteBody) } else { Ok(()) };
        let mut left = Bytes::from(bytes);
        left.truncate(cut);
        (Head { status, headers, from: None }, Sent { left, end })
    }
}

/// The status for a version, from where on its bytes are sent, and the fields.
fn judge(version: &Version, asked: &HeaderMap, manners: Manners) -> (u16, Option<usize>, HeaderMap) {
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: &str| {
        headers.insert(name, HeaderValue::from_str(value).expect("a value"));
    };
    if let Some(etag) = &version.etag {
        put("etag", etag);
    }
    if let Some(time) = &version.last_modified {
        put("last-modified", time);
        put("date", "Sat, 21 Nov 2026 07:28:00 GMT");
    }
    let size = version.bytes.len();
    let weak = |tag: &str| tag.trim_start_matches("W/").to_owned();
    let unchanged = match (field(asked, "if-none-match"), field(asked, "if-modified-since")) {
        (Some(tag), _) => version.etag.as_deref().is_some_and(|etag| weak(etag) == weak(tag)),
        (None, Some(time)) => version.last_modified.as_deref() == Some(time),
        (None, None) => false,
    };
    if unchanged {
        return (304, None, headers);
    }
    let Some(range) = field(asked, "range") else { return (200, None, headers) };
    let from: usize = range.trim_start_matches("bytes=").trim_end_matches('-').parse().expect("a range");
    let holds = match field(asked, "if-range") {
        None => true,
        Some(validator) if validator.starts_with('"') => version.etag.as_deref() == Some(validator),
        Some(time) => version.last_modified.as_deref() == Some(time),
    };
    let heedless = matches!(manners, Manners::Heedless | Manners::Silent);
    if manners == Manners::Unwilling || from >= size && (holds || heedless) {
        headers.insert("content-range", HeaderValue::from_str(&format!("bytes */{size}")).expect("a value"));
        return (416, None, headers);
    }
    if manners == Manners::Whole || !holds && !heedless {
        return (200, None, headers);
    }
    let (from, told) = match manners {
        Manners::Late => (from + 1, size),
        Manners::Miscounting => (from, size + 1),
        _ => (from, size),
    };
    if manners == Manners::Silent {
        headers.clear();
    }
    let range = format!("bytes {from}-{}/{told}", told - 1);
    headers.insert("content-range", HeaderValue::from_str(&range).expect("a value"));
    (206, Some(from), headers)
}

/// A body, in pieces.
pub(super) struct Sent {
    left: Bytes,
    end: Result<(), Fault>,
}

impl Transport for Origin {
    type Body = Sent;

    async fn send(&self, request: Request) -> Result<(Head, Sent), FetchError> {
        let headers = request.headers.as_deref().cloned().unwrap_or_default();
        Ok(self.state().answer(&request.link, &headers))
    }
}

impl Body for Sent {
    async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        if self.left.is_empty() {
            return self.end.map(|()| None).map_err(|fault| FetchError::new(fault, None));
        }
        let piece = self.left.len().min(100_000);
        Ok(Some(self.left.split_to(piece)))
    }
}
