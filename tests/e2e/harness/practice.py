"""flagdl's own practice origin (`flagdl serve`), started for a case or for the comparison."""

import subprocess
import urllib.error
import urllib.request

from .ports import free_ports, wait_for_port
from .process import Process


class Practice:
    """A running `flagdl serve` with these options; use it in a `with`."""

    def __init__(self, binary, environment, *arguments):
        [self._port] = free_ports(1)
        self._process = Process([binary, "serve", "--port", self._port, *arguments], environment=environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        if not wait_for_port(self._port):
            self._process.stop()
            raise RuntimeError("flagdl serve does not listen")
        return self

    def __exit__(self, *_):
        self._process.stop()

    def url(self, path=""):
        return f"http://127.0.0.1:{self._port}/{path}"

    def get(self, path):
        """Status, headers and body; a status that means failure is no exception."""
        # Past any proxy that the environment sets: this is loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self.url(path), timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()
