//! ICO and CUR: a directory whose pictures all lie inside the file (Microsoft, "Icons in Win32", `ICONDIR`).
//!
//! Promises: the four bytes of the signature, of which three are zero, do not suffice. There is at least one picture,
//! and the first begins as a bitmap header or as a PNG. What follows the pictures passes.
//!
//! What surprises: pictures may overlap and come in any order. The byte that has to be zero in an entry is not looked
//! at, since .NET writes 255 there.

use super::verdict::Fault;
use super::window::Window;

const HEADER: u64 = 6;
const ENTRY: u64 = 16;
/// Far more than any icon has; a larger number tells some other kind of file.
const MOST: u16 = 4096;

pub(super) fn check(window: &mut Window<'_>) -> Result<(), Fault> {
    let count = window.u16_le(4)?;
    if count == 0 || count > MOST {
        return Err(Fault::Foreign);
    }
    let directory = HEADER + ENTRY * u64::from(count);
    window.require(directory)?;
    for entry in (HEADER..directory).step_by(16) {
        let length = window.u32_le(entry + 8)?;
        let start = u64::from(window.u32_le(entry + 12)?);
        if length == 0 || start < directory {
            return Err(Fault::Foreign);
        }
        window.require(start + u64::from(length))?;
    }
    let first = u64::from(window.u32_le(HEADER + 12)?);
    if is_picture(window.array(first)?) { Ok(()) } else { Err(Fault::Foreign) }
}

/// Whether a picture begins so: with the size of a bitmap header, or as a PNG.
fn is_picture(start: [u8; 4]) -> bool {
    matches!(start, [12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0] | [0x89, b'P', b'N', b'G'])
}

#[cfg(test)]
mod tests {
    use super::super::samples::{self, assert_cut, assert_foreign, assert_whole};
    use super::super::verdict::Format;

    const ICO: Format = Format::Ico;

    #[test]
    fn a_cursor_is_an_icon_with_another_number() {
        let mut cursor = samples::ico();
        cursor[2] = 2;
        assert_whole(ICO, &cursor);
        cursor[2] = 3;
        assert_foreign(&cursor);
    }

    #[test]
    fn every_picture_has_to_be_inside_the_file() {
        let whole = samples::ico();
        assert_cut(ICO, &whole[..whole.len() - 1]);
        let mut hostile = whole.clone();
        hostile[30..38].fill(0xFF);
        assert_cut(ICO, &hostile);
    }

    #[test]
    fn bytes_that_only_share_the_signature_are_no_icon() {
        assert_foreign(&[0, 0, 1, 0, 0, 0, 0, 0]);
        assert_foreign(&[0, 0, 1, 0, 0xFF, 0xFF, 0, 0]);
        let mut pictures = samples::ico();
        pictures[38] = 41;
        assert_foreign(&pictures);
        let mut inside = samples::ico();
        inside[18] = 5;
        assert_foreign(&inside);
    }
}
