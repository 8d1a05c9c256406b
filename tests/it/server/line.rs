//! What an answer goes out on: a plain connection, or one over TLS.
//!
//! Promises: both close in good order, over TLS with the word for it (RFC 8446 §6.1), and both can be reset.
//!
//! What surprises: the certificates beside the tests are good for 127.0.0.1 from 2020 to 2125, by an authority whose key
//! was thrown away; the server's key is no secret.

use std::sync::Arc;

use rustls::{
    ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

/// The authority that vouches for the servers here, in PEM.
pub(crate) const AUTHORITY: &str = include_str!("../certificates/authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("../certificates/server.pem");
const KEY: &[u8] = include_bytes!("../certificates/server.key");

/// One side of a connection.
pub(super) trait Line: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    fn tcp(&self) -> &TcpStream;
}

impl Line for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Line for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// What a server says of itself over TLS, and the protocols that it speaks there (ALPN, RFC 7301).
pub(crate) fn config(protocols: &[&str]) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_slice_iter(CERTIFICATE);
    let chain = chain.collect::<Result<Vec<_>, _>>().expect("a certificate in PEM");
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key in PEM");
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows the usual versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("the key is the certificate's");
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Arc::new(config)
}
