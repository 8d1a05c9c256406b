//! The checksums of a write-ahead log (sqlite.org/fileformat2.html, part 4).
//!
//! Promises: after it, every whole frame is one that the database takes for valid.
//!
//! What surprises: without this, a change to a log is only ever found to be one, and what stands behind it not looked at.

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// Checksums in words of this byte order, told by the magic number's last bit.
const BIG_ENDIAN: u32 = 0x377f_0683;

/// The one version of logs that there is. Another, under a right checksum, is not damage but a log of the future.
const LOG_VERSION: u32 = 3_007_000;

/// Makes the checksums of all whole frames right, and the salts those of the header.
pub(super) fn seal(log: &mut [u8]) {
    if log.len() < HEADER {
        return;
    }
    log[4..8].copy_from_slice(&LOG_VERSION.to_be_bytes());
    let (header, frames) = log.split_at_mut(HEADER);
    let word = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().expect("four bytes"));
    let is_big = word(&header[..4]) == BIG_ENDIAN;
    let page = word(&header[8..12]) as usize;
    let mut sum = add([0, 0], &header[..24], is_big);
    write(&mut header[24..], sum);
    if !(512..=65536).contains(&page) {
        return;
    }
    for frame in frames.chunks_exact_mut(FRAME_HEADER + page) {
        frame[8..16].copy_from_slice(&header[16..24]);
        sum = add(add(sum, &frame[..8], is_big), &frame[FRAME_HEADER..], is_big);
        write(&mut frame[16..24], sum);
    }
}

fn add([mut first, mut second]: [u32; 2], bytes: &[u8], is_big: bool) -> [u32; 2] {
    for pair in bytes.chunks_exact(8) {
        let word = |at: usize| {
            let bytes = pair[at..at + 4].try_into().expect("four bytes");
            if is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
        };
        first = first.wrapping_add(word(0)).wrapping_add(second);
        second = second.wrapping_add(word(4)).wrapping_add(first);
    }
    [first, second]
}

fn write(place: &mut [u8], [first, second]: [u32; 2]) {
    place[..4].copy_from_slice(&first.to_be_bytes());
    place[4..8].copy_from_slice(&second.to_be_bytes());
}
