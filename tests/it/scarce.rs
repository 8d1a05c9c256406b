//! What a machine has little of: open files, room for the ledger, and the rights that a file may have.
//!
//! Promises: a limit of open files costs no entry; a ledger stays small; a file's mode is what the umask leaves.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

use crate::{
    pictures::{jpeg, padded_jpeg},
    server::{Answer, Server},
    workspace::{DEST, Workspace},
};

/// Runs the program below a shell line that sets its limits; gives its exit code and its output.
fn within(limits: &str, work: &Workspace, arguments: &[&str]) -> (Option<i32>, String) {
    let script = format!("{limits}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_flagdl")]).args(arguments);
    let run = shell.env_clear().current_dir(work.path("")).output().expect("a shell");
    let said = [run.stdout, run.stderr].concat();
    (run.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn with_64_open_files_and_500_requests_wanted_no_entry_fails() {
    let (work, server) = (Workspace::new(), Server::start());
    server.always_below("/", Answer::ok(jpeg("it")).after(Duration::from_millis(20)));
    let codes: Vec<_> = (0..1000).map(|code| code.to_string()).collect();
    let list = work.list_of(&codes);
    let (code, said) = within("ulimit -n 64", &work, &["-c", "500", "--retries", "0", "-u", &server.url(""), &list]);
    assert_eq!((code, said.contains("1000 ok, 0 not found, 0 errors")), (Some(0), true), "{said}");
    assert!((2..64).contains(&server.peak()), "{} in flight at once", server.peak());
    let only =
        said.split_once("only ").and_then(|(_, rest)| rest.split_once(" requests at once: the limit of open files"));
    let only: usize = only.and_then(|(number, _)| number.parse().ok()).unwrap_or_else(|| panic!("not told: {said}"));
    assert!((server.peak()..64).contains(&only), "{only} told, {} in flight at once", server.peak());
}

#[test]
fn a_soft_limit_of_open_files_is_raised_and_nothing_is_said() {
    const AT_ONCE: usize = 100;
    let (work, server) = (Workspace::aside(), Server::start());
    // So long that all are in flight before the first is answered, also on a machine that is busy.
    server.always_below("/", Answer::ok(jpeg("it")).after(Duration::from_secs(8)));
    let codes: Vec<_> = (0..AT_ONCE).map(|code| code.to_string()).collect();
    let list = work.list_of(&codes);
    let (code, said) = within("ulimit -Sn 64", &work, &["-c", "100", "--retries", "0", "-u", &server.url(""), &list]);
    assert_eq!((code, said.contains("100 ok, 0 not found, 0 errors")), (Some(0), true), "{said}");
    assert!(server.peak() > 64, "{} in flight at once", server.peak());
    assert!(!said.contains("requests at once"), "{said}");
}

#[test]
fn a_file_above_the_limit_of_sizes_fails_alone_and_a_ledger_above_it_ends_the_run() {
    let (work, server) = (Workspace::new(), Server::start());
    let large = padded_jpeg("large", 3 << 20);
    server.always("/large.jpg", Answer::ok(large)).always_below("/", Answer::ok(jpeg("it")));
    let (list, url) = (work.list(&["large", "it"]), server.url(""));
    // In units of 512 or 1024 bytes, as the shell has it.
    let (code, said) = within("ulimit -f 2000", &work, &["--retries", "0", "-u", &url, &list]);
    assert_eq!((code, said.contains("1 ok, 0 not found, 1 error")), (Some(1), true), "{said}");
    assert!(said.contains("error for large: ") && said.contains("File too large"), "{said}");
    assert_eq!(work.saved().keys().collect::<Vec<_>>(), ["it.jpg"]);
    let elsewhere = Workspace::new();
    let (code, said) = within("ulimit -f 8", &elsewhere, &["-u", &url, &work.path(&list).display().to_string()]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("ledger") && said.contains(".flagdl"), "{said}");
}

/// Each host keeps a connection open for a while after its request, so these are more than there may be.
#[test]
fn with_64_open_files_and_more_hosts_no_entry_fails() {
    let work = Workspace::aside();
    let port = answer_everywhere();
    let urls: Vec<_> = (1..=80).map(|host| format!("http://127.0.0.{host}:{port}/{host}.jpg")).collect();
    let list = work.list_of(&urls);
    let (code, said) = within("ulimit -n 64", &work, &["-c", "500", "--retries", "0", &list]);
    assert_eq!((code, said.contains("80 ok, 0 not found, 0 errors")), (Some(0), true), "{said}");
}

/// Answers every request with a picture, at all addresses of this machine; gives the port. Whoever leaves ends his thread.
fn answer_everywhere() -> u16 {
    let listener = TcpListener::bind("0.0.0.0:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            thread::spawn(move || answer_all(stream));
        }
    });
    port
}

fn answer_all(mut stream: TcpStream) -> io::Result<()> {
    let picture = jpeg("it");
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", picture.len());
    let answer = [head.into_bytes(), picture].concat();
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        if line == "\r\n" {
            stream.write_all(&answer)?;
        }
        line.clear();
    }
    Ok(())
}

#[test]
fn a_ledger_takes_300_bytes_an_entry_at_most() {
    const ENTRIES: usize = 5000;
    let (work, server) = (Workspace::new(), Server::start());
    let picture = Answer::ok(jpeg("it")).field("Content-Type", "image/jpeg").field("ETag", "\"65f0c2d1-2a4c\"");
    server.always_below("/pictures/0", picture.field("Last-Modified", "Tue, 12 Mar 2024 21:04:33 GMT"));
    server.always_below("/pictures/", Answer::status(404));
    let codes: Vec<_> = (0..ENTRIES).map(|code| format!("{}{:07}", u8::from(code % 10 >= 4), code)).collect();
    let list = work.list_of(&codes);
    work.flagdl(["-c", "16", "-u", &server.url("/pictures"), &list]).run().expect_code(3);
    let size = fs::metadata(work.path(DEST).join(".flagdl/ledger.db")).expect("a ledger").len();
    assert!(size <= 300 * ENTRIES as u64, "{} bytes an entry", size / ENTRIES as u64);
}

#[test]
fn a_mode_is_what_the_umask_leaves_and_never_more() {
    let large = padded_jpeg("large", 3_000_000);
    for umask in [0o000, 0o002, 0o022, 0o027, 0o077] {
        let (work, server) = (Workspace::new(), Server::start());
        server.always("/small.jpg", Answer::ok(jpeg("small")));
        server.always("/large.jpg", Answer::ok(&*large));
        let list = work.list(&["small", "large"]);
        let limits = format!("umask {umask:03o}");
        let expect_modes = |what: &str| {
            for folder in [work.path(DEST), work.path(DEST).join(".flagdl")] {
                assert_eq!(mode(&folder), 0o777 & !umask, "{folder:?} {what} with {limits}");
                for file in fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path()) {
                    assert!(file.is_dir() || mode(&file) == 0o666 & !umask, "{file:?} {what} with {limits}");
                }
            }
        };
        for (what, more) in [("made", &[][..]), ("replaced", &["--overwrite", "--durability", "file"])] {
            let url = server.url("");
            let arguments = [&["-u", &*url, "--failed", "failed.txt", &*list], more].concat();
            let (code, said) = within(&limits, &work, &arguments);
            assert_eq!(code, Some(0), "{said}");
            expect_modes(what);
            assert_eq!(mode(&work.path("failed.txt")), 0o666 & !umask, "{limits}");
        }
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it was made").permissions().mode() & 0o7777
}
