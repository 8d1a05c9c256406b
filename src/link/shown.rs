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

/// A text that may hold a URL that is no [`Link`], with what might be secret taken out of it.
pub(crate) fn without_secrets(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else { return visible(text) };
    // Up to the last `@`, wherever it stands: a password may hold what would end a host.
    let rest = rest.rsplit('@').next().unwrap_or_default();
    let shown =
        rest.find(['?', '#']).map_or_else(|| rest.to_owned(), |end| format!("{}{}…", &rest[..end], &rest[end..=end]));
    Cow::Owned(visible(&format!("{scheme}://{shown}")).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_link_is_shown_without_its_secrets_too() {
        assert_eq!(without_secrets("ftp://u:p@h/a?b=c"), "ftp://h/a?…");
        assert_eq!(without_secrets("ftp://u:p@"), "ftp://");
        assert_eq!(without_secrets("http://u:pa/ss@h/x#t0ken"), "http://h/x#…");
        assert_eq!(without_secrets("http://u:pa?ss@h"), "http://h");
        assert_eq!(without_secrets("cn"), "cn");
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
}
