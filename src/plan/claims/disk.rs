//! Claims in a file: an extendible hash table (Fagin, Nievergelt, Pippenger and Strong, 1979).
//!
//! Promises: a claim reads one page and writes at most 12 bytes, but where a page is full: then it is split in two. The
//! keys are hashes under keys of this run, so pages fill alike, whatever the names are.
//!
//! What surprises: there is no cache here. The system's page cache has the file, gives it up where memory is short, and
//! need never write what is gone with the run soon enough. Nor does a page say how far it has been split: the pages are
//! in the order of the keys' leading bits, so that the directory tells it by how often a page stands in it.

use std::{fs::File, io, iter, ops::Range, os::unix::fs::FileExt};

use super::{Claim, KEY_BITS, SHARD_BITS, memory::Memory};
use crate::disk::{self, Call, Open};

/// Bytes of a page. 341 slots fit, and 4 bytes are left over.
const PAGE: usize = 4096;

/// Bytes of a slot: 6 of the key, 6 of the owner. The slots of a page are taken from its beginning on, and those that
/// are not are zero.
const SLOT: usize = 12;

/// Most entries of the directory for each page. One or two are usual, since keys that are hashes fill all pages alike; so
/// many only come from a file that does not hold what was written.
const MOST_ENTRIES: usize = 256;

const LOW_48: u64 = (1 << 48) - 1;

/// Names, and whose they are.
pub(super) struct Disk {
    file: File,
    /// The page of each value of the keys' leading bits.
    directory: Vec<u32>,
    /// How many leading bits those are.
    bits: u32,
    /// Pages in the file.
    pages: u32,
    /// The page that was read last.
    page: Box<[u8]>,
}

/// What a page says of a key.
enum Place {
    /// Taken, by this owner.
    Taken(u64),
    /// To be put at this byte.
    Free(usize),
    /// There is no room.
    Full,
}

impl Disk {
    /// In an empty file, all that is in memory.
    pub(super) fn of(file: File, memory: &Memory) -> io::Result<Self> {
        let mut disk = Self::with_pages_of(PAGE, file)?;
        for (key, owner) in memory.all() {
            disk.claim(key, owner)?;
        }
        Ok(disk)
    }

    /// With nothing in it, in an empty file.
    fn with_pages_of(bytes: usize, file: File) -> io::Result<Self> {
        let directory: Vec<u32> = (0..1 << SHARD_BITS).collect();
        disk::call(&file, Call::Resize, || file.set_len((directory.len() * bytes) as u64))?;
        let page = vec![0; bytes].into();
        Ok(Self { file, directory, bits: SHARD_BITS, pages: 1 << SHARD_BITS, page })
    }

    pub(super) fn claim(&mut self, key: u64, owner: u64) -> io::Result<Claim> {
        loop {
            let number = self.directory[self.index(key)];
            let offset = self.offset(number);
            Open(&self.file).read_exact_at(&mut self.page, offset)?;
            match find(&self.page, key & LOW_48) {
                Place::Taken(other) => return Ok(Claim::of_taken(other, owner)),
                Place::Free(at) => {
                    Open(&self.file).write_all_at(&slot(key, owner), offset + at as u64)?;
                    return Ok(Claim::New);
                }
                Place::Full => self.split(key)?,
            }
        }
    }

    /// Makes two of the page that was read last, which is this key's.
    fn split(&mut self, key: u64) -> io::Result<()> {
        if self.range(key).len() == 1 {
            self.double()?;
        }
        let Range { start, end } = self.range(key);
        let middle = usize::midpoint(start, end);
        let mut halves = [const { Vec::new() }; 2].map(|_: Vec<u8>| Vec::with_capacity(self.page.len()));
        for slot in self.page.chunks_exact(SLOT) {
            // All of a page have the bits in common that are not kept.
            let key = key & !LOW_48 | kept_key(slot);
            halves[usize::from(self.index(key) >= middle)].extend_from_slice(slot);
        }
        let (number, new) = (self.directory[start], self.pages);
        for (mut half, number) in halves.into_iter().zip([number, new]) {
            half.resize(self.page.len(), 0);
            Open(&self.file).write_all_at(&half, self.offset(number))?;
        }
        self.directory[middle..end].fill(new);
        self.pages += 1;
        Ok(())
    }

    /// Has the directory go by one bit more.
    fn double(&mut self) -> io::Result<()> {
        if self.directory.len() >= MOST_ENTRIES * self.pages as usize {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.directory = self.directory.iter().flat_map(|page| iter::repeat_n(*page, 2)).collect();
        self.bits += 1;
        Ok(())
    }

    /// Where the key's page stands in the directory.
    fn range(&self, key: u64) -> Range<usize> {
        let at = self.index(key);
        let others = |page: &&u32| **page == self.directory[at];
        let before = self.directory[..at].iter().rev().take_while(others).count();
        at - before..at + self.directory[at..].iter().take_while(others).count()
    }

    fn index(&self, key: u64) -> usize {
        usize::try_from(key >> (KEY_BITS - self.bits)).expect("a few bits fit")
    }

    fn offset(&self, page: u32) -> u64 {
        u64::from(page) * self.page.len() as u64
    }
}

fn find(page: &[u8], key: u64) -> Place {
    for (index, slot) in page.chunks_exact(SLOT).enumerate() {
        let owner = kept_owner(slot);
        if owner == 0 {
            return Place::Free(index * SLOT);
        }
        if kept_key(slot) == key {
            return Place::Taken(owner);
        }
    }
    Place::Full
}

fn slot(key: u64, owner: u64) -> [u8; SLOT] {
    let both = u128::from(key & LOW_48) | u128::from(owner) << 48;
    *both.to_le_bytes().first_chunk().expect("sixteen are more than twelve")
}

fn kept_key(slot: &[u8]) -> u64 {
    slot.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes) & LOW_48)
}

fn kept_owner(slot: &[u8]) -> u64 {
    slot.last_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes) >> 16)
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Instant;

    use proptest::prelude::*;

    use super::*;

    fn disk(page: usize) -> Disk {
        Disk::with_pages_of(page, tempfile::tempfile().expect("a file")).expect("a file")
    }

    /// With nothing in it, in a file that can only be read.
    pub(in crate::plan::claims) fn read_only() -> Disk {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let disk = Disk::with_pages_of(PAGE, file.reopen().expect("a file")).expect("a file");
        Disk { file: File::open(file.path()).expect("a file"), ..disk }
    }

    /// A key of one of two shards, spread by its number as a hash is.
    fn key(number: u64) -> u64 {
        (number & 1) << 48 | number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16
    }

    proptest! {
        #[test]
        fn whatever_is_claimed_memory_and_disk_answer_the_same(
            claims in proptest::collection::vec((0_u64..300, 1_u64..4), 0..600),
            slots in 2_usize..6,
            first in 0_usize..300,
        ) {
            let mut memory = Memory::default();
            for (number, owner) in claims.iter().take(first) {
                memory.claim(key(*number), *owner);
            }
            let mut disk = disk(slots * SLOT + 1);
            for (key, owner) in memory.all() {
                prop_assert_eq!(disk.claim(key, owner).expect("a file"), Claim::New);
            }
            for (number, owner) in claims.iter().skip(first) {
                let expected = memory.claim(key(*number), *owner);
                prop_assert_eq!(disk.claim(key(*number), *owner).expect("a file"), expected);
            }
            prop_assert_eq!(disk.file.metadata().expect("a file").len(), disk.offset(disk.pages));
        }
    }

    #[test]
    fn full_pages_are_split_and_nothing_in_them_is_lost() {
        const COUNT: u64 = 20_000;
        let mut disk = disk(10 * SLOT);
        for number in 0..COUNT {
            assert_eq!(disk.claim(key(number), number + 1).expect("a file"), Claim::New);
        }
        for number in 0..COUNT {
            assert_eq!(disk.claim(key(number), number + 1).expect("a file"), Claim::Same);
            assert_eq!(disk.claim(key(number), number + 2).expect("a file"), Claim::Taken);
        }
        let used = u64::from(disk.pages - (1 << SHARD_BITS)) * 10;
        assert!((COUNT..COUNT * 2).contains(&used), "{used} slots");
    }

    #[test]
    fn a_file_that_cannot_be_written_or_read_is_told() {
        read_only().claim(1, 1).expect_err("it cannot be written");
        let mut disk = disk(PAGE);
        assert_eq!(disk.claim(1, 1).expect("a file"), Claim::New);
        disk.file.set_len(1).expect("shorter");
        assert_eq!(disk.claim(1, 1).expect_err("it is too short").kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_page_that_is_not_what_was_written_is_told_and_takes_no_memory() {
        let mut disk = disk(PAGE);
        for at in (0..PAGE - SLOT).step_by(SLOT) {
            disk.file.write_all_at(&slot(7, 7), at as u64).expect("written");
        }
        assert_eq!(disk.claim(8, 1).expect_err("all keys are one").kind(), io::ErrorKind::InvalidData);
        assert!(disk.directory.len() <= 1 << 17, "{} entries", disk.directory.len());
    }

    #[test]
    #[ignore = "measures, and wants the release profile"]
    fn ten_million_claims_cost_a_few_microseconds_each() {
        const COUNT: u64 = 10_000_000;
        let mut disk = Disk::with_pages_of(PAGE, tempfile::tempfile_in(".").expect("a file")).expect("a file");
        let mut begun = Instant::now();
        let mut random = fastrand::Rng::with_seed(1);
        for number in 1..=COUNT {
            let claimed = disk.claim(random.u64(..) >> 8, number);
            assert_eq!(claimed.expect("a file"), Claim::New);
            if number % 1_000_000 == 0 {
                let each = begun.elapsed().as_nanos() / 1_000_000;
                assert!(each < 20_000, "{each} ns an entry at {number}");
                let line = format!("{number}: {each} ns each, {} pages, {} bits\n", disk.pages, disk.bits);
                io::Write::write_all(&mut io::stderr(), line.as_bytes()).expect("a terminal");
                begun = Instant::now();
            }
        }
    }
}
