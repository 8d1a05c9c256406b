//! The list of entries that failed, to be fed back.
//!
//! Promises: it stands under its name only when the run is over, whole; so a list may be fed back into itself.
//!
//! What surprises: what is no plain file (a pipe, `/dev/stderr`) is written to as it is.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use flagdl::event::{Ended, Outcome};

pub(super) struct FailedList {
    out: BufWriter<File>,
    path: PathBuf,
    /// The name under which it is written, where it is not its own.
    staged: Option<PathBuf>,
}

impl FailedList {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let in_place = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        let staged = (!in_place).then(|| {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{}.part", std::process::id()));
            PathBuf::from(name)
        });
        let file = match &staged {
            Some(staged) => File::create(staged),
            None => File::options().write(true).open(path),
        };
        let file = file.with_context(|| format!("--failed: cannot write {}", path.display()))?;
        Ok(Self { out: BufWriter::new(file), path: path.to_owned(), staged })
    }

    pub(super) fn note(&mut self, ended: &Ended) -> io::Result<()> {
        if ended.outcome == Outcome::Error { writeln!(self.out, "{}", ended.entry.text) } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> Result<()> {
        let written = self.out.flush().and_then(|()| match self.staged.take() {
            Some(staged) => fs::rename(staged, &self.path),
            None => Ok(()),
        });
        written.with_context(|| format!("--failed: cannot write {}", self.path.display()))
    }
}

impl Drop for FailedList {
    fn drop(&mut self) {
        if let Some(staged) = &self.staged {
            // Only a run that was never begun ends here.
            let _ = fs::remove_file(staged);
        }
    }
}
