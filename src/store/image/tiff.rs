//! TIFF and `BigTIFF`: every image file directory whole, and every strip and tile that they name inside the file (TIFF
//! 6.0 §2; TIFF Technical Note 1 for trees of directories; the `BigTIFF` design of libtiff).
//!
//! Promises: all pages and sub-images are looked at, with all values that their entries point to. Directories that form
//! a loop, or share what they point to beyond measure, end the check: the work is bounded by the size of the file,
//! and the list of directories still to look at by half a mebibyte.
//!
//! What surprises: nothing in a TIFF is in order, and the file does not tell its length; it is whole when no place that
//! it names is missing. EXIF and GPS directories are metadata and not followed. Old files without byte counts are held
//! to where their strips begin.

use super::verdict::Fault;
use super::window::Window;

/// Far more pages than libtiff reads.
const MOST_DIRECTORIES: u64 = 1 << 16;
/// How often, on average, the same bytes may be named before that is a fault.
const SHARING: u64 = 4;

const STRIP_OFFSETS: u16 = 273;
const STRIP_BYTE_COUNTS: u16 = 279;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;
const SUB_DIRECTORIES: u16 = 330;
/// A preview that is one JPEG file, as camera raw files have it.
const JPEG_OFFSET: u16 = 513;
const JPEG_LENGTH: u16 = 514;

pub(super) fn check(window: &mut Window<'_>) -> Result<(), Fault> {
    let (layout, first) = Layout::read(window)?;
    let work = window.size().saturating_mul(SHARING).saturating_add(1024);
    let mut reader = Reader { layout, offsets: window.another(), counts: window.another(), work };
    let mut pending = vec![first];
    let mut pictures = false;
    for _ in 0..MOST_DIRECTORIES {
        let Some(place) = pending.pop() else {
            return if pictures { Ok(()) } else { Err(Fault::Malformed("without a picture in it")) };
        };
        pictures |= reader.directory(window, place, &mut pending)?;
    }
    Err(Fault::Malformed("whose directories do not end"))
}

/// How numbers are written, and how wide those are that point into the file.
#[derive(Clone, Copy)]
struct Layout {
    little_endian: bool,
    pointer: u64,
}

impl Layout {
    /// The layout, and the place of the first directory.
    fn read(window: &mut Window<'_>) -> Result<(Self, u64), Fault> {
        let [order, _, low, high] = window.array(0)?;
        let pointer = if low.max(high) == b'+' { 8 } else { 4 };
        let layout = Self { little_endian: order == b'I', pointer };
        if pointer == 4 {
            return Ok((layout, layout.number(window, 4, 4)?));
        }
        if layout.number(window, 4, 2)? != 8 || layout.number(window, 6, 2)? != 0 {
            return Err(Fault::Malformed("with pointers of an unknown width"));
        }
        Ok((layout, layout.number(window, 8, 8)?))
    }

    fn number(self, window: &mut Window<'_>, offset: u64, width: u64) -> Result<u64, Fault> {
        Ok(match (width, self.little_endian) {
            (1, _) => window.byte(offset)?.into(),
            (2, true) => window.u16_le(offset)?.into(),
            (2, false) => window.u16_be(offset)?.into(),
            (4, true) => window.u32_le(offset)?.into(),
            (4, false) => window.u32_be(offset)?.into(),
            (_, true) => u64::from_le_bytes(window.array(offset)?),
            (_, false) => u64::from_be_bytes(window.array(offset)?),
        })
    }

    /// How many bytes the count of a directory takes, and each of its entries.
    fn directory(self) -> (u64, u64) {
        if self.pointer == 8 { (8, 20) } else { (2, 12) }
    }
}

/// The values of one entry, which lie in the entry itself if they fit.
#[derive(Clone, Copy)]
struct Values {
    place: u64,
    width: u64,
    count: u64,
}

impl Values {
    /// `None` for a type that is not known, whose width therefore is not.
    fn read(layout: Layout, window: &mut Window<'_>, entry: u64) -> Result<Option<Self>, Fault> {
        let width = match layout.number(window, entry + 2, 2)? {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            _ => return Ok(None),
        };
        let count = layout.number(window, entry + 4, layout.pointer)?;
        let inline = entry + 4 + layout.pointer;
        let length = count.saturating_mul(width);
        let place = if length <= layout.pointer { inline } else { layout.number(window, inline, layout.pointer)? };
        window.require(place.saturating_add(length))?;
        Ok(Some(Self { place, width, count }))
    }
}

/// Where the pieces of one picture lie and how long they are.
#[derive(Clone, Copy, Default)]
struct Pieces {
    offsets: Option<Values>,
    lengths: Option<Values>,
}

struct Reader<'a> {
    layout: Layout,
    /// Offsets and counts are read in turn, from two places.
    offsets: Window<'a>,
    counts: Window<'a>,
    /// How many more bytes of directories and lists may be read.
    work: u64,
}

impl Reader<'_> {
    /// Looks at one directory, and says whether it names a picture. The directories that it names become pending.
    fn directory(&mut self, window: &mut Window<'_>, place: u64, pending: &mut Vec<u64>) -> Result<bool, Fault> {
        let (count_width, entry_width) = self.layout.directory();
        let count = self.layout.number(window, place, count_width)?;
        let entries = place.saturating_add(count_width);
        let end = entries.saturating_add(count.saturating_mul(entry_width));
        window.require(end.saturating_add(self.layout.pointer))?;
        self.spend(end - place)?;
        let [mut strips, mut tiles, mut preview] = [Pieces::default(); 3];
        for index in 0..count {
            let entry = entries + index * entry_width;
            let values = Values::read(self.layout, window, entry)?;
            match u16::try_from(self.layout.number(window, entry, 2)?).expect("a number of two bytes") {
                STRIP_OFFSETS => strips.offsets = values,
                STRIP_BYTE_COUNTS => strips.lengths = values,
                TILE_OFFSETS => tiles.offsets = values,
                TILE_BYTE_COUNTS => tiles.lengths = values,
                JPEG_OFFSET => preview.offsets = values,
                JPEG_LENGTH => preview.lengths = values,
                SUB_DIRECTORIES => self.add_pending(values, pending)?,
                _ => {}
            }
        }
        let next = self.layout.number(window, end, self.layout.pointer)?;
        pending.extend((next != 0).then_some(next));
        let mut found = self.pieces(strips)? | self.pieces(tiles)?;
        if !found {
            // Beside strips, a JPEG pointer is an old way to say the same, often wrong.
            found = self.pieces(preview)?;
        }
        Ok(found)
    }

    fn add_pending(&mut self, values: Option<Values>, pending: &mut Vec<u64>) -> Result<(), Fault> {
        let Some(values) = values else { return Ok(()) };
        if pending.len() as u64 + values.count > MOST_DIRECTORIES {
            return Err(Fault::Malformed("whose directories do not end"));
        }
        self.spend(values.count * values.width)?;
        for index in 0..values.count {
            let place = self.layout.number(&mut self.offsets, values.place + index * values.width, values.width)?;
            pending.push(place);
        }
        Ok(())
    }

    /// Holds every piece to the end of the file, and says whether there is one.
    fn pieces(&mut self, pieces: Pieces) -> Result<bool, Fault> {
        let Some(offsets) = pieces.offsets else {
            return Ok(false);
        };
        self.spend(offsets.count * offsets.width)?;
        for index in 0..offsets.count {
            let start = self.layout.number(&mut self.offsets, offsets.place + index * offsets.width, offsets.width)?;
            let length = match pieces.lengths {
                Some(lengths) if index < lengths.count => {
                    self.layout.number(&mut self.counts, lengths.place + index * lengths.width, lengths.width)?
                }
                // At least its first byte.
                _ => 1,
            };
            self.counts.require(start.saturating_add(length))?;
        }
        Ok(offsets.count > 0)
    }

    fn spend(&mut self, bytes: u64) -> Result<(), Fault> {
        let left = self.work.checked_sub(bytes);
        self.work = left.ok_or(Fault::Malformed("whose directories name the same bytes again and again"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{assert_cut, assert_malformed, assert_whole, tiff};
    use super::super::verdict::Format;

    const TIFF: Format = Format::Tiff;

    #[test]
    fn both_byte_orders_and_both_widths_are_read() {
        for (little_endian, big) in [(true, false), (false, false), (true, true), (false, true)] {
            let whole = tiff(little_endian, big);
            assert_whole(TIFF, &whole);
            assert_whole(TIFF, &[&whole[..], &[0; 100]].concat());
            assert_cut(TIFF, &whole[..whole.len() - 1]);
        }
    }

    /// The little-endian sample has its directory at 8, with four entries: strips, their lengths, sub-directories,
    /// text.
    fn with(at: usize, value: u32) -> Vec<u8> {
        let mut bytes = tiff(true, false);
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        bytes
    }

    #[test]
    fn directories_that_loop_end_the_check() {
        let next = 8 + 2 + 4 * 12;
        assert_malformed(TIFF, &with(next, 8));
        let sub_directory = 8 + 2 + 2 * 12 + 8;
        assert_malformed(TIFF, &with(sub_directory, 8));
    }

    #[test]
    fn every_place_that_is_named_has_to_be_there() {
        for at in [4, 8 + 2 + 8, 8 + 2 + 3 * 12 + 8, 8 + 2 + 4 * 12] {
            assert_cut(TIFF, &with(at, u32::MAX));
            assert_cut(TIFF, &with(at, 100_000));
        }
        let count_of_strips = 8 + 2 + 4;
        assert_cut(TIFF, &with(count_of_strips, u32::MAX));
    }

    #[test]
    fn a_file_without_strips_or_tiles_is_malformed() {
        let mut bytes = tiff(true, false);
        while let Some(strips) = bytes.windows(4).position(|tag| tag == [0x11, 0x01, 4, 0]) {
            bytes[strips] = 0x10;
        }
        assert_malformed(TIFF, &bytes);
        assert_malformed(TIFF, b"II+\0\x04\0\0\0\x10\0\0\0\0\0\0\0");
    }
}
