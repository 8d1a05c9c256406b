//! Options that exclude each other: the command line wins over the environment.
//!
//! Promises: of two that exclude each other and come from the same place, none is silently dropped; of two from
//! different places, the typed one holds, so that a variable set long ago never forbids what is typed now.

use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, error::ErrorKind, parser::ValueSource};

use crate::args::{Arguments, Download};

/// Pairs of which one may hold: identifiers as in [`Download`], in the order in which they are decided.
const EXCLUSIVE: [(&str, &str); 5] = [
    ("demo", "base_url"),
    ("demo", "url_template"),
    ("base_url", "url_template"),
    ("ext", "url_template"),
    ("quiet", "verbose"),
];

impl Arguments {
    /// Reads the command line and the environment; ends the process where they are wrong, or ask for help.
    pub(crate) fn read() -> Self {
        let mut command = Self::command();
        let matches = command.clone().get_matches();
        let read = Self::from_arg_matches(&matches).and_then(|mut arguments| {
            for (one, other) in EXCLUSIVE {
                choose(&mut command, &matches, &mut arguments.download, one, other)?;
            }
            Ok(arguments)
        });
        read.unwrap_or_else(|error| error.format(&mut command).exit())
    }
}

fn choose(
    command: &mut Command,
    matches: &ArgMatches,
    download: &mut Download,
    one: &str,
    other: &str,
) -> Result<(), clap::Error> {
    let is_forgotten = |id: &str| id == "url_template" && download.url_template.is_none();
    match (source(matches, one), source(matches, other)) {
        _ if is_forgotten(one) || is_forgotten(other) => {}
        // An extension alone does not say where to: dropping the template would ask a host that nobody named.
        (Some(ValueSource::CommandLine), Some(ValueSource::EnvVariable)) if one == "ext" => {
            let text = "--ext has no effect beside FLAGDL_URL_TEMPLATE: give --base-url too";
            return Err(command.error(ErrorKind::ArgumentConflict, text));
        }
        (Some(ValueSource::EnvVariable), Some(ValueSource::EnvVariable)) if one == "ext" => {}
        (Some(ValueSource::CommandLine), Some(ValueSource::EnvVariable)) => forget(download, other),
        (Some(ValueSource::EnvVariable), Some(ValueSource::CommandLine)) => forget(download, one),
        (Some(_), Some(_)) => {
            let [one, other] = [one, other].map(|id| format!("--{}", id.replace('_', "-")));
            let text = format!("{one} and {other} exclude each other: give one of them");
            return Err(command.error(ErrorKind::ArgumentConflict, text));
        }
        _ => {}
    }
    Ok(())
}

/// Where an option's value came from; none for a default, or for a switch that is off.
fn source(matches: &ArgMatches, id: &str) -> Option<ValueSource> {
    let off = matches.try_get_one::<bool>(id).ok().flatten() == Some(&false);
    matches.value_source(id).filter(|source| *source != ValueSource::DefaultValue && !off)
}

/// Sets an option that the environment gave back to what it is without.
fn forget(download: &mut Download, id: &str) {
    match id {
        "url_template" => download.url_template = None,
        "demo" => download.demo = false,
        "quiet" => download.quiet = false,
        "verbose" => download.verbose = false,
        // The base and its extension do not matter where there is a template or the demo's origin.
        _ => {}
    }
}
