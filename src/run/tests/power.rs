//! What a run believes of earlier ones after the machine went down.

use std::fs;

use rusqlite::Connection;

use super::{
    bench::{Bench, options},
    double::{Answer, Double, IMAGE},
};
use crate::{
    ledger::{Beginning, Ledger, LedgerError},
    options::{Durability, Options},
    run::Cause,
    stop::Stop,
};

/// Runs a list, and gives the URLs that were asked for.
async fn run(bench: &mut Bench, list: &str, options: Options) -> Vec<String> {
    let double = Double::default();
    bench.run(list, &double, options).await.expect("it goes on");
    let mut asked: Vec<_> = double.asked().into_iter().map(|asked| asked.url).collect();
    asked.sort();
    asked
}

fn change(bench: &Bench, sql: &str) {
    Connection::open(bench.out().join(".flagdl/ledger.db")).expect("a database").execute_batch(sql).expect(sql);
}

/// As if the machine had been started anew since all runs.
fn reboot(bench: &Bench) {
    change(bench, "UPDATE run SET boot = 'an earlier one'");
}

/// As if the last run had been killed.
fn kill(bench: &Bench) {
    change(bench, "UPDATE run SET ended = NULL, ending = NULL WHERE id = (SELECT max(id) FROM run)");
}

/// What power losses do to files: cut, emptied, zeros in their place, gone.
const LIST: &str = "cut\nempty\nfine\ngone\nzeros\n";

fn damage(bench: &Bench) {
    let file = |name: &str| bench.out().join(name);
    fs::write(file("cut"), &IMAGE[..20]).expect("written");
    fs::write(file("empty"), []).expect("written");
    fs::write(file("zeros"), vec![0; IMAGE.len()]).expect("written");
    fs::remove_file(file("gone")).expect("it was there");
}

fn all_are_whole(bench: &Bench) {
    assert_eq!(bench.files(), ["cut", "empty", "fine", "gone", "zeros"]);
    for name in bench.files() {
        assert_eq!(fs::read(bench.out().join(&name)).expect("a file"), IMAGE, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_file_that_a_power_loss_took_is_found_and_fetched_again() {
    for was_killed in [true, false] {
        let mut bench = Bench::new();
        run(&mut bench, LIST, options(2)).await;
        if was_killed {
            kill(&bench);
        }
        reboot(&bench);
        damage(&bench);
        let asked = run(&mut bench, LIST, options(2)).await;
        assert_eq!(asked, ["http://h/cut", "http://h/empty", "http://h/gone", "http://h/zeros"]);
        assert_eq!(bench.recorder.checked, [(5, 4)]);
        all_are_whole(&bench);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_checked_is_not_read_again() {
    let mut bench = Bench::new();
    run(&mut bench, LIST, options(2)).await;
    reboot(&bench);
    assert!(run(&mut bench, LIST, options(2)).await.is_empty());
    assert_eq!(bench.recorder.checked, [(5, 0)]);
    reboot(&bench);
    run(&mut bench, LIST, options(2)).await;
    assert!(bench.recorder.checked.is_empty(), "the second run has saved nothing");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_cannot_go_on_ends_its_run_as_failed() {
    let mut bench = Bench::new();
    run(&mut bench, LIST, options(2)).await;
    reboot(&bench);
    bench.recorder.break_after = Some(0);
    let ended = bench.run(LIST, &Double::default(), options(2)).await;
    assert!(matches!(ended.expect_err("nobody reads").cause, Cause::Report(_)));
    let database = Connection::open(bench.out().join(".flagdl/ledger.db")).expect("a database");
    let ending = "SELECT ending FROM runs ORDER BY id DESC LIMIT 1";
    let ending: String = database.query_row(ending, [], |row| row.get(0)).expect("an end");
    assert_eq!(ending, "failed");
}

#[tokio::test(start_paused = true)]
async fn without_a_reboot_nothing_is_read_again() {
    let mut bench = Bench::new();
    run(&mut bench, LIST, options(2)).await;
    kill(&bench);
    damage(&bench);
    let asked = run(&mut bench, LIST, options(2)).await;
    assert_eq!(asked, ["http://h/cut", "http://h/empty", "http://h/gone"], "their sizes are others");
    assert!(bench.recorder.checked.is_empty());
}

#[tokio::test(start_paused = true)]
async fn files_that_were_brought_to_the_disk_are_not_read_again() {
    for durability in [Durability::Batch, Durability::File] {
        let mut bench = Bench::new();
        run(&mut bench, LIST, Options { durability, ..options(2) }).await;
        all_are_whole(&bench);
        kill(&bench);
        reboot(&bench);
        assert!(run(&mut bench, LIST, options(2)).await.is_empty());
        assert!(bench.recorder.checked.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_damaged_file_that_no_list_has_any_more_does_not_stay() {
    let mut bench = Bench::new();
    run(&mut bench, LIST, options(2)).await;
    reboot(&bench);
    damage(&bench);
    fs::create_dir(bench.out().join("gone")).expect("made");
    assert!(run(&mut bench, "fine\n", options(2)).await.is_empty());
    assert_eq!(bench.files(), ["fine", "gone"], "and what is no file is let alone");
}

// In real time, for which the thread that reads the list is quick enough.
#[tokio::test]
async fn a_run_that_is_stopped_before_all_was_checked_believes_nothing_and_the_next_one_checks() {
    for stop in [Stop::Drain, Stop::Abort] {
        let mut bench = Bench::new();
        run(&mut bench, LIST, options(2)).await;
        reboot(&bench);
        damage(&bench);
        bench.stop_from_the_start(stop);
        assert!(run(&mut bench, LIST, options(2)).await.is_empty());
        // How much of the list is still read depends on the time that this takes.
        assert!(bench.ended().iter().all(|ended| ended.ends_with(" left")), "{:?}", bench.ended());
        assert!(bench.recorder.checked.is_empty());
        bench.stop_no_more();
        assert_eq!(run(&mut bench, LIST, options(2)).await.len(), 4);
        assert_eq!(bench.recorder.checked, [(5, 4)]);
        all_are_whole(&bench);
    }
}

#[tokio::test(start_paused = true)]
async fn many_files_are_checked_a_batch_at_a_time() {
    let mut bench = Bench::new();
    let list: String = (0..2_500).map(|number| format!("{number:04}\n")).collect();
    run(&mut bench, &list, options(16)).await;
    reboot(&bench);
    let bad = ["0000", "1023", "1024", "2047", "2048", "2499"];
    for name in bad {
        fs::write(bench.out().join(name), vec![0; IMAGE.len()]).expect("written");
    }
    assert_eq!(run(&mut bench, &list, options(16)).await, bad.map(|name| format!("http://h/{name}")));
    assert_eq!(bench.recorder.checked, [(2_500, 6)]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_failed_to_come_again_is_not_believed_either() {
    let mut bench = Bench::new();
    run(&mut bench, "a\n", options(1)).await;
    reboot(&bench);
    fs::write(bench.out().join("a"), []).expect("written");
    let down = Double::default().script("http://h/a", [Answer::status(403)]);
    bench.run("a\n", &down, options(1)).await.expect("it goes on");
    assert_eq!((bench.ended(), bench.files()), (vec!["a error http-403"], vec![]));
    assert_eq!(run(&mut bench, "a\n", options(1)).await, ["http://h/a"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_planned_without_the_ledger_that_another_has_made_meanwhile_does_not_go_on() {
    let mut bench = Bench::new();
    let out = bench.out();
    bench.recorder.meanwhile = Some(Box::new(move || {
        fs::create_dir(&out).expect("a new folder");
        let ledger = Ledger::open(&out).expect("a new ledger");
        drop(ledger.begin(&Beginning::default(), None).expect("a run"));
    }));
    let double = Double::default();
    let error = bench.run("ftp://x\na\n", &double, options(1)).await.expect_err("it asked no ledger");
    assert!(matches!(error.cause, Cause::Ledger(LedgerError::Overtaken { .. })), "{error:?}");
    assert!(double.asked().is_empty());
    assert_eq!(bench.ended(), ["a left", "ftp://x error invalid-line"]);
    assert_eq!(run(&mut bench, "a\n", options(1)).await, ["http://h/a"]);
}
