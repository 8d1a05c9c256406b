//! What of a run goes into the ledger: its beginning, the entries that ended, its end.
//!
//! Promises: no secret goes into what is noted of the options; an entry that leaves nothing to be known (skipped, a
//! duplicate, left, not asked for, no entry at all) is not noted.

use std::{fmt::Write as _, path::Path};

use super::{
    clock::{boot, seconds_since_1970},
    recheck::Suspects,
};
use crate::{
    event::{Ended, Failure, Outcome, seconds},
    ledger::{
        Beginning, Counts, EndedEntry, Ending, HowEnded, LastOutcome, Ledger, LedgerError, Record, StoredFile,
        SyncFiles, Writer,
    },
    options::{Accept, Durability, Existing, Gone, Options},
    plan::Here,
    store,
    tally::Tally,
};

/// A run that has begun in a folder with a ledger.
pub(super) struct Begun {
    pub(super) writer: Writer,
    pub(super) here: Here,
    /// What is to be read again before anything is asked of `here`.
    pub(super) suspects: Option<Suspects>,
}

/// Begins a run in a folder that has a ledger; none where there is none yet. Blocks.
pub(super) fn go_on(folder: &Path, options: &Options) -> Result<Option<Begun>, LedgerError> {
    // What is to be adopted is in folders that have none yet.
    let opened =
        if options.adopt && folder.is_dir() { Some(Ledger::open(folder)?) } else { Ledger::open_existing(folder)? };
    let Some(ledger) = opened else { return Ok(None) };
    let here = Here::open(&ledger, options, seconds_since_1970())?;
    let suspects = Suspects::find(&ledger, folder, boot().as_deref())?;
    Ok(Some(Begun { writer: begin(ledger, options)?, here, suspects }))
}

/// Begins a run in a folder that had no ledger before. Blocks.
pub(super) fn begin_anew(folder: &Path, options: &Options) -> Result<Writer, LedgerError> {
    begin(Ledger::open_new(folder)?, options)
}

fn begin(ledger: Ledger, options: &Options) -> Result<Writer, LedgerError> {
    let version = env!("CARGO_PKG_VERSION").into();
    let beginning = Beginning { at: seconds_since_1970(), boot: boot(), version, options: in_short(options).into() };
    let folder = ledger.folder().destination()?;
    store::sweep(&folder);
    let sync = options.durability.sync(folder);
    ledger.begin(&beginning, sync.map(|sync| Box::new(sync) as SyncFiles))
}

/// The options that change what is asked for and how fast. Headers are left out: they may be secrets.
fn in_short(options: &Options) -> String {
    let mut text = format!("-c {}", options.concurrency);
    let mut add = |option: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(text, " {option} {value}").expect("writing to a String cannot fail");
        }
    };
    add("--per-host", options.per_host.map(|limit| limit.to_string()));
    add("--rate", options.rate.map(|rate| rate.to_string()));
    add("--total-rate", options.total_rate.map(|rate| rate.to_string()));
    add("--retries", Some(options.retries.to_string()));
    add("--accept", (options.accept == Accept::Any).then(|| "any".into()));
    let durability = match options.durability {
        Durability::None => None,
        Durability::Batch => Some("batch".to_owned()),
        Durability::File => Some("file".to_owned()),
    };
    add("--durability", durability);
    add("--missing-ttl", options.missing_ttl.map(seconds));
    for (option, is_on) in [
        ("--robots", options.robots),
        ("--adopt", options.adopt),
        ("--update", options.existing == Existing::Update),
        ("--overwrite", options.existing == Existing::Overwrite),
        ("--gone delete", options.gone != Gone::Keep),
    ] {
        if is_on {
            text.push(' ');
            text.push_str(option);
        }
    }
    text
}

/// What is noted of an entry that has ended, if anything.
pub(super) fn record(ended: Ended, saved: Option<Box<StoredFile>>) -> Option<Record> {
    let outcome = match ended.outcome {
        Outcome::Ok => LastOutcome::Ok,
        Outcome::Unchanged => LastOutcome::Unchanged,
        Outcome::NotFound if ended.attempts > 0 => LastOutcome::NotFound,
        Outcome::Error => LastOutcome::Error,
        // Adopted: it is as if this run had saved it.
        Outcome::Skipped if saved.is_some() => LastOutcome::Ok,
        Outcome::NotFound | Outcome::Skipped | Outcome::Duplicate | Outcome::Left => return None,
    };
    Some(Record::Ended(EndedEntry {
        name: ended.path?,
        text: ended.entry.text,
        link: ended.link?,
        outcome,
        class: ended.failure.as_ref().map(Failure::class),
        status: ended.status,
        attempts: ended.attempts,
        finished_at: seconds_since_1970(),
        saved,
    }))
}

/// What is noted of the run's end.
pub(super) fn ending(how: HowEnded, tally: &Tally) -> Ending {
    let counts = Counts {
        ok: tally.of(Outcome::Ok),
        unchanged: tally.of(Outcome::Unchanged),
        skipped: tally.of(Outcome::Skipped),
        duplicate: tally.of(Outcome::Duplicate),
        not_found: tally.of(Outcome::NotFound),
        error: tally.of(Outcome::Error),
        left: tally.of(Outcome::Left),
        requests: tally.requests,
        bytes: tally.bytes,
    };
    Ending { at: seconds_since_1970(), how, counts }
}
