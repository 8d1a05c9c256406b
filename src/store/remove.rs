//! A file taken away that is known to be bad.
//!
//! Promises: nothing but a plain file of the folder is removed, and no symbolic link is followed.
//!
//! What surprises: this is the one place that removes what has a final name. It keeps the promise of the others, that a
//! final name holds a whole file: what is found to be none must not stay until somebody comes to replace it.

use std::io;

use rustix::{fs::AtFlags, io::Errno};

use super::inspect::{Inspector, what_else};
use crate::name::Name;

impl Inspector {
    /// Removes a plain file; whatever else has the name stays. Good where nothing has it.
    pub(crate) fn remove(&self, name: &Name) -> io::Result<()> {
        let stat = match self.stat(name) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        match what_else(&stat) {
            Some(what) => Err(io::Error::other(format!("{what} has its name"))),
            None => Ok(rustix::fs::unlinkat(&self.folder, name.as_str(), AtFlags::empty())?),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::link::Link;

    #[test]
    fn only_plain_files_are_removed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name| folder.path().join(name);
        fs::write(path("file"), "x").expect("a new file");
        fs::create_dir(path("folder")).expect("a new folder");
        std::os::unix::fs::symlink("file", path("link")).expect("a new link");
        let inspector = Inspector::open(folder.path()).expect("a folder");
        let remove = |name| inspector.remove(&Name::new(name, &Link::parse("http://h/a").expect("a link")));
        for name in ["folder", "link"] {
            remove(name).expect_err(name);
            assert!(path(name).symlink_metadata().is_ok(), "{name}");
        }
        for _ in 0..2 {
            remove("file").expect("removed, or gone already");
            assert!(path("file").symlink_metadata().is_err());
        }
    }
}
