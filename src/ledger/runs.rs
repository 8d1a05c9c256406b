//! The runs that wrote into the ledger: when each began, how it ended, what it counted.
//!
//! Promises: a run that was killed is told from one that ended. After the machine has been started anew, the runs
//! whose files may not have reached the disk are known until somebody has checked them: those that synced nothing, and
//! were killed, or ended so shortly before that the system may not have written all.
//!
//! What surprises: a run that goes on and one that was killed look the same here; whether the folder is held tells
//! them apart. An unknown boot (a system that does not number them) counts as another one. A run that syncs its files
//! is never suspect, not even if it was killed: its rows came after its files.

use rusqlite::{Connection, Row, params};

use super::record::RunId;

/// What is known of a run when it begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Beginning {
    /// When, in seconds since 1970.
    pub(crate) at: u64,
    /// What the system calls this start of the machine (Linux: `/proc/sys/kernel/random/boot_id`).
    pub(crate) boot: Option<Box<str>>,
    /// flagdl's version.
    pub(crate) version: Box<str>,
    /// What it was told, in short and without secrets.
    pub(crate) options: Box<str>,
}

/// What is known of a run when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    /// When, in seconds since 1970.
    pub(crate) at: u64,
    /// In which way.
    pub(crate) how: HowEnded,
    /// What it counted.
    pub(crate) counts: Counts,
}

/// In which way a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HowEnded {
    /// Every entry had its turn.
    Finished,
    /// Nothing more was started; what had been was brought to its end.
    Drained,
    /// What had been started was left.
    Interrupted,
    /// The machine or the lists failed.
    Failed,
}

impl HowEnded {
    const ALL: [Self; 4] = [Self::Finished, Self::Drained, Self::Interrupted, Self::Failed];

    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Drained => "drained",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// What a run counted: entries per outcome, requests made, bytes saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) ok: u64,
    pub(crate) unchanged: u64,
    pub(crate) skipped: u64,
    pub(crate) duplicate: u64,
    pub(crate) not_found: u64,
    pub(crate) error: u64,
    pub(crate) left: u64,
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) id: RunId,
    pub(crate) beginning: Beginning,
    /// None while it goes on, and for ever where it was killed.
    pub(crate) ending: Option<Ending>,
}

/// Time after which the system has written a file to the disk by itself, in seconds. Linux begins with what is older
/// than 30 s (`vm.dirty_expire_centisecs`) and looks every 5 s; the rest is for a slow disk.
pub(super) const WRITTEN_AFTER: u64 = 120;

/// Notes that a run begins, and whether its files are brought to the disk before its rows.
pub(super) fn begin(connection: &Connection, beginning: &Beginning, is_synced: bool) -> rusqlite::Result<RunId> {
    let Beginning { at, boot, version, options } = beginning;
    connection
        .prepare_cached("INSERT INTO run (begun, boot, version, options, synced) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .insert(params![at, boot, version, options, is_synced])
        .map(RunId)
}

/// Notes the runs of this boot whose files the system has written by itself by now: they are not to be read again
/// after a later one. A run that was killed was over when the next one began, since only one at a time may.
pub(super) fn settle(connection: &Connection, now: &Beginning) -> rusqlite::Result<()> {
    let sql = "UPDATE run SET checked = 1 WHERE NOT checked AND boot = ?1 AND \
               coalesce(ended, (SELECT begun FROM run AS next WHERE next.id > run.id ORDER BY id LIMIT 1)) < ?2";
    connection.prepare_cached(sql)?.execute(params![now.boot, now.at.saturating_sub(WRITTEN_AFTER)])?;
    Ok(())
}

/// Notes that a run has ended.
pub(super) fn end(connection: &Connection, run: RunId, ending: &Ending) -> rusqlite::Result<()> {
    let Ending { at, how, counts } = ending;
    let Counts { ok, unchanged, skipped, duplicate, not_found, error, left, requests, bytes } = counts;
    let sql = "UPDATE run SET ended = ?2, ending = ?3, ok = ?4, unchanged = ?5, skipped = ?6, duplicate = ?7, \
               not_found = ?8, error = ?9, \"left\" = ?10, requests = ?11, bytes = ?12 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![
        run.0,
        at,
        how.as_str(),
        ok,
        unchanged,
        skipped,
        duplicate,
        not_found,
        error,
        left,
        requests,
        bytes
    ])?;
    Ok(())
}

/// The runs that synced nothing, in an earlier boot.
pub(super) fn suspect(connection: &Connection, boot: Option<&str>) -> rusqlite::Result<Vec<RunId>> {
    // With NULL for this boot or for the run's, the comparison is to be true.
    let sql = "SELECT id FROM run WHERE NOT synced AND NOT checked AND coalesce(boot <> ?1, TRUE) ORDER BY id";
    connection.prepare_cached(sql)?.query_map([boot], |row| row.get(0).map(RunId))?.collect()
}

/// Notes that the files of a run have been checked.
pub(super) fn check(connection: &Connection, run: RunId) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE run SET checked = 1 WHERE id = ?1")?.execute([run.0])?;
    Ok(())
}

/// The last runs, the latest first.
pub(super) fn latest(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<Run>> {
    let sql = "SELECT id, begun, boot, version, options, ended, ending, ok, unchanged, skipped, duplicate, not_found, \
               error, \"left\", requests, bytes FROM run ORDER BY id DESC LIMIT ?1";
    connection.prepare_cached(sql)?.query_map([limit], read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Run> {
    let ending = match row.get::<_, Option<u64>>(5)? {
        None => None,
        Some(at) => Some(Ending { at, how: read_how(row, 6)?, counts: read_counts(row)? }),
    };
    Ok(Run {
        id: RunId(row.get(0)?),
        beginning: Beginning { at: row.get(1)?, boot: row.get(2)?, version: row.get(3)?, options: row.get(4)? },
        ending,
    })
}

fn read_how(row: &Row<'_>, column: usize) -> rusqlite::Result<HowEnded> {
    let word = row.get_ref(column)?.as_str()?;
    let how = HowEnded::ALL.into_iter().find(|how| how.as_str() == word);
    how.ok_or_else(|| {
        let why = format!("{word:?} is no way in which a run ends");
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, why.into())
    })
}

fn read_counts(row: &Row<'_>) -> rusqlite::Result<Counts> {
    Ok(Counts {
        ok: row.get(7)?,
        unchanged: row.get(8)?,
        skipped: row.get(9)?,
        duplicate: row.get(10)?,
        not_found: row.get(11)?,
        error: row.get(12)?,
        left: row.get(13)?,
        requests: row.get(14)?,
        bytes: row.get(15)?,
    })
}
