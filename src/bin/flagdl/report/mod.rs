//! Events to output: stdout is data, stderr is for people.
//!
//! Promises: what goes to stdout is either the summary or NDJSON, never both; what goes to stderr cannot break
//! the run; what is shown holds no control character of a list's or a server's, and no secret.
//!
//! What surprises: both are buffered and flushed five times a second and at the end, at once on a terminal.

mod bar;
mod diff;
mod failed;
mod lines;
mod listing;
mod live;
mod ndjson;
mod summary;
mod verification;

use std::{
    fs,
    io::{self, BufWriter, IsTerminal, Stderr, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use flagdl::{
    event::{Event, Outcome, Reporter},
    list::Source,
    tally::Summary,
};

use self::{bar::Bar, lines::Lines, ndjson::Objects};
pub(crate) use self::{
    failed::commented,
    listing::Listing,
    ndjson::start,
    summary::{errors, size, span},
    verification::Verification,
};
use crate::{
    args::{Download, Format, Output, When},
    settings,
};

/// All that listens to a run.
pub(crate) struct Console {
    bar: Option<Bar>,
    lines: Lines,
    stderr: BufWriter<Stderr>,
    stderr_is_terminal: bool,
    /// Where NDJSON goes, if it is asked for.
    ndjson: Option<Objects>,
    failed: Option<Listing>,
    diff: Option<Listing>,
    /// Whether it was stopped, perhaps by a key.
    is_draining: bool,
}

impl Console {
    pub(crate) fn new(arguments: &Download) -> Result<Self> {
        let Download { output, misses, .. } = arguments;
        if let Some(diff) = &misses.diff {
            let same = |other: &PathBuf| is_same(diff, other);
            if arguments.lists.iter().any(same) {
                bail!("--diff: {} is a list that is read", diff.display());
            }
            if misses.failed.as_ref().is_some_and(same) {
                bail!("--failed and --diff name the same file");
            }
        }
        let listing = |option, path: &Option<PathBuf>| {
            path.as_deref().map(|path| Listing::create(option, path, &arguments.lists))
        };
        let failed = listing("--failed", &misses.failed).transpose()?;
        let diff = listing("--diff", &misses.diff).transpose()?;
        let console = Self::of(output, settings::sources(arguments), arguments.limit);
        // The demo is there to show what there is to see.
        let verbose = console.lines.verbose || arguments.demo && !output.quiet;
        Ok(Self { failed, diff, lines: Lines { verbose, ..console.lines }, ..console })
    }

    /// For a download that has no list, and comes after other output.
    pub(crate) fn of_repair(output: &Output) -> Self {
        let console = Self::of(output, Vec::new(), None);
        Self { ndjson: console.ndjson.map(Objects::of_repair), ..console }
    }

    fn of(output: &Output, sources: Vec<Source>, limit: Option<u64>) -> Self {
        let stderr_is_terminal = io::stderr().is_terminal();
        Self {
            bar: shows_bar(output).then(|| Bar::new(sources, limit, stderr_is_terminal)),
            lines: Lines { verbose: output.verbose, quiet: output.quiet },
            stderr: BufWriter::with_capacity(64 << 10, io::stderr()),
            stderr_is_terminal,
            ndjson: (output.format == Format::Ndjson).then(Objects::new),
            failed: None,
            diff: None,
            is_draining: false,
        }
    }

    /// Says the last word: the summary, and where the failed entries are.
    ///
    /// A run that has not begun has nothing to sum up.
    pub(crate) fn finish(&mut self, summary: &Summary, has_begun: bool) -> Result<()> {
        if let Some(bar) = &mut self.bar {
            bar.finish();
        } else if self.is_draining {
            self.begin_anew();
        }
        // stderr that nobody reads any more is no reason to fail.
        let _ = self.stderr.flush();
        let is_left = summary.tally.of(Outcome::Left) > 0 || !summary.all_read;
        let mut listings = self.failed.take().into_iter().chain(self.diff.take());
        // What an earlier run has listed is not replaced by one that came to nothing.
        let listed = listings.try_for_each(|listing| if has_begun { listing.finish(is_left) } else { Ok(()) });
        let summed_up = match &mut self.ndjson {
            Some(objects) => objects.finish(summary),
            None if self.lines.quiet || !has_begun => Ok(()),
            None => {
                let hosts = summary::hosts(summary, self.lines.verbose);
                for line in hosts.into_iter().chain(summary::classes(&summary.tally)) {
                    let _ = writeln!(io::stderr(), "{line}");
                }
                writeln!(io::stdout(), "{}", summary::line(summary))
            }
        };
        listed.and(summed_up.context("cannot write to stdout"))
    }

    /// Takes away the `^C` that stands at the beginning of the terminal's line, if one does.
    fn begin_anew(&self) {
        if self.stderr_is_terminal && !self.lines.quiet && !settings::terminal_is_dumb() {
            live::fresh_line();
        }
    }

    fn say(&mut self, text: &str) {
        // A terminal's line is erased for the text and drawn again at the next tick.
        if let Some(bar) = &self.bar {
            bar.step_aside();
        }
        let _ = writeln!(self.stderr, "{text}");
        if self.stderr_is_terminal {
            let _ = self.stderr.flush();
        }
    }
}

fn shows_bar(output: &Output) -> bool {
    let shows = match output.progress {
        When::Always => true,
        // Objects and a live line in one window would overwrite each other.
        When::Auto if output.format == Format::Ndjson && io::stdout().is_terminal() => false,
        When::Auto => io::stderr().is_terminal() && !settings::terminal_is_dumb(),
        When::Never => false,
    };
    shows && !output.quiet
}

/// Whether two names are of one file, which need not be there yet.
fn is_same(one: &Path, other: &Path) -> bool {
    let resolved = |path: &Path| fs::canonicalize(path).ok();
    one == other || resolved(one).is_some_and(|one| Some(one) == resolved(other))
}

impl Reporter for Console {
    fn report(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::Draining(_) = event {
            self.is_draining = true;
            self.begin_anew();
        }
        if let Some(text) = self.lines.text(event) {
            self.say(&text);
        }
        match event {
            Event::Ended(ended) => {
                if let Some(bar) = &mut self.bar {
                    bar.count(ended);
                }
                if let (Some(failed), Some(line)) = (&mut self.failed, failed::line(ended)) {
                    failed.line(line)?;
                }
                if let (Some(diff), Some(line)) = (&mut self.diff, diff::line(ended)) {
                    diff.line(line)?;
                }
                if let Some(objects) = &mut self.ndjson {
                    objects.entry(ended)?;
                }
            }
            Event::Progress(progress) => {
                let _ = self.stderr.flush();
                if let Some(bar) = &mut self.bar {
                    bar.draw(progress);
                }
                if let Some(objects) = &mut self.ndjson {
                    objects.flush()?;
                }
            }
            Event::Checking { done, files } => {
                let _ = self.stderr.flush();
                if let Some(bar) = &mut self.bar {
                    bar.draw_checking(*done, *files);
                }
            }
            _ => {}
        }
        Ok(())
    }
}
