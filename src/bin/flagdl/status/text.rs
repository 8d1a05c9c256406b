//! A status for people: the counts under each other, and the last run.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    path::Path,
    time::{Duration, SystemTime},
};

use flagdl::{
    event::Outcome,
    link::without_secrets,
    status::{Kind, LastRun, Phase, Standing, State, Survey},
};

use super::StatusArgs;
use crate::report::{errors, size, span};

/// What is said of an entry that is not here.
pub(super) fn entry(standing: &Standing) -> String {
    let entry = &standing.entry;
    match standing.state {
        State::Failed | State::Stale => {
            let state = if standing.state == State::Stale { "is stale" } else { "failed" };
            let since = standing.last.as_ref().map(|last| format!(" ({})", people(last.finished_at)));
            format!("{entry} {state}: {}{}", standing.class().unwrap_or("error"), since.unwrap_or_default())
        }
        State::Invalid => {
            let fault = standing.fault.as_ref().map(|fault| format!(": {fault}"));
            let place = standing.place.as_ref().map(|(list, line)| format!(" ({list} line {line})"));
            format!("{entry} is invalid{}{}", fault.unwrap_or_default(), place.unwrap_or_default())
        }
        State::Duplicate => format!("{entry} is a duplicate"),
        other => format!("{entry} is {}", words(other)),
    }
}

/// All counts, a line each, the last run below them.
pub(super) fn summary(survey: &Survey, arguments: &StatusArgs) -> Vec<String> {
    let dest = name(&arguments.dest);
    if arguments.lists.is_empty() && !survey.has_ledger {
        return vec![format!("{dest} has no ledger: nothing has been fetched into it yet")];
    }
    let s = if survey.entries() == 1 { "entry" } else { "entries" };
    let mut lines = vec![format!("{}: {} {s}", title(arguments), survey.entries())];
    lines.extend(counts(survey));
    lines.push(match &survey.last_run {
        Some(run) => last_run(run),
        None if survey.has_ledger => "no run yet".to_owned(),
        None => format!("no run yet: {dest} has no ledger"),
    });
    lines
}

/// `list.txt in downloads`, or the folder alone.
fn title(StatusArgs { lists, dest, .. }: &StatusArgs) -> String {
    let dest = name(dest);
    match lists.as_slice() {
        [] => dest,
        [list] if list.as_os_str() == "-" => format!("stdin in {dest}"),
        [list] => format!("{} in {dest}", name(list)),
        lists => format!("{} lists in {dest}", lists.len()),
    }
}

fn name(path: &Path) -> String {
    without_secrets(&path.to_string_lossy()).into_owned()
}

/// The states that there are, the counts in a column, and what is behind them.
fn counts(survey: &Survey) -> Vec<String> {
    let told: Vec<_> = State::ALL.into_iter().filter(|state| *state == State::Here || survey.of(*state) > 0).collect();
    let name = told.iter().map(|state| words(*state).len()).max().unwrap_or_default();
    let number = told.iter().map(|state| survey.of(*state).to_string().len()).max().unwrap_or_default();
    let line = |state: &State| {
        let behind = match state {
            State::Here if survey.bytes > 0 => size(survey.bytes),
            State::Stale => classes(&survey.stale),
            State::Failed => classes(&survey.failed),
            _ => String::new(),
        };
        let line = format!("  {:name$}  {:>number$}  {behind}", words(*state), survey.of(*state));
        line.trim_end().to_owned()
    };
    told.iter().map(line).collect()
}

/// `12 timeout, 5 http-500`, the most frequent first.
fn classes(classes: &BTreeMap<String, u64>) -> String {
    let mut classes: Vec<_> = classes.iter().collect();
    classes.sort_by_key(|(class, count)| (Reverse(**count), class.as_str()));
    let told: Vec<_> = classes.iter().map(|(class, count)| format!("{count} {class}")).collect();
    told.join(", ")
}

fn last_run(run: &LastRun) -> String {
    let begun = people(run.begun);
    let (a_run, last) = match run.kind {
        Kind::Download => ("a run", "last run"),
        Kind::Verification => ("a verification", "last run, a verification"),
        Kind::Repair => ("a repair", "last run, a repair"),
    };
    match run.phase {
        Phase::GoesOn { pid } => {
            let pid = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
            format!("{a_run} goes on{pid}, begun {begun}")
        }
        Phase::Killed => format!("{last}: {begun}, killed before its end"),
        Phase::Ended { at, how } => {
            let took = match at.saturating_sub(run.begun) {
                // Only whole seconds are stored.
                0 => "within 1s".to_owned(),
                seconds => format!("after {}", span(Duration::from_secs(seconds))),
            };
            // A signal let what was in flight finish.
            let how = if how == "drained" { "stopped early" } else { how };
            format!("{last}: {begun}, {how} {took}: {}", counted(run))
        }
    }
}

/// What a run has counted, in its own words.
fn counted(LastRun { kind, counts, .. }: &LastRun) -> String {
    let of = |outcome| counts.get(&outcome).copied().unwrap_or_default();
    match kind {
        Kind::Verification => format!("{} whole, {} bad", of(Outcome::Skipped), of(Outcome::Error)),
        Kind::Download | Kind::Repair => outcomes(counts),
    }
}

/// `950 ok, 10 not found, 1 error`, without those that are zero.
fn outcomes(counts: &BTreeMap<Outcome, u64>) -> String {
    let told = counts.iter().filter(|(_, count)| **count > 0).map(|(outcome, count)| match outcome {
        Outcome::Error => errors(*count),
        Outcome::NotFound => format!("{count} not found"),
        other => format!("{count} {}", other.as_str()),
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { "no entries".to_owned() } else { told.join(", ") }
}

fn words(state: State) -> &'static str {
    match state {
        State::NotFound => "not found",
        State::Duplicate => "duplicate",
        other => other.as_str(),
    }
}

/// A moment as machines write it: `2026-11-21T03:00:12Z`.
pub(super) fn at(seconds: u64) -> String {
    // A year has four digits there, and a database any number.
    let latest = 253_402_300_799;
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(latest))).to_string()
}

/// The same, as people read it: `2026-11-21 03:00:12 UTC`.
fn people(seconds: u64) -> String {
    at(seconds).replace('T', " ").replace('Z', " UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_in_utc() {
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(people(1_795_230_012), "2026-11-21 03:00:12 UTC");
        assert_eq!(at(u64::MAX), "9999-12-31T23:59:59Z");
    }
}
