//! The store's promises, on a real file system.

use std::os::unix::fs::{FileExt, MetadataExt, symlink};

use rustix::fs::FileType;

use super::*;
use crate::link::Link;

fn name(text: &str) -> Name {
    Name::new(text, &Link::parse("http://h/x").expect("a link"))
}

/// The store with nameless files and the one without.
fn stores(path: &Path) -> [Arc<Store>; 2] {
    let with_names = Store::open(path).expect("a folder");
    with_names.nameless.store(false, Ordering::Relaxed);
    [Store::open(path).expect("a folder"), with_names]
}

fn listing(path: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(path)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_saved_and_replaced_whole_and_nothing_is_left_over() {
    for with_names in [0, 1] {
        let folder = tempfile::tempdir().expect("a folder");
        let store = &stores(folder.path())[with_names];
        store.save(b"first", &name("a.jpg")).expect("saved");
        store.save(b"second", &name("a.jpg")).expect("replaced");
        assert_eq!(fs::read(folder.path().join("a.jpg")).expect("a file"), b"second");
        assert_eq!(listing(folder.path()), ["a.jpg"]);
    }
}

#[test]
fn a_staged_file_that_is_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    for store in stores(folder.path()) {
        let mut staged = store.stage(&name("a.jpg")).expect("staged");
        staged.append(b"half").expect("written");
        drop(staged);
        assert!(listing(folder.path()).is_empty());
    }
}

#[test]
fn nothing_but_a_plain_file_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let outside = tempfile::NamedTempFile::new().expect("a file");
    fs::create_dir(folder.path().join("folder")).expect("made");
    symlink(outside.path(), folder.path().join("link")).expect("made");
    symlink("/no/such/file", folder.path().join("dangling")).expect("made");
    rustix::fs::mknodat(rustix::fs::CWD, folder.path().join("pipe"), FileType::Fifo, Mode::RUSR, 0).expect("made");
    for store in stores(folder.path()) {
        for (taken, what) in
            [("folder", "a folder"), ("link", "a symbolic link"), ("dangling", "a symbolic link"), ("pipe", "a pipe")]
        {
            let error = store.save(b"x", &name(taken)).expect_err(taken);
            assert!(matches!(&error, StoreError::Occupied { what: found, .. } if *found == what), "{error}");
            assert_eq!((error.class(), error.is_fatal()), ("unsafe-path", false));
        }
    }
    assert_eq!(fs::read(outside.path()).expect("a file"), b"");
    assert_eq!(listing(folder.path()), ["dangling", "folder", "link", "pipe"]);
}

#[test]
fn the_umask_decides_about_modes() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = folder.path().join("plain");
    fs::write(&plain, b"x").expect("written");
    let expected = fs::metadata(&plain).expect("a file").mode();
    for (index, store) in stores(folder.path()).iter().enumerate() {
        let file = format!("{index}.jpg");
        store.save(b"x", &name(&file)).expect("saved");
        assert_eq!(fs::metadata(folder.path().join(file)).expect("a file").mode(), expected);
    }
}

#[test]
fn a_scratch_file_has_no_name_and_is_the_users_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    for store in stores(folder.path()) {
        let scratch = store.scratch().expect("a file");
        assert!(listing(folder.path()).is_empty());
        assert_eq!(scratch.metadata().expect("a file").mode() & 0o777, 0o600);
        scratch.write_all_at(b"kept", 10).expect("written");
        let mut read = [0; 4];
        scratch.read_exact_at(&mut read, 10).expect("read");
        assert_eq!(&read, b"kept");
    }
}

#[test]
fn the_folder_is_made_with_its_parents_and_a_file_in_its_place_is_fatal() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = folder.path().join("a/b/c");
    Store::open(&deep).expect("made").save(b"x", &name("x.jpg")).expect("saved");
    let error = Store::open(&deep.join("x.jpg")).expect_err("a file is no folder");
    assert!(error.is_fatal());
}

#[test]
fn a_name_of_the_greatest_length_works() {
    let folder = tempfile::tempdir().expect("a folder");
    for store in stores(folder.path()) {
        store.save(b"x", &name(&"x".repeat(crate::name::MAX_NAME))).expect("saved");
    }
}
