//! The ways in which an option can be given: on the command line, long and short, and through the environment.
//!
//! Promises: a test that takes its options from here has tried each of its ways; and `every_option_of_the_help_is_tried`
//! finds the options that no test takes from here.

use std::{collections::BTreeSet, fs, path::Path};

use crate::workspace::{Invocation, Workspace};

/// One way to give an option a value.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    Arguments(Vec<String>),
    Variable(String, String),
}

/// An option with a value, by its long name and by its variable.
pub(crate) fn ways(option: &str, value: &str) -> Vec<Way> {
    vec![
        Way::Arguments(vec![format!("--{option}"), value.to_owned()]),
        Way::Variable(variable(option), value.to_owned()),
    ]
}

/// As [`ways`], and by a short name.
pub(crate) fn ways_and_short(option: &str, short: &str, value: &str) -> Vec<Way> {
    let mut all = ways(option, value);
    all.push(Way::Arguments(vec![short.to_owned(), value.to_owned()]));
    all
}

/// An option that is on or off, and is turned on.
pub(crate) fn switch(option: &str) -> Vec<Way> {
    vec![Way::Arguments(vec![format!("--{option}")]), Way::Variable(variable(option), "true".to_owned())]
}

/// As [`switch`], and by a short name.
pub(crate) fn switch_and_short(option: &str, short: &str) -> Vec<Way> {
    let mut all = switch(option);
    all.push(Way::Arguments(vec![short.to_owned()]));
    all
}

fn variable(option: &str) -> String {
    format!("FLAGDL_{}", option.to_uppercase().replace('-', "_"))
}

impl Invocation<'_> {
    /// Gives an option in one of its ways.
    pub(crate) fn with(self, way: &Way) -> Self {
        match way {
            Way::Arguments(arguments) => self.arguments(arguments.iter().map(String::as_str)),
            Way::Variable(name, value) => self.env(name, value),
        }
    }
}

#[test]
fn every_option_of_the_help_is_tried_in_each_of_its_ways() {
    let work = Workspace::new();
    let help = work.flagdl(["--help"]).run().out + &work.flagdl(["verify", "--help"]).run().out;
    let words = help.split(|letter: char| letter.is_whitespace() || ",.;()".contains(letter));
    let offered: BTreeSet<_> = words.filter_map(|word| word.strip_prefix("--")).collect();
    assert!(offered.len() > 25, "{help}");
    let tried = tried_options();
    let mut untried = Vec::new();
    for option in offered {
        if !tried.contains(option) && !matches!(option, "help" | "version") {
            untried.push(option);
        }
    }
    assert!(untried.is_empty(), "options that no test tries: {untried:?}");
}

/// The first arguments of all calls of the functions above, in the files beside this one.
fn tried_options() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut tried = BTreeSet::new();
    for file in fs::read_dir(folder).expect("the tests can be read") {
        let path = file.expect("the tests can be read").path();
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a test file is text");
        for call in ["ways(\"", "ways_and_short(\"", "switch(\"", "switch_and_short(\""] {
            for rest in text.split(call).skip(1) {
                tried.extend(rest.split('"').next().map(str::to_owned));
            }
        }
    }
    tried
}
