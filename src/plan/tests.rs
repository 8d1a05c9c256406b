//! The plan's promises, over lists in memory.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::list::Source;

impl Plan {
    /// Has its claims go to a file at once, which then fails.
    pub(crate) fn fail_claims(&mut self) {
        self.claims().fail_on_disk();
    }

    /// Has them go to a file when there are more of them than that.
    pub(crate) fn keep_claims_in_memory(&mut self, most: usize) {
        self.claims().keep_in_memory(most);
    }

    fn claims(&mut self) -> &mut Claims {
        let source::Source::Lists(plan) = &mut self.source else { panic!("a plan over lists") };
        &mut plan.claims
    }
}

fn open(text: &str, limit: Option<u64>) -> Plan {
    let source = Source::Text { name: "test".into(), text: text.into() };
    let template = Template::parse("http://h/{code}.jpg").expect("a template");
    Plan::new(Lists::open(vec![source]).expect("memory"), template, limit)
}

fn plan(text: &str, limit: Option<u64>) -> Vec<Planned> {
    rest(&mut open(text, limit))
}

fn rest(plan: &mut Plan) -> Vec<Planned> {
    let mut all = Vec::new();
    while let Some(batch) = plan.next_batch().expect("memory can be read") {
        assert!(batch.len() <= BATCH);
        all.extend(batch);
    }
    all
}

fn shown(planned: &Planned) -> String {
    match planned {
        Planned::Job(job) => format!("{} -> {}", job.link, job.path),
        Planned::Here(job) | Planned::Adopted(job, _) => format!("{} is here", job.path),
        Planned::Missing(job) => format!("{} is missing", job.path),
        Planned::Duplicate(job) => format!("{} again", job.path),
        Planned::Invalid(entry, error) => format!("{}: {error}", entry.line),
    }
}

#[test]
fn every_kind_of_entry_ends_as_what_it_is() {
    let text = "cn\nHTTP://Example.org/a/b.png?x=1\nftp://h/x\nmailto:x\nhttp://\n..\n";
    let planned: Vec<_> = plan(text, None).iter().map(shown).collect();
    assert_eq!(
        planned,
        [
            "http://h/cn.jpg -> cn.jpg",
            "http://example.org/a/b.png?x=… -> b.png",
            "3: the scheme ftp is not http or https",
            "4: the scheme mailto is not http or https",
            "5: not a URL: empty host",
            "http://h/...jpg -> %2E..jpg",
        ]
    );
}

#[test]
fn a_url_behind_something_else_is_no_code_and_keeps_its_password() {
    let text =
        "\"http://u:pa55@h/x.jpg?sig=t0ken\"\n\u{200b}https://u:pa55@h/x.jpg\nsee ftp://u:pa55@h/x\n://u:pa55@h\n";
    let planned = plan(text, None);
    assert_eq!(planned.len(), 4);
    for planned in planned {
        assert!(matches!(planned, Planned::Invalid(_, EntryError::BeforeUrl)), "{}", shown(&planned));
        assert!(!format!("{planned:?}").contains("pa55"), "{planned:?}");
    }
}

#[test]
fn the_same_url_is_a_duplicate_and_another_of_that_name_is_told_apart() {
    let text = "cn\nhttp://h/cn.jpg\nhttp://other/cn.jpg\nhttp://other/cn.jpg\nCN\nhttp://other/cn.jpg#x\n";
    let planned: Vec<_> = plan(text, None).iter().map(shown).collect();
    assert_eq!(
        planned,
        [
            "http://h/cn.jpg -> cn.jpg",
            "cn.jpg again",
            "http://other/cn.jpg -> cn~20c54027.jpg",
            "cn~20c54027.jpg again",
            "http://h/CN.jpg -> CN~9664d163.jpg",
            "cn~20c54027.jpg again",
        ]
    );
}

#[test]
fn the_limit_counts_entries_and_not_comments() {
    assert_eq!(plan("# c\na\n\nb\nftp://x\nd\n", Some(3)).len(), 3);
    assert!(plan("a\n", Some(0)).is_empty());
}

#[test]
fn an_entry_whose_every_name_is_taken_is_an_error_and_not_lost() {
    let link = Link::parse("http://z/x").expect("a link");
    let names = [8, 16, 32, 64].map(|digits| Name::of_link(&link).with_hash(&link, digits));
    let mut list: Vec<_> = names.iter().map(|name| format!("http://a/{name}")).collect();
    list.insert(0, "http://a/x".into());
    list.push("http://z/x".into());
    let planned = plan(&list.join("\n"), None);
    assert!(matches!(planned[5], Planned::Invalid(_, EntryError::NameTaken)), "{:?}", planned[5]);
}

proptest! {
    #[test]
    fn no_two_jobs_share_a_file(
        entries in proptest::collection::vec("(http://[ab]/[abAB~]{0,3}(\\.jpg|%41|%61)?(\\?[12])?)|[abAB./~]{1,3}", 1..40),
    ) {
        let mut owners: HashMap<String, String> = HashMap::new();
        let mut jobs = HashMap::new();
        let planned = plan(&entries.join("\n"), None);
        prop_assert_eq!(planned.len(), entries.iter().filter(|entry| !entry.trim().is_empty()).count());
        for planned in planned {
            match planned {
                Planned::Job(job) => {
                    let url = job.link.url().to_string();
                    prop_assert!(owners.insert(job.path.as_str().to_lowercase(), url.clone()).is_none());
                    prop_assert!(jobs.insert(url, job.path).is_none());
                }
                Planned::Duplicate(job) => {
                    prop_assert_eq!(jobs.get(job.link.url().as_str()), Some(&job.path));
                }
                Planned::Here(_) | Planned::Adopted(..) | Planned::Missing(_) | Planned::Invalid(..) => {}
            }
        }
    }
}

#[test]
fn entries_are_told_apart_when_their_claims_have_gone_to_disk_too() {
    const COUNT: usize = 66_000;
    let folder = tempfile::tempdir().expect("a folder");
    let codes: String = (0..COUNT).map(|code| format!("{code}\n")).collect();
    let last = COUNT - 1;
    let later = format!("0\nhttp://other/0.jpg\n{last}\nhttp://other/{last}.jpg\nhttp://other/{last}.jpg\n");
    let mut plan = open(&(codes + &later), None);
    plan.put_claims_below(folder.path().join("out"));
    let mut planned = plan.next_batch().expect("memory").expect("a batch");
    assert!(!plan.claims().are_on_disk());
    planned.extend(rest(&mut plan));
    assert!(plan.claims().are_on_disk());
    assert!(planned[..COUNT].iter().all(|planned| matches!(planned, Planned::Job(_))));
    let hashed = |code: usize| {
        let link = Link::parse(&format!("http://other/{code}.jpg")).expect("a link");
        Name::of_link(&link).with_hash(&link, 8)
    };
    let (first, second) = (hashed(0), hashed(last));
    let later: Vec<_> = planned[COUNT..].iter().map(shown).collect();
    assert_eq!(
        later,
        [
            "0.jpg again".to_owned(),
            format!("http://other/0.jpg -> {first}"),
            format!("{last}.jpg again"),
            format!("http://other/{last}.jpg -> {second}"),
            format!("{second} again"),
        ]
    );
}

#[test]
fn a_file_of_claims_that_fails_is_told() {
    let mut plan = open("a\nb\n", None);
    plan.fail_claims();
    let error = plan.next_batch().expect_err("it cannot be written");
    assert!(matches!(error, PlanError::Claims(_)), "{error:?}");
}
