"""How much of the machine was left to what is measured, which tells whether a figure that is too low is flagdl's."""

import os
import resource


class Load:
    """The processors' time from now on."""

    def __init__(self):
        self._at_start = _seconds()

    def told(self):
        """Who else had the processors, since this was made. Counts the own programs that have ended."""
        everything, busy, stolen, own = (now - then for now, then in zip(_seconds(), self._at_start))
        if not everything:
            return "other load: unknown"
        others = max(busy - own, 0) / everything
        return f"other load: {others:.0%} of the processors, {stolen / everything:.0%} withheld by the host"


def _seconds():
    """(all processors' time, what of it was work, what the host withheld, what was the own programs' work)."""
    own = sum(used.ru_utime + used.ru_stime for used in map(
        resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
    try:
        with open("/proc/stat", encoding="ascii") as told:
            user, nice, system, idle, waiting, irq, softirq, stolen = map(int, told.readline().split()[1:9])
    except OSError:
        return 0, 0, 0, own
    busy = user + nice + system + irq + softirq
    everything = busy + idle + waiting + stolen
    tick = os.sysconf("SC_CLK_TCK")
    return everything / tick, busy / tick, stolen / tick, own
