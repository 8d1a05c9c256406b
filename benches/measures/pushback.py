"""What flagdl does when a host names a time in `Retry-After`: in every form, with nonsense, and meanwhile elsewhere."""

import contextlib
import re

from .arrivals import speed_between
from .finding import Finding, criterion, share
from .manners import DATE_FORMS, PushesBackOnce, Steady
from .origin import Origin

# A wait may be longer than told by a tenth, which spreads those that were told the same, and by this.
SLACK = 0.2
# How soon a host may be asked again that has named no time one could keep: after a backoff.
SOON = 2.0
AT_ONCE = 2.0
LATENCY = 0.020


@criterion
def retry_after(bench):
    """A host that named a time is left alone for so long and hardly longer; the other host loses nothing."""
    seconds = 2
    solo = _speed_of_other_alone(bench)
    findings = [Finding("host B alone", "", f"{solo:.1f}/s")]
    forms = {f"Retry-After: {seconds}": PushesBackOnce(LATENCY, lines=(f"Retry-After: {seconds}",))}
    for form in DATE_FORMS:
        forms[f"Retry-After: Date + {seconds} s, {form}"] = PushesBackOnce(LATENCY, date_form=form, seconds=seconds)
    for name, manner in forms.items():
        bench.say(name)
        with Origin(manner, Steady(LATENCY)) as origin:
            mixed = _spread(origin.urls(0, 300, "a"), origin.urls(1, 900, "b"))
            ending = bench.run(mixed, "-c", 8, "--per-host", 4, limit=30)
            log = origin.log()
        gap, sent = _left_alone(log.hosts[0])
        longest = seconds * 1.1 + SLACK
        findings.append(Finding(f"{name}: A", f"{seconds} to {longest:g} s alone, all ok",
                                f"{_seconds(gap)}, {ending.told()}",
                                gap is not None and seconds <= gap <= longest and set(ending.outcomes()) == {"ok"}))
        meanwhile = speed_between([visit.arrived for visit in log.hosts[1]], sent, sent + seconds) if sent else 0.0
        kept = share(meanwhile, solo)
        findings.append(Finding(f"{name}: B", ">= 98 % of alone", f"{kept:.2%} ({meanwhile:.1f}/s)", kept >= 0.98))
    return findings


@criterion
def malformed(bench):
    """Values of Retry-After that are out of the ordinary neither stop flagdl nor send it back early."""
    huge = "100000000000000000000"
    # What to expect of each: all there soon; (least, most) seconds alone; or "down", an end at once.
    values = {
        "0": "soon", "-1": "soon", "1.5": "soon", "1e9": "soon", "soon": "soon",
        "Sun, 06 Nov 1994 08:49:37 GMT": "soon",
        "1000000000": "down", huge: "down",
        "1\r\nRetry-After: 3": (3, 3 * 1.1 + SLACK), "  5 ": (5, 5 * 1.1 + SLACK),
    }
    bench.say(f"{len(values)} values at once")
    manners = [PushesBackOnce(LATENCY, at=10, lines=(f"Retry-After: {value}",)) for value in values]
    with Origin(*manners) as origin, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(bench.start(origin.urls(number, 60, f"v{number}"), "-c", 4))
                   for number in range(len(values))]
        endings = [client.wait(client.started + 40) for client in clients]
        log = origin.log()
    findings = []
    for (value, wanted), visits, ending in zip(values.items(), log.hosts, endings):
        name = " and ".join(repr(part) for part in value.split("\r\nRetry-After: "))
        judge = _judge_down if wanted == "down" else _judge_wait
        findings.append(judge(name, wanted, value, visits, ending))
    return findings


def _judge_wait(name, wanted, _value, visits, ending):
    """The host was left alone for long enough and not for too long, and has given everything."""
    least, most = (0, SOON) if wanted == "soon" else wanted
    gap, _ = _left_alone(visits)
    holds = gap is not None and least <= gap <= most and ending.outcomes() == {"ok": 60}
    limit = (f"{least:g} to {most:g} s alone" if least else f"asked again within {most:g} s") + ", all ok"
    return Finding(name, limit, f"{_seconds(gap)}, {ending.told()}", holds)


def _judge_down(name, _wanted, value, visits, ending):
    """The host was not asked again, and what was left of its entries ended at once, with the reason."""
    gap, sent = _left_alone(visits)
    given = sum(visit.status == 200 for visit in visits)
    failed = [entry for entry in ending.entries if entry["outcome"] == "error"]
    down = [entry for entry in failed if entry.get("class") == "host-down"]
    named = [entry for entry in down if _names_a_time(entry.get("message", ""), value)]
    after = ending.ended - sent if sent else float("inf")
    holds = (gap is None and sent is not None and after <= AT_ONCE and len(named) == len(failed) == 60 - given
             and ending.outcomes()["ok"] == given)
    said = f"; says '{failed[-1].get('message')}'" if failed else ""
    return Finding(
        name, f"never asked again, rest host-down within {AT_ONCE:g} s, naming the time",
        f"{_seconds(gap)}, {ending.told()} ({len(down)} host-down, {len(named)} name a time) after {after:.1f} s{said}",
        holds)


def _names_a_time(said, value):
    """Whether there is a date, a span of time or the value itself in these words."""
    span = r"\b\d+(\.\d+)? ?(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|y|years?)\b"
    return bool(value in said or re.search(rf"\d{{4}}-\d\d-\d\d|\bGMT\b|{span}", said))


def _left_alone(visits):
    """(seconds from the 429 to the next request, time of the 429), each None when there was none."""
    sent = next((visit.sent for visit in visits if visit.status == 429), None)
    if sent is None:
        return None, None
    following = next((visit.arrived for visit in visits if visit.arrived > sent), None)
    return (following - sent if following else None), sent


def _seconds(gap):
    return "never asked again" if gap is None else f"{gap:.3f} s alone"


def _spread(few, many):
    """Both lists in one, the shorter spread evenly over the longer."""
    places = [(index / len(entries), entry) for entries in (few, many) for index, entry in enumerate(entries)]
    return [entry for _, entry in sorted(places, key=lambda place: place[0])]


def _speed_of_other_alone(bench):
    bench.say("host B alone")
    with Origin(PushesBackOnce(LATENCY), Steady(LATENCY)) as origin:
        bench.run(origin.urls(1, 900, "b"), "-c", 8, "--per-host", 4, limit=30)
        arrivals = [visit.arrived for visit in origin.log().hosts[1]]
    # As many seconds as are compared, after the start and before the end.
    return speed_between(arrivals, arrivals[0] + 0.5, arrivals[-1] - 0.5) if arrivals else 0.0
