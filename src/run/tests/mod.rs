//! The engine's promises, with a scripted transport and in virtual time.
//!
//! What surprises: the plan is read by a real thread, for which virtual time does not wait. Where times or counts
//! are asserted, the list therefore fits into the first batch.

mod bench;
mod crash;
mod double;
mod endings;
mod flips;
mod origin;
mod outage;
mod politeness;
mod power;
mod reach;
mod reruns;
mod resume;
#[cfg(target_os = "linux")]
mod torture;
mod troubles;
mod updates;

use std::{
    fs,
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;

use self::{
    bench::{Bench, options, seconds},
    double::{Answer, Double, IMAGE},
};
use crate::{
    event::Outcome,
    fetch::Fault,
    options::{Accept, Options},
};

#[tokio::test(start_paused = true)]
async fn every_entry_ends_in_one_way_and_only_whole_images_are_files() {
    let html = || Answer::status(200).chunks(Duration::ZERO, [Bytes::from_static(b"<!DOCTYPE html><p>no</p>")]);
    let double = Double::default()
        .script("http://h/gone", [Answer::status(410)])
        .script("http://h/missing", [Answer::status(404)])
        .script("http://h/denied", [Answer::status(403)])
        .script("http://h/flaky", [Answer::status(503), Answer::fault(Fault::Reset), Answer::status(200)])
        .script("http://h/down", [Answer::fault(Fault::Refused)])
        .script("http://h/html", [html()])
        .script("http://h/half", [Answer::status(200).chunks(Duration::ZERO, [Bytes::from_static(&IMAGE[..20])])])
        .script("http://h/short", [Answer::status(200).header("content-length", "99")])
        .script("http://h/zip", [Answer::status(200).header("content-encoding", "gzip")])
        .script("http://h/empty", [Answer::status(200).chunks(Duration::ZERO, [])]);
    let list = "ok\nok\ngone\nmissing\ndenied\nflaky\ndown\nhtml\nhalf\nshort\nzip\nempty\nftp://x\n";
    let mut bench = Bench::new();
    let summary = bench.run(list, &double, options(4)).await.expect("it goes on");
    assert_eq!(
        bench.ended(),
        [
            "denied error http-403",
            "down error refused",
            "empty error empty",
            "flaky ok",
            "ftp://x error invalid-line",
            "gone not-found",
            "half error incomplete-image",
            "html error not-an-image",
            "missing not-found",
            "ok duplicate",
            "ok ok",
            "short error incomplete-body",
            "zip error unexpected-encoding",
        ]
    );
    assert_eq!(bench.files(), ["flaky", "ok"]);
    assert_eq!(fs::read(bench.folder.path().join("out/ok")).expect("a file"), IMAGE);
    let tally = summary.tally;
    assert_eq!((tally.of(Outcome::Ok), tally.of(Outcome::NotFound), tally.of(Outcome::Error)), (2, 2, 8));
    assert_eq!(tally.requests, double.asked().len() as u64);
}

#[tokio::test(start_paused = true)]
async fn never_more_in_flight_than_allowed_in_all_and_to_one_host() {
    let list: String = (0..300).map(|n| format!("http://{}/{n}\n", ["a", "b", "c"][n % 3])).collect();
    let double = Double::with_latency(Duration::from_millis(10));
    let options = Options { per_host: NonZeroUsize::new(2), ..options(5) };
    Bench::new().run(&list, &double, options).await.expect("it goes on");
    assert_eq!((double.peak(""), double.peak("http://a"), double.peak("http://b")), (5, 2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_waiting_retry_holds_no_permit() {
    let double = Double::with_latency(Duration::from_millis(1))
        .script("http://h/again", [Answer::status(500), Answer::status(200)]);
    let list: String = std::iter::once("again\n".to_owned()).chain((0..50).map(|n| format!("{n}\n"))).collect();
    let mut bench = Bench::new();
    bench.run(&list, &double, options(1)).await.expect("it goes on");
    let others = (0..50).map(|n| bench.when(&format!("{n} ok"))).max().expect("fifty");
    assert!(others < Duration::from_millis(200), "{others:?}");
    assert_eq!(bench.when("again ok").max(others), bench.when("again ok"));
}

#[tokio::test(start_paused = true)]
async fn retries_and_redirects_keep_the_pace() {
    let double = Double::default()
        .script("http://h/0", [Answer::status(503), Answer::fault(Fault::Reset), Answer::status(200)])
        .script("http://h/1", [Answer::redirect("/x"), Answer::redirect("/y")])
        .script("http://h/x", [Answer::redirect("/z")]);
    let list: String = (0..30).map(|n| format!("{n}\n")).collect();
    let options = Options { rate: "10/s".parse().ok(), burst: NonZeroU32::new(3).expect("three"), ..options(8) };
    Bench::new().run(&list, &double, options).await.expect("it goes on");
    let asked = double.asked();
    assert_eq!(asked.len(), 34);
    for (index, pair) in asked.windows(4).enumerate() {
        let gap = pair[3].at - pair[0].at;
        assert!(gap >= Duration::from_millis(95), "starts {index} to {}: {gap:?}", index + 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_never_answers_delays_only_its_own_entries() {
    let mut double = Double::with_latency(Duration::from_millis(20));
    for n in 0..25 {
        double = double.script(&format!("http://h0/{n}"), [Answer::silence()]);
    }
    let all = || (0..25).flat_map(|n| (0..10).map(move |host| (host, n)));
    let mut sorted: Vec<_> = all().collect();
    sorted.sort_unstable();
    let lists = [all().collect(), sorted, all().filter(|(host, _)| *host > 0).collect::<Vec<_>>()];
    let mut times = Vec::new();
    for entries in lists {
        let list: String = entries.iter().map(|(host, n)| format!("http://h{host}/{n}\n")).collect();
        let mut bench = Bench::new();
        bench.run(&list, &double, Options { retries: 0, ..options(30) }).await.expect("it goes on");
        let good = bench.recorder.ended.iter().filter(|(text, _)| !text.starts_with("http://h0/"));
        times.push(good.map(|(_, at)| *at).max().expect("good ones"));
    }
    let alone = times[2].mul_f64(1.25);
    assert!(times[0] <= alone && times[1] <= alone, "interleaved, sorted, without it: {times:?}");
}

#[tokio::test(start_paused = true)]
async fn every_wait_has_an_end() {
    let drip = Answer::status(200).chunks(seconds(10), (0..90).map(|_| Bytes::from_static(b"x")));
    let stall = Answer::status(200).chunks(seconds(1000), [Bytes::from_static(b"x")]);
    let steady = Answer::status(200).chunks(seconds(9), (0..10).map(|_| Bytes::from(vec![b'x'; 20_000])));
    let double = Double::default()
        .script("http://h/silence", [Answer::silence()])
        .script("http://h/drip", [drip])
        .script("http://h/stall", [stall])
        .script("http://h/steady", [steady]);
    let options = |timeout| Options { retries: 0, accept: Accept::Any, timeout, ..options(9) };
    let mut bench = Bench::new();
    bench.run("silence\ndrip\nstall\nsteady\n", &double, options(None)).await.expect("it goes on");
    assert_eq!(bench.when("silence error timeout").as_secs(), 30);
    assert_eq!(bench.when("stall error timeout").as_secs(), 30);
    assert_eq!(bench.when("drip error too-slow").as_secs(), 30);
    assert_eq!(bench.when("steady ok").as_secs(), 90);
    let mut bench = Bench::new();
    bench.run("steady\n", &double, options(Some(seconds(60)))).await.expect("it goes on");
    assert_eq!(bench.when("steady error timeout").as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_body_beyond_the_limit_is_refused_by_its_length_and_by_count() {
    let endless = Answer::status(200).chunks(Duration::ZERO, (0..100).map(|_| Bytes::from(vec![b'x'; 1000])));
    let double = Double::default()
        .script("http://h/honest", [Answer::status(200).header("content-length", "100000")])
        .script("http://h/endless", [endless]);
    let options = Options { max_size: 50_000, accept: Accept::Any, ..options(3) };
    let mut bench = Bench::new();
    bench.run("honest\nendless\nfine\n", &double, options).await.expect("it goes on");
    assert_eq!(bench.ended(), ["endless error too-large", "fine ok", "honest error too-large"]);
    assert_eq!(bench.files(), ["fine"]);
}

#[tokio::test(start_paused = true)]
async fn a_large_body_goes_to_its_file_in_pieces_and_is_checked_there() {
    let mut gif = IMAGE[..IMAGE.len() - 1].to_vec();
    for _ in 0..20_000 {
        // A comment extension of 255 bytes (GIF89a §24).
        gif.extend_from_slice(&[0x21, 0xfe, 255]);
        gif.extend_from_slice(&[b'c'; 255]);
        gif.push(0);
    }
    let cut = gif.clone();
    gif.push(b';');
    let pieces = |bytes: &[u8]| bytes.chunks(100_000).map(Bytes::copy_from_slice).collect::<Vec<_>>();
    let double = Double::default()
        .script("http://h/large", [Answer::status(200).chunks(Duration::ZERO, pieces(&gif))])
        .script("http://h/cut", [Answer::status(200).chunks(Duration::ZERO, pieces(&cut))]);
    let mut bench = Bench::new();
    bench.run("large\ncut\n", &double, options(2)).await.expect("it goes on");
    assert_eq!(bench.ended(), ["cut error incomplete-image", "large ok"]);
    assert_eq!(bench.files(), ["large"]);
    assert!(fs::read(bench.folder.path().join("out/large")).expect("a file") == gif);
}

#[tokio::test(start_paused = true)]
async fn redirects_end_and_take_no_headers_to_another_host() {
    let double = Double::default()
        .script("http://h/away", [Answer::redirect("http://other/1")])
        .script("http://other/1", [Answer::redirect("http://h/home")])
        .script("http://h/loop", [Answer::redirect("/loop")])
        .script("http://h/nowhere", [Answer::status(301)])
        .script("http://h/ftp", [Answer::redirect("ftp://h/x")])
        .script("https://s/down", [Answer::redirect("http://s/x")]);
    let options = Options { headers: Some(Arc::new(HeaderMap::new())), ..options(1) };
    let mut bench = Bench::new();
    bench.run("away\nloop\nnowhere\nftp\nhttps://s/down\n", &double, options).await.expect("it goes on");
    assert_eq!(
        bench.ended(),
        [
            "away ok",
            "ftp error redirect",
            "https://s/down error redirect",
            "loop error redirect",
            "nowhere error redirect"
        ]
    );
    assert_eq!(bench.files(), ["away"], "the list names the file, never the server");
    let asked = double.asked();
    let carried = |url: &str| asked.iter().find(|asked| asked.url == url).map(|asked| asked.headers);
    assert_eq!(carried("http://h/away"), Some(true));
    assert_eq!(carried("http://other/1"), Some(false));
    assert_eq!(carried("http://h/home"), Some(false), "what was elsewhere is not trusted again");
    assert_eq!(asked.iter().filter(|asked| asked.url == "http://h/loop").count(), 6);
}

#[tokio::test(start_paused = true)]
async fn the_total_timeout_holds_for_a_throttled_body_too() {
    let body = Answer::status(200).chunks(Duration::ZERO, (0..100).map(|_| Bytes::from(vec![b'x'; 10_000])));
    let double = Double::default().script("http://h/throttled", [body]);
    let options = Options {
        bandwidth: std::num::NonZeroU64::new(10_000),
        timeout: Some(seconds(5)),
        retries: 0,
        accept: Accept::Any,
        ..options(1)
    };
    let mut bench = Bench::new();
    bench.run("throttled\n", &double, options).await.expect("it goes on");
    assert_eq!(bench.when("throttled error timeout").as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn no_duration_is_too_long() {
    let options =
        Options { read_timeout: Duration::MAX, timeout: Some(Duration::MAX), grace: Duration::MAX, ..options(2) };
    let mut bench = Bench::new().stopping_after(1, crate::stop::Stop::Drain);
    let double = Double::with_latency(seconds(1));
    bench.run("a\nb\n", &double, options).await.expect("it goes on");
    assert_eq!(bench.ended(), ["a ok", "b ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_hop_goes_before_what_waits_for_its_host() {
    let double = Double::default().script("http://h/0", [Answer::redirect("/signed")]);
    let list: String = (0..50).map(|n| format!("{n}\n")).collect();
    let options = Options { rate: "10/s".parse().ok(), ..options(1) };
    Bench::new().run(&list, &double, options).await.expect("it goes on");
    let order: Vec<_> = double.asked().iter().map(|asked| asked.url.clone()).take(3).collect();
    assert_eq!(order, ["http://h/0", "http://h/signed", "http://h/1"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_is_taken_in_chunks_and_in_no_other_coding_nor_with_a_length_beside_it() {
    let coded = |coding: &str| Answer::status(200).header("transfer-encoding", coding);
    let double = Double::default()
        .script("http://h/chunked", [coded("Chunked")])
        .script("http://h/both", [coded("chunked").header("content-length", "7")])
        .script("http://h/gzip", [coded("gzip, chunked")])
        .script("http://h/gzip-field", [coded("gzip").header("transfer-encoding", "chunked")])
        .script("http://h/twice", [coded("chunked").header("transfer-encoding", "chunked")]);
    let mut bench = Bench::new();
    let options = Options { retries: 0, ..options(1) };
    bench.run("chunked\nboth\ngzip\ngzip-field\ntwice\n", &double, options).await.expect("it goes on");
    let [wrong, refused] = ["error protocol", "error unexpected-encoding"];
    let endings = [("both", wrong), ("chunked", "ok"), ("gzip", refused), ("gzip-field", refused), ("twice", refused)];
    let expected: Vec<_> = endings.iter().map(|(code, end)| format!("{code} {end}")).collect();
    assert_eq!(bench.ended(), expected);
}
