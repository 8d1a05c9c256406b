//! What a run finds around it: pipes, links, proxies, signals that are ignored, readers that have fallen asleep.

use std::{
    fs,
    io::Read,
    os::unix::fs::symlink,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    pictures::{files, jpeg},
    server::{Answer, Server},
    workspace::{Signal, Workspace},
};

const FLAGDL: &str = env!("CARGO_BIN_EXE_flagdl");

/// Runs a shell line, with `$F` for the program, in a workspace's folder.
fn shell(work: &Workspace, line: &str) -> (i32, String, String) {
    let run = Command::new("sh").args(["-c", line]).env("F", FLAGDL).current_dir(work.path("")).output();
    let run = run.expect("a shell");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (run.status.code().unwrap_or(-1), text(&run.stdout), text(&run.stderr))
}

/// Starts a shell line that becomes the program, with a pipe for its output.
fn piped(work: &Workspace, line: &str) -> Child {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).env("F", FLAGDL).current_dir(work.path("")).stdout(Stdio::piped()).stderr(Stdio::null());
    shell.spawn().expect("a shell")
}

/// Sends a signal by the shell's own `kill`, which every system has.
fn send(signal: &str, process: u32) -> bool {
    let script = format!("kill -{signal} {process}");
    Command::new("sh").args(["-c", &script]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[test]
fn the_bar_takes_nothing_from_a_list_that_is_a_pipe() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("it")));
    let url = server.url("");
    let line =
        format!("mkfifo p; seq 200 > p & $F --progress always -u {url} p 2>/dev/null; code=$?; rm p; exit $code");
    let (code, out, _) = shell(&work, &line);
    assert_eq!((code, out.starts_with("200 ok, 0 not found, 0 errors")), (0, true), "{out}");
}

#[test]
fn a_disk_that_takes_no_output_is_told_and_everything_that_came_stays() {
    for format in ["text", "ndjson"] {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["cn", "in"]);
        let (url, list) = (server.url(""), work.list(&["cn", "in"]));
        let (code, _, err) = shell(&work, &format!("$F --format {format} -u {url} {list} > /dev/full"));
        assert_eq!((code, err.contains("error: cannot write")), (4, true), "{err}");
        assert_eq!(work.saved(), files(&["cn", "in"]), "{format}: {err}");
    }
}

#[test]
fn a_list_that_just_ends_is_whole_and_one_that_breaks_off_is_told() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("it")));
    let (url, list) = (server.url(""), work.list(&["cn", "in"]));
    // A pipe that its writer closes is a list that ends; a folder is a list that cannot be read.
    let (code, _, err) = shell(&work, &format!("printf 'us' | $F -u {url} -"));
    assert_eq!(code, 0, "{err}");
    assert_eq!(work.saved_names(), ["us.jpg"]);
    let (code, out, err) = shell(&work, &format!("$F -u {url} {list} - < ."));
    assert_eq!((code, out.contains("the list was not read to its end")), (4, true), "{out}{err}");
    assert!(err.contains("cannot read the list stdin: ") && err.contains("to go on: "), "{err}");
    let (code, _, err) = shell(&work, &format!("printf 'us' | $F -u {url} {list} -"));
    assert_eq!(code, 0, "{err}");
    assert_eq!(work.saved_names(), ["cn.jpg", "in.jpg", "us.jpg"]);
}

/// A path below the workspace of exactly so many bytes, in names of at most a hundred.
fn long_path(work: &Workspace, bytes: usize) -> String {
    let mut path = fs::canonicalize(work.path("")).expect("there").to_string_lossy().into_owned();
    while path.len() < bytes {
        let missing = bytes - path.len() - 1;
        path.push('/');
        path += &"x".repeat(if missing > 200 { 100 } else { missing });
    }
    path
}

#[test]
fn a_folder_with_a_long_path_works_and_one_with_a_path_too_long_for_the_ledger_is_told() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always("/cn.jpg", Answer::ok(jpeg("cn")));
    let (list, url) = (work.list(&["cn"]), server.url(""));
    let outermost = |path: &str| {
        let below = path.strip_prefix(&*fs::canonicalize(work.path("")).expect("there").to_string_lossy());
        below.and_then(|below| below.split('/').nth(1)).expect("below the workspace").to_owned()
    };
    for bytes in [400, 486] {
        let path = long_path(&work, bytes);
        assert_eq!(path.len(), bytes);
        let run = work.flagdl(["-u", &url, "-d", &path, &list]).may_write(&outermost(&path));
        run.run().expect_code(0);
        assert_eq!(work.saved_in(&path), files(&["cn"]));
        let verify = work.flagdl(["verify", "-d", &path]).may_write(&outermost(&path));
        verify.run().expect_code(0);
    }
    // Among them one that is longer than the system takes.
    for bytes in [487, 600, 5000] {
        let path = long_path(&work, bytes);
        for arguments in [&["-u", &*url, &*list][..], &["--adopt", "-u", &url, &list]] {
            let told = work.flagdl(arguments.iter().copied()).arguments(["-d", &*path]).run();
            told.expect_code(4).expect_err(&path).expect_err("486 bytes").expect_err("hint: ").expect_err("--dest");
        }
        assert!(!Path::new(&path).exists());
    }
    assert_eq!(server.arrivals().len(), 2);
}

#[test]
fn the_failed_list_goes_to_where_a_link_leads() {
    let work = Workspace::new();
    fs::create_dir(work.path("elsewhere")).expect("made");
    fs::write(work.path("elsewhere/again.txt"), "old\n").expect("written");
    symlink("elsewhere/again.txt", work.path("again.txt")).expect("linked");
    let list = work.list(&["ftp://h/x"]);
    let invocation = work.flagdl(["--failed", "again.txt", &list]).may_write("elsewhere/again.txt");
    invocation.run().expect_code(1);
    assert_eq!(work.read("elsewhere/again.txt"), "ftp://h/x\n");
    assert!(fs::symlink_metadata(work.path("again.txt")).expect("there").is_symlink());
}

#[test]
fn the_failed_list_holds_nothing_that_nobody_wrote() {
    let work = Workspace::new();
    let list = work.file("list.txt", b"a\tb\n\xff\xfe\nftp://h/x\n");
    work.flagdl(["--failed", "again.txt", &list]).may_write("again.txt").run().expect_code(1);
    let again = work.read("again.txt");
    let entries: Vec<_> = again.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(entries, ["ftp://h/x"], "{again}");
    assert_eq!(again.lines().count(), 3, "the others are noted: {again}");
}

#[test]
fn the_demo_does_not_go_through_a_proxy() {
    let work = Workspace::new();
    let told = work.flagdl(["--demo", "-l", "2"]).env("http_proxy", "http://127.0.0.1:9").run();
    told.expect_code(0).expect_summary("2 ok, 0 not found, 0 errors");
}

#[test]
fn a_url_in_the_place_of_a_list_is_explained_without_its_secrets() {
    let work = Workspace::new();
    let told = work.flagdl(["http://u:pa55@127.0.0.1/a.jpg?key=t0ken"]).run();
    told.expect_code(2).expect_err("hint: echo URL | flagdl -");
    assert!(!told.to_string().replace("http://u:pa55@127.0.0.1/a.jpg?key=t0ken", "").contains("t0ken"), "{told}");
}

#[test]
fn signals_that_are_ignored_from_outside_stay_ignored() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/a.jpg", [Answer::ok(jpeg("a")).gated()]);
    let list = work.list(&["a"]);
    let line = format!("trap '' HUP; exec \"$F\" -u {} {list}", server.url(""));
    let mut run = piped(&work, &line);
    server.wait_for(1);
    assert!(send("HUP", run.id()), "it has ended");
    server.release();
    let mut out = String::new();
    run.stdout.take().expect("piped").read_to_string(&mut out).expect("text");
    assert_eq!(run.wait().expect("ended").code(), Some(0));
    assert!(out.starts_with("1 ok, 0 not found, 0 errors in"), "{out}");
}

#[test]
fn two_signals_end_a_run_whose_output_nobody_takes() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::status(404));
    let codes: Vec<_> = (0..5000).map(|code| code.to_string()).collect();
    let list = work.list_of(&codes);
    let mut run = piped(&work, &format!("exec \"$F\" --format ndjson -u {} {list}", server.url("")));
    // A pipe holds 64 KiB, less than 400 objects; with that full the program cannot go on, some time after.
    server.wait_for(300);
    let begun = Instant::now();
    while run.try_wait().expect("a child").is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not end");
        send("INT", run.id());
    }
    assert_eq!(run.wait().expect("ended").code(), Some(130));
}

#[test]
fn a_silent_pipe_can_be_stopped() {
    let work = Workspace::new();
    let run = work.flagdl(["-u", "http://127.0.0.1:1", "-"]).open_input().start();
    // It says nothing before its first entry, so the signal may come before anything listens. Either way it ends,
    // and not by the harness's limit.
    let begun = Instant::now();
    run.send(Signal::Interrupt);
    let told = run.wait_with_open_input();
    assert!(begun.elapsed() < Duration::from_secs(10), "{told}");
}

#[test]
fn an_entry_is_asked_for_though_a_comment_follows_that_is_not_finished() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["a"]);
    let mut run = work.flagdl(["-u", &server.url(""), "-"]).open_input().start();
    run.write("a\n\n# more will");
    server.wait_for(1);
    run.write(" come\n");
    run.wait().expect_code(0).expect_summary("1 ok, 0 not found, 0 errors");
}

#[test]
fn what_a_server_answered_is_told_whatever_was_made_of_it() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["a"]);
    let list = work.list(&["a"]);
    let told = work.flagdl(["--max-size", "10", "--format", "ndjson", "-u", &server.url(""), &list]).run();
    told.expect_code(1);
    assert_eq!(told.entry("a")["status"], 200, "{told}");
}

#[test]
fn a_typed_extension_does_not_send_codes_to_a_host_that_nobody_named() {
    let (work, list) = (Workspace::new(), "list.txt");
    work.list(&["a"]);
    let told = work.flagdl(["--ext", "png", list]).env("FLAGDL_URL_TEMPLATE", "http://127.0.0.1:1/{code}").run();
    told.expect_code(2).expect_err("--base-url");
}

#[test]
fn the_failed_list_can_go_where_stderr_goes() {
    let work = Workspace::new();
    work.list(&["ftp://h/x"]);
    fs::write(work.path("log"), "before\n").expect("written");
    let (code, _, _) = shell(&work, "$F --failed /dev/fd/2 -q list.txt 2>> log");
    let log = work.read("log");
    assert_eq!((code, log.lines().next(), log.lines().last()), (1, Some("before"), Some("ftp://h/x")), "{log}");
}
