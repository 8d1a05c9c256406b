//! The command to go on with, for a run that has ended before its list.
//!
//! Promises: typed into a shell, it does what was asked for; no secret is in it: values of headers, user names and
//! passwords, and values of queries are `...`, and a hint says so. A variable that holds a secret is only named.
//!
//! What surprises: it is made of what was understood, and not of the words that were typed, so no way of writing an
//! option (`-Hx`, `-vH x`, `--header=x`) can carry a secret past. Options come first, under their short names.

mod shell;

use std::{
    borrow::Cow,
    ffi::{OsStr, OsString},
};

use clap::{Arg, ArgMatches, Command, parser::ValueSource};
use flagdl::{event::Outcome, tally::Summary};
use url::Url;

pub(crate) use self::shell::quoted;

/// What stands for a secret.
const HIDDEN: &str = "...";

/// What goes on where a run has ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct GoOn {
    variables: Vec<String>,
    words: Vec<String>,
    /// Whether something in them is not shown.
    hides: bool,
    /// Variables that are not shown at all.
    unnamed: Vec<String>,
    reads_stdin: bool,
    /// The file of `--diff`, which the next run would begin anew.
    diff: Option<String>,
    /// Whether all is fetched again, also what has been fetched until here.
    overwrites: bool,
}

impl GoOn {
    /// The command that a program was started with, as it was understood.
    pub(crate) fn new(program: &OsStr, command: &Command, matches: &ArgMatches) -> Self {
        let mut go_on = Self {
            words: vec![quoted(program)],
            diff: raw_of("diff", command, matches),
            overwrites: matches.try_get_one::<bool>("overwrite").ok().flatten() == Some(&true),
            ..Self::default()
        };
        let mut options = Vec::new();
        for option in command.get_arguments().filter(|option| !option.is_positional()) {
            match matches.value_source(option.get_id().as_str()) {
                Some(ValueSource::CommandLine) => options.extend(go_on.typed(option, matches)),
                Some(ValueSource::EnvVariable) => go_on.inherit(option, matches),
                _ => {}
            }
        }
        options.sort_by_key(|(place, _)| *place);
        go_on.words.extend(options.into_iter().flat_map(|(_, words)| words));
        let lists = command.get_positionals().flat_map(|lists| raw(lists, matches)).collect::<Vec<_>>();
        go_on.reads_stdin = lists.contains(&OsStr::new("-"));
        if lists.iter().any(|list| *list != "-" && starts_with_dash(list)) {
            go_on.words.push("--".to_owned());
        }
        go_on.words.extend(lists.into_iter().map(quoted));
        go_on
    }

    /// An option that was typed, once for each value: its place, and its words.
    fn typed(&mut self, option: &Arg, matches: &ArgMatches) -> Vec<(usize, Vec<String>)> {
        let places = matches.indices_of(option.get_id().as_str()).into_iter().flatten();
        let name = name(option);
        if !option.get_action().takes_values() {
            return places.map(|place| (place, vec![name.clone()])).collect();
        }
        let word = |value: &OsStr| {
            let shown = without_secrets(option, value);
            self.hides |= shown != value;
            // A value that looks like an option is one only to the eye.
            if starts_with_dash(&shown) {
                vec![format!("--{}={}", option.get_long().unwrap_or_default(), quoted(&shown))]
            } else {
                vec![name.clone(), quoted(&shown)]
            }
        };
        places.zip(raw(option, matches).into_iter().map(word)).collect()
    }

    /// An option that the environment gave.
    fn inherit(&mut self, option: &Arg, matches: &ArgMatches) {
        let is_off = !option.get_action().takes_values() && !matches.get_flag(option.get_id().as_str());
        let Some(variable) = option.get_env().filter(|_| !is_off).map(OsStr::to_string_lossy) else { return };
        for value in raw(option, matches) {
            // With dots in its place it would take the secret's.
            if without_secrets(option, value) == value {
                self.variables.push(format!("{variable}={}", quoted(value)));
            } else {
                self.unnamed.push(variable.to_string());
            }
        }
    }

    /// What to say where a run has ended in this way, if anything is left to do.
    pub(crate) fn after(&self, summary: &Summary) -> Option<String> {
        let is_left = summary.tally.of(Outcome::Left) > 0 || !summary.all_read;
        is_left.then(|| self.text())
    }

    /// The command, and what has to be added to it.
    pub(crate) fn text(&self) -> String {
        let words: Vec<_> = self.variables.iter().chain(&self.words).map(String::as_str).collect();
        let mut lines = vec![format!("to go on: {}", words.join(" "))];
        if self.hides {
            lines.push("hint: put in place of ... what is not shown here, as it may be secret".to_owned());
        }
        if !self.unnamed.is_empty() {
            let variables = self.unnamed.join(", ");
            lines.push(format!("hint: keep {variables} as set now, not shown here as it may be secret"));
        }
        if let Some(diff) = &self.diff {
            lines.push(format!("hint: {diff} has what changed until here: use it, or move it away, before that"));
        }
        if self.overwrites {
            lines.push("hint: without --overwrite only what is missing is fetched then".to_owned());
        }
        if self.reads_stdin {
            lines.push("hint: stdin has to bring the same list again".to_owned());
        }
        lines.join("\n")
    }
}

/// What was given as a URL, as a message may show it.
pub(crate) fn shown_url(text: &str) -> String {
    quoted(OsStr::new(&hide_in_url(text)))
}

/// The value of an option, as it may be shown.
fn raw_of(id: &str, command: &Command, matches: &ArgMatches) -> Option<String> {
    let option = command.get_arguments().find(|option| option.get_id() == id)?;
    raw(option, matches).first().map(|value| quoted(&without_secrets(option, value)))
}

/// The option's shortest name.
fn name(option: &Arg) -> String {
    let long = || format!("--{}", option.get_long().unwrap_or_default());
    option.get_short().map_or_else(long, |short| format!("-{short}"))
}

fn raw<'a>(argument: &Arg, matches: &'a ArgMatches) -> Vec<&'a OsStr> {
    matches.get_raw(argument.get_id().as_str()).into_iter().flatten().collect()
}

fn starts_with_dash(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"-")
}

/// A value as it may be shown.
fn without_secrets<'a>(option: &Arg, value: &'a OsStr) -> Cow<'a, OsStr> {
    let long = option.get_long().unwrap_or_default();
    let is_url = matches!(long, "proxy" | "base-url" | "url-template") || value.to_string_lossy().contains("://");
    let may_be_secret = long == "header" || is_url;
    let Some(text) = value.to_str().filter(|_| may_be_secret) else {
        // What is no text is no header and no URL either, and was refused before.
        return if may_be_secret { Cow::Owned(HIDDEN.into()) } else { Cow::Borrowed(value) };
    };
    let shown = match long {
        "header" => format!("{}: {HIDDEN}", text.split(':').next().unwrap_or_default()),
        _ => hide_in_url(text),
    };
    Cow::Owned(OsString::from(shown))
}

/// A URL with dots for its user and password, for what its query says, and for its fragment. A proxy's may have no
/// scheme.
fn hide_in_url(text: &str) -> String {
    let whole = text;
    let (text, fragment) = text.split_once('#').map_or((text, ""), |(text, _)| (text, "#..."));
    let is_scheme = |end: &usize| text[..*end].bytes().all(|byte| byte.is_ascii_alphanumeric());
    let (scheme, rest) = text.split_at(text.find("://").filter(is_scheme).map_or(0, |end| end + "://".len()));
    // An `@` may also stand in a path. Where there is a user, all up to the last one may be its password; where there
    // are no two slashes (`http:/user@host` is read too), nobody knows.
    let is_in_path = |url: Url| url.username().is_empty() && url.password().is_none();
    let has_user = scheme.is_empty() || !Url::parse(text).is_ok_and(is_in_path);
    // Behind a `?` it may end a password or stand in a query.
    if has_user && whole.rsplit_once('@').is_some_and(|(before, _)| before.contains(['?', '#'])) {
        return format!("{scheme}{HIDDEN}");
    }
    let rest = match rest.rsplit_once('@').filter(|_| has_user) {
        Some((_, rest)) => Cow::Owned(format!("{HIDDEN}@{rest}")),
        None => Cow::Borrowed(rest),
    };
    let (path, query) = rest.split_once('?').map_or((&*rest, None), |(path, query)| (path, Some(query)));
    let query = query.map(|query| format!("?{}", query.split('&').map(hide_in_pair).collect::<Vec<_>>().join("&")));
    format!("{scheme}{path}{}{fragment}", query.unwrap_or_default())
}

/// A part of a query. A code's place is no secret.
fn hide_in_pair(pair: &str) -> String {
    let is_shown = |value: &str| value.is_empty() || matches!(value, "{code}" | "{code:lower}" | "{code:upper}");
    match pair.split_once('=') {
        Some((_, value)) if is_shown(value) && !value.is_empty() => pair.to_owned(),
        Some((name, value)) if !value.trim_matches('=').is_empty() => format!("{name}={HIDDEN}"),
        // Without a value, or with nothing but the padding of base64, the name may be the secret.
        None if is_shown(pair) => pair.to_owned(),
        _ => HIDDEN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Arguments;

    fn told(words: &[&str]) -> String {
        let command = Arguments::command();
        let matches = command.clone().try_get_matches_from(words).expect("good arguments");
        GoOn::new(OsStr::new(words[0]), &command, &matches).text()
    }

    #[test]
    fn it_says_again_what_was_said() {
        for (words, expected) in [
            (&["flagdl", "list.txt"][..], "flagdl list.txt"),
            (&["./fl agdl", "a b", "-c16", "--dest", "images", "-v"], "'./fl agdl' -c 16 -d images -v 'a b'"),
            (&["flagdl", "--demo", "--rate=5/s"], "flagdl --demo -r 5/s"),
            (&["flagdl", "--", "-x", "y"], "flagdl -- -x y"),
            (&["flagdl", "--failed=-x", "y"], "flagdl --failed=-x y"),
            (
                &["flagdl", "--url-template", "https://h/@me/{code}?c={code:upper}", "y"],
                "flagdl --url-template 'https://h/@me/{code}?c={code:upper}' y",
            ),
        ] {
            assert_eq!(told(words), format!("to go on: {expected}"));
        }
        assert_eq!(told(&["flagdl", "-"]), "to go on: flagdl -\nhint: stdin has to bring the same list again");
    }

    #[test]
    fn no_way_of_writing_an_option_shows_a_secret() {
        let hint = "hint: put in place of ... what is not shown here, as it may be secret";
        for (words, expected) in [
            (&["-H", "X-Key: s3cret"][..], "-H 'X-Key: ...'"),
            (&["-vHX-Key:s3cret"], "-v -H 'X-Key: ...'"),
            (&["--header=X-Key: s3cret", "-H", "Y: s3cret: z"], "-H 'X-Key: ...' -H 'Y: ...'"),
            (&["--proxy", "http://s3cret:s3cret@h:1"], "--proxy http://...@h:1"),
            (&["--proxy", "s3cret:s3/cret@h:1"], "--proxy ...@h:1"),
            (&["--proxy", "http:/s3cret@h:1"], "--proxy ...@h:1"),
            (&["-u", "http:\\s3cret@h"], "-u ...@h"),
            (&["-u", "http:/s3cret@h/://"], "-u ...@h/://"),
            (&["-u", "https://s3cret@h/x"], "-u https://...@h/x"),
            (&["-u", "https://s3cret:x@h/?m=a@s3cret"], "-u https://..."),
            (&["--proxy", "x:s3?cret@s3cret"], "--proxy ..."),
            (&["--failed", "x://h h?m=a@s3cret"], "--failed x://..."),
            (&["--url-template", "https://s3@cret@h/{code}"], "--url-template 'https://...@h/{code}'"),
            (
                &["--url-template", "https://h/{code}?k=s3cret&v={code}&s3cret"],
                "--url-template 'https://h/{code}?k=...&v={code}&...'",
            ),
            (
                &["--url-template", "https://h/?{code}&czNjcmV0==&x=s3cret{code}#s3cret"],
                "--url-template 'https://h/?{code}&...&x=...#...'",
            ),
        ] {
            let words: Vec<_> = ["flagdl"].iter().chain(words).chain(&["list"]).copied().collect();
            assert_eq!(told(&words), format!("to go on: flagdl {expected} list\n{hint}"));
        }
    }

    #[test]
    fn a_run_that_did_all_says_nothing() {
        let go_on = GoOn::default();
        let done = Summary { all_read: true, ..Summary::default() };
        assert_eq!(go_on.after(&done), None);
        assert!(go_on.after(&Summary::default()).is_some(), "stopped before the first line came");
    }
}
