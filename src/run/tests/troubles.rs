//! Hosts that fail, and a network that does: breakers, budgets, what waits on disk. In virtual time.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    bench::{Bench, options, seconds},
    double::{Answer, Double},
};
use crate::{event::Outcome, fetch::Fault, options::Options};

fn entries(host: &str, count: usize) -> String {
    (0..count).map(|n| format!("http://{host}/{n}\n")).collect()
}

fn all(mut double: Double, host: &str, count: usize, answer: &Answer) -> Double {
    for n in 0..count {
        double = double.script(&format!("http://{host}/{n}"), [answer.clone()]);
    }
    double
}

fn requests(double: &Double, host: &str) -> usize {
    let prefix = format!("http://{host}/");
    double.asked().iter().filter(|asked| asked.url.starts_with(&prefix)).count()
}

#[tokio::test(start_paused = true)]
async fn a_host_that_only_fails_gets_a_few_requests_and_the_others_do_not_notice() {
    const COUNT: usize = 6000;
    for (answer, class) in [
        (Answer::status(503), "http-503"),
        (Answer::status(500), "http-500"),
        (Answer::fault(Fault::Refused), "refused"),
    ] {
        let double = all(Double::with_latency(Duration::from_millis(20)), "bad", COUNT, &answer);
        let list: String = (0..COUNT).map(|n| format!("http://bad/{n}\nhttp://good/{n}\n")).collect();
        let mut bench = Bench::new();
        let summary = bench.run(&list, &double, options(32)).await.expect("it goes on");
        let asked = requests(&double, "bad");
        assert!(asked <= 200, "{asked} requests");
        assert_eq!(summary.tally.of(Outcome::Ok), COUNT as u64);
        // Who was asked ends as it was answered, and the others as those that were not asked.
        let bad: Vec<_> = bench.ended().into_iter().filter(|ended| ended.starts_with("http://bad/")).collect();
        let of = |class: &str| bad.iter().filter(|ended| ended.ends_with(&format!(" error {class}"))).count();
        let down = of("host-down");
        assert_eq!((bad.len(), of(class) + down), (COUNT, COUNT), "{bad:?}");
        assert!(down >= COUNT - asked, "{down} of {COUNT} end as host-down, after {asked} requests");
        let asked = double.asked();
        let good = asked.iter().rfind(|asked| asked.url.starts_with("http://good/")).expect("some").at - asked[0].at;
        assert!(good < Duration::from_millis(20 * COUNT as u64 / 32 * 11 / 10 + 500), "{good:?}");
        let end = bench.recorder.ended.iter().map(|(_, at)| *at).max();
        assert!(end < Some(seconds(300)), "{end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_breaker_the_budget_bounds_what_a_failing_host_gets() {
    const COUNT: usize = 10_000;
    let double = all(Double::with_latency(Duration::from_millis(1)), "bad", COUNT, &Answer::status(503));
    let mut bench = Bench::new();
    let options = Options { breaker: false, ..options(16) };
    bench.run(&entries("bad", COUNT), &double, options).await.expect("it goes on");
    let asked = requests(&double, "bad");
    assert!((COUNT..=COUNT * 11 / 10 + 100).contains(&asked), "{asked} requests");
    assert!(bench.ended().iter().all(|ended| ended.ends_with("error http-503")));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_comes_back_gets_everything() {
    let double = Double::with_latency(Duration::from_millis(20));
    double.set_dark_until(Instant::now() + seconds(10));
    let mut bench = Bench::new();
    bench.run(&entries("h", 200), &double, options(4)).await.expect("it goes on");
    assert!(bench.ended().iter().all(|ended| ended.ends_with(" ok")), "{:?}", bench.ended());
}

#[tokio::test(start_paused = true)]
async fn a_tenth_of_failures_costs_no_entry() {
    const COUNT: usize = 5000;
    let (mut double, mut rng) = (Double::with_latency(Duration::from_millis(5)), fastrand::Rng::with_seed(7));
    for n in 0..COUNT {
        let failures = (0..3).take_while(|_| rng.f64() < 0.1).count();
        let answers = std::iter::repeat_n(Answer::status(500), failures).chain([Answer::status(200)]);
        double = double.script(&format!("http://h/{n}"), answers.collect::<Vec<_>>());
    }
    let mut bench = Bench::new();
    bench.run(&entries("h", COUNT), &double, options(16)).await.expect("it goes on");
    assert!(bench.ended().iter().all(|ended| ended.ends_with(" ok")));
}

#[tokio::test(start_paused = true)]
async fn when_nobody_can_be_reached_it_is_our_network_and_costs_no_attempts() {
    let double = Double::with_latency(Duration::from_millis(20));
    // Each host can only be reached again after a minute: by then an entry would have had its attempts many times over.
    let dark = seconds(60);
    double.set_dark_until(Instant::now() + dark);
    let list: String = (0..50).map(|n| format!("http://h{}/{n}\n", n % 5)).collect();
    let mut bench = Bench::new();
    let summary = bench.run(&list, &double, Options { retries: 1, ..options(4) }).await.expect("it goes on");
    assert!(bench.ended().iter().all(|ended| ended.ends_with(" ok")), "{:?}", bench.ended());
    // Ten seconds of looking for somebody, then one probe at a time.
    assert!(summary.tally.requests < 50 + 500, "{} requests", summary.tally.requests);
    let end = bench.recorder.ended.iter().map(|(_, at)| *at).max();
    assert!(end < Some(dark + seconds(40)), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_network_that_stays_away_ends_the_run_some_time() {
    let double = Double::default();
    double.set_dark_until(Instant::now() + seconds(1_000_000));
    let list: String = (0..50).map(|n| format!("http://h{}/{n}\n", n % 5)).collect();
    let mut bench = Bench::new();
    bench.run(&list, &double, options(4)).await.expect("it goes on");
    assert_eq!(bench.ended().iter().filter(|ended| ended.contains(" error ")).count(), 50);
    let end = bench.recorder.ended.iter().map(|(_, at)| *at).max();
    assert!(end < Some(seconds(600)), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_does_not_exist_is_asked_for_once_and_one_without_an_answer_again() {
    for retries in [0, 1, 3] {
        let double = Double::with_latency(Duration::from_millis(20))
            .script("http://missing/a", [Answer::fault(Fault::NoSuchName)])
            .script("http://failing/b", [Answer::fault(Fault::Resolve)])
            .script("http://flaky/c", [Answer::fault(Fault::Resolve), Answer::status(200)]);
        let list = "http://missing/a\nhttp://failing/b\nhttp://flaky/c\n".to_owned() + &entries("good", 5);
        let mut bench = Bench::new();
        let summary = bench.run(&list, &double, Options { retries, ..options(1) }).await.expect("it goes on");
        let ended = bench.ended();
        assert!(ended.contains(&"http://missing/a error dns") && ended.contains(&"http://failing/b error dns"));
        assert_eq!(ended.contains(&"http://flaky/c ok"), retries > 0, "{ended:?}");
        let further = usize::try_from(retries).expect("few");
        assert_eq!((requests(&double, "missing"), requests(&double, "failing")), (1, 1 + further), "{retries}");
        assert_eq!(summary.tally.of(Outcome::Ok), 5 + u64::from(retries > 0), "{ended:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_does_not_exist_ends_all_its_entries_after_ten() {
    let double = all(Double::default(), "missing", 100, &Answer::fault(Fault::NoSuchName));
    let mut bench = Bench::new();
    bench.run(&(entries("missing", 100) + &entries("good", 5)), &double, options(1)).await.expect("it goes on");
    assert_eq!(bench.ended().iter().filter(|ended| ended.ends_with(" error dns")).count(), 100);
    assert_eq!(requests(&double, "missing"), 10);
    let unasked =
        bench.recorder.failures.iter().filter(|failure| *failure == "the host keeps failing: no such host name");
    assert_eq!(unasked.count(), 90);
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_before_an_answer_has_one_free_attempt() {
    let double = Double::with_latency(Duration::from_millis(20))
        .script("http://h/3", [Answer::fault(Fault::Reset), Answer::fault(Fault::Reset), Answer::status(200)])
        .script("http://h/4", [Answer::fault(Fault::Reset)]);
    let mut bench = Bench::new();
    let options = Options { retries: 1, ..options(1) };
    bench.run(&entries("h", 6), &double, options).await.expect("it goes on");
    assert!(bench.ended().contains(&"http://h/3 ok"), "two failures, one of them free");
    assert!(bench.ended().contains(&"http://h/4 error reset"));
    assert_eq!(double.asked().iter().filter(|asked| asked.url == "http://h/4").count(), 3, "the free one, and two");
}

#[tokio::test(start_paused = true)]
async fn a_shortage_of_sockets_is_held_against_no_entry() {
    for retries in [0, 3] {
        let double = Double::with_latency(Duration::from_millis(20));
        double.set_sockets(7);
        let list: String = (0..2000).map(|n| format!("http://h{}/{n}\n", n % 50)).collect();
        let mut bench = Bench::new();
        bench.run(&list, &double, Options { retries, ..options(100) }).await.expect("it goes on");
        assert!(bench.ended().iter().all(|ended| ended.ends_with(" ok")), "{:?}", bench.ended());
        assert!(double.peak("") > 7, "nothing was short");
        let end = bench.recorder.ended.iter().map(|(_, at)| *at).max();
        assert!(end < Some(seconds(600)), "{end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shortage_of_sockets_that_stays_ends_the_run_some_time() {
    let double = Double::default();
    double.set_sockets(0);
    let mut bench = Bench::new();
    bench.run(&entries("h", 200), &double, options(100)).await.expect("it goes on");
    assert!(bench.ended().iter().all(|ended| ended.ends_with(" error out-of-files")), "{:?}", bench.ended());
    let end = bench.recorder.ended.iter().map(|(_, at)| *at).max();
    assert!(end < Some(seconds(600)), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_closes_each_connection_after_an_answer_is_no_host_in_trouble() {
    const ENTRIES: usize = 1000;
    let mut double = Double::with_latency(Duration::from_millis(20));
    for entry in (1..ENTRIES).step_by(2) {
        double = double.script(&format!("http://h/{entry}"), [Answer::fault(Fault::Reset), Answer::status(200)]);
    }
    let mut bench = Bench::new();
    let begun = Instant::now();
    let summary = bench.run(&entries("h", ENTRIES), &double, Options { retries: 0, ..options(1) }).await;
    assert_eq!(summary.expect("it goes on").tally.of(Outcome::Ok), u64::try_from(ENTRIES).expect("few"));
    assert!(begun.elapsed() < seconds(31), "nobody is held for it: {:?}", begun.elapsed());
    // Each is asked for again before any other, so that the connection that would be lost next is a fresh one.
    let asked: Vec<_> = double.asked().into_iter().map(|asked| asked.url).collect();
    assert_eq!(asked[1..4], ["http://h/1", "http://h/1", "http://h/2"]);
}

/// More than the window holds, of a host that never answers, before the entries of another one.
#[tokio::test(start_paused = true)]
async fn a_silent_hosts_entries_leave_the_window_to_the_others_and_come_back() {
    const SILENT: usize = 40_000;
    let silent = Answer::status(200).after(Duration::from_secs(25));
    let double = all(Double::with_latency(Duration::from_millis(5)), "silent", SILENT, &silent);
    let mut bench = Bench::new();
    let list = entries("silent", SILENT) + &entries("good", 500);
    let options = Options {
        concurrency: std::num::NonZeroUsize::new(512).expect("not zero"),
        per_host: std::num::NonZeroUsize::new(256),
        ..options(1)
    };
    bench.run(&list, &double, options).await.expect("it goes on");
    assert_eq!(bench.ended().iter().filter(|ended| ended.ends_with(" ok")).count(), SILENT + 500);
    let asked = double.asked();
    let before = asked.iter().rposition(|asked| asked.url.starts_with("http://good/")).expect("some");
    assert!(before < SILENT / 2, "{before} requests before the last good one");
    let urls: Vec<_> = asked.into_iter().map(|asked| asked.url).filter(|url| url.contains("silent")).collect();
    let order: Vec<usize> =
        urls.iter().map(|url| url.rsplit('/').next().expect("a number").parse().expect("a number")).collect();
    assert!(order.is_sorted(), "a host's entries go in their order");
}
