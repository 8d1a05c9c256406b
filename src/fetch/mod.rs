//! One exchange with a server: a request, a head, a body in chunks.
//!
//! Promises: [`Transport`] is the only way to the network, so the engine can be run against a scripted double
//! under paused time. A transport follows no redirect, repeats no request and keeps no pace: those are the
//! engine's, which counts every request that goes out.

mod address;
pub(crate) mod advice;
mod clock;
pub(crate) mod digest;
pub(crate) mod error;
mod field;
mod guard;
mod http;
pub(crate) mod opt_out;
mod proxy;
mod quota;
pub(crate) mod range;
mod resolve;

use std::{future::Future, net::IpAddr, sync::Arc};

use ::http::{HeaderMap, header::CONTENT_LENGTH};
use bytes::Bytes;

pub use self::{
    error::{Fault, FetchError},
    guard::Reach,
    http::{Http, HttpOptions, HttpVersion, ProxyChoice, SetupError},
};
use crate::link::Link;

/// What is asked of a server: always a GET.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is wanted.
    pub link: Link,
    /// The user's own headers; none where a redirect has led to another host.
    pub headers: Option<Arc<HeaderMap>>,
    /// Where it may go; a transport that cannot tell addresses may leave it aside.
    pub reach: Reach,
}

/// The start of an answer.
#[derive(Debug, Clone)]
pub struct Head {
    /// The status code, 200 to 999.
    pub status: u16,
    /// All header fields.
    pub headers: HeaderMap,
    /// The address that answered; none where it is not known, as behind a proxy.
    pub from: Option<IpAddr>,
}

impl Head {
    /// The first value of a header, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What the server says the body's length is, in bytes. Not to be believed, only to be compared.
    pub fn content_length(&self) -> Option<u64> {
        self.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }
}

/// The rest of an answer, chunk by chunk.
pub trait Body: Send + 'static {
    /// The next bytes; `None` when the body has ended as the protocol says it should.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Bytes>, FetchError>> + Send;
}

/// The seam to the network.
pub trait Transport: Send + Sync + 'static {
    /// The body of its answers.
    type Body: Body;

    /// Sends one request and waits for the head of its answer. Dropping the future gives the request up.
    ///
    /// # Errors
    ///
    /// [`FetchError`] says at what stage it failed, and whether another attempt could succeed.
    fn send(&self, request: Request) -> impl Future<Output = Result<(Head, Self::Body), FetchError>> + Send;
}

impl<T: Transport> Transport for Arc<T> {
    type Body = T::Body;

    fn send(&self, request: Request) -> impl Future<Output = Result<(Head, Self::Body), FetchError>> + Send {
        T::send(self, request)
    }
}
