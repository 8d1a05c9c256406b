"""Whether a host that fails or hangs is spared, and costs the others nothing."""

import math
import statistics
import time

from .finding import Finding, criterion
from .manners import Failing, Stalled, Steady
from .origin import Origin

GOOD_HOSTS = 9


@criterion
def breaker(bench):
    """Of 10,000 entries at a host that answers 503 to everything, few are asked for, and a good host loses nothing."""
    bad, good = 10_000, 5_000
    bench.say("the good host alone")
    with Origin(Steady(0.020)) as origin:
        with bench.start(origin.urls(0, good, "g"), "-c", 16) as client:
            client.wait(client.started + 120)
            solo = _finish(origin.log().hosts, good) - client.started
    bench.say("the good and the bad one, for up to 6 minutes")
    with Origin(Steady(0.020), Failing()) as origin:
        # Two entries of the bad host to one of the good one.
        goods, bads = iter(origin.urls(0, good, "g")), iter(origin.urls(1, bad, "b"))
        mixed = [next(goods if place % 3 == 1 else bads) for place in range(bad + good)]
        with bench.start(mixed, "-c", 16) as client:
            ending = client.wait(client.started + 360)
            log = origin.log()
            beside = _finish(log.hosts[:1], good) - client.started
    outcomes = ending.outcomes()
    kept = _kept(solo, beside)
    return [
        Finding("requests to the bad host", "<= 200", str(len(log.hosts[1])), len(log.hosts[1]) <= 200),
        Finding("time of the good host", ">= 95 % of its speed alone",
                f"{beside:.2f} s, alone {solo:.2f} s: {kept:.1%}", kept >= 0.95),
        Finding("outcomes", f"all end: {good} ok, {bad} error", f"{ending.told()}, after {ending.wall:.1f} s",
                outcomes == {"ok": good, "error": bad} and not ending.overran),
    ]


@criterion
def stalled(bench):
    """A host that takes requests and never answers does not slow nine good ones down."""
    each = 2_000 if bench.quick else 10_000

    def time_of_nine(order):
        bench.say(order)
        with Origin(Stalled(), *[Steady(0.005)] * GOOD_HOSTS) as origin:
            hosts = [origin.urls(number, each, f"h{number}") for number in range(GOOD_HOSTS + 1)]
            entries = {
                "alone": [entry for round_ in zip(*hosts[1:]) for entry in round_],
                "interleaved": [entry for round_ in zip(*hosts) for entry in round_],
                "sorted by host, the stalled one first": [entry for host in hosts for entry in host],
            }
            if order == "alone, sorted by host":
                entries[order] = [entry for host in hosts[1:] for entry in host]
            with bench.start(entries[order], "-c", 32) as client:
                until = client.started + 40 + each / 100
                while client.is_running() and time.monotonic() < until and min(origin.answered()[1:]) < each:
                    time.sleep(0.05)
                return _finish(origin.log().hosts[1:], each) - client.started

    findings = []
    for alone, order in (("alone", "interleaved"), ("alone, sorted by host", "sorted by host, the stalled one first")):
        # Before and after, since the speed of a shared machine drifts.
        before, beside, after = time_of_nine(alone), time_of_nine(order), time_of_nine(alone)
        kept = _kept(statistics.fmean([before, after]), beside)
        findings.append(Finding(order, ">= 95 % of the nine's speed alone",
                                f"{kept:.1%} ({beside:.2f} s; alone {before:.2f} and {after:.2f} s)", kept >= 0.95))
    return findings


def _kept(alone, beside):
    """The share of its speed alone that a host kept; nothing, if either was not over in time."""
    return alone / beside if math.isfinite(alone) else 0.0


def _finish(hosts, each):
    """When the last of these hosts had sent its last picture; never, if one has not sent all."""
    times = [[visit.sent for visit in visits if visit.status == 200] for visits in hosts]
    return max(max(sent) if len(sent) >= each else float("inf") for sent in times)
