//! The schedule: which job may start now, and if none, when.
//!
//! Promises: never more than the limit in flight to one host, never faster than the pace of a host or of the run, and
//! nothing to a host before the end of its hold; of the hosts that may be asked, the one with the fewest requests in
//! flight comes first, and one that does not answer comes last, so no host takes the places of the others; a host's
//! jobs start in the order in which they came; a job that waits for its host or for its next attempt holds nothing.
//!
//! What surprises: it is pure. It does no I/O and reads no clock: every call is told the time, so whole runs are
//! tested in microseconds. Hosts are remembered for what they have shown, the idle ones up to [`HOSTS_KEPT`]; of more, those
//! are forgotten first that have shown nothing, then those that were asked longest ago. Hosts that are down are kept, for
//! their jobs are to fail at once.

pub(crate) mod hold;
pub(crate) mod pace;
pub(crate) mod retry;
pub(crate) mod stats;

mod adapt;
mod again;
mod breaker;
mod heard;
mod host;
mod meter;
mod network;

use std::{
    collections::{BTreeSet, BinaryHeap, HashMap},
    hash::Hash,
    time::{Duration, Instant},
};

use fastrand::Rng;

use self::{
    again::Delayed,
    host::{Host, Place, Rank, Worth},
    network::Network,
    pace::{Gcra, Pace},
    stats::{HostStats, Worst},
};
pub(crate) use self::{
    heard::{Finding, Heard, Kind, Quota},
    host::Down,
};

/// So many hosts are remembered although they have nothing to do.
const HOSTS_KEPT: usize = 10_000;

/// What holds for the hosts and for the run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limits {
    /// Most requests in flight to one host.
    pub(crate) per_host: usize,
    /// The pace of each host.
    pub(crate) host_pace: Option<Pace>,
    /// The pace of the run.
    pub(crate) run_pace: Option<Pace>,
    /// Which part of an interval a start may come earlier or later, 0 to 1.
    pub(crate) jitter: f64,
    /// Whether a host's limit and pace follow its pushback.
    pub(crate) adaptive: bool,
    /// Whether a host that keeps failing is left alone.
    pub(crate) breaker: bool,
    /// Whether a host that is down is asked more than once more.
    pub(crate) patience: bool,
    /// Longest wait that a server may ask for.
    pub(crate) max_retry_after: Duration,
}

/// The right to have one request in flight, to be handed back with [`Schedule::finish`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a ticket that is not handed back counts as in flight for ever"]
pub(crate) struct Ticket {
    id: usize,
    begun: Instant,
    /// Requests to the host that were then in flight, this one included.
    beside: usize,
}

/// What may be done now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<J> {
    /// This job starts now.
    Start(J, Ticket),
    /// Nothing may start before this time, unless a request finishes or a job comes.
    Wait(Instant),
    /// Nothing may start before a request finishes or a job comes.
    Nothing,
}

/// Jobs `J` in the queues of their hosts `K`.
#[derive(Debug)]
pub(crate) struct Schedule<K, J> {
    limits: Limits,
    /// Where each host's record is.
    ids: HashMap<K, usize>,
    hosts: Vec<Option<Host<K, J>>>,
    vacant: Vec<usize>,
    /// Hosts that may be asked now, in the order of their ranks.
    ready: BTreeSet<(Rank, usize)>,
    /// Hosts whose pace lets nothing go before a time.
    paced: BTreeSet<(Instant, usize)>,
    /// Hosts that may be forgotten, the first ones first.
    idle: BTreeSet<(Worth, usize)>,
    /// Jobs whose next attempt is due at a time.
    delayed: BinaryHeap<Delayed<K, J>>,
    run_pace: Gcra,
    network: Network,
    /// Jobs that have not started.
    waiting: usize,
    /// Of those the ones that their hosts' budgets do not allow yet.
    put_off: usize,
    in_flight: usize,
    turns: u64,
    /// Whether any host has ever answered.
    answers: bool,
    /// Of the hosts that are forgotten.
    worst: Worst<K>,
    rng: Rng,
}

impl<K: Clone + Eq + Hash, J> Schedule<K, J> {
    /// An empty one; all its randomness comes from `rng`.
    pub(crate) fn new(limits: Limits, rng: Rng) -> Self {
        Self {
            limits,
            ids: HashMap::new(),
            hosts: Vec::new(),
            vacant: Vec::new(),
            ready: BTreeSet::new(),
            paced: BTreeSet::new(),
            idle: BTreeSet::new(),
            delayed: BinaryHeap::new(),
            run_pace: Gcra::default(),
            network: Network::default(),
            waiting: 0,
            put_off: 0,
            in_flight: 0,
            turns: 0,
            answers: false,
            worst: Worst::default(),
            rng,
        }
    }

    /// Jobs that have not started, those that wait for their next attempt included.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Requests in flight.
    #[cfg(test)]
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Puts a job at the end of its host's queue.
    ///
    /// # Errors
    ///
    /// A host that is down takes no more: the job comes back.
    pub(crate) fn push(&mut self, host: &K, job: J, now: Instant) -> Result<(), (J, Down)> {
        let (id, job) = self.taken_by(host, job)?;
        self.host(id).queue.push_back(job);
        self.queued(id, now);
        Ok(())
    }

    /// Puts a job at the head of its host's queue: a redirect's next hop, which may not be good for long.
    ///
    /// # Errors
    ///
    /// As [`Schedule::push`].
    pub(crate) fn push_front(&mut self, host: &K, job: J, now: Instant) -> Result<(), (J, Down)> {
        let (id, job) = self.taken_by(host, job)?;
        self.host(id).queue.push_front(job);
        self.queued(id, now);
        Ok(())
    }

    /// The job that may start now.
    pub(crate) fn next(&mut self, now: Instant) -> Next<J> {
        self.wake(now);
        if let Some(probe) = self.network.probe() {
            if self.in_flight > 0 {
                return Next::Nothing;
            }
            if probe > now {
                return Next::Wait(probe);
            }
        }
        let Some(&(_, id)) = self.ready.first() else {
            return self.wake_time().map_or(Next::Nothing, Next::Wait);
        };
        let open = self.limits.run_pace.map_or(now, |pace| self.run_pace.earliest(pace, now));
        if open > now {
            return Next::Wait(self.wake_time().map_or(open, |other| open.min(other)));
        }
        self.start(id, now)
    }

    /// Changes the limit of each host.
    pub(crate) fn limit_hosts(&mut self, per_host: usize, now: Instant) {
        self.limits.per_host = per_host;
        for id in 0..self.hosts.len() {
            if self.hosts[id].is_some() {
                self.settle(id, now);
            }
        }
    }

    /// Whether more than one host has jobs, and none of them has answered yet: whom to trust is not known.
    pub(crate) fn is_undecided(&self) -> bool {
        self.ids.len() > 1 && !self.answers
    }

    fn host(&mut self, id: usize) -> &mut Host<K, J> {
        self.hosts[id].as_mut().expect("an id in use names a host")
    }

    fn id_of(&mut self, key: &K) -> usize {
        match self.ids.get(key) {
            Some(id) => *id,
            None => self.add_host(key.clone()),
        }
    }

    /// The record of a host that takes a job; the job comes back from one that is down.
    fn taken_by(&mut self, host: &K, job: J) -> Result<(usize, J), (J, Down)> {
        let id = self.id_of(host);
        match self.host(id).down {
            Some(down) => Err((job, down)),
            None => Ok((id, job)),
        }
    }

    /// Counts a job that was put into one of the host's queues.
    fn queued(&mut self, id: usize, now: Instant) {
        self.waiting += 1;
        self.settle_if_resting(id, now);
    }

    fn settle_if_resting(&mut self, id: usize, now: Instant) {
        if matches!(self.host(id).place, Place::Resting | Place::Idle(_)) {
            self.settle(id, now);
        }
    }

    fn add_host(&mut self, key: K) -> usize {
        let host = Host::new(key.clone());
        let id = if let Some(id) = self.vacant.pop() {
            self.hosts[id] = Some(host);
            id
        } else {
            self.hosts.push(Some(host));
            self.hosts.len() - 1
        };
        self.ids.insert(key, id);
        id
    }

    fn start(&mut self, id: usize, now: Instant) -> Next<J> {
        self.turns += 1;
        self.waiting -= 1;
        self.in_flight += 1;
        let stretch = 1.0 + self.limits.jitter * (2.0 * self.rng.f64() - 1.0);
        if let Some(pace) = self.limits.run_pace {
            self.run_pace.take(pace, stretch, now);
        }
        let (turn, limits) = (self.turns, self.limits);
        let host = self.host(id);
        let job = host.start(&limits, stretch, turn, now);
        let beside = host.in_flight;
        self.settle(id, now);
        Next::Start(job, Ticket { id, begun: now, beside })
    }

    /// Moves what has become due.
    fn wake(&mut self, now: Instant) {
        self.wake_delayed(now);
        while let Some(&(_, id)) = self.paced.first().filter(|(open, _)| *open <= now) {
            self.settle(id, now);
        }
    }

    fn wake_time(&self) -> Option<Instant> {
        let paced = self.paced.first().map(|(open, _)| *open);
        paced.into_iter().chain(self.next_due()).min()
    }

    /// Puts a host where it belongs after any change to it.
    fn settle(&mut self, id: usize, now: Instant) {
        let limits = self.limits;
        let host = self.host(id);
        let before = host.place;
        let place = host.settled(&limits, now);
        host.place = place;
        match before {
            Place::Ready(rank) => self.ready.remove(&(rank, id)),
            Place::Paced(open) => self.paced.remove(&(open, id)),
            Place::Idle(worth) => self.idle.remove(&(worth, id)),
            Place::Resting => false,
        };
        match place {
            Place::Ready(rank) => self.ready.insert((rank, id)),
            Place::Paced(open) => self.paced.insert((open, id)),
            Place::Idle(worth) => self.idle.insert((worth, id)),
            Place::Resting => false,
        };
        if self.idle.len() > HOSTS_KEPT {
            self.forget_one();
        }
    }

    /// Forgets the idle host that is worth least.
    fn forget_one(&mut self) {
        let Some((worth, id)) = self.idle.pop_first() else { return };
        // Whoever was drained is idle no more, and another host may stand there.
        let Some(host) = self.hosts[id].as_mut().filter(|host| host.place == Place::Idle(worth)) else { return };
        if !host.is_forgettable() {
            // A job of it waits for its time, which settles it.
            host.place = Place::Resting;
            return;
        }
        self.worst.offer(&host.key, HostStats { limit: host.limit(&self.limits), ..host.stats });
        self.ids.remove(&host.key);
        self.hosts[id] = None;
        self.vacant.push(id);
    }
}

#[cfg(test)]
mod tests;
