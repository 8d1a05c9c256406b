"""Whether flagdl, told no rate, finds the one that a server enforces: its own practice origin with `--limit`."""

import json
import time

from harness.practice import Practice

from .finding import Finding, criterion, share


@criterion
def practice_limit(bench):
    """Without a rate given, everything arrives from `flagdl serve --limit 20/s`, with little pushback."""
    return [finding for options in ((), ("-c", "16")) for finding in _with_options(bench, options)]


def _with_options(bench, options):
    codes = [f"n{number:03}" for number in range(600)]
    name = " ".join(options) or "no options"
    bench.say(f"{name}: 600 codes, about 30 s")
    with Practice(bench.binary, bench.environment, "--limit", "20/s") as origin:
        # The origin has some 250 flags; the query makes as many addresses of one as are wanted.
        template = origin.url("flags/cn.jpg?n={code}")
        with bench.start(codes, "--url-template", template, *options) as client:
            at_ten = None
            until = client.started + 180
            while client.is_running() and time.monotonic() < until:
                time.sleep(0.1)
                if at_ten is None and time.monotonic() >= client.started + 10:
                    at_ten = _counts(origin)
            ending = client.wait(until)
        at_end = _counts(origin)
    at_ten = at_ten or at_end
    pushed = share(at_end["429"] - at_ten["429"], at_end["all"] - at_ten["all"])
    before = share(at_ten["429"], at_ten["all"])
    return [
        Finding(f"{name}: outcomes", "600 ok", f"{ending.told()}, after {ending.wall:.1f} s",
                ending.outcomes() == {"ok": 600} and not ending.overran),
        Finding(f"{name}: share of 429 after 10 s", "< 5 %",
                f"{pushed:.2%} of {at_end['all'] - at_ten['all']} requests (before: {before:.2%} of {at_ten['all']})",
                at_end["all"] > at_ten["all"] and pushed < 0.05),
    ]


def _counts(origin):
    told = json.loads(origin.get("stats")[2])
    return {"all": sum(told["status"].values()), "429": told["status"].get("429", 0)}
