//! Redirects: followed by hand, five hops, and never to where the list's owner would not want to go.
//!
//! Promises: the file keeps the name that the list gives it; the user's own headers stay with the hosts of the list.

use crate::{
    pictures::{files, jpeg},
    server::{Answer, Arrival, Server},
    workspace::Workspace,
};

#[test]
fn each_kind_of_redirect_is_followed_and_the_name_stays_the_lists() {
    for status in [301, 302, 303, 307, 308] {
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/cn.jpg", [Answer::redirect(status, "/there/other.png?x=1")]);
        server.script("/there/other.png?x=1", [Answer::ok(jpeg("cn"))]);
        let list = work.list(&["cn"]);
        work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
        assert_eq!(work.saved(), files(&["cn"]), "{status}");
    }
}

#[test]
fn a_location_is_read_as_urls_are() {
    let (work, server, other) = (Workspace::new(), Server::start(), Server::start());
    server.script("/a/cn.jpg", [Answer::redirect(302, "b.jpg")]);
    server.script("/a/b.jpg", [Answer::redirect(302, "../c.jpg")]);
    let elsewhere = other.url("/d.jpg");
    server.script("/c.jpg", [Answer::redirect(302, elsewhere.trim_start_matches("http:"))]);
    // As many servers write it, with UTF-8 that is not encoded.
    other.script("/d.jpg", [Answer::redirect(302, "/é.jpg")]);
    other.script("/%C3%A9.jpg", [Answer::ok(jpeg("cn"))]);
    let list = work.list(&["cn"]);
    work.flagdl(["-u", &server.url("/a"), &list]).run().expect_code(0);
    assert_eq!(work.saved(), files(&["cn"]));
}

#[test]
fn five_hops_are_followed_and_not_a_sixth() {
    for (hops, code) in [(5, 0), (6, 1)] {
        let (work, server) = (Workspace::new(), Server::start());
        for hop in 0..hops {
            server.always(&format!("/{hop}.jpg"), Answer::redirect(302, &format!("/{}.jpg", hop + 1)));
        }
        if hops == 5 {
            server.script("/5.jpg", [Answer::ok(jpeg("0"))]);
        }
        let list = work.list(&["0"]);
        let told = work.flagdl(["--format", "ndjson", "-u", &server.url(""), &list]).run();
        told.expect_code(code);
        assert_eq!(server.arrivals().len(), 6, "{told}");
        if code == 1 {
            told.expect_endings(&[("0", "error redirect")]);
            let chain: Vec<_> = (1..=6).map(|hop| server.url(&format!("/{hop}.jpg"))).collect();
            told.expect_err(&format!("more than 5 redirects: {}", chain.join(" → ")));
        }
    }
}

#[test]
fn a_link_that_grows_with_each_hop_ends_as_one_short_line() {
    let (work, server) = (Workspace::new(), Server::start());
    // Each location is as long as one may be, and each link is longer than the one before.
    let location = format!("?{}", "é".repeat(1300));
    server.always_below("/cn.jpg", Answer::redirect(302, &format!("cn.jpg/{location}")));
    let list = work.list(&["cn"]);
    let told = work.flagdl(["--format", "ndjson", "-u", &server.url(""), &list]).run();
    told.expect_code(1).expect_endings(&[("cn", "error redirect")]);
    assert_eq!(server.arrivals().len(), 6, "{told}");
    assert!(told.err.len() < 2000, "{told}");
    let too_long = format!("/{}", "é".repeat(3000));
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/cn.jpg", [Answer::redirect(302, &too_long)]);
    let list = work.list(&["cn"]);
    let told = work.flagdl(["-u", &server.url(""), &list]).run();
    told.expect_code(1).expect_err("redirect refused: longer than 8192 bytes");
    assert!(work.saved().is_empty(), "{told}");
}

#[test]
fn a_location_that_breaks_the_rules_of_header_fields_leads_nowhere() {
    let raw = |location: &[u8]| {
        let head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ";
        Answer::raw([&head[..], location, b"\r\n\r\n"].concat())
    };
    let long = [b"/".to_vec(), vec![b'x'; 1 << 20]].concat();
    for (location, class) in [
        (&b"/a\x00b.jpg"[..], "protocol"),
        (b"/a\x01b.jpg", "protocol"),
        (b"/a\x7fb.jpg", "protocol"),
        (b"/a\rb.jpg", "protocol"),
        (b"/a\r\n /b.jpg", "protocol"),
        (b"/\xff.jpg", "redirect"),
        (b"", "redirect"),
        (b" \t", "redirect"),
        (&long, "protocol"),
    ] {
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/cn.jpg", [raw(location)]);
        let list = work.list(&["cn"]);
        let told = work.flagdl(["--retries", "0", "--format", "ndjson", "-u", &server.url(""), &list]).run();
        told.expect_code(1).expect_endings(&[("cn", &format!("error {class}"))]);
        assert!(work.saved().is_empty(), "{told}");
    }
}

#[test]
fn a_line_end_that_is_encoded_in_a_location_stays_so() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/cn.jpg", [Answer::redirect(302, "/x%0d%0aX-Smuggled:%201\t.jpg")]);
    server.script("/x%0d%0aX-Smuggled:%201.jpg", [Answer::ok(jpeg("cn"))]);
    let list = work.list(&["cn"]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    assert!(server.arrivals().iter().all(|arrival| arrival.field("x-smuggled").is_none()));
}

#[test]
fn no_netrc_no_cookie_and_no_referer_goes_into_any_request() {
    let (work, server) = (Workspace::new(), Server::start());
    let netrc = work.file(".netrc", "machine 127.0.0.1 login user password pa55\ndefault login user password pa55\n");
    server.script("/cn.jpg", [Answer::redirect(302, "/there.jpg?key=s3cret").field("Set-Cookie", "a=1; Path=/")]);
    server.script("/there.jpg?key=s3cret", [Answer::redirect(302, "/end.jpg").field("Set-Cookie", "b=2; Path=/")]);
    server.script("/end.jpg", [Answer::ok(jpeg("cn"))]);
    server.pictures(&["in"]);
    let list = work.list(&["cn", "in"]);
    let home = netrc.trim_end_matches("/.netrc");
    let run = work.flagdl(["-c", "1", "-u", &server.url("/"), &list]);
    run.env("HOME", home).env("NETRC", &netrc).run().expect_code(0);
    assert_eq!(server.arrivals().len(), 4);
    server.arrivals().iter().for_each(expect_no_headers);
}

#[test]
fn a_loop_ends_and_is_not_tried_again() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always("/cn.jpg", Answer::redirect(302, "/cn.jpg"));
    let list = work.list(&["cn"]);
    let told = work.flagdl(["--format", "ndjson", "-u", &server.url(""), &list]).run();
    told.expect_code(1).expect_endings(&[("cn", "error redirect")]);
    assert_eq!(server.arrivals().len(), 6, "{told}");
}

#[test]
fn a_redirect_to_nowhere_or_to_another_scheme_is_refused() {
    let long = format!("/{}", "x".repeat(9000));
    for location in [
        "ftp://127.0.0.1/x.jpg",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "http://",
        "http://[",
        &long,
    ] {
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/cn.jpg", [Answer::redirect(302, location)]);
        let list = work.list(&["cn"]);
        let told = work.flagdl(["--format", "ndjson", "-u", &server.url(""), &list]).run();
        told.expect_code(1).expect_endings(&[("cn", "error redirect")]);
        assert!(work.saved().is_empty(), "{told}");
    }
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/cn.jpg", [Answer::status(302)]);
    let list = work.list(&["cn"]);
    let told = work.flagdl(["--format", "ndjson", "-u", &server.url(""), &list]).run();
    told.expect_code(1).expect_endings(&[("cn", "error redirect")]);
    assert!(work.saved().is_empty(), "{told}");
}

#[test]
fn a_redirect_to_another_port_leaves_the_users_headers_behind() {
    let (server, other) = (Server::start(), Server::start());
    other.script("/there.jpg", [Answer::ok(jpeg("cn"))]);
    expect_headers_left_behind(&server, &other.url("/there.jpg"));
    expect_no_headers(&other.only_arrival());
}

#[test]
fn a_redirect_to_another_host_leaves_the_users_headers_behind() {
    let server = Server::start();
    server.script("/there.jpg", [Answer::ok(jpeg("cn"))]);
    expect_headers_left_behind(&server, &server.url_by_name("/there.jpg"));
    expect_no_headers(server.arrivals().last().expect("there were some"));
}

const HEADERS: [&str; 3] = ["X-Api-Key: k", "Authorization: Bearer t", "Cookie: c=1"];

/// Downloads what redirects within its own host first, and then to another; the first two get the headers.
fn expect_headers_left_behind(server: &Server, there: &str) {
    let work = Workspace::new();
    server.script("/cn.jpg", [Answer::redirect(302, "/here.jpg")]);
    server.script("/here.jpg", [Answer::redirect(302, there)]);
    let list = work.list(&["cn"]);
    let headers = HEADERS.iter().flat_map(|header| ["-H", header]);
    work.flagdl(["-u", &server.url(""), &list]).arguments(headers).run().expect_code(0);
    for arrival in &server.arrivals()[..2] {
        for name in ["x-api-key", "authorization", "cookie"] {
            assert!(arrival.field(name).is_some(), "{name} is missing: {arrival:?}");
        }
    }
}

fn expect_no_headers(arrival: &Arrival) {
    for name in ["x-api-key", "authorization", "cookie", "referer"] {
        assert_eq!(arrival.field(name), None, "{name} was sent: {arrival:?}");
    }
}

#[test]
fn the_password_in_an_entry_stays_with_its_host() {
    let (work, server, other) = (Workspace::new(), Server::start(), Server::start());
    server.script("/cn.jpg", [Answer::redirect(302, &other.url("/there.jpg"))]);
    other.script("/there.jpg", [Answer::ok(jpeg("cn"))]);
    let list = work.list(&[&server.url("/cn.jpg").replace("http://", "http://user:password@")]);
    work.flagdl([&*list]).run().expect_code(0);
    assert_eq!(server.only_arrival().field("authorization"), Some("Basic dXNlcjpwYXNzd29yZA=="));
    assert_eq!(other.only_arrival().field("authorization"), None);
    assert_eq!(other.only_arrival().field("referer"), None);
}

#[test]
fn after_a_failure_behind_a_redirect_the_next_attempt_starts_where_the_list_says() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/cn.jpg", [Answer::redirect(302, "/bad.jpg"), Answer::redirect(302, "/good.jpg")]);
    server.script("/bad.jpg", [Answer::status(503)]);
    server.script("/good.jpg", [Answer::ok(jpeg("cn"))]);
    let list = work.list(&["cn"]);
    let told = work.flagdl(["--format", "ndjson", "-u", &server.url(""), &list]).run();
    told.expect_code(0);
    assert_eq!(told.entry("cn")["attempts"], 2, "redirects are no attempts: {told}");
    assert_eq!(told.summary()["requests"], 4, "but requests they are: {told}");
}
