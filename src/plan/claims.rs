//! Which names are taken in this run, and by which link: 16 bytes an entry.
//!
//! Promises: a name is given to one link only. Both are kept as hashes under keys drawn for each run (`SipHash`
//! 1-3), so no list can be written to make them meet by intent; by chance two of 10⁷ links are taken for
//! one with a probability below 10⁻¹², and two names for one, which only costs a `~hash`, below 10⁻⁵.
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
    shards: Vec<HashMap<Hashed, u64, BuildHasherDefault<AsItIs>>>,
}

impl Default for Claims {
    fn default() -> Self {
        Self { hashing: RandomState::new(), shards: vec![HashMap::default(); SHARDS] }
    }
}

impl Claims {
    pub(super) fn claim(&mut self, name: &Name, link: &Link) -> Claim {
        let key = self.hashing.hash_one(name.folded());
        let owner = self.hashing.hash_one(link.url().as_str());
        let shard = usize::try_from(key >> 58).expect("six bits fit");
        match self.shards[shard].entry(Hashed(key)) {
            Entry::Vacant(free) => {
                free.insert(owner);
                Claim::New
            }
            Entry::Occupied(taken) if *taken.get() == owner => Claim::Same,
            Entry::Occupied(_) => Claim::Taken,
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
struct Hashed(u64);

impl Hash for Hashed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The top bits chose the shard; rotated, so that the table does not see the same ones again.
        state.write_u64(self.0.rotate_left(6));
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
