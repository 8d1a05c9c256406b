//! A network that goes away in the middle of a run, and comes back. In virtual time.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    bench::{Bench, options, seconds},
    double::Double,
};
use crate::options::Options;

const DARK: u64 = 120;

/// Runs a list with a network that goes away for two minutes, half a second after the run begins.
async fn run(list: &str, options: Options) -> Bench {
    let double = Double::with_latency(Duration::from_millis(20));
    let begun = Instant::now();
    double.set_dark(begun + Duration::from_millis(500), begun + seconds(DARK));
    let mut bench = Bench::new();
    bench.run(list, &double, options).await.expect("it goes on");
    bench
}

fn failed(bench: &Bench) -> Vec<&str> {
    bench.ended().into_iter().filter(|ended| !ended.ends_with(" ok")).collect()
}

#[tokio::test(start_paused = true)]
async fn one_host_that_had_answered_is_waited_for() {
    for concurrency in [1, 3, 16] {
        let list: String = (0..2000).map(|n| format!("http://h/{n}\n")).collect();
        let bench = run(&list, options(concurrency)).await;
        let wrong = failed(&bench);
        assert!(wrong.is_empty(), "{concurrency} at once: {} entries, such as {:?}", wrong.len(), wrong[0]);
    }
}

#[tokio::test(start_paused = true)]
async fn hosts_that_had_not_been_asked_before_are_not_given_up() {
    // Of each two entries one is of a host that has answered by then, and one of a host that nobody has asked yet.
    let list: String = (0..2000).map(|n| format!("http://known{}/{n}\nhttp://new{n}/\n", n % 20)).collect();
    let bench = run(&list, options(8)).await;
    let wrong = failed(&bench);
    assert!(wrong.is_empty(), "{} entries, such as {:?}", wrong.len(), wrong[0]);
}
