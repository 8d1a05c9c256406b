"""Whether politeness costs anything where a server is merely slow."""

from .finding import Finding, criterion
from .manners import Steady
from .origin import Origin


@criterion
def waiting(bench):
    """100 codes at -c 100 from an origin that takes 3 s are there within 3.1 s."""
    findings = []
    for number in range(1 if bench.quick else 3):
        bench.say(f"run {number + 1}")
        with Origin(Steady(3.0)) as origin:
            ending = bench.run(origin.urls(0, 100, "w"), "-c", 100, limit=20)
        findings.append(Finding(f"run {number + 1}", "<= 3.1 s, 100 ok", f"{ending.wall:.3f} s, {ending.told()}",
                                ending.wall <= 3.1 and ending.outcomes() == {"ok": 100}))
    return findings
