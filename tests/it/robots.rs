//! What a server asks of robots: its robots.txt (RFC 9309), and what its answers say of being taken.
//!
//! Promises: a server that is asked for a robots.txt without a script for it fails its test, and so does one that is
//! asked for what its robots.txt does not allow.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    fleet::{times, urls},
    pictures::{files, jpeg, padded_jpeg},
    server::{Answer, End, Server},
    ways::switch,
    workspace::{Told, Workspace},
};

const ROBOTS: &str = "/robots.txt";

/// A server whose robots.txt says this, and that has a picture everywhere else.
fn with_robots(text: &str) -> Server {
    answering_robots([Answer::ok(text)])
}

/// A server that answers so when it is asked for its robots.txt, and has a picture everywhere else.
fn answering_robots(answers: impl IntoIterator<Item = Answer>) -> Server {
    let server = Server::start();
    server.script(ROBOTS, answers).always_below("/", Answer::ok(jpeg("it")));
    server
}

/// Runs with `--robots` and objects on stdout.
fn run(work: &Workspace, entries: &[String], more: &[&str]) -> Told {
    let list = work.list_of(entries);
    work.flagdl(["--robots", "--format", "ndjson", &list]).arguments(more.iter().copied()).run()
}

#[test]
fn robots_txt_is_asked_for_once_a_host_and_before_anything_else() {
    for way in switch("robots") {
        let work = Workspace::new();
        let servers = [(), ()].map(|()| answering_robots([Answer::ok("User-agent: *\nAllow: /\n").gated()]));
        let list = work.list_of(&urls(&servers, 80));
        let run = work.flagdl(["-c", "16", &list]).with(&way).start();
        for server in &servers {
            server.wait_for(1);
            assert!(!server.arrives(2, Duration::from_millis(150)), "something else with {way:?}");
            server.release();
        }
        run.wait().expect_code(0).expect_summary("80 ok, 0 not found, 0 errors");
        for server in &servers {
            assert_eq!(server.targets()[0], ROBOTS);
            assert_eq!(server.arrivals().len(), 41, "{way:?}");
        }
    }
}

#[test]
fn robots_txt_is_not_asked_for_unless_told() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn"]);
    let list = work.list(&["cn"]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    assert_eq!(server.targets(), ["/cn.jpg"]);
}

#[test]
fn what_robots_txt_does_not_allow_ends_in_an_error_and_is_not_asked_for() {
    let (work, server) = (Workspace::new(), Server::start());
    let text = "User-agent: *\nDisallow: /\n\nUser-agent: Flagdl\nDisallow: /private\nDisallow: /*.gif$\nDisallow: /*?\n\
        Allow: /private/open\n";
    server.script(ROBOTS, [Answer::ok(text)]).always_below("/open", Answer::ok(jpeg("it")));
    server.always_below("/private/open", Answer::ok(jpeg("it")));
    let paths = ["/open.jpg", "/private/open/a.jpg", "/private/a.jpg", "/privateer.jpg", "/open.gif", "/open.jpg?x=1"];
    let entries = paths.map(|path| server.url(path));
    let told = run(&work, &entries, &[]);
    told.expect_code(1);
    let endings = ["ok", "ok", "error robots", "error robots", "error robots", "error robots"];
    // A query may be a secret, and is not shown.
    let shown = entries.each_ref().map(|entry| entry.replace("x=1", "x=…"));
    let expected: Vec<_> = shown.iter().map(|entry| &**entry).zip(endings).collect();
    told.expect_endings(&expected);
    assert_eq!(told.entry(&entries[2])["message"], "robots.txt does not allow it", "{told}");
    assert_eq!(server.arrivals().len(), 3, "{told}");
}

#[test]
fn a_robots_txt_that_is_not_there_allows_everything() {
    for status in [404, 410, 403, 401] {
        let (work, server) = (Workspace::new(), answering_robots([Answer::status(status)]));
        let told = run(&work, &urls(std::slice::from_ref(&server), 5), &[]);
        told.expect_code(0);
        assert_eq!(told.summary()["ok"], 5, "{status}: {told}");
    }
}

#[test]
fn a_robots_txt_that_cannot_be_had_allows_nothing() {
    for answer in [Answer::status(500), Answer::status(503), Answer::raw("").then(End::Close)] {
        let (work, server, other) = (Workspace::new(), Server::start(), with_robots(""));
        server.script(ROBOTS, [answer]);
        let mut entries = urls(std::slice::from_ref(&server), 20);
        entries.extend(urls(std::slice::from_ref(&other), 5));
        let told = run(&work, &entries, &["-c", "8", "--retries", "0"]);
        told.expect_code(1);
        let refused = told.endings().values().filter(|ending| **ending == "error robots").count();
        assert_eq!((refused, told.summary()["ok"].as_u64()), (20, Some(5)), "{told}");
        server.only_arrival();
    }
}

#[test]
fn a_host_that_does_not_give_its_robots_txt_in_time_is_told_of_with_the_time() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script(ROBOTS, [Answer::status(429).field("Retry-After", "3600")]);
    let entries = urls(std::slice::from_ref(&server), 5);
    let told = run(&work, &entries, &["-c", "8"]);
    told.expect_code(1).expect_err("is given up: the server wants nothing before ");
    for entry in entries {
        let message = told.entry(&entry)["message"].to_string();
        assert!(message.contains("the server wants nothing before "), "{told}");
    }
}

#[test]
fn a_robots_txt_that_fails_is_asked_for_again() {
    let (work, server) = (Workspace::new(), answering_robots([Answer::status(500), Answer::ok("")]));
    let told = run(&work, &urls(std::slice::from_ref(&server), 5), &["-c", "8"]);
    told.expect_code(0);
    assert_eq!(server.targets()[..2], [ROBOTS, ROBOTS], "{told}");
}

#[test]
fn a_redirect_of_robots_txt_is_followed_to_other_hosts_too() {
    let (work, server, other) = (Workspace::new(), Server::start(), Server::start());
    server.script(ROBOTS, [Answer::redirect(301, "/there.txt")]);
    server.script("/there.txt", [Answer::redirect(302, &other.url("/rules.txt"))]);
    other.script("/rules.txt", [Answer::ok("User-agent: *\nDisallow: /private/\n")]);
    server.pictures(&["cn"]);
    let entries = ["/cn.jpg", "/private/cn.jpg"].map(|path| server.url(path));
    let told = run(&work, &entries, &[]);
    told.expect_endings(&[(&entries[0], "ok"), (&entries[1], "error robots")]);
    assert_eq!(server.targets(), [ROBOTS, "/there.txt", "/cn.jpg"]);
}

#[test]
fn a_redirect_to_another_host_is_up_to_that_hosts_robots_txt() {
    let (work, server, other) = (Workspace::new(), Server::start(), Server::start());
    server.script(ROBOTS, [Answer::ok("")]);
    for path in ["/open.jpg", "/private.jpg"] {
        server.script(path, [Answer::redirect(302, &other.url(path))]);
    }
    other.script(ROBOTS, [Answer::ok("User-agent: *\nDisallow: /private")]).pictures(&["open"]);
    let told = run(&work, &["/open.jpg", "/private.jpg"].map(|path| server.url(path)), &[]);
    told.expect_endings(&[(&server.url("/open.jpg"), "ok"), (&server.url("/private.jpg"), "error robots")]);
    assert_eq!(other.targets(), [ROBOTS, "/open.jpg"]);
}

#[test]
fn crawl_delay_is_kept_between_requests() {
    let (work, server) = (Workspace::new(), with_robots("User-agent: *\nCrawl-delay: 1\n"));
    let told = run(&work, &urls(std::slice::from_ref(&server), 3), &["-c", "8"]);
    told.expect_code(0);
    let times = times(&[server]);
    assert_eq!(times.len(), 4, "{told}");
    // A busy machine shows an arrival late, and the one behind it seems too early: by less than half a second.
    let waited = times[3].duration_since(times[1]);
    assert!(waited >= Duration::from_millis(1500), "two intervals in {waited:?}");
}

#[test]
fn robots_txt_counts_for_the_rate() {
    let (work, server) = (Workspace::new(), with_robots(""));
    run(&work, &urls(std::slice::from_ref(&server), 1), &["--rate", "1/s"]).expect_code(0);
    let times = times(&[server]);
    let waited = times[1].duration_since(times[0]);
    assert!(waited >= Duration::from_millis(500), "an interval of a second in {waited:?}");
}

/// What an answer may say against being taken.
const OPT_OUTS: [(&str, &str); 7] = [
    ("noai", "noai"),
    ("noimageai", "noimageai"),
    ("noindex", "noindex"),
    ("noimageindex", "nofollow, NoImageIndex"),
    ("bot", "bot: noai"),
    ("none", "none"),
    ("several", "all, max-snippet: 3, noai"),
];

#[test]
fn what_opts_out_is_left_and_nothing_of_its_body_is_waited_for() {
    for way in switch("respect-opt-out") {
        let (work, server) = (Workspace::new(), Server::start());
        for (code, tag) in OPT_OUTS {
            // The body never comes.
            let answer = Answer::ok(jpeg(code)).field("X-Robots-Tag", tag).cut_at(0, End::Silence);
            server.script(&format!("/{code}.jpg"), [answer]);
        }
        let open = Answer::ok(jpeg("open")).field("X-Robots-Tag", "all, max-image-preview: none");
        server.script("/open.jpg", [open]);
        let codes: Vec<_> = OPT_OUTS.iter().map(|(code, _)| *code).chain(["open"]).collect();
        let list = work.list(&codes);
        let told = work.flagdl(["-c", "1", "--format", "ndjson", "-u", &server.url(""), &list]).with(&way).run();
        let ending = |code| (code, if code == "open" { "ok" } else { "error opted-out" });
        told.expect_code(1).expect_endings(&codes.iter().map(|code| ending(*code)).collect::<Vec<_>>());
        assert!(told.elapsed < Duration::from_secs(15), "{told}");
        assert_eq!(work.saved(), files(&["open"]));
        let connections: BTreeSet<_> = server.arrivals().iter().map(|arrival| arrival.connection).collect();
        assert_eq!(connections.len(), codes.len(), "a connection with a body on it cannot be used again");
    }
}

#[test]
fn a_large_body_that_opts_out_is_not_transferred_whole() {
    // More than all buffers between a server and its client.
    let body = padded_jpeg("it", 48 << 20);
    for (arguments, whole) in [(&["--respect-opt-out"][..], 0), (&[], 1)] {
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/it.jpg", [Answer::ok(&*body).field("X-Robots-Tag", "noai")]);
        let list = work.list(&["it"]);
        let told = work.flagdl(["-u", &server.url(""), &list]).arguments(arguments.iter().copied()).run();
        told.expect_code(i32::from(whole == 0));
        assert_eq!((server.whole_answers(), work.saved().len()), (whole, whole), "{told}");
    }
}

#[test]
fn what_opts_out_is_saved_unless_told() {
    let (work, server) = (Workspace::new(), Server::start());
    for (code, tag) in OPT_OUTS {
        server.script(&format!("/{code}.jpg"), [Answer::ok(jpeg(code)).field("X-Robots-Tag", tag)]);
    }
    let codes = OPT_OUTS.map(|(code, _)| code);
    let list = work.list(&codes);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    assert_eq!(work.saved(), files(&codes));
}
