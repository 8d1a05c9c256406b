//! Status: what is here, told without the network, whoever else is at work in the folder.
//!
//! What surprises: the servers here fail their tests when they are asked for anything that was not scripted, so a
//! status that asked would be seen.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use serde_json::Value;

use crate::{
    pictures::jpeg,
    server::{Answer, Server},
    ways::{switch_and_short, ways, ways_and_short},
    workspace::{DEST, Signal, Told, Workspace},
};

/// What stdout has, the line about the last run taken out.
fn without_last_run(told: &Told) -> Vec<&str> {
    told.out.lines().filter(|line| !line.starts_with("last run: ")).collect()
}

/// The line about the last run.
fn last_run(told: &Told) -> &str {
    told.out.lines().find(|line| line.starts_with("last run: ")).unwrap_or_default()
}

/// A folder in which entries stand in each of the ways that there are, and a list of them.
fn every_way(work: &Workspace, server: &Server) -> String {
    server.pictures(&["here", "lost", "cut"]);
    server.script("/failing.jpg", [Answer::ok(jpeg("x")), Answer::status(403)]);
    server.script("/gone.jpg", [Answer::ok(jpeg("x")), Answer::status(404)]);
    server.script("/none.jpg", [Answer::status(404)]);
    server.script("/shut.jpg", [Answer::status(403)]);
    let first = work.list(&["here", "lost", "cut", "failing", "gone", "none", "shut"]);
    work.flagdl(["-u", &server.url(""), &first]).run().expect_code(1);
    let second = work.list(&["failing", "gone"]);
    work.flagdl(["--overwrite", "-u", &server.url(""), &second]).run().expect_code(1);
    fs::remove_file(work.path("downloads/lost.jpg")).expect("it was there");
    fs::write(work.path("downloads/cut.jpg"), &jpeg("cut")[..100]).expect("written");
    work.list(&["here", "lost", "cut", "failing", "gone", "none", "shut", "new", "here", "ftp://h/x"])
}

#[test]
fn each_way_of_standing_is_counted_and_named() {
    for way in switch_and_short("verbose", "-v") {
        let (work, server) = (Workspace::new(), Server::start());
        let list = every_way(&work, &server);
        let told = work.flagdl(["status", "-u", &server.url(""), &list]).with(&way).run();
        told.expect_code(1);
        let lines = without_last_run(&told);
        let without_times: Vec<_> = lines.iter().map(|line| line.split(" (2").next().unwrap_or_default()).collect();
        let size = format!("{} B", jpeg("here").len());
        assert_eq!(
            without_times,
            [
                "lost is missing",
                "cut is missing",
                "failing is stale: http-403",
                "gone is stale: gone",
                "none is not found",
                "shut failed: http-403",
                "new is missing",
                "here is a duplicate",
                "ftp://h/x is invalid: the scheme ftp is not http or https (list.txt line 10)",
                "list.txt in downloads: 10 entries",
                &format!("  here       1  {size}"),
                "  stale      2  1 gone, 1 http-403",
                "  missing    3",
                "  not found  1",
                "  failed     1  1 http-403",
                "  duplicate  1",
                "  invalid    1",
            ],
            "{told}"
        );
        assert!(last_run(&told).ends_with(": 1 not found, 1 error"), "{told}");
        assert_eq!(told.err, "", "{told}");
    }
}

#[test]
fn an_object_an_entry_and_one_with_counts_that_add_up() {
    for way in ways("format", "ndjson") {
        let (work, server) = (Workspace::new(), Server::start());
        let list = every_way(&work, &server);
        let told = work.flagdl(["status", "-u", &server.url(""), &list]).with(&way).run();
        told.expect_code(1);
        let objects = told.objects();
        assert!(objects[0]["schema"] == 1 && objects[1]["schema"].is_null(), "{told}");
        let states: Vec<_> = told.entries().iter().map(|entry| entry["state"].clone()).collect();
        let expected =
            ["here", "missing", "missing", "stale", "stale", "not-found", "failed", "missing", "duplicate", "invalid"];
        assert_eq!(states, expected, "{told}");
        let failing = told.entry("failing");
        assert_eq!(failing["bytes"], jpeg("x").len(), "{told}");
        let known = ["line", "url", "path", "outcome", "class", "status"].map(|field| failing[field].clone());
        let url = server.url("/failing.jpg");
        let expected: [Value; 6] =
            [4.into(), url.into(), "failing.jpg".into(), "error".into(), "http-403".into(), 403.into()];
        assert_eq!(known, expected, "{told}");
        assert!(failing["finished_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{told}");
        let invalid = told.entry("ftp://h/x");
        assert!(invalid["class"] == "invalid-line" && invalid["message"].is_string(), "{told}");
        assert!(told.entry("new")["outcome"].is_null() && told.entry("lost")["bytes"].is_null(), "{told}");
        let summary = told.summary();
        let counted = ["here", "stale", "missing", "not-found", "failed", "duplicate", "invalid"]
            .map(|state| summary[state].as_u64().expect("a count"));
        assert_eq!(summary["bytes"], jpeg("here").len(), "what is stale is not here: {told}");
        assert_eq!((counted, &summary["entries"]), ([1, 2, 3, 1, 1, 1, 1], &10.into()), "{told}");
        assert_eq!((&summary["failed_classes"]["http-403"], &summary["stale_classes"]["gone"]), (&1.into(), &1.into()));
        assert_eq!((&summary["last_run"]["ending"], &summary["last_run"]["error"]), (&"finished".into(), &1.into()));
    }
}

#[test]
fn the_last_run_is_told_in_words_and_a_repair_is_no_download() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/a.jpg", [Answer::ok(jpeg("a")).gated(), Answer::ok(jpeg("a"))]);
    let list = work.list(&["a", "b"]);
    let run = work.flagdl(["-c", "1", "-u", &server.url(""), &list]).start();
    server.wait_for(1);
    run.send(Signal::Interrupt);
    run.wait_for_err("in flight");
    server.release();
    run.wait().expect_code(130);
    let told = work.flagdl(["status"]).run();
    assert!(told.out.contains(", stopped early ") && told.out.ends_with(": 1 ok, 1 left\n"), "{told}");
    fs::remove_file(work.path("downloads/a.jpg")).expect("it was there");
    work.flagdl(["verify", "--repair"]).run().expect_code(0);
    let told = work.flagdl(["status"]).run();
    assert!(told.out.contains("\nlast run, a repair: ") && told.out.ends_with(": 1 ok\n"), "{told}");
    let told = work.flagdl(["status", "--format", "ndjson"]).run();
    assert_eq!(told.summary()["last_run"]["kind"], "repair", "{told}");
    work.flagdl(["verify", "--repair"]).run().expect_code(0);
    let told = work.flagdl(["status"]).run();
    assert!(told.out.contains("\nlast run, a verification: ") && told.out.ends_with(": 1 whole, 0 bad\n"), "{told}");
}

#[test]
fn without_a_list_all_is_told_that_the_ledger_knows() {
    let (work, server) = (Workspace::new(), Server::start());
    every_way(&work, &server);
    let told = work.flagdl(["status", "--format", "ndjson"]).run();
    told.expect_code(1);
    let known = told.entries();
    let known: Vec<_> = known.iter().map(|entry| (entry["entry"].clone(), entry["state"].clone())).collect();
    let expected = [
        ("cut", "missing"),
        ("failing", "stale"),
        ("gone", "stale"),
        ("here", "here"),
        ("lost", "missing"),
        ("none", "not-found"),
        ("shut", "failed"),
    ];
    assert_eq!(known, expected.map(|(entry, state)| (entry.into(), state.into())), "{told}");
    for way in ways_and_short("limit", "-l", "3") {
        let told = work.flagdl(["status"]).with(&way).run();
        assert!(told.out.starts_with("downloads: 3 entries\n"), "{told}");
    }
}

#[test]
fn a_script_learns_from_the_code_whether_all_is_here() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["a"]);
    server.script("/b.jpg", [Answer::status(404)]);
    let list = work.list(&["a", "b"]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(3);
    let status = |entries: &[&str]| work.flagdl(["status", "-u", &server.url(""), &work.list(entries)]).run();
    status(&["a", "a"]).expect_code(0);
    status(&["a", "b"]).expect_code(3);
    status(&["a", "b", "c"]).expect_code(1);
}

#[test]
fn files_are_found_under_the_names_that_a_download_gave_them() {
    let (work, server) = (Workspace::new(), Server::start());
    for path in ["/1/x.jpg", "/2/x.jpg", "/3/x.jpg"] {
        server.script(path, [Answer::ok(jpeg(path))]);
    }
    let urls = ["/1/x.jpg", "/2/x.jpg", "/3/x.jpg"].map(|path| server.url(path));
    let list = work.list_of(&urls);
    work.flagdl([&*list]).run().expect_code(0);
    // In another order, and without the one whose name has no hash.
    let list = work.list_of(&[urls[2].clone(), urls[1].clone()]);
    let told = work.flagdl(["status", "--format", "ndjson", &list]).run();
    told.expect_code(0);
    for entry in told.entries() {
        let path = entry["path"].as_str().expect("a path");
        assert!(path.starts_with("x~") && work.path(DEST).join(path).exists(), "{told}");
    }
}

#[test]
fn codes_get_the_urls_that_a_download_would_give_them() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/flag.png", [Answer::ok(jpeg("x"))]);
    let list = work.list(&["Flag"]);
    let template = server.url("/{code:lower}.png");
    work.flagdl(["--url-template", &template, &list]).run().expect_code(0);
    for way in ways("url-template", &template) {
        work.flagdl(["status", &list]).with(&way).run().expect_code(0);
    }
    let base = ["status", "-u", &server.url(""), "--ext", "png", &list];
    work.flagdl(base).run().expect_code(0);
    // What is typed holds, whatever a variable says.
    work.flagdl(base).env("FLAGDL_URL_TEMPLATE", "http://h/{code}").run().expect_code(0);
    work.flagdl(["status", "-u", "http://other", &list]).run().expect_code(1);
}

#[test]
fn without_a_ledger_nothing_is_here_and_nothing_is_made() {
    for way in ways_and_short("dest", "-d", "elsewhere") {
        let work = Workspace::new();
        let list = work.list(&["a", "b"]);
        let told = work.flagdl(["status", &list]).with(&way).run();
        told.expect_code(1);
        let expected =
            "list.txt in elsewhere: 2 entries\n  here     0\n  missing  2\nno run yet: elsewhere has no ledger\n";
        assert_eq!(told.out, expected, "{told}");
        let told = work.flagdl(["status"]).with(&way).run();
        told.expect_code(1);
        assert_eq!(told.out, "elsewhere has no ledger: nothing has been fetched into it yet\n", "{told}");
    }
}

#[test]
fn a_run_that_goes_on_is_named_with_its_process_and_a_killed_one_as_that() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["a"]);
    server.script("/b.jpg", [Answer::silence()]);
    let list = work.list(&["a", "b"]);
    let run = work.flagdl(["-u", &server.url(""), &list]).start();
    server.wait_for(2);
    let status = || work.flagdl(["status", "-u", &server.url(""), &list]).run();
    let begun = Instant::now();
    let mut told = status();
    // What has ended is noted within a second or two.
    while !told.out.contains("\n  here     1") {
        thread::sleep(Duration::from_millis(50));
        assert!(begun.elapsed() < Duration::from_secs(20), "{told}");
        told = status();
    }
    assert!(told.out.contains(&format!("\na run goes on (process {}), begun 2", run.pid())), "{told}");
    run.send(Signal::Kill);
    run.wait();
    assert!(status().out.ends_with(" UTC, killed before its end\n"), "{}", status());
}

#[test]
fn the_failed_ones_can_be_fed_back() {
    // Not through the variable: that is of a download, whose list it would take the place of.
    for way in ways("failed", "again.txt").into_iter().take(1) {
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/shut.jpg", [Answer::status(403)]);
        server.script("/none.jpg", [Answer::status(404)]);
        server.script("/x.jpg?key=canary", [Answer::status(403)]);
        let secret = server.url("/x.jpg?key=canary");
        let list = work.file("list.txt", format!("shut\nnone\n{secret}\nftp://h/y\na\tb\n"));
        work.flagdl(["-u", &server.url(""), &list]).run().expect_code(1);
        let told = work.flagdl(["status", "-u", &server.url(""), &list]).with(&way).may_write("again.txt").run();
        assert_eq!(told.err, "", "{told}");
        let expected =
            format!("shut\n{secret}\nftp://h/y\n# list.txt line 5: line holds the control character U+0009\n# a\\tb\n");
        assert_eq!(work.read("again.txt"), expected);
        // The ledger has no secrets to give back.
        let told = work.flagdl(["status", "-v"]).with(&way).may_write("again.txt").run();
        told.expect_code(1).expect_err("1 entry could not be listed: ").expect_err("\nhint: flagdl status LIST");
        let again = work.read("again.txt");
        assert!(!again.contains("canary") && !told.out.contains("canary"), "{told}{again}");
        let entries: Vec<_> = again.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!((entries, again.lines().count()), (vec!["shut"], 2), "{again}");
    }
}

#[test]
fn where_nobody_reads_on_it_ends_without_a_word() {
    let work = Workspace::new();
    // More than the buffer of a pipe.
    let codes: Vec<_> = (0..20_000).map(|code| format!("code-{code}")).collect();
    let (short, long) = (work.file("short", "a"), work.list_of(&codes));
    for (list, more) in [(&short, &[][..]), (&long, &["-v"]), (&long, &["--format", "ndjson"])] {
        let told = work.flagdl(["status", list]).arguments(more.iter().copied()).closed_out().run();
        told.expect_code(4);
        assert_eq!(told.err, "", "{told}");
    }
    // A list that was asked for and is not there is worth a word.
    let told = work.flagdl(["status", "-v", "--failed", "failed.txt", &long]).closed_out().run();
    told.expect_code(4).expect_err("error: cannot write");
    assert!(!work.path("failed.txt").exists(), "{told}");
}

#[test]
fn what_cannot_be_read_or_told_is_an_error_of_this_machine() {
    let work = Workspace::new();
    let list = work.list(&["a"]);
    work.flagdl(["status", "no-such-list"]).run().expect_code(2).expect_err("cannot read the list no-such-list");
    fs::create_dir_all(work.path("downloads/.flagdl")).expect("a new folder");
    fs::write(work.path("downloads/.flagdl/ledger.db"), "no database at all, but long enough ".repeat(300))
        .expect("new");
    for arguments in [&["status"][..], &["status", &list]] {
        let told = work.flagdl(arguments.iter().copied()).run();
        told.expect_code(4).expect_err("is damaged: ").expect_err("\nhint: move it away");
    }
}

#[test]
fn a_ledger_without_an_end_is_refused_and_not_read() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("cn")));
    let (list, url) = (work.list(&["cn"]), server.url(""));
    work.flagdl(["-u", &url, &list]).run().expect_code(0);
    let ledger = Connection::open(work.path("downloads/.flagdl/ledger.db")).expect("a database");
    let endless = "ALTER TABLE run RENAME TO kept; CREATE VIEW run AS WITH RECURSIVE endless AS (SELECT 1 UNION ALL SELECT * \
                   FROM endless) SELECT kept.* FROM kept, endless";
    ledger.execute_batch(endless).expect("made");
    drop(ledger);
    for arguments in [&["status"][..], &["verify"], &["-u", &url, &list]] {
        let told = work.flagdl(arguments.iter().copied()).run();
        told.expect_code(4).expect_err("is damaged: ").expect_err("\nhint: move it away");
    }
}
