"""The process of an origin: hosts on loopback that answer after their manners, and note the time of everything.

Started by `origin.Origin`, and talks to it over its standard input and output, in pickles: in comes (picture, manners),
out goes the list of (address, port); then each line that comes in, `answered` or `log`, is answered. It ends when its
input does, so it never outlives the measuring program.

All times are of CLOCK_MONOTONIC. A request's is when the kernel received it, so that a pause of this process does not
look like a burst of the client's; an answer's is read just before it is written. A ticker notes how late this loop is:
answers are late by as much. It speaks just enough HTTP/1.1 for GET with keep-alive, one request at a time, so that most
of the machine is left to the client.
"""

import asyncio
import gc
import os
import pickle
import socket
import struct
import sys
import time
from time import monotonic

REASONS = {200: "OK", 429: "Too Many Requests", 503: "Service Unavailable"}
TICK = 0.001
# The loop wakes at whole milliseconds, rounded up; with this, answers are neither late nor early on average.
_HALF_TICK = 0.0005
_WORTH_NOTING = 0.0015
_BACKLOG = 4_096

# Asks Linux for the time at which bytes were received; Python has no name for it.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")


class Host:
    """One host: its manner, and its log of [arrived, sent, status, path]; what was not answered has None."""

    def __init__(self, manner, picture, loop):
        self.manner = manner
        self.loop = loop
        self.picture = picture
        self.first = None
        self.count = 0
        self.open = 0
        self.pictures = 0
        self.log = []

    def came(self, connection, arrived, head):
        """Takes a request, whose answer leaves now or later."""
        if self.first is None:
            self.first = arrived
        self.count += 1
        visit = [arrived, None, None, head[4:head.index(b" ", 4)]]
        self.log.append(visit)
        status, lines, delay = self.manner.decide(self, arrived)
        if status is None:
            return
        self.open += 1
        if delay:
            connection.due = self.loop.call_at(
                arrived + delay - _HALF_TICK, self.send, connection, visit, status, lines)
        else:
            self.send(connection, visit, status, lines)

    def send(self, connection, visit, status, lines):
        """Writes the answer, or puts it off while the host is quiet."""
        quiet_until = self.manner.quiet_until
        if status == 200 and monotonic() < quiet_until:
            connection.due = self.loop.call_at(quiet_until, self.send, connection, visit, status, lines)
            return
        self.open -= 1
        connection.due = None
        if status == 200:
            self.pictures += 1
            answer = self.picture
        else:
            answer = message(status, lines() if lines else ())
        visit[1] = monotonic()
        visit[2] = status
        connection.write(answer)

    def gave_up(self, due):
        """A client has gone before its answer."""
        due.cancel()
        self.open -= 1


class Connection:
    """One connection, with one request at a time. `due` is the answer that is to come."""

    def __init__(self, host, peer, to_monotonic):
        self.due = None
        self._host = host
        self._socket = peer
        self._to_monotonic = to_monotonic
        self._unread = b""
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        host.loop.add_reader(peer.fileno(), self._read)

    def write(self, answer):
        try:
            # It fits: the client has read all answers before.
            self._socket.send(answer)
        except OSError:
            pass

    def _read(self):
        try:
            data, notes, _, _ = self._socket.recvmsg(65_536, 64)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close()
            return
        arrived = monotonic()
        for _, kind, note in notes:
            if kind == _SO_TIMESTAMPNS:
                seconds, nanoseconds = _TIMESPEC.unpack(note)
                arrived = min(arrived, seconds + nanoseconds * 1e-9 + self._to_monotonic)
        if self._unread:
            data = self._unread + data
        if data.endswith(b"\r\n\r\n"):
            self._unread = b""
            self._host.came(self, arrived, data)
        else:
            self._unread = data

    def _close(self):
        self._host.loop.remove_reader(self._socket.fileno())
        self._socket.close()
        if self.due:
            self._host.gave_up(self.due)


class Ticker:
    """Wakes every millisecond; `late` is a list of (when, how late) of the times that were more than usually late."""

    def __init__(self, loop):
        self.late = []
        self._loop = loop
        self._due = monotonic() + TICK
        self._tick()

    def _tick(self):
        now = monotonic()
        if now - self._due > _WORTH_NOTING:
            self.late.append((now, now - self._due))
        self._due = now + TICK
        self._loop.call_at(self._due, self._tick)


def listen(host, address, to_monotonic):
    """Takes connections to a host; returns where."""
    listener = socket.create_server((address, 0), backlog=_BACKLOG)
    listener.setblocking(False)
    # Connections inherit this, so that it holds for bytes that came before they were accepted.
    listener.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)

    def accept():
        try:
            while True:
                Connection(host, listener.accept()[0], to_monotonic)
        except OSError:
            pass

    host.loop.add_reader(listener, accept)
    return listener.getsockname()


def message(status, lines=(), body=b"", kind="text/plain"):
    """An answer in bytes."""
    first = f"HTTP/1.1 {status} {REASONS[status]}"
    head = [first, *lines, f"Content-Type: {kind}", f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def monotonic_of_wall_clock():
    """What to add to the wall clock's time, which the kernel notes, for CLOCK_MONOTONIC's."""
    samples = []
    for _ in range(20):
        before, wall, after = monotonic(), time.time(), monotonic()
        samples.append((after - before, (before + after) / 2 - wall))
    return min(samples)[1]


def tell(what):
    sys.stdout.buffer.write(pickle.dumps(what))
    sys.stdout.buffer.flush()


def obey(loop, hosts, ticker, to_monotonic):
    """Answers what the measuring program asks; its end is the end."""
    asked = os.read(0, 4_096)
    if not asked:
        loop.stop()
    for word in asked.split():
        if word == b"answered":
            tell([host.pictures for host in hosts])
        elif word == b"log":
            tell(([host.log for host in hosts], ticker.late, abs(monotonic_of_wall_clock() - to_monotonic)))


def main():
    picture, manners = pickle.load(sys.stdin.buffer)
    loop = asyncio.new_event_loop()
    to_monotonic = monotonic_of_wall_clock()
    answer = message(200, (), picture, "image/jpeg")
    hosts = [Host(manner, answer, loop) for manner in manners]
    # Hosts differ in the address too, for a client that counts by that.
    addresses = [listen(host, f"127.0.0.{number}", to_monotonic) for number, host in enumerate(hosts, 1)]
    loop.add_reader(0, obey, loop, hosts, Ticker(loop), to_monotonic)
    # Everything noted stays until the end, so looking for garbage would only stop the loop.
    gc.collect()
    gc.freeze()
    gc.disable()
    tell(addresses)
    loop.run_forever()


if __name__ == "__main__":
    main()
