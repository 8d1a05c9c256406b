//! Records in, rows out.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn known(folder: &TempDir, text: &str) -> Known {
    reader(folder).view().expect("a view").known(&name(text), &link(&format!("http://h/{text}"))).expect("readable")
}

fn row(folder: &TempDir, text: &str) -> Row {
    reader(folder).view().expect("a view").look_up(&name(text)).expect("readable").expect("a row")
}

#[tokio::test]
async fn a_saved_entry_is_known_with_all_that_was_told() {
    let folder = folder();
    run(&folder, [saved("CN.jpg")]).await;
    let found = row(&folder, "cn.JPG");
    assert_eq!((&*found.key, found.path.as_str(), &*found.entry), ("cn.jpg", "CN.jpg", "CN.jpg"));
    assert_eq!((&*found.url, found.outcome, found.attempts), ("http://h/CN.jpg", LastOutcome::Ok, 1));
    assert_eq!((found.finished_at, found.run, found.file.as_ref()), (1_500, RunId(1), Some(&file(6))));
    assert!(found.is_of(&link("http://h/CN.jpg")));
    let own = Known::Own { outcome: LastOutcome::Ok, bytes: Some(6), finished_at: 1_500 };
    assert_eq!(known(&folder, "CN.jpg"), own);
    let mut reader = reader(&folder);
    let view = reader.view().expect("a view");
    assert_eq!(view.sha256(&name("cn.jpg")).expect("readable"), file(6).sha256);
    assert_eq!(view.sha256(&name("xx.jpg")).expect("readable"), None);
    let stored = view.look_up(&name("cn.jpg")).expect("readable").expect("a row").file;
    assert_eq!(stored.expect("a file").validators, file(6).validators);
    assert_eq!(view.look_up(&name("xx.jpg")).expect("readable"), None);
    assert_eq!(view.known(&name("xx.jpg"), &link("http://h/xx.jpg")).expect("readable"), Known::Nothing);
}

#[tokio::test]
async fn other_programs_read_items_and_runs_as_text() {
    let folder = folder();
    let refused = EndedEntry { class: Some("http-403".into()), ..ended("no", LastOutcome::Error) };
    let missing = EndedEntry { status: Some(404), ..ended("xx", LastOutcome::NotFound) };
    run(&folder, [saved("CN"), failed("t1"), failed("t2"), Record::Ended(refused), Record::Ended(missing)]).await;
    let other = rusqlite::Connection::open(database(&folder)).expect("a database");
    let lines = |sql: &str| -> Vec<String> {
        let mut query = other.prepare(sql).expect(sql);
        let columns = query.column_count();
        let line = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
            let values = (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column));
            let shown = values.map(|value| {
                Ok(match value? {
                    rusqlite::types::Value::Null => "-".to_owned(),
                    rusqlite::types::Value::Integer(number) => number.to_string(),
                    rusqlite::types::Value::Text(text) => text,
                    other => format!("{other:?}"),
                })
            });
            Ok(shown.collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
        };
        query.query_map([], line).expect(sql).collect::<rusqlite::Result<_>>().expect(sql)
    };
    let sha = "ab".repeat(32);
    assert_eq!(
        lines(
            "SELECT entry, url, path, outcome, class, status, bytes, sha256, media_type, etag, last_modified, \
             attempts, finished_at FROM items WHERE path IN ('CN', 'xx')"
        ),
        [
            format!(
                "CN|http://h/CN|CN|ok|-|-|2|{sha}|image/jpeg|\"e\"|Wed, 21 Oct 2015 07:28:00 GMT|1|1970-01-01T00:25:00Z"
            ),
            "xx|http://h/xx|xx|not-found|-|404|-|-|-|-|-|1|1970-01-01T00:25:00Z".into(),
        ]
    );
    let by_class = "SELECT class, count(*) FROM items WHERE outcome = \"error\" GROUP BY class";
    assert_eq!(lines(by_class), ["http-403|1", "timeout|2"]);
    assert_eq!(
        lines("SELECT * FROM runs"),
        ["1|1970-01-01T00:16:40Z|1970-01-01T00:33:20Z|finished|3|0|0|0|2|0|0|7|99|0.1.0|boot|-c 3"]
    );
}

#[tokio::test]
async fn secrets_do_not_reach_the_disk() {
    let folder = folder();
    let url = "http://us3r:pa55@h/a.jpg?sig=t0ken";
    let mut writer = begin(&folder, "boot");
    for text in [url, "x?sig=t0ken://us3r:pa55@h?t0ken"] {
        let entry = EndedEntry { text: text.into(), link: link(url), ..ended("a.jpg", LastOutcome::Ok) };
        writer.tell(Record::Ended(entry)).expect("told");
        writer.flush().await.expect("written");
        for (path, bytes) in contents(&folder.path().join(".flagdl")) {
            for secret in ["us3r", "pa55", "t0ken"] {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{secret} is in {}", path.display());
            }
        }
    }
    let found = row(&folder, "a.jpg");
    assert_eq!((&*found.entry, &*found.url), ("http://h/a.jpg?sig=…", "http://h/a.jpg?sig=…"));
}

#[tokio::test]
async fn a_name_stays_its_links_in_later_runs() {
    let folder = folder();
    let own = link("http://h/a.jpg?key=1");
    run(&folder, [Record::Ended(EndedEntry { link: own.clone(), ..ended("a.jpg", LastOutcome::NotFound) })]).await;
    run(&folder, [Record::Forget(name("a.jpg"))]).await;
    let mut reader = reader(&folder);
    let view = reader.view().expect("a view");
    let ask = |name: &Name, link: &Link| view.known(name, link).expect("readable");
    let not_found = Known::Own { outcome: LastOutcome::NotFound, bytes: None, finished_at: 1_500 };
    assert_eq!(ask(&name("A.jpg"), &own), not_found);
    for other in ["http://h/a.jpg?key=2", "http://h/a.jpg", "http://other/a.jpg?key=1"] {
        assert_eq!(ask(&name("a.jpg"), &link(other)), Known::Another, "{other}");
    }
}

#[tokio::test]
async fn a_failure_changes_nothing_about_the_file_that_is_here() {
    let folder = folder();
    run(&folder, [saved("a")]).await;
    let unchanged = EndedEntry { saved: None, ..ended("a", LastOutcome::Unchanged) };
    run(&folder, [failed("a"), Record::Ended(unchanged), failed("a"), failed("b")]).await;
    let found = row(&folder, "a");
    assert_eq!((found.outcome, found.class.as_deref()), (LastOutcome::Error, Some("timeout")));
    assert_eq!((found.file, found.run), (Some(file(1)), RunId(2)), "the first run has saved it");
    assert_eq!(row(&folder, "b").run, RunId(2));
}

#[tokio::test]
async fn what_is_forgotten_is_to_be_fetched_again() {
    let folder = folder();
    run(&folder, [saved("a"), saved("b")]).await;
    run(&folder, [Record::Forget(name("A")), Record::Forget(name("never-told"))]).await;
    assert_eq!(known(&folder, "a"), Known::Own { outcome: LastOutcome::Ok, bytes: None, finished_at: 1_500 });
    assert_eq!(row(&folder, "a").file, None);
    assert_eq!((row(&folder, "b").file, rows(&folder)), (Some(file(1)), 2));
}

#[tokio::test]
async fn a_server_cannot_make_a_row_large() {
    let folder = folder();
    let mut entry = ended("a", LastOutcome::Ok);
    let long = Some("x".repeat(10_000).into_boxed_str());
    let validators = Validators { etag: long.clone(), last_modified: long.clone() };
    entry.saved = Some(Box::new(StoredFile { media_type: long, validators, ..file(1) }));
    run(&folder, [Record::Ended(entry)]).await;
    let expected = StoredFile { media_type: None, validators: Validators::default(), ..file(1) };
    assert_eq!(row(&folder, "a").file, Some(expected));
}

#[tokio::test]
async fn rows_come_in_the_order_of_names_and_in_batches() {
    let folder = folder();
    run(&folder, ["c", "B", "a", "E", "d"].map(saved)).await;
    let mut reader = reader(&folder);
    let (mut key, mut seen) = (String::new(), Vec::new());
    loop {
        let rows = reader.rows_after(&key, 2).expect("readable");
        let Some(last) = rows.last() else { break };
        key = last.key.to_string();
        seen.push(rows.iter().map(|row| row.path.to_string()).collect::<String>());
    }
    assert_eq!(seen, ["aB", "cd", "E"]);
}

#[tokio::test]
async fn a_path_that_somebody_else_wrote_is_not_believed() {
    let folder = folder();
    run(&folder, [saved("a")]).await;
    let other = rusqlite::Connection::open(database(&folder)).expect("a database");
    other.execute("UPDATE entry SET path = '../../etc/passwd'", []).expect("written");
    drop(other);
    let error = reader(&folder).rows_after("", 1).expect_err("not a name");
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
}

/// A record, as the model understands it: which name, of which link, and what happened to it.
fn any_record() -> impl Strategy<Value = (&'static str, &'static str, Option<LastOutcome>)> {
    let outcomes = [LastOutcome::Ok, LastOutcome::NotFound, LastOutcome::Error, LastOutcome::Unchanged];
    (
        prop::sample::select(vec!["a", "A", "b", "c.jpg"]),
        prop::sample::select(vec!["http://h/x", "http://h/x?k=1", "http://h/x?k=2"]),
        prop::option::weighted(0.9, prop::sample::select(outcomes.to_vec())),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_records_give_what_a_map_would(records in prop::collection::vec(any_record(), 0..40)) {
        let folder = folder();
        let mut model: BTreeMap<String, (&str, LastOutcome, Option<u64>)> = BTreeMap::new();
        let mut told = Vec::new();
        for (at, (text, url, outcome)) in (1..).zip(records) {
            let name = name(text);
            let Some(outcome) = outcome else {
                model.entry(name.folded()).and_modify(|row| row.2 = None);
                told.push(Record::Forget(name));
                continue;
            };
            let before = model.get(&name.folded()).filter(|row| row.0 == url).and_then(|row| row.2);
            let bytes = if outcome == LastOutcome::Ok { Some(at) } else { before };
            model.insert(name.folded(), (url, outcome, bytes));
            let saved = (outcome == LastOutcome::Ok).then(|| Box::new(file(at)));
            told.push(Record::Ended(EndedEntry { link: link(url), saved, ..ended(text, outcome) }));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(run(&folder, told));
        let mut reader = reader(&folder);
        let keys: Vec<_> = reader.rows_after("", 99).expect("readable").into_iter().map(|row| row.key).collect();
        prop_assert!(keys.iter().map(|key| &**key).eq(model.keys().map(String::as_str)));
        let view = reader.view().expect("a view");
        for text in ["a", "b", "c.jpg"] {
            let expected = model.get(text);
            for url in ["http://h/x", "http://h/x?k=1", "http://h/x?k=2"] {
                let expected = match expected {
                    None => Known::Nothing,
                    Some((owner, ..)) if *owner != url => Known::Another,
                    Some((_, outcome, bytes)) => Known::Own { outcome: *outcome, bytes: *bytes, finished_at: 1_500 },
                };
                prop_assert_eq!(view.known(&name(text), &link(url)).expect("readable"), expected);
            }
        }
    }
}
