//! Power losses: what may not have reached the disk is read again before it is believed, or is on the disk at once.
//!
//! What surprises: no machine goes down here. A file that a power loss took is one that the test has cut, emptied or
//! filled with zeros; another start of the machine is another text in the ledger's table of runs.

use std::{
    fs,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::{
    pictures::{files, jpeg},
    server::{Answer, Server},
    ways::ways,
    workspace::{Signal, Workspace},
};

fn ledger(work: &Workspace) -> Connection {
    Connection::open(work.path("downloads/.flagdl/ledger.db")).expect("a ledger")
}

/// As if the machine had been started anew.
fn reboot(work: &Workspace) {
    ledger(work).execute_batch("update run set boot = 'an earlier one'").expect("changed");
}

fn write(work: &Workspace, code: &str, bytes: &[u8]) {
    fs::write(work.path(&format!("downloads/{code}.jpg")), bytes).expect("written");
}

#[test]
fn after_a_kill_and_a_power_loss_every_file_that_is_damaged_is_found_and_fetched_again() {
    let (work, server) = (Workspace::aside(), Server::start());
    let damaged = ["cut", "empty", "gone", "zeros"];
    for code in damaged {
        server.script(&format!("/{code}.jpg"), [Answer::ok(jpeg(code)), Answer::ok(jpeg(code))]);
    }
    server.pictures(&["fine"]);
    server.script("/late.jpg", [Answer::silence(), Answer::ok(jpeg("late"))]);
    let list = work.list(&["cut", "empty", "fine", "gone", "zeros", "late"]);
    let run = work.flagdl(["-c", "6", "-u", &server.url(""), &list]).start();
    server.wait_for(6);
    let begun = Instant::now();
    let noted = || ledger(&work).query_row("select count(*) from items", [], |row| row.get::<_, u64>(0));
    while noted().ok() != Some(5) {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing is noted while a run goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
    run.send(Signal::Kill);
    assert_eq!(run.wait().killed_by, Some(9));
    reboot(&work);
    write(&work, "cut", &jpeg("cut")[..100]);
    write(&work, "empty", b"");
    write(&work, "zeros", &vec![0; jpeg("zeros").len()]);
    fs::remove_file(work.path("downloads/gone.jpg")).expect("it was there");
    let told = work.flagdl(["-u", &server.url(""), &list]).run();
    told.expect_code(0).expect_summary("5 ok, 0 not found, 0 errors, 1 skipped");
    told.expect_err("checking 5 files that an earlier run saved before the machine went down\n");
    told.expect_err("5 files checked: 4 are not whole any more, to be fetched again if still in the list\n");
    assert_eq!(work.saved(), files(&["cut", "empty", "fine", "gone", "zeros", "late"]));
}

#[test]
fn what_a_run_saved_that_ended_just_before_is_checked_once() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["a", "b"]);
    let list = work.list(&["a", "b"]);
    let run = || work.flagdl(["--progress", "always", "-u", &server.url(""), &list]).run();
    run().expect_code(0);
    reboot(&work);
    let told = run();
    told.expect_code(0).expect_summary("0 ok, 0 not found, 0 errors, 2 skipped");
    told.expect_err("0/2 | checking files").expect_err("2 files checked: all are whole\n");
    assert!(!run().err.contains("check"), "{told}");
}

#[test]
fn without_a_reboot_only_sizes_are_looked_at() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["zeros"]);
    server.script("/cut.jpg", [Answer::ok(jpeg("cut")), Answer::ok(jpeg("cut"))]);
    let list = work.list(&["zeros", "cut"]);
    let run = || work.flagdl(["-u", &server.url(""), &list]).run();
    run().expect_code(0);
    write(&work, "zeros", &vec![0; jpeg("zeros").len()]);
    write(&work, "cut", &jpeg("cut")[..100]);
    let told = run();
    told.expect_code(0).expect_summary("1 ok, 0 not found, 0 errors, 1 skipped");
    assert!(!told.err.contains("check"), "{told}");
}

#[test]
fn files_that_were_synced_are_believed_after_a_power_loss() {
    for way in ways("durability", "batch").into_iter().chain(ways("durability", "file")) {
        let (work, server) = (Workspace::new(), Server::start());
        server.pictures(&["a", "b"]);
        let list = work.list(&["a", "b"]);
        work.flagdl(["-u", &server.url(""), &list]).with(&way).run().expect_code(0);
        assert_eq!(work.saved(), files(&["a", "b"]));
        reboot(&work);
        let told = work.flagdl(["-u", &server.url(""), &list]).run();
        told.expect_code(0).expect_summary("0 ok, 0 not found, 0 errors, 2 skipped");
        assert!(!told.err.contains("check"), "{told}");
    }
}

#[test]
fn a_replaced_file_is_synced_and_whole_in_each_durability() {
    for durability in ["none", "batch", "file"] {
        let (work, server) = (Workspace::new(), Server::start());
        server.script("/a.jpg", [Answer::ok(jpeg("old")), Answer::ok(jpeg("new"))]);
        let list = work.list(&["a"]);
        for _ in 0..2 {
            let run = work.flagdl(["--overwrite", "--durability", durability, "-u", &server.url(""), &list]);
            run.run().expect_code(0).expect_summary("1 ok, 0 not found, 0 errors");
        }
        assert_eq!(work.saved(), [("a.jpg".to_owned(), jpeg("new"))].into());
    }
}

#[test]
fn what_a_killed_run_left_in_flagdls_own_folder_goes_with_the_next() {
    let (work, server) = (Workspace::new(), Server::start());
    server.pictures(&["a", "b"]);
    let run = |entry| work.flagdl(["-u", &server.url(""), &work.list(&[entry])]).run();
    run("a").expect_code(0);
    let own = |name: &str| work.path(&format!("downloads/.flagdl/{name}"));
    fs::write(own(".fdl-0123456789abcdef-7.part"), b"half").expect("written");
    fs::write(own("mine.part"), b"the user's").expect("written");
    run("b").expect_code(0);
    let names = fs::read_dir(own("")).expect("a folder");
    let mut names: Vec<_> = names.map(|entry| entry.expect("an entry").file_name()).collect();
    names.sort();
    assert_eq!(names, ["ledger.db", "lock", "mine.part"]);
}
