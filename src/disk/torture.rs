//! Calls that fail when a test wants it: "the third link below this folder is told that the disk is full".
//!
//! Promises: only calls about what is below the folder of a [`Torture`] are counted and made to fail, whichever thread
//! makes them; tests that run at the same time do not notice.
//!
//! What surprises: calls are numbered for each kind, because threads take turns as they like: the third link is nearly
//! the same call in each run, the hundredth call is not. Where an open file is, the system is asked (`/proc/self/fd`).

use std::{
    collections::BTreeMap,
    fmt, fs,
    os::fd::{AsFd, AsRawFd},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use rustix::io::Errno;

use super::{Call, Place};

/// What a call can be: one to the file system, or one of those that have modules of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Disk(Call),
    /// A question to the ledger's database.
    Database,
    /// A request that goes out.
    Send,
    /// A piece of a body.
    Chunk,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    Error(Errno),
    /// Half of the bytes are written.
    Short,
}

/// A call that fails, by its number among those of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) kind: Kind,
    pub(crate) number: usize,
    pub(crate) trouble: Trouble,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} ", self.kind, self.number)?;
        match self.trouble {
            Trouble::Error(error) => write!(f, "{}", std::io::Error::from(error)),
            Trouble::Short => f.write_str("cut short"),
        }
    }
}

/// Counts the calls about what is below a folder, and has one of them fail. Until it is dropped.
pub(crate) struct Torture(Arc<Rack>);

struct Rack {
    root: PathBuf,
    point: Option<Point>,
    /// What the file system does not have: it always fails, and is not counted.
    lacks: Vec<(Call, Errno)>,
    counts: Mutex<BTreeMap<Kind, usize>>,
}

static RACKS: RwLock<Vec<Arc<Rack>>> = RwLock::new(Vec::new());

impl Torture {
    pub(crate) fn new(root: &Path, lacks: &[(Call, Errno)], point: Option<Point>) -> Self {
        let root = root.canonicalize().expect("a folder");
        let rack = Arc::new(Rack { root, point, lacks: lacks.to_vec(), counts: Mutex::default() });
        RACKS.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&rack));
        Self(rack)
    }

    /// How many calls of each kind there were.
    pub(crate) fn counts(&self) -> BTreeMap<Kind, usize> {
        self.0.counts().clone()
    }
}

impl Drop for Torture {
    fn drop(&mut self) {
        RACKS.write().unwrap_or_else(PoisonError::into_inner).retain(|rack| !Arc::ptr_eq(rack, &self.0));
    }
}

impl Rack {
    fn counts(&self) -> MutexGuard<'_, BTreeMap<Kind, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn meet(&self, kind: Kind) -> Option<Trouble> {
        if let Some((_, error)) = self.lacks.iter().find(|(call, _)| Kind::Disk(*call) == kind) {
            return Some(Trouble::Error(*error));
        }
        let mut counts = self.counts();
        let number = counts.entry(kind).or_default();
        *number += 1;
        self.point.filter(|point| point.kind == kind && point.number == *number).map(|point| point.trouble)
    }
}

/// What happens to a call about what is in a place.
pub(crate) fn meet(place: &(impl Place + ?Sized), kind: Kind) -> Option<Trouble> {
    let racks = RACKS.read().unwrap_or_else(PoisonError::into_inner);
    if racks.is_empty() {
        return None;
    }
    let path = place.path()?;
    racks.iter().find(|rack| path.starts_with(&rack.root))?.meet(kind)
}

pub(super) fn admit(place: &(impl Place + ?Sized), call: Call, bytes: usize) -> Result<usize, Errno> {
    match meet(place, Kind::Disk(call)) {
        None => Ok(bytes),
        Some(Trouble::Error(error)) => Err(error),
        Some(Trouble::Short) => Ok(bytes.div_ceil(2)),
    }
}

/// Where an open file is, or was before it lost its name.
pub(super) fn path_of(file: &impl AsFd) -> Option<PathBuf> {
    fs::read_link(format!("/proc/self/fd/{}", file.as_fd().as_raw_fd())).ok()
}
