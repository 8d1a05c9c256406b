"""An origin to measure with, in a process of its own: the hosts, and afterwards what they saw."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, Optional

from harness import images

BENCHES = Path(__file__).resolve().parents[1]
_CLOCK_SET = 0.001


class Visit(NamedTuple):
    """A request as the origin saw it; `sent` and `status` are None when it was never answered."""

    arrived: float
    sent: Optional[float]
    status: Optional[int]
    path: bytes


class Log:
    """What the hosts saw: `hosts` has a list of visits for each, in the order in which they came."""

    def __init__(self, visits, late, clock_set):
        # The wall clock is what the kernel notes the arrivals by.
        if clock_set > _CLOCK_SET:
            raise RuntimeError(f"the machine's clock was set by {clock_set:.3f} s while this was measured")
        self.hosts = [[Visit(*visit) for visit in host] for host in visits]
        self._late = late

    def worst_stall(self, start, end):
        """How late the origin's own loop was at worst in this time, in seconds."""
        return max((late for at, late in self._late if start <= at - late and at <= end + late), default=0.0)


class Origin:
    """A running origin with a host for each manner; use it in a `with`."""

    def __init__(self, *manners):
        self._manners = manners
        self._child = None
        self._addresses = []

    def __enter__(self):
        self._child = subprocess.Popen([sys.executable, "-B", "-m", "measures.origin_process"], cwd=BENCHES,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._say(pickle.dumps((images.jpeg("measured", 300), self._manners)))
        self._addresses = pickle.load(self._child.stdout)
        return self

    def __exit__(self, *_):
        self._child.stdin.close()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child.stdout.close()

    def url(self, host=0, path=""):
        address, port = self._addresses[host]
        return f"http://{address}:{port}/{path}"

    def urls(self, host, count, label):
        """So many addresses of pictures at this host. No two hosts may share a label: names come from it."""
        return [self.url(host, f"{label}/{label}{number:06}.jpg") for number in range(count)]

    def answered(self):
        """How many pictures each host has sent so far."""
        self._say(b"answered\n")
        return pickle.load(self._child.stdout)

    def log(self):
        self._say(b"log\n")
        return Log(*pickle.load(self._child.stdout))

    def _say(self, what):
        self._child.stdin.write(what)
        self._child.stdin.flush()
