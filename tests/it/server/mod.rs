//! A server that does as it is told, on raw TCP, because HTTP libraries refuse to send broken HTTP.
//!
//! Promises: each path has its list of answers, given out in order; a request that no answer is left for, and an
//! answer that nobody has asked for, fail the test when the server is dropped. Each arrival is recorded, and the
//! peak of simultaneous requests. Several hosts are several servers, or one by two
//! names.
//!
//! What surprises: paths are compared as they stand in the request line. To a proxy a client sends whole URLs, so a
//! proxy is scripted with those.

mod answer;
mod connection;
mod line;
mod route;
mod streams;

use std::{
    collections::VecDeque,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::{
    net::TcpStream,
    sync::{oneshot, watch},
};
use tokio_rustls::TlsAcceptor;

pub(crate) use self::{
    answer::{Answer, End},
    line::{AUTHORITY, config},
};
use self::{connection::InFlight, route::Route};
use crate::pictures::jpeg;

/// Longest wait for something that a test expects of the client.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) version: String,
    pub(crate) fields: Vec<(String, String)>,
    /// Which connection it came on, counted from 0.
    pub(crate) connection: usize,
}

impl Arrival {
    /// The value of a header field, whose name is given in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct State {
    routes: Vec<Route>,
    arrivals: Vec<Arrival>,
    in_flight: usize,
    peak: usize,
    whole: usize,
    unscripted: Vec<String>,
    /// What the next connections get before they have asked for anything.
    greetings: VecDeque<Vec<u8>>,
}

/// What a server speaks.
#[derive(Debug, Clone, Copy, Default)]
struct Manner {
    is_encrypted: bool,
    is_http2: bool,
    /// HTTP/2: how many requests may be in flight on a connection.
    streams: Option<u32>,
}

/// What the server's thread and its test have in common.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    open: watch::Sender<bool>,
    /// HTTP/2: how many requests may be in flight on a connection.
    streams: Option<u32>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request and tells what to answer.
    fn arrived(self: &Arc<Self>, arrival: Arrival) -> (Answer, InFlight) {
        let mut state = self.lock();
        state.in_flight += 1;
        state.peak = state.peak.max(state.in_flight);
        let route = state.routes.iter_mut().find(|route| route.takes(&arrival.target));
        let answer = route.and_then(Route::next).unwrap_or_else(|| {
            state.unscripted.push(arrival.target.clone());
            Answer::status(500).then(End::Close)
        });
        state.arrivals.push(arrival);
        self.changed.notify_all();
        (answer, InFlight(Arc::clone(self)))
    }

    fn left(&self) {
        self.lock().in_flight -= 1;
        self.changed.notify_all();
    }

    /// Counts an answer that went out to its end.
    fn sent_whole(&self) {
        self.lock().whole += 1;
    }

    async fn gate(&self) {
        // The sender lives in `self`, so it cannot be gone.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }
}

/// A scripted server on a port of its own.
pub(crate) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with(Manner::default())
    }

    /// One that speaks TLS.
    pub(crate) fn encrypted() -> Self {
        Self::with(Manner { is_encrypted: true, ..Manner::default() })
    }

    /// One that speaks HTTP/2 without TLS, as is known beforehand (RFC 9113 §3.3).
    pub(crate) fn http2() -> Self {
        Self::with(Manner { is_http2: true, ..Manner::default() })
    }

    /// The same, with so many requests in flight on a connection at most.
    pub(crate) fn http2_with_streams(streams: u32) -> Self {
        Self::with(Manner { is_http2: true, streams: Some(streams), ..Manner::default() })
    }

    /// One that speaks HTTP/2 over TLS.
    pub(crate) fn encrypted_http2() -> Self {
        Self::with(Manner { is_encrypted: true, is_http2: true, streams: None })
    }

    fn with(manner: Manner) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
        listener.set_nonblocking(true).expect("a listener takes options");
        let address = listener.local_addr().expect("a listener has an address");
        let (changed, open) = (Condvar::new(), watch::Sender::new(false));
        let shared = Arc::new(Shared { state: Mutex::default(), changed, open, streams: manner.streams });
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || run(listener, manner, &shared, stopped)
        });
        let scheme = if manner.is_encrypted { "https" } else { "http" };
        Self { address, scheme, shared, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// The same by name, which makes it another host.
    pub(crate) fn url_by_name(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.address.port())
    }

    /// Answers these at a path, in this order, each exactly once.
    pub(crate) fn script(&self, path: &str, answers: impl IntoIterator<Item = Answer>) -> &Self {
        self.add(path, false, answers.into_iter().collect(), false)
    }

    /// Answers this at a path, at least once.
    pub(crate) fn always(&self, path: &str, answer: Answer) -> &Self {
        self.add(path, false, vec![answer], true)
    }

    /// Answers this at every path that begins so and has no script of its own before it, at least once.
    pub(crate) fn always_below(&self, path: &str, answer: Answer) -> &Self {
        self.add(path, true, vec![answer], true)
    }

    /// Answers these wherever a path begins so and has no script of its own before it, in this order, and the last one
    /// for ever.
    pub(crate) fn script_below(&self, path: &str, answers: impl IntoIterator<Item = Answer>) -> &Self {
        self.add(path, true, answers.into_iter().collect(), true)
    }

    /// Answers with the picture of each of these codes at `/code.jpg`, once.
    pub(crate) fn pictures(&self, codes: &[&str]) -> &Self {
        for code in codes {
            let answer = Answer::ok(jpeg(code)).field("Content-Type", "image/jpeg");
            self.script(&format!("/{code}.jpg"), [answer]);
        }
        self
    }

    fn add(&self, path: &str, below: bool, answers: Vec<Answer>, repeats: bool) -> &Self {
        assert!(!answers.is_empty(), "no answer for {path}");
        let route = Route { path: path.to_owned(), below, answers, repeats, asked: 0 };
        self.shared.lock().routes.push(route);
        self
    }

    /// Says this on the next connection that has none of these yet, before anything was asked, and resets it.
    pub(crate) fn greet(&self, greeting: impl Into<Vec<u8>>) -> &Self {
        self.shared.lock().greetings.push_back(greeting.into());
        self
    }

    /// Lets the gated answers go, those to come too.
    pub(crate) fn release(&self) {
        self.shared.open.send_replace(true);
    }

    /// All requests so far, in the order of their arrival.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.shared.lock().arrivals.clone()
    }

    /// The targets of all requests so far.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.arrivals().into_iter().map(|arrival| arrival.target).collect()
    }

    /// The only request.
    pub(crate) fn only_arrival(&self) -> Arrival {
        let mut arrivals = self.arrivals();
        assert_eq!(arrivals.len(), 1, "requests: {arrivals:?}");
        arrivals.remove(0)
    }

    /// The peak of simultaneous requests so far.
    pub(crate) fn peak(&self) -> usize {
        self.shared.lock().peak
    }

    /// How many answers have gone out whole so far.
    pub(crate) fn whole_answers(&self) -> usize {
        self.shared.lock().whole
    }

    /// Waits until so many requests have come.
    pub(crate) fn wait_for(&self, arrivals: usize) {
        let came = self.arrives(arrivals, PATIENCE);
        assert!(came, "not {arrivals} requests in {PATIENCE:?}, only {:?}", self.targets());
    }

    /// Whether so many requests have come within a time.
    pub(crate) fn arrives(&self, arrivals: usize, within: Duration) -> bool {
        let waiting = |state: &mut State| state.arrivals.len() < arrivals;
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), within, waiting);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(thread::JoinHandle::join);
        if thread::panicking() {
            return;
        }
        assert!(matches!(ended, Some(Ok(()))), "the server's own thread has failed");
        let state = self.shared.lock();
        let unscripted = &state.unscripted;
        assert!(unscripted.is_empty(), "no answer was left for {unscripted:?}");
        assert!(state.greetings.is_empty(), "{} connections were never made", state.greetings.len());
        for route in &state.routes {
            let (path, asked, wanted) = (&route.path, route.asked, route.answers.len());
            assert!(asked >= wanted, "{path}: asked {asked} times for {wanted} scripted answers");
        }
    }
}

/// Accepts until it is told to stop; what is still connected then is cut off.
fn run(listener: std::net::TcpListener, manner: Manner, shared: &Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener on this runtime");
        let accept = async {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.expect("a listener accepts");
                tokio::spawn(serve(stream, manner, connection, Arc::clone(shared)));
            }
        };
        tokio::select! {
            () = accept => {}
            _ = stopped => {}
        }
    });
}

/// Serves one connection. A client that leaves is no fault of the server's.
async fn serve(stream: TcpStream, manner: Manner, connection: usize, shared: Arc<Shared>) {
    let greeting = shared.lock().greetings.pop_front();
    if let Some(greeting) = greeting {
        let _ = connection::greet(stream, &greeting).await;
        return;
    }
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let protocol = if manner.is_http2 { "h2" } else { "http/1.1" };
    match (manner.is_encrypted, manner.is_http2) {
        (false, false) => connection::serve(stream, connection, shared).await,
        (false, true) => streams::serve(stream, connection, shared).await,
        (true, is_http2) => {
            let acceptor = TlsAcceptor::from(config(&[protocol]));
            let Ok(stream) = acceptor.accept(stream).await else { return };
            if is_http2 {
                streams::serve(stream, connection, shared).await;
            } else {
                connection::serve(stream, connection, shared).await;
            }
        }
    }
}
