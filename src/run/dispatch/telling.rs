//! What the reporters are told besides how entries end: progress, who is held, whether anybody can be reached.

use std::time::Instant as Moment;

use tokio::time::Instant;

use super::Dispatcher;
use crate::{
    event::{Event, Held, Progress},
    fetch::Transport,
    link::Host,
    run::{Cause, hearing},
    schedule::hold::Hold,
};

/// Hosts that get nothing now and are told of by name.
const HELD_TOLD: usize = 2;

impl<T: Transport> Dispatcher<'_, T> {
    pub(super) fn report(&mut self, event: &Event<'_>) {
        if let Err(error) = self.reporter.report(event) {
            self.fail(Cause::Report(error));
        }
    }

    pub(super) fn report_progress(&mut self) {
        let now = Instant::now().into_std();
        let received = self.setting.traffic.received();
        if std::mem::replace(&mut self.received, received) < received {
            self.schedule.reached(now);
        }
        let (held, held_hosts) = self.schedule.held(HELD_TOLD, now);
        let held = held.into_iter().map(|(host, hold)| held_host(host, hold, now)).collect();
        let progress = Progress {
            in_flight: self.attempts_in_flight,
            received,
            read: self.read,
            all_read: self.all_read,
            held,
            held_hosts,
            unreached: self.schedule.network_pause(now),
        };
        if self.network_told == progress.unreached.is_none() {
            self.network_told = !self.network_told;
            self.report(&Event::Network { reached: !self.network_told });
        }
        self.report(&Event::Progress(progress));
    }
}

pub(super) fn held_host(host: Host, hold: Hold, now: Moment) -> Held {
    Held { host, reason: hearing::reason(hold), wait: hold.until.saturating_duration_since(now) }
}
