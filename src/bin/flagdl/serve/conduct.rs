//! How the origin behaves: late, failing, limited, or well.
//!
//! Promises: every request is counted, then limited, then waits, then may
//! fail, and only then is answered; who is refused waits as long as everybody;
//! a refusal is 429 with `Retry-After`, a fault is 503 without.
//!
//! What surprises: which requests fail is decided by their number
//! ([`super::chance`]), so a second attempt at the same path can succeed.

use std::net::IpAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use flagdl::options::Rate;

use super::chance::{Chance, Draw};
use super::drip::{Bandwidth, Outgoing};
use super::limit::{Limiter, retry_after};
use super::listen::Client;
use super::stats::Stats;

/// What the origin is asked to be like. The default is well-behaved.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Conduct {
    /// How long every answer waits.
    pub(crate) delay: Duration,
    /// How much longer it may wait, evenly between nothing and this.
    pub(crate) jitter: Duration,
    /// The share of requests, from 0 to 1, that is answered with 503.
    pub(crate) error_rate: f64,
    /// How fast one client may ask.
    pub(crate) limit: Option<Rate>,
    /// How many bytes of bodies go out in a second, in all.
    pub(crate) bandwidth: Option<NonZeroU64>,
    /// The folder served under `/files/`.
    pub(crate) dir: Option<PathBuf>,
}

/// A conduct under way: what it remembers between requests.
#[derive(Debug)]
pub(crate) struct Behaviour {
    delay: Duration,
    jitter: Duration,
    error_rate: f64,
    limiter: Option<Limiter>,
    bandwidth: Option<Arc<Bandwidth>>,
    chance: Chance,
    stats: Arc<Stats>,
}

impl Behaviour {
    /// A conduct that begins now.
    pub(crate) fn new(conduct: &Conduct, stats: Arc<Stats>, now: Instant) -> Behaviour {
        let bandwidth = |per_second| Arc::new(Bandwidth::new(per_second, now));
        Behaviour {
            delay: conduct.delay,
            jitter: conduct.jitter,
            error_rate: conduct.error_rate,
            limiter: conduct.limit.map(Limiter::new),
            bandwidth: conduct.bandwidth.map(bandwidth),
            chance: Chance::default(),
            stats,
        }
    }

    fn admit(&self, client: IpAddr, now: Instant) -> Result<(), Duration> {
        match &self.limiter {
            Some(limiter) => limiter.admit(client, now),
            None => Ok(()),
        }
    }

    fn lateness(&self, draw: Draw) -> Duration {
        self.delay.saturating_add(draw.lateness(self.jitter))
    }
}

/// Stands before everything that is counted.
pub(crate) async fn behave(
    State(behaviour): State<Arc<Behaviour>>,
    ConnectInfo(Client(client)): ConnectInfo<Client>,
    request: Request,
    next: Next,
) -> Response {
    let now = Instant::now();
    let mut visit = behaviour.stats.arrive(now);
    let draw = behaviour.chance.draw();
    let admitted = behaviour.admit(client, now);
    let lateness = behaviour.lateness(draw);
    if !lateness.is_zero() {
        tokio::time::sleep(lateness).await;
    }
    let answer = match admitted {
        Err(wait) => refusal(wait),
        Ok(()) if draw.fails(behaviour.error_rate) => fault(),
        Ok(()) => next.run(request).await,
    };
    visit.answer(answer.status().as_u16());
    answer.map(|body| Body::new(Outgoing::new(body, behaviour.bandwidth.as_ref(), visit)))
}

fn refusal(wait: Duration) -> Response {
    let after = retry_after(wait);
    let told = [(RETRY_AFTER, after.to_string())];
    let text = format!("too fast: ask again in {after} s\n");
    (StatusCode::TOO_MANY_REQUESTS, told, text).into_response()
}

fn fault() -> Response {
    let text = "a fault, as ordered with --error-rate\n";
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::super::probe::{ask, ask_many, start};
    use super::*;

    #[tokio::test]
    async fn too_fast_is_429_with_the_time_to_wait() {
        let origin = start(Conduct { limit: Some("2/m".parse().unwrap()), ..Conduct::default() }).await;
        assert_eq!(ask(origin, "GET", "/flags/cn.jpg").await.status, 200);
        let refused = ask(origin, "GET", "/flags/cn.jpg").await;
        assert_eq!(refused.status, 429);
        let after: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=30).contains(&after), "{after}");
    }

    #[tokio::test]
    async fn the_error_rate_is_the_share_of_503() {
        let origin = start(Conduct { error_rate: 0.1, ..Conduct::default() }).await;
        let answers = ask_many(origin, "/flags/cn.jpg", 1_000).await;
        let failed = answers.iter().filter(|status| **status == 503).count();
        let good = answers.iter().filter(|status| **status == 200).count();
        assert!((60..=140).contains(&failed), "{failed}");
        assert_eq!(failed + good, 1_000);
    }

    #[test]
    fn no_answer_is_later_than_delay_and_jitter() {
        let conduct =
            Conduct { delay: Duration::from_millis(500), jitter: Duration::from_millis(100), ..Conduct::default() };
        let now = Instant::now();
        let behaviour = Behaviour::new(&conduct, Arc::new(Stats::new(now)), now);
        let all = (0..1_000).map(|_| behaviour.lateness(behaviour.chance.draw()));
        let range = conduct.delay..=conduct.delay + conduct.jitter;
        assert!(all.into_iter().all(|lateness| range.contains(&lateness)));
    }

    #[tokio::test]
    async fn an_answer_waits_for_the_delay() {
        let delay = Duration::from_millis(50);
        let origin = start(Conduct { delay, ..Conduct::default() }).await;
        let begun = Instant::now();
        assert_eq!(ask(origin, "GET", "/").await.status, 200);
        assert!(begun.elapsed() >= delay);
    }
}
