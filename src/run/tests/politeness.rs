//! What servers ask of their clients, and what they get: holds, adaptive limits, pace. In virtual time.

use std::{
    num::NonZeroUsize,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

use super::{
    bench::{Bench, options, seconds},
    double::{Answer, Asked, Double},
};
use crate::options::Options;

fn list(host: &str, count: usize) -> String {
    (0..count).map(|n| format!("http://{host}/{n}\n")).collect()
}

fn to(asked: &[Asked], host: &str) -> Vec<Instant> {
    let prefix = format!("http://{host}/");
    asked.iter().filter(|asked| asked.url.starts_with(&prefix)).map(|asked| asked.at).collect()
}

#[tokio::test(start_paused = true)]
async fn a_host_that_names_a_time_is_not_asked_before_and_another_one_does_not_notice() {
    // The server's clock is an hour behind: what counts is the time between its two dates.
    #[allow(clippy::disallowed_methods, reason = "a server has a clock")]
    let date = |seconds: u64| httpdate::fmt_http_date(SystemTime::now() - Duration::from_secs(3600 - seconds));
    let named = [
        Answer::status(429).header("retry-after", "2"),
        Answer::status(503).header("retry-after", " 2 "),
        Answer::status(500).header("retry-after", "2"),
        Answer::status(429).header("retry-after", "1").header("retry-after", "2"),
        Answer::status(429).header("date", &date(10)).header("retry-after", &date(12)),
    ];
    for answer in named {
        let double = Double::with_latency(Duration::from_millis(10))
            .script("http://strict/5", [answer.after(Duration::from_millis(10)), Answer::status(200)]);
        let list = list("strict", 60) + &list("other", 120);
        let mut bench = Bench::new();
        let options = Options { per_host: NonZeroUsize::new(4), ..options(8) };
        bench.run(&list, &double, options).await.expect("it goes on");
        assert!(bench.ended().iter().all(|ended| ended.ends_with(" ok")));
        let asked = double.asked();
        let begun = asked[0].at;
        let times = to(&asked, "strict");
        let gap = times.windows(2).map(|pair| pair[1] - pair[0]).max().expect("some");
        assert!(gap >= Duration::from_millis(1990) && gap <= Duration::from_millis(2400), "{gap:?}");
        let other = to(&asked, "other").last().map(|last| last.duration_since(begun)).expect("some");
        assert!(other <= Duration::from_millis(10 * 120 / 4 + 60), "{other:?} for the other one");
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_that_makes_no_sense_counts_as_none() {
    for value in ["0", "-1", "1.5", "1e9", "soon", "Sun, 06 Nov 1994 08:49:37 GMT", ""] {
        let double = Double::with_latency(Duration::from_millis(10))
            .script("http://h/3", [Answer::status(429).header("retry-after", value), Answer::status(200)]);
        let mut bench = Bench::new();
        bench.run(&list("h", 20), &double, options(2)).await.expect("it goes on");
        assert!(bench.ended().iter().all(|ended| ended.ends_with(" ok")), "{value}");
        let times = to(&double.asked(), "h");
        let gap = times.windows(2).map(|pair| pair[1] - pair[0]).max().expect("some");
        assert!((Duration::from_millis(110)..=Duration::from_millis(300)).contains(&gap), "{value}: {gap:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_beyond_patience_ends_the_hosts_entries_at_once_and_nothing_is_asked_there_again() {
    for value in ["901", "100000000000000000000"] {
        let double = Double::with_latency(Duration::from_millis(10))
            .script("http://h/3", [Answer::status(429).header("retry-after", value)]);
        let mut bench = Bench::new();
        bench.run(&(list("h", 200) + &list("other", 20)), &double, options(2)).await.expect("it goes on");
        let ended = bench.ended();
        assert_eq!(
            ended.iter().filter(|ended| ended.ends_with("host-down")).count(),
            200 - to(&double.asked(), "h").len() + 1
        );
        assert!(to(&double.asked(), "h").len() < 10);
        assert_eq!(
            ended.iter().filter(|ended| ended.starts_with("http://other/") && ended.ends_with(" ok")).count(),
            20
        );
        assert!(bench.recorder.ended.iter().all(|(_, at)| *at < seconds(1)), "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_used_up_quota_holds_the_host_until_it_is_renewed() {
    let double = Double::with_latency(Duration::from_millis(10))
        .script("http://h/3", [Answer::status(200).header("ratelimit", "\"p\";r=0;t=30")]);
    let mut bench = Bench::new();
    bench.run(&list("h", 20), &double, options(1)).await.expect("it goes on");
    let times = to(&double.asked(), "h");
    assert!(times[4] - times[3] >= seconds(30), "{:?}", times[4] - times[3]);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_quota_is_spread_where_it_would_not_do() {
    let double = Double::default()
        .script(
            "http://h/0",
            [Answer::status(200).header("x-ratelimit-remaining", "10").header("x-ratelimit-reset", "20")],
        )
        .script(
            "http://h/1",
            [Answer::status(200).header("x-ratelimit-remaining", "500").header("x-ratelimit-reset", "20")],
        );
    for (first, least, most) in [(0, 15, 30), (1, 0, 1)] {
        let list: String = [first].into_iter().chain(2..22).map(|n| format!("{n}\n")).collect();
        let mut bench = Bench::new();
        let begun = Instant::now();
        bench.run(&list, &double, options(1)).await.expect("it goes on");
        let took = begun.elapsed().as_secs();
        assert!((least..=most).contains(&took), "from {first}: {took} s");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_hold_one_request_comes_first_and_then_more() {
    let double = Double::with_latency(Duration::from_millis(100)).script(
        "http://h/0",
        [Answer::status(429).header("retry-after", "5"), Answer::status(200).after(Duration::from_millis(100))],
    );
    let mut bench = Bench::new();
    bench.run(&list("h", 100), &double, options(16)).await.expect("it goes on");
    let times = to(&double.asked(), "h");
    let held = times.windows(2).position(|pair| pair[1] - pair[0] > seconds(3)).expect("a hold") + 1;
    let first = times[held];
    let within = |millis| times[held..].iter().filter(|at| **at - first < Duration::from_millis(millis)).count();
    assert_eq!([within(90), within(190), within(290)], [1, 3, 7], "one, then two more for each that is answered");
}

/// Entries that are refused in one burst are not at fault: each has all its attempts still.
#[tokio::test(start_paused = true)]
async fn many_that_are_refused_at_once_cost_no_attempts() {
    let double = Double::with_latency(Duration::from_millis(50));
    double.set_capacity(2);
    let mut bench = Bench::new();
    let options = Options { retries: 1, ..options(100) };
    bench.run(&list("h", 200), &double, options).await.expect("it goes on");
    assert!(bench.ended().iter().all(|ended| ended.ends_with(" ok")), "{:?}", bench.ended());
}

/// Requests a second that were done, and the share of those that were refused, over a span from the first request on.
fn share(asked: &[Asked], from: u64, to: u64) -> (f64, f64) {
    let begun = asked[0].at;
    let within = |asked: &&Asked| (seconds(from)..seconds(to)).contains(&asked.at.duration_since(begun));
    let all = asked.iter().filter(within).count();
    let refused = asked.iter().filter(within).filter(|asked| asked.refused).count();
    let number = |count: usize| f64::from(u32::try_from(count).expect("not so many"));
    (number(all - refused) / number(usize::try_from(to - from).expect("short")), number(refused) / number(all))
}

#[tokio::test(start_paused = true)]
async fn a_server_with_a_capacity_is_used_to_nine_tenths_and_hardly_ever_has_to_refuse() {
    for (latency, cap) in [(50, 64), (50, 16), (200, 64), (1000, 64)] {
        let double = Double::with_latency(Duration::from_millis(latency));
        double.set_capacity(12);
        let count = usize::try_from(65 * 12 * 1000 / latency).expect("not so many");
        Bench::new().run(&list("h", count), &double, options(cap)).await.expect("it goes on");
        let (rate, refused) = share(&double.asked(), 20, 60);
        let used = rate / (12.0 * 1000.0 / f64::from(u32::try_from(latency).expect("short")));
        assert!(used >= 0.9 && refused <= 0.02, "{latency} ms, -c {cap}: {used:.3} used, {refused:.4} refused");
    }
}

#[tokio::test(start_paused = true)]
async fn a_capacity_that_changes_is_followed_within_half_a_minute() {
    let double = Double::with_latency(Duration::from_millis(200));
    double.set_capacity(12);
    let steps = double.clone();
    tokio::spawn(async move {
        tokio::time::sleep(seconds(30)).await;
        steps.set_capacity(4);
        tokio::time::sleep(seconds(40)).await;
        steps.set_capacity(12);
    });
    Bench::new().run(&list("h", 12_000), &double, options(64)).await.expect("it goes on");
    let asked = double.asked();
    for (from, to, capacity) in [(20, 30, 12.0), (60, 70, 4.0), (100, 110, 12.0)] {
        let (rate, refused) = share(&asked, from, to);
        assert!(rate >= 0.85 * capacity * 5.0 && refused <= 0.03, "{from} s: {rate} of {capacity}, {refused} refused");
    }
}

/// The second's part of what two runs at once get done, counted from the 30th to the 60th second, with the second one
/// coming `delay` seconds later.
async fn part_of_the_second(delay: u64, seed: u64) -> f64 {
    let double = Double::with_uneven_latency(Duration::from_millis(50));
    double.set_capacity(12);
    let (mut first, mut second) = (Bench::in_memory(), Bench::in_memory());
    let lists = [list("h", 9_000), list("h", 9_000).replace("/h/", "/h/second-")];
    let one = async {
        let _ = first.run(&lists[0], &double, Options { seed: Some(seed), ..options(64) }).await;
    };
    let other = async {
        tokio::time::sleep(seconds(delay)).await;
        let _ = second.run(&lists[1], &double, Options { seed: Some(seed + 100), ..options(64) }).await;
    };
    tokio::join!(one, other);
    let asked = double.asked();
    let begun = asked[0].at;
    let within = |asked: &&Asked| (seconds(30)..seconds(60)).contains(&asked.at.duration_since(begun));
    let done: Vec<_> = asked.iter().filter(within).filter(|asked| !asked.refused).collect();
    let number = |count: usize| f64::from(u32::try_from(count).expect("not so many"));
    number(done.iter().filter(|asked| asked.url.contains("second-")).count()) / number(done.len())
}

#[tokio::test(start_paused = true)]
async fn two_runs_share_a_server_fairly() {
    for delay in [0, 10] {
        let mut parts = Vec::new();
        for seed in 0..3 {
            parts.push(part_of_the_second(delay, seed).await);
        }
        let mean = parts.iter().sum::<f64>() / 3.0;
        let fair = (0.4..=0.6).contains(&mean) && parts.iter().all(|part| (0.35..=0.65).contains(part));
        assert!(fair, "the second's, {delay} s later: {parts:?}");
    }
}
