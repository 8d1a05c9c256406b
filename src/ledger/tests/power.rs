//! What is believed after a power loss: which runs are suspect, which files of theirs, and what is synced when.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::*;

fn suspects(folder: &TempDir, boot: Option<&str>) -> Vec<RunId> {
    Ledger::open(folder.path()).expect("a ledger").suspect_runs(boot).expect("readable")
}

fn runs(numbers: impl IntoIterator<Item = i64>) -> Vec<RunId> {
    numbers.into_iter().map(RunId).collect()
}

/// Begins a run at a time.
fn begin_at(folder: &TempDir, boot: &str, at: u64, sync: Option<SyncFiles>) -> Writer {
    let ledger = Ledger::open(folder.path()).expect("a ledger");
    ledger.begin(&Beginning { at, ..beginning(boot) }, sync).expect("a run")
}

fn at(text: &str, finished_at: u64) -> Record {
    Record::Ended(EndedEntry { finished_at, ..ended(text, LastOutcome::Ok) })
}

/// The files of runs that are to be read again.
fn files(folder: &TempDir, suspects: &[RunId]) -> Vec<String> {
    let mut reader = reader(folder);
    let rows = reader.rows_of_runs(suspects, "", 99).expect("readable");
    assert_eq!(reader.count_of_runs(suspects).expect("readable"), rows.len() as u64);
    rows.iter().map(|row| row.path.as_str().to_owned()).collect()
}

#[tokio::test]
async fn runs_that_a_power_loss_has_ended_are_suspect_until_they_were_checked() {
    let folder = folder();
    for text in ["b", "c"] {
        let mut writer = begin(&folder, "first");
        writer.tell(saved(text)).expect("told");
        writer.tell(failed(&format!("{text}-failed"))).expect("told");
    }
    assert!(suspects(&folder, Some("first")).is_empty(), "a kill of the process loses no file");
    assert_eq!(suspects(&folder, None), runs([1, 2]), "nobody knows whether it is another boot");
    let suspects = self::suspects(&folder, Some("second"));
    assert_eq!(suspects, runs([1, 2]));
    assert_eq!(files(&folder, &suspects), ["b", "c"]);

    let ledger = Ledger::open(folder.path()).expect("a ledger");
    let mut reader = ledger.reader().expect("a reader");
    let mut writer = ledger.begin(&beginning("second"), None).expect("a run");
    let first = reader.rows_of_runs(&suspects, "", 1).expect("readable");
    let rest = reader.rows_of_runs(&suspects, &first[0].key, 9).expect("readable");
    assert_eq!((first[0].path.as_str(), rest.len(), rest[0].path.as_str()), ("b", 1, "c"));
    writer.tell(Record::Forget(rest[0].path.clone())).expect("told");
    writer.tell(Record::Checked(suspects)).expect("told");
    writer.close(ending(HowEnded::Finished)).await.expect("closed");
    drop(reader);
    assert_eq!(self::suspects(&folder, Some("third")), runs([3]));
    assert_eq!(number(&folder, "SELECT count(*) FROM items WHERE bytes IS NULL AND path = 'c'"), 1);
}

#[tokio::test]
async fn of_a_run_that_ended_only_the_last_files_are_suspect() {
    let folder = folder();
    let mut writer = begin(&folder, "first");
    for (text, finished_at) in [("early", 1_500), ("just-early", 1_879), ("late", 1_880), ("last", 2_000)] {
        writer.tell(at(text, finished_at)).expect("told");
    }
    writer.close(ending(HowEnded::Finished)).await.expect("closed");
    let suspects = self::suspects(&folder, Some("second"));
    assert_eq!(suspects, runs([1]));
    assert_eq!(files(&folder, &suspects), ["last", "late"]);
}

#[tokio::test]
async fn a_run_that_brings_its_files_to_the_disk_is_never_suspect() {
    let folder = folder();
    let sync = || Some(Box::new(|| Ok(())) as SyncFiles);
    begin_at(&folder, "first", 1_000, sync()).tell(saved("killed")).expect("told");
    let mut writer = begin_at(&folder, "first", 1_000, sync());
    writer.tell(saved("ended")).expect("told");
    writer.close(ending(HowEnded::Finished)).await.expect("closed");
    assert_eq!(rows(&folder), 2);
    assert!(suspects(&folder, Some("second")).is_empty());
}

#[tokio::test]
async fn what_the_system_had_the_time_to_write_is_not_suspect_any_more() {
    for (boot, later, suspect) in [("first", 2_121, vec![]), ("first", 2_120, vec![1]), ("second", 9_999, vec![1])] {
        let folder = folder();
        let mut writer = begin(&folder, "first");
        writer.tell(saved("a")).expect("told");
        writer.close(ending(HowEnded::Finished)).await.expect("closed");
        drop(begin_at(&folder, boot, later, None));
        let suspects: Vec<_> = suspects(&folder, Some("third")).into_iter().filter(|run| *run == RunId(1)).collect();
        assert_eq!(suspects, runs(suspect), "{boot} {later}");
    }
}

#[tokio::test]
async fn a_killed_run_was_over_when_the_next_one_began() {
    let folder = folder();
    for at in [1_000, 2_000, 2_100, 2_200] {
        drop(begin_at(&folder, "first", at, None));
    }
    assert_eq!(suspects(&folder, Some("second")), runs([2, 3, 4]));
}

#[tokio::test]
async fn a_run_is_told_by_the_boot_that_it_began_in_and_unknown_ones_count_as_others() {
    let folder = folder();
    let unknown = Beginning { boot: None, ..beginning("") };
    for _ in 0..2 {
        drop(Ledger::open(folder.path()).expect("a ledger").begin(&unknown, None).expect("a run"));
    }
    assert_eq!(suspects(&folder, Some("second")), runs([1, 2]));
    assert_eq!(suspects(&folder, None), runs([1, 2]));
}

#[tokio::test]
async fn files_are_brought_to_the_disk_before_the_rows_that_vouch_for_them() {
    let folder = folder();
    let synced = Arc::new(AtomicUsize::new(0));
    let (counter, database) = (Arc::clone(&synced), database(&folder));
    let sync = Box::new(move || {
        let other = rusqlite::Connection::open(&database).expect("a database");
        let rows: usize = other.query_row("SELECT count(*) FROM items", [], |row| row.get(0)).expect("readable");
        assert_eq!(rows, counter.fetch_add(1, Ordering::Relaxed), "a row came before its file");
        Ok(())
    });
    let ledger = Ledger::open(folder.path()).expect("a ledger");
    let mut writer = ledger.begin(&beginning("boot"), Some(sync)).expect("a run");
    for text in ["a", "b"] {
        writer.tell(saved(text)).expect("told");
        writer.flush().await.expect("written");
    }
    writer.tell(saved("c")).expect("told");
    writer.close(ending(HowEnded::Finished)).await.expect("closed");
    assert_eq!((synced.load(Ordering::Relaxed), rows(&folder)), (3, 3));
}

#[tokio::test]
async fn rows_that_vouch_for_no_file_wait_for_no_disk() {
    let folder = folder();
    let mut writer = begin_at(&folder, "boot", 1_000, Some(Box::new(|| panic!("there is nothing to sync"))));
    writer.tell(failed("a")).expect("told");
    writer.flush().await.expect("written");
    writer.tell(Record::Forget(name("a"))).expect("told");
    writer.close(ending(HowEnded::Finished)).await.expect("closed");
    assert_eq!(rows(&folder), 1);
}

/// What fails once, and then claims to have worked.
fn failing_sync() -> (Arc<AtomicUsize>, Option<SyncFiles>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let sync = move || match counter.fetch_add(1, Ordering::Relaxed) {
        0 => Err(io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error())),
        _ => Ok(()),
    };
    (calls, Some(Box::new(sync)))
}

#[tokio::test]
async fn files_that_could_not_be_synced_are_not_vouched_for_and_not_synced_again() {
    let folder = folder();
    let (calls, sync) = failing_sync();
    let mut writer = begin_at(&folder, "boot", 1_000, sync);
    writer.tell(saved("a")).expect("told");
    let error = writer.flush().await.expect_err("not synced");
    assert!(matches!(error, LedgerError::Sync { .. }), "{error}");
    writer.tell(saved("b")).expect_err("it has ended");
    writer.flush().await.expect_err("it has ended");
    writer.close(ending(HowEnded::Finished)).await.expect_err("it has ended");
    assert_eq!((rows(&folder), calls.load(Ordering::Relaxed)), (0, 1));
}

#[tokio::test]
async fn a_sync_that_fails_at_the_end_is_told_and_leaves_the_run_without_an_end() {
    let folder = folder();
    let (calls, sync) = failing_sync();
    let mut writer = begin_at(&folder, "boot", 1_000, sync);
    writer.tell(saved("a")).expect("told");
    let error = writer.close(ending(HowEnded::Finished)).await.expect_err("not synced");
    assert!(matches!(error, LedgerError::Sync { .. }), "{error}");
    assert_eq!((rows(&folder), calls.load(Ordering::Relaxed)), (0, 1));
    assert_eq!(number(&folder, "SELECT count(*) FROM runs WHERE ended IS NULL"), 1);
}

#[test]
fn who_found_no_ledger_does_not_go_on_with_one_that_another_run_has_made() {
    let folder = folder();
    let ledger = Ledger::open_new(folder.path()).expect("the first");
    drop(ledger.begin(&beginning("boot"), None).expect("a run"));
    let error = Ledger::open_new(folder.path()).expect_err("not the first");
    assert!(matches!(error, LedgerError::Overtaken { .. }), "{error}");
    assert!(error.to_string().ends_with("since this one began\nhint: run it again"), "{error}");
}
