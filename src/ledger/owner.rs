//! Whose a name is: which link a row stands for, without its secrets being stored.
//!
//! Promises: the whole URL never reaches the database where it has secrets; two links are told apart even where they
//! differ in nothing but their secrets.
//!
//! What surprises: the digest is of the whole URL and not keyed, since later runs must find it again. A secret that
//! can be guessed (a short password) can be confirmed with it; a signature or token cannot.

use crate::link::Link;

/// Bytes of the SHA-256 that are stored: two of 10⁹ links meet with a probability of 10⁻²¹.
pub(super) const DIGEST: usize = 16;

/// What is stored of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    /// The URL without its secrets.
    pub(super) url: String,
    /// What stands for the secrets, where it has some.
    pub(super) digest: Option<[u8; DIGEST]>,
}

impl Owner {
    pub(super) fn of(link: &Link) -> Self {
        let url = link.to_string();
        let digest = (url != link.url().as_str()).then(|| digest(link));
        Self { url, digest }
    }
}

/// Whether what is stored stands for `link`. Costs no allocation, and no hash where there are no secrets.
pub(super) fn is_owned_by(link: &Link, url: &str, stored: Option<&[u8]>) -> bool {
    match stored {
        // Without a digest the URL is stored whole.
        None => link.url().as_str() == url,
        Some(stored) => digest(link) == stored,
    }
}

fn digest(link: &Link) -> [u8; DIGEST] {
    let [digest @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = link.digest();
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_differ_only_in_their_secrets_are_told_apart() {
        let texts = [
            "http://h/a",
            "http://h/a?",
            "http://h/a?&",
            "http://h/a?x=1",
            "http://h/a?x=2",
            "http://h/a?x",
            "http://h/a?y",
            "http://u@h/a",
            "http://v@h/a",
            "http://u:p@h/a",
            "http://u:q@h/a",
            "https://h/a",
        ];
        let links = texts.map(|text| Link::parse(text).expect(text));
        for (at, link) in links.iter().enumerate() {
            let Owner { url, digest } = Owner::of(link);
            for (other, another) in links.iter().enumerate() {
                let digest = digest.as_ref().map(<[u8; DIGEST]>::as_slice);
                assert_eq!(is_owned_by(another, &url, digest), at == other, "{} and {}", texts[at], texts[other]);
            }
        }
    }

    #[test]
    fn only_a_link_with_secrets_needs_a_digest() {
        for (text, has_secrets) in
            [("http://h/a", false), ("HTTP://H:80/é?", true), ("http://h/é", false), ("http://h/a?b=c", true)]
        {
            assert_eq!(Owner::of(&Link::parse(text).expect(text)).digest.is_some(), has_secrets, "{text}");
        }
    }
}
