//! The ledger's promises, on a real file system.

mod opening;
mod planted;
mod power;
mod rows;
mod running;
mod trouble;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::*;
use crate::{link::Link, name::Name};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn database(folder: &TempDir) -> PathBuf {
    folder.path().join(".flagdl/ledger.db")
}

/// Every file below `path` with its contents.
fn contents(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.map(|path| (path.clone(), fs::read(path).expect("a file"))).collect()
}

/// The names of what is in the ledger's folder.
fn listing(folder: &TempDir) -> Vec<String> {
    let names = contents(&folder.path().join(".flagdl"));
    names.keys().map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
}

fn beginning(boot: &str) -> Beginning {
    Beginning { at: 1_000, boot: Some(boot.into()), version: "0.1.0".into(), options: "-c 3".into() }
}

fn ending(how: HowEnded) -> Ending {
    Ending { at: 2_000, how, counts: Counts { ok: 3, not_found: 2, requests: 7, bytes: 99, ..Counts::default() } }
}

fn begin(folder: &TempDir, boot: &str) -> Writer {
    let ledger = Ledger::open(folder.path()).expect("a ledger");
    ledger.begin(&beginning(boot), None).expect("a run")
}

fn reader(folder: &TempDir) -> Reader {
    Reader::open(folder.path()).expect("readable").expect("a ledger")
}

fn link(url: &str) -> Link {
    Link::parse(url).expect(url)
}

fn name(text: &str) -> Name {
    Name::new(text, &link("http://h/x"))
}

/// An entry of the server `h` that ended so.
fn ended(text: &str, outcome: LastOutcome) -> EndedEntry {
    EndedEntry {
        name: name(text),
        text: text.into(),
        link: link(&format!("http://h/{text}")),
        outcome,
        class: (outcome == LastOutcome::Error).then(|| "timeout".into()),
        status: None,
        attempts: 1,
        finished_at: 1_500,
        saved: (outcome == LastOutcome::Ok).then(|| Box::new(file(text.len() as u64))),
    }
}

fn saved(text: &str) -> Record {
    Record::Ended(ended(text, LastOutcome::Ok))
}

fn failed(text: &str) -> Record {
    Record::Ended(ended(text, LastOutcome::Error))
}

fn file(bytes: u64) -> StoredFile {
    StoredFile {
        bytes,
        sha256: Some([0xab; 32]),
        format: Some("JPEG".into()),
        media_type: Some("image/jpeg".into()),
        validators: Validators {
            etag: Some("\"e\"".into()),
            last_modified: Some("Wed, 21 Oct 2015 07:28:00 GMT".into()),
        },
    }
}

/// A number that `sql` gives, as any other program would read it while the ledger is in use.
fn number(folder: &TempDir, sql: &str) -> u64 {
    let other = rusqlite::Connection::open(database(folder)).expect("a database");
    other.query_row(sql, [], |row| row.get(0)).expect(sql)
}

fn rows(folder: &TempDir) -> u64 {
    number(folder, "SELECT count(*) FROM items")
}

/// Tells records in a run of their own.
async fn run(folder: &TempDir, records: impl IntoIterator<Item = Record>) {
    let mut writer = begin(folder, "boot");
    for record in records {
        writer.tell(record).expect("told");
        writer.catch_up().await.expect("room");
    }
    writer.close(ending(HowEnded::Finished)).await.expect("closed");
}
