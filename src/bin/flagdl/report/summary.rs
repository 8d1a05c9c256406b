//! The last line: the counts, the time, the bytes and their rate.

use std::{fmt::Write, time::Duration};

use bytesize::ByteSize;
use flagdl::{
    event::{Change, Outcome},
    tally::{Summary, Tally},
};

/// `6 ok, 1 not found, 0 errors in 0.41s (61.2 KiB, 149.3 KiB/s)`, and in the brackets what has changed.
pub(super) fn line(summary: &Summary) -> String {
    let tally = &summary.tally;
    let mut line = counts(|outcome| tally.of(outcome));
    write!(line, " in {}", time(summary.elapsed)).expect("writing to a String cannot fail");
    let changes = [
        (tally.changed(Change::Changed), "changed"),
        (tally.changed(Change::Gone), "gone"),
        (summary.deleted, "deleted"),
    ];
    let mut details: Vec<_> =
        changes.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if tally.bytes > 0 {
        details.extend([size(tally.bytes), speed(tally.bytes, summary.elapsed)]);
    }
    if !details.is_empty() {
        write!(line, " ({})", details.join(", ")).expect("writing to a String cannot fail");
    }
    if !summary.all_read {
        line.push_str("; the list was not read to its end");
    }
    line
}

/// `6 ok, 1 not found, 0 errors`, with the further outcomes that are not zero.
pub(super) fn counts(of: impl Fn(Outcome) -> u64) -> String {
    let mut text =
        format!("{} ok, {} not found, {}", of(Outcome::Ok), of(Outcome::NotFound), errors(of(Outcome::Error)));
    let others = [
        (Outcome::Unchanged, "unchanged"),
        (Outcome::Skipped, "skipped"),
        (Outcome::Duplicate, "duplicate"),
        (Outcome::Left, "left"),
    ];
    for (outcome, word) in others {
        let count = of(outcome);
        if count > 0 {
            write!(text, ", {count} {word}").expect("writing to a String cannot fail");
        }
    }
    text
}

pub(crate) fn errors(count: u64) -> String {
    format!("{count} error{}", if count == 1 { "" } else { "s" })
}

/// `errors: 3 timeout, 1 http-403`, the most frequent first; nothing without errors.
pub(super) fn classes(tally: &Tally) -> Option<String> {
    let mut classes: Vec<_> = tally.classes.iter().collect();
    classes.sort_by_key(|(class, count)| (std::cmp::Reverse(**count), class.as_str()));
    let text: Vec<_> = classes.iter().map(|(class, count)| format!("{count} {class}")).collect();
    (!text.is_empty()).then(|| format!("errors: {}", text.join(", ")))
}

/// A line for each host that held the run up, or with `all` for each that is told of: its requests, retries, pushbacks,
/// the time for which it got nothing, and its limit at the end.
pub(super) fn hosts(summary: &Summary, all: bool) -> Vec<String> {
    let told = summary.hosts.iter().filter(|(_, stats)| all || !stats.is_smooth());
    told.map(|(host, stats)| {
        let count = |count, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        let mut parts = vec![count(stats.requests, "request")];
        parts.extend(
            (stats.retries > 0)
                .then(|| if stats.retries == 1 { "1 retry".into() } else { format!("{} retries", stats.retries) }),
        );
        parts.extend((stats.pushbacks > 0).then(|| count(stats.pushbacks, "pushback")));
        parts.extend((!stats.held.is_zero()).then(|| format!("held {}", span(stats.held))));
        parts.push(format!("limit {}", stats.limit));
        format!("{host}: {}", parts.join(", "))
    })
    .collect()
}

/// A time to wait, as people read it: `250ms`, `1.5s`, `28s`, `1m05s`, `2h01m`.
pub(crate) fn span(wait: Duration) -> String {
    let seconds = wait.as_secs();
    match seconds {
        0 => format!("{}ms", wait.as_millis()),
        1..10 if wait.subsec_millis() >= 50 => format!("{:.1}s", wait.as_secs_f64()),
        1..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

pub(super) fn time(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds {
        0..100 => format!("{:.2}s", elapsed.as_secs_f64()),
        100..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

pub(crate) fn size(bytes: u64) -> String {
    ByteSize(bytes).display().iec().to_string()
}

pub(super) fn speed(bytes: u64, elapsed: Duration) -> String {
    let per_second = u128::from(bytes) * 1000 / elapsed.as_millis().max(1);
    format!("{}/s", size(u64::try_from(per_second).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_whatever_they_are() {
        for (millis, shown) in
            [(410, "0.41s"), (99_990, "99.99s"), (100_000, "1m40s"), (3_599_999, "59m59s"), (7_260_000, "2h01m")]
        {
            assert_eq!(time(Duration::from_millis(millis)), shown);
        }
    }

    #[test]
    fn a_run_of_nothing_is_told_in_full() {
        let summary = Summary { all_read: true, ..Summary::default() };
        assert_eq!(line(&summary), "0 ok, 0 not found, 0 errors in 0.00s");
        assert_eq!(classes(&summary.tally), None);
    }
}
