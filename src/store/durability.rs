//! What of the files outlives a power loss, and the calls that see to it.
//!
//! Promises: no file is synced twice. What the system could not write it may drop, and a second fsync(2) then succeeds;
//! so a failure ends the run.
//!
//! What surprises: syncfs(2) writes whatever else is unwritten on that file system too, whoever wrote it. Before Linux
//! 5.8 it does not tell of what could not be written. Elsewhere there is no such call, and each file is synced.

use std::{
    fs::{self, File},
    io,
    os::fd::OwnedFd,
    path::Path,
};

use rustix::io::Errno;

use crate::disk::{self, Call};

/// What of a run is still there after a power loss. A kill of the process loses nothing of what the ledger knows,
/// whichever it is.
///
/// Costs in wall time are of 5,000 files of 20 KB onto ext4, from a server on the same machine, on a disk that is quick to
/// sync; docs/power-loss.md has more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// What the system has written by itself, about half a minute after it was saved; nothing is synced. The next run
    /// reads again what may have been lost, before it believes it. 1.0x.
    #[default]
    None,
    /// All that the ledger knows: the file system is synced before each batch of rows, about once a second.
    /// 1.6x.
    Batch,
    /// All that the ledger knows, and no file ever has its name before it is on the disk: each one is synced. 1.8x.
    File,
}

impl Durability {
    /// Whether a file is synced before it gets a name that is free.
    pub(super) fn syncs_new_files(self) -> bool {
        match self {
            Self::None => false,
            Self::Batch => !cfg!(target_os = "linux"),
            Self::File => true,
        }
    }

    /// Whether a file is synced before it takes another's place: the ledger may know the other one.
    pub(super) fn syncs_replacements(self) -> bool {
        self != Self::None
    }

    /// Makes a folder with those above it, and sees to their names.
    pub(super) fn make_folder(self, path: &Path) -> io::Result<()> {
        let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let made: Vec<_> = path.ancestors().take_while(is_missing).collect();
        disk::call(path, Call::Make, || fs::create_dir_all(path))?;
        if self == Self::None {
            return Ok(());
        }
        for above in made.iter().filter_map(|folder| folder.parent()) {
            let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
            sync_folder(&open(above)?)?;
        }
        Ok(())
    }

    /// What brings the files that have been saved in a folder to the disk; none where nobody does.
    pub(crate) fn sync(self, folder: OwnedFd) -> Option<impl FnMut() -> io::Result<()> + Send + use<>> {
        if self == Self::None {
            return None;
        }
        // One handle for the whole run: it is told of each failure once, also of those before the call.
        let folder = File::from(folder);
        Some(move || if self == Self::Batch { sync_batch(&folder) } else { sync_folder(&folder) })
    }
}

fn open(folder: &Path) -> io::Result<File> {
    disk::call(folder, Call::Open, || File::open(folder))
}

#[cfg(target_os = "linux")]
fn sync_batch(folder: &File) -> io::Result<()> {
    Ok(disk::call(folder, Call::Sync, || rustix::fs::syncfs(folder))?)
}

/// The files have been synced one by one.
#[cfg(not(target_os = "linux"))]
fn sync_batch(folder: &File) -> io::Result<()> {
    sync_folder(folder)
}

/// Brings the names in a folder to the disk.
fn sync_folder(folder: &File) -> io::Result<()> {
    disk::call(folder, Call::Sync, || folder.sync_all()).or_else(|error| match Errno::from_io_error(&error) {
        // Some file systems have nothing to say about folders.
        Some(Errno::INVAL | Errno::NOTSUP) => Ok(()),
        _ => Err(error),
    })
}
