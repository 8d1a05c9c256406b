//! The plan: lists in, or what the ledger knows to be lost, jobs out; each job is one link and the one path that it will become.
//!
//! Promises: every entry comes out exactly once, in the order of the lists, as a job, as here already, as invalid or as
//! a duplicate; no two jobs share a path, not even on a system that ignores case; a name that an earlier run gave to a
//! link stays that link's, whatever the order of the list, and whether the link is still in it.
//!
//! What surprises: jobs come in batches, and a batch ends early where the next line would have to be waited
//! for, so that `producer | flagdl -` starts at once. The ledger is asked a batch at a time, after its lines have come.

mod claims;
mod here;
mod mending;
mod source;

use thiserror::Error;

pub(crate) use self::here::Here;
pub use self::source::Plan;
use self::{
    claims::{Claim, Claims},
    here::{Look, Standing},
};
use crate::{
    ledger::LedgerError,
    link::{Link, LinkError},
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
    /// The same URL stood earlier in this run.
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
    fn plan(&mut self, entry: Entry) -> Result<Planned, LedgerError> {
        let (link, name) = match self.resolve(&entry.text) {
            Ok(resolved) => resolved,
            Err(error) => return Ok(Planned::Invalid(entry, error)),
        };
        let (mut path, mut standing) = self.first_choice(&name, &link)?;
        let mut digits = DIGITS.into_iter();
        loop {
            // The ledger comes first: a name that it knows as another's must not be claimed, or its owner would find
            // it taken.
            let claim = if standing == Standing::Another { Claim::Taken } else { self.claims.claim(&path, &link) };
            match claim {
                Claim::New if standing == Standing::Here => return Ok(Planned::Here(Job { entry, link, path })),
                Claim::New => return Ok(Planned::Job(Job { entry, link, path })),
                Claim::Same => return Ok(Planned::Duplicate(Job { entry, link, path })),
                Claim::Taken => {}
            }
            let Some(digits) = digits.next() else { return Ok(Planned::Invalid(entry, EntryError::NameTaken)) };
            path = name.with_hash(&link, digits);
            standing = self.standing(&path, &link)?;
        }
    }

    /// The name itself, unless an earlier run has given the link one with its hash, for an entry that then left no row.
    fn first_choice(&self, name: &Name, link: &Link) -> Result<(Name, Standing), LedgerError> {
        let standing = self.standing(name, link)?;
        if self.look.is_some() && standing == Standing::Free {
            let given = name.with_hash(link, DIGITS[0]);
            let standing = self.standing(&given, link)?;
            if matches!(standing, Standing::Own | Standing::Here) {
                return Ok((given, standing));
            }
        }
        Ok((name.clone(), standing))
    }

    fn standing(&self, name: &Name, link: &Link) -> Result<Standing, LedgerError> {
        self.look.as_ref().map_or(Ok(Standing::Free), |look| look.standing(name, link))
    }

    fn resolve(&self, text: &str) -> Result<(Link, Name), EntryError> {
        if !has_scheme(text) {
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::list::Source;

    fn plan(text: &str, limit: Option<u64>) -> Vec<Planned> {
        let source = Source::Text { name: "test".into(), text: text.into() };
        let template = Template::parse("http://h/{code}.jpg").expect("a template");
        let mut plan = Plan::new(Lists::open(vec![source]).expect("memory"), template, limit);
        let mut all = Vec::new();
        while let Some(batch) = plan.next_batch().expect("memory can be read") {
            assert!(batch.len() <= BATCH);
            all.extend(batch);
        }
        all
    }

    fn shown(planned: &Planned) -> String {
        match planned {
            Planned::Job(job) => format!("{} -> {}", job.link, job.path),
            Planned::Here(job) => format!("{} is here", job.path),
            Planned::Duplicate(job) => format!("{} again", job.path),
            Planned::Invalid(entry, error) => format!("{}: {error}", entry.line),
        }
    }

    #[test]
    fn every_kind_of_entry_ends_as_what_it_is() {
        let text = "cn\nHTTP://Example.org/a/b.png?x=1\nftp://h/x\nmailto:x\nhttp://\n..\n";
        let planned: Vec<_> = plan(text, None).iter().map(shown).collect();
        assert_eq!(
            planned,
            [
                "http://h/cn.jpg -> cn.jpg",
                "http://example.org/a/b.png?x=… -> b.png",
                "3: the scheme ftp is not http or https",
                "http://h/mailto%3Ax.jpg -> mailto%3Ax.jpg",
                "5: not a URL: empty host",
                "http://h/...jpg -> %2E..jpg",
            ]
        );
    }

    #[test]
    fn the_same_url_is_a_duplicate_and_another_of_that_name_is_told_apart() {
        let text = "cn\nhttp://h/cn.jpg\nhttp://other/cn.jpg\nhttp://other/cn.jpg\nCN\nhttp://other/cn.jpg#x\n";
        let planned: Vec<_> = plan(text, None).iter().map(shown).collect();
        assert_eq!(
            planned,
            [
                "http://h/cn.jpg -> cn.jpg",
                "cn.jpg again",
                "http://other/cn.jpg -> cn~20c54027.jpg",
                "cn~20c54027.jpg again",
                "http://h/CN.jpg -> CN~9664d163.jpg",
                "cn~20c54027.jpg again",
            ]
        );
    }

    #[test]
    fn the_limit_counts_entries_and_not_comments() {
        assert_eq!(plan("# c\na\n\nb\nftp://x\nd\n", Some(3)).len(), 3);
        assert!(plan("a\n", Some(0)).is_empty());
    }

    #[test]
    fn an_entry_whose_every_name_is_taken_is_an_error_and_not_lost() {
        let link = Link::parse("http://z/x").expect("a link");
        let names = [8, 16, 32, 64].map(|digits| Name::of_link(&link).with_hash(&link, digits));
        let mut list: Vec<_> = names.iter().map(|name| format!("http://a/{name}")).collect();
        list.insert(0, "http://a/x".into());
        list.push("http://z/x".into());
        let planned = plan(&list.join("\n"), None);
        assert!(matches!(planned[5], Planned::Invalid(_, EntryError::NameTaken)), "{:?}", planned[5]);
    }

    proptest! {
        #[test]
        fn no_two_jobs_share_a_file(
            entries in proptest::collection::vec("(http://[ab]/[abAB~]{0,3}(\\.jpg|%41|%61)?(\\?[12])?)|[abAB./~]{1,3}", 1..40),
        ) {
            let mut owners: HashMap<String, String> = HashMap::new();
            let mut jobs = HashMap::new();
            let planned = plan(&entries.join("\n"), None);
            prop_assert_eq!(planned.len(), entries.iter().filter(|entry| !entry.trim().is_empty()).count());
            for planned in planned {
                match planned {
                    Planned::Job(job) => {
                        let url = job.link.url().to_string();
                        prop_assert!(owners.insert(job.path.as_str().to_lowercase(), url.clone()).is_none());
                        prop_assert!(jobs.insert(url, job.path).is_none());
                    }
                    Planned::Duplicate(job) => {
                        prop_assert_eq!(jobs.get(job.link.url().as_str()), Some(&job.path));
                    }
                    Planned::Here(_) | Planned::Invalid(..) => {}
                }
            }
        }
    }
}
