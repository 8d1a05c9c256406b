//! How long is waited, and how often tried again.

use std::time::Duration;

use clap::Args;

use crate::values::{bytes, duration};

#[derive(Debug, Args)]
#[command(next_help_heading = "Patience")]
pub(crate) struct Patience {
    /// Further attempts after the first, for what may pass; 0 also gives up a failing host sooner
    #[arg(long, value_name = "N", default_value = "3", env = "FLAGDL_RETRIES", hide_env = true)]
    pub(crate) retries: u32,

    /// Longest wait that a server may ask for; if it asks for more, its entries end in errors
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    #[arg(env = "FLAGDL_MAX_RETRY_AFTER", hide_env = true)]
    pub(crate) max_retry_after: Duration,

    /// Longest time to connect, TLS included
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    #[arg(env = "FLAGDL_CONNECT_TIMEOUT", hide_env = true)]
    pub(crate) connect_timeout: Duration,

    /// Longest wait for an answer, connecting included, and then for each next byte
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    #[arg(env = "FLAGDL_READ_TIMEOUT", hide_env = true)]
    pub(crate) read_timeout: Duration,

    /// Slowest body, averaged over 30s; 0 for none
    #[arg(long, value_name = "BYTES/s", default_value = "1KiB/s", value_parser = bytes)]
    #[arg(env = "FLAGDL_MIN_SPEED", hide_env = true)]
    pub(crate) min_speed: u64,

    /// Longest time of one attempt in all [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = duration, env = "FLAGDL_TIMEOUT", hide_env = true)]
    pub(crate) timeout: Option<Duration>,
}
