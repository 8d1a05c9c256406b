//! Asking for a host's robots.txt before anything else, and keeping to it.
//!
//! Promises: one file an origin and run; until it is known only it is asked for. A file that the server says it does
//! not have (4xx) allows everything; one that cannot be had allows nothing (RFC 9309 §2.3.1).

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{Dispatcher, Work, admit::Turn};
use crate::{
    event::{Failure, RedirectError},
    fetch::{FetchError, Reach, Transport},
    link::{Host, Link},
    robots::Rules,
    run::{
        attempt::{Answer, Attempted},
        pending::first_wait,
    },
    schedule::retry,
    stop::Stop,
};

/// What we are called in a robots.txt.
const AGENT: &str = "flagdl";

/// Redirects that are followed (RFC 9309 §2.3.1.2: at least five).
const MAX_HOPS: u32 = 5;

/// What is known of a host's robots.txt.
#[derive(Debug)]
pub(super) enum Robots {
    /// It has been asked for.
    Asked,
    /// It says this.
    Rules(Rules),
    /// It cannot be had, for this reason.
    Unreachable(Arc<str>),
}

/// A robots.txt that is being fetched.
#[derive(Debug)]
pub(in crate::run) struct Errand {
    /// Whose it is.
    pub(super) of: Host,
    /// Where it is to be fetched from now.
    pub(super) link: Link,
    hops: u32,
    /// Attempts that failed and count.
    failed: u32,
    /// Whether the user's headers are meant for where it goes: a host that the list names.
    pub(super) is_trusted: bool,
    /// Where it may go.
    pub(super) reach: Reach,
}

impl<T: Transport> Dispatcher<'_, T> {
    /// Asks for a host's robots.txt; `is_listed` where the list names the host, and not only a redirect.
    pub(super) fn ask_for_robots(&mut self, host: &Host, is_listed: bool, reach: Reach) {
        self.gate.robots.insert(host.clone(), Robots::Asked);
        let now = Instant::now().into_std();
        self.schedule.shut(host, true, now);
        match Link::parse(&format!("{host}/robots.txt")) {
            Ok(link) => {
                let errand = Errand { of: host.clone(), link, hops: 0, failed: 0, is_trusted: is_listed, reach };
                self.send_errand(errand, Duration::ZERO);
            }
            Err(error) => self.robots_are_unreachable(host, error.to_string().into()),
        }
    }

    fn send_errand(&mut self, errand: Errand, wait: Duration) {
        let (host, now) = (errand.link.host().clone(), Instant::now().into_std());
        let work = Work::Robots(Box::new(errand));
        let taken = match wait {
            Duration::ZERO => self.schedule.push_errand(&host, work, now),
            wait => self.schedule.push_errand_at(&host, work, now + wait),
        };
        if let Err((work, _)) = taken {
            self.end_with_its_host(work, &host);
        }
    }

    pub(super) fn settle_robots(&mut self, mut errand: Errand, attempted: Attempted, charged: bool) {
        let later = attempted.advice.wait.unwrap_or_default();
        match attempted.answer {
            Ok(Answer::Robots(text)) => self.robots_are(&errand.of, Rules::parse(&text, AGENT)),
            Ok(Answer::Redirect(..)) if later > self.setting.options.max_retry_after => {
                let error = RedirectError::TooLate(later);
                self.robots_are_unreachable(&errand.of, error.to_string().into());
            }
            Ok(Answer::Redirect(target, reach)) if errand.hops < MAX_HOPS => {
                let is_trusted = errand.is_trusted && target.host() == errand.link.host();
                let Errand { of, hops, failed, .. } = errand;
                self.send_errand(Errand { of, link: target, hops: hops + 1, failed, is_trusted, reach }, later);
            }
            // Too many hops count as if there were none (§2.3.1.2), and so does a redirect to nowhere.
            Ok(_) | Err(Failure::Redirect(_)) => self.robots_are(&errand.of, Rules::allow_all()),
            Err(Failure::Status(status @ 400..=499)) if !Failure::Status(status).is_transient() => {
                self.robots_are(&errand.of, Rules::allow_all());
            }
            Err(Failure::Fetch(error)) if error.fault.is_refusal() => match (errand.hops, errand.reach) {
                (0, Reach::Public) => self.robots_are_out_of_reach(&errand.of, &error),
                (0, Reach::Listed) => self.robots_are_unreachable(&errand.of, error.to_string().into()),
                _ => self.robots_are(&errand.of, Rules::allow_all()),
            },
            Err(failure) => {
                errand.failed += u32::from(charged);
                let again = failure.is_transient() && errand.failed <= self.setting.options.retries;
                if !again || self.stopped > Stop::Run {
                    return self.robots_are_unreachable(&errand.of, failure.to_string().into());
                }
                let wait = retry::backoff(first_wait(&failure), errand.failed.max(1), self.rng.f64());
                self.send_errand(errand, wait);
            }
        }
    }

    fn robots_are(&mut self, host: &Host, rules: Rules) {
        if let Some(delay) = rules.crawl_delay() {
            self.schedule.slow_down(host, delay, Instant::now().into_std());
        }
        self.robots_are_known(host, Robots::Rules(rules));
    }

    pub(super) fn robots_are_unreachable(&mut self, host: &Host, cause: Arc<str>) {
        self.robots_are_known(host, Robots::Unreachable(cause));
    }

    /// Ends the entries that redirects have led to a host where these may not lead. Should the list name it too, it is
    /// asked for those.
    fn robots_are_out_of_reach(&mut self, host: &Host, error: &FetchError) {
        self.gate.robots.remove(host);
        let now = Instant::now().into_std();
        let queued = self.schedule.take_queue(host, now);
        self.schedule.shut(host, false, now);
        for work in queued {
            match work {
                Work::Entry(pending) if pending.reach() == Reach::Public => {
                    self.end_in_error(*pending, error.clone().into());
                }
                Work::Entry(pending) => self.admit(pending, Turn::Last),
                Work::Robots(_) => {}
            }
        }
        self.refill(host);
    }

    /// Lets a host's entries go on, those that may.
    fn robots_are_known(&mut self, host: &Host, robots: Robots) {
        self.gate.robots.insert(host.clone(), robots);
        let now = Instant::now().into_std();
        for work in self.schedule.take_queue(host, now) {
            if let Work::Entry(pending) = work {
                self.admit(pending, Turn::Last);
            }
        }
        self.schedule.shut(host, false, now);
        self.refill(host);
    }
}
