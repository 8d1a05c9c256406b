//! One live line on stderr: on a terminal drawn over and over, elsewhere a plain line every two seconds.
//!
//! Promises: one line whatever the terminal's width; what matters most stands first and is cut last.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::summary::span;

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
            let target = ProgressDrawTarget::stderr();
            let style = ProgressStyle::with_template("{wide_msg}").expect("the template is well formed");
            ProgressBar::with_draw_target(None, target).with_style(style)
        });
        Self { line, last_plain: None }
    }

    /// Shows a text, which is told its greatest width.
    pub(super) fn show(&mut self, now: Instant, text: impl FnOnce(usize) -> String) {
        match &self.line {
            Some(line) => line.set_message(text(console::Term::stderr().size().1.into())),
            None if self.last_plain.is_none_or(|last| now.duration_since(last) >= PLAIN) => {
                self.last_plain = Some(now);
                let _ = writeln!(std::io::stderr(), "{}", text(usize::MAX));
            }
            None => {}
        }
    }

    /// Makes room for a line of text; the next tick draws again.
    pub(super) fn step_aside(&mut self) {
        if let Some(line) = &self.line {
            line.set_draw_target(ProgressDrawTarget::stderr());
            let _ = console::Term::stderr().clear_line();
        }
    }

    /// Takes the line away.
    pub(super) fn finish(&mut self) {
        if let Some(line) = self.line.take() {
            line.finish_and_clear();
        }
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
pub(super) fn time_left(done: u64, total: Option<u64>, rate: f64) -> Option<String> {
    let left = total?.saturating_sub(done);
    if rate <= 0.0 || left == 0 {
        return None;
    }
    let left = Duration::from_secs(rounded((precise(left) / rate).min(360_000.0)));
    Some(format!("{} left", span(left)))
}

/// `24/s`, or `2.4/s` where that is little.
pub(super) fn per_second(rate: f64) -> String {
    if rate < 10.0 { format!("{rate:.1}/s") } else { format!("{rate:.0}/s") }
}

pub(super) fn smooth(average: &mut f64, value: f64) {
    *average += (value - *average) / if *average == 0.0 { 1.0 } else { SMOOTHING };
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
