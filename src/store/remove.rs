//! Files with final names taken away: those that are no whole ones, and those that are wanted no more.
//!
//! Promises: nothing but a plain file of the folder is removed, and no symbolic link is followed; a file that is whole by
//! itself is never taken for a broken one, whoever has changed it.
//!
//! What surprises: a file that is not what the ledger knows may be somebody's work, a picture that was cropped in its
//! place. Only what cannot be that goes: no whole image any more or, of what was no image, shorter than it was or empty
//! at its end, as files are after a power loss. The others stay until a new one takes their place.

use std::{fs::File, io, os::unix::fs::FileExt as _};

use rustix::{fs::AtFlags, io::Errno};

use super::{
    image,
    inspect::{Damage, Expected, Inspector, what_else},
};
use crate::{
    disk::{self, Call, Open},
    name::Name,
};

/// The end of a file that a power loss leaves empty, in bytes.
const TAIL: usize = 512;

impl Inspector {
    /// Removes a file that was found to be damaged, where it is broken; says whether it did.
    pub(crate) fn remove_broken(&self, name: &Name, expected: &Expected<'_>, damage: &Damage) -> io::Result<bool> {
        let is_broken = match damage {
            Damage::Missing | Damage::NotAFile(_) | Damage::Unreadable(_) => false,
            Damage::Image(_) => true,
            Damage::Size { .. } | Damage::Format(_) | Damage::Contents => {
                let Ok(file) = self.open_file(name) else { return Ok(false) };
                is_broken(&file, expected)?
            }
        };
        if is_broken { self.remove(name) } else { Ok(false) }
    }

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

fn is_broken(file: &File, expected: &Expected<'_>) -> io::Result<bool> {
    if expected.format.is_some() {
        return Ok(image::check(&image::OpenFile::new(file)?)?.is_err());
    }
    let size = file.metadata()?.len();
    let mut tail = [0; TAIL];
    let length = usize::try_from(size).unwrap_or(TAIL).min(TAIL);
    Open(file).read_exact_at(&mut tail[..length], size - length as u64)?;
    Ok(size < expected.bytes || tail[..length].iter().all(|byte| *byte == 0))
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

    #[test]
    fn what_is_whole_by_itself_stays_whoever_has_changed_it() {
        const IMAGE: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
        let mut edited = IMAGE.to_vec();
        edited[25] ^= 1;
        let longer = [IMAGE, b"more"].concat();
        let zeros = vec![0; IMAGE.len()];
        for (contents, format, is_removed) in [
            (&edited[..], Some("GIF"), false),
            (&longer, Some("GIF"), false),
            (&IMAGE[..20], Some("GIF"), true),
            (b"", Some("GIF"), true),
            (&zeros, Some("GIF"), true),
            (&edited, None, false),
            (&longer, None, false),
            (&IMAGE[..20], None, true),
            (b"", None, true),
            (&zeros, None, true),
        ] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            fs::write(folder.path().join("a"), contents).expect("a new file");
            let inspector = Inspector::open(folder.path()).expect("a folder");
            let name = Name::new("a", &Link::parse("http://h/a").expect("a link"));
            let expected = Expected { bytes: IMAGE.len() as u64, sha256: Some([7; 32]), format };
            let damage = inspector.inspect(&name, &expected, super::super::Depth::Full).expect_err("it has changed");
            let removed = inspector.remove_broken(&name, &expected, &damage).expect("it can be");
            assert_eq!(
                (removed, folder.path().join("a").exists()),
                (is_removed, !is_removed),
                "{contents:?} {format:?}"
            );
        }
    }
}
