//! Which bytes of the file are free.
//!
//! Promises: no byte is given out twice; what is given back is given out again before the file grows; when all is
//! given back, the file's end is its beginning.
//!
//! What surprises: without this a run in which one host always has jobs here would let the file grow for ever, and
//! take the space that the downloads need.

use std::collections::BTreeMap;

/// The free bytes of a file, and its end.
#[derive(Debug, Default)]
pub(super) struct Extents {
    /// Where free bytes are, and how many; no two touch each other or the end.
    holes: BTreeMap<u64, u64>,
    end: u64,
    used: u64,
}

impl Extents {
    /// Where so many bytes may be written: in the first hole that is large enough, or at the end.
    pub(super) fn take(&mut self, length: u64) -> u64 {
        self.used += length;
        let found = self.holes.iter().find(|(_, hole)| **hole >= length).map(|(at, hole)| (*at, *hole));
        let Some((at, hole)) = found else {
            self.end += length;
            return self.end - length;
        };
        self.holes.remove(&at);
        if hole > length {
            self.holes.insert(at + length, hole - length);
        }
        at
    }

    /// Gives bytes back that were taken.
    pub(super) fn give_back(&mut self, at: u64, length: u64) {
        self.used -= length;
        let (mut from, mut to) = (at, at + length);
        if let Some(after) = self.holes.remove(&to) {
            to += after;
        }
        if let Some((&before, &hole)) = self.holes.range(..from).next_back()
            && before + hole == from
        {
            self.holes.remove(&before);
            from = before;
        }
        if to == self.end {
            self.end = from;
        } else {
            self.holes.insert(from, to - from);
        }
    }

    /// Where the last byte that is taken ends.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// How many bytes are taken.
    pub(super) fn used(&self) -> u64 {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_given_back_is_given_out_again_before_the_file_grows() {
        let mut extents = Extents::default();
        let taken = [10, 10, 10, 10].map(|length| extents.take(length));
        assert_eq!(taken, [0, 10, 20, 30]);
        extents.give_back(20, 10);
        extents.give_back(0, 10);
        extents.give_back(10, 10);
        assert_eq!([5, 25, 1].map(|length| extents.take(length)), [0, 5, 40]);
        assert_eq!((extents.used(), extents.end()), (41, 41));
    }

    proptest! {
        #[test]
        fn no_byte_is_given_out_twice(steps in proptest::collection::vec((1_u64..50, any::<Option<prop::sample::Index>>()), 1..80)) {
            let mut extents = Extents::default();
            let mut taken: Vec<(u64, u64)> = Vec::new();
            for (length, given_back) in steps {
                match given_back {
                    Some(index) if !taken.is_empty() => {
                        let (at, length) = taken.swap_remove(index.index(taken.len()));
                        extents.give_back(at, length);
                    }
                    _ => taken.push((extents.take(length), length)),
                }
                let mut sorted = taken.clone();
                sorted.sort_unstable();
                prop_assert!(sorted.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0));
                prop_assert_eq!(extents.end(), sorted.last().map_or(0, |(at, length)| at + length));
                prop_assert_eq!(extents.used(), sorted.iter().map(|(_, length)| length).sum::<u64>());
                prop_assert_eq!(extents.used() + extents.holes.values().sum::<u64>(), extents.end());
            }
            for (at, length) in taken {
                extents.give_back(at, length);
            }
            prop_assert_eq!((extents.end(), extents.holes.len()), (0, 0));
        }
    }
}
