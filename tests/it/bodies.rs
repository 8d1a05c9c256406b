//! Bodies: whole images, and all that pretends to be one.
//!
//! Promises: what is saved is one whole image that was received to its end; what is not is no file at all, has a
//! class of its own, and is only asked for again where another attempt could bring the rest.

use std::time::Duration;

use crate::{
    pictures::{PAGE, jpeg, noisy_png, padded_jpeg, png},
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
    let attempts = answers.len();
    let told = fetch(&work, answers);
    told.expect_code(0).expect_endings(&[("it", "ok")]);
    assert_eq!(told.entry("it")["attempts"], attempts, "{told}");
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
fn what_came_in_an_images_place_is_told_and_not_repeated() {
    let json = r#"{"error": "not found"}"#;
    for (body, said) in [(PAGE, "an HTML page, not an image"), (json.as_bytes(), "a JSON document, not an image")] {
        let work = Workspace::new();
        let told = fetch(&work, vec![Answer::ok(body)]);
        told.expect_err(&format!("*** error for it: {said} ("));
        assert_eq!(told.entry("it")["message"], said, "{told}");
        assert!(!told.to_string().contains("Nothing here") && !told.to_string().contains(json), "{told}");
    }
}

#[test]
fn an_svg_is_an_image_whatever_it_is_called() {
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><path d="M0 0h1v1z"/></svg>"#;
    expect_saved(vec![Answer::ok(*svg).field("Content-Type", "image/jpeg")], svg);
    expect_failed(vec![Answer::ok(&svg[..40])], "incomplete-image");
}

#[test]
fn an_empty_body_is_an_error_of_its_own() {
    expect_failed(vec![Answer::ok("")], "empty");
    expect_failed(vec![Answer::ok("").chunked()], "empty");
}

#[test]
fn an_empty_body_is_a_file_to_those_who_take_anything() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/it.jpg", [Answer::ok("")]);
    let (list, url) = (work.list(&["it"]), server.url(""));
    let options = ["--accept", "any", "-u", &url, &list];
    work.flagdl(options).run().expect_code(0).expect_summary("1 ok, 0 not found, 0 errors");
    assert_eq!(work.saved(), [("it.jpg".to_owned(), Vec::new())].into());
    work.flagdl(options).run().expect_code(0).expect_summary("0 ok, 0 not found, 0 errors, 1 skipped");
    work.flagdl(["verify"]).run().expect_code(0);
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
fn an_image_of_no_told_length_is_only_saved_whole_wherever_it_is_cut() {
    const STEP: usize = 100;
    let (work, server) = (Workspace::new(), Server::start());
    let picture = noisy_png(48);
    let cuts: Vec<_> = (0..picture.len()).step_by(STEP).collect();
    assert!(cuts.len() > 60, "{} bytes", picture.len());
    let code = |cut: usize| format!("c{cut}");
    for cut in &cuts {
        server.script(&format!("/{}.jpg", code(*cut)), [Answer::ok(&picture[..*cut]).without_length()]);
    }
    server.script("/whole.jpg", [Answer::ok(&*picture).without_length()]);
    let mut codes: Vec<_> = cuts.iter().map(|cut| code(*cut)).collect();
    codes.push("whole".to_owned());
    let list = work.list_of(&codes);
    let told = work.flagdl(["--retries", "0", "-u", &server.url(""), "--format", "ndjson", &list]).run();
    let ending = |code: &str| match code {
        "whole" => "ok",
        "c0" => "error empty",
        _ => "error incomplete-image",
    };
    let expected: Vec<_> = codes.iter().map(|code| (&**code, ending(code))).collect();
    told.expect_code(1).expect_endings(&expected);
    assert_eq!(work.saved(), [("whole.jpg".to_owned(), picture.clone())].into());
    // From then on its length is known, and more than that.
    work.flagdl(["verify"]).run().expect_code(0);
    let mut changed = picture;
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    work.file("downloads/whole.jpg", changed);
    work.flagdl(["verify"]).run().expect_code(1);
}

#[test]
fn an_image_that_would_be_huge_is_not_unpacked() {
    // 65,535 pixels each way; nobody has to look at them to see that the file is whole.
    let mut wide = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\xff\0\0\xff\xff\x08\x06\0\0\0\0\0\0\0".to_vec();
    wide.extend(b"\0\0\0\x02IDATxx\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82");
    expect_saved(vec![Answer::ok(&*wide)], &wide);
    // A hundred thousand frames of a screen's size, of one pixel each.
    let mut long = b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    for _ in 0..100_000 {
        long.extend(b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0");
    }
    long.push(b';');
    expect_saved(vec![Answer::ok(&*long)], &long);
}

#[test]
fn what_only_begins_as_an_image_or_is_a_program_is_none() {
    for (bytes, class) in [
        (&b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0"[..], "not-an-image"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0", "not-an-image"),
        (b"#!/bin/sh\nexit\n", "not-an-image"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "not-an-image"),
        (b"PK\x03\x04\x14\0\0\0\x08\0", "not-an-image"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "not-an-image"),
        // Text that is a program to a browser, behind the first bytes of an image.
        (b"GIF89a=1;alert(1)//", "not-an-image"),
        (b"\xff\xd8\xff<script>alert(1)</script>", "incomplete-image"),
    ] {
        expect_failed(vec![Answer::ok(bytes)], class);
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
fn a_chunk_of_no_valid_size_is_asked_for_again_and_then_an_error() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for size in ["FFFFFFFFFFFFFFFFF", "xyz", "-1"] {
        let work = Workspace::new();
        let told = fetch(&work, vec![Answer::raw(format!("{head}{size}\r\nabc\r\n"))]);
        assert_eq!((told.code, work.saved()), (Some(1), [].into()), "{size}: {told}");
        let picture = jpeg("it");
        let bad = Answer::raw(format!("{head}{size}\r\nabc\r\n"));
        expect_saved(vec![bad, Answer::ok(&*picture).chunked()], &picture);
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
    let stacked = ["gzip"; 50].join(", ");
    for encoding in ["gzip", "br", "deflate", "zstd", "x-unheard-of", "GZIP", "gzip, gzip", "identity, gzip", &stacked]
    {
        expect_failed(vec![Answer::ok(jpeg("it")).field("Content-Encoding", encoding)], "unexpected-encoding");
    }
    for coding in ["gzip, chunked", "gzip", "identity", "x-unheard-of, chunked", "chunked, chunked"] {
        // By whoever takes any bytes, these would be saved as they are.
        let picture = jpeg("it");
        let chunk = [format!("{:x}\r\n", picture.len()).as_bytes(), &picture, b"\r\n0\r\n\r\n"].concat();
        let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n");
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/it.jpg", [Answer::raw([head.as_bytes(), &chunk].concat())]);
        let (list, url) = (work.list(&["it"]), server.url(""));
        let told = work.flagdl(["--accept", "any", "--format", "ndjson", "-u", &url, &list]).run();
        told.expect_code(1).expect_endings(&[("it", "error unexpected-encoding")]);
        told.expect_err(&format!("unexpected transfer coding \"{coding}\""));
        assert_eq!(work.saved(), [].into());
    }
    let picture = jpeg("it");
    let identity = Answer::ok(&*picture).field("Content-Encoding", "identity");
    expect_saved(vec![identity.clone()], &picture);
    expect_failed(vec![identity.field("Content-Encoding", "gzip")], "unexpected-encoding");
}
