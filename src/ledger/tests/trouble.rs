//! A ledger on a machine that fails: power losses, full disks, damage that shows late.

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

#[tokio::test]
async fn runs_that_a_power_loss_has_ended_are_suspect_until_they_were_checked() {
    let folder = folder();
    run(&folder, [saved("a")]).await;
    for text in ["b", "c"] {
        let mut writer = begin(&folder, "first");
        writer.tell(saved(text)).expect("told");
        writer.tell(failed(&format!("{text}-failed"))).expect("told");
    }
    assert!(suspects(&folder, Some("first")).is_empty(), "a kill of the process loses no file");
    assert_eq!(suspects(&folder, None), [RunId(2), RunId(3)], "nobody knows whether it is another boot");
    let suspects = self::suspects(&folder, Some("second"));
    assert_eq!(suspects, [RunId(2), RunId(3)]);

    let ledger = Ledger::open(folder.path()).expect("a ledger");
    let mut reader = ledger.reader().expect("a reader");
    let mut writer = ledger.begin(&beginning("second"), Durability::None).expect("a run");
    let first = reader.rows_of_runs(&suspects, "", 1).expect("readable");
    let rest = reader.rows_of_runs(&suspects, &first[0].key, 9).expect("readable");
    assert_eq!((first[0].path.as_str(), rest.len(), rest[0].path.as_str()), ("b", 1, "c"));
    writer.tell(Record::Forget(rest[0].path.clone())).expect("told");
    writer.tell(Record::Checked(suspects)).expect("told");
    writer.close(ending(HowEnded::Finished)).await.expect("closed");
    drop(reader);
    assert!(self::suspects(&folder, Some("third")).is_empty());
    assert_eq!(number(&folder, "SELECT count(*) FROM items WHERE bytes IS NULL AND path = 'c'"), 1);
}

#[tokio::test]
async fn a_run_is_told_by_the_boot_that_it_began_in_and_unknown_ones_count_as_others() {
    let folder = folder();
    let unknown = Beginning { boot: None, ..beginning("") };
    drop(Ledger::open(folder.path()).expect("a ledger").begin(&unknown, Durability::File).expect("a run"));
    assert_eq!(suspects(&folder, Some("second")), [RunId(1)]);
    assert_eq!(suspects(&folder, None), [RunId(1)]);
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
    let mut writer = ledger.begin(&beginning("boot"), Durability::Batch(sync)).expect("a run");
    for text in ["a", "b"] {
        writer.tell(saved(text)).expect("told");
        writer.flush().await.expect("written");
    }
    writer.close(ending(HowEnded::Finished)).await.expect("closed");
    assert_eq!((synced.load(Ordering::Relaxed), rows(&folder)), (3, 2));
}

#[tokio::test]
async fn rows_whose_files_could_not_be_synced_are_not_written() {
    let folder = folder();
    let sync = Box::new(|| Err(io::Error::from(io::ErrorKind::StorageFull)));
    let ledger = Ledger::open(folder.path()).expect("a ledger");
    let mut writer = ledger.begin(&beginning("boot"), Durability::Batch(sync)).expect("a run");
    writer.tell(saved("a")).expect("told");
    let error = writer.flush().await.expect_err("not synced");
    assert!(matches!(error, LedgerError::Sync { .. }), "{error}");
    drop(writer);
    assert_eq!(rows(&folder), 0);
}

#[tokio::test]
async fn a_full_disk_is_told_once_and_nothing_is_written_after_it() {
    let folder = folder();
    let ledger = Ledger::open(folder.path()).expect("a ledger");
    ledger.connection.pragma_update(None, "max_page_count", 12).expect("set");
    let mut writer = ledger.begin(&beginning("boot"), Durability::None).expect("a run");
    writer.tell(saved("first")).expect("told");
    writer.flush().await.expect("there is room for one");
    let error = loop {
        let told = writer.tell(saved(&format!("{:0200}", fastrand::u64(..))));
        if let Err(error) = told.and(writer.catch_up().await) {
            break error;
        }
        tokio::task::yield_now().await;
    };
    assert!(matches!(error, LedgerError::Full { .. }), "{error}");
    assert!(matches!(writer.tell(saved("last")), Err(LedgerError::Stopped { .. })));
    assert!(matches!(writer.flush().await, Err(LedgerError::Stopped { .. })));
    let error = writer.close(ending(HowEnded::Finished)).await.expect_err("it has stopped");
    assert!(matches!(error, LedgerError::Stopped { .. }), "{error}");
    assert_eq!(rows(&folder), 1);
    Ledger::open(folder.path()).expect("whole and free");
}

#[tokio::test]
async fn damage_in_the_middle_shows_where_it_is_met() {
    let folder = folder();
    run(&folder, (0..2_000).map(|number| saved(&format!("{number:04}")))).await;
    let mut bytes = fs::read(database(&folder)).expect("a file");
    let middle = bytes.windows(13).position(|window| window == b"http://h/1000").expect("a row") & !0xfff;
    bytes[middle..middle + 4096].fill(0xff);
    fs::write(database(&folder), bytes).expect("written");

    let mut reader = reader(&folder);
    assert_eq!(reader.rows_after("", 100).expect("this part is whole").len(), 100);
    let error = reader.rows_after("", 2_000).expect_err("a page is damaged");
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
    let error = reader.view().expect("a view").look_up(&name("1000")).expect_err("a page is damaged");
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
    let mut writer = begin(&folder, "boot");
    writer.tell(saved("1000")).expect("told");
    let error = writer.flush().await.expect_err("a page is damaged");
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
}

#[test]
fn whoever_else_writes_is_waited_for_and_then_named_as_the_cause() {
    let path = Path::new("x");
    let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    let error = LedgerError::new(path, rusqlite::Error::SqliteFailure(busy, None));
    assert!(matches!(error, LedgerError::Busy { .. }), "{error}");
}
