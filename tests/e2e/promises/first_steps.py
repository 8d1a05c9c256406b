"""What the README shows first: the demonstration, and the practice origin by itself."""

import json

from harness import images
from harness.case import case, equal, expect
from harness.practice import Practice


@case()
def the_demonstration_needs_nothing_typed(work):
    run = work.flagdl("--demo", dest=False)
    run.expect_code(0)
    work.dest = work.folder / "downloads"
    have = work.files() if work.dest.is_dir() else {}
    expect(len(have) >= 20, f"{len(have)} files in downloads/", run.details)
    wrong = [name for name, data in have.items() if not images.is_whole(data)]
    equal(wrong, [], "files that are no whole image", run.details)


@case()
def the_practice_origin_makes_flags_and_greets(work):
    with Practice(work.binary, work.environment()) as origin:
        for kind in ("jpg", "png"):
            status, _, body = origin.get(f"flags/cn.{kind}")
            equal((status, images.is_whole(body)), (200, True), f"status and wholeness of cn.{kind}")
        equal(origin.get("flags/xx.jpg")[0], 404, "status for a code that is none")
        status, _, body = origin.get("hello/world")
        equal((status, b"world" in body), (200, True), "status and name in the greeting")
        equal(origin.get("")[0], 200, "status of /")


@case()
def the_practice_origin_counts_what_it_saw(work):
    with Practice(work.binary, work.environment(), "--delay", "50ms") as origin:
        names = [f"name{number}" for number in range(60)]
        run = work.flagdl("-c", "5", "--accept", "any", "--url-template", origin.url("hello/{code}"),
                          work.list(*names)).expect_code(0).expect_tally(ok=60)
        stats = json.loads(origin.get("stats")[2])
    peaks = [value for key, value in stats.items() if "peak" in key]
    equal(peaks, [5], f"the peak in {stats}", run.details)


@case()
def the_practice_origin_says_when_it_is_too_much(work):
    with Practice(work.binary, work.environment(), "--limit", "5/s") as origin:
        answers = [origin.get("hello/world") for _ in range(12)]
    refused = [headers for status, headers, _ in answers if status == 429]
    expect(refused, f"no 429 among {[status for status, _, _ in answers]}")
    expect(all(int(headers.get("Retry-After", "0")) >= 1 for headers in refused), "a 429 without a Retry-After")
