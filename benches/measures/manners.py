"""How a host of the measuring origin behaves: a manner decides on each request when it arrives.

`decide` returns the status (None for never an answer), what gives the further header lines at the moment of sending
(None for none), and the seconds until then. Manners are made by the measuring program and used in the origin's process.
"""

import time
from dataclasses import dataclass

DATE_FORMS = {
    "IMF-fixdate": "%a, %d %b %Y %H:%M:%S GMT",
    "RFC 850 date": "%A, %d-%b-%y %H:%M:%S GMT",
    "asctime date": "%a %b %e %H:%M:%S %Y",
}

# A pushback leaves this long after its request, and other answers this long after the pushback.
_GATHER = 0.06
_READ = 0.06


@dataclass
class Steady:
    """Every request gets the picture, `latency` seconds after it came."""

    latency: float = 0.0
    # No picture leaves before this time.
    quiet_until = 0.0

    def decide(self, _host, _now):
        return 200, None, self.latency


@dataclass
class Stalled(Steady):
    """Takes every request and never answers."""

    def decide(self, _host, _now):
        return None, None, 0.0


@dataclass
class Failing(Steady):
    """Answers everything with the same status."""

    status: int = 503

    def decide(self, _host, _now):
        return self.status, None, self.latency


@dataclass
class Limited(Steady):
    """Does so many at once; one more gets 429 at once, without a header.

    `steps` are (seconds after the host's first request, capacity), the first at 0.
    """

    steps: tuple = ((0, 12),)

    def decide(self, host, now):
        most = [capacity for at, capacity in self.steps if at <= now - host.first][-1]
        return (429, None, 0.0) if host.open >= most else (200, None, self.latency)


@dataclass
class PushesBackOnce(Steady):
    """Answers its `at`-th request with 429, and every other with the picture.

    The header is either `lines`, as they are, or `Date` and a `Retry-After` that is `seconds` later in `date_form`.

    A request that is on its way when the 429 leaves is no fault of the client. So that there is none, nothing else is
    answered from the `at`-th request until the client has had time to read the 429: by the time it leaves, everything
    that the client may have in flight to this host is waiting here.
    """

    at: int = 20
    lines: tuple = ()
    date_form: str = ""
    seconds: int = 0

    def decide(self, host, now):
        if host.count != self.at:
            return 200, None, self.latency
        self.quiet_until = now + _GATHER + _READ
        return 429, self._lines_now, _GATHER

    def _lines_now(self):
        if not self.date_form:
            return self.lines
        now = int(time.time())
        date = time.strftime(DATE_FORMS["IMF-fixdate"], time.gmtime(now))
        after = time.strftime(DATE_FORMS[self.date_form], time.gmtime(now + self.seconds))
        return f"Date: {date}", f"Retry-After: {after}"
