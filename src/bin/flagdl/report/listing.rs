//! A file that the user wants written beside the downloads, a line at a time.
//!
//! Promises: it stands under its name only when the run is over, whole; so a list may be fed back into itself, and is
//! left as it is where the run ended before it. It has the mode of the file that it takes the place of, from before its
//! first byte; and until then a name of its own that nobody can have planted a link under.
//!
//! What surprises: what is no plain file (a pipe, `/dev/stderr`) is written to as it is, and a link stays a link: its
//! target is replaced.

use std::{
    fmt::Display,
    fs::{self, File},
    io::{self, BufWriter, ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// How often another name is tried where there is something under the first.
const NAMES: usize = 100;

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
        let opened = if is_written_in_place(path) {
            // At its end: behind a name such as /dev/stderr may be a log that others write to.
            File::options().append(true).open(path).map(|file| (file, None))
        } else {
            stage(&target, || fastrand::u32(..)).map(|(file, staged)| (file, Some(staged)))
        };
        let (file, staged) = opened.with_context(|| format!("{option}: cannot write {}", path.display()))?;
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

/// A new file beside the one that it is to be, under a name with a number that is drawn.
fn stage(target: &Path, mut draw: impl FnMut() -> u32) -> io::Result<(File, PathBuf)> {
    let replaced = fs::metadata(target).ok();
    let mut options = File::options();
    options.write(true).create_new(true);
    if replaced.is_some() {
        options.mode(0o600);
    }
    let mut names = (0..NAMES).map(|_| {
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".{:08x}.part", draw()));
        PathBuf::from(name)
    });
    let opened = names.find_map(|name| match options.open(&name) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => None,
        opened => Some(opened.map(|file| (file, name))),
    });
    let (file, name) = opened.unwrap_or_else(|| Err(ErrorKind::AlreadyExists.into()))?;
    if let Some(replaced) = replaced {
        let mode = replaced.permissions().mode() & 0o777;
        // A file system that has no modes may refuse; then it is readable by nobody else.
        let _ = file.set_permissions(fs::Permissions::from_mode(mode));
    }
    Ok((file, name))
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o777
    }

    #[test]
    fn what_is_planted_under_the_name_of_a_staged_file_is_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (list, others) = (folder.path().join("list"), folder.path().join("others"));
        fs::write(&others, "theirs").expect("written");
        let name = |number: &str| folder.path().join(format!("list.{number}.part"));
        for number in ["00000000".to_owned(), std::process::id().to_string()] {
            symlink(&others, name(&number)).expect("planted");
        }
        fs::hard_link(&others, name("00000001")).expect("planted");
        let mut numbers = 0..;
        let (mut file, staged) = stage(&list, || numbers.next().expect("no end")).expect("a name is free");
        assert_eq!(staged, name("00000002"));
        file.write_all(b"secret").expect("written");
        let mut listing = Listing::create("--failed", &list, &[]).expect("a listing");
        listing.line("secret").expect("written");
        listing.finish(false).expect("in its place");
        assert_eq!(
            (fs::read(&others).expect("read"), fs::read(&list).expect("read")),
            (b"theirs".into(), b"secret\n".into())
        );
        assert!(stage(&list, || 0).is_err_and(|error| error.kind() == ErrorKind::AlreadyExists));
    }

    #[test]
    fn a_file_that_is_replaced_leaves_its_mode_from_before_the_first_byte() {
        let folder = tempfile::tempdir().expect("a folder");
        let (list, other) = (folder.path().join("list"), folder.path().join("other"));
        fs::write(&list, "").expect("written");
        for wanted in [0o600, 0o640, 0o400, 0o666] {
            fs::set_permissions(&list, fs::Permissions::from_mode(wanted)).expect("it is ours");
            let mut listing = Listing::create("--failed", &list, std::slice::from_ref(&list)).expect("a listing");
            assert_eq!(mode(listing.staged.as_deref().expect("it is staged")), wanted);
            listing.line("secret").expect("written");
            listing.finish(false).expect("in its place");
            assert_eq!(mode(&list), wanted);
        }
        fs::write(&other, "").expect("written");
        let new = Listing::create("--failed", &folder.path().join("new"), &[]).expect("a listing");
        assert_eq!(mode(new.staged.as_deref().expect("it is staged")), mode(&other), "what the umask leaves");
    }
}
