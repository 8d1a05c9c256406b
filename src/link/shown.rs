//! Text of others, as it may be shown: without what deceives, without what is secret, and not too much of it.
//!
//! What surprises: this hides secrets in what is no link. A [`Link`](super::Link) hides its own.

use std::borrow::Cow;

/// Longest text of a server's that a message repeats, in bytes.
pub(crate) const MAX_REPEATED: usize = 1024;

/// Whether a character can hide what stands beside it, or pretend to be something else, where text is shown:
/// controls, separators of lines, changes of direction, invisible ones (Unicode TR #36 §2).
pub(crate) fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// A text as it may be shown, with deceptive characters written as escapes.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_deceptive) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_deceptive(character) { shown.extend(character.escape_default()) } else { shown.push(character) }
    }
    Cow::Owned(shown)
}

/// A text of a server's, as a message may repeat it: [`visible`], and cut where it is long.
pub(crate) fn excerpt(text: &str) -> Cow<'_, str> {
    let shown = visible(text);
    if shown.len() <= MAX_REPEATED {
        return shown;
    }
    let mut end = MAX_REPEATED;
    while !shown.is_char_boundary(end) {
        end -= 1;
    }
    Cow::Owned(format!("{}…", &shown[..end]))
}

/// A text that may hold a URL that is no [`Link`](super::Link), with what might be secret taken out of it: user names,
/// passwords, queries and fragments of whatever has `://` in it or begins as URLs do (`http:`, `data:`), and escapes for
/// what deceives. Other text stays.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    hiding(text, rest_without_secrets)
}

/// The same of the beginning of a text: the `@` that ends a password may stand in what is missing.
pub(crate) fn beginning_without_secrets(text: &str) -> Cow<'_, str> {
    hiding(text, |_| "…".to_owned())
}

/// A text that begins as URLs do, without `//`: its scheme, and what follows the colon. No code that anybody means is
/// written so.
pub(crate) fn half_a_url(text: &str) -> Option<(&str, &str)> {
    const SCHEMES: [&str; 8] = ["http", "https", "ftp", "file", "data", "blob", "javascript", "mailto"];
    let (scheme, rest) = text.split_once(':')?;
    SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some((scheme, rest))
}

/// A text that may hold a URL, with this in place of what stands behind its scheme.
fn hiding(text: &str, instead: impl Fn(&str) -> String) -> Cow<'_, str> {
    if let Some((scheme, rest)) = text.split_once("://") {
        return shown(scheme, &instead(rest));
    }
    match half_a_url(text) {
        Some((scheme, rest)) => Cow::Owned(visible(&format!("{scheme}:{}", instead(rest))).into_owned()),
        None => visible(text),
    }
}

fn shown(scheme: &str, rest: &str) -> Cow<'static, str> {
    // `http:/user:password@host?to=http://…` is read as a URL too, by whoever is kind enough. There all is a query that
    // stands behind its mark.
    let rest = if scheme.contains(['?', '#']) { "…" } else { rest };
    let scheme = if scheme.contains([':', '?', '#', '@']) { "…" } else { scheme };
    Cow::Owned(visible(&format!("{scheme}://{rest}")).into_owned())
}

/// What stands behind the scheme. Of an `@` behind a `?` nobody can tell whether a password ends there or a query goes
/// on, so that one side of it is secret, and either may be.
fn rest_without_secrets(rest: &str) -> String {
    let (before, behind) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    if behind.contains('@') {
        return "…".to_owned();
    }
    // Up to the last `@`, wherever it stands: a password may hold what would end a host.
    let place = before.rsplit('@').next().unwrap_or_default();
    match behind.chars().next() {
        Some(mark) => format!("{place}{mark}…"),
        None => place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_link_is_shown_without_its_secrets_too() {
        assert_eq!(without_secrets("ftp://u:p@h/a?b=c"), "ftp://h/a?…");
        assert_eq!(without_secrets("ftp://u:p@"), "ftp://");
        assert_eq!(without_secrets("http://u:pa/ss@h/x#t0ken"), "http://h/x#…");
        assert_eq!(without_secrets("http://u:pa?ss@h"), "http://…");
        assert_eq!(without_secrets("https://h/x.jpg?email=joe@example.com&token=t0ken\tcaption"), "https://…");
        assert_eq!(without_secrets("http://h/x#a@t0ken"), "http://…");
        assert_eq!(without_secrets("\"http://u:p@h/x?sig=t0ken\""), "\"http://h/x?…");
        assert_eq!(without_secrets("http:/u:p@h/x?to=http://other/"), "…://…");
        assert_eq!(without_secrets("http:h/x#://t0ken&to=http://other/"), "…://…");
        assert_eq!(without_secrets("http:/u:p@h/x://y"), "…://y");
        assert_eq!(without_secrets("http:/u:p@h/x?sig=t0ken"), "http:h/x?…");
        assert_eq!(without_secrets("HTTPS:u:p@h"), "HTTPS:h");
        assert_eq!(beginning_without_secrets("http:/u:p"), "http:…");
        assert_eq!(without_secrets("cn"), "cn");
        assert_eq!(without_secrets("a:b@c?d"), "a:b@c?d", "a code, which is its own name");
        assert_eq!(without_secrets("a\u{202e}gpj.\u{1b}[31m"), "a\\u{202e}gpj.\\u{1b}[31m");
    }

    #[test]
    fn what_a_server_says_is_repeated_up_to_a_bound_only() {
        let fits = "é".repeat(MAX_REPEATED / 2);
        assert_eq!(excerpt(&fits), fits);
        assert_eq!(excerpt(&format!("{fits}x")), format!("{fits}…"));
        assert_eq!(excerpt(&format!("x{fits}")).len(), MAX_REPEATED - 1 + "…".len());
        assert_eq!(excerpt("\u{1b}"), "\\u{1b}");
    }

    /// Any text with this word in the middle of it.
    fn with_canary(around: &'static str) -> impl Strategy<Value = String> {
        (around, around).prop_map(|(before, behind)| format!("{before}C4NARY{behind}"))
    }

    /// Whatever a password may hold that would end it where a URL is well written.
    const USER: &str = "[a-z:?#/@\\\\&=.]{0,8}";

    proptest! {
        #[test]
        fn no_user_no_query_and_no_fragment_is_shown(
            start in "(\"|\u{200b}|see |<)?(http|HTTPS|ftp|x-y)",
            user in with_canary(USER),
            place in "[a-z0-9:/\\\\@ ]{0,12}",
            query in with_canary("[a-z:?#/@\\\\&=.\t\"]{0,8}"),
            mark in "[?#]",
        ) {
            for text in [
                format!("{start}://{user}@{place}"),
                format!("{start}://{place}{mark}{query}"),
                format!("{start}://{user}@{place}{mark}{query}"),
                format!("http:/{user}@{place}{mark}to={start}://{place}"),
                format!("http:{place}{mark}{query}&to={start}://{place}"),
                format!("http:/{user}@{place}"),
                format!("HTTPS:{place}{mark}{query}"),
            ] {
                let shown = without_secrets(&text);
                prop_assert!(!shown.contains("C4NARY"), "{} of {}", shown, text);
            }
        }
    }
}
