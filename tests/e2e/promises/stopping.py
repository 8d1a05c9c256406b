"""A run can be stopped at any moment: once to finish what has begun, twice to leave, or with no warning at all.

Whatever the moment, a file under its final name is whole.
"""

import signal
import time

from harness import images
from harness.case import case, equal, expect, wait_until
from harness.probe import Probe

# How long a signal may take to reach the part that starts requests, on a busy machine.
_GRACE = 0.3


@case()
def ctrl_c_once_finishes_what_has_begun(work):
    names = [f"pic{number:03}" for number in range(500)]
    with Probe(delay=0.5) as probe:
        running = work.start("-c", "8", "--format", "ndjson", "--base-url", probe.url("pictures"), work.list(*names))
        wait_until(lambda: len(probe.sightings.arrivals) >= 20, "20 requests")
        at = time.monotonic()
        running.process.signal(signal.SIGINT)
        run = running.wait(10)
        asked = probe.sightings.arrivals
    run.expect_code(130)
    late = [path for when, _, path in asked if when > at + _GRACE]
    equal(late, [], "requests after Ctrl-C", run.details)
    outcomes = [entry["outcome"] for entry in run.entries()]
    equal(outcomes.count("ok"), len(asked), "entries ok, where every request that had begun counts", run.details)
    equal(set(work.files()), {path.rsplit("/", 1)[1] for _, _, path in asked}, "files", run.details)
    equal(run.events()[-1].get("event"), "summary", "the last object", run.details)
    equal(run.events()[-1].get("left"), 500 - len(asked), "entries left in the summary", run.details)


@case()
def ctrl_c_twice_leaves_at_once(work):
    with Probe(delay=60) as probe:
        running = work.start("-c", "8", "--base-url", probe.url("pictures"), work.list(*map(str, range(100))))
        wait_until(lambda: len(probe.sightings.arrivals) >= 8, "8 requests")
        running.process.signal(signal.SIGINT)
        time.sleep(0.5)
        expect(running.process.is_running(), "the first Ctrl-C did not wait for what had begun")
        at = time.monotonic()
        running.process.signal(signal.SIGINT)
        run = running.wait(10)
    run.expect_code(130)
    expect(time.monotonic() - at < 1, f"it took {time.monotonic() - at:.1f} s after the second Ctrl-C", run.details)
    equal(work.files(), {}, "files")
    equal(work.leftovers(), [], "leftovers")


@case()
def terminate_ends_with_143(work):
    with Probe(delay=0.3) as probe:
        running = work.start("-c", "4", "--base-url", probe.url("pictures"), work.list(*map(str, range(300))))
        wait_until(lambda: len(probe.sightings.arrivals) >= 8, "8 requests")
        running.process.signal(signal.SIGTERM)
        run = running.wait(10)
    run.expect_code(143)
    wrong = [name for name, data in work.files().items() if not images.is_whole(data)]
    equal(wrong, [], "files that are not whole", run.details)


@case(limit=90)
def a_kill_at_any_moment_leaves_only_whole_files(work):
    small = work.serve_pictures("killed", [f"pic{number:04}" for number in range(3_000)])
    # Large enough to be written as they arrive, and slow enough to be on their way whenever the kill comes.
    large = {f"slow{n}.jpg": work.serve(f"slow/killed/slow{n}.jpg", images.jpeg(f"slow{n}", 2 << 20)) for n in range(4)}
    wanted = {**small, **large}
    listed = work.list(*(work.nginx.url(f"slow/killed/{name}") for name in large),
                       *(work.nginx.url(f"killed/{name}") for name in small))
    for moment in (0.05, 0.1, 0.2, 0.3, 0.5, 0.8):
        running = work.start("-c", "8", listed)
        time.sleep(moment)
        running.process.signal(signal.SIGKILL)
        run = running.wait(5)
        wrong = [name for name, data in work.files().items() if wanted.get(name) != data]
        equal(wrong, [], f"files that are not whole after {moment} s", run.details)
        equal(work.leftovers(), [], f"leftovers after {moment} s", run.details)
    run = work.flagdl("-c", "8", listed, limit=60).expect_code(0)
    work.expect_files(wanted, run)
