"""Every entry ends in one outcome; counts, lines, objects and exit codes all say the same.

The mixed list is the heart of it: what a list from real life holds, in which nothing may hide anything else.
"""

import re

from harness import images
from harness.case import case, equal, expect
from harness.ports import RefusingPort

_ERROR_LINE = re.compile(r"^\*\*\* error for (.+?): (.+)$", re.MULTILINE)
_OUTCOMES = ["ok", "unchanged", "skipped", "duplicate", "not-found", "error", "left"]


def mixed_list(work, closed_port):
    """5 that are there, 2 that are not, 4 errors; returns the list, the files, and the class due for each error."""
    below = "mixed"
    pictures = work.serve_pictures(below, ["cn", "in", "us", "id", "pk"])
    work.serve(f"{below}/page.jpg", images.PAGE)
    refused = f"http://127.0.0.1:{closed_port}/refused.jpg"
    listed = work.list(
        "# a list as people write it", "CN", "in", "", "nowhere", "us", refused, "ftp://127.0.0.1/cn.jpg", "id",
        b"be\x07ll", "page", "PK", "nobody",
    )
    errors = {refused: "refused", "ftp://127.0.0.1/cn.jpg": "invalid-line", "page": "not-an-image"}
    return listed, pictures, errors


@case()
def a_mixed_list_gives_exactly_the_right_tally_and_lines(work):
    with RefusingPort() as closed:
        listed, pictures, errors = mixed_list(work, closed)
        run = work.flagdl("-v", "--retries", "1", "--base-url", work.nginx.url("mixed"), listed)
    run.expect_code(1).expect_tally(ok=5, not_found=2, errors=4)
    work.expect_files(pictures, run)
    lines = run.err.splitlines()
    for code in ["CN", "in", "us", "id", "PK"]:
        equal(lines.count(f"{code} is ok"), 1, f"lines '{code} is ok'", run.details)
    for code in ["nowhere", "nobody"]:
        equal(lines.count(f"{code} is not found"), 1, f"lines '{code} is not found'", run.details)
    complained = [entry for entry, _ in _ERROR_LINE.findall(run.err)]
    equal(len(complained), 4, "lines '*** error for …: …'", run.details)
    for entry in errors:
        expect(entry in complained, f"no error line for {entry!r}", run.details)
    expect("\x07" not in run.err, "a control character reached the terminal", run.details)


@case()
def ndjson_says_the_same_and_adds_up(work):
    with RefusingPort() as closed:
        listed, _, errors = mixed_list(work, closed)
        run = work.flagdl("--format", "ndjson", "--retries", "1", "--base-url", work.nginx.url("mixed"), listed)
    run.expect_code(1)
    events = run.events()
    equal(events[0].get("schema"), 1, "schema in the first object", run.details)
    equal([event.get("event") for event in events], ["entry"] * 11 + ["summary"], "the events", run.details)
    outcomes = [entry["outcome"] for entry in run.entries()]
    for outcome, due in {"ok": 5, "not-found": 2, "error": 4}.items():
        equal(outcomes.count(outcome), due, f"entries that ended {outcome}", run.details)
        equal(events[-1].get(outcome), due, f"{outcome} in the summary", run.details)
    counted = [events[-1].get(outcome) for outcome in _OUTCOMES]
    expect(None not in counted, f"the summary leaves out one of {_OUTCOMES}", run.details)
    equal((sum(counted), events[-1].get("entries")), (11, 11), "the sum of all outcomes, and the entries", run.details)
    equal(events[-1].get("bytes"), sum(map(len, work.files().values())), "bytes in the summary", run.details)
    for entry, wanted in errors.items():
        equal(run.entry(entry).get("class"), wanted, f"class of {entry}", run.details)
    # Lines are counted in the file as an editor does, comments and blank lines included.
    equal(run.entry("nowhere").get("line"), 5, "line of 'nowhere'", run.details)
    equal(run.entry("nowhere").get("status"), 404, "status of 'nowhere'", run.details)
    equal(run.entry(next(iter(errors))).get("attempts"), 2, "attempts at the refused one", run.details)
    equal(run.entry("CN").get("path"), "cn.jpg", "path of 'CN'", run.details)


@case()
def quiet_prints_errors_and_nothing_else(work):
    with RefusingPort() as closed:
        listed, _, _ = mixed_list(work, closed)
        run = work.flagdl("-q", "--retries", "0", "--base-url", work.nginx.url("mixed"), listed).expect_code(1)
    equal(run.out, "", "stdout", run.details)
    equal(len(run.err.splitlines()), 4, "lines on stderr", run.details)
    equal(len(_ERROR_LINE.findall(run.err)), 4, "error lines", run.details)


@case()
def the_failed_list_can_be_fed_back(work):
    pictures = work.serve_pictures("healing", ["a", "b", "c", "d"])
    for code in "bd":
        work.serve(f"healing/{code}.jpg", images.PAGE)
    listed = work.list("a", "b", "missing", "c", "d")
    failed, base = work.folder / "failed.txt", work.nginx.url("healing")
    run = work.flagdl("--failed", failed, "--base-url", base, listed)
    run.expect_code(1).expect_tally(ok=2, not_found=1, errors=2)
    entries = [line for line in failed.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    equal(sorted(entries), ["b", "d"], "the failed list", run.details)
    for code in "bd":
        work.serve(f"healing/{code}.jpg", pictures[f"{code}.jpg"])
    run = work.flagdl("--base-url", base, failed).expect_code(0).expect_tally(ok=2)
    work.expect_files(pictures, run)


@case()
def exit_codes_tell_what_happened(work):
    work.serve_pictures("codes", ["a", "b"])
    work.serve("codes/page.jpg", images.PAGE)
    # What is here is fetched again, so that each run counts all of its list.
    base = ["--overwrite", "--base-url", work.nginx.url("codes")]
    work.flagdl(*base, work.list("a", "b", name="ok")).expect_code(0).expect_tally(ok=2)
    work.flagdl(*base, work.list("# nothing", "", name="empty")).expect_code(0)
    work.flagdl(*base, work.list("a", "page", "none", name="some")).expect_code(1).expect_tally(1, 1, 1)
    work.flagdl(*base, work.list("a", "none", name="gaps")).expect_code(3).expect_tally(1, 1)
    work.flagdl(*base, "--allow-missing", work.folder / "gaps").expect_code(0)
    work.flagdl(*base, "--allow-missing", work.folder / "some").expect_code(1)


@case()
def wrong_usage_ends_with_2_before_any_request(work):
    listed = work.list("a")
    base = ["--base-url", work.nginx.url("usage")]
    template = work.nginx.url("usage/fixed.jpg")
    for wrong in (["--no-such-option"], ["-c", "0"], ["--rate", "fast"], ["--url-template", template],
                  ["--max-size", "much"], ["--format", "xml"], ["--http", "4"]):
        run = work.flagdl(*base, *wrong, listed).expect_code(2)
        expect(run.err.strip(), f"nothing on stderr for {wrong}", run.details)
    equal(work.nginx.seen(below="/usage/"), [], "requests at the server")


@case()
def a_destination_that_cannot_be_made_is_the_machines_fault(work):
    work.serve_pictures("nodest", ["a"])
    (work.folder / "file").write_bytes(b"")
    run = work.flagdl("--dest", work.folder / "file/below", "--base-url", work.nginx.url("nodest"), work.list("a"),
                      dest=False)
    run.expect_code(4)
    expect("file" in run.err, "the message does not name the folder", run.details)
