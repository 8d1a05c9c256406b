//! The practice origin: a web server to try downloads on, which does on
//! purpose what real ones do by accident.
//!
//! It makes its own images ([`flags`]), serves a folder ([`files`]), can be
//! late, faulty and strict ([`conduct`]), and tells what it has seen
//! (`/stats`, [`stats`]).
//!
//! Promises: nothing is listened to until [`Origin::bind`], and the port is
//! known and taken from then on; `/stats` is neither counted nor late; two
//! origins in one process share nothing.
//!
//! What surprises: it ends in its own time. Once told to stop it takes no more
//! connections and lets the requests under way finish, for two seconds at most;
//! what still waits then ends with the runtime.

mod args;
mod chance;
mod codes;
mod conduct;
mod demo;
mod designs;
mod document;
mod drip;
mod files;
mod flags;
mod invented;
mod limit;
mod listen;
mod paint;
#[cfg(test)]
mod probe;
mod stats;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::Listener as _;
use tokio::sync::oneshot;

pub(crate) use self::args::ServeArgs;
use self::conduct::Behaviour;
pub(crate) use self::conduct::Conduct;
pub(crate) use self::demo::Demo;
use self::listen::{Client, Door};
use self::stats::Stats;

/// How long requests under way may take once the origin is told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// A practice origin that listens.
#[derive(Debug)]
pub(crate) struct Origin {
    door: Door,
    address: SocketAddr,
    router: Router,
}

/// `flagdl serve`: says on stderr where it listens, and serves until told to stop.
pub(crate) async fn serve(args: ServeArgs, until: impl Future<Output = ()>) -> io::Result<()> {
    let origin = Origin::bind(args.address(), args.into_conduct()).await?;
    io::stderr().write_all(welcome(origin.address()).as_bytes())?;
    origin.run(until).await
}

impl Origin {
    /// Takes `address`, where port 0 is any free one, and gets ready to serve.
    #[expect(clippy::unused_async, reason = "it needs the runtime to be there, which an async function says")]
    pub(crate) async fn bind(address: SocketAddr, conduct: Conduct) -> io::Result<Origin> {
        let router = router(&conduct, Instant::now())?;
        let door = Door::open(address)?;
        Ok(Origin { address: door.local_addr()?, door, router })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `until` is over.
    pub(crate) async fn run(self, until: impl Future<Output = ()>) -> io::Result<()> {
        let (stop, stopped) = oneshot::channel::<()>();
        let service = self.router.into_make_service_with_connect_info::<Client>();
        let serving = axum::serve(self.door, service).with_graceful_shutdown(async {
            let _dropped_or_sent = stopped.await;
        });
        let mut serving = pin!(serving.into_future());
        tokio::select! {
            ended = &mut serving => return ended,
            () = until => drop(stop),
        }
        let graceful = tokio::time::timeout(GRACE, serving).await;
        graceful.unwrap_or(Ok(()))
    }
}

fn router(conduct: &Conduct, now: Instant) -> io::Result<Router> {
    let stats = Arc::new(Stats::new(now));
    let behaviour = Arc::new(Behaviour::new(conduct, Arc::clone(&stats), now));
    let mut counted =
        Router::new().route("/", get(FRONT_PAGE)).route("/hello/{name}", get(hello)).merge(flags::routes());
    if let Some(dir) = &conduct.dir {
        counted = counted.merge(files::routes(dir)?);
    }
    Ok(counted
        .fallback(|| async { (StatusCode::NOT_FOUND, "nothing here\n") })
        .layer(from_fn_with_state(behaviour, conduct::behave))
        // Added after the layer, so that looking does not change what is seen.
        .route("/stats", get(tell).with_state(stats)))
}

const FRONT_PAGE: &str = "\
flagdl's practice origin

/flags/cn.jpg   a flag for every ISO 3166-1 alpha-2 code, .jpg and .png
/hello/you      a greeting
/files/...      the folder given with --dir
/stats          what has been asked so far, as JSON
";

async fn hello(Path(name): Path<String>) -> String {
    format!("Hello, {name}!\n")
}

async fn tell(State(stats): State<Arc<Stats>>) -> impl IntoResponse {
    let json = [(CONTENT_TYPE, "application/json")];
    (json, stats.to_json(Instant::now()))
}

fn welcome(address: SocketAddr) -> String {
    format!(
        "practice origin at http://{address}/\n\
         \n\
         \x20 a flag    http://{address}/flags/cn.jpg (every ISO 3166-1 code, .jpg and .png)\n\
         \x20 counts    http://{address}/stats\n\
         \x20 try it    flagdl --base-url http://{address}/flags lists/pop20.txt\n\
         \x20 stop it   Ctrl-C\n"
    )
}

#[cfg(test)]
mod tests {
    use super::probe::{ask, ask_many, start};
    use super::*;

    async fn stats(origin: SocketAddr) -> String {
        ask(origin, "GET", "/stats").await.text().to_owned()
    }

    #[tokio::test]
    async fn the_front_page_and_the_greeting_are_text() {
        let origin = start(Conduct::default()).await;
        for (path, text) in
            [("/", FRONT_PAGE), ("/hello/world", "Hello, world!\n"), ("/hello/J%C3%BCrgen%20M", "Hello, Jürgen M!\n")]
        {
            let answer = ask(origin, "GET", path).await;
            assert_eq!((answer.status, answer.text()), (200, text));
            assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        }
    }

    #[tokio::test]
    async fn the_peak_is_how_many_were_asked_at_once() {
        let origin = start(Conduct { delay: Duration::from_secs(1), ..Conduct::default() }).await;
        let asked: Vec<_> = (0..8).map(|_| tokio::spawn(ask(origin, "GET", "/flags/cn.jpg"))).collect();
        for answer in asked {
            assert_eq!(answer.await.unwrap().status, 200);
        }
        let stats = ask(origin, "GET", "/stats").await;
        assert_eq!(stats.header("content-type"), Some("application/json"));
        let counts = "\"total\":8,\"in_flight\":0,\"peak\":8,\"abandoned\":0,\"status\":{\"200\":8}";
        assert!(stats.text().contains(counts), "{}", stats.text());
    }

    #[tokio::test]
    async fn looking_at_the_stats_is_not_counted_nor_limited() {
        let origin = start(Conduct { limit: "1/h".parse().ok(), ..Conduct::default() }).await;
        assert_eq!(ask_many(origin, "/stats", 20).await, [200; 20]);
        assert_eq!(ask(origin, "GET", "/nothing").await.status, 404);
        let stats = ask(origin, "GET", "/stats").await;
        let counts = "\"total\":1,\"in_flight\":0,\"peak\":1,\"abandoned\":0,\"status\":{\"404\":1}";
        assert!(stats.text().contains(counts), "{}", stats.text());
    }

    #[tokio::test]
    async fn who_goes_away_is_counted_as_abandoned() {
        let origin = start(Conduct { delay: Duration::from_secs(60), ..Conduct::default() }).await;
        let hasty = tokio::time::timeout(Duration::from_millis(200), ask(origin, "GET", "/"));
        assert!(hasty.await.is_err());
        for _ in 0..100 {
            let stats = ask(origin, "GET", "/stats").await;
            if stats.text().contains("\"in_flight\":0,\"peak\":1,\"abandoned\":1") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("still in flight");
    }

    #[tokio::test]
    async fn a_request_under_way_is_answered_after_the_stop() {
        let conduct = Conduct { delay: Duration::from_millis(500), ..Conduct::default() };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let origin = Origin::bind(any, conduct).await.unwrap();
        let address = origin.address();
        let asked = tokio::spawn(ask(address, "GET", "/"));
        let under_way = async { while !stats(address).await.contains("\"in_flight\":1") {} };
        origin.run(under_way).await.unwrap();
        assert_eq!(asked.await.unwrap().status, 200);
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_an_error_at_the_start() {
        let conduct = Conduct { dir: Some("no/such/folder".into()), ..Conduct::default() };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let error = Origin::bind(any, conduct).await.unwrap_err();
        assert!(error.to_string().starts_with("opening no/such/folder"), "{error}");
    }
}
