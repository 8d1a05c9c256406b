//! WebP: the length that the RIFF header gives, and the image's own chunk inside it (RFC 9649 §2.3-2.7).
//!
//! Promises: the file reaches as far as its header says, and there is a picture or a frame in it. What follows passes:
//! the RFC lets a reader ignore trailing bytes.
//!
//! What surprises: a length that is odd, which the RFC forbids, passes with or without its padding byte. Some old
//! encoders count without it.

use super::verdict::Fault;
use super::window::Window;

/// Name and length.
const HEADER: u64 = 8;
/// `RIFF`, length, `WEBP`.
const FIRST_CHUNK: u64 = 12;

pub(super) fn check(window: &mut Window<'_>) -> Result<(), Fault> {
    let end = HEADER + u64::from(window.u32_le(4)?);
    if end < FIRST_CHUNK + HEADER {
        return Err(Fault::Malformed("whose length leaves no room for a picture"));
    }
    window.require(end)?;
    let mut offset = FIRST_CHUNK;
    let first: [u8; 4] = window.array(offset)?;
    if !matches!(&first, b"VP8 " | b"VP8L" | b"VP8X") {
        return Err(Fault::Malformed("whose first chunk is not a picture"));
    }
    while offset + HEADER <= end {
        let name: [u8; 4] = window.array(offset)?;
        let length = u64::from(window.u32_le(offset + 4)?);
        let chunk_end = offset + HEADER + length;
        if chunk_end > end {
            return Err(Fault::Malformed("with a chunk that leaves the file's own length"));
        }
        if matches!(&name, b"VP8 " | b"VP8L" | b"ANMF") {
            return Ok(());
        }
        offset = chunk_end + length % 2;
    }
    Err(Fault::Malformed("without a picture in it"))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{self, assert_malformed, assert_whole};
    use super::super::verdict::Format;

    const WEBP: Format = Format::WebP;

    #[test]
    fn what_follows_the_announced_length_passes() {
        assert_whole(WEBP, &[&samples::webp()[..], &[0; 1000]].concat());
    }

    #[test]
    fn an_extended_file_has_its_picture_behind_other_chunks() {
        let extended =
            samples::riff(&[(b"VP8X", &[0; 10]), (b"ICCP", b"odd"), (b"ANIM", &[0; 6]), (b"ANMF", &[0; 40])]);
        assert_whole(WEBP, &extended);
        let without = samples::riff(&[(b"VP8X", &[0; 10]), (b"ICCP", b"odd")]);
        assert_malformed(WEBP, &without);
    }

    #[test]
    fn lengths_that_contradict_each_other_are_malformed() {
        let mut short = samples::webp();
        short[4] -= 4;
        assert_malformed(WEBP, &short);
        let mut zero = samples::webp();
        zero[4] = 0;
        assert_malformed(WEBP, &zero);
        assert_malformed(WEBP, &samples::riff(&[(b"JUNK", &[0; 10]), (b"VP8 ", &[0; 40])]));
    }
}
