//! Every fault that is known to have hurt downloaders, and the test that shows what comes of it here; or why it cannot
//! happen here.
//!
//! Promises: the rows are 1 to 82 without a gap, and each test that is named is there, in the file that it is said to be
//! in. A test that is renamed or removed fails this one.
//!
//! What surprises: a name is `file::test` for a file beside this folder, `e2e::test` for the end-to-end suite, and
//! otherwise a path below the root, `src/….rs::test`.

mod answers;
mod first;
mod second;

use std::{fs, path::Path};

use self::Shown::{By, Not};

/// How many faults there are.
const ROWS: u8 = 82;

/// A fault.
struct Row {
    number: u8,
    /// What goes wrong, in a few words.
    fault: &'static str,
    shown: Shown,
}

/// Where it is seen what comes of a fault.
enum Shown {
    /// By these tests.
    By(&'static [&'static str]),
    /// By none: it does not apply, for this reason.
    Not(&'static str),
}

/// A fault that tests show.
const fn by(number: u8, fault: &'static str, tests: &'static [&'static str]) -> Row {
    Row { number, fault, shown: By(tests) }
}

/// A fault that cannot happen here.
const fn not(number: u8, fault: &'static str, reason: &'static str) -> Row {
    Row { number, fault, shown: Not(reason) }
}

/// The text of the file that a test is to be in, and what a test's first line begins with there.
fn source(file: &str) -> Option<(String, &'static str)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if file == "e2e" {
        let promises = fs::read_dir(root.join("tests/e2e/promises")).expect("the end-to-end suite");
        let read = |entry: fs::DirEntry| fs::read_to_string(entry.path()).unwrap_or_default();
        return Some((promises.map(|entry| read(entry.expect("a folder can be read"))).collect(), "def "));
    }
    let below = if file.starts_with("src/") { file.to_owned() } else { format!("tests/it/{file}.rs") };
    fs::read_to_string(root.join(below)).ok().map(|text| (text, "fn "))
}

/// Whether there is a test of this name.
pub(crate) fn exists(test: &str) -> bool {
    let Some((file, name)) = test.rsplit_once("::") else { return false };
    let Some((source, keyword)) = source(file) else { return false };
    let start = format!("{keyword}{name}(");
    source.lines().any(|line| line.trim_start().trim_start_matches("async ").starts_with(&start))
}

/// What is wrong with a row.
fn flaws(row: &Row) -> Vec<String> {
    let Row { number, fault, shown } = row;
    let mut flaws = Vec::new();
    if fault.is_empty() {
        flaws.push(format!("row {number} does not say what goes wrong"));
    }
    match shown {
        By([]) => flaws.push(format!("row {number} names no test")),
        By(tests) => {
            let missing = tests.iter().filter(|test| !exists(test));
            flaws.extend(missing.map(|test| format!("row {number} names {test}, which there is not")));
        }
        Not(reason) if reason.split(' ').count() < 5 => flaws.push(format!("row {number} gives no reason")),
        Not(_) => {}
    }
    flaws
}

#[test]
fn each_fault_has_a_test_or_a_reason() {
    let rows: Vec<_> = first::ROWS.iter().chain(answers::ROWS).chain(second::ROWS).collect();
    let flaws: Vec<_> = rows.iter().flat_map(|row| flaws(row)).collect();
    assert!(flaws.is_empty(), "{flaws:#?}");
    let numbers: Vec<_> = rows.iter().map(|row| row.number).collect();
    // Until the second half is there.
    let last = if second::ROWS.is_empty() { 43 } else { ROWS };
    assert_eq!(numbers, (1..=last).collect::<Vec<_>>());
}

#[test]
fn a_row_that_shows_nothing_is_told() {
    for shown in [
        By(&[]),
        By(&["faults/mod::no_such_test"]),
        By(&["no_such_file::each_fault_has_a_test_or_a_reason"]),
        By(&["each_fault_has_a_test_or_a_reason"]),
        By(&["src/no_such_file.rs::x"]),
        By(&["e2e::no_such_test"]),
        Not(""),
        Not("it does not"),
    ] {
        assert_eq!(flaws(&Row { number: 1, fault: "x", shown }).len(), 1);
    }
    assert_eq!(flaws(&Row { number: 1, fault: "", shown: Not("this cannot happen to us here") }).len(), 1);
    let real = By(&["faults/mod::each_fault_has_a_test_or_a_reason", "e2e::a_list_from_a_pipe"]);
    assert!(flaws(&Row { number: 1, fault: "x", shown: real }).is_empty());
}
