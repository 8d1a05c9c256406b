"""What a case is: a function named for its promise, with a time limit, run in a process of its own.

A case that hangs, leaves a program running or breaks Python itself costs only itself: its process leads a group,
and the whole group is ended when the case is over. Nothing is retried: a promise that holds sometimes does not hold.
"""

import json
import os
import select
import signal
import sys
import time
import traceback
from dataclasses import dataclass

CASES = []


class Failed(Exception):
    """The promise does not hold. `details` are further lines for who has to find out why."""

    def __init__(self, why, details=""):
        super().__init__(why)
        self.details = details


class Skipped(Exception):
    """This machine cannot show it; says what is missing."""


@dataclass
class Case:
    """One promise. `limit` is in seconds."""

    name: str
    limit: float
    body: object


@dataclass
class Verdict:
    """How a case ended: `ok`, `FAILED` or `SKIPPED`."""

    outcome: str
    why: str = ""
    details: str = ""
    seconds: float = 0.0


def case(limit=30):
    """Makes the function below it a case, named after the function."""

    def register(body):
        CASES.append(Case(body.__name__, limit, body))
        return body

    return register


def expect(holds, why, details=""):
    """Fails the case unless `holds`."""
    if not holds:
        raise Failed(why, details)


def equal(actual, wanted, what, details=""):
    """Fails the case unless both are the same; says both."""
    expect(actual == wanted, f"{what}: {actual!r} where {wanted!r} was due", details)


def wait_until(holds, what, limit=10):
    """Waits until `holds()`, which is what `what` says; fails the case when it does not in so many seconds."""
    until = time.monotonic() + limit
    while not holds():
        expect(time.monotonic() < until, f"{what}: not within {limit} s")
        time.sleep(0.01)


def run(one, workspace):
    """Runs a case in a forked process and returns its verdict."""
    started = time.monotonic()
    reading, writing = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(reading)
        _tell(writing, _verdict(one, workspace))
        os._exit(0)
    os.close(writing)
    try:
        verdict = _listen(reading, started + one.limit)
    finally:
        os.close(reading)
        _end_group(pid)
    if verdict is None:
        verdict = Verdict("FAILED", f"not over after {one.limit:g} s")
    verdict.seconds = time.monotonic() - started
    return verdict


def _verdict(one, workspace):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        one.body(workspace)
        return Verdict("ok")
    except Skipped as missing:
        return Verdict("SKIPPED", str(missing))
    except Failed as failed:
        return Verdict("FAILED", str(failed), failed.details)
    except BaseException as error:  # pylint: disable=broad-except  # a broken case must not pass in silence
        return Verdict("FAILED", f"the case broke: {error!r}", traceback.format_exc())


def _tell(writing, verdict):
    with os.fdopen(writing, "w", encoding="utf-8") as pipe:
        json.dump(verdict.__dict__, pipe)


def _listen(reading, until):
    """The verdict, or None when the case has not come to one in time."""
    told = b""
    while True:
        ready, _, _ = select.select([reading], [], [], max(until - time.monotonic(), 0))
        if not ready:
            return None
        part = os.read(reading, 65_536)
        if not part:
            return Verdict(**json.loads(told)) if told else Verdict("FAILED", "the case died")
        told += part


def _end_group(leader):
    """Ends what the case has left running, and the case. The group exists as long as its leader is not reaped."""
    # The leader may not have come to setsid yet.
    os.kill(leader, signal.SIGKILL)
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.waitpid(leader, 0)
