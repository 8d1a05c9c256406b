//! What is found of files, on a real file system.

use std::{collections::BTreeSet, fs, path::PathBuf};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::*;
use crate::{
    ledger::{Beginning, Counts, EndedEntry, Ending, HowEnded, LastOutcome, Ledger, Reader, Record, StoredFile},
    link::Link,
    stop::{Stop, Stopper},
};

/// The smallest whole GIF, and behind its end a number that makes it another one.
fn image(number: usize) -> Vec<u8> {
    let mut image = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;".to_vec();
    let comment = format!("{number:04}");
    image.splice(13..13, [&[0x21, 0xfe, 4], comment.as_bytes(), &[0]].concat());
    image
}

/// A folder, its ledger, and what was told of it.
struct Mirror {
    folder: TempDir,
    bad: Vec<(String, String)>,
    last: Option<Progress>,
    is_stopped: bool,
}

impl Reporter for Mirror {
    fn report(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Bad(bad) => self.bad.push((bad.path.to_string(), bad.damage.class().to_owned())),
            Event::Kept { path, error } => panic!("{path} is kept: {error}"),
            Event::Progress(progress) => self.last = Some(*progress),
        }
        Ok(())
    }
}

fn entry(name: &str, outcome: LastOutcome, saved: Option<StoredFile>) -> EndedEntry {
    let link = Link::parse(&format!("http://h/{name}")).expect("a link");
    EndedEntry {
        name: Name::of_link(&link),
        text: name.into(),
        link,
        outcome,
        class: None,
        status: None,
        attempts: 1,
        finished_at: 1_000,
        saved: saved.map(Box::new),
    }
}

impl Mirror {
    /// A folder with so many images, all of them whole.
    async fn of(files: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mirror = Self { folder, bad: Vec::new(), last: None, is_stopped: false };
        let mut records = Vec::new();
        for number in 0..files {
            let (name, image) = (format!("{number:04}"), image(number));
            fs::write(mirror.path(&name), &image).expect("a new file");
            let sha256 = Some(Sha256::digest(&image).into());
            let file = StoredFile { bytes: 37, sha256, format: Some("GIF".into()), ..StoredFile::default() };
            records.push(Record::Ended(entry(&name, LastOutcome::Ok, Some(file))));
        }
        mirror.tell(records).await;
        mirror
    }

    async fn tell(&self, records: Vec<Record>) {
        let ledger = Ledger::open(self.folder.path()).expect("a ledger");
        let mut writer = ledger.begin(&Beginning::default(), None).expect("a run");
        for record in records {
            writer.tell(record).expect("told");
        }
        let ending = Ending { at: 1_000, how: HowEnded::Finished, counts: Counts::default() };
        writer.close(ending).await.expect("closed");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn verify(&mut self, depth: Depth, remedy: Remedy) -> Result<Summary, VerifyError> {
        let (stopper, signal) = Stopper::new();
        if self.is_stopped {
            stopper.stop(Stop::Drain);
        }
        self.bad.clear();
        let path = self.folder.path().to_owned();
        let verified = verify(&path, depth, remedy, signal, self).await;
        self.bad.sort();
        verified
    }

    /// Five kinds of damage.
    fn damage(&self) {
        let mut flipped = image(3);
        flipped[18] ^= 1;
        fs::write(self.path("0003"), flipped).expect("written");
        fs::write(self.path("0100"), &image(100)[..20]).expect("written");
        fs::remove_file(self.path("0150")).expect("removed");
        fs::write(self.path("0200"), "").expect("written");
        let (one, other) = (image(250), image(251));
        fs::write(self.path("0250"), other).expect("written");
        fs::write(self.path("0251"), one).expect("written");
    }

    fn told(&self) -> Vec<(&str, &str)> {
        self.bad.iter().map(|(name, class)| (name.as_str(), class.as_str())).collect()
    }

    fn here(&self) -> BTreeSet<String> {
        let names =
            fs::read_dir(self.folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name != ".flagdl").collect()
    }
}

#[tokio::test]
async fn every_kind_of_damage_is_found_and_all_else_is_whole() {
    let mut mirror = Mirror::of(300).await;
    let summary = mirror.verify(Depth::Full, Remedy::Tell).await.expect("it goes on");
    assert_eq!((summary.whole, summary.bytes, summary.complete), (300, 300 * 37, true));
    assert_eq!(mirror.last, Some(Progress { done: 300, bad: 0, total: Some(300), bytes: 300 * 37 }));
    mirror.damage();
    let summary = mirror.verify(Depth::Full, Remedy::Tell).await.expect("it goes on");
    assert_eq!((summary.whole, summary.missing(), summary.damaged(), summary.complete), (294, 1, 5, true));
    let expected = [
        ("0003", "contents"),
        ("0100", "size"),
        ("0150", "missing"),
        ("0200", "size"),
        ("0250", "contents"),
        ("0251", "contents"),
    ];
    assert_eq!(mirror.told(), expected);
    let summary = mirror.verify(Depth::Quick, Remedy::Tell).await.expect("it goes on");
    assert_eq!(mirror.told(), [("0100", "size"), ("0150", "missing"), ("0200", "size")]);
    assert_eq!((summary.whole, summary.bytes), (297, 0));
    assert_eq!(mirror.here().len(), 299, "to tell changes nothing");
}

#[tokio::test]
async fn what_is_forgotten_goes_if_it_is_broken_and_counts_as_missing_until_it_is_fetched() {
    let mut mirror = Mirror::of(300).await;
    mirror.damage();
    let bad = ["0003", "0100", "0150", "0200", "0250", "0251"];
    for _ in 0..2 {
        let summary = mirror.verify(Depth::Full, Remedy::Forget).await.expect("it goes on");
        assert_eq!((summary.whole, summary.complete), (294, true));
        // What is whole by itself, and not what it was, stays until a new one takes its place.
        let here = mirror.here();
        let kept: Vec<_> = bad.into_iter().filter(|name| here.contains(*name)).collect();
        assert_eq!((here.len(), kept), (297, vec!["0003", "0250", "0251"]));
    }
    assert_eq!(mirror.told(), bad.map(|name| (name, "missing")));
    let runs = Reader::open(mirror.folder.path()).expect("readable").expect("a ledger").runs(9).expect("runs");
    let ending = runs[0].ending.expect("it ended");
    assert_eq!((&*runs[0].beginning.options, ending.how), ("verify --repair", HowEnded::Finished));
    assert_eq!((ending.counts.skipped, ending.counts.error), (294, 6));
}

#[tokio::test]
async fn a_file_counts_however_its_entry_ended_last() {
    let mut mirror = Mirror::of(3).await;
    let ended = [("0000", LastOutcome::NotFound), ("0001", LastOutcome::Error), ("never", LastOutcome::NotFound)];
    mirror.tell(ended.map(|(name, outcome)| Record::Ended(entry(name, outcome, None))).into()).await;
    for name in ["0000", "0001"] {
        fs::write(mirror.path(name), "").expect("written");
    }
    mirror.verify(Depth::Full, Remedy::Forget).await.expect("it goes on");
    assert_eq!(mirror.told(), [("0000", "size"), ("0001", "size")]);
    // Both are to be fetched again now, whatever was said of them last.
    let mut reader = Reader::open(mirror.folder.path()).expect("readable").expect("a ledger");
    let lost = reader.lost_after("", 9).expect("rows");
    assert_eq!(lost.iter().map(|row| row.path.as_str()).collect::<Vec<_>>(), ["0000", "0001"]);
    // One that its server has no more is settled; one that could not be fetched is not.
    let ended = [("0000", LastOutcome::NotFound), ("0001", LastOutcome::Error)];
    mirror.tell(ended.map(|(name, outcome)| Record::Ended(entry(name, outcome, None))).into()).await;
    mirror.verify(Depth::Full, Remedy::Tell).await.expect("it goes on");
    assert_eq!(mirror.told(), [("0001", "missing")]);
}

#[tokio::test]
async fn what_is_no_plain_file_is_not_removed() {
    let mut mirror = Mirror::of(2).await;
    for name in ["0000", "0001"] {
        fs::remove_file(mirror.path(name)).expect("removed");
    }
    fs::create_dir(mirror.path("0000")).expect("a new folder");
    std::os::unix::fs::symlink("/etc/passwd", mirror.path("0001")).expect("a new link");
    mirror.verify(Depth::Full, Remedy::Forget).await.expect("it goes on");
    assert_eq!(mirror.told(), [("0000", "not-a-file"), ("0001", "not-a-file")]);
    assert_eq!(mirror.here().len(), 2);
}

#[tokio::test]
async fn one_that_is_stopped_says_so_and_lets_the_next_one_in() {
    let mut mirror = Mirror::of(300).await;
    mirror.is_stopped = true;
    let summary = mirror.verify(Depth::Full, Remedy::Forget).await.expect("it goes on");
    assert!(!summary.complete && summary.whole == 0 && summary.bad.is_empty(), "{summary:?}");
    mirror.is_stopped = false;
    assert_eq!(mirror.verify(Depth::Full, Remedy::Tell).await.expect("free").whole, 300);
}

#[tokio::test]
async fn one_at_a_time_works_in_a_folder_and_it_must_have_a_ledger() {
    let mut mirror = Mirror::of(1).await;
    let held = Ledger::open(mirror.folder.path()).expect("free");
    for remedy in [Remedy::Tell, Remedy::Forget] {
        let error = mirror.verify(Depth::Quick, remedy).await.expect_err("held");
        assert!(matches!(error, VerifyError::Ledger(LedgerError::Locked { .. })), "{error}");
    }
    drop(held);
    mirror.verify(Depth::Quick, Remedy::Tell).await.expect("free again");
    fs::remove_dir_all(mirror.path(".flagdl")).expect("removed");
    for path in [mirror.folder.path().to_owned(), mirror.path("nowhere")] {
        let verified = verify(&path, Depth::Quick, Remedy::Tell, StopSignal::never(), &mut ()).await;
        let error = verified.expect_err("no ledger");
        assert!(matches!(error, VerifyError::NoLedger { .. }), "{error}");
    }
    assert!(mirror.here().len() == 1 && !mirror.path(".flagdl").exists(), "looking for a ledger makes none");
}

#[tokio::test]
async fn a_reporter_that_nobody_reads_ends_it() {
    struct Deaf;
    impl Reporter for Deaf {
        fn report(&mut self, _: &Event<'_>) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let mirror = Mirror::of(300).await;
    let verified = verify(mirror.folder.path(), Depth::Full, Remedy::Forget, StopSignal::never(), &mut Deaf).await;
    assert!(matches!(verified, Err(VerifyError::Report(_))));
    let runs = Reader::open(mirror.folder.path()).expect("readable").expect("a ledger").runs(1).expect("runs");
    assert_eq!(runs[0].ending.expect("it ended").how, HowEnded::Failed);
}
