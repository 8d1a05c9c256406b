//! Whether an answer asks that what it carries be left out: of a data set, of training, of an index.
//!
//! Promises: `X-Robots-Tag` is read as Google documents it
//! (<https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag>): any number of fields, each a list
//! of directives in any case, each with or without an agent before it. `Content-Usage` is read as the IETF's AIPREF
//! drafts have it (draft-ietf-aipref-attach, and the serialization format of draft-ietf-aipref-vocab). No bytes make
//! it panic.
//!
//! What surprises:
//! - A directive counts whomever it is addressed to: who opts out for one bot is not asking to be taken by another,
//!   and cannot know the names of all of them.
//! - `none` counts, which is short for `noindex, nofollow`; the `none` of `max-image-preview: none` does not.
//! - `noindex; nofollow` and `noindex nofollow` are no lists by the documentation, but servers send them, and the
//!   wish is plain. `Content-Usage` is held to its draft: its key and token count in lower case only, and the last
//!   value of the key decides.

use http::HeaderMap;

use super::field;

/// What asks to be left out.
const DIRECTIVES: [&str; 5] = ["noai", "noimageai", "noindex", "noimageindex", "none"];

/// What an answer says to be left out: the first such directive of its header fields, or `train-ai=n`.
pub(crate) fn opted_out(headers: &HeaderMap) -> Option<&'static str> {
    field::values(headers, "x-robots-tag").find_map(|value| robots(&value)).or_else(|| usage(headers))
}

/// The first directive of an `X-Robots-Tag` that asks to be left out.
fn robots(value: &str) -> Option<&'static str> {
    value.split([',', ';']).filter_map(without_agent).flat_map(str::split_ascii_whitespace).find_map(known)
}

/// A directive without the agents before it; None for a directive that has a value of its own.
fn without_agent(mut directive: &str) -> Option<&str> {
    while let Some((head, rest)) = directive.split_once(':') {
        if has_value(field::trim(head)) {
            return None;
        }
        directive = rest;
    }
    Some(directive)
}

/// Whether what follows the colon is a value: `unavailable_after: 25 Jun 2010 15:00:00 PST`, and
/// `max-snippet`, `max-image-preview`, `max-video-preview` and what may come after them.
fn has_value(head: &str) -> bool {
    let starts_with = |prefix: &str| head.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    starts_with("unavailable_after") || starts_with("max-")
}

fn known(word: &str) -> Option<&'static str> {
    DIRECTIVES.into_iter().find(|directive| directive.eq_ignore_ascii_case(word))
}

/// Several fields are one dictionary (RFC 9651 §4.2), so a later one can take back what an earlier one says.
fn usage(headers: &HeaderMap) -> Option<&'static str> {
    let told = field::values(headers, "content-usage")
        .filter_map(|value| field::value(&value, ',', "train-ai").map(|preference| preference == "n"))
        .last();
    told.unwrap_or_default().then_some("train-ai=n")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::{super::field::headers, *};

    fn robots_tag(value: &str) -> Option<&'static str> {
        opted_out(&headers(&[("x-robots-tag", value.as_bytes())]))
    }

    fn content_usage(value: &str) -> Option<&'static str> {
        opted_out(&headers(&[("content-usage", value.as_bytes())]))
    }

    #[test]
    fn each_directive_that_opts_out_is_heard() {
        for directive in DIRECTIVES {
            assert_eq!(robots_tag(directive), Some(directive));
            assert_eq!(robots_tag(&directive.to_uppercase()), Some(directive));
            assert_eq!(robots_tag(&format!("nofollow,\t{directive} , all")), Some(directive));
        }
    }

    #[test]
    fn what_does_not_opt_out_is_not_mistaken() {
        for value in ["", " ", ",", ":", "all", "index, follow", "nofollow", "noarchive, nosnippet", "googlebot: all"] {
            assert_eq!(robots_tag(value), None, "{value}");
        }
        for value in ["noindexing", "no index", "x-noai", "noindex-not", "\"noindex\"", "noindex: all"] {
            assert_eq!(robots_tag(value), None, "{value}");
        }
        assert_eq!(opted_out(&headers(&[("x-robots", "noindex"), ("robots", "noindex")])), None);
        assert_eq!(opted_out(&HeaderMap::new()), None);
    }

    #[test]
    fn the_first_of_several_is_told() {
        assert_eq!(robots_tag("nofollow, noimageai, noai"), Some("noimageai"));
        let fields = headers(&[
            ("x-robots-tag", "nofollow"),
            ("x-robots-tag", "NoImageIndex"),
            ("x-robots-tag", "noai"),
            ("content-usage", "train-ai=n"),
        ]);
        assert_eq!(opted_out(&fields), Some("noimageindex"));
    }

    #[test]
    fn an_opt_out_for_any_agent_counts() {
        for value in [
            "otherbot: noindex, nofollow",
            "googlebot: nofollow, otherbot:noindex",
            "otherbot:\tNOINDEX",
            "otherbot : noindex",
            "a: b: noindex",
            "otherbot: unavailable_after: 25 Jun 2010 15:00:00 PST, noindex",
        ] {
            assert_eq!(robots_tag(value), Some("noindex"), "{value}");
        }
    }

    #[test]
    fn the_values_of_directives_are_no_directives() {
        for value in [
            "max-image-preview: none",
            "max-image-preview:none",
            "Max-Image-Preview : None",
            "googlebot: max-image-preview: none",
            "max-snippet: 5, max-video-preview: -1",
            "max-something-new: none",
            "unavailable_after: 25 Jun 2010 15:00:00 PST",
            "unavailable_after: Wednesday, 25-Aug-27 15:00:00 EST",
            "UNAVAILABLE_AFTER: none",
            "é: max-snippet: none",
        ] {
            assert_eq!(robots_tag(value), None, "{value}");
        }
        assert_eq!(robots_tag("max-snippet: 5, noai"), Some("noai"));
        assert_eq!(robots_tag("unavailable_after: Wednesday, 25-Aug-27 15:00:00 EST, noai"), Some("noai"));
    }

    #[test]
    fn lists_that_are_none_by_the_documentation_are_heard() {
        assert_eq!(robots_tag("nofollow; noindex"), Some("noindex"));
        assert_eq!(robots_tag("nofollow noindex"), Some("noindex"));
        assert_eq!(robots_tag("googlebot: nofollow noindex"), Some("noindex"));
    }

    #[test]
    fn what_stands_beside_bytes_that_are_no_text_is_heard() {
        assert_eq!(opted_out(&headers(&[("x-robots-tag", b"caf\xe9, noai")])), Some("noai"));
        assert_eq!(opted_out(&headers(&[("x-robots-tag", b"noai\xff")])), None);
        assert_eq!(opted_out(&headers(&[("content-usage", b"\"\xe9\", train-ai=n")])), Some("train-ai=n"));
    }

    #[test]
    fn a_preference_against_training_is_heard_among_others() {
        for value in [
            "train-ai=n",
            "search=y, train-ai=n",
            "train-ai=n;x=1, a=\"b,c\"",
            "train-ai=y, train-ai=n",
            "a, train-ai=n",
        ] {
            assert_eq!(content_usage(value), Some("train-ai=n"), "{value}");
        }
        for value in [
            "",
            "train-ai",
            "train-ai=y",
            "train-ai=\"n\"",
            "train-ai=?0",
            "train-ai=no",
            "search=n",
            "x-train-ai=n",
            "train-ai;x=n",
            "train-ai;allow=n, train-ai=y",
            "train-ai=n, train-ai=y",
            "a=\"x, train-ai=n\"",
            "Train-AI=n",
        ] {
            assert_eq!(content_usage(value), None, "{value}");
        }
    }

    #[test]
    fn the_preferences_of_several_fields_are_one_dictionary() {
        let told = |first, second| opted_out(&headers(&[("content-usage", first), ("content-usage", second)]));
        assert_eq!(told("train-ai=n", "search=y"), Some("train-ai=n"));
        assert_eq!(told("train-ai=n", "train-ai=y"), None);
        assert_eq!(told("train-ai=y", "train-ai=n"), Some("train-ai=n"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(tag in any::<Vec<u8>>(), usage in any::<Vec<u8>>(), text in "[a-zé:,;=\"\\\\ -]{0,40}") {
            let mut map = HeaderMap::new();
            for (name, bytes) in [("x-robots-tag", tag), ("content-usage", usage), ("x-robots-tag", text.into_bytes())] {
                if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                    map.append(name, value);
                }
            }
            opted_out(&map);
        }

        #[test]
        fn an_opt_out_is_heard_wherever_it_stands(
            before in "[a-z]{0,12}", after in "[a-z-]{0,12}", agent in "([a-z]{1,8}: ?)?", index in 0..DIRECTIVES.len(),
        ) {
            let value = format!("{before}, {agent}{}\t, {after}", DIRECTIVES[index]);
            prop_assert!(robots_tag(&value).is_some(), "{}", value);
        }
    }
}
