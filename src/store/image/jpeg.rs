//! JPEG: a walk over the header's segments to the first scan, then a search for the end of the image (ITU T.81 B.1.1).
//!
//! Promises: an end inside a segment does not count, such as that of the thumbnail in an EXIF segment. The usual file,
//! which ends with its EOI, is settled by its header and its last two bytes. Whatever follows the EOI passes: cameras
//! append previews, videos and padding.
//!
//! What surprises: the search goes backwards from the end of the file, and may meet the EOI of a trailer instead of the
//! image's own. That is safe, since a trailer is only there once the image before it is whole. Bytes between two header
//! segments that belong to neither are passed over, as libjpeg does. A table between two scans that holds FF D9 and
//! at which a file is cut would pass; no known encoder writes one.

use super::verdict::{Fault, Missing};
use super::window::{WINDOW, Window};

const PREFIX: u8 = 0xFF;
const START_OF_IMAGE: u8 = 0xD8;
const END_OF_IMAGE: u8 = 0xD9;
const START_OF_SCAN: u8 = 0xDA;
const END: [u8; 2] = [PREFIX, END_OF_IMAGE];

pub(super) fn check(window: &mut Window<'_>) -> Result<(), Fault> {
    let scan = first_scan(window)?;
    if ends_after(window, scan)? { Ok(()) } else { Err(Fault::Cut(Missing::End)) }
}

/// Where the coded data of the first scan begins.
fn first_scan(window: &mut Window<'_>) -> Result<u64, Fault> {
    let mut offset = 2;
    loop {
        let (marker, parameters) = next_marker(window, offset)?;
        match marker {
            // TEM and RST have no parameters.
            0x01 | 0xD0..=0xD7 => offset = parameters,
            START_OF_IMAGE => return Err(Fault::Malformed("that begins a second time inside its header")),
            END_OF_IMAGE => return Err(Fault::Malformed("that ends before its first scan")),
            _ => {
                let length = window.u16_be(parameters)?;
                if length < 2 {
                    return Err(Fault::Malformed("with a header segment shorter than its own length"));
                }
                offset = parameters + u64::from(length);
                window.require(offset)?;
                if marker == START_OF_SCAN {
                    return Ok(offset);
                }
            }
        }
    }
}

/// The next marker from `offset` on, and the place behind it. Any number of FF may fill up to it (B.1.1.2).
fn next_marker(window: &mut Window<'_>, mut offset: u64) -> Result<(u8, u64), Fault> {
    let mut filled = false;
    loop {
        let byte = window.byte(offset)?;
        offset += 1;
        match byte {
            PREFIX => filled = true,
            0 => filled = false,
            marker if filled => return Ok((marker, offset)),
            _ => {}
        }
    }
}

/// Whether an EOI stands anywhere behind `scan`.
fn ends_after(window: &mut Window<'_>, scan: u64) -> Result<bool, Fault> {
    let mut end = window.size();
    let mut reach: u64 = END.len() as u64;
    while end.saturating_sub(scan) >= END.len() as u64 {
        let start = end.saturating_sub(reach).max(scan);
        let count = usize::try_from(end - start).expect("at most one window");
        if window.bytes(start, count)?.windows(END.len()).any(|pair| pair == END) {
            return Ok(true);
        }
        // One byte stays, for an EOI of which only the second half was seen.
        end = if start == scan { scan } else { start + 1 };
        reach = (reach * 64).min(WINDOW as u64);
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{self, assert_cut, assert_malformed, assert_whole};
    use super::super::verdict::Format;

    const JPEG: Format = Format::Jpeg;

    #[test]
    fn the_end_of_a_thumbnail_does_not_count() {
        let whole = samples::jpeg();
        let inside = whole.windows(2).position(|pair| pair == [0xFF, 0xD9]).unwrap();
        assert!(inside + 100 < whole.len(), "the sample has a thumbnail with an end of its own");
        assert_cut(JPEG, &whole[..inside + 2]);
        assert_cut(JPEG, &whole[..whole.len() - 2]);
    }

    #[test]
    fn what_follows_the_end_passes() {
        for trailer in [&b"\0\0\0\0"[..], b"\nSEFT trailer of a phone", &vec![0xA5; 200_000], &samples::jpeg()] {
            assert_whole(JPEG, &[&samples::jpeg()[..], trailer].concat());
        }
    }

    #[test]
    fn a_cut_trailer_passes_since_the_image_before_it_is_whole() {
        let second = samples::jpeg();
        assert_whole(JPEG, &[&samples::jpeg()[..], &second[..second.len() / 2]].concat());
    }

    #[test]
    fn zeros_where_the_end_should_be_do_not_pass() {
        let mut bytes = samples::jpeg();
        let size = bytes.len();
        bytes[size - 2..].fill(0);
        bytes.resize(size + 300_000, 0);
        assert_cut(JPEG, &bytes);
    }

    #[test]
    fn fill_bytes_and_strays_between_segments_pass() {
        let whole = samples::jpeg_thumbnail();
        let second = 2 + 2 + 67;
        assert_eq!(whole[second], 0xFF);
        for stray in [&[0xFF, 0xFF, 0xFF][..], &[0, 0], &[0xFF, 0, 0x12], &[0xFF, 0x01, 0xFF, 0xD0]] {
            assert_whole(JPEG, &[&whole[..second], stray, &whole[second..]].concat());
        }
    }

    #[test]
    fn an_end_that_straddles_two_reads_is_found() {
        let whole = samples::jpeg();
        for trailing in (120..140).chain(8_180..8_330).chain(65_400..65_700).chain(73_600..73_900) {
            let mut bytes = whole.clone();
            bytes.resize(whole.len() + trailing, 0);
            assert_whole(JPEG, &bytes);
        }
    }

    #[test]
    fn headers_that_contradict_themselves_are_malformed() {
        assert_malformed(JPEG, &[0xFF, 0xD8, 0xFF, 0xD9]);
        assert_malformed(JPEG, &[0xFF, 0xD8, 0xFF, 0xD8, 0xFF, 0xD9]);
        assert_malformed(JPEG, &[0xFF, 0xD8, 0xFF, 0xE0, 0, 1, 0xFF, 0xDA]);
    }
}
