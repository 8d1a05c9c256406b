//! Where files are, what is taken for a good file, and what is done about a file that is here.

use std::path::PathBuf;

use clap::{Args, ValueEnum, builder::FalseyValueParser};

use crate::values::bytes;

/// Where files are.
#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// Folder that the files go to
    #[arg(short, long, value_name = "DIR", default_value = "downloads", env = "FLAGDL_DEST", hide_env = true)]
    pub(crate) dest: PathBuf,
}

/// What is taken for a good file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub(crate) struct Files {
    /// Largest file, counted as it comes
    #[arg(long, value_name = "BYTES", default_value = "64MiB", value_parser = bytes)]
    #[arg(env = "FLAGDL_MAX_SIZE", hide_env = true)]
    pub(crate) max_size: u64,

    /// What is taken for a good file: one whole image, or anything
    #[arg(long, value_name = "WHAT", default_value = "image", env = "FLAGDL_ACCEPT", hide_env = true)]
    pub(crate) accept: Accept,
}

/// What is done about a file that is here.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub(crate) struct Here {
    /// Fetch again whatever is here
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_OVERWRITE", hide_env = true)]
    pub(crate) overwrite: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Accept {
    Image,
    Any,
}
