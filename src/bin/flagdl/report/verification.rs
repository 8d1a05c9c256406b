//! What `flagdl verify` says: bad files as they are found, how far it is, and the counts at the end.
//!
//! Promises: as for downloads. What is said holds no secret and no control character.

use std::{
    io::{self, BufWriter, IsTerminal, Stderr, Stdout, Write},
    time::Instant,
};

use anyhow::{Context, Result};
use flagdl::verify::{BadFile, Event, Progress, Reporter, Summary};
use serde_json::{Value, json};

use super::{
    live::{Live, fitted, fresh_line, per_second, precise, rounded, smooth, time_left},
    ndjson::start,
    shows_bar,
    summary::{size, time},
};
use crate::args::{Format, Output};

/// All that listens to a verification.
pub(crate) struct Verification {
    live: Option<Bar>,
    stderr: BufWriter<Stderr>,
    stderr_is_terminal: bool,
    /// Where NDJSON goes, if it is asked for.
    ndjson: Option<BufWriter<Stdout>>,
    first_object: bool,
    quiet: bool,
}

/// The live line, and what is averaged for it.
struct Bar {
    live: Live,
    last: Option<(Instant, Progress)>,
    ticks: u32,
    rate: f64,
    speed: f64,
}

impl Verification {
    pub(crate) fn new(output: &Output) -> Self {
        let stderr_is_terminal = io::stderr().is_terminal();
        let live = || Bar { live: Live::new(stderr_is_terminal), last: None, ticks: 0, rate: 0.0, speed: 0.0 };
        Self {
            live: shows_bar(output).then(live),
            stderr: BufWriter::new(io::stderr()),
            stderr_is_terminal,
            ndjson: (output.format == Format::Ndjson).then(|| BufWriter::with_capacity(64 << 10, io::stdout())),
            first_object: true,
            quiet: output.quiet,
        }
    }

    /// Says the last word: the counts, unless it could not go on. Where a download comes after it, the summary is that
    /// one's.
    pub(crate) fn finish(&mut self, summary: Option<&Summary>, is_last: bool) -> Result<()> {
        if let Some(bar) = &mut self.live {
            bar.live.finish();
        } else if self.stderr_is_terminal && !self.quiet && summary.is_some_and(|summary| !summary.complete) {
            fresh_line();
        }
        // stderr that nobody reads any more is no reason to fail.
        let _ = self.stderr.flush();
        let written = match (&mut self.ndjson, summary) {
            (Some(out), Some(summary)) => {
                let event = if is_last { "summary" } else { "verification" };
                let object = object(event, summary, std::mem::take(&mut self.first_object));
                writeln!(out, "{object}").and_then(|()| out.flush())
            }
            (Some(out), None) => out.flush(),
            (None, Some(summary)) if !self.quiet => {
                if let Some(line) = classes(summary) {
                    let _ = writeln!(io::stderr(), "{line}");
                }
                writeln!(io::stdout(), "{}", line(summary))
            }
            (None, _) => Ok(()),
        };
        written.context("cannot write to stdout")
    }

    fn say(&mut self, text: &str) {
        if let Some(bar) = &self.live {
            bar.live.step_aside();
        }
        let _ = writeln!(self.stderr, "{text}");
        if self.stderr_is_terminal {
            let _ = self.stderr.flush();
        }
    }
}

impl Reporter for Verification {
    fn report(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Bad(bad) => {
                self.say(&format!("*** {}: {} ({})", bad.path, bad.damage, bad.url));
                if let Some(out) = &mut self.ndjson {
                    let object = file(bad, std::mem::take(&mut self.first_object));
                    writeln!(out, "{object}")?;
                }
            }
            Event::Kept { path, error } => self.say(&format!("*** {path}: cannot be removed: {error}")),
            Event::Progress(progress) => {
                let _ = self.stderr.flush();
                if let Some(bar) = &mut self.live {
                    bar.draw(progress);
                }
                if let Some(out) = &mut self.ndjson {
                    out.flush()?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Bar {
    fn draw(&mut self, progress: &Progress) {
        let now = Instant::now();
        if let Some((last, before)) = self.last {
            let seconds = now.duration_since(last).as_secs_f64();
            if seconds > 0.0 {
                self.ticks = self.ticks.saturating_add(1);
                smooth(&mut self.rate, precise(progress.done - before.done) / seconds, self.ticks);
                smooth(&mut self.speed, precise(progress.bytes - before.bytes) / seconds, self.ticks);
            }
        }
        self.last = Some((now, *progress));
        let (rate, speed) = (self.rate, self.speed);
        self.live.show(now, |width| text(progress, rate, speed, width));
    }
}

/// `[#####-----] 500/2000 | 498 whole, 2 bad | 15s left | 100/s | 1.0 MiB/s`, as much as fits.
fn text(progress: &Progress, rate: f64, speed: f64, width: usize) -> String {
    let Progress { done, bad, total, .. } = *progress;
    let mut parts = vec![format!("{} whole, {bad} bad", done - bad)];
    parts.extend(total.and_then(|total| time_left(precise(total.saturating_sub(done)), rate)));
    parts.push(per_second(rate));
    if speed > 0.0 {
        parts.push(format!("{}/s", size(rounded(speed))));
    }
    fitted(done, total, &parts, width)
}

/// `9998 whole, 1 damaged, 1 missing in 2.31s (95.1 MiB)`.
fn line(summary: &Summary) -> String {
    let Summary { whole, bytes, elapsed, complete, .. } = summary;
    let read = if *bytes > 0 { format!(" ({})", size(*bytes)) } else { String::new() };
    let stopped = if *complete { "" } else { "; not all files were looked at" };
    let (damaged, missing) = (summary.damaged(), summary.missing());
    format!("{whole} whole, {damaged} damaged, {missing} missing in {}{read}{stopped}", time(*elapsed))
}

/// `damaged: 3 contents, 1 size`, the most frequent first; nothing without damaged files.
fn classes(summary: &Summary) -> Option<String> {
    let mut classes: Vec<_> = summary.bad.iter().filter(|(class, _)| **class != "missing").collect();
    classes.sort_by_key(|(class, count)| (std::cmp::Reverse(**count), **class));
    let text: Vec<_> = classes.iter().map(|(class, count)| format!("{count} {class}")).collect();
    (!text.is_empty()).then(|| format!("damaged: {}", text.join(", ")))
}

/// The object of a bad file.
fn file(bad: &BadFile, first: bool) -> Value {
    let mut object = start("file", first);
    let fields = [
        ("entry", json!(bad.entry)),
        ("path", json!(bad.path.as_str())),
        ("url", json!(bad.url)),
        ("class", json!(bad.damage.class())),
        ("message", json!(bad.damage.to_string())),
    ];
    object.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(object)
}

/// The object at the end.
fn object(event: &str, summary: &Summary, first: bool) -> Value {
    let mut object = start(event, first);
    let fields = [
        ("files", json!(summary.whole + summary.missing() + summary.damaged())),
        ("whole", json!(summary.whole)),
        ("damaged", json!(summary.damaged())),
        ("missing", json!(summary.missing())),
        ("bytes", json!(summary.bytes)),
        ("seconds", json!(summary.elapsed.as_secs_f64())),
        ("complete", json!(summary.complete)),
    ];
    object.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_summary_tells_what_is_bad_and_that_it_was_stopped() {
        let summary = Summary {
            whole: 9_996,
            bad: [("missing", 1), ("size", 1), ("contents", 2)].into(),
            bytes: 99_700_000,
            elapsed: Duration::from_millis(2_310),
            complete: true,
        };
        assert_eq!(line(&summary), "9996 whole, 3 damaged, 1 missing in 2.31s (95.1 MiB)");
        assert_eq!(classes(&summary).as_deref(), Some("damaged: 2 contents, 1 size"));
        let nothing = Summary::default();
        assert_eq!(line(&nothing), "0 whole, 0 damaged, 0 missing in 0.00s; not all files were looked at");
        assert_eq!(classes(&nothing), None);
    }

    #[test]
    fn the_live_line_keeps_what_matters_most() {
        let progress = Progress { done: 500, bad: 2, total: Some(2000), bytes: 5_000_000 };
        let whole = "[#####---------------] 500/2000 | 498 whole, 2 bad | 15s left | 100/s | 1.0 MiB/s";
        assert_eq!(text(&progress, 100.0, 1_048_576.0, 100), whole);
        assert_eq!(text(&progress, 100.0, 1_048_576.0, 35), "500/2000 | 498 whole, 2 bad");
        assert_eq!(text(&Progress { total: None, ..progress }, 0.0, 0.0, 100), "500 | 498 whole, 2 bad | 0.0/s");
    }
}
