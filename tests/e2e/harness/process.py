"""One started program: its end, its time, and what it used.

Peak memory is read from `VmHWM` in /proc while the program runs. `ru_maxrss` would be simpler and wrong: it is
kept across exec, so a child can never show less than the Python that started it. What the program takes in its
very last milliseconds may be missed.
"""

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

_SAMPLE_EVERY = 0.01


@dataclass
class Usage:
    """How a program ended. `code` is negative for a signal, `overran` says that the limit ended it."""

    code: int
    wall: float
    cpu: float
    peak_kib: int
    overran: bool


class Process:
    """A program that runs now. Its output goes to the files given, so that no full pipe can stop it."""

    def __init__(self, argv, *, environment, cwd=None, stdin=subprocess.DEVNULL, stdout=None, stderr=None):
        self._started = time.monotonic()
        self._child = subprocess.Popen(
            [str(part) for part in argv], env=environment, cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr,
            restore_signals=True,
        )
        self.pid = self._child.pid
        self._usage = None
        self._peak_kib = 0
        self._gone = threading.Event()
        self._sampler = threading.Thread(target=self._watch_memory, daemon=True)
        self._sampler.start()

    def signal(self, which):
        """Sends a signal to this one process."""
        os.kill(self.pid, which)

    def is_running(self):
        """Whether it has not ended; reaps nothing."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def wait(self, limit):
        """Waits for the end, and kills the program when `limit` seconds have passed."""
        if self._usage is None:
            overran = threading.Event()
            alarm = threading.Timer(limit, self._kill, [overran])
            alarm.start()
            _, status, used = os.wait4(self.pid, 0)
            wall = time.monotonic() - self._started
            alarm.cancel()
            self._gone.set()
            self._sampler.join()
            self._child.returncode = code = os.waitstatus_to_exitcode(status)
            self._usage = Usage(code, wall, used.ru_utime + used.ru_stime, self._peak_kib, overran.is_set())
        return self._usage

    def stop(self, limit=5):
        """Ends it politely, then for good."""
        if self._usage is None:
            self.signal(signal.SIGTERM)
            self.wait(limit)

    def _kill(self, overran):
        overran.set()
        self.signal(signal.SIGKILL)

    def _watch_memory(self):
        while not self._gone.wait(_SAMPLE_EVERY):
            try:
                with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as status:
                    for line in status:
                        if line.startswith("VmHWM:"):
                            self._peak_kib = max(self._peak_kib, int(line.split()[1]))
            except (FileNotFoundError, ProcessLookupError):
                return


def clean_environment(home):
    """An environment in which no proxy, no setting of flagdl and no dot file of the user changes a result."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8"}
