//! The harness itself: it fails where it says that it does, and misbehaves as it says.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::{
    server::{Answer, End, Server},
    workspace::Workspace,
};

/// Sends a request for a path by hand.
fn ask(server: &Server, path: &str) -> TcpStream {
    let address = server.url("").replace("http://", "");
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket takes options");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").expect("the server reads");
    stream
}

/// All that comes until the end of the connection.
fn rest(mut stream: TcpStream) -> io::Result<String> {
    let mut text = String::new();
    stream.read_to_string(&mut text).map(|_| text)
}

#[test]
#[should_panic(expected = "/b: asked 1 times for 2 scripted answers")]
fn an_answer_that_nobody_asks_for_fails_the_test() {
    let server = Server::start();
    let answer = Answer::status(404).then(End::Close);
    server.script("/a", [answer.clone()]).script("/b", [answer.clone(), answer]);
    for path in ["/a", "/b"] {
        rest(ask(&server, path)).expect("an answer");
    }
}

#[test]
#[should_panic(expected = "no answer was left for [\"/b\"]")]
fn a_request_that_no_answer_is_left_for_fails_the_test() {
    let server = Server::start();
    server.script("/b", [Answer::status(404).then(End::Close)]);
    for _ in 0..2 {
        rest(ask(&server, "/b")).expect("an answer");
    }
}

#[test]
fn the_peak_counts_what_is_in_flight_together() {
    let server = Server::start();
    server.always("/", Answer::ok("x").gated().then(End::Close));
    let asked = [(), (), ()].map(|()| ask(&server, "/"));
    server.wait_for(3);
    server.release();
    for stream in asked {
        rest(stream).expect("an answer");
    }
    rest(ask(&server, "/")).expect("an answer");
    assert_eq!((server.peak(), server.arrivals().len()), (3, 4));
}

#[test]
fn an_answer_ends_as_it_is_told_to() {
    let server = Server::start();
    let answer = Answer::ok("12345");
    server.script("/close", [answer.clone().cut_at(3, End::Close)]);
    server.script("/reset", [answer.clone().cut_at(0, End::Reset)]);
    server.script("/chunked", [answer.clone().chunked().then(End::Close)]);
    server.script("/bare", [answer.without_length()]);
    let closed = rest(ask(&server, "/close")).expect("an end in good order");
    assert!(closed.contains("Content-Length: 5\r\n") && closed.ends_with("\r\n\r\n123"), "{closed}");
    let reset = rest(ask(&server, "/reset")).map_err(|error| error.kind());
    assert_eq!(reset, Err(io::ErrorKind::ConnectionReset));
    let chunked = rest(ask(&server, "/chunked")).expect("an end in good order");
    assert!(chunked.ends_with("\r\n\r\n5\r\n12345\r\n0\r\n\r\n"), "{chunked}");
    let bare = rest(ask(&server, "/bare")).expect("an end in good order");
    assert!(!bare.contains("Content-Length") && bare.ends_with("\r\n\r\n12345"), "{bare}");
}

#[test]
#[should_panic(expected = "something outside the destination has changed")]
fn a_change_outside_the_destination_fails_the_test() {
    let work = Workspace::new();
    let run = work.flagdl(["-u", "http://127.0.0.1:1", "-"]).open_input().start();
    work.file("downloads-of-others", "");
    run.wait();
}

#[test]
#[should_panic(expected = "parts of files are left")]
fn a_part_of_a_file_that_is_left_fails_the_test() {
    let work = Workspace::new();
    let run = work.flagdl(["-u", "http://127.0.0.1:1", "-"]).open_input().start();
    std::fs::create_dir_all(work.path("downloads/.flagdl")).expect("a folder");
    // No run gives this name, so no run takes it away.
    work.file("downloads/.flagdl/.fdl-x.part", "");
    run.wait();
}
