"""TLS for tests: the client's end of a connection."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Files = tuple[Path, Path]


def client_context(authority: Path | None = None) -> ssl.SSLContext:
    """Return what a client trusts: the certificate in the file `authority`, for localhost; with None, anything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(authority)
    return context


class TlsSocket:
    """A client's end of TLS on a connected socket. Never blocks, and has as much of a socket as `live.Client` needs.

    An end of file without a close_notify is a ConnectionError.
    """

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self._unsent = b""
        self.getsockname = sock.getsockname
        self.setsockopt = sock.setsockopt
        self.close = sock.close

    def flush(self) -> None:
        """Send what TLS has to say. Raises BlockingIOError while not all of it is sent."""
        self._unsent += self.outgoing.read()
        while self._unsent:
            self._unsent = self._unsent[self.sock.send(self._unsent) :]

    def shake_hands(self) -> None:
        """Go on with the handshake. Raises BlockingIOError until it is done."""
        try:
            self._tries(self.tls.do_handshake)
        finally:
            self.flush()

    def is_secure_in_memory(self) -> bool:
        """Go on with the handshake without the socket; return whether it is done."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def is_secure(self) -> bool:
        """Go on with the handshake; return whether it is done."""
        try:
            self.shake_hands()
        except BlockingIOError:
            return False
        return True

    def send(self, data: bytes | memoryview) -> int:
        self.shake_hands()
        count = self.tls.write(data[: 1 << 14])
        with contextlib.suppress(BlockingIOError):
            self.flush()
        return count

    def recv(self, limit: int) -> bytes:
        self.shake_hands()
        try:
            return self._tries(lambda: self.tls.read(limit))
        except ssl.SSLZeroReturnError:
            return b""

    def _tries(self, act: Callable[[], T]) -> T:
        """Try to `act`, with all that has come. Raises BlockingIOError if that is not enough."""
        while True:
            try:
                return act()
            except ssl.SSLWantReadError:
                self.flush()
            except ssl.SSLEOFError as error:
                raise ConnectionAbortedError(str(error)) from error
            if chunk := self.sock.recv(1 << 16):
                self.incoming.write(chunk)
            else:
                self.incoming.write_eof()

    def shutdown(self, how: int) -> None:
        """Say that nothing more will come, by a close_notify and an end of file, and still read."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.flush()
        self.sock.shutdown(how)
