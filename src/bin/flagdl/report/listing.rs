//! A file that the user wants written beside the downloads, a line at a time.
//!
//! Promises: it stands under its name only when the run is over, whole; so a list may be fed back into itself, and is
//! left as it is where the run ended before it.
//!
//! What surprises: what is no plain file (a pipe, `/dev/stderr`) is written to as it is, and a link stays a link: its
//! target is replaced.

use std::{
    fmt::Display,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

pub(crate) struct Listing {
    out: BufWriter<File>,
    path: PathBuf,
    /// The option that asked for it.
    option: &'static str,
    /// The name under which it is written, where it is not its own.
    staged: Option<PathBuf>,
    /// Whether it is to take the place of a list that is read.
    replaces_list: bool,
}

impl Listing {
    /// Begins the file at `path`, while `lists` are read.
    pub(crate) fn create(option: &'static str, path: &Path, lists: &[PathBuf]) -> Result<Self> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let staged = (!is_written_in_place(path)).then(|| {
            let mut name = target.as_os_str().to_owned();
            name.push(format!(".{}.part", std::process::id()));
            PathBuf::from(name)
        });
        let file = match &staged {
            Some(staged) => File::create(staged),
            // At its end: behind a name such as /dev/stderr may be a log that others write to.
            None => File::options().append(true).open(path),
        };
        let file = file.with_context(|| format!("{option}: cannot write {}", path.display()))?;
        let replaces_list = lists.iter().any(|list| fs::canonicalize(list).is_ok_and(|list| list == target));
        Ok(Self { out: BufWriter::new(file), path: target, option, staged, replaces_list })
    }

    pub(crate) fn line(&mut self, text: impl Display) -> io::Result<()> {
        let option = self.option;
        writeln!(self.out, "{text}").map_err(|error| io::Error::new(error.kind(), format!("{option}: {error}")))
    }

    /// Puts it in its place. With entries left, a list that it would replace is still needed to go on.
    pub(crate) fn finish(mut self, entries_are_left: bool) -> Result<()> {
        if self.replaces_list && entries_are_left {
            return Ok(());
        }
        let option = self.option;
        let written = self.out.flush().and_then(|()| match self.staged.take() {
            Some(staged) => fs::rename(staged, &self.path),
            None => Ok(()),
        });
        written.with_context(|| format!("{option}: cannot write {}", self.path.display()))
    }
}

/// Whether there is no file to be replaced: a pipe or a device, or a name such as `/dev/stderr` or `/dev/fd/3`, which
/// is a link to whatever was opened, a log of somebody's perhaps.
fn is_written_in_place(path: &Path) -> bool {
    let opened = ["/dev", "/proc"].iter().any(|system| path.starts_with(system));
    opened && path.is_symlink() || fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

impl Drop for Listing {
    fn drop(&mut self) {
        if let Some(staged) = &self.staged {
            // A run that was never begun ends here, or one that did not come to the end of the list in its place.
            let _ = fs::remove_file(staged);
        }
    }
}
