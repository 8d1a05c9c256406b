//! Bodies that are cut: what is gone on with, and that whatever happens the final bytes are the server's.

use std::fs;

use proptest::prelude::*;

use super::{
    bench::{Bench, options},
    origin::{Manners, Origin, Version},
};
use crate::{
    event::Outcome,
    ledger::Reader,
    options::{Accept, Options},
};

const MIB: usize = 1 << 20;

/// Bytes that differ from place to place and from one number to the next.
fn bytes(size: usize, number: u8) -> Vec<u8> {
    let mut bytes = vec![number; size];
    for (at, byte) in bytes.iter_mut().enumerate().step_by(509) {
        *byte ^= at.to_le_bytes()[1];
    }
    bytes
}

fn any_file() -> Options {
    Options { accept: Accept::Any, ..options(1) }
}

/// Runs a list of the one file, and gives how the entry ended, and what was answered.
async fn fetch(bench: &mut Bench, origin: &Origin, options: Options) -> (Outcome, Vec<(u16, Option<String>)>) {
    let summary = bench.run("a\n", origin, options).await.expect("it goes on");
    let ended = Outcome::ALL.into_iter().find(|outcome| summary.tally.of(*outcome) > 0).expect("one entry");
    (ended, origin.answers())
}

#[tokio::test(start_paused = true)]
async fn a_large_body_that_is_cut_is_gone_on_with() {
    let whole = bytes(4 * MIB, 0);
    for version in [
        Version::new(whole.clone(), "\"1\""),
        Version { last_modified: Some("Wed, 21 Oct 2015 07:28:00 GMT".into()), ..Version::new(whole.clone(), "\"1\"") },
        Version { bytes: whole.clone(), etag: None, last_modified: Some("Wed, 21 Oct 2015 07:28:00 GMT".into()) },
    ] {
        let (mut bench, origin) = (Bench::new(), Origin::default());
        origin.put("a", version).cut(&[2 * MIB + 7, 100, MIB]);
        let (ended, answers) = fetch(&mut bench, &origin, any_file()).await;
        let range = |from: usize| Some(format!("bytes={from}-"));
        let expected =
            [(200, None), (206, range(2 * MIB + 7)), (206, range(2 * MIB + 107)), (206, range(3 * MIB + 107))];
        assert_eq!((ended, answers), (Outcome::Ok, expected.to_vec()));
        assert_eq!(fs::read(bench.out().join("a")).expect("a file"), whole);
    }
}

#[tokio::test(start_paused = true)]
async fn a_small_body_and_one_without_a_strong_validator_start_over() {
    for (size, etag) in [(MIB - 1, "\"1\""), (3 * MIB, "W/\"1\"")] {
        let (mut bench, origin) = (Bench::new(), Origin::default());
        origin.put("a", Version::new(bytes(size, 0), etag)).cut(&[size - 1]);
        let (ended, answers) = fetch(&mut bench, &origin, any_file()).await;
        assert_eq!((ended, answers), (Outcome::Ok, vec![(200, None), (200, None)]));
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_that_get_on_are_not_held_against_the_entry() {
    let (mut bench, origin) = (Bench::new(), Origin::default());
    origin.put("a", Version::new(bytes(12 * MIB, 0), "\"1\"")).cut(&[MIB; 11]);
    let (ended, answers) = fetch(&mut bench, &origin, Options { retries: 1, ..any_file() }).await;
    assert_eq!((ended, answers.len()), (Outcome::Ok, 12));
    // Those that do not are.
    let (mut bench, origin) = (Bench::new(), Origin::default());
    origin.put("a", Version::new(bytes(12 * MIB, 0), "\"1\"")).cut(&[MIB, 1000, 1000, 1000]);
    let (ended, answers) = fetch(&mut bench, &origin, Options { retries: 1, ..any_file() }).await;
    assert_eq!((ended, answers.len()), (Outcome::Error, 3));
    assert!(bench.files().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_exactly_the_rest_is_thrown_away_and_all_is_asked_for_again() {
    let whole = bytes(3 * MIB, 0);
    for (manners, expected) in [
        (Manners::Right, vec![200, 206]),
        (Manners::Whole, vec![200, 200]),
        (Manners::Late, vec![200, 206, 200]),
        (Manners::Heedless, vec![200, 206]),
        (Manners::Silent, vec![200, 206, 200]),
        (Manners::Miscounting, vec![200, 206, 200]),
        (Manners::Unwilling, vec![200, 416, 200]),
    ] {
        let (mut bench, origin) = (Bench::new(), Origin::default());
        origin.put("a", Version::new(whole.clone(), "\"1\"")).cut(&[2 * MIB]).behave(manners);
        let (ended, answers) = fetch(&mut bench, &origin, any_file()).await;
        let statuses: Vec<_> = answers.iter().map(|(status, _)| *status).collect();
        assert_eq!((ended, statuses), (Outcome::Ok, expected), "{manners:?}");
        assert_eq!(fs::read(bench.out().join("a")).expect("a file"), whole, "{manners:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_meanwhile_is_fetched_as_it_is_now() {
    for manners in [Manners::Right, Manners::Heedless, Manners::Silent, Manners::Miscounting] {
        for size in [MIB, 2 * MIB, 3 * MIB, 4 * MIB] {
            let (mut bench, origin) = (Bench::new(), Origin::default());
            origin.put("a", Version::new(bytes(3 * MIB, 0), "\"1\"")).cut(&[2 * MIB]).behave(manners);
            origin.change(1, "a", Version::new(bytes(size, 9), "\"2\""));
            assert_eq!(fetch(&mut bench, &origin, any_file()).await.0, Outcome::Ok);
            assert_eq!(fs::read(bench.out().join("a")).expect("a file"), bytes(size, 9), "{manners:?} {size}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_rest_is_held_to_the_limit_of_size_and_leaves_nothing_behind() {
    let (mut bench, origin) = (Bench::new(), Origin::default());
    origin.put("a", Version::new(bytes(3 * MIB, 0), "\"1\"")).cut(&[2 * MIB]);
    origin.change(1, "a", Version::new(bytes(9 * MIB, 0), "\"2\""));
    let options = Options { max_size: 4 << 20, ..any_file() };
    assert_eq!(fetch(&mut bench, &origin, options).await.0, Outcome::Error);
    assert!(bench.files().is_empty());
}

fn manners() -> impl Strategy<Value = Manners> {
    use Manners::{Heedless, Late, Miscounting, Right, Silent, Unwilling, Whole};
    proptest::sample::select(vec![Right, Right, Right, Whole, Late, Heedless, Silent, Miscounting, Unwilling])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_cut_and_whatever_changes_the_final_bytes_are_the_servers(
        sizes in proptest::collection::vec(MIB / 2..4 * MIB, 1..4),
        cuts in proptest::collection::vec(0..3 * MIB, 0..6),
        changes in proptest::collection::vec(0_usize..6, 0..3),
        manners in manners(),
        weak in proptest::sample::select(vec!["", "", "W/"]),
    ) {
        let version = |number: usize| {
            let size = sizes[number % sizes.len()];
            Version::new(bytes(size, u8::try_from(number).expect("small")), &format!("{weak}\"{number}\""))
        };
        let origin = Origin::default();
        origin.put("a", version(0)).cut(&cuts).behave(manners);
        for (number, request) in (1..).zip(&changes) {
            origin.change(*request, "a", version(number));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let mut bench = Bench::new();
        let options = Options { retries: 20, breaker: false, ..any_file() };
        let (ended, answers) = runtime.expect("a runtime").block_on(fetch(&mut bench, &origin, options));
        prop_assert_eq!(ended, Outcome::Ok, "{:?}", answers);
        let saved = fs::read(bench.out().join("a")).expect("a file");
        let current = (0..=changes.len()).map(version).find(|version| version.bytes == saved);
        prop_assert!(current.is_some(), "a mixture of {} bytes", saved.len());
        let rows = Reader::open(&bench.out()).expect("readable").expect("a ledger").rows_after("", 9);
        let file = rows.expect("readable")[0].file.clone().expect("a file");
        let hash: [u8; 32] = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(&saved)).into();
        prop_assert_eq!((file.bytes, file.sha256), (saved.len() as u64, Some(hash)));
        prop_assert_eq!(bench.files(), ["a"]);
    }
}
