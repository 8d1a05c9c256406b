//! Jobs of hosts that may not be asked for long: on disk, until they may.
//!
//! Promises: a host's jobs come back in the order in which they were put, each once, or are told as lost with their
//! count. Memory holds the last jobs of the hosts, at most [`TAILS`] of all together, those that the thread has not
//! written yet (see [`Spill::is_behind`]), at most 32 bytes for each block of up to [`BLOCK`] jobs in the file and as
//! much for each gap between blocks, and the hosts. The caller never waits for the disk, and a kill leaves nothing
//! behind: the file has no name.
//!
//! What surprises: a failure to write loses nothing. What could not be written stays in memory, in its place in the
//! order; from then on [`Spill::put`] hands everything back. And the bound of the file is checked against what the
//! thread has written so far, so it may be passed by what is on its way.

mod codec;
mod extents;
mod worker;

use std::{
    cmp::Reverse,
    collections::{HashMap, VecDeque},
    future::pending,
    io, mem,
    sync::{Arc, mpsc::SendError},
    thread,
};

use tokio::sync::mpsc;

use self::worker::{Answer, Command, Done, Open, Worker};
use crate::{link::Host, plan::Job, store::Store};

/// Jobs that are written and come back in one go.
const BLOCK: usize = 256;

/// Most jobs that wait in memory for their host's block to be full, of all hosts together.
const TAILS: usize = 16 * BLOCK;

/// Jobs that the thread may have before it, until it counts as behind.
const AHEAD: usize = 32 * BLOCK;

/// Most bytes of jobs in the file.
const LARGEST: u64 = 4 << 30;

/// What comes out of a [`Spill`].
#[derive(Debug)]
pub(super) enum Returned {
    /// The host's first jobs, in their order.
    Jobs(Host, Vec<Job>),
    /// So many of the host's first jobs cannot be read any more.
    Lost { host: Host, count: u64, error: io::Error },
    /// Nothing more can be put, told once. What is here comes back as before, but for what is told as lost.
    Off(io::Error),
    /// The thread has caught up: see [`Spill::is_behind`].
    Room,
}

/// Jobs that are out of the way.
#[derive(Debug)]
pub(super) struct Spill {
    open: Open,
    /// From the first job on.
    thread: Option<Thread>,
    hosts: HashMap<Host, Queue>,
    total: u64,
    in_tails: usize,
    /// Jobs that the thread was given and has not told about.
    unwritten: usize,
    /// How many bytes of the file hold jobs, as told last.
    used: u64,
    off: bool,
    /// What need not be waited for.
    ready: VecDeque<Returned>,
}

#[derive(Debug)]
struct Thread {
    commands: std::sync::mpsc::Sender<Command>,
    answers: mpsc::UnboundedReceiver<Answer>,
}

/// The jobs of a host.
#[derive(Debug, Default)]
struct Queue {
    /// All that have been put and not been returned.
    all: u64,
    /// Those of them that the thread has; they come before the tail.
    with_thread: u64,
    tail: Vec<Job>,
    /// Whether a block is on its way back.
    recalled: bool,
}

impl Spill {
    /// With nothing in it; neither the thread nor the file is there before they are needed.
    pub(super) fn new() -> Self {
        Self::with(Store::scratch)
    }

    fn with(open: Open) -> Self {
        Self {
            open,
            thread: None,
            hosts: HashMap::new(),
            total: 0,
            in_tails: 0,
            unwritten: 0,
            used: 0,
            off: false,
            ready: VecDeque::new(),
        }
    }

    /// Puts jobs behind those of their host that are already here. Hands them back where the file is as large as it
    /// may be, which passes, or where spilling is off, which does not.
    pub(super) fn put(&mut self, store: &Arc<Store>, host: &Host, jobs: Vec<Job>) -> Result<(), Vec<Job>> {
        debug_assert!(jobs.iter().all(|job| job.link.host() == host), "a job of another host");
        if jobs.is_empty() {
            return Ok(());
        }
        if self.used >= LARGEST || !self.is_on(store) {
            return Err(jobs);
        }
        let count = jobs.len();
        self.total += count as u64;
        self.in_tails += count;
        let queue = self.hosts.entry(host.clone()).or_default();
        queue.all += count as u64;
        self.gather(host, jobs);
        if self.in_tails > TAILS {
            self.write_largest_tails();
        }
        Ok(())
    }

    /// How many jobs of the host are here, those on their way back included.
    pub(super) fn of(&self, host: &Host) -> u64 {
        self.hosts.get(host).map_or(0, |queue| queue.all)
    }

    /// How many jobs are here, of all hosts.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The hosts that have jobs here.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.keys()
    }

    /// Whether more can be put now.
    pub(super) fn takes_more(&self) -> bool {
        !self.off && self.used < LARGEST && !self.is_behind()
    }

    /// Whether the disk does not keep up, so that no more should be put, although it may be; [`Returned::Room`] tells
    /// when that is over.
    pub(super) fn is_behind(&self) -> bool {
        self.unwritten > AHEAD
    }

    /// Asks for the next jobs of a host; of one that has none, or has been asked for, it asks for nothing more.
    pub(super) fn recall(&mut self, host: &Host) {
        let Some(queue) = self.hosts.get_mut(host) else { return };
        if mem::replace(&mut queue.recalled, true) {
            return;
        }
        if queue.with_thread == 0 {
            let tail = mem::take(&mut queue.tail);
            self.in_tails -= tail.len();
            self.ready.push_back(Returned::Jobs(host.clone(), tail));
        } else if let Some(thread) = &self.thread {
            // If the thread has failed, `returned` will tell, and then this host's jobs are told as lost.
            let _ = thread.commands.send(Command::Read(host.clone()));
        }
    }

    /// What comes back next; pending for ever where nothing is asked for. Can be dropped and called again.
    pub(super) async fn returned(&mut self) -> Returned {
        loop {
            if let Some(returned) = self.ready.pop_front() {
                match &returned {
                    Returned::Jobs(host, jobs) => self.forget(host, jobs.len() as u64),
                    Returned::Lost { host, count, .. } => self.forget(host, *count),
                    Returned::Off(_) | Returned::Room => {}
                }
                return returned;
            }
            let Some(thread) = &mut self.thread else { return pending().await };
            match thread.answers.recv().await {
                Some(answer) => self.take(answer),
                None => self.lose_thread(),
            }
        }
    }

    /// Whether jobs can be put; starts the thread.
    fn is_on(&mut self, store: &Arc<Store>) -> bool {
        if self.thread.is_none() && !self.off {
            let (commands, to_obey) = std::sync::mpsc::channel();
            let (to_answer, answers) = mpsc::unbounded_channel();
            let worker = Worker::new(Arc::clone(store), self.open);
            let started = thread::Builder::new().name("flagdl-spill".into());
            match started.spawn(move || worker.run(&to_obey, &to_answer)) {
                Ok(_) => self.thread = Some(Thread { commands, answers }),
                Err(error) => self.turn_off(error),
            }
        }
        !self.off
    }

    /// Puts jobs into their host's tail, which goes to the thread each time that it is a whole block.
    fn gather(&mut self, host: &Host, jobs: Vec<Job>) {
        let mut jobs = jobs.into_iter();
        let mut works = true;
        while let Some(queue) = self.hosts.get_mut(host) {
            // Where the thread has failed, which `returned` will tell, they all stay in the tail.
            let room = if works { BLOCK.saturating_sub(queue.tail.len()) } else { usize::MAX };
            queue.tail.extend(jobs.by_ref().take(room));
            if queue.tail.len() < BLOCK || !works {
                return;
            }
            works = self.write_tail(host);
        }
    }

    /// Short blocks for the longest tails, until half of the memory for them is free: so this is rare.
    fn write_largest_tails(&mut self) {
        let tails = self.hosts.iter().filter(|(_, queue)| !queue.tail.is_empty());
        let mut tails: Vec<_> = tails.map(|(host, queue)| (queue.tail.len(), host.clone())).collect();
        tails.sort_unstable_by_key(|(length, _)| Reverse(*length));
        for (_, host) in tails {
            if self.in_tails <= TAILS / 2 || !self.write_tail(&host) {
                return;
            }
        }
    }

    /// Gives a host's tail to the thread; `false` if that has failed.
    fn write_tail(&mut self, host: &Host) -> bool {
        let (Some(thread), Some(queue)) = (&self.thread, self.hosts.get_mut(host)) else { return false };
        let block = mem::take(&mut queue.tail);
        let count = block.len();
        match thread.commands.send(Command::Write(host.clone(), block)) {
            Ok(()) => {
                queue.with_thread += count as u64;
                self.in_tails -= count;
                self.unwritten += count;
                true
            }
            Err(SendError(command)) => {
                if let Command::Write(_, block) = command {
                    queue.tail = block;
                }
                false
            }
        }
    }

    fn take(&mut self, answer: Answer) {
        self.used = answer.used;
        match answer.done {
            Done::Written(count) => self.catch_up(count),
            Done::Broken(count, error) => {
                self.turn_off(error);
                self.catch_up(count);
            }
            Done::Read(host, jobs) => {
                self.leave_thread(&host, jobs.len() as u64);
                self.ready.push_back(Returned::Jobs(host, jobs));
            }
            Done::Lost(host, count, error) => {
                self.leave_thread(&host, count);
                self.ready.push_back(Returned::Lost { host, count, error });
            }
        }
    }

    fn catch_up(&mut self, count: usize) {
        let was_behind = self.is_behind();
        self.unwritten -= count;
        if was_behind && !self.is_behind() {
            self.ready.push_back(Returned::Room);
        }
    }

    fn turn_off(&mut self, error: io::Error) {
        if !mem::replace(&mut self.off, true) {
            self.ready.push_back(Returned::Off(error));
        }
    }

    /// The thread has ended before its time: it can only have panicked. What it had is lost.
    fn lose_thread(&mut self) {
        let error = || io::Error::other("the thread for it has failed");
        self.thread = None;
        self.used = 0;
        self.turn_off(error());
        self.catch_up(self.unwritten);
        for (host, queue) in self.hosts.iter_mut().filter(|(_, queue)| queue.with_thread > 0) {
            let count = mem::take(&mut queue.with_thread);
            queue.recalled = true;
            self.ready.push_back(Returned::Lost { host: host.clone(), count, error: error() });
        }
    }

    fn leave_thread(&mut self, host: &Host, count: u64) {
        if let Some(queue) = self.hosts.get_mut(host) {
            queue.with_thread -= count;
        }
    }

    /// The jobs are no longer here.
    fn forget(&mut self, host: &Host, count: u64) {
        self.total -= count;
        if let Some(queue) = self.hosts.get_mut(host) {
            queue.recalled = false;
            queue.all -= count;
            if queue.all == 0 {
                self.hosts.remove(host);
            }
        }
    }
}

#[cfg(test)]
mod tests;
