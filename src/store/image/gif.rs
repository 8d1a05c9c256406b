//! GIF: a walk over all blocks to the trailer (Graphics Interchange Format, version 89a, §17-27; 87a is the same
//! without extensions).
//!
//! Promises: the trailer is found by the walk alone. Its single byte 3B is frequent inside image data, so that the last
//! byte of a file says nothing. What follows the trailer passes.
//!
//! What surprises: zeros between two blocks pass, since old encoders write a second end of data there and every viewer
//! passes over it. A file without its trailer is refused though viewers show it: it is what a cut one looks like.

use super::verdict::Fault;
use super::window::Window;

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2C;
const TRAILER: u8 = 0x3B;

pub(super) fn check(window: &mut Window<'_>) -> Result<(), Fault> {
    let screen_flags = window.byte(10)?;
    let mut offset = 13 + color_table(screen_flags);
    let mut images = false;
    loop {
        let block = window.byte(offset)?;
        offset += 1;
        match block {
            // One byte names the extension.
            EXTENSION => offset = sub_blocks(window, offset + 1)?,
            IMAGE => {
                images = true;
                // Place, size and flags; the color table, if any; the code size of the data.
                let image_flags = window.byte(offset + 8)?;
                offset = sub_blocks(window, offset + 9 + color_table(image_flags) + 1)?;
            }
            TRAILER if images => return Ok(()),
            TRAILER => return Err(Fault::Malformed("without a picture in it")),
            0 => {}
            _ => return Err(Fault::Malformed("with bytes that are no block where one must begin")),
        }
    }
}

/// How many bytes the color table takes that such flags announce (§18 and §20, packed fields).
fn color_table(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// The place behind a sequence of sub-blocks, the last of which is empty (§15-16).
fn sub_blocks(window: &mut Window<'_>, mut offset: u64) -> Result<u64, Fault> {
    loop {
        let length = window.byte(offset)?;
        offset += 1 + u64::from(length);
        if length == 0 {
            return Ok(offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{self, assert_cut, assert_malformed, assert_whole};
    use super::super::verdict::Format;

    const GIF: Format = Format::Gif;

    #[test]
    fn a_cut_at_a_byte_that_looks_like_the_trailer_does_not_pass() {
        let mut bytes = samples::gif();
        bytes.pop();
        bytes.extend(b"\x21\xFE\x03;;;\x00;");
        assert_whole(GIF, &bytes);
        for missing in [2, 3, 4] {
            let cut = &bytes[..bytes.len() - missing];
            assert_eq!(cut.last(), Some(&b';'));
            assert_cut(GIF, cut);
        }
    }

    #[test]
    fn what_follows_the_trailer_passes() {
        for trailer in [&b"\0"[..], b"\r\n", b"<!-- page served in 0.01s -->", &vec![0; 100_000]] {
            assert_whole(GIF, &[&samples::gif()[..], trailer].concat());
        }
    }

    #[test]
    fn zeros_between_blocks_pass_and_other_bytes_do_not() {
        let mut bytes = samples::gif();
        bytes.pop();
        assert_whole(GIF, &[&bytes[..], b"\0\0;"].concat());
        assert_malformed(GIF, &[&bytes[..], b"x;"].concat());
        assert_cut(GIF, &[&bytes[..], &vec![0; 100_000]].concat());
    }

    #[test]
    fn a_gif_without_a_picture_is_malformed() {
        assert_malformed(GIF, b"GIF89a\x01\0\x01\0\0\0\0;");
    }
}
