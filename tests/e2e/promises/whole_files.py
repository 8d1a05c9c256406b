"""What arrives is what was served: over http, over https with an authority of one's own, and over HTTP/2.

The protocol is proved by the server's log, never by what flagdl says of itself.
"""

from harness import images
from harness.case import case, equal, expect


@case(limit=90)
def ten_thousand_files_arrive_byte_for_byte(work):
    names = [f"pic{number:05}" for number in range(10_000)]
    pictures = work.serve_pictures("many", names)
    # Upper case in the list, lower case in the URL and on disk: the default template lowers a code.
    listed = work.list(*(name.upper() for name in names))
    run = work.flagdl("-c", "16", "--base-url", work.nginx.url("many"), listed)
    run.expect_code(0).expect_tally(ok=10_000)
    work.expect_files(pictures, run)
    equal(len(work.nginx.seen(below="/many/")), 10_000, "requests at the server", run.details)


@case()
def png_and_jpeg_urls_keep_their_names(work):
    wanted = {"one.png": work.serve("kinds/one.png", images.png("one")),
              "two.jpg": work.serve("kinds/two.jpg", images.jpeg("two"))}
    run = work.flagdl(work.list(*(work.nginx.url(f"kinds/{name}") for name in wanted)))
    run.expect_code(0).expect_tally(ok=2)
    work.expect_files(wanted, run)


@case()
def a_file_of_several_megabytes_arrives_whole(work):
    wanted = {"large.jpg": work.serve("large/large.jpg", images.jpeg("large", 20 << 20))}
    run = work.flagdl(work.list(work.nginx.url("large/large.jpg")))
    run.expect_code(0).expect_tally(ok=1)
    work.expect_files(wanted, run)


@case()
def two_urls_with_one_name_share_no_file(work):
    first = work.serve("left/same.jpg", images.jpeg("left"))
    second = work.serve("right/same.jpg", images.jpeg("right"))
    run = work.flagdl(work.list(work.nginx.url("left/same.jpg"), work.nginx.url("right/same.jpg")))
    run.expect_code(0).expect_tally(ok=2)
    have = work.files()
    equal(have.get("same.jpg"), first, "the bytes under the first one's name")
    others = [name for name in have if name.startswith("same~") and name.endswith(".jpg") and len(name) == 17]
    equal(len(others), 1, f"files named same~<8 hex>.jpg among {sorted(have)}")
    equal(have[others[0]], second, "the bytes under the second one's name")


@case()
def a_second_run_leaves_the_same_whole_files(work):
    pictures = work.serve_pictures("again", [f"pic{number}" for number in range(50)])
    listed = work.list(*(name.removesuffix(".jpg") for name in pictures))
    for _ in range(2):
        run = work.flagdl("--base-url", work.nginx.url("again"), listed).expect_code(0)
        work.expect_files(pictures, run)


@case(limit=60)
def five_hundred_files_over_https_with_an_own_authority(work):
    pictures = work.serve_pictures("secure", [f"pic{number:03}" for number in range(500)])
    listed = work.list(*(name.removesuffix(".jpg") for name in pictures))
    base = work.nginx.url("secure", way="https")
    run = work.flagdl("-c", "16", "--cacert", work.certificate.authority, "--base-url", base, listed)
    run.expect_code(0).expect_tally(ok=500)
    work.expect_files(pictures, run)


@case()
def an_unknown_authority_is_a_tls_error_and_not_tried_again(work):
    work.serve_pictures("distrusted", [f"pic{number}" for number in range(20)])
    listed = work.list(*(f"pic{number}" for number in range(20)))
    base = work.nginx.url("distrusted", way="https")
    run = work.flagdl("--format", "ndjson", "--base-url", base, listed).expect_code(1)
    equal(len(run.entries()), 20, "objects for entries", run.details)
    for entry in run.entries():
        equal(entry.get("outcome"), "error", "outcome", run.details)
        expect(str(entry.get("class")).startswith("tls"), f"class {entry.get('class')!r} is no tls class", run.details)
        expect(entry.get("attempts") in (1, None), "it was tried again", run.details)
        expect("certificate" in entry.get("message", ""), "the message does not name the certificate", run.details)
    # After ten in a row the host is given up, so the last ones need no attempt of their own.
    expect(sum(entry.get("attempts") == 1 for entry in run.entries()) >= 10, "given up too soon", run.details)
    equal(work.files(), {}, "files")
    equal(work.nginx.seen("https", "/distrusted/"), [], "requests at the server")


@case()
def insecure_takes_any_certificate(work):
    pictures = work.serve_pictures("insecure", ["a", "b", "c"])
    run = work.flagdl("--insecure", "--base-url", work.nginx.url("insecure", way="https"), work.list("a", "b", "c"))
    run.expect_code(0).expect_tally(ok=3)
    work.expect_files(pictures, run)


def protocols(work, version):
    """The protocols that nginx logged for 200 files from its HTTP/2 door, asked for with `--http version`."""
    below = f"version-{version}"
    pictures = work.serve_pictures(below, [f"pic{number:03}" for number in range(200)])
    listed = work.list(*(name.removesuffix(".jpg") for name in pictures))
    run = work.flagdl("-c", "16", "--http", version, "--cacert", work.certificate.authority,
                      "--base-url", work.nginx.url(below, way="http2"), listed)
    run.expect_code(0).expect_tally(ok=200)
    work.expect_files(pictures, run)
    return {request.protocol for request in work.nginx.seen("http2", f"/{below}/")}


@case()
def http_2_is_spoken_when_asked_for(work):
    equal(protocols(work, "2"), {"HTTP/2.0"}, "protocols in the server's log")


@case()
def http_auto_takes_2_where_the_server_offers_it(work):
    equal(protocols(work, "auto"), {"HTTP/2.0"}, "protocols in the server's log")


@case()
def http_1_1_is_spoken_when_asked_for(work):
    equal(protocols(work, "1.1"), {"HTTP/1.1"}, "protocols in the server's log")
