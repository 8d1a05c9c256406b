//! Claims in memory: a hash table of 12 bytes an entry.
//!
//! Promises: nothing can fail here.
//!
//! What surprises: the table is cut into shards, because a hash table doubles when it is full and would need one and a
//! half times its memory for a moment, which counts where they are many and no file is to be had.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasherDefault, Hash, Hasher},
};

use super::{Claim, KEY_BITS, SHARD_BITS};

/// Names, and whose they are.
pub(super) struct Memory {
    shards: Vec<HashMap<Hashed, Hashed, BuildHasherDefault<AsItIs>>>,
    length: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self { shards: vec![HashMap::default(); 1 << SHARD_BITS], length: 0 }
    }
}

impl Memory {
    /// How many names are here.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    pub(super) fn claim(&mut self, key: u64, owner: u64) -> Claim {
        let shard = usize::try_from(key >> (KEY_BITS - SHARD_BITS)).expect("eight bits fit");
        match self.shards[shard].entry(Hashed::new(key)) {
            Entry::Vacant(free) => {
                free.insert(Hashed::new(owner));
                self.length += 1;
                Claim::New
            }
            Entry::Occupied(taken) => Claim::of_taken(taken.get().get(), owner),
        }
    }

    /// All keys and owners.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, u64)> {
        (0..).zip(&self.shards).flat_map(|(shard, table): (u64, _)| {
            table.iter().map(move |(key, owner)| (shard << (KEY_BITS - SHARD_BITS) | key.get(), owner.get()))
        })
    }
}

/// The lower 48 bits of a hash; in this form, because a `u64` would be padded to twice its alignment.
#[derive(Clone, PartialEq, Eq)]
struct Hashed([u16; 3]);

impl Hashed {
    fn new(hash: u64) -> Self {
        let part = |index: u32| u16::try_from(hash >> (16 * index) & 0xffff).expect("sixteen bits fit");
        Self([part(0), part(1), part(2)])
    }

    fn get(&self) -> u64 {
        let [a, b, c] = self.0.map(u64::from);
        c << 32 | b << 16 | a
    }
}

impl Hash for Hashed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c] = self.0.map(u64::from);
        // The table looks at the top 7 bits and at the lowest, so the 48 are spread over the 64.
        state.write_u64(a << 48 | b << 32 | c << 16 | (a ^ b ^ c));
    }
}

/// A hasher for what is a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only whole hashes are written");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
