//! What the text of a proxy means, read once for the client and for the guard.
//!
//! Promises: what comes out has the host that the client connects to, however it is spelled; what the client would pass
//! over without a word, and ask without a proxy then, is none.
//!
//! What surprises: without a scheme it is an HTTP proxy's, as for curl; and `proxy:3128` has none, although it could be
//! read as one. Other schemes than HTTP's leave a host as it was written, so that is read a second time.

use http::Uri;
use url::{Host, ParseError, Url};

/// The URL of a proxy that can be used.
pub(super) fn parse(text: &str) -> Option<Url> {
    let url = match Url::parse(text) {
        Ok(url) if url.has_host() => url,
        Ok(_) | Err(ParseError::RelativeUrlWithoutBase) if !text.contains("://") => {
            Url::parse(&format!("http://{text}")).ok()?
        }
        _ => return None,
    };
    let is_spoken = matches!(url.scheme(), "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h");
    // The client reads the URL once more, as what a request is made of.
    let is_read =
        url.as_str().parse().is_ok_and(|uri: Uri| uri.host().is_some_and(|host| Some(host) == url.host_str()));
    (is_spoken && is_read).then_some(url)
}

/// The host that a proxy is at, normalised as a target's is.
pub(super) fn host(text: &str) -> Option<Host> {
    Host::parse(parse(text)?.host_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_at_the_host_that_is_connected_to_however_it_is_spelled() {
        for text in [
            "http://127.0.0.1:3128",
            "http:/127.0.0.1:3128",
            "http:127.0.0.1:3128",
            "http:\\\\127.0.0.1:3128",
            "http://127.0.0.1:3128/x@y",
            "http://127.0.0.1:3128?@",
            "http://127.0.0.1:3128/#@x",
            "http://user:pass@127.1:3128",
            "HTTPS://0x7f000001",
            "127.0.0.1:3128",
            "127.0.0.1",
            "user:pass@127.0.0.1:3128",
            "socks5://127.0.0.1:1080",
            "socks5h://u:p@127.1:1080/@x",
        ] {
            assert_eq!(host(text), Some(Host::Ipv4([127, 0, 0, 1].into())), "{text}");
        }
        for text in ["proxy.test:3128", "http:/PROXY.test", "socks4a://Proxy.Test:1080", "localhost@proxy.test"] {
            assert_eq!(host(text), Some(Host::Domain("proxy.test".into())), "{text}");
        }
        assert_eq!(host("[::1]:3128"), Some(Host::Ipv6([0, 0, 0, 0, 0, 0, 0, 1].into())));
    }

    #[test]
    fn what_is_no_proxy_is_not_read_as_another_one() {
        for text in [
            "",
            "gopher://h:70",
            "file:///etc/passwd",
            "1http://h",
            "://h",
            "http://",
            "http://h:99999",
            "http://local host",
            "socks5://",
            "socks5://:1080",
            "user:pass://word@h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
