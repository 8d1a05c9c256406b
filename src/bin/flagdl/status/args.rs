//! The options of `flagdl status`.

use std::path::PathBuf;

use clap::{Args, builder::FalseyValueParser};

use crate::{
    args::{Codes, Format},
    values::file,
};

const AFTER_HELP: &str = "\
Each entry stands in one way:
  here       the ledger knows its file, and it is there in its size (verify reads it)
  stale      its file is there, but the last attempt at it failed, the server no longer had it, or
             the list says another hash
  missing    never fetched, or its file is gone or has another size
  not found  the server did not have it
  failed     it ended in an error, and nothing is here
and duplicates and invalid lines are counted apart.

Exit codes: 0 all here; 1 something is stale, missing, failed or invalid, or there is no ledger;
2 usage; 3 only some not found; 4 the ledger or a list cannot be read.";

/// What is here of a list, or of all that was fetched, without the network
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct StatusArgs {
    /// Lists, as for a download; - is stdin [default: all that the ledger knows]
    #[arg(value_name = "LIST")]
    pub(crate) lists: Vec<PathBuf>,

    /// Folder that the files went to
    #[arg(short, long, value_name = "DIR", default_value = "downloads", env = "FLAGDL_DEST", hide_env = true)]
    pub(crate) dest: PathBuf,

    /// Stop after N entries [default: no limit]
    #[arg(short, long, value_name = "N", env = "FLAGDL_LIMIT", hide_env = true)]
    pub(crate) limit: Option<u64>,

    #[command(flatten)]
    pub(crate) codes: Codes,

    /// A line each entry that is not here, with what is known of why
    #[arg(short, long, value_parser = FalseyValueParser::new(), env = "FLAGDL_VERBOSE", hide_env = true)]
    #[arg(help_heading = "Output")]
    pub(crate) verbose: bool,

    /// Counts for people, or a JSON object an entry and one at the end
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "FLAGDL_FORMAT", hide_env = true)]
    #[arg(help_heading = "Output")]
    pub(crate) format: Format,

    /// Write each entry that last ended in an error to FILE, as a list
    #[arg(long, value_name = "FILE", value_parser = file(), help_heading = "Output")]
    pub(crate) failed: Option<PathBuf>,
}
