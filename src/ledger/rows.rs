//! Records to rows.
//!
//! Promises: what is known of a file that is here outlives an entry's later failures; text that a server chose cannot
//! make a row large.
//!
//! What surprises: a name that changes hands (which the rule for names does not do) takes nothing over from the link
//! that had it before.

use rusqlite::{Connection, Statement, params};

use super::{
    owner::Owner,
    record::{EndedEntry, LastOutcome, Record, RunId, StoredFile, row_columns},
    runs,
};
use crate::{link::without_secrets, name::Name};

/// Longest text of a server's, in bytes, that is kept. Longer ones are as if they had not been sent.
const MAX_TEXT: usize = 512;

/// What writes rows, prepared.
pub(super) struct Rows<'a> {
    connection: &'a Connection,
    run: RunId,
    whole: Statement<'a>,
    ending: Statement<'a>,
    forget: Statement<'a>,
    /// The same bytes came again: what the server says of them may be new, the file is not.
    renew: Statement<'a>,
    lose: Statement<'a>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(connection: &'a Connection, run: RunId) -> rusqlite::Result<Self> {
        let whole = concat!(
            "INSERT OR REPLACE INTO entry (",
            row_columns!(),
            ") \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, \
             ?18)"
        );
        let ending = "INSERT INTO entry \
            (name, path, entry, url, digest, outcome, class, status, attempts, finished_at, run) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
            ON CONFLICT (name) DO UPDATE SET \
            path = excluded.path, entry = excluded.entry, outcome = excluded.outcome, class = excluded.class, \
            status = excluded.status, attempts = excluded.attempts, finished_at = excluded.finished_at, \
            run = excluded.run, \
            saved_in = iif(excluded.outcome = 0 AND bytes IS NULL, NULL, saved_in) \
            WHERE url = excluded.url AND digest IS excluded.digest";
        let forget = "UPDATE entry SET bytes = NULL, saved_in = NULL, sha256 = NULL, format = NULL, media_type = NULL, \
            etag = NULL, last_modified = NULL WHERE name = ?1";
        let lose = "UPDATE entry SET outcome = ?2, class = NULL, bytes = NULL, sha256 = NULL, format = NULL, \
            media_type = NULL, etag = NULL, last_modified = NULL WHERE name = ?1";
        let renew = "UPDATE entry SET outcome = ?2, class = NULL, status = ?3, attempts = ?4, finished_at = ?5, \
            run = ?6, media_type = ?7, etag = ?8, last_modified = ?9 WHERE name = ?1 AND bytes IS NOT NULL";
        Ok(Self {
            connection,
            run,
            whole: connection.prepare(whole)?,
            ending: connection.prepare(ending)?,
            forget: connection.prepare(forget)?,
            renew: connection.prepare(renew)?,
            lose: connection.prepare(lose)?,
        })
    }

    pub(super) fn write(&mut self, record: &Record) -> rusqlite::Result<()> {
        match record {
            Record::Ended(ended) => self.end(ended),
            Record::Forget(name) => self.forget(name),
            Record::Lost(name) => self.lose(name),
            Record::Checked(checked) => checked.iter().try_for_each(|run| runs::check(self.connection, *run)),
        }
    }

    fn forget(&mut self, name: &Name) -> rusqlite::Result<()> {
        self.forget.execute([name.folded()])?;
        Ok(())
    }

    fn lose(&mut self, name: &Name) -> rusqlite::Result<()> {
        self.lose.execute(params![name.folded(), LastOutcome::Ok])?;
        Ok(())
    }

    fn end(&mut self, ended: &EndedEntry) -> rusqlite::Result<()> {
        let EndedEntry { name, text, link, outcome, class, status, attempts, finished_at, saved } = ended;
        let key = name.folded();
        let path = (key != name.as_str()).then_some(name.as_str());
        // An entry with a scheme is the URL, and is shown as that.
        let entry = (!text.contains("://")).then(|| without_secrets(text));
        let Owner { url, digest } = Owner::of(link);
        if saved.is_none() {
            let written = self.ending.execute(params![
                key,
                path,
                entry,
                url,
                digest,
                outcome,
                class,
                status,
                attempts,
                finished_at,
                self.run.0
            ])?;
            if written > 0 {
                return Ok(());
            }
        }
        let file = saved.as_deref();
        if let (LastOutcome::Unchanged, Some(StoredFile { media_type, validators, .. })) = (outcome, file) {
            let texts = [media_type, &validators.etag, &validators.last_modified].map(|text| short(text.as_deref()));
            let renewed = self.renew.execute(params![
                key,
                outcome,
                status,
                attempts,
                finished_at,
                self.run.0,
                texts[0],
                texts[1],
                texts[2]
            ])?;
            if renewed > 0 {
                return Ok(());
            }
        }
        let validators = file.map(|file| &file.validators);
        self.whole.execute(params![
            key,
            path,
            entry,
            url,
            digest,
            outcome,
            class,
            status,
            attempts,
            finished_at,
            self.run.0,
            file.map(|file| file.bytes),
            file.map(|_| self.run.0),
            file.and_then(|file| file.sha256),
            file.and_then(|file| file.format.as_deref()),
            file.and_then(|file| short(file.media_type.as_deref())),
            validators.and_then(|validators| short(validators.etag.as_deref())),
            validators.and_then(|validators| short(validators.last_modified.as_deref())),
        ])?;
        Ok(())
    }
}

fn short(text: Option<&str>) -> Option<&str> {
    text.filter(|text| text.len() <= MAX_TEXT)
}
