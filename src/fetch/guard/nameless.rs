//! Names that have no address: what the clients make of it.

use std::{sync::Mutex, time::Duration};

use super::*;
use crate::{
    fetch::{Http, HttpOptions, ProxyChoice, Request, Transport, resolve::LookUpError},
    link::Link,
};

/// Why there is no answer from a name, by either scheme: the fault, and what is said of it.
async fn failures(resolver: CachingResolver, name: &str, connect_timeout: Duration) -> Vec<(Fault, String)> {
    let options = HttpOptions { proxy: ProxyChoice::Direct, connect_timeout, ..HttpOptions::default() };
    let http = Http::over(resolver, &options).expect("a client");
    let mut failures = Vec::new();
    for scheme in ["http", "https"] {
        let request = Request {
            link: Link::parse(&format!("{scheme}://{name}/")).expect(name),
            headers: None,
            reach: Reach::Listed,
        };
        let error = http.send(request).await.map(|(head, _)| head).expect_err(name);
        failures.push((error.fault, error.to_string()));
    }
    failures
}

#[tokio::test]
async fn why_a_name_has_no_address_is_known_through_the_clients_own_errors() {
    for (error, fault, message) in [
        (LookUpError::NoSuchName("Name or service not known".into()), Fault::NoSuchName, "no such host name"),
        (
            LookUpError::Failed("Temporary failure in name resolution".into()),
            Fault::Resolve,
            "no address for this host name: Temporary failure in name resolution",
        ),
    ] {
        let resolver = CachingResolver::over(move |_| Err(error.clone()));
        let found = failures(resolver, "nameless.test", Duration::from_secs(60)).await;
        assert_eq!(found, vec![(fault, message.to_owned()); 2]);
    }
}

#[tokio::test]
async fn a_name_service_that_says_nothing_is_waited_for_as_long_as_a_connection() {
    // As long as the sender is there, the look-up has no answer.
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = Mutex::new(receiver);
    let resolver = CachingResolver::over(move |_| {
        let _ = receiver.lock().map(|receiver| receiver.recv());
        Ok(Vec::new())
    });
    let found = failures(resolver, "silent.test", Duration::from_millis(200)).await;
    drop(sender);
    assert_eq!(found, vec![(Fault::ConnectTimeout, "timeout while connecting".to_owned()); 2]);
}
