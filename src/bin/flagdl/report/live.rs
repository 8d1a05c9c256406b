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

use super::summary::span;

/// Columns kept free for `^C` and the cursor.
const MARGIN: usize = 3;

/// Moves to the beginning of the line and empties it.
const ERASE: &str = "\r\x1b[K";

/// Time over which a rate is averaged, in ticks of a fifth of a second.
const SMOOTHING: f64 = 25.0;

const PLAIN: Duration = Duration::from_secs(2);

/// Width of the drawn bar, in characters.
const BAR: usize = 20;

/// The line.
pub(super) struct Live {
    terminal: bool,
    last_plain: Option<Instant>,
}

impl Live {
    pub(super) fn new(terminal: bool) -> Self {
        Self { terminal, last_plain: None }
    }

    /// Shows a text, which is told its greatest width.
    pub(super) fn show(&mut self, now: Instant, text: impl FnOnce(usize) -> String) {
        if self.terminal {
            let width = usize::from(console::Term::stderr().size().1).saturating_sub(MARGIN);
            // In one piece, so that it does not flicker.
            to_stderr(&format!("{ERASE}{}", text(width)));
        } else if self.last_plain.is_none_or(|last| now.duration_since(last) >= PLAIN) {
            self.last_plain = Some(now);
            to_stderr(&format!("{}\n", text(usize::MAX)));
        }
    }

    /// Makes room for a line of text; the next tick draws again.
    pub(super) fn step_aside(&self) {
        if self.terminal {
            fresh_line();
        }
    }
}

/// Begins the terminal's line anew, whatever stands there: the live line, or the `^C` that was typed.
pub(super) fn fresh_line() {
    to_stderr(ERASE);
}

/// Nobody who reads stderr any more is no reason to fail.
fn to_stderr(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
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
