//! What a run knows of earlier ones: what is skipped, what is asked again, which names stay, and what is noted.

use std::{fs, time::Duration};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::{
    bench::{Bench, options},
    double::{Answer, Double, IMAGE},
};
use crate::{
    event::Outcome,
    fetch::Fault,
    ledger::{HowEnded, Ledger, LedgerError, Reader, Row},
    options::{Accept, Existing, Options},
    run::Cause,
    stop::Stop,
};

/// Runs a list, and gives the URLs that were asked for.
async fn run(bench: &mut Bench, list: &str, double: Double, options: Options) -> Vec<String> {
    let before = double.asked().len();
    bench.run(list, &double, options).await.expect("it goes on");
    let mut asked: Vec<_> = double.asked().into_iter().skip(before).map(|asked| asked.url).collect();
    asked.sort();
    asked
}

fn reader(bench: &Bench) -> Reader {
    Reader::open(&bench.out()).expect("readable").expect("a ledger")
}

fn rows(bench: &Bench) -> Vec<Row> {
    reader(bench).rows_after("", 100_000).expect("readable")
}

#[tokio::test(start_paused = true)]
async fn what_is_here_is_skipped_without_a_request() {
    let mut bench = Bench::new();
    let list = "a\nb\na\n";
    run(&mut bench, list, Double::default(), options(2)).await;
    for _ in 0..2 {
        assert!(run(&mut bench, list, Double::default(), options(2)).await.is_empty());
        assert_eq!(bench.ended(), ["a duplicate", "a skipped", "b skipped"]);
    }
    assert_eq!(run(&mut bench, "a\nc\n", Double::default(), options(2)).await, ["http://h/c"]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_gone_or_of_another_size_is_fetched_again() {
    let mut bench = Bench::new();
    let list = "gone\ncut\nlong\nfine\n";
    run(&mut bench, list, Double::default(), options(2)).await;
    fs::remove_file(bench.out().join("gone")).expect("it was there");
    fs::write(bench.out().join("cut"), &IMAGE[..20]).expect("written");
    fs::write(bench.out().join("long"), [IMAGE, b"more"].concat()).expect("written");
    let asked = run(&mut bench, list, Double::default(), options(2)).await;
    assert_eq!(asked, ["http://h/cut", "http://h/gone", "http://h/long"]);
    for file in ["cut", "fine", "gone", "long"] {
        assert_eq!(fs::read(bench.out().join(file)).expect("a file"), IMAGE);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_symbolic_link_leads_to_is_not_here() {
    let mut bench = Bench::new();
    run(&mut bench, "a\n", Double::default(), options(1)).await;
    let elsewhere = bench.folder.path().join("elsewhere");
    fs::rename(bench.out().join("a"), &elsewhere).expect("moved");
    std::os::unix::fs::symlink(&elsewhere, bench.out().join("a")).expect("linked");
    assert_eq!(run(&mut bench, "a\n", Double::default(), options(1)).await, ["http://h/a"]);
    assert_eq!(bench.ended(), ["a error unsafe-path"]);
}

#[tokio::test(start_paused = true)]
async fn what_failed_and_what_was_not_found_is_asked_again() {
    let mut bench = Bench::new();
    let double = Double::default()
        .script("http://h/missing", [Answer::status(404)])
        .script("http://h/denied", [Answer::status(403)])
        .script("http://h/down", [Answer::fault(Fault::Refused)]);
    let list = "missing\ndenied\ndown\nfine\nftp://x\n";
    run(&mut bench, list, double, Options { retries: 0, ..options(2) }).await;
    let noted: Vec<_> =
        rows(&bench).iter().map(|row| format!("{} {:?} {:?}", row.path, row.outcome, row.class)).collect();
    let expected =
        ["denied Error Some(\"http-403\")", "down Error Some(\"refused\")", "fine Ok None", "missing NotFound None"];
    assert_eq!(noted, expected);
    let asked = run(&mut bench, list, Double::default(), options(2)).await;
    assert_eq!(asked, ["http://h/denied", "http://h/down", "http://h/missing"]);
    assert!(run(&mut bench, list, Double::default(), options(2)).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_failed_attempt_to_fetch_again_forgets_no_file_and_is_made_again() {
    let mut bench = Bench::new();
    run(&mut bench, "a\n", Double::default(), options(1)).await;
    let down = Double::default().script("http://h/a", [Answer::status(403)]);
    run(&mut bench, "a\n", down, Options { existing: Existing::Overwrite, ..options(1) }).await;
    assert_eq!(bench.ended(), ["a error http-403"]);
    assert_eq!(bench.files(), ["a"]);
    assert_eq!(run(&mut bench, "a\n", Double::default(), options(1)).await, ["http://h/a"]);
    assert_eq!(bench.ended(), ["a ok"]);
    assert!(run(&mut bench, "a\n", Double::default(), options(1)).await.is_empty());
    assert_eq!(bench.ended(), ["a skipped"]);
}

#[tokio::test(start_paused = true)]
async fn colliding_names_stay_whatever_the_list_looks_like_later() {
    let [a, b, c] = ["http://a/x.jpg\n", "http://b/x.jpg\n", "http://c/X.jpg\n"];
    let mut bench = Bench::new();
    run(&mut bench, &format!("{a}{b}"), Double::default(), options(1)).await;
    let files = bench.files();
    assert_eq!(files.len(), 2);
    for list in [format!("{b}{a}"), b.to_owned(), a.to_owned(), format!("{b}{b}{a}{b}")] {
        assert!(run(&mut bench, &list, Double::default(), options(1)).await.is_empty(), "{list}");
        assert_eq!(bench.files(), files);
    }
    assert_eq!(run(&mut bench, &format!("{c}{b}{a}"), Double::default(), options(1)).await, ["http://c/X.jpg"]);
    assert_eq!(bench.files().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_name_with_a_hash_stays_although_nothing_came_of_the_entry_that_was_first() {
    let silent = Double::default().script("http://a/x.jpg", [Answer::silence()]);
    let mut bench = Bench::new().stopping_after(1, Stop::Abort);
    run(&mut bench, "http://a/x.jpg\nhttp://b/x.jpg\n", silent, options(2)).await;
    assert_eq!(bench.ended(), ["http://a/x.jpg left", "http://b/x.jpg ok"]);
    let files = bench.files();
    bench.stop_no_more();
    assert!(run(&mut bench, "http://b/x.jpg\n", Double::default(), options(2)).await.is_empty());
    assert_eq!(bench.files(), files);
    run(&mut bench, "http://b/x.jpg\nhttp://a/x.jpg\n", Double::default(), options(2)).await;
    assert_eq!(bench.ended(), ["http://a/x.jpg ok", "http://b/x.jpg skipped"]);
    assert_eq!(bench.files(), ["x.jpg", files[0].as_str()]);
}

#[tokio::test(start_paused = true)]
async fn overwriting_fetches_again_under_the_same_names() {
    let mut bench = Bench::new();
    run(&mut bench, "http://a/x.jpg\nhttp://b/x.jpg\n", Double::default(), options(1)).await;
    let files = bench.files();
    let overwrite = Options { existing: Existing::Overwrite, ..options(1) };
    let asked = run(&mut bench, "http://b/x.jpg\nhttp://a/x.jpg\n", Double::default(), overwrite).await;
    assert_eq!(asked, ["http://a/x.jpg", "http://b/x.jpg"]);
    assert_eq!(bench.files(), files);
}

#[tokio::test(start_paused = true)]
async fn while_one_run_goes_on_another_does_not_begin() {
    let mut bench = Bench::new();
    run(&mut bench, "a\n", Double::default(), options(1)).await;
    let other = Ledger::open(&bench.out()).expect("the first run has ended");
    let double = Double::default();
    let error = bench.run("a\nb\n", &double, options(1)).await.expect_err("it is locked");
    let own = std::process::id();
    assert!(
        matches!(error.cause, Cause::Ledger(LedgerError::Locked { pid: Some(pid), .. }) if pid == own),
        "{error:?}"
    );
    assert!(double.asked().is_empty() && bench.ended().is_empty());
    drop(other);
    assert_eq!(run(&mut bench, "a\nb\n", double, options(1)).await, ["http://h/b"]);
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_cannot_be_used_ends_the_run_and_is_left_as_it_is() {
    let mut bench = Bench::new();
    run(&mut bench, "a\n", Double::default(), options(1)).await;
    let path = bench.out().join(".flagdl/ledger.db");
    fs::write(&path, "something else, and long enough to be looked at".repeat(200)).expect("written");
    let before = fs::read(&path).expect("a file");
    let double = Double::default();
    let error = bench.run("b\n", &double, options(1)).await.expect_err("it is damaged");
    assert!(matches!(error.cause, Cause::Ledger(LedgerError::Damaged { .. })), "{error:?}");
    assert!(!error.summary.all_read && double.asked().is_empty());
    assert_eq!(fs::read(&path).expect("a file"), before);
}

#[tokio::test(start_paused = true)]
async fn the_ledger_knows_what_was_saved() {
    let (etag, changed) = ("\"v1\"", "Wed, 21 Oct 2015 07:28:00 GMT");
    let described = |answer: Answer| answer.header("etag", etag).header("last-modified", changed);
    let pieces = || (0..30).map(|n| Bytes::from(vec![n; 100_000]));
    let large = Answer::status(200).chunks(Duration::ZERO, pieces()).header("content-type", "image/x-large");
    let double = Double::default()
        .script("http://h/large", [described(large)])
        .script("http://h/small", [described(Answer::status(200).header("content-type", "image/gif"))])
        .script("http://h/moved", [Answer::redirect("http://h/small").header("etag", "\"no\"")]);
    let mut bench = Bench::new();
    run(&mut bench, "large\nsmall\nmoved\nplain\n", double, Options { accept: Accept::Any, ..options(2) }).await;
    let rows = rows(&bench);
    let of = |path: &str| rows.iter().find(|row| row.path.as_str() == path).expect(path);
    for row in &rows {
        let bytes = fs::read(bench.out().join(row.path.as_str())).expect("a file");
        let file = row.file.as_ref().expect("it was saved");
        assert_eq!(file.bytes, bytes.len() as u64);
        assert_eq!(file.sha256, Some(Sha256::digest(&bytes).into()), "{}", row.path);
        assert_eq!((row.status, row.attempts), (Some(200), 1));
        assert!(row.finished_at > 1_600_000_000);
    }
    for (path, media_type) in [("large", "image/x-large"), ("small", "image/gif"), ("moved", "image/gif")] {
        let file = of(path).file.as_ref().expect("it was saved");
        assert_eq!(file.media_type.as_deref(), Some(media_type));
        let is_direct = path != "moved";
        assert_eq!(file.validators.etag.as_deref(), is_direct.then_some(etag), "{path}");
        assert_eq!(file.validators.last_modified.as_deref(), is_direct.then_some(changed), "{path}");
    }
    assert_eq!(&*of("moved").url, "http://h/moved");
}

#[tokio::test(start_paused = true)]
async fn the_ledger_knows_how_each_run_ended_and_what_it_counted() {
    let mut bench = Bench::new();
    let missing = Double::default().script("http://h/missing", [Answer::status(404)]);
    run(&mut bench, "a\na\nmissing\n", missing, Options { headers: None, existing: Existing::Overwrite, ..options(2) })
        .await;
    let silent = Double::default().script("http://h/silent", [Answer::silence()]);
    let mut stopped = Bench::new().stopping_after(1, Stop::Abort);
    std::mem::swap(&mut stopped.folder, &mut bench.folder);
    run(&mut stopped, "a\nsilent\n", silent, options(2)).await;
    let runs = reader(&stopped).runs(9).expect("readable");
    let [second, first] = &runs[..] else { panic!("{runs:?}") };
    let (ended, counts) = first.ending.map(|ending| (ending.how, ending.counts)).expect("it has ended");
    assert_eq!((ended, counts.ok, counts.duplicate, counts.not_found), (HowEnded::Finished, 1, 1, 1));
    assert_eq!((counts.requests, counts.bytes), (2, IMAGE.len() as u64));
    assert_eq!(&*first.beginning.options, "-c 2 --retries 3 --overwrite");
    let (ended, counts) = second.ending.map(|ending| (ending.how, ending.counts)).expect("it has ended");
    assert_eq!((ended, counts.skipped, counts.left), (HowEnded::Interrupted, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn every_end_is_noted_however_many_come_at_once() {
    const COUNT: usize = 30_000;
    let mut double = Double::default();
    for n in (0..COUNT).step_by(3) {
        double = double.script(&format!("http://h/{n}"), [Answer::status(404)]);
    }
    let list: String = (0..COUNT).map(|n| format!("http://h/{n}\n")).collect();
    let mut bench = Bench::new();
    let denied = Options { max_size: 1, ..options(64) };
    let summary = bench.run(&list, &double, denied).await.expect("it goes on");
    assert_eq!(summary.tally.of(Outcome::NotFound) + summary.tally.of(Outcome::Error), COUNT as u64);
    assert_eq!(rows(&bench).len(), COUNT);
}
