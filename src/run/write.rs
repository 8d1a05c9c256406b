//! Bodies to files: checked and published a batch at a time, on a thread that may block.
//!
//! Promises: a file is published only after its checks: it hashes to what the server says, is a whole image, and hashes
//! to what the list says. One file's failure, even a panic in its check, concerns no other. When the run is given up, a
//! batch ends after the file that it is at.
//!
//! What surprises: bodies that come in while a batch is being written make up the next one, so under load a
//! hop to the blocking pool serves dozens of files, and without load a file waits for nobody. The checks stand in that
//! order because what was changed on the way is neither the list's fault nor an image's, and because an error page says
//! more than a wrong hash of it does.

use std::{
    io,
    os::unix::fs::FileExt as _,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use sha2::{Digest as _, Sha256, Sha512};

use super::body::Content;
use crate::{
    disk::Open,
    event::{DigestError, Failure},
    fetch::digest::{Digest, Digests},
    ledger::StoredFile,
    name::Name,
    options::Accept,
    store::{Flaw, Format, Store, image},
};

/// A body on its way to its file.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) content: Content,
    pub(super) path: Name,
    /// Whether the server told the length, and it was met.
    pub(super) measured: bool,
    /// What the answer's head tells of it.
    pub(super) file: Box<StoredFile>,
    /// What the answer's head says that it hashes to, if anything.
    pub(super) digests: Option<Box<Digests>>,
    /// The SHA-256 that the list says.
    pub(super) checksum: Option<[u8; 32]>,
    /// The hash of the file that is here, where that is to stay if this is the same.
    pub(super) known: Option<[u8; 32]>,
}

/// What became of a body, with what is to be known of its file.
#[derive(Debug)]
pub(super) enum Saved {
    /// It has its name.
    Written(Box<StoredFile>),
    /// The file that was here has the same bytes, and is still here.
    Same(Box<StoredFile>),
}

/// Checks and publishes; answers in the order of the batch, with what is to be known of each file, and with fewer
/// answers than the batch has files where the run was given up meanwhile.
pub(super) fn write_all(
    store: &Arc<Store>,
    accept: Accept,
    given_up: &AtomicBool,
    batch: Vec<Write>,
) -> Vec<Result<Saved, Failure>> {
    let going_on = batch.into_iter().take_while(|_| !given_up.load(Ordering::Relaxed));
    let guarded = |write: Write| {
        let published = catch_unwind(AssertUnwindSafe(|| write.publish(store, accept)));
        published.unwrap_or_else(|_| Err(Failure::Bug("panic while a file was checked".into())))
    };
    going_on.map(guarded).collect()
}

impl Write {
    fn publish(self, store: &Arc<Store>, accept: Accept) -> Result<Saved, Failure> {
        let sha256 = self.content.sha256();
        if let Some(digests) = &self.digests {
            self.compare(digests, &sha256, store)?;
        }
        let format = match accept {
            Accept::Any => None,
            Accept::Image => match self.check().map_err(|error| store.failure(error, &self.path))? {
                Ok(format) => Some(format),
                Err(flaw) => return Err(Failure::NotAnImage { flaw, measured: self.measured }),
            },
        };
        if let Some(listed) = self.checksum.filter(|listed| *listed != sha256) {
            return Err(DigestError::Checksum { found: sha256, listed }.into());
        }
        let mut file = self.file;
        file.format = format.map(|format| format.name().into());
        file.bytes = self.content.size();
        file.sha256 = Some(sha256);
        // The ledger may know what the disk has lost since.
        if self.known == Some(sha256) && store.holds(&self.path, file.bytes, sha256) {
            return Ok(Saved::Same(file));
        }
        match self.content {
            Content::Memory(bytes) => store.save(&bytes, &self.path)?,
            Content::Staged(staged, _) => store.publish(*staged, &self.path)?,
        }
        Ok(Saved::Written(file))
    }

    /// What the server says with what came.
    fn compare(&self, digests: &Digests, sha256: &[u8; 32], store: &Store) -> Result<(), Failure> {
        for (field, digest) in [("Repr-Digest", digests.representation), ("Content-Digest", digests.content)] {
            let (algorithm, matches) = match digest {
                None => continue,
                Some(Digest::Sha256(told)) => ("sha-256", told == *sha256),
                Some(Digest::Sha512(told)) => {
                    let found = self.content.sha512().map_err(|error| store.failure(error, &self.path))?;
                    ("sha-512", told == found)
                }
            };
            if !matches {
                return Err(DigestError::Field { field, algorithm }.into());
            }
        }
        Ok(())
    }

    fn check(&self) -> io::Result<Result<Format, Flaw>> {
        match &self.content {
            Content::Memory(bytes) => image::check(&bytes[..]),
            Content::Staged(staged, _) => image::check(&image::OpenFile::new(staged.file())?),
        }
    }
}

impl Content {
    fn sha256(&self) -> [u8; 32] {
        match self {
            Self::Memory(bytes) => Sha256::digest(bytes).into(),
            Self::Staged(staged, _) => staged.sha256(),
        }
    }

    /// So few servers send this one alone that a staged file is read again for it, and not hashed twice as it comes.
    fn sha512(&self) -> io::Result<[u8; 64]> {
        let mut hash = Sha512::new();
        match self {
            Self::Memory(bytes) => hash.update(bytes),
            Self::Staged(staged, size) => {
                let (mut piece, mut at) = (vec![0; 64 << 10], 0);
                while at < *size {
                    let left = usize::try_from(size - at).unwrap_or(usize::MAX);
                    let piece = &mut piece[..left.min(64 << 10)];
                    Open(staged.file()).read_exact_at(piece, at)?;
                    hash.update(&*piece);
                    at += piece.len() as u64;
                }
            }
        }
        Ok(hash.finalize().into())
    }
}
