//! From arguments to what the library takes.
//!
//! Promises: every fault in what the user gave is found here, before a request goes out, and is a usage error.

use std::{env, fs, num::NonZeroUsize, path::PathBuf, sync::Arc};

use anyhow::{Context, Result, anyhow, bail};
use flagdl::{
    fetch::{HttpOptions, HttpVersion, ProxyChoice, SetupError},
    list::{Lists, Source},
    options::{self, Existing, Options},
    plan::Plan,
    status::LastRun,
    template::{Template, TemplateError},
};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::{
    args::{self, Accept, Codes, Download, Fetching, Http, Network, Switch},
    go_on::{quoted, shown_url},
    in_words,
    status::StatusArgs,
};

/// The name in requests: the program, its version, and where an operator of a server finds out what it is.
const USER_AGENT: &str = concat!("flagdl/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY"), ")");

/// The list of `--demo`.
const DEMO_LIST: &str = include_str!("../../../lists/pop20.txt");

/// What may stand in a list's place.
const COMMANDS: [&str; 3] = ["serve", "status", "verify"];

/// Descriptors kept for all that is no socket: stdio, lists, the folder, staged files, the runtime's own.
const OTHER_FILES: u64 = 24;

/// The lists that were named, or the demo's own.
pub(crate) fn sources(arguments: &Download) -> Vec<Source> {
    if arguments.lists.is_empty() && arguments.demo {
        return vec![Source::Text { name: "the demo's list".into(), text: DEMO_LIST.into() }];
    }
    files(&arguments.lists)
}

fn files(lists: &[PathBuf]) -> Vec<Source> {
    let source = |path: &PathBuf| if path.as_os_str() == "-" { Source::Stdin } else { Source::File(path.clone()) };
    lists.iter().map(source).collect()
}

/// The plan over all lists; `origin` is the demo's, where there is one.
pub(crate) fn plan(arguments: &Download, origin: Option<&str>) -> Result<Plan> {
    if arguments.lists.is_empty() && !arguments.demo {
        bail!("no list\n\nhint: flagdl LIST, or flagdl - for stdin; flagdl --demo shows what it does");
    }
    let template = template(&arguments.codes, origin)?;
    Ok(Plan::new(open(sources(arguments), "flagdl")?, template, arguments.limit))
}

/// The plan over the lists that `status` was given, which names files as a download's does.
pub(crate) fn status_plan(arguments: &StatusArgs) -> Result<Plan> {
    let template = template(&arguments.codes, None)?;
    Ok(Plan::new(open(files(&arguments.lists), "flagdl status")?, template, arguments.limit))
}

/// Opens lists for a command.
fn open(sources: Vec<Source>, command: &str) -> Result<Lists> {
    let is_url = |source: &Source| matches!(source, Source::File(path) if path.to_string_lossy().contains("://"));
    if sources.iter().any(is_url) {
        bail!("a LIST is a file of URLs, not a URL itself\n\nhint: echo URL | flagdl -");
    }
    if sources.iter().filter(|source| **source == Source::Stdin).count() > 1 {
        bail!("stdin (-) can be read only once");
    }
    let hint = sources.iter().find_map(|source| hint_for_missing(source, command));
    Lists::open(sources).map_err(|error| match hint {
        Some(hint) => anyhow!("{}\n\nhint: {hint}", in_words(&error.into())),
        None => error.into(),
    })
}

/// What may have been meant by a list that is not there: a command, or a code.
fn hint_for_missing(source: &Source, command: &str) -> Option<String> {
    let Source::File(path) = source else { return None };
    let name = path.to_str().filter(|_| !path.exists())?;
    let near = COMMANDS.iter().find(|known| is_nearly(name, known));
    let is_code = !name.contains(['.', '/', '\\']);
    match near {
        Some(known) if *known == name => Some(format!("the command comes first: flagdl {known} ...")),
        Some(known) => Some(format!("is the command {known} meant? flagdl {known} ...")),
        None => is_code.then(|| {
            format!("a LIST is a file; for a code: printf '%s\\n' {} | {command} -", quoted(path.as_os_str()))
        }),
    }
}

/// Whether a word is another one, or that with a letter or two mistyped.
fn is_nearly(word: &str, known: &str) -> bool {
    word.len() >= 4 && changes(word.as_bytes(), known.as_bytes()) <= 2
}

/// How many letters are put in, left out or replaced between two words (Levenshtein's distance).
fn changes(one: &[u8], other: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (done, letter) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = done + 1;
        for (at, known) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != known);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// What codes become; `origin` is the demo's, where there is one.
fn template(codes: &Codes, origin: Option<&str>) -> Result<Template> {
    let base = origin.unwrap_or(&codes.base_url);
    let (made, option, value) = match &codes.url_template {
        Some(template) => (Template::parse(template), "--url-template", template.as_str()),
        None => match Template::for_base(base, &codes.ext) {
            made @ Err(TemplateError::Extension) => (made, "--ext", codes.ext.as_str()),
            made => (made, "--base-url", base),
        },
    };
    made.with_context(|| format!("{option} {}", shown_url(value)))
}

/// What holds for the run.
pub(crate) fn options(arguments: &Download) -> Result<Options> {
    let here = &arguments.here;
    Ok(Options {
        existing: match (here.update, here.overwrite) {
            (true, _) => Existing::Update,
            (false, true) => Existing::Overwrite,
            (false, false) => Existing::Skip,
        },
        gone: match here.gone {
            args::Gone::Keep => options::Gone::Keep,
            args::Gone::Delete => options::Gone::Delete(here.max_gone),
        },
        adopt: here.adopt,
        missing_ttl: here.missing_ttl,
        noted: noted(arguments),
        ..fetching(&arguments.fetching)?
    })
}

/// What the ledger is to note of the options that are not the library's.
fn noted(arguments: &Download) -> String {
    let codes = &arguments.codes;
    let mut words = match &codes.url_template {
        _ if arguments.demo => vec!["--demo".to_owned()],
        Some(template) => vec![format!("--url-template {}", shown_url(template))],
        None => vec![format!("-u {} --ext {}", shown_url(&codes.base_url), codes.ext)],
    };
    words.extend(arguments.limit.map(|limit| format!("-l {limit}")));
    words.extend(noted_http(&arguments.fetching.network));
    words.join(" ")
}

/// As [`noted`], of a repair.
pub(crate) fn noted_of_repair(network: &Network) -> String {
    [Some(LastRun::REPAIR.to_owned()), noted_http(network)].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn noted_http(network: &Network) -> Option<String> {
    match network.http {
        Http::Http1 => Some("--http 1.1".to_owned()),
        Http::Http2 => Some("--http 2".to_owned()),
        Http::Auto => None,
    }
}

/// What holds for whatever is fetched.
pub(crate) fn fetching(Fetching { pace, patience, files, network }: &Fetching) -> Result<Options> {
    Ok(Options {
        concurrency: pace.concurrency,
        per_host: pace.per_host,
        rate: pace.rate,
        burst: pace.burst,
        total_rate: pace.total_rate,
        jitter: pace.jitter,
        bandwidth: pace.bandwidth,
        adaptive: pace.adaptive == Switch::On,
        robots: pace.robots,
        respect_opt_out: pace.respect_opt_out,
        max_retry_after: patience.max_retry_after,
        retries: patience.retries,
        read_timeout: patience.read_timeout,
        min_speed: patience.min_speed,
        timeout: patience.timeout,
        max_size: files.max_size,
        accept: match files.accept {
            Accept::Image => options::Accept::Image,
            Accept::Any => options::Accept::Any,
        },
        durability: match files.durability {
            args::Durability::None => options::Durability::None,
            args::Durability::Batch => options::Durability::Batch,
            args::Durability::File => options::Durability::File,
        },
        headers: headers(&network.headers)?.map(Arc::new),
        ..Options::default()
    })
}

/// How connections are made; `demo` is to the origin inside this process.
pub(crate) fn http(Fetching { pace, patience, network, .. }: &Fetching, demo: bool) -> Result<HttpOptions> {
    let certificates = network
        .cacert
        .as_ref()
        .map(|path| fs::read(path).with_context(|| format!("--cacert: cannot read {}", path.display())));
    Ok(HttpOptions {
        user_agent: network.user_agent.clone().unwrap_or_else(|| USER_AGENT.to_owned()),
        connect_timeout: patience.connect_timeout,
        per_host: pace.per_host.unwrap_or(pace.concurrency).get(),
        version: match network.http {
            Http::Http1 => HttpVersion::Http1,
            Http::Http2 => HttpVersion::Http2,
            Http::Auto => HttpVersion::Auto,
        },
        proxy: proxy(network, demo),
        certificates: certificates.transpose()?,
        insecure: network.insecure,
        allow_private: network.allow_private,
        environment_proxies: proxy_variables().map(|(_, proxy)| proxy).collect(),
    })
}

/// The proxy of the command line, or the environment's, unless that takes all hosts out, as curl reads it.
///
/// The demo's origin is inside this process, where no proxy finds it.
#[allow(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
fn proxy(network: &Network, demo: bool) -> ProxyChoice {
    let except = ["no_proxy", "NO_PROXY"].iter().find_map(|name| env::var(name).ok());
    match &network.proxy {
        _ if demo || except.as_deref().is_some_and(|hosts| hosts.trim() == "*") => ProxyChoice::Direct,
        Some(url) => ProxyChoice::Url { url: url.clone(), except },
        None => ProxyChoice::Environment,
    }
}

/// The variables that name a proxy, and its host as the client reads it (which takes the first variable of each scheme);
/// nothing for what it cannot read.
#[allow(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
fn proxy_variables() -> impl Iterator<Item = (&'static str, String)> {
    let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    names.into_iter().filter_map(|name| {
        let url = env::var(name).ok().filter(|url| !url.is_empty())?;
        let host = url.parse().ok().and_then(|uri: Uri| uri.host().map(str::to_owned));
        Some((name, host.unwrap_or_default()))
    })
}

/// What is to be said of a proxy, if there is one: who named it, and what cannot be seen behind it.
pub(crate) fn proxy_notice(options: &HttpOptions) -> Option<String> {
    let by = match &options.proxy {
        ProxyChoice::Direct => return None,
        ProxyChoice::Url { .. } => "--proxy".to_owned(),
        ProxyChoice::Environment => proxy_variables().map(|(name, _)| name).collect::<Vec<_>>().join(", "),
    };
    let notice = "it looks names up itself, so redirects to names with private addresses are not refused behind it";
    (!by.is_empty()).then(|| format!("requests go through a proxy ({by}): {notice}"))
}

/// Whether the terminal says of itself that it can only print.
#[allow(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
pub(crate) fn terminal_is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// An error of the client's, with the option that it is about.
pub(crate) fn named(error: SetupError, network: &Network) -> anyhow::Error {
    let option = match (&error, &network.cacert) {
        (SetupError::UserAgent, _) => "--user-agent".to_owned(),
        (SetupError::Proxy, _) => "--proxy".to_owned(),
        (SetupError::Certificates, Some(path)) => format!("--cacert {}", path.display()),
        _ => return error.into(),
    };
    anyhow::Error::from(error).context(option)
}

fn headers(lines: &[String]) -> Result<Option<HeaderMap>> {
    let mut headers = HeaderMap::new();
    for (number, line) in lines.iter().enumerate() {
        // The value may be a secret, so a faulty header is named by its place.
        let Some((name, value)) = line.split_once(':') else {
            bail!("--header number {} has no colon: write 'Name: value'", number + 1);
        };
        let name = HeaderName::try_from(name.trim())
            .with_context(|| format!("--header number {}: its name is not valid", number + 1))?;
        let mut value =
            HeaderValue::try_from(value.trim()).with_context(|| format!("--header {name}: its value is not valid"))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(if headers.is_empty() { None } else { Some(headers) })
}

/// Raises the limit of open files as far as it goes, and tells how many requests fit below it.
pub(crate) fn sockets(demo: bool) -> NonZeroUsize {
    // Where it cannot be raised or read, the common limit of 1024 is a fair guess.
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    // The demo's origin has the other end of each connection.
    let left = files.saturating_sub(files / 8 + OTHER_FILES) / if demo { 2 } else { 1 };
    NonZeroUsize::new(usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_command_is_known_and_a_code_is_none() {
        for (word, known) in [("stats", "status"), ("statsu", "status"), ("verfiy", "verify"), ("server", "serve")] {
            assert!(is_nearly(word, known), "{word}");
        }
        for word in ["CN", "list", "flags", "states-of-the-us"] {
            assert!(COMMANDS.iter().all(|known| !is_nearly(word, known)), "{word}");
        }
    }

    #[test]
    fn headers_are_read_and_a_faulty_one_is_named_without_its_value() {
        let lines = ["X-Key: a:b".to_owned(), "X-Key:c".to_owned()];
        let map = headers(&lines).expect("good headers").expect("some");
        assert_eq!(map.get_all("x-key").iter().collect::<Vec<_>>(), ["a:b", "c"]);
        for line in ["secret", "bad name: secret", "X: secret\nY: z"] {
            let error = format!("{:#}", headers(&[line.to_owned()]).expect_err(line));
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(headers(&[]).expect("none is good").is_none());
    }
}
