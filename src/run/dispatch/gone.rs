//! Files that are here and gone from their servers: removed at the end of a run, where that is wanted.
//!
//! Promises: nothing is removed before every entry has had its turn, nor where more files are gone than allowed: a
//! server that has lost its disk answers 404 to everything. What is removed is a plain file that has the size which the
//! ledger knows, or is broken, and that its server did not have in this very run; it is in the folder that the run has worked in, and
//! the path may lead elsewhere by now.
//!
//! What surprises: the file goes before the ledger forgets it. A kill or a failure in between leaves a row without a
//! file, which the next such run forgets, so it looks even where nothing was gone; the other way round would leave a
//! file that nobody knows of.

use std::{io, sync::Arc};

use super::Dispatcher;
use crate::{
    event::{Change, Event, Withheld},
    fetch::Transport,
    ledger::{Folder, Reader, Record, Row, RunId, StoredFile},
    name::Name,
    options::{Existing, Gone},
    run::Cause,
    stop::Stop,
    store::{
        Depth, Store, StoreError,
        inspect::{Expected, Inspector},
    },
};

/// Files that are removed in one go.
const BATCH: usize = 256;

impl<T: Transport> Dispatcher<'_, T> {
    /// Removes what is gone, or says why not.
    pub(super) async fn delete_gone(&mut self) {
        let (Gone::Delete(most), Existing::Update) = (self.setting.options.gone, self.setting.options.existing) else {
            return;
        };
        let (gone, asked) = (self.tally.changed(Change::Gone), self.asked_about);
        if self.stopped > Stop::Run || self.cut_short {
            if gone > 0 {
                self.withhold(Withheld::CutShort { gone });
            }
        } else if gone > most.of(asked) {
            self.withhold(Withheld::TooMany { gone, asked, most });
        } else if let Err(cause) = self.delete_all_gone().await {
            self.fail(cause);
        }
    }

    fn withhold(&mut self, withheld: Withheld) {
        self.withheld = Some(withheld);
        self.report(&Event::NotDeleted(&withheld));
    }

    async fn delete_all_gone(&mut self) -> Result<(), Cause> {
        let Some(ledger) = &mut self.ledger else { return Ok(()) };
        // Until then not every row tells how its entry has ended.
        ledger.flush().await?;
        let (folder, store, run) = (Arc::clone(ledger.folder()), Arc::clone(self.setting.store()), ledger.run());
        let mut sweep = in_background(move || Sweep::begin(&folder, store, run)).await?;
        while self.failed.is_none() && self.stop.now() == Stop::Run {
            let (swept, batch) = in_background(move || sweep.next_batch()).await?;
            sweep = swept;
            if batch.rows.is_empty() && batch.failed.is_none() {
                break;
            }
            for (row, was_here) in batch.rows {
                if was_here {
                    self.deleted += 1;
                    self.report(&Event::Deleted(&row.path));
                }
                if let Some(ledger) = &mut self.ledger {
                    ledger.tell(Record::Forget(row.path))?;
                    ledger.catch_up().await?;
                }
            }
            if let Some(error) = batch.failed {
                return Err(error.into());
            }
        }
        Ok(())
    }
}

async fn in_background<D: Send + 'static>(
    work: impl FnOnce() -> Result<D, Cause> + Send + 'static,
) -> Result<D, Cause> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Cause::Reader(error.into()))?
}

/// A way through all that was found to be gone in a run, and removes it.
struct Sweep {
    reader: Reader,
    folder: Inspector,
    store: Arc<Store>,
    run: RunId,
    /// The key of the last row.
    after: Box<str>,
}

/// Files that are no longer here, with whether they were until now.
struct Batch {
    rows: Vec<(Row, bool)>,
    /// Why the next one could not be removed.
    failed: Option<StoreError>,
}

impl Sweep {
    fn begin(folder: &Folder, store: Arc<Store>, run: RunId) -> Result<Self, Cause> {
        let (reader, inspector) = (Reader::beside(folder)?, Inspector::over(folder.destination()?));
        Ok(Self { reader, folder: inspector, store, run, after: Box::default() })
    }

    /// Removes the next files, up to one that cannot be.
    fn next_batch(mut self) -> Result<(Self, Batch), Cause> {
        let mut batch = Batch { rows: Vec::new(), failed: None };
        for row in self.reader.gone_rows(self.run, &self.after, BATCH)? {
            self.after.clone_from(&row.key);
            match self.remove(&row) {
                Ok(was_here) => batch.rows.push((row, was_here)),
                Err(error) => {
                    batch.failed = Some(error);
                    break;
                }
            }
        }
        Ok((self, batch))
    }

    fn remove(&self, row: &Row) -> Result<bool, StoreError> {
        let Some(file) = &row.file else { return Ok(false) };
        let removed = self.folder.look(&row.path, file.bytes).and_then(|is_here| {
            if is_here { self.folder.remove(&row.path) } else { self.remove_broken(&row.path, file) }
        });
        removed.map_err(|error| self.store.failure(error, &row.path))
    }

    /// What has another size than it was saved with is somebody's work, unless it is broken.
    fn remove_broken(&self, path: &Name, file: &StoredFile) -> io::Result<bool> {
        let expected = Expected { bytes: file.bytes, sha256: file.sha256, format: file.format.as_deref() };
        match self.folder.inspect(path, &expected, Depth::Quick) {
            Ok(()) => Ok(false),
            Err(damage) => self.folder.remove_broken(path, &expected, &damage),
        }
    }
}
