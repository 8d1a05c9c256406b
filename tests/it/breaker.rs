//! The breaker: a host that fails everything costs few requests and little time, and one that is back gets all of its
//! entries.
//!
//! Promises: what the program counts as requests is also counted by the servers, where there is one to count.
//!
//! What surprises: with further attempts a host that has never answered is only given up after three pauses, of up to
//! 1, 5 and 25 s. One test waits for those, beside all others; with none one pause is enough.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{
    fleet::{hosts, urls},
    pictures::jpeg,
    ports::Refusing,
    server::{Answer, End, Server},
    workspace::{Told, Workspace},
};

/// Failures in a row after which a host is left alone.
const IN_A_ROW: usize = 10;

/// The most requests that end with one probe, where eight are in flight at once: seven are beside the tenth.
const MOST: usize = IN_A_ROW + 7 + 1;

/// The shortest first pause.
const FIRST: Duration = Duration::from_millis(500);

/// How many entries of a host ended in each way.
fn count(told: &Told, host: &str, class: &str) -> usize {
    let belongs = |object: &Value| object["host"] == host && object["class"] == class;
    told.entries().iter().filter(|object| belongs(object)).count()
}

/// The requests to a host, by the program's own count.
#[track_caller]
fn requests(told: &Told, host: &str) -> u64 {
    let summary = told.summary();
    let hosts = summary["hosts"].as_array().expect("a list of hosts");
    let found = hosts.iter().find(|object| object["host"] == host);
    found.and_then(|object| object["requests"].as_u64()).unwrap_or_else(|| panic!("no {host}: {told}"))
}

#[test]
fn a_host_that_answers_everything_with_an_error_gets_few_requests() {
    let (work, bad) = (Workspace::new(), hosts(1, &Answer::status(500)));
    let list = work.list_of(&urls(&bad, 300));
    let told = work.flagdl(["-c", "8", "--retries", "0", "--format", "ndjson", &list]).run();
    told.expect_code(1);
    let (host, asked) = (bad[0].url(""), bad[0].arrivals().len());
    assert!((IN_A_ROW + 1..=MOST).contains(&asked), "{asked} requests");
    assert_eq!(requests(&told, &host), u64::try_from(asked).expect("few"));
    assert_eq!(count(&told, &host, "http-500"), asked, "what was asked tells what it heard");
    assert_eq!(count(&told, &host, "host-down"), 300 - asked, "and the rest is not asked");
    told.expect_err(&format!("{host} is given up: the host is down: the server answered 500"));
}

#[test]
fn a_host_that_drops_every_connection_gets_few_connections() {
    for end in [End::Close, End::Reset] {
        let (work, bad) = (Workspace::new(), hosts(1, &Answer::raw("").then(end)));
        let list = work.list_of(&urls(&bad, 300));
        let told = work.flagdl(["-c", "8", "--retries", "0", "--format", "ndjson", &list]).run();
        told.expect_code(1);
        let asked = bad[0].arrivals().len();
        assert!((IN_A_ROW + 1..=MOST).contains(&asked), "{asked} requests");
        assert_eq!(count(&told, &bad[0].url(""), "host-down"), 300 - asked, "{told}");
    }
}

#[test]
fn a_host_that_refuses_connections_is_given_up_and_the_others_are_not() {
    let (work, refusing, good) = (Workspace::new(), Refusing::new(), hosts(1, &Answer::ok(jpeg("it"))));
    let refused = (0..100).map(|index| refusing.url(&format!("/r{index}.jpg")));
    let list = work.list_of(&refused.chain(urls(&good, 100)).collect::<Vec<_>>());
    let told = work.flagdl(["-c", "8", "--retries", "0", "--format", "ndjson", &list]).run();
    told.expect_code(1);
    assert!(told.elapsed < Duration::from_secs(15), "{told}");
    let (asked, down) = (count(&told, &refusing.url(""), "refused"), count(&told, &refusing.url(""), "host-down"));
    assert_eq!(asked + down, 100, "{told}");
    assert!((IN_A_ROW + 1..=MOST).contains(&asked), "{asked} connections");
    assert_eq!(told.summary()["ok"], 100, "{told}");
}

#[test]
fn hosts_that_stay_down_are_given_up_within_half_a_minute_and_cost_the_others_nothing() {
    let work = Workspace::aside();
    let (refusing, bad, good) = (Refusing::new(), hosts(1, &Answer::status(502)), hosts(1, &Answer::ok(jpeg("it"))));
    let refused = (0..100).map(|index| refusing.url(&format!("/r{index}.jpg")));
    let list = work.list_of(&refused.chain(urls(&bad, 100)).chain(urls(&good, 100)).collect::<Vec<_>>());
    let told = work.flagdl(["-c", "8", "--format", "ndjson", &list]).run();
    let end = Instant::now();
    told.expect_code(1);
    assert!(told.elapsed < Duration::from_secs(45), "{told}");
    for host in [refusing.url(""), bad[0].url("")] {
        let asked = requests(&told, &host);
        // Ten, three probes, and what was in flight beside the tenth.
        assert!((13..=20).contains(&asked), "{asked} requests to {host}");
        let down = count(&told, &host, "host-down");
        assert!(down >= 80, "{down} of 100 entries of {host}: {told}");
    }
    assert_eq!(told.summary()["error"], 200, "{told}");
    assert_eq!(told.summary()["ok"], 100, "{told}");
    let served = good[0].arrivals().pop().expect("it was asked").at;
    // The three pauses take at least half of 1, 5 and 25 s.
    assert!(end.duration_since(served) > Duration::from_secs(8), "the others were kept waiting");
}

#[test]
fn a_host_that_is_back_when_it_is_asked_again_gets_all_of_its_entries() {
    let (work, server) = (Workspace::new(), Server::start());
    let mut answers = vec![Answer::status(500); IN_A_ROW];
    answers.push(Answer::ok(jpeg("it")));
    server.script_below("/", answers);
    let list = work.list_of(&urls(std::slice::from_ref(&server), 40));
    let told = work.flagdl(["-v", "-c", "1", &list]).run();
    told.expect_code(0).expect_summary("40 ok, 0 not found, 0 errors");
    told.expect_err(&format!("{} keeps failing (the server answered 500 Internal Server Error)", server.url("")));
    let arrivals = server.arrivals();
    assert_eq!(arrivals.len(), IN_A_ROW + 40, "{told}");
    let pause = arrivals[IN_A_ROW].at.duration_since(arrivals[IN_A_ROW - 1].at);
    assert!(pause >= FIRST, "{pause:?}");
}

#[test]
fn a_few_failures_among_answers_leave_a_host_as_it_is() {
    let (work, server) = (Workspace::new(), Server::start());
    // Nine in a row, and fewer than half of all.
    let good = Answer::ok(jpeg("it"));
    let mut answers = vec![good.clone(); 20];
    answers.extend(vec![Answer::status(404); 5]);
    answers.extend(vec![Answer::status(500); IN_A_ROW - 1]);
    answers.push(good);
    server.script_below("/", answers);
    let list = work.list_of(&urls(std::slice::from_ref(&server), 60));
    let told = work.flagdl(["-v", "-c", "1", "--retries", "0", &list]).run();
    told.expect_code(1).expect_summary("46 ok, 5 not found, 9 errors");
    assert!(!told.err.contains("keeps failing"), "{told}");
}

#[test]
fn a_host_that_fails_half_of_the_time_is_left_alone_for_a_while() {
    let (work, server) = (Workspace::new(), Server::start());
    // Twenty are enough to tell.
    let mut answers: Vec<_> = (0..10).flat_map(|_| [Answer::ok(jpeg("it")), Answer::status(500)]).collect();
    answers.push(Answer::ok(jpeg("it")));
    server.script_below("/", answers);
    let list = work.list_of(&urls(std::slice::from_ref(&server), 30));
    let told = work.flagdl(["-v", "-c", "1", "--retries", "0", &list]).run();
    told.expect_code(1).expect_summary("20 ok, 0 not found, 10 errors").expect_err("keeps failing");
    let arrivals = server.arrivals();
    let pause = arrivals[20].at.duration_since(arrivals[19].at);
    assert!(pause >= FIRST, "{pause:?}");
}
