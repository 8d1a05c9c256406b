//! Small whole images, built by hand, for the tests of this module.
//!
//! They are as small as their format allows. Those of AVIF, HEIC and JPEG XL have the structure of a file around
//! content that no decoder would take; the others can be decoded.

use super::{Flaw, Format, check, counted::Counted};

pub(super) fn verdict(bytes: &[u8]) -> Result<Format, Flaw> {
    let in_memory = check(bytes).unwrap();
    let from_disk = check(&Counted::new(bytes)).unwrap();
    assert_eq!(in_memory, from_disk, "memory and file are read alike");
    in_memory
}

#[track_caller]
pub(super) fn assert_whole(format: Format, bytes: &[u8]) {
    assert_eq!(verdict(bytes), Ok(format), "{} bytes", bytes.len());
}

#[track_caller]
pub(super) fn assert_cut(expected: Format, bytes: &[u8]) {
    let found = verdict(bytes);
    let cut = matches!(found, Err(Flaw::CutShort { format, .. }) if format == expected);
    assert!(cut, "{} bytes: {found:?}", bytes.len());
}

#[track_caller]
pub(super) fn assert_malformed(expected: Format, bytes: &[u8]) {
    let found = verdict(bytes);
    let malformed = matches!(found, Err(Flaw::Malformed { format, .. }) if format == expected);
    assert!(malformed, "{} bytes: {found:?}", bytes.len());
}

#[track_caller]
pub(super) fn assert_foreign(bytes: &[u8]) {
    let found = verdict(bytes);
    assert!(matches!(found, Err(Flaw::NotAnImage { .. })), "{} bytes: {found:?}", bytes.len());
}

/// Eight grey pixels square, without EXIF.
pub(super) fn jpeg_thumbnail() -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8];
    // All quantization steps are one.
    bytes.extend(jpeg_segment(0xDB, &[&[0][..], &[1; 64]].concat()));
    bytes.extend(jpeg_segment(0xC0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]));
    for class in [0, 0x10] {
        // One code of one bit, which stands for zero.
        bytes.extend(jpeg_segment(0xC4, &[&[class, 1][..], &[0; 15], &[0]].concat()));
    }
    bytes.extend(jpeg_segment(0xDA, &[1, 1, 0, 0, 63, 0]));
    // Two codes, filled up with ones, then the end.
    bytes.extend([0x3F, 0xFF, 0xD9]);
    bytes
}

/// The same with an EXIF segment, and in it a thumbnail that is a JPEG of its own.
pub(super) fn jpeg() -> Vec<u8> {
    let thumbnail = jpeg_thumbnail();
    let length = u16::try_from(thumbnail.len()).unwrap().to_be_bytes();
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08".to_vec();
    // An empty first directory, then that of the thumbnail with its place and length.
    exif.extend(b"\0\0\0\0\0\x0E\0\x02\x02\x01\0\x04\0\0\0\x01\0\0\0\x2C\x02\x02\0\x04\0\0\0\x01\0\0");
    exif.extend(length);
    exif.extend([0; 4]);
    exif.extend(&thumbnail);
    [&thumbnail[..2], &jpeg_segment(0xE1, &exif), &thumbnail[2..]].concat()
}

fn jpeg_segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker], &length[..], content].concat()
}

/// One black pixel.
pub(super) fn png() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1A\n".to_vec();
    bytes.extend(png_chunk(*b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]));
    // A stored block of two zeros: the filter and the pixel.
    bytes.extend(png_chunk(*b"IDAT", b"\x78\x01\x01\x02\0\xFD\xFF\0\0\0\x02\0\x01"));
    bytes.extend(png_chunk(*b"IEND", &[]));
    bytes
}

pub(super) fn png_chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let mut checksum = u32::MAX;
    for byte in name.iter().chain(content) {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            checksum = (checksum >> 1) ^ ((checksum & 1) * 0xEDB8_8320);
        }
    }
    [&length, &name, content, &(!checksum).to_be_bytes()].concat()
}

/// Two frames of one pixel with a loop extension, a global color table and a local one.
pub(super) fn gif() -> Vec<u8> {
    let mut bytes = b"GIF89a\x01\0\x01\0\x80\0\0;;;\xFF\xFF\xFF".to_vec();
    bytes.extend(b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0");
    bytes.extend(b"\x21\xF9\x04\0\x0A\0\0\0\x2C\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0");
    bytes.extend(b"\x2C\0\0\0\0\x01\0\x01\0\x80\0\0\0;;;\x02\x02\x44\x01\0;");
    bytes
}

/// One pixel, lossless.
pub(super) fn webp() -> Vec<u8> {
    riff(&[(b"VP8L", b"\x2F\0\0\0\x10\x07\x10\x11\x11\x88\x88\xFE\x07")])
}

pub(super) fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut content = b"WEBP".to_vec();
    for (name, body) in chunks {
        content.extend(*name);
        content.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        content.extend(*body);
        content.resize(content.len().next_multiple_of(2), 0);
    }
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    [b"RIFF", &length[..], &content].concat()
}

pub(super) fn avif() -> Vec<u8> {
    heif(b"avif\0\0\0\0mif1miaf")
}

pub(super) fn heic() -> Vec<u8> {
    heif(b"mif1\0\0\0\0mif1heic")
}

/// Two items in one media box.
fn heif(brands: &[u8]) -> Vec<u8> {
    let kind = iso_box(*b"ftyp", brands);
    let media = iso_box(*b"mdat", &[0x5A; 40]);
    // Its length does not depend on the places in it.
    let places = kind.len() + item_locations(0).len() + 8;
    [kind, item_locations(u8::try_from(places).unwrap()), media].concat()
}

fn item_locations(start: u8) -> Vec<u8> {
    let extent = |id: u8, at: u8| [0, id, 0, 0, 0, 0, 0, 1, 0, 0, 0, at, 0, 0, 0, 20];
    let locations = [&[1, 0, 0, 0, 0x44, 0, 0, 2][..], &extent(1, start), &extent(2, start.wrapping_add(20))].concat();
    let primary = iso_box(*b"pitm", &[0, 0, 0, 0, 0, 1]);
    iso_box(*b"meta", &[&[0; 4][..], &primary, &iso_box(*b"iloc", &locations)].concat())
}

/// A movie box and its media.
pub(super) fn avif_sequence() -> Vec<u8> {
    let boxes = [iso_box(*b"ftyp", b"avis\0\0\0\0avismsf1"), iso_box(*b"moov", &[7; 30]), iso_box(*b"mdat", &[8; 50])];
    boxes.concat()
}

pub(super) fn iso_box(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
    [&length, &kind, content].concat()
}

/// Three pixels square, 24 bits deep.
pub(super) fn bmp() -> Vec<u8> {
    let mut bytes = b"BM\x5A\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x03\0\0\0\x03\0\0\0\x01\0\x18\0".to_vec();
    bytes.resize(54, 0);
    bytes.resize(54 + 36, 0x77);
    bytes
}

/// Two pages with a strip each; the first has a sub-directory too. Strips and texts stand behind the directories.
pub(super) fn tiff(little_endian: bool, big: bool) -> Vec<u8> {
    let width = if big { 8 } else { 4 };
    let number = |value: usize, width: usize| {
        let bytes = value.to_be_bytes();
        let mut bytes = bytes[bytes.len() - width..].to_vec();
        if little_endian {
            bytes.reverse();
        }
        bytes
    };
    let mut bytes = if little_endian { b"II".to_vec() } else { b"MM".to_vec() };
    bytes.extend(number(if big { 43 } else { 42 }, 2));
    let start = if big {
        bytes.extend([number(8, 2), number(0, 2)].concat());
        16
    } else {
        8
    };
    bytes.extend(number(start, width));
    let directory_length = |entries: usize| if big { 16 + 20 * entries } else { 6 + 12 * entries };
    let second = start + directory_length(4);
    let third = second + directory_length(2);
    let text = third + directory_length(2);
    let strip = text + 20;
    let entry = |tag: usize, kind: usize, count: usize, value: usize| {
        [number(tag, 2), number(kind, 2), number(count, width), number(value, width)].concat()
    };
    let directory = |entries: &[Vec<u8>], next: usize| {
        let count = number(entries.len(), if big { 8 } else { 2 });
        [count, entries.concat(), number(next, width)].concat()
    };
    let pointer = if big { 16 } else { 4 };
    let piece = |at: usize| vec![entry(273, pointer, 1, at), entry(279, pointer, 1, 10)];
    let more = vec![entry(330, pointer, 1, third), entry(270, 2, 20, text)];
    bytes.extend(directory(&[piece(strip), more].concat(), second));
    bytes.extend(directory(&piece(strip + 10), 0));
    bytes.extend(directory(&piece(strip + 20), 0));
    bytes.extend([b'A'; 20]);
    bytes.extend([0x33; 30]);
    bytes
}

/// One picture of 1x1, 32 bits deep, with its mask.
pub(super) fn ico() -> Vec<u8> {
    let mut picture = b"\x28\0\0\0\x01\0\0\0\x02\0\0\0\x01\0\x20\0".to_vec();
    picture.resize(40, 0);
    picture.extend([0, 0, 0xFF, 0xFF, 0, 0, 0, 0]);
    // Two entries may share one picture.
    let entry = |offset: u8| [1, 1, 0, 0, 1, 0, 32, 0, 48, 0, 0, 0, offset, 0, 0, 0];
    [&[0, 0, 1, 0, 2, 0][..], &entry(38), &entry(38), &picture].concat()
}

pub(super) fn jxl() -> Vec<u8> {
    let codestream = iso_box(*b"jxlc", &jxl_codestream());
    [&super::jxl::SIGNATURE_BOX[..], &iso_box(*b"ftyp", b"jxl \0\0\0\0jxl "), &codestream].concat()
}

pub(super) fn jxl_codestream() -> Vec<u8> {
    b"\xFF\x0A\x00\x10\xB0\x13\x00\x88\x02\x00\x94\x00".to_vec()
}

pub(super) fn svg() -> Vec<u8> {
    let mut text = String::from("<?xml version=\"1.0\"?>\n<!-- a square -->\n<!DOCTYPE svg [<!ENTITY a \"b\">]>\n");
    text.push_str("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 2 2\"><g><svg></svg>");
    text.push_str("<path d=\"M0 0h1v1z\"/></g><style><![CDATA[a>b{}</svg>]]></style></svg>");
    text.into_bytes()
}

pub(super) fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}
