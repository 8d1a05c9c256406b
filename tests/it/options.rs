//! Options of lists, files and output, each in each of its ways: long, short, and by its variable.
//!
//! What surprises: those of pace are in `limits.rs`, of patience in `patience.rs`, of the network in `network.rs`,
//! all through `ways.rs`, which knows whether one is missing.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
};

use crate::{
    pictures::{self, PAGE, files, jpeg, padded_jpeg, png},
    server::{Answer, Server},
    ways::{switch, switch_and_short, ways, ways_and_short},
    workspace::{DEST, Workspace},
};

#[test]
fn dest_is_where_files_go_and_is_made_with_all_above_it() {
    for way in ways_and_short("dest", "-d", "here/and/there") {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["cn"]);
        let list = work.list(&["cn"]);
        let told = work.flagdl(["-u", &server.url(""), &list]).with(&way).may_write("here").run();
        told.expect_code(0);
        assert_eq!(work.saved_in("here/and/there"), files(&["cn"]), "{way:?}");
        assert!(!work.path(DEST).exists(), "{way:?}");
    }
}

#[test]
fn dest_is_downloads_unless_told_otherwise() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn"]);
    let list = work.list(&["cn"]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    assert_eq!(work.saved_in("downloads"), files(&["cn"]));
}

#[test]
fn base_url_says_where_codes_are() {
    let server = Server::start();
    server.always("/cn.jpg", Answer::ok(jpeg("cn")));
    for way in ways_and_short("base-url", "-u", &server.url("")) {
        let work = Workspace::new();
        let list = work.list(&["cn"]);
        work.flagdl([&*list]).with(&way).run().expect_code(0);
        assert_eq!(work.saved(), files(&["cn"]), "{way:?}");
    }
}

#[test]
fn ext_is_the_end_of_each_name() {
    for way in ways("ext", "png") {
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/cn.png", [Answer::ok(png("cn"))]);
        let list = work.list(&["cn"]);
        work.flagdl(["-u", &server.url(""), &list]).with(&way).run().expect_code(0);
        assert_eq!(work.saved_names(), ["cn.png"], "{way:?}");
    }
}

#[test]
fn url_template_takes_the_place_of_base_and_extension() {
    let server = Server::start();
    server.always("/CN/flag.jpg", Answer::ok(jpeg("cn")));
    for way in ways("url-template", &server.url("/{code:upper}/flag.jpg")) {
        let work = Workspace::new();
        let list = work.list(&["cn"]);
        work.flagdl([&*list]).with(&way).run().expect_code(0);
        assert_eq!(work.saved_names(), ["flag.jpg"], "{way:?}");
    }
}

#[test]
fn limit_ends_the_list_after_so_many_entries() {
    for way in ways_and_short("limit", "-l", "2") {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["cn", "in"]);
        let list = work.list(&["# not one", "cn", "", "in", "us", "id"]);
        let told = work.flagdl(["-u", &server.url(""), &list]).with(&way).run();
        told.expect_code(0).expect_summary("2 ok, 0 not found, 0 errors");
    }
}

#[test]
fn max_size_is_counted_and_not_believed() {
    for way in ways("max-size", "10KiB") {
        let (work, server) = (Workspace::new(), Server::start());
        let (fits, larger) = (padded_jpeg("it", 10 * 1024), padded_jpeg("it", 10 * 1024 + 1));
        server.script("/fits.jpg", [Answer::ok(&*fits)]);
        server.script("/told.jpg", [Answer::ok(&*larger)]);
        server.script("/untold.jpg", [Answer::ok(&*larger).chunked()]);
        let list = work.list(&["fits", "told", "untold"]);
        let told = work.flagdl(["-u", &server.url(""), "--format", "ndjson", &list]).with(&way).run();
        told.expect_endings(&[("fits", "ok"), ("told", "error too-large"), ("untold", "error too-large")]);
        assert_eq!(work.saved(), [("fits.jpg".to_owned(), fits)].into(), "{way:?}");
    }
}

#[test]
fn accept_any_takes_what_is_no_image() {
    for way in ways("accept", "any") {
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/page.jpg", [Answer::ok(PAGE)]);
        server.script("/empty.jpg", [Answer::ok("")]);
        let list = work.list(&["page", "empty"]);
        let told = work.flagdl(["-u", &server.url(""), "--format", "ndjson", &list]).with(&way).run();
        assert_eq!(told.endings()["page"], "ok", "{told}");
        assert_eq!(work.saved()["page.jpg"], PAGE, "{way:?}");
    }
}

#[test]
fn verbose_says_a_line_an_entry() {
    for way in switch_and_short("verbose", "-v") {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["cn"]).script("/xx.jpg", [Answer::status(404)]);
        let list = work.list(&["cn", "xx"]);
        let told = work.flagdl(["-u", &server.url(""), &list]).with(&way).run();
        told.expect_line("cn is ok").expect_line("xx is not found");
        told.expect_summary("1 ok, 1 not found, 0 errors");
    }
}

#[test]
fn quiet_says_nothing_where_nothing_went_wrong() {
    for way in switch_and_short("quiet", "-q") {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["cn"]).script("/xx.jpg", [Answer::status(404)]);
        let list = work.list(&["cn", "xx"]);
        let told = work.flagdl(["-u", &server.url(""), &list]).with(&way).run();
        told.expect_code(3);
        assert_eq!((&*told.out, &*told.err), ("", ""), "{way:?}");
    }
}

#[test]
fn progress_always_shows_how_far_the_run_is_where_there_is_no_terminal() {
    for way in ways("progress", "always") {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["cn"]).script("/in.jpg", [Answer::ok(jpeg("in")).gated()]);
        let list = work.list(&["cn", "in"]);
        let run = work.flagdl(["-u", &server.url(""), &list]).with(&way).start();
        run.wait_for_err("1 ok, 0 not found, 0 errors");
        server.release();
        run.wait().expect_code(0).expect_summary("2 ok, 0 not found, 0 errors");
    }
}

#[test]
fn progress_never_and_auto_show_nothing_where_there_is_no_terminal() {
    for way in ways("progress", "never").iter().chain(&ways("progress", "auto")) {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["cn"]);
        let list = work.list(&["cn"]);
        let told = work.flagdl(["-u", &server.url(""), &list]).with(way).run();
        assert_eq!(told.err, "", "{told}");
    }
}

#[test]
fn format_ndjson_puts_objects_on_stdout() {
    for way in ways("format", "ndjson") {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["cn"]);
        let list = work.list(&["cn"]);
        let told = work.flagdl(["-u", &server.url(""), &list]).with(&way).run();
        told.expect_code(0).expect_endings(&[("cn", "ok")]);
        assert_eq!(told.objects().len(), 2, "{told}");
    }
}

#[test]
fn failed_writes_the_errors_as_a_list_that_can_be_fed_back() {
    for way in ways("failed", "failed.txt") {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["cn"]).script("/xx.jpg", [Answer::status(404)]);
        server.script("/In.jpg", [Answer::ok(PAGE), Answer::ok(jpeg("In"))]);
        server.script("/us.jpg?key=1", [Answer::ok(PAGE), Answer::ok(jpeg("us"))]);
        let url = server.url("/us.jpg?key=1");
        let list = work.list(&["cn", "xx", "In", &url]);
        let template = server.url("/{code}.jpg");
        let told = work.flagdl(["--url-template", &template, &list]).with(&way).may_write("failed.txt").run();
        told.expect_code(1).expect_summary("1 ok, 1 not found, 2 errors");
        let mut failed: Vec<_> = work.read("failed.txt").lines().map(str::to_owned).collect();
        failed.sort_unstable();
        assert_eq!(failed, ["In", &*url], "as written, secrets included");
        let told = work.flagdl(["--url-template", &template, "failed.txt"]).run();
        told.expect_code(0).expect_summary("2 ok, 0 not found, 0 errors");
        assert_eq!(work.saved(), files(&["cn", "In", "us"]));
    }
}

#[test]
fn a_failed_list_can_be_written_over_itself() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/in.jpg", [Answer::ok(jpeg("in"))]);
    server.script("/us.jpg", [Answer::ok(PAGE)]);
    let list = work.list(&["in", "us"]);
    let only_ours = Permissions::from_mode(0o600);
    fs::set_permissions(work.path(&list), only_ours.clone()).expect("it is ours");
    let told = work.flagdl(["-u", &server.url(""), "--failed", &list, &list]).may_write(&list).run();
    told.expect_code(1);
    assert_eq!(work.read(&list), "us\n");
    let mode = fs::metadata(work.path(&list)).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, only_ours.mode(), "a list of secrets stays as it was kept");
}

#[test]
fn allow_missing_makes_not_found_alone_a_success() {
    for way in switch("allow-missing") {
        let (work, server) = (Workspace::new(), Server::start());
        server.always("/xx.jpg", Answer::status(404)).script("/page.jpg", [Answer::ok(PAGE)]);
        let list = work.list(&["xx"]);
        let told = work.flagdl(["-u", &server.url(""), &list]).with(&way).run();
        told.expect_code(0).expect_summary("0 ok, 1 not found, 0 errors");
        let list = work.list(&["xx", "page"]);
        work.flagdl(["-u", &server.url(""), &list]).with(&way).run().expect_code(1);
    }
}

#[test]
fn demo_downloads_its_own_list_from_inside_the_process() {
    for way in switch("demo") {
        let work = Workspace::new();
        let told = work.flagdl([]).with(&way).run();
        told.expect_code(0).expect_summary("20 ok, 0 not found, 0 errors");
        assert_eq!(work.saved().len(), 20, "{told}");
        assert!(work.saved().values().all(|bytes| bytes.starts_with(b"\xff\xd8\xff")));
    }
}

#[test]
fn demo_is_quiet_where_that_is_asked_for() {
    let work = Workspace::new();
    let told = work.flagdl(["--demo", "-q", "-l", "3"]).run();
    told.expect_code(0);
    assert_eq!((&*told.out, &*told.err), ("", ""));
}

#[test]
fn demo_takes_other_lists_and_extensions_too() {
    let work = Workspace::new();
    let list = work.list(&["cn", "zz"]);
    let told = work.flagdl(["--demo", "--ext", "png", &list]).run();
    told.expect_code(3).expect_summary("1 ok, 1 not found, 0 errors");
    assert!(work.saved()["cn.png"].starts_with(b"\x89PNG"));
}

#[test]
fn what_is_typed_wins_over_the_environment() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn", "in"]);
    let list = work.list(&["cn", "in", "us"]);
    let run = work.flagdl(["-l", "2", "-u", &server.url(""), &list]);
    let run = run.env("FLAGDL_LIMIT", "1").env("FLAGDL_BASE_URL", "http://127.0.0.1:1");
    run.run().expect_code(0);
    assert_eq!(work.saved(), pictures::files(&["cn", "in"]));
}

#[test]
fn what_is_typed_wins_over_what_it_excludes_in_the_environment() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always("/cn.jpg", Answer::ok(jpeg("cn")));
    let list = work.list(&["cn"]);
    let (base, template) = (server.url(""), server.url("/{code}.jpg"));
    let other = "http://127.0.0.1:1";
    for (typed, name, value) in [
        (&["--url-template", &*template][..], "FLAGDL_BASE_URL", other),
        (&["--url-template", &template], "FLAGDL_EXT", "png"),
        (&["--base-url", &base], "FLAGDL_URL_TEMPLATE", "http://127.0.0.1:1/{code}.jpg"),
        (&["-u", &base, "-v"], "FLAGDL_QUIET", "true"),
        (&["-u", &base, "-q"], "FLAGDL_VERBOSE", "true"),
        (&["--demo"], "FLAGDL_BASE_URL", other),
    ] {
        let told = work.flagdl([&*list]).arguments(typed.iter().copied()).env(name, value).run();
        assert_eq!(told.code, Some(0), "{told}");
    }
}

#[test]
fn a_switch_in_the_environment_is_on_with_1_and_off_with_0_or_nothing() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always("/xx.jpg", Answer::status(404));
    let list = work.list(&["xx"]);
    for (value, code) in [("1", 0), ("true", 0), ("0", 3), ("false", 3), ("", 3)] {
        let run = work.flagdl(["-u", &server.url(""), &list]).env("FLAGDL_ALLOW_MISSING", value);
        let told = run.run();
        assert_eq!(told.code, Some(code), "{value:?}: {told}");
    }
}

#[test]
fn what_is_spelled_wrongly_is_a_usage_error_with_a_hint_before_any_request() {
    let (work, server) = (Workspace::new(), Server::start());
    let list = work.list(&["cn"]);
    for (option, values, hint) in [
        ("connect-timeout", &["10", "0s", "-1s", "soon"][..], "10s"),
        ("read-timeout", &["", "1x"], "10s"),
        ("timeout", &["fast"], "10s"),
        ("max-size", &["many", "64XB", "-1"], "64MiB"),
        ("min-speed", &["slow"], "64MiB"),
        ("bandwidth", &["0", "wide"], ""),
        ("rate", &["fast", "0/s", "-1/s", "5/d"], "50/s"),
        ("total-rate", &["fast", "0/s"], "50/s"),
        ("concurrency", &["0", "-1", "many", "1.5"], ""),
        ("per-host", &["0"], ""),
        ("burst", &["0"], ""),
        ("retries", &["-1", "x"], ""),
        ("limit", &["-1", "x"], ""),
        ("accept", &["video"], "image"),
        ("http", &["3", "1.0"], "auto"),
        ("progress", &["sometimes"], "always"),
        ("format", &["xml"], "ndjson"),
    ] {
        for value in values {
            for told in [
                work.flagdl(["-u", &server.url(""), &format!("--{option}={value}"), &list]).run(),
                work.flagdl(["-u", &server.url(""), &list]).with(&ways(option, value)[1]).run(),
            ] {
                told.expect_code(2).expect_err(hint).expect_err(option);
                assert_eq!(told.out, "", "{told}");
            }
        }
    }
    work.flagdl(["--no-such-option", &list]).run().expect_code(2);
    assert!(server.arrivals().is_empty(), "asked for {:?}", server.targets());
    assert!(!work.path(DEST).exists());
}
