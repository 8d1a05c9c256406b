//! How a code becomes a URL.
//!
//! What surprises: which of these exclude each other stands in `choice.rs`, since that depends on where they come from.

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Codes")]
pub(crate) struct Codes {
    /// A code becomes URL/<lower-case code>.<ext>
    #[arg(short = 'u', long, value_name = "URL", default_value = "https://i1.mifile.cn/a1")]
    #[arg(env = "FLAGDL_BASE_URL", hide_env = true)]
    pub(crate) base_url: String,

    /// Extension after --base-url
    #[arg(long, value_name = "EXT", default_value = "jpg", env = "FLAGDL_EXT", hide_env = true)]
    pub(crate) ext: String,

    /// URL with {code}, {code:lower} or {code:upper} in its path or query, in place of --base-url
    #[arg(long, value_name = "URL", env = "FLAGDL_URL_TEMPLATE", hide_env = true)]
    pub(crate) url_template: Option<String>,
}
