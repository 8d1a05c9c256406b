//! TLS: whom the program believes, and what it offers to speak.
//!
//! What surprises: the server here records what is offered to it; for what goes wrong over TLS there is the scripted
//! one. The end-to-end suite has a real server with real HTTP/2.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rustls::{ServerConfig, server::Acceptor};

use crate::{
    pictures::{files, jpeg},
    server::{AUTHORITY, Answer, End, Server, config},
    ways::{switch, ways},
    workspace::Workspace,
};

/// A server over TLS that answers everything alike, a connection for each.
struct Encrypted {
    address: SocketAddr,
    /// The protocols that each client offered (ALPN, RFC 7301).
    offers: Arc<Mutex<Vec<Vec<String>>>>,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Encrypted {
    fn start(answer: Vec<u8>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
        let address = listener.local_addr().expect("a listener has an address");
        let (offers, stop) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<AtomicBool>::default());
        let thread = thread::spawn({
            let (offers, stop, config) = (Arc::clone(&offers), Arc::clone(&stop), config(&[]));
            move || {
                while let Ok((stream, _)) = listener.accept() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    // A client that does not trust the server breaks off, which is no failure here.
                    let _ = serve(stream, &config, &offers, &answer);
                }
            }
        });
        Self { address, offers, stop, thread: Some(thread) }
    }

    fn with_picture() -> Self {
        let picture = jpeg("cn");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", picture.len());
        Self::start([head.into_bytes(), picture].concat())
    }

    fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The same by a name that is not in the certificate.
    fn url_by_name(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// How many connections have come as far as offering protocols.
    fn connections(&self) -> usize {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread, which then sees that it is to stop.
        drop(TcpStream::connect(self.address));
        let ended = self.thread.take().map(thread::JoinHandle::join);
        assert!(thread::panicking() || matches!(ended, Some(Ok(()))), "the server has failed");
    }
}

fn serve(
    mut stream: TcpStream,
    config: &Arc<ServerConfig>,
    offers: &Mutex<Vec<Vec<String>>>,
    answer: &[u8],
) -> Result<(), Box<dyn std::error::Error>> {
    let mut acceptor = Acceptor::default();
    let accepted = loop {
        acceptor.read_tls(&mut stream)?;
        if let Some(accepted) = acceptor.accept().map_err(|(error, _)| error)? {
            break accepted;
        }
    };
    let offered = accepted.client_hello().alpn().into_iter().flatten();
    let offered = offered.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    offers.lock().unwrap_or_else(PoisonError::into_inner).push(offered);
    let mut connection = accepted.into_connection(Arc::clone(config)).map_err(|(error, _)| error)?;
    let mut stream = rustls::Stream::new(&mut connection, &mut stream);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.extend(byte);
    }
    stream.write_all(answer)?;
    stream.conn.send_close_notify();
    stream.flush()?;
    Ok(())
}

#[test]
fn cacert_names_an_authority_to_believe_besides_the_systems() {
    for way in ways("cacert", "authority.pem") {
        let (work, server) = (Workspace::new(), Encrypted::with_picture());
        work.file("authority.pem", AUTHORITY);
        let list = work.list(&["cn"]);
        work.flagdl(["-u", &server.url(), &list]).with(&way).run().expect_code(0);
        assert_eq!(work.saved(), files(&["cn"]), "{way:?}");
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_and_not_tried_again() {
    let (work, server) = (Workspace::new(), Encrypted::with_picture());
    let list = work.list(&["cn"]);
    let told = work.flagdl(["-u", &server.url(), "--format", "ndjson", &list]).run();
    told.expect_code(1).expect_endings(&[("cn", "error tls")]);
    assert_eq!((server.connections(), work.saved()), (1, [].into()));
}

#[test]
fn a_certificate_for_another_host_is_refused_and_not_tried_again() {
    let (work, server) = (Workspace::new(), Encrypted::with_picture());
    work.file("authority.pem", AUTHORITY);
    let list = work.list(&["cn"]);
    let options = ["--cacert", "authority.pem", "--format", "ndjson", &list];
    let told = work.flagdl(["-u", &server.url_by_name()]).arguments(options).run();
    told.expect_code(1).expect_endings(&[("cn", "error tls")]);
    assert_eq!((server.connections(), work.saved()), (1, [].into()));
}

#[test]
fn insecure_takes_any_certificate() {
    for way in switch("insecure") {
        let (work, server) = (Workspace::new(), Encrypted::with_picture());
        let list = work.list(&["cn"]);
        // In a folder each: by its other name it is another host's picture, which gets another name beside the first.
        for (url, dest) in [(server.url(), "downloads/one"), (server.url_by_name(), "downloads/other")] {
            work.flagdl(["-u", &url, "-d", dest, &list]).with(&way).run().expect_code(0);
            assert_eq!(work.saved_in(dest), files(&["cn"]), "{way:?}");
        }
    }
}

#[test]
fn http_says_what_is_offered_over_tls() {
    for (version, offer) in [("1.1", &["http/1.1"][..]), ("auto", &["h2", "http/1.1"]), ("2", &["h2"])] {
        for way in ways("http", version) {
            let (work, server) = (Workspace::new(), Encrypted::with_picture());
            let list = work.list(&["cn"]);
            let options = ["--insecure", "--retries", "0", "-u", &server.url(), &list];
            let told = work.flagdl(options).with(&way).run();
            // This server speaks no HTTP/2, so that is where a client that wants nothing else gets.
            told.expect_code(i32::from(version == "2"));
            let offers = server.offers.lock().unwrap_or_else(PoisonError::into_inner).clone();
            assert_eq!(offers[0], offer, "{way:?}");
        }
    }
}

#[test]
fn what_goes_wrong_over_tls_is_tried_again_as_without() {
    let (work, server) = (Workspace::new(), Server::encrypted());
    work.file("authority.pem", AUTHORITY);
    let whole = Answer::ok(jpeg("cn"));
    let cut = whole.clone().cut_at(100, End::Close);
    let unmeasured = whole.clone().cut_at(100, End::Reset).without_length().then(End::Reset);
    server.script("/cn.jpg", [Answer::raw("").then(End::Reset), cut, unmeasured, whole]);
    let list = work.list(&["cn"]);
    let told = work.flagdl(["--cacert", "authority.pem", "-u", &server.url(""), &list]).run();
    told.expect_code(0);
    assert_eq!(work.saved(), files(&["cn"]));
}

#[test]
fn a_redirect_from_https_to_http_is_refused() {
    let answer = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x.jpg\r\nContent-Length: 0\r\n\r\n";
    let (work, server) = (Workspace::new(), Encrypted::start(answer.into()));
    let list = work.list(&["cn"]);
    let options = ["--insecure", "-u", &server.url(), "--format", "ndjson", &list];
    let told = work.flagdl(options).run();
    told.expect_code(1).expect_endings(&[("cn", "error redirect")]);
}

#[test]
fn a_file_without_a_certificate_is_a_usage_error() {
    let work = Workspace::new();
    let list = work.list(&["cn"]);
    for file in [&*list, "no-such-file"] {
        let told = work.flagdl(["-u", "https://127.0.0.1:1", "--cacert", file, &list]).run();
        told.expect_code(2).expect_err("--cacert");
    }
}
