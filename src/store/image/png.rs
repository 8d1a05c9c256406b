//! PNG and APNG: the signature, IHDR first, and a whole IEND chunk (PNG third edition, §5).
//!
//! Promises: the usual file, whose last bytes are IEND with its checksum, is settled by its first and last bytes. Any
//! other is walked chunk by chunk, and what follows its IEND passes.
//!
//! What surprises: checksums of other chunks are not computed, since that would read the whole file. Apple's variant
//! for apps, which begins with a `CgBI` chunk, is refused: nothing but Apple's own programs shows it.

use super::verdict::{Fault, Missing};
use super::window::Window;

/// Length, name and checksum of the chunk that ends a PNG: always the same, since it has no content.
const END: [u8; 12] = [0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xAE, 0x42, 0x60, 0x82];
const SIGNATURE: u64 = 8;
/// Length and name.
const HEADER: u64 = 8;
const CHECKSUM: u64 = 4;
const IHDR: u64 = 13;

pub(super) fn check(window: &mut Window<'_>) -> Result<(), Fault> {
    let first: [u8; 8] = window.array(SIGNATURE)?;
    if first != [0, 0, 0, 13, b'I', b'H', b'D', b'R'] {
        return Err(Fault::Malformed("whose first chunk is not its header"));
    }
    let second = SIGNATURE + HEADER + IHDR + CHECKSUM;
    window.require(second)?;
    match window.size().checked_sub(END.len() as u64) {
        Some(last) if last >= second && window.array(last)? == END => Ok(()),
        _ => walk(window, second),
    }
}

fn walk(window: &mut Window<'_>, mut offset: u64) -> Result<(), Fault> {
    loop {
        if offset == window.size() {
            return Err(Fault::Cut(Missing::End));
        }
        let length = window.u32_be(offset)?;
        let name: [u8; 4] = window.array(offset + 4)?;
        if length > i32::MAX.unsigned_abs() || !name.iter().all(u8::is_ascii_alphabetic) {
            return Err(Fault::Malformed("with bytes that are no chunk where one must begin"));
        }
        let end = offset + HEADER + u64::from(length) + CHECKSUM;
        window.require(end)?;
        if &name == b"IEND" {
            return ended(window, offset);
        }
        offset = end;
    }
}

fn ended(window: &mut Window<'_>, offset: u64) -> Result<(), Fault> {
    if window.array(offset)? == END { Ok(()) } else { Err(Fault::Malformed("whose end has a wrong checksum")) }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{self, assert_cut, assert_malformed, assert_whole};
    use super::super::verdict::Format;
    use super::*;

    const PNG: Format = Format::Png;

    #[test]
    fn what_follows_the_end_passes() {
        for trailer in [&b"\0"[..], b"\r\n", &vec![0; 100_000], &samples::gif()] {
            assert_whole(PNG, &[&samples::png()[..], trailer].concat());
        }
    }

    #[test]
    fn an_end_that_belongs_to_no_chunk_does_not_count_in_a_walk() {
        // Inside another chunk the twelve bytes are content; behind them the file goes on, so the chunks are walked.
        let header = &samples::png()[..33];
        let chunk = samples::png_chunk(*b"teXt", &END);
        assert_cut(PNG, &[header, &chunk].concat());
    }

    #[test]
    fn zeros_where_the_end_should_be_do_not_pass() {
        let mut bytes = samples::png();
        let size = bytes.len();
        bytes[size - 12..].fill(0);
        bytes.resize(size + 4096, 0);
        assert_malformed(PNG, &bytes);
    }

    #[test]
    fn the_header_comes_first_and_the_end_has_its_checksum() {
        let mut swapped = samples::png();
        swapped[12..16].copy_from_slice(b"CgBI");
        assert_malformed(PNG, &swapped);
        let mut wrong = samples::png();
        *wrong.last_mut().unwrap() ^= 1;
        assert_malformed(PNG, &wrong);
        let header = &samples::png()[..33];
        assert_malformed(PNG, &[header, &[0xFF, 0xFF, 0xFF, 0xFF], b"IDAT"].concat());
    }

    #[test]
    fn the_end_has_the_checksum_that_the_standard_gives_it() {
        assert_eq!(samples::png_chunk(*b"IEND", &[]), END);
    }
}
