//! What goes over the wire: headers, the program's name, the HTTP version, connections that are used again.
//!
//! What surprises: over TLS there is more to say of versions, in `encryption.rs`.

use crate::{
    server::{Answer, Server},
    ways::{ways, ways_and_short},
    workspace::Workspace,
};

#[test]
fn a_request_is_a_plain_get_that_says_who_asks() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn"]);
    let list = work.list(&["cn"]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    let arrival = server.only_arrival();
    assert_eq!((&*arrival.method, &*arrival.version), ("GET", "HTTP/1.1"));
    assert_eq!(arrival.field("host").map(str::to_owned), server.url("").strip_prefix("http://").map(str::to_owned));
    assert_eq!(arrival.field("accept-encoding"), Some("identity"));
    let name = arrival.field("user-agent").unwrap_or_default();
    let version = concat!("flagdl/", env!("CARGO_PKG_VERSION"), " (+http");
    assert!(name.starts_with(version) && name.ends_with(')'), "{name}");
    for absent in ["referer", "cookie", "authorization", "range", "if-none-match"] {
        assert_eq!(arrival.field(absent), None, "{absent}");
    }
}

#[test]
fn header_adds_to_each_request() {
    for way in ways_and_short("header", "-H", "X-Api-Key: a:b") {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["cn", "in"]);
        let list = work.list(&["cn", "in"]);
        work.flagdl(["-u", &server.url(""), &list]).with(&way).run().expect_code(0);
        for arrival in server.arrivals() {
            assert_eq!(arrival.field("x-api-key"), Some("a:b"), "{way:?}");
        }
    }
}

#[test]
fn headers_can_be_repeated_and_take_the_place_of_defaults() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn"]);
    let list = work.list(&["cn"]);
    let headers = ["-H", "X-One: 1", "-H", "X-Two:2", "-H", "X-One: 3", "-H", "Accept: image/png"];
    work.flagdl(["-u", &server.url(""), &list]).arguments(headers).run().expect_code(0);
    let fields = server.only_arrival().fields;
    let values = |name: &str| -> Vec<_> {
        fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
    };
    assert_eq!(values("x-one"), ["1", "3"]);
    assert_eq!(values("x-two"), ["2"]);
    assert_eq!(values("accept"), ["image/png"]);
}

#[test]
fn a_header_that_is_none_is_a_usage_error_that_does_not_repeat_it() {
    let work = Workspace::new();
    let list = work.list(&["cn"]);
    for header in ["s3cret", "bad name: s3cret", "X: s3cret\r\nY: z", ": s3cret"] {
        let told = work.flagdl(["-u", "http://127.0.0.1:1", "-H", header, &list]).run();
        told.expect_code(2).expect_err("header");
        assert!(!told.err.contains("s3cret"), "{told}");
    }
}

#[test]
fn user_agent_is_what_flagdl_calls_itself() {
    for way in ways("user-agent", "me/1.0 (you)") {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["cn"]);
        let list = work.list(&["cn"]);
        work.flagdl(["-u", &server.url(""), &list]).with(&way).run().expect_code(0);
        assert_eq!(server.only_arrival().field("user-agent"), Some("me/1.0 (you)"), "{way:?}");
    }
}

#[test]
fn connections_are_used_again() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["cn", "in", "us"]).script("/xx.jpg", [Answer::status(404)]);
    let list = work.list(&["cn", "xx", "in", "us"]);
    work.flagdl(["-c", "1", "-u", &server.url(""), &list]).run().expect_code(3);
    let connections: Vec<_> = server.arrivals().iter().map(|arrival| arrival.connection).collect();
    assert_eq!(connections, [0, 0, 0, 0]);
}

#[test]
fn http_can_be_held_to_one_version() {
    for way in ways("http", "1.1").iter().chain(&ways("http", "auto")) {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["cn"]);
        let list = work.list(&["cn"]);
        work.flagdl(["-u", &server.url(""), &list]).with(way).run().expect_code(0);
        assert_eq!(server.only_arrival().version, "HTTP/1.1", "{way:?}");
    }
    for way in ways("http", "2") {
        let (work, server) = (Workspace::new(), Server::start());
        // The client's preface, RFC 9113 §3.4; this server cannot go on from there.
        server.always("*", Answer::raw("HTTP/1.1 505 No\r\n\r\n"));
        let list = work.list(&["cn"]);
        let told = work.flagdl(["--retries", "0", "-u", &server.url(""), &list]).with(&way).run();
        told.expect_code(1);
        let arrival = server.only_arrival();
        assert_eq!((&*arrival.method, &*arrival.version), ("PRI", "HTTP/2.0"), "{way:?}");
    }
}
