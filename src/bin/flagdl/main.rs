//! flagdl, the program: arguments in, the library's run, output and an exit code.

mod args;
mod choice;
mod exit;
mod report;
mod serve;
mod settings;
mod signal;
mod values;

use std::{io::Write, process::ExitCode};

use anyhow::{Context, Result};
use flagdl::{RunError, fetch::Http, tally::Summary};
use tokio::runtime::{Builder, Runtime};

use self::{
    args::{Arguments, Command, Download},
    report::Console,
    serve::{Demo, ServeArgs},
    signal::Interrupt,
};

/// Threads for files and name look-ups.
const BLOCKING_THREADS: usize = 16;

fn main() -> ExitCode {
    let arguments = Arguments::read();
    let result = match arguments.command {
        Some(Command::Serve(arguments)) => serve(arguments),
        None => download(&arguments.download),
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
    let (_, mut stop) = Interrupt::listen()?;
    runtime()?.block_on(async {
        serve::serve(arguments, async move { stop.drained().await })
            .await
            .context("cannot serve there (--port 0 picks a free port)")?;
        Ok(0)
    })
}

/// Downloads all lists. An error means that nothing was begun.
fn download(arguments: &Download) -> Result<u8> {
    let runtime = runtime()?;
    let code = runtime.block_on(async {
        let mut options = settings::options(arguments)?;
        let sockets = settings::sockets(arguments.demo);
        if options.concurrency > sockets && !arguments.output.quiet {
            complain(&format!("only {sockets} requests at once: the limit of open files allows no more (ulimit -n)"));
        }
        options.concurrency = options.concurrency.min(sockets);
        let demo =
            if arguments.demo { Some(Demo::start().await.context(Refused("start the demo's origin"))?) } else { None };
        let plan = settings::plan(arguments, demo.as_ref().map(Demo::base_url))?;
        let http_options = settings::http(&arguments.fetching, arguments.demo)?;
        let http = Http::new(&http_options).map_err(|error| settings::named(error, &arguments.fetching.network))?;
        if let Some(notice) = settings::proxy_notice(&http_options).filter(|_| arguments.output.verbose) {
            complain(&notice);
        }
        let mut console = Console::new(arguments)?;
        let (interrupt, stop) = Interrupt::listen()?;
        let result = flagdl::run(plan, arguments.dest.clone(), http, options, stop, &mut console).await;
        Ok(finish(result, &mut console, &interrupt, arguments))
    });
    // A blocking thread may be waiting for a disk or a name server that never answers.
    runtime.shutdown_background();
    code
}

fn finish(result: Result<Summary, RunError>, console: &mut Console, interrupt: &Interrupt, arguments: &Download) -> u8 {
    let (summary, failure) = match result {
        Ok(summary) => (summary, None),
        Err(error) => (*error.summary, Some(anyhow::Error::from(error.cause))),
    };
    let finished = console.finish(&summary, failure.is_some());
    match failure.or(finished.err()) {
        Some(error) => {
            complain(&format!("error: {}", in_words(&error)));
            exit::MACHINE
        }
        None => exit::code(&summary, interrupt.number(), arguments.misses.allow_missing),
    }
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
    let causes: Vec<_> = error
        .chain()
        .map(|cause| {
            let mut text = cause.to_string();
            if let Some(at) = text.find("\nhint: ") {
                hints.push_str(&text.split_off(at));
            }
            text
        })
        .collect();
    causes.join(": ") + &hints
}

/// A line for the person; there is nobody left to tell if it cannot be written.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
