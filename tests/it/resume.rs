//! A large body that is cut, with the real program: what is asked for then, and what is saved.

use crate::{
    pictures::padded_jpeg,
    server::{Answer, End, Server},
    workspace::Workspace,
};

const MIB: usize = 1 << 20;

/// The rest of a body from so many bytes on, as a server sends it that knows ranges.
fn rest(body: &[u8], from: usize, tag: &str) -> Answer {
    let range = format!("bytes {from}-{}/{}", body.len() - 1, body.len());
    Answer::ok(&body[from..]).with_status(206).field("Content-Range", &range).field("ETag", tag)
}

#[test]
fn the_rest_of_a_large_body_is_asked_for_and_the_file_is_whole() {
    let (work, server) = (Workspace::new(), Server::start());
    let body = padded_jpeg("large", 3 * MIB);
    let cut = Answer::ok(&*body).field("ETag", "\"1\"").cut_at(2 * MIB, End::Close);
    server.script("/a.jpg", [cut, rest(&body, 2 * MIB, "\"1\"")]);
    let list = work.list(&["a"]);
    work.flagdl(["-v", "-u", &server.url(""), &list])
        .run()
        .expect_code(0)
        .expect_summary("1 ok, 0 not found, 0 errors");
    let asked = &server.arrivals()[1];
    assert_eq!(asked.field("range"), Some(format!("bytes={}-", 2 * MIB).as_str()));
    assert_eq!(asked.field("if-range"), Some("\"1\""));
    assert_eq!(work.saved()["a.jpg"], body);
}

#[test]
fn a_part_of_another_version_is_not_put_together_with_what_came() {
    let (work, server) = (Workspace::new(), Server::start());
    let [old, new] = ["old", "new"].map(|word| padded_jpeg(word, 3 * MIB));
    let cut = Answer::ok(&*old).field("ETag", "\"1\"").cut_at(2 * MIB, End::Close);
    server.script("/a.jpg", [cut, rest(&new, 2 * MIB, "\"2\""), Answer::ok(&*new).field("ETag", "\"2\"")]);
    let list = work.list(&["a"]);
    let run = work.flagdl(["-v", "-u", &server.url(""), &list]).run();
    run.expect_code(0).expect_err("the server has not sent the rest of the file that was asked for");
    assert_eq!(server.arrivals()[2].field("range"), None);
    assert_eq!(work.saved()["a.jpg"], new);
}

#[test]
fn a_part_that_nobody_asked_for_is_an_error() {
    let (work, server) = (Workspace::new(), Server::start());
    let body = padded_jpeg("a", 2 * MIB);
    server.script("/a.jpg", [rest(&body, 0, "\"1\"")]);
    let list = work.list(&["a"]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(1).expect_err("206");
    assert!(work.saved().is_empty());
}
