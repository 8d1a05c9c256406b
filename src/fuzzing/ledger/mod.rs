//! Opening a ledger: any bytes as `ledger.db` and its log, or a real ledger with changes.
//!
//! An input's first byte chooses the ledger that is begun with, and whether the log's checksums are made right again; what
//! follows changes it ([`files`]).
//!
//! Promises that are held: a ledger is opened, for reading and for writing, or it is said to be another's, newer or damaged;
//! what is refused keeps every byte and gets no file beside it; what is written to once can be read again.
//!
//! What surprises: every input costs some hundred system calls. On a disk that means waiting for it: set `TMPDIR` to a
//! folder in memory.

mod files;
mod log;
mod scratch;

use std::path::Path;

use self::{files::Files, scratch::Scratch};
use crate::ledger::{Ledger, LedgerError, Reader};

pub(super) const TOKENS: &[&[u8]] = &[
    b"\x01",
    b"\x12",
    b"\0\0\0\x10\0\x01\0\0",
    b"\0\0\x12\x02\x02\x02",
    b"\0\0\x3c\x04\0\0\0\x02",
    b"\0\0\x44\x04flag",
    b"\0\0\x64\x01\x0d",
    b"SQLite format 3\0",
    b"\x37\x7f\x06\x82",
    b"\xff\xff\xff\xff",
    b"CREATE TABLE entry",
    b"CREATE VIEW items AS",
    b"\x0d",
    b"\x05",
    b"../x",
];

/// Rows that a real ledger is made with.
const ROWS: u64 = 12;

pub(super) fn hold(data: &[u8]) {
    let files = Files::of(data);
    let scratch = Scratch::make();
    scratch.put(&files);
    let whole = scratch.look();
    match read(scratch.path()) {
        Ok(rows) => assert!(!files.is_unchanged || rows == files.rows, "{rows:?} rows of {:?}", files.rows),
        Err(Refused::Opening(error)) => {
            assert!(!files.is_unchanged || files.rows.is_none(), "{error}");
            is_right(&error);
            scratch.is_still(&whole, &error);
        }
        // Found later, in what had looked like a ledger.
        Err(Refused::Reading(error)) => is_right(&error),
    }

    scratch.put(&files);
    match Ledger::open(scratch.path()) {
        Ok(ledger) => {
            drop(ledger);
            if let Err(Refused::Opening(error)) = read(scratch.path()) {
                panic!("what was opened once cannot be opened again: {error:?}");
            }
        }
        Err(error) => {
            is_right(&error);
            scratch.is_still(&whole, &error);
        }
    }
}

/// Where a ledger was refused.
enum Refused {
    Opening(LedgerError),
    Reading(LedgerError),
}

/// Reads all there is, and counts the rows; none where there is no ledger.
fn read(folder: &Path) -> Result<Option<u64>, Refused> {
    let Some(mut reader) = Reader::open(folder).map_err(Refused::Opening)? else { return Ok(None) };
    let mut count = || {
        reader.files()?;
        reader.files()?;
        reader.runs(9)?;
        let (mut key, mut rows) = (String::new(), 0);
        loop {
            let page = reader.rows_after(&key, 5)?;
            let Some(last) = page.last() else { return Ok(Some(rows)) };
            // A damaged tree may not be in order; then this would not end.
            if *last.key <= *key {
                return Ok(Some(rows));
            }
            key = last.key.to_string();
            rows += page.len() as u64;
        }
    };
    count().map_err(Refused::Reading)
}

/// Whether it is what bytes alone can be to blame for.
fn is_right(error: &LedgerError) {
    let is_right =
        matches!(error, LedgerError::Newer { .. } | LedgerError::Foreign { .. } | LedgerError::Damaged { .. });
    assert!(is_right, "{error:?}");
    assert!(error.to_string().contains("hint: "), "{error}");
}
