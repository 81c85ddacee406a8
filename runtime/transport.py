"""Transports: how bytes go to and from a peer. Plain TCP here, TLS in runtime.tls; the loop knows only `Transport`.

A transport may itself have something to write: what `send` has not counted yet, or TLS' own messages. `wants` is asked
after each `receive`, and after each `send` that leaves something.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Protocol

from chat.delivery.outbox import Buffer


class Transport(Protocol):
    """A peer's bytes, in and out; nothing waits."""

    sock: socket.socket
    pending: bool  # there may be bytes that the poller knows nothing of, and that `receive` would return
    is_plain: bool  # nothing is ever pending, and it wants no more and no less than the loop does
    handshaking: bool  # `shake_hands` has to be called before anything can be received or sent
    truncated: bool  # the end that was received may not be the peer's own

    def fileno(self) -> int:
        """Return the descriptor for the poller."""

    def wants(self, reading: bool, writing: bool) -> tuple[bool, bool]:
        """Return what to watch the descriptor for, so that `receive` or `send` can go on.

        `reading` and `writing` say what the loop wants to do. The answer may differ: TLS may have to read before it can
        write, or the other way round. The loop then tries what it wanted as soon as any of these is reported.
        """

    def shake_hands(self) -> None:
        """Go on with the handshake; when it is done, `handshaking` is False. Raises OSError when it has failed."""

    def receive(self, limit: int) -> bytes:
        """Return up to `limit` bytes, b"" at the end. Raises BlockingIOError when there are none; or OSError."""

    def take_overhead(self) -> int:
        """Return the number of bytes that came since the last call and were no content for `receive` to return."""

    def send(self, buffers: list[Buffer]) -> int:
        """Write without waiting; return the number of bytes written, so that the next call begins with the others.

        Raises BlockingIOError if nothing could be written; or OSError.
        """

    def send_one(self, buffer: Buffer) -> int:
        """Do the same with one buffer. Most messages of the room go this way (chat.delivery.fanout)."""

    def shut(self) -> bool:
        """Shut down writing, so that the peer gets an end of file; return False if it has to be called again."""

    def close(self) -> None:
        """Close the descriptor."""


class PlainTransport:
    """A non-blocking socket, owned by the transport."""

    __slots__ = ("_send_many", "receive", "send_one", "sock")

    is_plain = True
    pending = handshaking = truncated = False

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

    def shake_hands(self) -> None:
        """See Transport: there is none."""

    def take_overhead(self) -> int:
        """See Transport: there is none."""
        return 0

    def send(self, buffers: list[Buffer]) -> int:
        """See Transport."""
        if len(buffers) == 1:
            return self.send_one(buffers[0])
        if self._send_many is not None:
            count: int = self._send_many(buffers)
            return count
        return self.send_one(b"".join(buffers))

    def shut(self) -> bool:
        """See Transport."""
        with contextlib.suppress(OSError):  # the peer has closed first
            self.sock.shutdown(socket.SHUT_WR)
        return True

    def close(self) -> None:
        """See Transport."""
        self.sock.close()
