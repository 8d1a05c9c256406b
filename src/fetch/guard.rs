//! Where requests may go: what a list names, and never from a public address to a private one.
//!
//! Promises: once an answer has come from a public address, or from one that is not known, where it leads is asked
//! only if that is public too; the metadata services of clouds are asked for nobody. It is the address that is dialled
//! that counts: names are judged in the resolver, by all addresses of an answer and each time, whatever was cached, so a
//! name gains nothing by changing its address; addresses in URLs, which no resolver sees, are judged before.
//!
//! What surprises: what a list says goes anywhere else, since one may mirror one's own intranet, and its hosts may
//! redirect there too. A proxy looks names up itself, so behind one only addresses in URLs can be judged, and names that
//! always mean this machine. Proxies that a system has in its settings, and not in variables, are not known here: what
//! comes through one at a private address looks as if it came from there, and may lead anywhere.

use std::{
    collections::{BTreeSet, HashSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use url::{Host, Url};

use super::{
    address::{Class, class},
    error::{Fault, FetchError},
    proxy,
    resolve::CachingResolver,
};

/// Where a request may go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// Anywhere but to the metadata services of clouds: it is the list that says where.
    #[default]
    Listed,
    /// To public addresses only: a server at one says where, or at an address that is not known.
    Public,
}

impl Reach {
    /// Where the redirect may lead that a request with this reach was answered with, from that address.
    #[must_use]
    pub fn after(self, from: Option<IpAddr>) -> Self {
        match from {
            Some(address) if class(address) != Class::Public => self,
            _ => Self::Public,
        }
    }

    fn allows(self, class: Class) -> bool {
        match self {
            Self::Listed => class != Class::Metadata,
            Self::Public => class == Class::Public,
        }
    }
}

/// What is not asked, because of where it is.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{to}")]
pub(super) struct Refusal {
    reach: Reach,
    /// The address, with the name that stands for it if there is one.
    to: String,
}

impl Refusal {
    pub(super) fn fault(&self) -> Fault {
        match self.reach {
            Reach::Listed => Fault::MetadataAddress,
            Reach::Public => Fault::PrivateAddress,
        }
    }
}

impl From<Refusal> for FetchError {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.fault(), Some(refusal.to))
    }
}

/// What is known of the way out.
pub(super) struct Guard {
    is_on: bool,
    /// Names of proxies.
    proxies: Vec<String>,
    /// The hosts of all of them, in words; none without one.
    words: Option<String>,
    /// Their addresses, and those that their names have had.
    proxy_addresses: Mutex<HashSet<IpAddr>>,
    /// Whether these are all: through one that is not known, any answer may have come.
    knows_all_proxies: bool,
}

impl Guard {
    /// With the URLs of all proxies that may be in use. Where one of them is none that can be read, no answer has a
    /// known origin.
    pub(super) fn new<'u>(allow_private: bool, proxies: impl IntoIterator<Item = &'u str>) -> Self {
        let (mut names, mut addresses, mut knows_all_proxies) = (Vec::new(), HashSet::new(), true);
        let mut words = BTreeSet::new();
        for proxy in proxies {
            let host = proxy::host(proxy);
            words.extend(host.as_ref().map(Host::to_string));
            match host {
                Some(Host::Domain(name)) => names.push(name.trim_end_matches('.').to_owned()),
                Some(Host::Ipv4(address)) => drop(addresses.insert(far_end(address.into()))),
                Some(Host::Ipv6(address)) => drop(addresses.insert(far_end(address.into()))),
                None => knows_all_proxies = false,
            }
        }
        let words = (!words.is_empty()).then(|| Vec::from_iter(words).join(" or "));
        Self { is_on: !allow_private, proxies: names, words, proxy_addresses: Mutex::new(addresses), knows_all_proxies }
    }

    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    /// Judges a URL before it is asked, as far as that can be done without looking its name up.
    pub(super) fn judge_url(&self, url: &Url, reach: Reach) -> Result<(), Refusal> {
        if !self.is_on {
            return Ok(());
        }
        match url.host() {
            Some(Host::Ipv4(address)) => judge(None, address.into(), reach),
            Some(Host::Ipv6(address)) => judge(None, address.into(), reach),
            Some(Host::Domain(name)) => self.judge_name(name, reach),
            None => Ok(()),
        }
    }

    fn judge_name(&self, name: &str, reach: Reach) -> Result<(), Refusal> {
        let name = name.trim_end_matches('.');
        if let Ok(address) = name.parse() {
            return judge(None, address, reach);
        }
        // RFC 6761 §6.3; and a proxy's own name, which the resolver does not judge.
        let is_here = name == "localhost" || name.ends_with(".localhost") || self.is_proxy(name);
        if is_here && reach == Reach::Public { Err(Refusal { reach, to: name.to_owned() }) } else { Ok(()) }
    }

    /// The address that an answer came from; none where that was a proxy's, or may have been.
    pub(super) fn origin(&self, from: IpAddr) -> Option<IpAddr> {
        (self.knows_all_proxies && !self.lock().contains(&far_end(from))).then_some(from)
    }

    /// The hosts of all proxies that may be in use, in words; none without one.
    pub(super) fn proxies(&self) -> Option<String> {
        self.words.clone()
    }

    fn is_proxy(&self, name: &str) -> bool {
        match Host::parse(name) {
            Ok(Host::Domain(name)) => self.proxies.iter().any(|known| known == name.trim_end_matches('.')),
            // A proxy's address may be spelled as a target's is not: `socks5://127.1`.
            Ok(Host::Ipv4(address)) => self.lock().contains(&far_end(address.into())),
            Ok(Host::Ipv6(address)) => self.lock().contains(&far_end(address.into())),
            Err(_) => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<IpAddr>> {
        self.proxy_addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address that a connection to this one tells of its far end: who dials 0.0.0.0 or :: is at this machine.
fn far_end(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}

fn judge(name: Option<&str>, address: IpAddr, reach: Reach) -> Result<(), Refusal> {
    if reach.allows(class(address)) {
        return Ok(());
    }
    let to = name.map_or_else(|| address.to_string(), |name| format!("{name} is {address}"));
    Err(Refusal { reach, to })
}

/// A resolver that keeps to a reach.
pub(super) struct GuardedResolver {
    pub(super) resolver: Arc<CachingResolver>,
    pub(super) guard: Arc<Guard>,
    pub(super) reach: Reach,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let looked_up = self.resolver.resolve(name.as_str());
        let (guard, reach) = (Arc::clone(&self.guard), self.reach);
        Box::pin(async move {
            let addresses = looked_up.await?;
            let name = name.as_str().trim_end_matches('.');
            if guard.is_proxy(name) {
                guard.lock().extend(addresses.iter().map(|address| far_end(address.ip())));
            } else if guard.is_on {
                addresses.iter().try_for_each(|address| judge(Some(name), address.ip(), reach))?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod nameless;
#[cfg(test)]
mod tests;
