//! From arguments to what the library takes.
//!
//! Promises: every fault in what the user gave is found here, before a request goes out, and is a usage error.

use std::{env, fs, num::NonZeroUsize, path::PathBuf, sync::Arc};

use anyhow::{Context, Result, bail};
use flagdl::{
    fetch::{HttpOptions, HttpVersion, ProxyChoice, SetupError},
    list::{Lists, Source},
    options::{self, Options},
    plan::Plan,
    template::Template,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::args::{Accept, Download, Durability, Http, Switch};

/// The name in requests: the program, its version, and where an operator of a server finds out what it is.
const USER_AGENT: &str = concat!("flagdl/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY"), ")");

/// The list of `--demo`.
const DEMO_LIST: &str = include_str!("../../../lists/pop20.txt");

/// Descriptors kept for all that is no socket: stdio, lists, the folder, staged files, the runtime's own.
const OTHER_FILES: u64 = 24;

/// The lists that were named, or the demo's own.
pub(crate) fn sources(arguments: &Download) -> Vec<Source> {
    if arguments.lists.is_empty() && arguments.demo {
        return vec![Source::Text { name: "the demo's list".into(), text: DEMO_LIST.into() }];
    }
    let source = |path: &PathBuf| if path.as_os_str() == "-" { Source::Stdin } else { Source::File(path.clone()) };
    arguments.lists.iter().map(source).collect()
}

/// The plan over all lists; `origin` is the demo's, where there is one.
pub(crate) fn plan(arguments: &Download, origin: Option<&str>) -> Result<Plan> {
    if arguments.lists.is_empty() && !arguments.demo {
        bail!("no list\n\nhint: flagdl LIST, or flagdl - for stdin; flagdl --demo shows what it does");
    }
    let template = match (&arguments.url_template, origin) {
        (Some(template), _) => Template::parse(template).context("--url-template")?,
        (None, Some(origin)) => Template::for_base(origin, &arguments.ext)?,
        (None, None) => Template::for_base(&arguments.base_url, &arguments.ext).context("--base-url and --ext")?,
    };
    if arguments.lists.iter().any(|list| list.to_string_lossy().contains("://")) {
        bail!("a LIST is a file of URLs, not a URL itself\n\nhint: echo URL | flagdl -");
    }
    if sources(arguments).iter().filter(|source| **source == Source::Stdin).count() > 1 {
        bail!("stdin (-) can be read only once");
    }
    Ok(Plan::new(Lists::open(sources(arguments))?, template, arguments.limit))
}

/// What holds for the run.
pub(crate) fn options(arguments: &Download) -> Result<Options> {
    Ok(Options {
        concurrency: arguments.concurrency,
        per_host: arguments.per_host,
        rate: arguments.rate,
        burst: arguments.burst,
        total_rate: arguments.total_rate,
        jitter: arguments.jitter,
        bandwidth: arguments.bandwidth,
        adaptive: arguments.adaptive == Switch::On,
        max_retry_after: arguments.max_retry_after,
        robots: arguments.robots,
        respect_opt_out: arguments.respect_opt_out,
        retries: arguments.retries,
        read_timeout: arguments.read_timeout,
        min_speed: arguments.min_speed,
        timeout: arguments.timeout,
        max_size: arguments.max_size,
        accept: match arguments.accept {
            Accept::Image => options::Accept::Image,
            Accept::Any => options::Accept::Any,
        },
        overwrite: arguments.overwrite,
        durability: match arguments.durability {
            Durability::None => options::Durability::None,
            Durability::Batch => options::Durability::Batch,
            Durability::File => options::Durability::File,
        },
        headers: headers(&arguments.headers)?.map(Arc::new),
        ..Options::default()
    })
}

/// How connections are made.
pub(crate) fn http(arguments: &Download) -> Result<HttpOptions> {
    let certificates = arguments
        .cacert
        .as_ref()
        .map(|path| fs::read(path).with_context(|| format!("--cacert: cannot read {}", path.display())));
    Ok(HttpOptions {
        user_agent: arguments.user_agent.clone().unwrap_or_else(|| USER_AGENT.to_owned()),
        connect_timeout: arguments.connect_timeout,
        per_host: arguments.per_host.unwrap_or(arguments.concurrency).get(),
        version: match arguments.http {
            Http::Http1 => HttpVersion::Http1,
            Http::Http2 => HttpVersion::Http2,
            Http::Auto => HttpVersion::Auto,
        },
        proxy: proxy(arguments),
        certificates: certificates.transpose()?,
        insecure: arguments.insecure,
    })
}

/// The proxy of the command line, or the environment's, unless that takes all hosts out, as curl reads it.
///
/// The demo's origin is inside this process, where no proxy finds it.
#[allow(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
fn proxy(arguments: &Download) -> ProxyChoice {
    let except = ["no_proxy", "NO_PROXY"].iter().find_map(|name| env::var(name).ok());
    match &arguments.proxy {
        _ if arguments.demo || except.as_deref().is_some_and(|hosts| hosts.trim() == "*") => ProxyChoice::Direct,
        Some(url) => ProxyChoice::Url { url: url.clone(), except },
        None => ProxyChoice::Environment,
    }
}

/// Whether the terminal says of itself that it can only print.
#[allow(clippy::disallowed_methods, reason = "this is the one place where the environment is read")]
pub(crate) fn terminal_is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// An error of the client's, with the option that it is about.
pub(crate) fn named(error: SetupError, arguments: &Download) -> anyhow::Error {
    let option = match (&error, &arguments.cacert) {
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
