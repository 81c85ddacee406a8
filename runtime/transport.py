"""Transports: how bytes go to and from a peer. Plain TCP for now; the loop knows nothing but `Transport`.

A TLS transport turns `ssl.SSLWantReadError` and `ssl.SSLWantWriteError` into BlockingIOError, since any other OSError
means that the peer is lost, and keeps which of them it was for `wants`, which is asked after each `receive`, and after
each `send` that leaves something.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Protocol

from chat.delivery.outbox import Buffer


class Transport(Protocol):
    """A peer's bytes, in and out; nothing waits."""

    pending: bool  # bytes are here that the poller knows nothing of, and that `receive` would return
    is_plain: bool  # nothing is ever pending, and it wants no more and no less than the loop does

    def fileno(self) -> int:
        """Return the descriptor for the poller."""

    def wants(self, reading: bool, writing: bool) -> tuple[bool, bool]:
        """Return what to watch the descriptor for, so that `receive` or `send` can go on.

        `reading` and `writing` say what the loop wants to do. The answer may differ: TLS may have to read before it can
        write, or the other way round. The loop then tries what it wanted as soon as any of these is reported.
        """

    def receive(self, limit: int) -> bytes:
        """Return up to `limit` bytes, b"" at the end. Raises BlockingIOError when there are none; or OSError."""

    def send(self, buffers: list[Buffer]) -> int:
        """Write without waiting; return the number of bytes written. Raises BlockingIOError for none, or OSError."""

    def send_one(self, buffer: Buffer) -> int:
        """Do the same with one buffer. Most messages of the room go this way (chat.delivery.fanout)."""

    def shut(self) -> None:
        """Shut down writing, so that the peer gets an end of file."""

    def close(self) -> None:
        """Close the descriptor."""


class PlainTransport:
    """A non-blocking socket, owned by the transport."""

    __slots__ = ("_send_many", "receive", "send_one", "sock")

    pending = False
    is_plain = True

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.receive = sock.recv
        self.send_one: Callable[[Buffer], int] = sock.send
        self._send_many = getattr(sock, "sendmsg", None)  # Windows has none

    def fileno(self) -> int:
        """See Transport."""
        return self.sock.fileno()

    def wants(self, reading: bool, writing: bool) -> tuple[bool, bool]:
        """See Transport: just that."""
        return reading, writing

    def send(self, buffers: list[Buffer]) -> int:
        """See Transport."""
        if len(buffers) == 1:
            return self.send_one(buffers[0])
        if self._send_many is not None:
            count: int = self._send_many(buffers)
            return count
        return self.send_one(b"".join(buffers))

    def shut(self) -> None:
        """See Transport."""
        with contextlib.suppress(OSError):  # the peer has closed first
            self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """See Transport."""
        self.sock.close()
