//! The files of a ledger, out of an input.
//!
//! Of the first byte the lower half chooses what is begun with, and bit 4 asks for right checksums in the log. For
//! nothing as the beginning, two bytes tell how many of the rest are the database; what is left is the log, if it is
//! anything. Else changes follow: a byte (bit 0: of the log; bit 1: cut there), two for the place, one for how many bytes
//! come next, and these.
//!
//! Promises: the same input is the same files, in every process.
//!
//! What surprises: real ledgers are made by the writer itself, once a process; only the salts of its log are chance, and
//! are replaced.

use std::{fs, sync::OnceLock};

use super::{ROWS, log, scratch::Scratch};
use crate::{
    fuzzing::input::Input,
    ledger::{Beginning, EndedEntry, LastOutcome, Ledger, Record, StoredFile, Validators, Writer},
    link::Link,
    name::{Name, OWN_FOLDER},
};

/// Where the number that tells flagdl's databases stands, and that of the schema (sqlite.org/fileformat2.html, 1.3).
const APPLICATION: usize = 68;
const VERSION: usize = 60;

/// The files of a ledger.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) database: Vec<u8>,
    pub(super) log: Option<Vec<u8>>,
    /// The rows in it before it was changed; none where it is no ledger.
    pub(super) rows: Option<u64>,
    /// Whether they are as they were made.
    pub(super) is_unchanged: bool,
}

impl Files {
    pub(super) fn of(data: &[u8]) -> Self {
        let mut input = Input(data);
        let choice = input.byte();
        let mut files = match choice % 16 {
            which @ 1..=5 => beginnings()[usize::from(which) - 1].clone(),
            _ => Self::raw(&mut input),
        };
        while !input.is_empty() {
            files.change(&mut input);
        }
        if choice & 16 > 0
            && let Some(log) = &mut files.log
        {
            log::seal(log);
        }
        files
    }

    fn raw(input: &mut Input<'_>) -> Self {
        let length = usize::try_from(input.number(2)).expect("two bytes");
        let database = input.take(length).to_vec();
        let log = input.take(usize::MAX);
        Self { database, log: (!log.is_empty()).then(|| log.to_vec()), rows: None, is_unchanged: false }
    }

    fn change(&mut self, input: &mut Input<'_>) {
        let (kind, place, count) = (input.byte(), input.number(2), input.byte());
        let bytes = input.take(count.into());
        let file = match &mut self.log {
            Some(log) if kind & 1 > 0 => log,
            _ => &mut self.database,
        };
        self.is_unchanged = false;
        let place = usize::try_from(place).expect("two bytes") % (file.len() + 1);
        if kind & 2 > 0 {
            file.truncate(place);
        }
        let there = (file.len() - place).min(bytes.len());
        file[place..place + there].copy_from_slice(&bytes[..there]);
        file.extend(&bytes[there..]);
    }
}

/// A ledger that was closed, one whose run was killed, a newer one, another program's, and one that is still empty.
fn beginnings() -> &'static [Files; 5] {
    static MADE: OnceLock<[Files; 5]> = OnceLock::new();
    MADE.get_or_init(|| {
        let (killed, closed) = real();
        let mut newer = closed.clone();
        newer.database[VERSION..VERSION + 4].copy_from_slice(&99_u32.to_be_bytes());
        let mut foreign = closed.clone();
        foreign.database[APPLICATION..APPLICATION + 4].fill(0);
        for refused in [&mut newer, &mut foreign] {
            refused.rows = None;
        }
        let empty = Files { database: Vec::new(), log: None, rows: None, is_unchanged: true };
        [closed, killed, newer, foreign, empty]
    })
}

/// A ledger in the middle of a run, and after it.
fn real() -> (Files, Files) {
    let scratch = Scratch::make();
    let read = |name: &str| fs::read(scratch.path().join(OWN_FOLDER).join(name)).expect("a file");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let beginning = Beginning { at: 1_000, boot: Some("boot".into()), version: "0".into(), options: "-c 3".into() };
    let ledger = Ledger::open(scratch.path()).expect("a new ledger");
    let mut writer = ledger.begin(&beginning, None).expect("a run");
    runtime.block_on(fill(&mut writer));
    let mut log = read("ledger.db-wal");
    log[16..24].copy_from_slice(b"saltsalt");
    log::seal(&mut log);
    let killed = Files { database: read("ledger.db"), log: Some(log), rows: Some(ROWS), is_unchanged: true };
    drop(writer);
    let closed = Files { database: read("ledger.db"), log: None, ..killed };
    (killed, closed)
}

async fn fill(writer: &mut Writer) {
    for number in 0..ROWS {
        writer.tell(Record::Ended(entry(number))).expect("a queue with room");
    }
    writer.flush().await.expect("a disk with room");
}

/// One of every kind that there is.
fn entry(number: u64) -> EndedEntry {
    let text = format!("{}{number:02}", if number.is_multiple_of(2) { "cn" } else { "IN" });
    let link = Link::parse(&format!("http://h/{text}{}", if number.is_multiple_of(3) { "?key=secret" } else { "" }));
    let link = link.expect("a link");
    let outcome = [LastOutcome::NotFound, LastOutcome::Ok, LastOutcome::Error, LastOutcome::Ok];
    let outcome = outcome[usize::try_from(number % 4).expect("below four")];
    let saved = (outcome == LastOutcome::Ok).then(|| {
        Box::new(StoredFile {
            bytes: number,
            sha256: Some([0xab; 32]),
            format: Some("JPEG".into()),
            media_type: Some("image/jpeg".into()),
            validators: Validators { etag: Some("\"e\"".into()), last_modified: None },
        })
    });
    EndedEntry {
        name: Name::new(&text, &link),
        text: text.into(),
        link,
        outcome,
        class: (outcome == LastOutcome::Error).then(|| "timeout".into()),
        status: (outcome == LastOutcome::NotFound).then_some(404),
        attempts: 1,
        finished_at: 1_500,
        saved,
    }
}
