//! What becomes of an entry when one of its tasks is done: its end, its file, its next hop or its next attempt.
//!
//! Promises: [`Dispatcher::end`] is the one place where an entry ends, counted and reported once; nothing is held
//! against an entry when it is the machine that fails.

use tokio::{
    task::{Id, JoinError},
    time::Instant,
};

use super::{Dispatcher, Done, Task};
use crate::{
    event::{Ended, Event, Failure, Outcome, shown},
    fetch::Transport,
    run::{
        attempt::{Answer, Attempted},
        pending::{self, Pending},
        write::Write,
    },
    schedule::retry,
    stop::Stop,
};

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
            Some(Task::Attempt(mut pending, ticket)) => {
                self.attempts_in_flight -= 1;
                let answered = matches!(&done, Ok(Done::Attempt(attempted)) if is_answered(&attempted.answer));
                self.schedule.finish(ticket, answered, Instant::now().into_std());
                match done {
                    Ok(Done::Attempt(Attempted { status, answer })) => {
                        pending.status = status;
                        self.settle_attempt(pending, answer);
                    }
                    Err(error) if error.is_cancelled() => self.leave(*pending),
                    other => self.end_in_error(*pending, Failure::Bug(panic_text(other))),
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
                        let text = panic_text(other);
                        for pending in batch {
                            self.end_in_error(pending, Failure::Bug(text.clone()));
                        }
                    }
                }
            }
            None => {}
        }
    }

    fn settle_attempt(&mut self, mut pending: Box<Pending>, answer: Result<Answer, Failure>) {
        match answer {
            Ok(Answer::Body { content, measured }) => {
                self.unwritten_bytes += content.held();
                let path = pending.job().path.clone();
                self.unwritten.push((*pending, Write { content, path, measured }));
            }
            Ok(Answer::NotFound) => self.end(&pending.end(Outcome::NotFound, 0, None, Instant::now())),
            Ok(Answer::Redirect(target)) => match pending.follow(target) {
                Ok(()) if self.stopped > Stop::Run => self.leave(*pending),
                Ok(()) => {
                    let host = pending.host().clone();
                    self.schedule.push_front(&host, pending, Instant::now().into_std());
                }
                Err(error) => self.end_in_error(*pending, error.into()),
            },
            Err(failure) => self.settle_failure(*pending, failure),
        }
    }

    fn settle_write(&mut self, pending: Pending, result: Result<u64, Failure>) {
        match result {
            Ok(bytes) => self.end(&pending.end(Outcome::Ok, bytes, None, Instant::now())),
            Err(failure) => self.settle_failure(pending, failure),
        }
    }

    /// Another attempt, or the end; nothing is held against an entry when it is the machine that fails.
    fn settle_failure(&mut self, mut pending: Pending, failure: Failure) {
        match failure {
            Failure::Store(error) if error.is_fatal() => {
                self.leave(pending);
                self.fail(error.into());
            }
            failure if !failure.is_transient() || pending.attempts > self.setting.options.retries => {
                self.end_in_error(pending, failure);
            }
            _ if self.stopped > Stop::Run => self.leave(pending),
            failure => {
                let wait = retry::backoff(pending::first_wait(&failure), pending.attempts, self.rng.f64());
                let job = pending.job();
                let entry = shown(&job.entry, Some(&job.link)).into_owned();
                self.report(&Event::Retry { entry: &entry, failure: &failure, wait, attempt: pending.attempts });
                pending.start_over();
                let host = pending.host().clone();
                self.schedule.push_at(&host, Box::new(pending), (Instant::now() + wait).into_std());
            }
        }
    }

    fn end_in_error(&mut self, pending: Pending, failure: Failure) {
        self.end(&pending.end(Outcome::Error, 0, Some(failure), Instant::now()));
    }

    pub(super) fn leave(&mut self, pending: Pending) {
        self.end(&pending.end(Outcome::Left, 0, None, Instant::now()));
    }

    /// The one place where an entry ends: counted and reported once.
    pub(super) fn end(&mut self, ended: &Ended) {
        self.tally.add(ended);
        self.report(&Event::Ended(ended));
    }
}

/// Whether the server has said anything at all.
fn is_answered(answer: &Result<Answer, Failure>) -> bool {
    !matches!(answer, Err(Failure::Fetch(_) | Failure::Timeout(_)))
}

/// What a task has to say that ended as it should not.
fn panic_text(done: Result<Done, JoinError>) -> String {
    match done {
        Ok(_) => "a task has done another's work".to_owned(),
        Err(error) => error.to_string(),
    }
}
