//! NDJSON on stdout: an object an entry, as it ends, and one at the end.
//!
//! Promises: the fields are schema 1: what does not apply is left out, and a field never changes its type. The
//! first object carries the schema's number.

use std::io::{self, BufWriter, Stdout, Write};

use flagdl::{
    event::{Change, Ended, Outcome, Withheld},
    link::Host,
    tally::{HostStats, Summary},
};
use serde_json::{Map, Value, json};

const SCHEMA: u64 = 1;

/// The objects of a run.
pub(super) struct Objects {
    out: BufWriter<Stdout>,
    is_first: bool,
    /// Whether entries stand in lines of lists.
    has_lists: bool,
}

impl Objects {
    pub(super) fn new() -> Self {
        Self { out: BufWriter::with_capacity(64 << 10, io::stdout()), is_first: true, has_lists: true }
    }

    /// For a run without a list, whose objects come after others.
    pub(super) fn of_repair(self) -> Self {
        Self { is_first: false, has_lists: false, ..self }
    }

    pub(super) fn entry(&mut self, ended: &Ended) -> io::Result<()> {
        let object = entry(ended, self.has_lists, std::mem::take(&mut self.is_first));
        writeln!(self.out, "{object}")
    }

    /// Says the last word.
    pub(super) fn finish(&mut self, run: &Summary) -> io::Result<()> {
        let object = summary(run, std::mem::take(&mut self.is_first));
        writeln!(self.out, "{object}").and_then(|()| self.flush())
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The object of an entry.
fn entry(ended: &Ended, has_line: bool, first: bool) -> Value {
    let mut object = start("entry", first);
    let here = matches!(ended.outcome, Outcome::Ok | Outcome::Unchanged | Outcome::Skipped | Outcome::Duplicate);
    let fields = [
        ("entry", Some(json!(ended.shown()))),
        ("line", has_line.then(|| json!(ended.entry.line))),
        ("url", ended.link.as_ref().map(|link| json!(link.to_string()))),
        ("path", ended.path.as_ref().filter(|_| here).map(|path| json!(path.as_str()))),
        ("outcome", Some(json!(ended.outcome.as_str()))),
        // What is new says so by its outcome.
        ("change", ended.change.filter(|change| *change != Change::New).map(|change| json!(change.as_str()))),
        ("class", ended.failure.as_ref().map(|failure| json!(failure.class()))),
        ("status", ended.status.map(|status| json!(status))),
        ("bytes", (ended.outcome == Outcome::Ok).then(|| json!(ended.bytes))),
        ("attempts", (ended.attempts > 0).then(|| json!(ended.attempts))),
        ("elapsed_ms", ended.elapsed.map(|elapsed| json!(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)))),
        ("host", ended.host().map(|host| json!(host.as_str()))),
        ("message", ended.failure.as_ref().map(|failure| json!(failure.to_string()))),
    ];
    object.extend(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Value::Object(object)
}

/// The object at the end: every count, bytes and seconds.
fn summary(summary: &Summary, first: bool) -> Value {
    let tally = &summary.tally;
    let mut object = start("summary", first);
    object.insert("entries".into(), json!(tally.entries()));
    for outcome in Outcome::ALL {
        object.insert(outcome.as_str().into(), json!(tally.of(outcome)));
    }
    for change in [Change::New, Change::Changed, Change::Gone] {
        object.insert(change.as_str().into(), json!(tally.changed(change)));
    }
    object.insert("deleted".into(), json!(summary.deleted));
    if let Some(Withheld::TooMany { gone, .. } | Withheld::CutShort { gone }) = summary.withheld
        && gone > 0
    {
        object.insert("withheld".into(), json!(gone));
    }
    object.insert("requests".into(), json!(tally.requests));
    object.insert("bytes".into(), json!(tally.bytes));
    object.insert("seconds".into(), json!(summary.elapsed.as_secs_f64()));
    object.insert("complete".into(), json!(summary.all_read));
    object.insert("hosts".into(), summary.hosts.iter().map(host).collect());
    Value::Object(object)
}

/// What was asked of a host: one of the ten that held the run up most.
fn host((host, stats): &(Host, HostStats)) -> Value {
    json!({
        "host": host.as_str(),
        "requests": stats.requests,
        "retries": stats.retries,
        "pushbacks": stats.pushbacks,
        "held_ms": u64::try_from(stats.held.as_millis()).unwrap_or(u64::MAX),
        "limit": stats.limit,
    })
}

/// An object's beginning: its event, and the schema where it is the first.
pub(crate) fn start(event: &str, first: bool) -> Map<String, Value> {
    let mut object = Map::new();
    if first {
        object.insert("schema".into(), json!(SCHEMA));
    }
    object.insert("event".into(), json!(event));
    object
}
