//! AVIF and HEIC: an ISO media file of an image brand whose boxes are whole, and whose items lie inside the file
//! (ISO/IEC 23008-12; ISO/IEC 14496-12 §4.3 brands, §8.11 items).
//!
//! Promises: a still image passes only when every place that its item locations name is in the file, so that a cut
//! between two boxes is seen too. A film is none of these: its brands are others.
//!
//! What surprises: an image sequence keeps its frames as a film does, and its sample tables are not read. It passes
//! with its movie box and one media box whole, so that a cut exactly between two media boxes would pass; encoders write
//! one. Nor are tracks or items in other files looked at.

use super::boxes::{IsoBox, Walk};
use super::verdict::{Fault, Format, Missing};
use super::window::Window;

/// The format that the brands of a file's first box tell: the major one first, then the compatible ones.
pub(super) fn brand(head: &[u8]) -> Option<Format> {
    let (length, rest) = head.split_first_chunk::<4>()?;
    let brands = rest.strip_prefix(b"ftyp")?;
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let brands = &brands[..brands.len().min(length.saturating_sub(8))];
    // The four bytes behind the major brand are its version.
    let brands = || brands.chunks_exact(4).enumerate().filter(|(at, _)| *at != 1).map(|(_, brand)| brand);
    brands().find_map(codec).or_else(|| brands().any(is_structural).then_some(Format::Heic))
}

fn codec(brand: &[u8]) -> Option<Format> {
    match brand {
        b"avif" | b"avis" => Some(Format::Avif),
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => Some(Format::Heic),
        _ => None,
    }
}

/// HEIF without a word on the codec.
fn is_structural(brand: &[u8]) -> bool {
    matches!(brand, b"mif1" | b"mif2" | b"mif3" | b"msf1" | b"miaf")
}

pub(super) fn check(window: &mut Window<'_>) -> Result<(), Fault> {
    let mut walk = Walk::top_level(window);
    let (mut items, mut movie, mut media) = (false, false, false);
    while let Some(found) = walk.next(window)? {
        match &found.kind {
            b"meta" => items |= check_items(window, &found)?,
            b"moov" => movie = true,
            b"mdat" => media = true,
            _ => {}
        }
    }
    if items || movie && media { Ok(()) } else { Err(Fault::Cut(Missing::End)) }
}

/// Looks for the item locations in a meta box, and whether the items lie inside the file.
fn check_items(window: &mut Window<'_>, meta: &IsoBox) -> Result<bool, Fault> {
    // Version and flags come before the boxes inside.
    let mut walk = Walk::inside(meta, meta.body + 4);
    while let Some(found) = walk.next(window)? {
        if &found.kind == b"iloc" {
            return check_locations(window, &found).map(|()| true);
        }
    }
    Ok(false)
}

/// Item locations (ISO/IEC 14496-12 §8.11.3). Every round of both loops takes bytes of the box, which bounds them.
fn check_locations(window: &mut Window<'_>, iloc: &IsoBox) -> Result<(), Fault> {
    let mut fields = Fields { offset: iloc.body, end: iloc.end };
    let version = fields.number(window, 1)?;
    fields.skip(3)?;
    let widths = fields.number(window, 2)?;
    let width = |shift: u32| (widths >> shift) & 0xF;
    let (offset_width, length_width, base_width) = (width(12), width(8), width(4));
    let index_width = if version == 0 { 0 } else { width(0) };
    let id_width = if version < 2 { 2 } else { 4 };
    let extent_width = index_width + offset_width + length_width;
    let count = fields.number(window, id_width)?;
    for _ in 0..count {
        fields.skip(id_width)?;
        let construction = if version == 0 { 0 } else { fields.number(window, 2)? & 0xF };
        let reference = fields.number(window, 2)?;
        let base = fields.number(window, base_width)?;
        let extents = fields.number(window, 2)?;
        let in_file = construction == 0 && reference == 0;
        if !in_file || extent_width == 0 {
            fields.skip(extents * extent_width)?;
            continue;
        }
        for _ in 0..extents {
            fields.skip(index_width)?;
            let start = base.saturating_add(fields.number(window, offset_width)?);
            let length = fields.number(window, length_width)?;
            window.require(start.saturating_add(length))?;
        }
    }
    Ok(())
}

/// Big-endian numbers one after the other, up to the end of a box.
struct Fields {
    offset: u64,
    end: u64,
}

impl Fields {
    /// A number of `width` bytes; one of none is zero.
    fn number(&mut self, window: &mut Window<'_>, width: u64) -> Result<u64, Fault> {
        let offset = self.offset;
        self.skip(width)?;
        match width {
            0 => Ok(0),
            1 => window.byte(offset).map(u64::from),
            2 => window.u16_be(offset).map(u64::from),
            4 => window.u32_be(offset).map(u64::from),
            8 => window.array(offset).map(u64::from_be_bytes),
            _ => Err(Fault::Malformed("with item locations of an impossible width")),
        }
    }

    fn skip(&mut self, width: u64) -> Result<(), Fault> {
        self.offset = self.offset.saturating_add(width);
        if self.offset > self.end { Err(Fault::Malformed("whose item locations leave their box")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{self, assert_cut, assert_malformed, assert_whole, iso_box};
    use super::*;

    #[test]
    fn the_major_brand_comes_before_the_compatible_ones() {
        let cases: [(&[u8], _); 7] = [
            (b"avif\0\0\0\0mif1heic", Some(Format::Avif)),
            (b"heic\0\0\0\0mif1avif", Some(Format::Heic)),
            (b"mif1\0\0\0\0miafavif", Some(Format::Avif)),
            (b"mif1\0\0\0\0mif1", Some(Format::Heic)),
            (b"isom\0\0\0\0iso2mp41", None),
            // The version of the major brand is no brand.
            (b"qt  avif", None),
            (b"", None),
        ];
        for (brands, format) in cases {
            assert_eq!(brand(&iso_box(*b"ftyp", brands)), format, "{brands:?}");
        }
        // What follows the box is not looked at.
        assert_eq!(brand(&[&iso_box(*b"ftyp", b"isom\0\0\0\0")[..], b"avif"].concat()), None);
    }

    #[test]
    fn a_cut_between_two_boxes_is_seen() {
        let whole = samples::heic();
        let media = whole.windows(4).position(|kind| kind == b"mdat").unwrap() - 4;
        assert_cut(Format::Heic, &whole[..media]);
        assert_cut(Format::Heic, &whole[..28]);
    }

    #[test]
    fn a_last_box_without_length_is_held_to_the_item_locations() {
        let mut whole = samples::heic();
        let media = whole.windows(4).position(|kind| kind == b"mdat").unwrap() - 4;
        whole[media..media + 4].fill(0);
        assert_whole(Format::Heic, &whole);
        assert_cut(Format::Heic, &whole[..whole.len() - 1]);
    }

    #[test]
    fn trailing_boxes_and_a_little_padding_pass_and_half_a_box_does_not() {
        let whole = samples::avif();
        assert_whole(Format::Avif, &[&whole[..], &iso_box(*b"free", &[1; 100])].concat());
        assert_whole(Format::Avif, &[&whole[..], &[0; 5]].concat());
        assert_cut(Format::Avif, &[&whole[..], &iso_box(*b"free", &[1; 100])[..50]].concat());
    }

    #[test]
    fn locations_that_leave_their_box_are_malformed() {
        let head = iso_box(*b"ftyp", b"avif\0\0\0\0");
        for iloc in
            [&[0; 5][..], &[0, 0, 0, 0, 0x44, 0, 0xFF, 0xFF], &[0, 0, 0, 0, 0x33, 0, 0, 1, 0, 1, 0, 0, 0, 1, 9, 9, 9]]
        {
            let meta = iso_box(*b"meta", &[&[0; 4][..], &iso_box(*b"iloc", iloc)].concat());
            assert_malformed(Format::Avif, &[&head[..], &meta, &iso_box(*b"free", &[0; 99])].concat());
        }
    }
}
