//! What an answer's head says that its bytes hash to: `Repr-Digest` and `Content-Digest` (RFC 9530).
//!
//! Promises: SHA-256 is taken, or SHA-512 where there is no SHA-256; other algorithms, of which RFC 9530 §5 calls most
//! insecure, and members that are malformed say nothing. No bytes make it panic.
//!
//! What surprises: the two fields are kept apart, because only of an answer with the whole file do they speak of the same
//! bytes. Of a part (206) `Content-Digest` is the part's and `Repr-Digest` still the whole file's (RFC 9530 §2, §3).
//! The older `Digest` and `Content-MD5` are not looked at, and neither are trailers, which come too late to be asked for.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::HeaderMap;

use super::field;

/// As RFC 9651 §4.2.7 wants it: padding may be missing, and the bits that are left over are not looked at.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What bytes must hash to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digest {
    Sha256([u8; 32]),
    Sha512([u8; 64]),
}

/// What an answer's head says that its bytes hash to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digests {
    /// Of the whole file, whatever part of it the answer carries.
    pub(crate) representation: Option<Digest>,
    /// Of the bytes that this answer carries.
    pub(crate) content: Option<Digest>,
}

impl Digests {
    /// None where a head says nothing, as most do.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Box<Self>> {
        if !headers.keys().any(|name| name.as_str().ends_with("-digest")) {
            return None;
        }
        let told = Self { representation: digest(headers, "repr-digest"), content: digest(headers, "content-digest") };
        (told.representation.is_some() || told.content.is_some()).then(|| Box::new(told))
    }
}

fn digest(headers: &HeaderMap, name: &'static str) -> Option<Digest> {
    let sha256 = member(headers, name, "sha-256").map(Digest::Sha256);
    sha256.or_else(|| member(headers, name, "sha-512").map(Digest::Sha512))
}

/// The bytes of a dictionary's member. Several fields are one dictionary (RFC 9651 §4.2).
fn member<const N: usize>(headers: &HeaderMap, name: &'static str, key: &str) -> Option<[u8; N]> {
    field::values(headers, name).filter_map(|value| field::value(&value, ',', key).map(bytes)).last().flatten()
}

/// A byte sequence (RFC 9651 §3.3.5) of so many bytes.
fn bytes<const N: usize>(value: &str) -> Option<[u8; N]> {
    let text = value.strip_prefix(':')?.strip_suffix(':')?;
    // Room for more than is wanted, so that what is too long is seen to be.
    let mut decoded = [0; 96];
    let length = BASE64.decode_slice(text, &mut decoded).ok()?;
    decoded[..length].try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The hashes of nothing (FIPS 180-4), as fields have them.
    const SHA_256: &str = ":47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
    const SHA_512: &str = ":z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==:";

    fn of(values: &[&str]) -> Option<Digest> {
        let fields: Vec<_> = values.iter().map(|value| ("repr-digest", *value)).collect();
        digest(&field::headers(&fields), "repr-digest")
    }

    fn is_sha256(digest: Option<Digest>) -> bool {
        matches!(digest, Some(Digest::Sha256([0xe3, 0xb0, .., 0x55])))
    }

    fn is_sha512(digest: Option<Digest>) -> bool {
        matches!(digest, Some(Digest::Sha512([0xcf, 0x83, .., 0x3e])))
    }

    #[test]
    fn sha256_is_taken_and_sha512_where_there_is_none() {
        let without_padding = SHA_256.replace('=', "");
        for value in [
            format!("sha-256={SHA_256}"),
            format!("sha-256={without_padding}"),
            format!("sha-512={SHA_512}, sha-256={SHA_256};p=1"),
            format!("md5=:1B2M2Y8AsgTpgAmY7PhCfg==:,\tx=\"a, sha-256=:AA==:\", sha-256={SHA_256}"),
            format!("sha-256=:AA==:, sha-256={SHA_256}"),
        ] {
            assert!(is_sha256(of(&[&value])), "{value}");
        }
        for values in [
            &[format!("sha-512={SHA_512}")][..],
            &[format!("sha-256={SHA_512}, sha-512={SHA_512}")],
            &["md5=:AA==:".into(), format!("sha-512={SHA_512}")],
        ] {
            let values: Vec<_> = values.iter().map(String::as_str).collect();
            assert!(is_sha512(of(&values)), "{values:?}");
        }
    }

    #[test]
    fn what_is_malformed_or_of_another_algorithm_says_nothing() {
        let bare = SHA_256.trim_matches(':');
        for value in [
            String::new(),
            "sha-256".into(),
            "sha-256=".into(),
            "sha-256=:".into(),
            "sha-256=::".into(),
            format!("sha-256={bare}"),
            format!("sha-256=\"{bare}\""),
            format!("sha-256=:{bare}"),
            format!("sha-256=:{}:", &bare[4..]),
            format!("sha-256=:{bare}{bare}:"),
            format!("sha-256=:{}:", "A".repeat(500)),
            format!("sha-256=:{}:", bare.replace('+', "-").replace('/', "_")),
            format!("sha-256=: {bare}:"),
            format!("SHA-256={SHA_256}"),
            format!("sha256={SHA_256}"),
            format!("xsha-256={SHA_256}"),
            format!("unixsum=:AAA=:, sha=:{bare}:, sha-384=:{bare}:"),
        ] {
            assert_eq!(of(&[&value]), None, "{value}");
        }
        assert_eq!(Digests::of(&field::headers(&[("digest", "SHA-256=47DE"), ("content-md5", "1B2M")])), None);
    }

    #[test]
    fn the_two_fields_are_kept_apart() {
        let digests = |name| Digests::of(&field::headers(&[(name, format!("sha-256={SHA_256}"))])).expect("it is told");
        let (whole, part) = (digests("repr-digest"), digests("content-digest"));
        assert!(is_sha256(whole.representation) && whole.content.is_none());
        assert!(is_sha256(part.content) && part.representation.is_none());
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(hash in any::<[u8; 32]>(), long in prop::collection::vec(any::<u8>(), 64)) {
            let encode = |bytes: &[u8]| {
                let mut text = [0; 96];
                let length = BASE64.encode_slice(bytes, &mut text).expect("room");
                String::from_utf8_lossy(&text[..length]).into_owned()
            };
            let value = format!("a, sha-256=:{}: ,b=2", encode(&hash));
            prop_assert_eq!(of(&[&value]), Some(Digest::Sha256(hash)));
            let value = format!("sha-512=:{}:;q", encode(&long));
            prop_assert_eq!(of(&[&value]), Some(Digest::Sha512(long.try_into().expect("64 bytes"))));
        }

        #[test]
        fn no_bytes_are_a_danger(rest in prop::collection::vec(0x20_u8..=0xff, 0..120)) {
            let mut value = b"sha-256=:".to_vec();
            value.extend(rest.iter().filter(|byte| **byte != 0x7f));
            digest(&field::headers(&[("repr-digest", value)]), "repr-digest");
        }
    }
}
