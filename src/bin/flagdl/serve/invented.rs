//! Flags for codes whose own is not drawn here: invented, and nobody's.
//!
//! Promises: a code's flag is always the same, and no two codes have the same
//! one.
//!
//! What surprises: the two letters can be read off it. The small disc stands
//! as far across as the first letter is in the alphabet and as far down as the
//! second; that is what keeps any two apart, whatever the stripes turn out to be.

#![expect(clippy::unreadable_literal, reason = "colours are written as the web writes them")]

use super::chance::mix;
use super::paint::Layer::{Columns, Cross, Disc, Hoist, Rows, Saltire, Star};
use super::paint::{Colour, paint};

/// What they are painted with.
const PALETTE: [Colour; 9] = [0xB5202A, 0x12437A, 0x1F7A4D, 0xF2B632, 0x6A2C70, 0x1B998B, 0xE4572E, 0x3A3A3A, 0x7FB7E6];

const WHITE: Colour = 0xFFFFFF;

/// The pixels of the flag for `code`, two lower-case letters.
pub(crate) fn invented(code: &str) -> Vec<u8> {
    let letters = code.bytes().map(|letter| letter.saturating_sub(b'a'));
    let number = letters.fold(0, |number, letter| number * 26 + u64::from(letter));
    let mut rest = mix(number);
    let mut draw = |choices: u64| {
        let drawn = rest % choices;
        rest /= choices;
        drawn
    };
    let mut colours = PALETTE.to_vec();
    let [field, second, charge] = [(); 3].map(|()| {
        let drawn = draw(u64::try_from(colours.len()).unwrap_or(1));
        colours.remove(usize::try_from(drawn).unwrap_or(0))
    });
    let spot = |letter: u64, range: f32| 0.15 + f32::from(u8::try_from(letter).unwrap_or(0)) / 25.0 * (range - 0.3);
    let disc = Disc(spot(number / 26, 1.5), spot(number % 26, 1.0), 0.09, charge);
    match draw(6) {
        0 => paint(&[Rows(&[field, second, field]), disc]),
        1 => paint(&[Columns(&[field, second, field]), disc]),
        2 => paint(&[Rows(&[field, second]), Hoist(0.75, WHITE), disc]),
        3 => paint(&[Rows(&[field]), Cross(0.55, 0.5, 0.2, second), disc]),
        4 => paint(&[Rows(&[field]), Saltire(0.16, second), disc]),
        _ => paint(&[Columns(&[field, second, second]), Star(0.75, 0.5, 0.3, WHITE), disc]),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::codes::codes;
    use super::*;

    #[test]
    fn no_two_invented_flags_look_the_same() {
        let pictures: HashSet<_> = codes().map(invented).collect();
        assert_eq!(pictures.len(), codes().count());
    }
}
