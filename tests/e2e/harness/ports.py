"""Ports on loopback: free ones, ones that answer, and one that surely refuses."""

import socket
import time


def free_ports(count):
    """Different ports that nobody holds now. Another program may take one before it is used."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in taken]
    for each in taken:
        each.close()
    return ports


def answers(port):
    """Whether something accepts connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def wait_for_port(port, limit=10):
    """Returns once something accepts connections there; says whether it did."""
    until = time.monotonic() + limit
    while time.monotonic() < until:
        if answers(port):
            return True
        time.sleep(0.02)
    return False


class RefusingPort:
    """A port that is bound but does not listen: connections are refused, and no other program can take it."""

    def __enter__(self):
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        return self._socket.getsockname()[1]

    def __exit__(self, *_):
        self._socket.close()
