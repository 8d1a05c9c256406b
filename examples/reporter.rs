//! A reporter of one's own: how many files and bytes came from each host, and which entries took several attempts.
//!
//! `cargo run --example reporter -- urls.txt` downloads the URLs of a list into `downloads/`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::{collections::BTreeMap, io};

use flagdl::{
    event::{Event, Outcome, Reporter},
    fetch::{Http, HttpOptions},
    list::{Lists, Source},
    options::Options,
    plan::Plan,
    stop::StopSignal,
    template::Template,
};

/// Files and bytes by host.
#[derive(Default)]
struct ByHost(BTreeMap<String, (u64, u64)>);

impl Reporter for ByHost {
    fn report(&mut self, event: &Event<'_>) -> io::Result<()> {
        let Event::Ended(ended) = event else { return Ok(()) };
        if let (Some(host), Outcome::Ok) = (ended.host(), ended.outcome) {
            let (files, bytes) = self.0.entry(host.to_string()).or_default();
            *files += 1;
            *bytes += ended.bytes;
        }
        if ended.attempts > 1 {
            println!("{} took {} attempts", ended.shown(), ended.attempts);
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let list = std::env::args().nth(1).ok_or("usage: reporter LIST")?;
    let codes = Template::for_base("https://example.org/flags", "jpg")?;
    let plan = Plan::new(Lists::open(vec![Source::File(list.into())])?, codes, None);
    let http = Http::new(&HttpOptions::default())?;
    let mut by_host = ByHost::default();
    flagdl::run(plan, "downloads".into(), http, Options::default(), StopSignal::never(), &mut by_host).await?;
    for (host, (files, bytes)) in by_host.0 {
        println!("{host}: {files} files, {bytes} bytes");
    }
    Ok(())
}
