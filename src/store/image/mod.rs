//! Decides whether bytes are one whole image, so that a truncated body or an error page never lands under an image's
//! name.
//!
//! Promises: the format is told by the bytes alone, never by a name or a header. A file passes when its signature is
//! that of an image and, where the format tells, its end is there. Pixels are not decoded: a whole file whose pixels
//! are damaged passes. A source is held in windows of 64 KiB, never whole; the time is linear in its size; no input
//! makes a check panic. A usual JPEG or PNG is settled by a few pages, however large it is.
//!
//! What surprises: bytes after an image's end pass in the formats that know their end (JPEG, PNG, GIF, WebP, BMP, TIFF,
//! ICO), since cameras append trailers there. Where a format cannot tell a cut, the cut passes, and `tests.rs` names
//! each such place: a bare JPEG XL codestream; a last box without a length, in JPEG XL and in image sequences; a
//! sequence cut exactly between two media boxes; whatever comes after an image's own end. On the other hand a JPEG
//! without EOI and a GIF without trailer are refused, though viewers show them, for they are what a cut one looks like.

mod bmp;
mod boxes;
mod foreign;
mod gif;
mod heif;
mod ico;
mod jpeg;
mod jxl;
mod png;
mod source;
mod svg;
mod tiff;
mod verdict;
mod webp;
mod window;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod counted;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use std::io;

use verdict::Fault;
use window::Window;

pub(crate) use source::{OpenFile, ReadAt};
pub use verdict::{Flaw, Format, Missing};

/// Says which image `bytes` are, or why they are not a whole one.
///
/// # Errors
///
/// When reading fails. What the bytes are is never an error.
pub(crate) fn check(bytes: &(impl ReadAt + ?Sized)) -> io::Result<Result<Format, Flaw>> {
    let mut window = Window::new(&bytes);
    if window.size() == 0 {
        return Ok(Err(Flaw::Empty));
    }
    let format = recognise(window.prefix(SIGNATURE)?);
    Ok(match examine(format, &mut window) {
        Ok(()) => Ok(format),
        Err(Fault::Cut(missing)) => Err(Flaw::CutShort { format, missing }),
        Err(Fault::Malformed(detail)) => Err(Flaw::Malformed { format, detail }),
        Err(Fault::Foreign) => {
            let looks_like = foreign::name(window.prefix(foreign::ENOUGH)?);
            Err(Flaw::NotAnImage { looks_like })
        }
        Err(Fault::Read(error)) => return Err(error),
    })
}

/// How many bytes tell the format. An ISO media file tells it by its list of brands, which is seldom longer.
const SIGNATURE: usize = 256;

/// The format that `head` begins like. SVG has no signature: it is what is left, and its own check tells.
fn recognise(head: &[u8]) -> Format {
    match head {
        [0xFF, 0xD8, 0xFF, ..] => Format::Jpeg,
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Format::Png,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Format::Gif,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Format::WebP,
        [b'I', b'I', b'*' | b'+', 0, ..] | [b'M', b'M', 0, b'*' | b'+', ..] => Format::Tiff,
        [0, 0, 1 | 2, 0, ..] => Format::Ico,
        [b'B', b'M', ..] => Format::Bmp,
        [0xFF, 0x0A, ..] => Format::JpegXl,
        _ if head.starts_with(&jxl::SIGNATURE_BOX) => Format::JpegXl,
        _ => heif::brand(head).unwrap_or(Format::Svg),
    }
}

fn examine(format: Format, window: &mut Window<'_>) -> Result<(), Fault> {
    match format {
        Format::Jpeg => jpeg::check(window),
        Format::Png => png::check(window),
        Format::Gif => gif::check(window),
        Format::WebP => webp::check(window),
        Format::Avif | Format::Heic => heif::check(window),
        Format::Bmp => bmp::check(window),
        Format::Tiff => tiff::check(window),
        Format::Ico => ico::check(window),
        Format::JpegXl => jxl::check(window),
        Format::Svg => svg::check(window),
    }
}
