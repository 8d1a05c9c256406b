//! Limits: how many requests at once, in all and to one host, as seen by the servers.
//!
//! What surprises: what must be reached is waited for with answers that are held back until it is, so no test
//! depends on how fast the machine is.

use std::time::Duration;

use crate::{
    fleet::{hosts, times, urls},
    pictures::jpeg,
    server::Answer,
    ways::{ways, ways_and_short},
    workspace::{Signal, Workspace},
};

#[test]
fn never_more_than_concurrency_are_in_flight_and_no_fewer_where_there_is_work() {
    for way in ways_and_short("concurrency", "-c", "5") {
        let (work, servers) = (Workspace::new(), hosts(1, &Answer::ok(jpeg("it")).gated()));
        let list = work.list_of(&urls(&servers, 30));
        let run = work.flagdl([&*list]).with(&way).start();
        servers[0].wait_for(5);
        assert!(!servers[0].arrives(6, Duration::from_millis(300)), "a sixth with {way:?}");
        servers[0].release();
        run.wait().expect_code(0);
        assert_eq!(servers[0].peak(), 5, "{way:?}");
    }
}

#[test]
fn three_are_in_flight_unless_told_otherwise() {
    let (work, servers) = (Workspace::new(), hosts(1, &Answer::ok(jpeg("it")).gated()));
    let list = work.list_of(&urls(&servers, 10));
    let run = work.flagdl([&*list]).start();
    servers[0].wait_for(3);
    assert!(!servers[0].arrives(4, Duration::from_millis(300)), "a fourth");
    servers[0].release();
    run.wait().expect_code(0);
    assert_eq!(servers[0].peak(), 3);
}

#[test]
fn never_more_than_per_host_are_in_flight_to_one_host() {
    for way in ways("per-host", "2") {
        let (work, servers) = (Workspace::new(), hosts(2, &Answer::ok(jpeg("it")).gated()));
        // All of the first host stand before those of the second.
        let mut entries = urls(&servers[..1], 20);
        entries.extend(urls(&servers[1..], 20));
        let list = work.list_of(&entries);
        let run = work.flagdl(["-c", "6", &list]).with(&way).start();
        for server in &servers {
            server.wait_for(2);
        }
        for server in &servers {
            assert!(!server.arrives(3, Duration::from_millis(150)), "a third with {way:?}");
            server.release();
        }
        run.wait().expect_code(0);
        assert_eq!((servers[0].peak(), servers[1].peak()), (2, 2), "{way:?}");
    }
}

/// In which order the hosts stand in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// An entry of each host, then the next of each.
    Mixed,
    /// All of the first host, then all of the second.
    ByHost,
}

/// How long nine hosts take to be asked for everything, with a silent one before them in the list or without.
fn spread(work: &Workspace, order: Order, limits: &[&str], silent: bool) -> Duration {
    const EACH: usize = 20;
    let good = hosts(9, &Answer::ok(jpeg("it")).after(Duration::from_millis(20)));
    let bad = hosts(usize::from(silent), &Answer::silence());
    let all = match order {
        Order::Mixed => {
            let round = |index| bad.iter().chain(&good).map(move |host| host.url(&format!("/c{index}.jpg")));
            (0..EACH).flat_map(round).collect()
        }
        Order::ByHost => {
            let mut all = if silent { urls(&bad, 300) } else { Vec::new() };
            for host in &good {
                all.extend(urls(std::slice::from_ref(host), EACH));
            }
            all
        }
    };
    // The ports, and so the URLs, may be those of an earlier turn, whose files are here.
    let run = work.flagdl(limits.iter().copied()).arguments(["--overwrite", &*work.list_of(&all)]).start();
    for host in &good {
        host.wait_for(EACH);
    }
    if silent {
        // It would wait for the silent host for half a minute each time.
        run.send(Signal::Kill);
    }
    run.wait();
    let times = times(&good);
    assert_eq!(times.len(), 9 * EACH);
    times[9 * EACH - 1].duration_since(times[0])
}

/// Expects the nine hosts to take no longer beside a silent one than their share of the requests explains.
#[track_caller]
fn expect_undisturbed(order: Order, limits: &[&str], share: f64) {
    let work = Workspace::alone();
    let mut tried = Vec::new();
    let held = (0..3).any(|_| {
        let [alone, together] = [false, true].map(|silent| spread(&work, order, limits, silent));
        tried.push((alone, together));
        together.as_secs_f64() <= alone.as_secs_f64() / share * 1.25
    });
    assert!(held, "{order:?} with {limits:?}, alone and beside a silent host: {tried:?}");
}

#[test]
fn a_host_that_never_answers_does_not_slow_the_others() {
    expect_undisturbed(Order::Mixed, &["-c", "20", "--per-host", "2"], 1.0);
    expect_undisturbed(Order::Mixed, &["-c", "20"], 0.9);
    expect_undisturbed(Order::Mixed, &["-c", "10"], 0.9);
}

#[test]
fn a_host_that_never_answers_gets_one_of_three_requests_at_most() {
    expect_undisturbed(Order::Mixed, &["-c", "3"], 0.66);
}

#[test]
fn a_host_that_never_answers_and_stands_first_does_not_slow_the_others() {
    expect_undisturbed(Order::ByHost, &["-c", "20", "--per-host", "2"], 1.0);
    expect_undisturbed(Order::ByHost, &["-c", "20"], 0.95);
}
