//! What a power loss leaves beside damaged files (`power.rs`): renames that are lost, and rows that are.
//!
//! Promises: after each of these states the next run ends with the files and the rows of a quiet one.
//!
//! What surprises: no file system is simulated, so its orders of writes are not gone through one by one. A final name
//! stands for the new file, the old one, a damaged one or none, and the ledger has the rows up to a commit of its own, since
//! `SQLite` recovers to one of those; a model could come to no other state, and would have to be believed itself.

use std::{collections::BTreeMap, fs, path::Path};

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::{
    bench::{Bench, options},
    double::IMAGE,
    origin::{Origin, Version},
};
use crate::{
    event::Outcome,
    options::{Existing, Options},
};

/// A whole image that differs from others; one in three is of another size.
fn image(number: usize, version: u8) -> Vec<u8> {
    let also = if number.is_multiple_of(3) { vec![0; version.into()] } else { Vec::new() };
    [IMAGE, format!("{number:02}").as_bytes(), &[version], &*also].concat()
}

pub(super) fn put(origin: &Origin, number: usize, version: u8) {
    origin.put(&format!("{number:02}"), Version::new(image(number, version), &format!("\"{number}-{version}\"")));
}

pub(super) fn list(length: usize) -> String {
    (0..length).map(|number| format!("{number:02}\n")).collect()
}

fn database(out: &Path) -> Connection {
    Connection::open(out.join(".flagdl/ledger.db")).expect("a database")
}

/// As if the machine had been started anew since all runs.
fn reboot(out: &Path) {
    database(out).execute_batch("UPDATE run SET boot = 'an earlier one'").expect("changed");
}

/// What the ledger says of each path; what has not changed is as good as what was fetched.
fn rows(out: &Path) -> Vec<String> {
    let ask = "SELECT concat_ws(' ', path, entry, url, iif(outcome = 'unchanged', 'ok', outcome), bytes, sha256, etag) \
        FROM items ORDER BY path";
    let database = database(out);
    let mut question = database.prepare(ask).expect("a question");
    question.query_map([], |row| row.get(0)).expect("readable").map(|row| row.expect("text")).collect()
}

/// The hash of each file.
pub(super) fn files(bench: &Bench) -> BTreeMap<String, [u8; 32]> {
    let hash = |name: &String| Sha256::digest(fs::read(bench.out().join(name)).expect("a file")).into();
    bench.files().into_iter().map(|name| (name.clone(), hash(&name))).collect()
}

#[tokio::test(start_paused = true)]
async fn an_old_file_that_is_back_under_a_name_is_found_and_replaced_again() {
    const FILES: usize = 12;
    for (replacing, after) in [
        (Existing::Overwrite, Existing::Skip),
        (Existing::Update, Existing::Skip),
        (Existing::Update, Existing::Update),
    ] {
        let (mut bench, origin) = (Bench::in_memory(), Origin::default());
        (0..FILES).for_each(|number| put(&origin, number, 1));
        bench.run(&list(FILES), &origin, options(4)).await.expect("it goes on");
        (0..FILES).for_each(|number| put(&origin, number, 2));
        let with = |existing| Options { existing, ..options(4) };
        bench.run(&list(FILES), &origin, with(replacing)).await.expect("it goes on");
        let (quiet, known) = (files(&bench), rows(&bench.out()));
        // The renames of every other file are lost.
        for number in (0..FILES).step_by(2) {
            fs::write(bench.out().join(format!("{number:02}")), image(number, 1)).expect("written");
        }
        reboot(&bench.out());
        let summary = bench.run(&list(FILES), &origin, with(after)).await.expect("it goes on");
        assert_eq!(bench.recorder.checked, [(12, 6)], "{replacing:?} {after:?}");
        assert_eq!(summary.tally.of(Outcome::Ok), 6, "{replacing:?} {after:?}: {:?}", bench.ended());
        assert_eq!(files(&bench), quiet, "{replacing:?} {after:?}");
        assert_eq!(rows(&bench.out()), known, "{replacing:?} {after:?}");
    }
}

/// The folder of a run, with the whole log of the database beside it.
struct Logged {
    bench: Bench,
    database: Vec<u8>,
    log: Vec<u8>,
}

const ENTRIES: usize = 40;

/// Five runs of a growing list, during which somebody reads the ledger: so the log is never taken back.
async fn logged(origin: &Origin) -> Logged {
    let mut bench = Bench::in_memory();
    bench.run(&list(5), origin, options(4)).await.expect("it goes on");
    let reader = database(&bench.out());
    reader.execute_batch("BEGIN; SELECT count(*) FROM items").expect("readable");
    for length in [12, 20, 28, ENTRIES] {
        bench.run(&list(length), origin, options(4)).await.expect("it goes on");
    }
    let read = |name: &str| fs::read(bench.out().join(".flagdl").join(name)).expect("a file");
    let (database, log) = (read("ledger.db"), read("ledger.db-wal"));
    drop(reader);
    Logged { bench, database, log }
}

impl Logged {
    /// The same files beside a database whose log ends at this byte.
    fn cut_at(&self, end: usize) -> Bench {
        let cut = Bench::in_memory();
        fs::create_dir_all(cut.out().join(".flagdl")).expect("made");
        for name in self.bench.files() {
            fs::copy(self.bench.out().join(&name), cut.out().join(&name)).expect("copied");
        }
        fs::write(cut.out().join(".flagdl/ledger.db"), &self.database).expect("written");
        fs::write(cut.out().join(".flagdl/ledger.db-wal"), &self.log[..end]).expect("written");
        cut
    }

    /// In the log's head, at the end of each page in it, and in the middle of each.
    fn cuts(&self) -> Vec<usize> {
        const HEAD: usize = 32;
        const PAGE: usize = 24 + 4096;
        let pages = (HEAD..=self.log.len()).step_by(PAGE);
        [0, 1, HEAD - 1].into_iter().chain(pages.flat_map(|end| [end, end + PAGE / 2])).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_lost_beside_their_files_end_as_they_would_have() {
    let origin = Origin::default();
    (0..ENTRIES).for_each(|number| put(&origin, number, 1));
    let logged = logged(&origin).await;
    let (quiet, known) = (files(&logged.bench), rows(&logged.bench.out()));
    assert_eq!((quiet.len(), known.len()), (ENTRIES, ENTRIES));
    let mut skipped = BTreeMap::<u64, usize>::new();
    for end in logged.cuts().into_iter().filter(|end| *end <= logged.log.len()) {
        for started_anew in [false, true] {
            let mut bench = logged.cut_at(end);
            if started_anew {
                reboot(&bench.out());
            }
            let summary = bench.run(&list(ENTRIES), &origin, options(4)).await.expect("it goes on");
            let [ok, here] = [Outcome::Ok, Outcome::Skipped].map(|outcome| summary.tally.of(outcome));
            assert_eq!(ok + here, ENTRIES as u64, "cut at {end}: {:?}", bench.ended());
            assert!(bench.recorder.checked.iter().all(|(_, bad)| *bad == 0), "cut at {end}");
            assert_eq!(files(&bench), quiet, "cut at {end}");
            assert_eq!(rows(&bench.out()), known, "cut at {end}");
            *skipped.entry(here).or_default() += 1;
        }
    }
    // Cuts have been tried before and after the end of each of the five runs.
    assert!([5, 12, 20, 28, ENTRIES as u64].iter().all(|length| skipped.contains_key(length)), "{skipped:?}");
}
