//! What others have put into the destination: folders, links, pipes and sockets under the names of entries.
//!
//! Promises: nothing but a plain file is replaced, nothing is opened to find out what it is, so nothing is waited for,
//! and no link is followed, whatever changes meanwhile.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::{fs::symlink, net::UnixListener},
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};

use crate::{
    pictures::{files, jpeg},
    server::{Answer, Server},
    workspace::{DEST, Workspace},
};

/// Puts one of each kind under the names of codes.
fn plant(work: &Workspace) -> UnixListener {
    let at = |name: &str| work.path(DEST).join(name);
    fs::create_dir_all(at("folder.jpg")).expect("a folder");
    symlink("/etc", at("elsewhere.jpg")).expect("a link");
    symlink(work.path("made"), at("dangling.jpg")).expect("a link");
    mknodat(CWD, at("pipe.jpg"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    UnixListener::bind(at("socket.jpg")).expect("a socket")
}

const PLANTED: [&str; 5] = ["folder", "elsewhere", "dangling", "pipe", "socket"];

#[test]
fn what_is_no_file_is_neither_opened_nor_waited_for_nor_replaced() {
    for options in [&[][..], &["--overwrite"], &["--adopt"], &["--update"], &["--durability", "file"]] {
        let (work, server) = (Workspace::new(), Server::start());
        let _socket = plant(&work);
        let before = kinds(&work.path(DEST));
        server.always_below("/", Answer::ok(jpeg("cn")));
        let list = work.list(&[&PLANTED[..], &["cn"]].concat());
        let run = work.flagdl(["--format", "ndjson", "-u", &server.url(""), &list]);
        let told = run.arguments(options.iter().copied()).run();
        let mut expected = PLANTED.map(|code| (code, "error unsafe-path")).to_vec();
        expected.push(("cn", "ok"));
        told.expect_code(1).expect_endings(&expected);
        assert!(told.elapsed < Duration::from_secs(10), "something was waited for: {told}");
        let mut after = kinds(&work.path(DEST));
        after.retain(|(name, _)| name != "cn.jpg" && name != ".flagdl");
        assert_eq!(after, before, "{options:?}");
    }
}

#[test]
fn what_takes_a_files_place_later_is_told_and_left() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("cn")));
    let (list, url) = (work.list(&[&PLANTED[..], &["cn"]].concat()), server.url(""));
    work.flagdl(["-u", &url, &list]).run().expect_code(0);
    for code in PLANTED {
        fs::remove_file(work.path(DEST).join(format!("{code}.jpg"))).expect("a file");
    }
    let _socket = plant(&work);
    let before = kinds(&work.path(DEST));
    for arguments in [&["verify"][..], &["verify", "--repair"], &["-u", &url, &list]] {
        let told = work.flagdl(arguments.iter().copied()).run();
        told.expect_code(1);
        assert_eq!(kinds(&work.path(DEST)), before, "{told}");
    }
}

/// What stands in a folder: names, and what kind of thing each is.
fn kinds(folder: &Path) -> Vec<(String, fs::FileType)> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a folder"));
    let kind = |entry: &fs::DirEntry| entry.file_type().expect("a kind");
    let mut kinds: Vec<_> =
        entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), kind(&entry))).collect();
    kinds.sort_by(|a, b| a.0.cmp(&b.0));
    kinds
}

/// Puts a folder or a file under each name, and a link to a folder, a file or nothing beside it.
fn plant_pairs(dest: &Path, beside: &Path, outside: &Path, names: &[String]) {
    let targets = [outside.to_owned(), outside.join("file"), outside.join("none")];
    for (turn, name) in names.iter().enumerate() {
        // Whatever is there stays.
        let _ = symlink(&targets[turn % targets.len()], beside.join(name));
        let _ = if turn % 2 == 0 { fs::create_dir(dest.join(name)) } else { write_new(&dest.join(name)) };
    }
}

/// Writes a file where there is nothing: through a link this would write to where it leads.
fn write_new(path: &Path) -> io::Result<()> {
    fs::File::create_new(path)?.write_all(b"a file")
}

/// Swaps what stands under each name for what stands beside it, again and again, until it is told to stop.
fn flip(dest: &Path, beside: &Path, names: &[String], stop: &AtomicBool, flips: &AtomicUsize) {
    while !stop.load(Ordering::Relaxed) {
        for name in names {
            let swapped = renameat_with(CWD, dest.join(name), CWD, beside.join(name), RenameFlags::EXCHANGE);
            swapped.expect("both are there, whatever they are");
            flips.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn folders_and_links_that_come_and_go_lead_nowhere() {
    const FLIPS: usize = 100_000;
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("cn")));
    let codes: Vec<_> = (0..97).map(|number| format!("c{number}")).collect();
    let names: Vec<_> = codes.iter().map(|code| format!("{code}.jpg")).collect();
    let (list, url) = (work.list_of(&codes), server.url(""));
    let (dest, outside) = (work.path(DEST), work.path("outside"));
    let beside = dest.join(".beside");
    fs::create_dir_all(&beside).expect("a folder");
    fs::create_dir(&outside).expect("a folder");
    plant_pairs(&dest, &beside, &outside, &names);
    work.file("outside/file", "mine");
    let (stop, flips) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let flipping = scope.spawn(|| flip(&dest, &beside, &names, &stop, &flips));
        // Each run fails its test where anything outside the destination has changed.
        while flips.load(Ordering::Relaxed) < FLIPS && !flipping.is_finished() {
            let told = work.flagdl(["-q", "--overwrite", "-c", "8", "-u", &url, &list]).run();
            if !matches!(told.code, Some(0 | 1)) {
                stop.store(true, Ordering::Relaxed);
                panic!("{told}");
            }
            plant_pairs(&dest, &beside, &outside, &names);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(work.read("outside/file"), "mine");
    assert_eq!(kinds(&outside).len(), 1);
    // And then there is peace, and everything can be saved.
    fs::remove_dir_all(&beside).expect("a folder");
    for name in &names {
        let path = dest.join(name);
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    }
    work.flagdl(["-q", "--overwrite", "-u", &url, &list]).run().expect_code(0);
    assert_eq!(work.saved().len(), codes.len());
    assert_eq!(files(&["cn"])["cn.jpg"], work.saved()["c0.jpg"]);
}
