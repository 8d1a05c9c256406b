//! The guard's promises: by spelling, by name, and over real connections with a name service of our own.
//!
//! What surprises: everything that can really be dialled here is on loopback, so a public server is one behind a proxy,
//! whose address is not known and counts as public.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::{
    fetch::{Head, Http, HttpOptions, ProxyChoice, Request, Transport},
    link::Link,
};

fn link(text: &str) -> Link {
    Link::parse(text).expect(text)
}

fn guard() -> Guard {
    Guard::new(false, [])
}

/// Ways to write private addresses in a `Location`, and what each stands for.
const SPELLINGS: [(&str, &str); 47] = [
    ("http://127.0.0.1/", "127.0.0.1"),
    ("http://127.1/", "127.0.0.1"),
    ("http://127.0.1/", "127.0.0.1"),
    ("http://2130706433/", "127.0.0.1"),
    ("http://0x7f000001/", "127.0.0.1"),
    ("http://0X7F.1/", "127.0.0.1"),
    ("http://0177.0.0.1/", "127.0.0.1"),
    ("http://017700000001/", "127.0.0.1"),
    ("http://0x7f.0.0.0x1/", "127.0.0.1"),
    ("http://00000177.0x0.0.01/", "127.0.0.1"),
    ("http://127.0.0.1./", "127.0.0.1"),
    ("http://127.0.0.1../", "127.0.0.1"),
    ("http://127.0.0.1.../", "127.0.0.1"),
    ("http://1%32%37.0.0.%31/", "127.0.0.1"),
    ("http://①②⑦.⓪.⓪.①/", "127.0.0.1"),
    ("http://127。0。0。1/", "127.0.0.1"),
    ("http://127.0.0.1:80@127.0.0.2/", "127.0.0.2"),
    ("http://example.org@10.0.0.1/", "10.0.0.1"),
    ("http://example.org:80@10.1/", "10.0.0.1"),
    ("http:\\\\10.0.0.1\\x", "10.0.0.1"),
    ("http:////10.0.0.1/", "10.0.0.1"),
    ("http://10.0.0.1\\@example.org/", "10.0.0.1"),
    ("http://10.0.0.1#@example.org/", "10.0.0.1"),
    ("//10.0.0.1/x", "10.0.0.1"),
    ("ht\ttp://10.0\t.0.1/", "10.0.0.1"),
    ("http://0/", "0.0.0.0"),
    ("http://0.0.0.0:8080/", "0.0.0.0"),
    ("https://192.168.1.1/", "192.168.1.1"),
    ("http://0xa9fea9fe/", "169.254.169.254"),
    ("http://2852039166/", "169.254.169.254"),
    ("http://0251.0376.0251.0376/", "169.254.169.254"),
    ("http://[::1]/", "::1"),
    ("http://[0:0:0:0:0:0:0:1]:81/", "::1"),
    ("http://[::]/", "::"),
    ("http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"),
    ("http://[::ffff:7f00:1]/", "::ffff:127.0.0.1"),
    ("http://[::127.0.0.1]/", "::7f00:1"),
    ("http://[64:ff9b::169.254.169.254]/", "64:ff9b::a9fe:a9fe"),
    ("http://[2002:7f00:1::]/", "2002:7f00:1::"),
    ("http://[fd00:EC2::254]/", "fd00:ec2::254"),
    ("http://[fd00:00C1::169.254.169.254]/", "fd00:c1::a9fe:a9fe"),
    ("http://[fd00:42:0:0:0:0:0:42]/", "fd00:42::42"),
    ("http://[FD00:A9FE:A9FE::1]/", "fd00:a9fe:a9fe::1"),
    ("http://[fd00:100::1.0.2.0]/", "fd00:100::100:200"),
    ("http://[64:ff9b:1:a9fe:a9:fe00::]/", "64:ff9b:1:a9fe:a9:fe00::"),
    ("http://localhost./", "localhost"),
    ("http://a.LocalHost:8000/", "a.localhost"),
];

#[test]
fn no_spelling_of_a_private_address_is_followed() {
    let base = link("http://example.org/a");
    for (location, to) in SPELLINGS {
        let target = base.join(location).expect(location);
        let refusal = guard().judge_url(target.url(), Reach::Public).expect_err(location);
        assert_eq!((refusal.to.as_str(), refusal.fault()), (to, Fault::PrivateAddress), "{location}");
        assert_eq!(Guard::new(true, []).judge_url(target.url(), Reach::Public), Ok(()), "{location}");
    }
    for location in ["http://1.1.1.1/", "http://[2606:4700::1]/", "http://[64:ff9b::1.1.1.1]/", "/b", "//127.example/"]
    {
        let target = base.join(location).expect(location);
        assert_eq!(guard().judge_url(target.url(), Reach::Public), Ok(()), "{location}");
    }
}

#[test]
fn a_list_may_name_any_address_but_those_of_metadata_services() {
    for text in ["http://127.0.0.1/", "http://10.0.0.1/", "http://[::1]/", "http://[fd00::1]/", "http://localhost/"] {
        assert_eq!(guard().judge_url(link(text).url(), Reach::Listed), Ok(()), "{text}");
    }
    for text in [
        "http://169.254.169.254/",
        "http://0xa9fea9fe/",
        "http://[::ffff:169.254.170.2]",
        "http://[fd00:ec2::254]",
        "http://[fd00:c1::a9fe:a9fe]",
        "http://[fd00:42::42]",
        "http://[64:ff9b:1:a9fe:a9:fe00::]",
        "http://192.0.0.192",
        "http://100.100.100.200",
    ] {
        let refusal = guard().judge_url(link(text).url(), Reach::Listed).expect_err(text);
        assert_eq!(refusal.fault(), Fault::MetadataAddress, "{text}");
        assert_eq!(Guard::new(true, []).judge_url(link(text).url(), Reach::Listed), Ok(()), "{text}");
    }
}

#[test]
fn from_a_public_address_or_an_unknown_one_there_is_no_way_back() {
    let address = |text: &str| Some(text.parse().expect("an address"));
    assert_eq!(Reach::Listed.after(address("127.0.0.1")), Reach::Listed);
    assert_eq!(Reach::Listed.after(address("10.0.0.1")), Reach::Listed);
    assert_eq!(Reach::Listed.after(address("1.1.1.1")), Reach::Public);
    assert_eq!(Reach::Listed.after(None), Reach::Public);
    assert_eq!(Reach::Public.after(address("10.0.0.1")), Reach::Public);
}

#[test]
fn an_answer_that_may_have_come_through_a_proxy_has_no_known_origin() {
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    let here = address("127.0.0.1");
    assert_eq!(guard().origin(here), Some(here));
    for proxy in ["http:/127.0.0.1:1", "socks5://127.1", "http://127.0.0.1/x@y", "0.0.0.0:1", "[::ffff:127.0.0.1]"] {
        let guard = Guard::new(false, [proxy]);
        assert_eq!(guard.origin(here), None, "{proxy}");
        assert_eq!(guard.origin(address("::ffff:127.0.0.1")), None, "{proxy}");
        assert_eq!(guard.origin(address("10.0.0.1")), Some(address("10.0.0.1")), "{proxy}");
    }
    for unknown in ["", "gopher://127.0.0.1", "http://local host"] {
        assert_eq!(Guard::new(false, ["http://10.0.0.1", unknown]).origin(here), None, "{unknown}");
    }
}

#[test]
fn a_refusal_says_where_to_and_how_to_allow_it() {
    let message = |text, reach| {
        let refusal = guard().judge_url(link(text).url(), reach).expect_err(text);
        FetchError::from(refusal).to_string()
    };
    assert_eq!(
        message("http://u:pa55@0x7f.1/x?k=s3cret", Reach::Public),
        "redirect to a private address refused (127.0.0.1); hint: --allow-private"
    );
    assert_eq!(
        message("http://169.254.169.254/latest", Reach::Listed),
        "address of a metadata service refused (169.254.169.254); hint: --allow-private"
    );
}

/// What our name service says, at the first question and at all later ones.
fn names(name: &str, asked: usize) -> &'static [[u8; 4]] {
    match (name, asked) {
        ("flips.test", 1..) | ("loopback.test" | "proxy.test", _) => &[[127, 0, 0, 1]],
        ("private.test", _) => &[[10, 0, 0, 1]],
        ("metadata.test", _) => &[[169, 254, 169, 254]],
        ("mixed.test", _) => &[[1, 1, 1, 1], [192, 168, 0, 1]],
        ("flips.test" | "public.test", _) => &[[1, 1, 1, 1]],
        _ => &[],
    }
}

fn resolver() -> CachingResolver {
    let asked = AtomicUsize::new(0);
    CachingResolver::over(move |name| {
        let addresses = names(name, asked.fetch_add(1, Ordering::Relaxed));
        Ok(addresses.iter().map(|address| SocketAddr::from((*address, 0))).collect())
    })
}

fn guarded(reach: Reach) -> GuardedResolver {
    GuardedResolver { resolver: Arc::new(resolver()), guard: Arc::new(guard()), reach }
}

/// How many addresses a name has, or why none of them is dialled.
async fn look_up(resolver: &GuardedResolver, name: &str) -> Result<usize, Refusal> {
    let found = resolver.resolve(name.parse().expect(name)).await;
    found.map(Iterator::count).map_err(|error| *error.downcast().expect("a refusal"))
}

#[tokio::test]
async fn one_address_that_is_not_public_is_enough_to_refuse_a_name() {
    let public = guarded(Reach::Public);
    for (name, to) in [
        ("loopback.test", "loopback.test is 127.0.0.1"),
        ("private.test", "private.test is 10.0.0.1"),
        ("metadata.test", "metadata.test is 169.254.169.254"),
        ("mixed.test", "mixed.test is 192.168.0.1"),
    ] {
        assert_eq!(look_up(&public, name).await.expect_err(name).to, to);
    }
    assert_eq!(look_up(&public, "public.test").await, Ok(1));
    let listed = guarded(Reach::Listed);
    assert_eq!(look_up(&listed, "mixed.test").await, Ok(2));
    assert_eq!(look_up(&listed, "metadata.test").await.expect_err("refused").fault(), Fault::MetadataAddress);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_changes_its_address_is_refused_from_then_on() {
    let public = guarded(Reach::Public);
    assert_eq!(look_up(&public, "flips.test").await, Ok(1));
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(look_up(&public, "flips.test").await.expect_err("refused").to, "flips.test is 127.0.0.1");
}

/// A server on loopback that gives one answer to everything, and counts its connections.
async fn server(answer: impl Into<String>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port on loopback");
    let port = listener.local_addr().expect("a listener has an address").port();
    let (answer, count) = (answer.into(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut come = Vec::new();
                while let Ok(1..) = stream.read_buf(&mut come).await {
                    if come.ends_with(b"\r\n\r\n") {
                        come.clear();
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                }
            });
        }
    });
    (port, count)
}

const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

fn http(proxy: ProxyChoice) -> Http {
    Http::over(resolver(), &HttpOptions { proxy, ..HttpOptions::default() }).expect("a client")
}

fn proxy(host: &str, port: u16, except: &str) -> ProxyChoice {
    ProxyChoice::Url { url: format!("http://{host}:{port}"), except: Some(except.into()) }
}

async fn ask(http: &Http, url: &str, reach: Reach) -> Result<Head, Fault> {
    let answer = http.send(Request { link: link(url), headers: None, reach }).await;
    answer.map(|(head, _)| head).map_err(|error| error.fault)
}

#[tokio::test]
async fn a_connection_that_a_list_has_opened_is_not_there_for_a_redirect() {
    let (port, connections) = server(EMPTY).await;
    let (http, url) = (http(ProxyChoice::Direct), format!("http://loopback.test:{port}/"));
    for _ in 0..2 {
        let head = ask(&http, &url, Reach::Listed).await.expect("an answer");
        assert_eq!(head.from, Some(Ipv4Addr::LOCALHOST.into()));
    }
    assert_eq!(ask(&http, &url, Reach::Public).await.expect_err("refused"), Fault::PrivateAddress);
    assert_eq!(ask(&http, &url, Reach::Listed).await.expect("an answer").status, 200);
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_refusal_is_known_through_the_clients_own_errors() {
    let http = http(ProxyChoice::Direct);
    for name in ["loopback.test", "private.test", "mixed.test", "metadata.test"] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{name}:9/");
            assert_eq!(ask(&http, &url, Reach::Public).await.expect_err("refused"), Fault::PrivateAddress, "{url}");
        }
    }
    let refused = ask(&http, "http://metadata.test/", Reach::Listed).await.expect_err("refused");
    assert_eq!(refused, Fault::MetadataAddress);
}

#[tokio::test]
async fn from_behind_a_proxy_nothing_leads_to_a_private_address_that_is_dialled_here() {
    let (inner, connections) = server(EMPTY).await;
    for proxy_host in ["127.0.0.1", "proxy.test"] {
        let (port, proxied) = server(format!(
            "HTTP/1.1 302 Found\r\nLocation: http://loopback.test:{inner}/\r\nContent-Length: 0\r\n\r\n"
        ))
        .await;
        let http = http(proxy(proxy_host, port, "loopback.test,127.0.0.1"));
        let start = link("http://origin.test/");
        let head = ask(&http, start.url().as_str(), Reach::Listed).await.expect("an answer");
        assert_eq!((head.status, head.from), (302, None), "{proxy_host}");
        let target = start.join(head.header("location").expect("a location")).expect("a link");
        let reach = Reach::Listed.after(head.from);
        let refused = ask(&http, target.url().as_str(), reach).await.expect_err("refused");
        assert_eq!(refused, Fault::PrivateAddress, "{proxy_host}");
        // To a name that the proxy looks up nobody here can object, except where it is the proxy itself.
        assert_eq!(ask(&http, "http://elsewhere.test/", reach).await.expect("an answer").status, 302);
        let itself = format!("http://{proxy_host}:{port}/");
        assert_eq!(ask(&http, &itself, reach).await.expect_err("refused"), Fault::PrivateAddress, "{proxy_host}");
        assert_eq!(proxied.load(Ordering::Relaxed), 2, "one connection for each reach");
    }
    assert_eq!(connections.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn who_allows_private_addresses_gets_them() {
    let (port, _) = server(EMPTY).await;
    let options = HttpOptions { proxy: ProxyChoice::Direct, allow_private: true, ..HttpOptions::default() };
    let http = Http::over(resolver(), &options).expect("a client");
    for host in ["loopback.test", "127.0.0.1", "2130706433"] {
        let head = ask(&http, &format!("http://{host}:{port}/"), Reach::Public).await.expect("an answer");
        assert_eq!(head.status, 200, "{host}");
    }
}
