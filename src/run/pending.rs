//! A job on its way: what has been tried, where it is to be fetched from now, and how it ends.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::time::Instant;

use super::body::{Partial, WORTH_KEEPING};
use crate::{
    event::{Change, Ended, Failure, Outcome, RedirectError},
    fetch::{Fault, Reach},
    ledger::StoredFile,
    link::{Host, Link},
    list::Entry,
    plan::{EntryError, Job},
};

/// Redirects that are followed for one attempt.
pub(super) const MAX_HOPS: usize = 5;

/// The shortest span of waits for what passes by itself: a lost connection, a body cut short.
const QUICK: Duration = Duration::from_millis(100);

/// The shortest span of waits for a server or a network in trouble.
const SLOW: Duration = Duration::from_secs(1);

/// A job on its way.
#[derive(Debug)]
pub(super) struct Pending {
    job: Job,
    /// Where redirects have led, one after the other.
    hops: Vec<Link>,
    /// Where it may be fetched from now.
    reach: Reach,
    /// Whether a redirect has led to another host, where the user's headers have no business.
    astray: bool,
    /// Attempts begun.
    pub(super) attempts: u32,
    /// Of those the ones that are not held against it.
    forgiven: u32,
    /// Whether it has had its free attempt.
    freed: bool,
    /// Why the last attempt failed.
    pub(super) failure: Option<Failure>,
    /// The last answer's status.
    pub(super) status: Option<u16>,
    since: Option<Instant>,
    /// What has come of a body that was cut.
    pub(super) partial: Option<Kept>,
    /// How much had come of it, in bytes.
    came: u64,
}

/// What has come of a body that was cut, and its place among all that are kept.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) partial: Box<Partial>,
    #[allow(dead_code, reason = "it is there to be counted")]
    pub(super) place: Arc<()>,
}

impl Pending {
    pub(super) fn new(job: Job) -> Self {
        Self {
            job,
            hops: Vec::new(),
            reach: Reach::Listed,
            astray: false,
            attempts: 0,
            forgiven: 0,
            freed: false,
            failure: None,
            status: None,
            since: None,
            partial: None,
            came: 0,
        }
    }

    pub(super) fn into_job(self) -> Job {
        self.job
    }

    pub(super) fn job(&self) -> &Job {
        &self.job
    }

    /// Where it is to be fetched from now.
    pub(super) fn link(&self) -> &Link {
        self.hops.last().unwrap_or(&self.job.link)
    }

    pub(super) fn reach(&self) -> Reach {
        self.reach
    }

    pub(super) fn host(&self) -> &Host {
        self.link().host()
    }

    /// What to ask with besides the transport's own: the user's headers, as far as they are meant for where it is
    /// fetched from now, and what asks for the rest of what was cut or, in an update, "changed since?". Tells whether it
    /// asks the latter.
    pub(super) fn question(&self, users: Option<&Arc<HeaderMap>>, is_update: bool) -> (Option<Arc<HeaderMap>>, bool) {
        let users = users.filter(|_| !self.astray);
        let conditions: Vec<_> = match &self.partial {
            Some(kept) => kept.partial.conditions().into(),
            None if is_update => self.conditions().collect(),
            None => Vec::new(),
        };
        if conditions.is_empty() {
            return (users.cloned(), false);
        }
        let mut headers = users.map_or_else(HeaderMap::new, |users| (**users).clone());
        for (name, value) in conditions {
            headers.insert(name, value);
        }
        (Some(Arc::new(headers)), self.partial.is_none())
    }

    /// Keeps what has come. Tells whether that is enough more than before for the attempt to have been worth it.
    pub(super) fn keep(&mut self, kept: Kept) -> bool {
        let came = kept.partial.size();
        let was_worth_it = came >= self.came + WORTH_KEEPING;
        self.came = came;
        self.partial = Some(kept);
        was_worth_it
    }

    /// RFC 9110 §13.1.2 and §13.1.3. Both, since a server that knows entity tags passes over the time.
    fn conditions(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let validators = self.job.before.as_ref().map(|before| &before.validators);
        let etag = validators.and_then(|validators| validators.etag.as_deref());
        let time = validators.and_then(|validators| validators.last_modified.as_deref());
        let fields = [(header::IF_NONE_MATCH, etag), (header::IF_MODIFIED_SINCE, time)];
        fields.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::from_str(value?).ok()?)))
    }

    /// Counts a request that goes out.
    pub(super) fn start(&mut self, now: Instant) {
        self.since.get_or_insert(now);
        if self.hops.is_empty() {
            self.attempts += 1;
        }
    }

    /// Whether nothing was tried yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.since.is_none()
    }

    /// Whether the request that is out is the first one for the job.
    pub(super) fn is_first(&self) -> bool {
        self.attempts == 1 && self.hops.is_empty()
    }

    /// Does not count the last attempt against it.
    pub(super) fn forgive(&mut self) {
        self.forgiven += 1;
    }

    /// Takes the free attempt, if it is still there.
    pub(super) fn take_free_attempt(&mut self) -> bool {
        !std::mem::replace(&mut self.freed, true)
    }

    /// Attempts that are held against it.
    pub(super) fn held_against(&self) -> u32 {
        self.attempts.saturating_sub(self.forgiven)
    }

    /// Failed attempts that make the next wait longer: those that are held against it, and a few of the others, so that
    /// a network that is away is not asked all the time and all goes on soon after it is back.
    pub(super) fn failures(&self) -> u32 {
        (self.held_against() + self.forgiven.min(3)).max(1)
    }

    /// Goes where a redirect leads, as far as that may be.
    pub(super) fn follow(&mut self, target: Link, reach: Reach) -> Result<(), RedirectError> {
        if self.hops.len() == MAX_HOPS {
            let hops = std::mem::take(&mut self.hops).into_iter().chain([target]);
            return Err(RedirectError::TooMany(hops.collect()));
        }
        self.reach = reach;
        self.astray |= target.host() != self.job.link.host();
        self.hops.push(target);
        Ok(())
    }

    /// Back to where the list said, for another attempt.
    pub(super) fn start_over(&mut self) {
        self.hops.clear();
        self.reach = Reach::Listed;
        self.astray = false;
    }

    /// Ends it with a file that was saved.
    pub(super) fn end_saved(self, file: &StoredFile, now: Instant) -> Ended {
        let change = match self.job.before.as_deref() {
            None => Some(Change::New),
            Some(before) if before.sha256.is_some() && before.sha256 == file.sha256 => None,
            Some(_) => Some(Change::Changed),
        };
        Ended { change, bytes: file.bytes, ..self.end(Outcome::Ok, None, now) }
    }

    /// Ends it in another way.
    pub(super) fn end(self, outcome: Outcome, failure: Option<Failure>, now: Instant) -> Ended {
        let gone = outcome == Outcome::NotFound && self.job.before.is_some();
        Ended {
            entry: self.job.entry,
            link: Some(self.job.link),
            path: Some(self.job.path),
            outcome,
            status: self.status,
            change: gone.then_some(Change::Gone),
            failure,
            bytes: 0,
            attempts: self.attempts,
            elapsed: self.since.map(|since| now.duration_since(since)),
        }
    }
}

/// A duplicate has nothing to try, and neither has what is here, or was not there a short while ago.
pub(super) fn untried(job: Job, outcome: Outcome) -> Ended {
    Pending::new(job).end(outcome, None, Instant::now())
}

/// What is no entry is an error of its own.
pub(super) fn invalid(entry: Entry, error: EntryError) -> Ended {
    Ended {
        entry,
        link: None,
        path: None,
        outcome: Outcome::Error,
        change: None,
        failure: Some(error.into()),
        status: None,
        bytes: 0,
        attempts: 0,
        elapsed: None,
    }
}

/// The shortest span from which the wait after this failure is drawn.
pub(super) fn first_wait(failure: &Failure) -> Duration {
    match failure {
        Failure::Fetch(error) if matches!(error.fault, Fault::Reset | Fault::IncompleteBody) => QUICK,
        Failure::OtherPart | Failure::NotAnImage { .. } | Failure::Digest(_) => QUICK,
        _ => SLOW,
    }
}
