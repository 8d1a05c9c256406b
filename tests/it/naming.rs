//! Names: from codes and URLs to files, one each, and none outside the destination.
//!
//! Promises: two entries never share a file; a code can change nothing of a URL but its own place in it; a file
//! is named by the list and never by the server.

use std::{fs, os::unix::fs::symlink, time::Duration};

use sha2::{Digest as _, Sha256};

use crate::{
    pictures::{jpeg, padded_jpeg, png},
    server::{Answer, Server},
    workspace::{DEST, Workspace},
};

#[test]
fn a_code_becomes_the_base_url_and_its_lower_case_with_the_extension() {
    for slash in ["", "/"] {
        let (work, server) = (Workspace::new(), Server::start());
        server.always("/flags/cn.png", Answer::ok(png("cn")));
        let (base, list) = (server.url("/flags") + slash, work.list(&["CN"]));
        work.flagdl(["--base-url", &base, "--ext", "png", &list]).run().expect_code(0);
        assert_eq!(work.saved_names(), ["cn.png"]);
    }
}

#[test]
fn a_template_says_where_a_code_stands_and_in_which_case() {
    for (template, code, asked, saved) in [
        ("/{code}/flag.jpg", "cN", "/cN/flag.jpg", "flag.jpg"),
        ("/x/{code:lower}.JPG", "CN", "/x/cn.JPG", "cn.JPG"),
        ("/{code:upper}-{code:lower}.jpg", "Cn", "/CN-cn.jpg", "CN-cn.jpg"),
        ("/show?country={code}&s=1", "c&n", "/show?country=c%26n&s=1", "show"),
        ("/a%20b/{code}%20x.jpg", "é", "/a%20b/%C3%A9%20x.jpg", "é x.jpg"),
    ] {
        let (work, server) = (Workspace::new(), Server::start());
        server.script(asked, [Answer::ok(jpeg("it"))]);
        let list = work.list(&[code]);
        work.flagdl(["--url-template", &server.url(template), &list]).run().expect_code(0);
        assert_eq!(work.saved_names(), [saved], "{template}");
    }
}

#[test]
fn a_template_that_cannot_work_is_a_usage_error_before_any_request() {
    let (work, server) = (Workspace::new(), Server::start());
    let list = work.list(&["cn"]);
    let url = server.url("");
    for (template, hint) in [
        (format!("{url}/flag.jpg"), "{code}"),
        (format!("{url}/{{kode}}.jpg"), "kode"),
        (format!("{url}/{{code.jpg"), "{"),
        ("http://{code}.localhost/flag.jpg".to_owned(), "path"),
        ("http://{code}@localhost/flag.jpg".to_owned(), "path"),
        ("ftp://localhost/{code}.jpg".to_owned(), "http"),
    ] {
        let told = work.flagdl(["--url-template", &template, &list]).run();
        told.expect_code(2).expect_err(hint);
    }
    for (base, ext) in [("not a url", "jpg"), (&*url, "a/b"), (&*url, ""), (&*format!("{url}/?q"), "jpg")] {
        let told = work.flagdl(["--base-url", base, "--ext", ext, &list]).run();
        told.expect_code(2);
    }
    assert!(server.arrivals().is_empty(), "asked for {:?}", server.targets());
    assert!(!work.path(DEST).exists());
}

/// Names that a server may send along, to programs that believe it (RFC 6266).
const DISPOSITIONS: [&str; 11] = [
    "attachment; filename=\"../../x\"",
    "attachment; filename=/etc/x",
    "attachment; filename=\"C:\\\\x\"",
    "attachment; filename*=UTF-8''..%2Fx",
    "attachment; filename*=UTF-8''%2e%2e%2f%2e%2e%2fx; filename=x.jpg",
    "attachment; filename=\"a\\\"b; filename=x\"",
    "attachment; filename=\u{202e}gpj.exe",
    "attachment; filename*=UTF-8''%E2%80%AEgpj.exe",
    "attachment; filename=\"-rf\"; filename=\".flagdl\"",
    "attachment; filename*=UTF-8''x%0d%0aSet-Cookie:%20a=b",
    "inline; filename=\"\"",
];

#[test]
fn a_url_is_saved_under_its_own_last_segment() {
    let (work, server) = (Workspace::new(), Server::start());
    let mut entries = Vec::new();
    for (path, name) in
        [("/d/a%20b.jpg?x=1", "a b.jpg"), ("/plain.png", "plain.png"), ("/e%2Ff.jpg", "e%2Ff.jpg"), ("/g/", "index")]
    {
        server.script(path, [Answer::ok(jpeg(name)).field("Content-Disposition", "attachment; filename=evil.jpg")]);
        entries.push((server.url(path), name.to_owned()));
    }
    for (number, told) in DISPOSITIONS.iter().enumerate() {
        let (path, name) = (format!("/told/{number}.jpg"), format!("{number}.jpg"));
        server.script(&path, [Answer::ok(jpeg(&name)).field("Content-Disposition", told)]);
        entries.push((server.url(&path), name));
    }
    let list = work.list(&entries.iter().map(|(url, _)| url.as_str()).collect::<Vec<_>>());
    work.flagdl([&*list]).run().expect_code(0).expect_summary("15 ok, 0 not found, 0 errors");
    let expected = entries.iter().map(|(_, name)| (name.clone(), jpeg(name))).collect();
    assert_eq!(work.saved(), expected);
}

#[test]
fn two_urls_with_one_name_get_two_files_and_keep_them_in_later_runs() {
    let (work, server) = (Workspace::new(), Server::start());
    // Twice, once for each run that fetches all of them.
    for path in ["/a/cn.jpg", "/b/cn.jpg", "/b/cn.jpg?v=2", "/c/CN.JPG"] {
        server.script(path, [Answer::ok(jpeg(path)), Answer::ok(jpeg(path))]);
    }
    let second = format!("cn~{}.jpg", first_digits(&server.url("/b/cn.jpg")));
    let third = format!("cn~{}.jpg", first_digits(&server.url("/b/cn.jpg?v=2")));
    // Some systems ignore case, so a name that differs in nothing else is taken too.
    let fourth = format!("CN~{}.JPG", first_digits(&server.url("/c/CN.JPG")));
    let urls = ["/a/cn.jpg", "/b/cn.jpg", "/b/cn.jpg?v=2", "/c/CN.JPG"].map(|path| server.url(path));
    let list = work.list_of(&urls);
    for options in [&[][..], &[], &["--overwrite"]] {
        work.flagdl([&*list]).arguments(options.iter().copied()).run().expect_code(0);
        let expected = [
            ("cn.jpg".to_owned(), jpeg("/a/cn.jpg")),
            (second.clone(), jpeg("/b/cn.jpg")),
            (third.clone(), jpeg("/b/cn.jpg?v=2")),
            (fourth.clone(), jpeg("/c/CN.JPG")),
        ];
        assert_eq!(work.saved(), expected.into());
    }
}

#[test]
fn what_fails_under_a_name_that_was_taken_harms_neither_file() {
    let (work, server) = (Workspace::new(), Server::start());
    let page = Answer::ok("<!doctype html><p>no picture");
    server.script("/a/cn.jpg", [Answer::ok(jpeg("a")), Answer::ok(jpeg("a")), page.clone()]);
    server.script("/b/cn.jpg", [Answer::ok(jpeg("b")), page, Answer::ok(jpeg("b"))]);
    let urls = ["/a/cn.jpg", "/b/cn.jpg"].map(|path| server.url(path));
    let list = work.list_of(&urls);
    let expected = [("cn.jpg".to_owned(), jpeg("a")), (format!("cn~{}.jpg", first_digits(&urls[1])), jpeg("b"))];
    for code in [0, 1, 1] {
        work.flagdl(["--overwrite", &list]).run().expect_code(code);
        assert_eq!(work.saved(), expected.clone().into());
    }
}

fn first_digits(url: &str) -> String {
    let digest = Sha256::digest(url.as_bytes());
    format!("{:08x}", u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]))
}

#[test]
fn the_same_url_again_is_a_duplicate_and_asked_for_once() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn", "in"]);
    let again = server.url("/cn.jpg#fragment");
    let list = work.list(&["cn", "in", "CN", &again, "cn"]);
    let told = work.flagdl(["-v", "-u", &server.url(""), &list]).run();
    told.expect_code(0).expect_summary("2 ok, 0 not found, 0 errors, 3 duplicate");
    assert_eq!(work.saved_names(), ["cn.jpg", "in.jpg"]);
}

#[test]
fn no_entry_leaves_the_destination_or_changes_the_host() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/base/", Answer::ok(jpeg("it")));
    let codes = [
        "../../etc/x",
        "..",
        ".",
        "/etc/passwd",
        "a/../../b",
        "..\\..\\x",
        "C:\\x",
        "\\\\srv\\share",
        "%2e%2e",
        "%2e%2e%2fx",
        "@evil.test",
        "//evil.test/x",
        "?q=1",
        "#f",
        "x?y#z",
        ".flagdl",
        "CON",
        "nul",
        "x ",
        "-rf",
        "~",
        "a:b",
        "…",
        "\u{202e}gpj",
    ];
    let list = work.list(&codes);
    let told = work.flagdl(["-u", &server.url("/base"), "--format", "ndjson", &list]).run();
    let entries = codes.len() - 1;
    told.expect_code(0);
    assert_eq!(told.summary()["entries"], entries, "all but the comment are entries: {told}");
    assert_eq!((server.arrivals().len(), work.saved().len()), (entries, entries), "{told}");
    for arrival in server.arrivals() {
        let rest = arrival.target.strip_prefix("/base/").expect("below the base");
        assert!(!rest.contains(['/', '?', '#', '@', '\\']), "{} is more than a segment", arrival.target);
    }
    assert_eq!(told.summary()["ok"], entries, "{told}");
}

#[test]
fn no_url_leaves_the_destination() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("it")));
    let paths = [
        "/../../x.jpg",
        "/a/%2e%2e/y.jpg",
        "/..%2f..%2fz.jpg",
        "/%2e%2e%2fw.jpg",
        "/a/..",
        "/a/%2e%2e",
        "/..%5c..%5cv.jpg",
        "/.flagdl",
        "/%00.jpg",
        "/%0d%0a.jpg",
        "/%1b%5b31m.jpg",
        "/con.jpg",
        "/%ff%fe.jpg",
    ];
    let urls = paths.map(|path| server.url(path));
    let list = work.list_of(&urls);
    let told = work.flagdl(["--format", "ndjson", &list]).run();
    told.expect_code(0);
    // `/a/..` and `/a/%2e%2e` are one URL, as every parser of URLs has it.
    assert_eq!(told.summary()["duplicate"], 1, "{told}");
    let files = urls.len() - 1;
    assert_eq!(told.summary()["ok"], files, "{told}");
    assert_eq!((server.arrivals().len(), work.saved().len()), (files, files), "{told}");
    assert!(work.saved_names().iter().all(|name| !name.contains(char::is_control)));
}

#[test]
fn a_very_long_name_is_cut_and_still_told_apart() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("it")));
    let long = "x".repeat(300);
    let list = work.list(&[&format!("{long}1"), &format!("{long}2")]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    assert_eq!(work.saved().len(), 2);
}

#[test]
fn two_urls_with_one_name_that_come_at_once_are_two_files() {
    let (work, server) = (Workspace::new(), Server::start());
    // Too large for memory, and slow: each is on the disk, under no name, while the others come.
    let large = |path: &str| padded_jpeg(path, 2_000_000);
    for path in ["/a/cn.jpg", "/b/cn.jpg", "/c/Cn.jpg"] {
        server.script(path, [Answer::ok(large(path)).dripping(100_000, Duration::from_millis(5)).gated()]);
    }
    let urls = ["/a/cn.jpg", "/b/cn.jpg", "/c/Cn.jpg"].map(|path| server.url(path));
    let list = work.list_of(&[&urls[..], &urls[..1]].concat());
    let run = work.flagdl(["-c", "4", &list]).start();
    // All of them are on their way before any has come.
    server.wait_for(3);
    server.release();
    run.wait().expect_code(0).expect_summary("3 ok, 0 not found, 0 errors, 1 duplicate");
    let mut found: Vec<_> = work.saved().into_values().collect();
    let mut expected = ["/a/cn.jpg", "/b/cn.jpg", "/c/Cn.jpg"].map(large);
    found.sort();
    expected.sort();
    assert!(found == expected, "{:?}", work.saved_names());
}

#[test]
fn names_that_macos_or_windows_take_for_one_are_two_files() {
    let (work, server) = (Workspace::new(), Server::start());
    // One letter or two, in either case, and the two spellings of a German word.
    let codes = ["caf\u{e9}", "cafe\u{301}", "CAFE\u{301}", "stra\u{df}e", "STRASSE"];
    server.always_below("/", Answer::ok(jpeg("it")));
    let list = work.list(&codes);
    let template = server.url("/{code}.jpg");
    for _ in 0..2 {
        work.flagdl(["--url-template", &template, &list]).run().expect_code(0);
        let names = work.saved_names();
        assert_eq!(names.len(), codes.len(), "{names:?}");
        assert_eq!(names.iter().filter(|name| name.contains('~')).count(), 3, "{names:?}");
    }
    assert_eq!(server.arrivals().len(), codes.len(), "the second run finds each under its own name");
}

#[test]
fn a_name_of_exactly_the_greatest_length_is_kept_and_found_again() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("it")));
    let longest = "x".repeat(255 - ".jpg".len());
    let list = work.list(&[&longest, &format!("{longest}y")]);
    for _ in 0..2 {
        work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
        let names = work.saved_names();
        assert!(names.contains(&format!("{longest}.jpg")) && names.iter().all(|name| name.len() <= 255), "{names:?}");
    }
    assert_eq!(server.arrivals().len(), 2);
    work.flagdl(["verify"]).run().expect_code(0);
}

#[test]
fn nothing_but_a_plain_file_is_replaced() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn", "in", "us"]);
    let outside = work.file("outside", "mine");
    fs::create_dir_all(work.path(DEST).join("cn.jpg")).expect("a folder");
    symlink(work.path(&outside), work.path(DEST).join("in.jpg")).expect("a symbolic link");
    work.file("downloads/us.jpg", "an older one");
    let list = work.list(&["cn", "in", "us"]);
    let told = work.flagdl(["-u", &server.url(""), "--format", "ndjson", &list]).run();
    told.expect_code(1).expect_endings(&[("cn", "error unsafe-path"), ("in", "error unsafe-path"), ("us", "ok")]);
    assert_eq!(work.read(&outside), "mine");
    assert_eq!(fs::read(work.path("downloads/us.jpg")).expect("a file"), jpeg("us"));
}
