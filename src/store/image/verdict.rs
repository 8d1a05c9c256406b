//! What a check can find: the format of a whole image, or the flaw of what is none.
//!
//! Promises: a message names the format and what is wrong with it, lower case, no full stop, and never quotes the
//! bytes. [`Flaw::CutShort`] is told apart from [`Flaw::Malformed`] since only the first is what a broken transfer
//! looks like: another attempt could bring the rest.
//!
//! What surprises: [`Missing::Bytes`] is a lower bound. The first length that cannot be kept ends the check.

use std::error::Error;
use std::fmt;
use std::io;

/// An image format that can be told from its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// JPEG, ITU T.81.
    Jpeg,
    /// PNG and APNG.
    Png,
    /// GIF, 87a and 89a, still or animated.
    Gif,
    /// WebP, lossy, lossless, animated.
    WebP,
    /// AVIF, still or sequence.
    Avif,
    /// HEIC, and HEIF with another codec.
    Heic,
    /// Windows and OS/2 bitmaps.
    Bmp,
    /// TIFF and `BigTIFF`; camera raw files that are TIFFs inside count as such.
    Tiff,
    /// Windows icons and cursors.
    Ico,
    /// JPEG XL, bare or in its container.
    JpegXl,
    /// SVG, not compressed.
    Svg,
}

impl Format {
    /// The registered media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
            Self::Avif => "image/avif",
            Self::Heic => "image/heic",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Ico => "image/vnd.microsoft.icon",
            Self::JpegXl => "image/jxl",
            Self::Svg => "image/svg+xml",
        }
    }

    /// What people call it, as `JPEG`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::WebP => "WebP",
            Self::Avif => "AVIF",
            Self::Heic => "HEIC",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Ico => "ICO",
            Self::JpegXl => "JPEG XL",
            Self::Svg => "SVG",
        }
    }

    fn article(self) -> &'static str {
        match self {
            Self::Avif | Self::Ico | Self::Svg => "an",
            _ => "a",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why bytes are not one whole image.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// No bytes. Another attempt could bring some.
    Empty,
    /// Bytes of something else, such as an error page. Another attempt brings the same.
    NotAnImage {
        /// A noun with its article, such as `an HTML page`.
        looks_like: &'static str,
    },
    /// The beginning of an image. Another attempt could bring the rest.
    CutShort {
        /// What it begins like.
        format: Format,
        /// What is not there.
        missing: Missing,
    },
    /// An image whose structure contradicts itself. Another attempt brings the same.
    Malformed {
        /// What it begins like.
        format: Format,
        /// What is wrong, to be read after the name of the format.
        detail: &'static str,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no bytes at all"),
            Self::NotAnImage { looks_like } => write!(f, "{looks_like}, not an image"),
            Self::CutShort { format, missing } => {
                write!(f, "{} {format} image {missing}", format.article())
            }
            Self::Malformed { format, detail } => {
                write!(f, "{} {format} image {detail}", format.article())
            }
        }
    }
}

impl Error for Flaw {}

/// What a file that was cut short lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The mark that ends the format; how far away it is cannot be told.
    End,
    /// At least so many bytes.
    Bytes(u64),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => f.write_str("without its end"),
            Self::Bytes(1) => f.write_str("that lacks at least 1 byte"),
            Self::Bytes(count) => write!(f, "that lacks at least {count} bytes"),
        }
    }
}

/// How the check of one format ends early; `check` turns it into a [`Flaw`] or a read error.
#[derive(Debug)]
pub(super) enum Fault {
    Read(io::Error),
    Cut(Missing),
    Malformed(&'static str),
    /// Some other kind of file, whose beginning had looked like this format.
    Foreign,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_read_as_sentences_without_a_full_stop() {
        let cut = |format, missing| Flaw::CutShort { format, missing }.to_string();
        assert_eq!(cut(Format::Jpeg, Missing::End), "a JPEG image without its end");
        assert_eq!(cut(Format::Avif, Missing::Bytes(1)), "an AVIF image that lacks at least 1 byte");
        assert_eq!(cut(Format::Png, Missing::Bytes(12)), "a PNG image that lacks at least 12 bytes");
        let page = Flaw::NotAnImage { looks_like: "an HTML page" };
        assert_eq!(page.to_string(), "an HTML page, not an image");
        assert_eq!(Flaw::Empty.to_string(), "no bytes at all");
    }
}
