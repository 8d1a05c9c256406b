//! A ledger on a machine that fails: full disks, damage that shows late.

use super::*;

#[tokio::test]
async fn a_full_disk_is_told_once_and_nothing_is_written_after_it() {
    let folder = folder();
    let ledger = Ledger::open(folder.path()).expect("a ledger");
    ledger.connection.pragma_update(None, "max_page_count", 12).expect("set");
    let mut writer = ledger.begin(&beginning("boot"), None).expect("a run");
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

#[tokio::test]
async fn a_panic_of_its_thread_is_one_more_way_to_stop() {
    let folder = folder();
    let ledger = Ledger::open(folder.path()).expect("a ledger");
    let mut writer = ledger.begin(&beginning("boot"), Some(Box::new(|| panic!("a defect")))).expect("a run");
    writer.tell(saved("first")).expect("told");
    assert!(matches!(writer.flush().await, Err(LedgerError::Stopped { .. })));
    let error = writer.close(ending(HowEnded::Finished)).await.expect_err("it has stopped");
    assert!(matches!(error, LedgerError::Stopped { .. }), "{error}");
}
