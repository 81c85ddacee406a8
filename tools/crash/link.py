"""Link: a client's socket with a network that fails, anywhere in the bytes of a frame.

A link is given a number of bytes that it still carries up or down, and how it ends after them: "end", as if closed
by the other side; "reset"; or "hang", where the socket stays open, nothing is read, and the server has to find out by
itself.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl

from tools.shared.sockets import reset
from tools.shared.tls import client_context

_CHUNK = 64 * 1024
ENDS, WAYS = ("end", "reset", "hang"), ("up", "down")


class CutError(Exception):
    """The link is gone."""


class Link:
    """One connection to the server, which may not be there. What is sent waits until `flush`."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.waits = b""  # to be sent
        self.listens_at = 0.0  # until then nothing is read, monotonic seconds
        self.heard_at = self.patience = 0.0  # monotonic seconds, and seconds of silence until the member gives it up
        self.how = ""  # one of ENDS, once `fail` has chosen it
        self._left = dict.fromkeys(WAYS, _CHUNK)  # bytes until the end
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.sock.connect_ex(address) not in (0, errno.EINPROGRESS):
            self.sock.close()
            raise CutError

    def say(self, content: bytes) -> None:
        """Send `content` with the next `flush`."""
        self.waits += content

    def fail(self, how: str, way: str, after: int) -> None:
        """End in the way `how`, one of ENDS, after `after` more bytes "up" or "down"."""
        self.how = how
        self._left[way] = after

    def flush(self) -> None:
        """Send what the kernel takes. Raises CutError."""
        try:
            count = self.sock.send(self.waits[: self._left["up"]]) if self.waits else 0
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            raise CutError from None
        self.waits = self.waits[count:]
        self._pass("up", count)

    def receive(self) -> bytes:
        """Return what has come. Raises CutError."""
        try:
            chunk = self.sock.recv(min(_CHUNK, max(1, self._left["down"])))
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError:
            raise CutError from None
        if not chunk:
            raise CutError
        return chunk if not self.how else chunk[: self._left["down"]]

    def received(self, count: int) -> None:
        """Note that `count` bytes were taken. Raises CutError when they were the last that the link carries."""
        self._pass("down", count)

    def _pass(self, way: str, count: int) -> None:
        if self.how:
            self._left[way] -= count
            if self._left[way] <= 0:
                raise CutError

    def close(self) -> None:
        """Close the socket, with a reset if that is how the link ends."""
        with contextlib.suppress(OSError):  # the other end may have been quicker
            if self.how == "reset":
                reset(self.sock)
            else:
                self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


class TlsLink(Link):
    """A link in TLS: it fails anywhere in the bytes of a record or of a handshake."""

    _context = client_context()

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = self._context.wrap_bio(self._incoming, self._outgoing)
        self._unsaid = b""  # until the handshake is done
        self._secure = False
        self._count = 0  # bytes of the last `receive`, encrypted
        self._go_on()

    def say(self, content: bytes) -> None:
        """See Link."""
        self._unsaid += content
        self._go_on()

    def receive(self) -> bytes:
        """See Link: what is complete of it."""
        chunk = super().receive()
        self._count = len(chunk)
        self._incoming.write(chunk)
        parts: list[bytes] = []
        try:
            self._go_on()
            while self._secure and (part := self._tls.read(_CHUNK)):
                parts.append(part)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:  # such as a greeting in text, for a hello that did not come in time
            raise CutError from None
        return b"".join(parts)

    def received(self, count: int) -> None:
        """See Link: it is the encrypted bytes that count."""
        super().received(self._count)

    def _go_on(self) -> None:
        with contextlib.suppress(ssl.SSLWantReadError):
            if not self._secure:
                self._tls.do_handshake()
                self._secure = True
            if self._unsaid:
                self._tls.write(self._unsaid)
                self._unsaid = b""
        self.waits += self._outgoing.read()
