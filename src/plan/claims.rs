//! Which names are taken in this run, and by which link: 12 bytes an entry.
//!
//! Promises: a name is given to one link only. Both are kept as hashes under keys drawn for each run (`SipHash`
//! 1-3), so no list can be written to make them meet by intent. By chance one of 10⁷ links that all want the same
//! name is taken for another with a probability of 4·10⁻⁸ (48 bits); that two of 10⁷ names are taken for one
//! (48 bits, and 6 more of the shard) has 3·10⁻³, and only costs the second a `~hash`.
//!
//! What surprises: the table is cut into shards, because a hash table doubles when it is full and would
//! need one and a half times its memory for a moment.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState},
};

use crate::{link::Link, name::Name};

const SHARDS: usize = 64;

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

/// The names taken so far.
pub(super) struct Claims {
    hashing: RandomState,
    shards: Vec<HashMap<Hashed, Hashed, BuildHasherDefault<AsItIs>>>,
}

impl Default for Claims {
    fn default() -> Self {
        Self { hashing: RandomState::new(), shards: vec![HashMap::default(); SHARDS] }
    }
}

impl Claims {
    pub(super) fn claim(&mut self, name: &Name, link: &Link) -> Claim {
        let key = self.hashing.hash_one(name.folded());
        let owner = Hashed::new(self.hashing.hash_one(link.url().as_str()));
        let shard = usize::try_from(key >> 58).expect("six bits fit");
        match self.shards[shard].entry(Hashed::new(key)) {
            Entry::Vacant(free) => {
                free.insert(owner);
                Claim::New
            }
            Entry::Occupied(taken) if *taken.get() == owner => Claim::Same,
            Entry::Occupied(_) => Claim::Taken,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_to_one_link_only() {
        let mut claims = Claims::default();
        let [a, b] = ["http://a/x.jpg", "http://b/x.jpg"].map(|url| Link::parse(url).expect(url));
        let [lower, upper] = ["x.jpg", "X.JPG"].map(|name| Name::new(name, &a));
        assert_eq!(claims.claim(&lower, &a), Claim::New);
        assert_eq!(claims.claim(&lower, &a), Claim::Same);
        assert_eq!(claims.claim(&lower, &b), Claim::Taken);
        assert_eq!(claims.claim(&upper, &b), Claim::Taken, "some systems ignore case");
    }
}
