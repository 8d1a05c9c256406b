//! The image check: any bytes, as a body brings them.
//!
//! Promises that are held: memory and a file are judged alike; reading stays linear in the size, in bounded pieces; the
//! shortest start of an image that passes ends with that format's own end; and in the formats that know their end,
//! whatever follows it passes.
//!
//! What surprises: TIFF jumps, so what is linear there is the number of its reads. A cut that a format cannot tell is named
//! in `store/image/tests.rs`; here such formats are only asked for what they can tell.

use crate::store::{
    Flaw, Format,
    image::{check, counted::Counted},
};

pub(super) const TOKENS: &[&[u8]] = &[
    b"\xff\xd8\xff",
    b"\xff\xd9",
    b"\xff\xda",
    b"\x89PNG\r\n\x1a\n",
    b"\0\0\0\x0dIHDR",
    b"\0\0\0\0IEND\xae\x42\x60\x82",
    b"\0\0\0\0IDAT",
    b"GIF89a",
    b";",
    b"RIFF",
    b"WEBP",
    b"VP8L",
    b"ANMF",
    b"\0\0\0\x18ftypavif",
    b"mif1",
    b"meta",
    b"iloc",
    b"mdat",
    b"moov",
    b"jxlc",
    b"jxlp",
    b"BM",
    b"II*\0",
    b"MM\0+",
    b"\x11\x01",
    b"\0\0\x01\0",
    b"<svg ",
    b"</svg>",
    b"<!--",
    b"-->",
    b"<!DOCTYPE",
    b"<![CDATA[",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\0\0\0\x01",
];

/// Of larger ones not every start is looked at.
const SMALL: usize = 1024;

pub(super) fn hold(data: &[u8]) {
    let verdict = verdict(data);
    let source = Counted::new(data);
    assert_eq!(check(&source).expect("memory can be read"), verdict, "memory and a file are judged alike");
    assert!(source.largest_read() <= 64 * 1024, "{} bytes are read at once", source.largest_read());
    let (size, read, calls) = (data.len() as u64, source.bytes_read(), source.calls());
    let jumps = [b"II", b"MM"].iter().any(|order| data.starts_with(*order));
    assert!(if jumps { calls <= 8 * size + 2048 } else { read <= 2 * size + 64 * 1024 }, "{calls} reads of {read}");
    match verdict {
        Ok(format) if data.len() <= SMALL => ends_where_it_passes(format, data),
        Ok(_) => {}
        Err(flaw) => assert!(!flaw.to_string().is_empty() && (flaw == Flaw::Empty) == data.is_empty()),
    }
}

fn verdict(bytes: &[u8]) -> Result<Format, Flaw> {
    check(bytes).expect("memory can be read")
}

fn ends_where_it_passes(format: Format, whole: &[u8]) {
    let passes = |length: usize| verdict(&whole[..length]).is_ok();
    let shortest = (0..=whole.len()).find(|length| passes(*length)).expect("the whole passes");
    let image = &whole[..shortest];
    let number = |place: usize| {
        let bytes = image.get(place..place + 4).expect("a header").try_into().expect("four bytes");
        u64::from(u32::from_le_bytes(bytes))
    };
    let size = shortest as u64;
    assert!(
        match format {
            Format::Jpeg => image.ends_with(b"\xFF\xD9"),
            Format::Png => image.ends_with(b"IEND\xAE\x42\x60\x82"),
            Format::Gif => image.ends_with(b";"),
            Format::WebP => size == 8 + number(4),
            Format::Ico => {
                let entries = (0..usize::from(image[4]) | usize::from(image[5]) << 8).map(|index| 6 + 16 * index);
                entries.map(|entry| number(entry + 8) + number(entry + 12)).max().is_some_and(|end| size == end.max(26))
            }
            Format::Svg => image.ends_with(b">") || image.ends_with(b">\0"),
            _ => true,
        },
        "{format} passes with {shortest} bytes of {}",
        whole.len()
    );
    let knows_its_end =
        matches!(format, Format::Jpeg | Format::Gif | Format::WebP | Format::Bmp | Format::Tiff | Format::Ico);
    if knows_its_end {
        let refused = (shortest..=whole.len()).find(|length| !passes(*length));
        assert_eq!(refused, None, "{format} of {shortest} bytes with something behind it");
        assert_eq!(verdict(&[whole, b"<html>"].concat()), Ok(format));
    }
}
