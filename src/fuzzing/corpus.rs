//! Inputs to begin with, and changes to them.
//!
//! Promises: the same numbers make the same input, from the same corpus.
//!
//! What surprises: a change is one number, whoever draws it. So a test can leave changes out one by one until only those
//! are left that break something, and a run of a million can be told by its seed.

use std::{fs, io, path::PathBuf};

use super::Target;

/// The most that an input grows to by changes, in bytes.
const LARGEST: usize = 64 * 1024;

/// Bytes at which lengths overflow, and that separate things.
const EDGES: [u8; 9] = [0, 1, 0x7F, 0x80, 0xFF, b'\n', b' ', b'0', b'9'];

/// The inputs of a target that are kept below `fuzz/corpus`.
#[derive(Debug)]
pub struct Corpus {
    inputs: Vec<(String, Vec<u8>)>,
    tokens: &'static [&'static [u8]],
}

impl Corpus {
    /// Reads all of a target.
    ///
    /// # Errors
    ///
    /// Where the folder or a file in it cannot be read: it is in the repository, and not in the package.
    pub fn of(target: &Target) -> io::Result<Self> {
        let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "fuzz", "corpus", target.name].iter().collect();
        let mut inputs = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            inputs.push((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?));
        }
        inputs.sort();
        Ok(Self { inputs, tokens: target.tokens })
    }

    /// The inputs as they are, with their names.
    pub fn inputs(&self) -> &[(String, Vec<u8>)] {
        &self.inputs
    }

    /// One of the inputs, after these changes.
    pub fn changed(&self, which: u64, changes: &[u64]) -> Vec<u8> {
        let mut input = self.input(which).to_vec();
        for change in changes {
            self.change(&mut input, *change);
            input.truncate(LARGEST);
        }
        input
    }

    fn input(&self, which: u64) -> &[u8] {
        let count = self.inputs.len().max(1) as u64;
        let which = usize::try_from(which % count).expect("below the number of inputs");
        self.inputs.get(which).map_or(&[], |(_, input)| input)
    }

    fn change(&self, input: &mut Vec<u8>, number: u64) {
        let mut chance = fastrand::Rng::with_seed(number);
        let place = chance.usize(..=input.len());
        let longest = 1 << chance.u32(..7);
        let end = (place + 1 + chance.usize(..longest)).min(input.len());
        match chance.u8(..10) {
            0 => input.truncate(place),
            1 => drop(input.drain(place..end)),
            2 => input.splice(place..place, [EDGES[chance.usize(..EDGES.len())]]).for_each(drop),
            3 | 4 if !self.tokens.is_empty() => {
                let token = self.tokens[chance.usize(..self.tokens.len())];
                // In the place of something, or before it.
                let end = if chance.bool() { place } else { (place + token.len()).min(input.len()) };
                input.splice(place..end, token.iter().copied()).for_each(drop);
            }
            5 => {
                let other = self.input(chance.u64(..));
                let from = chance.usize(..=other.len());
                let to = (from + chance.usize(..64)).min(other.len());
                input.splice(place..place, other[from..to].iter().copied()).for_each(drop);
            }
            6 => {
                let again = input[place..end].to_vec();
                input.splice(place..place, again).for_each(drop);
            }
            kind => {
                if let Some(byte) = input.get_mut(place) {
                    *byte = match kind {
                        7 => *byte ^ 1 << chance.u8(..8),
                        8 => EDGES[chance.usize(..EDGES.len())],
                        _ => chance.u8(..),
                    };
                }
            }
        }
    }
}
