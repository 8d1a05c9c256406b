//! Lists: from files, from several of them, from a pipe; what is an entry and what is passed over.
//!
//! Promises: decoration changes nothing; a line that is no entry is named with its list and number and stops no
//! other; what cannot be read is a usage error before anything is asked of anyone.

use crate::{
    pictures,
    server::{Answer, Server},
    workspace::{DEST, Workspace},
};

#[test]
fn a_list_can_come_from_stdin() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn", "in"]);
    let told = work.flagdl(["-u", &server.url(""), "-"]).input("cn\nin\n").run();
    told.expect_code(0).expect_summary("2 ok, 0 not found, 0 errors");
    assert_eq!(work.saved(), pictures::files(&["cn", "in"]));
}

#[test]
fn several_lists_are_read_one_after_the_other() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn", "in", "us"]);
    let (first, last) = (work.file("first", "cn"), work.file("last", "us"));
    let run = work.flagdl(["-c", "1", "-u", &server.url(""), &first, "-", &last]);
    run.input("in").run().expect_code(0);
    assert_eq!(server.targets(), ["/cn.jpg", "/in.jpg", "/us.jpg"]);
}

#[test]
fn comments_blanks_and_line_ends_change_nothing() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn", "in", "us"]);
    let list = work.file("list", "\u{feff}cn\r\n\r\n# none\r\n  # none either\r\n\t in \r\n\n#\nus");
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0).expect_summary("3 ok, 0 not found, 0 errors");
    assert_eq!(work.saved(), pictures::files(&["cn", "in", "us"]));
}

#[test]
fn a_bad_line_is_named_and_stops_no_other() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn", "in"]);
    let too_long = "x".repeat(64 * 1024 + 1);
    let mut text = b"cn\n\nbad\x07bell\n\xff\xfe\nftp://h/x.jpg\n".to_vec();
    text.extend(format!("{too_long}\nin\n").into_bytes());
    let list = work.file("mixed", text);
    let url = server.url("");
    let told = work.flagdl(["-u", &url, "--format", "ndjson", &list]).run();
    told.expect_code(1);
    let failed: Vec<_> = told.entries().into_iter().filter(|entry| entry["outcome"] == "error").collect();
    let lines: Vec<_> = failed.iter().map(|entry| entry["line"].as_u64()).collect();
    assert_eq!(lines, [Some(3), Some(4), Some(5), Some(6)], "{told}");
    assert!(failed.iter().all(|entry| entry["class"] == "invalid-line"), "{told}");
    for line in 3..=6 {
        told.expect_err(&format!("mixed line {line}"));
    }
    assert_eq!(told.error_lines().len(), 4, "{told}");
    // What is no text is shown as what it is, and not as a sign that could be anything.
    for (entry, shown) in [(&failed[0], r"bad\u{7}bell"), (&failed[1], r"\xff\xfe")] {
        assert_eq!(entry["entry"], shown, "{told}");
        told.expect_err(&format!("*** error for {shown}: "));
    }
    assert!(!told.err.contains(&too_long), "a line that is too long is not shown whole");
    assert_eq!(work.saved(), pictures::files(&["cn", "in"]));
}

#[test]
fn half_a_url_is_no_code_and_nobody_is_asked_for_it() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(pictures::jpeg("it")));
    let halves =
        ["data:image/gif;base64,R0lGODlh", "file:/etc/passwd", "mailto:a@example.org", "http:/h/x.jpg", "HTTPS:h"];
    let list = work.list(&[&halves[..], &["a:b"]].concat());
    let told = work.flagdl(["-u", &server.url(""), "--format", "ndjson", &list]).run();
    // The user's name is not shown, of half a URL neither.
    let shown = halves.map(|half| half.replace("a@", ""));
    let mut expected = shown.each_ref().map(|half| (half.as_str(), "error invalid-line")).to_vec();
    expected.push(("a:b", "ok"));
    told.expect_code(1).expect_endings(&expected);
    assert_eq!(server.arrivals().len(), 1, "{told}");
}

#[test]
fn a_list_of_nothing_is_a_success_and_makes_no_folder() {
    let work = Workspace::new();
    for text in ["", "\n\n", "# only a comment", "\u{feff}\r\n"] {
        let list = work.file("empty", text);
        let told = work.flagdl(["-u", "http://127.0.0.1:1", &list]).run();
        told.expect_code(0).expect_summary("0 ok, 0 not found, 0 errors");
        assert!(!work.path(DEST).exists(), "a folder for {text:?}");
    }
}

#[test]
fn a_list_that_cannot_be_read_is_a_usage_error_before_any_request() {
    let (work, server) = (Workspace::new(), Server::start());
    let good = work.list(&["cn"]);
    for bad in ["no-such-list", "."] {
        let told = work.flagdl(["-u", &server.url(""), &good, bad]).run();
        told.expect_code(2).expect_err(&format!("cannot read the list {bad}"));
        assert_eq!(told.out, "", "{told}");
    }
    assert!(server.arrivals().is_empty(), "asked for {:?}", server.targets());
    assert!(!work.path(DEST).exists());
}

#[test]
fn stdin_can_be_read_only_once() {
    let work = Workspace::new();
    let told = work.flagdl(["-u", "http://127.0.0.1:1", "-", "-"]).input("cn\n").run();
    told.expect_code(2).expect_err("stdin");
}

#[test]
fn without_a_list_there_is_nothing_to_do() {
    let work = Workspace::new();
    work.flagdl([]).run().expect_code(2).expect_err("LIST");
    assert!(!work.path(DEST).exists());
}

#[test]
fn what_a_pipe_has_brought_is_fetched_before_the_pipe_ends() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn", "in"]);
    let url = server.url("");
    let mut run = work.flagdl(["-u", &url, "-"]).open_input().start();
    run.write("cn\n");
    server.wait_for(1);
    run.write("in\n");
    server.wait_for(2);
    run.wait().expect_code(0).expect_summary("2 ok, 0 not found, 0 errors");
}

#[test]
fn an_endless_pipe_is_read_only_as_far_as_the_limit() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::status(404));
    let url = server.url("");
    let mut run = work.flagdl(["-u", &url, "--limit", "2", "-"]).open_input().start();
    run.write("# not counted\na\n\nb\n");
    server.wait_for(2);
    // The input is still open, and the run ends all the same.
    run.wait_with_open_input().expect_code(3).expect_summary("0 ok, 2 not found, 0 errors");
}
