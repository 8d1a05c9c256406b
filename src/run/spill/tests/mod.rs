//! The promises of spilling, with real files and the real thread.

mod model;

use std::{
    fs::File,
    ops::Range,
    sync::LazyLock,
    time::{Duration, Instant},
};

use tokio::time::timeout;

use super::*;
use crate::{link::Link, list::Entry, name::Name};

/// A job of the host of that number, in that line.
pub(super) fn job(number: usize, line: u64) -> Job {
    // One host is parsed once: the tests make many jobs.
    static LINKS: LazyLock<Vec<Link>> = LazyLock::new(|| {
        let links = (0..6000).map(|number| Link::parse(&format!("http://host{number}/picture.jpg?key=1")));
        links.collect::<Result<_, _>>().expect("links")
    });
    let entry = Entry { list: "list".into(), line, text: format!("{number} {line}").into(), sha256: None };
    Job { entry, path: Name::of_link(&LINKS[number]), link: LINKS[number].clone(), before: None }
}

pub(super) fn jobs(number: usize, lines: Range<u64>) -> Vec<Job> {
    lines.map(|line| job(number, line)).collect()
}

pub(super) fn host(number: usize) -> Host {
    job(number, 0).link.host().clone()
}

pub(super) fn lines(jobs: &[Job]) -> Vec<u64> {
    jobs.iter().map(|job| job.entry.line).collect()
}

/// A folder, and what is spilled into it.
struct Bench {
    _folder: tempfile::TempDir,
    store: Arc<Store>,
    spill: Spill,
}

impl Bench {
    fn new(open: Open) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open_alone(folder.path());
        Self { _folder: folder, store, spill: Spill::with(open) }
    }

    fn try_put(&mut self, number: usize, lines: Range<u64>) -> Result<(), Vec<Job>> {
        self.spill.put(&self.store, &host(number), jobs(number, lines))
    }

    fn put(&mut self, number: usize, lines: Range<u64>) {
        self.try_put(number, lines).expect("it is on");
    }

    async fn returned(&mut self) -> Returned {
        timeout(Duration::from_secs(30), self.spill.returned()).await.expect("something was asked for")
    }

    /// The next jobs, whatever else is told before them.
    async fn returned_jobs(&mut self) -> (Host, Vec<Job>) {
        loop {
            if let Returned::Jobs(host, jobs) = self.returned().await {
                return (host, jobs);
            }
        }
    }

    /// All jobs of a host.
    async fn drain(&mut self, number: usize) -> Vec<u64> {
        let mut all = Vec::new();
        while self.spill.of(&host(number)) > 0 {
            self.spill.recall(&host(number));
            let (from, jobs) = self.returned_jobs().await;
            assert!(from == host(number) && !jobs.is_empty());
            all.extend(lines(&jobs));
        }
        all
    }
}

/// A file in which nothing can be written.
fn unwritable(_: &Store) -> io::Result<File> {
    File::open("/dev/null")
}

/// A file from which nothing can be read.
fn unreadable(_: &Store) -> io::Result<File> {
    let file = tempfile::NamedTempFile::new()?;
    File::options().write(true).open(file.path())
}

fn panics(_: &Store) -> io::Result<File> {
    panic!("as the test wants it")
}

#[tokio::test]
async fn jobs_come_back_in_their_order_through_the_file_and_the_tail() {
    let mut bench = Bench::new(Store::scratch);
    bench.put(0, 0..700);
    bench.put(1, 0..3);
    bench.put(0, 700..1000);
    assert_eq!((bench.spill.of(&host(0)), bench.spill.total()), (1000, 1003));
    assert_eq!(bench.drain(0).await, (0..1000).collect::<Vec<_>>());
    assert_eq!(bench.spill.hosts().collect::<Vec<_>>(), [&host(1)]);
    assert_eq!(bench.drain(1).await, [0, 1, 2]);
    assert_eq!((bench.spill.total(), bench.spill.hosts().count(), bench.spill.in_tails), (0, 0, 0));
}

#[tokio::test]
async fn one_block_comes_back_for_one_request() {
    let mut bench = Bench::new(Store::scratch);
    bench.put(0, 0..600);
    bench.spill.recall(&host(0));
    bench.spill.recall(&host(0));
    bench.spill.recall(&host(1));
    assert_eq!(bench.returned_jobs().await.1.len(), BLOCK);
    assert_eq!(bench.spill.of(&host(0)), 600 - BLOCK as u64);
    assert!(timeout(Duration::from_millis(50), bench.spill.returned()).await.is_err());
}

#[tokio::test]
async fn waiting_for_what_comes_back_can_be_given_up_at_any_time() {
    let mut bench = Bench::new(Store::scratch);
    bench.put(0, 0..2560);
    let mut all = Vec::new();
    while bench.spill.of(&host(0)) > 0 {
        bench.spill.recall(&host(0));
        tokio::select! {
            biased;
            returned = bench.spill.returned() => match returned {
                Returned::Jobs(_, jobs) => all.extend(lines(&jobs)),
                other => panic!("{other:?}"),
            },
            () = tokio::task::yield_now() => {}
        }
    }
    assert_eq!(all, (0..2560).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_tails_of_thousands_of_hosts_stay_within_their_bound() {
    let mut bench = Bench::new(Store::scratch);
    for line in 0..3 {
        for number in 0..6000 {
            bench.put(number, line..line + 1);
            let held: usize = bench.spill.hosts.values().map(|queue| queue.tail.len()).sum();
            // The sum is over thousands of hosts, and that thousands of times: now and then is enough.
            assert!(bench.spill.in_tails <= TAILS && (number % 100 > 0 || bench.spill.in_tails == held));
        }
    }
    assert_eq!(bench.spill.total(), 18_000);
    for number in 0..6000 {
        assert_eq!(bench.drain(number).await, [0, 1, 2], "{number}");
    }
}

#[tokio::test]
async fn the_longest_tails_are_written_first() {
    let mut bench = Bench::new(Store::scratch);
    for number in 0..1000 {
        bench.put(number, 0..3);
    }
    for number in 1000..1006 {
        bench.put(number, 0..200);
    }
    for number in 1000..1005 {
        assert!(bench.spill.hosts[&host(number)].tail.is_empty(), "{number}");
    }
    assert!(bench.spill.hosts.values().filter(|queue| queue.with_thread == 3).count() < 400);
}

#[tokio::test]
async fn what_cannot_be_written_comes_back_in_its_order_and_nothing_more_is_taken() {
    let mut bench = Bench::new(unwritable);
    bench.put(0, 0..700);
    assert!(matches!(bench.returned().await, Returned::Off(error) if error.raw_os_error().is_some()));
    let jobs = bench.try_put(0, 700..710).expect_err("it is off");
    assert_eq!(lines(&jobs), (700..710).collect::<Vec<_>>());
    assert_eq!(bench.spill.total(), 700);
    assert_eq!(bench.drain(0).await, (0..700).collect::<Vec<_>>());
    assert_eq!((bench.spill.total(), bench.spill.unwritten), (0, 0));
    assert!(bench.try_put(0, 0..1).is_err());
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_as_one_that_cannot_be_written() {
    let mut bench = Bench::new(|_| Err(io::ErrorKind::StorageFull.into()));
    bench.put(0, 0..300);
    assert!(matches!(bench.returned().await, Returned::Off(error) if error.kind() == io::ErrorKind::StorageFull));
    assert_eq!(bench.drain(0).await, (0..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_its_host_and_count() {
    let mut bench = Bench::new(unreadable);
    bench.put(0, 0..600);
    for left in [600 - 256, 600 - 512] {
        bench.spill.recall(&host(0));
        let returned = bench.returned().await;
        assert!(matches!(&returned, Returned::Lost { host: lost, count: 256, .. } if *lost == host(0)), "{returned:?}");
        assert_eq!(bench.spill.of(&host(0)), left);
    }
    assert_eq!(bench.drain(0).await, (512..600).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_a_thread_had_that_panicked_is_told_as_lost_and_the_rest_comes_back() {
    let mut bench = Bench::new(panics);
    bench.put(0, 0..300);
    bench.put(1, 0..2);
    bench.spill.recall(&host(0));
    assert!(matches!(bench.returned().await, Returned::Off(_)));
    assert!(matches!(bench.returned().await, Returned::Lost { count: 256, .. }));
    assert_eq!(bench.drain(0).await, (256..300).collect::<Vec<_>>());
    assert_eq!(bench.drain(1).await, [0, 1]);
    assert_eq!((bench.spill.total(), bench.spill.unwritten), (0, 0));
}

#[tokio::test]
async fn jobs_for_a_thread_that_panicked_before_it_is_known_stay_in_memory() {
    let mut bench = Bench::new(panics);
    bench.put(0, 0..256);
    let thread = bench.spill.thread.as_ref().expect("it was started");
    while thread.commands.send(Command::Read(host(9))).is_ok() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    bench.put(0, 256..1000);
    bench.put(0, 1000..1001);
    assert!(matches!(bench.returned().await, Returned::Off(_)));
    assert!(matches!(bench.returned().await, Returned::Lost { count: 256, .. }));
    assert_eq!(bench.drain(0).await, (256..1001).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_file_hands_jobs_back_until_there_is_room_again() {
    let mut bench = Bench::new(Store::scratch);
    bench.put(0, 0..256);
    bench.spill.used = LARGEST;
    assert_eq!(bench.try_put(0, 256..258).expect_err("it is full").len(), 2);
    bench.drain(0).await;
    assert_eq!(bench.spill.used, 0);
    bench.put(0, 0..1);
}

#[tokio::test]
async fn a_disk_that_does_not_keep_up_is_told_and_so_is_its_end() {
    let mut bench = Bench::new(Store::scratch);
    bench.put(0, 0..AHEAD as u64 + 512);
    assert!(bench.spill.is_behind());
    assert!(matches!(bench.returned().await, Returned::Room));
    assert!(!bench.spill.is_behind());
}

#[tokio::test]
async fn nothing_is_started_before_it_is_needed() {
    let mut bench = Bench::new(Store::scratch);
    bench.spill.recall(&host(0));
    bench.put(0, 0..0);
    assert!(bench.spill.thread.is_none());
    assert_eq!(bench.spill.hosts().count(), 0);
    assert!(timeout(Duration::from_millis(20), bench.spill.returned()).await.is_err());
}

#[tokio::test]
async fn a_hundred_thousand_jobs_go_and_come_back_within_seconds() {
    let begun = Instant::now();
    let mut bench = Bench::new(Store::scratch);
    for line in 0..1000 {
        bench.put(0, line * 100..line * 100 + 100);
    }
    assert_eq!(bench.drain(0).await, (0..100_000).collect::<Vec<_>>());
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}
