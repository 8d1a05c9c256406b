"""The bench: which flagdl is measured, where its files go, and whether time is short."""

import itertools
import sys
import time

from harness.process import clean_environment

from .client import Client


class Bench:
    """Starts measured runs of one binary, each in a folder of its own."""

    def __init__(self, binary, folder, quick):
        self.binary = binary
        self.quick = quick
        self.environment = clean_environment(folder)
        self._folder = folder
        self._numbers = itertools.count()
        self._started = time.monotonic()

    def start(self, entries, *arguments):
        """flagdl with this list, to be used in a `with`."""
        return Client(self.binary, self.environment, self._folder / f"run{next(self._numbers)}", entries, arguments)

    def run(self, entries, *arguments, limit):
        """flagdl with this list, until it ends or for `limit` seconds."""
        with self.start(entries, *arguments) as client:
            return client.wait(client.started + limit)

    def say(self, what):
        """A line about what is being done, with the seconds since the start."""
        print(f"  {time.monotonic() - self._started:6.1f}  {what}", file=sys.stderr, flush=True)
