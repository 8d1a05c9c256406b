//! Certificates and versions of TLS that are not accepted: each is named, and final, and a host that goes on like that is
//! given up.
//!
//! What surprises: of the certificates beside this file `expired.pem` was good in 2020 only, by `old-authority.pem`, whose
//! key was thrown away. A server that knows nothing newer than TLS 1.0 ends a handshake with one alert (RFC 8446 §6.2),
//! so that is all that it takes to be one.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rustls::{
    ServerConfig, ServerConnection,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::{
    fleet::{hosts, urls},
    pictures::jpeg,
    server::{AUTHORITY, Answer},
    workspace::Workspace,
};

const OLD_AUTHORITY: &str = include_str!("certificates/old-authority.pem");
const EXPIRED: &[u8] = include_bytes!("certificates/expired.pem");
const SERVER: &[u8] = include_bytes!("certificates/server.pem");
const SELF_SIGNED: &[u8] = include_bytes!("certificates/self-signed.pem");
const KEY: &[u8] = include_bytes!("certificates/server.key");

/// Alert, TLS 1.0, two bytes: fatal, `protocol_version`.
const TOO_OLD: [u8; 7] = [21, 3, 1, 0, 2, 2, 70];

/// Serves handshakes for as long as the test's process lives; gives its address, and counts connections.
fn start(serve: impl Fn(TcpStream) + Send + 'static) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
    let address = listener.local_addr().expect("a listener has an address");
    let connections = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&connections);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::Relaxed);
            serve(stream);
        }
    });
    (address, connections)
}

/// A server that has this certificate.
fn with_certificate(pem: &[u8]) -> (SocketAddr, Arc<AtomicUsize>) {
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().expect("a certificate in PEM");
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key in PEM");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the usual versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("the key is the certificate's");
    let config = Arc::new(config);
    start(move |mut stream| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
        // A client that does not trust the server breaks off.
        while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
    })
}

/// A server that knows nothing newer than TLS 1.0.
fn of_old() -> (SocketAddr, Arc<AtomicUsize>) {
    start(|mut stream| {
        let mut hello = [0; 4096];
        if stream.read(&mut hello).is_ok() {
            let _ = stream.write_all(&TOO_OLD);
            // Until the client has read it and left: closing with bytes unread would be a reset.
            while stream.read(&mut hello).is_ok_and(|count| count > 0) {}
        }
    })
}

/// What is said of an authority that nobody has named: with the way out.
const UNKNOWN: &str = "certificate of an unknown authority; hint: --cacert FILE";

#[test]
fn what_is_unknown_expired_self_signed_of_another_or_too_old_is_named_and_not_tried_again() {
    for ((address, connections), host, words) in [
        (with_certificate(SERVER), "127.0.0.1", UNKNOWN),
        (with_certificate(SELF_SIGNED), "127.0.0.1", UNKNOWN),
        (with_certificate(EXPIRED), "127.0.0.1", "invalid peer certificate: certificate expired: "),
        (of_old(), "127.0.0.1", "ProtocolVersion"),
    ] {
        expect_refused(OLD_AUTHORITY, &format!("https://{host}:{}", address.port()), &connections, words);
    }
    // The only one here that would be believed, at its own address.
    let (address, connections) = with_certificate(SERVER);
    let words = "invalid peer certificate: certificate not valid for name \"localhost\"";
    expect_refused(AUTHORITY, &format!("https://localhost:{}", address.port()), &connections, words);
}

/// Asks for one entry, with an authority to believe besides the system's; it ends as one of class `tls` that is told so.
#[track_caller]
fn expect_refused(authority: &str, url: &str, connections: &AtomicUsize, words: &str) {
    let work = Workspace::new();
    work.file("authority.pem", authority);
    let list = work.list(&["cn"]);
    let told = work.flagdl(["--cacert", "authority.pem", "-u", url, &list]).run();
    told.expect_code(1).expect_err("*** error for cn: TLS failed: ").expect_err(words).expect_err("errors: 1 tls");
    assert_eq!(told.err.contains("hint: --cacert"), words == UNKNOWN, "only where it would help: {told}");
    assert_eq!((connections.load(Ordering::Relaxed), work.saved()), (1, [].into()), "{told}");
}

#[test]
fn a_self_signed_certificate_is_believed_where_the_user_names_it() {
    let ((address, connections), work) = (with_certificate(SELF_SIGNED), Workspace::new());
    work.file("self-signed.pem", SELF_SIGNED);
    let list = work.list(&["cn"]);
    let url = format!("https://{address}");
    // The server ends each connection once it is believed.
    let told = work.flagdl(["--cacert", "self-signed.pem", "--retries", "0", "-u", &url, &list]).run();
    told.expect_code(1).expect_err("errors: 1 reset");
    assert_eq!(connections.load(Ordering::Relaxed), 1, "{told}");
}

#[test]
fn a_host_whose_certificate_is_not_accepted_is_given_up_and_the_others_are_not() {
    const CONCURRENCY: usize = 8;
    // As for any host that keeps failing: ten in a row.
    const IN_A_ROW: usize = 10;
    let ((address, connections), good) = (with_certificate(SERVER), hosts(1, &Answer::ok(jpeg("it"))));
    let work = Workspace::new();
    let bad: Vec<_> = (0..100).map(|index| format!("https://{address}/b{index}.jpg")).collect();
    let list = work.list_of(&bad.iter().cloned().chain(urls(&good, 100)).collect::<Vec<_>>());
    let told = work.flagdl(["-c", &CONCURRENCY.to_string(), "--format", "ndjson", &list]).run();
    told.expect_code(1);
    let asked = connections.load(Ordering::Relaxed);
    assert!((IN_A_ROW..=IN_A_ROW + CONCURRENCY).contains(&asked), "{asked} connections: {told}");
    for entry in &bad {
        let object = told.entry(entry);
        let message = object["message"].as_str().unwrap_or_default();
        assert_eq!((&object["outcome"], &object["class"]), (&"error".into(), &"tls".into()), "{told}");
        assert!(message.ends_with(UNKNOWN), "{message}");
    }
    let without = bad.iter().filter(|entry| told.entry(entry)["attempts"].is_null()).count();
    assert_eq!(without, 100 - asked, "the rest is not asked: {told}");
    told.expect_err(&format!("https://{address} is given up: the host keeps failing: TLS failed: {UNKNOWN}"));
    assert_eq!((told.summary()["ok"].as_u64(), told.summary()["error"].as_u64()), (Some(100), Some(100)), "{told}");
}
