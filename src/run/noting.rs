//! What of a run goes into the ledger: its beginning, the entries that ended, its end.
//!
//! Promises: no secret goes into what is noted of the options; an entry that leaves nothing to be known (skipped, a
//! duplicate, left, not asked for, no entry at all) is not noted.

use std::path::Path;

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

/// The options that change what is asked for and how fast, where they are not as usual. Headers are left out: they may
/// be secrets.
fn in_short(options: &Options) -> String {
    let usual = Options::default();
    let mut words = vec![options.noted.clone(), format!("-c {}", options.concurrency)];
    words.extend(pace_in_short(options, &usual));
    words.extend(patience_in_short(options, &usual));
    words.extend(files_in_short(options, &usual));
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

fn pace_in_short(options: &Options, usual: &Options) -> Vec<String> {
    [
        options.per_host.map(|limit| format!("--per-host {limit}")),
        options.rate.map(|rate| format!("--rate {rate}")),
        (options.burst != usual.burst).then(|| format!("--burst {}", options.burst)),
        (options.jitter > 0.0).then(|| format!("--jitter {}", options.jitter)),
        options.total_rate.map(|rate| format!("--total-rate {rate}")),
        options.bandwidth.map(|bytes| format!("--bandwidth {bytes}")),
        (!options.adaptive).then(|| "--adaptive off".to_owned()),
        options.robots.then(|| "--robots".to_owned()),
        options.respect_opt_out.then(|| "--respect-opt-out".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn patience_in_short(options: &Options, usual: &Options) -> Vec<String> {
    let longest = options.max_retry_after;
    [
        Some(format!("--retries {}", options.retries)),
        (longest != usual.max_retry_after).then(|| format!("--max-retry-after {}", seconds(longest))),
        (options.read_timeout != usual.read_timeout)
            .then(|| format!("--read-timeout {}", seconds(options.read_timeout))),
        (options.min_speed != usual.min_speed).then(|| format!("--min-speed {}", options.min_speed)),
        options.timeout.map(|timeout| format!("--timeout {}", seconds(timeout))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn files_in_short(options: &Options, usual: &Options) -> Vec<String> {
    [
        (options.max_size != usual.max_size).then(|| format!("--max-size {}", options.max_size)),
        (options.accept == Accept::Any).then(|| "--accept any".to_owned()),
        match options.durability {
            Durability::None => None,
            Durability::Batch => Some("--durability batch".to_owned()),
            Durability::File => Some("--durability file".to_owned()),
        },
        match options.existing {
            Existing::Skip => None,
            Existing::Update => Some("--update".to_owned()),
            Existing::Overwrite => Some("--overwrite".to_owned()),
        },
        match options.gone {
            Gone::Keep => None,
            Gone::Delete(most) => Some(format!("--gone delete --max-gone {most}")),
        },
        options.missing_ttl.map(|ttl| format!("--missing-ttl {}", seconds(ttl))),
        options.adopt.then(|| "--adopt".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect()
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::options::Share;

    #[test]
    fn what_is_not_as_usual_is_noted_of_the_options() {
        assert_eq!(in_short(&Options::default()), "-c 3 --retries 3");
        let options = Options {
            noted: "-u https://h/flags --ext png".into(),
            burst: std::num::NonZeroU32::MIN.saturating_add(1),
            rate: "5/s".parse().ok(),
            jitter: 0.3,
            adaptive: false,
            max_size: 1_000_000,
            existing: Existing::Update,
            gone: Gone::Delete(Share::Part(0.01)),
            missing_ttl: Some(Duration::from_secs(7 * 24 * 60 * 60)),
            ..Options::default()
        };
        assert_eq!(
            in_short(&options),
            "-u https://h/flags --ext png -c 3 --rate 5/s --burst 2 --jitter 0.3 --adaptive off --retries 3 \
             --max-size 1000000 --update --gone delete --max-gone 1% --missing-ttl 7d"
        );
    }
}
