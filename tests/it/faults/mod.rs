//! Every fault that is known to have hurt downloaders, and the test that shows what comes of it here; or why it cannot
//! happen here.
//!
//! Promises: the rows are 1 to 82 without a gap, and each test that is named is there, in the file that it is said to be
//! in, and is run: it is marked as a test and is not ignored. A test that is renamed or removed fails this one.
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

/// How tests are written in a file.
struct Kind {
    /// What the first line of a test begins with.
    keyword: &'static str,
    /// What one of the lines above it begins with.
    marks: &'static [&'static str],
}

const RUST: Kind = Kind { keyword: "fn ", marks: &["#[test]", "#[tokio::test"] };
const END_TO_END: Kind = Kind { keyword: "def ", marks: &["@case("] };

/// The text of the file that a test is to be in.
fn source(file: &str) -> Option<(String, Kind)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if file == "e2e" {
        let promises = fs::read_dir(root.join("tests/e2e/promises")).expect("the end-to-end suite");
        let read = |entry: fs::DirEntry| fs::read_to_string(entry.path()).unwrap_or_default();
        return Some((promises.map(|entry| read(entry.expect("a folder can be read"))).collect(), END_TO_END));
    }
    let below = if file.starts_with("src/") { file.to_owned() } else { format!("tests/it/{file}.rs") };
    fs::read_to_string(root.join(below)).ok().map(|text| (text, RUST))
}

/// Whether a text has a test of this name that is run.
fn has(text: &str, kind: &Kind, name: &str) -> bool {
    let start = format!("{}{name}(", kind.keyword);
    let lines: Vec<_> = text.lines().map(str::trim_start).collect();
    let mut places = lines.iter().enumerate();
    places.any(|(at, line)| {
        let is_it = line.trim_start_matches("async ").starts_with(&start);
        let above = || lines[..at].iter().rev().take_while(|line| line.starts_with(['#', '@', '/']));
        let is_marked = || above().any(|line| kind.marks.iter().any(|mark| line.starts_with(mark)));
        is_it && is_marked() && !above().any(|line| line.starts_with("#[") && line.contains("ignore"))
    })
}

/// Whether there is a test of this name that is run.
pub(crate) fn exists(test: &str) -> bool {
    let Some((file, name)) = test.rsplit_once("::") else { return false };
    source(file).is_some_and(|(text, kind)| has(&text, &kind, name))
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
            flaws.extend(missing.map(|test| format!("row {number} names {test}, and no such test is run")));
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
    assert_eq!(numbers, (1..=ROWS).collect::<Vec<_>>());
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

#[test]
fn only_what_is_run_counts_as_a_test() {
    for (text, is_run) in [
        ("#[test]\nfn x() {}", true),
        ("#[tokio::test(start_paused = true)]\nasync fn x() {}", true),
        ("proptest! {\n    #[test]\n    fn x(number in 1..9) {}\n}", true),
        ("#[test]\n/// What it is for.\n#[cfg(unix)]\nfn x() {}", true),
        ("fn x() {}", false),
        ("#[test]\nfn y() {}\n\nfn x() {}", false),
        ("#[test]\n#[ignore = \"slow\"]\nfn x() {}", false),
        ("#[cfg_attr(unix, ignore)]\n#[test]\nfn x() {}", false),
        ("#[test]\nfn xy() {}", false),
    ] {
        assert_eq!(has(text, &RUST, "x"), is_run, "{text}");
    }
    for (text, is_run) in [
        ("@case()\ndef x(work):", true),
        ("@case(limit=60)\ndef x(work):", true),
        ("def x(work):", false),
        ("@case()\ndef y(work):\n    pass\n\n\ndef x(work):", false),
    ] {
        assert_eq!(has(text, &END_TO_END, "x"), is_run, "{text}");
    }
}
