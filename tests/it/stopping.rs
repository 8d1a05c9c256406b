//! Stopping: once finishes what has begun, twice leaves at once, and with no warning at all no harm is done.
//!
//! Promises: however a run ends, a final name holds a whole file, and what was not fetched is counted as left.

use std::time::{Duration, Instant};

use crate::{
    pictures::{files, jpeg, padded_jpeg},
    server::{Answer, End, Server},
    workspace::{Running, Signal, Workspace},
};

const CODES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Starts a run with two requests in flight that wait to be released.
fn start_two<'a>(work: &'a Workspace, server: &Server, more: &[&str]) -> Running<'a> {
    for code in &CODES[..2] {
        server.script(&format!("/{code}.jpg"), [Answer::ok(jpeg(code)).gated()]);
    }
    let list = work.list(&CODES);
    let run = work.flagdl(["-c", "2", "-u", &server.url(""), &list]);
    let run = run.arguments(more.iter().copied()).start();
    server.wait_for(2);
    run
}

#[test]
fn a_first_signal_lets_finish_what_is_in_flight_and_starts_nothing_more() {
    for (signal, code) in [(Signal::Interrupt, 130), (Signal::Terminate, 143), (Signal::Hangup, 129)] {
        let (work, server) = (Workspace::new(), Server::start());
        let run = start_two(&work, &server, &[]);
        run.send(signal);
        run.wait_for_err("2 requests in flight");
        server.release();
        let told = run.wait();
        told.expect_code(code).expect_summary("2 ok, 0 not found, 0 errors, 4 left");
        assert_eq!(work.saved(), files(&CODES[..2]));
    }
}

#[test]
fn a_stopped_run_gives_every_entry_an_outcome() {
    let (work, server) = (Workspace::new(), Server::start());
    let run = start_two(&work, &server, &["--format", "ndjson"]);
    run.send(Signal::Interrupt);
    run.wait_for_err("in flight");
    server.release();
    let told = run.wait();
    let expected = [("a", "ok"), ("b", "ok"), ("c", "left"), ("d", "left"), ("e", "left"), ("f", "left")];
    told.expect_code(130).expect_endings(&expected);
    assert_eq!(told.summary()["left"], 4, "{told}");
}

#[test]
fn a_second_signal_gives_up_what_is_in_flight() {
    let (work, server) = (Workspace::new(), Server::start());
    let run = start_two(&work, &server, &[]);
    run.send(Signal::Interrupt);
    run.wait_for_err("in flight");
    let again = Instant::now();
    run.send(Signal::Interrupt);
    let told = run.wait();
    told.expect_code(130).expect_summary("0 ok, 0 not found, 0 errors, 6 left");
    assert!(again.elapsed() < Duration::from_secs(2), "{told}");
    assert_eq!(work.saved(), [].into());
}

#[test]
fn what_is_in_flight_gets_no_more_than_its_time_to_finish() {
    let (work, server) = (Workspace::aside(), Server::start());
    server.script("/a.jpg", [Answer::silence()]);
    let list = work.list(&CODES);
    let run = work.flagdl(["-c", "1", "-u", &server.url(""), &list]).start();
    server.wait_for(1);
    run.send(Signal::Interrupt);
    let told = run.wait();
    told.expect_code(130).expect_summary("0 ok, 0 not found, 0 errors, 6 left");
    assert!(told.elapsed >= Duration::from_secs(9), "{told}");
    assert!(told.elapsed < Duration::from_secs(20), "{told}");
}

#[test]
fn a_retry_that_waits_is_not_waited_for() {
    let (work, server) = (Workspace::new(), Server::start());
    // The longest wait that is drawn after four failures is eight seconds; the signal comes at the first.
    server.always("/a.jpg", Answer::status(503));
    let list = work.list(&["a"]);
    let run = work.flagdl(["-v", "--retries", "100", "-u", &server.url(""), &list]).start();
    run.wait_for_err("at attempt 4, the next in");
    let sent = Instant::now();
    run.send(Signal::Interrupt);
    let told = run.wait();
    told.expect_code(130).expect_summary("0 ok, 0 not found, 0 errors, 1 left");
    assert!(sent.elapsed() < Duration::from_secs(2), "{told}");
}

#[test]
fn an_open_pipe_does_not_keep_a_stopped_run() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["a"]);
    let mut run = work.flagdl(["-v", "-u", &server.url(""), "-"]).open_input().start();
    run.write("a\n");
    run.wait_for_err("a is ok");
    let sent = Instant::now();
    run.send(Signal::Interrupt);
    let told = run.wait_with_open_input();
    told.expect_code(130);
    assert!(sent.elapsed() < Duration::from_secs(3), "{told}");
    assert_eq!(work.saved(), files(&["a"]));
}

#[test]
fn a_killed_run_leaves_no_part_of_a_file_and_the_next_run_completes_it() {
    let (work, server) = (Workspace::new(), Server::start());
    // More than is kept in memory, so that it is on its way to the disk when the end comes.
    let large = padded_jpeg("large", 3_000_000);
    let half = Answer::ok(&*large).cut_at(2_500_000, End::Silence);
    server.script("/large.jpg", [half, Answer::ok(&*large)]);
    // Asked for again or not: that depends on whether it was noted before the kill.
    server.always("/a.jpg", Answer::ok(jpeg("a")));
    let list = work.list(&["a", "large"]);
    let run = work.flagdl(["-v", "-u", &server.url(""), &list]).start();
    run.wait_for_err("a is ok");
    server.wait_for(2);
    run.send(Signal::Kill);
    assert_eq!(run.wait().killed_by, Some(9));
    assert!(!work.saved().contains_key("large.jpg"));
    assert_eq!(work.saved().get("a.jpg"), Some(&jpeg("a")));
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    let expected = [("a.jpg".to_owned(), jpeg("a")), ("large.jpg".to_owned(), large)];
    assert_eq!(work.saved(), expected.into());
}

#[test]
fn an_aborted_run_leaves_no_part_of_a_file() {
    let (work, server) = (Workspace::new(), Server::start());
    let large = padded_jpeg("large", 3_000_000);
    server.script("/large.jpg", [Answer::ok(large).cut_at(2_500_000, End::Silence)]);
    let list = work.list(&["large"]);
    let run = work.flagdl(["-u", &server.url(""), &list]).start();
    server.wait_for(1);
    run.send(Signal::Interrupt);
    run.wait_for_err("1 request in flight");
    run.send(Signal::Interrupt);
    run.wait().expect_code(130);
    assert_eq!(work.saved(), [].into());
}
