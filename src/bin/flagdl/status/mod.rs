//! `flagdl status`: what is here, told without the network.
//!
//! Promises: all that is asked for goes to stdout, in either form, so it can be piped on; stderr has errors and
//! remarks only. It makes nothing but the file of `--failed`.
//!
//! What surprises: where nobody reads on (`flagdl status -v | head`) it ends without a word, unless the file of `--failed`
//! would be missed.

mod args;
mod ndjson;
mod text;

use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};

use anyhow::{Error, Result};
use flagdl::{
    event::Outcome,
    status::{Standing, State, Survey, of_ledger, of_plan},
};

pub(crate) use self::args::StatusArgs;
use crate::{
    args::Format,
    complain, exit, in_words,
    report::{Listing, commented},
    settings,
};

/// Goes through all entries. An error means that nothing was begun.
pub(crate) fn status(arguments: &StatusArgs) -> Result<u8> {
    let mut answer = Answer {
        out: BufWriter::with_capacity(64 << 10, io::stdout().lock()),
        is_first: true,
        format: arguments.format,
        verbose: arguments.verbose,
        failed: None,
        secret: 0,
        is_unread: false,
    };
    let plan = if arguments.lists.is_empty() { None } else { Some(settings::status_plan(arguments)?) };
    let listing = |path| Listing::create("--failed", path, &arguments.lists);
    answer.failed = arguments.failed.as_deref().map(listing).transpose()?;
    let mut each = |standing: &Standing| answer.note(standing);
    let surveyed = match plan {
        Some(plan) => of_plan(plan, &arguments.dest, &mut each),
        None => of_ledger(&arguments.dest, arguments.limit, &mut each),
    };
    let finished = surveyed.map_err(Error::from).and_then(|survey| answer.finish(&survey, arguments).map(|()| survey));
    Ok(match finished {
        Ok(survey) if arguments.lists.is_empty() && !survey.has_ledger => 1,
        Ok(survey) => exit::code_of_status(&survey),
        Err(_) if answer.is_unread && answer.failed.is_none() => exit::MACHINE,
        Err(error) => {
            complain(&format!("error: {}", in_words(&error)));
            exit::MACHINE
        }
    })
}

/// Where the answer goes.
struct Answer<'a> {
    out: BufWriter<StdoutLock<'a>>,
    is_first: bool,
    format: Format,
    verbose: bool,
    failed: Option<Listing>,
    /// Entries that failed and that nobody can list, since the ledger does not have their secrets.
    secret: u64,
    /// Whether the reader of stdout has gone.
    is_unread: bool,
}

impl Answer<'_> {
    fn note(&mut self, standing: &Standing) -> io::Result<()> {
        if self.failed.is_some() && has_failed(standing) {
            self.list(standing)?;
        }
        match self.format {
            Format::Ndjson => {
                let object = ndjson::entry(standing, std::mem::take(&mut self.is_first));
                self.write(|out| writeln!(out, "{object}"))
            }
            Format::Text if self.verbose && standing.state != State::Here => {
                let line = text::entry(standing);
                self.write(|out| writeln!(out, "{line}"))
            }
            Format::Text => Ok(()),
        }
    }

    fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let written = write(&mut self.out);
        self.is_unread |= written.as_ref().is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
        written
    }

    fn list(&mut self, standing: &Standing) -> io::Result<()> {
        let Some(failed) = &mut self.failed else { return Ok(()) };
        match (&standing.text, &standing.fault, &standing.place) {
            (Some(text), _, _) => failed.line(text),
            (None, Some(fault), Some((list, line))) => failed.line(commented(list, *line, fault, &standing.entry)),
            _ => {
                self.secret += 1;
                failed.line(format!("# {}: the ledger does not keep what is secret in its URL", standing.entry))
            }
        }
    }

    fn finish(&mut self, survey: &Survey, arguments: &StatusArgs) -> Result<()> {
        // A list that is its own list of failures stays whole where not all of it was looked at, and any other where
        // there was nothing to look at.
        let is_known = survey.has_ledger || !arguments.lists.is_empty();
        self.failed.take().filter(|_| is_known).map_or(Ok(()), |failed| failed.finish(arguments.limit.is_some()))?;
        if self.secret > 0 {
            let entries = if self.secret == 1 { "1 entry" } else { &format!("{} entries", self.secret) };
            complain(&format!(
                "{entries} could not be listed: the ledger does not keep what is secret in a URL\n\
                 hint: flagdl status LIST --failed FILE takes them from their list"
            ));
        }
        let lines = match self.format {
            Format::Ndjson => vec![ndjson::summary(survey, self.is_first).to_string()],
            Format::Text => text::summary(survey, arguments),
        };
        let written = self.write(|out| {
            lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
            out.flush()
        });
        written.map_err(|error| Error::from(error).context("cannot write to stdout"))
    }
}

/// Whether an entry last ended in an error, as a download counts them.
fn has_failed(standing: &Standing) -> bool {
    standing.state == State::Invalid || standing.last.as_ref().is_some_and(|last| last.outcome == Outcome::Error)
}
