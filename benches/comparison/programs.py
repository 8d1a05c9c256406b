"""Who takes part: how each program is asked to do the same job, and what it cannot do.

Every program gets the same URLs in the same order, the same number of connections, no configuration of the user's and
no proxy. Only flagdl checks that each file is a whole image and writes atomically: nothing of that is switched off.
"""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

AIOHTTP_PEER = Path(__file__).resolve().parents[1] / "aiohttp_peer.py"


@dataclass
class Job:
    """What is to be fetched, `concurrency` at once; `wanted` is {file name: bytes} of what must be there afterwards."""

    urls: list
    wanted: dict
    concurrency: int
    are_images: bool


class Program:
    """Somebody who downloads a list. `most` is the highest number of requests at once that it can be asked for."""

    name = ""
    most = 1_000_000

    def missing(self):
        """What has to be installed before it can take part, or None."""
        raise NotImplementedError

    def version(self):
        raise NotImplementedError

    def command(self, job, dest, folder):
        """The command line for this job; `folder` is for files that the program needs."""
        raise NotImplementedError


class Flagdl(Program):
    """flagdl, or another build of it."""

    def __init__(self, binary, name="flagdl"):
        self.binary = Path(binary)
        self.name = name

    def missing(self):
        return None if self.binary.exists() else f"{self.binary} (hint: cargo build --release)"

    def version(self):
        return _first_line([self.binary, "--version"])

    def command(self, job, dest, folder):
        accept = "image" if job.are_images else "any"
        return [self.binary, "-q", "--accept", accept, "-c", job.concurrency, "--dest", dest, _listed(job, folder)]


class Wget2(Program):
    name = "wget2"

    def missing(self):
        return None if shutil.which("wget2") else "wget2"

    def version(self):
        return _first_line(["wget2", "--version"])

    def command(self, job, dest, folder):
        threads = f"--max-threads={job.concurrency}"
        return ["wget2", "--no-config", "-q", threads, "-P", dest, "-i", _listed(job, folder)]


class Curl(Program):
    name = "curl -Z"

    @property
    def most(self):
        # The limit was 300 until 8.16 raised it; a higher number was cut down without a word.
        found = re.match(r"curl (\d+)\.(\d+)", self.version())
        return 65_535 if found and tuple(map(int, found.groups())) >= (8, 16) else 300

    def missing(self):
        return None if shutil.which("curl") else "curl"

    def version(self):
        return _first_line(["curl", "--version"])

    def command(self, job, dest, folder):
        config = folder / "curl.config"
        config.write_text(
            "".join(f'url = "{url}"\noutput = "{dest}/{url.rsplit("/", 1)[1]}"\n' for url in job.urls),
            encoding="utf-8")
        # Without --parallel-immediate it first waits for one answer, to see whether the connection can be shared. That
        # would double the time where answers are slow, and makes no difference where they are not.
        return ["curl", "-q", "-s", "-S", "-Z", "--parallel-immediate", "--parallel-max", job.concurrency, "-K", config]


class Aiohttp(Program):
    name = "asyncio + aiohttp"

    def missing(self):
        return None if self._python() else "a Python with aiohttp (hint: apt-get install python3-aiohttp)"

    def version(self):
        return _first_line([self._python(), "-c", "import aiohttp, platform; "
                            "print('aiohttp', aiohttp.__version__, 'on Python', platform.python_version())"])

    def command(self, job, dest, folder):
        return [self._python(), AIOHTTP_PEER, job.concurrency, dest, _listed(job, folder)]

    @staticmethod
    def _python():
        # The distribution's package is seen only by the distribution's Python, which need not be the first one.
        for python in (sys.executable, "/usr/bin/python3"):
            if Path(python).exists() and _succeeds([python, "-c", "import aiohttp"]):
                return python
        return None


def _listed(job, folder):
    path = folder / "urls.txt"
    path.write_text("".join(f"{url}\n" for url in job.urls), encoding="utf-8")
    return path


def _first_line(command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    return (done.stdout.splitlines() or ["unknown"])[0].split(" (")[0].split(" - ")[0]


def _succeeds(command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
