//! The options of `flagdl verify`.

use clap::{Args, builder::FalseyValueParser};
use flagdl::verify::Depth;

use super::{Fetching, Folder, Output};

const AFTER_HELP: &str = "\
Pace, Patience, Files and Network are for what --repair fetches, and mean what they mean to
flagdl itself. It fetches from where the files came, without a list; a URL with secrets (a query
or a password) is not kept, so what came from one is told, and the next run with its list
fetches it. What is known to be bad is removed first, so that nobody takes it for good.

--quick does not find bytes that have changed where size, beginning and end are as they were.

Where nothing can be written (a medium for reading only), files can still be verified.

Exit codes: 0 all whole, or mended; 1 some are not; 2 usage, or no ledger in DIR;
4 this machine failed, or another flagdl is at work in DIR; 129, 130 or 143 interrupted.";

/// Check the files of earlier runs against the ledger; --repair fetches what is bad or missing
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) folder: Folder,

    /// Remove what is bad, and fetch it and what is missing again
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_REPAIR", hide_env = true)]
    pub(crate) repair: bool,

    /// Read every byte, and compare hashes [default]
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_FULL", hide_env = true)]
    pub(crate) full: bool,

    /// Look only at sizes, and at the beginnings and ends of images
    #[arg(long, value_parser = FalseyValueParser::new(), env = "FLAGDL_QUICK", hide_env = true)]
    pub(crate) quick: bool,

    #[command(flatten)]
    pub(crate) fetching: Fetching,

    #[command(flatten)]
    pub(crate) output: Output,
}

impl Verify {
    /// How closely to look; `choice.rs` has left one of the two.
    pub(crate) fn depth(&self) -> Depth {
        if self.quick && !self.full { Depth::Quick } else { Depth::Full }
    }
}
