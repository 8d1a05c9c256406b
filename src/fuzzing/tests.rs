//! The corpus, and changes to it that chance makes: what `cargo test` tries of each target.

use std::panic;

use proptest::{collection::vec, prelude::*, test_runner::TestRunner};

use super::*;

/// Inputs that are tried of each target.
const INPUTS: u32 = 2_000;

/// Of the ledger: each makes files.
const LEDGERS: u32 = 200;

fn target(name: &str) -> (&'static Target, Corpus) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target's name");
    (target, Corpus::of(target).expect("a corpus: it is in the repository, not in the package"))
}

/// Tries the corpus of a target, then changes to it, then any bytes.
fn hold_all(name: &str, inputs: u32) {
    let (target, corpus) = target(name);
    assert!(!corpus.inputs().is_empty(), "an empty corpus");
    for (file, input) in corpus.inputs() {
        let held = panic::catch_unwind(|| (target.hold)(input));
        assert!(held.is_ok(), "fuzz/corpus/{name}/{file} breaks a promise");
    }
    let changed = (any::<u64>(), vec(any::<u64>(), 1..9)).prop_map(|(which, changes)| corpus.changed(which, &changes));
    let input = prop_oneof![4 => changed, 1 => vec(any::<u8>(), 0..200)];
    let mut runner = TestRunner::new(ProptestConfig { cases: inputs, failure_persistence: None, ..Default::default() });
    let held = runner.run(&input, |input| {
        (target.hold)(&input);
        Ok(())
    });
    held.unwrap_or_else(|failed| panic!("{failed}"));
}

#[test]
fn lists_keep_their_promises_whatever_is_in_them() {
    hold_all("list", INPUTS);
}

#[test]
fn no_code_and_no_template_leads_elsewhere() {
    hold_all("template", INPUTS);
}

#[test]
fn every_name_is_one_that_every_system_takes() {
    hold_all("name", INPUTS);
}

#[test]
fn no_field_makes_a_run_wait_for_ever() {
    hold_all("advice", INPUTS);
}

#[test]
fn only_what_is_exactly_the_rest_is_taken_for_it() {
    hold_all("content_range", INPUTS);
}

#[test]
fn no_bytes_pass_for_an_image_without_its_end() {
    hold_all("image", INPUTS);
}

#[test]
fn what_is_no_ledger_is_refused_and_left_as_it_is() {
    hold_all("ledger", LEDGERS);
}
