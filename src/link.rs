//! A URL that never prints its secrets, and the host it belongs to.
//!
//! Promises: a [`Link`] is `http` or `https`, has a host and no fragment; its `Display` and `Debug` hide the
//! user name, the password and every value of the query. Two links with the same text after normalisation
//! (lower-case host, no trailing dot, default port removed) are equal.
//!
//! What surprises: the full text is only reachable through [`Link::url`], which exists for the transport.

mod shown;

use std::{fmt, sync::Arc};

use sha2::{Digest as _, Sha256};
use thiserror::Error;
use url::{Position, Url};

pub use self::shown::without_secrets;
pub(crate) use self::shown::{beginning_without_secrets, excerpt, half_a_url, is_deceptive, visible};

/// Longest URL that is accepted, in bytes; longer ones are refused by common servers too.
pub const MAX_LINK: usize = 8 * 1024;

/// Why a text is no link.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LinkError {
    /// The scheme is neither `http` nor `https`.
    #[error("the scheme {0} is not http or https")]
    Scheme(String),
    /// There is no scheme.
    #[error("no http:// or https:// at its beginning")]
    NoScheme,
    /// The text is not a URL (the WHATWG URL standard's parser says why).
    #[error("not a URL: {0}")]
    Syntax(url::ParseError),
    /// Port 0 cannot be connected to.
    #[error("port 0 cannot be used")]
    Port,
    /// The text is longer than [`MAX_LINK`] bytes.
    #[error("longer than {MAX_LINK} bytes")]
    TooLong,
}

impl From<url::ParseError> for LinkError {
    fn from(error: url::ParseError) -> Self {
        match error {
            url::ParseError::RelativeUrlWithoutBase => Self::NoScheme,
            other => Self::Syntax(other),
        }
    }
}

/// Scheme, lower-case name and port: the unit of politeness. Cheap to clone.
///
/// Prints as `https://example.org`, with the port only where it is not the scheme's own.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(Arc<str>);

impl Host {
    /// The host as text, such as `https://example.org` or `http://127.0.0.1:8000`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({})", self.0)
    }
}

/// A URL that never prints its secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    url: Url,
    host: Host,
}

impl Link {
    /// Reads an absolute `http` or `https` URL.
    ///
    /// # Errors
    ///
    /// [`LinkError`] tells what is wrong with the text; the text itself is not repeated in it.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        if text.len() > MAX_LINK {
            return Err(LinkError::TooLong);
        }
        Self::from_url(Url::parse(text)?)
    }

    /// Resolves a `Location` against this link (RFC 9110 §10.2.2).
    ///
    /// # Errors
    ///
    /// As [`Link::parse`].
    pub fn join(&self, location: &str) -> Result<Self, LinkError> {
        if location.len() > MAX_LINK {
            return Err(LinkError::TooLong);
        }
        let link = Self::from_url(self.url.join(location)?)?;
        // A relative one, and characters that are encoded, make it longer with each hop.
        if link.url.as_str().len() > MAX_LINK { Err(LinkError::TooLong) } else { Ok(link) }
    }

    /// As [`Link::parse`], for a text whose host is known: it begins with what `sibling` begins with.
    pub(crate) fn parse_beside(text: &str, sibling: &Self) -> Result<Self, LinkError> {
        if text.len() > MAX_LINK {
            return Err(LinkError::TooLong);
        }
        let url = Url::parse(text)?;
        if url[..Position::BeforePath] == sibling.url[..Position::BeforePath] {
            return Ok(Self { url, host: sibling.host.clone() });
        }
        Self::from_url(url)
    }

    /// The link whose whole text this is, as [`Link::url`] told it; none if it is not, or is of another host.
    ///
    /// Not [`Link::parse`]: normalisation may have made the text longer than [`MAX_LINK`], and a second one may
    /// change it again (`h..` loses a dot each time).
    pub(crate) fn read_back(text: &str, host: &Host) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_link = matches!(url.scheme(), "http" | "https") && url.as_str() == text && url.fragment().is_none();
        (is_link && url.origin().ascii_serialization() == host.as_str()).then(|| Self { url, host: host.clone() })
    }

    fn from_url(mut url: Url) -> Result<Self, LinkError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(LinkError::Scheme(excerpt(url.scheme()).into_owned()));
        }
        if url.port() == Some(0) {
            return Err(LinkError::Port);
        }
        url.set_fragment(None);
        if let Some(name) = url.host_str().and_then(|name| name.strip_suffix('.')).map(str::to_owned) {
            url.set_host(Some(&name))?;
        }
        let host = Host(url.origin().ascii_serialization().into());
        Ok(Self { url, host })
    }

    /// The unit of politeness that this link belongs to.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The whole URL, secrets included: for transports, never for output.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The last path segment, still percent-encoded; empty for a path that ends in a slash.
    pub(crate) fn last_segment(&self) -> &str {
        self.url.path().rsplit('/').next().unwrap_or_default()
    }

    /// SHA-256 of the whole URL: what tells two links of one file name apart, the same in every run.
    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.url.as_str().as_bytes()).into()
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.host.as_str())?;
        f.write_str(self.url.path())?;
        let mut lead = '?';
        for pair in self.url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some((name, value)) if !value.trim_matches('=').is_empty() => write!(f, "{lead}{name}=…")?,
                // A bare value, or one that ends in the padding of base64.
                _ => write!(f, "{lead}…")?,
            }
            lead = '&';
        }
        Ok(())
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link(text: &str) -> Link {
        Link::parse(text).expect(text)
    }

    #[test]
    fn secrets_are_never_printed() {
        let link = link("https://user:pa55@example.org/a%20b.jpg?sig=t0ken&n=1#frag");
        assert_eq!(link.to_string(), "https://example.org/a%20b.jpg?sig=…&n=…");
        assert_eq!(format!("{link:?}"), "Link(https://example.org/a%20b.jpg?sig=…&n=…)");
    }

    #[test]
    fn a_query_without_names_is_hidden_whole() {
        assert_eq!(link("http://h/a?t0ken").to_string(), "http://h/a?…");
        assert_eq!(link("http://h/a?dG9rZW4=").to_string(), "http://h/a?…");
        assert_eq!(link("http://h/a?&&").to_string(), "http://h/a");
    }

    #[test]
    fn hosts_are_normalised() {
        for text in ["http://Example.ORG./x", "http://example.org:80/y", "http://u@EXAMPLE.org/z"] {
            assert_eq!(link(text).host().as_str(), "http://example.org", "{text}");
        }
        for text in ["http://bücher.example/", "http://BÜCHER.example./", "http://xn--bcher-kva.example:80/"] {
            assert_eq!(link(text).host().as_str(), "http://xn--bcher-kva.example", "{text}");
        }
        // Punycode that stands for plain ASCII (RUSTSEC-2024-0421) would make two names of one host.
        for text in ["http://xn--example-.org/", "http://xn--a-.org/", "http://xn--/"] {
            assert!(matches!(Link::parse(text), Err(LinkError::Syntax(_))), "{text}");
        }
        assert_eq!(link("http://0x7f.1:8000/").host().as_str(), "http://127.0.0.1:8000");
        assert_ne!(link("https://example.org/").host(), link("http://example.org/").host());
    }

    #[test]
    fn what_is_no_link_says_why() {
        for (text, why) in [
            ("ftp://h/x", "the scheme ftp is not http or https"),
            ("file:///etc/passwd", "the scheme file is not http or https"),
            ("http://", "not a URL: empty host"),
            ("http://h:0/x", "port 0 cannot be used"),
            ("http://h:70000/x", "not a URL: invalid port number"),
            // Punycode of what needs none would be a second way to write a name (RUSTSEC-2024-0421).
            ("http://xn--localhost-/x", "not a URL: invalid international domain name"),
            ("x.jpg", "no http:// or https:// at its beginning"),
        ] {
            assert_eq!(Link::parse(text).expect_err(text).to_string(), why);
        }
        assert_eq!(Link::parse(&format!("http://h/{}", "x".repeat(MAX_LINK))), Err(LinkError::TooLong));
    }

    #[test]
    fn a_link_is_read_back_as_it_was_and_beside_its_own_host_only() {
        let long = format!("http://h/{}", "é".repeat(MAX_LINK / 2 - 5));
        for text in ["https://u:p@example.org/a?b=c", "http://h../x", "http://1.2.3.4../x", "http://[::1]:81/", &long] {
            let link = link(text);
            assert_eq!(Link::read_back(link.url().as_str(), link.host()).as_ref(), Some(&link), "{text}");
        }
        let host = link("http://h/").host().clone();
        for text in
            ["http://other/", "http://h", "http://h/#x", "https://h/", "http://h:81/", "blob:http://h/", "", "x"]
        {
            assert_eq!(Link::read_back(text, &host), None, "{text}");
        }
    }

    #[test]
    fn a_location_is_resolved_against_the_link() {
        let base = link("https://h/a/b.jpg?x=1");
        for (location, target) in [
            ("c.jpg", "https://h/a/c.jpg"),
            ("/c.jpg", "https://h/c.jpg"),
            ("//other/c.jpg", "https://other/c.jpg"),
            ("http://h:81/c.jpg", "http://h:81/c.jpg"),
        ] {
            assert_eq!(base.join(location).expect(location).url().as_str(), target);
        }
        for location in [format!("/{}", "x".repeat(MAX_LINK)), format!("/{}", "é".repeat(MAX_LINK / 4))] {
            assert_eq!(base.join(&location), Err(LinkError::TooLong));
        }
        assert_eq!(base.join("data:image/png;base64,x"), Err(LinkError::Scheme("data".into())));
    }

    proptest! {
        #[test]
        fn whatever_is_a_link_is_read_back(
            text in "(http|HTTPS):[/\\\\]{1,3}([a-z%@:]{0,5}@)?(\\PC{1,9}|[a-z0-9xX.%-]{1,12}|\\[[0-9a-f:.]{2,9}\\])\\.{0,3}(:[0-9]{0,5})?([/?#\\\\]\\PC{0,30}|/[./\\\\%2eE ]{0,12})?",
        ) {
            if let Ok(link) = Link::parse(&text) {
                prop_assert_eq!(Link::read_back(link.url().as_str(), link.host()), Some(link));
            }
        }
    }
}
