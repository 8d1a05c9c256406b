//! Connections to the database, and what they may do.
//!
//! Promises: a database that is not ours, or that a newer flagdl made, is left byte for byte as it was, with no file
//! added beside it; no symbolic link is followed; what the database itself says (triggers, functions in views) cannot
//! do more than read and write its tables.
//!
//! What surprises: a reader's connection could write, and is told not to. One that really cannot would leave the files
//! of the write-ahead log behind when it is the last to close.

use std::{ffi::OsStr, fmt::Write as _, os::unix::ffi::OsStrExt as _, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{
    LedgerError,
    beside::Access,
    error::About as _,
    folder::Folder,
    schema::{self, Kind},
};

/// How long a lock of another program (an open transaction in sqlite3) is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a connection keeps of the database in memory, in KiB: the way from the root to some thousands of rows.
const CACHE: i64 = 2 * 1024;

/// Opens the database of a folder, and tells whose it is. What is [taken](take) only then is changed by being closed.
pub(super) fn open(folder: &Folder, access: Access) -> Result<(Connection, Kind), LedgerError> {
    folder.check_files(access)?;
    let path = &*folder.database();
    let had_log = has_log(path);
    if !had_log {
        // What lies in the one file is all there is: it can be looked at without a lock and without a trace.
        examine(&immutable(folder, path)?, path)?;
    }
    let opened = shared(folder, path, access, had_log);
    match opened {
        // On a medium that cannot be written to, not even the log's index can be made.
        Err(error) if access == Access::Read && error.is_about_writing() && !has_log(path) => {
            let connection = immutable(folder, path)?;
            let kind = examine(&connection, path)?;
            Ok((connection, kind))
        }
        opened => opened,
    }
}

/// Takes a database for one that is ours and whole: closing the connection may carry its log over.
pub(super) fn take(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).about(path)?;
    Ok(())
}

fn shared(folder: &Folder, path: &Path, access: Access, had_log: bool) -> Result<(Connection, Kind), LedgerError> {
    let connection = Connection::open_with_flags(path, flags() | OpenFlags::SQLITE_OPEN_READ_WRITE).about(path)?;
    // Until it is asked something, it has looked at nothing else.
    folder.check_place()?;
    // Until it is taken: closing the connection must not carry over the log of another program, nor one that damage may be
    // in. Where there was none, the one that this connection makes is to go with it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, had_log).about(path)?;
    connection.busy_timeout(PATIENCE).about(path)?;
    let could_write = !connection.is_readonly("main").about(path)?;
    let kind = examine(&connection, path)?;
    if could_write && connection.is_readonly("main").about(path)? {
        // Nothing but its own header says so, with a number that no version of flagdl has written there.
        return Err(schema::damage(path, "its header says that it is for reading only".into()));
    }
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).about(path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).about(path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).about(path)?;
    // Finds more of what is damaged, for a little time when a page is read.
    connection.pragma_update(None, "cell_size_check", true).about(path)?;
    connection.pragma_update(None, "cache_size", -CACHE).about(path)?;
    connection.pragma_update(None, "query_only", access == Access::Read).about(path)?;
    Ok((connection, kind))
}

/// Whose it is. Ours of this version has all its tables too; an older one will have them once it is brought up to date.
fn examine(connection: &Connection, path: &Path) -> Result<Kind, LedgerError> {
    let kind = schema::identify(connection, path)?;
    if kind == Kind::Ours(schema::VERSION) {
        schema::check(connection, path)?;
    }
    Ok(kind)
}

/// A connection that believes that nobody writes: it takes no lock and needs no log.
fn immutable(folder: &Folder, path: &Path) -> Result<Connection, LedgerError> {
    let flags = flags() | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri(path), flags).about(path)?;
    folder.check_place()?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).about(path)?;
    Ok(connection)
}

fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW | OpenFlags::SQLITE_OPEN_EXRESCODE
}

fn uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' => uri.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            byte => write!(uri, "%{byte:02X}").expect("writing to a String cannot fail"),
        }
    }
    uri + "?immutable=1"
}

/// Whether there is a write-ahead log: somebody has the database open, or was killed.
fn has_log(path: &Path) -> bool {
    // Where there can be no such log, a journal takes its place.
    ["-wal", "-journal"].iter().any(|suffix| {
        let mut log = path.as_os_str().to_owned();
        log.push(OsStr::new(suffix));
        Path::new(&log).symlink_metadata().is_ok()
    })
}
