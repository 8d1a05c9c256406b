//! The library in thirty lines: a list in memory, a template, a folder, and the counts at the end.
//!
//! Start `flagdl serve` first, then `cargo run --example download`.

#![allow(clippy::print_stdout, reason = "an example prints")]

use flagdl::{
    fetch::{Http, HttpOptions},
    list::{Lists, Source},
    options::Options,
    plan::Plan,
    stop::StopSignal,
    template::Template,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let list = Source::Text { name: "three flags".into(), text: "cn\nin\nus\n".into() };
    let template = Template::parse("http://127.0.0.1:8000/flags/{code}.png")?;
    let plan = Plan::new(Lists::open(vec![list])?, template, None);
    let options = Options { rate: Some("10/s".parse()?), ..Options::default() };
    let http = Http::new(&HttpOptions::default())?;
    let summary = flagdl::run(plan, "downloads".into(), http, options, StopSignal::never(), &mut ()).await?;
    println!("{} entries, {} bytes, in {:?}", summary.tally.entries(), summary.tally.bytes, summary.elapsed);
    Ok(())
}
