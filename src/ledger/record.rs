//! What is told to the ledger, and what it tells.
//!
//! Promises: what comes out of the database has been checked; a path is a [`Name`] again, and cannot lead out of its
//! folder whoever wrote it there.
//!
//! What surprises: how an entry last ended and what file is here are two things. An entry whose file was saved last
//! week and whose server was down today ended in an error, and has a file.

use std::borrow::Cow;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};

use super::owner::is_owned_by;
use crate::{link::Link, name::Name};

/// How an entry last ended: of the outcomes those that leave something to be known later. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum LastOutcome {
    /// The server does not have it.
    NotFound = 0,
    /// Saved.
    Ok = 1,
    /// It failed.
    Error = 2,
    /// Here already, and not changed since.
    Unchanged = 3,
}

impl LastOutcome {
    const ALL: [Self; 4] = [Self::NotFound, Self::Ok, Self::Error, Self::Unchanged];
}

impl ToSql for LastOutcome {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(*self as i64))
    }
}

impl FromSql for LastOutcome {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        Self::ALL.into_iter().find(|outcome| *outcome as i64 == number).ok_or(FromSqlError::OutOfRange(number))
    }
}

/// The number of a run, counted up from 1 in each ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RunId(pub(super) i64);

/// A file that is here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StoredFile {
    /// Its size.
    pub(crate) bytes: u64,
    /// Its hash, where it was made.
    pub(crate) sha256: Option<[u8; 32]>,
    /// Which image it was found to be, where that was looked at.
    pub(crate) format: Option<Cow<'static, str>>,
    /// As the server had it.
    pub(crate) media_type: Option<Box<str>>,
    /// What the server wants to be asked with.
    pub(crate) validators: Validators,
}

/// What "changed since?" is asked with (RFC 9110 §8.8), as the server wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Validators {
    /// The entity tag, quotes and all.
    pub(crate) etag: Option<Box<str>>,
    /// The time, as text.
    pub(crate) last_modified: Option<Box<str>>,
}

/// An entry that ended, and is worth a row.
#[derive(Debug, Clone)]
pub(crate) struct EndedEntry {
    /// The name that is its own.
    pub(crate) name: Name,
    /// What the user wrote, secrets and all: they go no further.
    pub(crate) text: Box<str>,
    /// Where it was to be fetched from.
    pub(crate) link: Link,
    /// How it ended.
    pub(crate) outcome: LastOutcome,
    /// Why, where it ended in an error.
    pub(crate) class: Option<Cow<'static, str>>,
    /// The last answer's status.
    pub(crate) status: Option<u16>,
    /// Requests made for it.
    pub(crate) attempts: u32,
    /// When, in seconds since 1970.
    pub(crate) finished_at: u64,
    /// The file that was saved; none leaves what is known of a file here as it is.
    pub(crate) saved: Option<Box<StoredFile>>,
}

/// What is told to the ledger.
#[derive(Debug, Clone)]
pub(crate) enum Record {
    /// An entry ended.
    Ended(EndedEntry),
    /// The file of this name is not here, or is not what it was. The name stays its link's.
    Forget(Name),
    /// As [`Record::Forget`], but the file is lost: however its entry ended last, it is to be fetched again from what
    /// the ledger knows, until that succeeds or its server has it no more.
    Lost(Name),
    /// The files of these runs have been read again, and those that were bad have been told before.
    Checked(Vec<RunId>),
}

/// What is known of a name, as a plan asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing: the name is free.
    Nothing,
    /// It is another link's, also in later runs.
    Another,
    /// It is this link's.
    Own {
        /// How it last ended.
        outcome: LastOutcome,
        /// The size of the file that is here, where one is known.
        bytes: Option<u64>,
        /// When it did, in seconds since 1970.
        finished_at: u64,
    },
}

/// All that is known of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// The name as it is ordered by: see [`Name`]'s folding.
    pub(crate) key: Box<str>,
    /// The name as it was written.
    pub(crate) path: Name,
    /// What the user wrote; a URL without its secrets.
    pub(crate) entry: Box<str>,
    /// Where it was fetched from, without secrets.
    pub(crate) url: Box<str>,
    digest: Option<Box<[u8]>>,
    /// How it last ended.
    pub(crate) outcome: LastOutcome,
    /// Why, where it ended in an error.
    pub(crate) class: Option<Box<str>>,
    /// The last answer's status.
    pub(crate) status: Option<u16>,
    /// Requests made for it.
    pub(crate) attempts: u32,
    /// When, in seconds since 1970.
    pub(crate) finished_at: u64,
    /// The run that ended it last.
    pub(crate) run: RunId,
    /// The file that is here, where one is known.
    pub(crate) file: Option<StoredFile>,
}

/// The columns that [`Row::read`] reads, in its order.
macro_rules! row_columns {
    () => {
        "name, path, entry, url, digest, outcome, class, status, attempts, finished_at, run, bytes, \
         saved_in, sha256, format, media_type, etag, last_modified"
    };
}
pub(super) use row_columns;

impl Row {
    /// Whether a download of what the user wrote would be a download of this: not where that was a URL with secrets.
    pub(crate) fn is_whole(&self) -> bool {
        self.digest.is_none() || self.entry != self.url
    }

    /// Whether it is this link's.
    pub(crate) fn is_of(&self, link: &Link) -> bool {
        is_owned_by(link, &self.url, self.digest.as_deref())
    }

    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let key: Box<str> = row.get(0)?;
        let path: Option<Box<str>> = row.get(1)?;
        let url: Box<str> = row.get(3)?;
        let path = Name::of_stored(path.as_ref().unwrap_or(&key)).ok_or_else(|| {
            rusqlite::Error::FromSqlConversionFailure(1, Type::Text, "not a name that flagdl gives".into())
        })?;
        let file = match row.get::<_, Option<u64>>(11)? {
            None => None,
            Some(bytes) => Some(StoredFile {
                bytes,
                sha256: row.get(13)?,
                format: row.get::<_, Option<String>>(14)?.map(Cow::Owned),
                media_type: row.get(15)?,
                validators: Validators { etag: row.get(16)?, last_modified: row.get(17)? },
            }),
        };
        Ok(Self {
            entry: row.get::<_, Option<Box<str>>>(2)?.unwrap_or_else(|| url.clone()),
            digest: row.get::<_, Option<Vec<u8>>>(4)?.map(Vec::into_boxed_slice),
            outcome: row.get(5)?,
            class: row.get(6)?,
            status: row.get(7)?,
            attempts: row.get(8)?,
            finished_at: row.get(9)?,
            run: RunId(row.get(10)?),
            key,
            path,
            url,
            file,
        })
    }
}
