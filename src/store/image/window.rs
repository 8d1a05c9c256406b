//! Reads a source piece by piece, through one bounded buffer.
//!
//! Promises: never more than 64 KiB are held; a walk that only goes forward reads no byte twice; bytes past the end are
//! never asked for, they are a [`Fault::Cut`] that says how many are missing, so that a format's walk needs no length
//! checks of its own. Any `u64` is a fair offset: nothing overflows.
//!
//! What surprises: a jump reads 4 KiB and only reading on doubles that. So a walk from header to header, over segments
//! that nobody looks into, stays cheap, and a walk through everything makes few calls. Memory is not copied at all.

use std::io;

use super::source::ReadAt;
use super::verdict::{Fault, Missing};

/// The most that is held, and that can be asked for at once.
pub(super) const WINDOW: usize = 64 * 1024;

/// What one jump reads: a page, as cheap as a byte.
const JUMP: usize = 4 * 1024;

/// How far ahead of what is held counts as reading on. A GIF's sub-blocks are up to 256 bytes apart.
const NEAR: u64 = 256;

/// A source, and the part of it that is held.
pub(super) struct Window<'a> {
    source: &'a dyn ReadAt,
    memory: Option<&'a [u8]>,
    size: u64,
    held: Vec<u8>,
    start: u64,
}

impl<'a> Window<'a> {
    pub(super) fn new(source: &'a dyn ReadAt) -> Self {
        let memory = source.in_memory();
        let size = memory.map_or_else(|| source.size(), |bytes| bytes.len() as u64);
        Self { source, memory, size, held: Vec::new(), start: 0 }
    }

    /// A second window on the same source, for a walk that reads two places in turn.
    pub(super) fn another(&self) -> Self {
        Self::new(self.source)
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Says whether the source reaches to `end`, a place that a length in it points to.
    pub(super) fn require(&self, end: u64) -> Result<(), Fault> {
        match end.checked_sub(self.size) {
            None | Some(0) => Ok(()),
            Some(lacking) => Err(Fault::Cut(Missing::Bytes(lacking))),
        }
    }

    /// The `count` bytes at `offset`, at most [`WINDOW`].
    pub(super) fn bytes(&mut self, offset: u64, count: usize) -> Result<&[u8], Fault> {
        debug_assert!(count <= WINDOW, "no format asks for more at once");
        self.require(offset.saturating_add(count as u64))?;
        Ok(self.hold(offset, count)?)
    }

    /// What is held from `offset` on: all the rest, if it is in memory, and at least one byte.
    pub(super) fn ahead(&mut self, offset: u64) -> Result<&[u8], Fault> {
        self.byte(offset)?;
        let (held, start) = self.memory.map_or((&self.held[..], self.start), |memory| (memory, 0));
        Ok(&held[narrow(offset - start)..])
    }

    /// The first `count` bytes, or all there are.
    pub(super) fn prefix(&mut self, count: usize) -> io::Result<&[u8]> {
        let count = usize::try_from(self.size).map_or(count, |size| size.min(count));
        self.hold(0, count)
    }

    pub(super) fn array<const N: usize>(&mut self, offset: u64) -> Result<[u8; N], Fault> {
        let bytes = self.bytes(offset, N)?;
        Ok(bytes.try_into().expect("as many bytes as were asked for"))
    }

    pub(super) fn byte(&mut self, offset: u64) -> Result<u8, Fault> {
        let [byte] = self.array(offset)?;
        Ok(byte)
    }

    pub(super) fn u16_be(&mut self, offset: u64) -> Result<u16, Fault> {
        self.array(offset).map(u16::from_be_bytes)
    }

    pub(super) fn u32_be(&mut self, offset: u64) -> Result<u32, Fault> {
        self.array(offset).map(u32::from_be_bytes)
    }

    pub(super) fn u16_le(&mut self, offset: u64) -> Result<u16, Fault> {
        self.array(offset).map(u16::from_le_bytes)
    }

    pub(super) fn u32_le(&mut self, offset: u64) -> Result<u32, Fault> {
        self.array(offset).map(u32::from_le_bytes)
    }

    /// `count` bytes that are known to be there.
    fn hold(&mut self, offset: u64, count: usize) -> io::Result<&[u8]> {
        if let Some(memory) = self.memory {
            let from = narrow(offset);
            return Ok(&memory[from..from + count]);
        }
        let held = self.held.len() as u64;
        let inside = offset.checked_sub(self.start).filter(|from| from.saturating_add(count as u64) <= held);
        if inside.is_none() {
            self.fill(offset, count)?;
        }
        let from = inside.map_or(0, narrow);
        Ok(&self.held[from..from + count])
    }

    /// Holds what begins at `offset`, at least `count` bytes, all of which are there.
    fn fill(&mut self, offset: u64, count: usize) -> io::Result<()> {
        let end = self.start + self.held.len() as u64;
        let reading_on = !self.held.is_empty() && offset >= self.start && offset <= end.saturating_add(NEAR);
        let wanted = if reading_on { (self.held.len() * 2).clamp(JUMP, WINDOW) } else { JUMP };
        let there = self.size - offset;
        let length = there.min(wanted.max(count) as u64);
        self.held.resize(narrow(length), 0);
        self.start = offset;
        let read = self.source.read_exact_at(&mut self.held, offset);
        if read.is_err() {
            // What a failed read leaves behind is nobody's bytes.
            self.held.clear();
        }
        read
    }
}

/// A place or length that was found to lie inside a buffer in memory.
fn narrow(inside: u64) -> usize {
    usize::try_from(inside).expect("inside a buffer in memory, whose length is a usize")
}

#[cfg(test)]
mod tests {
    use super::super::counted::Counted;
    use super::*;

    #[test]
    fn walking_forward_reads_no_byte_twice() {
        let bytes: Vec<_> = (0..=255).cycle().take(300_000).collect();
        let source = Counted::new(&bytes);
        let mut window = Window::new(&source);
        let mut offset = 0;
        while offset < source.size() {
            assert_eq!(u64::from(window.byte(offset).unwrap()), offset % 256);
            offset += 7;
        }
        assert!(source.bytes_read() <= source.size());
        assert!(source.calls() < 12, "{} calls", source.calls());
    }

    #[test]
    fn jumping_reads_a_page_each_time() {
        let bytes = vec![0; 1_000_000];
        let source = Counted::new(&bytes);
        let mut window = Window::new(&source);
        for offset in (0..1_000_000).step_by(100_000) {
            window.u32_be(offset).unwrap();
        }
        assert_eq!(source.bytes_read(), 10 * JUMP as u64);
    }

    #[test]
    fn what_lies_past_the_end_is_told_by_how_much() {
        let source = Counted::new(&[0; 10]);
        let mut window = Window::new(&source);
        for (offset, lacking) in [(8, 2), (10, 4), (u64::MAX, u64::MAX - 10)] {
            let fault = window.u32_be(offset).unwrap_err();
            assert!(matches!(fault, Fault::Cut(Missing::Bytes(n)) if n == lacking), "{fault:?}");
        }
        assert_eq!(source.calls(), 0);
    }
}
