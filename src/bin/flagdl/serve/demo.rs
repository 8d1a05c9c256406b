//! The origin of `--demo`: inside the process, on loopback, slow enough to be watched.
//!
//! What surprises: it asks for the same port each time. A file's name belongs to its link, and on another port the same
//! flags are other links, which would get other names beside those of the first time.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::task::JoinHandle;

use super::{Conduct, Origin};

/// How late its answers are: so that a person sees several in flight at once.
const DELAY: Duration = Duration::from_millis(100);
const JITTER: Duration = Duration::from_millis(200);

/// Its port, where that is free; below those that systems hand out.
const PORT: u16 = 24_680;

/// A running origin; it ends when this is dropped.
pub(crate) struct Demo {
    base_url: String,
    task: JoinHandle<io::Result<()>>,
}

impl Demo {
    pub(crate) async fn start() -> io::Result<Self> {
        let conduct = Conduct { delay: DELAY, jitter: JITTER, ..Conduct::default() };
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let origin = match Origin::bind(at(PORT), conduct.clone()).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Origin::bind(at(0), conduct).await?,
            bound => bound?,
        };
        let base_url = format!("http://{}/flags", origin.address());
        Ok(Self { base_url, task: tokio::spawn(origin.run(std::future::pending())) })
    }

    /// What `--base-url` would be.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.task.abort();
    }
}
