//! Bytes that count how they are read, to show that a check reads little and in bounded pieces.

use std::{cell::Cell, io};

use super::ReadAt;

/// A source that is read as a file is.
pub(crate) struct Counted<'a> {
    bytes: &'a [u8],
    read: Cell<u64>,
    calls: Cell<u64>,
    largest: Cell<usize>,
}

impl<'a> Counted<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, read: Cell::new(0), calls: Cell::new(0), largest: Cell::new(0) }
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.read.get()
    }

    pub(crate) fn calls(&self) -> u64 {
        self.calls.get()
    }

    /// In bytes.
    pub(crate) fn largest_read(&self) -> usize {
        self.largest.get()
    }
}

impl ReadAt for Counted<'_> {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.read.set(self.read.get() + buffer.len() as u64);
        self.calls.set(self.calls.get() + 1);
        self.largest.set(self.largest.get().max(buffer.len()));
        self.bytes.read_exact_at(buffer, offset)
    }
}
