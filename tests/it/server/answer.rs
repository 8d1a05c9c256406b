//! What a scripted server says, and how it goes wrong while saying it.
//!
//! An answer is a head, a body, and at most one misbehaviour: it waits, trickles, lies about its length, stops
//! half-way and closes, resets, falls silent or never ends. [`Answer::raw`] is for what is no HTTP at all.

use std::time::Duration;

/// How the length of the body is told.
#[derive(Debug, Clone, Copy)]
enum Framing {
    /// `Content-Length`, true or not.
    Announced(Option<u64>),
    /// Nothing is said: the body ends with the connection.
    UntilClose,
    /// `Transfer-Encoding: chunked`, in one chunk.
    Chunked,
}

/// What happens where an answer stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The connection serves the next request.
    KeepAlive,
    /// The connection is closed in good order.
    Close,
    /// The connection is reset (RFC 9293 §3.5.2).
    Reset,
    /// Nothing more comes, until the client gives up.
    Silence,
    /// The connection is closed after a pause in which nothing is read, and nothing is said of that before.
    CloseLater(Duration),
    /// The connection is closed as soon as the next request comes, of which nothing is read; it is told by a reset.
    CloseUnread,
    /// [`Answer::flooding`]'s bytes are sent again and again, until the client gives up.
    Flood,
    /// HTTP/2: the stream was not looked at and may be tried again (RFC 9113 §8.7). Otherwise as [`End::Reset`].
    Refuse,
    /// HTTP/2: the connection ends at once, whatever is on it. Otherwise as [`End::Reset`].
    GoAway,
}

/// A scripted answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    status: u16,
    fields: Vec<(String, String)>,
    framing: Framing,
    body: Vec<u8>,
    /// How much of the body is sent; all of it if none.
    cut: Option<usize>,
    raw: Option<Vec<u8>>,
    pub(super) delay: Duration,
    pub(super) gated: bool,
    /// The body goes out in pieces of so many bytes, with a pause after each.
    pub(super) drip: Option<(usize, Duration)>,
    pub(super) end: End,
    pub(super) flood: Vec<u8>,
    pub(super) farewell: Vec<u8>,
}

impl Answer {
    fn new(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            fields: Vec::new(),
            framing: Framing::Announced(None),
            body,
            cut: None,
            raw: None,
            delay: Duration::ZERO,
            gated: false,
            drip: None,
            end: End::KeepAlive,
            flood: Vec::new(),
            farewell: Vec::new(),
        }
    }

    /// 200 with a body, as a good server sends it.
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, body.into())
    }

    /// A status with a page that nobody wants.
    pub(crate) fn status(status: u16) -> Self {
        Self::new(status, format!("<p>{status}</p>\n").into_bytes())
    }

    /// The same under another status.
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// A redirect.
    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).field("Location", location)
    }

    /// The request is read, and nothing ever comes back.
    pub(crate) fn silence() -> Self {
        Self::raw("").then(End::Silence)
    }

    /// These bytes and nothing else, then the end of the connection.
    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { raw: Some(bytes.into()), ..Self::new(200, Vec::new()) }.then(End::Close)
    }

    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Announces this length, whatever the body's is.
    pub(crate) fn announcing(mut self, length: u64) -> Self {
        self.framing = Framing::Announced(Some(length));
        self
    }

    /// Says nothing of the length; the end of the connection ends the body.
    pub(crate) fn without_length(mut self) -> Self {
        self.framing = Framing::UntilClose;
        self.then(End::Close)
    }

    pub(crate) fn chunked(mut self) -> Self {
        self.framing = Framing::Chunked;
        self
    }

    /// Stops after so many bytes of the body.
    pub(crate) fn cut_at(mut self, bytes: usize, end: End) -> Self {
        self.cut = Some(bytes);
        self.then(end)
    }

    pub(crate) fn then(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// Goes on for ever with these bytes, without any end.
    pub(crate) fn flooding(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.flood = bytes.into();
        self.then(End::Flood)
    }

    /// Says this before the connection is closed later, or unread.
    pub(crate) fn saying_at_last(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.farewell = bytes.into();
        self
    }

    /// Waits before the head.
    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Waits before the head until [`Server::release`](super::Server::release).
    pub(crate) fn gated(mut self) -> Self {
        self.gated = true;
        self
    }

    /// Sends the body in pieces of so many bytes, with a pause after each.
    pub(crate) fn dripping(mut self, bytes: usize, pause: Duration) -> Self {
        self.drip = Some((bytes, pause));
        self
    }

    pub(super) fn is_raw(&self) -> bool {
        self.raw.is_some()
    }

    /// What is sent of the body.
    pub(super) fn sent(&self) -> &[u8] {
        &self.body[..self.cut.unwrap_or(self.body.len())]
    }

    /// The head, as HTTP/2 has it.
    pub(super) fn response(&self) -> http::Response<()> {
        let mut response = http::Response::builder().status(self.status);
        for (name, value) in &self.fields {
            response = response.header(name, value);
        }
        if let Framing::Announced(length) = self.framing {
            let whole = u64::try_from(self.body.len()).expect("a length fits 64 bits");
            response = response.header("content-length", length.unwrap_or(whole));
        }
        response.body(()).expect("a scripted head is one")
    }

    /// The bytes that come first, in one go.
    pub(super) fn head(&self) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        let mut add = |name: &str, value: &str| {
            head.extend([name, ": ", value, "\r\n"]);
        };
        for (name, value) in &self.fields {
            add(name, value);
        }
        match self.framing {
            Framing::Announced(length) => {
                let whole = u64::try_from(self.body.len()).expect("a length fits 64 bits");
                add("Content-Length", &length.unwrap_or(whole).to_string());
            }
            Framing::Chunked => add("Transfer-Encoding", "chunked"),
            Framing::UntilClose => {}
        }
        if self.end == End::Close {
            add("Connection", "close");
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// The bytes that come then, as they go over the wire.
    pub(super) fn body(&self) -> Vec<u8> {
        if self.raw.is_some() {
            return Vec::new();
        }
        let sent = self.sent();
        match self.framing {
            Framing::Chunked => {
                let mut wire = format!("{:x}\r\n", self.body.len()).into_bytes();
                wire.extend(sent);
                if self.cut.is_none() {
                    wire.extend(b"\r\n0\r\n\r\n");
                }
                wire
            }
            Framing::Announced(_) | Framing::UntilClose => sent.to_vec(),
        }
    }
}
