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
fn a_robots_txt_that_never_comes_allows_nothing_and_is_waited_for_as_any_answer() {
    let begun = Answer::ok("User-agent: *\nAllow: /\n").cut_at(13, End::Silence);
    for (option, limit) in [("--read-timeout", "300ms"), ("--timeout", "500ms")] {
        for answer in [Answer::silence(), begun.clone()] {
            let (work, server) = (Workspace::new(), Server::start());
            server.script(ROBOTS, [answer.clone(), answer]);
            let entries = urls(std::slice::from_ref(&server), 5);
            let told = run(&work, &entries, &["-c", "8", "--retries", "1", option, limit]);
            told.expect_code(1);
            let reason = format!("robots.txt cannot be had, so nothing is asked of this host (timeout after {limit})");
            for entry in entries {
                assert_eq!(told.entry(&entry)["class"], "robots", "{told}");
                assert_eq!(told.entry(&entry)["message"], reason, "{told}");
            }
            assert_eq!(server.targets(), [ROBOTS, ROBOTS], "{told}");
            assert!(told.elapsed < Duration::from_secs(15), "{told}");
        }
    }
}

#[test]
fn a_robots_txt_that_is_refused_for_now_is_asked_for_again_and_nothing_else_before_it() {
    let refusal = Answer::status(429);
    let (work, server) = (Workspace::new(), answering_robots([refusal.clone(), refusal.clone(), Answer::ok("")]));
    let told = run(&work, &urls(std::slice::from_ref(&server), 5), &["-c", "8"]);
    told.expect_code(0);
    assert_eq!(server.targets()[..3], [ROBOTS; 3], "{told}");
    assert_eq!(server.arrivals().len(), 3 + 5, "{told}");
    // A file that is always refused is one that cannot be had, and not one that there is not, as for other 4xx.
    let (work, server) = (Workspace::new(), Server::start());
    server.script(ROBOTS, [refusal.clone(), refusal]);
    let told = run(&work, &urls(std::slice::from_ref(&server), 5), &["-c", "8", "--retries", "1"]);
    told.expect_code(1);
    assert!(told.endings().values().all(|ending| ending == "error robots"), "{told}");
    assert_eq!(server.targets(), [ROBOTS, ROBOTS], "{told}");
}

#[test]
fn of_a_robots_txt_five_redirects_are_followed_and_with_a_sixth_it_counts_as_none() {
    for (redirects, ending) in [(5, "error robots"), (6, "ok")] {
        let (work, server) = (Workspace::new(), Server::start());
        let path = |hop: usize| if hop == 0 { ROBOTS.to_owned() } else { format!("/robots-{hop}.txt") };
        // The sixth leads to where nobody is to ask.
        for hop in 0..redirects {
            server.script(&path(hop), [Answer::redirect(302, &path(hop + 1))]);
        }
        if redirects == 5 {
            server.script(&path(5), [Answer::ok("User-agent: *\nDisallow: /\n")]);
        } else {
            server.pictures(&["cn"]);
        }
        let entry = server.url("/cn.jpg");
        let told = run(&work, std::slice::from_ref(&entry), &[]);
        told.expect_endings(&[(&entry, ending)]);
        assert_eq!(server.arrivals().len(), 6 + usize::from(ending == "ok"), "{told}");
    }
}

#[test]
fn of_a_huge_robots_txt_the_first_500_kib_count() {
    const COUNTED: usize = 500 << 10;
    // One rule ends exactly there, and the next one begins there.
    let (first, last) = ("User-agent: *\nDisallow: /first\n", "Disallow: /last\n");
    let comments = "#".repeat(COUNTED - first.len() - last.len() - 1) + "\n";
    let counted = format!("{first}{comments}{last}");
    assert_eq!(counted.len(), COUNTED);
    let ten_mb = format!("{counted}{}", "Disallow: /\n".repeat(10_000_000 / 12));
    let endless = Answer::ok(counted).without_length().flooding("Disallow: /\n");
    for answer in [Answer::ok(ten_mb), endless] {
        let (work, server) = (Workspace::new(), answering_robots([answer]));
        let entries = ["/first.jpg", "/last.jpg", "/other.jpg"].map(|path| server.url(path));
        let told = run(&work, &entries, &[]);
        let expected = [(&*entries[0], "error robots"), (&*entries[1], "error robots"), (&*entries[2], "ok")];
        told.expect_code(1).expect_endings(&expected);
        assert_eq!(server.targets(), [ROBOTS, "/other.jpg"], "{told}");
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

const TAG: &str = "X-Robots-Tag";
const USAGE: &str = "Content-Usage";

/// What an answer may say against being taken.
const OPT_OUTS: [(&str, &[(&str, &str)]); 10] = [
    ("noai", &[(TAG, "noai")]),
    ("noimageai", &[(TAG, "noimageai")]),
    ("noindex", &[(TAG, "noindex")]),
    ("noimageindex", &[(TAG, "nofollow, NoImageIndex")]),
    ("bot", &[(TAG, "bot: noai")]),
    ("none", &[(TAG, "none")]),
    ("several", &[(TAG, "all, max-snippet: 3, noai")]),
    (
        "lines",
        &[(TAG, "all"), (TAG, "googlebot: nofollow"), ("x-robots-tag", "otherbot: noai"), (TAG, "max-snippet: 3")],
    ),
    ("training", &[(USAGE, "train-ai=n")]),
    ("training-too", &[(TAG, "all"), (USAGE, "search=y"), (USAGE, "train-ai=n, search=y")]),
];

/// The same answer with these fields.
fn saying(answer: Answer, fields: &[(&str, &str)]) -> Answer {
    fields.iter().fold(answer, |answer, (name, value)| answer.field(name, value))
}

#[test]
fn what_opts_out_is_left_and_nothing_of_its_body_is_waited_for() {
    for way in switch("respect-opt-out") {
        let (work, server) = (Workspace::new(), Server::start());
        for (code, fields) in OPT_OUTS {
            // The body never comes.
            let answer = saying(Answer::ok(jpeg(code)), fields).cut_at(0, End::Silence);
            server.script(&format!("/{code}.jpg"), [answer]);
        }
        let fields = [(TAG, "all, max-image-preview: none"), (TAG, "nofollow"), (USAGE, "train-ai=y, search=n")];
        server.script("/open.jpg", [saying(Answer::ok(jpeg("open")), &fields)]);
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
        server.script("/it.jpg", [Answer::ok(&*body).field(TAG, "noai")]);
        let list = work.list(&["it"]);
        let told = work.flagdl(["-u", &server.url(""), &list]).arguments(arguments.iter().copied()).run();
        told.expect_code(i32::from(whole == 0));
        assert_eq!((server.whole_answers(), work.saved().len()), (whole, whole), "{told}");
    }
}

#[test]
fn what_opts_out_is_saved_unless_told() {
    let (work, server) = (Workspace::new(), Server::start());
    for (code, fields) in OPT_OUTS {
        server.script(&format!("/{code}.jpg"), [saying(Answer::ok(jpeg(code)), fields)]);
    }
    let codes = OPT_OUTS.map(|(code, _)| code);
    let list = work.list(&codes);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    assert_eq!(work.saved(), files(&codes));
}
