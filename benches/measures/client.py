"""A run of flagdl that is measured: started with a list, and its end, however it comes.

The time of its end is taken by a thread that does nothing but wait for it. Nothing else of this process runs meanwhile,
so that the machine belongs to flagdl and the origin.
"""

import json
import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Optional


@dataclass
class Ending:
    """How a run ended: `wall` seconds after its start, at `ended` on the monotonic clock. `overran`: it was made to.

    `entries` are flagdl's own objects about its entries, `complaint` the first line of what it said on stderr.

    `queued` is how long, in all, its main thread could have run and was given no processor: above all, how busy the
    machine was with other things. None where the machine does not tell.
    """

    wall: float
    ended: float
    overran: bool
    queued: Optional[float]
    entries: list
    complaint: str

    def outcomes(self):
        """{outcome: entries}."""
        return Counter(entry["outcome"] for entry in self.entries)

    def told(self):
        """The outcomes in words."""
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.outcomes().items()))
        return (counts or f"no entry ended: {self.complaint}") + (", had to be ended" if self.overran else "")


class Client:
    """A flagdl that runs now; use it in a `with`, which ends it and removes what it has written."""

    def __init__(self, binary, environment, folder, entries, arguments):
        self._folder = folder
        folder.mkdir()
        listed = folder / "list.txt"
        listed.write_text("".join(f"{entry}\n" for entry in entries), encoding="ascii")
        command = [binary, "-q", "--progress", "never", "--format", "ndjson", "-d", folder / "files",
                   *arguments, listed]
        with open(folder / "out", "wb") as out, open(folder / "err", "wb") as err:
            self.started = time.monotonic()
            self._child = subprocess.Popen([str(part) for part in command], env=environment, cwd=folder,
                                           stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self._ended = None
        self._queued = None
        # Not the thread's own `join`: interrupted by a signal, Python 3.11 then takes the thread for ended.
        self._gone = threading.Event()
        threading.Thread(target=self._await_end, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def is_running(self):
        return not self._gone.is_set()

    def wait(self, until):
        """Its end, at the latest at `until` on the monotonic clock: what runs longer is ended."""
        overran = not self._gone.wait(max(until - time.monotonic(), 0))
        self._end()
        wall = self._ended - self.started
        return Ending(wall, self._ended, overran, self._queued, list(self._entries()), self._complaint())

    def _complaint(self):
        lines = (self._folder / "err").read_text(errors="replace").strip().splitlines()
        return lines[0][:160] if lines else ""

    def _entries(self):
        # The last line is half of one if the run was ended while it wrote.
        for line in (self._folder / "out").read_text(encoding="utf-8", errors="replace").split("\n")[:-1]:
            told = json.loads(line)
            if told.get("event") == "entry":
                yield told

    def _await_end(self):
        # Not reaped yet, it can still be asked.
        os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOWAIT)
        self._ended = time.monotonic()
        try:
            with open(f"/proc/{self._child.pid}/schedstat", encoding="ascii") as told:
                self._queued = int(told.read().split()[1]) / 1e9
        except OSError:
            pass
        self._child.wait()
        self._gone.set()

    def _end(self):
        if self.is_running():
            self._child.kill()
            self._gone.wait()
