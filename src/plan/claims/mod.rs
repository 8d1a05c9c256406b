//! Which names are taken in this run, and by which link: 12 bytes an entry, in memory while they are few, then on disk.
//!
//! Promises: a name is given to one link only. Both are kept as hashes under keys drawn for each run (`SipHash`
//! 1-3), so no list can be written to make them meet by intent. By chance one of 10⁷ links that all want the same
//! name is taken for another with a probability of 4·10⁻⁸ (48 bits); that two of 10⁷ names are taken for one (56 bits)
//! has 7·10⁻⁴, and only costs the second a `~hash`. Beyond [`IN_MEMORY`] entries memory holds 4 bytes for each
//! 4096 of the file, or twice that, which comes to about a byte for 40 entries.
//!
//! What surprises: where there is no file to be had, all stays in memory, and the run goes on; what is lost by that is
//! memory. Once they are in a file, a failure to read or write it ends the run: without it two links could get one name.

mod disk;
mod memory;

use std::{
    fs::File,
    hash::{BuildHasher, RandomState},
    io,
    path::{Path, PathBuf},
};

use self::{disk::Disk, memory::Memory};
use crate::{
    link::Link,
    name::Name,
    store::{Destination, Durability, Store},
};

/// Most names that are kept in memory, which then takes 2 MiB, where a file can be had.
const IN_MEMORY: usize = 1 << 16;

/// Bits of a name's hash that are looked at, and those of them that say which shard or first page it belongs to. The
/// others are kept.
const KEY_BITS: u32 = 56;
const SHARD_BITS: u32 = KEY_BITS - 48;

/// Answer to the wish for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// It was free, and is now this link's.
    New,
    /// It is this link's already.
    Same,
    /// It is another link's.
    Taken,
}

impl Claim {
    /// For a name that `owner` has.
    fn of_taken(owner: u64, claimant: u64) -> Self {
        if owner == claimant { Self::Same } else { Self::Taken }
    }
}

/// The names taken so far.
pub(super) struct Claims {
    hashing: RandomState,
    kept: Kept,
    /// Where the file for them goes; none until it is told, and once there can be none.
    below: Option<PathBuf>,
    open: Open,
    in_memory: usize,
}

/// How the file is made; [`open`] but in tests.
type Open = fn(&Path) -> io::Result<File>;

enum Kept {
    Memory(Memory),
    Disk(Disk),
}

impl Default for Claims {
    fn default() -> Self {
        let kept = Kept::Memory(Memory::default());
        Self { hashing: RandomState::new(), kept, below: None, open, in_memory: IN_MEMORY }
    }
}

impl Claims {
    /// Says where the file may be made that they go to when they are many. The folder is made then, if it is missing.
    pub(super) fn put_below(&mut self, folder: PathBuf) {
        self.below = Some(folder);
    }

    /// Gives the name to the link if it is free.
    ///
    /// # Errors
    ///
    /// What the system says of the file that they are in.
    pub(super) fn claim(&mut self, name: &Name, link: &Link) -> io::Result<Claim> {
        let key = self.hashing.hash_one(name.folded()) >> (u64::BITS - KEY_BITS);
        // The file is made of zeros, so zero is nobody.
        let owner = (self.hashing.hash_one(link.url().as_str()) >> 16).max(1);
        self.move_when_many();
        match &mut self.kept {
            Kept::Memory(memory) => Ok(memory.claim(key, owner)),
            Kept::Disk(disk) => disk.claim(key, owner),
        }
    }

    /// Puts all into a file once they are many; if that fails, they stay where they are, and it is not tried again.
    fn move_when_many(&mut self) {
        if let Kept::Memory(memory) = &self.kept
            && memory.len() >= self.in_memory
            && let Some(folder) = self.below.take()
            && let Ok(disk) = (self.open)(&folder).and_then(|file| Disk::of(file, memory))
        {
            self.kept = Kept::Disk(disk);
        }
    }
}

/// A file that never gets a name, below a folder that is made if it is missing.
fn open(folder: &Path) -> io::Result<File> {
    let destination = Destination::make(folder, Durability::None).map_err(io::Error::other)?;
    Store::open(destination).map_err(io::Error::other)?.scratch()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    impl Claims {
        pub(in crate::plan) fn are_on_disk(&self) -> bool {
            matches!(self.kept, Kept::Disk(_))
        }

        /// Has them go to a file when there are more of them than that.
        pub(in crate::plan) fn keep_in_memory(&mut self, most: usize) {
            self.in_memory = most;
        }

        /// Has them in a file that can only be read.
        pub(in crate::plan) fn fail_on_disk(&mut self) {
            self.kept = Kept::Disk(disk::tests::read_only());
        }
    }

    fn link(text: &str) -> Link {
        Link::parse(text).expect(text)
    }

    /// Claims `x0`, `x1`, … for one link each, and again, and for another.
    fn claim_all(claims: &mut Claims, count: usize) {
        let other = link("http://other/");
        for number in 0..count {
            let link = link(&format!("http://h/{number}"));
            let name = Name::new(&format!("x{number}"), &link);
            assert_eq!(claims.claim(&name, &link).expect("a file"), Claim::New, "{number}");
            let earlier = Name::new(&format!("x{}", number / 2), &other);
            assert_eq!(claims.claim(&name, &link).expect("a file"), Claim::Same, "{number}");
            assert_eq!(claims.claim(&earlier, &other).expect("a file"), Claim::Taken, "{number}");
        }
    }

    #[test]
    fn a_name_is_given_to_one_link_only() {
        let mut claims = Claims::default();
        let [a, b] = ["http://a/x.jpg", "http://b/x.jpg"].map(link);
        let [lower, upper] = ["x.jpg", "X.JPG"].map(|name| Name::new(name, &a));
        let mut claim = |name, link| claims.claim(name, link).expect("memory");
        assert_eq!(claim(&lower, &a), Claim::New);
        assert_eq!(claim(&lower, &a), Claim::Same);
        assert_eq!(claim(&lower, &b), Claim::Taken);
        assert_eq!(claim(&upper, &b), Claim::Taken, "some systems ignore case");
    }

    #[test]
    fn many_move_to_a_file_without_a_name_and_a_folder_is_made_for_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let below = folder.path().join("not/yet");
        let mut claims = Claims { in_memory: 100, ..Claims::default() };
        claims.put_below(below.clone());
        claim_all(&mut claims, 100);
        assert!(claims.are_on_disk());
        let files = |folder: &Path| fs::read_dir(folder).expect("it was made").count();
        assert_eq!((files(&below), files(&below.join(".flagdl"))), (1, 0), "the file has no name");
    }

    #[test]
    fn few_need_neither_file_nor_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let below = folder.path().join("out");
        let mut claims = Claims { in_memory: 101, ..Claims::default() };
        claims.put_below(below.clone());
        claim_all(&mut claims, 100);
        assert!(!claims.are_on_disk() && !below.exists());
    }

    #[test]
    fn without_a_file_they_stay_in_memory_and_nothing_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("written");
        let cannot_be_made = |_: &Path| Err(io::ErrorKind::StorageFull.into());
        let cannot_be_written = |folder: &Path| File::open(folder.join("file"));
        for (open, below) in
            [(open as Open, &*file), (cannot_be_made, folder.path()), (cannot_be_written, folder.path())]
        {
            let mut claims = Claims { in_memory: 100, open, ..Claims::default() };
            claims.put_below(below.to_owned());
            claim_all(&mut claims, 300);
            assert!(!claims.are_on_disk());
        }
    }
}
