//! `--update` and what goes with it, as a user has it: what is asked, what is told, what is written and deleted.

use std::fs;

use crate::{
    pictures::{files, jpeg},
    server::{Answer, Server},
    ways::{switch, ways},
    workspace::Workspace,
};

/// An image with an entity tag.
fn tagged(word: &str, tag: &str) -> Answer {
    Answer::ok(jpeg(word)).field("ETag", tag).field("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
}

/// A folder with three images, whose server then answers as is said here.
fn mirror(server: &Server, later: [Answer; 3]) -> (Workspace, String) {
    let work = Workspace::new();
    for (code, later) in ["a", "b", "c"].into_iter().zip(later) {
        server.script(&format!("/{code}.jpg"), [tagged(code, &format!("\"{code}\"")), later]);
    }
    let list = work.list(&["a", "b", "c"]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    (work, list)
}

#[test]
fn update_asks_with_what_the_server_said_and_tells_what_has_changed() {
    for way in switch("update") {
        let server = Server::start();
        let (work, list) = mirror(&server, [Answer::status(304), tagged("other", "\"2\""), Answer::status(404)]);
        let run =
            work.flagdl(["-v", "--diff", "diff", "-u", &server.url(""), &list]).with(&way).may_write("diff").run();
        run.expect_code(3).expect_summary("1 ok, 1 not found, 0 errors, 1 unchanged");
        run.expect_line("a is unchanged").expect_line("b is ok, and has changed").expect_line("c is not found (gone)");
        assert!(run.out.contains("(1 changed, 1 gone, "), "{}", run.out);
        let mut diff: Vec<_> = work.read("diff").lines().map(str::to_owned).collect();
        diff.sort();
        assert_eq!(diff, ["changed\tb.jpg", "gone\tc.jpg"]);
        for asked in &server.arrivals()[3..] {
            let code = &asked.target[1..2];
            assert_eq!(asked.field("if-none-match"), Some(format!("\"{code}\"").as_str()));
            assert_eq!(asked.field("if-modified-since"), Some("Wed, 21 Oct 2015 07:28:00 GMT"));
        }
        let mut saved = files(&["a", "b", "c"]);
        saved.insert("b.jpg".into(), jpeg("other"));
        assert_eq!(work.saved(), saved, "what is gone is kept");
    }
}

#[test]
fn the_diff_of_a_first_run_has_all_that_is_new() {
    for way in ways("diff", "diff") {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["a"]).script("/b.jpg", [Answer::status(404)]);
        let run = work.flagdl(["-u", &server.url(""), &work.list(&["a", "b"])]).with(&way).may_write("diff").run();
        run.expect_code(3);
        assert_eq!(work.read("diff"), "new\ta.jpg\n");
    }
}

#[test]
fn objects_say_what_was_to_be_deleted_and_is_still_here() {
    for (most, withheld, deleted) in [("0", Some(1), 0), ("1", None, 1)] {
        let server = Server::start();
        let (work, list) = mirror(&server, [Answer::status(304), Answer::status(304), Answer::status(404)]);
        let update = ["--update", "--gone", "delete", "--max-gone", most, "--format", "ndjson"];
        let told = work.flagdl(["-u", &server.url(""), &list]).arguments(update).run();
        let summary = told.summary();
        assert_eq!((summary["withheld"].as_u64(), summary["deleted"].as_u64()), (withheld, Some(deleted)), "{told}");
    }
}

#[test]
fn objects_say_what_has_changed() {
    let server = Server::start();
    let (work, list) = mirror(&server, [Answer::status(304), tagged("other", "\"2\""), Answer::status(410)]);
    let run = work.flagdl(["--update", "--format", "ndjson", "-u", &server.url(""), &list]).run();
    run.expect_code(3).expect_endings(&[("a", "unchanged"), ("b", "ok"), ("c", "not-found")]);
    let change = |entry: &str| run.entry(entry)["change"].as_str().map(str::to_owned);
    assert_eq!(["a", "b", "c"].map(change), [None, Some("changed".into()), Some("gone".into())]);
    let summary = run.summary();
    assert_eq!(["new", "changed", "gone", "deleted"].map(|count| summary[count].as_u64()), [0, 1, 1, 0].map(Some));
}

#[test]
fn what_is_gone_is_deleted_where_that_is_wanted_and_not_more_than_allowed() {
    for delete in ways("gone", "delete") {
        for (most, deleted) in ways("max-gone", "1").into_iter().map(|way| (way, true)).chain(
            [("1%", false), ("0", false), ("34%", true)]
                .into_iter()
                .map(|(most, yes)| (ways("max-gone", most).remove(0), yes)),
        ) {
            let server = Server::start();
            let (work, list) = mirror(&server, [Answer::status(304), Answer::status(304), Answer::status(404)]);
            let run = work.flagdl(["-v", "--update", "-u", &server.url(""), &list]).with(&delete).with(&most).run();
            if deleted {
                run.expect_code(3).expect_line("c.jpg is deleted");
                assert!(run.out.contains("1 gone, 1 deleted"), "{}", run.out);
                assert_eq!(work.saved(), files(&["a", "b"]));
            } else {
                run.expect_code(1).expect_err("nothing was deleted: 1 of 3 files are gone from their servers");
                run.expect_err("hint: if that is right, run it again with --max-gone 1");
                assert_eq!(work.saved(), files(&["a", "b", "c"]));
            }
        }
    }
}

#[test]
fn what_was_not_found_is_left_alone_for_a_while() {
    for way in ways("missing-ttl", "7d") {
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/a.jpg", [Answer::status(404), Answer::status(404)]);
        let list = work.list(&["a"]);
        let run = || work.flagdl(["-u", &server.url(""), &list]);
        run().run().expect_code(3);
        run().with(&way).run().expect_code(3).expect_summary("0 ok, 1 not found, 0 errors");
        assert_eq!(server.arrivals().len(), 1);
        run().run().expect_code(3);
    }
}

#[test]
fn a_good_file_of_anothers_is_adopted() {
    for way in switch("adopt") {
        let (work, server) = (Workspace::new(), Server::start());
        fs::create_dir(work.path("downloads")).expect("a folder");
        fs::write(work.path("downloads/a.jpg"), jpeg("a")).expect("a file");
        fs::write(work.path("downloads/b.jpg"), &jpeg("b")[..100]).expect("a file");
        server.pictures(&["b"]);
        let list = work.list(&["a", "b"]);
        let run = work.flagdl(["-u", &server.url(""), &list]).with(&way).run();
        run.expect_code(0).expect_summary("1 ok, 0 not found, 0 errors, 1 skipped");
        assert_eq!(work.saved(), files(&["a", "b"]));
        work.flagdl(["-u", &server.url(""), &list]).run().expect_summary("0 ok, 0 not found, 0 errors, 2 skipped");
    }
}

#[test]
fn to_update_and_to_overwrite_exclude_each_other() {
    let work = Workspace::new();
    let list = work.list(&["a"]);
    work.flagdl(["--update", "--overwrite", &list]).run().expect_code(2).expect_err("exclude each other");
    work.flagdl(["--max-gone", "x", &list]).run().expect_code(2).expect_err("a percentage or a count");
}
