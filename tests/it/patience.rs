//! Patience: every wait has an end that can be set, and what may pass by itself is tried again so many times.
//!
//! What surprises: the low-speed rule is averaged over 30 s, so its test takes that long; its runs do so together.

use std::time::Duration;

use crate::{
    pictures::{jpeg, padded_jpeg},
    ports::Unreachable,
    server::{Answer, End, Server},
    ways::{Way, ways},
    workspace::{Told, Workspace},
};

/// Fetches one entry with an option that makes it end as a timeout, and only once.
#[track_caller]
fn expect_timeout(work: &Workspace, url: &str, way: &Way) -> Told {
    let list = work.list(&[url]);
    let told = work.flagdl(["--retries", "0", "--format", "ndjson", &list]).with(way).run();
    told.expect_code(1).expect_endings(&[(url, "error timeout")]);
    assert!(told.elapsed < Duration::from_secs(5), "{told}");
    assert_eq!(work.saved(), [].into());
    told
}

#[test]
fn connect_timeout_ends_a_connection_that_is_neither_made_nor_refused() {
    for way in ways("connect-timeout", "300ms") {
        let (work, nobody) = (Workspace::new(), Unreachable::new());
        let told = expect_timeout(&work, &nobody.url("/it.jpg"), &way);
        assert!(told.elapsed >= Duration::from_millis(300), "{told}");
    }
}

#[test]
fn read_timeout_ends_the_wait_for_an_answer() {
    for way in ways("read-timeout", "300ms") {
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/it.jpg", [Answer::silence()]);
        let told = expect_timeout(&work, &server.url("/it.jpg"), &way);
        told.expect_err("timeout after 300ms");
        assert!(told.elapsed >= Duration::from_millis(300), "{told}");
    }
}

#[test]
fn read_timeout_ends_the_wait_for_each_next_byte() {
    for way in ways("read-timeout", "400ms") {
        let (work, server) = (Workspace::new(), Server::start());
        let stalled = Answer::ok(jpeg("it")).cut_at(100, End::Silence);
        server.script("/it.jpg", [stalled]);
        expect_timeout(&work, &server.url("/it.jpg"), &way);
    }
}

#[test]
fn read_timeout_spares_a_body_that_goes_on_coming() {
    let (work, server) = (Workspace::new(), Server::start());
    let size = jpeg("it").len();
    // Ten pieces, each well within the time, and all of them well beyond it.
    let slow = Answer::ok(jpeg("it")).dripping(size / 10 + 1, Duration::from_millis(200));
    server.script("/it.jpg", [slow]);
    let list = work.list(&["it"]);
    let told = work.flagdl(["-u", &server.url(""), "--read-timeout", "1500ms", &list]).run();
    told.expect_code(0);
    assert!(told.elapsed > Duration::from_millis(1600), "{told}");
}

#[test]
fn timeout_ends_an_attempt_whatever_it_is_doing() {
    for way in ways("timeout", "500ms") {
        let (work, server) = (Workspace::new(), Server::start());
        let slow = Answer::ok(jpeg("it")).dripping(1, Duration::from_millis(50));
        server.script("/it.jpg", [slow]);
        let told = expect_timeout(&work, &server.url("/it.jpg"), &way);
        told.expect_err("timeout after 500ms");
        assert!(told.elapsed >= Duration::from_millis(500), "{told}");
    }
}

#[test]
fn min_speed_ends_a_body_that_trickles_and_can_be_lowered() {
    let (work, server) = (Workspace::aside(), Server::start());
    // 500 bytes a second for 35 s: too slow for what is asked at first, fast enough for the others.
    let body = padded_jpeg("it", 17_500);
    server.always_below("/", Answer::ok(body).dripping(50, Duration::from_millis(100)));
    let url = server.url("");
    let list = work.list(&["it"]);
    let (slow, lower, none) = (ways("min-speed", "2KB/s"), ways("min-speed", "100"), ways("min-speed", "0"));
    let default = Way::Arguments(Vec::new());
    let all = [
        ("one", &slow[0], "error too-slow"),
        ("two", &slow[1], "error too-slow"),
        ("three", &default, "error too-slow"),
        ("four", &lower[0], "ok"),
        ("five", &none[1], "ok"),
    ];
    let runs = all.map(|(dest, way, ending)| {
        let options = ["--retries", "0", "--format", "ndjson", "-u", &url, "-d", dest, &list];
        // They run together, so each sees what the others write.
        let run = all.iter().fold(work.flagdl(options), |run, (dest, ..)| run.may_write(dest));
        (run.with(way).start(), ending)
    });
    for (run, ending) in runs {
        run.wait().expect_endings(&[("it", ending)]);
    }
}

#[test]
fn retries_says_how_often_what_may_pass_is_tried_again() {
    for way in ways("retries", "2") {
        let (work, server) = (Workspace::new(), Server::start());
        let bad = Answer::status(500);
        server.script("/good.jpg", [bad.clone(), bad.clone(), Answer::ok(jpeg("good"))]);
        server.script("/bad.jpg", [bad.clone(), bad.clone(), bad]);
        let list = work.list(&["good", "bad"]);
        let told = work.flagdl(["-u", &server.url(""), "--format", "ndjson", &list]).with(&way).run();
        told.expect_code(1).expect_endings(&[("good", "ok"), ("bad", "error http-500")]);
        assert_eq!(told.entry("bad")["attempts"], 3, "{told}");
    }
}

#[test]
fn three_retries_are_the_default_and_0_means_none() {
    for (arguments, attempts) in [(&[][..], 4), (&["--retries", "0"], 1)] {
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/bad.jpg", vec![Answer::raw("").then(End::Close); attempts]);
        let list = work.list(&["bad"]);
        let told = work.flagdl(["-u", &server.url(""), &list]).arguments(arguments.iter().copied()).run();
        told.expect_code(1);
    }
}

#[test]
fn a_connection_that_is_lost_before_an_answer_costs_one_attempt_less_where_the_host_has_answered() {
    for end in [End::Close, End::Reset] {
        let (work, server) = (Workspace::new(), Server::start());
        let nothing = Answer::raw("").then(end);
        server.pictures(&["first"]);
        server.script("/good.jpg", [nothing.clone(), nothing.clone(), Answer::ok(jpeg("good"))]);
        server.script("/bad.jpg", vec![nothing; 3]);
        let list = work.list(&["first", "good", "bad"]);
        let options = ["-c", "1", "--retries", "1", "--format", "ndjson", "-u", &server.url(""), &list];
        let told = work.flagdl(options).run();
        told.expect_code(1).expect_endings(&[("first", "ok"), ("good", "ok"), ("bad", "error reset")]);
        assert_eq!(told.entry("good")["attempts"], 3, "{told}");
    }
}

#[test]
fn what_will_not_pass_is_tried_once() {
    let (work, server) = (Workspace::new(), Server::start());
    let statuses = [400, 401, 403, 404, 410, 414, 431, 451, 501];
    for status in statuses {
        server.script(&format!("/s{status}.jpg"), [Answer::status(status)]);
    }
    let list = work.list_of(&statuses.map(|status| format!("s{status}")));
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(1).expect_summary("0 ok, 2 not found, 7 errors");
}

#[test]
fn what_may_pass_is_tried_again() {
    let (work, server) = (Workspace::new(), Server::start());
    let statuses = [408, 425, 429, 500, 502, 503, 504];
    for status in statuses {
        let code = format!("s{status}");
        server.script(&format!("/{code}.jpg"), [Answer::status(status), Answer::ok(jpeg(&code))]);
    }
    let codes = statuses.map(|status| format!("s{status}"));
    let list = work.list_of(&codes);
    let told = work.flagdl(["-v", "-c", "7", "-u", &server.url(""), &list]).run();
    told.expect_code(0).expect_summary("7 ok, 0 not found, 0 errors");
    told.expect_err("s503: the server answered 503 Service Unavailable at attempt 1, the next in ");
}
