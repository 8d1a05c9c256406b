//! The schedule's promises over random sequences of starts, endings of every kind, holds, retries and cancellations.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const HOSTS: [&str; 4] = ["a", "b", "c", "d"];

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Step {
    Push(usize),
    Later(usize, u64),
    /// A request ends so; with the time that the server names, and whether the job is tried again.
    End(Kind, Option<u64>, bool),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        6 => Just(Kind::Clean),
        3 => Just(Kind::Pushback),
        1 => Just(Kind::Trouble),
        1 => Just(Kind::Broken),
        1 => Just(Kind::Hopeless),
        1 => Just(Kind::Timeout),
        1 => Just(Kind::Refused),
        1 => Just(Kind::Unreachable),
        1 => Just(Kind::Nothing),
    ];
    let named = prop_oneof![5 => Just(None), 1 => (0u64..5).prop_map(Some), 1 => Just(Some(10_000))];
    prop_oneof![
        4 => (0usize..4).prop_map(Step::Push),
        1 => (0usize..4, 0u64..2000).prop_map(|(host, millis)| Step::Later(host, millis)),
        8 => (kind, named, any::<bool>()).prop_map(|(kind, named, again)| Step::End(kind, named, again)),
        4 => (0u64..2000).prop_map(Step::Wait),
    ]
}

/// A schedule, and all that was ever promised about it.
struct Watched {
    schedule: Schedule<&'static str, usize>,
    limits: Limits,
    now: Instant,
    flying: Vec<(usize, Ticket)>,
    last: HashMap<usize, Instant>,
    last_of_all: Option<Instant>,
    /// Until when nothing may start at a host.
    held: HashMap<usize, Instant>,
    down: [bool; 4],
    /// Jobs put in, minus those that have started or come back.
    waiting: usize,
}

impl Watched {
    fn in_flight(&self, host: usize) -> usize {
        self.flying.iter().filter(|(other, _)| *other == host).count()
    }

    fn push(&mut self, host: usize, later: Option<u64>) {
        let taken = match later {
            None => self.schedule.push(&HOSTS[host], host, self.now),
            Some(millis) => self.schedule.push_at(&HOSTS[host], host, self.now + Duration::from_millis(millis)),
        };
        assert_eq!(taken.is_err(), self.down[host], "exactly hosts that are down take no more");
        self.waiting += usize::from(taken.is_ok());
    }

    fn end(&mut self, kind: Kind, named: Option<u64>, again: bool) {
        if self.flying.is_empty() {
            return;
        }
        let (host, ticket) = self.flying.remove(0);
        let wait = named.map(Duration::from_secs);
        let found = self.schedule.finish(ticket, Heard { wait, ..heard(kind) }, self.now);
        if let Some(wait) = wait.filter(|wait| *wait <= self.limits.max_retry_after) {
            let until = self.now + wait;
            let held = self.held.entry(host).or_insert(until);
            *held = until.max(*held);
        }
        if let Some(hold) = found.hold {
            assert!(hold.until > self.now);
            self.held.insert(host, hold.until);
        }
        if again && self.schedule.retry(&HOSTS[host], host, self.now, found.cost).is_ok() {
            self.waiting += 1;
        }
        if found.down.is_some() {
            self.down[host] = true;
            self.waiting -= self.schedule.take_all(&HOSTS[host], self.now).len();
        }
    }

    /// Starts all that may start, and holds the schedule to each promise.
    fn start(&mut self) {
        let late = |since: Instant, now: Instant| now - since + pace::LATE;
        while let Next::Start(host, ticket) = self.schedule.next(self.now) {
            self.waiting -= 1;
            assert!(!self.down[host], "nothing starts at a host that is down");
            assert!(self.held.get(&host).is_none_or(|held| *held <= self.now), "nor before the end of a hold");
            self.flying.push((host, ticket));
            assert!(self.in_flight(host) <= self.limits.per_host);
            if let (Some(pace), Some(last)) = (self.limits.host_pace, self.last.insert(host, self.now)) {
                assert!(late(last, self.now) >= pace.interval);
            }
            if let (Some(pace), Some(last)) = (self.limits.run_pace, self.last_of_all.replace(self.now)) {
                assert!(late(last, self.now) >= pace.interval);
            }
        }
        assert_eq!(self.schedule.waiting(), self.waiting, "no job is lost, and none is there twice");
        assert_eq!(self.schedule.in_flight(), self.flying.len());
    }

    /// Nobody starves: where everything is answered, everything starts, and soon.
    fn finish(&mut self) {
        let end = self.now + Duration::from_secs(3600) * u32::try_from(self.waiting + 1).expect("few");
        while self.waiting > 0 {
            self.start();
            for (_, ticket) in std::mem::take(&mut self.flying) {
                let _ = self.schedule.finish(ticket, CLEAN, self.now);
            }
            match self.schedule.next(self.now) {
                Next::Start(host, ticket) => {
                    self.waiting -= 1;
                    self.flying.push((host, ticket));
                }
                Next::Wait(until) => {
                    assert!(until > self.now, "no time that has come");
                    self.now = until;
                }
                Next::Nothing if self.flying.is_empty() && self.waiting > 0 => {
                    assert!(self.schedule.is_down_to_put_off(), "a job was lost");
                    self.waiting -= self.schedule.last_pass(self.now).len();
                }
                Next::Nothing => {}
            }
            assert!(self.now < end, "somebody starves");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn no_promise_breaks_whatever_comes(
        per_host in 1usize..4,
        rate in proptest::option::of(1u32..500),
        total in proptest::option::of(1u32..500),
        adaptive in any::<bool>(),
        seed in any::<u64>(),
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        let limits = Limits { host_pace: rate.map(pace), run_pace: total.map(pace), adaptive, ..limits(per_host) };
        let mut watched = Watched {
            schedule: Schedule::new(limits, fastrand::Rng::with_seed(seed)),
            limits,
            now: Instant::now(),
            flying: Vec::new(),
            last: HashMap::new(),
            last_of_all: None,
            held: HashMap::new(),
            down: [false; 4],
            waiting: 0,
        };
        for step in steps {
            match step {
                Step::Push(host) => watched.push(host, None),
                Step::Later(host, millis) => watched.push(host, Some(millis)),
                Step::End(kind, named, again) => watched.end(kind, named, again),
                Step::Wait(millis) => watched.now += Duration::from_millis(millis),
            }
            watched.start();
        }
        watched.finish();
    }
}
