//! What is said while it goes on and at the end, and to whom.

use std::path::PathBuf;

use clap::{Args, ValueEnum, builder::FalseyValueParser};

use crate::values::file;

/// How much is said, and in which form.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// A line an entry, as it ends; each retry, and each pause with its reason
    #[arg(short, long, value_parser = FalseyValueParser::new(), env = "FLAGDL_VERBOSE", hide_env = true)]
    pub(crate) verbose: bool,

    /// Errors only
    #[arg(short, long, value_parser = FalseyValueParser::new())]
    #[arg(env = "FLAGDL_QUIET", hide_env = true)]
    pub(crate) quiet: bool,

    /// A live bar on stderr; auto is on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto", env = "FLAGDL_PROGRESS", hide_env = true)]
    pub(crate) progress: When,

    /// What stdout gets: a summary, or a JSON object an entry and one at the end
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "FLAGDL_FORMAT", hide_env = true)]
    pub(crate) format: Format,
}

/// What becomes of entries that did not end well.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Misses {
    /// Write each entry that ended in an error to FILE, as a list; FILE may be LIST, which it then replaces
    #[arg(long, value_name = "FILE", value_parser = file(), env = "FLAGDL_FAILED", hide_env = true)]
    pub(crate) failed: Option<PathBuf>,

    /// Write a line for each new, changed or gone file to FILE: the word, a tab, and its path below DIR
    #[arg(long, value_name = "FILE", value_parser = file(), env = "FLAGDL_DIFF", hide_env = true)]
    pub(crate) diff: Option<PathBuf>,

    /// Entries that are not found no longer make the exit code 3
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_ALLOW_MISSING", hide_env = true)]
    pub(crate) allow_missing: bool,
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
