//! A ledger in which one bit is another than was written.
//!
//! Promises: a run refuses it and says which file to move away, or ends with what a quiet run ends with. It never panics,
//! and a name never stands for anything but its own file.
//!
//! What surprises: `SQLite` keeps no sums of its pages, so most flips are seen by nobody, and change nothing. Where a URL
//! has become another one, its name is another link's: the entry's file is then fetched under its second name.

use std::fs;

use super::{
    bench::{Bench, options},
    crash::{files, list, put},
    origin::Origin,
};
use crate::{
    event::Outcome,
    options::{Existing, Options},
    run::{Cause, RunError},
    tally::Summary,
};

const ENTRIES: usize = 60;
/// The header's bytes, each of which has a meaning, and so many anywhere.
const HEADER: usize = 100;
const ANYWHERE: usize = 200;

/// The folder of a run that has ended, and its ledger.
struct Kept {
    bench: Bench,
    origin: Origin,
    whole: Vec<u8>,
}

impl Kept {
    async fn new() -> Self {
        let (mut bench, origin) = (Bench::in_memory(), Origin::default());
        (0..ENTRIES).for_each(|number| put(&origin, number, 1));
        bench.run(&list(ENTRIES), &origin, options(4)).await.expect("it goes on");
        let whole = fs::read(bench.out().join(".flagdl/ledger.db")).expect("a file");
        Self { bench, origin, whole }
    }

    /// Puts this in the ledger's place; without anything, nothing is there.
    fn replace(&self, ledger: Option<&[u8]>) {
        let database = self.bench.out().join(".flagdl/ledger.db");
        for log in ["ledger.db-wal", "ledger.db-shm"] {
            // They are only there where a run was refused in its middle.
            let _ = fs::remove_file(database.with_file_name(log));
        }
        match ledger {
            Some(bytes) => fs::write(database, bytes).expect("written"),
            None => fs::remove_file(database).expect("it was there"),
        }
    }

    async fn run(&mut self, existing: Existing) -> Result<Summary, RunError> {
        self.bench.run(&list(ENTRIES), &self.origin, Options { existing, ..options(4) }).await
    }

    /// Takes away the file of an entry whose name is another link's, which holds the same as the one under that name.
    fn remove_second_name(&self) {
        for name in self.bench.files() {
            let Some((first, hash)) = name.split_once('~') else { continue };
            assert!(hash.len() == 8 && hash.chars().all(|digit| digit.is_ascii_hexdigit()), "{name}");
            let read = |name: &str| fs::read(self.bench.out().join(name)).expect("a file");
            assert_eq!(read(&name), read(first), "{name}");
            fs::remove_file(self.bench.out().join(name)).expect("it was there");
        }
    }
}

fn expect_way_out(error: &RunError, what: &str) {
    let told = error.cause.to_string();
    let is_told = told.contains(".flagdl/ledger.db") && told.contains("hint: ");
    assert!(matches!(error.cause, Cause::Ledger(_)) && is_told, "{what}: {:?}", error.cause);
}

#[tokio::test(start_paused = true)]
async fn a_ledger_with_a_bit_that_flipped_is_refused_or_costs_nothing() {
    let mut kept = Kept::new().await;
    let quiet = files(&kept.bench);
    let mut random = fastrand::Rng::with_seed(76);
    let mut refused = 0;
    for number in 0..HEADER + ANYWHERE {
        let anywhere = random.usize(..kept.whole.len());
        let (byte, bit) = (if number < HEADER { number } else { anywhere }, random.u32(..8));
        let mut flipped = kept.whole.clone();
        flipped[byte] ^= 1 << bit;
        kept.replace(Some(&flipped));
        let existing = if number.is_multiple_of(2) { Existing::Skip } else { Existing::Update };
        let what = format!("bit {bit} of byte {byte}, {existing:?}");
        match kept.run(existing).await {
            Ok(summary) => {
                let here = [Outcome::Ok, Outcome::Skipped, Outcome::Unchanged].map(|here| summary.tally.of(here));
                assert_eq!(here.iter().sum::<u64>(), ENTRIES as u64, "{what}: {:?}", kept.bench.ended());
                assert!(here[0] <= 2, "{what}: {:?}", kept.bench.ended());
                kept.remove_second_name();
            }
            Err(error) => {
                refused += 1;
                expect_way_out(&error, &what);
                assert_eq!(files(&kept.bench), quiet, "{what}");
                kept.replace(None);
                kept.run(existing).await.expect("a new ledger");
            }
        }
        assert_eq!(files(&kept.bench), quiet, "{what}");
    }
    assert!((20..150).contains(&refused), "{refused} were refused");
}
