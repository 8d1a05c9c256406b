//! A folder of its own for each test, in which the real program is run.
//!
//! Promises: the program sees nothing of the tester's environment, gets a time limit, and when it has ended nothing
//! outside its destination has changed, and no part of a file is left behind unless it was killed, or the test fails.
//!
//! What surprises: the program's working folder lies three levels below the folder that is watched, so a name with
//! `../..` in it would be seen as well. A test has one workspace and no second: one that measures time has to
//! wait until it is alone, and would wait for ever for itself.

mod running;
mod told;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::PipeWriter,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::SystemTime,
};

use tempfile::TempDir;

pub(crate) use self::{
    running::{Running, Signal},
    told::Told,
};

/// The destination that the program takes unless it is told another.
pub(crate) const DEST: &str = "downloads";

/// Held by every test with a workspace, and by a measurement alone, so that no other runs disturb it.
static MACHINE: RwLock<()> = RwLock::new(());

pub(crate) struct Workspace {
    watched: TempDir,
    root: PathBuf,
    _together: Option<RwLockReadGuard<'static, ()>>,
    _alone: Option<RwLockWriteGuard<'static, ()>>,
}

impl Workspace {
    pub(crate) fn new() -> Self {
        let together = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
        Self { _together: Some(together), ..Self::made() }
    }

    /// A workspace during whose life no other test has one: for measurements of time.
    pub(crate) fn alone() -> Self {
        let alone = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
        Self { _alone: Some(alone), ..Self::made() }
    }

    /// A workspace that disturbs no measurement, and waits for none: for tests that only wait.
    pub(crate) fn aside() -> Self {
        Self::made()
    }

    fn made() -> Self {
        let watched = tempfile::tempdir().expect("a temporary folder");
        let root = watched.path().join("above/home/work");
        fs::create_dir_all(&root).expect("a new folder can be filled");
        Self { watched, root, _together: None, _alone: None }
    }

    /// Writes a file into the workspace, and gives its name back.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), bytes).expect("a file in the workspace can be written");
        name.to_owned()
    }

    /// Writes a list with an entry a line, and gives its name back.
    pub(crate) fn list(&self, entries: &[&str]) -> String {
        self.file("list.txt", entries.join("\n") + "\n")
    }

    /// As [`Self::list`].
    pub(crate) fn list_of(&self, entries: &[String]) -> String {
        self.list(&entries.iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A run of the program with these arguments, yet to be started.
    pub(crate) fn flagdl<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Invocation<'_> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flagdl"));
        command.current_dir(&self.root).args(arguments).env_clear().env("TERM", "dumb");
        command.env("HOME", self.path("..")).env("TMPDIR", self.watched.path());
        let may_change = vec![self.path(DEST)];
        Invocation { workspace: self, command, input: Input::Empty, out: None, err: None, may_change }
    }

    /// What lies in the default destination: a name and its content each, the ledger's own folder aside.
    pub(crate) fn saved(&self) -> BTreeMap<String, Vec<u8>> {
        self.saved_in(DEST)
    }

    pub(crate) fn saved_in(&self, dest: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(self.path(dest)).into_iter().flatten() {
            let entry = entry.expect("a folder in the workspace can be read");
            let name = entry.file_name().into_string().expect("names are text");
            if name == ".flagdl" {
                continue;
            }
            let kind = entry.file_type().expect("a file has a type");
            assert!(kind.is_file(), "{name} in {dest} is no plain file");
            files.insert(name, fs::read(entry.path()).expect("a saved file can be read"));
        }
        files
    }

    /// The names in the default destination.
    pub(crate) fn saved_names(&self) -> Vec<String> {
        self.saved().into_keys().collect()
    }

    /// The parts of files that stand in flagdl's own folders, here and in the folders here.
    fn parts(&self) -> BTreeSet<PathBuf> {
        // Others may be at work there, so what was listed may be gone.
        let listed = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_part = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(".fdl-") && name.ends_with(".part")
        };
        let folders = listed(&self.root).chain([self.root.clone()]);
        folders.flat_map(|folder| listed(&folder.join(".flagdl"))).filter(is_part).collect()
    }

    /// Everything that is watched, apart from some: what it is, and when it was changed.
    fn snapshot(&self, apart: &[PathBuf]) -> Snapshot {
        let mut found = Snapshot::new();
        look_through(self.watched.path(), apart, &mut found);
        found
    }
}

/// Size and time of change of each file; neither of folders, since those change with the destination in them.
type Snapshot = BTreeMap<PathBuf, Option<(u64, SystemTime)>>;

fn look_through(folder: &Path, apart: &[PathBuf], found: &mut Snapshot) {
    for entry in fs::read_dir(folder).expect("a watched folder can be read") {
        let path = entry.expect("a watched folder can be read").path();
        if apart.contains(&path) {
            continue;
        }
        let metadata = fs::symlink_metadata(&path).expect("what was listed is there");
        if metadata.is_dir() {
            found.insert(path.clone(), None);
            look_through(&path, apart, found);
        } else {
            let changed = metadata.modified().expect("this system has times of change");
            found.insert(path, Some((metadata.len(), changed)));
        }
    }
}

/// What the program finds on its standard input.
enum Input {
    Empty,
    Text(Vec<u8>),
    /// Whatever the test writes while it runs.
    Open,
}

/// A run of the program, yet to be started.
pub(crate) struct Invocation<'a> {
    workspace: &'a Workspace,
    command: Command,
    input: Input,
    out: Option<PipeWriter>,
    err: Option<PipeWriter>,
    may_change: Vec<PathBuf>,
}

impl<'a> Invocation<'a> {
    pub(crate) fn arguments<'b>(mut self, arguments: impl IntoIterator<Item = &'b str>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// What is on standard input.
    pub(crate) fn input(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.input = Input::Text(text.into());
        self
    }

    /// Standard input is a pipe that the test holds, see [`Running::write`].
    pub(crate) fn open_input(mut self) -> Self {
        self.input = Input::Open;
        self
    }

    /// Nobody reads standard output.
    pub(crate) fn closed_out(mut self) -> Self {
        self.out = Some(pipe_to_nobody());
        self
    }

    /// Nobody reads standard error.
    pub(crate) fn closed_err(mut self) -> Self {
        self.err = Some(pipe_to_nobody());
        self
    }

    /// Says that the program was asked to write this one too.
    pub(crate) fn may_write(mut self, name: &str) -> Self {
        self.may_change.push(self.workspace.path(name));
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Told {
        self.start().wait()
    }

    /// Starts it and leaves it running.
    pub(crate) fn start(mut self) -> Running<'a> {
        let (workspace, apart) = (self.workspace, self.may_change);
        let (before, parts_before) = (workspace.snapshot(&apart), workspace.parts());
        let piped = |end: Option<PipeWriter>| end.map_or_else(Stdio::piped, Stdio::from);
        let input = if matches!(self.input, Input::Empty) { Stdio::null() } else { Stdio::piped() };
        let command = &mut self.command;
        let started = command.stdin(input).stdout(piped(self.out)).stderr(piped(self.err)).spawn();
        let mut child = started.expect("the program can be started");
        let mut stdin = child.stdin.take();
        if let Input::Text(text) = self.input {
            running::feed(stdin.take(), text);
        }
        let check = move |was_killed: bool| {
            let after = workspace.snapshot(&apart);
            assert_eq!(before, after, "something outside the destination has changed");
            let parts = workspace.parts();
            assert!(was_killed || parts.is_subset(&parts_before), "parts of files are left: {parts:?}");
        };
        Running::new(child, stdin, format!("{:?}", self.command), Box::new(check))
    }
}

fn pipe_to_nobody() -> PipeWriter {
    std::io::pipe().expect("a pipe").1
}
