//! Jobs that come back, and jobs that are taken out again: retries, errands, what a full window has no room for.
//!
//! Promises: a further attempt waits without holding anything, starts behind the jobs that wait then, and is paid
//! for from its host's budget; what the budget does not allow is put off, and gets its turn at the end if the
//! host is well by then, or before that if more is put off than may be.

use std::{cmp::Ordering, hash::Hash, time::Duration, time::Instant};

use super::{
    Schedule,
    host::{Down, Place},
    retry::Cost,
    stats::HostStats,
};

/// So many jobs of one host are put off, and so many of all, before those of a host that is well get their turn.
const MANY_PUT_OFF: usize = 1000;
const MANY_PUT_OFF_IN_ALL: usize = 4000;

/// So many more are put off while a host is not well; beyond, each one ends.
const MARGIN: usize = 1000;

/// A job whose next attempt is due later.
#[derive(Debug)]
pub(super) struct Delayed<K, J> {
    due: Instant,
    /// Keeps jobs that are due together in the order in which they came.
    order: u64,
    host: K,
    job: J,
    errand: bool,
}

impl<K: Clone + Eq + Hash, J> Schedule<K, J> {
    /// Puts a job at the end of its host's queue when it is due, at no cost: nothing went wrong with it.
    ///
    /// # Errors
    ///
    /// As [`Schedule::push`].
    pub(crate) fn push_at(&mut self, host: &K, job: J, due: Instant) -> Result<(), (J, Down)> {
        self.delay_unless_down(host, job, due, false)
    }

    /// Puts a job before all others of its host, shut or not.
    ///
    /// # Errors
    ///
    /// As [`Schedule::push`].
    pub(crate) fn push_errand(&mut self, host: &K, job: J, now: Instant) -> Result<(), (J, Down)> {
        let (id, job) = self.taken_by(host, job)?;
        self.host(id).errands.push_back(job);
        self.queued(id, now);
        Ok(())
    }

    /// An errand's next attempt.
    ///
    /// # Errors
    ///
    /// As [`Schedule::push`].
    pub(crate) fn push_errand_at(&mut self, host: &K, job: J, due: Instant) -> Result<(), (J, Down)> {
        self.delay_unless_down(host, job, due, true)
    }

    /// A job's next attempt, if its host's budget allows one.
    ///
    /// # Errors
    ///
    /// There will be none: the job comes back.
    pub(crate) fn retry(&mut self, host: &K, job: J, due: Instant, cost: Cost) -> Result<(), J> {
        let (id, put_off) = (self.id_of(host), self.put_off);
        let host_of = self.host(id);
        if host_of.down.is_some() {
            return Err(job);
        }
        if host_of.budget.spend(cost) {
            host_of.stats.retries += 1;
            self.delay(host, job, due, false);
            return Ok(());
        }
        let excess = (host_of.put_off.len() + 1).saturating_sub(MANY_PUT_OFF);
        let excess = excess.max((put_off + 1).saturating_sub(MANY_PUT_OFF_IN_ALL));
        if excess > MARGIN {
            return Err(job);
        }
        host_of.put_off.push_back(job);
        self.put_off += 1;
        self.waiting += 1;
        if excess > 0 && self.host(id).breaker.is_well() {
            self.give_turns(id, due);
        }
        Ok(())
    }

    /// The next attempt of a job whose last one never got there: before all others of its host, since the connection that
    /// would have lost it too is gone now.
    ///
    /// # Errors
    ///
    /// There will be none: the job comes back.
    pub(crate) fn retry_next(&mut self, host: &K, job: J, now: Instant) -> Result<(), J> {
        self.push_front(host, job, now).map_err(|(job, _)| job)?;
        let id = self.id_of(host);
        self.host(id).stats.retries += 1;
        Ok(())
    }

    /// Whether a further attempt at this cost would start when it is due, and not be put off or refused.
    pub(crate) fn affords(&self, host: &K, cost: Cost) -> bool {
        let record = self.ids.get(host).and_then(|id| self.hosts[*id].as_ref());
        record.is_none_or(|host| host.down.is_none() && host.budget.affords(cost))
    }

    /// Whether nothing is left but what is put off.
    pub(crate) fn is_down_to_put_off(&self) -> bool {
        self.put_off > 0 && self.waiting == self.put_off && self.in_flight == 0
    }

    /// One more turn for what is put off, at hosts that are well; takes out what waits for the others. As each job has
    /// so many attempts only, turns come to an end.
    pub(crate) fn last_pass(&mut self, now: Instant) -> Vec<J> {
        let mut hopeless = Vec::new();
        for id in 0..self.hosts.len() {
            let Some(host) = &mut self.hosts[id] else { continue };
            if host.put_off.is_empty() {
                continue;
            }
            if host.breaker.is_well() {
                self.give_turns(id, now);
                continue;
            }
            let jobs = std::mem::take(&mut host.put_off);
            self.put_off -= jobs.len();
            self.waiting -= jobs.len();
            hopeless.extend(jobs);
            self.settle(id, now);
        }
        hopeless
    }

    /// Puts all that is put off at a host into its queue.
    fn give_turns(&mut self, id: usize, now: Instant) {
        let host = self.host(id);
        let jobs = std::mem::take(&mut host.put_off);
        host.stats.retries += jobs.len() as u64;
        let count = jobs.len();
        host.queue.extend(jobs);
        self.put_off -= count;
        self.settle(id, now);
    }

    /// Lets only errands start at a host, or all again.
    pub(crate) fn shut(&mut self, host: &K, shut: bool, now: Instant) {
        let id = self.id_of(host);
        self.host(id).shut = shut;
        self.settle(id, now);
    }

    /// Sets the pace that a server's rules ask for.
    pub(crate) fn slow_down(&mut self, host: &K, interval: Duration, now: Instant) {
        let id = self.id_of(host);
        self.host(id).slow_down(interval, now);
        self.settle(id, now);
    }

    /// Jobs that wait in the queue of a host.
    pub(crate) fn queued_at(&self, host: &K) -> usize {
        self.ids.get(host).and_then(|id| self.hosts[*id].as_ref()).map_or(0, |host| host.queue.len())
    }

    /// How long a host is still held.
    pub(crate) fn hold_of(&self, host: &K, now: Instant) -> Duration {
        let record = self.ids.get(host).and_then(|id| self.hosts[*id].as_ref());
        record.and_then(|host| host.hold).map_or(Duration::ZERO, |hold| hold.until.saturating_duration_since(now))
    }

    /// Whether a host has ever answered without complaint.
    pub(crate) fn has_answered(&self, host: &K) -> bool {
        let record = self.ids.get(host).and_then(|id| self.hosts[*id].as_ref());
        record.is_some_and(|host| host.breaker.has_answered)
    }

    /// Takes out what waits for a host, errands apart.
    pub(crate) fn take_queue(&mut self, host: &K, now: Instant) -> Vec<J> {
        let Some(&id) = self.ids.get(host) else { return Vec::new() };
        let jobs: Vec<_> = self.host(id).queue.drain(..).collect();
        self.waiting -= jobs.len();
        self.settle(id, now);
        jobs
    }

    /// Takes out all that waits for a host, whatever for.
    pub(crate) fn take_all(&mut self, host: &K, now: Instant) -> Vec<J> {
        let Some(&id) = self.ids.get(host) else { return Vec::new() };
        let record = self.host(id);
        let mut jobs: Vec<_> = record.errands.drain(..).chain(record.queue.drain(..)).collect();
        let put_off: Vec<_> = record.put_off.drain(..).collect();
        self.put_off -= put_off.len();
        jobs.extend(put_off);
        if std::mem::take(&mut self.host(id).delayed) > 0 {
            let (own, others) =
                std::mem::take(&mut self.delayed).into_iter().partition(|delayed| delayed.host == *host);
            self.delayed = others;
            jobs.extend(own.into_iter().map(|delayed: Delayed<K, J>| delayed.job));
        }
        self.waiting -= jobs.len();
        self.settle(id, now);
        jobs
    }

    /// Takes jobs out of the longest queue that has any to give, of the hosts that get nothing before `open`, or with none
    /// cannot start anything now: the last ones, all but the first `kept` and those that must not be `moved`.
    pub(crate) fn overflow(
        &mut self,
        open: Option<Instant>,
        kept: usize,
        may_give: impl Fn(&K) -> bool,
        moved: impl Fn(&J) -> bool,
    ) -> Option<(K, Vec<J>)> {
        let held = open.into_iter().flat_map(|open| self.paced.range((open, 0)..).map(|(_, id)| *id));
        let stuck = self.hosts.iter().enumerate().filter(|_| open.is_none()).filter_map(|(id, host)| {
            let waits = |place| !matches!(place, Place::Ready(_));
            host.as_ref().filter(|host| waits(host.place)).map(|_| id)
        });
        let length = |id: usize| self.hosts[id].as_ref().map_or(0, |host| host.queue.len());
        let gives = |id: &usize| {
            let host = self.hosts[*id].as_ref();
            host.is_some_and(|host| {
                host.queue.len() > kept && may_give(&host.key) && host.queue.iter().skip(kept).any(&moved)
            })
        };
        let mut candidates: Vec<_> = held.chain(stuck).collect();
        candidates.sort_unstable_by_key(|id| std::cmp::Reverse(length(*id)));
        let id = candidates.into_iter().find(gives)?;
        let host = self.host(id);
        let (out, stay): (Vec<J>, Vec<J>) = host.queue.drain(kept..).partition(moved);
        host.queue.extend(stay);
        let key = host.key.clone();
        self.waiting -= out.len();
        Some((key, out))
    }

    /// Takes out everything that has not started.
    pub(crate) fn drain(&mut self) -> Vec<J> {
        self.ready.clear();
        self.paced.clear();
        (self.waiting, self.put_off) = (0, 0);
        let delayed = std::mem::take(&mut self.delayed).into_sorted_vec();
        let mut jobs = Vec::new();
        for host in self.hosts.iter_mut().flatten() {
            jobs.extend(host.errands.drain(..).chain(host.queue.drain(..)).chain(host.put_off.drain(..)));
            host.place = Place::Resting;
        }
        // `Delayed` is ordered latest first, as a heap of the earliest needs it.
        jobs.extend(delayed.into_iter().rev().map(|delayed| delayed.job));
        jobs
    }

    /// Notes that bytes have come from somebody.
    pub(crate) fn reached(&mut self, now: Instant) {
        self.network.reached(now);
    }

    /// How long nothing is asked of anybody, because nobody can be reached; none while somebody can.
    pub(crate) fn network_pause(&self, now: Instant) -> Option<Duration> {
        self.network.probe().map(|probe| probe.saturating_duration_since(now))
    }

    /// The hosts that get nothing now because they asked for that or fail, soonest first, and how many there are.
    pub(crate) fn held(&self, most: usize, now: Instant) -> (Vec<(K, super::hold::Hold)>, usize) {
        let held = |host: &super::Host<K, J>| {
            let waits = !host.queue.is_empty() || !host.errands.is_empty();
            host.hold.filter(|hold| waits && hold.until > now).map(|hold| (host.key.clone(), hold))
        };
        let mut all: Vec<_> = self.paced.iter().filter_map(|(_, id)| held(self.hosts[*id].as_ref()?)).collect();
        let count = all.len();
        all.truncate(most);
        (all, count)
    }

    /// The counts of the hosts that held the run up most, worst first; at most ten.
    pub(crate) fn worst(&self, now: Instant) -> Vec<(K, HostStats)> {
        let mut worst = self.worst.clone();
        for host in self.hosts.iter().flatten() {
            let ahead = host.hold.map_or(Duration::ZERO, |hold| hold.until.saturating_duration_since(now));
            let held = host.stats.held.saturating_sub(ahead);
            worst.offer(&host.key, HostStats { held, limit: host.limit(&self.limits), ..host.stats });
        }
        worst.list()
    }

    /// Moves jobs whose next attempt is due.
    pub(super) fn wake_delayed(&mut self, now: Instant) {
        while self.delayed.peek().is_some_and(|delayed| delayed.due <= now) {
            let Some(Delayed { host, job, errand, .. }) = self.delayed.pop() else { return };
            let id = self.id_of(&host);
            let host = self.host(id);
            host.delayed = host.delayed.saturating_sub(1);
            let queue = if errand { &mut host.errands } else { &mut host.queue };
            queue.push_back(job);
            self.settle_if_resting(id, now);
        }
    }

    /// When the next attempt is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.delayed.peek().map(|delayed| delayed.due)
    }

    fn delay_unless_down(&mut self, host: &K, job: J, due: Instant, errand: bool) -> Result<(), (J, Down)> {
        let (_, job) = self.taken_by(host, job)?;
        self.delay(host, job, due, errand);
        Ok(())
    }

    fn delay(&mut self, host: &K, job: J, due: Instant, errand: bool) {
        let id = self.id_of(host);
        self.host(id).delayed += 1;
        self.waiting += 1;
        self.turns += 1;
        self.delayed.push(Delayed { due, order: self.turns, host: host.clone(), job, errand });
    }
}

impl<K, J> PartialEq for Delayed<K, J> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<K, J> Eq for Delayed<K, J> {}

impl<K, J> PartialOrd for Delayed<K, J> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K, J> Ord for Delayed<K, J> {
    /// Reversed: the heap gives its greatest, and the earliest is wanted.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.due, other.order).cmp(&(self.due, self.order))
    }
}
