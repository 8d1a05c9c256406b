//! One connection of HTTP/2 to the scripted server: each stream is a request, and gets its scripted answer.
//!
//! Promises: what ends a connection of HTTP/1.1 ends a stream here. [`End::Close`] says that no further request is
//! wanted and finishes what has begun, [`End::GoAway`] leaves everything where it stands (RFC 9113 §6.8), and
//! [`End::Flood`] sends frames with nothing in them for as long as somebody takes them.
//!
//! What surprises: a reset takes with it what has not gone out yet, so what comes before it is given the time to.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use h2::{Reason, SendStream, server::SendResponse};
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::yield_now,
    time::sleep,
};

use super::{
    Arrival, Shared,
    answer::{Answer, End},
    connection::{InFlight, wait},
    line::Line,
};

/// How often the connection gets its turn before a stream is reset.
const TURNS: usize = 100;

/// Serves one connection until either side has enough of it.
pub(super) async fn serve(stream: impl Line, connection: usize, shared: Arc<Shared>) {
    let mut builder = h2::server::Builder::new();
    if let Some(streams) = shared.streams {
        builder.max_concurrent_streams(streams);
    }
    let Ok(mut line) = builder.handshake::<_, Bytes>(stream).await else { return };
    let (end, mut ends) = unbounded_channel();
    loop {
        tokio::select! {
            accepted = line.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                let arrival = arrival(&request, connection);
                tokio::spawn(play(respond, arrival, Arc::clone(&shared), end.clone()));
            }
            Some(end) = ends.recv() => match end {
                End::GoAway => line.abrupt_shutdown(Reason::INTERNAL_ERROR),
                _ => line.graceful_shutdown(),
            },
        }
    }
}

fn arrival(request: &http::Request<h2::RecvStream>, connection: usize) -> Arrival {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let fields = request.headers().iter().map(|(name, value)| (name.to_string(), text(value)));
    Arrival {
        at: Instant::now(),
        method: request.method().to_string(),
        target: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        version: "HTTP/2".to_owned(),
        fields: fields.collect(),
        connection,
    }
}

/// Plays an answer. A client that leaves is no fault of the server's, so errors only end the stream.
async fn play(respond: SendResponse<Bytes>, arrival: Arrival, shared: Arc<Shared>, end: UnboundedSender<End>) {
    let (answer, in_flight) = shared.arrived(arrival);
    wait(&answer, &shared).await;
    // The connection may be gone, and with it whoever listens.
    let _ = answer_with(respond, &answer, in_flight, &shared, &end).await;
}

async fn answer_with(
    mut respond: SendResponse<Bytes>,
    answer: &Answer,
    in_flight: InFlight,
    shared: &Shared,
    end: &UnboundedSender<End>,
) -> Result<(), h2::Error> {
    if answer.is_raw() {
        // Nothing is said before the end.
        return leave(answer.end, || respond.send_reset(reason(answer.end)), end).await;
    }
    let body = answer.sent();
    let is_whole = matches!(answer.end, End::KeepAlive | End::Close);
    let mut stream = respond.send_response(answer.response(), is_whole && body.is_empty())?;
    if let Some((bytes, pause)) = answer.drip {
        for piece in body.chunks(bytes) {
            stream.send_data(Bytes::copy_from_slice(piece), false)?;
            sleep(pause).await;
        }
        drop(in_flight);
        stream.send_data(Bytes::new(), is_whole)?;
    } else if !body.is_empty() {
        drop(in_flight);
        stream.send_data(Bytes::copy_from_slice(body), is_whole)?;
    }
    if is_whole {
        shared.sent_whole();
    } else {
        for _ in 0..TURNS {
            yield_now().await;
        }
    }
    if answer.end == End::Flood {
        return flood(&mut stream).await;
    }
    leave(answer.end, || stream.send_reset(reason(answer.end)), end).await
}

async fn leave(how: End, reset: impl FnOnce(), end: &UnboundedSender<End>) -> Result<(), h2::Error> {
    match how {
        End::KeepAlive | End::CloseLater(_) | End::CloseUnread | End::Flood => {}
        End::Reset | End::Refuse => reset(),
        // Where nobody listens the connection is gone anyway.
        End::Close => {
            let _ = end.send(how);
        }
        End::GoAway => {
            let _ = end.send(how);
            std::future::pending::<()>().await;
        }
        End::Silence => std::future::pending().await,
    }
    Ok(())
}

async fn flood(stream: &mut SendStream<Bytes>) -> Result<(), h2::Error> {
    loop {
        stream.send_data(Bytes::new(), false)?;
        yield_now().await;
    }
}

fn reason(end: End) -> Reason {
    if end == End::Refuse { Reason::REFUSED_STREAM } else { Reason::INTERNAL_ERROR }
}
