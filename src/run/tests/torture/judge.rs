//! What came of a scene, and what of that is not as it should be.

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::{Rehearsed, shaky};
use crate::{
    disk::torture::{Kind, Point, Trouble},
    event::Outcome,
    ledger::{LastOutcome, Reader},
    tally::Tally,
};

/// What came of a scene.
#[derive(Debug)]
pub(super) struct Found {
    /// The sums, or why it could not go on.
    pub(super) ended: Result<BTreeMap<&'static str, u64>, String>,
    /// Why entries failed.
    pub(super) failures: Vec<String>,
    /// The hash of each file.
    pub(super) files: BTreeMap<String, [u8; 32]>,
    /// What the ledger knows, if it can be read.
    pub(super) rows: Result<Vec<String>, String>,
    /// What is in flagdl's own folder and beside the folder for downloads, and is none of what stays there.
    pub(super) left_over: Vec<String>,
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    names.collect()
}

impl Found {
    /// What is in a folder for downloads.
    pub(super) fn of(out: &Path) -> Self {
        let files = names(out).into_iter().filter(|name| name != ".flagdl");
        let hash = |name: String| {
            let bytes = fs::read(out.join(&name)).expect("a file");
            (name, Sha256::digest(bytes).into())
        };
        let own = names(&out.join(".flagdl")).into_iter().filter(|name| name != "ledger.db" && name != "lock");
        let beside = names(out.parent().expect("a folder")).into_iter().filter(|name| name != "out" && name != "list");
        Self {
            ended: Ok(BTreeMap::new()),
            failures: Vec::new(),
            files: files.map(hash).collect(),
            left_over: own.chain(beside).collect(),
            rows: rows(out),
        }
    }
}

fn rows(out: &Path) -> Result<Vec<String>, String> {
    let told = |error| chain(&error);
    let Some(mut reader) = Reader::open(out).map_err(told)? else { return Ok(Vec::new()) };
    let rows = reader.rows_after("", 100_000).map_err(told)?.into_iter().map(|row| {
        // What is here has been fetched or has not changed, whenever that was.
        let outcome = if row.outcome == LastOutcome::Unchanged { LastOutcome::Ok } else { row.outcome };
        let file = row.file.map(|file| (file.bytes, file.sha256));
        format!("{} {} {} {outcome:?} {:?} {file:?}", row.path, row.entry, row.url, row.class)
    });
    Ok(rows.collect())
}

pub(super) fn sums(tally: &Tally) -> BTreeMap<&'static str, u64> {
    Outcome::ALL.into_iter().map(|outcome| (outcome.as_str(), tally.of(outcome))).collect()
}

/// An error with its causes.
pub(super) fn chain(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The sums, with all that is here in one.
fn in_the_end(ended: &Result<BTreeMap<&'static str, u64>, String>) -> Result<BTreeMap<&'static str, u64>, String> {
    let mut sums = ended.clone()?;
    sums.remove("deleted");
    let here = ["ok", "unchanged", "skipped"].map(|outcome| sums.remove(outcome).unwrap_or_default());
    // What was mended the first time is not mended again.
    if !sums.contains_key("looked at") {
        sums.insert("here", here.iter().sum());
    }
    Ok(sums)
}

/// Whether the failure of a call may change anything at all.
fn is_harmless(point: Point) -> bool {
    let is_network = matches!(point.kind, Kind::Send | Kind::Chunk);
    is_network || matches!(point.trouble, Trouble::Short | Trouble::Error(Errno::INTR))
}

/// Whether a text tells what has failed.
fn names_trouble(text: &str, point: Point) -> bool {
    let Trouble::Error(error) = point.trouble else { return false };
    let word = match (point.kind, error) {
        (Kind::Send | Kind::Chunk, _) => shaky::fault(error, point.kind).class().to_owned(),
        (Kind::Database, Errno::NOSPC) => "no space left".into(),
        (Kind::Database, Errno::MFILE) => "unable to open".into(),
        (Kind::Database, Errno::ACCESS) => "readonly".into(),
        (Kind::Database, Errno::BUSY) => "locked".into(),
        (Kind::Database, _) => "I/O error".into(),
        (_, Errno::MFILE) if text.contains("too many open files") => return true,
        (_, error) => format!("os error {}", error.raw_os_error()),
    };
    text.contains(&word)
}

/// What is not as it should be after a scene in which a call has failed, and after the same again without.
pub(super) fn complaints(point: Point, known: &Rehearsed, failed: &Found, after: &Found) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expect = |holds: bool, complaint: String| {
        if !holds {
            wrong.push(complaint);
        }
    };
    if is_harmless(point) {
        expect(failed.ended == known.quiet.ended, format!("ended with {:?}", failed.ended));
        expect(failed.files == known.quiet.files, "other files".into());
        expect(failed.rows == known.quiet.rows, "other rows".into());
    }
    if let Err(text) = &failed.ended {
        expect(names_trouble(text, point), format!("the run ended with {text:?}"));
    }
    for failure in failed.failures.iter().filter(|failure| !known.quiet.failures.contains(failure)) {
        expect(names_trouble(failure, point), format!("an entry failed with {failure:?}"));
    }
    for text in failed.ended.as_ref().err().into_iter().chain(&failed.failures) {
        let is_defect = ["panic", "please report", "has failed", "cannot read the lists"];
        expect(!is_defect.iter().any(|word| text.contains(word)), format!("a defect: {text:?}"));
    }
    for (name, hash) in &failed.files {
        let is_known = [&known.before, &known.quiet, &known.after].iter().any(|of| of.files.get(name) == Some(hash));
        expect(is_known, format!("{name} is not whole"));
    }
    expect(in_the_end(&after.ended) == in_the_end(&known.after.ended), format!("then ended with {:?}", after.ended));
    expect(after.files == known.after.files, "then other files".into());
    expect(
        after.rows == known.after.rows,
        format!("then other rows: {:#?}", different(&after.rows, &known.after.rows)),
    );
    expect(after.left_over.is_empty(), format!("left over: {:?}", after.left_over));
    wrong
}

fn different(ours: &Result<Vec<String>, String>, expected: &Result<Vec<String>, String>) -> Vec<String> {
    let (Ok(ours), Ok(expected)) = (ours, expected) else { return vec![format!("{ours:?}")] };
    let without = |some: &[String], others: &[String], sign: &str| {
        some.iter().filter(|row| !others.contains(row)).map(|row| format!("{sign} {row}")).collect::<Vec<_>>()
    };
    [without(ours, expected, "+"), without(expected, ours, "-")].concat()
}
