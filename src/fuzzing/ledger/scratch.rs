//! A folder for one input, among the temporary ones.
//!
//! Promises: two threads or processes never share one; it is removed when it is dropped.
//!
//! What surprises: a lock file and the index of a log are no data, so they may come and go.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use super::files::Files;
use crate::{ledger::LedgerError, name::OWN_FOLDER};

/// A folder for downloads.
pub(super) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    pub(super) fn make() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("flagdl-fuzz-{}-{number}", process::id()));
        fs::create_dir_all(path.join(OWN_FOLDER)).expect("a folder among the temporary ones");
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn own(&self) -> PathBuf {
        self.path.join(OWN_FOLDER)
    }

    /// Makes these files the only ones in it.
    pub(super) fn put(&self, files: &Files) {
        for entry in fs::read_dir(self.own()).expect("a folder") {
            fs::remove_file(entry.expect("an entry").path()).expect("a file");
        }
        fs::write(self.own().join("ledger.db"), &files.database).expect("room");
        if let Some(log) = &files.log {
            fs::write(self.own().join("ledger.db-wal"), log).expect("room");
        }
    }

    /// All that is data in it.
    pub(super) fn look(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = fs::read_dir(self.own()).expect("a folder").map(|entry| entry.expect("an entry").path());
        let is_data = |path: &PathBuf| !path.ends_with("lock") && !path.ends_with("ledger.db-shm");
        entries.filter(is_data).map(|path| (path.clone(), fs::read(path).expect("a file"))).collect()
    }

    pub(super) fn is_still(&self, before: &BTreeMap<PathBuf, Vec<u8>>, error: &LedgerError) {
        let after = self.look();
        let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&after), names(before), "files beside what was refused with {error:?}");
        for (path, bytes) in before {
            assert!(after[path] == *bytes, "{} was changed though refused with {error:?}", path.display());
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed stays among the temporary files, as other programs' do.
        let _ = fs::remove_dir_all(&self.path);
    }
}
