//! What others have put beside a ledger: nothing of it may lead a run, or only a look, to a file elsewhere.

use std::os::unix::fs::symlink;

use super::*;

/// Opens it for writing and for reading; both are refused.
fn refused(folder: &TempDir) -> [LedgerError; 2] {
    [Ledger::open(folder.path()).map(drop), Reader::open(folder.path()).map(drop)]
        .map(|opened| opened.expect_err("refused"))
}

fn beside(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join(".flagdl").join(name)
}

/// A journal that changes nothing in the database, and at its end names another file.
fn journal_naming(database: &Path, other: &Path) -> Vec<u8> {
    let pages = u32::try_from(fs::metadata(database).expect("a database").len() / 4096).expect("few");
    let name = other.to_str().expect("text").as_bytes();
    let sum: u32 = name.iter().map(|byte| u32::from(*byte)).sum();
    let mut journal = beside::MAGIC.to_vec();
    for number in [0, 0, pages, 512, 4096] {
        journal.extend(u32::to_be_bytes(number));
    }
    journal.resize(512, 0);
    journal.extend(u32::to_be_bytes(0x4000_0000 / 4096 + 1));
    journal.extend(name);
    journal.extend(u32::to_be_bytes(u32::try_from(name.len()).expect("short")));
    journal.extend(sum.to_be_bytes());
    journal.extend(beside::MAGIC);
    journal
}

#[test]
fn a_journal_that_would_have_another_file_removed_is_refused() {
    let (folder, outside) = (folder(), folder());
    drop(Ledger::open(folder.path()).expect("made"));
    let victim = outside.path().join("victim");
    fs::write(&victim, "mine").expect("written");
    let journal = journal_naming(&database(&folder), &victim);
    fs::write(beside(&folder, "ledger.db-journal"), &journal).expect("written");
    for error in refused(&folder) {
        assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("ledger.db-journal is damaged\nhint: move it away"), "{error}");
    }
    assert_eq!(fs::read(&victim).expect("still there"), b"mine");
    assert_eq!(fs::read(beside(&folder, "ledger.db-journal")).expect("still there"), journal);
    fs::remove_file(beside(&folder, "ledger.db-journal")).expect("it can be");
    Ledger::open(folder.path()).expect("whole, as the hint says");
}

#[test]
fn a_journal_that_a_kill_has_left_is_played_back() {
    let folder = folder();
    drop(Ledger::open(folder.path()).expect("made"));
    // As on a file system where there can be no log: the first page is to be what it was.
    let whole = fs::read(database(&folder)).expect("a file");
    let mut journal = journal_naming(&database(&folder), Path::new("/"));
    journal.truncate(512);
    journal[11] = 1;
    journal.extend(u32::to_be_bytes(1));
    journal.extend(&whole[..4096]);
    let sum: u32 = (1..=4096 / 200).map(|turn| u32::from(whole[4096 - 200 * turn])).sum();
    journal.extend(sum.to_be_bytes());
    let mut half_written = whole;
    half_written[60..64].fill(9);
    fs::write(database(&folder), half_written).expect("written");
    fs::write(beside(&folder, "ledger.db-journal"), journal).expect("written");
    Ledger::open(folder.path()).expect("played back");
}

#[test]
fn only_plain_files_will_do_beside_it() {
    let outside = folder();
    for name in ["ledger.db-journal", "ledger.db-wal", "ledger.db-shm"] {
        let folder = folder();
        drop(Ledger::open(folder.path()).expect("made"));
        let place = beside(&folder, name);
        symlink(outside.path().join("x"), &place).expect("linked");
        for error in refused(&folder) {
            assert!(matches!(&error, LedgerError::NotAFile { path, what: "a symbolic link" } if path.ends_with(name)));
        }
        fs::remove_file(&place).expect("it can be");
        fs::create_dir(&place).expect("made");
        for error in refused(&folder) {
            assert!(matches!(error, LedgerError::NotAFile { what: "a folder", .. }), "{error}");
        }
    }
    assert_eq!(fs::read_dir(outside.path()).expect("a folder").count(), 0);
}

#[test]
fn what_is_written_to_has_no_second_name() {
    for name in ["lock", "ledger.db-journal", "ledger.db-wal", "ledger.db-shm"] {
        let (folder, outside) = (folder(), folder());
        drop(Ledger::open(folder.path()).expect("made"));
        let victim = outside.path().join("victim");
        fs::write(&victim, "mine").expect("written");
        let _ = fs::remove_file(beside(&folder, name));
        fs::hard_link(&victim, beside(&folder, name)).expect("linked");
        let error = Ledger::open(folder.path()).expect_err(name);
        assert!(matches!(&error, LedgerError::Linked { path } if path.ends_with(name)), "{error}");
        assert!(error.to_string().contains("hint: put a copy"), "{error}");
        let read = Reader::open(folder.path());
        assert_eq!(read.is_ok(), name == "lock", "who only reads needs no lock");
        assert_eq!(fs::read(&victim).expect("still there"), b"mine", "{name}");
    }
}

/// As `cp -al` makes it: to write to it would change the copy, behind the back of whoever has locked that.
#[test]
fn a_ledger_with_a_second_name_is_read_and_not_written_to() {
    let (folder, outside) = (folder(), folder());
    drop(Ledger::open(folder.path()).expect("made"));
    fs::hard_link(database(&folder), outside.path().join("copy")).expect("linked");
    let error = Ledger::open(folder.path()).expect_err("a second name");
    assert!(matches!(&error, LedgerError::Linked { path } if path.ends_with("ledger.db")), "{error}");
    Reader::open(folder.path()).expect("readable").expect("a ledger");
    fs::copy(database(&folder), beside(&folder, "copy")).expect("copied");
    fs::rename(beside(&folder, "copy"), database(&folder)).expect("in its place");
    Ledger::open(folder.path()).expect("as the hint says");
}

#[tokio::test]
async fn a_folder_that_takes_anothers_place_is_not_taken_for_it() {
    let (above, other) = (folder(), folder());
    drop(Ledger::open(other.path()).expect("made"));
    let place = above.path().join("place");
    fs::create_dir(&place).expect("made");
    let ledger = Ledger::open(&place).expect("made");
    let writer = ledger.begin(&beginning("boot"), None).expect("a run");
    Reader::beside(writer.folder()).expect("in its place");
    fs::rename(&place, above.path().join("moved")).expect("moved");
    for is_missing in [true, false] {
        if !is_missing {
            fs::rename(other.path(), &place).expect("moved");
        }
        let error = Reader::beside(writer.folder()).expect_err("another, or none");
        assert!(matches!(error, LedgerError::Moved { .. } | LedgerError::Unusable { .. }), "{error}");
        assert!(is_missing || matches!(error, LedgerError::Moved { .. }), "{error}");
    }
    let kept = writer.folder().destination().expect("a handle");
    assert!(rustix::fs::statat(&kept, ".flagdl/ledger.db", rustix::fs::AtFlags::empty()).is_ok());
}
