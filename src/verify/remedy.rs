//! The ledger during a verification: held, and told of what is lost.
//!
//! Promises: a file is removed only after the ledger has committed that it is lost. Where nothing can be written, it is
//! read without being held, and only to tell.

use std::{path::Path, sync::Arc};

use super::{BadFile, Remedy, Summary, VerifyError};
use crate::{
    clock::{boot, seconds_since_1970},
    ledger::{Beginning, Counts, Ending, Holder, HowEnded, Ledger, LedgerError, Reader, Record, Writer},
    store::inspect::Inspector,
};

/// What a remedy is noted as among the runs.
const OPTIONS: &str = "verify --repair";

/// What keeps others from working in the folder.
pub(super) enum Hold {
    /// Nothing: the medium is for reading only.
    None,
    /// The ledger, which is not written to.
    Ledger { _held: Ledger },
    /// A run of its own in the ledger, for what is lost.
    Run(Writer),
}

/// A folder and its ledger, open.
pub(super) struct Opened {
    pub(super) hold: Hold,
    pub(super) reader: Reader,
    pub(super) inspector: Arc<Inspector>,
}

/// Opens a folder that has a ledger. Blocks.
pub(super) fn open(folder: &Path, remedy: Remedy) -> Result<Opened, VerifyError> {
    let none = || VerifyError::NoLedger { path: folder.to_owned() };
    if !Ledger::is_in(folder)? {
        return Err(none());
    }
    match Ledger::open_existing(folder) {
        Ok(ledger) => Ok(hold(ledger.ok_or_else(none)?, remedy)?),
        Err(error) if remedy == Remedy::Tell && error.is_about_writing() => {
            let reader = read_only(folder)?.ok_or_else(none)?;
            let failed = |source| VerifyError::Folder { path: folder.to_owned(), source };
            let inspector = Arc::new(Inspector::open(folder).map_err(failed)?);
            Ok(Opened { hold: Hold::None, reader, inspector })
        }
        Err(error) => Err(error.into()),
    }
}

fn hold(ledger: Ledger, remedy: Remedy) -> Result<Opened, LedgerError> {
    let (reader, inspector) = (ledger.reader()?, Arc::new(Inspector::over(ledger.folder().destination()?)));
    let hold = match remedy {
        Remedy::Tell => Hold::Ledger { _held: ledger },
        Remedy::Forget => {
            let (version, options) = (env!("CARGO_PKG_VERSION").into(), OPTIONS.into());
            let beginning = Beginning { at: seconds_since_1970(), boot: boot(), version, options };
            Hold::Run(ledger.begin(&beginning, None)?)
        }
    };
    Ok(Opened { hold, reader, inspector })
}

/// The ledger without its lock. Somebody else may be able to write where this process is not.
fn read_only(folder: &Path) -> Result<Option<Reader>, LedgerError> {
    match Ledger::holder(folder)? {
        Holder::Process(pid) => Err(LedgerError::Locked { path: folder.to_owned(), pid }),
        Holder::Nobody => Reader::open(folder),
    }
}

impl Hold {
    /// Notes that a file is lost, if that is wanted.
    pub(super) async fn forget(&mut self, bad: &BadFile) -> Result<(), LedgerError> {
        let Self::Run(writer) = self else { return Ok(()) };
        writer.tell(Record::Lost(bad.path.clone()))?;
        writer.catch_up().await
    }

    /// Notes how it ended, and lets go.
    pub(super) async fn close(self, summary: &Summary, has_failed: bool) -> Result<(), VerifyError> {
        let Self::Run(writer) = self else { return Ok(()) };
        let how = match (has_failed, summary.complete) {
            (true, _) => HowEnded::Failed,
            (false, true) => HowEnded::Finished,
            (false, false) => HowEnded::Drained,
        };
        let counts = Counts { skipped: summary.whole, error: summary.bad.values().sum(), ..Counts::default() };
        writer.close(Ending { at: seconds_since_1970(), how, counts }).await?;
        Ok(())
    }
}
