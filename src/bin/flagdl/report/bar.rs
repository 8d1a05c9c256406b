//! The live bar: counts, rate and time left in one line, drawn five times a second.
//!
//! What surprises: how many entries there are is counted by a thread of its own that reads the lists once more,
//! which pipes do not allow; until it is known, no time left is shown. Nor is it before the first answer: what is here
//! already is gone through so fast that it says nothing about the rest.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use super::{
    live::{Live, fitted, per_second, precise, rounded, smooth, time_left},
    summary::{counts, size, span},
};
use flagdl::{
    event::{Ended, Outcome, Progress},
    list::{Lists, Source},
};

/// Longest part of a host's name, in characters; hosts are ASCII.
const LONGEST_HOST: usize = 32;

/// What is drawn.
#[derive(Debug, Clone, Default, PartialEq)]
struct View {
    done: u64,
    total: Option<u64>,
    ended: BTreeMap<Outcome, u64>,
    /// Those of them that were asked for, and how many are still to be asked for as far as that is known.
    asked: u64,
    to_ask: Option<f64>,
    in_flight: usize,
    received: u64,
    /// Who holds the run up, and for how long.
    held: Option<String>,
    /// Entries, those of them that were asked for, and bytes in a second.
    rate: f64,
    asked_rate: f64,
    speed: f64,
}

pub(super) struct Bar {
    live: Live,
    view: View,
    /// The number of entries, or 0 while it is not known.
    total: Arc<AtomicU64>,
    last: Instant,
    ticks: u32,
    last_done: u64,
    last_asked: u64,
}

impl Bar {
    pub(super) fn new(sources: Vec<Source>, limit: Option<u64>, terminal: bool) -> Self {
        let total = Arc::new(AtomicU64::new(0));
        if sources.iter().all(can_be_read_twice) {
            let counted = Arc::clone(&total);
            thread::spawn(move || counted.store(count(sources, limit).unwrap_or(0), Ordering::Relaxed));
        }
        let now = Instant::now();
        Self {
            live: Live::new(terminal),
            view: View::default(),
            total,
            last: now,
            ticks: 0,
            last_done: 0,
            last_asked: 0,
        }
    }

    /// Counts an entry that ended.
    pub(super) fn count(&mut self, ended: &Ended) {
        // What is left when a run is stopped is not done.
        self.view.done += u64::from(ended.outcome != Outcome::Left);
        self.view.asked += u64::from(ended.attempts > 0);
        *self.view.ended.entry(ended.outcome).or_default() += 1;
    }

    /// Draws what there is to see now.
    pub(super) fn draw(&mut self, progress: &Progress) {
        let now = Instant::now();
        let seconds = now.duration_since(self.last).as_secs_f64();
        if seconds > 0.0 {
            self.ticks = self.ticks.saturating_add(1);
            let view = &mut self.view;
            smooth(&mut view.rate, precise(view.done - self.last_done) / seconds, self.ticks);
            smooth(&mut view.asked_rate, precise(view.asked - self.last_asked) / seconds, self.ticks);
            smooth(&mut view.speed, precise(progress.received - view.received) / seconds, self.ticks);
            (self.last, self.last_done, self.last_asked) = (now, view.done, view.asked);
        }
        self.view.received = progress.received;
        self.view.in_flight = progress.in_flight;
        self.view.held = held(progress);
        let counted = Some(self.total.load(Ordering::Relaxed)).filter(|total| *total > 0);
        self.view.total = if progress.all_read { Some(progress.read) } else { counted };
        let is_stopping = self.view.ended.contains_key(&Outcome::Left);
        self.view.to_ask =
            self.view.total.filter(|_| !is_stopping).map(|total| to_ask(&self.view, total, progress.read));
        self.live.show(now, |width| text(&self.view, width));
    }

    /// Draws how far files of an earlier run have been checked.
    pub(super) fn draw_checking(&mut self, done: u64, files: u64) {
        self.live.show(Instant::now(), |width| checking(done, files, width));
    }

    /// Makes room for a line of text; the next tick draws again.
    pub(super) fn step_aside(&self) {
        self.live.step_aside();
    }

    /// Takes the bar away.
    pub(super) fn finish(&mut self) {
        self.live.finish();
    }
}

/// A pipe gives each line once, and those are the run's.
fn can_be_read_twice(source: &Source) -> bool {
    match source {
        Source::Stdin => false,
        Source::File(path) => std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file()),
        Source::Text { .. } => true,
    }
}

fn count(sources: Vec<Source>, limit: Option<u64>) -> Option<u64> {
    let mut lists = Lists::open(sources).ok()?;
    let mut entries = 0;
    while entries < limit.unwrap_or(u64::MAX) && lists.next_entry().ok()?.is_some() {
        entries += 1;
    }
    Some(entries)
}

/// `[#####---------------] 12/345 | checking files`, as much as fits into the width.
fn checking(done: u64, files: u64, width: usize) -> String {
    fitted(done, Some(files), &["checking files".to_owned()], width)
}

/// How many of the entries that have not ended will be asked for: all that have been read, and of the others as large a
/// part as of those so far.
fn to_ask(view: &View, total: u64, read: u64) -> f64 {
    let pending = read.saturating_sub(view.done);
    let share = precise(view.asked + pending) / precise(read.max(1));
    precise(pending) + precise(total.saturating_sub(read)) * share.min(1.0)
}

/// As much as fits into the width.
fn text(view: &View, width: usize) -> String {
    let of = |outcome| view.ended.get(&outcome).copied().unwrap_or_default();
    let main =
        |outcome| if [Outcome::Ok, Outcome::NotFound, Outcome::Error].contains(&outcome) { of(outcome) } else { 0 };
    let mut parts = vec![counts(of)];
    if !fitted(view.done, view.total, &parts, width).ends_with(&parts[0]) {
        parts = vec![counts(main)];
    }
    parts.extend(view.held.clone());
    parts.extend(view.to_ask.and_then(|left| time_left(left, view.asked_rate)));
    parts.push(per_second(view.rate));
    parts.push(format!("{}/s", size(rounded(view.speed))));
    parts.push(format!("{} in flight", view.in_flight));
    fitted(view.done, view.total, &parts, width)
}

/// `held: example.org 28s, example.com 1m05s, 2 more`.
fn held(progress: &Progress) -> Option<String> {
    if let Some(wait) = progress.unreached {
        return Some(format!("no host can be reached, next try in {}", span(wait)));
    }
    let named = progress.held.iter().map(|held| format!("{} {}", short(held.host.as_str()), span(held.wait)));
    let more = progress.held_hosts.saturating_sub(progress.held.len());
    let parts: Vec<_> = named.chain((more > 0).then(|| format!("{more} more"))).collect();
    (!parts.is_empty()).then(|| format!("held: {}", parts.join(", ")))
}

/// A host without its scheme, and with its end only where it is long: that is what tells it from others.
fn short(host: &str) -> String {
    let name = host.split_once("://").map_or(host, |(_, name)| name);
    if name.len() <= LONGEST_HOST { name.to_owned() } else { format!("...{}", &name[name.len() - LONGEST_HOST..]) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use flagdl::{
        event::{Held, HoldReason},
        link::Link,
    };

    use super::*;

    fn view() -> View {
        View {
            held: None,
            done: 500,
            total: Some(2000),
            ended: [(Outcome::Ok, 490), (Outcome::NotFound, 8), (Outcome::Error, 2)].into(),
            asked: 500,
            to_ask: Some(1500.0),
            in_flight: 16,
            received: 5_000_000,
            rate: 100.0,
            asked_rate: 100.0,
            speed: 1_048_576.0,
        }
    }

    #[test]
    fn a_wide_window_shows_everything() {
        assert_eq!(
            text(&view(), 120),
            "[#####---------------] 500/2000 | 490 ok, 8 not found, 2 errors | 15s left | 100/s | 1.0 MiB/s | 16 in flight"
        );
    }

    #[test]
    fn a_narrow_window_keeps_what_matters_most() {
        assert_eq!(text(&view(), 80), "[#####---------------] 500/2000 | 490 ok, 8 not found, 2 errors | 15s left");
        assert_eq!(text(&view(), 60), "500/2000 | 490 ok, 8 not found, 2 errors | 15s left | 100/s");
        assert_eq!(text(&view(), 20), "500/2000");
        for width in 0..150 {
            assert!(text(&view(), width).chars().count() <= width);
        }
    }

    #[test]
    fn further_outcomes_that_are_not_zero_are_told_as_at_the_end() {
        let ended = [(Outcome::Error, 1), (Outcome::Skipped, 27), (Outcome::Unchanged, 3)].into();
        let line = text(&View { ended, done: 31, total: Some(40), ..view() }, 85);
        assert_eq!(line, "[################----] 31/40 | 0 ok, 0 not found, 1 error, 3 unchanged, 27 skipped");
        assert_eq!(
            text(&View { ended: [(Outcome::Skipped, 27)].into(), ..view() }, 45),
            "500/2000 | 0 ok, 0 not found, 0 errors"
        );
    }

    #[test]
    fn what_comes_first_and_together_is_not_the_pace() {
        let mut rate = 0.0;
        // Eight answers in a tick of a fifth of a second, each two seconds.
        for tick in 1..=30 {
            smooth(&mut rate, if tick % 10 == 0 { 40.0 } else { 0.0 }, tick);
        }
        assert!((3.0..6.0).contains(&rate), "{rate}");
    }

    #[test]
    fn what_was_not_asked_for_says_nothing_about_the_time_left() {
        let mut bar = Bar::new(Vec::new(), None, false);
        bar.view = View { done: 27, total: Some(30), rate: 5_000.0, ..View::default() };
        bar.draw(&Progress { read: 30, all_read: true, ..Progress::default() });
        assert!(!text(&bar.view, 200).contains("left"), "{}", text(&bar.view, 200));
        // Of 1000 that have been read, 900 were here; so of the other 1000 a tenth is to be asked for.
        let view = View { done: 950, asked: 50, ..View::default() };
        assert!((to_ask(&view, 2000, 1000) - 150.0).abs() < 0.01);
        assert!((to_ask(&view, 2000, 2000) - 1050.0).abs() < 0.01);
    }

    #[test]
    fn the_hosts_that_hold_the_run_up_are_named_with_their_time() {
        let held = |hosts: &[(&str, u64)], all: usize| {
            let one = |(url, seconds): &(&str, u64)| Held {
                host: Link::parse(url).expect("a URL").host().clone(),
                reason: HoldReason::Pushback,
                wait: Duration::from_millis(*seconds),
            };
            super::held(&Progress { held: hosts.iter().map(one).collect(), held_hosts: all, ..Progress::default() })
        };
        assert_eq!(held(&[], 0), None);
        assert_eq!(held(&[("https://example.org/a", 1500)], 1).as_deref(), Some("held: example.org 1.5s"));
        let two = [("https://example.org/a", 28_000), ("http://127.0.0.1:8000/", 65_000)];
        assert_eq!(held(&two, 4).as_deref(), Some("held: example.org 28s, 127.0.0.1:8000 1m05s, 2 more"));
        let long = format!("https://{}.example.org/", "x".repeat(60));
        assert!(held(&[(&long, 1000)], 1).expect("held").contains("held: ...xxxx"));
        let dark = Progress { unreached: Some(Duration::from_secs(12)), ..Progress::default() };
        assert_eq!(super::held(&dark).as_deref(), Some("no host can be reached, next try in 12s"));
    }

    #[test]
    fn an_unknown_number_of_entries_shows_no_time_left() {
        assert_eq!(
            text(&View { total: None, to_ask: None, ..view() }, 60),
            "500 | 490 ok, 8 not found, 2 errors | 100/s | 1.0 MiB/s"
        );
    }
}
