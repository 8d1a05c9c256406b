//! Names that change under a run: now a folder or a file, now a symbolic link that leads out of the destination.
//!
//! Promises: whatever a name is at the moment at which flagdl comes to it, nothing outside is made, changed or removed.
//!
//! What surprises: the harness holds the second half of each test, since it watches all around the destination. The
//! swap is one system call, so at no moment is there nothing of that name. flagdl's own folder is not swapped: `SQLite`
//! opens its files by path, which `SECURITY.md` says.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::{
    pictures::jpeg,
    server::{Answer, Server},
    workspace::{DEST, Workspace},
};

/// Swaps at least, over all runs together.
const SWAPS: usize = 100_000;

/// Runs at most, so that a machine on which swaps are slow ends too.
const RUNS: usize = 40;

const CODES: usize = 600;

/// How many of each kind of name are swapped.
const PAIRS: usize = 10;

/// Two things that change places: one under the name of an entry, the other beside it.
struct Pair(PathBuf, PathBuf);

impl Pair {
    fn swap(&self) {
        // A run may just have put a file in the place of one of them; what is swapped then is that.
        let _ = renameat_with(CWD, &self.0, CWD, &self.1, RenameFlags::EXCHANGE);
    }
}

/// Folders and files in the destination, and symbolic links to those outside that they change places with.
fn pairs(dest: &Path, outside: &Path) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for number in 0..PAIRS {
        let (folder, file) = (outside.join(format!("folder{number}")), outside.join(format!("file{number}.jpg")));
        let missing = outside.join(format!("missing{number}.jpg"));
        fs::create_dir(&folder).expect("made");
        fs::write(folder.join("inner.jpg"), "not ours").expect("written");
        fs::write(&file, "not ours").expect("written");
        for (kind, target) in [("d", &folder), ("f", &file), ("n", &missing)] {
            let (name, link) = (dest.join(format!("{kind}{number}.jpg")), dest.join(format!("{kind}{number}.link")));
            if kind == "d" { fs::create_dir(&name) } else { fs::write(&name, "here") }.expect("made");
            symlink(target, &link).expect("made");
            pairs.push(Pair(name, link));
        }
    }
    pairs
}

#[test]
fn no_swap_of_a_name_for_a_link_leads_a_run_outside() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("it")));
    let (dest, outside) = (work.path(DEST), work.path("outside"));
    fs::create_dir(&dest).expect("made");
    fs::create_dir(&outside).expect("made");
    let pairs = pairs(&dest, &outside);
    let mut codes: Vec<_> = (0..CODES).map(|code| format!("c{code}")).collect();
    for number in 0..PAIRS {
        for kind in ["d", "f", "n"] {
            codes.insert(number * 37, format!("{kind}{number}"));
        }
    }
    let list = work.list_of(&codes);
    let (swaps, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for pair in &pairs {
                    pair.swap();
                }
                swaps.fetch_add(pairs.len(), Ordering::Relaxed);
            }
        });
        let mut runs = 0;
        while swaps.load(Ordering::Relaxed) < SWAPS && runs < RUNS || runs < 2 {
            runs += 1;
            // A name that is no plain file at the moment is an error of its entry, and of no other.
            let told =
                work.flagdl(["--overwrite", "-c", "8", "-u", &server.url(""), "--format", "ndjson", &list]).run();
            let bad: Vec<_> = told.entries().into_iter().filter(|entry| entry["outcome"] != "ok").collect();
            assert!(told.code == Some(0) || told.code == Some(1), "{told}");
            for entry in bad {
                let code = entry["entry"].as_str().unwrap_or_default();
                assert!(!code.starts_with('c'), "{entry}");
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    for number in 0..PAIRS {
        let file = fs::read(outside.join(format!("file{number}.jpg"))).expect("it is still there");
        assert_eq!(file, b"not ours");
        let inner = fs::read_dir(outside.join(format!("folder{number}"))).expect("it is still there");
        assert_eq!(inner.count(), 1, "folder{number} has got more");
        assert!(!outside.join(format!("missing{number}.jpg")).exists());
    }
}
