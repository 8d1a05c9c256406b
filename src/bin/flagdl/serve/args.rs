//! The options of `flagdl serve`.
//!
//! Promises: what is parsed is valid (a share is between 0 and 1, a bandwidth
//! and a rate are above 0), and with no option at all the origin is well-behaved
//! and only this machine can reach it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use flagdl::options::Rate;

use super::conduct::Conduct;
use crate::values::{bytes_per_second, part, pause};

/// A practice origin on loopback: generated flags, latency, faults, rate limits
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Port to listen on; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 8000)]
    port: u16,
    /// Address to listen on; loopback keeps everybody else out
    #[arg(long, value_name = "ADDR", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// How long every answer waits (500ms, 3s)
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    #[arg(value_parser = pause)]
    delay: Duration,
    /// How much longer an answer may wait, evenly between nothing and this
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    #[arg(value_parser = pause)]
    jitter: Duration,
    /// Share of requests, from 0 to 1, that is answered with 503
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = part)]
    error_rate: f64,
    /// How fast one client may ask (10/s, 600/m, 5000/h) before it gets 429 [default: off]
    #[arg(long, value_name = "RATE")]
    limit: Option<Rate>,
    /// Bytes of bodies a second over all connections (200KB/s, 1MiB/s) [default: off]
    #[arg(long, value_name = "BYTES/s", value_parser = bytes_per_second)]
    bandwidth: Option<NonZeroU64>,
    /// Folder to serve under /files/ [default: none]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl ServeArgs {
    /// Where to listen.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(self.listen, self.port)
    }

    /// How to behave.
    pub(crate) fn into_conduct(self) -> Conduct {
        Conduct {
            delay: self.delay,
            jitter: self.jitter,
            error_rate: self.error_rate,
            limit: self.limit,
            bandwidth: self.bandwidth,
            dir: self.dir,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Program {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn parse(line: &str) -> Result<ServeArgs, clap::Error> {
        let words = std::iter::once("serve").chain(line.split_whitespace());
        Program::try_parse_from(words).map(|program| program.serve)
    }

    #[test]
    fn without_options_it_is_well_behaved_and_on_loopback() {
        let serve = parse("").unwrap();
        assert_eq!(serve.address(), SocketAddr::from(([127, 0, 0, 1], 8000)));
        assert_eq!(serve.into_conduct(), Conduct::default());
    }

    #[test]
    fn every_option_arrives() {
        let line = "--port 0 --listen ::1 --delay 500ms --jitter 100ms --error-rate 0.1 \
                    --limit 10/s --bandwidth 200KB/s --dir pictures";
        let serve = parse(line).unwrap();
        assert_eq!(serve.address().to_string(), "[::1]:0");
        let expected = Conduct {
            delay: Duration::from_millis(500),
            jitter: Duration::from_millis(100),
            error_rate: 0.1,
            limit: "10/s".parse().ok(),
            bandwidth: NonZeroU64::new(200_000),
            dir: Some(PathBuf::from("pictures")),
        };
        assert_eq!(serve.into_conduct(), expected);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "--error-rate 1.1",
            "--error-rate -0.1",
            "--error-rate NaN",
            "--bandwidth 0",
            "--bandwidth fast",
            "--limit 0/s",
            "--delay 5",
            "--port 70000",
            "--listen localhost",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
