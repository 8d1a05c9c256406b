//! Secrets: what a user's URLs and headers hold goes to the server that it is for, and nowhere else.
//!
//! Promises: user names, passwords, values of queries and of headers, and a proxy's password stand in nothing that a run
//! prints or writes, whatever it does and however it ends. The one exception is the file of `--failed`, which gives
//! entries back as they were written.
//!
//! What surprises: the search is for one word that every secret holds, and for the header that a password becomes; a
//! form that is neither would not be found.

use std::{fs, path::Path, thread, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    pictures::{files, jpeg},
    ports::Refusing,
    server::{Answer, End, Server},
    workspace::{DEST, Signal, Told, Workspace},
};

const CANARY: &str = "c4nary";

/// What the user adds to each request.
const HEADER: [&str; 2] = ["-H", "X-Api-Key: hdr-c4nary"];

/// A URL with everything in it that may be a secret.
fn secret(url: &str) -> String {
    url.replacen("://", "://usr-c4nary:pwd-c4nary@", 1) + "?sig=qry-c4nary&bare-c4nary"
}

/// Makes sure that some bytes hold no secret.
#[track_caller]
fn expect_clean(what: &str, bytes: &[u8]) {
    let password = STANDARD.encode("usr-c4nary:pwd-c4nary");
    let proxy = STANDARD.encode("usr-c4nary:prx-c4nary");
    for needle in [CANARY, &password, &proxy] {
        let found = bytes.windows(needle.len()).position(|window| window == needle.as_bytes());
        let around =
            found.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(200)..(at + 100).min(bytes.len())]));
        assert_eq!(around, None, "{needle} in {what}");
    }
}

/// Makes sure that a run has said no secret.
#[track_caller]
fn expect_silent(told: &Told) {
    expect_clean(&format!("stdout of {told}"), told.out.as_bytes());
    expect_clean(&format!("stderr of {told}"), told.err.as_bytes());
    assert!(!told.err.contains("panicked"), "{told}");
}

/// Makes sure that nothing in a folder holds a secret, in its name, its bytes or what a file system adds to it.
#[track_caller]
fn expect_clean_folder(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        let path = entry.path();
        expect_clean("a name", path.file_name().expect("a name").as_encoded_bytes());
        if path.is_dir() {
            expect_clean_folder(&path);
        } else if let Ok(bytes) = fs::read(&path) {
            expect_clean(&path.display().to_string(), &bytes);
            let mut names = [0; 1024];
            let attributes = rustix::fs::listxattr(&path, &mut names).unwrap_or_default();
            expect_clean("a file's attributes", &names[..attributes]);
            assert!(
                !String::from_utf8_lossy(&names[..attributes]).contains("user."),
                "{} has attributes",
                path.display()
            );
        }
    }
}

/// Servers on which a list ends in every way, and that list.
struct World {
    servers: Vec<Server>,
    _refusing: Refusing,
    entries: Vec<String>,
}

impl World {
    fn new() -> Self {
        let refusing = Refusing::new();
        let (answering, broken, slow) = (Server::start(), Server::start(), Server::start());
        let picture = || Answer::ok(jpeg("it"));
        let page = "<!doctype html><p>usr-c4nary pwd-c4nary qry-c4nary hdr-c4nary</p>";
        let nowhere = "http://usr-c4nary:pwd-c4nary@127.0.0.1:99999/?sig=qry-c4nary";
        let wrong = format!("sha-256=:{}:", STANDARD.encode([7; 32]));
        let answers = [
            (&answering, "/ok.jpg", picture().field("ETag", "\"1\"")),
            (&answering, "/missing.jpg", Answer::status(404)),
            (&answering, "/gone.jpg", Answer::status(410)),
            (&answering, "/forbidden.jpg", Answer::status(403)),
            (&answering, "/moved.jpg", Answer::redirect(302, &secret(&answering.url("/target.jpg")))),
            (&answering, "/target.jpg", picture()),
            (&answering, "/loop.jpg", Answer::redirect(302, &secret(&answering.url("/loop.jpg")))),
            (&answering, "/away.jpg", Answer::redirect(302, "ftp://usr-c4nary:pwd-c4nary@h/?sig=qry-c4nary")),
            (&answering, "/nowhere.jpg", Answer::redirect(302, nowhere)),
            (&answering, "/page.jpg", Answer::ok(page)),
            (&answering, "/empty.jpg", Answer::ok("")),
            (&answering, "/encoded.jpg", picture().field("Content-Encoding", "gzip")),
            (&answering, "/large.jpg", Answer::ok("x").announcing(1 << 40).then(End::Close)),
            (&answering, "/digest.jpg", picture()),
            (&broken, "/cut.jpg", picture().cut_at(10, End::Close)),
            (&broken, "/reset.jpg", picture().cut_at(0, End::Reset)),
            (&broken, "/raw.jpg", Answer::raw("usr-c4nary qry-c4nary\r\n\r\n")),
            (&slow, "/busy.jpg", Answer::status(503)),
            (&slow, "/silent.jpg", Answer::silence()),
            (&slow, "/repr.jpg", picture().field("Repr-Digest", &wrong)),
        ];
        let mut entries = Vec::new();
        for (server, path, answer) in answers {
            server.always_below(path, answer);
            entries.push(secret(&server.url(path)));
        }
        entries.push(entries[0].clone());
        entries.push(secret(&refusing.url("/refused.jpg")));
        // No name may be as long as that, so nobody is asked.
        entries.push(secret(&format!("http://{}.invalid/name.jpg", "n".repeat(70))));
        entries.extend(faulty_lines());
        let digest = entries.iter_mut().find(|entry| entry.contains("/digest.jpg")).expect("there is one");
        digest.push_str("\tsha256:");
        digest.push_str(&"0".repeat(64));
        Self { servers: vec![answering, broken, slow], _refusing: refusing, entries }
    }
}

/// Lines that are no entries, each for a reason of its own.
fn faulty_lines() -> Vec<String> {
    let long = format!("pwd-{}-c4nary", "x".repeat(300));
    vec![
        secret("ftp://localhost/x"),
        secret("http://localhost:99999/x"),
        secret("http://local host/x"),
        secret("http://localhost:0/x"),
        secret("http://localhost/\u{1}x"),
        secret("http://localhost/x") + "\tsha256:qq",
        "http://h/x.jpg?m=joe@example.com&k=qry-c4nary\tcaption".to_owned(),
        "http://h:99999/x?sig=abc@qry-c4nary".to_owned(),
        "ftp://h/x?m=a@b&k=qry-c4nary".to_owned(),
        "http:/usr-c4nary:pwd-c4nary@h/x?sig=qry-c4nary".to_owned(),
        "HTTPS:h/x#bare-c4nary".to_owned(),
        "http:h/x#://bare-c4nary&to=http://h".to_owned(),
        format!("http://usr:pwd-c4nary-{}@h/x", "x".repeat(70_000)),
        format!("http://usr-c4nary:{long}@localhost/\u{1}"),
        format!("http://usr-c4nary:{long}@localhost/{}", "x".repeat(70_000)),
        format!("http://usr-c4nary:{long}@localhost/{}?sig=qry-c4nary", "x".repeat(9_000)),
    ]
}

/// What a run of that world takes besides.
const OPTIONS: [&str; 8] = ["-c", "8", "--retries", "1", "--read-timeout", "1s", "--max-size", "1MiB"];

#[test]
fn no_secret_is_in_anything_that_a_run_prints_or_writes() {
    let (work, world) = (Workspace::new(), World::new());
    let list = work.list_of(&world.entries);
    let run = |more: &[&str]| {
        let run = work.flagdl(OPTIONS).arguments(HEADER).arguments(more.iter().copied());
        run.may_write("failed.txt").may_write("diff.ndjson").run()
    };
    for more in [
        &["-v", "--progress", "always", "--failed", "failed.txt", &list][..],
        &["--format", "ndjson", "--update", "--diff", "diff.ndjson", &list],
        &["-q", "--overwrite", &list],
        &["-v", "--robots", "--overwrite", "--dest", "downloads/robots", &list],
    ] {
        if more.contains(&"--robots") {
            world.servers[0].always("/robots.txt", Answer::ok("User-agent: *\nDisallow: /forbidden.jpg\n"));
            world.servers[1].always("/robots.txt", Answer::status(503));
            world.servers[2].always("/robots.txt", Answer::redirect(302, &secret("ftp://h/x")));
        }
        let told = run(more);
        told.expect_code(1);
        expect_silent(&told);
    }
    assert_eq!(fs::read(work.path("downloads/ok.jpg")).expect("it was saved"), jpeg("it"));
    assert!(work.read("failed.txt").contains("pwd-c4nary"), "its entries are as they were written");
    expect_clean("diff.ndjson", work.read("diff.ndjson").as_bytes());
    expect_clean_downloads(&work);
}

/// Makes sure that nothing in the folder for downloads holds a secret, flagdl's own folder in it included.
#[track_caller]
fn expect_clean_downloads(work: &Workspace) {
    expect_clean_folder(&work.path(DEST));
}

#[test]
fn no_secret_is_in_what_is_told_of_earlier_runs() {
    let (work, world) = (Workspace::new(), World::new());
    let list = work.list_of(&world.entries);
    expect_silent(&work.flagdl(OPTIONS).arguments(HEADER).arguments([&*list]).run());
    for more in [&["status"][..], &["status", &list], &["status", "--format", "ndjson", &list]] {
        expect_silent(&work.flagdl(more.iter().copied()).run());
    }
    fs::write(work.path("downloads/ok.jpg"), "damaged").expect("written");
    fs::remove_file(work.path("downloads/moved.jpg")).expect("it was saved");
    for more in [&["verify"][..], &["verify", "--format", "ndjson"], &["verify", "--repair", HEADER[0], HEADER[1]]] {
        let told = work.flagdl(more.iter().copied()).run();
        told.expect_code(1);
        expect_silent(&told);
    }
    expect_clean_downloads(&work);
}

#[test]
fn no_secret_is_in_the_ledger_and_its_log_while_a_run_goes_on() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/ok.jpg", Answer::ok(jpeg("ok")).field("ETag", "\"1\""));
    server.always_below("/gate.jpg", Answer::ok(jpeg("gate")).gated());
    let list = work.list_of(&[secret(&server.url("/ok.jpg")), secret(&server.url("/gate.jpg"))]);
    let run = work.flagdl(["-v", &list]).arguments(HEADER).start();
    let log = work.path(DEST).join(".flagdl/ledger.db-wal");
    let is_written = || fs::read(&log).is_ok_and(|bytes| bytes.windows(6).any(|window| window == b"ok.jpg"));
    for _ in 0..2000 {
        if is_written() {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    assert!(is_written(), "the log never has a row");
    expect_clean_downloads(&work);
    // The last words of a run that is stopped are the command to go on with.
    run.send(Signal::Interrupt);
    run.wait_for_err("1 request in flight");
    run.send(Signal::Interrupt);
    let told = run.wait();
    told.expect_code(130);
    expect_silent(&told);
    expect_clean_downloads(&work);
}

#[test]
fn a_url_behind_something_else_takes_its_password_to_nobody() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn"]);
    let url = secret("http://localhost/x.jpg");
    let list = work.list_of(&["cn".into(), format!("\"{url}\""), format!("\u{200b}{url}"), format!("{{1}} {url}")]);
    let told = work.flagdl(["-v", "-u", &server.url(""), &list]).run();
    told.expect_code(1).expect_summary("1 ok, 0 not found, 3 errors");
    told.expect_err("*** error for \"http://localhost/x.jpg?…: its URL has something before it");
    told.expect_err("(list.txt line 2)").expect_err("hint: remove");
    expect_silent(&told);
    assert_eq!(server.targets(), ["/cn.jpg"]);
    expect_clean_downloads(&work);
}

#[test]
fn no_secret_of_a_proxy_is_told_whatever_becomes_of_it() {
    let with_password = |url: &str| url.replacen("://", "://usr-c4nary:prx-c4nary@", 1);
    let (refusing, forbidding, good) = (Refusing::new(), Server::start(), Server::start());
    forbidding.always_below("http://", Answer::status(407));
    good.always_below("http://", Answer::ok(jpeg("cn")));
    for (proxy, code) in [(refusing.url(""), 1), (forbidding.url(""), 1), (good.url(""), 0)] {
        let proxy = with_password(&proxy);
        let work = Workspace::new();
        let list = work.list_of(&[secret("http://example.invalid/cn.jpg")]);
        let given = work.flagdl(["-v", "--retries", "0", "--proxy", &proxy, &list]).run();
        let found = work.flagdl(["-v", "--retries", "0", "--overwrite", &list]).env("http_proxy", &proxy).run();
        for told in [given, found] {
            told.expect_code(code);
            expect_silent(&told);
        }
        if code == 0 {
            assert_eq!(work.saved(), files(&["cn"]));
        }
        expect_clean_downloads(&work);
    }
}

#[test]
fn no_secret_is_repeated_by_an_error_about_what_was_typed() {
    let work = Workspace::new();
    let list = work.list(&["cn"]);
    let base = "http://usr-c4nary:pwd-c4nary@localhost";
    let template = format!("{base}/{{kode}}?sig=qry-c4nary");
    let url = secret("http://localhost/x");
    for wrong in [
        &["--base-url", "ftp://usr-c4nary:pwd-c4nary@localhost"][..],
        &["--base-url", "http://usr-c4nary:pwd-c4nary@local host/?sig=qry-c4nary"],
        &["--url-template", base],
        &["--url-template", &template],
        &["--proxy", "gopher://usr-c4nary:prx-c4nary@localhost"],
        &["--proxy", "http://usr-c4nary:prx-c4nary@local host"],
        &["-H", "X-Key hdr-c4nary"],
        &["-H", "X-Key: hdr\nc4nary"],
        &["-H", "X Key: hdr-c4nary"],
        &["-u", base, "--url-template", &template],
        &["--url-template", "http://localhost/{code}?k={c4nary}"],
        &["--failed", &url],
        &["--diff", &url],
        &["--cacert", &url],
        &["--http", &url],
        &["-c", &url],
        &[&format!("--insecure={url}")],
        &[&format!("--{url}")],
        &["--demo", &url],
        &["verify", &url],
        &["verify", &format!("--http={url}")],
        &["verify", "--repair", "--cacert", &url],
        &["status", "--failed", &url],
        &["status", &url],
    ] {
        let told = work.flagdl(wrong.iter().copied()).arguments([&*list]).run();
        told.expect_code(2);
        expect_silent(&told);
    }
    let told = work.flagdl([&*list]).env("FLAGDL_HTTP", &url).run();
    told.expect_code(2).expect_err("invalid value 'http://localhost/x?…' for '--http");
    expect_silent(&told);
    for arguments in [&["status", "--dest", &url][..], &["status", "--dest", &url, &list], &["verify", "--dest", &url]]
    {
        expect_silent(&work.flagdl(arguments.iter().copied()).run());
    }
    let told = work.flagdl(["verify", &url]).run();
    told.expect_err("error: unexpected argument 'http://localhost/x?…' found\n").expect_err("Usage: flagdl verify");
}
