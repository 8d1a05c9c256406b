//! A scripted transport: each path says in its name or its script how it is answered, in virtual time.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::{Instant, sleep};

use crate::fetch::{Body, Fault, FetchError, Head, Reach, Request, Transport};

/// The smallest whole GIF: what an answer holds unless it says otherwise.
pub(super) const IMAGE: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

type Headers = Vec<(&'static str, String)>;

/// One answer.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) head_after: Duration,
    pub(super) head: Result<(u16, Headers), Fault>,
    /// Each chunk, and how long it takes to come.
    pub(super) body: Vec<(Duration, Bytes)>,
    pub(super) end: Result<(), Fault>,
    /// The address that it comes from.
    pub(super) from: Option<IpAddr>,
}

impl Answer {
    pub(super) fn status(status: u16) -> Self {
        let body = vec![(Duration::ZERO, Bytes::from_static(IMAGE))];
        Self { head_after: Duration::ZERO, head: Ok((status, Vec::new())), body, end: Ok(()), from: None }
    }

    pub(super) fn fault(fault: Fault) -> Self {
        Self { head: Err(fault), ..Self::status(200) }
    }

    pub(super) fn silence() -> Self {
        Self::status(200).after(Duration::from_secs(1_000_000))
    }

    pub(super) fn redirect(location: &str) -> Self {
        Self::status(302).header("location", location)
    }

    pub(super) fn from(self, address: &str) -> Self {
        Self { from: Some(address.parse().expect("an address")), ..self }
    }

    pub(super) fn after(self, head_after: Duration) -> Self {
        Self { head_after, ..self }
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok((_, headers)) = &mut self.head {
            headers.push((name, value.to_owned()));
        }
        self
    }

    pub(super) fn chunks(self, each: Duration, chunks: impl IntoIterator<Item = Bytes>) -> Self {
        Self { body: chunks.into_iter().map(|chunk| (each, chunk)).collect(), ..self }
    }
}

/// A request as it went out.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) at: Instant,
    pub(super) url: String,
    pub(super) headers: bool,
    pub(super) reach: Reach,
    /// Whether it was answered 429 because it was one too many.
    pub(super) refused: bool,
}

#[derive(Default)]
struct State {
    scripts: HashMap<String, Vec<Answer>>,
    asked: Vec<Asked>,
    in_flight: HashMap<String, usize>,
    peaks: HashMap<String, usize>,
    /// Requests that each host can do at once; more are answered 429.
    capacity: Option<usize>,
    /// From when until when nobody can be reached.
    dark: Option<(Instant, Instant)>,
    /// Requests that this machine has sockets for, of all hosts; for more there are none.
    sockets: Option<usize>,
}

/// A server of all hosts. What no script speaks of is a whole image, at once.
#[derive(Clone, Default)]
pub(super) struct Double {
    state: Arc<Mutex<State>>,
    latency: Duration,
    /// Whether it is 80 to 120 % of that for each URL.
    is_uneven: bool,
}

impl Double {
    pub(super) fn with_latency(latency: Duration) -> Self {
        Self { latency, ..Self::default() }
    }

    /// With about this latency: no two clients then go on in step for ever, as they do nowhere else.
    pub(super) fn with_uneven_latency(latency: Duration) -> Self {
        Self { latency, is_uneven: true, ..Self::default() }
    }

    /// From now on each host can do so many at once.
    pub(super) fn set_capacity(&self, capacity: usize) {
        self.state().capacity = Some(capacity);
    }

    /// Until then nobody can be reached.
    pub(super) fn set_dark_until(&self, end: Instant) {
        self.set_dark(Instant::now(), end);
    }

    /// Between these times nobody can be reached.
    pub(super) fn set_dark(&self, begin: Instant, end: Instant) {
        self.state().dark = Some((begin, end));
    }

    /// From now on this machine has so many sockets.
    pub(super) fn set_sockets(&self, sockets: usize) {
        self.state().sockets = Some(sockets);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers to a URL, one after the other; the last one stays.
    pub(super) fn script(self, url: &str, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.state().scripts.insert(url.to_owned(), answers.into_iter().collect());
        self
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    /// The most requests that were in flight at once, to one host or (`""`) in all.
    pub(super) fn peak(&self, host: &str) -> usize {
        self.state().peaks.get(host).copied().unwrap_or_default()
    }

    fn latency_of(&self, url: &str) -> Duration {
        if !self.is_uneven {
            return self.latency;
        }
        let seed = url.bytes().fold(7_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        self.latency * fastrand::Rng::with_seed(seed).u32(80..=120) / 100
    }

    fn begin(&self, request: &Request) -> (Answer, Flight) {
        let url = request.link.url().to_string();
        assert!(!url.ends_with("/panic"), "asked for");
        let host = request.link.host().to_string();
        let mut state = self.state();
        let busy = state.in_flight.get(&host).copied().unwrap_or_default();
        let refused = state.capacity.is_some_and(|capacity| busy >= capacity);
        let all = state.in_flight.get("").copied().unwrap_or_default();
        let short = state.sockets.is_some_and(|sockets| all >= sockets);
        let dark = state.dark.is_some_and(|(begin, end)| (begin..end).contains(&Instant::now()));
        let answer = match state.scripts.get_mut(&url) {
            _ if short => Answer::fault(Fault::Exhausted),
            _ if dark => Answer::fault(Fault::Connect).after(self.latency),
            _ if refused => Answer::status(429),
            Some(answers) if answers.len() > 1 => answers.remove(0),
            Some(answers) => answers[0].clone(),
            None => Answer::status(200).after(self.latency_of(&url)),
        };
        state.asked.push(Asked {
            at: Instant::now(),
            url,
            headers: request.headers.is_some(),
            reach: request.reach,
            refused,
        });
        for key in [host.clone(), String::new()] {
            let now = state.in_flight.entry(key.clone()).or_default();
            *now += 1;
            let now = *now;
            let peak = state.peaks.entry(key).or_default();
            *peak = now.max(*peak);
        }
        (answer, Flight { double: self.clone(), host })
    }
}

/// Counts a request as in flight until it is dropped.
pub(super) struct Flight {
    double: Double,
    host: String,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut state = self.double.state();
        for key in [self.host.as_str(), ""] {
            if let Some(now) = state.in_flight.get_mut(key) {
                *now -= 1;
            }
        }
    }
}

pub(super) struct Scripted {
    chunks: std::vec::IntoIter<(Duration, Bytes)>,
    next: Option<(Instant, Bytes)>,
    end: Result<(), Fault>,
    _flight: Flight,
}

impl Transport for Double {
    type Body = Scripted;

    async fn send(&self, request: Request) -> Result<(Head, Scripted), FetchError> {
        let (answer, flight) = self.begin(&request);
        if !answer.head_after.is_zero() {
            sleep(answer.head_after).await;
        }
        let (status, fields) = answer.head.map_err(|fault| FetchError::new(fault, None))?;
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(&value).expect("a header value"));
        }
        let body = Scripted { chunks: answer.body.into_iter(), next: None, end: answer.end, _flight: flight };
        Ok((Head { status, headers, from: answer.from }, body))
    }
}

impl Body for Scripted {
    /// As a real body, it loses nothing when it is given up and asked again.
    async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        if self.next.is_none() {
            self.next = self.chunks.next().map(|(each, chunk)| (Instant::now() + each, chunk));
        }
        let Some((due, _)) = &self.next else {
            return self.end.map(|()| None).map_err(|fault| FetchError::new(fault, None));
        };
        tokio::time::sleep_until(*due).await;
        Ok(self.next.take().map(|(_, chunk)| chunk))
    }
}
