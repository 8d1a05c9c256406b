//! The values of header fields, and what stands in lists of them.
//!
//! Promises: a separator inside a quoted string separates nothing (RFC 9110 §5.6.4, RFC 9651 §3.3.3); where a key
//! is repeated, its last value counts (RFC 9651 §3.1.2 and §3.2).
//!
//! What surprises: bytes that are not UTF-8 become U+FFFD, so that what stands beside them can still be read. And
//! a strict parser of RFC 9651 drops a whole field for one bad member; here the bad member alone is lost, because
//! what is read with this are wishes, and a wish is better heard.

use std::borrow::Cow;

use http::HeaderMap;

/// The values of all fields of a name, as text.
pub(crate) fn values<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = Cow<'h, str>> {
    headers.get_all(name).into_iter().map(|value| String::from_utf8_lossy(value.as_bytes()))
}

/// What stands between the separators, without optional white space (RFC 9110 §5.6.3).
pub(crate) fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let separates = move |character| {
        if escaped {
            escaped = false;
        } else if character == '"' {
            quoted = !quoted;
        } else if quoted {
            escaped = character == '\\';
        } else {
            return character == separator;
        }
        false
    };
    text.split(separates).map(trim)
}

/// The value of a key: of a parameter where the separator is `;`, of a dictionary's member where it is `,`.
/// Empty for a key that stands alone.
pub(crate) fn value<'t>(text: &'t str, separator: char, key: &str) -> Option<&'t str> {
    split(text, separator).filter_map(|part| member(part, key)).last()
}

/// The value of a part that has this key, without the value's own parameters.
fn member<'t>(part: &'t str, key: &str) -> Option<&'t str> {
    let item = split(part, ';').next().unwrap_or_default();
    let (found, value) = item.split_once('=').unwrap_or((item, ""));
    (trim(found) == key).then(|| trim(value))
}

/// Without the optional white space around it (RFC 9110 §5.6.3).
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Header fields, for tests of what reads them.
#[cfg(test)]
pub(crate) fn headers<V: AsRef<[u8]>>(fields: &[(&'static str, V)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, V)| {
        let value = http::HeaderValue::from_bytes(value.as_ref()).expect("a field's value");
        (http::HeaderName::from_static(name), value)
    };
    fields.iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_in_quoted_strings_separate_nothing() {
        for (text, parts) in [
            ("", vec![""]),
            ("a,\tb ,, c", vec!["a", "b", "", "c"]),
            (r#""a,b";r=0, c"#, vec![r#""a,b";r=0"#, "c"]),
            (r#""a\",b", c"#, vec![r#""a\",b""#, "c"]),
            (r#""a\\", c"#, vec![r#""a\\""#, "c"]),
            (r"a\,b", vec![r"a\", "b"]),
            (r#""never closed, c"#, vec![r#""never closed, c"#]),
        ] {
            assert_eq!(split(text, ',').collect::<Vec<_>>(), parts, "{text}");
        }
    }

    #[test]
    fn the_last_value_of_a_key_counts() {
        for (text, separator, found) in [
            ("k=1", ',', Some("1")),
            ("kk=1, ok=2", ',', None),
            ("a=1, k=2;v=3, b", ',', Some("2")),
            ("k=1, k", ',', Some("")),
            ("name;k=1; k = 2 ;v", ';', Some("2")),
            (r#"a="k=1, k=2""#, ',', None),
        ] {
            assert_eq!(value(text, separator, "k"), found, "{text}");
        }
    }
}
