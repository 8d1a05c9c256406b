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

/// What is answered to the question for the rest, and whether all of it has to be asked for then.
fn answers_to_a_range(body: &[u8], from: usize) -> Vec<(&'static str, Answer, bool)> {
    let size = body.len();
    let part = |first: usize, last: usize, total: usize, tag: &str| {
        let range = format!("bytes {first}-{last}/{total}");
        let bytes = &body[first.min(size)..(last + 1).min(size)];
        Answer::ok(bytes).with_status(206).field("Content-Range", &range).field("ETag", tag)
    };
    let tag = "\"1\"";
    let bare = Answer::ok(&body[from..]).with_status(206);
    let multipart = "multipart/byteranges; boundary=x";
    let unsatisfied = |total: usize| Answer::status(416).field("Content-Range", &format!("bytes */{total}"));
    vec![
        ("the rest", part(from, size - 1, size, tag), false),
        ("all of it", Answer::ok(body).field("ETag", tag), false),
        ("a byte before", part(from - 1, size - 1, size, tag), true),
        ("a byte after", part(from + 1, size - 1, size, tag), true),
        ("not to the end", part(from, size - 2, size, tag), true),
        ("of another size", part(from, size, size + 1, tag), true),
        ("of an unknown size", bare.clone().field("Content-Range", &format!("bytes {from}-{}/*", size - 1)), true),
        ("another version", part(from, size - 1, size, "\"2\""), true),
        ("a version that is much the same", part(from, size - 1, size, "W/\"1\""), true),
        ("no version", bare.clone().field("Content-Range", &format!("bytes {from}-{}/{size}", size - 1)), true),
        ("no range", bare.clone().field("ETag", tag), true),
        ("several ranges", bare.field("Content-Type", multipart).field("ETag", tag), true),
        ("nothing there", unsatisfied(size), true),
        ("nothing there, and we have all of it", unsatisfied(from), true),
    ]
}

#[test]
fn whatever_is_answered_to_a_question_for_the_rest_the_file_is_the_servers() {
    let (work, body) = (Workspace::new(), padded_jpeg("large", MIB + MIB / 2));
    let from = MIB + 7;
    for (what, answer, is_asked_again) in answers_to_a_range(&body, from) {
        let server = Server::start();
        let cut = Answer::ok(&*body).field("ETag", "\"1\"").cut_at(from, End::Close);
        let whole = is_asked_again.then(|| Answer::ok(&*body).field("ETag", "\"1\""));
        server.script("/a.jpg", [cut, answer].into_iter().chain(whole));
        let list = work.list(&["a"]);
        let told = work.flagdl(["--overwrite", "-u", &server.url(""), &list]).run();
        told.expect_code(0);
        assert!(work.saved().into_values().all(|saved| saved == body), "{what}: {told}");
    }
}
