//! A look at files that are here: whether they are still what they were.
//!
//! Promises: looking makes and changes nothing; no symbolic link is followed and nothing but a plain file is opened, so a
//! pipe under a file's name blocks nobody; a file is read in pieces, whatever its size.
//!
//! What surprises: whether a file has an image's end is only asked of what was an image when it was saved.

use std::{
    fs::File,
    io::{self, Read as _},
    os::fd::OwnedFd,
    path::Path,
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, Stat},
    io::Errno,
};
use sha2::{Digest as _, Sha256};

use super::image::{self, Flaw, Format};
use crate::{
    disk::{self, Call, Open},
    name::Name,
};

/// What is read of a file at once, in bytes.
const PIECE: usize = 256 << 10;

/// What a file was when it was saved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) bytes: u64,
    /// None where it was not made.
    pub(crate) sha256: Option<[u8; 32]>,
    /// As [`Format::name`]; none where it was not looked at.
    pub(crate) format: Option<&'a str>,
}

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Its size, and whether it is the whole image that it was: a few pages of it are read.
    Quick,
    /// All its bytes.
    Full,
}

/// Why a file is not what it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// Nothing has the name.
    #[error("the file is missing")]
    Missing,
    /// Something else has it.
    #[error("{0} has its name")]
    NotAFile(&'static str),
    /// It has another size.
    #[error("{found} bytes, and it had {expected}")]
    Size {
        /// Now.
        found: u64,
        /// When it was saved.
        expected: u64,
    },
    /// It is no whole image any more.
    #[error("{0}")]
    Image(Flaw),
    /// It is an image, but of another format.
    #[error("{0}, and it was something else")]
    Format(Format),
    /// Its bytes are others.
    #[error("its contents have changed")]
    Contents,
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(io::Error),
}

/// A file that is whole, as far as can be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WholeFile {
    pub(crate) bytes: u64,
    pub(crate) sha256: [u8; 32],
    /// Where it was to be an image.
    pub(crate) format: Option<Format>,
}

impl Damage {
    /// The word for it in output.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotAFile(_) => "not-a-file",
            Self::Size { .. } => "size",
            Self::Image(_) | Self::Format(_) => "image",
            Self::Contents => "contents",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// Whether this machine has too little of something, which tells nothing of the file.
    pub(crate) fn is_exhaustion(&self) -> bool {
        let Self::Unreadable(error) = self else { return false };
        matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM))
    }
}

/// A folder, for looking.
#[derive(Debug)]
pub(crate) struct Inspector {
    pub(super) folder: OwnedFd,
}

impl Inspector {
    /// Opens a folder that exists.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
        let opened = disk::call(folder, Call::Open, || rustix::fs::open(folder, flags, Mode::empty()));
        Ok(Self { folder: opened? })
    }

    /// Over a folder that is open.
    pub(super) fn over(folder: OwnedFd) -> Self {
        Self { folder }
    }

    /// Whether a plain file of this size has the name. Whatever keeps us from looking shows when it is written to.
    pub(crate) fn has(&self, name: &Name, bytes: u64) -> bool {
        self.look(name, bytes).unwrap_or_default()
    }

    /// The same, for whoever forgets what is not here, and so has to know.
    pub(crate) fn look(&self, name: &Name, bytes: u64) -> io::Result<bool> {
        match self.stat(name) {
            Ok(stat) => Ok(what_else(&stat).is_none() && size(&stat) == bytes),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Brings a file to the disk that others have written; whether that could be done.
    pub(crate) fn sync(&self, name: &Name) -> bool {
        let opened = self.open_file(name);
        opened.is_ok_and(|file| disk::call(&file, Call::Sync, || file.sync_all()).is_ok())
    }

    /// Whether a file is what it was.
    pub(crate) fn inspect(&self, name: &Name, expected: &Expected<'_>, depth: Depth) -> Result<(), Damage> {
        let file = self.open_file(name)?;
        let found = file.metadata().map_err(Damage::Unreadable)?.len();
        if found != expected.bytes {
            return Err(Damage::Size { found, expected: expected.bytes });
        }
        match (depth, expected.sha256) {
            (Depth::Full, Some(hash)) if sha256(&file).map_err(Damage::Unreadable)? == hash => Ok(()),
            (Depth::Full, Some(_)) => Err(image_flaw(&file, expected).err().unwrap_or(Damage::Contents)),
            _ => image_flaw(&file, expected),
        }
    }

    /// A file that has some bytes and, with `image`, is one whole image; none where the name has something else, or
    /// nothing.
    pub(crate) fn whole_file(&self, name: &Name, image: bool) -> Option<WholeFile> {
        let file = self.open_file(name).ok()?;
        let bytes = file.metadata().ok().map(|metadata| metadata.len()).filter(|bytes| *bytes > 0)?;
        let format = if image { Some(image::check(&image::OpenFile::new(&file).ok()?).ok()?.ok()?) } else { None };
        Some(WholeFile { bytes, sha256: sha256(&file).ok()?, format })
    }

    pub(super) fn open_file(&self, name: &Name) -> Result<File, Damage> {
        // NONBLOCK: a pipe would otherwise be waited for. To a file it means nothing.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(&self.folder, name.as_str(), flags, Mode::empty());
        let opened = match disk::call(&self.folder, Call::Open, open) {
            Ok(opened) => opened,
            Err(Errno::NOENT) => return Err(Damage::Missing),
            Err(error) => {
                let what = self.stat(name).ok().and_then(|stat| what_else(&stat));
                return Err(what.map_or(Damage::Unreadable(error.into()), Damage::NotAFile));
            }
        };
        let stat = disk::call(&opened, Call::Look, || rustix::fs::fstat(&opened))
            .map_err(|error| Damage::Unreadable(error.into()))?;
        what_else(&stat).map_or(Ok(File::from(opened)), |what| Err(Damage::NotAFile(what)))
    }

    pub(super) fn stat(&self, name: &Name) -> Result<Stat, Errno> {
        let look = || rustix::fs::statat(&self.folder, name.as_str(), AtFlags::SYMLINK_NOFOLLOW);
        disk::call(&self.folder, Call::Look, look)
    }
}

/// What it is, where it is no plain file.
pub(super) fn what_else(stat: &Stat) -> Option<&'static str> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => None,
        FileType::Directory => Some("a folder"),
        FileType::Symlink => Some("a symbolic link"),
        FileType::Fifo => Some("a pipe"),
        _ => Some("a device or socket"),
    }
}

fn size(stat: &Stat) -> u64 {
    // The type of a size differs from system to system; none is negative.
    u64::try_from(stat.st_size).unwrap_or(u64::MAX)
}

fn image_flaw(file: &File, expected: &Expected<'_>) -> Result<(), Damage> {
    let Some(format) = expected.format else { return Ok(()) };
    let checked = image::OpenFile::new(file).and_then(|file| image::check(&file));
    match checked.map_err(Damage::Unreadable)? {
        Ok(found) if found.name() == format => Ok(()),
        Ok(found) => Err(Damage::Format(found)),
        Err(flaw) => Err(Damage::Image(flaw)),
    }
}

fn sha256(file: &File) -> io::Result<[u8; 32]> {
    let mut file = Open(file);
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(hash.finalize().into()),
            Ok(read) => hash.update(&piece[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::link::Link;

    /// The smallest whole GIF.
    const IMAGE: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

    fn name(text: &str) -> Name {
        Name::new(text, &Link::parse("http://h/a").expect("a link"))
    }

    /// What is found of a file with these contents that was [`IMAGE`].
    fn found(contents: Option<&[u8]>, depth: Depth) -> Option<String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if let Some(contents) = contents {
            fs::write(folder.path().join("a"), contents).expect("a new file");
        }
        let hash: [u8; 32] = Sha256::digest(IMAGE).into();
        let expected = Expected { bytes: IMAGE.len() as u64, sha256: Some(hash), format: Some("GIF") };
        let inspector = Inspector::open(folder.path()).expect("a folder");
        inspector.inspect(&name("a"), &expected, depth).err().map(|damage| damage.to_string())
    }

    #[test]
    fn each_damage_is_told_apart() {
        let mut flipped = IMAGE.to_vec();
        flipped[25] ^= 1;
        let (zeros, other) = (vec![0; IMAGE.len()], [b"BM", &IMAGE[2..]].concat());
        for (contents, quick, full) in [
            (Some(IMAGE), None, None),
            (None, Some("the file is missing"), Some("the file is missing")),
            (Some(&IMAGE[..20]), Some("20 bytes, and it had 29"), Some("20 bytes, and it had 29")),
            (Some(b""), Some("0 bytes, and it had 29"), Some("0 bytes, and it had 29")),
            (Some(&flipped), None, Some("its contents have changed")),
        ] {
            assert_eq!(found(contents, Depth::Quick).as_deref(), quick, "{contents:?}");
            assert_eq!(found(contents, Depth::Full).as_deref(), full, "{contents:?}");
        }
        for contents in [&zeros, &other] {
            assert!(found(Some(contents), Depth::Quick).is_some(), "{contents:?}");
        }
    }

    #[test]
    fn what_is_no_plain_file_is_named_and_blocks_nobody() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("folder")).expect("a new folder");
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).expect("a new link");
        let pipe = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status();
        assert!(pipe.expect("mkfifo runs").success());
        let inspector = Inspector::open(folder.path()).expect("a folder");
        let expected = Expected { bytes: 1, sha256: None, format: None };
        for (file, what) in [("folder", "a folder"), ("link", "a symbolic link"), ("pipe", "a pipe")] {
            let damage = inspector.inspect(&name(file), &expected, Depth::Full).expect_err(file);
            assert_eq!(damage.to_string(), format!("{what} has its name"));
            assert!(!inspector.has(&name(file), 1) && inspector.whole_file(&name(file), false).is_none());
        }
    }

    #[test]
    fn a_device_is_no_plain_file() {
        let device = rustix::fs::stat("/dev/null").expect("every system has it");
        assert_eq!(what_else(&device), Some("a device or socket"));
        let file = rustix::fs::stat(env!("CARGO_MANIFEST_PATH")).expect("the project's own");
        assert_eq!(what_else(&file), None);
    }

    #[test]
    fn only_a_whole_image_is_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("a"), IMAGE).expect("a new file");
        fs::write(folder.path().join("cut"), &IMAGE[..20]).expect("a new file");
        fs::write(folder.path().join("empty"), "").expect("a new file");
        let inspector = Inspector::open(folder.path()).expect("a folder");
        let file = |format| WholeFile { bytes: IMAGE.len() as u64, sha256: Sha256::digest(IMAGE).into(), format };
        assert_eq!(inspector.whole_file(&name("a"), true), Some(file(Some(Format::Gif))));
        assert_eq!(inspector.whole_file(&name("a"), false), Some(file(None)));
        assert_eq!(inspector.whole_file(&name("cut"), true), None);
        assert!(inspector.whole_file(&name("cut"), false).is_some());
        assert_eq!(inspector.whole_file(&name("empty"), false), None);
    }
}
