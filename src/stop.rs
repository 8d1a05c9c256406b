//! Stopping a run from outside: first drain, then abort.
//!
//! Promises: it only ever gets stronger; asking for it never waits and can be done from any thread.

use tokio::sync::watch;

/// How far a run is to be stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Not at all.
    #[default]
    Run,
    /// Nothing more starts; what is in flight may finish.
    Drain,
    /// What is in flight is given up too.
    Abort,
}

/// The end that stops. Dropping it changes nothing.
#[derive(Debug, Clone)]
pub struct Stopper {
    sender: watch::Sender<Stop>,
}

/// The end that a run listens to.
#[derive(Debug, Clone)]
pub struct StopSignal {
    receiver: watch::Receiver<Stop>,
}

impl Stopper {
    /// A stopper and its signal.
    pub fn new() -> (Self, StopSignal) {
        let (sender, receiver) = watch::channel(Stop::Run);
        (Self { sender }, StopSignal { receiver })
    }

    /// Stops at least this far.
    pub fn stop(&self, stop: Stop) {
        self.sender.send_if_modified(|now| {
            let stronger = stop > *now;
            *now = stop.max(*now);
            stronger
        });
    }
}

impl StopSignal {
    /// A signal that never comes.
    pub fn never() -> Self {
        Stopper::new().1
    }

    /// How far the run is to be stopped now.
    pub fn now(&self) -> Stop {
        *self.receiver.borrow()
    }

    /// Waits until nothing more is to be started.
    pub async fn drained(&mut self) {
        while self.now() < Stop::Drain {
            self.changed().await;
        }
    }

    /// Waits until it gets stronger; for ever where nobody can make it so. Safe to drop and call again.
    pub(crate) async fn changed(&mut self) -> Stop {
        if self.receiver.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        *self.receiver.borrow_and_update()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_only_gets_stronger() {
        let (stopper, mut signal) = Stopper::new();
        stopper.stop(Stop::Abort);
        assert_eq!(signal.changed().await, Stop::Abort);
        stopper.stop(Stop::Drain);
        assert_eq!(signal.now(), Stop::Abort);
    }
}
