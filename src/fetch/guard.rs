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
    collections::HashSet,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use url::{Host, Url};

use super::{
    address::{Class, class},
    error::{Fault, FetchError},
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
    /// Hosts of proxies.
    proxies: Vec<Host<String>>,
    /// Addresses that their names have had.
    proxy_addresses: Mutex<HashSet<IpAddr>>,
}

impl Guard {
    /// With the URLs of all proxies that may be in use; what is none is passed over.
    pub(super) fn new<'u>(allow_private: bool, proxies: impl IntoIterator<Item = &'u str>) -> Self {
        let hosts = proxies.into_iter().filter_map(proxy_host);
        Self { is_on: !allow_private, proxies: hosts.collect(), proxy_addresses: Mutex::default() }
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

    /// The address that an answer came from; none where that was a proxy's.
    pub(super) fn origin(&self, from: IpAddr) -> Option<IpAddr> {
        let is_proxy = self.proxies.iter().any(|proxy| match proxy {
            Host::Ipv4(address) => from == *address,
            Host::Ipv6(address) => from == *address,
            Host::Domain(_) => false,
        });
        let is_proxy = is_proxy || !self.proxies.is_empty() && self.lock().contains(&from);
        (!is_proxy).then_some(from)
    }

    /// The hosts of all proxies that may be in use, in words; none without one.
    pub(super) fn proxies(&self) -> Option<String> {
        let mut hosts: Vec<_> = self.proxies.iter().map(ToString::to_string).collect();
        hosts.dedup();
        (!hosts.is_empty()).then(|| hosts.join(" or "))
    }

    fn is_proxy(&self, name: &str) -> bool {
        self.proxies.iter().any(|proxy| matches!(proxy, Host::Domain(known) if known.trim_end_matches('.') == name))
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<IpAddr>> {
        self.proxy_addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The host of a proxy's URL, normalised as a target's is; a missing scheme is `http`.
fn proxy_host(url: &str) -> Option<Host<String>> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    Url::parse(&format!("http://{rest}")).ok()?.host().map(|host| host.to_owned())
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
            if guard.is_proxy(&name.to_ascii_lowercase()) {
                guard.lock().extend(addresses.iter().map(SocketAddr::ip));
            } else if guard.is_on {
                addresses.iter().try_for_each(|address| judge(Some(name), address.ip(), reach))?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
