//! What the database looks like, and how older ones become it.
//!
//! Promises: a database is told to be new, ours or another's before anything is written to it; a step from one
//! version to the next happens whole or not at all.
//!
//! What surprises: only the views are made for other programs to read. The tables may change with any version, the
//! views only by what is added to them.

use std::path::Path;

use rusqlite::{Connection, Error, ErrorCode, ffi};

use super::{LedgerError, error::About as _};

/// What leads from each version to the next; the first makes it all. Never changed once released, only added to.
const STEPS: [&str; 1] = [include_str!("schema.sql")];

/// The version after all steps.
pub(super) const VERSION: i64 = STEPS.len().cast_signed() as i64;

/// "flag" in ASCII: tells our databases from others, also to file(1).
const APPLICATION: i64 = 0x666c_6167;

/// Whose a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Empty: nobody's yet.
    New,
    /// Ours, with this version of the schema.
    Ours(i64),
}

/// Whose the database at `path` is.
pub(super) fn identify(connection: &Connection, path: &Path) -> Result<Kind, LedgerError> {
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| blame(path, error));
    let (application, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    match (application, version) {
        (0, 0) if tables == 0 => Ok(Kind::New),
        (APPLICATION, version) if version > VERSION => Err(LedgerError::Newer { path: path.to_owned(), version }),
        (APPLICATION, 1..) => Ok(Kind::Ours(version)),
        _ => Err(LedgerError::Foreign { path: path.to_owned() }),
    }
}

/// Brings a database that is [`Kind::New`] or [`Kind::Ours`] up to the version of this program.
pub(super) fn migrate(connection: &mut Connection, path: &Path, kind: Kind) -> Result<(), LedgerError> {
    let from = match kind {
        Kind::New => 0,
        Kind::Ours(version) => version,
    };
    take(connection, &STEPS, from).about(path)?;
    check(connection, path)
}

fn take(connection: &mut Connection, steps: &[&str], from: i64) -> rusqlite::Result<()> {
    for (version, step) in (1..).zip(steps).filter(|(version, _)| *version > from) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

/// How many of the tables hold rows, as they should: one row more is then an end. A view, a virtual table or a column that
/// is computed may go on for ever, or take all memory.
const TABLES_OF_ROWS: &str = "SELECT count(*) FROM sqlite_schema AS item \
     WHERE name IN ('entry', 'run') AND type = 'table' AND rootpage > 0 \
     AND NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(item.name) WHERE hidden <> 0)";

/// Makes sure that the tables and views are there, as the header says. Runs nothing that the schema says.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let tables: i64 = connection.query_row(TABLES_OF_ROWS, [], |row| row.get(0)).map_err(|error| blame(path, error))?;
    if tables != 2 {
        return Err(damage(path, "entry and run are not both tables".into()));
    }
    for sql in
        ["SELECT last_modified FROM entry", "SELECT options FROM run", "SELECT * FROM items", "SELECT * FROM runs"]
    {
        connection.prepare(sql).map_err(|error| blame(path, error))?;
    }
    Ok(())
}

/// What it means that the schema cannot be read. "no such table" and "unsupported file format" are errors like any other
/// to the database. To us they are damage.
fn blame(path: &Path, error: Error) -> LedgerError {
    match error.sqlite_error_code() {
        Some(ErrorCode::Unknown) | None => damage(path, error.to_string()),
        Some(_) => LedgerError::new(path, error),
    }
}

/// Damage that the database itself does not call so.
pub(super) fn damage(path: &Path, what: String) -> LedgerError {
    let source = Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(what));
    LedgerError::Damaged { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let mut connection = Connection::open_in_memory().expect("memory");
        let steps = ["CREATE TABLE a (x)", "CREATE TABLE b (x); INSERT INTO missing VALUES (1)"];
        take(&mut connection, &steps, 0).expect_err("the second step fails");
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).expect("read");
        assert_eq!(tables, 1, "half of the second step is left");
        assert_eq!(identify(&connection, Path::new("x")).expect("ours"), Kind::Ours(1));
    }

    #[test]
    fn only_the_steps_that_are_missing_are_taken() {
        let mut connection = Connection::open_in_memory().expect("memory");
        take(&mut connection, &["CREATE TABLE a (x)"], 0).expect("the first step");
        take(&mut connection, &["CREATE TABLE a (x)", "ALTER TABLE a ADD y"], 1).expect("the second step");
        connection.prepare("SELECT x, y FROM a").expect("both columns are there");
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("read");
        assert_eq!(version, 2);
    }

    #[test]
    fn what_has_no_rows_of_its_own_is_no_table() {
        let endless = |table: &str| {
            format!(
                "ALTER TABLE {table} RENAME TO kept; CREATE VIEW {table} AS WITH RECURSIVE \
                 endless AS (SELECT 1 UNION ALL SELECT * FROM endless) SELECT kept.* FROM kept, endless"
            )
        };
        let computed = "ALTER TABLE run ADD computed AS (hex(zeroblob(400000000)))".to_owned();
        for change in [endless("entry"), endless("run"), computed] {
            let mut connection = Connection::open_in_memory().expect("memory");
            migrate(&mut connection, Path::new("x"), Kind::New).expect("made");
            connection.execute_batch(&change).expect(&change);
            let error = check(&connection, Path::new("x")).expect_err(&change);
            assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
        }
    }

    #[test]
    fn a_schema_that_is_not_whole_is_damage() {
        let mut connection = Connection::open_in_memory().expect("memory");
        migrate(&mut connection, Path::new("x"), Kind::New).expect("made");
        check(&connection, Path::new("x")).expect("whole");
        connection.execute_batch("DROP VIEW items").expect("dropped");
        let error = check(&connection, Path::new("x")).expect_err("a view is missing");
        assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
    }
}
