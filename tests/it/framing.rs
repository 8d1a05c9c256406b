//! What a server says of lengths, encodings and statuses, and what it then does.
//!
//! Promises: of an answer that contradicts itself nothing is saved but one whole image, nothing of it gets into another
//! entry's file, and no such connection serves another request.

use std::time::Duration;

use crate::{
    pictures::{files, jpeg},
    server::{Answer, End, Server},
    workspace::{Told, Workspace},
};

const HEAD: &str = "HTTP/1.1 200 OK\r\n";

/// An answer that is written out, behind whose head comes a body.
fn written(fields: &str, body: &[u8]) -> Answer {
    Answer::raw([format!("{HEAD}{fields}\r\n").as_bytes(), body].concat())
}

/// What one answer to one entry comes to.
fn ending(work: &Workspace, answer: Answer, more: &[&str]) -> Told {
    let server = Server::start();
    server.always("/it.jpg", answer);
    let list = work.list(&["it"]);
    let options = ["--overwrite", "--retries", "0", "--format", "ndjson", "-u", &server.url(""), &list];
    work.flagdl(options).arguments(more.iter().copied()).run()
}

#[test]
fn what_comes_behind_a_body_is_nobodys_and_ends_its_connection() {
    let forged = jpeg("forged");
    let mut answer = format!("{HEAD}Content-Length: {}\r\n\r\n", forged.len()).into_bytes();
    answer.extend(forged);
    for behind in [&b"x"[..], b"\r\n\r\n", &answer] {
        let (work, server) = (Workspace::new(), Server::start());
        let body = [jpeg("cn"), behind.to_vec()].concat();
        let length = u64::try_from(jpeg("cn").len()).expect("small");
        server.script("/cn.jpg", [Answer::ok(body).announcing(length)]);
        // Whether the client learns of it before or after it has asked for the next one is up to the system.
        server.always("/in.jpg", Answer::ok(jpeg("in"))).pictures(&["us"]);
        let list = work.list(&["cn", "in", "us"]);
        let told = work.flagdl(["-c", "1", "-u", &server.url(""), &list]).run();
        told.expect_code(0);
        assert_eq!(work.saved(), files(&["cn", "in", "us"]));
        let connections: Vec<_> = server.arrivals().iter().map(|arrival| arrival.connection).collect();
        assert!(matches!(connections[..], [0, 1, 1] | [0, 0, 1, 1]), "{connections:?}: {told}");
    }
}

#[test]
fn a_body_in_chunks_ends_with_the_last_one_or_is_not_whole() {
    let (work, picture) = (Workspace::new(), jpeg("it"));
    let chunk = [format!("{:x}\r\n", picture.len()).as_bytes(), &picture, b"\r\n"].concat();
    let chunked = |rest: &[u8]| written("Transfer-Encoding: chunked\r\n", rest);
    let good = [&chunk, &b"0\r\n\r\n"[..]].concat();
    let with_extension =
        [format!("{:x};a=b;c=\"d\"\r\n", picture.len()).as_bytes(), &picture, b"\r\n0\r\n\r\n"].concat();
    let with_trailer = [&chunk, &b"0\r\nX-Trailer: a\r\n\r\n"[..]].concat();
    for whole in [good, with_extension, with_trailer] {
        ending(&work, chunked(&whole), &[]).expect_code(0);
        assert_eq!(work.saved()["it.jpg"], picture);
    }
    let work = Workspace::new();
    for (rest, class) in [
        (chunk.clone(), "incomplete-body"),
        ([&chunk, &b"0"[..]].concat(), "incomplete-body"),
        ([&chunk, &b"0\r\n"[..]].concat(), "incomplete-body"),
        ([&chunk, &b"xyz\r\n"[..]].concat(), "protocol"),
        ([&chunk, &b"-1\r\n"[..]].concat(), "protocol"),
        (b"FFFFFFFFFFFFFFFF\r\nabc".to_vec(), "incomplete-body"),
        (b"FFFFFFFFFFFFFFFFF\r\nabc".to_vec(), "protocol"),
        (b"3\r\nabcd\r\n0\r\n\r\n".to_vec(), "protocol"),
    ] {
        let told = ending(&work, chunked(&rest), &[]);
        told.expect_code(1).expect_endings(&[("it", &format!("error {class}"))]);
    }
    assert_eq!(work.saved(), [].into());
}

#[test]
fn lengths_that_contradict_each_other_or_are_none_are_an_error() {
    let (work, picture) = (Workspace::new(), jpeg("it"));
    let size = picture.len();
    for fields in [
        format!("Content-Length: {size}\r\nContent-Length: {}\r\n", size - 1),
        format!("Content-Length: {size}, {}\r\n", size - 1),
        "Content-Length: -1\r\n".to_owned(),
        format!("Content-Length: +{size}\r\n"),
        format!("Content-Length: 0x{size:x}\r\n"),
        "Content-Length: 18446744073709551616\r\n".to_owned(),
        "Content-Length: \r\n".to_owned(),
        format!("Content-Length : {size}\r\n"),
    ] {
        let told = ending(&work, written(&fields, &picture), &[]);
        told.expect_code(1).expect_endings(&[("it", "error protocol")]);
    }
    // Among the lengths that are some, the greatest is refused before anything of it is read.
    for (length, class) in [("18446744073709551615", "protocol"), ("1000000000000000", "too-large")] {
        let told = ending(&work, written(&format!("Content-Length: {length}\r\n"), &picture), &[]);
        told.expect_code(1).expect_endings(&[("it", &format!("error {class}"))]);
    }
    assert_eq!(work.saved(), [].into());
}

#[test]
fn a_length_beside_a_transfer_encoding_is_an_error_and_nothing_that_follows_is_believed() {
    let picture = jpeg("it");
    let half = picture.len() / 2;
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let chunks = [chunk(&picture[..half]), chunk(&picture[half..]), b"0\r\n\r\n".to_vec()].concat();
    let (length, coding) = (format!("Content-Length: {}\r\n", chunks.len()), "Transfer-Encoding: chunked\r\n");
    for fields in [format!("{length}{coding}"), format!("{coding}{length}"), format!("{coding}Content-Length: 5\r\n")] {
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/it.jpg", [written(&fields, &chunks).then(End::KeepAlive)]).pictures(&["cn"]);
        let list = work.list(&["it", "cn"]);
        let options = ["-c", "1", "--retries", "0", "--format", "ndjson", "-u", &server.url(""), &list];
        let told = work.flagdl(options).run();
        told.expect_code(1).expect_endings(&[("it", "error protocol"), ("cn", "ok")]);
        told.expect_err("both a transfer encoding and a content length");
        assert_eq!(work.saved(), files(&["cn"]));
        let connections: Vec<_> = server.arrivals().iter().map(|arrival| arrival.connection).collect();
        assert_eq!(connections, [0, 1], "{told}");
    }
    // Where the body is over before it is refused, what comes behind it ends the connection.
    let forged = jpeg("forged");
    let forged = [format!("{HEAD}Content-Length: {}\r\n\r\n", forged.len()).as_bytes(), &forged].concat();
    let behind = [&chunk(&picture), &b"0\r\n\r\n"[..], &forged].concat();
    let (work, server) = (Workspace::new(), Server::start());
    let fields = format!("Content-Length: {}\r\n{coding}", behind.len());
    server.script("/it.jpg", [written(&fields, &behind).then(End::KeepAlive)]);
    server.always("/cn.jpg", Answer::ok(jpeg("cn"))).pictures(&["in"]);
    let list = work.list(&["it", "cn", "in"]);
    let told = work.flagdl(["-c", "1", "--retries", "0", "-u", &server.url(""), &list]).run();
    told.expect_code(1).expect_summary("2 ok, 0 not found, 1 error");
    assert_eq!(work.saved(), files(&["cn", "in"]));
}

#[test]
fn what_is_no_answer_of_this_protocol_is_told_as_that() {
    let work = Workspace::new();
    for raw in [
        "<html><body>HTTP/0.9 knows no head</body></html>\n",
        "ICY 200 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "HTTP/3.0 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n",
        "\x15\x03\x01\x00\x02\x02\x28",
    ] {
        let told = ending(&work, Answer::raw(raw), &[]);
        told.expect_code(1).expect_endings(&[("it", "error protocol")]).expect_err("not a valid HTTP answer");
    }
    assert_eq!(work.saved(), [].into());
}

#[test]
fn answers_that_only_inform_are_passed_over() {
    let (work, picture) = (Workspace::new(), jpeg("it"));
    let inform = |status: u16| format!("HTTP/1.1 {status} Wait\r\nLink: </x>; rel=preload\r\n\r\n");
    let informing: String = (100..=199).filter(|status| *status != 101).map(inform).collect();
    let whole = format!("{HEAD}Content-Length: {}\r\n\r\n", picture.len());
    let answer = Answer::raw([informing.repeat(10).as_bytes(), whole.as_bytes(), &picture].concat());
    ending(&work, answer, &[]).expect_code(0);
    assert_eq!(work.saved(), files(&["it"]));
    // And nothing else comes of them.
    let told = ending(&work, Answer::raw(informing), &[]);
    told.expect_code(1).expect_endings(&[("it", "error reset")]);
    // But this one is the last of its protocol, and nobody has asked for another.
    let switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n";
    let told = ending(&work, Answer::raw([switching.as_bytes(), whole.as_bytes(), &picture].concat()), &[]);
    told.expect_code(1).expect_endings(&[("it", "error http-101")]);
}

#[test]
fn answers_that_only_inform_and_never_end_are_waited_for_no_longer_than_an_answer() {
    let work = Workspace::new();
    let flood = Answer::raw("").flooding("HTTP/1.1 100 Continue\r\n\r\n");
    let told = ending(&work, flood, &["--read-timeout", "500ms"]);
    told.expect_code(1).expect_endings(&[("it", "error timeout")]);
}

#[test]
fn a_head_that_trickles_has_to_come_whole_within_the_time_for_an_answer() {
    let work = Workspace::new();
    let trickle = Answer::raw(format!("{HEAD}X: {}", "y".repeat(1000))).dripping(1, Duration::from_millis(50));
    let told = ending(&work, trickle, &["--read-timeout", "500ms"]);
    told.expect_code(1).expect_endings(&[("it", "error timeout")]);
    assert!(told.elapsed >= Duration::from_millis(500) && told.elapsed < Duration::from_secs(20), "{told}");
}

#[test]
fn a_server_that_answers_before_it_was_asked_costs_no_entry() {
    let (work, server) = (Workspace::new(), Server::start());
    // What a server says that has waited too long; the client may or may not have sent its request by then.
    for _ in 0..2 {
        server.greet("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    }
    server.pictures(&["cn", "in"]);
    let list = work.list(&["cn", "in"]);
    work.flagdl(["-c", "2", "-u", &server.url(""), &list]).run().expect_code(0);
    assert_eq!(work.saved(), files(&["cn", "in"]));
}

#[test]
fn a_connection_that_says_something_while_nobody_asks_costs_no_entry() {
    let late = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    for said in [late, "\x15\x03\x01\x00\x02\x02\x28", "hello\r\n\r\n"] {
        // Before the first request, between two, and in the place of an answer to the second.
        for end in [None, Some(End::CloseLater(Duration::from_millis(10))), Some(End::CloseUnread)] {
            let (work, server) = (Workspace::new(), Server::start());
            let first = Answer::ok(jpeg("cn"));
            let first = match end {
                None => first,
                Some(end) => first.then(end).saying_at_last(said),
            };
            if end.is_none() {
                server.greet(said);
            }
            server.script("/cn.jpg", [first]).pictures(&["in"]);
            let list = work.list(&["cn", "in"]);
            let options = ["-c", "1", "--rate", "10/s", "--retries", "1", "-u", &server.url(""), &list];
            work.flagdl(options).run().expect_code(0).expect_summary("2 ok, 0 not found, 0 errors");
            assert_eq!(work.saved(), files(&["cn", "in"]), "{said:?}, {end:?}");
        }
    }
}

#[test]
fn a_request_that_is_lost_in_a_connection_that_closes_is_sent_again_at_no_cost() {
    const ENTRIES: usize = 50;
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("it")).then(End::CloseUnread));
    let list = work.list_of(&(0..ENTRIES).map(|number| format!("c{number}")).collect::<Vec<_>>());
    let options = ["-c", "1", "--retries", "0", "--format", "ndjson", "-u", &server.url(""), &list];
    let told = work.flagdl(options).run();
    let summary = told.expect_code(0).summary();
    assert_eq!((&summary["ok"], server.arrivals().len()), (&ENTRIES.into(), ENTRIES), "{told}");
    // The first of each two requests on a connection is answered and the second one is lost, but where so much time lies
    // between them that the connection was given up.
    let requests = summary["requests"].as_u64().and_then(|requests| usize::try_from(requests).ok());
    assert!(requests.is_some_and(|requests| requests > ENTRIES + ENTRIES / 2), "no race: {told}");
}

#[test]
fn connections_that_close_just_as_they_are_used_again_cost_no_entry() {
    const ENTRIES: usize = 75;
    // One starts each 10 ms.
    for pause in 8..=11 {
        let (work, server) = (Workspace::new(), Server::start());
        server.always_below("/", Answer::ok(jpeg("it")).then(End::CloseLater(Duration::from_millis(pause))));
        let list = work.list_of(&(0..ENTRIES).map(|number| format!("c{number}")).collect::<Vec<_>>());
        let options = ["-c", "1", "--rate", "100/s", "--retries", "0", "-u", &server.url(""), &list];
        work.flagdl(options).run().expect_code(0).expect_summary("75 ok, 0 not found, 0 errors");
        assert_eq!(server.arrivals().len(), ENTRIES);
    }
}
