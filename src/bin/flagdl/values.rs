//! Texts of the command line to values: counts, durations, sizes and speeds.

use std::{num::NonZeroU64, path::PathBuf, str::FromStr, time::Duration};

use bytesize::ByteSize;
use clap::builder::{PathBufValueParser, TypedValueParser};

const DURATION_HINT: &str = "write a number and ms, s, m, h or d, such as 500ms, 10s or 2m";

/// `500ms`, `10s`, `2m`, and `0s` too.
pub(crate) fn pause(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| DURATION_HINT.to_owned())
}

/// As [`pause`], and more than nothing.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let duration = pause(text)?;
    if duration.is_zero() { Err(format!("must be longer than nothing; {DURATION_HINT}")) } else { Ok(duration) }
}

/// `512KiB`, `64MiB`, `2MB`, with or without `/s`.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let size = text.strip_suffix("/s").unwrap_or(text);
    let size: Result<ByteSize, _> = size.parse();
    size.map(|size| size.as_u64()).map_err(|_| "write a number and a unit, such as 512KiB, 64MiB or 2MB".to_owned())
}

/// As [`bytes`], and more than none.
pub(crate) fn bytes_per_second(text: &str) -> Result<NonZeroU64, String> {
    NonZeroU64::new(bytes(text)?).ok_or_else(|| "must be more than 0; leave it out for no limit".to_owned())
}

/// A file that is written: `-` is the name of none, although it is stdin among the lists.
pub(crate) fn file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        if path.as_os_str() == "-" {
            Err("write /dev/stdout for stdout, or ./- for a file of that name")
        } else {
            Ok(path)
        }
    })
}

/// A part of a whole, 0 to 1.
pub(crate) fn part(text: &str) -> Result<f64, String> {
    let part = text.parse().ok().filter(|part| (0.0..=1.0).contains(part));
    part.ok_or_else(|| "write a number from 0 to 1, such as 0.3".to_owned())
}

/// A whole number of at least 1.
pub(crate) fn at_least_one<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "write a whole number of at least 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_read_as_the_help_says() {
        for (text, millis) in [("500ms", 500), ("10s", 10_000), ("2m", 120_000), ("1h", 3_600_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)));
        }
        for (text, size) in
            [("512KiB", 512 << 10), ("64MiB", 64 << 20), ("2MB", 2_000_000), ("10", 10), ("200KB/s", 200_000), ("0", 0)]
        {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
    }

    #[test]
    fn what_is_neither_says_how_to_write_it() {
        for text in ["", "10", "x", "-1s", "0s", "1e3s"] {
            assert!(duration(text).expect_err(text).contains("10s"), "{text}");
        }
        for text in ["", "x", "-1", "1XB", "KiB"] {
            assert!(bytes(text).expect_err(text).contains("64MiB"), "{text}");
        }
        assert!(bytes_per_second("0").is_err());
    }
}
