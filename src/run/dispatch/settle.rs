//! What becomes of an entry when one of its tasks is done: its end, its file, its next hop or its next attempt.
//!
//! Promises: [`Dispatcher::end`] is the one place where an entry ends, counted, reported and noted once; nothing is held
//! against an entry when it is the machine that fails.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::{Id, JoinError},
    time::Instant,
};

use super::{Dispatcher, Done, Task, Work, admit::Turn, defect, telling::held_host};
use crate::{
    event::{Ended, Event, Failure, HostDown, Outcome, RedirectError, shown},
    fetch::Transport,
    ledger::{StoredFile, Validators},
    options::Existing,
    run::{
        attempt::{Answer, Attempted},
        deadlines::after,
        hearing,
        pending::{self, Kept, Pending},
        write::{Saved, Write},
    },
    schedule::{
        Finding, Heard, Kind, Ticket,
        retry::{self, Cost},
    },
    stop::Stop,
};

/// Parts of cut bodies that are kept at most: each is an open file.
const MOST_KEPT: usize = 16;

impl<T: Transport> Dispatcher<'_, T> {
    /// Settles a task, and all others that have ended by now.
    pub(super) fn settle_all(&mut self, done: Result<(Id, Done), JoinError>) {
        let mut next = Some(done);
        while let Some(done) = next {
            self.settle(done);
            next = self.tasks.try_join_next_with_id();
        }
    }

    pub(super) fn settle(&mut self, done: Result<(Id, Done), JoinError>) {
        let (id, done) = match done {
            Ok((id, done)) => (id, Ok(done)),
            Err(error) => (error.id(), Err(error)),
        };
        match self.running.remove(&id) {
            Some(Task::Attempt(work, ticket)) => {
                self.attempts_in_flight -= 1;
                match done {
                    Ok(Done::Attempt(attempted)) => self.settle_attempted(work, ticket, attempted),
                    other => {
                        let heard = Heard::only(Kind::Nothing);
                        self.schedule.finish(ticket, heard, Instant::now().into_std());
                        self.settle_lost(work, other);
                    }
                }
            }
            Some(Task::Writes(batch, bytes)) => {
                self.writers -= 1;
                self.unwritten_bytes -= bytes;
                match done {
                    Ok(Done::Writes(results)) => {
                        let mut results = results.into_iter();
                        for pending in batch {
                            match results.next() {
                                Some(result) => self.settle_write(pending, result),
                                None => self.leave(pending),
                            }
                        }
                    }
                    Err(error) if error.is_cancelled() => batch.into_iter().for_each(|pending| self.leave(pending)),
                    other => {
                        let text = defect::in_words(other);
                        for pending in batch {
                            self.end_in_error(pending, Failure::Bug(text.clone()));
                        }
                    }
                }
            }
            None => {}
        }
    }

    /// An attempt whose task has failed: given up, or a defect.
    fn settle_lost(&mut self, work: Work, done: Result<Done, JoinError>) {
        let given_up = matches!(&done, Err(error) if error.is_cancelled());
        match work {
            Work::Entry(pending) if given_up => self.leave(*pending),
            Work::Entry(pending) => self.end_in_error(*pending, Failure::Bug(defect::in_words(done))),
            Work::Robots(_) if given_up => {}
            Work::Robots(errand) => self.robots_are_unreachable(&errand.of, defect::in_words(done).into()),
        }
    }

    fn settle_attempted(&mut self, mut work: Work, ticket: Ticket, attempted: Attempted) {
        let now = Instant::now().into_std();
        let (host, first) = match &work {
            Work::Entry(pending) => (pending.host().clone(), pending.is_first()),
            Work::Robots(errand) => (errand.link.host().clone(), false),
        };
        let mut heard = hearing::heard(&attempted, first);
        if let (Work::Entry(pending), Err(failure)) = (&mut work, &attempted.answer)
            && hearing::is_idle_race(failure)
            && self.schedule.has_answered(&host)
            && pending.take_free_attempt()
        {
            heard.kind = Kind::Lost;
        }
        let finding = self.schedule.finish(ticket, heard, now);
        if attempted.status.is_some() {
            self.shortage.answered();
        }
        let cause = match (&attempted.answer, finding.hold.is_some() || finding.down.is_some()) {
            (Err(failure), true) => failure.to_string(),
            _ => String::new(),
        };
        if let Some(hold) = finding.hold {
            let held = held_host(host.clone(), hold, now);
            self.report(&Event::Held { held: &held, cause: &cause });
        }
        if let Some(down) = finding.down {
            let class = attempted.answer.as_ref().err().map(Failure::class).unwrap_or_default();
            self.give_up_host(&host, down, &cause, class);
        }
        match work {
            Work::Entry(mut pending) => {
                pending.status = attempted.status;
                if let Some(partial) = attempted.partial
                    && Arc::strong_count(&self.places) <= MOST_KEPT
                    && pending.keep(Kept { partial, place: Arc::clone(&self.places) })
                    && finding.charged
                {
                    pending.forgive();
                }
                self.settle_answer(pending, attempted.answer, attempted.advice.wait, finding);
            }
            Work::Robots(errand) => {
                let is_only_short = attempted.answer.as_ref().is_err_and(|failure| self.is_only_short(failure));
                self.settle_robots(*errand, attempted, finding.charged && !is_only_short);
            }
        }
    }

    fn settle_answer(
        &mut self,
        mut pending: Box<Pending>,
        answer: Result<Answer, Failure>,
        wait: Option<Duration>,
        finding: Finding,
    ) {
        match answer {
            Ok(Answer::Body { content, measured, mut file, digests }) => {
                if pending.is_redirected() {
                    file.validators = Validators::default();
                }
                self.unwritten_bytes += content.held();
                let (path, checksum) = (pending.job().path.clone(), pending.job().entry.sha256);
                let is_update = self.setting.options.existing == Existing::Update;
                let known = pending.job().before.as_ref().and_then(|before| before.sha256).filter(|_| is_update);
                self.unwritten.push((*pending, Write { content, path, measured, file, digests, checksum, known }));
            }
            Ok(Answer::NotFound) => self.end(pending.end(Outcome::NotFound, None, Instant::now()), None),
            Ok(Answer::Unchanged) => self.end(pending.end(Outcome::Unchanged, None, Instant::now()), None),
            Ok(Answer::Redirect(target, reach)) => match pending.follow(target, reach) {
                Ok(()) if self.stopped > Stop::Run => self.leave(*pending),
                Ok(()) => {
                    // "The minimum time … before issuing the redirected request" (RFC 9110 §10.2.3).
                    let wait = wait.unwrap_or_default();
                    if wait > self.setting.options.max_retry_after {
                        self.end_in_error(*pending, RedirectError::TooLate(wait).into());
                    } else {
                        self.admit(pending, if wait.is_zero() { Turn::Next } else { Turn::At(after(wait)) });
                    }
                }
                Err(error) => self.end_in_error(*pending, error.into()),
            },
            Ok(Answer::Robots(_)) => self.end_in_error(*pending, Failure::Bug("a robots.txt for an image".into())),
            Err(failure) => {
                if !finding.charged {
                    pending.forgive();
                }
                self.settle_failure(pending, failure, finding.cost);
            }
        }
    }

    fn settle_write(&mut self, pending: Pending, result: Result<Saved, Failure>) {
        let now = Instant::now();
        match result {
            Ok(Saved::Written(file)) => self.end(pending.end_saved(&file, now), Some(file)),
            Ok(Saved::Same(file)) => self.end(pending.end(Outcome::Unchanged, None, now), Some(file)),
            Err(failure) => self.settle_failure(Box::new(pending), failure, Cost::Whole),
        }
    }

    /// Another attempt, or the end; nothing is held against an entry when it is the machine that fails.
    fn settle_failure(&mut self, mut pending: Box<Pending>, failure: Failure, cost: Cost) {
        let failure = match failure {
            Failure::Store(error) if error.is_fatal() => {
                self.leave(*pending);
                return self.fail(error.into());
            }
            failure => failure,
        };
        let host = pending.host().clone();
        let retries = self.setting.options.retries;
        let is_only_short = self.is_only_short(&failure);
        if is_only_short {
            pending.forgive();
        }
        let is_free = cost == Cost::Free;
        // Nobody was asked where this machine fell short, so what then follows is no further attempt.
        let is_spent = !is_only_short && !is_free && (retries == 0 || pending.held_against() > retries);
        if is_spent || !failure.is_transient() {
            return self.end_in_error(*pending, failure);
        }
        if self.stopped > Stop::Run {
            return self.leave(*pending);
        }
        let home = pending.job().link.host().clone();
        if self.gate.down.contains_key(&home) {
            pending.failure = Some(failure);
            return self.end_as_it_failed(*pending);
        }
        let cost = if is_only_short { Cost::Nothing } else { cost };
        // Where the host asked for patience it is the host that waits, not the entry.
        let wait = if hearing::is_pushback(&failure) || is_free {
            Duration::ZERO
        } else {
            retry::backoff(pending::first_wait(&failure), pending.failures(), self.rng.f64())
        };
        let now = Instant::now();
        // What the budget does not allow now has no time yet.
        let told = self.schedule.affords(&home, cost).then(|| wait.max(self.schedule.hold_of(&host, now.into_std())));
        let job = pending.job();
        let entry = shown(&job.entry, Some(&job.link)).into_owned();
        self.report(&Event::Retry { entry: &entry, failure: &failure, wait: told, attempt: pending.attempts });
        pending.failure = Some(failure);
        pending.start_over();
        let (work, now) = (Work::Entry(pending), now.into_std());
        let again = if is_free {
            self.schedule.retry_next(&home, work, now)
        } else {
            self.schedule.retry(&home, work, now + wait, cost)
        };
        if let Err(Work::Entry(pending)) = again {
            self.end_as_it_failed(*pending);
        }
    }

    /// Ends an entry for which there will be no further attempt: with what its host has said, or as its last one failed.
    pub(super) fn end_as_it_failed(&mut self, mut pending: Pending) {
        let told = self.gate.down.get(pending.host()).filter(|down| matches!(down, HostDown::Told { .. })).cloned();
        let failure = told.map(Failure::from).or_else(|| pending.failure.take());
        let failure = failure.unwrap_or_else(|| Failure::Bug("a retry without a failure".into()));
        self.end_in_error(pending, failure);
    }

    pub(super) fn end_in_error(&mut self, pending: Pending, failure: Failure) {
        self.end(pending.end(Outcome::Error, Some(failure), Instant::now()), None);
    }

    pub(super) fn leave(&mut self, pending: Pending) {
        self.end(pending.end(Outcome::Left, None, Instant::now()), None);
    }

    /// The one place where an entry ends: counted, reported and noted once.
    pub(super) fn end(&mut self, ended: Ended, saved: Option<Box<StoredFile>>) {
        self.tally.add(&ended);
        let is_answered = matches!(ended.outcome, Outcome::Ok | Outcome::Unchanged | Outcome::NotFound);
        self.asked_about += u64::from(is_answered && ended.had_file);
        self.report(&Event::Ended(&ended));
        self.note(ended, saved);
    }
}
