//! How entries stand: what is here of a list or of all that a folder's ledger knows, without the network.
//!
//! Promises: nothing is asked of any host, and nothing is made or changed in the folder; it needs no lock, so it works
//! while a run goes on. Entries get the names that a download would give them, so a file `name~hash` is found. Each
//! entry stands in exactly one way, and the counts add up to the entries.
//!
//! What surprises: of a file only its size is looked at, as a download does; `flagdl verify` reads it. While a run goes
//! on, entries are counted as they stand at the moment when they are come to.

mod last_run;
mod standing;

use std::{collections::BTreeMap, io, path::Path};

use thiserror::Error;

pub use self::{
    last_run::{Kind, LastRun, Phase},
    standing::{LastEnd, Standing, State},
};
use crate::{
    ledger::{LedgerError, Reader},
    list::ListError,
    plan::{Here, Plan, PlanError, Planned},
    store::inspect::Inspector,
};

/// Rows of the ledger that are looked at together.
const BATCH: usize = 256;

/// Is told of each entry, in the order of the lists or of the names.
pub type Each<'a> = &'a mut dyn FnMut(&Standing) -> io::Result<()>;

/// The counts of all entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    states: BTreeMap<State, u64>,
    /// Entries that have failed, by class.
    pub failed: BTreeMap<String, u64>,
    /// Files that are stale, by the class of what happened last; `gone` where the server no longer had it.
    pub stale: BTreeMap<String, u64>,
    /// Bytes of the files that are here, without those that are stale.
    pub bytes: u64,
    /// Whether the folder has a ledger. Without one nothing is known, and nothing counts as here.
    pub has_ledger: bool,
    /// The run that goes on, or the last one.
    pub last_run: Option<LastRun>,
}

impl Survey {
    /// Entries that stand so.
    pub fn of(&self, state: State) -> u64 {
        self.states.get(&state).copied().unwrap_or_default()
    }

    /// All entries.
    pub fn entries(&self) -> u64 {
        self.states.values().sum()
    }

    fn count(&mut self, standing: &Standing) {
        *self.states.entry(standing.state).or_default() += 1;
        if standing.state == State::Here {
            self.bytes += standing.bytes.unwrap_or_default();
        }
        let by_class = match standing.state {
            State::Failed => &mut self.failed,
            State::Stale => &mut self.stale,
            _ => return,
        };
        *by_class.entry(standing.class().unwrap_or_default().to_owned()).or_default() += 1;
    }
}

/// Why the entries cannot be gone through.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StatusError {
    /// A list can no longer be read.
    #[error(transparent)]
    List(#[from] ListError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The folder cannot be looked into.
    #[error("cannot look into {}", path.display())]
    Folder {
        /// The folder.
        path: Box<Path>,
        /// What the system said.
        source: io::Error,
    },
    /// What tells duplicates can no longer be read.
    #[error("cannot tell any more which entries came before")]
    Claims(#[source] io::Error),
    /// Nobody takes the answers any more.
    #[error("cannot write the report")]
    Report(#[source] io::Error),
}

impl From<PlanError> for StatusError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::List(error) => error.into(),
            PlanError::Ledger(error) => error.into(),
            PlanError::Claims(error) => Self::Claims(error),
        }
    }
}

/// What a folder has: its ledger, and its files.
struct Known {
    reader: Reader,
    folder: Inspector,
}

impl Known {
    /// None where the folder has no ledger.
    fn open(destination: &Path) -> Result<Option<Self>, StatusError> {
        let Some(reader) = Reader::open(destination)? else { return Ok(None) };
        let failed = |source| StatusError::Folder { path: destination.into(), source };
        Ok(Some(Self { reader, folder: Inspector::open(destination).map_err(failed)? }))
    }
}

/// How the entries of a plan stand in a folder.
///
/// # Errors
///
/// [`StatusError`] where a list or the ledger cannot be read, or `each` fails.
pub fn of_plan(mut plan: Plan, destination: &Path, each: Each<'_>) -> Result<Survey, StatusError> {
    let mut known = Known::open(destination)?;
    if let Some(reader) = Reader::open(destination)? {
        plan.ask(Here::names_only(reader));
    }
    let mut survey = Survey { has_ledger: known.is_some(), ..Survey::default() };
    while let Some(planned) = plan.next_batch()? {
        // The view is given back before anybody is told, who may not be listening.
        let standings = match &mut known {
            None => planned.into_iter().map(Standing::unknown).collect(),
            Some(known) => look_up(known, planned)?,
        };
        tell(&mut survey, &standings, each)?;
    }
    survey.last_run = last_run::find(known.as_mut().map(|known| &mut known.reader), destination)?;
    Ok(survey)
}

fn look_up(known: &mut Known, planned: Vec<Planned>) -> Result<Vec<Standing>, LedgerError> {
    let view = known.reader.view()?;
    let standing = |planned| match planned {
        Planned::Job(job) | Planned::Here(job) | Planned::Adopted(job, _) | Planned::Missing(job) => {
            let row = view.look_up(&job.path)?.filter(|row| row.is_of(&job.link));
            Ok(Standing::of_job(job, row, &known.folder))
        }
        other => Ok(Standing::unknown(other)),
    };
    planned.into_iter().map(standing).collect()
}

/// How all that the ledger knows of stands in a folder, in the order of the names; `limit` ends it early.
///
/// # Errors
///
/// [`StatusError`] where the ledger cannot be read, or `each` fails.
pub fn of_ledger(destination: &Path, limit: Option<u64>, each: Each<'_>) -> Result<Survey, StatusError> {
    let Some(mut known) = Known::open(destination)? else { return Ok(Survey::default()) };
    let mut survey = Survey { has_ledger: true, ..Survey::default() };
    let mut after: Box<str> = "".into();
    let mut left = limit.unwrap_or(u64::MAX);
    loop {
        let wanted = usize::try_from(left).unwrap_or(BATCH).min(BATCH);
        let rows = if wanted == 0 { Vec::new() } else { known.reader.rows_after(&after, wanted)? };
        let Some(last) = rows.last() else { break };
        after = last.key.clone();
        left -= rows.len() as u64;
        let standings: Vec<_> = rows.into_iter().map(|row| Standing::of_row(row, &known.folder)).collect();
        tell(&mut survey, &standings, each)?;
    }
    survey.last_run = last_run::find(Some(&mut known.reader), destination)?;
    Ok(survey)
}

fn tell(survey: &mut Survey, standings: &[Standing], each: Each<'_>) -> Result<(), StatusError> {
    for standing in standings {
        survey.count(standing);
        each(standing).map_err(StatusError::Report)?;
    }
    Ok(())
}
