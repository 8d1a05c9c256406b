//! BMP: the file header, a bitmap header of a known size, and the pixels that both describe (Microsoft, "Bitmap
//! Storage", `BITMAPFILEHEADER`, `BITMAPINFOHEADER`, `BITMAPV5HEADER`; OS/2 1.x and 2.x).
//!
//! Promises: a text that starts with `BM` is not taken for an image. Rows that are not compressed are counted from
//! width, height and depth, and have to be there. What follows the pixels passes.
//!
//! What surprises: the size in the file header is often wrong, so that no viewer reads it. It is believed only where it
//! is a little more than what the pixels need, or where nothing else tells their length. A colour profile may follow
//! the pixels; it is held to its own place and length.

use super::verdict::Fault;
use super::window::Window;

const FILE_HEADER: u64 = 14;
/// How far the size in the file header may exceed what the pixels need and still be believed.
const SLACK: u64 = 4096;
/// Header sizes: OS/2 1.x, OS/2 2.x short and full, Windows 3, with masks, 4, 5.
const OS2: u32 = 12;
const V5: u32 = 124;
const KNOWN: [u32; 8] = [OS2, 16, 40, 52, 56, 64, 108, V5];
/// How the profile's place is told, in the header's colour space field.
const EMBEDDED: [u8; 4] = *b"DEBM";
const LINKED: [u8; 4] = *b"KNIL";

pub(super) fn check(window: &mut Window<'_>) -> Result<(), Fault> {
    let header = Header::read(window)?;
    let file_size = u64::from(window.u32_le(2)?);
    let pixels = match u64::from(window.u32_le(10)?) {
        // Windows takes it so too.
        0 => header.end(),
        told if told < header.end() => return Err(Fault::Malformed("whose pixels begin inside its header")),
        told => told,
    };
    window.require(pixels)?;
    if let Some(length) = header.pixels_length() {
        let end = pixels.saturating_add(length);
        window.require(end)?;
        if file_size >= end && file_size - end <= SLACK {
            window.require(file_size)?;
        }
    } else {
        window.require(file_size)?;
    }
    profile(window, header.size)
}

struct Header {
    size: u32,
    width: u32,
    height: u32,
    depth: u16,
    compression: u32,
    compressed_length: u32,
}

impl Header {
    /// Reads a header that is plausible, or finds that the bytes are not a bitmap.
    fn read(window: &mut Window<'_>) -> Result<Self, Fault> {
        if window.size() < FILE_HEADER + 4 {
            return Err(Fault::Foreign);
        }
        let size = window.u32_le(FILE_HEADER)?;
        if !KNOWN.contains(&size) {
            return Err(Fault::Foreign);
        }
        window.require(FILE_HEADER + u64::from(size))?;
        let header = if size == OS2 {
            Self {
                size,
                width: window.u16_le(18)?.into(),
                height: window.u16_le(20)?.into(),
                depth: window.u16_le(24)?,
                compression: 0,
                compressed_length: 0,
            }
        } else {
            let (compression, compressed_length) =
                if size >= 40 { (window.u32_le(30)?, window.u32_le(34)?) } else { (0, 0) };
            Self {
                size,
                width: window.u32_le(18)?,
                // A negative height tells that the rows go from top to bottom.
                height: window.u32_le(22)?.cast_signed().unsigned_abs(),
                depth: window.u16_le(28)?,
                compression,
                compressed_length,
            }
        };
        let plausible = matches!(header.depth, 0 | 1 | 2 | 4 | 8 | 16 | 24 | 32 | 64);
        if plausible && header.width != 0 && header.height != 0 { Ok(header) } else { Err(Fault::Foreign) }
    }

    fn end(&self) -> u64 {
        FILE_HEADER + u64::from(self.size)
    }

    /// How long the pixels are, if that can be told.
    fn pixels_length(&self) -> Option<u64> {
        // None, masks, masks with alpha. In the OS/2 2.x header 3 is a Huffman code, of one bit a pixel.
        let masked = matches!(self.compression, 3 | 6) && self.depth > 1;
        if (self.compression == 0 || masked) && self.depth != 0 {
            let bits = u64::from(self.width) * u64::from(self.depth);
            // Rows are padded to four bytes.
            let row = bits.div_ceil(32) * 4;
            return Some(row.saturating_mul(self.height.into()));
        }
        (self.compressed_length != 0).then_some(self.compressed_length.into())
    }
}

fn profile(window: &mut Window<'_>, header: u32) -> Result<(), Fault> {
    if header != V5 || !matches!(window.array(FILE_HEADER + 56)?, EMBEDDED | LINKED) {
        return Ok(());
    }
    let start = FILE_HEADER + u64::from(window.u32_le(FILE_HEADER + 112)?);
    let length = window.u32_le(FILE_HEADER + 116)?;
    window.require(start + u64::from(length))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{self, assert_cut, assert_foreign, assert_malformed, assert_whole};
    use super::super::verdict::Format;

    const BMP: Format = Format::Bmp;

    fn with(at: usize, value: u32) -> Vec<u8> {
        let mut bytes = samples::bmp();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        bytes
    }

    #[test]
    fn a_text_that_starts_with_the_two_letters_is_no_image() {
        assert_foreign(b"BMW makes cars and motorcycles, and has done so for long");
        assert_foreign(b"BM");
        for (at, value) in [(14, 41), (14, 0), (18, 0), (22, 0), (28, 3)] {
            assert_foreign(&with(at, value));
        }
    }

    #[test]
    fn a_wrong_size_in_the_file_header_does_no_harm() {
        for size in [0, 1, 54, 100_000, u32::MAX] {
            assert_whole(BMP, &with(2, size));
        }
        let size = u32::try_from(samples::bmp().len()).unwrap();
        assert_cut(BMP, &with(2, size + 2));
    }

    #[test]
    fn rows_are_counted_in_both_directions() {
        for height in [3_u32, 3_u32.wrapping_neg()] {
            let bytes = with(22, height);
            assert_whole(BMP, &bytes);
            assert_cut(BMP, &bytes[..bytes.len() - 1]);
        }
        assert_cut(BMP, &with(22, 4));
        assert_cut(BMP, &with(22, i32::MIN.cast_unsigned()));
    }

    #[test]
    fn compressed_pixels_are_held_to_their_own_length_or_the_files() {
        let mut bytes = with(30, 1);
        bytes[34..38].copy_from_slice(&36_u32.to_le_bytes());
        assert_whole(BMP, &bytes);
        bytes[34..38].copy_from_slice(&37_u32.to_le_bytes());
        assert_cut(BMP, &bytes);
        bytes[34..38].fill(0);
        assert_whole(BMP, &bytes);
        assert_cut(BMP, &bytes[..bytes.len() - 1]);
    }

    #[test]
    fn a_profile_behind_the_pixels_has_to_be_whole() {
        let mut bytes = samples::bmp();
        bytes.splice(54..54, [0; 124 - 40]);
        bytes[10] = 14 + 124;
        bytes[14] = 124;
        bytes[70..74].copy_from_slice(b"DEBM");
        let place = bytes.len() - 14;
        bytes[126] = u8::try_from(place).unwrap();
        bytes[130] = 50;
        assert_cut(BMP, &bytes);
        bytes.extend([0x11; 50]);
        assert_whole(BMP, &bytes);
        assert_cut(BMP, &bytes[..bytes.len() - 1]);
    }

    #[test]
    fn pixels_do_not_begin_inside_the_header() {
        assert_malformed(BMP, &with(10, 53));
        assert_whole(BMP, &with(10, 0));
        assert_cut(BMP, &with(10, u32::MAX));
    }
}
