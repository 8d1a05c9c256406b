//! The program while it runs: its end, its output so far, and the signals that it is sent.
//!
//! Promises: it is never waited for longer than [`LIMIT`], then killed, and its test fails; its pipes are always
//! read, so it never waits for the test. A test that fails leaves none behind.

use std::{
    fs,
    io::{Read, Write},
    os::unix::process::ExitStatusExt as _,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        mpsc::{Receiver, channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::Told;

/// Longest time that any run may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The signals that a run can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Interrupt,
    Terminate,
    Hangup,
    Kill,
}

/// A stream of the program's, read as it comes.
#[derive(Default)]
struct Stream {
    /// What came, and whether its end has.
    come: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Stream {
    /// Reads on a thread of its own; a stream that is no pipe of ours is empty.
    fn read(from: Option<impl Read + Send + 'static>) -> Arc<Self> {
        let stream = Arc::new(Self::default());
        let into = Arc::clone(&stream);
        thread::spawn(move || {
            let mut from = from;
            let mut piece = [0; 4096];
            loop {
                let count = from.as_mut().map_or(0, |from| from.read(&mut piece).unwrap_or(0));
                let mut come = into.come.lock().unwrap_or_else(PoisonError::into_inner);
                come.0.extend(&piece[..count]);
                come.1 = count == 0;
                into.changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        stream
    }

    /// Waits until a condition holds for what has come; gives that, and whether it holds.
    fn wait(&self, holds: impl Fn(&str, bool) -> bool) -> (String, bool) {
        let come = self.come.lock().unwrap_or_else(PoisonError::into_inner);
        let text = |come: &[u8]| String::from_utf8_lossy(come).into_owned();
        let waited = self
            .changed
            .wait_timeout_while(come, LIMIT, |come| !holds(&text(&come.0), come.1))
            .unwrap_or_else(PoisonError::into_inner);
        (text(&waited.0.0), !waited.1.timed_out())
    }
}

/// A run of the program that has been started.
pub(crate) struct Running<'a> {
    pid: u32,
    shown: String,
    begun: Instant,
    stdin: Option<ChildStdin>,
    out: Arc<Stream>,
    err: Arc<Stream>,
    ended: Receiver<ExitStatus>,
    is_over: bool,
    /// Checks that nothing was changed or left that may not; told whether it was killed.
    check: Box<dyn Fn(bool) + 'a>,
}

impl<'a> Running<'a> {
    pub(super) fn new(
        mut child: Child,
        stdin: Option<ChildStdin>,
        shown: String,
        check: Box<dyn Fn(bool) + 'a>,
    ) -> Self {
        let out = Stream::read(child.stdout.take());
        let err = Stream::read(child.stderr.take());
        let pid = child.id();
        let (end, ended) = channel();
        thread::spawn(move || {
            let status = child.wait().expect("a child can be waited for");
            // Nobody may be waiting any more.
            let _ = end.send(status);
        });
        let begun = Instant::now();
        Self { pid, shown, begun, stdin, out, err, ended, is_over: false, check }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// The most memory that it has had so far, in KiB; none where the system does not tell.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        peak.trim().strip_suffix(" kB")?.parse().ok()
    }

    /// Writes to its standard input.
    pub(crate) fn write(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("its input was left open");
        stdin.write_all(text.as_bytes()).expect("the program reads its input");
    }

    /// Sends it a signal.
    pub(crate) fn send(&self, signal: Signal) {
        assert!(self.signal(signal), "{} has ended before {signal:?}", self.shown);
    }

    /// Whether a signal could be sent: by the shell's own `kill`, since the standard library sends only KILL.
    fn signal(&self, signal: Signal) -> bool {
        let name = match signal {
            Signal::Interrupt => "INT",
            Signal::Terminate => "TERM",
            Signal::Hangup => "HUP",
            Signal::Kill => "KILL",
        };
        let script = format!("kill -{name} {}", self.pid);
        let status = Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    /// Waits until the program has said this on stderr.
    #[track_caller]
    pub(crate) fn wait_for_err(&self, words: &str) {
        let (err, said) = self.err.wait(|text, ended| ended || text.contains(words));
        assert!(said && err.contains(words), "{}\nnever says {words:?}:\n{err}", self.shown);
    }

    /// Waits until the program has said this on stdout.
    #[track_caller]
    pub(crate) fn wait_for_out(&self, words: &str) {
        let (out, said) = self.out.wait(|text, ended| ended || text.contains(words));
        assert!(said && out.contains(words), "{}\nnever says {words:?}:\n{out}", self.shown);
    }

    /// Ends its input and waits for its end.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Told {
        self.stdin = None;
        self.wait_with_open_input()
    }

    /// Waits for its end, which it comes to without its input's.
    #[track_caller]
    pub(crate) fn wait_with_open_input(mut self) -> Told {
        let left = LIMIT.saturating_sub(self.begun.elapsed());
        let status = self.ended.recv_timeout(left).ok();
        let elapsed = self.begun.elapsed();
        if status.is_none() {
            self.signal(Signal::Kill);
        }
        self.is_over = true;
        let (out, _) = self.out.wait(|_, ended| ended);
        let (err, _) = self.err.wait(|_, ended| ended);
        let code = status.and_then(|status| status.code());
        let killed_by = status.and_then(|status| status.signal());
        let told = Told { shown: self.shown.clone(), code, killed_by, out, err, elapsed };
        assert!(status.is_some(), "killed after {LIMIT:?}: {told}");
        (self.check)(killed_by.is_some());
        told
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.is_over && self.ended.try_recv().is_err() {
            self.signal(Signal::Kill);
        }
    }
}

/// Writes to the program's input, on a thread of its own, since the program may not read it.
pub(super) fn feed(stdin: Option<ChildStdin>, input: Vec<u8>) {
    thread::spawn(move || {
        // A program that reads only a part of its input is no failure here.
        let _ = stdin.map(|mut stdin| stdin.write_all(&input));
    });
}
