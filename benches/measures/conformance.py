"""Whether `--rate` is kept, and used: over rates, latencies and requests in flight.

The origin's times of arrival are replayed through a GCRA limiter with burst 1 and 5 ms of tolerance. Use is measured
against a client that loses no time, under the same rate, with as many in flight, and answered just as slowly. Where
latency and requests in flight allow the rate, that is the rate itself, less what the origin was late by.
"""

import contextlib
import time
from dataclasses import dataclass

from .arrivals import best_time, refused_by_gcra, variation
from .finding import Finding, criterion
from .manners import Steady
from .origin import Origin

RATES = (1, 5, 50, 200, 1000)
LATENCIES = (0, 0.020, 0.500)
IN_FLIGHT = (1, 8, 64)
QUICK = ((0, 1), (0, 64), (0.020, 8), (0.500, 64))
# Up to here the cells leave the machine idle, and may be measured all at once.
SLOW = 50

TOLERANCE = 0.005
# A stall of the origin's loop which says that the machine, and so the client too, did something else for a while.
STALL = 0.003
# How much more than the rate must be possible for the higher limits.
MARGIN = 1.1


@dataclass(frozen=True)
class Cell:
    """One setting. `latency` in seconds, `rate` in requests a second."""

    rate: int
    latency: float
    in_flight: int

    def __str__(self):
        return f"{self.rate}/s, {self.latency * 1000:g} ms, {self.in_flight} in flight"

    @property
    def possible(self):
        """What latency and requests in flight allow, in requests a second."""
        return self.in_flight / self.latency if self.latency else float("inf")

    @property
    def keeps_up(self):
        return self.possible >= MARGIN * self.rate

    @property
    def expected(self):
        """The requests a second of a client that makes full use of what it may."""
        return self.rate if self.keeps_up else min(self.rate, self.possible)

    @property
    def least_use(self):
        """The least share of what is expected."""
        if not self.keeps_up:
            return 0.95
        return 0.97 if self.rate >= 1000 else 0.99


@dataclass
class Measured:
    """What a cell came to, from the origin's side."""

    cell: Cell
    visits: list
    stall: float
    ending: object

    @property
    def arrivals(self):
        return [visit.arrived for visit in self.visits]

    @property
    def early(self):
        """How many requests came too early."""
        return refused_by_gcra(self.arrivals, self.cell.rate, TOLERANCE)

    @property
    def whole(self):
        """Whether every entry has arrived; otherwise the rest says nothing."""
        return set(self.ending.outcomes()) == {"ok"} and not self.ending.overran

    @property
    def rate(self):
        """Requests a second."""
        return (len(self.visits) - 1) / self._time

    @property
    def use(self):
        """The share of the best client's speed."""
        services = [visit.sent - visit.arrived for visit in self.visits]
        return best_time(services, self.cell.rate, self.cell.in_flight) / self._time

    @property
    def stall_told(self):
        """The origin's worst stall and the sum of flagdl's waits for a processor."""
        queued = self.ending.queued
        return f"{self.stall * 1000:.1f} ms" + (f" (flagdl's: {queued * 1000:.0f} ms in all)" if queued else "")

    @property
    def _time(self):
        return self.arrivals[-1] - self.arrivals[0]


@criterion
def conformance(bench):
    """--rate is never exceeded, and used in full wherever latency and requests in flight allow it."""
    cells = [Cell(rate, *rest) for rate in RATES for rest in (
        QUICK if bench.quick else [(latency, most) for latency in LATENCIES for most in IN_FLIGHT])]
    slow = [cell for cell in cells if cell.rate <= SLOW]
    groups = [slow] + [[cell] for cell in cells if cell not in slow]
    findings = {}
    for group in groups:
        for measured in _measure(bench, group):
            cell = measured.cell
            findings[cell] = _judge(measured)
            if measured.whole and not findings[cell].holds and measured.stall > STALL:
                bench.say(f"{cell}: once more, because the machine stalled: the origin for {measured.stall_told}")
                [again] = _measure(bench, [cell])
                findings[cell] = _judge(again, first=measured)
    return [findings[cell] for cell in cells]


def _measure(bench, cells):
    """Measures cells at the same time."""
    seconds = 4 if bench.quick else 20 if cells[0].rate <= SLOW else 10
    bench.say(str(cells[0]) if len(cells) == 1 else f"{len(cells)} cells of {SLOW}/s and less together")
    with Origin(*(Steady(cell.latency) for cell in cells)) as origin, contextlib.ExitStack() as stack:
        clients = []
        for number, cell in enumerate(cells):
            # One more than fits, so that the gaps take up the whole time.
            codes = [f"c{code:06}" for code in range(int(cell.expected * seconds) + 1)]
            clients.append(stack.enter_context(bench.start(
                codes, "-c", cell.in_flight, "--rate", f"{cell.rate}/s", "-u", origin.url(number, "x"))))
            # Programs that start load the machine, which the others' figures would show.
            time.sleep(0.05)
        endings = [client.wait(client.started + 2 * seconds + 10) for client in clients]
        log = origin.log()
    return [Measured(cell, visits, log.worst_stall(visits[0].arrived, visits[-1].arrived) if visits else 0.0, ending)
            for cell, visits, ending in zip(cells, log.hosts, endings)]


def _judge(measured, first=None):
    cell = measured.cell
    limit = f"0 early, >= {cell.least_use:.0%} of {cell.expected:g}/s"
    if not measured.whole:
        return Finding(str(cell), limit, f"not all arrived: {measured.ending.told()}", False)
    told = (f"{measured.early} early, {measured.use:.2%}; {measured.rate:.2f}/s, "
            f"CV {variation(measured.arrivals):.3f}, stalls {measured.stall_told}")
    if first:
        told += f"; second try, the first had {first.early} early, {first.use:.2%}, stalls {first.stall_told}"
    return Finding(str(cell), limit, told, measured.early == 0 and measured.use >= cell.least_use)
