//! The tests' client: the least that asks a real origin over a real socket.
//!
//! What surprises: it sends paths as they are given, which is the point, since
//! well-kept clients take `..` out before they ask.

use std::fmt::Write as _;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Origin;
use super::conduct::Conduct;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    head: String,
}

impl Answer {
    /// A header's value, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut found = headers.filter(|(of, _)| of.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// An origin that runs until the test ends.
pub(crate) async fn start(conduct: Conduct) -> SocketAddr {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let origin = Origin::bind(any, conduct).await.unwrap();
    let address = origin.address();
    tokio::spawn(origin.run(std::future::pending()));
    address
}

pub(crate) async fn ask(origin: SocketAddr, method: &str, path: &str) -> Answer {
    ask_with(origin, method, path, &[]).await
}

pub(crate) async fn ask_with(origin: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut stream = TcpStream::connect(origin).await.unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n").unwrap();
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.unwrap();
    let end = received.windows(4).position(|four| four == b"\r\n\r\n");
    let body = received.split_off(end.unwrap() + 4);
    let head = String::from_utf8(received).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, body, head }
}

/// The statuses of many requests, one after the other.
pub(crate) async fn ask_many(origin: SocketAddr, path: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::with_capacity(count);
    for _ in 0..count {
        statuses.push(ask(origin, "GET", path).await.status);
    }
    statuses
}
