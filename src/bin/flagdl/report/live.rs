//! One live line on stderr: on a terminal drawn over and over, elsewhere a plain line every two seconds.
//!
//! Promises: one line whatever the terminal's width; what matters most stands first and is cut last.
//!
//! What surprises: the line ends before the terminal's edge, with the cursor right behind it. A terminal writes `^C`
//! where the cursor is; at the edge that would begin a new line, and the old one would stay.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::summary::span;

/// Columns kept free for `^C` and the cursor.
const MARGIN: u16 = 3;

/// Times a second that the line is drawn at most.
const DRAWN: u8 = 20;

/// Time over which a rate is averaged, in ticks of a fifth of a second.
const SMOOTHING: f64 = 25.0;

const PLAIN: Duration = Duration::from_secs(2);

/// Width of the drawn bar, in characters.
const BAR: usize = 20;

/// The line.
pub(super) struct Live {
    /// None where there is no terminal.
    line: Option<ProgressBar>,
    last_plain: Option<Instant>,
}

impl Live {
    pub(super) fn new(terminal: bool) -> Self {
        let line = terminal.then(|| {
            let target = ProgressDrawTarget::term_like_with_hz(Box::new(Narrow(Term::buffered_stderr())), DRAWN);
            let style = ProgressStyle::with_template("{wide_msg}").expect("the template is well formed");
            ProgressBar::with_draw_target(None, target).with_style(style)
        });
        Self { line, last_plain: None }
    }

    /// Shows a text, which is told its greatest width.
    pub(super) fn show(&mut self, now: Instant, text: impl FnOnce(usize) -> String) {
        match &self.line {
            Some(line) => line.set_message(text(Narrow(Term::stderr()).width().into())),
            None if self.last_plain.is_none_or(|last| now.duration_since(last) >= PLAIN) => {
                self.last_plain = Some(now);
                // Nobody who reads stderr any more is no reason to fail.
                let _ = writeln!(io::stderr(), "{}", text(usize::MAX));
            }
            None => {}
        }
    }

    /// Makes room for a line of text; the next tick draws again.
    pub(super) fn step_aside(&self) {
        if self.line.is_some() {
            fresh_line();
        }
    }

    /// Takes the line away.
    pub(super) fn finish(&mut self) {
        if let Some(line) = self.line.take() {
            line.finish_and_clear();
        }
    }
}

/// Begins the terminal's line anew, whatever stands there: the live line, or the `^C` that was typed.
pub(super) fn fresh_line() {
    // Nobody who reads stderr any more is no reason to fail.
    let _ = Term::stderr().clear_line();
}

/// The terminal behind stderr, a little narrower than it is.
#[derive(Debug)]
struct Narrow(Term);

impl TermLike for Narrow {
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub(MARGIN)
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_up(lines)
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_down(lines)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The drawn bar, how many are done, and as many of the further parts as fit into the width. All of it is ASCII.
pub(super) fn fitted(done: u64, total: Option<u64>, parts: &[String], width: usize) -> String {
    let count = total.map_or_else(|| done.to_string(), |total| format!("{done}/{total}"));
    let first = parts.first().map_or(0, String::len);
    let mut line = match total {
        Some(total) if BAR + 3 + count.len() + 3 + first <= width => drawn(done, total) + " ",
        _ => String::new(),
    };
    for (index, part) in std::iter::once(&count).chain(parts).enumerate() {
        let separator = if index == 0 { "" } else { " | " };
        if line.len() + separator.len() + part.len() > width {
            break;
        }
        line = line + separator + part;
    }
    line
}

/// `15s left`, where that can be told.
pub(super) fn time_left(left: f64, rate: f64) -> Option<String> {
    if rate <= 0.0 || left < 1.0 {
        return None;
    }
    let left = Duration::from_secs(rounded((left / rate).clamp(1.0, 360_000.0)));
    Some(format!("{} left", span(left)))
}

/// `24/s`, or `2.4/s` where that is little.
pub(super) fn per_second(rate: f64) -> String {
    if rate < 10.0 { format!("{rate:.1}/s") } else { format!("{rate:.0}/s") }
}

/// Takes a tick's value into an average: of all ticks as long as there are few, so that the first answers, which come
/// together, are not taken for the pace.
pub(super) fn smooth(average: &mut f64, value: f64, ticks: u32) {
    *average += (value - *average) / f64::from(ticks).clamp(1.0, SMOOTHING);
}

#[allow(clippy::cast_precision_loss, reason = "shown with three digits")]
pub(super) fn precise(count: u64) -> f64 {
    count as f64
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded for display, never negative")]
pub(super) fn rounded(value: f64) -> u64 {
    value.round() as u64
}

fn drawn(done: u64, total: u64) -> String {
    let full = rounded(precise(done) / precise(total.max(1)) * precise(BAR as u64)).min(BAR as u64);
    let full = usize::try_from(full).unwrap_or(BAR);
    format!("[{}{}]", "#".repeat(full), "-".repeat(BAR - full))
}
