//! Asking whether what is here has changed: what stays, what is replaced, what is gone, and what is left alone.

use std::{fs, os::unix::fs::MetadataExt as _, time::Duration};

use super::{
    bench::{Bench, options},
    double::{Answer, Double, IMAGE},
    origin::{Origin, Version},
};
use crate::{
    event::{Change, Outcome, Withheld},
    ledger::{LastOutcome, Reader},
    options::{Accept, Existing, Gone, Options, Share},
    tally::Summary,
};

/// A whole image that differs from [`IMAGE`].
fn image(number: u8) -> Vec<u8> {
    [IMAGE, &[number]].concat()
}

fn update() -> Options {
    Options { existing: Existing::Update, ..options(4) }
}

async fn run(bench: &mut Bench, list: &str, origin: &Origin, options: Options) -> Summary {
    bench.run(list, origin, options).await.expect("it goes on")
}

fn counts(summary: &Summary) -> [u64; 6] {
    let tally = &summary.tally;
    [
        tally.of(Outcome::Ok),
        tally.of(Outcome::Unchanged),
        tally.of(Outcome::NotFound),
        tally.changed(Change::New),
        tally.changed(Change::Changed),
        tally.changed(Change::Gone),
    ]
}

/// Ten images with all kinds of validators, fetched once.
async fn mirror() -> (Bench, Origin, String) {
    let (mut bench, origin) = (Bench::new(), Origin::default());
    for number in 0..10 {
        let time = Some("Wed, 21 Oct 2015 07:28:00 GMT".to_owned());
        let (etag, last_modified) = match number {
            0 => (None, None),
            1 => (None, time),
            2 => (Some("W/\"2\"".into()), None),
            _ => (Some(format!("\"{number}\"")), time),
        };
        origin.put(&number.to_string(), Version { bytes: image(number), etag, last_modified });
    }
    let list = (0..10).map(|number| format!("{number}\n")).collect::<String>();
    let summary = run(&mut bench, &list, &origin, options(4)).await;
    assert_eq!(counts(&summary), [10, 0, 0, 10, 0, 0]);
    assert_eq!(origin.statuses(), [200; 10]);
    (bench, origin, list)
}

#[tokio::test(start_paused = true)]
async fn what_has_not_changed_stays_as_it_is() {
    let (mut bench, origin, list) = mirror().await;
    let file = |number: u8| fs::metadata(bench.out().join(number.to_string())).expect("a file").ino();
    let before: Vec<_> = (0..10).map(file).collect();
    let known = |bench: &Bench| {
        let rows = Reader::open(&bench.out()).expect("readable").expect("a ledger").rows_after("", 99);
        rows.expect("readable").into_iter().map(|row| (row.path, row.file)).collect::<Vec<_>>()
    };
    let stored = known(&bench);
    for _ in 0..2 {
        let summary = run(&mut bench, &list, &origin, update()).await;
        assert_eq!(counts(&summary), [0, 10, 0, 0, 0, 0]);
        let mut statuses = origin.statuses();
        statuses.sort_unstable();
        assert_eq!(statuses, [&[200][..], &[304; 9]].concat(), "only the one without validators is sent again");
        let file = |number: u8| fs::metadata(bench.out().join(number.to_string())).expect("a file").ino();
        assert_eq!((0..10).map(file).collect::<Vec<_>>(), before, "no file was written");
        assert_eq!(known(&bench), stored, "validators are kept");
        assert_eq!(summary.tally.bytes, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_changed_is_replaced_and_what_is_gone_is_kept_and_told() {
    let (mut bench, origin, list) = mirror().await;
    origin.put("4", Version::new(image(40), "\"40\"")).put("0", Version::new(image(41), "\"41\"")).remove("5");
    origin.put("new", Version::new(image(42), "\"42\""));
    let list = list + "new\n";
    let summary = run(&mut bench, &list, &origin, update()).await;
    assert_eq!(counts(&summary), [3, 7, 1, 1, 2, 1]);
    for (file, number) in [("4", 40), ("0", 41), ("new", 42), ("5", 5), ("6", 6)] {
        assert_eq!(fs::read(bench.out().join(file)).expect(file), image(number));
    }
    // What is gone stays gone as long as it is here, and is here for those who do not ask.
    assert_eq!(counts(&run(&mut bench, &list, &origin, update()).await), [0, 10, 1, 0, 0, 1]);
    let summary = run(&mut bench, &list, &origin, options(4)).await;
    assert_eq!(summary.tally.of(Outcome::Skipped), 11);
    origin.put("5", Version::new(image(5), "\"5\""));
    assert_eq!(counts(&run(&mut bench, &list, &origin, update()).await), [0, 11, 0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_is_deleted_at_the_end_where_that_is_wanted() {
    let (mut bench, origin, list) = mirror().await;
    origin.remove("5").remove("7");
    let delete = |most| Options { gone: Gone::Delete(most), ..update() };
    let summary = run(&mut bench, &list, &origin, delete(Share::Part(0.2))).await;
    assert_eq!((counts(&summary), summary.deleted, summary.withheld), ([0, 8, 2, 0, 0, 2], 2, None));
    assert_eq!(bench.files(), ["0", "1", "2", "3", "4", "6", "8", "9"]);
    // There is nothing left that could be gone.
    let summary = run(&mut bench, &list, &origin, delete(Share::Count(0))).await;
    assert_eq!((counts(&summary), summary.deleted, summary.withheld), ([0, 8, 2, 0, 0, 0], 0, None));
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_and_broken_goes_too_and_what_somebody_has_edited_stays() {
    let (mut bench, origin, list) = mirror().await;
    origin.remove("5").remove("7");
    fs::write(bench.out().join("5"), &image(5)[..20]).expect("written");
    let edited = [image(7), b"more".to_vec()].concat();
    fs::write(bench.out().join("7"), &edited).expect("written");
    let options = Options { gone: Gone::Delete(Share::Part(1.0)), ..update() };
    let summary = run(&mut bench, &list, &origin, options).await;
    assert_eq!((counts(&summary), summary.deleted), ([0, 8, 2, 0, 0, 0], 1));
    assert_eq!(bench.files(), ["0", "1", "2", "3", "4", "6", "7", "8", "9"]);
    assert_eq!(fs::read(bench.out().join("7")).expect("a file"), edited);
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_and_not_yet_forgotten_is_forgotten_by_the_next_update() {
    let (mut bench, origin, list) = mirror().await;
    origin.remove("5");
    // As after a kill between the two.
    fs::remove_file(bench.out().join("5")).expect("it was there");
    let options = Options { gone: Gone::Delete(Share::Count(0)), ..update() };
    let summary = run(&mut bench, &list, &origin, options).await;
    assert_eq!((counts(&summary), summary.deleted, summary.withheld), ([0, 9, 1, 0, 0, 0], 0, None));
    let rows = Reader::open(&bench.out()).expect("readable").expect("a ledger").rows_after("", 99).expect("readable");
    let known: Vec<_> = rows.iter().filter(|row| row.file.is_none()).map(|row| row.path.as_str()).collect();
    assert_eq!(known, ["5"], "no file of it is known");
}

#[tokio::test(start_paused = true)]
async fn where_too_much_is_gone_nothing_is_deleted() {
    let (mut bench, origin, list) = mirror().await;
    origin.remove("5").remove("7");
    let delete = |most| Options { gone: Gone::Delete(most), ..update() };
    for most in [Share::Part(0.19), Share::Count(1)] {
        let summary = run(&mut bench, &list, &origin, delete(most)).await;
        assert_eq!(summary.withheld, Some(Withheld::TooMany { gone: 2, asked: 10, most }));
        assert_eq!((summary.deleted, bench.files().len()), (0, 10));
    }
    // Gone in an earlier run, and not asked about in this one: it is not deleted.
    let summary = run(&mut bench, "5\n", &origin, delete(Share::Part(1.0))).await;
    assert_eq!((summary.deleted, bench.files().len()), (1, 9));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_cut_short_deletes_nothing() {
    let (bench, origin, list) = mirror().await;
    origin.remove("0");
    let mut stopped = Bench::new().stopping_after(3, crate::stop::Stop::Drain);
    stopped.folder = bench.folder;
    let options = Options { gone: Gone::Delete(Share::Part(1.0)), ..update() };
    let summary = run(
        &mut stopped,
        &list,
        &origin,
        Options { concurrency: options.concurrency.min(1.try_into().expect("1")), ..options },
    )
    .await;
    assert!(summary.tally.of(Outcome::Left) > 0);
    assert_eq!((summary.withheld, summary.deleted), (Some(Withheld::CutShort { gone: 1 }), 0));
    assert!(stopped.files().contains(&"0".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_not_whole_here_is_not_asked_about_but_fetched() {
    let (mut bench, origin, list) = mirror().await;
    fs::write(bench.out().join("3"), "cut").expect("written");
    fs::remove_file(bench.out().join("4")).expect("removed");
    let summary = run(&mut bench, &list, &origin, update()).await;
    assert_eq!(counts(&summary), [2, 8, 0, 2, 0, 0]);
    assert_eq!(fs::read(bench.out().join("3")).expect("a file"), image(3));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_found_is_left_alone_for_as_long_as_is_wanted() {
    let (mut bench, origin) = (Bench::new(), Origin::default());
    let week = || Options { missing_ttl: Some(Duration::from_secs(7 * 24 * 60 * 60)), ..options(2) };
    run(&mut bench, "a\n", &origin, week()).await;
    assert_eq!(origin.statuses(), [404]);
    for _ in 0..2 {
        assert_eq!(run(&mut bench, "a\n", &origin, week()).await.tally.of(Outcome::NotFound), 1);
        assert!(origin.statuses().is_empty());
    }
    let database = rusqlite::Connection::open(bench.out().join(".flagdl/ledger.db")).expect("a ledger");
    database.execute("UPDATE entry SET finished_at = finished_at - 8 * 24 * 60 * 60", []).expect("aged");
    run(&mut bench, "a\n", &origin, week()).await;
    run(&mut bench, "a\n", &origin, options(2)).await;
    assert_eq!(origin.statuses(), [404, 404], "after a week, and where nothing is said of it");
}

#[tokio::test(start_paused = true)]
async fn a_good_file_that_was_here_before_the_ledger_is_adopted() {
    let (mut bench, origin) = (Bench::new(), Origin::default());
    fs::create_dir(bench.out()).expect("a folder");
    for (name, bytes) in [("whole", image(1)), ("cut", IMAGE[..20].to_vec()), ("empty", Vec::new())] {
        fs::write(bench.out().join(name), bytes).expect("a file");
        origin.put(name, Version::new(image(9), "\"9\""));
    }
    let list = "whole\ncut\nempty\n";
    let adopt = || Options { adopt: true, ..options(2) };
    let summary = run(&mut bench, list, &origin, adopt()).await;
    assert_eq!((summary.tally.of(Outcome::Skipped), summary.tally.of(Outcome::Ok)), (1, 2));
    assert_eq!(fs::read(bench.out().join("whole")).expect("a file"), image(1));
    assert_eq!(fs::read(bench.out().join("cut")).expect("a file"), image(9));
    let rows = Reader::open(&bench.out()).expect("readable").expect("a ledger").rows_after("", 9).expect("readable");
    assert!(
        rows.iter()
            .all(|row| row.outcome == LastOutcome::Ok && row.file.as_ref().is_some_and(|file| file.sha256.is_some()))
    );
    // From now on it is known, and can be updated.
    assert_eq!(run(&mut bench, list, &origin, options(2)).await.tally.of(Outcome::Skipped), 3);
    assert_eq!(counts(&run(&mut bench, list, &origin, update()).await), [1, 2, 0, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn without_being_asked_nothing_is_adopted_and_with_any_file_accepted_a_text_is() {
    for (options, expected) in [
        (options(1), (0, 1)),
        (Options { adopt: true, ..options(1) }, (0, 1)),
        (Options { adopt: true, accept: Accept::Any, ..options(1) }, (1, 0)),
    ] {
        let (mut bench, origin) = (Bench::new(), Origin::default());
        fs::create_dir(bench.out()).expect("a folder");
        fs::write(bench.out().join("a"), "a text").expect("a file");
        origin.put("a", Version::new(image(1), "\"1\""));
        let summary = run(&mut bench, "a\n", &origin, options).await;
        assert_eq!((summary.tally.of(Outcome::Skipped), summary.tally.of(Outcome::Ok)), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_through_a_redirect_is_not_asked_about_with_its_validators() {
    let tagged = |body: u8| {
        let answer = Answer::status(200).header("etag", "\"1\"");
        answer.chunks(Duration::ZERO, [bytes::Bytes::from(image(body))])
    };
    let moved = |to: &str| Answer::redirect(to);
    let (mut bench, double) = (Bench::new(), Double::default());
    let double = double
        .script("http://h/a", [moved("http://h/one"), moved("http://h/two")])
        .script("http://h/one", [tagged(1)])
        .script("http://h/two", [tagged(2)]);
    bench.run("a\n", &double, options(1)).await.expect("it goes on");
    let summary = bench.run("a\n", &double, update()).await.expect("it goes on");
    assert_eq!(counts(&summary), [1, 0, 0, 0, 1, 0]);
    assert_eq!(fs::read(bench.out().join("a")).expect("a file"), image(2));
    assert!(double.asked().iter().all(|asked| !asked.headers), "no validators are told to anybody");
}

#[tokio::test(start_paused = true)]
async fn the_same_bytes_again_mend_a_file_that_the_disk_has_damaged() {
    let (mut bench, origin) = (Bench::new(), Origin::default());
    origin.put("a", Version { bytes: image(1), etag: None, last_modified: None });
    run(&mut bench, "a\n", &origin, options(1)).await;
    fs::write(bench.out().join("a"), image(7)).expect("written");
    let summary = run(&mut bench, "a\n", &origin, update()).await;
    assert_eq!(summary.tally.of(Outcome::Ok), 1);
    assert_eq!(fs::read(bench.out().join("a")).expect("a file"), image(1));
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_and_here_is_asked_for_however_recently_it_was_not_found() {
    let (mut bench, origin, list) = mirror().await;
    origin.remove("5");
    let day = Some(Duration::from_secs(24 * 60 * 60));
    for _ in 0..2 {
        let summary = run(&mut bench, &list, &origin, Options { missing_ttl: day, ..update() }).await;
        assert_eq!(summary.tally.changed(Change::Gone), 1);
    }
}
