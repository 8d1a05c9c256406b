//! A host's record in the schedule: its queues, what it takes, and which of the schedule's sets it stands in.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{
    Limits,
    adapt::Adapt,
    breaker::Breaker,
    hold::{Hold, Spans},
    pace::{Gcra, Pace},
    retry::Budget,
    stats::HostStats,
};

/// A hold that grows by less is no news.
const MUCH_LONGER: f64 = 1.2;

/// Which set a host stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// May be asked now; with what it is ordered by.
    Ready(Rank),
    /// Nothing before this time.
    Paced(Instant),
    /// Has nothing to start, or as much in flight as it may.
    Resting,
    /// Has nothing to do at all, and may be forgotten; with what it is ordered by.
    Idle(Worth),
}

/// What idle hosts are ordered by; the least is forgotten first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Worth {
    /// Whether it has shown anything that is still remembered.
    is_known: bool,
    /// When it was last asked.
    turn: u64,
}

/// What ready hosts are ordered by, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// Has something in flight, and has never answered or has just failed: gets more only when nobody else wants it.
    doubtful: bool,
    in_flight: usize,
    /// Starts since the last finish: where two have as much in flight, the one that answers goes first.
    unanswered: usize,
    turn: u64,
}

/// Why a host gets nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Down {
    /// It asked for a longer wait than we have patience for.
    Told(Duration),
    /// It failed again and again, also after the longest pauses.
    Failing,
    /// It failed again and again in a way that waiting does not mend.
    Hopeless,
}

#[derive(Debug)]
pub(super) struct Host<K, J> {
    pub(super) key: K,
    pub(super) queue: VecDeque<J>,
    /// What goes before the queue, and also while the host is shut: robots.txt.
    pub(super) errands: VecDeque<J>,
    /// Jobs whose next attempt the host's budget does not allow yet.
    pub(super) put_off: VecDeque<J>,
    /// Jobs whose next attempt is not due yet.
    pub(super) delayed: usize,
    /// Whether only errands may start.
    pub(super) shut: bool,
    pub(super) in_flight: usize,
    gcra: Gcra,
    /// The pace that the server's rules ask for.
    pub(super) crawl_delay: Option<Duration>,
    /// The interval that makes a quota last, and until when.
    pub(super) quota: Option<(Duration, Instant)>,
    pub(super) adapt: Adapt,
    pub(super) spans: Spans,
    pub(super) hold: Option<Hold>,
    /// When it was last asked less of: requests that began before tell nothing new.
    pub(super) calmed: Option<Instant>,
    pub(super) breaker: Breaker,
    pub(super) budget: Budget,
    pub(super) down: Option<Down>,
    pub(super) stats: HostStats,
    /// Starts since the last finish.
    pub(super) unanswered: usize,
    /// Whether it has ever answered, with whatever.
    pub(super) answers: bool,
    turn: u64,
    pub(super) place: Place,
}

impl<K, J> Host<K, J> {
    pub(super) fn new(key: K) -> Self {
        Self {
            key,
            queue: VecDeque::new(),
            errands: VecDeque::new(),
            put_off: VecDeque::new(),
            delayed: 0,
            shut: false,
            in_flight: 0,
            gcra: Gcra::default(),
            crawl_delay: None,
            quota: None,
            adapt: Adapt::default(),
            spans: Spans::default(),
            hold: None,
            calmed: None,
            breaker: Breaker::default(),
            budget: Budget::new(),
            down: None,
            stats: HostStats::default(),
            unanswered: 0,
            answers: false,
            turn: 0,
            place: Place::Resting,
        }
    }

    /// Counts a start at `now` and gives the job that starts.
    pub(super) fn start(&mut self, limits: &Limits, stretch: f64, turn: u64, now: Instant) -> J {
        self.in_flight += 1;
        self.unanswered += 1;
        self.stats.requests += 1;
        self.turn = turn;
        if let Some(pace) = self.pace(limits, now) {
            // What the server asks for is never shortened.
            let is_ours = limits.host_pace.is_some_and(|ours| ours.interval >= pace.interval);
            self.gcra.take(pace, if is_ours { stretch } else { stretch.max(1.0) }, now);
        }
        self.errands.pop_front().or_else(|| self.queue.pop_front()).expect("a ready host has a job")
    }

    /// The pace that holds for it, of all that do.
    fn pace(&self, limits: &Limits, now: Instant) -> Option<Pace> {
        let single = |interval| Pace { interval, burst: 1 };
        let quota = self.quota.filter(|(_, end)| *end > now).map(|(interval, _)| interval);
        let learnt = [self.adapt.interval(), self.crawl_delay, quota].into_iter().flatten().map(single);
        limits.host_pace.into_iter().chain(learnt).reduce(Pace::both)
    }

    fn rank(&self) -> Rank {
        Rank {
            doubtful: (!self.answers || self.breaker.is_failing()) && self.in_flight > 0,
            in_flight: self.in_flight,
            unanswered: self.unanswered,
            turn: self.turn,
        }
    }

    fn has_work(&self) -> bool {
        !self.errands.is_empty() || !self.shut && !self.queue.is_empty()
    }

    fn is_idle(&self) -> bool {
        self.queue.is_empty()
            && self.errands.is_empty()
            && self.put_off.is_empty()
            && self.delayed == 0
            && self.in_flight == 0
    }

    /// Whether the host may be forgotten: it has nothing to do, and nothing that it was promised or that was found of it
    /// would be broken.
    pub(super) fn is_forgettable(&self) -> bool {
        self.is_idle() && self.hold.is_none() && self.down.is_none() && !self.shut && self.crawl_delay.is_none()
    }

    /// Whether nothing would be lost if it were forgotten.
    fn is_blank(&self) -> bool {
        self.quota.is_none() && self.adapt.is_blank() && self.breaker.is_blank() && self.budget.is_blank()
    }

    /// Keeps the pace that the server's rules ask for, from what was just asked on.
    pub(super) fn slow_down(&mut self, interval: Duration, now: Instant) {
        self.crawl_delay = Some(interval);
        self.gcra.take(Pace { interval, burst: 1 }, 1.0, now);
    }

    /// Gives nothing to the host before `hold` is over; tells whether that is news: a new hold, or one much longer.
    pub(super) fn extend_hold(&mut self, hold: Hold, now: Instant) -> bool {
        let until = self.hold.map_or(now, |held| held.until.max(now));
        if hold.until <= until {
            return false;
        }
        let before = self.hold.map_or(Duration::ZERO, |held| held.until.saturating_duration_since(now));
        self.stats.held += hold.until - until;
        self.hold = Some(hold);
        hold.until.saturating_duration_since(now) > before.mul_f64(MUCH_LONGER)
    }

    pub(super) fn limit(&self, limits: &Limits) -> usize {
        self.adapt.limit(limits.per_host)
    }

    /// Where the host belongs now.
    pub(super) fn settled(&mut self, limits: &Limits, now: Instant) -> Place {
        if self.hold.is_some_and(|hold| hold.until <= now) {
            self.hold = None;
            self.adapt.restart(self.in_flight, now);
        }
        let paced = self.pace(limits, now).map_or(now, |pace| self.gcra.earliest(pace, now));
        let open = self.hold.map_or(paced, |hold| hold.until.max(paced));
        let startable = self.has_work() && self.in_flight < self.limit(limits);
        // A host that still owes a pause is kept until that is over, even if it has nothing to start.
        if open > now && (self.is_idle() || startable) {
            Place::Paced(open)
        } else if startable {
            Place::Ready(self.rank())
        } else if self.is_forgettable() {
            Place::Idle(Worth { is_known: !self.is_blank(), turn: self.turn })
        } else {
            Place::Resting
        }
    }
}
