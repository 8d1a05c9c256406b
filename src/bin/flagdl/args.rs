//! The command line: every option with its one line of help, its default and its unit.
//!
//! Promises: each option can also come from `FLAGDL_<NAME>`; the command line wins. What cannot work is refused
//! here, before anything is asked of anyone.
//!
//! What surprises: the environment's values are never shown in the help, since some of them are secrets.

use std::{
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::FalseyValueParser};
use flagdl::options::Rate;

use crate::{
    serve::ServeArgs,
    values::{at_least_one, bytes, bytes_per_second, duration, part},
};

const AFTER_HELP: &str = "\
Examples:
  flagdl --demo                                         a list of flags, from inside the program
  flagdl -u https://example.org/flags --ext png cn.txt  codes from a file, as .../<code>.png
  cat urls.txt | flagdl -c 16 --rate 20/s -d images -   URLs from a pipe, 20/s to each host

Durations read 500ms, 10s, 2m; sizes 512KiB, 64MiB, 2MB; rates 50/s, 30/m, 1000/h.
Every option can also come from the environment: FLAGDL_PER_HOST=2 for --per-host 2.
To be gentle to a server: -c 1 --rate 1/s --jitter 0.3 --robots.

Exit codes: 0 all there; 1 some errors; 2 usage; 3 no errors, some not found;
4 this machine failed (disk full, ...); 130 or 143 interrupted.";

/// Download every image of a list: concurrently, politely to every host, without losing count.
#[derive(Debug, Parser)]
#[command(name = "flagdl", version, after_help = AFTER_HELP, max_term_width = 110)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) download: Download,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a practice origin on loopback: generated flags, latency, faults, rate limits
    Serve(ServeArgs),
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Download {
    /// Lists to download, one code or URL a line; - is stdin
    #[arg(value_name = "LIST")]
    pub(crate) lists: Vec<PathBuf>,

    /// Folder that the files go to
    #[arg(short, long, value_name = "DIR", default_value = "downloads", env = "FLAGDL_DEST", hide_env = true)]
    pub(crate) dest: PathBuf,

    /// Stop after N entries [default: no limit]
    #[arg(short, long, value_name = "N", env = "FLAGDL_LIMIT", hide_env = true)]
    pub(crate) limit: Option<u64>,

    /// Download from a practice origin inside the program; with no LIST, its own list
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_DEMO", hide_env = true)]
    pub(crate) demo: bool,

    /// A code becomes URL/<lower-case code>.<ext>
    #[arg(short = 'u', long, value_name = "URL", default_value = "https://i1.mifile.cn/a1")]
    #[arg(env = "FLAGDL_BASE_URL", hide_env = true, help_heading = "Codes")]
    pub(crate) base_url: String,

    /// Extension after --base-url
    #[arg(long, value_name = "EXT", default_value = "jpg", env = "FLAGDL_EXT", hide_env = true)]
    #[arg(help_heading = "Codes")]
    pub(crate) ext: String,

    /// URL with {code}, {code:lower} or {code:upper} in its path or query, in place of --base-url
    #[arg(long, value_name = "URL", env = "FLAGDL_URL_TEMPLATE", hide_env = true, help_heading = "Codes")]
    pub(crate) url_template: Option<String>,

    /// Requests in flight in all
    #[arg(short, long, value_name = "N", default_value = "3", value_parser = at_least_one::<NonZeroUsize>)]
    #[arg(env = "FLAGDL_CONCURRENCY", hide_env = true, help_heading = "Pace")]
    pub(crate) concurrency: NonZeroUsize,

    /// Requests in flight to one host [default: as many as in all]
    #[arg(long, value_name = "N", value_parser = at_least_one::<NonZeroUsize>)]
    #[arg(env = "FLAGDL_PER_HOST", hide_env = true, help_heading = "Pace")]
    pub(crate) per_host: Option<NonZeroUsize>,

    /// Requests to one host in a time, as 50/s, 30/m or 1000/h; retries and redirects count [default: no limit]
    #[arg(short, long, value_name = "N/s", env = "FLAGDL_RATE", hide_env = true, help_heading = "Pace")]
    pub(crate) rate: Option<Rate>,

    /// Requests that may start together under --rate and --total-rate
    #[arg(long, value_name = "N", default_value = "1", value_parser = at_least_one::<NonZeroU32>)]
    #[arg(env = "FLAGDL_BURST", hide_env = true, help_heading = "Pace")]
    pub(crate) burst: NonZeroU32,

    /// Make each interval up to this part shorter or longer, 0 to 1, so that starts are not regular
    #[arg(long, value_name = "PART", default_value = "0", value_parser = part, env = "FLAGDL_JITTER", hide_env = true)]
    #[arg(help_heading = "Pace")]
    pub(crate) jitter: f64,

    /// Requests to all hosts together in a time [default: no limit]
    #[arg(long, value_name = "N/s", env = "FLAGDL_TOTAL_RATE", hide_env = true, help_heading = "Pace")]
    pub(crate) total_rate: Option<Rate>,

    /// Bytes received in a second, in all, as 2MB/s [default: no limit]
    #[arg(long, value_name = "BYTES/s", value_parser = bytes_per_second, env = "FLAGDL_BANDWIDTH", hide_env = true)]
    #[arg(help_heading = "Pace")]
    pub(crate) bandwidth: Option<NonZeroU64>,

    /// Ask less of a host that says it is too much, and carefully more again
    #[arg(long, value_name = "SWITCH", default_value = "on", env = "FLAGDL_ADAPTIVE", hide_env = true)]
    #[arg(help_heading = "Pace")]
    pub(crate) adaptive: Switch,

    /// Ask for each host's robots.txt first and keep to it, its Crawl-delay too
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_ROBOTS", hide_env = true)]
    #[arg(help_heading = "Pace")]
    pub(crate) robots: bool,

    /// Leave images whose answer opts out (X-Robots-Tag: noai, noindex, ...; Content-Usage: train-ai=n)
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_RESPECT_OPT_OUT", hide_env = true)]
    #[arg(help_heading = "Pace")]
    pub(crate) respect_opt_out: bool,

    /// Further attempts after the first, for what may pass; 0 also gives up a failing host sooner
    #[arg(long, value_name = "N", default_value = "3", env = "FLAGDL_RETRIES", hide_env = true)]
    #[arg(help_heading = "Patience")]
    pub(crate) retries: u32,

    /// Longest wait that a server may ask for; if it asks for more, its entries end in errors
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    #[arg(env = "FLAGDL_MAX_RETRY_AFTER", hide_env = true, help_heading = "Patience")]
    pub(crate) max_retry_after: Duration,

    /// Longest time to connect, TLS included
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    #[arg(env = "FLAGDL_CONNECT_TIMEOUT", hide_env = true, help_heading = "Patience")]
    pub(crate) connect_timeout: Duration,

    /// Longest wait for an answer, connecting included, and then for each next byte
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    #[arg(env = "FLAGDL_READ_TIMEOUT", hide_env = true, help_heading = "Patience")]
    pub(crate) read_timeout: Duration,

    /// Slowest body, averaged over 30s; 0 for none
    #[arg(long, value_name = "BYTES/s", default_value = "1KiB/s", value_parser = bytes)]
    #[arg(env = "FLAGDL_MIN_SPEED", hide_env = true, help_heading = "Patience")]
    pub(crate) min_speed: u64,

    /// Longest time of one attempt in all [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = duration, env = "FLAGDL_TIMEOUT", hide_env = true)]
    #[arg(help_heading = "Patience")]
    pub(crate) timeout: Option<Duration>,

    /// Largest file, counted as it comes
    #[arg(long, value_name = "BYTES", default_value = "64MiB", value_parser = bytes)]
    #[arg(env = "FLAGDL_MAX_SIZE", hide_env = true, help_heading = "Files")]
    pub(crate) max_size: u64,

    /// What is taken for a good file: one whole image, or anything
    #[arg(long, value_name = "WHAT", default_value = "image", env = "FLAGDL_ACCEPT", hide_env = true)]
    #[arg(help_heading = "Files")]
    pub(crate) accept: Accept,

    /// Fetch again whatever is here
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_OVERWRITE", hide_env = true)]
    #[arg(help_heading = "Files")]
    pub(crate) overwrite: bool,

    /// What is synced, to outlive a power loss: nothing, each batch of a second, or each file before it has its name
    #[arg(long, value_name = "WHAT", default_value = "none", env = "FLAGDL_DURABILITY", hide_env = true)]
    #[arg(help_heading = "Files")]
    pub(crate) durability: Durability,

    /// Header to send, as 'Name: value'; not sent to where another host redirects; may be repeated
    #[arg(short = 'H', long = "header", value_name = "HEADER", env = "FLAGDL_HEADER", hide_env = true)]
    #[arg(help_heading = "Network")]
    pub(crate) headers: Vec<String>,

    /// What flagdl calls itself [default: flagdl/VERSION (+URL)]
    #[arg(long, value_name = "TEXT", env = "FLAGDL_USER_AGENT", hide_env = true, help_heading = "Network")]
    pub(crate) user_agent: Option<String>,

    /// Proxy for all requests: http://, https:// or socks5:// [default: the usual proxy variables]
    #[arg(long, value_name = "URL", env = "FLAGDL_PROXY", hide_env = true, help_heading = "Network")]
    pub(crate) proxy: Option<String>,

    /// PEM file with certificates of further authorities, besides the system's
    #[arg(long, value_name = "FILE", env = "FLAGDL_CACERT", hide_env = true, help_heading = "Network")]
    pub(crate) cacert: Option<PathBuf>,

    /// Accept any certificate: anyone on the way can then read and change what is sent
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_INSECURE", hide_env = true)]
    #[arg(help_heading = "Network")]
    pub(crate) insecure: bool,

    /// HTTP version; auto is what TLS negotiates
    #[arg(long, value_name = "VERSION", default_value = "auto", env = "FLAGDL_HTTP", hide_env = true)]
    #[arg(help_heading = "Network")]
    pub(crate) http: Http,

    /// A line an entry, as it ends; each retry, and each pause with its reason
    #[arg(short, long, value_parser = FalseyValueParser::new(), env = "FLAGDL_VERBOSE", hide_env = true)]
    #[arg(help_heading = "Output")]
    pub(crate) verbose: bool,

    /// Errors only
    #[arg(short, long, value_parser = FalseyValueParser::new())]
    #[arg(env = "FLAGDL_QUIET", hide_env = true, help_heading = "Output")]
    pub(crate) quiet: bool,

    /// A live bar on stderr; auto is on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto", env = "FLAGDL_PROGRESS", hide_env = true)]
    #[arg(help_heading = "Output")]
    pub(crate) progress: When,

    /// What stdout gets: a summary, or a JSON object an entry and one at the end
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "FLAGDL_FORMAT", hide_env = true)]
    #[arg(help_heading = "Output")]
    pub(crate) format: Format,

    /// Write each entry that ended in an error to FILE, as a list
    #[arg(long, value_name = "FILE", env = "FLAGDL_FAILED", hide_env = true, help_heading = "Output")]
    pub(crate) failed: Option<PathBuf>,

    /// Entries that are not found no longer make the exit code 3
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_ALLOW_MISSING", hide_env = true)]
    #[arg(help_heading = "Output")]
    pub(crate) allow_missing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Accept {
    Image,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Durability {
    None,
    Batch,
    File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Http {
    #[value(name = "1.1")]
    Http1,
    #[value(name = "2")]
    Http2,
    Auto,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Ndjson,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_option_can_come_from_the_environment_under_its_own_name() {
        for argument in Arguments::command().get_arguments().filter(|argument| !argument.is_positional()) {
            let long = argument.get_long().expect("every option has a long name");
            if matches!(long, "help" | "version") {
                continue;
            }
            let expected = format!("FLAGDL_{}", long.to_uppercase().replace('-', "_"));
            assert_eq!(argument.get_env().and_then(|name| name.to_str()), Some(expected.as_str()));
        }
    }
}
