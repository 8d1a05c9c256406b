//! The schedule: which job may start now, and if none, when.
//!
//! Promises: never more than the limit in flight to one host, never faster than the pace of a host or of the
//! run; of the hosts that may be asked, the one with the fewest requests in flight comes first, and one that has
//! not answered yet comes last, so no host takes the places of the others; a host's jobs start in the order in which they came; a job that waits
//! for its host or for its next attempt holds nothing.
//!
//! What surprises: it is pure. It does no I/O, reads no clock and draws no random number: every call is told the
//! time, so whole runs are tested in microseconds. A host takes memory only while it has jobs or owes a pause.

pub(crate) mod pace;
pub(crate) mod retry;

mod host;

use std::{
    collections::{BTreeSet, BinaryHeap, HashMap},
    hash::Hash,
    time::Instant,
};

use self::{
    host::{Delayed, Host, Place, Rank},
    pace::{Gcra, Pace},
};

/// What holds for the hosts and for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Most requests in flight to one host.
    pub(crate) per_host: usize,
    /// The pace of each host.
    pub(crate) host_pace: Option<Pace>,
    /// The pace of the run.
    pub(crate) run_pace: Option<Pace>,
}

/// The right to have one request in flight, to be handed back with [`Schedule::finish`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a ticket that is not handed back counts as in flight for ever"]
pub(crate) struct Ticket(usize);

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
    /// Jobs whose next attempt is due at a time.
    delayed: BinaryHeap<Delayed<K, J>>,
    run_pace: Option<Gcra>,
    waiting: usize,
    in_flight: usize,
    turns: u64,
    /// Whether any host has ever answered.
    answers: bool,
}

impl<K: Clone + Eq + Hash, J> Schedule<K, J> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            ids: HashMap::new(),
            hosts: Vec::new(),
            vacant: Vec::new(),
            ready: BTreeSet::new(),
            paced: BTreeSet::new(),
            delayed: BinaryHeap::new(),
            run_pace: limits.run_pace.map(Gcra::new),
            waiting: 0,
            in_flight: 0,
            turns: 0,
            answers: false,
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
    pub(crate) fn push(&mut self, host: &K, job: J, now: Instant) {
        self.waiting += 1;
        self.enqueue(host, job, now);
    }

    /// Puts a job at the head of its host's queue: a redirect's next hop, which may not be good for long.
    pub(crate) fn push_front(&mut self, host: &K, job: J, now: Instant) {
        self.waiting += 1;
        let id = self.id_of(host);
        self.host(id).queue.push_front(job);
        self.settle_if_resting(id, now);
    }

    /// Puts a job at the end of its host's queue when it is due.
    pub(crate) fn push_at(&mut self, host: &K, job: J, due: Instant) {
        self.waiting += 1;
        self.turns += 1;
        self.delayed.push(Delayed { due, order: self.turns, host: host.clone(), job });
    }

    /// The job that may start now.
    pub(crate) fn next(&mut self, now: Instant) -> Next<J> {
        self.wake(now);
        if let Some(&(_, id)) = self.ready.first() {
            if let Some(open) = self.run_pace.as_ref().map(|pace| pace.earliest(now)).filter(|open| *open > now) {
                return Next::Wait(self.wake_time().map_or(open, |other| open.min(other)));
            }
            return self.start(id, now);
        }
        self.wake_time().map_or(Next::Nothing, Next::Wait)
    }

    /// Hands a ticket back: its request is no longer in flight, and was answered, with whatever, or was not.
    #[allow(clippy::needless_pass_by_value, reason = "a ticket is given back once, which taking it away ensures")]
    pub(crate) fn finish(&mut self, ticket: Ticket, answered: bool, now: Instant) {
        let Ticket(id) = ticket;
        self.in_flight -= 1;
        self.host(id).finish(answered);
        self.answers |= answered;
        self.settle(id, now);
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

    /// Takes out everything that has not started.
    pub(crate) fn drain(&mut self) -> Vec<J> {
        self.ready.clear();
        self.paced.clear();
        self.waiting = 0;
        let delayed = std::mem::take(&mut self.delayed).into_sorted_vec();
        let mut jobs = Vec::new();
        for host in self.hosts.iter_mut().flatten() {
            jobs.extend(host.queue.drain(..));
            host.place = Place::Resting;
        }
        // `Delayed` is ordered latest first, as a heap of the earliest needs it.
        jobs.extend(delayed.into_iter().rev().map(|delayed| delayed.job));
        jobs
    }

    fn host(&mut self, id: usize) -> &mut Host<K, J> {
        self.hosts[id].as_mut().expect("an id in use names a host")
    }

    fn enqueue(&mut self, key: &K, job: J, now: Instant) {
        let id = self.id_of(key);
        self.host(id).queue.push_back(job);
        self.settle_if_resting(id, now);
    }

    fn id_of(&mut self, key: &K) -> usize {
        match self.ids.get(key) {
            Some(id) => *id,
            None => self.add_host(key.clone()),
        }
    }

    fn settle_if_resting(&mut self, id: usize, now: Instant) {
        if self.host(id).place == Place::Resting {
            self.settle(id, now);
        }
    }

    fn add_host(&mut self, key: K) -> usize {
        let host = Host::new(key.clone(), self.limits.host_pace);
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
        if let Some(pace) = &mut self.run_pace {
            pace.take(now);
        }
        let turn = self.turns;
        let job = self.host(id).start(turn, now);
        self.settle(id, now);
        Next::Start(job, Ticket(id))
    }

    /// Moves what has become due.
    fn wake(&mut self, now: Instant) {
        while self.delayed.peek().is_some_and(|delayed| delayed.due <= now) {
            if let Some(Delayed { host, job, .. }) = self.delayed.pop() {
                self.enqueue(&host, job, now);
            }
        }
        while let Some(&(_, id)) = self.paced.first().filter(|(open, _)| *open <= now) {
            self.settle(id, now);
        }
    }

    fn wake_time(&self) -> Option<Instant> {
        let paced = self.paced.first().map(|(open, _)| *open);
        let delayed = self.delayed.peek().map(|delayed| delayed.due);
        paced.into_iter().chain(delayed).min()
    }

    /// Puts a host where it belongs after any change to it.
    fn settle(&mut self, id: usize, now: Instant) {
        let per_host = self.limits.per_host;
        let host = self.host(id);
        let before = host.place;
        let place = host.settled(per_host, now);
        host.place = place;
        let gone = place == Place::Resting && host.is_idle();
        match before {
            Place::Ready(rank) => self.ready.remove(&(rank, id)),
            Place::Paced(open) => self.paced.remove(&(open, id)),
            Place::Resting => false,
        };
        match place {
            Place::Ready(rank) => self.ready.insert((rank, id)),
            Place::Paced(open) => self.paced.insert((open, id)),
            Place::Resting => false,
        };
        if gone && let Some(host) = self.hosts[id].take() {
            self.ids.remove(&host.key);
            self.vacant.push(id);
        }
    }
}

#[cfg(test)]
mod tests;
