//! What an engine's test runs in: a folder, and a recorder of how each entry ended and when.

use std::{fs, io, num::NonZeroUsize, path::PathBuf, sync::mpsc, time::Duration};

use tempfile::TempDir;
use tokio::time::Instant;

use crate::{
    event::{Event, Reporter},
    fetch::Transport,
    list::{Lists, Source},
    options::Options,
    plan::{BATCH, Plan},
    run::{RunError, WINDOW, run_within},
    stop::{Stop, StopSignal, Stopper},
    tally::Summary,
    template::Template,
};

/// How each entry ended: `text outcome class`, with the time from the run's start.
pub(super) struct Recorder {
    begun: Instant,
    pub(super) ended: Vec<(String, Duration)>,
    /// What each failure says.
    pub(super) failures: Vec<String>,
    stop_after: Option<(usize, Stopper, Stop)>,
    pub(super) break_after: Option<usize>,
    /// Files that were read again before the run, and how many of them were bad.
    pub(super) checked: Vec<(u64, u64)>,
    /// Done at the first end of an entry.
    pub(super) meanwhile: Option<Box<dyn FnOnce() + Send>>,
}

impl Reporter for Recorder {
    fn report(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::Checked { files, bad } = event {
            self.checked.push((*files, *bad));
            if self.break_after == Some(0) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
        if let Event::Ended(ended) = event {
            if let Some(meanwhile) = self.meanwhile.take() {
                meanwhile();
            }
            let class = ended.failure.as_ref().map(|failure| format!(" {}", failure.class())).unwrap_or_default();
            self.failures.extend(ended.failure.as_ref().map(ToString::to_string));
            let text = format!("{} {}{class}", ended.entry.text, ended.outcome.as_str());
            self.ended.push((text, self.begun.elapsed()));
            if let Some((count, stopper, stop)) = &self.stop_after
                && self.ended.len() == *count
            {
                stopper.stop(*stop);
            }
            if self.break_after == Some(self.ended.len()) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
        Ok(())
    }
}

/// A run's surroundings: a folder, a recorder of what is reported, a way to stop.
pub(super) struct Bench {
    pub(super) folder: TempDir,
    pub(super) recorder: Recorder,
    signal: StopSignal,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::below(tempfile::tempdir().expect("a folder"))
    }

    /// Where syncing costs nothing, if there is such a place: for hundreds of runs.
    pub(super) fn in_memory() -> Self {
        Self::below(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder"))
    }

    /// In a folder that may have been used before.
    pub(super) fn below(folder: TempDir) -> Self {
        let recorder = Recorder {
            begun: Instant::now(),
            ended: Vec::new(),
            failures: Vec::new(),
            stop_after: None,
            break_after: None,
            checked: Vec::new(),
            meanwhile: None,
        };
        Self { folder, recorder, signal: StopSignal::never() }
    }

    pub(super) fn stopping_after(mut self, count: usize, stop: Stop) -> Self {
        let (stopper, signal) = Stopper::new();
        self.recorder.stop_after = Some((count, stopper, stop));
        self.signal = signal;
        self
    }

    /// Later runs are stopped before they begin.
    pub(super) fn stop_from_the_start(&mut self, stop: Stop) {
        let (stopper, signal) = Stopper::new();
        stopper.stop(stop);
        self.signal = signal;
    }

    /// Later runs are not stopped.
    pub(super) fn stop_no_more(&mut self) {
        self.recorder.stop_after = None;
        self.signal = StopSignal::never();
    }

    /// The folder for downloads.
    pub(super) fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Runs a list; what is recorded is of this run only. Virtual time stands still until the list is read, which a thread
    /// does in its own time, unless the list is too long for the window.
    pub(super) async fn run<T: Transport + Clone>(
        &mut self,
        list: &str,
        transport: &T,
        options: Options,
    ) -> Result<Summary, RunError> {
        let source = Source::Text { name: "list".into(), text: list.into() };
        let template = Template::parse("http://h/{code}").expect("a template");
        let mut plan = Plan::new(Lists::open(vec![source]).expect("memory"), template, None);
        if list.lines().count() + 2 * BATCH <= WINDOW {
            plan.until_read = Some(hold_time());
        }
        self.run_plan(plan, WINDOW, transport, options).await
    }

    /// Runs a plan, of which so much is read ahead.
    pub(super) async fn run_plan<T: Transport + Clone>(
        &mut self,
        plan: Plan,
        window: usize,
        transport: &T,
        options: Options,
    ) -> Result<Summary, RunError> {
        let (folder, transport, signal) = (self.out(), transport.clone(), self.signal.clone());
        self.recorder.ended.clear();
        self.recorder.failures.clear();
        self.recorder.checked.clear();
        let options = Options { seed: options.seed.or(Some(7)), ..options };
        let result = run_within(window, plan, folder, transport, options, signal, &mut self.recorder).await;
        let summary = match &result {
            Ok(summary) => summary,
            Err(error) => &*error.summary,
        };
        assert_eq!(summary.tally.entries(), self.recorder.ended.len() as u64, "each entry is counted once");
        result
    }

    pub(super) fn ended(&self) -> Vec<&str> {
        let mut ended: Vec<_> = self.recorder.ended.iter().map(|(text, _)| text.as_str()).collect();
        ended.sort_unstable();
        ended
    }

    pub(super) fn when(&self, text: &str) -> Duration {
        let found = self.recorder.ended.iter().find(|(ended, _)| ended == text);
        found.unwrap_or_else(|| panic!("{text} is not among {:?}", self.recorder.ended)).1
    }

    /// What was downloaded.
    pub(super) fn files(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.out()) else { return Vec::new() };
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
        let mut names: Vec<_> = names.filter(|name| name != ".flagdl").collect();
        names.sort();
        names
    }
}

/// Keeps virtual time from flying while nothing happens, until what this returns is dropped: tokio leaves time alone while a
/// thread is at work that may block.
fn hold_time() -> mpsc::Sender<()> {
    let (held, dropped) = mpsc::channel();
    tokio::task::spawn_blocking(move || dropped.recv());
    held
}

pub(super) fn options(concurrency: usize) -> Options {
    Options { concurrency: NonZeroUsize::new(concurrency).expect("not zero"), ..Options::default() }
}

pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
