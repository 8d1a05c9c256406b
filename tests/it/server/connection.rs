//! One connection of HTTP/1.1 to the scripted server: requests in, scripted answers out.
//!
//! What surprises: a request counts as in flight from its arrival until just before the last byte of its answer
//! goes out, since the client may start its next one before this side has run again. The peak is therefore a
//! lower bound, and never too high.

use std::{io, sync::Arc, time::Instant};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::sleep,
};

use super::{
    Arrival, Shared,
    answer::{Answer, End},
    line::Line,
};

/// Longest request head that is read.
const MAX_HEAD: usize = 256 * 1024;

/// Says something before anything was asked, and resets.
pub(super) async fn greet(mut stream: TcpStream, greeting: &[u8]) -> io::Result<()> {
    stream.write_all(greeting).await?;
    stream.set_zero_linger()
}

/// Serves one connection until either side has enough of it.
pub(super) async fn serve(mut stream: impl Line, connection: usize, shared: Arc<Shared>) {
    let mut buffer = Vec::new();
    // A client that leaves is no fault of the server's, so errors only end the connection.
    while let Ok(Some(arrival)) = read_request(&mut stream, &mut buffer, connection).await {
        let (answer, in_flight) = shared.arrived(arrival);
        if !matches!(play(&mut stream, &answer, in_flight, &shared).await, Ok(true)) {
            return;
        }
    }
}

/// Waits for what an answer waits for before its head.
pub(super) async fn wait(answer: &Answer, shared: &Shared) {
    if answer.gated {
        shared.gate().await;
    }
    if !answer.delay.is_zero() {
        sleep(answer.delay).await;
    }
}

/// Plays an answer; tells whether the connection may serve another request.
async fn play(stream: &mut impl Line, answer: &Answer, in_flight: InFlight, shared: &Shared) -> io::Result<bool> {
    wait(answer, shared).await;
    let mut wire = answer.head();
    if let Some((bytes, pause)) = answer.drip {
        // What is no HTTP has no body: it trickles from its first byte.
        let (first, trickle) = if answer.is_raw() { (Vec::new(), wire) } else { (wire, answer.body()) };
        send(stream, &first).await?;
        for piece in trickle.chunks(bytes) {
            send(stream, piece).await?;
            sleep(pause).await;
        }
        wire = Vec::new();
    } else {
        wire.extend(answer.body());
    }
    match answer.end {
        End::KeepAlive | End::Close | End::CloseLater(_) | End::CloseUnread => {
            let (rest, last) = wire.split_at(wire.len().saturating_sub(1));
            send(stream, rest).await?;
            drop(in_flight);
            send(stream, last).await?;
            shared.sent_whole();
            close(stream, answer).await
        }
        End::Reset | End::Refuse | End::GoAway => {
            send(stream, &wire).await?;
            drop(in_flight);
            stream.tcp().set_zero_linger()?;
            Ok(false)
        }
        End::Silence => {
            send(stream, &wire).await?;
            let mut nothing = [0; 8192];
            while stream.read(&mut nothing).await? > 0 {}
            drop(in_flight);
            Ok(false)
        }
        End::Flood => {
            send(stream, &wire).await?;
            let flood = answer.flood.repeat((64 << 10) / answer.flood.len() + 1);
            loop {
                send(stream, &flood).await?;
            }
        }
    }
}

/// Closes the connection where an answer's end is one; tells whether it is still open.
async fn close(stream: &mut impl Line, answer: &Answer) -> io::Result<bool> {
    match answer.end {
        End::KeepAlive => return Ok(true),
        // Whatever has come meanwhile is not read, so the client is told that it was not.
        End::CloseLater(pause) => sleep(pause).await,
        // What was not read makes a reset of the end.
        End::CloseUnread => {
            stream.tcp().peek(&mut [0]).await?;
        }
        _ => {}
    }
    send(stream, &answer.farewell).await?;
    stream.shutdown().await?;
    Ok(false)
}

/// Counts a request while it lives.
pub(super) struct InFlight(pub(super) Arc<Shared>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.left();
    }
}

async fn read_request(stream: &mut impl Line, buffer: &mut Vec<u8>, connection: usize) -> io::Result<Option<Arrival>> {
    let mut first = (!buffer.is_empty()).then(Instant::now);
    let mut piece = [0; 8192];
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        let count = stream.read(&mut piece).await?;
        buffer.extend(&piece[..count]);
        if count == 0 || buffer.len() > MAX_HEAD {
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

async fn send(stream: &mut impl Line, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}
