//! The dispatcher: one task that owns all that changes in a run.
//!
//! Promises: the only `select!` in the library is here; a permit is taken before an attempt is started, and given
//! back as soon as its exchange is over, so a job that waits to be retried or written holds none; whatever a task
//! does, even a panic, its jobs are settled, because they stay here while it runs.
//!
//! What surprises: attempts and writes share one `JoinSet`. Stopping is dropping it.
//! How a task's result ends its entries is in `settle`, how a run ends in `ending`.

mod ending;
mod settle;
mod survey;

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

use self::survey::Survey;
use super::{
    Cause, RunError,
    attempt::{Attempted, Setting},
    pending::{self, Pending},
    write::{Write, write_all},
};
use crate::{
    event::{Event, Failure, Progress, Reporter},
    fetch::Transport,
    link::Host,
    list::ListError,
    plan::{BATCH, Planned},
    schedule::{Limits, Next, Schedule, Ticket},
    stop::{Stop, StopSignal},
    store::Store,
    tally::{Summary, Tally},
};

/// Jobs that are planned ahead: enough to find work for every host, few enough for their memory to be small.
const WINDOW: usize = 16 * 1024;

/// Bodies that wait to be written may take this much memory, in bytes, before no further request is started.
const UNWRITTEN: u64 = 32 << 20;

/// Most files that are written in one go.
const WRITE_BATCH: usize = 64;

/// Most write batches under way at once; what a slow disk or a file system across a network needs.
const WRITERS: usize = 8;

const TICK: Duration = Duration::from_millis(200);

/// What the reading thread says.
#[derive(Debug)]
pub(super) enum Read {
    Batch(Vec<Planned>),
    End,
    Failed(ListError),
}

/// What a task in the set has done.
#[derive(Debug)]
enum Done {
    Attempt(Attempted),
    Writes(Vec<Result<u64, Failure>>),
}

/// What is lost if a task fails.
enum Task {
    Attempt(Box<Pending>, Ticket),
    Writes(Vec<Pending>, u64),
}

pub(super) struct Dispatcher<'a, T> {
    setting: Arc<Setting<T>>,
    folder: PathBuf,
    plan: mpsc::Receiver<Read>,
    stop: StopSignal,
    reporter: &'a mut dyn Reporter,
    permits: Arc<Semaphore>,
    schedule: Schedule<Host, Box<Pending>>,
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
    /// From the first entry until it is known who there is.
    survey: Option<Survey>,
    stopped: Stop,
    /// When what is in flight has had its time, once the run is drained.
    grace_ends: Option<Instant>,
    failed: Option<Cause>,
}

impl<'a, T: Transport> Dispatcher<'a, T> {
    pub(super) fn new(
        setting: Arc<Setting<T>>,
        folder: PathBuf,
        plan: mpsc::Receiver<Read>,
        stop: StopSignal,
        reporter: &'a mut dyn Reporter,
    ) -> Self {
        let options = &setting.options;
        let limits = Limits {
            per_host: Survey::per_host(options),
            host_pace: options.pace(options.rate),
            run_pace: options.pace(options.total_rate),
        };
        Self {
            folder,
            plan,
            reporter,
            permits: Arc::new(Semaphore::new(options.concurrency.get().min(Semaphore::MAX_PERMITS))),
            schedule: Schedule::new(limits),
            tasks: JoinSet::new(),
            running: HashMap::new(),
            attempts_in_flight: 0,
            unwritten: Vec::new(),
            unwritten_bytes: 0,
            writers: 0,
            given_up: Arc::default(),
            rng: options.seed.map_or_else(Rng::new, Rng::with_seed),
            tally: Tally::default(),
            begun: Instant::now(),
            read: 0,
            all_read: false,
            survey: None,
            stopped: Stop::Run,
            grace_ends: None,
            failed: None,
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
            let wake = self.start().into_iter().chain(self.survey.as_ref().map(Survey::wake)).min();
            self.write();
            tokio::select! {
                stop = self.stop.changed() => self.stop_at_least(stop),
                Some(done) = self.tasks.join_next_with_id() => self.settle_all(done),
                read = self.plan.recv(), if self.wants_more() => self.take(read),
                () = sleep_until(wake.unwrap_or(self.begun)), if wake.is_some() => self.end_grace(),
                _ = ticks.tick(), if self.read > 0 => self.report_progress(),
            }
        }
        self.give_up().await;
        self.count_the_rest().await;
        self.finish()
    }

    /// Opens the folder as soon as there is something to put into it.
    async fn open_folder(&mut self) {
        if self.schedule.waiting() == 0 || self.setting.store.get().is_some() {
            return;
        }
        let folder = self.folder.clone();
        match tokio::task::spawn_blocking(move || Store::open(&folder)).await {
            // It is set here only, and once.
            Ok(Ok(store)) => drop(self.setting.store.set(store)),
            Ok(Err(error)) => self.fail(error.into()),
            Err(error) => self.fail(Cause::Reader(error.into())),
        }
    }

    /// Starts all that may start; tells when something may next, if that is only a matter of time.
    fn start(&mut self) -> Option<Instant> {
        if self.stopped > Stop::Run {
            return self.grace_ends;
        }
        while self.unwritten_bytes < UNWRITTEN && self.unwritten.len() < WRITERS * WRITE_BATCH {
            let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
            let now = Instant::now();
            let (mut pending, ticket) = match self.schedule.next(now.into_std()) {
                Next::Start(pending, ticket) => (pending, ticket),
                Next::Wait(until) => return Some(Instant::from_std(until)),
                Next::Nothing => return None,
            };
            pending.start(now);
            self.tally.requests += 1;
            let setting = Arc::clone(&self.setting);
            let (link, path) = (pending.link().clone(), pending.job().path.clone());
            let headers = pending.headers(setting.options.headers.as_ref());
            // In a box, since a task's future is moved several times before it runs, and this one has kilobytes.
            let task = self.tasks.spawn(Box::pin(async move {
                let attempted = setting.attempt(link, headers, &path).await;
                drop(permit);
                Done::Attempt(attempted)
            }));
            self.attempts_in_flight += 1;
            self.running.insert(task.id(), Task::Attempt(pending, ticket));
        }
        None
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

    /// Hands bodies to writers, as many as may be under way.
    fn write(&mut self) {
        while self.wants_writer() {
            let rest = self.unwritten.split_off(self.unwritten.len().min(WRITE_BATCH));
            let (pending, batch): (Vec<_>, Vec<_>) = std::mem::replace(&mut self.unwritten, rest).into_iter().unzip();
            let bytes = batch.iter().map(|write| write.content.held()).sum();
            let (setting, given_up) = (Arc::clone(&self.setting), Arc::clone(&self.given_up));
            let task = self.tasks.spawn_blocking(move || {
                Done::Writes(write_all(setting.store(), setting.options.accept, &given_up, batch))
            });
            self.writers += 1;
            self.running.insert(task.id(), Task::Writes(pending, bytes));
        }
    }

    /// One writer is enough while it keeps up: two would only wake more threads, and lock the same folder.
    fn wants_writer(&self) -> bool {
        !self.unwritten.is_empty()
            && (self.writers == 0 || self.unwritten.len() >= WRITE_BATCH && self.writers < WRITERS)
    }

    fn is_over(&self) -> bool {
        let done = self.running.is_empty() && self.unwritten.is_empty();
        self.stopped == Stop::Abort
            || done && (self.stopped == Stop::Drain || self.all_read && self.schedule.waiting() == 0)
    }

    fn wants_more(&self) -> bool {
        !self.all_read && self.schedule.waiting() + BATCH <= WINDOW
    }

    fn take(&mut self, read: Option<Read>) {
        let batch = match read {
            Some(Read::Batch(batch)) => batch,
            Some(Read::End) => return self.all_read = true,
            Some(Read::Failed(error)) => {
                self.all_read = true;
                return self.fail(error.into());
            }
            None => {
                self.all_read = true;
                return self.fail(Cause::Reader(std::io::ErrorKind::BrokenPipe.into()));
            }
        };
        match &mut self.survey {
            Some(survey) => survey.last_read = Instant::now(),
            None if self.read == 0 => self.survey = Some(Survey::new()),
            None => {}
        }
        let now = Instant::now().into_std();
        for planned in batch {
            self.read += 1;
            match planned {
                Planned::Duplicate(job) => self.end(&pending::duplicate(job)),
                Planned::Invalid(entry, error) => self.end(&pending::invalid(entry, error)),
                Planned::Job(job) if self.stopped > Stop::Run => self.leave(Pending::new(job)),
                Planned::Job(job) => {
                    let pending = Box::new(Pending::new(job));
                    let host = pending.host().clone();
                    self.schedule.push(&host, pending, now);
                }
            }
        }
    }

    fn report(&mut self, event: &Event<'_>) {
        if let Err(error) = self.reporter.report(event) {
            self.fail(Cause::Report(error));
        }
    }

    fn report_progress(&mut self) {
        let progress = Progress {
            in_flight: self.attempts_in_flight,
            received: self.setting.traffic.received(),
            read: self.read,
            all_read: self.all_read,
        };
        self.report(&Event::Progress(progress));
    }
}
