//! `flagdl verify`: a look at all files, and with `--repair` a download of those that are bad or missing.
//!
//! Promises: nothing is looked at before it is known that the options for the download make sense; one signal stops
//! whichever of the two is going on, and the second is then not begun.

use anyhow::Result;
use flagdl::{
    fetch::Http,
    options::Options,
    plan::Plan,
    stop::StopSignal,
    verify::{Remedy, Summary, VerifyError},
};

use crate::{
    args::Verify,
    complain, connect, exit, finish, in_words,
    report::{Console, Verification},
    runtime, settings,
    signal::Interrupt,
    within_sockets,
};

/// Verifies, and repairs if asked to. An error means that nothing was begun.
pub(crate) fn verify(arguments: &Verify) -> Result<u8> {
    let runtime = runtime()?;
    let code = runtime.block_on(async {
        let download = arguments.repair.then(|| download(arguments)).transpose()?;
        let (interrupt, stop) = Interrupt::listen(None)?;
        let (summary, goes_on) = match look(arguments, stop.clone(), &interrupt).await {
            Err(error) if matches!(error.downcast_ref(), Some(VerifyError::NoLedger { .. })) => return Err(error),
            Err(error) => {
                complain(&format!("error: {}", in_words(&error)));
                return Ok(exit::MACHINE);
            }
            Ok(looked) => looked,
        };
        Ok(match (interrupt.number(), download.filter(|_| goes_on)) {
            (_, Some((http, options))) => repair(arguments, http, options, stop, &interrupt).await,
            (Some(signal), None) => {
                tell_to_go_on(arguments);
                128 + signal
            }
            (None, None) if bad(&summary) == 0 => 0,
            (None, None) => exit::BAD,
        })
    });
    // A blocking thread may be waiting for a disk that never answers.
    runtime.shutdown_background();
    code
}

/// What a download needs.
fn download(arguments: &Verify) -> Result<(Http, Options)> {
    let noted = settings::noted_of_repair(&arguments.fetching.network);
    let options = Options { noted, ..settings::fetching(&arguments.fetching)? };
    let options = within_sockets(options, &arguments.output, false);
    Ok((connect(&arguments.fetching, &arguments.output, false)?, options))
}

fn bad(summary: &Summary) -> u64 {
    summary.missing() + summary.damaged()
}

/// Looks at all files, and sums up what was found; tells too whether a repair is to follow.
async fn look(arguments: &Verify, stop: StopSignal, interrupt: &Interrupt) -> Result<(Summary, bool)> {
    let remedy = if arguments.repair { Remedy::Forget } else { Remedy::Tell };
    let mut console = Verification::new(&arguments.output);
    let folder = &arguments.folder.dest;
    let verified = flagdl::verify::verify(folder, arguments.depth(), remedy, stop, &mut console).await;
    let is_stopped = interrupt.number().is_some();
    let goes_on = arguments.repair && !is_stopped && verified.as_ref().is_ok_and(|summary| bad(summary) > 0);
    let finished = console.finish(verified.as_ref().ok(), !goes_on);
    let summary = verified?;
    finished.map(|()| (summary, goes_on))
}

/// Fetches what the ledger now knows to be lost.
async fn repair(arguments: &Verify, http: Http, options: Options, stop: StopSignal, interrupt: &Interrupt) -> u8 {
    let mut console = Console::of_repair(&arguments.output);
    let folder = arguments.folder.dest.clone();
    let result = flagdl::run(Plan::mending(), folder, http, options, stop, &mut console).await;
    let code = finish(result, &mut console, None, |summary| exit::of_repair(&summary.tally, interrupt.number()));
    if interrupt.number().is_some() || code == exit::MACHINE {
        tell_to_go_on(arguments);
    }
    code
}

/// What was found is in the ledger, so the same command knows what is left to do.
fn tell_to_go_on(arguments: &Verify) {
    if arguments.repair && !arguments.output.quiet {
        complain("to go on: the same command again; what is lost is known");
    }
}
