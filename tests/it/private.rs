//! Private addresses: a list may name them, but nobody outside may lead there.
//!
//! What surprises: what can be reached here is on loopback, and not public. A server behind a proxy is at an address that
//! is not known, which counts as public; and what `no_proxy` names is dialled without the proxy, so what it must not lead
//! to is really there, and would answer.

use crate::{
    pictures::{files, jpeg},
    server::{Answer, Server},
    ways::switch,
    workspace::{Invocation, Workspace},
};

/// A proxy behind which `http://public.invalid/cn.jpg` redirects there.
fn proxy_to(location: &str) -> Server {
    let proxy = Server::start();
    proxy.always("http://public.invalid/cn.jpg", Answer::redirect(302, location));
    proxy
}

/// The download of that, through the proxy, where all that is inside is dialled directly.
fn download<'a>(work: &'a Workspace, proxy: &Server) -> Invocation<'a> {
    let list = work.list(&["cn"]);
    let run = work.flagdl(["-u", "http://public.invalid", "--proxy", &proxy.url(""), "--format", "ndjson", &list]);
    run.env("no_proxy", "127.0.0.0/8,localhost,::1")
}

#[test]
fn a_redirect_from_outside_never_leads_inside() {
    let inside = Server::start();
    let port = inside.url("").rsplit(':').next().expect("a port").to_owned();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.1",
        "017700000001",
        "user@127.0.0.1",
        "public.invalid:80@127.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "①②⑦.1",
        "0",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "[::]",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "x.localhost",
    ] {
        let (work, proxy) = (Workspace::new(), proxy_to(&format!("http://{host}:{port}/secret.jpg")));
        let told = download(&work, &proxy).run();
        told.expect_code(1).expect_endings(&[("cn", "error private-address")]);
        assert_eq!(told.entry("cn")["attempts"], 1, "it is final: {told}");
        assert_eq!(proxy.targets(), ["http://public.invalid/cn.jpg"], "{host}");
    }
    assert_eq!(inside.targets(), [""; 0]);
}

#[test]
fn behind_a_proxy_of_the_variables_it_is_the_same() {
    for name in ["http_proxy", "ALL_PROXY"] {
        let (work, inside) = (Workspace::new(), Server::start());
        let proxy = proxy_to(&inside.url("/secret.jpg"));
        let list = work.list(&["cn"]);
        let run = work.flagdl(["-u", "http://public.invalid", "--format", "ndjson", &list]);
        let url = proxy.url("/").replace("http://", "http://user:pa55@");
        let told = run.env(name, &url).env("no_proxy", "127.0.0.1").run();
        told.expect_code(1).expect_endings(&[("cn", "error private-address")]);
        assert_eq!(inside.targets(), [""; 0], "{name}");
    }
}

#[test]
fn behind_a_proxy_it_is_the_same_however_that_is_spelled() {
    let inside = Server::start();
    for (name, spellings) in [
        (
            "FLAGDL_PROXY",
            &[
                "http:/127.0.0.1:P",
                "http:127.0.0.1:P",
                "http:\\\\127.0.0.1:P",
                "127.0.0.1:P",
                "http://127.0.0.1:P/x@y",
                "http://127.0.0.1:P/?@",
                "http://127.0.0.1:P#@x",
                "http://0.0.0.0:P",
                "http://[::ffff:127.0.0.1]:P",
            ][..],
        ),
        (
            "http_proxy",
            &["127.0.0.1:P", "http://127.1:P", "http://u:p@127.0.0.1:P/x@y", "http://127.0.0.1:P/?@", "0:P"],
        ),
    ] {
        for spelling in spellings {
            let (work, proxy) = (Workspace::new(), proxy_to(&inside.url("/secret.jpg")));
            let port = proxy.url("").rsplit(':').next().expect("a port").to_owned();
            let list = work.list(&["cn"]);
            let run = work.flagdl(["-u", "http://public.invalid", "--format", "ndjson", &list]);
            let told = run.env(name, &spelling.replace('P', &port)).env("no_proxy", "127.0.0.1").run();
            told.expect_code(1).expect_endings(&[("cn", "error private-address")]);
            assert_eq!(proxy.targets(), ["http://public.invalid/cn.jpg"], "{spelling}");
        }
    }
    assert_eq!(inside.targets(), [""; 0]);
}

#[test]
fn a_refused_address_is_told_with_the_way_out() {
    let (work, proxy) = (Workspace::new(), proxy_to("http://u:pa55@0xa9fea9fe/latest?token=s3cret"));
    let told = download(&work, &proxy).run();
    told.expect_code(1).expect_line(
        "*** error for cn: redirect to a private address refused (169.254.169.254); hint: --allow-private \
         (http://public.invalid/cn.jpg)",
    );
}

#[test]
fn allow_private_lets_redirects_lead_inside() {
    for way in switch("allow-private") {
        let (work, inside) = (Workspace::new(), Server::start());
        inside.script("/there.jpg", [Answer::ok(jpeg("cn"))]);
        let proxy = proxy_to(&inside.url("/there.jpg"));
        download(&work, &proxy).with(&way).run().expect_code(0);
        assert_eq!(work.saved(), files(&["cn"]), "{way:?}");
    }
}

#[test]
fn what_a_private_address_leads_to_may_be_private_too() {
    let (work, server, other) = (Workspace::new(), Server::start(), Server::start());
    server.script("/cn.jpg", [Answer::redirect(302, &other.url_by_name("/there.jpg"))]);
    other.script("/there.jpg", [Answer::ok(jpeg("cn"))]);
    let list = work.list(&["cn"]);
    work.flagdl(["-u", &server.url(""), &list]).run().expect_code(0);
    assert_eq!(work.saved(), files(&["cn"]));
}

#[test]
fn a_metadata_service_is_asked_for_no_list() {
    let urls = ["http://169.254.169.254/x.jpg", "http://[fd00:ec2::254]/z.jpg", "http://100.100.100.200/w.jpg"];
    let work = Workspace::new();
    let list = work.list(&urls);
    let told = work.flagdl(["--format", "ndjson", &list]).run();
    told.expect_code(1).expect_endings(&urls.map(|url| (url, "error private-address")));
    told.expect_line(
        "*** error for http://169.254.169.254/x.jpg: address of a metadata service refused (169.254.169.254); \
         hint: --allow-private",
    );
    let (work, proxy) = (Workspace::new(), Server::start());
    proxy.script("http://169.254.169.254/x.jpg", [Answer::ok(jpeg("x"))]);
    let list = work.list(&urls[..1]);
    work.flagdl(["--allow-private", "--proxy", &proxy.url(""), &list]).run().expect_code(0);
}

#[test]
fn a_host_of_the_list_does_not_lead_to_a_metadata_service() {
    let targets = ["http://169.254.169.254/latest/meta-data/", "http://0xa9fea9fe/x", "http://[fd00:ec2::254]/x"];
    for target in targets {
        for has_proxy in [false, true] {
            let (work, server, proxy) = (Workspace::new(), Server::start(), Server::start());
            server.script("/cn.jpg", [Answer::redirect(302, target)]);
            let list = work.list(&["cn"]);
            let run = work.flagdl(["--format", "ndjson", "-u", &server.url(""), &list]);
            // The list's host is dialled, and all else would be asked of the proxy, which sees what comes. It goes by its
            // name, because what comes from a proxy's address counts as public.
            let variables = [("http_proxy", proxy.url_by_name("")), ("no_proxy", "127.0.0.1".to_owned())];
            let variables = variables.iter().filter(|_| has_proxy);
            let told = variables.fold(run, |run, (name, value)| run.env(name, value)).run();
            told.expect_code(1).expect_endings(&[("cn", "error private-address")]);
            told.expect_err("address of a metadata service refused").expect_err("hint: --allow-private");
            assert_eq!(told.entry("cn")["attempts"], 1, "it is final: {told}");
            assert_eq!((server.arrivals().len(), proxy.targets()), (1, Vec::new()), "{target}: {told}");
            assert!(work.saved().is_empty(), "{told}");
        }
    }
}

#[test]
fn verbose_says_once_what_cannot_be_seen_behind_a_proxy() {
    let said = |by: &str| {
        format!(
            "requests go through a proxy ({by}): it looks names up itself, so redirects to names with private addresses \
             are not refused behind it"
        )
    };
    let proxy = Server::start();
    for code in ["cn", "in"] {
        proxy.always(&format!("http://public.invalid/{code}.jpg"), Answer::ok(jpeg(code)));
    }
    let run = |arguments: &[&str], variable: Option<&str>| {
        let work = Workspace::new();
        let list = work.list(&["cn", "in"]);
        let run = work.flagdl(["-u", "http://public.invalid", &list]).arguments(arguments.iter().copied());
        let run = variable.into_iter().fold(run, |run, name| run.env(name, &proxy.url("")));
        let told = run.run();
        told.expect_code(0);
        told
    };
    for (told, by) in
        [(run(&["-v", "--proxy", &proxy.url("")], None), "--proxy"), (run(&["-v"], Some("http_proxy")), "http_proxy")]
    {
        told.expect_line(&said(by));
        assert_eq!(told.err.matches("through a proxy").count(), 1, "{told}");
    }
    let quiet = run(&[], Some("http_proxy"));
    assert!(!quiet.err.contains("through a proxy"), "{quiet}");
}
