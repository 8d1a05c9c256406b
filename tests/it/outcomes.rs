//! Outcomes: every entry ends in exactly one, and lines, objects, counts and exit code all say the same.
//!
//! The mixed list is the heart of it: what a list from real life holds, in which nothing may hide anything else.

use crate::{
    pictures::{self, PAGE, jpeg, padded_jpeg},
    ports::Refusing,
    server::{Answer, End, Server},
    workspace::{Told, Workspace},
};

/// What the entries of the mixed list end as, apart from those with URLs.
const CODES: [(&str, &str); 16] = [
    ("CN", "ok"),
    ("in", "ok"),
    ("shaky", "ok"),
    ("gone", "not-found"),
    ("nowhere", "not-found"),
    ("cn", "duplicate"),
    ("forbidden", "error http-403"),
    ("broken", "error http-500"),
    ("page", "error not-an-image"),
    ("empty", "error empty"),
    ("half", "error incomplete-body"),
    ("cut", "error incomplete-image"),
    ("announced", "error too-large"),
    ("endless", "error too-large"),
    ("zipped", "error unexpected-encoding"),
    ("reset", "error reset"),
];

/// Serves all of the mixed list that asks this server.
fn mixed(server: &Server) {
    server.pictures(&["cn", "in"]);
    let picture = jpeg("it");
    let half = picture.len() / 2;
    let large = padded_jpeg("it", 9000);
    let shaky = [Answer::status(500), Answer::ok(jpeg("shaky"))];
    server.script("/shaky.jpg", shaky);
    server.script("/gone.jpg", [Answer::status(410)]);
    server.script("/nowhere.jpg", [Answer::status(404)]);
    server.script("/forbidden.jpg", [Answer::status(403)]);
    server.script("/page.jpg", [Answer::ok(PAGE).field("Content-Type", "image/jpeg")]);
    server.script("/empty.jpg", [Answer::ok("")]);
    server.script("/cut.jpg", [Answer::ok(&picture[..half])]);
    server.script("/announced.jpg", [Answer::ok(&*large)]);
    server.script("/endless.jpg", [Answer::ok(large).without_length()]);
    server.script("/zipped.jpg", [Answer::ok(&*picture).field("Content-Encoding", "gzip")]);
    // What may pass by itself is tried twice, and a connection lost before an answer once more: the server may just
    // have closed it.
    for (path, answer, times) in [
        ("/broken.jpg", Answer::status(500), 2),
        ("/half.jpg", Answer::ok(&*picture).cut_at(half, End::Close), 2),
        ("/reset.jpg", Answer::raw("").then(End::Reset), 3),
    ] {
        server.script(path, vec![answer; times]);
    }
}

/// Runs the mixed list; gives what was told, and the entry at the address that refuses.
fn run_mixed(work: &Workspace, more: &[&str]) -> (Told, String) {
    let (server, refusing) = (Server::start(), Refusing::new());
    mixed(&server);
    let refused = refusing.url("/r.jpg");
    let mut entries: Vec<_> = CODES.iter().map(|(code, _)| *code).collect();
    entries.extend([&*refused, "ftp://localhost/f.jpg", "# passed over", ""]);
    let (list, url) = (work.list(&entries), server.url(""));
    let told =
        work.flagdl(["--retries", "1", "--max-size", "8KB", "-u", &url, &list]).arguments(more.iter().copied()).run();
    (told, refused)
}

#[test]
fn a_mixed_list_gives_exactly_the_right_tally_files_and_exit_code() {
    let work = Workspace::new();
    let (told, _) = run_mixed(&work, &[]);
    told.expect_code(1).expect_summary("3 ok, 2 not found, 12 errors, 1 duplicate");
    assert_eq!(work.saved(), pictures::files(&["cn", "in", "shaky"]));
}

#[test]
fn a_mixed_list_gives_exactly_the_right_lines() {
    let work = Workspace::new();
    let (told, refused) = run_mixed(&work, &["-v"]);
    for (code, ending) in CODES {
        match ending {
            "ok" => told.expect_line(&format!("{code} is ok")),
            "not-found" => told.expect_line(&format!("{code} is not found")),
            "duplicate" => told.expect_line(&format!("{code} is a duplicate")),
            _ => told.expect_err(&format!("*** error for {code}: ")),
        };
    }
    told.expect_line(&format!("*** error for {refused}: connection refused"));
    told.expect_err("*** error for ftp://localhost/f.jpg: ");
    assert_eq!(told.error_lines().len(), 12, "{told}");
    // A line tells where the entry was to come from, as far as it does not say so itself.
    let with_url = told.error_lines().iter().filter(|line| line.contains("http://")).count();
    assert_eq!(with_url, 11, "{told}");
}

#[test]
fn a_mixed_list_gives_exactly_the_right_objects() {
    let work = Workspace::new();
    let (told, refused) = run_mixed(&work, &["--format", "ndjson"]);
    let mut expected = CODES.to_vec();
    expected.extend([(&*refused, "error refused"), ("ftp://localhost/f.jpg", "error invalid-line")]);
    told.expect_code(1).expect_endings(&expected);
    let summary = told.summary();
    for (name, count) in [("entries", 18), ("ok", 3), ("not-found", 2), ("duplicate", 1), ("error", 12), ("left", 0)] {
        assert_eq!(summary[name], count, "{name}: {told}");
    }
    let bytes: usize = work.saved().values().map(Vec::len).sum();
    assert_eq!(summary["bytes"], bytes, "{told}");
    for (entry, attempts) in [("CN", 1), ("shaky", 2), ("broken", 2), ("page", 1), ("half", 2), (&refused, 2)] {
        assert_eq!(told.entry(entry)["attempts"], attempts, "{entry}: {told}");
    }
}

#[test]
fn quiet_says_the_errors_and_nothing_else() {
    let work = Workspace::new();
    let (told, _) = run_mixed(&work, &["-q"]);
    assert_eq!(told.out, "");
    assert_eq!(told.error_lines().len(), 12, "{told}");
    assert_eq!(told.err.lines().count(), 12, "{told}");
}

#[test]
fn the_exit_code_tells_what_happened() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always("/cn.jpg", Answer::ok(jpeg("cn")));
    server.always("/page.jpg", Answer::ok(PAGE));
    server.always("/none.jpg", Answer::status(404));
    for (entries, code) in [
        (&["cn"][..], 0),
        (&["cn", "cn"], 0),
        (&["cn", "page"], 1),
        (&["cn", "none", "page"], 1),
        (&["cn", "none"], 3),
        (&["none"], 3),
    ] {
        let list = work.list(entries);
        let told = work.flagdl(["-u", &server.url(""), &list]).run();
        assert_eq!(told.code, Some(code), "{entries:?}: {told}");
    }
}

#[test]
fn a_destination_that_cannot_be_made_is_the_machines_failure() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("cn")));
    let (list, file) = (work.list(&["cn"]), work.file("file", ""));
    let told = work.flagdl(["-u", &server.url(""), "-d", &format!("{file}/below"), &list]).run();
    told.expect_code(4).expect_err("file/below");
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
}

#[test]
fn every_status_has_one_outcome_and_one_class() {
    let (work, server) = (Workspace::new(), Server::start());
    let mut expected = Vec::new();
    let mut script = |status: u16, outcome: String| {
        server.script(&format!("/s{status}.jpg"), [Answer::status(status)]);
        expected.push((format!("s{status}"), outcome));
    };
    // All that there are but for those that only inform (`framing.rs`), that have no body, and that save a file.
    for status in (200..=999).filter(|status| !matches!(status, 200 | 203 | 204 | 205 | 304)) {
        script(
            status,
            match status {
                404 | 410 => "not-found".to_owned(),
                301 | 302 | 303 | 307 | 308 => "error redirect".to_owned(),
                _ => format!("error http-{status}"),
            },
        );
    }
    for (status, raw) in [
        (204, "HTTP/1.1 204 No Content\r\n\r\n"),
        (205, "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n"),
        (304, "HTTP/1.1 304 Not Modified\r\n\r\n"),
    ] {
        server.script(&format!("/s{status}.jpg"), [Answer::raw(raw)]);
        expected.push((format!("s{status}"), format!("error http-{status}")));
    }
    let list = work.list(&expected.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>());
    let told = work.flagdl(["--retries", "0", "-u", &server.url(""), "--format", "ndjson", &list]).run();
    let expected: Vec<_> = expected.iter().map(|(code, outcome)| (&**code, &**outcome)).collect();
    told.expect_code(1).expect_endings(&expected);
    for entry in told.entries() {
        let code = entry["entry"].as_str().expect("an entry is text");
        assert_eq!(format!("s{}", entry["status"]), code, "{told}");
    }
    assert!(work.saved().is_empty());
}
