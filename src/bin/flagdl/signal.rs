//! Ctrl-C and its kin: once drains the run, twice gives it up.
//!
//! Promises: signals are heard on a thread of their own, so that a disk, a pipe or a terminal that takes nothing more
//! cannot keep the program from ending: where the run has not ended [`PATIENCE`] after the second signal, the process
//! does, with its last words. A signal that whoever started the program has it ignore (`nohup`, a shell's `&`) stays
//! ignored. A file that becomes larger than a limit allows (`ulimit -f`) ends a write, and not the process.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use flagdl::stop::{Stop, StopSignal, Stopper};
use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
    task::LocalSet,
};

const PATIENCE: Duration = Duration::from_millis(500);

/// How long the last words may take where nothing blocks them.
const PATIENCE_FOR_WORDS: Duration = Duration::from_millis(50);

/// The signals that stop a run.
const SIGNALS: [u8; 3] = [2, 15, 1];

/// SIGXFSZ, where the architecture has no numbers of its own. Whoever hears it is told EFBIG by the write instead.
const FILE_TOO_LARGE: u8 = 25;

/// What is said before the process is ended by force, once.
type LastWords = Arc<Mutex<Option<String>>>;

/// The signals that stop a run, heard from now on.
pub(crate) struct Interrupt {
    first: Arc<AtomicU8>,
}

impl Interrupt {
    /// Listens for SIGINT, SIGTERM and SIGHUP. The last words are for a process that ends by force.
    pub(crate) fn listen(last_words: Option<String>) -> Result<(Self, StopSignal)> {
        let (stopper, stop) = Stopper::new();
        let first = Arc::new(AtomicU8::new(0));
        let runtime = Builder::new_current_thread().enable_io().build().context("cannot listen for signals")?;
        let ignored = ignored();
        let numbers = SIGNALS.into_iter().filter(|number| ignored >> (number - 1) & 1 == 0);
        let guard = runtime.enter();
        let heard: Vec<_> = numbers
            .map(|number| Ok((number, signal(SignalKind::from_raw(number.into()))?)))
            .collect::<std::io::Result<_>>()
            .context("cannot listen for signals")?;
        // Nobody waits for it: that it is listened for at all is what counts.
        drop(signal(SignalKind::from_raw(FILE_TOO_LARGE.into())).context("cannot listen for signals")?);
        drop(guard);
        let noted = Arc::clone(&first);
        let last_words: LastWords = Arc::new(Mutex::new(last_words));
        thread::Builder::new()
            .name("flagdl-signals".into())
            .spawn(move || {
                let listening = LocalSet::new();
                for (number, heard) in heard {
                    let (first, last_words) = (Arc::clone(&noted), Arc::clone(&last_words));
                    listening.spawn_local(listen(heard, number, stopper.clone(), first, last_words));
                }
                runtime.block_on(listening);
            })
            .context("cannot listen for signals")?;
        Ok((Self { first }, stop))
    }

    /// The number of the first signal that came.
    pub(crate) fn number(&self) -> Option<u8> {
        Some(self.first.load(Ordering::Relaxed)).filter(|number| *number > 0)
    }
}

async fn listen(mut heard: Signal, number: u8, stopper: Stopper, first: Arc<AtomicU8>, last_words: LastWords) {
    while heard.recv().await.is_some() {
        if first.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            stopper.stop(Stop::Drain);
        } else {
            stopper.stop(Stop::Abort);
            let last_words = Arc::clone(&last_words);
            thread::spawn(move || leave_anyway(number, &last_words));
        }
    }
}

/// Ends the process, if it still is there: something blocks that cannot be given up.
#[allow(clippy::exit, reason = "the thread that would return from main is the one that blocks")]
fn leave_anyway(number: u8, last_words: &Mutex<Option<String>>) {
    thread::sleep(PATIENCE);
    if let Some(words) = last_words.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // On a terminal, behind what was typed or the live line.
        let fresh = if io::stderr().is_terminal() { "\n" } else { "" };
        // What blocks may be stderr itself.
        thread::spawn(move || writeln!(io::stderr(), "{fresh}{words}"));
    }
    thread::sleep(PATIENCE_FOR_WORDS);
    std::process::exit(128 + i32::from(number));
}

/// The mask of signals that this process was started to ignore: bit n - 1 for signal n; none where it is not told.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}
