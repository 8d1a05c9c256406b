"""A small forward proxy: plain requests with a whole URL, and `CONNECT` for tunnels.

Whatever name it is asked for, it goes to one upstream on loopback. So a case can use a name that nobody can
resolve, and a file that arrives has come through the proxy and by no other way.
"""

import socket
import threading
from urllib.parse import urlsplit

from .listening import Listening

_CHUNK = 65_536


class Proxy(Listening):
    """A running proxy; use it in a `with`. `asked` holds (method, target) of each request."""

    def __init__(self, upstream_port):
        super().__init__()
        self.asked = []
        self._upstream_port = upstream_port

    def _serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self._upstream_port)) as upstream:
            asking = client.makefile("rb")
            answering = upstream.makefile("rb")
            try:
                while head := _head(asking):
                    method, target, version = head[0].split(b" ", 2)
                    self.asked.append((method.decode(), target.decode()))
                    if method == b"CONNECT":
                        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                        _tunnel(client, upstream)
                        return
                    parts = urlsplit(target.decode())
                    path = parts.path + (f"?{parts.query}" if parts.query else "")
                    upstream.sendall(b"\r\n".join([b" ".join([method, path.encode(), version]), *head[1:], b"", b""]))
                    _pass_answer(answering, client)
            except OSError:
                pass


def _head(stream):
    """The lines of one head, without its end; empty when the peer has closed."""
    lines = []
    while (line := stream.readline(_CHUNK).rstrip(b"\r\n")):
        lines.append(line)
    return lines


def _pass_answer(answering, client):
    lines = _head(answering)
    if not lines:
        raise ConnectionResetError("the upstream has closed")
    client.sendall(b"\r\n".join([*lines, b"", b""]))
    # nginx sends a length with every file, which is all that goes through here.
    left = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")), 0)
    while left and (part := answering.read(min(left, _CHUNK))):
        client.sendall(part)
        left -= len(part)


def _tunnel(client, upstream):
    back = threading.Thread(target=_pump, args=[upstream, client], daemon=True)
    back.start()
    _pump(client, upstream)
    back.join()


def _pump(source, sink):
    try:
        while part := source.recv(_CHUNK):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
