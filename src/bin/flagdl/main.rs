//! flagdl, the program: arguments in, the library's run, output and an exit code.

mod args;
mod choice;
mod exit;
mod go_on;
mod panics;
mod repeat;
mod report;
mod serve;
mod settings;
mod signal;
mod status;
mod values;
mod verify;

use std::{io::Write, process::ExitCode};

use anyhow::{Context, Result};
use flagdl::{Cause, RunError, event::Outcome, fetch::Http, options::Options, tally::Summary};
use tokio::runtime::{Builder, Runtime};

use self::{
    args::{Arguments, Command, Download, Fetching, Output},
    go_on::GoOn,
    report::Console,
    serve::{Demo, ServeArgs},
    signal::Interrupt,
};

/// What one thread makes and another drops, as records for the ledger, costs less with it than with the system's
/// (`benches/README.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Threads for files and name look-ups.
const BLOCKING_THREADS: usize = 16;

fn main() -> ExitCode {
    panics::tell_without_values();
    let (arguments, go_on) = Arguments::read();
    let result = match arguments.command {
        Some(Command::Serve(arguments)) => serve(arguments),
        Some(Command::Status(arguments)) => status::status(&arguments),
        Some(Command::Verify(arguments)) => verify::verify(&arguments),
        None => download(&arguments.download, &go_on),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            complain(&format!("error: {}", in_words(&error)));
            // What the system refuses is no mistake in the command line, unless that names it.
            ExitCode::from(if error.is::<Refused>() { exit::MACHINE } else { exit::USAGE })
        }
    }
}

/// What this machine has refused to do; not the user's mistake.
#[derive(Debug)]
struct Refused(&'static str);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot {}", self.0)
    }
}

/// Serves the practice origin until Ctrl-C.
fn serve(arguments: ServeArgs) -> Result<u8> {
    settings::sockets(false);
    let (_, mut stop) = Interrupt::listen(None)?;
    runtime()?.block_on(async {
        serve::serve(arguments, async move { stop.drained().await })
            .await
            .context("cannot serve there (--port 0 picks a free port)")?;
        Ok(0)
    })
}

/// Downloads all lists. An error means that nothing was begun.
fn download(arguments: &Download, go_on: &GoOn) -> Result<u8> {
    let go_on = (!arguments.output.quiet).then_some(go_on);
    let runtime = runtime()?;
    let code = runtime.block_on(async {
        let options = within_sockets(settings::options(arguments)?, &arguments.output, arguments.demo);
        let demo =
            if arguments.demo { Some(Demo::start().await.context(Refused("start the demo's origin"))?) } else { None };
        let plan = settings::plan(arguments, demo.as_ref().map(Demo::base_url))?;
        let http = connect(&arguments.fetching, &arguments.output, arguments.demo)?;
        let mut console = Console::new(arguments)?;
        let (interrupt, stop) = Interrupt::listen(go_on.map(GoOn::text))?;
        let result = flagdl::run(plan, arguments.folder.dest.clone(), http, options, stop, &mut console).await;
        let code = |summary: &Summary| exit::code(summary, interrupt.number(), arguments.misses.allow_missing);
        Ok(finish(result, &mut console, go_on, code))
    });
    // A blocking thread may be waiting for a disk or a name server that never answers.
    runtime.shutdown_background();
    code
}

/// No more requests at once than there can be open files.
fn within_sockets(mut options: Options, output: &Output, demo: bool) -> Options {
    let sockets = settings::sockets(demo);
    if options.concurrency > sockets && !output.quiet {
        complain(&format!("only {sockets} requests at once: the limit of open files allows no more (ulimit -n)"));
    }
    options.concurrency = options.concurrency.min(sockets);
    options
}

fn connect(fetching: &Fetching, output: &Output, demo: bool) -> Result<Http> {
    let options = settings::http(fetching, demo)?;
    let http = Http::new(&options).map_err(|error| settings::named(error, &fetching.network))?;
    if let Some(notice) = settings::proxy_notice(&options).filter(|_| output.verbose) {
        complain(&notice);
    }
    Ok(http)
}

/// Sums a run up; gives the exit code, which is for `code` to tell where the machine has not failed.
fn finish(
    result: Result<Summary, RunError>,
    console: &mut Console,
    go_on: Option<&GoOn>,
    code: impl FnOnce(&Summary) -> u8,
) -> u8 {
    let has_begun = result.as_ref().map_or_else(has_begun, |_| true);
    let (summary, failure) = match result {
        Ok(summary) => (summary, None),
        Err(error) => (*error.summary, Some(anyhow::Error::from(error.cause))),
    };
    let left = go_on.filter(|_| has_begun).and_then(|go_on| go_on.after(&summary));
    let finished = console.finish(&summary, has_begun);
    let code = match failure.or(finished.err()) {
        Some(error) => {
            complain(&format!("error: {}", in_words(&error)));
            exit::MACHINE
        }
        None => code(&summary),
    };
    if let Some(go_on) = left {
        complain(&go_on);
    }
    code
}

/// Whether a run that failed has done anything. If not, there is nothing to sum up, and what it failed of would end the
/// same command once more.
fn has_begun(error: &RunError) -> bool {
    let tally = &error.summary.tally;
    let is_of_list = matches!(error.cause, Cause::List(_)) && tally.entries() > 0;
    is_of_list || tally.requests > 0 || tally.of(Outcome::Skipped) > 0
}

/// One thread for the network and the dispatcher, and the blocking pool for files: a request costs no hop from
/// one thread to another (`benches/README.md` has the comparison with more threads).
fn runtime() -> Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .context(Refused("start the runtime"))
}

/// An error and its causes, with the way out, where one is told, behind them all.
fn in_words(error: &anyhow::Error) -> String {
    let mut hints = String::new();
    let mut causes: Vec<String> = Vec::new();
    for cause in error.chain() {
        let mut text = repeat::message(&cause.to_string()).into_owned();
        if let Some(at) = text.find("\nhint: ") {
            hints.push_str(&text.split_off(at));
        }
        // A database's error says in its own words what its cause then says again.
        if !causes.last().is_some_and(|last| text.contains(last.as_str())) {
            causes.push(text);
        }
    }
    causes.join(": ") + &hints
}

/// A line for the person; there is nobody left to tell if it cannot be written.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
