//! Checksums in lists and digests in answers: what does not hash to what was said never gets a name.
//!
//! Promises: the list's checksum is final, since another attempt gets the same file; the server's digest is not, since
//! what was changed on the way may come whole the next time. Nothing is left of what was refused.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256, Sha512};

use crate::{
    pictures::{PAGE, files, jpeg, padded_jpeg},
    server::{Answer, Server},
    workspace::{Told, Workspace},
};

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An entry with the checksum of these bytes.
fn checked(entry: &str, bytes: &[u8]) -> String {
    format!("{entry}\tsha256:{}", hex(bytes))
}

fn sha_256(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

fn sha_512(bytes: &[u8]) -> String {
    format!("sha-512=:{}:", STANDARD.encode(Sha512::digest(bytes)))
}

/// More than is kept in memory.
fn large(word: &str) -> Vec<u8> {
    padded_jpeg(word, 3_000_000)
}

fn run(work: &Workspace, server: &Server, entries: &[&str]) -> Told {
    let list = work.list(entries);
    work.flagdl(["--retries", "1", "--format", "ndjson", "-u", &server.url(""), &list]).run()
}

#[test]
fn what_hashes_to_the_lists_checksum_is_saved() {
    let (work, server) = (Workspace::new(), Server::start());
    let (large, url) = (large("large"), server.url("/in.jpg"));
    server.pictures(&["cn", "in"]).script("/large.jpg", [Answer::ok(&*large)]);
    let in_capitals = format!("cn \t SHA256:{}", hex(&jpeg("cn")).to_uppercase());
    let list = [in_capitals, checked(&url, &jpeg("in")), checked("large", &large)];
    run(&work, &server, &list.each_ref().map(String::as_str)).expect_code(0);
    let mut expected = files(&["cn", "in"]);
    expected.insert("large.jpg".into(), large);
    assert_eq!(work.saved(), expected);
}

#[test]
fn what_hashes_to_another_checksum_is_final_and_nothing_is_left_of_it() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn"]).script("/large.jpg", [Answer::ok(large("large"))]);
    let list = [checked("cn", b"another"), checked("large", b"another")];
    let told = run(&work, &server, &list.each_ref().map(String::as_str));
    told.expect_code(1).expect_endings(&[("cn", "error digest"), ("large", "error digest")]);
    assert_eq!(told.entry("cn")["attempts"], 1, "{told}");
    let message = format!("the file has the sha256 {}, the list says {}…", hex(&jpeg("cn")), &hex(b"another")[..12]);
    assert_eq!(told.entry("cn")["message"], message, "{told}");
    assert!(work.saved().is_empty());
}

#[test]
fn what_is_no_image_is_told_as_that_whatever_its_checksum() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/page.jpg", [Answer::ok(PAGE)]);
    let told = run(&work, &server, &[&checked("page", &jpeg("page"))]);
    told.expect_code(1).expect_endings(&[("page", "error not-an-image")]);
}

#[test]
fn a_broken_checksum_is_an_invalid_line_that_says_how_to_write_it() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["us"]);
    let told = run(&work, &server, &["cn\tsha256:123", "in\tmd5:d41d8cd98f00b204e9800998ecf8427e", "us"]);
    told.expect_code(1).expect_endings(&[("cn", "error invalid-line"), ("in", "error invalid-line"), ("us", "ok")]);
    told.expect_line(
        "*** error for in: checksum is not written as sha256: and 64 hexadecimal digits (list.txt line 2)",
    );
}

#[test]
fn a_body_that_is_not_what_the_server_says_is_asked_for_again_and_then_an_error() {
    for (word, large) in [("a", jpeg("a")), ("large", large("large"))] {
        for field in ["Repr-Digest", "Content-Digest"] {
            for (digest, algorithm) in [(sha_256(b"another"), "sha-256"), (sha_512(b"another"), "sha-512")] {
                let (work, server) = (Workspace::new(), Server::start());
                let answer = Answer::ok(&*large).field(field, &digest);
                server.script(&format!("/{word}.jpg"), [answer.clone(), answer]);
                let told = run(&work, &server, &[word]);
                told.expect_code(1).expect_endings(&[(word, "error digest")]);
                let message = format!("the body is not what the server's {field} says ({algorithm})");
                assert_eq!(told.entry(word)["message"], message, "{told}");
                assert!(work.saved().is_empty(), "{field} {digest}");
            }
        }
    }
}

#[test]
fn what_was_changed_on_the_way_comes_whole_the_next_time() {
    let (work, server) = (Workspace::new(), Server::start());
    let (small, large) = (jpeg("small"), large("large"));
    for (path, body, digest) in [("/small.jpg", &small, sha_256(&small)), ("/large.jpg", &large, sha_512(&large))] {
        let mut changed = body.clone();
        changed[body.len() / 2] ^= 1;
        server.script(path, [changed, body.clone()].map(|body| Answer::ok(body).field("Repr-Digest", &digest)));
    }
    let told = run(&work, &server, &["small", "large"]);
    told.expect_code(0);
    assert_eq!(told.entry("small")["attempts"], 2, "{told}");
    assert_eq!(work.saved(), [("small.jpg".to_owned(), small), ("large.jpg".to_owned(), large)].into());
}

#[test]
fn digests_that_cannot_be_checked_are_passed_over() {
    let (work, server) = (Workspace::new(), Server::start());
    let fields = [
        ("Repr-Digest", "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:, unixsum=:AAA=:".to_owned()),
        ("Content-Digest", format!("sha-256=nothing, {}", sha_512(&jpeg("f1")))),
        ("Digest", "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned()),
        ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==".to_owned()),
    ];
    let codes: Vec<_> = (0..fields.len()).map(|at| format!("f{at}")).collect();
    for (code, (field, value)) in codes.iter().zip(&fields) {
        server.script(&format!("/{code}.jpg"), [Answer::ok(jpeg(code)).field(field, value)]);
    }
    // A proxy that says that it has changed what it passes on.
    let proxied = Answer::ok(jpeg("proxied")).with_status(203).field("Repr-Digest", &sha_256(b"original"));
    server.script("/proxied.jpg", [proxied]);
    let mut list: Vec<_> = codes.iter().map(String::as_str).collect();
    list.push("proxied");
    run(&work, &server, &list).expect_code(0);
    assert_eq!(work.saved(), files(&list));
}

#[test]
fn a_checksum_that_the_file_here_does_not_have_fetches_it_again_and_another_only_asks_the_ledger() {
    let (work, server) = (Workspace::new(), Server::start());
    let (old, new) = (padded_jpeg("old", 2000), padded_jpeg("new", 2000));
    server.script("/a.jpg", [&old, &new, &new].map(|body| Answer::ok(&**body)));
    let ending = |list: &str| run(&work, &server, &[list]).entry("a")["outcome"].as_str().map(str::to_owned);
    for (list, outcome, here) in [
        ("a".to_owned(), "ok", &old),
        (checked("a", &old), "skipped", &old),
        (checked("a", &new), "ok", &new),
        (checked("a", &new), "skipped", &new),
        ("a".to_owned(), "skipped", &new),
        // The server has it no more; what is here stays.
        (checked("a", &old), "error", &new),
    ] {
        assert_eq!(ending(&list).as_deref(), Some(outcome), "{list}");
        assert_eq!(work.saved(), [("a.jpg".to_owned(), here.clone())].into(), "{list}");
    }
}

#[test]
fn a_status_calls_a_file_stale_that_is_not_what_the_list_wants() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn"]);
    run(&work, &server, &["cn"]).expect_code(0);
    for (entry, code, state) in [(checked("cn", &jpeg("cn")), 0, "here"), (checked("cn", b"another"), 1, "stale")] {
        let list = work.list(&[entry.as_str()]);
        let told = work.flagdl(["status", "--format", "ndjson", "-u", &server.url(""), &list]).run();
        told.expect_code(code);
        assert_eq!(told.objects()[0]["state"], state, "{told}");
    }
}

#[test]
fn the_same_url_is_a_duplicate_whatever_its_checksum() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["a"]);
    let list = work.list(&[&checked("a", &jpeg("a")), &checked("a", b"another"), "a"]);
    let told = work.flagdl(["-u", &server.url(""), &list]).run();
    told.expect_code(0).expect_summary("1 ok, 0 not found, 0 errors, 2 duplicate");
}

#[test]
fn the_list_of_what_failed_has_the_checksums_and_can_be_fed_back() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/a.jpg", [Answer::status(403), Answer::ok(jpeg("other")), Answer::ok(jpeg("a"))]);
    server.script("/b.jpg", [Answer::status(403), Answer::ok(jpeg("b"))]);
    let list = work.list(&[&checked("a", &jpeg("a")), "b", "c \tsha256:1"]);
    let run = |list: &str| {
        work.flagdl(["--failed", "again", "-u", &server.url(""), list]).may_write("again").run().expect_code(1);
        work.read("again")
    };
    let first = run(&list);
    let entries: Vec<_> = first.lines().filter(|line| !line.starts_with("# ")).collect();
    let faulty: Vec<_> = first.lines().skip_while(|line| !line.starts_with("# list.txt line 3: ")).skip(1).collect();
    assert!(faulty[0].starts_with("# c"), "what the line says stands below: {first}");
    let mut sorted = entries.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [&*checked("a", &jpeg("a")), "b"], "{first}");
    assert_eq!(run("again"), format!("{}\n", checked("a", &jpeg("a"))));
    work.flagdl(["-u", &server.url(""), "again"]).run().expect_code(0);
    assert_eq!(work.saved(), files(&["a", "b"]));
}
