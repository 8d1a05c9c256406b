//! Bodies: whole images, and all that pretends to be one.
//!
//! Promises: what is saved is one whole image that was received to its end; what is not is no file at all, has a
//! class of its own, and is only asked for again where another attempt could bring the rest.

use std::time::Duration;

use crate::{
    pictures::{PAGE, jpeg, padded_jpeg, png},
    server::{Answer, End, Server},
    workspace::{Told, Workspace},
};

/// Downloads what a server answers at `/it.jpg`, once for each answer.
fn fetch(work: &Workspace, answers: Vec<Answer>) -> Told {
    let server = Server::start();
    let retries = (answers.len() - 1).to_string();
    server.script("/it.jpg", answers);
    let list = work.list(&["it"]);
    work.flagdl(["--retries", &retries, "-u", &server.url(""), "--format", "ndjson", &list]).run()
}

#[track_caller]
fn expect_saved(answers: Vec<Answer>, expected: &[u8]) {
    let work = Workspace::new();
    fetch(&work, answers).expect_code(0).expect_endings(&[("it", "ok")]);
    assert_eq!(work.saved(), [("it.jpg".to_owned(), expected.to_vec())].into());
}

/// All answers are asked for, and in the end there is no file.
#[track_caller]
fn expect_failed(answers: Vec<Answer>, class: &str) {
    let work = Workspace::new();
    let attempts = answers.len();
    let told = fetch(&work, answers);
    told.expect_code(1).expect_endings(&[("it", &format!("error {class}"))]);
    assert_eq!(told.entry("it")["attempts"], attempts, "{told}");
    assert_eq!(work.saved(), [].into(), "no file, not even a part of one");
}

#[test]
fn an_image_is_saved_however_its_length_is_told() {
    let picture = jpeg("it");
    let whole = Answer::ok(&*picture);
    expect_saved(vec![whole.clone()], &picture);
    expect_saved(vec![whole.clone().chunked()], &picture);
    expect_saved(vec![whole.clone().without_length()], &picture);
    expect_saved(vec![whole.dripping(100, Duration::from_millis(2))], &picture);
}

#[test]
fn an_image_is_told_by_its_bytes_and_not_by_its_name_or_type() {
    let answer = Answer::ok(png("it")).field("Content-Type", "text/plain");
    expect_saved(vec![answer], &png("it"));
}

#[test]
fn a_large_image_is_saved_byte_for_byte() {
    let picture = padded_jpeg("it", 5_000_000);
    expect_saved(vec![Answer::ok(&*picture)], &picture);
    expect_saved(vec![Answer::ok(&*picture).chunked()], &picture);
}

#[test]
fn a_page_in_an_images_place_is_not_an_image() {
    for answer in [
        Answer::ok(PAGE),
        Answer::ok(PAGE).chunked().field("Content-Type", "image/jpeg"),
        Answer::ok("not found"),
        Answer::ok(r#"{"error": "not found"}"#),
        Answer::ok([0; 100]),
    ] {
        expect_failed(vec![answer], "not-an-image");
    }
}

#[test]
fn an_empty_body_is_an_error_of_its_own() {
    expect_failed(vec![Answer::ok("")], "empty");
    expect_failed(vec![Answer::ok("").chunked()], "empty");
}

#[test]
fn a_body_that_ends_early_is_asked_for_again() {
    let picture = padded_jpeg("it", 3000);
    let whole = Answer::ok(&*picture);
    for faulty in [
        whole.clone().cut_at(2000, End::Close),
        whole.clone().cut_at(2000, End::Reset),
        whole.clone().cut_at(0, End::Close),
        whole.clone().chunked().cut_at(2000, End::Close),
        whole.clone().announcing(3001).then(End::Close),
    ] {
        expect_saved(vec![faulty.clone(), whole.clone()], &picture);
        expect_failed(vec![faulty.clone(), faulty], "incomplete-body");
    }
}

#[test]
fn an_image_cut_short_is_asked_for_again_only_where_the_length_was_not_told() {
    let picture = padded_jpeg("it", 3000);
    let cut = Answer::ok(&picture[..2000]);
    expect_failed(vec![cut.clone()], "incomplete-image");
    let unmeasured = cut.without_length();
    expect_saved(vec![unmeasured.clone(), Answer::ok(&*picture)], &picture);
    expect_failed(vec![unmeasured.clone(), unmeasured], "incomplete-image");
}

#[test]
fn what_is_cut_into_an_image_of_no_told_length_never_gets_a_final_name() {
    let picture = png("it");
    for cut in (0..picture.len()).step_by(picture.len() / 12 + 1) {
        let work = Workspace::new();
        let told = fetch(&work, vec![Answer::ok(&picture[..cut]).without_length()]);
        assert_eq!((told.code, work.saved()), (Some(1), [].into()), "cut at {cut}: {told}");
    }
}

#[test]
fn what_is_not_http_is_a_protocol_error() {
    for raw in [
        "\x16\x03\x01\x02\x00\x01\x00\x01",
        "hello\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    ] {
        expect_failed(vec![Answer::raw(raw)], "protocol");
    }
}

#[test]
fn a_chunk_of_no_valid_size_is_an_error_and_no_file() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for size in ["FFFFFFFFFFFFFFFFF", "xyz", "-1"] {
        let work = Workspace::new();
        let told = fetch(&work, vec![Answer::raw(format!("{head}{size}\r\nabc\r\n"))]);
        assert_eq!((told.code, work.saved()), (Some(1), [].into()), "{size}: {told}");
    }
}

#[test]
fn a_connection_that_is_lost_before_an_answer_is_tried_again() {
    let picture = jpeg("it");
    for end in [End::Close, End::Reset] {
        let lost = Answer::raw("").then(end);
        expect_saved(vec![lost.clone(), Answer::ok(&*picture)], &picture);
        expect_failed(vec![lost.clone(), lost], "reset");
    }
}

#[test]
fn an_encoding_that_was_not_asked_for_is_refused() {
    for encoding in ["gzip", "br", "gzip, gzip", "identity, gzip"] {
        expect_failed(vec![Answer::ok(jpeg("it")).field("Content-Encoding", encoding)], "unexpected-encoding");
    }
    let picture = jpeg("it");
    expect_saved(vec![Answer::ok(&*picture).field("Content-Encoding", "identity")], &picture);
}
