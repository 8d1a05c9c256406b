//! A file taken away that is known to be bad.
//!
//! Promises: nothing but a plain file of the folder is removed, and no symbolic link is followed.
//!
//! What surprises: this is the one place that removes what has a final name. It keeps the promise of the others, that a
//! final name holds a whole file: what is found to be none must not stay until somebody comes to replace it.

use std::io;

use rustix::{fs::AtFlags, io::Errno};

use super::inspect::{Inspector, what_else};
use crate::{
    disk::{self, Call},
    name::Name,
};

impl Inspector {
    /// Removes a plain file, and says whether there was one; whatever else has the name is left, like all that flagdl
    /// has not made.
    pub(crate) fn remove(&self, name: &Name) -> io::Result<bool> {
        match self.stat(name) {
            Ok(stat) if what_else(&stat).is_none() => {}
            Ok(_) | Err(Errno::NOENT) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let unlink = || rustix::fs::unlinkat(&self.folder, name.as_str(), AtFlags::empty());
        match disk::call(&self.folder, Call::Remove, unlink) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
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
            assert!(!remove(name).expect(name) && path(name).symlink_metadata().is_ok(), "{name}");
        }
        for was_there in [true, false] {
            assert_eq!(remove("file").expect("it can be"), was_there);
            assert!(path("file").symlink_metadata().is_err());
        }
    }
}
