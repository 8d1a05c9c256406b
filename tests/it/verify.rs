//! `flagdl verify`: what has become of files since they were saved is found, and mended if that is asked for.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::{
    pictures::{files, jpeg, padded_jpeg},
    server::{Answer, Server},
    ways::switch,
    workspace::{Signal, Told, Workspace},
};

const CODES: [&str; 7] = ["flipped", "cut", "gone", "emptied", "this", "that", "fine"];

/// A folder with a picture of each code, from a server that has each so many times.
fn mirror(times: usize) -> (Workspace, Server) {
    let (work, server) = (Workspace::new(), Server::start());
    for code in CODES {
        let times = if code == "fine" { 1 } else { times };
        server.script(&format!("/{code}.jpg"), vec![Answer::ok(jpeg(code)); times]);
    }
    let list = work.list(&CODES);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    (work, server)
}

fn file(work: &Workspace, code: &str) -> std::path::PathBuf {
    work.path(&format!("downloads/{code}.jpg"))
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("written");
}

/// What can happen to files.
fn damage(work: &Workspace) {
    flip(&file(work, "flipped"));
    fs::write(file(work, "cut"), &jpeg("cut")[..100]).expect("written");
    fs::remove_file(file(work, "gone")).expect("it was there");
    fs::write(file(work, "emptied"), "").expect("written");
    let swapped = work.path("downloads/swapped");
    fs::rename(file(work, "this"), &swapped).expect("renamed");
    fs::rename(file(work, "that"), file(work, "this")).expect("renamed");
    fs::rename(swapped, file(work, "that")).expect("renamed");
}

#[test]
fn every_kind_of_damage_is_named_with_the_url_and_nothing_is_changed() {
    for way in switch("full") {
        let (work, server) = mirror(1);
        work.flagdl(["verify"]).with(&way).run().expect_code(0).expect_summary("7 whole, 0 damaged, 0 missing");
        damage(&work);
        let before = work.saved();
        let told = work.flagdl(["verify"]).with(&way).run();
        told.expect_code(1).expect_summary("1 whole, 5 damaged, 1 missing");
        let size = |code: &str| jpeg(code).len();
        for (code, what) in [
            ("flipped", "its contents have changed".to_owned()),
            ("cut", format!("100 bytes, and it had {}", size("cut"))),
            ("gone", "the file is missing".to_owned()),
            ("emptied", format!("0 bytes, and it had {}", size("emptied"))),
        ] {
            told.expect_line(&format!("*** {code}.jpg: {what} ({})", server.url(&format!("/{code}.jpg"))));
        }
        for code in ["this", "that"] {
            told.expect_err(&format!("*** {code}.jpg: "));
        }
        assert_eq!((work.saved(), server.arrivals().len()), (before, CODES.len()));
    }
}

#[test]
fn quick_finds_what_is_missing_or_has_another_size_or_end() {
    for way in switch("quick") {
        let (work, _server) = mirror(1);
        flip(&file(&work, "flipped"));
        fs::write(file(&work, "cut"), &jpeg("cut")[..100]).expect("written");
        fs::remove_file(file(&work, "gone")).expect("it was there");
        fs::write(file(&work, "emptied"), "").expect("written");
        fs::write(file(&work, "this"), vec![0; jpeg("this").len()]).expect("written");
        let told = work.flagdl(["verify"]).with(&way).run();
        told.expect_code(1).expect_summary("3 whole, 3 damaged, 1 missing").expect_line("damaged: 2 size, 1 image");
        assert!(!told.err.contains("flipped"), "quick reads no contents: {told}");
    }
}

#[test]
fn of_quick_and_full_the_typed_one_holds_and_two_are_refused() {
    let (work, _server) = mirror(1);
    flip(&file(&work, "flipped"));
    work.flagdl(["verify", "--full"]).env("FLAGDL_QUICK", "1").run().expect_code(1);
    work.flagdl(["verify", "--quick"]).env("FLAGDL_FULL", "1").run().expect_code(0);
    let told = work.flagdl(["verify", "--quick", "--full"]).run();
    told.expect_code(2).expect_err("--full and --quick exclude each other").expect_err("flagdl verify [OPTIONS]");
}

#[test]
fn repair_mends_every_kind_of_damage_and_fetches_nothing_else() {
    for way in switch("repair") {
        let (work, server) = mirror(2);
        damage(&work);
        let told = work.flagdl(["verify", "-v"]).with(&way).run();
        told.expect_code(0).expect_summary("6 ok, 0 not found, 0 errors").expect_line("flipped is ok");
        assert!(told.out.starts_with("1 whole, 5 damaged, 1 missing in "), "{told}");
        assert_eq!((work.saved(), server.arrivals().len()), (files(&CODES), 2 * CODES.len() - 1));
        let told = work.flagdl(["verify"]).with(&way).run();
        told.expect_code(0).expect_summary("7 whole, 0 damaged, 0 missing");
        // To the next run all is as if nothing had happened.
        let told = work.flagdl(["-u", &server.url(""), "list.txt"]).run();
        told.expect_code(0).expect_summary("0 ok, 0 not found, 0 errors, 7 skipped");
    }
}

#[test]
fn a_repair_is_as_polite_as_a_download() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("it")).after(Duration::from_millis(30)));
    let list = work.list(&["a", "b", "c", "d"]);
    let url = server.url("");
    work.flagdl(["-c", "1", "-u", &url, &list]).run().expect_code(0);
    for code in ["a", "b", "c", "d"] {
        flip(&file(&work, code));
    }
    let options = ["-c", "8", "--per-host", "1", "-H", "X-Key: secret"];
    work.flagdl(["verify", "--repair"]).arguments(options).run().expect_code(0);
    let repaired = server.arrivals().split_off(4);
    assert!(repaired.len() == 4 && repaired.iter().all(|arrival| arrival.field("x-key") == Some("secret")));
    assert_eq!(server.peak(), 1, "one to a host");
}

#[test]
fn what_cannot_be_fetched_again_counts_as_missing_until_it_is_and_is_removed_only_if_it_is_broken() {
    let (work, server) = (Workspace::new(), Server::start());
    let down = || Answer::status(500);
    server.script("/a.jpg", [Answer::ok(jpeg("a")), down(), down(), Answer::ok(jpeg("a"))]);
    server.script("/b.jpg", [Answer::ok(jpeg("b")), down(), down(), Answer::ok(jpeg("b"))]);
    let list = work.list(&["a", "b"]);
    let one = work.file("one.txt", "a\n");
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    flip(&file(&work, "a"));
    fs::write(file(&work, "b"), &jpeg("b")[..100]).expect("written");
    for counts in ["0 whole, 2 damaged, 0 missing in ", "0 whole, 0 damaged, 2 missing in "] {
        let told = work.flagdl(["verify", "--repair", "--retries", "0"]).run();
        told.expect_code(1).expect_err("*** error for a: the server answered 500");
        assert!(told.out.starts_with(counts), "{told}");
        assert_eq!(work.saved_names(), ["a.jpg"], "what is no image any more is not left under its name");
    }
    work.flagdl(["verify"]).run().expect_code(1).expect_summary("0 whole, 0 damaged, 2 missing");
    work.flagdl(["-u", &server.url(""), &one]).run().expect_code(0).expect_summary("1 ok, 0 not found, 0 errors");
    work.flagdl(["verify", "--repair"]).run().expect_code(0).expect_summary("1 ok, 0 not found, 0 errors");
    assert_eq!(work.saved(), files(&["a", "b"]));
}

#[test]
fn what_its_server_has_no_more_is_not_mended_and_then_settled() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/a.jpg", [Answer::ok(jpeg("a")), Answer::status(404)]);
    let list = work.list(&["a"]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    flip(&file(&work, "a"));
    work.flagdl(["verify", "--repair"]).run().expect_code(1).expect_summary("0 ok, 1 not found, 0 errors");
    work.flagdl(["verify"]).run().expect_code(0).expect_summary("0 whole, 0 damaged, 0 missing");
}

#[test]
fn a_url_with_secrets_is_told_and_fetched_by_the_next_run_with_its_list() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/a.jpg?key=secret", [Answer::ok(jpeg("a")), Answer::ok(jpeg("a"))]);
    let list = work.list(&[&server.url("/a.jpg?key=secret")]);
    work.flagdl([list.as_str()]).run().expect_code(0);
    flip(&file(&work, "a"));
    let told = work.flagdl(["verify", "--repair", "--format", "ndjson"]).run();
    told.expect_code(1).expect_line(&format!(
        "*** error for {}: the ledger keeps no secrets, and its URL has some (hint: run flagdl with the list that it \
         came from)",
        server.url("/a.jpg?…")
    ));
    assert_eq!(told.entries()[0]["class"], "secret-url", "{told}");
    assert!(!told.out.contains("=secret") && !told.err.contains("=secret"), "{told}");
    assert!(work.saved().len() == 1 && server.arrivals().len() == 1, "nothing is asked without the secret");
    work.flagdl([list.as_str()]).run().expect_code(0).expect_summary("1 ok, 0 not found, 0 errors");
    work.flagdl(["verify"]).run().expect_code(0);
}

#[test]
fn ndjson_has_an_object_a_bad_file_and_the_counts() {
    let (work, server) = (Workspace::new(), Server::start());
    for code in ["flipped", "gone"] {
        server.script(&format!("/{code}.jpg"), vec![Answer::ok(jpeg(code)); 2]);
    }
    server.pictures(&["fine"]);
    let list = work.list(&["flipped", "gone", "fine"]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    flip(&file(&work, "flipped"));
    fs::remove_file(file(&work, "gone")).expect("it was there");
    let told = work.flagdl(["verify", "--format", "ndjson"]).run();
    told.expect_code(1);
    let mut objects = told.objects();
    assert_eq!(objects[0]["schema"], 1, "{told}");
    objects.sort_by_key(|object| object["path"].to_string());
    let shown: Vec<_> = objects.iter().map(|object| object["class"].as_str().unwrap_or("-")).collect();
    assert_eq!(shown, ["contents", "missing", "-"], "{told}");
    let flipped = &objects[0];
    assert_eq!(
        (&flipped["event"], &flipped["path"], &flipped["entry"]),
        (&"file".into(), &"flipped.jpg".into(), &"flipped".into())
    );
    assert_eq!(
        (&flipped["url"], &flipped["message"]),
        (&server.url("/flipped.jpg").into(), &"its contents have changed".into())
    );
    let summary = told.summary();
    let counts = ["files", "whole", "damaged", "missing"].map(|count| summary[count].as_u64());
    assert_eq!((counts, &summary["complete"]), ([Some(3), Some(1), Some(1), Some(1)], &true.into()), "{told}");
    // A repair goes on with the objects of a download.
    let mended = work.flagdl(["verify", "--repair", "--format", "ndjson"]).run();
    mended.expect_code(0).expect_endings(&[("flipped", "ok"), ("gone", "ok")]);
    let schemas = mended.objects().iter().filter(|object| !object["schema"].is_null()).count();
    assert_eq!((schemas, &mended.summary()["ok"]), (1, &2.into()), "{mended}");
    let events = |told: &Told| told.objects().iter().map(|object| object["event"].clone()).collect::<Vec<_>>();
    assert_eq!(events(&mended), ["file", "file", "verification", "entry", "entry", "summary"], "{mended}");
    assert!(mended.entries().iter().all(|entry| entry["line"].is_null()), "there is no list: {mended}");
    // With nothing to repair the verification's is the summary.
    let whole = work.flagdl(["verify", "--repair", "--format", "ndjson"]).run();
    assert_eq!((events(&whole), &whole.summary()["whole"]), (vec!["summary".into()], &3.into()), "{whole}");
}

#[test]
fn quiet_says_only_what_is_bad() {
    let (work, _server) = mirror(1);
    let told = work.flagdl(["verify", "-q"]).run();
    assert_eq!((told.out.as_str(), told.err.as_str()), ("", ""));
    fs::remove_file(file(&work, "gone")).expect("it was there");
    let told = work.flagdl(["verify", "-q"]).run();
    assert_eq!((told.out.as_str(), told.err.lines().count()), ("", 1), "{told}");
}

#[test]
fn progress_always_shows_how_far_it_is() {
    let (work, _server) = mirror(1);
    let told = work.flagdl(["verify", "--progress", "always"]).run();
    told.expect_code(0).expect_err(" whole, 0 bad | ");
}

#[test]
fn without_a_ledger_it_is_a_usage_error_and_none_is_made() {
    let work = Workspace::new();
    for folder in ["nowhere", "."] {
        let told = work.flagdl(["verify", "-d", folder]).run();
        told.expect_code(2).expect_err(&format!("no ledger in {folder}, so nothing is known of its files\nhint: "));
    }
}

#[test]
fn while_a_run_goes_on_nothing_is_verified() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/a.jpg", [Answer::ok(jpeg("a")).gated()]);
    let list = work.list(&["a"]);
    let run = work.flagdl(["-u", &server.url(""), &list]).start();
    server.wait_for(1);
    let told = work.flagdl(["verify"]).run();
    told.expect_code(4).expect_err(&format!("another flagdl (process {}) is at work in downloads", run.pid()));
    server.release();
    run.wait().expect_code(0);
}

#[test]
fn while_files_are_verified_no_run_goes_on_and_a_signal_ends_it_at_once() {
    let (work, server) = (Workspace::aside(), Server::start());
    server.script("/a.jpg", [Answer::ok(padded_jpeg("a", 5000))]);
    let list = work.list(&["a"]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    // A file that takes minutes to be read, and no room on the disk.
    let size = 64_u64 << 30;
    fs::File::options().write(true).open(file(&work, "a")).expect("a file").set_len(size).expect("made longer");
    let ledger = Connection::open(work.path("downloads/.flagdl/ledger.db")).expect("a database");
    ledger.execute("update entry set bytes = ?1", [size]).expect("noted");
    drop(ledger);
    let verify = work.flagdl(["verify"]).start();
    let begun = Instant::now();
    while fs::read_to_string(work.path("downloads/.flagdl/lock")).ok().as_deref()
        != Some(&format!("{}\n", verify.pid()))
    {
        assert!(begun.elapsed() < Duration::from_secs(20), "the folder is not held");
        std::thread::sleep(Duration::from_millis(10));
    }
    let told = work.flagdl(["-u", &server.url(""), &list]).run();
    told.expect_code(4).expect_err(&format!("another flagdl (process {}) is at work in downloads", verify.pid()));
    verify.send(Signal::Interrupt);
    let told = verify.wait();
    told.expect_code(130).expect_summary("0 whole, 0 damaged, 0 missing");
    assert!(told.out.ends_with("; not all files were looked at\n"), "{told}");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_verified_without_being_held() {
    let (work, _server) = mirror(1);
    fs::remove_file(file(&work, "gone")).expect("it was there");
    // Permissions mean nothing to root, who may make the folder a medium for reading only instead.
    let only_readable = "mount --bind downloads downloads && mount -o remount,bind,ro downloads && exec \"$F\" verify";
    let script = format!(
        "chmod -R a-w downloads; if unshare -rm true 2> /dev/null; then unshare -rm sh -c '{only_readable}'; \
         else \"$F\" verify; fi; code=$?; chmod -R u+w downloads; exit $code"
    );
    let mut shell = Command::new("sh");
    let run = shell.args(["-c", &script]).env("F", env!("CARGO_BIN_EXE_flagdl")).current_dir(work.path("")).output();
    let run = run.expect("a shell");
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert_eq!(run.status.code(), Some(1), "{out}{err}");
    assert!(out.starts_with("6 whole, 0 damaged, 1 missing in "), "{out}{err}");
}
