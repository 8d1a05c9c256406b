//! Output: stdout is data and stderr is for people; what either says, and what neither ever says.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    fleet,
    pictures::{PAGE, files, jpeg},
    ports::Refusing,
    server::{Answer, Server},
    workspace::{Signal, Workspace},
};

/// A line with the durations and the rate in it made the same for every run.
fn redacted(line: &str) -> String {
    let mut words = Vec::new();
    for word in line.split(' ') {
        let bare = word.trim_end_matches(',');
        let number = bare.strip_suffix("ms").or_else(|| bare.strip_suffix('s'));
        let time = number.is_some_and(|number| number.parse::<f64>().is_ok());
        words.push(if time { word.replace(bare, "<time>") } else { word.to_owned() });
    }
    words.join(" ").split(", ").filter(|part| !part.ends_with("/s)")).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_summary_says_the_counts_the_time_the_bytes_and_the_rate() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn", "in"]).script("/xx.jpg", [Answer::status(404)]);
    server.script("/page.jpg", [Answer::ok(PAGE)]);
    let list = work.list(&["cn", "in", "xx", "page", "cn"]);
    let told = work.flagdl(["-u", &server.url(""), &list]).run();
    let bytes = u32::try_from(work.saved().values().map(Vec::len).sum::<usize>()).expect("small pictures");
    let size = format!("{:.1} KiB", f64::from(bytes) / 1024.0);
    let line = told.out.trim_end();
    assert_eq!(redacted(line), format!("2 ok, 1 not found, 1 error, 1 duplicate in <time> ({size}"));
    assert!(line.ends_with("/s)"), "{told}");
    assert_eq!(told.out.lines().count(), 1, "{told}");
}

#[test]
fn a_summary_of_nothing_saved_says_no_bytes() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/xx.jpg", [Answer::status(404)]);
    let list = work.list(&["xx"]);
    let told = work.flagdl(["-u", &server.url(""), &list]).run();
    assert_eq!(redacted(told.out.trim_end()), "0 ok, 1 not found, 0 errors in <time>");
}

#[test]
fn errors_are_told_without_verbose_and_the_rest_is_not() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn"]).script("/xx.jpg", [Answer::status(404)]);
    server.script("/page.jpg", [Answer::ok(PAGE)]);
    let list = work.list(&["cn", "xx", "page"]);
    let told = work.flagdl(["-u", &server.url(""), &list]).run();
    let url = server.url("/page.jpg");
    let errors = told.error_lines();
    assert_eq!(errors.len(), 1, "{told}");
    assert!(errors[0].starts_with("*** error for page: "), "{told}");
    assert!(errors[0].ends_with(&format!(" ({url})")), "{told}");
    assert!(!told.err.contains("cn is ok") && !told.err.contains("xx is"), "{told}");
}

#[test]
fn ndjson_is_an_object_an_entry_and_a_summary_and_nothing_else() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn"]).script("/xx.jpg", [Answer::status(410)]);
    server.script("/forbidden.jpg", [Answer::status(403)]);
    let list = work.list(&["# one", "CN", "xx", "forbidden", "cn", "ftp://localhost/x"]);
    let told = work.flagdl(["-v", "-c", "1", "-u", &server.url(""), "--format", "ndjson", &list]).run();
    let host = server.url("");
    let url = |code: &str| server.url(&format!("/{code}.jpg"));
    let mut objects = told.objects();
    let schemas: Vec<_> = objects.iter().map(|object| object["schema"].clone()).collect();
    assert_eq!(schemas[0], 1, "{told}");
    assert!(schemas[1..].iter().all(Value::is_null), "{told}");
    for object in &mut objects {
        let object = object.as_object_mut().expect("an object");
        object.remove("schema");
        for measured in ["elapsed_ms", "seconds"] {
            if let Some(value) = object.remove(measured) {
                assert!(value.as_f64().is_some_and(|value| (0.0..60_000.0).contains(&value)), "{told}");
            }
        }
    }
    let summary = objects.pop().expect("a summary");
    objects.sort_by_key(|object| object["line"].as_u64());
    let bytes = jpeg("cn").len();
    let message = |object: &Value| object["message"].clone();
    let (forbidden, invalid) = (message(&objects[2]), message(&objects[4]));
    assert!(forbidden.as_str().is_some_and(|text| text.contains("403")), "{told}");
    assert!(invalid.as_str().is_some_and(|text| text.contains("ftp")), "{told}");
    let expected = [
        json!({"event": "entry", "entry": "CN", "line": 2, "url": url("cn"), "path": "cn.jpg", "outcome": "ok",
            "status": 200, "bytes": bytes, "attempts": 1, "host": host}),
        json!({"event": "entry", "entry": "xx", "line": 3, "url": url("xx"), "outcome": "not-found",
            "status": 410, "attempts": 1, "host": host}),
        json!({"event": "entry", "entry": "forbidden", "line": 4, "url": url("forbidden"), "outcome": "error",
            "class": "http-403", "status": 403, "attempts": 1, "host": host, "message": forbidden}),
        json!({"event": "entry", "entry": "cn", "line": 5, "url": url("cn"), "path": "cn.jpg",
            "outcome": "duplicate", "host": host}),
        json!({"event": "entry", "entry": "ftp://localhost/x", "line": 6, "outcome": "error",
            "class": "invalid-line", "message": invalid}),
    ];
    assert_eq!(objects, expected, "{told}");
    for (name, value) in [
        ("event", json!("summary")),
        ("ok", json!(1)),
        ("duplicate", json!(1)),
        ("not-found", json!(1)),
        ("error", json!(2)),
        ("left", json!(0)),
        ("bytes", json!(bytes)),
        ("entries", json!(5)),
        ("requests", json!(3)),
        ("complete", json!(true)),
        ("hosts", json!([{"host": host, "requests": 3, "retries": 0, "pushbacks": 0, "held_ms": 0, "limit": 1}])),
    ] {
        assert_eq!(summary[name], value, "{name}: {told}");
    }
}

#[test]
fn ndjson_of_an_empty_list_is_one_summary_with_the_schema() {
    let work = Workspace::new();
    let list = work.list(&["# nothing"]);
    let told = work.flagdl(["--format", "ndjson", &list]).run();
    told.expect_code(0);
    assert_eq!(told.objects().len(), 1, "{told}");
    assert_eq!((&told.summary()["schema"], &told.summary()["entries"]), (&json!(1), &json!(0)), "{told}");
}

/// Two servers, one with an entry that it refuses once, and one with three that it does not.
fn refusing_and_good(work: &Workspace, refusal: Answer) -> ([Server; 2], String) {
    let servers = [Server::start(), Server::start()];
    servers[0].script("/a.jpg", [refusal, Answer::ok(jpeg("a"))]);
    servers[1].pictures(&["b", "c", "d"]);
    let good = ["/b.jpg", "/c.jpg", "/d.jpg"].map(|path| servers[1].url(path));
    let list = work.list_of(&[&good[..], &[servers[0].url("/a.jpg")]].concat());
    (servers, list)
}

#[test]
fn a_host_that_held_the_run_up_gets_a_line_at_the_end_and_with_verbose_each_does() {
    for (more, lines) in [(&[][..], 1), (&["-v"], 2), (&["-q"], 0)] {
        let work = Workspace::new();
        let (servers, list) = refusing_and_good(&work, Answer::status(429));
        let told = work.flagdl(["-c", "2", &list]).arguments(more.iter().copied()).run();
        let hosts = servers.each_ref().map(|server| format!("{}: ", server.url("")));
        let said: Vec<_> = told.err.lines().map(redacted).collect();
        let said: Vec<_> = said.iter().filter(|line| hosts.iter().any(|host| line.starts_with(host))).collect();
        // What it takes at the end is up to how it is learnt.
        let worst =
            [1, 2].map(|limit| format!("{}2 requests, 1 retry, 1 pushback, held <time>, limit {limit}", hosts[0]));
        let smooth = format!("{}3 requests, limit 2", hosts[1]);
        assert!(worst.iter().any(|worst| said == [worst, &smooth][..lines]), "{told}");
        assert_eq!(told.err.contains("asks for less"), lines == 2, "{told}");
    }
}

#[test]
fn the_summary_object_tells_what_each_host_cost_worst_first() {
    let work = Workspace::new();
    let (servers, list) = refusing_and_good(&work, Answer::status(503));
    let told = work.flagdl(["-c", "2", "--format", "ndjson", &list]).run();
    let mut hosts = told.summary()["hosts"].clone();
    let held = hosts[0]["held_ms"].take();
    assert!(held.as_u64().is_some_and(|held| (125..=250).contains(&held)), "{told}");
    let [worst, smooth] = servers.each_ref().map(|server| server.url(""));
    let expected = json!([
        {"host": worst, "requests": 2, "retries": 1, "pushbacks": 1, "held_ms": null, "limit": hosts[0]["limit"]},
        {"host": smooth, "requests": 3, "retries": 0, "pushbacks": 0, "held_ms": 0, "limit": 2},
    ]);
    assert_eq!(hosts, expected, "{told}");
}

#[test]
fn the_summary_object_tells_of_ten_hosts_and_the_worst_are_among_them() {
    let (work, mut servers) = (Workspace::new(), fleet::hosts(14, &Answer::ok(jpeg("it"))));
    let worst = Server::start();
    worst.script("/a.jpg", [Answer::status(429), Answer::ok(jpeg("a"))]);
    let list = work.list_of(&[fleet::urls(&servers, 14), vec![worst.url("/a.jpg")]].concat());
    servers.push(worst);
    let told = work.flagdl(["-c", "15", "--format", "ndjson", &list]).run();
    let hosts = told.summary()["hosts"].clone();
    assert_eq!(hosts.as_array().map(Vec::len), Some(10), "{told}");
    assert_eq!(hosts[0]["host"], servers[14].url(""), "{told}");
}

#[test]
fn verbose_says_why_a_host_gets_nothing_and_for_how_long() {
    let refusal = Answer::status(429);
    for (answer, line) in [
        (
            refusal.clone().field("Retry-After", "600"),
            "asks to be left alone (the server answered 429 Too Many Requests): held 10m",
        ),
        (refusal, "asks for less (the server answered 429 Too Many Requests): held "),
        (Answer::ok(jpeg("it")).field("RateLimit", "a;r=0;t=600"), "has no quota left for us: held 10m00s\n"),
    ] {
        let (work, server) = (Workspace::new(), Server::start());
        server.always_below("/", answer);
        let list = work.list(&["a", "b"]);
        let run = work.flagdl(["-v", "-c", "1", "-u", &server.url(""), &list]).start();
        run.wait_for_err(&format!("{} {line}", server.url("")));
        run.send(Signal::Kill);
        run.wait();
    }
}

#[test]
fn ndjson_comes_while_the_run_goes_on() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn"]).script("/in.jpg", [Answer::ok(jpeg("in")).gated()]);
    let list = work.list(&["cn", "in"]);
    let run = work.flagdl(["-u", &server.url(""), "--format", "ndjson", &list]).start();
    run.wait_for_out("\"cn\"");
    server.release();
    run.wait().expect_code(0).expect_endings(&[("cn", "ok"), ("in", "ok")]);
}

#[test]
fn output_that_nobody_reads_is_no_success_and_does_no_harm() {
    let codes: Vec<_> = (0..600).map(|number| format!("c{number}")).collect();
    for format in ["ndjson", "text"] {
        let (work, server) = (Workspace::new(), Server::start());
        server.always_below("/", Answer::ok(jpeg("cn")));
        let (list, url) = (work.list_of(&codes), server.url(""));
        let told = work.flagdl(["-u", &url, "--format", format, &list]).closed_out().run();
        told.expect_code(4).expect_err("error: cannot write");
        assert!(!told.err.contains("panicked"), "{told}");
        let (saved, asked) = (work.saved(), server.arrivals().len());
        assert!(saved.values().all(|bytes| *bytes == jpeg("cn")));
        // Where only the summary is not read, that is all; otherwise what was saved when the first object was not taken.
        let least = if format == "text" { codes.len() } else { 1 };
        assert!((least..=asked).contains(&saved.len()), "{} of {asked}: {told}", saved.len());
        let again = work.flagdl(["-u", &url, "--format", "ndjson", &list]).run();
        // A write that took too long for a run that is over has not been noted, so its file is fetched again.
        let skipped = again.expect_code(0).summary()["skipped"].as_u64().and_then(|count| usize::try_from(count).ok());
        assert!(
            skipped.is_some_and(|skipped| (1..=saved.len()).contains(&skipped)),
            "{}: {told}\n{again}",
            saved.len()
        );
    }
}

#[test]
fn errors_that_nobody_reads_change_nothing() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn"]).script("/page.jpg", [Answer::ok(PAGE)]);
    let list = work.list(&["cn", "page"]);
    let told = work.flagdl(["-v", "-u", &server.url(""), &list]).closed_err().run();
    told.expect_code(1).expect_summary("1 ok, 0 not found, 1 error");
    assert_eq!(work.saved(), files(&["cn"]));
}

#[test]
fn a_bar_that_nobody_sees_changes_nothing() {
    let (work, server) = (Workspace::new(), Server::start());
    // Slow enough for it to be drawn more than once.
    server.always_below("/", Answer::ok(jpeg("it")).after(Duration::from_millis(400)));
    let list = work.list(&["cn", "in", "us"]);
    let options = ["-c", "1", "--progress", "always", "-u", &server.url(""), &list];
    let seen = work.flagdl(options).run();
    seen.expect_code(0).expect_err(" | 1 in flight");
    let unseen = work.flagdl(options).arguments(["--overwrite"]).closed_err().run();
    unseen.expect_code(0).expect_summary("3 ok, 0 not found, 0 errors");
    assert_eq!(server.arrivals().len(), 6);
}

#[test]
fn no_control_character_of_a_list_or_a_server_reaches_the_terminal() {
    let (work, server) = (Workspace::new(), Server::start());
    let evil = "\u{1b}[31m\u{7}";
    let encoded = Answer::ok(jpeg("it")).field("Content-Encoding", "x\u{9b}31m");
    server.always("/encoded.jpg", encoded);
    server.always("/moved.jpg", Answer::redirect(302, "ftp://h\u{9b}/"));
    server.always("/%1b%5B31m.jpg", Answer::status(403));
    server.always_below("/x", Answer::status(404));
    let urls = [server.url("/%1b%5B31m.jpg"), server.url(&format!("/{evil}.jpg"))];
    let list = work.list(&[evil, "a\tb", "c\u{9b}31m", "\u{85}x\u{2028}", "encoded", "moved", &urls[0], &urls[1]]);
    for options in [["--format", "text"], ["--format", "ndjson"], ["--progress", "always"]] {
        let told = work.flagdl(["-v", "-u", &server.url(""), &list]).arguments(options).run();
        let said = format!("{}{}", told.out, told.err);
        let control = said.chars().find(|letter| letter.is_control() && *letter != '\n');
        assert_eq!(control, None, "{told}");
        // The line is named all the same.
        told.expect_err("\\u{1b}[31m\\u{7}");
    }
}

#[test]
fn secrets_appear_nowhere_in_the_output() {
    const SECRET: &str = "s3cret";
    let (work, server, refusing) = (Workspace::new(), Server::start(), Refusing::new());
    let secret = |url: String| url.replace("http://", "http://me-s3cret:pw-s3cret@") + "?sig=q-s3cret&bare-s3cret";
    let target = secret(server.url("/target.jpg"));
    server.always_below("/ok.jpg", Answer::ok(jpeg("it")));
    server.always_below("/missing.jpg", Answer::status(404));
    server.always_below("/forbidden.jpg", Answer::status(403));
    server.always_below("/moved.jpg", Answer::redirect(302, &target));
    server.always_below("/target.jpg", Answer::redirect(302, "ftp://me-s3cret@localhost/?x=s3cret"));
    server.always_below("/broken.jpg", Answer::raw("s3cret"));
    let paths = ["/ok.jpg", "/ok.jpg", "/missing.jpg", "/forbidden.jpg", "/moved.jpg", "/broken.jpg"];
    let mut entries: Vec<_> = paths.iter().map(|path| secret(server.url(path))).collect();
    entries.push(secret(refusing.url("/r.jpg")));
    entries.push("ftp://me-s3cret:pw-s3cret@localhost/x?sig=s3cret".to_owned());
    entries.push("http://me-s3cret:pw-s3cret@localhost:99999/x?sig=s3cret".to_owned());
    entries.push("http://me-s3cret:pw-s3cret@local host/x?sig=s3cret".to_owned());
    let list = work.list_of(&entries);
    let base = secret(server.url("")).replace("?sig", "/x?sig");
    let template = secret(server.url("/ok.jpg")) + "&c={code}";
    let mut runs = Vec::new();
    for more in [&["-v"][..], &["--format", "ndjson"], &["--progress", "always"]] {
        let headers = ["--retries", "1", "-H", "X-Key: h-s3cret", &list];
        runs.push(work.flagdl(headers).arguments(more.iter().copied()).run());
    }
    for wrong in [
        &["--base-url", &*base][..],
        &["--base-url", "ftp://me-s3cret:pw-s3cret@localhost"],
        &["--url-template", &secret(server.url("/fixed.jpg"))],
        &["--url-template", &(template.clone() + "{kode}")],
        &["--proxy", "gopher://me-s3cret:pw-s3cret@localhost"],
        &["--proxy", "http://me-s3cret:pw-s3cret@local host"],
        &["-H", "X-Key h-s3cret"],
        &["-H", "X-Key: h-s3cret\n"],
        &["-u", &base, "--url-template", &template],
    ] {
        let told = work.flagdl(["--retries", "0", &list]).arguments(wrong.iter().copied()).run();
        runs.push(told);
    }
    for told in runs {
        assert!(!told.out.contains(SECRET) && !told.err.contains(SECRET), "{told}");
    }
}
