"""A proxy is used when it is given or set, and only then.

`pictures.test` cannot be resolved by anyone, so a file from there has come through the proxy.
"""

from harness.case import case, equal
from harness.proxy import Proxy

_NAMES = ["a", "b", "c"]


def plain(work, below, *arguments, environment=None):
    """Downloads three files from `pictures.test` by http; the settings get the proxy's address in place of PROXY."""
    pictures = work.serve_pictures(below, _NAMES)
    with Proxy(work.nginx.ports["http"]) as proxy:
        put = {name: value.replace("PROXY", proxy.url()) for name, value in (environment or {}).items()}
        run = work.flagdl(*(part.replace("PROXY", proxy.url()) for part in arguments), "--retries", "0",
                          "--base-url", f"http://pictures.test/{below}", work.list(*_NAMES), environment=put)
    run.expect_code(0).expect_tally(ok=3)
    work.expect_files(pictures, run)
    asked = {("GET", f"http://pictures.test/{below}/{name}.jpg") for name in _NAMES}
    equal(set(proxy.asked), asked, "what the proxy was asked", run.details)


@case()
def http_goes_through_the_proxy_that_is_given(work):
    plain(work, "given", "--proxy", "PROXY")


@case()
def http_goes_through_the_proxy_that_is_set(work):
    plain(work, "set", environment={"http_proxy": "PROXY"})


@case()
def http_proxy_in_capitals_counts_too(work):
    plain(work, "capitals", environment={"HTTP_PROXY": "PROXY"})


@case()
def https_goes_through_a_tunnel(work):
    pictures = work.serve_pictures("tunnel", _NAMES)
    with Proxy(work.nginx.ports["https"]) as proxy:
        run = work.flagdl("--cacert", work.certificate.authority, "--retries", "0",
                          "--base-url", "https://pictures.test/tunnel", work.list(*_NAMES),
                          environment={"HTTPS_PROXY": proxy.url()})
    run.expect_code(0).expect_tally(ok=3)
    work.expect_files(pictures, run)
    equal(set(proxy.asked), {("CONNECT", "pictures.test:443")}, "what the proxy was asked", run.details)


@case()
def no_proxy_goes_past_it(work):
    pictures = work.serve_pictures("past", _NAMES)
    with Proxy(work.nginx.ports["http"]) as proxy:
        run = work.flagdl("--base-url", work.nginx.url("past"), work.list(*_NAMES),
                          environment={"http_proxy": proxy.url(), "NO_PROXY": "127.0.0.1"})
    run.expect_code(0).expect_tally(ok=3)
    work.expect_files(pictures, run)
    equal(proxy.asked, [], "what the proxy was asked", run.details)
