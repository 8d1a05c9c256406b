//! Reading the ledger, while a run may be writing it.
//!
//! Promises: every answer is of one moment, and what has been committed is in it; between two calls nothing is held
//! that would keep the write-ahead log from being taken back; memory does not grow with the ledger.
//!
//! What surprises: names are asked for through a [`View`], which is one read transaction. Beginning one costs as much
//! as a look-up, so a plan opens one a batch; but it keeps the log from being taken back, so nothing is waited for while
//! one is open.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, Params};

use super::{
    LedgerError,
    beside::Access,
    connection,
    error::About as _,
    folder::Folder,
    owner::is_owned_by,
    record::{Known, Row, RunId, row_columns},
    runs::{self, Run, WRITTEN_AFTER},
    schema::{self, Kind},
};
use crate::{link::Link, name::Name};

/// The ledger, for reading.
#[derive(Debug)]
pub(crate) struct Reader {
    connection: Connection,
    path: PathBuf,
}

/// Whether the file of a row is lost: its entry was saved and it is forgotten, and if attempts to fetch it again have
/// failed since, the run that saved it is still noted.
macro_rules! is_lost {
    () => {
        "(bytes IS NULL AND (outcome IN (1, 3) OR outcome = 2 AND saved_in IS NOT NULL))"
    };
}

impl Reader {
    /// The ledger of a folder; none where it is empty yet.
    pub(super) fn connect(folder: &Folder) -> Result<Option<Self>, LedgerError> {
        let path = folder.database();
        let (connection, kind) = connection::open(folder, Access::Read)?;
        match kind {
            Kind::New => return Ok(None),
            Kind::Ours(version) if version < schema::VERSION => return Err(LedgerError::Older { path, version }),
            Kind::Ours(_) => {}
        }
        connection::take(&connection, &path)?;
        Ok(Some(Self { connection, path }))
    }

    /// A reader of a ledger that this process holds. Blocks.
    pub(crate) fn beside(folder: &Folder) -> Result<Self, LedgerError> {
        Self::connect(folder)?.ok_or_else(|| LedgerError::Stopped { path: folder.database() })
    }

    /// The ledger as it is now, for questions about names.
    pub(crate) fn view(&mut self) -> Result<View<'_>, LedgerError> {
        self.connection.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([])).about(&self.path)?;
        Ok(View { connection: &self.connection, path: &self.path })
    }
}

/// Which rows are of a file that one of the [suspect runs](super::Ledger::suspect_runs) has saved and that may not have
/// reached the disk: of a run that was killed all, of one that ended those of its last moments.
macro_rules! is_suspect {
    () => {
        "bytes IS NOT NULL AND saved_in IN (SELECT value FROM json_each(?1)) AND \
         finished_at >= (SELECT coalesce(ended - ?2, 0) FROM run WHERE run.id = saved_in)"
    };
}

impl Reader {
    /// How many files of these suspect runs are to be read again. Reads the whole ledger.
    pub(crate) fn count_of_runs(&mut self, runs: &[RunId]) -> Result<u64, LedgerError> {
        let sql = concat!("SELECT count(*) FROM entry WHERE ", is_suspect!());
        Ok(self.all(sql, (as_json(runs), WRITTEN_AFTER), |row| row.get::<_, u64>(0))?.into_iter().sum())
    }

    /// At most `limit` of their rows after the one with this key, in the order of keys; from the first where it is empty.
    pub(crate) fn rows_of_runs(&mut self, runs: &[RunId], key: &str, limit: usize) -> Result<Vec<Row>, LedgerError> {
        let sql = concat!(
            "SELECT ",
            row_columns!(),
            " FROM entry WHERE ",
            is_suspect!(),
            " AND name > ?3 ORDER BY name LIMIT ?4"
        );
        self.all(sql, (as_json(runs), WRITTEN_AFTER, key, limit), Row::read)
    }

    fn all<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, LedgerError> {
        let mut query = self.connection.prepare_cached(sql).about(&self.path)?;
        query.query_map(parameters, read).and_then(Iterator::collect).about(&self.path)
    }
}

fn as_json(runs: &[RunId]) -> String {
    let numbers: Vec<_> = runs.iter().map(|run| run.0.to_string()).collect();
    format!("[{}]", numbers.join(","))
}

impl Reader {
    /// The ledger in a folder for downloads; none where there is no ledger. Needs no lock.
    pub(crate) fn open(destination: &Path) -> Result<Option<Self>, LedgerError> {
        match Folder::existing(destination)? {
            Some(folder) if folder.has_database()? => Self::connect(&folder),
            _ => Ok(None),
        }
    }

    /// At most `limit` rows after the one with this key, in the order of keys; from the first where it is empty.
    pub(crate) fn rows_after(&mut self, key: &str, limit: usize) -> Result<Vec<Row>, LedgerError> {
        let sql = concat!("SELECT ", row_columns!(), " FROM entry WHERE name > ?1 ORDER BY name LIMIT ?2");
        self.all(sql, (key, limit), Row::read)
    }

    /// As [`Reader::rows_after`], but only those whose file is here and was gone from its server in this run.
    pub(crate) fn gone_rows(&mut self, run: RunId, key: &str, limit: usize) -> Result<Vec<Row>, LedgerError> {
        let sql = concat!(
            "SELECT ",
            row_columns!(),
            " FROM entry INDEXED BY gone WHERE outcome = 0 AND bytes IS NOT NULL AND name > ?1 AND run = ?3 \
             ORDER BY name LIMIT ?2"
        );
        self.all(sql, (key, limit, run.0), Row::read)
    }

    /// As [`Reader::rows_after`], but only those that tell of a file: one that is here, or one that is lost.
    pub(crate) fn files_after(&mut self, key: &str, limit: usize) -> Result<Vec<Row>, LedgerError> {
        let sql = concat!(
            "SELECT ",
            row_columns!(),
            " FROM entry WHERE name > ?1 AND (bytes IS NOT NULL OR ",
            is_lost!(),
            ") ORDER BY name LIMIT ?2"
        );
        self.all(sql, (key, limit), Row::read)
    }

    /// How many rows tell of a file. Reads the whole ledger.
    pub(crate) fn files(&mut self) -> Result<u64, LedgerError> {
        let sql = concat!("SELECT count(*) FROM entry WHERE bytes IS NOT NULL OR ", is_lost!());
        Ok(self.all(sql, [], |row| row.get::<_, u64>(0))?.into_iter().sum())
    }

    /// As [`Reader::rows_after`], but only those whose file is lost: it was saved once, is forgotten, and has
    /// neither been fetched since nor is known to be gone from its server.
    pub(crate) fn lost_after(&mut self, key: &str, limit: usize) -> Result<Vec<Row>, LedgerError> {
        let sql = concat!(
            "SELECT ",
            row_columns!(),
            " FROM entry WHERE name > ?1 AND ",
            is_lost!(),
            " ORDER BY name LIMIT ?2"
        );
        self.all(sql, (key, limit), Row::read)
    }

    /// The last runs, the latest first.
    pub(crate) fn runs(&mut self, limit: usize) -> Result<Vec<Run>, LedgerError> {
        runs::latest(&self.connection, limit).about(&self.path)
    }
}

/// The ledger as it was at one moment.
#[derive(Debug)]
pub(crate) struct View<'a> {
    connection: &'a Connection,
    path: &'a Path,
}

impl View<'_> {
    /// What is known of a name, if `link` asks for it.
    pub(crate) fn known(&self, name: &Name, link: &Link) -> Result<Known, LedgerError> {
        let sql = "SELECT url, digest, outcome, bytes, finished_at FROM entry WHERE name = ?1";
        let known = self.one(sql, name, |row| {
            if !is_owned_by(link, row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_blob_or_null()?) {
                return Ok(Known::Another);
            }
            Ok(Known::Own { outcome: row.get(2)?, bytes: row.get(3)?, finished_at: row.get(4)? })
        });
        Ok(known?.unwrap_or(Known::Nothing))
    }

    /// The hash of the file of this name, where one is known.
    pub(crate) fn sha256(&self, name: &Name) -> Result<Option<[u8; 32]>, LedgerError> {
        let hash = self.one("SELECT sha256 FROM entry WHERE name = ?1", name, |row| row.get(0));
        Ok(hash?.flatten())
    }

    /// All that is known of a name.
    pub(crate) fn look_up(&self, name: &Name) -> Result<Option<Row>, LedgerError> {
        self.one(concat!("SELECT ", row_columns!(), " FROM entry WHERE name = ?1"), name, Row::read)
    }

    fn one<T>(
        &self,
        sql: &str,
        name: &Name,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, LedgerError> {
        let found = self.connection.prepare_cached(sql).and_then(|mut query| query.query_row([name.folded()], read));
        found.optional().about(self.path)
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        // Nothing was written, so nothing can be lost; a failure shows at the next question.
        let _ = self.connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
    }
}
