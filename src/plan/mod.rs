//! The plan: lists in, or what the ledger knows to be lost, jobs out; each job is one link and the one path that it will become.
//!
//! Promises: every entry comes out exactly once, in the order of the lists, as a job, as here already, as invalid or as
//! a duplicate; no two jobs share a path, not even on a system that ignores case; a name that an earlier run gave to a
//! link stays that link's, whatever the order of the list, and whether the link is still in it; memory does not grow with
//! the list.
//!
//! What surprises: jobs come in batches, and a batch ends early where the next line would have to be waited
//! for, so that `producer | flagdl -` starts at once. The ledger is asked a batch at a time, after its lines have come.

mod claims;
mod here;
mod mending;
mod source;

use std::io;

use thiserror::Error;

pub(crate) use self::here::{Before, Here};
pub use self::source::Plan;
use self::{
    claims::{Claim, Claims},
    here::{Look, Standing},
};
use crate::{
    ledger::{LedgerError, StoredFile},
    link::{Link, LinkError, half_a_url},
    list::{Entry, LineError, ListError, Lists},
    name::Name,
    template::{CodeError, Template},
};

/// Most entries in a batch.
pub(crate) const BATCH: usize = 256;

/// Digits of a link's hash in names: 8 are what users see; more only serve where even those are shared. 64 are the whole
/// hash.
const DIGITS: [usize; 4] = [8, 16, 32, 64];

/// One link and the one path that it will become.
#[derive(Debug, Clone)]
pub struct Job {
    /// What the user wrote.
    pub entry: Entry,
    /// Where it is fetched from.
    pub link: Link,
    /// Where it is saved, relative to the destination.
    pub path: Name,
    /// The file that is there.
    pub(crate) before: Option<Box<Before>>,
}

/// Why an entry is no job.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The line itself is faulty.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The URL in it is none.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Something stands before the URL in it, so that it is neither a URL nor, surely, a code.
    #[error("its URL has something before it (hint: remove that, be it a quotation mark or an invisible character)")]
    BeforeUrl,
    /// The code gives no link.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// Other entries have taken its name, and all that could be made of it with its hash.
    #[error("all names that it could have are taken by other entries")]
    NameTaken,
    /// It was to be fetched from what the ledger knows, which keeps no secrets of URLs.
    #[error("the ledger keeps no secrets, and its URL has some (hint: run flagdl with the list that it came from)")]
    SecretUrl,
}

/// What became of an entry.
#[derive(Debug)]
pub(crate) enum Planned {
    /// To be fetched.
    Job(Job),
    /// Its file is here.
    Here(Job),
    /// A file is here that the ledger does not know yet.
    Adopted(Job, Box<StoredFile>),
    /// Its server did not have it a short while ago.
    Missing(Job),
    /// The same URL stood earlier in this run, whatever checksum either has.
    Duplicate(Job),
    /// No job.
    Invalid(Entry, EntryError),
}

/// An entry, and what is wrong with its line, if anything.
type Line = (Entry, Result<(), LineError>);

/// Why there can be no further jobs.
#[derive(Debug, Error)]
pub(crate) enum PlanError {
    /// A list can no longer be read.
    #[error(transparent)]
    List(#[from] ListError),
    /// The ledger can no longer be asked.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The file of the names that this run has given can no longer be read or written.
    #[error("cannot tell any more which names are taken")]
    Claims(#[source] io::Error),
}

/// Jobs that come from lists.
struct ListPlan {
    lists: Lists,
    template: Template,
    claims: Claims,
    /// What earlier runs have left; none where there is no ledger yet.
    here: Option<Here>,
    left: u64,
    /// A list's failure that has not been told yet.
    failed: Option<ListError>,
}

impl ListPlan {
    /// The next entries, at least one; none at the end.
    fn next_batch(&mut self) -> Result<Option<Vec<Planned>>, PlanError> {
        let lines = self.read_batch()?;
        if lines.is_empty() {
            return Ok(None);
        }
        let look = self.here.as_mut().map(Here::look).transpose()?;
        let mut naming = Naming { template: &self.template, claims: &mut self.claims, look };
        let planned = lines.into_iter().map(|(entry, fault)| match fault {
            Ok(()) => naming.plan(entry),
            Err(error) => Ok(Planned::Invalid(entry, error.into())),
        });
        Ok(Some(planned.collect::<Result<_, _>>()?))
    }

    /// The next lines that are entries, none at the end.
    fn read_batch(&mut self) -> Result<Vec<Line>, ListError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut batch = Vec::new();
        while batch.len() < BATCH && self.left > 0 {
            if !batch.is_empty() && self.lists.is_waiting() {
                break;
            }
            match self.lists.next_entry() {
                Ok(Some(read)) => batch.push(read),
                Ok(None) => break,
                Err(error) if batch.is_empty() => return Err(error),
                // What was read before is not lost: the error comes at the next call.
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
            self.left -= 1;
        }
        Ok(batch)
    }
}

/// What gives the entries of a batch their names.
struct Naming<'a> {
    template: &'a Template,
    claims: &'a mut Claims,
    look: Option<Look<'a>>,
}

impl Naming<'_> {
    fn plan(&mut self, entry: Entry) -> Result<Planned, PlanError> {
        let (link, name) = match self.resolve(&entry.text) {
            Ok(resolved) => resolved,
            Err(error) => return Ok(Planned::Invalid(entry, error)),
        };
        let checksum = entry.sha256;
        let (mut path, mut standing) = self.first_choice(&name, &link, checksum.as_ref())?;
        let mut digits = DIGITS.into_iter();
        loop {
            // The ledger comes first: a name that it knows as another's must not be claimed, or its owner would find
            // it taken.
            let claim = match standing {
                Standing::Another => Claim::Taken,
                _ => self.claims.claim(&path, &link).map_err(PlanError::Claims)?,
            };
            match claim {
                Claim::New => return Ok(self.first(Job { entry, link, path, before: None }, standing)),
                Claim::Same => return Ok(Planned::Duplicate(Job { entry, link, path, before: None })),
                Claim::Taken => {}
            }
            let Some(digits) = digits.next() else { return Ok(Planned::Invalid(entry, EntryError::NameTaken)) };
            path = name.with_hash(&link, digits);
            standing = self.standing(&path, &link, checksum.as_ref())?;
        }
    }

    /// What becomes of an entry that is the first of this run with its name.
    fn first(&self, job: Job, standing: Standing) -> Planned {
        match standing {
            Standing::Here => Planned::Here(job),
            Standing::Missing => Planned::Missing(job),
            Standing::Own(before) => Planned::Job(Job { before, ..job }),
            Standing::Free | Standing::Another => {
                match self.look.as_ref().and_then(|look| look.adopt(&job.path, job.entry.sha256.as_ref())) {
                    Some(file) => Planned::Adopted(job, file),
                    None => Planned::Job(job),
                }
            }
        }
    }

    /// The name itself, unless an earlier run has given the link one with its hash, for an entry that then left no row.
    fn first_choice(
        &self,
        name: &Name,
        link: &Link,
        checksum: Option<&[u8; 32]>,
    ) -> Result<(Name, Standing), LedgerError> {
        let standing = self.standing(name, link, checksum)?;
        if self.look.is_some() && standing == Standing::Free {
            let given = name.with_hash(link, DIGITS[0]);
            let standing = self.standing(&given, link, checksum)?;
            if !matches!(standing, Standing::Free | Standing::Another) {
                return Ok((given, standing));
            }
        }
        Ok((name.clone(), standing))
    }

    fn standing(&self, name: &Name, link: &Link, checksum: Option<&[u8; 32]>) -> Result<Standing, LedgerError> {
        self.look.as_ref().map_or(Ok(Standing::Free), |look| look.standing(name, link, checksum))
    }

    fn resolve(&self, text: &str) -> Result<(Link, Name), EntryError> {
        if !has_scheme(text) {
            // As a code, it would take its password to the server that codes are for.
            if text.contains("://") {
                return Err(EntryError::BeforeUrl);
            }
            half_a_link(text).map_or(Ok(()), Err)?;
            return Ok(self.template.expand(text)?);
        }
        let link = Link::parse(text)?;
        let name = Name::of_link(&link);
        Ok((link, name))
    }
}

/// Whether an entry is a URL: a scheme (RFC 3986 §3.1) and `://`.
fn has_scheme(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

/// What is wrong with half a URL.
fn half_a_link(text: &str) -> Option<LinkError> {
    let scheme = half_a_url(text)?.0.to_ascii_lowercase();
    Some(match &*scheme {
        "http" | "https" => LinkError::NoScheme,
        _ => LinkError::Scheme(scheme),
    })
}

#[cfg(test)]
mod tests;
