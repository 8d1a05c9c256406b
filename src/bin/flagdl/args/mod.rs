//! The command line: every option with its one line of help, its default and its unit.
//!
//! Promises: each option can also come from `FLAGDL_<NAME>`; the command line wins. What cannot work is refused
//! here, before anything is asked of anyone. No option is written twice: what several commands have is a group of its
//! own, in the file of its name.
//!
//! What surprises: the environment's values are never shown in the help, since some of them are secrets.

mod codes;
mod files;
mod network;
mod output;
mod pace;
mod patience;
mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, builder::FalseyValueParser};

pub(crate) use self::{
    codes::Codes,
    files::{Accept, Durability, Files, Folder, Gone, Here},
    network::{Http, Network},
    output::{Format, Misses, Output, When},
    pace::{Pace, Switch},
    patience::Patience,
    verify::Verify,
};
use crate::{serve::ServeArgs, status::StatusArgs};

const AFTER_HELP: &str = "\
Examples:
  flagdl --demo                                         a list of flags, from inside the program
  flagdl -u https://example.org/flags --ext png cn.txt  codes from a file, as .../<code>.png
  cat urls.txt | flagdl -c 16 --rate 20/s -d images -   URLs from a pipe, 20/s to each host

Durations read 500ms, 10s, 2m; sizes 512KiB, 64MiB, 2MB; rates 50/s, 30/m, 1000/h.
Every option can also come from the environment: FLAGDL_PER_HOST=2 for --per-host 2.
To be gentle to a server: -c 1 --rate 1/s --jitter 0.3 --robots.

Exit codes: 0 all there; 1 some errors; 2 usage; 3 no errors, some not found;
4 this machine failed (disk full, ...); 129, 130 or 143 interrupted.";

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
    /// What is here of a list, or of all that was fetched, without the network
    Status(StatusArgs),
    Verify(Box<Verify>),
}

#[derive(Debug, Args)]
pub(crate) struct Download {
    /// Lists to download, one code or URL a line; - is stdin
    #[arg(value_name = "LIST")]
    pub(crate) lists: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) folder: Folder,

    /// Stop after N entries [default: no limit]
    #[arg(short, long, value_name = "N", env = "FLAGDL_LIMIT", hide_env = true)]
    pub(crate) limit: Option<u64>,

    /// Download from a practice origin inside the program; with no LIST, its own list
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_DEMO", hide_env = true)]
    pub(crate) demo: bool,

    #[command(flatten)]
    pub(crate) codes: Codes,

    #[command(flatten)]
    pub(crate) fetching: Fetching,

    #[command(flatten)]
    pub(crate) here: Here,

    #[command(flatten)]
    pub(crate) output: Output,

    #[command(flatten)]
    pub(crate) misses: Misses,
}

/// What holds for whatever is fetched.
#[derive(Debug, Args)]
pub(crate) struct Fetching {
    #[command(flatten)]
    pub(crate) pace: Pace,

    #[command(flatten)]
    pub(crate) patience: Patience,

    #[command(flatten)]
    pub(crate) files: Files,

    #[command(flatten)]
    pub(crate) network: Network,
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
        let command = Arguments::command();
        let verify = command.find_subcommand("verify").expect("there is one");
        let arguments = command.get_arguments().chain(verify.get_arguments());
        for argument in arguments.filter(|argument| !argument.is_positional()) {
            let long = argument.get_long().expect("every option has a long name");
            if matches!(long, "help" | "version") {
                continue;
            }
            let expected = format!("FLAGDL_{}", long.to_uppercase().replace('-', "_"));
            assert_eq!(argument.get_env().and_then(|name| name.to_str()), Some(expected.as_str()));
        }
    }
}
