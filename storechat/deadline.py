"""A connection with one deadline for all that it does.

A socket's own time-out begins again with each byte that comes, so that a peer that sends one a second is never late.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from typing import Any


def left(deadline: float) -> float:
    """Return the seconds until `deadline`, a monotonic time. Raises TimeoutError when there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def dial(host: str, port: int, deadline: float, tls: ssl.SSLContext | None) -> socket.socket:
    """Return a socket that is connected by the deadline; each of the host's addresses has its share of the time.

    Raises OSError, or ValueError for a host that can't be looked up.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for number, (family, kind, protocol, _, where) in enumerate(found, 1):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(left(deadline) / (len(found) - number + 1))
            sock.connect(where)
            sock.settimeout(left(deadline))
            return sock if tls is None else tls.wrap_socket(sock, server_hostname=host)
        except OSError:
            sock.close()
            if number == len(found):
                raise
    raise ConnectionRefusedError  # no address: getaddrinfo raises instead


class TimedSocket(io.RawIOBase):
    """What http.client needs of a socket, within a deadline. The caller closes the socket."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError."""
        rest = memoryview(data)
        while rest:
            self._sock.settimeout(left(self._deadline))
            rest = rest[self._sock.send(rest) :]

    def makefile(self, _: str) -> io.BufferedReader:
        """Return what comes, as a file."""
        return io.BufferedReader(TimedSocket(self._sock, self._deadline))

    def readable(self) -> bool:
        """Return whether it can be read: yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Receive into `buffer`; return how many bytes. Raises OSError."""
        self._sock.settimeout(left(self._deadline))
        return self._sock.recv_into(buffer)
