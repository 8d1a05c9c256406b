//! Certificates and versions of TLS that are not accepted: each is named, and final.
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

use crate::workspace::Workspace;

const OLD_AUTHORITY: &str = include_str!("certificates/old-authority.pem");
const EXPIRED: &[u8] = include_bytes!("certificates/expired.pem");
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

#[test]
fn what_is_expired_self_signed_or_too_old_is_named_and_not_tried_again() {
    for ((address, connections), words) in [
        (with_certificate(EXPIRED), "certificate expired"),
        (with_certificate(SELF_SIGNED), "invalid peer certificate"),
        (of_old(), "ProtocolVersion"),
    ] {
        let work = Workspace::new();
        work.file("old-authority.pem", OLD_AUTHORITY);
        let list = work.list(&["cn"]);
        let url = format!("https://{address}");
        let told = work.flagdl(["--cacert", "old-authority.pem", "-u", &url, &list]).run();
        told.expect_code(1).expect_err("*** error for cn: TLS failed: ").expect_err(words).expect_err("errors: 1 tls");
        assert_eq!((connections.load(Ordering::Relaxed), work.saved()), (1, [].into()), "{told}");
    }
}
