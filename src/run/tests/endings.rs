//! How runs end before their time: stopped, broken, or with nothing to do.

use std::{fs, io, path::Path};

use super::{
    bench::{Bench, options, seconds},
    double::{Answer, Double},
};
use crate::{
    event::{Event, Outcome, Reporter},
    ledger::Reader,
    list::{Lists, Source},
    plan::Plan,
    run::{Cause, run},
    stop::{Stop, StopSignal},
    store::StoreError,
    template::Template,
};

#[tokio::test(start_paused = true)]
async fn draining_lets_what_is_in_flight_finish_and_starts_nothing_more() {
    let double = Double::with_latency(seconds(1));
    let list: String = (0..200).map(|n| format!("{n}\n")).collect();
    let mut bench = Bench::new().stopping_after(2, Stop::Drain);
    let summary = bench.run(&list, &double, options(4)).await.expect("it goes on");
    // One may have been started in the same turn in which the second ended.
    let ok = summary.tally.of(Outcome::Ok);
    assert!((4..=8).contains(&ok), "{ok}");
    assert_eq!(double.asked().len() as u64, ok);
    assert_eq!(summary.tally.of(Outcome::Left), 200 - ok);
}

#[tokio::test(start_paused = true)]
async fn a_drained_run_ends_when_its_grace_does_and_an_aborted_one_at_once() {
    for (stop, least, most) in [(Stop::Drain, 10, 11), (Stop::Abort, 0, 1)] {
        let double = Double::default().script("http://h/silence", [Answer::silence()]);
        let mut bench = Bench::new().stopping_after(1, stop);
        let summary = bench.run("quick\nsilence\n", &double, options(2)).await.expect("it goes on");
        assert_eq!((summary.tally.of(Outcome::Ok), summary.tally.of(Outcome::Left)), (1, 1));
        assert!((seconds(least)..seconds(most)).contains(&summary.elapsed), "{:?}", summary.elapsed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_one_entrys_error() {
    let mut bench = Bench::new();
    bench.run("a\npanic\nb\n", &Double::default(), options(1)).await.expect("it goes on");
    assert_eq!(bench.ended(), ["a ok", "b ok", "panic error bug"]);
    let mut ledger = Reader::open(&bench.out()).expect("readable").expect("a ledger");
    let rows = ledger.rows_after("o", 1).expect("readable");
    assert_eq!((rows[0].path.as_str(), rows[0].class.as_deref()), ("panic", Some("bug")), "it is recorded");
}

#[tokio::test(start_paused = true)]
async fn when_nobody_takes_the_reports_the_run_ends() {
    let mut bench = Bench::new();
    bench.recorder.break_after = Some(2);
    let error = bench.run("a\nb\nc\nd\n", &Double::default(), options(1)).await.expect_err("nobody reads");
    assert!(matches!(error.cause, Cause::Report(_)));
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_is_gone_ends_the_run_and_is_held_against_no_entry() {
    struct Remover<'a>(&'a Path, Vec<String>);
    impl Reporter for Remover<'_> {
        fn report(&mut self, event: &Event<'_>) -> io::Result<()> {
            if let Event::Ended(ended) = event {
                self.1.push(format!("{} {}", ended.entry.text, ended.outcome.as_str()));
                let _ = fs::remove_dir_all(self.0);
            }
            Ok(())
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let source = Source::Text { name: "list".into(), text: "a\nb\nc\n".into() };
    let template = Template::parse("http://h/{code}").expect("a template");
    let plan = Plan::new(Lists::open(vec![source]).expect("memory"), template, None);
    let mut remover = Remover(&out, Vec::new());
    let double = Double::with_latency(seconds(1));
    let error = run(plan, out.clone(), double, options(1), StopSignal::never(), &mut remover).await;
    let error = error.expect_err("there is no folder");
    assert!(matches!(error.cause, Cause::Store(StoreError::Unwritable { .. })), "{error}");
    assert_eq!(remover.1, ["a ok", "b left", "c left"]);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_nothing_makes_no_folder() {
    let mut bench = Bench::new();
    let summary = bench.run("# nothing\n\n", &Double::default(), options(1)).await.expect("it goes on");
    assert_eq!((summary.tally.entries(), summary.all_read), (0, true));
    assert!(!bench.folder.path().join("out").exists());
}

#[tokio::test(start_paused = true)]
async fn claims_that_can_no_longer_be_looked_up_end_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = Source::Text { name: "list".into(), text: "a\nb\n".into() };
    let template = Template::parse("http://h/{code}").expect("a template");
    let mut plan = Plan::new(Lists::open(vec![source]).expect("memory"), template, None);
    plan.fail_claims();
    let out = folder.path().join("out");
    let error = run(plan, out, Double::default(), options(1), StopSignal::never(), &mut ()).await;
    let error = error.expect_err("two links could get one name");
    assert!(matches!(error.cause, Cause::Claims(_)), "{error:?}");
    assert!(!error.summary.all_read, "what was read with them is not counted");
}
