//! What was typed, as a message may repeat it: without the secrets of a URL that stands in the wrong place.
//!
//! What surprises: nobody knows what a URL is for where none belongs, so whatever has `://` in it is taken for one.

use std::borrow::Cow;

use clap::error::ContextValue;
use flagdl::link::without_secrets;

/// A message of ours, with the name of a file in it that may be a URL.
pub(crate) fn message(text: &str) -> Cow<'_, str> {
    let Some(end) = text.find("://") else { return Cow::Borrowed(text) };
    let is_outside = |character: char| !(character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.'));
    let start = text[..end].rfind(is_outside).map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
    let (ours, url) = text.split_at(start);
    Cow::Owned(format!("{ours}{}", without_secrets(url)))
}

/// An error about the command line, which repeats what it does not understand.
pub(crate) fn usage_error(mut error: clap::Error) -> clap::Error {
    let said: Vec<_> = error.context().filter_map(|(kind, value)| Some((kind, hidden(value)?))).collect();
    for (kind, value) in said {
        error.insert(kind, value);
    }
    error
}

/// What is to stand in the place of a part of an error; none where that may stay.
fn hidden(value: &ContextValue) -> Option<ContextValue> {
    let is_url = |text: &str| text.contains("://");
    Some(match value {
        ContextValue::String(text) if is_url(text) => ContextValue::String(without_secrets(text).into_owned()),
        ContextValue::Strings(texts) if texts.iter().any(|text| is_url(text)) => {
            ContextValue::Strings(texts.iter().map(|text| without_secrets(text).into_owned()).collect())
        }
        // How to write it otherwise: the URL again, twice.
        ContextValue::StyledStrs(tips) => {
            ContextValue::StyledStrs(tips.iter().filter(|tip| !is_url(&tip.to_string())).cloned().collect())
        }
        _ => return None,
    })
}
