//! Several servers that answer alike, and when they were asked. Each has a port of its own, so each is a host.

use std::time::Instant;

use crate::server::{Answer, Server};

/// Servers that answer everything alike.
pub(crate) fn hosts(count: usize, answer: &Answer) -> Vec<Server> {
    let start = |_| {
        let server = Server::start();
        server.always_below("/", answer.clone());
        server
    };
    (0..count).map(start).collect()
}

/// So many different URLs, of the servers in turn.
pub(crate) fn urls(servers: &[Server], count: usize) -> Vec<String> {
    let server = |index: usize| &servers[index % servers.len()];
    (0..count).map(|index| server(index).url(&format!("/c{index}.jpg"))).collect()
}

/// When all requests came to any of the servers, in order.
pub(crate) fn times(servers: &[Server]) -> Vec<Instant> {
    let arrivals = servers.iter().flat_map(Server::arrivals);
    let mut times: Vec<_> = arrivals.map(|arrival| arrival.at).collect();
    times.sort_unstable();
    times
}
