"""An origin that remembers: when each request came, and how many were open at once.

It answers `GET` with a small image after `delay` seconds, over HTTP/1.1 with keep-alive. Several probes can share
one `Sightings`, to count across hosts. A request counts as open from the arrival of its head until its answer has been
handed to the socket, which is a little shorter than what the client sees: a peak above the limit is the client's.
"""

import asyncio
import threading
import time
from collections import Counter

from . import images


class Sightings:
    """What the probes saw. Written by one loop a probe, read when the program under test has ended."""

    def __init__(self):
        self._lock = threading.Lock()
        self._open = Counter()
        self.peak = 0
        self.peak_of_host = Counter()
        self.arrivals = []

    def came(self, host, path):
        with self._lock:
            self._open[host] += 1
            self.peak = max(self.peak, self._open.total())
            self.peak_of_host[host] = max(self.peak_of_host[host], self._open[host])
            self.arrivals.append((time.monotonic(), host, path))

    def went(self, host):
        with self._lock:
            self._open[host] -= 1


class Probe:
    """A running origin; use it in a `with`. `port` is its host, as far as limits go."""

    def __init__(self, delay=0.0, sightings=None):
        self.sightings = sightings or Sightings()
        self.port = None
        self._delay = delay
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        if not self._listening.wait(10):
            raise RuntimeError("the probe does not listen")
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def url(self, path=""):
        return f"http://127.0.0.1:{self.port}/{path}"

    def _run(self):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    async def _serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode("ascii", "replace")
                self.sightings.came(self.port, path)
                try:
                    if self._delay:
                        await asyncio.sleep(self._delay)
                    body = images.jpeg(path, 300)
                    length = str(len(body)).encode()
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: " + length
                                 + b"\r\n\r\n")
                finally:
                    # Before the body: the client may send its next request as soon as it has the last byte.
                    self.sightings.went(self.port)
                writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
