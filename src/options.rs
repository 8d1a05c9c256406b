//! What a run may be told, in types that cannot be wrong.
//!
//! Promises: there is no limit of zero, no rate that is not a number, and the default of each option is the one
//! that `flagdl --help` shows.

use std::{
    fmt,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use http::HeaderMap;
use thiserror::Error;

use crate::schedule::pace::Pace;
pub use crate::store::Durability;

/// How many requests may start in a time: `50/s`, `30/m`, `1000/h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    interval: Duration,
}

/// Why a text is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a rate: write a number and s, m or h, such as 50/s, 0.5/s, 30/m or 1000/h")]
pub struct RateError;

impl Rate {
    /// Fastest rate: a start each microsecond.
    const SHORTEST: Duration = Duration::from_micros(1);

    /// Slowest rate: a start a day.
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

    /// A rate of `count` starts in each `span`.
    ///
    /// # Errors
    ///
    /// [`RateError`] unless there is one start in between a microsecond and a day.
    pub fn new(count: f64, span: Duration) -> Result<Self, RateError> {
        let interval = Duration::try_from_secs_f64(span.as_secs_f64() / count).map_err(|_| RateError)?;
        if (Self::SHORTEST..=Self::LONGEST).contains(&interval) { Ok(Self { interval }) } else { Err(RateError) }
    }

    /// The time from one start to the next.
    pub fn interval(self) -> Duration {
        self.interval
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (count, unit) = text.split_once('/').unwrap_or((text, "s"));
        let span = match unit.trim() {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            _ => return Err(RateError),
        };
        Self::new(count.trim().parse().map_err(|_| RateError)?, Duration::from_secs(span))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_second = 1.0 / self.interval.as_secs_f64();
        let (count, unit) = [(per_second, "s"), (per_second * 60.0, "m"), (per_second * 3600.0, "h")]
            .into_iter()
            .find(|(count, _)| *count >= 0.999)
            .unwrap_or((per_second * 3600.0, "h"));
        write!(f, "{}/{unit}", (count * 100.0).round() / 100.0)
    }
}

/// What is taken for a good file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Accept {
    /// One whole image.
    #[default]
    Image,
    /// Anything.
    Any,
}

/// What is done about a file that is here already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Existing {
    /// Nothing: it is skipped.
    #[default]
    Skip,
    /// Its server is asked whether it has changed since (RFC 9110 §13), and it is replaced if it has.
    Update,
    /// It is fetched again.
    Overwrite,
}

/// What is done about a file that is here and that its server no longer has (404, 410).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Gone {
    /// Nothing: it is kept, and reported as gone.
    #[default]
    Keep,
    /// It is removed at the end of a run with [`Existing::Update`] that went to its end, unless there are more of them
    /// than this.
    Delete(Share),
}

/// A part of a whole, or a count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Share {
    /// 0 to 1.
    Part(f64),
    /// So many.
    Count(u64),
}

/// Why a text is no share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("write a percentage or a count, such as 1% or 100")]
pub struct ShareError;

impl Share {
    /// How many of a whole of `all` that is at most, rounded down.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a count, and not negative")]
    #[allow(clippy::cast_precision_loss, reason = "counts of files are far below 2^53")]
    pub fn of(self, all: u64) -> u64 {
        match self {
            // A hair more, because 0.07 of 100 is 7 and not 7.000000000000001.
            Self::Part(part) => (part * all as f64 + 1e-9) as u64,
            Self::Count(count) => count,
        }
    }
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        match text.strip_suffix('%') {
            Some(percent) => {
                let percent: f64 = percent.trim().parse().map_err(|_| ShareError)?;
                if (0.0..=100.0).contains(&percent) { Ok(Self::Part(percent / 100.0)) } else { Err(ShareError) }
            }
            None => text.parse().map(Self::Count).map_err(|_| ShareError),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(part) => write!(f, "{}%", (part * 1e6).round() / 1e4),
            Self::Count(count) => count.fmt(f),
        }
    }
}

/// What holds for a run.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own, set by its name")]
pub struct Options {
    /// Requests in flight in all.
    pub concurrency: NonZeroUsize,
    /// Requests in flight to one host; as many as in all where there is none.
    pub per_host: Option<NonZeroUsize>,
    /// Request starts to one host; every request on the wire counts.
    pub rate: Option<Rate>,
    /// How many starts may come together under `rate` and `total_rate`.
    pub burst: NonZeroU32,
    /// Request starts in the whole run.
    pub total_rate: Option<Rate>,
    /// Which part of an interval between starts each one may be shorter or longer by, 0 to 1.
    pub jitter: f64,
    /// Bytes of bodies received in a second, in the whole run.
    pub bandwidth: Option<NonZeroU64>,
    /// Whether a host's limit and pace follow its pushback.
    pub adaptive: bool,
    /// Whether a host that keeps failing is left alone for a while, and at last given up.
    pub breaker: bool,
    /// Longest wait that a server may ask for; if it asks for more, its entries end.
    pub max_retry_after: Duration,
    /// Whether each host's robots.txt is asked for first, and kept to (RFC 9309).
    pub robots: bool,
    /// Whether an image that says that it is not for machines or their makers is left where it is.
    pub respect_opt_out: bool,
    /// Further attempts after the first.
    pub retries: u32,
    /// Longest wait for an answer's head, connecting included, and then for each next byte.
    pub read_timeout: Duration,
    /// Slowest body, in bytes a second over [`Options::MIN_SPEED_SPAN`]; 0 for none.
    pub min_speed: u64,
    /// Longest time of one attempt in all.
    pub timeout: Option<Duration>,
    /// Largest body, in bytes, counted as it comes.
    pub max_size: u64,
    /// What is taken for a good file.
    pub accept: Accept,
    /// What is done about files that are here.
    pub existing: Existing,
    /// Whether a good file that the ledger knows nothing of, and that has an entry's name, is taken as that entry's.
    pub adopt: bool,
    /// For how long nothing is asked about what its server did not have; not at all where there is none.
    pub missing_ttl: Option<Duration>,
    /// What is done about files that are here and gone from their servers.
    pub gone: Gone,
    /// What of the files outlives a power loss.
    pub durability: Durability,
    /// Header fields of the user's own, sent to the hosts of the list and not to where they redirect. Secret values
    /// are to be marked as such (`HeaderValue::set_sensitive`), or `Debug` prints them.
    pub headers: Option<Arc<HeaderMap>>,
    /// What the ledger notes of the run besides these options, such as where codes lead. Nothing secret may be in it.
    pub noted: String,
    /// How long what is in flight may take to finish once the run is drained.
    pub grace: Duration,
    /// Where the randomness of waits starts from; drawn anew for each run where there is none.
    pub seed: Option<u64>,
}

impl Options {
    /// The span over which a body's speed is averaged.
    pub const MIN_SPEED_SPAN: Duration = Duration::from_secs(30);

    pub(crate) fn per_host(&self) -> usize {
        self.per_host.map_or(self.concurrency, |limit| limit.min(self.concurrency)).get()
    }

    pub(crate) fn pace(&self, rate: Option<Rate>) -> Option<Pace> {
        rate.map(|rate| Pace { interval: rate.interval(), burst: self.burst.get() })
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            concurrency: NonZeroUsize::MIN.saturating_add(2),
            per_host: None,
            rate: None,
            burst: NonZeroU32::MIN,
            total_rate: None,
            jitter: 0.0,
            bandwidth: None,
            adaptive: true,
            breaker: true,
            max_retry_after: Duration::from_secs(15 * 60),
            robots: false,
            respect_opt_out: false,
            retries: 3,
            read_timeout: Duration::from_secs(30),
            min_speed: 1024,
            timeout: None,
            max_size: 64 << 20,
            accept: Accept::Image,
            existing: Existing::Skip,
            adopt: false,
            missing_ttl: None,
            gone: Gone::Keep,
            durability: Durability::None,
            headers: None,
            noted: String::new(),
            grace: Duration::from_secs(10),
            seed: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_shown() {
        for (text, millis, shown) in [
            ("50/s", 20, "50/s"),
            ("50", 20, "50/s"),
            ("0.5/s", 2000, "30/m"),
            ("30/m", 2000, "30/m"),
            ("60 / h", 60_000, "1/m"),
            ("1/h", 3_600_000, "1/h"),
        ] {
            let rate: Rate = text.parse().expect(text);
            assert_eq!((rate.interval(), rate.to_string().as_str()), (Duration::from_millis(millis), shown), "{text}");
        }
    }

    #[test]
    fn shares_are_read_and_shown() {
        for (text, of_1000, shown) in [
            ("1%", 10, "1%"),
            ("0.5 %", 5, "0.5%"),
            ("7%", 70, "7%"),
            ("100%", 1000, "100%"),
            ("0%", 0, "0%"),
            ("12", 12, "12"),
        ] {
            let share: Share = text.parse().expect(text);
            assert_eq!((share.of(1000), share.to_string().as_str()), (of_1000, shown), "{text}");
        }
        for text in ["", "%", "-1%", "101%", "NaN%", "0.5", "-1"] {
            assert_eq!(text.parse::<Share>(), Err(ShareError), "{text}");
        }
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in ["", "0/s", "-1/s", "x/s", "5/d", "NaN/s", "inf/s", "1e9/s", "0.5/h/", "0.01/h"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError), "{text}");
        }
    }
}
