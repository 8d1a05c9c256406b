//! The boxes that ISO media files are made of: HEIC, AVIF and the container of JPEG XL (ISO/IEC 14496-12 §4.2).
//!
//! Promises: a box that is handed out lies inside its parent and is at least as long as its own header, so that a walk
//! always makes progress and only forward.
//!
//! What surprises: a box may have no length and reach to the end of what is around it, wherever that is. Fewer than
//! eight zeros at the end are padding, not the beginning of a box.

use super::verdict::Fault;
use super::window::Window;

/// Length and kind.
const HEADER: u64 = 8;
/// The same, with a length of 64 bits.
const LARGE_HEADER: u64 = 16;

/// One box: its kind, and where its content lies.
#[derive(Debug)]
pub(super) struct IsoBox {
    pub(super) kind: [u8; 4],
    pub(super) body: u64,
    pub(super) end: u64,
}

/// A walk over the boxes between two places.
pub(super) struct Walk {
    offset: u64,
    end: u64,
}

impl Walk {
    /// Over the boxes of the whole file.
    pub(super) fn top_level(window: &Window<'_>) -> Self {
        Self { offset: 0, end: window.size() }
    }

    /// Over the boxes inside `parent`, from `offset` on.
    pub(super) fn inside(parent: &IsoBox, offset: u64) -> Self {
        Self { offset, end: parent.end }
    }

    /// The next box, whole, or `None` behind the last.
    pub(super) fn next(&mut self, window: &mut Window<'_>) -> Result<Option<IsoBox>, Fault> {
        if self.offset >= self.end || self.at_padding(window)? {
            return Ok(None);
        }
        let found = self.read(window)?;
        self.offset = found.end;
        Ok(Some(found))
    }

    fn at_padding(&self, window: &mut Window<'_>) -> Result<bool, Fault> {
        let left = self.end - self.offset;
        let count = usize::try_from(left.min(HEADER)).expect("at most eight");
        Ok(left < HEADER && window.bytes(self.offset, count)?.iter().all(|byte| *byte == 0))
    }

    fn read(&self, window: &mut Window<'_>) -> Result<IsoBox, Fault> {
        let length = u64::from(window.u32_be(self.offset)?);
        let kind = window.array(self.offset + 4)?;
        let (header, length) = match length {
            0 => (HEADER, self.end - self.offset),
            1 => (LARGE_HEADER, window.array(self.offset + HEADER).map(u64::from_be_bytes)?),
            _ => (HEADER, length),
        };
        if length < header {
            return Err(Fault::Malformed("with a box shorter than its own header"));
        }
        let end = self.offset.saturating_add(length);
        if end > self.end {
            // The file's own end is not the file's claim, so what leaves the file was cut.
            window.require(end)?;
            return Err(Fault::Malformed("with a box that leaves the one around it"));
        }
        Ok(IsoBox { kind, body: self.offset + header, end })
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Missing;
    use super::*;

    fn kinds(bytes: &[u8]) -> Result<Vec<[u8; 4]>, Fault> {
        let mut window = Window::new(&bytes);
        let mut walk = Walk::top_level(&window);
        let mut kinds = Vec::new();
        while let Some(found) = walk.next(&mut window)? {
            kinds.push(found.kind);
        }
        Ok(kinds)
    }

    #[test]
    fn lengths_of_32_and_64_bits_and_none_are_understood() {
        let bytes = b"\0\0\0\x09freeX\0\0\0\x01mdat\0\0\0\0\0\0\0\x11Y\0\0\0\0lastand so on";
        assert_eq!(kinds(bytes).unwrap(), [*b"free", *b"mdat", *b"last"]);
    }

    #[test]
    fn a_few_zeros_at_the_end_are_padding() {
        assert_eq!(kinds(b"\0\0\0\x08free\0\0\0\0\0\0\0").unwrap().len(), 1);
        assert!(kinds(b"\0\0\0\x08free\0\0\0\x08fre").is_err());
    }

    #[test]
    fn hostile_lengths_neither_overflow_nor_stand_still() {
        for length in [2, 7] {
            let bytes = [&[0, 0, 0, length], &b"free    "[..]].concat();
            assert!(matches!(kinds(&bytes), Err(Fault::Malformed(_))));
        }
        let huge = b"\0\0\0\x08free\0\0\0\x01mdat\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
        assert!(matches!(kinds(huge), Err(Fault::Cut(Missing::Bytes(_)))));
    }

    #[test]
    fn a_child_stays_inside_its_parent() {
        let bytes: &[u8] = b"\0\0\0\x10meta\0\0\0\x0Cilocmore";
        let mut window = Window::new(&bytes);
        let parent = Walk::top_level(&window).next(&mut window).unwrap().unwrap();
        let child = Walk::inside(&parent, parent.body).next(&mut window);
        assert!(matches!(child, Err(Fault::Malformed(_))), "{child:?}");
    }
}
