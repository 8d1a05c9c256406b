"""Never more at once than allowed, never faster than allowed, and no host in the way of another.

Everything here is seen from the server's side.
"""

import resource
import socket

from harness.case import Skipped, case, equal, expect
from harness.practice import Practice
from harness.probe import Probe, Sightings


@case()
def never_more_in_flight_than_concurrency(work):
    for most in (1, 7):
        with Probe(delay=0.03) as probe:
            names = [f"pic{number}" for number in range(40 * most)]
            run = work.flagdl("-c", str(most), "--base-url", probe.url("p"), work.list(*names)).expect_code(0)
        equal(probe.sightings.peak, most, "the peak of requests at once", run.details)


@case()
def three_in_flight_unless_told_otherwise(work):
    with Probe(delay=0.03) as probe:
        names = [f"pic{number}" for number in range(100)]
        run = work.flagdl("--base-url", probe.url("p"), work.list(*names)).expect_code(0)
    equal(probe.sightings.peak, 3, "the peak of requests at once", run.details)


@case()
def never_more_to_one_host_than_per_host(work):
    seen = Sightings()
    with Probe(0.03, seen) as one, Probe(0.03, seen) as two, Probe(0.03, seen) as three:
        urls = [probe.url(f"{probe.port}-{number}.jpg") for number in range(60) for probe in (one, two, three)]
        run = work.flagdl("-c", "5", "--per-host", "2", work.list(*urls)).expect_code(0).expect_tally(ok=180)
    equal(max(seen.peak_of_host.values()), 2, "the peak at one host", run.details)
    equal(seen.peak, 5, "the peak at all hosts", run.details)


@case(limit=60)
def fifty_a_second_is_held_within_one_percent_and_never_exceeded(work):
    count, rate = 501, 50
    pictures = work.serve_pictures("rated", [f"pic{number:03}" for number in range(count)])
    run = work.flagdl("-c", "16", "--rate", f"{rate}/s", "--base-url", work.nginx.url("rated"),
                      work.list(*(name.removesuffix(".jpg") for name in pictures)))
    run.expect_code(0).expect_tally(ok=count)
    times = sorted(request.at for request in work.nginx.seen(below="/rated/"))
    equal(len(times), count, "requests at the server", run.details)
    held = (count - 1) / (times[-1] - times[0])
    expect(abs(held - rate) <= rate / 100, f"{held:.2f} requests a second", run.details)
    # 51 starts lie within one second when both its ends are counted; one more would be too fast.
    fastest = max(sum(start <= at < start + 1 for at in times) for start in times)
    expect(fastest <= rate + 1, f"{fastest} requests within one second", run.details)


@case()
def a_silent_host_delays_only_its_own_entries(work):
    pictures = work.serve_pictures("lively", [f"pic{number:03}" for number in range(180)])
    lively = [work.nginx.url(f"lively/{name}") for name in pictures]
    # It accepts (the kernel does) and never says a word.
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        port = silent.getsockname()[1]
        mute = [f"http://127.0.0.1:{port}/{number}.jpg" for number in range(4)]
        listed = work.list(*mute[:2], *lively[:90], *mute[2:], *lively[90:])
        run = work.flagdl("-c", "8", "--per-host", "4", "--retries", "0", "--read-timeout", "4s", "--format", "ndjson",
                          listed)
    run.expect_code(1)
    work.expect_files(pictures, run)
    equal([run.entry(url).get("class") for url in mute], ["timeout"] * 4, "classes of the silent ones", run.details)
    times = [request.at for request in work.nginx.seen(below="/lively/")]
    expect(max(times) - min(times) < 2, f"the others took {max(times) - min(times):.1f} s", run.details)
    expect(run.usage.wall < 8, f"the run took {run.usage.wall:.1f} s for a timeout of 4 s", run.details)


@case(limit=60)
def ten_thousand_codes_that_wait_three_seconds_end_within_five(work):
    needed = 11_600
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < needed:
        raise Skipped(f"a limit of {needed} open files")
    names = [f"name{number:05}" for number in range(10_000)]
    with Practice(work.binary, work.environment(), "--delay", "3s") as origin:
        run = work.flagdl("-c", "10000", "--accept", "any", "--url-template", origin.url("hello/{code}"),
                          work.list(*names))
    run.expect_code(0).expect_tally(ok=10_000)
    equal(len(work.files()), 10_000, "files", run.details)
    expect(3 <= run.usage.wall <= 5, f"it took {run.usage.wall:.2f} s", run.details)
