//! Addresses at which nobody answers, each in its own way.
//!
//! What surprises: a port is only sure to stay refused while somebody holds it: bound, and never listening.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use tokio::net::TcpSocket;

/// An address that refuses connections for as long as this lives.
pub(crate) struct Refusing {
    address: SocketAddr,
    _socket: TcpSocket,
}

impl Refusing {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port on loopback");
        let address = socket.local_addr().expect("a bound socket has an address");
        Self { address, _socket: socket }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// An address at which a connection is neither made nor refused: a listener that accepts nobody, with its queue
/// full, so that the system drops every further SYN (tcp(7), listen(2)).
pub(crate) struct Unreachable {
    address: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl Unreachable {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
        let listener = runtime.block_on(async {
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port on loopback");
            socket.listen(1).and_then(tokio::net::TcpListener::into_std).expect("a listener")
        });
        let address = listener.local_addr().expect("a listener has an address");
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
            queued.push(stream);
            assert!(queued.len() < 64, "the queue of {address} never gets full");
        }
        Self { address, _listener: listener, _queued: queued }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}
