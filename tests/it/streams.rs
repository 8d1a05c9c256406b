//! HTTP/2 that goes wrong: streams and connections that end before their time, frames that lead nowhere.
//!
//! Promises: what a server did not look at is asked for again at no cost, what it broke off is tried as often as
//! anything else, the other requests on the connection do not notice, and nothing goes on for ever.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    pictures::{files, jpeg, padded_jpeg},
    server::{AUTHORITY, Answer, End, Server},
    workspace::{Told, Workspace},
};

/// Fetches entries over HTTP/2.
fn fetch(work: &Workspace, server: &Server, entries: &[&str], more: &[&str]) -> Told {
    let list = work.list(entries);
    work.file("authority.pem", AUTHORITY);
    let options = ["--cacert", "authority.pem", "--http", "2", "--format", "ndjson", "-u", &server.url(""), &list];
    work.flagdl(options).arguments(more.iter().copied()).run()
}

fn connections(server: &Server) -> BTreeSet<usize> {
    server.arrivals().iter().map(|arrival| arrival.connection).collect()
}

/// A stream that ends in this way before anything was said on it.
fn nothing(end: End) -> Answer {
    Answer::raw("").then(end)
}

#[test]
fn many_pictures_come_over_one_connection() {
    for server in [Server::http2(), Server::encrypted_http2()] {
        let work = Workspace::new();
        let codes = ["cn", "in", "us", "id", "br", "pk"];
        server.pictures(&codes);
        fetch(&work, &server, &codes, &["-c", "6"]).expect_code(0);
        assert_eq!(work.saved(), files(&codes));
        assert_eq!(connections(&server), [0].into());
        assert!(server.arrivals().iter().all(|arrival| arrival.version == "HTTP/2"));
    }
}

#[test]
fn a_stream_that_was_refused_is_asked_for_again_at_no_cost() {
    let (work, server) = (Workspace::new(), Server::http2());
    server.pictures(&["first"]).script("/cn.jpg", [nothing(End::Refuse), Answer::ok(jpeg("cn"))]);
    let told = fetch(&work, &server, &["first", "cn"], &["-c", "1", "--retries", "0"]);
    told.expect_code(0);
    assert_eq!(work.saved(), files(&["first", "cn"]));
}

#[test]
fn a_stream_that_is_always_refused_is_an_error_in_the_end() {
    let (work, server) = (Workspace::new(), Server::http2());
    server.pictures(&["first"]).always("/cn.jpg", nothing(End::Refuse));
    let told = fetch(&work, &server, &["first", "cn"], &["-c", "1", "--retries", "1"]);
    told.expect_code(1).expect_endings(&[("first", "ok"), ("cn", "error reset")]);
    assert!(server.arrivals().len() <= 4, "{told}");
}

#[test]
fn a_stream_that_is_reset_is_tried_again_and_the_others_do_not_notice() {
    let (work, server) = (Workspace::new(), Server::http2());
    let picture = padded_jpeg("cut", 5000);
    let cut = Answer::ok(&*picture).cut_at(2000, End::Reset);
    server.pictures(&["in", "us"]);
    server.script("/cut.jpg", [cut.clone(), Answer::ok(&*picture)]);
    server.script("/cn.jpg", [nothing(End::Reset), Answer::ok(jpeg("cn"))]);
    server.always("/bad.jpg", cut);
    let told = fetch(&work, &server, &["cut", "in", "cn", "bad", "us"], &["-c", "5", "--retries", "1"]);
    let bad = ("bad", "error incomplete-body");
    told.expect_code(1).expect_endings(&[("cut", "ok"), ("in", "ok"), ("cn", "ok"), bad, ("us", "ok")]);
    let mut expected = files(&["in", "us", "cn"]);
    expected.insert("cut.jpg".to_owned(), picture);
    assert_eq!(work.saved(), expected);
    assert_eq!(connections(&server), [0].into());
}

#[test]
fn a_connection_that_takes_no_more_is_followed_by_another() {
    let (work, server) = (Workspace::new(), Server::http2());
    let codes = ["cn", "in", "us", "id", "br", "pk", "ng", "bd"];
    for code in codes {
        server.script(&format!("/{code}.jpg"), [Answer::ok(jpeg(code)).then(End::Close)]);
    }
    fetch(&work, &server, &codes, &["-c", "2"]).expect_code(0);
    assert_eq!(work.saved(), files(&codes));
    assert!(connections(&server).len() > 1);
}

#[test]
fn a_connection_that_ends_under_its_requests_costs_no_entry() {
    let (work, server) = (Workspace::new(), Server::http2());
    let codes = ["cn", "in", "us", "id"];
    server.script("/cn.jpg", [nothing(End::GoAway).gated(), Answer::ok(jpeg("cn"))]);
    for code in &codes[1..] {
        // Their streams are silent until the connection goes.
        server.script(&format!("/{code}.jpg"), [nothing(End::Silence), Answer::ok(jpeg(code))]);
    }
    let (list, url) = (work.list(&codes), server.url(""));
    let run = work.flagdl(["--http", "2", "-c", "4", "-u", &url, &list]).start();
    server.wait_for(4);
    server.release();
    run.wait().expect_code(0);
    assert_eq!(work.saved(), files(&codes));
    assert_eq!(connections(&server).len(), 2);
}

#[test]
fn a_server_that_takes_one_stream_at_a_time_gets_no_more() {
    let (work, server) = (Workspace::new(), Server::http2_with_streams(1));
    let codes: Vec<_> = (0..30).map(|number| format!("c{number}")).collect();
    let codes: Vec<_> = codes.iter().map(String::as_str).collect();
    server.pictures(&codes);
    let told = fetch(&work, &server, &codes, &["-c", "8"]);
    told.expect_code(0);
    assert_eq!(work.saved(), files(&codes));
    assert_eq!(server.peak(), 1, "{told}");
}

#[test]
fn a_length_that_is_not_met_is_an_error() {
    let picture = padded_jpeg("it", 3000);
    for length in [2999, 3001] {
        let (work, server) = (Workspace::new(), Server::http2());
        server.script("/it.jpg", [Answer::ok(&*picture).announcing(length), Answer::ok(&*picture)]);
        fetch(&work, &server, &["it"], &["--retries", "1"]).expect_code(0);
        assert_eq!(work.saved()["it.jpg"], picture);
    }
}

#[test]
fn a_head_that_is_too_long_is_refused_and_the_connection_goes_on() {
    let (work, server) = (Workspace::new(), Server::http2());
    // With what HTTP/2 adds for each field (RFC 9113 §6.5.2) the first fits 16 KiB, and the second does not.
    let with = |size: usize| Answer::ok(jpeg("it")).field("x", &"y".repeat(size));
    server.script("/fits.jpg", [with(16_000)]).script("/long.jpg", [with(17_000)]).pictures(&["cn"]);
    let told = fetch(&work, &server, &["fits", "long", "cn"], &["-c", "1", "--retries", "0"]);
    told.expect_code(1).expect_endings(&[("fits", "ok"), ("long", "error protocol"), ("cn", "ok")]);
    assert_eq!(connections(&server), [0].into());
}

#[test]
fn frames_with_nothing_in_them_do_not_go_on_for_ever() {
    let (work, server) = (Workspace::new(), Server::http2());
    let picture = jpeg("it");
    server.always("/it.jpg", Answer::ok(&*picture).cut_at(100, End::Flood));
    server.pictures(&["cn"]);
    let told = fetch(&work, &server, &["it", "cn"], &["-c", "1", "--retries", "0", "--read-timeout", "20s"]);
    told.expect_code(1).expect_endings(&[("it", "error protocol"), ("cn", "ok")]);
    assert_eq!(work.saved(), files(&["cn"]));
}

#[test]
fn a_head_that_goes_on_in_frame_after_frame_does_not_do_so_for_ever() {
    // The server's settings, the beginning of a head with its status, and what continues it (RFC 9113 §6.2, §6.10).
    let begun = [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0x88];
    let nothing = vec![0, 0, 0, 9, 0, 0, 0, 0, 1];
    let field = vec![0, 0, 5, 9, 0, 0, 0, 0, 1, 0, 1, b'x', 1, b'y'];
    let large = [&[0, 0x40, 0, 9, 0, 0, 0, 0, 1, 0, 1, b'x', 0x7f, 0xfb, 0x7e][..], &[b'y'; 16_378]].concat();
    for frame in [nothing, field, large] {
        let (work, endless, server) = (Workspace::new(), Server::start(), Server::http2());
        endless.always("*", Answer::raw(begun).flooding(frame));
        server.pictures(&["cn"]);
        let options = ["-c", "1", "--http", "2", "--retries", "0", "--format", "ndjson", "-u", &server.url(""), "-"];
        let mut run = work.flagdl(options).open_input().start();
        let it = endless.url("/it.jpg");
        run.write(&format!("{it}\ncn\n"));
        run.wait_for_out(r#""entry":"cn""#);
        let peak = run.peak_memory();
        let told = run.wait();
        told.expect_code(1).expect_endings(&[(&it, "error protocol"), ("cn", "ok")]);
        assert!(peak.is_none_or(|peak| (1000..64 << 10).contains(&peak)), "{peak:?} KiB: {told}");
        assert!(told.elapsed < Duration::from_secs(20), "{told}");
    }
}

#[test]
fn a_connection_that_answers_no_ping_is_given_up() {
    let (work, server) = (Workspace::aside(), Server::start());
    // The server's settings (RFC 9113 §6.5), and then nothing: no answer, and no answer to pings either.
    server.always("*", Answer::raw([0, 0, 0, 4, 0, 0, 0, 0, 0]).then(End::Silence));
    let told = fetch(&work, &server, &["it"], &["--retries", "0", "--read-timeout", "10m"]);
    told.expect_code(1).expect_endings(&[("it", "error reset")]);
    assert!(told.elapsed < Duration::from_secs(50), "{told}");
}
