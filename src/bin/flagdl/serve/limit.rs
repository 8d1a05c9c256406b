//! "Too fast": the rate at which one client may ask, by GCRA.
//!
//! The rule: each client address may ask N times a period, evenly. One
//! second's worth may come together (at least one request), and a request that
//! is early by a tenth of the interval is forgiven, so that a client which
//! paces itself exactly is never refused for the network's jitter.
//!
//! Promises: a refused request costs nothing, so a client that waits for as
//! long as it was told is served; the memory of clients is bounded by the
//! number that asked lately.
//!
//! What surprises: addresses are clients. Everything on loopback is one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use flagdl::options::Rate;

/// How far ahead of even pacing a client may be.
fn tolerance(rate: Rate) -> Duration {
    let interval = rate.interval();
    Duration::from_secs(1).saturating_sub(interval).max(interval / 10)
}

/// The clients under a rate, each with the time its next request is due.
#[derive(Debug)]
pub(crate) struct Limiter {
    rate: Rate,
    due: Mutex<Due>,
}

#[derive(Debug)]
struct Due {
    by_client: HashMap<IpAddr, Instant>,
    /// How many clients there may be before those that no longer matter go.
    sweep_at: usize,
}

const FIRST_SWEEP: usize = 1_024;

impl Limiter {
    /// Nobody has asked yet.
    pub(crate) fn new(rate: Rate) -> Limiter {
        let due = Due { by_client: HashMap::new(), sweep_at: FIRST_SWEEP };
        Limiter { rate, due: Mutex::new(due) }
    }

    /// Lets the request of `client` in, or says how long it has to wait.
    pub(crate) fn admit(&self, client: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        due.sweep(now);
        let next = due.by_client.entry(client).or_insert(now);
        let early = next.saturating_duration_since(now);
        if let Some(wait) = early.checked_sub(tolerance(self.rate))
            && !wait.is_zero()
        {
            return Err(wait);
        }
        *next = (*next).max(now) + self.rate.interval();
        Ok(())
    }
}

impl Due {
    /// A client whose time has come is as good as one never seen.
    fn sweep(&mut self, now: Instant) {
        if self.by_client.len() >= self.sweep_at {
            self.by_client.retain(|_, due| *due > now);
            self.sweep_at = (self.by_client.len() * 2).max(FIRST_SWEEP);
        }
    }
}

/// What `Retry-After` says for a wait: whole seconds, rounded up (RFC 9110, 10.2.3).
pub(crate) fn retry_after(wait: Duration) -> u64 {
    let begun = u64::from(wait.subsec_nanos() > 0);
    (wait.as_secs() + begun).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn rate(text: &str) -> Rate {
        text.parse().expect(text)
    }

    #[test]
    fn one_seconds_worth_may_come_together() {
        for (text, together) in [("10/s", 10), ("600/m", 10), ("1/s", 1), ("30/m", 1)] {
            let limiter = Limiter::new(rate(text));
            let now = Instant::now();
            let admitted = (0..100).filter(|_| limiter.admit(CLIENT, now).is_ok());
            assert_eq!(admitted.count(), together, "{text}");
        }
    }

    #[test]
    fn who_waits_as_long_as_told_is_served() {
        let limiter = Limiter::new(rate("4/s"));
        let mut now = Instant::now();
        let mut waited = Duration::ZERO;
        for _ in 0..40 {
            while let Err(wait) = limiter.admit(CLIENT, now) {
                now += wait;
                waited += wait;
            }
        }
        assert_eq!(waited, Duration::from_secs(9), "40 at 4/s, the first 4 at once");
    }

    #[test]
    fn an_even_pace_with_some_jitter_is_never_refused() {
        for text in ["10/s", "1/s", "20/m"] {
            let limiter = Limiter::new(rate(text));
            let start = Instant::now();
            for nth in 0..100 {
                // Every other one is early by an eleventh of the interval.
                let elevenths = 11 * (nth + 1) - nth % 2;
                let now = start + limiter.rate.interval() / 11 * elevenths;
                assert_eq!(limiter.admit(CLIENT, now), Ok(()), "{nth} of {text}");
            }
        }
    }

    #[test]
    fn clients_do_not_share() {
        let limiter = Limiter::new(rate("1/m"));
        let now = Instant::now();
        let other = IpAddr::from([192, 0, 2, 1]);
        assert!(limiter.admit(CLIENT, now).is_ok());
        assert!(limiter.admit(CLIENT, now).is_err());
        assert!(limiter.admit(other, now).is_ok());
    }

    #[test]
    fn clients_that_no_longer_matter_are_forgotten() {
        let limiter = Limiter::new(rate("10/s"));
        let start = Instant::now();
        for nth in 0..100_000_u32 {
            let client = IpAddr::from(nth.to_be_bytes());
            let now = start + Duration::from_millis(nth.into());
            limiter.admit(client, now).unwrap();
        }
        let kept = limiter.due.lock().unwrap().by_client.len();
        assert!(kept <= FIRST_SWEEP, "{kept}");
    }

    #[test]
    fn retry_after_is_rounded_up_and_at_least_one() {
        for (millis, seconds) in [(1, 1), (999, 1), (1_000, 1), (1_001, 2), (60_000, 60)] {
            assert_eq!(retry_after(Duration::from_millis(millis)), seconds);
        }
    }
}
