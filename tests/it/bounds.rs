//! Bounds: what a list or a server may send without end, and what the program keeps of it (docs/bounds.md).
//!
//! What surprises: memory is measured while the program still runs, by the system's own high-water mark, and only on
//! Linux, which has one to read.

use std::{fs, thread, time::Duration};

use crate::{
    faults::exists,
    pictures::{files, jpeg, padded_jpeg},
    server::{Answer, End, Server},
    workspace::{Signal, Told, Workspace},
};

/// More than the program takes at any time in these tests, and far less than what is sent to it. In KiB.
const MOST_KIB: u64 = 64 << 10;

/// Fetches one entry and waits until the next one has come too; then memory is measured.
fn expect_little_memory(server: &Server, more: &[&str]) -> (Workspace, Told) {
    server.pictures(&["after"]);
    let (work, url) = (Workspace::new(), server.url(""));
    let options = ["-c", "1", "--retries", "0", "--format", "ndjson", "-u", &url, "-"];
    let mut run = work.flagdl(options).arguments(more.iter().copied()).open_input().start();
    run.write("it\nafter\n");
    run.wait_for_out(r#""entry":"after""#);
    let peak = run.peak_memory();
    let told = run.wait();
    assert!(peak.is_none_or(|peak| (1000..MOST_KIB).contains(&peak)), "{peak:?} KiB: {told}");
    (work, told)
}

/// The same for what never ends, or ends far too late.
fn expect_refused(answer: Answer, class: &str, more: &[&str]) -> Told {
    let server = Server::start();
    server.always("/it.jpg", answer);
    let (work, told) = expect_little_memory(&server, more);
    told.expect_code(1).expect_endings(&[("it", &format!("error {class}")), ("after", "ok")]);
    assert_eq!(work.saved(), files(&["after"]));
    told
}

#[test]
fn a_line_without_an_end_takes_no_memory() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn"]);
    let url = server.url("");
    let mut run = work.flagdl(["--format", "ndjson", "-u", &url, "-"]).open_input().start();
    let piece = "x".repeat(1 << 20);
    for _ in 0..100 {
        run.write(&piece);
    }
    run.write("\ncn\n");
    run.wait_for_out(r#""entry":"cn""#);
    let peak = run.peak_memory();
    let told = run.wait();
    assert!(peak.is_none_or(|peak| (1000..MOST_KIB).contains(&peak)), "{peak:?} KiB: {told}");
    assert_eq!(told.expect_code(1).summary()["entries"], 2, "{told}");
    assert_eq!(work.saved(), files(&["cn"]));
}

#[test]
fn a_head_without_an_end_is_left_where_it_is_too_long() {
    let head = "HTTP/1.1 200 OK\r\n";
    expect_refused(Answer::raw(format!("{head}X: ")).flooding("y"), "protocol", &[]);
    expect_refused(Answer::raw(head).flooding("X: y\r\n"), "protocol", &[]);
    expect_refused(Answer::raw("HTTP/1.1 200 ").flooding("y"), "protocol", &[]);
}

#[test]
fn a_head_of_a_hundred_fields_fits_and_one_more_does_not() {
    let with = |fields: usize| {
        // Two more are the length, and a field that closes the connection.
        let answer = Answer::ok(jpeg("it")).then(End::Close);
        (2..fields).fold(answer, |answer, number| answer.field(&format!("x-{number}"), "y"))
    };
    let server = Server::start();
    server.always("/it.jpg", with(100));
    let (work, told) = expect_little_memory(&server, &[]);
    told.expect_code(0);
    assert_eq!(work.saved(), files(&["it", "after"]));
    expect_refused(with(101), "protocol", &[]);
}

#[test]
fn chunks_that_say_more_of_themselves_than_there_is_to_say_are_refused() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    expect_refused(Answer::raw(format!("{head}1;")).flooding("x"), "protocol", &[]);
    // Each within its bound, and all of them together beyond any.
    expect_refused(Answer::raw(head).flooding(format!("1;{}\r\nx\r\n", "x".repeat(1000))), "protocol", &[]);
    expect_refused(Answer::raw(format!("{head}0\r\n")).flooding("X: y\r\n"), "protocol", &[]);
}

#[test]
fn a_body_without_an_end_is_counted_and_not_held() {
    let picture = padded_jpeg("it", 100_000);
    let endless = Answer::ok(&picture[..50_000]).without_length().flooding(vec![0; 64 << 10]);
    let told = expect_refused(endless, "too-large", &["--max-size", "200MB"]);
    told.expect_err("larger than 200000000 bytes");
}

#[test]
fn a_body_that_nobody_wants_is_not_read_to_its_end() {
    let endless = Answer::status(403).without_length().flooding(vec![0; 64 << 10]);
    expect_refused(endless, "http-403", &[]);
}

#[test]
fn an_encoded_body_is_refused_before_it_is_read() {
    // A thousand times what it takes on the wire, if anybody unpacked it.
    let endless = Answer::ok("").without_length().field("Content-Encoding", "gzip").flooding(vec![0; 64 << 10]);
    expect_refused(endless, "unexpected-encoding", &[]);
}

#[test]
fn a_location_of_8_kib_is_followed_and_a_longer_one_is_not() {
    let (work, server) = (Workspace::new(), Server::start());
    // What it leads to has the same bound, with its scheme and host.
    let longest = format!("/{}", "x".repeat(8 * 1024 - server.url("/").len()));
    server.script("/it.jpg", [Answer::redirect(302, &longest)]).script(&longest, [Answer::ok(jpeg("it"))]);
    server.script("/far.jpg", [Answer::redirect(302, &format!("{longest}x"))]);
    server.script("/farther.jpg", [Answer::redirect(302, &format!("/{}", "x".repeat(300_000)))]);
    let list = work.list(&["it", "far", "farther"]);
    let told = work.flagdl(["--format", "ndjson", "-u", &server.url(""), &list]).run();
    let refused = "error redirect";
    told.expect_code(1).expect_endings(&[("it", "ok"), ("far", refused), ("farther", refused)]);
    assert_eq!(work.saved(), files(&["it"]));
}

#[test]
fn a_robots_txt_without_an_end_is_read_as_far_as_its_rules_count() {
    let server = Server::start();
    let robots = Answer::ok("User-agent: *\nDisallow: /it.jpg\n").without_length();
    server.script("/robots.txt", [robots.flooding("# a line that says nothing\n")]);
    let (work, told) = expect_little_memory(&server, &["--robots"]);
    told.expect_code(1).expect_endings(&[("it", "error robots"), ("after", "ok")]);
    assert_eq!(work.saved(), files(&["after"]));
}

#[test]
fn a_body_that_comes_faster_than_it_is_taken_is_not_held() {
    let body = vec![0; 150 << 20];
    for (server, version) in [(Server::start(), "1.1"), (Server::http2(), "2")] {
        let work = Workspace::new();
        server.script("/it.jpg", [Answer::ok(&*body)]);
        let (list, url) = (work.list(&["it"]), server.url(""));
        let options = ["--http", version, "--max-size", "1GiB", "--bandwidth", "100KB/s", "-u", &url, &list];
        let run = work.flagdl(options).start();
        server.wait_for(1);
        // Time enough for all of it to come, if anybody took it.
        thread::sleep(Duration::from_secs(2));
        let peak = run.peak_memory();
        run.send(Signal::Kill);
        let told = run.wait();
        assert!(peak.is_none_or(|peak| (1000..MOST_KIB).contains(&peak)), "{peak:?} KiB: {told}");
    }
}

#[test]
fn each_bound_in_the_documents_is_met_by_tests_that_are_there() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/bounds.md");
    let text = fs::read_to_string(path).expect("the document");
    let rows: Vec<_> = text.lines().filter(|line| line.starts_with("| ") && line.contains('`')).collect();
    assert!(rows.len() > 25, "{rows:#?}");
    for row in rows {
        let tests = row.rsplit(" | ").next().unwrap_or_default();
        let tests: Vec<_> = tests.split('`').filter(|word| word.contains("::")).collect();
        assert!(!tests.is_empty(), "no test: {row}");
        let missing: Vec<_> = tests.iter().filter(|test| !exists(test)).collect();
        assert!(missing.is_empty(), "{missing:?}: {row}");
    }
}

#[test]
fn no_message_repeats_more_than_a_kilobyte_of_what_a_server_says() {
    let (work, server) = (Workspace::new(), Server::start());
    let long = "y".repeat(8000);
    server.always("/coded.jpg", Answer::ok(jpeg("it")).field("Content-Encoding", &long.repeat(20)));
    server.always("/moved.jpg", Answer::redirect(302, &format!("{long}://h/")));
    server.always("/named.jpg", Answer::raw(format!("HTTP/1.1 403 {long}\r\n\r\n")));
    let list = work.list(&["coded", "moved", "named"]);
    for format in ["text", "ndjson"] {
        let told = work.flagdl(["-v", "--format", format, "-u", &server.url(""), &list]).run();
        told.expect_code(1);
        let longest = told.err.lines().chain(told.out.lines()).map(str::len).max();
        assert!(longest.is_some_and(|longest| longest < 1024 + 500), "{told}");
    }
}
