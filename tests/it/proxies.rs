//! Proxies: by the option, by the usual variables, and around them.
//!
//! What surprises: a proxy is scripted with whole URLs of hosts that do not exist, so nothing here could leave the
//! machine.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener},
    thread,
};

use crate::{
    pictures::{files, jpeg},
    ports::Refusing,
    server::{Answer, Server},
    ways::ways,
    workspace::Workspace,
};

/// A server that stands in for a proxy, and answers for a host that does not exist.
fn proxy() -> Server {
    let server = Server::start();
    server.always("http://origin.invalid/cn.jpg", Answer::ok(jpeg("cn")));
    server
}

#[test]
fn proxy_gets_all_requests() {
    let proxy = proxy();
    for way in ways("proxy", &proxy.url("")) {
        let work = Workspace::new();
        let list = work.list(&["cn"]);
        work.flagdl(["-u", "http://origin.invalid", &list]).with(&way).run().expect_code(0);
        assert_eq!(work.saved(), files(&["cn"]), "{way:?}");
    }
    assert_eq!(proxy.arrivals().len(), 2);
}

#[test]
fn a_proxy_that_cannot_be_reached_is_blamed_and_not_the_origin() {
    let refusing = Refusing::new();
    let proxy = refusing.url("");
    for way in ways("proxy", &proxy) {
        let work = Workspace::new();
        let list = work.list(&["cn"]);
        let told = work.flagdl(["--retries", "0", "-u", "http://origin.invalid", &list]).with(&way).run();
        told.expect_code(1).expect_err("cn: the proxy 127.0.0.1: connection refused (http://origin.invalid/cn.jpg)");
    }
}

#[test]
fn the_usual_proxy_variables_are_honoured() {
    for name in ["http_proxy", "all_proxy", "ALL_PROXY"] {
        let (work, proxy) = (Workspace::new(), proxy());
        let list = work.list(&["cn"]);
        let run = work.flagdl(["-u", "http://origin.invalid", &list]);
        run.env(name, &proxy.url("")).run().expect_code(0);
        assert_eq!(work.saved(), files(&["cn"]), "{name}");
    }
}

#[test]
fn no_proxy_takes_hosts_out() {
    expect_no_proxy(&[("no_proxy", "127.0.0.1"), ("NO_PROXY", "10.0.0.0/8,127.0.0.0/8")]);
}

#[test]
fn no_proxy_with_a_star_takes_all_hosts_out() {
    expect_no_proxy(&[("no_proxy", "*"), ("NO_PROXY", "*")]);
}

/// With these variables a host on loopback is asked directly, whatever names the proxy.
#[track_caller]
fn expect_no_proxy(variables: &[(&str, &str)]) {
    for (name, value) in variables {
        for proxy in ["http_proxy", "FLAGDL_PROXY"] {
            let (work, server, unused) = (Workspace::new(), Server::start(), Server::start());
            server.pictures(&["cn"]);
            let list = work.list(&["cn"]);
            let run = work.flagdl(["--retries", "0", "-u", &server.url(""), &list]);
            run.env(name, value).env(proxy, &unused.url("")).run().expect_code(0);
        }
    }
}

#[test]
fn proxy_can_speak_socks() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
    let address = listener.local_addr().expect("a listener has an address");
    let asked = thread::spawn(move || serve_by_socks(&listener));
    let work = Workspace::new();
    let list = work.list(&["cn"]);
    let proxy = format!("socks5://{address}");
    work.flagdl(["-u", "http://192.0.2.1:81", "--proxy", &proxy, &list]).run().expect_code(0);
    assert_eq!(work.saved(), files(&["cn"]));
    let asked = asked.join().expect("the proxy's thread ends well").expect("a client that speaks SOCKS");
    // Version, connect, reserved, an IPv4 address, the address and the port (RFC 1928 §4).
    assert_eq!(asked, [5, 1, 0, 1, 192, 0, 2, 1, 0, 81]);
}

/// Greets one client as RFC 1928 says, and answers in place of the host that it wants; gives what it asked for.
fn serve_by_socks(listener: &TcpListener) -> io::Result<[u8; 10]> {
    let (mut stream, _) = listener.accept()?;
    let mut greeting = [0; 2];
    stream.read_exact(&mut greeting)?;
    stream.read_exact(&mut vec![0; greeting[1].into()])?;
    stream.write_all(&[5, 0])?;
    let mut asked = [0; 10];
    stream.read_exact(&mut asked)?;
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.extend(byte);
    }
    let picture = jpeg("cn");
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", picture.len())?;
    stream.write_all(&picture)?;
    Ok(asked)
}

#[test]
fn the_option_wins_over_the_proxy_variables() {
    let (work, proxy, unused) = (Workspace::new(), proxy(), Server::start());
    let list = work.list(&["cn"]);
    let run = work.flagdl(["-u", "http://origin.invalid", "--proxy", &proxy.url(""), &list]);
    run.env("http_proxy", &unused.url("")).run().expect_code(0);
}

#[test]
fn a_password_for_the_proxy_goes_to_it_and_nowhere_else() {
    let (work, proxy) = (Workspace::new(), proxy());
    let list = work.list(&["cn"]);
    let url = proxy.url("").replace("http://", "http://user:password@");
    work.flagdl(["-u", "http://origin.invalid", "--proxy", &url, &list]).run().expect_code(0);
    let arrival = proxy.only_arrival();
    assert_eq!(arrival.field("proxy-authorization"), Some("Basic dXNlcjpwYXNzd29yZA=="));
    assert_eq!(arrival.field("authorization"), None);
}

#[test]
fn a_proxy_that_is_none_is_a_usage_error() {
    let work = Workspace::new();
    let list = work.list(&["cn"]);
    for proxy in ["", "http://", "gopher://127.0.0.1:70"] {
        let url = "http://127.0.0.1:1";
        let told = work.flagdl(["--retries", "0", "-u", url, "--proxy", proxy, &list]).run();
        told.expect_code(2).expect_err("proxy");
    }
}
