//! A run of millions of entries against a transport in the process: memory, time an entry, and the ledger's size.
//!
//! `cargo bench --bench long_run -- ENTRIES FOLDER [--shuffled]`; see benches/README.md.
//!
//! Promises: it ends with an error where the outcomes do not add up to the entries, or the ledger does not hold the
//! same. Of each entry it keeps nothing itself, and does as little as can be done: the list is written before the clock
//! starts, answers are made of constants.
//!
//! What surprises: `cargo bench` without arguments does nothing but say so, because millions of files are nothing to
//! make by accident. FOLDER must not be there before; it is not removed, so that the ledger can be looked at.

#![allow(clippy::print_stdout, reason = "it prints what it measures")]

use std::{
    env,
    error::Error,
    fs::{self, File},
    io::{self, BufWriter, Write},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Instant,
};

use bytes::Bytes;
use flagdl::{
    event::{Event, Outcome, Reporter},
    fetch::{Body, FetchError, Head, Request, Transport},
    list::{Lists, Source},
    options::Options,
    plan::Plan,
    stop::StopSignal,
    tally::Summary,
    template::Template,
};
use http::HeaderMap;

/// The smallest whole GIF.
const IMAGE: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// Of so many entries in a row, so many are not found.
const NOT_FOUND: (u64, u64) = (3, 5);

/// Requests in flight.
const CONCURRENCY: NonZeroUsize = NonZeroUsize::new(16).expect("not zero");

/// What is wanted of a measurement.
struct Order {
    entries: u64,
    folder: PathBuf,
    shuffled: bool,
}

impl Order {
    /// None where cargo only asks whether it runs.
    fn read() -> Result<Option<Self>, Box<dyn Error>> {
        let (switches, values): (Vec<_>, Vec<_>) = env::args().skip(1).partition(|text| text.starts_with("--"));
        let [entries, folder] = &*values else { return Ok(None) };
        let shuffled = switches.iter().any(|switch| switch == "--shuffled");
        Ok(Some(Self { entries: entries.parse()?, folder: folder.into(), shuffled }))
    }

    /// The number in the code that stands at this place in the list: each below the next power of two at most once.
    fn code(&self, place: u64) -> u64 {
        let mask = self.entries.next_power_of_two() - 1;
        // An odd factor permutes the numbers below a power of two.
        if self.shuffled { place.wrapping_mul(0x9E37_79B9_7F4A_7C15) & mask } else { place }
    }

    /// How many of the list are not found.
    fn not_found(&self) -> u64 {
        (0..self.entries).filter(|place| is_missing(self.code(*place))).count() as u64
    }

    /// Writes the list, before anything is measured.
    fn list(&self) -> io::Result<Source> {
        let path = self.folder.join("list.txt");
        let mut list = BufWriter::new(File::create(&path)?);
        for place in 0..self.entries {
            writeln!(list, "flag-{:010}", self.code(place))?;
        }
        list.flush()?;
        Ok(Source::File(path))
    }

    /// The folder for downloads.
    fn out(&self) -> PathBuf {
        self.folder.join("out")
    }
}

fn is_missing(number: u64) -> bool {
    number % NOT_FOUND.1 < NOT_FOUND.0
}

/// Answers at once, by the last ten digits of the URL's path.
struct Origin;

struct Once(Option<Bytes>);

impl Body for Once {
    async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        Ok(self.0.take())
    }
}

impl Transport for Origin {
    type Body = Once;

    async fn send(&self, request: Request) -> Result<(Head, Once), FetchError> {
        // As any exchange, it lets others go on before it ends.
        tokio::task::yield_now().await;
        let path = request.link.url().path();
        let number = path.trim_end_matches(".gif").rsplit('-').next().and_then(|digits| digits.parse().ok());
        let (status, body) = if number.is_none_or(is_missing) { (404, None) } else { (200, Some(IMAGE)) };
        Ok((Head { status, headers: HeaderMap::new(), from: None }, Once(body.map(Bytes::from_static))))
    }
}

/// Prints a line for each so many entries that have ended.
struct Progress {
    folder: PathBuf,
    every: u64,
    ended: u64,
    since: Instant,
    processor: f64,
    /// Nanoseconds an entry, of each part of the run.
    parts: Vec<f64>,
}

impl Reporter for Progress {
    fn report(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Event::Ended(_) = event {
            self.ended += 1;
            if self.ended.is_multiple_of(self.every) {
                self.print()?;
            }
        }
        Ok(())
    }
}

impl Progress {
    #[allow(clippy::cast_precision_loss, reason = "figures for people")]
    fn print(&mut self) -> io::Result<()> {
        let each = self.since.elapsed().as_nanos() as f64 / self.every as f64;
        let processor = processor_seconds()?;
        let used = (processor - self.processor) * 1e9 / self.every as f64;
        let ledger = ledger_length(&self.folder)? as f64 / self.ended as f64;
        let (peak, anonymous) = (status("VmHWM:")?, status("RssAnon:")?);
        println!(
            "{:>10} entries: {:>6.1} µs each, {:>6.1} µs of CPU; peak {peak} KiB, now {anonymous} KiB anonymous; ledger \
             {ledger:.0} bytes an entry",
            self.ended,
            each / 1e3,
            used / 1e3,
        );
        self.parts.push(used);
        (self.since, self.processor) = (Instant::now(), processor);
        Ok(())
    }
}

/// A figure of the process in KiB, by its name in the system's list.
fn status(name: &str) -> io::Result<u64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    Ok(line.trim().trim_end_matches(" kB").parse().unwrap_or_default())
}

/// Time that the process has had of all processors, in seconds.
fn processor_seconds() -> io::Result<f64> {
    let text = fs::read_to_string("/proc/self/stat")?;
    // User and system time, in hundredths of a second, are the fields 14 and 15; a name in brackets ends with 2.
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    Ok(fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0)
}

/// Bytes of the ledger, with what has not gone from its log into it yet.
fn ledger_length(folder: &Path) -> io::Result<u64> {
    let mut length = 0;
    for file in fs::read_dir(folder.join(".flagdl"))? {
        length += file?.metadata()?.len();
    }
    Ok(length)
}

/// Complains where the counts are not those of the list, or the ledger's are others.
fn check(order: &Order, summary: &Summary) -> Result<(), Box<dyn Error>> {
    let database = rusqlite::Connection::open(order.out().join(".flagdl/ledger.db"))?;
    let in_ledger = |outcome: Outcome| {
        let count = "SELECT count(*) FROM items WHERE outcome = ?";
        database.query_row(count, [outcome.as_str()], |row| row.get::<_, u64>(0))
    };
    let not_found = order.not_found();
    let expected = [(Outcome::Ok, order.entries - not_found), (Outcome::NotFound, not_found)];
    for (outcome, count) in expected {
        let (told, kept) = (summary.tally.of(outcome), in_ledger(outcome)?);
        if (told, kept) != (count, count) {
            return Err(format!("{count} should be {outcome:?}: {told} in the tally, {kept} in the ledger").into());
        }
    }
    if summary.tally.entries() != order.entries {
        return Err(format!("{} entries are counted", summary.tally.entries()).into());
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(order) = Order::read()? else {
        println!("long_run: nothing is measured without ENTRIES and FOLDER");
        return Ok(());
    };
    fs::create_dir(&order.folder)?;
    let template = Template::parse("http://flags.example/a1/{code}.gif")?;
    let plan = Plan::new(Lists::open(vec![order.list()?])?, template, None);
    let options = Options { concurrency: CONCURRENCY, ..Options::default() };
    let every = (order.entries / 10).clamp(1, 1_000_000);
    let (folder, processor) = (order.out(), processor_seconds()?);
    let mut progress = Progress { folder, every, ended: 0, since: Instant::now(), processor, parts: Vec::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let run = flagdl::run(plan, order.out(), Origin, options, StopSignal::never(), &mut progress);
    let summary = runtime.block_on(run)?;
    let peak = status("VmHWM:")?;
    check(&order, &summary)?;
    let ledger = ledger_length(&order.out())? / order.entries;
    println!("tally and ledger agree: {:?}, in {:.1?}", summary.tally, summary.elapsed);
    println!("peak {peak} KiB; ledger {ledger} bytes an entry");
    if let (Some(first), Some(last)) = (progress.parts.first(), progress.parts.last()) {
        println!("the last {every} took {:.2} times the CPU of the first", last / first);
    }
    Ok(())
}
