//! What a run has told: its exit code, its output, and the objects in it.
//!
//! What surprises: every check that fails shows the whole run, since a test's name alone does not tell why.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde_json::Value;

/// A run of the program that has ended.
#[derive(Debug)]
pub(crate) struct Told {
    /// The command line.
    pub(crate) shown: String,
    /// The exit code; none where a signal has killed it.
    pub(crate) code: Option<i32>,
    /// The signal that has killed it.
    pub(crate) killed_by: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) elapsed: Duration,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shown, code, killed_by, out, err, elapsed } = self;
        writeln!(f, "{shown}\nexit code {code:?}, killed by {killed_by:?}, after {elapsed:?}")?;
        write!(f, "--- stdout\n{out}--- stderr\n{err}---")
    }
}

impl Told {
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Expects the summary line to begin with these counts.
    #[track_caller]
    pub(crate) fn expect_summary(&self, counts: &str) -> &Self {
        let last = self.out.lines().last().unwrap_or_default();
        let rest = last.strip_prefix(counts);
        assert!(rest.is_some_and(|rest| rest.starts_with(" in ")), "no {counts:?}: {self}");
        self
    }

    /// Expects a line on stderr, exactly as it is given.
    #[track_caller]
    pub(crate) fn expect_line(&self, line: &str) -> &Self {
        assert!(self.err.lines().any(|said| said == line), "no line {line:?}: {self}");
        self
    }

    /// Expects words somewhere on stderr.
    #[track_caller]
    pub(crate) fn expect_err(&self, words: &str) -> &Self {
        assert!(self.err.contains(words), "no {words:?} on stderr: {self}");
        self
    }

    /// The lines on stderr that tell of errors.
    pub(crate) fn error_lines(&self) -> Vec<&str> {
        self.err.lines().filter(|line| line.starts_with("*** error for ")).collect()
    }

    /// All objects on stdout, where there is nothing else.
    #[track_caller]
    pub(crate) fn objects(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{self}"));
        let objects: Vec<Value> = self.out.lines().map(parse).collect();
        assert!(objects.iter().all(Value::is_object), "{self}");
        objects
    }

    /// The objects of entries.
    #[track_caller]
    pub(crate) fn entries(&self) -> Vec<Value> {
        self.objects().into_iter().filter(|object| object["event"] == "entry").collect()
    }

    /// The object of one entry.
    #[track_caller]
    pub(crate) fn entry(&self, entry: &str) -> Value {
        let mut found: Vec<_> = self.entries().into_iter().filter(|object| object["entry"] == entry).collect();
        assert_eq!(found.len(), 1, "objects of {entry:?}: {self}");
        found.remove(0)
    }

    /// The last object.
    #[track_caller]
    pub(crate) fn summary(&self) -> Value {
        let last = self.objects().pop().unwrap_or_default();
        assert_eq!(last["event"], "summary", "{self}");
        last
    }

    /// What each entry ended as: its outcome, and its class where it has one, as `error timeout`.
    #[track_caller]
    pub(crate) fn endings(&self) -> BTreeMap<String, String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let ending = |object: &Value| match &object["class"] {
            Value::Null => text(&object["outcome"]),
            class => format!("{} {}", text(&object["outcome"]), text(class)),
        };
        self.entries().iter().map(|object| (text(&object["entry"]), ending(object))).collect()
    }

    /// Expects these endings and no others; the same entry twice counts once.
    #[track_caller]
    pub(crate) fn expect_endings(&self, expected: &[(&str, &str)]) -> &Self {
        let owned = |(entry, ending): &(&str, &str)| ((*entry).to_owned(), (*ending).to_owned());
        let expected: BTreeMap<_, _> = expected.iter().map(owned).collect();
        assert_eq!(self.endings(), expected, "{self}");
        self
    }
}
