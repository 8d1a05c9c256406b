//! The shape of the code itself: which module may import which, and what every file keeps to.
//!
//! Promises: the table below is DESIGN part 4 as the list of modules in `src/lib.rs` amends it, and both must agree;
//! a broken rule is named with its file.
//!
//! What surprises: no parser is needed. Paths that begin with `crate::` are found as text, in `use` lines and
//! elsewhere, comments and strings left out.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Most lines of a file.
const MOST_LINES: usize = 350;

/// Each module of the library, and what it may import. Nothing below itself.
const LAYERS: [(&str, &[&str]); 20] = [
    ("link", &[]),
    ("clock", &[]),
    ("disk", &[]),
    ("schedule", &[]),
    ("stop", &[]),
    ("list", &["link", "disk"]),
    ("name", &["link"]),
    ("template", &["link", "name"]),
    ("fetch", &["link"]),
    ("robots", &[]),
    ("ledger", &["link", "disk", "name"]),
    ("store", &["link", "disk", "name"]),
    ("verify", &["link", "clock", "stop", "name", "ledger", "store"]),
    ("options", &["schedule", "store"]),
    ("plan", &["link", "disk", "list", "name", "template", "fetch", "ledger", "store", "options"]),
    ("event", &["link", "list", "name", "template", "fetch", "ledger", "store", "plan", "options"]),
    ("tally", &["link", "schedule", "event"]),
    ("status", &["link", "list", "name", "ledger", "store", "plan", "event"]),
    (
        "run",
        &[
            "link", "clock", "disk", "schedule", "stop", "list", "name", "template", "fetch", "robots", "ledger",
            "store", "plan", "options", "event", "tally",
        ],
    ),
    ("fuzzing", &["link", "list", "name", "template", "fetch", "ledger", "store"]),
];

/// The module that nothing else imports.
const TOP: &str = "run";

/// A source file: its path below the root, and its text.
struct Source {
    path: PathBuf,
    text: String,
    /// Whether it is only compiled for tests.
    is_for_tests: bool,
}

/// All Rust files below some folders of a root.
fn sources(root: &Path, folders: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("a source folder can be read");
            waiting.extend(entries.map(|entry| entry.expect("a source folder can be read").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file is text");
            let path = path.strip_prefix(root).expect("it is below the root").to_owned();
            found.push(Source { path, text, is_for_tests: false });
        }
    }
    let declared: BTreeSet<PathBuf> = found.iter().flat_map(Source::test_modules).collect();
    for source in &mut found {
        let module = source.path.with_extension("");
        source.is_for_tests = declared.iter().any(|declared| module.starts_with(declared));
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

impl Source {
    /// The module of the library that it belongs to; none for the library's root and for all that is not in it.
    fn module(&self) -> Option<String> {
        let mut parts = self.path.iter().map(|part| part.to_string_lossy().into_owned());
        let (top, next) = (parts.next()?, parts.next()?);
        let module = next.trim_end_matches(".rs");
        (top == "src" && !matches!(module, "bin" | "lib")).then(|| module.to_owned())
    }

    /// Where the modules are that it declares for tests only: a file of that name, or a folder.
    fn test_modules(&self) -> Vec<PathBuf> {
        let folder = match self.path.file_stem().and_then(|stem| stem.to_str()) {
            Some("mod" | "main" | "lib") => self.path.with_file_name(""),
            _ => self.path.with_extension(""),
        };
        let declared = self.text.split("#[cfg(test)]\nmod ").skip(1);
        let names = declared.map(identifier);
        names.map(|name| folder.join(name)).collect()
    }

    /// The text without comments and without what stands in strings.
    fn code(&self) -> String {
        let mut code = String::new();
        for line in self.text.lines() {
            let mut in_string = false;
            let mut previous = ' ';
            for (at, letter) in line.char_indices() {
                if !in_string && line[at..].starts_with("//") {
                    break;
                }
                if letter == '"' && previous != '\\' && previous != '\'' {
                    in_string = !in_string;
                }
                if !in_string || letter == '"' {
                    code.push(letter);
                }
                previous = if previous == '\\' { ' ' } else { letter };
            }
            code.push('\n');
        }
        code
    }

    /// The modules of the library that it names.
    fn imports(&self) -> BTreeSet<String> {
        let code = self.code();
        let mut named = BTreeSet::new();
        for (at, start) in code.match_indices("crate::") {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == '$') {
                continue;
            }
            let rest = code[at + start.len()..].trim_start();
            match rest.strip_prefix('{') {
                Some(group) => named.extend(heads(group)),
                None => named.extend([identifier(rest)]),
            }
        }
        named
    }

    /// Each rule that it breaks, in words.
    fn violations(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let shown = self.path.display();
        let lines = self.text.lines().count();
        if lines > MOST_LINES {
            broken.push(format!("{shown} has {lines} lines"));
        }
        if !self.text.starts_with("//! ") {
            broken.push(format!("{shown} does not open with //!"));
        }
        let code = self.code();
        // House rule 16: tests may unwrap.
        let shipped = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for word in
            [concat!(".unw", "rap()"), concat!("to", "do!("), concat!("unimple", "mented!("), concat!("db", "g!(")]
        {
            if !self.is_for_tests && shipped.contains(word) {
                broken.push(format!("{shown} has {word}"));
            }
        }
        if code.replace(' ', "").contains(concat!("#[ign", "ore]")) {
            broken.push(format!("{shown} ignores a test without a reason"));
        }
        if let Some(module) = self.module() {
            let allowed = LAYERS.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed);
            match allowed {
                None => broken.push(format!("{shown} is of no module that the table knows")),
                Some(allowed) => {
                    let all = LAYERS.iter().map(|(name, _)| *name);
                    // What stands above all else is tested together with all else.
                    let all = all.filter(|_| !(self.is_for_tests && module == TOP));
                    for other in all.filter(|other| *other != module && !allowed.contains(other)) {
                        if self.imports().contains(other) {
                            broken.push(format!("{shown} imports {other}"));
                        }
                    }
                }
            }
        }
        broken
    }
}

/// The first identifier of each path in a `{…}`, whose opening brace has been taken off.
fn heads(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut depth = 0;
    let mut wanted = true;
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => wanted = true,
            _ if wanted && !letter.is_whitespace() => {
                heads.push(identifier(&group[at..]));
                wanted = false;
            }
            _ => {}
        }
    }
    heads
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// The modules that the root of the library lists in its table, in its order.
fn listed_modules(library: &str) -> Vec<String> {
    let rows = library.lines().filter_map(|line| line.strip_prefix("//! | "));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let cells = cells.filter(|cell| cell.contains('`'));
    cells.map(|cell| cell.trim_matches(['[', ']', '`']).to_owned()).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn no_file_breaks_a_rule() {
    let sources = sources(root(), &["src", "tests", "examples", "fuzz/fuzz_targets"]);
    assert!(sources.len() > 40, "only {} files found", sources.len());
    let broken: Vec<_> = sources.iter().flat_map(Source::violations).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_librarys_own_list_of_modules_agrees_with_the_table() {
    let library = fs::read_to_string(root().join("src/lib.rs")).expect("the library has a root");
    let listed = listed_modules(&library);
    let names: BTreeSet<_> = LAYERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), names);
    let place = |name: &str| listed.iter().position(|listed| listed == name);
    for (name, allowed) in LAYERS {
        for other in allowed {
            assert!(place(other) < place(name), "{other} is listed below {name}, which may import it");
        }
    }
}

#[test]
fn a_tree_that_breaks_every_rule_is_told_so() {
    let tree = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = tree.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    };
    write(
        "src/link.rs",
        "//! Good.\n#[cfg(test)]\nmod tests;\nuse std::fmt;\n// use crate::run::x;\nconst A: &str = \"crate::run\";\n",
    );
    write("src/list.rs", "//! Bad.\nuse crate::{\n    link::{Link, plan},\n    run::Run,\n    name,\n};\n");
    write("src/store/image/gif.rs", "//! Bad.\nfn f() -> crate::event::Outcome {}\nuse self::run;\n");
    write("src/plan.rs", concat!("// Bad.\nfn f() { x.unw", "rap(); to", "do!() }\n"));
    write("src/other.rs", concat!("//! Bad.\n#[ign", "ore]\nfn f() {}\n#[ign", "ore = \"slow\"]\nfn g() {}\n"));
    write("src/stop.rs", &"//! Long.\n".repeat(MOST_LINES + 1));
    write("src/link/tests/more.rs", concat!("//! Good.\nfn f() { x.unw", "rap() }\n"));
    let broken: Vec<_> = sources(tree.path(), &["src"]).iter().flat_map(Source::violations).collect();
    assert_eq!(
        broken,
        [
            "src/list.rs imports name".to_owned(),
            "src/list.rs imports run".to_owned(),
            "src/other.rs ignores a test without a reason".to_owned(),
            "src/other.rs is of no module that the table knows".to_owned(),
            "src/plan.rs does not open with //!".to_owned(),
            format!("src/plan.rs has .{}", concat!("unw", "rap()")),
            format!("src/plan.rs has {}", concat!("to", "do!(")),
            "src/stop.rs has 351 lines".to_owned(),
            "src/store/image/gif.rs imports event".to_owned(),
        ]
    );
}
