//! A status as NDJSON: an object an entry, and one at the end.
//!
//! Promises: the fields are schema 1: what does not apply is left out, and a field never changes its type. The words
//! are those of a download's objects where both have them.

use std::borrow::Cow;

use flagdl::{
    event::Failure,
    status::{Phase, Standing, State, Survey},
};
use serde_json::{Map, Value, json};

use super::text::at;
use crate::report::start;

/// The object of an entry.
pub(super) fn entry(standing: &Standing, first: bool) -> Value {
    let mut object = start("entry", first);
    let last = standing.last.as_ref();
    let fields = [
        ("entry", Some(json!(standing.entry))),
        ("line", standing.place.as_ref().map(|(_, line)| json!(line))),
        ("url", standing.url.as_ref().map(|url| json!(url))),
        ("path", standing.path.as_ref().map(|path| json!(path.as_str()))),
        ("state", Some(json!(standing.state.as_str()))),
        ("outcome", last.map(|last| json!(last.outcome.as_str()))),
        ("class", class(standing).map(|class| json!(class))),
        ("status", last.and_then(|last| last.status).map(|status| json!(status))),
        ("bytes", standing.bytes.map(|bytes| json!(bytes))),
        ("finished_at", last.map(|last| json!(at(last.finished_at)))),
        ("message", standing.fault.as_ref().map(|fault| json!(fault.to_string()))),
    ];
    object.extend(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Value::Object(object)
}

/// The class of the error that it last ended in, or that its line is.
fn class(standing: &Standing) -> Option<Cow<'_, str>> {
    let fault = standing.fault.as_ref().map(|fault| Failure::Entry(fault.clone()).class());
    fault.or_else(|| standing.last.as_ref()?.class.as_deref().map(Cow::Borrowed))
}

/// The object at the end: every count, and the last run.
pub(super) fn summary(survey: &Survey, first: bool) -> Value {
    let mut object = start("summary", first);
    object.insert("entries".into(), json!(survey.entries()));
    for state in State::ALL {
        object.insert(state.as_str().into(), json!(survey.of(state)));
    }
    object.insert("bytes".into(), json!(survey.bytes));
    object.insert("failed_classes".into(), json!(survey.failed));
    object.insert("stale_classes".into(), json!(survey.stale));
    object.insert("ledger".into(), json!(survey.has_ledger));
    if let Some(run) = &survey.last_run {
        let mut told = Map::new();
        told.insert("begun".into(), json!(at(run.begun)));
        told.insert("kind".into(), json!(run.kind.as_str()));
        match run.phase {
            Phase::GoesOn { pid } => {
                told.insert("ending".into(), json!("running"));
                told.extend(pid.map(|pid| ("pid".to_owned(), json!(pid))));
            }
            Phase::Killed => drop(told.insert("ending".into(), json!("killed"))),
            Phase::Ended { at: end, how } => {
                told.insert("ended".into(), json!(at(end)));
                told.insert("ending".into(), json!(how));
            }
        }
        told.extend(run.counts.iter().map(|(outcome, count)| (outcome.as_str().to_owned(), json!(count))));
        object.insert("last_run".into(), Value::Object(told));
    }
    Value::Object(object)
}
