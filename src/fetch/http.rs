//! The transport over reqwest: HTTP/1.1 and HTTP/2, TLS by rustls, the system's certificates and proxies.
//!
//! Promises: no redirect, no repeat and no decoding happens inside the client; the body comes as it was sent
//! (`Accept-Encoding: identity`); no cookie is kept, no `Referer` sent, no `.netrc` read.
//!
//! What surprises: the timeouts of head and body are the engine's, so that they can be tested under paused
//! time; only connecting is timed here. Idle connections are dropped after 4 s, before common servers drop
//! them (Apache and Node do at 5 s), because a request sent into a closing connection is lost (hyper #2136).

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use reqwest::{Certificate, NoProxy, Proxy, redirect, retry, tls};
use thiserror::Error;

use super::{
    Body, Fault, FetchError, Head, Request, Transport,
    error::{Stage, Through, classify},
    guard::{Guard, GuardedResolver, Reach},
    proxy,
    resolve::CachingResolver,
};

const IDLE: Duration = Duration::from_secs(4);

/// Above this many requests in flight there is a further pool of connections, up to so many.
const IN_A_POOL: usize = 2048;
const MAX_POOLS: usize = 4;

/// Flow-control window of one HTTP/2 stream, in bytes.
const STREAM_WINDOW: u32 = 1 << 20;

/// Greatest flow-control window of one HTTP/2 connection, in bytes: what may be in memory unread.
const MAX_CONNECTION_WINDOW: u32 = 64 << 20;

/// Greatest size of an HTTP/2 header list, in bytes.
const MAX_HEADER_LIST: u32 = 16 << 10;

/// Which HTTP is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only, over TLS or with prior knowledge.
    Http2,
    /// What TLS negotiates; HTTP/1.1 without TLS.
    #[default]
    Auto,
}

/// Which proxy requests go through.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// What the usual variables say (`http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`).
    #[default]
    Environment,
    /// None at all.
    Direct,
    /// This one.
    Url {
        /// `http://`, `https://`, `socks4://` or `socks5://`; without a scheme, `http://`.
        url: String,
        /// Hosts that are asked directly, as in the variable `no_proxy`.
        except: Option<String>,
    },
}

impl fmt::Debug for ProxyChoice {
    /// Without the proxy's URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::Direct => "Direct",
            Self::Url { .. } => "Url(…)",
        })
    }
}

/// How connections are made.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// What the client calls itself; not empty.
    pub user_agent: String,
    /// Longest time to connect, TLS included.
    pub connect_timeout: Duration,
    /// Requests that may be in flight to one host: as in the options of the run. So many connections are kept, and
    /// HTTP/2's window is made for so many streams.
    pub per_host: usize,
    /// Which HTTP is spoken.
    pub version: HttpVersion,
    /// Which proxy requests go through.
    pub proxy: ProxyChoice,
    /// Certificates of further authorities, in PEM.
    pub certificates: Option<Vec<u8>>,
    /// Accept any certificate.
    pub insecure: bool,
    /// Ask private addresses whoever says so, and the metadata services of clouds.
    pub allow_private: bool,
    /// The proxies that variables name for [`ProxyChoice::Environment`], whichever of them holds, without passwords:
    /// connections to these are made wherever they are, and what comes through them is from an unknown address. With
    /// one among them that cannot be read, such as an empty text, everything is.
    pub environment_proxies: Vec<String>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            user_agent: concat!("flagdl/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            per_host: 3,
            version: HttpVersion::default(),
            proxy: ProxyChoice::default(),
            certificates: None,
            insecure: false,
            allow_private: false,
            environment_proxies: Vec::new(),
        }
    }
}

/// Why no client could be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The user agent is not a header value, or empty.
    #[error("must be visible ASCII text and not empty")]
    UserAgent,
    /// The proxy is none.
    #[error("not a proxy such as http://proxy.example:3128 or socks5://proxy.example:1080")]
    Proxy,
    /// The certificates cannot be read.
    #[error("no certificate in PEM in it")]
    Certificates,
    /// The client could not be made.
    #[error("cannot set up HTTP: {}", innermost(.0))]
    Client(reqwest::Error),
}

fn innermost(error: &reqwest::Error) -> String {
    let mut source: &dyn std::error::Error = error;
    while let Some(next) = source.source() {
        source = next;
    }
    source.to_string()
}

/// The transport over reqwest.
pub struct Http {
    /// For what the list names.
    listed: Clients,
    /// For what may only be asked at public addresses. Apart from the others, because a connection is taken from a pool
    /// by the name of its host, and no longer tells where it goes. Made only for the first redirect, because it costs as much as the start of all else.
    public: OnceLock<Clients>,
    guard: Arc<Guard>,
    resolver: Arc<CachingResolver>,
    options: HttpOptions,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Http {
    /// Makes a client. Chooses ring as the process's TLS provider where none is chosen yet.
    ///
    /// # Errors
    ///
    /// [`SetupError`] names the option that cannot be used.
    pub fn new(options: &HttpOptions) -> Result<Self, SetupError> {
        Self::over(CachingResolver::new(), options)
    }

    pub(super) fn over(resolver: CachingResolver, options: &HttpOptions) -> Result<Self, SetupError> {
        // An error only says that the program has made its own choice already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (resolver, guard) = (Arc::new(resolver), Arc::new(guard(options)));
        let listed = Clients::new(options, &resolver, &guard, Reach::Listed)?;
        Ok(Self { listed, public: OnceLock::new(), guard, resolver, options: options.clone() })
    }

    /// The proxy on the way to a host, as far as that is known.
    fn way(&self) -> Option<Through> {
        let proxies = self.guard.proxies()?;
        let is_sure = matches!(self.options.proxy, ProxyChoice::Url { except: None, .. });
        Some(if is_sure { Through::Surely(proxies) } else { Through::Perhaps(proxies) })
    }

    fn clients(&self, reach: Reach) -> Result<&Clients, FetchError> {
        if reach == Reach::Listed || !self.guard.is_on() {
            return Ok(&self.listed);
        }
        if let Some(clients) = self.public.get() {
            return Ok(clients);
        }
        let clients = Clients::new(&self.options, &self.resolver, &self.guard, Reach::Public);
        let clients = clients.map_err(|error| FetchError::new(Fault::Request, Some(error.to_string())))?;
        Ok(self.public.get_or_init(|| clients))
    }
}

/// Several where very many requests are in flight: each has a pool of its own, and what a pool does for a request
/// that comes or goes takes time in proportion to those that wait in it.
struct Clients {
    all: Vec<reqwest::Client>,
    next: AtomicUsize,
}

impl Clients {
    fn new(
        options: &HttpOptions,
        resolver: &Arc<CachingResolver>,
        guard: &Arc<Guard>,
        reach: Reach,
    ) -> Result<Self, SetupError> {
        let (resolver, guard) = (Arc::clone(resolver), Arc::clone(guard));
        let resolver = Arc::new(GuardedResolver { resolver, guard, reach });
        let count = (options.per_host / IN_A_POOL).clamp(1, MAX_POOLS);
        let all = (0..count).map(|_| client(options, &resolver, count)).collect::<Result<_, _>>()?;
        Ok(Self { all, next: AtomicUsize::new(0) })
    }

    fn next(&self) -> &reqwest::Client {
        &self.all[self.next.fetch_add(1, Ordering::Relaxed) % self.all.len()]
    }
}

fn guard(options: &HttpOptions) -> Guard {
    let proxies = match &options.proxy {
        ProxyChoice::Direct => &[],
        ProxyChoice::Environment => &options.environment_proxies[..],
        ProxyChoice::Url { url, .. } => std::slice::from_ref(url),
    };
    Guard::new(options.allow_private, proxies.iter().map(String::as_str))
}

fn client(options: &HttpOptions, resolver: &Arc<GuardedResolver>, pools: usize) -> Result<reqwest::Client, SetupError> {
    let user_agent = HeaderValue::from_str(&options.user_agent).map_err(|_| SetupError::UserAgent)?;
    if options.user_agent.trim().is_empty() {
        return Err(SetupError::UserAgent);
    }
    let streams = u32::try_from(options.per_host.max(1)).unwrap_or(u32::MAX);
    let mut builder = reqwest::Client::builder()
        .user_agent(user_agent)
        .default_headers(default_headers())
        .redirect(redirect::Policy::none())
        .referer(false)
        // With none allowed, reqwest does not keep a copy of each request either.
        .retry(retry::never().max_retries_per_request(0))
        .connect_timeout(options.connect_timeout)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(options.per_host.div_ceil(pools))
        .http2_initial_stream_window_size(STREAM_WINDOW)
        .http2_initial_connection_window_size(STREAM_WINDOW.saturating_mul(streams).min(MAX_CONNECTION_WINDOW))
        .http2_keep_alive_interval(Duration::from_secs(20))
        .http2_keep_alive_timeout(Duration::from_secs(10))
        .http2_max_header_list_size(MAX_HEADER_LIST)
        .dns_resolver(Arc::clone(resolver))
        .tls_version_min(tls::Version::TLS_1_2);
    builder = match options.version {
        HttpVersion::Http1 => builder.http1_only(),
        HttpVersion::Http2 => builder.http2_prior_knowledge(),
        HttpVersion::Auto => builder,
    };
    builder = match &options.proxy {
        ProxyChoice::Environment => builder,
        ProxyChoice::Direct => builder.no_proxy(),
        ProxyChoice::Url { url, except } => builder.proxy(proxy(url, except.as_deref())?),
    };
    if let Some(pem) = &options.certificates {
        let certificates = Certificate::from_pem_bundle(pem).map_err(|_| SetupError::Certificates)?;
        if certificates.is_empty() {
            return Err(SetupError::Certificates);
        }
        builder = builder.tls_certs_merge(certificates);
    }
    if options.insecure {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    builder.build().map_err(SetupError::Client)
}

fn proxy(url: &str, except: Option<&str>) -> Result<Proxy, SetupError> {
    let url = proxy::parse(url).ok_or(SetupError::Proxy)?;
    Ok(Proxy::all(url).map_err(|_| SetupError::Proxy)?.no_proxy(except.and_then(NoProxy::from_string)))
}

fn default_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("image/*,*/*;q=0.1"));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
}

impl Transport for Http {
    type Body = HttpBody;

    async fn send(&self, request: Request) -> Result<(Head, HttpBody), FetchError> {
        self.guard.judge_url(request.link.url(), request.reach)?;
        let client = self.clients(request.reach)?.next();
        let mut builder = client.get(request.link.url().clone());
        if let Some(headers) = request.headers {
            builder = builder.headers((*headers).clone());
        }
        let mut response = builder.send().await.map_err(|error| classify(error, Stage::Head).through(self.way()))?;
        let head = Head {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            from: response.remote_addr().and_then(|address| self.guard.origin(address.ip())),
        };
        Ok((head, HttpBody { response }))
    }
}

/// A body from reqwest.
#[derive(Debug)]
pub struct HttpBody {
    response: reqwest::Response,
}

impl Body for HttpBody {
    async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        self.response.chunk().await.map_err(|error| classify(error, Stage::Body))
    }
}
