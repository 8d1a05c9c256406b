//! flagdl downloads a list of images: concurrently, politely to every host, and without losing count.
//!
//! The library is the whole road from a list to files and counts; the program of the same name adds arguments,
//! output and signals. A run takes a [`Plan`](plan::Plan), a folder, a [`Transport`](fetch::Transport), the
//! [`Options`](options::Options), a [`StopSignal`](stop::StopSignal) and a [`Reporter`](event::Reporter):
//!
//! ```no_run
//! use flagdl::{fetch, list, options::Options, plan::Plan, stop::StopSignal, template::Template};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let lists = list::Lists::open(vec![list::Source::File("list.txt".into())])?;
//! let template = Template::parse("https://example.org/flags/{code:lower}.jpg")?;
//! let plan = Plan::new(lists, template, None);
//! let http = fetch::Http::new(&fetch::HttpOptions::default())?;
//! let summary =
//!     flagdl::run(plan, "downloads".into(), http, Options::default(), StopSignal::never(), &mut ()).await?;
//! println!("{} entries in {:?}", summary.tally.entries(), summary.elapsed);
//! # Ok(())
//! # }
//! ```
//!
//! The modules, each importing only what stands above it:
//!
//! | module | is |
//! | --- | --- |
//! | [`link`] | a URL that never prints its secrets, and its host |
//! | `clock` | what time it is |
//! | `disk` | calls to the file system, made again where a signal came between |
//! | `schedule` | who goes next, and when |
//! | [`stop`] | stopping from outside |
//! | [`list`] | lists, a line at a time |
//! | [`name`] | file names that cannot leave their folder |
//! | [`template`] | codes to links |
//! | [`fetch`] | one exchange with a server, and the seam to the network |
//! | `robots` | what a robots.txt allows |
//! | [`ledger`] | what earlier runs stored |
//! | [`store`] | a folder in which a file is whole or absent |
//! | [`verify`] | whether the files are still what they were |
//! | [`options`] | what a run may be told |
//! | [`plan`] | lists to jobs |
//! | [`event`] | what happens in a run |
//! | [`tally`] | the counts |
//! | [`status`] | how entries stand, without the network |
//! | `run` | the run itself |
//! | `fuzzing` | what must hold for every input; for tests and fuzzers only |

#[cfg(not(unix))]
compile_error!("flagdl's store needs the openat family of calls, which only Unix systems have");

mod clock;
mod disk;
pub mod event;
pub mod fetch;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod ledger;
pub mod link;
pub mod list;
pub mod name;
pub mod options;
pub mod plan;
mod robots;
mod run;
mod schedule;
pub mod status;
pub mod stop;
pub mod store;
pub mod tally;
pub mod template;
pub mod verify;

pub use run::{Cause, RunError, run};
