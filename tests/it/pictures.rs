//! Small pictures, made here: the same bytes for the same words, whole images to anyone who checks.
//!
//! Promises: different words give different bytes, so that a file under a wrong name is seen; a padded picture
//! has exactly the size that was asked for, and is still a whole JPEG.

use std::collections::BTreeMap;

use jpeg_encoder::{ColorType, Encoder};

const SIDE: u8 = 16;

/// What a server sends in place of a picture when it does not want to say that it has none.
pub(crate) const PAGE: &[u8] =
    b"<!DOCTYPE html>\n<html><head><title>Sorry</title></head><body>Nothing here.</body></html>\n";

/// A small JPEG, one for each `word`.
pub(crate) fn jpeg(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 90)
        .encode(&pixels(word), u16::from(SIDE), u16::from(SIDE), ColorType::Rgb)
        .expect("a picture in memory can be encoded");
    bytes
}

/// What a destination holds once the pictures of these codes are saved.
pub(crate) fn files(codes: &[&str]) -> BTreeMap<String, Vec<u8>> {
    codes.iter().map(|code| (format!("{code}.jpg"), jpeg(code))).collect()
}

/// A small PNG, one for each `word`.
pub(crate) fn png(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, u32::from(SIDE), u32::from(SIDE));
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a header in memory can be written");
    writer.write_image_data(&pixels(word)).expect("a picture in memory can be written");
    writer.finish().expect("a picture in memory can be ended");
    bytes
}

/// A larger PNG, of noise that cannot be packed.
pub(crate) fn noisy_png(side: u32) -> Vec<u8> {
    let mut noise: u32 = 1;
    let mut pixel = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.to_be_bytes()[0]
    };
    let pixels: Vec<u8> = (0..side * side * 3).map(|_| pixel()).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a header in memory can be written");
    writer.write_image_data(&pixels).expect("a picture in memory can be written");
    writer.finish().expect("a picture in memory can be ended");
    bytes
}

/// A JPEG of exactly `size` bytes: filled up with comment segments (ITU T.81 B.2.4.5).
pub(crate) fn padded_jpeg(word: &str, size: usize) -> Vec<u8> {
    let picture = jpeg(word);
    let (start, rest) = picture.split_at(2);
    let mut bytes = start.to_vec();
    let mut missing = size.checked_sub(picture.len()).expect("room for the picture itself");
    while missing > 0 {
        // Two bytes of marker and two of length; never so many that fewer than four are left over.
        let mut segment = missing.min(60_000);
        if missing - segment < 4 && missing != segment {
            segment -= 4;
        }
        let length = u16::try_from(segment - 2).expect("a segment is shorter than 64 KiB");
        bytes.extend([0xFF, 0xFE]);
        bytes.extend(length.to_be_bytes());
        bytes.resize(bytes.len() + segment - 4, b'.');
        missing -= segment;
    }
    bytes.extend(rest);
    bytes
}

/// Pixels that differ with every letter of `word`: FNV-1a, one step a pixel.
fn pixels(word: &str) -> Vec<u8> {
    let mut hash: u32 = 0x811c_9dc5;
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    for byte in word.bytes() {
        hash = step(hash, byte);
    }
    let mut pixels = Vec::new();
    for index in 0..SIDE * (SIDE / 4) {
        hash = step(hash, index);
        for _ in 0..4 {
            pixels.extend(&hash.to_be_bytes()[..3]);
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_the_same_for_a_word_and_different_for_another() {
        assert_eq!(jpeg("cn"), jpeg("cn"));
        assert_ne!(jpeg("cn"), jpeg("in"));
        assert_ne!(png("cn"), png("in"));
    }

    #[test]
    fn a_padded_picture_has_the_size_asked_for() {
        for more in [0, 4, 5, 100, 59_999, 60_000, 60_001, 60_003, 60_004, 200_000] {
            let size = jpeg("cn").len() + more;
            assert_eq!(padded_jpeg("cn", size).len(), size, "{more} more");
        }
    }
}
