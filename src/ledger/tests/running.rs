//! A ledger while it is being written: batches, what others see, the log, and how a run ends.

use std::time::{Duration, Instant};

use super::*;

fn log_length(folder: &TempDir) -> u64 {
    fs::metadata(folder.path().join(".flagdl/ledger.db-wal")).map_or(0, |metadata| metadata.len())
}

/// Waits until the condition holds; says how long that took.
fn wait_until(mut condition: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it never came to be");
        std::thread::sleep(Duration::from_millis(5));
    }
    begun.elapsed()
}

#[tokio::test]
async fn what_is_flushed_is_seen_by_others_while_the_run_goes_on() {
    let folder = folder();
    let mut writer = begin(&folder, "boot");
    assert_eq!(writer.run(), RunId(1));
    for (at, text) in ["a", "b", "c"].into_iter().enumerate() {
        writer.tell(saved(text)).expect("told");
        writer.flush().await.expect("written");
        assert_eq!(rows(&folder), at as u64 + 1);
    }
    assert_eq!(number(&folder, "SELECT count(*) FROM runs WHERE ended IS NULL"), 1);
}

#[test]
fn a_row_waits_for_a_second_at_most() {
    let folder = folder();
    let mut writer = begin(&folder, "boot");
    writer.tell(saved("a")).expect("told");
    let waited = wait_until(|| rows(&folder) == 1);
    assert!(waited > Duration::from_millis(500), "it is not committed by itself: {waited:?}");
    assert!(waited < Duration::from_secs(5), "{waited:?}");
}

#[test]
fn enough_rows_do_not_wait_at_all() {
    let folder = folder();
    let mut writer = begin(&folder, "boot");
    let begun = Instant::now();
    for number in 0..2_500 {
        writer.tell(failed(&format!("{number:05}"))).expect("told");
    }
    wait_until(|| rows(&folder) >= 2_048);
    if begun.elapsed() < Duration::from_millis(500) {
        assert_eq!(rows(&folder), 2_048, "the rest waits for its second");
    }
}

#[tokio::test]
async fn what_finds_no_room_is_not_lost_and_stays_in_order() {
    let folder = folder();
    let mut writer = begin(&folder, "boot");
    // Somebody else has the database for a while.
    let other = rusqlite::Connection::open(database(&folder)).expect("a database");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    for number in 0..10_000 {
        writer.tell(failed(&format!("{number:05}"))).expect("told");
    }
    for _ in 0..2 {
        writer.tell(saved("00000")).expect("told");
        writer.tell(Record::Forget(name("00000"))).expect("told");
    }
    writer.tell(saved("00001")).expect("told");
    assert!(writer.is_behind(), "the queue takes whatever comes");
    // Given up in the middle, as a `select!` does.
    tokio::time::timeout(Duration::from_millis(50), writer.catch_up()).await.expect_err("there is no room");
    drop(other);
    writer.catch_up().await.expect("room");
    assert!(!writer.is_behind());
    writer.close(ending(HowEnded::Finished)).await.expect("closed");
    assert_eq!((rows(&folder), number(&folder, "SELECT count(*) FROM items WHERE bytes > 0")), (10_000, 1));
}

#[tokio::test]
async fn only_the_database_and_the_lock_are_left_after_a_run() {
    let folder = folder();
    let ledger = Ledger::open(folder.path()).expect("a ledger");
    let mut reader = ledger.reader().expect("a reader");
    let mut writer = ledger.begin(&beginning("boot"), None).expect("a run");
    writer.tell(saved("a")).expect("told");
    writer.flush().await.expect("written");
    assert_eq!(reader.rows_after("", 9).expect("readable").len(), 1);
    writer.close(ending(HowEnded::Drained)).await.expect("closed");
    assert_eq!(log_length(&folder), 0, "a reader that is idle does not keep the log");
    let last = &reader.runs(9).expect("readable")[0];
    assert_eq!((&last.beginning, last.ending), (&beginning("boot"), Some(ending(HowEnded::Drained))));
    drop(reader);
    assert_eq!(listing(&folder), ["ledger.db", "lock"]);
    assert_eq!(fs::read(folder.path().join(".flagdl/lock")).expect("a file"), b"");
}

#[tokio::test]
async fn a_reader_that_lives_long_does_not_make_the_log_grow() {
    let folder = folder();
    let ledger = Ledger::open(folder.path()).expect("a ledger");
    let mut reader = ledger.reader().expect("a reader");
    let mut writer = ledger.begin(&beginning("boot"), None).expect("a run");
    let mut most = 0;
    for batch in 0..20 {
        for number in 0..2_000 {
            writer.tell(saved(&format!("{:06}", batch * 2_000 + number))).expect("told");
            writer.catch_up().await.expect("room");
        }
        writer.flush().await.expect("written");
        assert_eq!(reader.rows_after("", 3).expect("readable").len(), 3);
        drop(reader.view().expect("a view"));
        most = most.max(log_length(&folder));
    }
    let whole = fs::metadata(database(&folder)).expect("a database").len();
    assert!(most < 6 << 20, "the log had {most} bytes, of a database of {whole}");
    assert_eq!(rows(&folder), 40_000);
}

#[tokio::test]
async fn a_view_is_of_one_moment() {
    let folder = folder();
    let ledger = Ledger::open(folder.path()).expect("a ledger");
    let mut reader = ledger.reader().expect("a reader");
    let mut writer = ledger.begin(&beginning("boot"), None).expect("a run");
    let view = reader.view().expect("a view");
    assert_eq!(view.look_up(&name("a")).expect("readable"), None);
    writer.tell(saved("a")).expect("told");
    writer.flush().await.expect("written");
    assert_eq!(view.look_up(&name("a")).expect("readable"), None);
    drop(view);
    assert!(reader.view().expect("a view").look_up(&name("a")).expect("readable").is_some());
}

#[test]
fn a_writer_that_is_dropped_writes_what_was_told_and_no_end() {
    let folder = folder();
    let mut writer = begin(&folder, "boot");
    for number in 0..20_000 {
        writer.tell(failed(&format!("{number:05}"))).expect("told");
    }
    drop(writer);
    assert_eq!(listing(&folder), ["ledger.db", "lock"]);
    assert_eq!(rows(&folder), 20_000);
    assert_eq!(number(&folder, "SELECT count(*) FROM runs WHERE ending IS NULL"), 1);
}

#[tokio::test]
async fn what_was_committed_outlives_a_kill() {
    let folder = folder();
    let mut writer = begin(&folder, "boot");
    for text in ["a", "b", "c"] {
        writer.tell(saved(text)).expect("told");
    }
    writer.flush().await.expect("written");
    writer.tell(saved("d")).expect("told");
    // What the disk holds now is what it would hold after a kill now.
    let killed = self::folder();
    fs::create_dir(killed.path().join(".flagdl")).expect("made");
    for (path, bytes) in contents(&folder.path().join(".flagdl")) {
        if !path.ends_with("ledger.db-shm") {
            fs::write(killed.path().join(".flagdl").join(path.file_name().expect("a name")), bytes).expect("copied");
        }
    }
    assert_eq!(reader(&killed).rows_after("", 9).expect("readable").len(), 3);
    let mut next = begin(&killed, "boot");
    next.tell(saved("d")).expect("told");
    next.close(ending(HowEnded::Finished)).await.expect("closed");
    assert_eq!((rows(&killed), next_run(&killed)), (4, RunId(2)));
    assert_eq!(listing(&killed), ["ledger.db", "lock"]);
}

fn next_run(folder: &TempDir) -> RunId {
    reader(folder).runs(1).expect("readable")[0].id
}
