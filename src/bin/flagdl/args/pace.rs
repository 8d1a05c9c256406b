//! How fast hosts are asked, and which of their wishes are kept to.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};

use clap::{Args, ValueEnum, builder::FalseyValueParser};
use flagdl::options::Rate;

use crate::values::{at_least_one, bytes_per_second, part};

#[derive(Debug, Args)]
#[command(next_help_heading = "Pace")]
pub(crate) struct Pace {
    /// Requests in flight in all
    #[arg(short, long, value_name = "N", default_value = "3", value_parser = at_least_one::<NonZeroUsize>)]
    #[arg(env = "FLAGDL_CONCURRENCY", hide_env = true)]
    pub(crate) concurrency: NonZeroUsize,

    /// Requests in flight to one host [default: as many as in all]
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroUsize>)]
    #[arg(env = "FLAGDL_PER_HOST", hide_env = true)]
    pub(crate) per_host: Option<NonZeroUsize>,

    /// Requests to one host in a time, as 50/s, 30/m or 1000/h; retries and redirects count [default: no limit]
    #[arg(short, long, value_name = "N/s", env = "FLAGDL_RATE", hide_env = true)]
    pub(crate) rate: Option<Rate>,

    /// Requests that may start together under --rate and --total-rate
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_one::<NonZeroU32>)]
    #[arg(env = "FLAGDL_BURST", hide_env = true)]
    pub(crate) burst: NonZeroU32,

    /// Make each interval up to this part shorter or longer, 0 to 1, so that starts are not regular
    #[arg(long, value_name = "PART", default_value = "0", value_parser = part, env = "FLAGDL_JITTER", hide_env = true)]
    pub(crate) jitter: f64,

    /// Requests to all hosts together in a time [default: no limit]
    #[arg(long, value_name = "N/s", env = "FLAGDL_TOTAL_RATE", hide_env = true)]
    pub(crate) total_rate: Option<Rate>,

    /// Bytes received in a second, in all, as 2MB/s [default: no limit]
    #[arg(long, value_name = "BYTES/s", value_parser = bytes_per_second, env = "FLAGDL_BANDWIDTH", hide_env = true)]
    pub(crate) bandwidth: Option<NonZeroU64>,

    /// Ask less of a host that says it is too much, and carefully more again
    #[arg(long, value_name = "SWITCH", default_value = "on", env = "FLAGDL_ADAPTIVE", hide_env = true)]
    pub(crate) adaptive: Switch,

    /// Ask for each host's robots.txt first and keep to it, its Crawl-delay too
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_ROBOTS", hide_env = true)]
    pub(crate) robots: bool,

    /// Leave images whose answer opts out (X-Robots-Tag: noai, noindex, ...; Content-Usage: train-ai=n)
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_RESPECT_OPT_OUT", hide_env = true)]
    pub(crate) respect_opt_out: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}
