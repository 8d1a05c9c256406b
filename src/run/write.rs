//! Bodies to files: checked and published a batch at a time, on a thread that may block.
//!
//! Promises: a file is published only after its check; one file's failure, even a panic in its check, concerns no
//! other. When the run is given up, a batch ends after the file that it is at.
//!
//! What surprises: bodies that come in while a batch is being written make up the next one, so under load a
//! hop to the blocking pool serves dozens of files, and without load a file waits for nobody.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::attempt::Content;
use crate::{
    event::Failure,
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
        let format = match accept {
            Accept::Any => None,
            Accept::Image => match self.check().map_err(|error| store.failure(error, &self.path))? {
                Ok(format) => Some(format),
                Err(flaw) => return Err(Failure::NotAnImage { flaw, measured: self.measured }),
            },
        };
        let mut file = self.file;
        file.format = format.map(|format| format.name().into());
        file.bytes = self.content.size();
        let staged = match self.content {
            Content::Memory(bytes) => store.stage_all(&bytes, &self.path)?,
            Content::Staged(staged, _) => staged,
        };
        let hash = staged.sha256();
        file.sha256 = Some(hash);
        if self.known == Some(hash) {
            return Ok(Saved::Same(file));
        }
        store.publish(staged, &self.path)?;
        Ok(Saved::Written(file))
    }

    fn check(&self) -> io::Result<Result<Format, Flaw>> {
        match &self.content {
            Content::Memory(bytes) => image::check(&bytes[..]),
            Content::Staged(staged, _) => image::check(&image::OpenFile::new(staged.file())?),
        }
    }
}
