"""TLS on an accepted socket: a transport like the plain one, once its handshake is done.

OpenSSL never sees the socket. It reads and writes memory (`ssl.MemoryBIO`), and this file moves the bytes:

    socket -> incoming -> OpenSSL -> chunks        buffers -> OpenSSL -> outgoing -> unsent -> socket

So the bytes by which TLS was recognised are simply the first of `incoming`, OpenSSL never waits for the socket to be
writable while it reads, and it never asks for the same buffer twice. A send costs as much as with `ssl.SSLSocket`
(2.2 us instead of 2.1 for 60 bytes, 1.0 of them for the socket, on a machine where a handshake costs 400 us with an
RSA key of 2,048 bits, 180 us with P-256).

The rules that it keeps:
- A byte counts as sent when the kernel has taken the record that it is in. Until then it stays in the outbox, whose
  size and age bound what a slow reader may hold; here there is one record of it at most, encrypted (`_ahead`).
- What TLS says by itself (the handshake, an alert, an answer to a key update) is written as soon as it is there. If a
  peer makes much of that and takes none, it is not read any more (`_BACKLOG`).
- One `receive` takes at most 4 KiB from the socket: those could be 150 key updates, at 16 us each. Bytes that are no
  content are counted (`take_overhead`), and charged to the peer and the turn.
- An end without close_notify may be anybody's doing: `truncated`.

Python does not reach SSL_MODE_RELEASE_BUFFERS, so a connection keeps OpenSSL's buffers of a record while it is idle: in
all it takes some 17 KiB more than a plain one.
"""

from __future__ import annotations

import contextlib
import socket
import ssl

from chat.delivery.outbox import Buffer
from chat.limits import KIB

_RECORD = 16 * KIB  # the most that a record holds
_CHUNK = 4 * KIB  # bytes from the socket at a time
_BACKLOG = 2 * _RECORD  # encrypted bytes that a peer may leave and still be read


class TlsTransport:
    """A non-blocking socket, owned by the transport, on which the peer has begun TLS with the bytes `start`.

    It has many attributes, because a record and a send end at different bytes: OpenSSL and the socket each have their
    buffers, their own end, and what they owe the other.
    """

    is_plain = False
    __slots__ = (
        "_ahead",
        "_failure",
        "_incoming",
        "_outgoing",
        "_overhead",
        "_shutting",
        "_tls",
        "_unsent",
        "handshaking",
        "pending",
        "sock",
        "truncated",
    )

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, start: bytes) -> None:
        self.sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._incoming.write(start)
        self._unsent = b""  # encrypted, and not taken by the kernel yet
        self._ahead = 0  # bytes of the outbox that are in `_unsent`
        self._failure: ssl.SSLError | None = None  # in what came after the bytes that `receive` has returned
        self._overhead = 0  # bytes from the socket, less those of content, and less those that were told
        self._shutting = False
        self.handshaking = True
        self.pending = bool(start)
        self.truncated = False

    def fileno(self) -> int:
        """See Transport."""
        return self.sock.fileno()

    def wants(self, reading: bool, writing: bool) -> tuple[bool, bool]:
        """See Transport."""
        return reading and len(self._unsent) <= _BACKLOG, writing or (reading and bool(self._unsent))

    # --- the handshake -------------------------------------------------------------------------------------------

    def shake_hands(self) -> None:
        """Go on with the handshake; when it is done, `handshaking` is False. Raises OSError when it has failed."""
        if not self.pending:
            try:
                self._take_in()
            except (BlockingIOError, InterruptedError):
                self._flush()
                return
            if self.truncated:
                raise ConnectionAbortedError
        self.pending = False
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        finally:
            self._flush()  # a failure is told by an alert
        self.handshaking = False
        self.pending = self._incoming.pending > 0  # what the peer said right behind its last message
        self._overhead = 0

    # --- reading -------------------------------------------------------------------------------------------------

    def receive(self, limit: int) -> bytes:
        """See Transport."""
        self._flush()
        if len(self._unsent) > _BACKLOG:
            raise BlockingIOError
        if self._shutting:
            return self._drain()
        if not self.pending:
            self._take_in()
            if self.truncated:
                return b""
        try:
            chunk = self._decrypt(limit)
        finally:
            self._flush()  # a failure is told by an alert, too
        if chunk is None:
            raise BlockingIOError
        self._overhead -= len(chunk)
        return chunk

    def _take_in(self) -> None:
        """Take bytes from the socket, or its end. Raises BlockingIOError when there are none; or OSError.

        OpenSSL does not get to know of an end without close_notify: it would send nothing any more.
        """
        data = self.sock.recv(_CHUNK)
        self._overhead += len(data)
        self._incoming.write(data)
        self.truncated = not data

    def _decrypt(self, limit: int) -> bytes | None:
        """Return up to `limit` bytes of what was taken in, b"" at the end, None if there is no whole record."""
        if self._failure is not None:
            raise self._failure
        parts: list[bytes] = []
        self.pending = True  # so that a close_notify is met again by the next call, or a failure
        try:
            while limit > 0:
                part = self._tls.read(limit)
                if not part:  # a close_notify
                    break
                parts.append(part)
                limit -= len(part)
        except ssl.SSLWantReadError:
            self.pending = False
            return b"".join(parts) or None
        except ssl.SSLError as error:
            self._failure = error
            if not parts:
                raise
        return b"".join(parts)

    def _drain(self) -> bytes:
        """Drop what comes after our close_notify; return b"" at the end."""
        if self.sock.recv(_CHUNK):
            raise BlockingIOError
        return b""

    def take_overhead(self) -> int:
        """See Transport. A part of a record is overhead until the rest has come; what follows is less by it then."""
        overhead = max(0, self._overhead)
        self._overhead -= overhead
        return overhead

    # --- writing -------------------------------------------------------------------------------------------------

    def send(self, buffers: list[Buffer]) -> int:
        """See Transport."""
        return self.send_one(buffers[0] if len(buffers) == 1 else b"".join(buffers))

    def send_one(self, buffer: Buffer) -> int:
        """See Transport. `buffer` begins with what the last call did not count as written."""
        if self.handshaking:
            raise BlockingIOError
        waiting = len(self._unsent)
        if not self._flush():
            if len(self._unsent) == waiting:
                raise BlockingIOError
            return 0
        plain = memoryview(buffer)
        done, self._ahead = self._ahead, 0
        while done < len(plain):
            count = self._tls.write(plain[done : done + _RECORD])
            if not self._flush():
                self._ahead = count
                break
            done += count
        return done

    def _flush(self) -> bool:
        """Write what is encrypted; return whether the kernel has taken all of it."""
        if self._outgoing.pending:
            self._unsent += self._outgoing.read()
        if self._unsent:
            try:
                self._unsent = self._unsent[self.sock.send(self._unsent) :]
            except (BlockingIOError, InterruptedError):
                return False
        return not self._unsent

    # --- the end -------------------------------------------------------------------------------------------------

    def shut(self) -> bool:
        """See Transport: a close_notify goes first."""
        if not self._shutting:
            self._shutting, self.pending = True, False
            if not self.handshaking:
                with contextlib.suppress(ssl.SSLError):  # it wants the peer's in return, or the connection is broken
                    self._tls.unwrap()
            self.handshaking = False
        with contextlib.suppress(OSError):
            if not self._flush():
                return False
            self.sock.shutdown(socket.SHUT_WR)
        return True

    def close(self) -> None:
        """See Transport. The peer is told that this end is ours, if the kernel takes that."""
        self.shut()
        self.sock.close()
