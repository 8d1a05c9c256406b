//! What an exchange has told of its host, and what follows from it: a hold, a lower limit, an open breaker, the end.
//!
//! Promises: the host waits, not the one entry; nothing that began before the last decrease leads to another one.

use std::{
    hash::Hash,
    time::{Duration, Instant},
};

use super::{
    Schedule, Ticket,
    hold::{self, Hold, Why},
    host::{Down, Host},
    network::Missed,
    retry::Cost,
};

/// How an exchange ended, as far as it concerns the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An answer without complaint, whatever it says of the entry.
    Clean,
    /// "Slow down": 429 or 503.
    Pushback,
    /// An answer that says that the server is in trouble.
    Trouble,
    /// What will not pass by waiting: no such name, a certificate that is not accepted.
    Hopeless,
    /// The exchange broke off.
    Broken,
    /// The request never got there: the connection was just being closed. Now and then that means nothing.
    Lost,
    /// Nothing came in time.
    Timeout,
    /// Nobody listens there.
    Refused,
    /// No way there: no address, no connection.
    Unreachable,
    /// Nothing that concerns the host: it was given up, or this machine failed.
    Nothing,
}

/// What is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    pub(crate) remaining: u64,
    pub(crate) reset: Duration,
}

/// What an exchange has told of its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) kind: Kind,
    /// How long the server wants to be left alone.
    pub(crate) wait: Option<Duration>,
    pub(crate) quota: Option<Quota>,
    /// Whether it was the first attempt for its job.
    pub(crate) first: bool,
}

impl Heard {
    /// A kind of ending, and nothing else.
    pub(crate) fn only(kind: Kind) -> Self {
        Self { kind, wait: None, quota: None, first: true }
    }
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Whether a failure is held against the entry: not where the request never got there, the host refused many at
    /// once, or no host at all can be reached.
    pub(crate) charged: bool,
    /// What a further attempt costs of the host's budget.
    pub(crate) cost: Cost,
    /// A hold that began, or is longer now.
    pub(crate) hold: Option<Hold>,
    /// The host is given up: its jobs are to be taken out.
    pub(crate) down: Option<Down>,
}

impl<K: Clone + Eq + Hash, J> Schedule<K, J> {
    /// Hands a ticket back: its request is no longer in flight.
    #[allow(clippy::needless_pass_by_value, reason = "a ticket is given back once, which taking it away ensures")]
    pub(crate) fn finish(&mut self, ticket: Ticket, heard: Heard, now: Instant) -> Finding {
        let Ticket { id, begun, beside } = ticket;
        self.in_flight -= 1;
        let answered = matches!(heard.kind, Kind::Clean | Kind::Pushback | Kind::Trouble);
        self.answers |= answered;
        if answered || matches!(heard.kind, Kind::Broken | Kind::Lost | Kind::Refused | Kind::Hopeless) {
            self.network.reached(now);
        }
        let answers = self.host(id).answers;
        let excused =
            heard.kind == Kind::Unreachable && !self.network.missed(Missed { id, begun, answers }, now, &mut self.rng);
        let host = self.hosts[id].as_mut().expect("a ticket's host is kept");
        let fresh = host.calmed.is_none_or(|calmed| begun > calmed);
        let tried = host.in_flight.max(beside);
        host.in_flight -= 1;
        host.unanswered = 0;
        host.answers |= answered;
        let is_lost = heard.kind == Kind::Lost;
        let charged = !excused && !is_lost && (fresh || heard.kind != Kind::Pushback);
        let adaptive = self.limits.adaptive;
        match heard.kind {
            Kind::Clean => {
                host.breaker.answered(begun);
                if fresh {
                    host.spans.answered();
                }
                host.adapt.answered(tried, self.limits.per_host, now);
                if heard.first {
                    host.budget.earn();
                }
            }
            Kind::Pushback => {
                host.stats.pushbacks += 1;
                if fresh {
                    host.breaker.failed(true, begun);
                    host.calmed = Some(now);
                    if adaptive {
                        let timed = heard.wait.is_some_and(|wait| !wait.is_zero());
                        host.adapt.pushed_back(tried, self.limits.per_host, timed, now);
                    }
                }
            }
            Kind::Trouble | Kind::Broken | Kind::Hopeless => host.breaker.failed(false, begun),
            // Only where nothing comes between them: a server may close each connection that it has answered on.
            Kind::Lost => host.breaker.failed(true, begun),
            Kind::Timeout | Kind::Refused | Kind::Unreachable if !excused => {
                host.breaker.failed(false, begun);
                if fresh && adaptive {
                    host.calmed = Some(now);
                    host.adapt.decrease(tried, self.limits.per_host, now);
                }
            }
            Kind::Timeout | Kind::Refused | Kind::Unreachable | Kind::Nothing => {}
        }
        let (hold, down) = self.consequence(id, heard, fresh, now);
        self.release(id);
        self.settle(id, now);
        let told = heard.wait.is_some_and(|wait| !wait.is_zero());
        let cost = if is_lost {
            Cost::Free
        } else if excused {
            Cost::Nothing
        } else if told || !charged {
            Cost::Half
        } else {
            Cost::Whole
        };
        Finding { charged, cost, hold, down }
    }

    /// Holds the host, or gives it up.
    fn consequence(&mut self, id: usize, heard: Heard, fresh: bool, now: Instant) -> (Option<Hold>, Option<Down>) {
        let limits = self.limits;
        let host = self.hosts[id].as_mut().expect("a ticket's host is kept");
        if host.down.is_some() {
            return (None, None);
        }
        let told = heard.wait.filter(|wait| !wait.is_zero());
        if let Some(told) = told.filter(|told| *told > limits.max_retry_after) {
            host.down = Some(Down::Told(told));
            return (None, host.down);
        }
        let mut holds = Vec::new();
        if let Some(told) = told {
            let until = hold::end_of(told, now, &mut self.rng);
            holds.push(Hold { until, why: Why::Pushback { told: Some(told) } });
        } else if heard.kind == Kind::Pushback && fresh {
            let until = host.spans.next(now, &mut self.rng);
            holds.push(Hold { until, why: Why::Pushback { told: None } });
        }
        if let Some(quota) = heard.quota {
            if quota.remaining == 0 && quota.reset > limits.max_retry_after {
                host.down = Some(Down::Told(quota.reset));
                return (None, host.down);
            }
            holds.extend(host.mind(quota, now));
        }
        let failed = !matches!(heard.kind, Kind::Clean | Kind::Nothing);
        if limits.breaker && failed && host.breaker.is_tripped() {
            let is_hopeless = heard.kind == Kind::Hopeless;
            if is_hopeless || host.breaker.is_given_up(limits.patience) {
                host.down = Some(if is_hopeless { Down::Hopeless } else { Down::Failing });
                return (None, host.down);
            }
            let until = host.breaker.open(now, &mut self.rng);
            host.calmed = Some(now);
            holds.push(Hold { until, why: Why::Failing });
        }
        let news = holds.into_iter().filter(|hold| host.extend_hold(*hold, now)).max_by_key(|hold| hold.until);
        (news, None)
    }

    /// Lets a job go on that was put off, if the budget allows it now.
    fn release(&mut self, id: usize) {
        let host = self.host(id);
        if !host.put_off.is_empty()
            && host.budget.spend(Cost::Whole)
            && let Some(job) = host.put_off.pop_front()
        {
            host.stats.retries += 1;
            host.queue.push_back(job);
            self.put_off -= 1;
        }
    }
}

impl<K, J> Host<K, J> {
    /// Makes what is left of a quota last until it is renewed, where it would not be enough for what waits.
    fn mind(&mut self, quota: Quota, now: Instant) -> Option<Hold> {
        let until = now + quota.reset;
        if quota.remaining == 0 {
            return Some(Hold { until, why: Why::Quota });
        }
        let wanted = u64::try_from(self.queue.len()).unwrap_or(u64::MAX);
        let share = u32::try_from(quota.remaining).unwrap_or(u32::MAX);
        self.quota = (wanted > quota.remaining).then(|| (quota.reset / share, until));
        None
    }
}
