//! Where redirects may lead: what the engine asks of the transport, and what it makes of its refusals.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

use super::{
    bench::{Bench, options, seconds},
    double::{Answer, Double},
};
use crate::{
    event::Failure,
    fetch::{Fault, Reach},
    options::Options,
};

fn to(location: &str, from: &str) -> Answer {
    Answer::redirect(location).from(from)
}

/// What was asked, without the scheme, and where it might have gone.
fn reaches(double: &Double) -> Vec<(String, Reach)> {
    double.asked().into_iter().map(|asked| (asked.url.replace("http://", ""), asked.reach)).collect()
}

#[track_caller]
fn expect_reaches(double: &Double, expected: &[(&str, Reach)]) {
    let reaches = reaches(double);
    let reaches: Vec<_> = reaches.iter().map(|(url, reach)| (url.as_str(), *reach)).collect();
    assert_eq!(reaches, expected);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_from_a_public_address_leads_to_public_ones_only() {
    let double = Double::default().script("http://h/a", [to("http://i/b", "1.1.1.1")]);
    Bench::new().run("a", &double, options(1)).await.expect("it goes on");
    expect_reaches(&double, &[("h/a", Reach::Listed), ("i/b", Reach::Public)]);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_from_a_private_address_leads_anywhere_until_a_public_one_has_answered() {
    let double = Double::default()
        .script("http://h/a", [to("http://i/b", "10.0.0.1")])
        .script("http://i/b", [to("http://j/c", "::1")])
        .script("http://j/c", [to("http://k/d", "1.1.1.1")])
        .script("http://k/d", [to("http://l/e", "10.0.0.1")]);
    Bench::new().run("a", &double, options(1)).await.expect("it goes on");
    expect_reaches(
        &double,
        &[
            ("h/a", Reach::Listed),
            ("i/b", Reach::Listed),
            ("j/c", Reach::Listed),
            ("k/d", Reach::Public),
            ("l/e", Reach::Public),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn another_attempt_starts_with_the_lists_own_reach() {
    let double = Double::default()
        .script("http://h/a", [to("http://h/b", "1.1.1.1")])
        .script("http://h/b", [Answer::status(503), Answer::status(200)]);
    Bench::new().run("a", &double, options(1)).await.expect("it goes on");
    let (first, hop) = (("h/a", Reach::Listed), ("h/b", Reach::Public));
    expect_reaches(&double, &[first, hop, first, hop]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_final_and_says_nothing_of_the_host() {
    let list: String = (0..40).map(|n| format!("{n}\n")).collect();
    let mut double = Double::default();
    for n in 0..40 {
        let redirect = to(&format!("http://i/{n}"), "1.1.1.1");
        double = double.script(&format!("http://h/{n}"), [redirect]);
        double = double.script(&format!("http://i/{n}"), [Answer::fault(Fault::PrivateAddress)]);
    }
    let mut bench = Bench::new();
    bench.run(&list, &double, options(1)).await.expect("it goes on");
    assert_eq!(double.asked().len(), 80, "each is asked once");
    assert!(bench.ended().iter().all(|ended| ended.ends_with(" error private-address")), "{:?}", bench.ended());
    assert!(!Failure::from(crate::fetch::FetchError::new(Fault::PrivateAddress, None)).is_transient());
}

#[tokio::test(start_paused = true)]
async fn a_robots_txt_that_is_out_of_reach_for_one_redirect_is_asked_for_again_for_another() {
    let double = Double::default()
        .script("http://h/robots.txt", [Answer::status(404)])
        .script("http://h/a", [to("http://i/x", "1.1.1.1")])
        .script("http://h/b", [to("http://i/y", "10.0.0.1").after(seconds(1))])
        .script("http://i/robots.txt", [Answer::fault(Fault::PrivateAddress).after(seconds(2)), Answer::status(404)]);
    let mut bench = Bench::new();
    bench.run("a\nb\n", &double, Options { robots: true, ..options(9) }).await.expect("it goes on");
    assert_eq!(bench.ended(), ["a error private-address", "b ok"]);
    let to_other: Vec<_> = reaches(&double).into_iter().filter(|(url, _)| url.starts_with("i/")).collect();
    let expected = [("i/robots.txt", Reach::Public), ("i/robots.txt", Reach::Listed), ("i/y", Reach::Listed)];
    assert_eq!(to_other, expected.map(|(url, reach)| (url.to_owned(), reach)));
}

#[tokio::test(start_paused = true)]
async fn a_robots_txt_that_leads_to_a_private_address_counts_as_none() {
    let double = Double::default()
        .script("http://h/robots.txt", [to("http://i/robots.txt", "1.1.1.1")])
        .script("http://i/robots.txt", [Answer::fault(Fault::PrivateAddress)]);
    let mut bench = Bench::new();
    bench.run("a", &double, Options { robots: true, ..options(1) }).await.expect("it goes on");
    assert_eq!(bench.ended(), ["a ok"]);
    assert_eq!(reaches(&double)[1], ("i/robots.txt".to_owned(), Reach::Public));
}

#[tokio::test(start_paused = true)]
async fn the_users_headers_are_left_behind_when_scheme_host_or_port_changes() {
    let headers = || Some(Arc::new(HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("t"))])));
    for (start, targets) in [
        ("http://h/a", ["https://h/b", "http://i/b", "http://h:81/b"]),
        ("http://h:444/a", ["https://h:444/b", "http://i:444/b", "http://h/b"]),
        ("https://h/a", ["http://h/b", "https://i/b", "https://h:444/b"]),
    ] {
        for target in targets {
            let same = start.replace("/a", "/same");
            let double = Double::default()
                .script(start, [Answer::redirect(&same)])
                .script(&same, [Answer::redirect(target)])
                .script(target, [Answer::redirect(&start.replace("/a", "/back"))]);
            Bench::new().run(start, &double, Options { headers: headers(), ..options(1) }).await.expect("it goes on");
            let sent: Vec<_> = double.asked().into_iter().map(|asked| asked.headers).collect();
            // From https to http nothing is followed, neither there nor on the way back.
            let expected: &[bool] = match (start.starts_with("https"), target.starts_with("https")) {
                (true, false) => &[true, true],
                (false, true) => &[true, true, false],
                _ => &[true, true, false, false],
            };
            assert_eq!(sent, expected, "{start} to {target}");
        }
    }
}
