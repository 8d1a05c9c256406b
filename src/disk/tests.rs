//! Interrupted calls, and those that a test has fail.

#![cfg(target_os = "linux")]

use std::fs;

use rustix::fs::{Mode, OFlags};

use super::{
    torture::{Kind, Point, Torture, Trouble},
    *,
};

/// What comes of a few calls in a folder where one fails.
fn calls(point: Option<Point>) -> io::Result<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let torture = Torture::new(folder.path(), &[], point);
    let opened = call(folder.path(), Call::Open, || File::open(folder.path()))?;
    let flags = OFlags::CREATE | OFlags::RDWR;
    let file = File::from(call(&opened, Call::Create, || rustix::fs::openat(&opened, "a", flags, Mode::RWXU))?);
    Open(&file).write_all(b"first ")?;
    Open(&file).write_all_at(b"second", 6)?;
    call(&file, Call::Sync, || file.sync_all())?;
    let mut read = vec![0; 12];
    Open(&file).read_exact_at(&mut read, 0)?;
    assert_eq!(torture.counts().len(), 5, "each kind of call is counted");
    Ok(read)
}

fn points(trouble: Trouble) -> impl Iterator<Item = Point> {
    let kinds =
        [(Call::Open, 1), (Call::Create, 1), (Call::Write, 1), (Call::Write, 2), (Call::Sync, 1), (Call::Read, 1)];
    kinds.into_iter().map(move |(call, number)| Point { kind: Kind::Disk(call), number, trouble })
}

#[test]
fn a_call_that_a_signal_interrupts_is_made_again() {
    for point in points(Trouble::Error(Errno::INTR)) {
        assert_eq!(calls(Some(point)).expect("again"), b"first second", "{point}");
    }
}

#[test]
fn a_short_write_goes_on_where_it_ended() {
    for point in points(Trouble::Short).filter(|point| point.kind == Kind::Disk(Call::Write)) {
        assert_eq!(calls(Some(point)).expect("gone on with"), b"first second", "{point}");
    }
}

#[test]
fn any_other_failure_is_told_as_it_is() {
    for error in [Errno::IO, Errno::NOSPC, Errno::MFILE, Errno::ACCESS] {
        for point in points(Trouble::Error(error)) {
            let told = calls(Some(point)).expect_err("it fails");
            assert_eq!(told.raw_os_error(), Some(error.raw_os_error()), "{point}");
        }
    }
}

#[test]
fn what_is_elsewhere_is_let_alone() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let point = Point { kind: Kind::Disk(Call::Write), number: 1, trouble: Trouble::Error(Errno::IO) };
    let torture = Torture::new(elsewhere.path(), &[], Some(point));
    assert_eq!(calls(None).expect("nothing fails"), b"first second");
    assert!(torture.counts().is_empty());
    fs::write(elsewhere.path().join("a"), "x").expect("std's own calls are not looked at");
}
