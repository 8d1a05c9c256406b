//! Listening: how connections come in.
//!
//! Promises: thousands of connections that are opened at once are taken in at
//! once, before the first of them is served, so that the system's queue (often
//! 4,096 places) does not run over. One that finds the queue full tries again
//! only a second later, which would be measured as slowness of the client.
//!
//! What surprises: under a flood that never ends nobody would be served. That
//! is right for a practice origin and for nothing else.

use std::io;
use std::net::{IpAddr, SocketAddr};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::coop::unconstrained;

/// How many connections may wait to be taken in: as many as the system allows.
const BACKLOG: u32 = 65_535;

/// A port that is listened to.
#[derive(Debug)]
pub(crate) struct Door(TcpListener);

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client(pub(crate) IpAddr);

impl Door {
    /// Takes `address`, where port 0 is any free one.
    pub(crate) fn open(address: SocketAddr) -> io::Result<Door> {
        listen(address).map(Door).map_err(|error| {
            let hint = match error.kind() {
                io::ErrorKind::AddrInUse => "\n\nhint: --port 0 picks a free port",
                _ => "",
            };
            let told = format!("listening on {address}: {error}{hint}");
            io::Error::new(error.kind(), told)
        })
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // On Windows this would let two programs share one port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Listener for Door {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        // Without a budget: tokio would else let others run after 128.
        let (stream, address) = unconstrained(Listener::accept(&mut self.0)).await;
        // A small answer must not wait for the acknowledgement of the one
        // before. Where this fails the connection is gone already.
        let _ = stream.set_nodelay(true);
        (stream, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Door>> for Client {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Client {
        Client(stream.remote_addr().ip())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_tells_the_way_out() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let door = Door::open(any).unwrap();
        let error = Door::open(door.local_addr().unwrap()).unwrap_err();
        assert!(error.to_string().contains("--port 0"), "{error}");
    }

    #[tokio::test]
    async fn it_listens_on_both_families() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let address: SocketAddr = address.parse().unwrap();
            match Door::open(address) {
                Ok(door) => assert_eq!(door.local_addr().unwrap().ip(), address.ip()),
                // A machine without IPv6 is no fault of ours.
                Err(error) => assert!(address.is_ipv6(), "{error}"),
            }
        }
    }
}
