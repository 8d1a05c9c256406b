//! Options that exclude each other: the command line wins over the environment.
//!
//! Promises: of two that exclude each other and come from the same place, none is silently dropped; of two from
//! different places, the typed one holds, so that a variable set long ago never forbids what is typed now.

use std::env;

use clap::{ArgMatches, Command, CommandFactory, FromArgMatches, error::ErrorKind, parser::ValueSource};

use crate::{
    args::{Arguments, Command as Chosen, Download, Gone, Output, Verify},
    go_on::GoOn,
    repeat,
};

/// Two options of which one may hold, by their identifiers.
type Pair = (&'static str, &'static str);

/// Those of whatever names files.
const CODES: [Pair; 2] = [("base_url", "url_template"), ("ext", "url_template")];

/// Those of a download, in the order in which they are decided.
const DOWNLOAD: [Pair; 6] = [
    ("demo", "base_url"),
    ("demo", "url_template"),
    ("base_url", "url_template"),
    ("ext", "url_template"),
    ("quiet", "verbose"),
    ("update", "overwrite"),
];

/// Those of a verification.
const VERIFY: [Pair; 2] = [("full", "quick"), ("quiet", "verbose")];

impl Arguments {
    /// Reads the command line and the environment, and says how to give them again; ends the process where they are
    /// wrong, or ask for help.
    pub(crate) fn read() -> (Self, GoOn) {
        let mut command = Self::command();
        let matches = command.clone().try_get_matches().unwrap_or_else(|error| repeat::usage_error(error).exit());
        let program = env::args_os().next().unwrap_or_else(|| "flagdl".into());
        let go_on = GoOn::new(&program, &command, &matches);
        let read = Self::from_arg_matches(&matches).and_then(|mut arguments| {
            if let (Some(Chosen::Verify(verify)), Some((name, matches))) =
                (&mut arguments.command, matches.subcommand())
            {
                // Only then does the subcommand know its whole name.
                command.build();
                let command = command.find_subcommand_mut(name).expect("it was chosen");
                for id in outdone(command, matches, &VERIFY)? {
                    verify.forget(id);
                }
                return Ok(arguments);
            }
            for id in outdone(&mut command, &matches, &DOWNLOAD)? {
                arguments.download.forget(id);
            }
            arguments.download.expect_effect(&mut command, &matches)?;
            if let (Some(Chosen::Status(status)), Some(matches)) =
                (&mut arguments.command, matches.subcommand_matches("status"))
                && outdone(&mut command, matches, &CODES)?.contains(&"url_template")
            {
                status.codes.url_template = None;
            }
            Ok(arguments)
        });
        (read.unwrap_or_else(|error| repeat::usage_error(error.format(&mut command)).exit()), go_on)
    }
}

impl Download {
    /// Sets an option that the environment gave back to what it is without.
    fn forget(&mut self, id: &str) {
        match id {
            "url_template" => self.codes.url_template = None,
            "demo" => self.demo = false,
            "update" => self.here.update = false,
            "overwrite" => self.here.overwrite = false,
            // The base and its extension do not matter where there is a template or the demo's origin.
            _ => self.output.forget(id),
        }
    }
}

impl Download {
    /// Refuses what was typed and has no effect. A variable that was set long ago may have none.
    fn expect_effect(&self, command: &mut Command, matches: &ArgMatches) -> Result<(), clap::Error> {
        let here = &self.here;
        let is_typed = |id| source(matches, id) == Some(ValueSource::CommandLine);
        let text = if is_typed("gone") && here.gone == Gone::Delete && !here.update {
            "--gone delete needs --update: only that asks for what is here"
        } else if is_typed("max_gone") && here.gone == Gone::Keep {
            "--max-gone needs --gone delete: only that deletes"
        } else {
            return Ok(());
        };
        Err(command.error(ErrorKind::ArgumentConflict, text))
    }
}

impl Verify {
    fn forget(&mut self, id: &str) {
        match id {
            "full" => self.full = false,
            "quick" => self.quick = false,
            _ => self.output.forget(id),
        }
    }
}

impl Output {
    fn forget(&mut self, id: &str) {
        match id {
            "quiet" => self.quiet = false,
            "verbose" => self.verbose = false,
            _ => {}
        }
    }
}

/// What the environment gave and does not hold, since something else was typed.
fn outdone(command: &mut Command, matches: &ArgMatches, pairs: &[Pair]) -> Result<Vec<&'static str>, clap::Error> {
    let mut outdone = Vec::new();
    for (one, other) in pairs {
        if !outdone.contains(one) && !outdone.contains(other) {
            outdone.extend(choose(command, matches, one, other)?);
        }
    }
    Ok(outdone)
}

/// Which of two options does not hold, if both are given.
fn choose(
    command: &mut Command,
    matches: &ArgMatches,
    one: &'static str,
    other: &'static str,
) -> Result<Option<&'static str>, clap::Error> {
    match (source(matches, one), source(matches, other)) {
        // An extension alone does not say where to: dropping the template would ask a host that nobody named.
        (Some(ValueSource::CommandLine), Some(ValueSource::EnvVariable)) if one == "ext" => {
            let text = "--ext has no effect beside FLAGDL_URL_TEMPLATE: give --base-url too";
            Err(command.error(ErrorKind::ArgumentConflict, text))
        }
        (Some(ValueSource::EnvVariable), Some(ValueSource::EnvVariable)) if one == "ext" => Ok(None),
        (Some(ValueSource::CommandLine), Some(ValueSource::EnvVariable)) => Ok(Some(other)),
        (Some(ValueSource::EnvVariable), Some(ValueSource::CommandLine)) => Ok(Some(one)),
        (Some(_), Some(_)) => {
            let [one, other] = [one, other].map(|id| format!("--{}", id.replace('_', "-")));
            let text = format!("{one} and {other} exclude each other: give one of them");
            Err(command.error(ErrorKind::ArgumentConflict, text))
        }
        _ => Ok(None),
    }
}

/// Where an option's value came from; none for a default, or for a switch that is off.
fn source(matches: &ArgMatches, id: &str) -> Option<ValueSource> {
    let off = matches.try_get_one::<bool>(id).ok().flatten() == Some(&false);
    matches.value_source(id).filter(|source| *source != ValueSource::DefaultValue && !off)
}
