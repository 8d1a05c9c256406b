//! The store's promises, on a real file system.

use std::os::unix::fs::{FileExt, MetadataExt, symlink};

use rustix::fs::FileType;

use super::*;
use crate::link::Link;

fn name(text: &str) -> Name {
    Name::new(text, &Link::parse("http://h/x").expect("a link"))
}

fn open(path: &Path, durability: Durability) -> Arc<Store> {
    Store::open(Destination::make(path, durability).expect("a folder")).expect("a store")
}

impl Store {
    /// A store in a folder in which nobody else is at work.
    pub(crate) fn open_alone(path: &Path) -> Arc<Self> {
        open(path, Durability::None)
    }
}

/// The store with nameless files and the one without.
fn stores(path: &Path) -> [Arc<Store>; 2] {
    let with_names = Store::open_alone(path);
    with_names.nameless.store(false, Ordering::Relaxed);
    [Store::open_alone(path), with_names]
}

/// What is in a folder besides flagdl's own, and in that.
fn listings(path: &Path) -> (Vec<String>, Vec<String>) {
    let mut names = listing(path);
    names.retain(|name| name != OWN_FOLDER);
    (names, listing(&path.join(OWN_FOLDER)))
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
        assert_eq!(listings(folder.path()), (vec!["a.jpg".to_owned()], vec![]));
    }
}

#[test]
fn a_staged_file_that_is_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    for store in stores(folder.path()) {
        let mut staged = store.stage(&name("a.jpg")).expect("staged");
        staged.append(b"half").expect("written");
        assert_eq!(listings(folder.path()).0, [""; 0], "nothing stands among the downloads");
        drop(staged);
        assert_eq!(listings(folder.path()), (vec![], vec![]));
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
    let (names, staged) = listings(folder.path());
    assert_eq!((names, staged.len()), (["dangling", "folder", "link", "pipe"].map(str::to_owned).into(), 0));
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
        assert_eq!(listings(folder.path()), (vec![], vec![]));
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
    for durability in [Durability::None, Durability::Batch, Durability::File] {
        let deep = folder.path().join(format!("{durability:?}/b/c"));
        open(&deep, durability).save(b"x", &name("x.jpg")).expect("saved");
        let error = Destination::make(&deep.join("x.jpg"), durability).expect_err("a file is no folder");
        assert!(error.is_fatal());
    }
}

#[test]
fn each_durability_saves_and_replaces_and_syncs() {
    for durability in [Durability::None, Durability::Batch, Durability::File] {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(folder.path(), durability);
        for text in ["first", "second"] {
            store.save(text.as_bytes(), &name("a.jpg")).expect("saved");
        }
        assert_eq!(fs::read(folder.path().join("a.jpg")).expect("a file"), b"second");
        let sync = durability.sync(File::open(folder.path()).expect("a folder").into());
        assert_eq!(sync.is_some(), durability != Durability::None);
        if let Some(mut sync) = sync {
            sync().and_then(|()| sync()).expect("synced");
        }
    }
}

#[test]
fn what_killed_runs_have_left_goes_when_it_is_swept_and_nothing_else_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join(OWN_FOLDER);
    let staged = sweep::staged_name(7, 0);
    drop(Store::open_alone(folder.path()));
    for kept in ["ledger.db", "lock", ".fdl-x.part"] {
        fs::write(own.join(kept), b"kept").expect("written");
    }
    fs::write(folder.path().join(&staged), b"not in flagdl's own folder").expect("written");
    fs::write(own.join(&staged), b"half").expect("written");
    fs::create_dir(own.join(sweep::staged_name(7, 1))).expect("made");
    symlink("/no/such/file", own.join(sweep::staged_name(7, 2))).expect("made");
    super::sweep(&File::open(folder.path()).expect("a folder").into());
    let (names, mut left) = listings(folder.path());
    left.retain(|name| name != &sweep::staged_name(7, 1) && name != &sweep::staged_name(7, 2));
    assert_eq!((names, left), (vec![staged], [".fdl-x.part", "ledger.db", "lock"].map(str::to_owned).into()));
}

#[test]
fn a_link_in_the_place_of_flagdls_own_folder_is_not_followed() {
    let (folder, outside) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let staged = outside.path().join(sweep::staged_name(7, 0));
    fs::write(&staged, b"theirs").expect("written");
    symlink(outside.path(), folder.path().join(OWN_FOLDER)).expect("made");
    let destination = Destination::make(folder.path(), Durability::None).expect("a folder");
    let error = Store::open(destination).expect_err("it is a link");
    assert!(error.is_fatal() && staged.exists(), "{error}");
}

#[test]
fn a_name_of_the_greatest_length_works() {
    let folder = tempfile::tempdir().expect("a folder");
    for store in stores(folder.path()) {
        store.save(b"x", &name(&"x".repeat(crate::name::MAX_NAME))).expect("saved");
    }
}
