//! Opening a ledger: who may, and what is refused without a trace.

use std::os::unix::fs::{MetadataExt as _, symlink};

use rusqlite::config::DbConfig;

use super::*;

#[test]
fn a_second_one_is_told_who_holds_it_and_the_first_keeps_it() {
    let folder = folder();
    let first = Ledger::open(folder.path()).expect("free");
    let error = Ledger::open(folder.path()).expect_err("held");
    let pid = Some(std::process::id());
    assert!(matches!(error, LedgerError::Locked { pid: told, .. } if told == pid), "{error}");
    assert!(error.to_string().contains("hint: "), "{error}");
    assert_eq!(Ledger::holder(folder.path()).expect("readable"), Holder::Process(pid));
    drop(first);
    assert_eq!(Ledger::holder(folder.path()).expect("readable"), Holder::Nobody);
    Ledger::open(folder.path()).expect("free again");
}

#[tokio::test]
async fn a_run_holds_the_folder_until_it_is_closed() {
    let folder = folder();
    let writer = begin(&folder, "boot");
    assert!(matches!(Ledger::open(folder.path()), Err(LedgerError::Locked { .. })));
    writer.close(ending(HowEnded::Finished)).await.expect("closed");
    Ledger::open(folder.path()).expect("free again");
}

#[test]
fn a_lock_that_a_kill_has_left_behind_is_free() {
    let folder = folder();
    drop(Ledger::open(folder.path()).expect("made"));
    fs::write(folder.path().join(".flagdl/lock"), "4711\n").expect("written");
    assert_eq!(Ledger::holder(folder.path()).expect("readable"), Holder::Nobody);
    Ledger::open(folder.path()).expect("free");
}

#[test]
fn looking_for_a_ledger_makes_nothing() {
    let folder = folder();
    assert!(Reader::open(folder.path()).expect("readable").is_none());
    assert!(Reader::open(&folder.path().join("missing")).expect("readable").is_none());
    assert_eq!(Ledger::holder(folder.path()).expect("readable"), Holder::Nobody);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[tokio::test]
async fn a_reader_leaves_the_folder_as_it_found_it() {
    let folder = folder();
    run(&folder, [saved("a")]).await;
    let before = contents(&folder.path().join(".flagdl"));
    let mut reader = reader(&folder);
    assert_eq!(reader.rows_after("", 9).expect("readable").len(), 1);
    drop(reader);
    assert_eq!(contents(&folder.path().join(".flagdl")), before);
}

#[test]
fn only_a_folder_will_do_and_no_symbolic_link_is_followed() {
    let outside = folder();
    let link = |folder: &TempDir| symlink(outside.path(), folder.path().join(".flagdl")).expect("linked");
    let file = |folder: &TempDir| fs::write(folder.path().join(".flagdl"), "").expect("written");
    for (make, what) in [(&link as &dyn Fn(&TempDir), "a symbolic link"), (&file, "no folder")] {
        let folder = folder();
        make(&folder);
        for error in [Ledger::open(folder.path()).map(drop), Reader::open(folder.path()).map(drop)] {
            let error = error.expect_err(what);
            assert!(matches!(error, LedgerError::NotAFolder { what: found, .. } if found == what), "{error}");
        }
    }
    for file in ["ledger.db", "lock"] {
        let folder = folder();
        fs::create_dir(folder.path().join(".flagdl")).expect("made");
        symlink(outside.path().join("x"), folder.path().join(".flagdl").join(file)).expect("linked");
        Ledger::open(folder.path()).expect_err(file);
    }
    assert_eq!(fs::read_dir(outside.path()).expect("a folder").count(), 0);
}

#[test]
fn the_folder_for_downloads_may_itself_be_reached_by_a_link_and_have_any_name() {
    let folder = folder();
    let strange = folder.path().join("a?b#c%41 é");
    fs::create_dir(&strange).expect("made");
    symlink(&strange, folder.path().join("link")).expect("linked");
    drop(Ledger::open(&folder.path().join("link")).expect("made"));
    assert!(strange.join(".flagdl/ledger.db").exists());
    assert!(Reader::open(&strange).expect("readable").is_some());
}

#[test]
fn the_umask_decides_about_modes() {
    let folder = folder();
    fs::write(folder.path().join("plain"), "").expect("written");
    fs::create_dir(folder.path().join("made")).expect("made");
    let mode = |path: &str| fs::metadata(folder.path().join(path)).expect("there").mode();
    let _writer = begin(&folder, "boot");
    assert_eq!(mode(".flagdl"), mode("made"));
    for file in ["ledger.db", "ledger.db-wal", "lock"] {
        assert_eq!(mode(&format!(".flagdl/{file}")), mode("plain"), "{file}");
    }
}

/// Opens it for writing and for reading, and makes sure that both are refused and that nothing is changed.
fn refused(folder: &TempDir) -> Vec<LedgerError> {
    fs::write(folder.path().join(".flagdl/lock"), "").expect("written");
    let before = contents(&folder.path().join(".flagdl"));
    let refused = [Ledger::open(folder.path()).map(drop), Reader::open(folder.path()).map(drop)];
    let after = contents(&folder.path().join(".flagdl"));
    // The index of a log that was there already is no data, and whoever reads the log has to make it.
    let without_index = |mut files: BTreeMap<PathBuf, Vec<u8>>| {
        files.retain(|path, _| !path.ends_with("ledger.db-shm"));
        files
    };
    assert_eq!(without_index(after), without_index(before));
    refused.map(|refused| refused.expect_err("refused")).into()
}

#[test]
fn a_ledger_of_a_newer_version_is_left_alone() {
    for stays_in_the_log in [false, true] {
        let folder = folder();
        drop(Ledger::open(folder.path()).expect("made"));
        let newer = rusqlite::Connection::open(database(&folder)).expect("a database");
        newer.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, stays_in_the_log).expect("set");
        newer.pragma_update(None, "user_version", 99).expect("set");
        drop(newer);
        for error in refused(&folder) {
            assert!(matches!(error, LedgerError::Newer { version: 99, .. }), "{error}");
            assert!(error.to_string().contains("ledger.db"), "{error}");
        }
    }
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    for (journal, stays_in_the_log) in [("delete", false), ("wal", false), ("wal", true)] {
        let folder = folder();
        fs::create_dir(folder.path().join(".flagdl")).expect("made");
        let foreign = rusqlite::Connection::open(database(&folder)).expect("a database");
        foreign.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, stays_in_the_log).expect("set");
        foreign.pragma_update(None, "journal_mode", journal).expect("set");
        foreign.execute_batch("CREATE TABLE entry (name TEXT)").expect("made");
        drop(foreign);
        for error in refused(&folder) {
            assert!(matches!(error, LedgerError::Foreign { .. }), "{error}");
        }
    }
}

#[tokio::test]
async fn a_damaged_ledger_is_said_to_be_damaged_and_left_alone() {
    let whole = folder();
    run(&whole, (0..200).map(|number| saved(&format!("{number:03}.jpg")))).await;
    let bytes = fs::read(database(&whole)).expect("a file");
    let cut = bytes[..bytes.len() / 2].to_vec();
    let mut beheaded = bytes.clone();
    beheaded[..64].fill(0x55);
    let mut without_schema = bytes.clone();
    without_schema[100..4096].fill(0);
    let no_database = b"these are not the tables that you are looking for".repeat(100);
    for damaged in [cut, beheaded, without_schema, no_database] {
        let folder = folder();
        fs::create_dir(folder.path().join(".flagdl")).expect("made");
        fs::write(database(&folder), damaged).expect("written");
        for error in refused(&folder) {
            assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
            assert!(error.to_string().contains("hint: move it away"), "{error}");
        }
    }
}

#[test]
fn a_ledger_that_is_found_damaged_in_its_log_keeps_the_log() {
    let folder = folder();
    drop(Ledger::open(folder.path()).expect("made"));
    let killed = rusqlite::Connection::open(database(&folder)).expect("a database");
    killed.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).expect("set");
    killed.execute_batch("DROP VIEW items").expect("dropped");
    drop(killed);
    assert!(folder.path().join(".flagdl/ledger.db-wal").exists());
    for error in refused(&folder) {
        assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
    }
}

#[test]
fn a_header_that_no_version_has_written_is_damage() {
    // Where the versions for writing and for reading stand, and the format of the schema.
    for (place, value) in [(18, 3), (18, 0xff), (47, 9)] {
        let folder = folder();
        drop(Ledger::open(folder.path()).expect("made"));
        let mut bytes = fs::read(database(&folder)).expect("a file");
        bytes[place] = value;
        fs::write(database(&folder), bytes).expect("written");
        for error in refused(&folder) {
            assert!(matches!(error, LedgerError::Damaged { .. }), "{place}: {error}");
        }
    }
}

#[test]
fn a_start_that_was_killed_at_once_is_begun_again() {
    let folder = folder();
    fs::create_dir(folder.path().join(".flagdl")).expect("made");
    fs::write(database(&folder), "").expect("written");
    assert!(Reader::open(folder.path()).expect("readable").is_none());
    drop(Ledger::open(folder.path()).expect("made"));
    assert_eq!(listing(&folder), ["ledger.db", "lock"]);
    assert!(Reader::open(folder.path()).expect("readable").is_some());
}

#[test]
fn a_folder_whose_path_is_too_long_for_the_database_is_told_before_it_is_made() {
    let folder = folder();
    let root = fs::canonicalize(folder.path()).expect("there");
    // So many bytes in all, in names of any length that a system takes.
    let below = |length: usize| {
        let mut path = root.clone();
        while path.as_os_str().len() < length {
            let missing = length - path.as_os_str().len() - 1;
            path.push("x".repeat(if missing > 200 { 100 } else { missing }));
        }
        path
    };
    let longest = below(super::super::folder::LONGEST);
    fs::create_dir_all(&longest).expect("made");
    drop(Ledger::open(&longest).expect("it fits"));
    assert!(Ledger::open_existing(&longest).expect("it fits").is_some());
    drop(Reader::open(&longest).expect("it fits").expect("there"));
    let (longer, longest_of_all) = (below(super::super::folder::LONGEST + 1), below(5000));
    for path in [&longer, &longest_of_all] {
        let error = Ledger::open_existing(path).map(drop).expect_err("too long");
        assert!(matches!(&error, LedgerError::TooLong { path: told, .. } if told == path), "{error}");
        assert!(error.to_string().contains("hint: "), "{error}");
        assert!(!path.exists());
    }
    fs::create_dir_all(&longer).expect("made");
    symlink(&longer, root.join("link")).expect("linked");
    for path in [&longer, &root.join("link")] {
        for error in [Ledger::open(path).map(drop), Reader::open(path).map(drop)] {
            assert!(matches!(error, Err(LedgerError::TooLong { .. })), "{error:?}");
        }
    }
    assert_eq!(fs::read_dir(&longer).expect("a folder").count(), 0);
    // A name in it that no system takes is another matter.
    let error = Reader::open(&root.join("x".repeat(256))).map(drop).expect_err("no such name");
    assert!(matches!(error, LedgerError::Folder { .. }), "{error}");
}
