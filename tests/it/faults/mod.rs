//! The table of faults and bad input, and what shows each row.
//!
//! Promises: each row has its number once, and names a test or says why it does not apply.

mod second;

/// A row of the table.
pub(crate) struct Row {
    number: u8,
    fault: &'static str,
    shown: Shown,
}

/// What shows a row.
pub(crate) enum Shown {
    /// These tests: `file::test` of this suite, `src/…/file.rs::test`, or `e2e::case`.
    By(&'static [&'static str]),
    /// None, for this reason.
    Not(&'static str),
}

#[test]
fn rows_44_to_82_are_all_there() {
    let numbers: Vec<_> = second::ROWS.iter().map(|row| row.number).collect();
    assert_eq!(numbers, (44..=82).collect::<Vec<_>>());
    for row in second::ROWS {
        let is_shown = match row.shown {
            Shown::By(tests) => !tests.is_empty() && tests.iter().all(|test| test.contains("::")),
            Shown::Not(why) => why.len() > 20,
        };
        assert!(is_shown && !row.fault.is_empty(), "row {}", row.number);
    }
}
