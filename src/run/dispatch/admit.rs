//! Into the schedule, past all that may keep an entry out: a host that is given up, its robots.txt, a full window.
//!
//! Promises: a host that cannot go on for long does not keep the others' entries out of the window: what it has no
//! use for now waits on disk, in its order; each host's robots.txt is asked for once, before anything else.

use std::{borrow::Cow, collections::HashMap, sync::Arc, time::Duration};

use tokio::time::Instant;
use url::Position;

use super::{Dispatcher, Work, robots::Robots};
use crate::{
    event::{Event, HostDown, RobotsError},
    fetch::Transport,
    link::Host,
    plan::Job,
    run::{
        Cause,
        clock::wall_clock,
        pending::Pending,
        spill::{Returned, Spill},
    },
    schedule::Down,
    stop::Stop,
};

/// A host with fewer jobs than this in its queue gets back what it has on disk, and so many stay when others leave.
const LOW: usize = 64;

/// Where nothing could leave the window, it is looked through again after this.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A host that gets nothing for so long has no use for its part of the window.
const LONG: Duration = Duration::from_secs(1);

/// What keeps entries out of the schedule.
pub(super) struct Gate {
    pub(super) down: HashMap<Host, HostDown>,
    pub(super) robots: HashMap<Host, Robots>,
    pub(super) spill: Spill,
    /// When the window is next looked through for what may leave it.
    look: Option<Instant>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { down: HashMap::new(), robots: HashMap::new(), spill: Spill::new(), look: None }
    }
}

/// When an entry may start.
#[derive(Debug, Clone, Copy)]
pub(super) enum Turn {
    /// Behind those of its host that wait.
    Last,
    /// Before them.
    Next,
    /// Behind those that wait then.
    At(Instant),
}

impl<T: Transport> Dispatcher<'_, T> {
    /// Puts an entry into the schedule, or ends it where its host wants none of it.
    pub(super) fn admit(&mut self, pending: Box<Pending>, turn: Turn) {
        let host = pending.host().clone();
        if self.gate.down.contains_key(&host) {
            return self.end_with_its_host(Work::Entry(pending), &host);
        }
        if let Err(error) = self.robots_allow(&host, &pending) {
            return self.end_in_error(*pending, error.into());
        }
        // What is not yet known to be allowed must wait in the queue, which is gone through again when it is.
        let is_asked = matches!(self.gate.robots.get(&host), Some(Robots::Asked));
        let turn = if is_asked { Turn::Last } else { turn };
        let now = Instant::now().into_std();
        let work = Work::Entry(pending);
        let taken = match turn {
            Turn::Last => self.schedule.push(&host, work, now),
            Turn::Next => self.schedule.push_front(&host, work, now),
            Turn::At(due) => self.schedule.push_at(&host, work, due.into_std()),
        };
        if let Err((work, _)) = taken {
            self.end_with_its_host(work, &host);
        }
    }

    fn admit_all(&mut self, jobs: Vec<Job>) {
        for job in jobs {
            self.admit(Box::new(Pending::new(job)), Turn::Last);
        }
    }

    /// Admits an entry that comes from the list: behind those of its host that wait on disk, if any do.
    pub(super) fn admit_new(&mut self, pending: Pending) {
        let pending = Box::new(pending);
        if self.gate.spill.of(pending.host()) > 0
            && let Some(store) = self.setting.store.get()
        {
            let host = pending.host().clone();
            if let Err(jobs) = self.gate.spill.put(store, &host, vec![pending.into_job()]) {
                self.admit_all(jobs);
            }
            return;
        }
        self.admit(pending, Turn::Last);
    }

    fn robots_allow(&mut self, host: &Host, pending: &Pending) -> Result<(), RobotsError> {
        if !self.setting.options.robots {
            return Ok(());
        }
        match self.gate.robots.get(host) {
            None => {
                self.ask_for_robots(host, pending.job().link.host() == host, pending.reach());
                Ok(())
            }
            Some(Robots::Asked) => Ok(()),
            Some(Robots::Rules(rules)) => {
                let url = pending.link().url();
                let allowed = rules.allows(&url[Position::BeforePath..Position::AfterQuery]);
                if allowed { Ok(()) } else { Err(RobotsError::Disallowed) }
            }
            Some(Robots::Unreachable(cause)) => Err(RobotsError::Unreachable(Arc::clone(cause))),
        }
    }

    /// Ends what was meant for a host that is given up.
    pub(super) fn end_with_its_host(&mut self, work: Work, host: &Host) {
        let down = self.gate.down.get(host).cloned();
        let down = down.unwrap_or_else(|| HostDown::Failing("nothing more is asked of it".into()));
        match work {
            Work::Entry(pending) => self.end_in_error(*pending, down.into()),
            Work::Robots(errand) => self.robots_are_unreachable(&errand.of, down.to_string().into()),
        }
    }

    /// Asks nothing more of a host, and ends what waits for it.
    pub(super) fn give_up_host(&mut self, host: &Host, down: Down, cause: &str, class: Cow<'static, str>) {
        let options = &self.setting.options;
        let down = match down {
            Down::Told(wait) => {
                let until = httpdate::fmt_http_date(wall_clock() + wait);
                HostDown::Told { until: until.into(), most: options.max_retry_after }
            }
            Down::Failing => HostDown::Failing(cause.into()),
            Down::Hopeless => HostDown::Hopeless { class, cause: cause.into() },
        };
        self.report(&Event::GivenUp { host, reason: &down });
        self.gate.down.insert(host.clone(), down);
        for work in self.schedule.take_all(host, Instant::now().into_std()) {
            self.end_with_its_host(work, host);
        }
        self.gate.spill.recall(host);
    }

    /// Makes room in a full window: what waits for a host that gets nothing for [`LONG`] goes to the disk, and where
    /// places are free that nobody can use, also what waits for any other.
    pub(super) fn make_room(&mut self) {
        let now = Instant::now();
        // In a run's first moments hosts have few places by our own doing.
        let is_early = self.survey.is_some();
        // Places may also be free because the disk or the ledger is behind, and not because nobody can use them.
        let is_behind = !self.has_room_for_bodies() || self.ledger_is_behind();
        let is_busy = is_early || is_behind || self.all_read || self.wants_more() || !self.gate.spill.takes_more();
        if is_busy || self.gate.look.is_some_and(|look| now < look) {
            return;
        }
        let open = (self.permits.available_permits() == 0).then(|| (now + LONG).into_std());
        let is_fresh = |work: &Work| matches!(work, Work::Entry(pending) if pending.is_fresh());
        // First of hosts that have nothing on disk yet, so that each one's entries stay in their order.
        let spill = &self.gate.spill;
        let moved = self.schedule.overflow(open, LOW, |host| spill.of(host) == 0, is_fresh);
        let moved = moved.or_else(|| self.schedule.overflow(open, LOW, |_| true, is_fresh));
        let moved = moved.or_else(|| self.schedule.overflow(open, 1, |_| true, is_fresh));
        let (Some(store), Some((host, moved))) = (self.setting.store.get(), moved) else {
            self.gate.look = Some(now + LOOK_AGAIN);
            return;
        };
        let jobs = moved.into_iter().filter_map(|work| match work {
            Work::Entry(pending) => Some(pending.into_job()),
            Work::Robots(_) => None,
        });
        if let Err(jobs) = self.gate.spill.put(store, &host, jobs.collect()) {
            // The disk takes no more: the window stays full, and reading the list waits.
            self.admit_all(jobs);
        }
    }

    /// Gets back what a host has on disk when it is about to run out of jobs.
    pub(super) fn refill(&mut self, host: &Host) {
        if self.gate.spill.total() > 0 && self.schedule.queued_at(host) < LOW {
            self.gate.spill.recall(host);
        }
    }

    /// Takes what has come back from the disk.
    pub(super) fn take_back(&mut self, returned: Returned) {
        match returned {
            Returned::Jobs(_, jobs) if self.stopped > Stop::Run => {
                for job in jobs {
                    self.leave(Pending::new(job));
                }
            }
            Returned::Jobs(host, jobs) => {
                self.admit_all(jobs);
                // A host that takes them all at once, by ending them, wants the next ones.
                if self.schedule.queued_at(&host) == 0 {
                    self.gate.spill.recall(&host);
                }
            }
            Returned::Lost { error, .. } => self.fail(Cause::Spill(error)),
            Returned::Off(error) => self.report(&Event::Cramped(&error)),
            Returned::Room => {}
        }
    }
}
