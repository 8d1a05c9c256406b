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
        let summary = match look(arguments, stop.clone()).await {
            Err(error) if matches!(error.downcast_ref(), Some(VerifyError::NoLedger { .. })) => return Err(error),
            Err(error) => {
                complain(&format!("error: {}", in_words(&error)));
                return Ok(exit::MACHINE);
            }
            Ok(summary) => summary,
        };
        let is_whole = summary.missing() + summary.damaged() == 0;
        Ok(match (interrupt.number(), download) {
            (Some(signal), _) => 128 + signal,
            (None, _) if is_whole => 0,
            (None, None) => exit::BAD,
            (None, Some((http, options))) => repair(arguments, http, options, stop, &interrupt).await,
        })
    });
    // A blocking thread may be waiting for a disk that never answers.
    runtime.shutdown_background();
    code
}

/// What a download needs.
fn download(arguments: &Verify) -> Result<(Http, Options)> {
    let options = within_sockets(settings::fetching(&arguments.fetching)?, &arguments.output, false);
    Ok((connect(&arguments.fetching, &arguments.output, false)?, options))
}

/// Looks at all files, and sums up what was found.
async fn look(arguments: &Verify, stop: StopSignal) -> Result<Summary> {
    let remedy = if arguments.repair { Remedy::Forget } else { Remedy::Tell };
    let mut console = Verification::new(&arguments.output);
    let folder = &arguments.folder.dest;
    let verified = flagdl::verify::verify(folder, arguments.depth(), remedy, stop, &mut console).await;
    let finished = console.finish(verified.as_ref().ok());
    let summary = verified?;
    finished.map(|()| summary)
}

/// Fetches what the ledger now knows to be lost.
async fn repair(arguments: &Verify, http: Http, options: Options, stop: StopSignal, interrupt: &Interrupt) -> u8 {
    let mut console = Console::of_repair(&arguments.output);
    let folder = arguments.folder.dest.clone();
    let result = flagdl::run(Plan::mending(), folder, http, options, stop, &mut console).await;
    finish(result, &mut console, None, |summary| exit::of_repair(&summary.tally, interrupt.number()))
}
