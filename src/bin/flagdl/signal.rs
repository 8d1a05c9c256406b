//! Ctrl-C and its kin: once drains the run, twice gives it up.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use anyhow::{Context, Result};
use flagdl::stop::{Stop, StopSignal, Stopper};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that stop a run, heard from now on.
pub(crate) struct Interrupt {
    first: Arc<AtomicU8>,
}

impl Interrupt {
    /// Listens for SIGINT, SIGTERM and SIGHUP.
    pub(crate) fn listen() -> Result<(Self, StopSignal)> {
        let (stopper, stop) = Stopper::new();
        let first = Arc::new(AtomicU8::new(0));
        for (kind, number) in [(SignalKind::interrupt(), 2), (SignalKind::terminate(), 15), (SignalKind::hangup(), 1)] {
            let heard = signal(kind).context("cannot listen for signals")?;
            tokio::spawn(listen(heard, number, stopper.clone(), Arc::clone(&first)));
        }
        Ok((Self { first }, stop))
    }

    /// The number of the first signal that came.
    pub(crate) fn number(&self) -> Option<u8> {
        Some(self.first.load(Ordering::Relaxed)).filter(|number| *number > 0)
    }
}

async fn listen(mut heard: Signal, number: u8, stopper: Stopper, first: Arc<AtomicU8>) {
    while heard.recv().await.is_some() {
        let is_first = first.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        stopper.stop(if is_first { Stop::Drain } else { Stop::Abort });
    }
}
