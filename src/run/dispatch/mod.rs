//! The dispatcher: one task that owns all that changes in a run.
//!
//! Promises: the only `select!` in the library is here; a permit is taken before an attempt is started, and given
//! back as soon as its exchange is over, so a job that waits to be retried or written holds none; whatever a task
//! does, even a panic, its jobs are settled, because they stay here while it runs.
//!
//! What surprises: attempts and writes share one `JoinSet`. Stopping is dropping it.
//! How a task's result ends its entries is in `settle`, how a run ends in `ending`.

mod admit;
mod defect;
mod ending;
mod folder;
mod gone;
mod robots;
mod settle;
mod shortage;
mod survey;
mod telling;
mod writing;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use fastrand::Rng;
use tokio::{
    sync::{Semaphore, mpsc},
    task::{Id, JoinSet},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use self::{admit::Gate, robots::Errand, shortage::Shortage, survey::Survey};
use super::{
    Cause, RunError,
    attempt::{Attempted, Setting, Wanted},
    pending::{self, Asks, Pending},
    write::{Saved, Write},
};
use crate::{
    event::{Failure, Outcome, Reporter, Withheld},
    fetch::{Request, Transport},
    ledger::Writer,
    link::Host,
    options::Existing,
    plan::{BATCH, PlanError, Planned},
    schedule::{Limits, Next, Schedule, Ticket},
    stop::{Stop, StopSignal},
    tally::{Summary, Tally},
};

/// Bodies that wait to be written may take this much memory, in bytes, before no further request is started.
const UNWRITTEN: u64 = 32 << 20;

const TICK: Duration = Duration::from_millis(200);

/// What the reading thread says.
#[derive(Debug)]
pub(super) enum Read {
    Batch(Vec<Planned>),
    End,
    Failed(PlanError),
}

/// What a task in the set has done.
#[derive(Debug)]
enum Done {
    Attempt(Attempted),
    Writes(Vec<Result<Saved, Failure>>),
}

/// What the schedule holds.
#[derive(Debug)]
pub(super) enum Work {
    Entry(Box<Pending>),
    Robots(Box<Errand>),
}

/// What is lost if a task fails.
enum Task {
    Attempt(Work, Ticket),
    Writes(Vec<Pending>, u64),
}

pub(super) struct Dispatcher<'a, T> {
    setting: Arc<Setting<T>>,
    /// Jobs that are planned ahead at most.
    window: usize,
    folder: PathBuf,
    /// None before the folder is opened, where there was no ledger before; and none once it has failed.
    ledger: Option<Writer>,
    plan: mpsc::Receiver<Read>,
    stop: StopSignal,
    reporter: &'a mut dyn Reporter,
    permits: Arc<Semaphore>,
    schedule: Schedule<Host, Work>,
    gate: Gate,
    tasks: JoinSet<Done>,
    running: HashMap<Id, Task>,
    attempts_in_flight: usize,
    /// Bodies that no writer has yet.
    unwritten: Vec<(Pending, Write)>,
    /// What of bodies is in memory and not yet written, in bytes.
    unwritten_bytes: u64,
    writers: usize,
    given_up: Arc<AtomicBool>,
    rng: Rng,
    tally: Tally,
    begun: Instant,
    read: u64,
    all_read: bool,
    /// Whether entries may be missing although there will be no more.
    cut_short: bool,
    /// From the first entry until it is known who there is.
    survey: Option<Survey>,
    shortage: Shortage,
    /// Bytes that had come at the last tick.
    received: u64,
    /// Whether it has been told that nobody can be reached.
    network_told: bool,
    stopped: Stop,
    /// When what is in flight has had its time, once the run is drained.
    grace_ends: Option<Instant>,
    failed: Option<Cause>,
    /// One more of these for each part of a body that is kept.
    places: Arc<()>,
    /// Files that were here, and about which their servers have answered.
    asked_about: u64,
    deleted: u64,
    withheld: Option<Withheld>,
}

impl<'a, T: Transport> Dispatcher<'a, T> {
    pub(super) fn new(
        setting: Arc<Setting<T>>,
        window: usize,
        folder: PathBuf,
        ledger: Option<Writer>,
        plan: mpsc::Receiver<Read>,
        stop: StopSignal,
        reporter: &'a mut dyn Reporter,
    ) -> Self {
        let options = &setting.options;
        let limits = Limits {
            per_host: Survey::per_host(options),
            host_pace: options.pace(options.rate),
            run_pace: options.pace(options.total_rate),
            jitter: options.jitter,
            adaptive: options.adaptive,
            breaker: options.breaker,
            patience: options.retries > 0,
            max_retry_after: options.max_retry_after,
        };
        let mut rng = options.seed.map_or_else(Rng::new, Rng::with_seed);
        Self {
            window,
            folder,
            ledger,
            plan,
            reporter,
            permits: Arc::new(Semaphore::new(options.concurrency.get().min(Semaphore::MAX_PERMITS))),
            schedule: Schedule::new(limits, rng.fork()),
            gate: Gate::new(),
            tasks: JoinSet::new(),
            running: HashMap::new(),
            attempts_in_flight: 0,
            unwritten: Vec::new(),
            unwritten_bytes: 0,
            writers: 0,
            given_up: Arc::default(),
            rng,
            tally: Tally::default(),
            begun: Instant::now(),
            read: 0,
            all_read: false,
            cut_short: false,
            survey: None,
            shortage: Shortage::none(),
            received: 0,
            network_told: false,
            stopped: Stop::Run,
            grace_ends: None,
            failed: None,
            places: Arc::default(),
            asked_about: 0,
            deleted: 0,
            withheld: None,
            stop,
            setting,
        }
    }

    pub(super) async fn run(mut self) -> Result<Summary, RunError> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        self.stop_at_least(self.stop.now());
        loop {
            self.open_folder().await;
            if self.is_over() {
                break;
            }
            self.end_survey();
            self.last_pass();
            let wake = self.start().into_iter().chain(self.survey.as_ref().map(Survey::wake)).min();
            self.write();
            self.make_room();
            let behind = self.ledger_is_behind();
            tokio::select! {
                stop = self.stop.changed() => self.stop_at_least(stop),
                Some(done) = self.tasks.join_next_with_id() => self.settle_all(done),
                read = self.plan.recv(), if self.wants_more() && !behind => self.take(read),
                returned = self.gate.spill.returned(), if !behind => self.take_back(returned),
                caught = folder::catch_up(&mut self.ledger), if behind => self.caught_up(caught),
                () = sleep_until(wake.unwrap_or(self.begun)), if wake.is_some() => self.end_grace(),
                _ = ticks.tick(), if self.read > 0 => self.report_progress(),
            }
        }
        self.give_up().await;
        self.count_the_rest().await;
        self.delete_gone().await;
        self.close_ledger().await;
        self.finish()
    }

    /// Starts all that may start; tells when something may next, if that is only a matter of time.
    fn start(&mut self) -> Option<Instant> {
        if self.stopped > Stop::Run {
            return self.grace_ends;
        }
        while self.has_room_for_bodies() && !self.ledger_is_behind() {
            let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
            let now = Instant::now();
            if let Some(until) = self.shortage.pause(now) {
                return Some(until);
            }
            if !self.shortage.leaves_room_for(self.attempts_in_flight) {
                return None;
            }
            let (mut work, ticket) = match self.schedule.next(now.into_std()) {
                Next::Start(work, ticket) => (work, ticket),
                Next::Wait(until) => return Some(Instant::from_std(until)),
                Next::Nothing => return None,
            };
            self.tally.requests += 1;
            let setting = Arc::clone(&self.setting);
            let mut partial = None;
            let (request, wanted) = match &mut work {
                Work::Entry(pending) => {
                    pending.start(now);
                    let is_update = setting.options.existing == Existing::Update;
                    let (headers, asks) = pending.question(setting.options.headers.as_ref(), is_update);
                    partial = pending.partial.take_if(|_| asks == Asks::Rest).map(|kept| kept.partial);
                    let if_changed = asks == Asks::IfChanged;
                    let name = pending.job().path.clone();
                    let request = Request { link: pending.link().clone(), headers, reach: pending.reach() };
                    (request, Wanted::File { name, if_changed })
                }
                Work::Robots(errand) => {
                    let headers = setting.options.headers.clone().filter(|_| errand.is_trusted);
                    (Request { link: errand.link.clone(), headers, reach: errand.reach }, Wanted::Robots)
                }
            };
            let host = request.link.host().clone();
            // In a box, since a task's future is moved several times before it runs, and this one has kilobytes.
            let task = self.tasks.spawn(Box::pin(async move {
                let attempted = setting.attempt(request, wanted, partial).await;
                drop(permit);
                Done::Attempt(attempted)
            }));
            self.attempts_in_flight += 1;
            self.running.insert(task.id(), Task::Attempt(work, ticket));
            self.refill(&host);
        }
        None
    }

    /// One more turn at the end for what hosts' budgets did not allow.
    fn last_pass(&mut self) {
        // Where they fill the window, it is now or never.
        let is_time = self.all_read || self.schedule.waiting() + BATCH > self.window;
        if !is_time || !self.schedule.is_down_to_put_off() {
            return;
        }
        for work in self.schedule.last_pass(Instant::now().into_std()) {
            if let Work::Entry(pending) = work {
                self.end_as_it_failed(*pending);
            }
        }
    }

    /// Gives each host its whole limit as soon as it is known who there is, and who answers.
    fn end_survey(&mut self) {
        let Some(survey) = &self.survey else { return };
        let seen = !self.wants_more() || survey.is_stalled();
        if seen && !self.schedule.is_undecided() || survey.is_over() {
            self.survey = None;
            self.schedule.limit_hosts(self.setting.options.per_host(), Instant::now().into_std());
        }
    }

    fn is_over(&self) -> bool {
        let done = self.running.is_empty() && self.unwritten.is_empty();
        self.stopped == Stop::Abort
            || done
                && (self.stopped == Stop::Drain
                    || self.all_read && self.schedule.waiting() == 0 && self.gate.spill.total() == 0)
    }

    fn wants_more(&self) -> bool {
        !self.all_read && self.schedule.waiting() + BATCH <= self.window && !self.gate.spill.is_behind()
    }

    fn take(&mut self, read: Option<Read>) {
        let batch = match read {
            Some(Read::Batch(batch)) => batch,
            Some(Read::End) => return self.all_read = true,
            Some(Read::Failed(error)) => return self.lose_list(error.into()),
            None => return self.lose_list(Cause::Reader(std::io::ErrorKind::BrokenPipe.into())),
        };
        match &mut self.survey {
            Some(survey) => survey.last_read = Instant::now(),
            None if self.read == 0 => self.survey = Some(Survey::new()),
            None => {}
        }
        for planned in batch {
            self.read += 1;
            match planned {
                Planned::Here(job) => self.end(pending::untried(job, Outcome::Skipped), None),
                Planned::Adopted(job, file) => self.end(pending::untried(job, Outcome::Skipped), Some(file)),
                Planned::Missing(job) => self.end(pending::untried(job, Outcome::NotFound), None),
                Planned::Duplicate(job) => self.end(pending::untried(job, Outcome::Duplicate), None),
                Planned::Invalid(entry, error) => self.end(pending::invalid(entry, error), None),
                Planned::Job(job) if self.stopped > Stop::Run => self.leave(Pending::new(job)),
                Planned::Job(job) => self.admit_new(Pending::new(job)),
            }
        }
    }
}
