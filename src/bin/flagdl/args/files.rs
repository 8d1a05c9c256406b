//! Where files are, what is taken for a good file, and what is done about a file that is here.

use std::path::PathBuf;

use std::time::Duration;

use clap::{Args, ValueEnum, builder::FalseyValueParser};
use flagdl::options::Share;

use crate::values::{bytes, duration};

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

    /// What a power loss cannot take: nothing, all but the last second, or not even a part of a file
    #[arg(long, value_name = "WHAT", default_value = "none", env = "FLAGDL_DURABILITY", hide_env = true)]
    pub(crate) durability: Durability,
}

/// What is done about a file that is here.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub(crate) struct Here {
    /// Ask of whatever is here whether it has changed since, and fetch it if it has
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_UPDATE", hide_env = true)]
    pub(crate) update: bool,

    /// Fetch again whatever is here
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_OVERWRITE", hide_env = true)]
    pub(crate) overwrite: bool,

    /// With --update, what becomes of files that their servers no longer have: keep, or delete at the end
    #[arg(long, value_name = "WHAT", default_value = "keep", env = "FLAGDL_GONE", hide_env = true)]
    pub(crate) gone: Gone,

    /// Delete nothing if more of the files asked about are gone: a share (1%, of fewer than 100 none) or a count (100)
    #[arg(long, value_name = "SHARE", default_value = "1%", env = "FLAGDL_MAX_GONE", hide_env = true)]
    pub(crate) max_gone: Share,

    /// How long not to ask again for what was not found, --overwrite or not, as 12h or 7d [default: ask each time]
    #[arg(long, value_name = "TIME", value_parser = duration, env = "FLAGDL_MISSING_TTL", hide_env = true)]
    pub(crate) missing_ttl: Option<Duration>,

    /// Take a good file that flagdl has not put there, and that has an entry's name, as that entry's, without asking
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_ADOPT", hide_env = true)]
    pub(crate) adopt: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Durability {
    None,
    Batch,
    File,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Gone {
    Keep,
    Delete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Accept {
    Image,
    Any,
}
