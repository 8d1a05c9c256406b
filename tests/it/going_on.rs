//! Going on: a run that ends before its list says with which command, and that command does the rest.
//!
//! Promises: whatever ended it, the command is told where something is left to do, and only there; it holds no secret.

use std::{
    fs::File,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    pictures::{files, jpeg},
    server::{Answer, Server},
    workspace::{Running, Signal, Told, Workspace},
};

const FLAGDL: &str = env!("CARGO_BIN_EXE_flagdl");

/// What is left to be done, word for word.
fn command(told: &Told) -> Vec<&str> {
    told.err.lines().filter_map(|line| line.strip_prefix("to go on: ")).collect()
}

/// Starts a run whose first request waits to be released.
fn start_one<'a>(work: &'a Workspace, server: &Server, more: &[&str]) -> Running<'a> {
    server.script("/a.jpg", [Answer::ok(jpeg("a")).gated()]);
    let list = work.list(&["a", "b", "c"]);
    let run = work.flagdl(["-c", "1", "-u", &server.url(""), &list]).arguments(more.iter().copied()).start();
    server.wait_for(1);
    run
}

/// Interrupts a run, and lets it finish what is in flight.
fn interrupt(run: Running<'_>, server: &Server) -> Told {
    run.send(Signal::Interrupt);
    run.wait_for_err("1 request in flight");
    server.release();
    run.wait()
}

#[test]
fn the_command_that_is_told_does_the_rest() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["b", "c"]);
    let told = interrupt(start_one(&work, &server, &["--retries", "0", "-v"]), &server);
    told.expect_code(130);
    let told = command(&told).join("\n");
    assert_eq!(told, format!("{FLAGDL} -c 1 -u {} --retries 0 -v list.txt", server.url("")));
    let rest = Command::new("sh").args(["-c", &told]).current_dir(work.path("")).output().expect("a shell");
    let out = String::from_utf8_lossy(&rest.stdout);
    assert!(out.starts_with("2 ok, 0 not found, 0 errors, 1 skipped in "), "{out}");
    assert_eq!(work.saved(), files(&["a", "b", "c"]));
}

#[test]
fn a_second_signal_tells_it_too() {
    let (work, server) = (Workspace::new(), Server::start());
    let run = start_one(&work, &server, &[]);
    run.send(Signal::Terminate);
    run.wait_for_err("in flight");
    run.send(Signal::Interrupt);
    let told = run.wait();
    told.expect_code(143);
    assert_eq!(command(&told).len(), 1, "{told}");
}

#[test]
fn a_run_that_must_be_ended_by_force_tells_it_too() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::status(404));
    let codes: Vec<_> = (0..5000).map(|code| code.to_string()).collect();
    let list = work.list_of(&codes);
    let url = server.url("");
    let mut run = Command::new(FLAGDL);
    run.args(["--format", "ndjson", "-u", &url, &list]).current_dir(work.path(""));
    // Nobody reads its output, and a pipe holds less than 400 objects.
    run.stdout(Stdio::piped()).stderr(File::create(work.path("err.txt")).expect("a new file"));
    let mut run = run.spawn().expect("it starts");
    server.wait_for(300);
    let begun = Instant::now();
    while run.try_wait().expect("a child").is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not end");
        let script = format!("kill -INT {}", run.id());
        let _ = Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status();
    }
    let err = work.read("err.txt");
    let expected = format!("to go on: {FLAGDL} --format ndjson -u {url} list.txt");
    assert_eq!(err.lines().filter(|line| *line == expected).count(), 1, "{err}");
}

#[test]
fn a_reader_that_has_gone_away_is_no_end() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::status(404));
    let codes: Vec<_> = (0..2000).map(|code| code.to_string()).collect();
    let list = work.list_of(&codes);
    let told = work.flagdl(["--format", "ndjson", "-u", &server.url(""), &list]).closed_out().run();
    told.expect_code(4);
    let lines: Vec<_> = told.err.lines().filter(|line| !line.starts_with("http")).collect();
    assert!(lines[0].starts_with("error: cannot write the report"), "{told}");
    assert!(lines[1].starts_with("to go on: ") && lines.len() == 2, "{told}");
}

#[test]
fn a_folder_that_takes_nothing_is_told_and_there_is_nothing_to_go_on_with() {
    let work = Workspace::new();
    work.file("downloads", "no folder");
    let list = work.list(&["a", "ftp://no.entry"]);
    for folder in ["downloads", "downloads/below"] {
        let told = work.flagdl(["-u", "http://127.0.0.1:9", "-d", folder, &list]).run();
        told.expect_code(4).expect_err(&format!("error: cannot use {folder} as the folder for downloads"));
        assert!(told.out.is_empty() && !told.err.contains("to go on"), "{told}");
    }
}

#[test]
fn nothing_is_told_where_nothing_is_left() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/a.jpg", [Answer::ok(jpeg("a")).gated()]);
    let list = work.list(&["a"]);
    let run = work.flagdl(["-u", &server.url(""), &list]).start();
    server.wait_for(1);
    let told = interrupt(run, &server);
    told.expect_code(130).expect_summary("1 ok, 0 not found, 0 errors");
    assert_eq!(command(&told).len(), 0, "{told}");
}

#[test]
fn a_list_that_is_fed_back_into_itself_is_whole_until_a_run_comes_to_its_end() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["b"]);
    server.script("/c.jpg", [Answer::status(403)]);
    let run = start_one(&work, &server, &["--failed", "list.txt"]);
    interrupt(run, &server).expect_code(130);
    assert_eq!(work.read("list.txt"), "a\nb\nc\n");
    let again = work.flagdl(["-u", &server.url(""), "--failed", "list.txt", "list.txt"]).may_write("list.txt").run();
    again.expect_code(1).expect_summary("1 ok, 0 not found, 1 error, 1 skipped");
    assert_eq!(work.read("list.txt"), "c\n");
}

#[test]
fn a_quiet_run_does_not_tell_it() {
    let (work, server) = (Workspace::new(), Server::start());
    let run = start_one(&work, &server, &["-q"]);
    // Two of one kind might be taken for one.
    run.send(Signal::Interrupt);
    run.send(Signal::Terminate);
    let told = run.wait();
    assert!(matches!(told.code, Some(130 | 143)) && told.err.is_empty(), "{told}");
}

#[test]
fn no_secret_is_in_it_and_what_is_missing_is_named() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("a")).gated());
    let template = server.url("/{code}.jpg?key=canary&c={code}").replace("http://", "http://canary:canary@");
    let run = work.flagdl(["--url-template", &template, "-c", "1", "-HX-Key: canary", "-"]).open_input();
    let run =
        run.env("FLAGDL_RATE", "5/s").env("FLAGDL_USER_AGENT", "it's me").env("FLAGDL_PROXY", "http://canary@h:1");
    let mut run = run.env("NO_PROXY", "*").start();
    run.write("a\nb\n");
    server.wait_for(1);
    run.send(Signal::Interrupt);
    run.wait_for_err("in flight");
    run.send(Signal::Interrupt);
    let told = run.wait_with_open_input();
    told.expect_code(130);
    assert!(!told.out.contains("canary") && !told.err.contains("canary"), "{told}");
    let host = server.url("").replace("http://", "");
    let expected = format!(
        "to go on: FLAGDL_RATE=5/s FLAGDL_USER_AGENT='it'\\''s me' {FLAGDL} --url-template \
         'http://...@{host}/{{code}}.jpg?key=...&c={{code}}' -c 1 -H 'X-Key: ...' -\n\
         hint: put in place of ... what is not shown here, as it may be secret\n\
         hint: keep FLAGDL_PROXY as set now, not shown here as it may be secret\n\
         hint: stdin has to bring the same list again\n"
    );
    assert!(told.err.ends_with(&expected), "{told}\nnot {expected}");
    server.release();
}
