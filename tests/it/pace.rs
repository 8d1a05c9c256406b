//! Pace: how fast requests start and how fast bytes come, as seen by the servers.
//!
//! Promises: these tests run while no other test does.
//!
//! What surprises: a busy machine shows a request later than it was started, so the one behind it seems too early. A
//! pace therefore has to be kept to within [`SLACK`] in one of three runs, and within [`ROUGH`] in each.

use std::time::{Duration, Instant};

use crate::{
    fleet::{hosts, times, urls},
    pictures::{jpeg, padded_jpeg},
    server::{Answer, Server},
    ways::{Way, ways, ways_and_short},
    workspace::Workspace,
};

/// How early an arrival may seem on a machine that is at leisure.
const SLACK: Duration = Duration::from_millis(5);

/// How early an arrival may seem on any machine.
const ROUGH: Duration = Duration::from_millis(60);

const RUNS: usize = 3;

/// A rate and a burst.
#[derive(Debug, Clone, Copy)]
struct Pace {
    interval: Duration,
    burst: u32,
}

impl Pace {
    fn per_second(count: u32) -> Self {
        Self { interval: Duration::from_secs(1) / count, burst: 1 }
    }

    /// By how much any arrival came too early (GCRA, ITU-T I.371 annex A).
    fn exceeded(self, arrivals: &[Instant]) -> Duration {
        let mut exceeded = Duration::ZERO;
        let mut theoretical = arrivals[0];
        for at in arrivals {
            let early = theoretical.saturating_duration_since(*at);
            exceeded = exceeded.max(early.saturating_sub(self.interval * (self.burst - 1)));
            theoretical = theoretical.max(*at) + self.interval;
        }
        exceeded
    }

    /// Runs until the arrivals keep to this pace, and gives those.
    #[track_caller]
    fn expect(self, mut run: impl FnMut() -> Vec<Instant>) -> Vec<Instant> {
        let mut all = Vec::new();
        for _ in 0..RUNS {
            let arrivals = run();
            let exceeded = self.exceeded(&arrivals);
            assert!(exceeded <= ROUGH, "{self:?}: {exceeded:?} too early");
            if exceeded <= SLACK {
                return arrivals;
            }
            all.push(exceeded);
        }
        panic!("{self:?}: too early in each run, by {all:?}");
    }
}

#[test]
fn the_replay_finds_what_is_too_fast() {
    let start = Instant::now();
    let exceeded = |pace: Pace, millis: &[u64]| {
        let at = |millis: &u64| start + Duration::from_millis(*millis);
        pace.exceeded(&millis.iter().map(at).collect::<Vec<_>>()).as_millis()
    };
    let pace = Pace::per_second(50);
    assert_eq!(exceeded(pace, &[0, 20, 41, 62, 100]), 0);
    assert_eq!(exceeded(pace, &[0, 20, 34]), 6);
    assert_eq!(exceeded(pace, &[0, 16, 32, 48]), 12, "small steps add up");
    assert_eq!(exceeded(pace, &[0, 500, 510]), 10, "no time is saved up");
    let burst = Pace { burst: 3, ..pace };
    assert_eq!(exceeded(burst, &[0, 0, 0, 20]), 0);
    assert_eq!(exceeded(burst, &[0, 0, 0, 0]), 20);
}

/// Downloads so many URLs of some hosts with an option, and gives the times of all arrivals.
fn arrivals(work: &Workspace, servers: &[Server], count: usize, way: &Way, more: &[&str]) -> Vec<Instant> {
    let list = work.list_of(&urls(servers, count));
    work.flagdl([&*list]).arguments(more.iter().copied()).with(way).run().expect_code(0);
    times(servers)
}

#[test]
fn a_rate_of_50_a_second_is_never_exceeded_and_held_within_a_hundredth() {
    let work = Workspace::alone();
    let way = &ways("rate", "50/s")[0];
    let pace = Pace::per_second(50);
    let due = pace.interval * 210;
    let mut took = Vec::new();
    for _ in 0..RUNS {
        let times = pace.expect(|| arrivals(&work, &hosts(1, &Answer::ok(jpeg("it"))), 211, way, &[]));
        took.push(times[210].duration_since(times[0]));
        if took.iter().any(|took| *took <= due * 101 / 100) {
            assert!(took.iter().all(|took| *took + SLACK >= due), "{took:?} where {due:?} are due");
            return;
        }
    }
    panic!("{took:?} where {due:?} are due");
}

#[test]
fn rate_holds_for_each_host_by_itself() {
    for way in ways_and_short("rate", "-r", "10/s") {
        let work = Workspace::alone();
        let pace = Pace::per_second(10);
        pace.expect(|| {
            let servers = hosts(2, &Answer::ok(jpeg("it")));
            let times = arrivals(&work, &servers, 12, &way, &[]);
            // Twelve to one host would take eleven intervals, and these are six to each.
            assert!(times[11].duration_since(times[0]) < pace.interval * 9, "hosts wait for each other");
            let each = servers.iter().map(|server| self::times(std::slice::from_ref(server)));
            each.max_by_key(|times| pace.exceeded(times)).expect("there are two hosts")
        });
    }
}

#[test]
fn every_request_on_the_wire_counts_for_the_rate() {
    let work = Workspace::alone();
    let times = Pace::per_second(5).expect(|| {
        let server = Server::start();
        for code in ["a", "b", "c"] {
            server.script(&format!("/{code}.jpg"), [Answer::redirect(302, &format!("/to/{code}.jpg"))]);
            server.script(&format!("/to/{code}.jpg"), [Answer::ok(jpeg(code))]);
        }
        server.script("/d.jpg", [Answer::status(503), Answer::ok(jpeg("d"))]);
        let list = work.list(&["a", "b", "c", "d"]);
        let options = ["-c", "8", "--rate", "5/s", "-u", &server.url(""), &list];
        work.flagdl(options).run().expect_code(0);
        self::times(&[server])
    });
    assert_eq!(times.len(), 8);
}

#[test]
fn burst_lets_so_many_start_together_and_then_the_rate_holds() {
    for way in ways("burst", "4") {
        let work = Workspace::alone();
        let pace = Pace { burst: 4, ..Pace::per_second(4) };
        let options = ["-c", "4", "--rate", "4/s"];
        let times = pace.expect(|| arrivals(&work, &hosts(1, &Answer::ok(jpeg("it"))), 6, &way, &options));
        assert!(times[3].duration_since(times[0]) < pace.interval, "no burst with {way:?}");
    }
}

#[test]
fn total_rate_holds_for_all_hosts_together() {
    for way in ways("total-rate", "20/s") {
        let work = Workspace::alone();
        let pace = Pace::per_second(20);
        let times = pace.expect(|| arrivals(&work, &hosts(3, &Answer::ok(jpeg("it"))), 24, &way, &[]));
        assert!(times[23].duration_since(times[0]) < pace.interval * 23 * 4, "far too slow with {way:?}");
    }
}

#[test]
fn bandwidth_is_shared_and_not_exceeded() {
    for way in ways("bandwidth", "300KB/s") {
        let (work, servers) = (Workspace::alone(), hosts(2, &Answer::ok(padded_jpeg("it", 150_000))));
        let list = work.list_of(&urls(&servers, 4));
        let told = work.flagdl(["-c", "4", &list]).with(&way).run();
        told.expect_code(0).expect_summary("4 ok, 0 not found, 0 errors");
        // 600 KB at 300 KB/s; a chunk of each body may come before its time.
        assert!(told.elapsed >= Duration::from_millis(1600), "too fast: {told}");
        assert!(told.elapsed < Duration::from_secs(4), "far too slow: {told}");
    }
}

#[test]
fn jitter_makes_gaps_uneven_and_keeps_the_rate() {
    for way in ways("jitter", "0.5") {
        let work = Workspace::alone();
        // Fifty gaps of 10 to 30 ms: a second, and seldom more than a twelfth off that.
        let interval = Duration::from_millis(20);
        let mut tried = Vec::new();
        let held = (0..RUNS).any(|_| {
            let times = arrivals(&work, &hosts(1, &Answer::ok(jpeg("it"))), 51, &way, &["-c", "1", "--rate", "50/s"]);
            let gaps: Vec<_> = times.windows(2).map(|pair| pair[1].duration_since(pair[0])).collect();
            let short = gaps.iter().filter(|gap| **gap < interval * 4 / 5).count();
            let long = gaps.iter().filter(|gap| **gap > interval * 6 / 5).count();
            let took = times[50].duration_since(times[0]);
            tried.push((short, long, took));
            // Without jitter none is short or long; drawn evenly, three of ten are either.
            (5..=25).contains(&short) && (5..=25).contains(&long) && took > interval * 43 && took < interval * 57
        });
        assert!(held, "of fifty gaps those that are short and long, and all together, with {way:?}: {tried:?}");
    }
}
