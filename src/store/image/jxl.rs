//! JPEG XL: a bare codestream, or its container (ISO/IEC 18181-1 and 18181-2 §9).
//!
//! Promises: a container passes when its boxes are whole and the codestream in them is complete: in one box, or in
//! parts of which the last is there.
//!
//! What surprises: a bare codestream does not tell its length without being decoded. It passes by its signature, cut or
//! not; the transfer's own length has to do. The same holds for a codestream box that has no length.

use super::boxes::Walk;
use super::verdict::{Fault, Missing};
use super::window::Window;

/// The first box of a container.
pub(super) const SIGNATURE_BOX: [u8; 12] = *b"\0\0\0\x0CJXL \r\n\x87\n";

/// Set in the number of a partial codestream box when it is the last.
const LAST_PART: u32 = 1 << 31;

pub(super) fn check(window: &mut Window<'_>) -> Result<(), Fault> {
    if window.byte(0)? == SIGNATURE_BOX[0] { container(window) } else { window.require(3) }
}

fn container(window: &mut Window<'_>) -> Result<(), Fault> {
    let mut walk = Walk::top_level(window);
    let mut complete = false;
    while let Some(found) = walk.next(window)? {
        match &found.kind {
            b"jxlc" => complete = true,
            b"jxlp" if found.end - found.body < 4 => {
                return Err(Fault::Malformed("with a part that has no number"));
            }
            b"jxlp" => complete |= window.u32_be(found.body)? & LAST_PART != 0,
            _ => {}
        }
    }
    if complete { Ok(()) } else { Err(Fault::Cut(Missing::End)) }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{self, assert_cut, assert_malformed, assert_whole, iso_box};
    use super::super::verdict::Format;
    use super::*;

    const JXL: Format = Format::JpegXl;

    #[test]
    fn a_codestream_in_parts_needs_its_last_part() {
        let first = iso_box(*b"jxlp", b"\0\0\0\0\xFF\x0A12345");
        let last = iso_box(*b"jxlp", b"\x80\0\0\x0167890");
        assert_whole(JXL, &[&SIGNATURE_BOX, &first[..], &last].concat());
        assert_cut(JXL, &[&SIGNATURE_BOX, &first[..]].concat());
        assert_malformed(JXL, &[&SIGNATURE_BOX, &iso_box(*b"jxlp", b"\x80\0")[..]].concat());
    }

    #[test]
    fn a_bare_codestream_passes_by_its_signature() {
        assert_whole(JXL, &samples::jxl_codestream());
        assert_cut(JXL, &[0xFF, 0x0A]);
    }

    #[test]
    fn boxes_behind_the_codestream_have_to_be_whole() {
        let exif = iso_box(*b"Exif", &[7; 50]);
        let whole = [&samples::jxl()[..], &exif].concat();
        assert_whole(JXL, &whole);
        assert_cut(JXL, &whole[..whole.len() - 1]);
    }
}
