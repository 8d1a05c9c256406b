//! How connections are made, and what is sent along.

use std::path::PathBuf;

use clap::{Args, ValueEnum, builder::FalseyValueParser};

#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct Network {
    /// Header to send, as 'Name: value'; not sent to where another host redirects; may be repeated
    #[arg(short = 'H', long = "header", value_name = "HEADER", env = "FLAGDL_HEADER", hide_env = true)]
    pub(crate) headers: Vec<String>,

    /// What flagdl calls itself [default: flagdl/VERSION (+URL)]
    #[arg(long, value_name = "TEXT", env = "FLAGDL_USER_AGENT", hide_env = true)]
    pub(crate) user_agent: Option<String>,

    /// Proxy for all requests: http://, https:// or socks5:// [default: the usual proxy variables]
    #[arg(long, value_name = "URL", env = "FLAGDL_PROXY", hide_env = true)]
    pub(crate) proxy: Option<String>,

    /// PEM file with certificates of further authorities, besides the system's
    #[arg(long, value_name = "FILE", env = "FLAGDL_CACERT", hide_env = true)]
    pub(crate) cacert: Option<PathBuf>,

    /// Accept any certificate: anyone on the way can then read and change what is sent
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_INSECURE", hide_env = true)]
    pub(crate) insecure: bool,

    /// Follow redirects from public to private addresses, and ask the metadata services of clouds
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_ALLOW_PRIVATE", hide_env = true)]
    pub(crate) allow_private: bool,

    /// HTTP version; auto is what TLS negotiates
    #[arg(long, value_name = "VERSION", default_value = "auto", env = "FLAGDL_HTTP", hide_env = true)]
    pub(crate) http: Http,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Http {
    #[value(name = "1.1")]
    Http1,
    #[value(name = "2")]
    Http2,
    Auto,
}
