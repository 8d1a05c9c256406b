//! How a run ends: drained, given up, failed, or done; and the counts of it.
//!
//! Promises: whatever has not ended by itself is left, and counted as that; the lists are read on, as long as that
//! goes quickly, so that the counts add up to all entries.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::{Dispatcher, Task, Work};
use crate::{
    event::Event,
    fetch::Transport,
    run::{Cause, RunError, deadlines::after, pending::Pending, spill::Returned},
    stop::Stop,
    tally::Summary,
};

/// How long a run that is given up waits for what cannot be given up.
const PATIENCE: Duration = Duration::from_millis(100);

impl<T: Transport> Dispatcher<'_, T> {
    pub(super) fn fail(&mut self, cause: Cause) {
        self.failed.get_or_insert(cause);
        self.stopped = Stop::Abort;
    }

    /// Knows no more of the lists, and fails in the end. Where only a list cannot be read any further, what was read of it
    /// is gone on with.
    pub(super) fn lose_list(&mut self, cause: Cause) {
        (self.all_read, self.cut_short) = (true, true);
        if matches!(cause, Cause::List(_)) {
            self.failed.get_or_insert(cause);
        } else {
            self.fail(cause);
        }
    }

    pub(super) fn stop_at_least(&mut self, stop: Stop) {
        if stop <= self.stopped {
            return;
        }
        if self.stopped == Stop::Run {
            self.grace_ends = Some(after(self.setting.options.grace));
            self.report(&Event::Draining(self.attempts_in_flight));
        }
        self.stopped = self.stopped.max(stop);
        for pending in self.drain_schedule() {
            self.leave(pending);
        }
    }

    fn drain_schedule(&mut self) -> Vec<Pending> {
        let entry = |work| match work {
            Work::Entry(pending) => Some(*pending),
            Work::Robots(_) => None,
        };
        self.schedule.drain().into_iter().filter_map(entry).collect()
    }

    pub(super) fn end_grace(&mut self) {
        if self.grace_ends.is_some_and(|end| end <= Instant::now()) {
            self.stopped = Stop::Abort;
        }
    }

    /// Gives up whatever has not ended. A write cannot be given up, so those under way are waited for.
    pub(super) async fn give_up(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
        self.tasks.abort_all();
        let end = Instant::now() + PATIENCE;
        while let Ok(Some(done)) = timeout_at(end, self.tasks.join_next_with_id()).await {
            self.settle(done);
        }
        let running = std::mem::take(&mut self.running).into_values().flat_map(|task| match task {
            Task::Attempt(Work::Entry(pending), _) => vec![*pending],
            Task::Attempt(Work::Robots(_), _) => Vec::new(),
            Task::Writes(batch, _) => batch,
        });
        let running: Vec<_> = running.collect();
        let unwritten = std::mem::take(&mut self.unwritten).into_iter().map(|(pending, _)| pending);
        let all: Vec<_> = running.into_iter().chain(unwritten).chain(self.drain_schedule()).collect();
        for pending in all {
            self.leave(pending);
        }
    }

    /// Reads the lists on after a stop, as long as that goes quickly, so that the counts add up to all entries.
    pub(super) async fn count_the_rest(&mut self) {
        let patience = if self.stopped == Stop::Abort { PATIENCE } else { 20 * PATIENCE };
        let end = Instant::now() + patience;
        while !self.all_read && !matches!(self.failed, Some(Cause::Report(_))) {
            let idle = Instant::now() + Duration::from_millis(50);
            let Ok(read) = timeout_at(idle.min(end), self.plan.recv()).await else { break };
            self.take(read);
        }
        self.count_the_spilled(patience).await;
    }

    /// Gets back what waits on disk, to be told entry by entry.
    async fn count_the_spilled(&mut self, patience: Duration) {
        let end = Instant::now() + patience;
        for host in self.gate.spill.hosts().cloned().collect::<Vec<_>>() {
            self.gate.spill.recall(&host);
        }
        while self.gate.spill.total() > 0
            && !matches!(self.failed, Some(Cause::Report(_) | Cause::Spill(_)))
            && let Ok(returned) = timeout_at(end, self.gate.spill.returned()).await
        {
            let host = if let Returned::Jobs(host, _) = &returned { Some(host.clone()) } else { None };
            self.take_back(returned);
            if let Some(host) = host {
                self.gate.spill.recall(&host);
            }
            if Instant::now() >= end {
                return;
            }
        }
    }

    pub(super) fn finish(self) -> Result<Summary, RunError> {
        let cut_short = self.cut_short || matches!(self.failed, Some(Cause::Reader(_) | Cause::Spill(_)));
        let all_read = self.all_read && !cut_short && self.gate.spill.total() == 0;
        let hosts = self.schedule.worst(Instant::now().into_std());
        let (deleted, withheld) = (self.deleted, self.withheld);
        let summary = Summary { tally: self.tally, elapsed: self.begun.elapsed(), hosts, deleted, withheld, all_read };
        match self.failed {
            None => Ok(summary),
            Some(cause) => Err(RunError { summary: Box::new(summary), cause }),
        }
    }
}
