//! Running again: what is here costs no request, what is not is asked for, and one run at a time works in a folder.

use std::{
    fs,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};

use crate::{
    pictures::{files, jpeg, padded_jpeg},
    server::{Answer, Server},
    ways::switch,
    workspace::{Signal, Workspace},
};

/// The line of the README.
const FAILED: &str = "select class, count(*) from items where outcome = 'error' group by class";

/// What a question gives, a row a line, as any other program would ask it while a run goes on.
fn ask(work: &Workspace, sql: &str) -> Vec<String> {
    let path = work.path("downloads/.flagdl/ledger.db");
    let Ok(ledger) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY) else { return Vec::new() };
    // While the first run is being begun there may be no table yet.
    let Ok(mut query) = ledger.prepare(sql) else { return Vec::new() };
    let columns = query.column_count();
    let shown = |row: &rusqlite::Row<'_>| {
        let values = (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column));
        let texts = values.map(|value| {
            value.map(|value| match value {
                rusqlite::types::Value::Text(text) => text,
                rusqlite::types::Value::Integer(number) => number.to_string(),
                other => format!("{other:?}"),
            })
        });
        Ok(texts.collect::<Result<Vec<_>, _>>()?.join("|"))
    };
    query.query_map([], shown).expect("a question").map(|row| row.expect("an answer")).collect()
}

#[test]
fn a_second_run_asks_only_for_what_is_not_here() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["a", "b"]);
    server.script("/late.jpg", [Answer::status(404), Answer::ok(jpeg("late"))]);
    server.script("/shut.jpg", [Answer::status(403), Answer::ok(jpeg("shut"))]);
    let list = work.list(&["a", "late", "b", "shut"]);
    let run = || work.flagdl(["-v", "-u", &server.url(""), &list]).run();
    run().expect_code(1).expect_summary("2 ok, 1 not found, 1 error");
    run().expect_code(0).expect_summary("2 ok, 0 not found, 0 errors, 2 skipped").expect_line("a is skipped");
    run().expect_code(0).expect_summary("0 ok, 0 not found, 0 errors, 4 skipped");
    assert_eq!(work.saved(), files(&["a", "b", "late", "shut"]));
}

#[test]
fn a_skipped_entry_is_an_object_with_its_path_and_without_a_request() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["a"]);
    let list = work.list(&["a"]);
    let run = || work.flagdl(["--format", "ndjson", "-u", &server.url(""), &list]).run();
    run().expect_code(0);
    let told = run();
    let entry = told.entry("a");
    assert_eq!((&entry["outcome"], &entry["path"]), (&"skipped".into(), &"a.jpg".into()), "{told}");
    for absent in ["bytes", "status", "attempts", "elapsed_ms"] {
        assert!(entry[absent].is_null(), "{absent}: {told}");
    }
    assert_eq!((&told.summary()["skipped"], &told.summary()["requests"]), (&1.into(), &0.into()), "{told}");
}

#[test]
fn a_file_that_is_gone_or_was_cut_is_fetched_again() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["fine"]);
    for code in ["gone", "cut"] {
        server.script(&format!("/{code}.jpg"), [Answer::ok(jpeg(code)), Answer::ok(jpeg(code))]);
    }
    let list = work.list(&["gone", "cut", "fine"]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    fs::remove_file(work.path("downloads/gone.jpg")).expect("it was there");
    fs::write(work.path("downloads/cut.jpg"), &jpeg("cut")[..100]).expect("written");
    let told = work.flagdl(["-u", &server.url(""), &list]).run();
    told.expect_code(0).expect_summary("2 ok, 0 not found, 0 errors, 1 skipped");
    assert_eq!(work.saved(), files(&["gone", "cut", "fine"]));
}

#[test]
fn overwrite_fetches_again_what_is_here() {
    for way in switch("overwrite") {
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/a.jpg", [Answer::ok(jpeg("old")), Answer::ok(jpeg("new"))]);
        let list = work.list(&["a"]);
        work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
        let told = work.flagdl(["-u", &server.url(""), &list]).with(&way).run();
        told.expect_code(0).expect_summary("1 ok, 0 not found, 0 errors");
        assert_eq!(work.saved(), [("a.jpg".to_owned(), jpeg("new"))].into());
    }
}

#[test]
fn while_a_run_goes_on_another_ends_at_once_and_says_whose_turn_it_is() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/a.jpg", [Answer::ok(jpeg("a")).gated()]);
    server.pictures(&["b"]);
    let (first, second) = (work.file("first.txt", "a\n"), work.file("second.txt", "b\n"));
    let run = work.flagdl(["-u", &server.url(""), &first]).start();
    server.wait_for(1);
    let told = work.flagdl(["-u", &server.url(""), &second]).run();
    told.expect_code(4).expect_err(&format!("another flagdl (process {}) is at work in downloads\nhint: ", run.pid()));
    assert_eq!(told.out, "", "{told}");
    server.release();
    run.wait().expect_code(0);
    work.flagdl(["-u", &server.url(""), &second]).run().expect_code(0);
    assert_eq!(work.saved(), files(&["a", "b"]));
}

#[test]
fn a_killed_run_keeps_what_it_noted_and_nobody_out() {
    let (work, server) = (Workspace::aside(), Server::start());
    server.pictures(&["a"]);
    server.script("/b.jpg", [Answer::silence(), Answer::ok(jpeg("b"))]);
    let list = work.list(&["a", "b"]);
    let run = work.flagdl(["-u", &server.url(""), &list]).start();
    server.wait_for(2);
    let begun = Instant::now();
    while ask(&work, "select outcome from items") != ["ok"] {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing is noted while a run goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
    run.send(Signal::Kill);
    assert_eq!(run.wait().killed_by, Some(9));
    let told = work.flagdl(["-u", &server.url(""), &list]).run();
    told.expect_code(0).expect_summary("1 ok, 0 not found, 0 errors, 1 skipped");
    assert_eq!(ask(&work, "select coalesce(ending, 'killed') from run order by id"), ["killed", "finished"]);
}

#[test]
fn other_programs_can_ask_the_ledger() {
    let (work, server) = (Workspace::new(), Server::start());
    let picture = padded_jpeg("a", 2_000_000);
    server.script("/a.jpg", [Answer::ok(&*picture).field("Content-Type", "image/jpeg").field("ETag", "\"x\"")]);
    for code in ["b", "c"] {
        server.script(&format!("/{code}.jpg"), [Answer::status(403)]);
    }
    let list = work.list(&["a", "b", "c"]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(1);
    assert_eq!(ask(&work, FAILED), ["http-403|2"]);
    let file =
        ask(&work, "select entry, path, bytes, media_type, etag, length(sha256) from items where outcome = 'ok'");
    assert_eq!(file, ["a|a.jpg|2000000|image/jpeg|\"x\"|64"]);
}

#[test]
fn a_ledger_of_another_program_ends_the_run_and_is_left_as_it_is() {
    let work = Workspace::new();
    let list = work.list(&["a"]);
    fs::create_dir_all(work.path("downloads/.flagdl")).expect("a new folder");
    let path = work.path("downloads/.flagdl/ledger.db");
    let other = Connection::open(&path).expect("a new database");
    other.execute_batch("create table theirs (x)").expect("a new table");
    drop(other);
    let before = fs::read(&path).expect("a file");
    let told = work.flagdl(["-u", "http://127.0.0.1:9", &list]).run();
    told.expect_code(4).expect_err("is the database of another program\nhint: ");
    assert_eq!(fs::read(&path).expect("a file"), before);
}

#[test]
fn a_damaged_ledger_is_told_with_its_cause_and_then_the_way_out() {
    let work = Workspace::new();
    let list = work.list(&["a"]);
    fs::create_dir_all(work.path("downloads/.flagdl")).expect("a new folder");
    fs::write(work.path("downloads/.flagdl/ledger.db"), "no database at all, but long enough ".repeat(300))
        .expect("new");
    let told = work.flagdl(["-u", "http://127.0.0.1:9", &list]).run();
    told.expect_code(4).expect_err("is damaged: ").expect_err("\nhint: move it away");
}
