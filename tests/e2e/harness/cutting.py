"""A server of one file that cuts the first answer off, and knows ranges and the conditions on them.

It is small enough to be believed: nginx cannot be made to cut, and flagdl's own origin is not the one to prove it.
"""

import re

from .listening import Listening


class Cutting(Listening):
    """A running server; use it in a `with`. After `cut` bytes of the first body it closes the connection.

    `body` is what it has, and `renewed` what it has from the second request on, if that is something else. `asked`
    holds the header fields of each request, by their names in lower case, and `sent` the size of each body.
    """

    def __init__(self, body, cut, renewed=None):
        super().__init__()
        self.asked, self.sent = [], []
        self._bodies, self._cut = (body, renewed or body), cut

    def _serve(self, client):
        try:
            with client, client.makefile("rb") as asking:
                self._answer(client, asking)
        except OSError:
            # It was not the server that cut here, and `sent` will not be what is due.
            self.sent.append(None)

    def _answer(self, client, asking):
        """One request a connection."""
        if not asking.readline():
            return
        fields = {}
        while line := asking.readline().decode("latin-1").strip():
            name, value = line.split(":", 1)
            fields[name.lower()] = value.strip()
        body = self._bodies[bool(self.asked)]
        start, head = _part(body, fields)
        end = len(body) if self.asked else self._cut
        self.asked.append(fields)
        self.sent.append(end - start)
        client.sendall(head + body[start:end])


def tag(body):
    """The ETag of a body: different for different ones."""
    return f'"{len(body):x}-{sum(body[:4_096]):x}"'


def _part(body, fields):
    """Where the answer begins in the body, and the answer's head."""
    wanted = re.fullmatch(r"bytes=(\d+)-", fields.get("range", ""))
    start, status, also = 0, "200 OK", ""
    if wanted and fields.get("if-range", tag(body)) == tag(body):
        start, status = int(wanted[1]), "206 Partial Content"
        also = f"Content-Range: bytes {start}-{len(body) - 1}/{len(body)}\r\n"
    head = (f"HTTP/1.1 {status}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body) - start}\r\n"
            f"ETag: {tag(body)}\r\nConnection: close\r\n{also}\r\n")
    return start, head.encode()
