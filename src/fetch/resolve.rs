//! Names to addresses: the system's own resolver, behind a cache.
//!
//! Promises: a name is looked up once at a time however many connections ask for it, at most [`LOOKUPS`] names
//! at once; an answer is kept for [`KEPT`], a failure for [`FAILURE_KEPT`].
//!
//! What surprises: the system call blocks a thread for each look-up (reqwest issue 296), which is why a burst of
//! new connections must not make one each.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::Instant,
};

const LOOKUPS: usize = 8;
const KEPT: Duration = Duration::from_secs(60);
const FAILURE_KEPT: Duration = Duration::from_secs(5);

/// Above this many names the ones out of date are dropped.
const MAX_NAMES: usize = 4096;

/// `io::Error` cannot be cloned; its kind and text can.
type Answer = Result<Vec<SocketAddr>, (io::ErrorKind, String)>;

#[derive(Clone)]
struct Known {
    asked: Instant,
    answer: Arc<OnceCell<Answer>>,
}

impl Known {
    fn is_fresh(&self, now: Instant) -> bool {
        let kept = if matches!(self.answer.get(), Some(Err(_))) { FAILURE_KEPT } else { KEPT };
        now.duration_since(self.asked) < kept
    }
}

/// A resolver that remembers.
pub(super) struct CachingResolver {
    known: Arc<Mutex<HashMap<String, Known>>>,
    lookups: Arc<Semaphore>,
}

impl CachingResolver {
    pub(super) fn new() -> Self {
        Self { known: Arc::default(), lookups: Arc::new(Semaphore::new(LOOKUPS)) }
    }

    fn known(&self, name: &str) -> Known {
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.get(name).filter(|entry| entry.is_fresh(now)) {
            return entry.clone();
        }
        if known.len() >= MAX_NAMES {
            known.retain(|_, entry| entry.is_fresh(now));
        }
        let entry = Known { asked: now, answer: Arc::default() };
        known.insert(name.to_owned(), entry.clone());
        entry
    }
}

impl Resolve for CachingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let entry = self.known(name.as_str());
        let lookups = Arc::clone(&self.lookups);
        Box::pin(async move {
            let answer = entry.answer.get_or_init(|| look_up(name.as_str(), &lookups)).await;
            match answer {
                Ok(addresses) => Ok(Box::new(addresses.clone().into_iter()) as Addrs),
                Err((kind, text)) => Err(io::Error::new(*kind, text.clone()).into()),
            }
        })
    }
}

async fn look_up(name: &str, lookups: &Semaphore) -> Answer {
    let _permit = lookups.acquire().await;
    match tokio::net::lookup_host((name, 0)).await {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => Err((error.kind(), error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_for_a_minute_and_a_failure_for_five_seconds() {
        let resolver = CachingResolver::new();
        for (name, answer, kept) in
            [("good", Ok(Vec::new()), KEPT), ("bad", Err((io::ErrorKind::Other, String::new())), FAILURE_KEPT)]
        {
            let first = resolver.known(name);
            first.answer.set(answer).expect("it is new");
            tokio::time::advance(kept.mul_f64(0.99)).await;
            assert!(Arc::ptr_eq(&first.answer, &resolver.known(name).answer));
            tokio::time::advance(kept.mul_f64(0.01)).await;
            assert!(!Arc::ptr_eq(&first.answer, &resolver.known(name).answer));
        }
    }

    #[tokio::test]
    async fn names_that_exist_have_addresses() {
        let resolver = CachingResolver::new();
        let addresses = resolver.resolve("localhost".parse().expect("a name")).await.expect("localhost exists");
        assert!(addresses.into_iter().all(|address| address.ip().is_loopback()));
    }
}
