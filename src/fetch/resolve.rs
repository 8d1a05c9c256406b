//! Names to addresses: the system's own resolver, behind a cache.
//!
//! Promises: a name is looked up once at a time however many connections ask for it, at most [`LOOKUPS`] names
//! at once; an answer is kept for [`KEPT`], a failure for [`FAILURE_KEPT`].
//!
//! What surprises: the system call blocks a thread for each look-up (reqwest issue 296), which is why a burst of
//! new connections must not make one each.

use std::{
    collections::HashMap,
    future::Future,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use dns_lookup::{AddrInfoHints, LookupErrorKind, SockType, getaddrinfo};
use thiserror::Error;
use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};

const LOOKUPS: usize = 8;
const KEPT: Duration = Duration::from_secs(60);
const FAILURE_KEPT: Duration = Duration::from_secs(5);

/// At this many names the ones out of date are dropped, and if there are none, all.
const MAX_NAMES: usize = 4096;

/// Why a name has no address.
#[derive(Debug, Clone, Error)]
pub(super) enum LookUpError {
    /// There is no such name: that was the answer.
    #[error("{0}")]
    NoSuchName(String),
    /// There was no answer, or none that says anything.
    #[error("{0}")]
    Failed(String),
}

impl From<dns_lookup::LookupError> for LookUpError {
    fn from(error: dns_lookup::LookupError) -> Self {
        let is_answer = matches!(error.kind(), LookupErrorKind::NoName | LookupErrorKind::NoData);
        let text = io::Error::from(error).to_string();
        if is_answer { Self::NoSuchName(text) } else { Self::Failed(text) }
    }
}

/// What a look-up gives: all addresses of a name.
type LookedUp = Result<Vec<SocketAddr>, LookUpError>;

#[derive(Debug, Clone)]
struct Answer {
    at: Instant,
    addresses: LookedUp,
}

/// A question, and its answer as soon as there is one.
type Known = watch::Receiver<Option<Answer>>;

fn is_fresh(known: &Known, now: Instant) -> bool {
    known.borrow().as_ref().is_none_or(|answer| {
        let kept = if answer.addresses.is_ok() { KEPT } else { FAILURE_KEPT };
        now.duration_since(answer.at) < kept
    })
}

/// A look-up that may block its thread.
type LookUp = Arc<dyn Fn(&str) -> LookedUp + Send + Sync>;

/// A resolver that remembers.
pub(super) struct CachingResolver {
    known: Mutex<HashMap<String, Known>>,
    lookups: Arc<Semaphore>,
    look_up: LookUp,
}

impl CachingResolver {
    /// Over the system's own.
    pub(super) fn new() -> Self {
        Self::over(ask_system)
    }

    pub(super) fn over(look_up: impl Fn(&str) -> LookedUp + Send + Sync + 'static) -> Self {
        let lookups = Arc::new(Semaphore::new(LOOKUPS));
        Self { known: Mutex::default(), lookups, look_up: Arc::new(look_up) }
    }

    /// All addresses of a name.
    pub(super) fn resolve(&self, name: &str) -> impl Future<Output = LookedUp> + Send + use<> {
        let mut known = self.known(name, |sender| {
            let (name, lookups, ask) = (name.to_owned(), Arc::clone(&self.lookups), Arc::clone(&self.look_up));
            tokio::spawn(async move { sender.send_replace(Some(look_up(name, &lookups, ask).await)) });
        });
        async move {
            let answer = known.wait_for(Option::is_some).await.map(|answer| answer.clone());
            let given_up = || Err(LookUpError::Failed("the look-up was given up".into()));
            answer.ok().flatten().map_or_else(given_up, |answer| answer.addresses)
        }
    }

    /// What is known of a name, or will be. A look-up is a task of its own: whoever asked may give up, but the
    /// thread in the system's call cannot, and must not be started twice.
    fn known(&self, name: &str, look_up: impl FnOnce(watch::Sender<Option<Answer>>)) -> Known {
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.get(name).filter(|entry| is_fresh(entry, now)) {
            return entry.clone();
        }
        if known.len() >= MAX_NAMES {
            known.retain(|_, entry| is_fresh(entry, now));
            if known.len() >= MAX_NAMES {
                known.clear();
            }
        }
        let (sender, entry) = watch::channel(None);
        known.insert(name.to_owned(), entry.clone());
        look_up(sender);
        entry
    }
}

async fn look_up(name: String, lookups: &Semaphore, ask: LookUp) -> Answer {
    let _permit = lookups.acquire().await;
    let looked_up = tokio::task::spawn_blocking(move || ask(&name));
    let addresses = looked_up.await.unwrap_or_else(|error| Err(LookUpError::Failed(error.to_string())));
    Answer { at: Instant::now(), addresses }
}

fn ask_system(name: &str) -> LookedUp {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(name), None, Some(hints))?;
    Ok(found.filter_map(Result::ok).map(|found| found.sockaddr).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_for_a_minute_and_a_failure_for_five_seconds() {
        let resolver = CachingResolver::new();
        let never = |_| panic!("it is known");
        for (name, addresses, kept) in
            [("good", Ok(Vec::new()), KEPT), ("bad", Err(LookUpError::Failed(String::new())), FAILURE_KEPT)]
        {
            let mut asked = None;
            resolver.known(name, |sender| asked = Some(sender));
            // However long it takes, nobody asks again meanwhile.
            tokio::time::advance(kept * 2).await;
            resolver.known(name, never);
            asked.expect("asked").send_replace(Some(Answer { at: Instant::now(), addresses }));
            tokio::time::advance(kept.mul_f64(0.99)).await;
            resolver.known(name, never);
            tokio::time::advance(kept.mul_f64(0.01)).await;
            let mut again = false;
            resolver.known(name, |_| again = true);
            assert!(again);
        }
    }

    #[test]
    fn a_name_that_does_not_exist_is_told_from_a_look_up_that_failed() {
        let error = |code| LookUpError::from(dns_lookup::LookupError::new(code));
        // As Linux numbers them: no such name (EAI_NONAME), a name without an address (EAI_NODATA).
        for code in [-2, -5] {
            assert!(!cfg!(target_os = "linux") || matches!(error(code), LookUpError::NoSuchName(_)), "{code}");
        }
        // Name servers that say nothing for now, or nothing at all (EAI_AGAIN, EAI_FAIL); a call that fails (EAI_SYSTEM).
        for code in [-3, -4, -11] {
            assert!(matches!(error(code), LookUpError::Failed(_)), "{code}");
        }
    }

    #[tokio::test]
    async fn names_that_exist_have_addresses() {
        let resolver = CachingResolver::new();
        let addresses = resolver.resolve("localhost").await.expect("localhost exists");
        assert!(addresses.into_iter().all(|address| address.ip().is_loopback()));
    }
}
