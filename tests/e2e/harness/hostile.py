"""A server on a line that breaks all the time: resets, bodies cut short, 503, and silence, each for its share of requests.

What a request meets depends on its path and on how often that was asked for before, and on nothing else, so two runs
over the same list meet the same. It listens at every address of loopback, each of which is a host to its client.
"""

import asyncio
import functools
import random
import socket
import struct
import threading

from . import images

_NO_LINGER = struct.pack("ii", 1, 0)
_SMALLEST, _LARGEST = 300, 1_500


@functools.lru_cache(maxsize=None)
def picture(name):
    """The bytes of a picture by its name."""
    return images.jpeg(name, images.varied_size(name, _SMALLEST, _LARGEST))


class Hostile:
    """The running server; use it in a `with`. `met` counts what requests met, by its word."""

    def __init__(self, **shares):
        self._shares = shares
        self._loop = asyncio.new_event_loop()
        self._asked = {}
        self.met = dict.fromkeys([*shares, "whole"], 0)
        self._listener = socket.create_server(("0.0.0.0", 0), backlog=1024)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._listener.close()

    def url(self, host, name):
        """A picture's URL at one of its hosts, 1 to 254."""
        return f"http://127.0.0.{host}:{self._listener.getsockname()[1]}/{name}.jpg"

    def _run(self):
        asyncio.set_event_loop(self._loop)
        serving = self._loop.create_server(lambda: _Connection(self), sock=self._listener)
        self._loop.run_until_complete(serving)
        self._loop.run_forever()

    def fate(self, path):
        """What the next request for a path meets."""
        times = self._asked[path] = self._asked.get(path, 0) + 1
        drawn = random.Random(f"{path} {times}").random()
        for word, share in self._shares.items():
            drawn -= share
            if drawn < 0:
                self.met[word] += 1
                return word
        self.met["whole"] += 1
        return "whole"


class _Connection(asyncio.Protocol):
    """One connection: requests come one after the other, since the client asks for nothing before its answer."""

    def __init__(self, server):
        self._server = server
        self._read = b""

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            path = self._read.split(b" ", 2)[1].decode("ascii")
            self._read = self._read[end + 4:]
            self._answer(path)

    def _answer(self, path):
        fate, body = self._server.fate(path), picture(path[1:-len(".jpg")])
        whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        # Where it breaks depends on the path too: in the head for some, in the body for most.
        half = whole[:len(whole) * (len(self._server.met) + sum(path.encode())) % len(whole)]
        if fate == "whole":
            self._transport.write(whole)
        elif fate == "busy":
            self._transport.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
        elif fate == "cut":
            self._transport.write(half)
            self._transport.close()
        elif fate == "reset":
            self._transport.write(half)
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self._transport.close()
        else:
            # Nothing more, until the client has had enough.
            self._transport.write(half)
