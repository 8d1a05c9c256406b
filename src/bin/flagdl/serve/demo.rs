//! The origin of `--demo`: inside the process, on a free port of loopback, slow enough to be watched.

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

/// A running origin; it ends when this is dropped.
pub(crate) struct Demo {
    base_url: String,
    task: JoinHandle<io::Result<()>>,
}

impl Demo {
    pub(crate) async fn start() -> io::Result<Self> {
        let conduct = Conduct { delay: DELAY, jitter: JITTER, ..Conduct::default() };
        let origin = Origin::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), conduct).await?;
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
