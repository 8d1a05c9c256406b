"""Arithmetic on times of arrival, in seconds and in order: no clock, no network."""

import bisect
import heapq
import statistics


def refused_by_gcra(arrivals, rate, tolerance):
    """How many of these a GCRA limiter with burst 1 and this tolerance would refuse; a refused one costs nothing."""
    interval, due, refused = 1 / rate, float("-inf"), 0
    for arrival in arrivals:
        if arrival < due - tolerance:
            refused += 1
        else:
            due = max(arrival, due) + interval
    return refused


def best_time(services, rate, in_flight):
    """The seconds from the first request to the last of a client that loses no time.

    It starts a request as soon as both the rate and an answer to one of `in_flight` others let it, and is answered as
    slowly as was measured: `services` are the seconds from each request to its answer.
    """
    interval, start, open_until = 1 / rate, 0.0, []
    for number, service in enumerate(services):
        if number:
            start += interval
        if len(open_until) == in_flight:
            start = max(start, heapq.heappop(open_until))
        heapq.heappush(open_until, start + service)
    return start


def speed_between(arrivals, start, end):
    """Arrivals a second in this time, from the last one before it to the first one after it.

    So a pause at either end counts in full, and it does not matter how the time lies to rounds of arrivals.
    """
    first = max(bisect.bisect_right(arrivals, start) - 1, 0)
    last = min(bisect.bisect_left(arrivals, end), len(arrivals) - 1)
    return (last - first) / (arrivals[last] - arrivals[first]) if last > first else 0.0


def variation(arrivals):
    """The coefficient of variation of the gaps: 0 is perfectly even, 1 is as chance has it."""
    gaps = [after - before for before, after in zip(arrivals, arrivals[1:])]
    mean = statistics.fmean(gaps) if gaps else 0.0
    return statistics.pstdev(gaps) / mean if mean else 0.0


def within(visits, start, end):
    """The visits that arrived in this time, the end not included."""
    return [visit for visit in visits if start <= visit.arrived < end]
