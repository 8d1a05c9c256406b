"""Whether flagdl finds by itself how much a host can take: alone, when that changes, and beside another flagdl.

The origin does so many requests at once, in 50 ms each, and answers one more with 429 at once and without a header.
Whoever never had more in flight than that would get the whole of its throughput and no pushback.
"""

import contextlib
import time

from .arrivals import within
from .finding import Finding, criterion, share
from .manners import Limited
from .origin import Origin

LATENCY = 0.050
CAPACITY = 12
# More than there is time for, also for a client that wastes many.
PLENTY = 40_000


@criterion
def adaptive_capacity(bench):
    """-c 64 at a host that can do 12 at once settles near 12."""
    start, end = (20, 30) if bench.quick else (20, 50)
    bench.say(f"{end} s")
    with Origin(Limited(LATENCY, steps=((0, CAPACITY),))) as origin:
        ending = _for_seconds(bench, origin, end)
        visits = origin.log().hosts[0]
    first = visits[0].arrived if visits else 0.0
    given, refused = _rates(visits, first + start, first + end)
    used = given * LATENCY / CAPACITY
    note = _gone(ending)
    return [
        Finding(f"throughput from {start} to {end} s", f">= 90 % of {CAPACITY / LATENCY:g}/s",
                f"{used:.1%} ({given:.1f}/s){note}", used >= 0.90),
        Finding(f"share of 429 from {start} to {end} s", "<= 2 %", f"{refused:.2%}{note}",
                bool(given) and refused <= 0.02),
        Finding("share of 429 before", "", f"{_rates(visits, first, first + start)[1]:.2%}"),
    ]


@criterion
def adaptive_steps(bench):
    """When the capacity of a host goes from 12 to 4 and back, flagdl settles again within 30 s."""
    steps = ((0, CAPACITY), (30, 4), (60, CAPACITY))
    bench.say("91 s")
    with Origin(Limited(LATENCY, steps=steps)) as origin:
        ending = _for_seconds(bench, origin, 91)
        visits = origin.log().hosts[0]
    first = visits[0].arrived if visits else 0.0
    return [_settled(visits, first + at, capacity, f"{before} to {capacity}", _gone(ending))
            for (_, before), (at, capacity) in zip(steps, steps[1:])]


def _settled(visits, step, capacity, name, note):
    """Finds the first 5 s after a step that are good; from there to 30 s after the step all must be good together."""

    def good(start, end):
        given, refused = _rates(visits, start, end)
        return given * LATENCY / capacity >= 0.85 and refused <= 0.05

    def told(start, end):
        given, refused = _rates(visits, start, end)
        return f"{given * LATENCY / capacity:.1%} with {refused:.2%} of 429"

    limit = "5 s with >= 85 % and <= 5 % of 429 begin within 25 s, and it stays so to 30 s"
    begin = next((begin for begin in range(26) if good(step + begin, step + begin + 5)), None)
    if begin is None:
        return Finding(f"capacity {name}", limit, f"never; at the end {told(step + 25, step + 30)}{note}", False)
    return Finding(f"capacity {name}", limit, f"after {begin} s, then {told(step + begin, step + 30)}{note}",
                   good(step + begin, step + 30))


@criterion
def adaptive_clients(bench):
    """Two flagdl at one host share its capacity within 40 to 60."""
    findings = []
    for head_start in (0,) if bench.quick else (0, 10):
        bench.say(f"the second {head_start} s later")
        with Origin(Limited(LATENCY, steps=((0, CAPACITY),))) as origin, contextlib.ExitStack() as stack:
            clients = []
            for label in ("one", "two"):
                if clients:
                    time.sleep(head_start)
                clients.append(stack.enter_context(_start(bench, origin, label)))
            # Both have the whole minute to come to terms.
            end = clients[-1].started + 60
            endings = [client.wait(end) for client in clients]
            last = within(origin.log().hosts[0], end - 30, end)
        given = [sum(visit.status == 200 and visit.path.startswith(f"/{label}/".encode()) for visit in last)
                 for label in ("one", "two")]
        first_share = share(given[0], sum(given))
        total = sum(given) / 30 * LATENCY / CAPACITY
        refused = share(sum(visit.status == 429 for visit in last), len(last))
        name = "both at once" if not head_start else f"the second {head_start} s later"
        findings.append(Finding(
            f"{name}: shares of the last 30 of 60 s", "40 to 60 % each",
            f"{first_share:.1%} and {share(given[1], sum(given)):.1%}; together {total:.1%} of the capacity, "
            f"{refused:.2%} of 429{''.join(map(_gone, endings))}", 0.4 <= first_share <= 0.6))
    return findings


def _for_seconds(bench, origin, seconds):
    with _start(bench, origin, "x") as client:
        return client.wait(client.started + seconds + 1)


def _start(bench, origin, label):
    return bench.start((f"c{code:06}" for code in range(PLENTY)), "-c", 64, "-u", origin.url(0, label))


def _rates(visits, start, end):
    """(pictures a second, share of 429) of the visits in this time."""
    seen = within(visits, start, end)
    return sum(visit.status == 200 for visit in seen) / (end - start), share(
        sum(visit.status == 429 for visit in seen), len(seen))


def _gone(ending):
    """A list that is used up before the time is over is one whose entries failed."""
    return "" if ending.overran else f"; at its end after {ending.wall:.1f} s: {ending.told()}"
