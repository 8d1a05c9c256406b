//! One connection to the scripted server: requests in, scripted answers out.
//!
//! What surprises: a request counts as in flight from its arrival until just before the last byte of its answer
//! goes out, since the client may start its next one before this side has run again. The peak is therefore a
//! lower bound, and never too high.

use std::{io, sync::Arc, time::Instant};

use tokio::{net::TcpStream, time::sleep};

use super::{
    Arrival, Shared,
    answer::{Answer, End},
};

/// Longest request head that is read.
const MAX_HEAD: usize = 256 * 1024;

/// Serves one connection until either side has enough of it.
pub(super) async fn serve(stream: TcpStream, connection: usize, shared: Arc<Shared>) {
    let mut buffer = Vec::new();
    // A client that leaves is no fault of the server's, so errors only end the connection.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    while let Ok(Some(arrival)) = read_request(&stream, &mut buffer, connection).await {
        let (answer, in_flight) = shared.arrived(arrival);
        if !matches!(play(&stream, &answer, in_flight, &shared).await, Ok(true)) {
            return;
        }
    }
}

/// Plays an answer; tells whether the connection may serve another request.
async fn play(stream: &TcpStream, answer: &Answer, in_flight: InFlight, shared: &Shared) -> io::Result<bool> {
    if answer.gated {
        shared.gate().await;
    }
    if !answer.delay.is_zero() {
        sleep(answer.delay).await;
    }
    let mut wire = answer.head();
    let body = answer.body();
    if let Some((bytes, pause)) = answer.drip {
        send(stream, &wire).await?;
        for piece in body.chunks(bytes) {
            send(stream, piece).await?;
            sleep(pause).await;
        }
        wire.clear();
    } else {
        wire.extend(body);
    }
    match answer.end {
        End::KeepAlive | End::Close => {
            let (rest, last) = wire.split_at(wire.len().saturating_sub(1));
            send(stream, rest).await?;
            drop(in_flight);
            send(stream, last).await?;
            shared.sent_whole();
            Ok(answer.end == End::KeepAlive)
        }
        End::Reset => {
            send(stream, &wire).await?;
            drop(in_flight);
            stream.set_zero_linger()?;
            Ok(false)
        }
        End::Silence => {
            send(stream, &wire).await?;
            let mut nothing = Vec::new();
            while receive(stream, &mut nothing).await? > 0 {
                nothing.clear();
            }
            drop(in_flight);
            Ok(false)
        }
    }
}

/// Counts a request while it lives.
pub(super) struct InFlight(pub(super) Arc<Shared>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.left();
    }
}

async fn read_request(stream: &TcpStream, buffer: &mut Vec<u8>, connection: usize) -> io::Result<Option<Arrival>> {
    let mut first = (!buffer.is_empty()).then(Instant::now);
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if receive(stream, buffer).await? == 0 || buffer.len() > MAX_HEAD {
            return Ok(None);
        }
        first.get_or_insert_with(Instant::now);
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    buffer.drain(..end);
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let mut word = || words.next().unwrap_or_default();
    let (method, target, version) = (word(), word(), word());
    let fields = lines.filter_map(|line| line.split_once(':'));
    let fields = fields.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    let at = first.unwrap_or_else(Instant::now);
    Ok(Some(Arrival { at, method, target, version, fields: fields.collect(), connection }))
}

async fn receive(stream: &TcpStream, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut piece = [0; 8192];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut piece) {
            Ok(count) => {
                buffer.extend(&piece[..count]);
                return Ok(count);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

async fn send(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
