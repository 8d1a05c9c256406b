"""System calls counted, and the one that is asked for killed or made to fail, by strace.

A kill comes before its call is carried out, so what the call before it has done is there, and this one's is not.
strace counts the calls of each thread by itself; a path narrows them down to those that name it as it is written
here, or that have it open.
"""

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass

from .case import Skipped

_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$", re.MULTILINE)


@dataclass(frozen=True)
class At:
    """A call: the `count`th of each thread that is called `call` and has to do with `path`, if there is one."""

    call: str
    count: int = 1
    path: str = ""

    def __str__(self):
        return f"call {self.count} of {self.call}" + (f" on {self.path.rsplit('/', 1)[-1]}" if self.path else "")

    def killed(self):
        """That the program is killed there."""
        return Fate(self, "signal=SIGKILL", onwards=False)

    def error(self, error, onwards=True):
        """That this call fails, and with `onwards` all such calls after it."""
        return Fate(self, f"error={error}", onwards)


@dataclass(frozen=True)
class Fate:
    """What becomes of a call."""

    at: At
    what: str
    onwards: bool

    def rule(self):
        when = f"when={self.at.count}{'+' if self.onwards else ''}"
        return f"inject={self.at.call}:{self.what}:{when}"


def wrapper(*fates, log=None):
    """What to put before a command so that this becomes of its calls. Paths narrow all of them down.

    With `log`, the calls are written there, with the paths of open files.
    """
    names = ",".join(fate.at.call for fate in fates)
    places = [part for fate in fates if fate.at.path for part in ("-P", fate.at.path)]
    rules = [part for fate in fates for part in ("-e", fate.rule())]
    output = ["-y", "-o", str(log)] if log else ["-o", "/dev/null"]
    return [*_BASE, *output, *places, "-e", f"trace={names}", *rules]


# Not --seccomp-bpf, though it is faster: strace 6.1 then loses the signals that it is to send.
_BASE = ["strace", "-f", "-qq", "--signal=none"]


def needed():
    """Skips the case where strace is missing, too old, or may not trace."""
    if not shutil.which("strace"):
        raise Skipped("strace is not installed")
    tried = subprocess.run([*wrapper(At("mkdirat").killed()), "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        raise Skipped(f"strace cannot be used here: {tried.stderr.strip()}")


def writes_to(log, names):
    """What to put before a command so that these calls are written to `log`, with the paths of open files."""
    return [*_BASE, "-y", "-o", str(log), "-e", f"trace={','.join(names)}"]


def calls(log):
    """(thread, call, the rest of its line) of each call, in the order in which they began."""
    return _CALL.findall(log.read_text(errors="replace"))


def tampered(log):
    """The rest of the line of each call that was made to fail."""
    begun, found = {}, []
    for line in log.read_text(errors="replace").splitlines():
        thread = line.split(" ", 1)[0]
        # Of a call that others came between, there are two lines.
        begun.update((thread, rest) for thread, _, rest in _CALL.findall(line))
        if line.endswith("(INJECTED)"):
            found.append(begun.get(thread, ""))
    return found


def counts(log, path=""):
    """{call: the most of it that one thread made}, of the calls that name `path` or have it open."""
    named = re.compile(f'["/]{re.escape(path)}[">]') if path else re.compile("")
    of_threads = Counter((call, thread) for thread, call, rest in calls(log) if named.search(rest))
    most = {}
    for (call, _), count in of_threads.items():
        most[call] = max(most.get(call, 0), count)
    return most
