//! Tries a target of `src/fuzzing` on many inputs: those of its corpus, with changes that chance makes.
//!
//! `cargo bench --bench fuzz --features fuzzing -- TARGET|all COUNT [SEED]`; see CONTRIBUTING.md.
//!
//! Promises: the same seed makes the same inputs from the same corpus. The first input that breaks a promise ends the run
//! with an error, and is written, as small as it could be made, below `fuzz/artifacts`.
//!
//! What surprises: nothing is learnt on the way, as libFuzzer does; the corpus is what leads to the far corners. Without
//! arguments it does nothing, as `cargo bench` asks.

#![allow(clippy::print_stdout, reason = "it prints what it measures")]

use std::{
    env,
    error::Error,
    fs, panic,
    path::PathBuf,
    time::{Duration, Instant},
};

use flagdl::fuzzing::{Corpus, TARGETS, Target};

/// The most changes that are made to one input, less one.
const MOST_CHANGES: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let values: Vec<_> = env::args().skip(1).filter(|text| !text.starts_with("--")).collect();
    let [name, count, seed @ ..] = &*values else {
        println!("nothing to do: TARGET|all COUNT [SEED]");
        return Ok(());
    };
    let seed = seed.first().map_or(Ok(1), |seed| seed.parse())?;
    let chosen: Vec<_> = TARGETS.iter().filter(|target| name == "all" || target.name == name).collect();
    if chosen.is_empty() {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        return Err(format!("there is no target {name}; there are {}", names.join(", ")).into());
    }
    chosen.into_iter().try_for_each(|target| run(target, count.parse()?, seed))
}

fn run(target: &Target, count: u64, seed: u64) -> Result<(), Box<dyn Error>> {
    let corpus = Corpus::of(target)?;
    let mut chance = fastrand::Rng::with_seed(seed);
    let (begun, mut slowest) = (Instant::now(), Duration::ZERO);
    let mut inputs = corpus.inputs().iter().map(|(_, input)| input.clone());
    for number in 0..count {
        let input = inputs.next().unwrap_or_else(|| {
            let changes: Vec<_> = (0..=chance.usize(..MOST_CHANGES)).map(|_| chance.u64(..)).collect();
            corpus.changed(chance.u64(..), &changes)
        });
        let started = Instant::now();
        if panic::catch_unwind(|| (target.hold)(&input)).is_err() {
            return Err(keep(target, &input, number, seed)?.into());
        }
        slowest = slowest.max(started.elapsed());
    }
    let elapsed = begun.elapsed();
    println!("{}: {count} inputs in {elapsed:.1?}, the slowest in {slowest:.1?}, seed {seed}", target.name);
    Ok(())
}

/// Writes an input that breaks a promise, and says where to.
fn keep(target: &Target, input: &[u8], number: u64, seed: u64) -> Result<String, Box<dyn Error>> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "fuzz", "artifacts", target.name].iter().collect();
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{seed}-{number}"));
    fs::write(&path, smallest(target, input))?;
    Ok(format!("input {number} of seed {seed} breaks a promise: {}", path.display()))
}

/// The input without all that it breaks the promise without.
fn smallest(target: &Target, input: &[u8]) -> Vec<u8> {
    panic::set_hook(Box::new(|_| {}));
    let mut input = input.to_vec();
    let mut piece = input.len().next_power_of_two();
    while piece > 0 {
        let mut start = 0;
        while start < input.len() {
            let end = (start + piece).min(input.len());
            let less = [&input[..start], &input[end..]].concat();
            if panic::catch_unwind(|| (target.hold)(&less)).is_err() { input = less } else { start = end }
        }
        piece /= 2;
    }
    drop(panic::take_hook());
    input
}
