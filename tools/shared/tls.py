"""TLS for the clients of tools and tests: a socket in TLS that never blocks, over a real one.

Within `in_tls` every server of tools.shared.programs has a certificate and every connection of tools.shared.sockets
speaks TLS, those of child processes, too.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

_FOLDER = "CHAT_TOOLS_TLS"  # the environment's: where the certificate is
_TIMEOUT = 60.0  # seconds for a handshake, and for all that is sent to be taken
_GRACE = "3"  # seconds until a server greets who keeps silent
_RECORDS = (b"\x16", b"\x15", b"")  # how a server that speaks TLS begins: with its hello, or an alert; or it is gone
_READ = 1024  # bytes that ssl reads at a time
_SUBJECT = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
KEYS = {"P-256": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), "RSA-2048": ("rsa:2048",), "RSA-4096": ("rsa:4096",)}
T = TypeVar("T")


def make_certificate(folder: str, key: str = "P-256") -> tuple[str, str]:
    """Make a certificate for localhost in `folder`; return its file and that of its key."""
    cert_file, key_file = f"{folder}/cert.pem", f"{folder}/key.pem"
    files = ("-keyout", key_file, "-out", cert_file)
    command = ("openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", *KEYS[key], *files, *_SUBJECT)
    subprocess.run(command, check=True, capture_output=True)
    return cert_file, key_file


@contextlib.contextmanager
def in_tls(wanted: bool = True, key: str = "P-256") -> Iterator[None]:
    """Speak TLS, if that is `wanted`, with a new certificate."""
    if not wanted:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="chat-tools-") as folder:
        make_certificate(folder, key)
        os.environ[_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[_FOLDER]


def server_options() -> list[str]:
    """Return the options that give a server a certificate; none outside `in_tls`.

    A busy machine may keep a tool from beginning TLS at once, and it would be greeted in plain text.
    """
    folder = os.environ.get(_FOLDER)
    if not folder:
        return []
    return ["--tls-cert", f"{folder}/cert.pem", "--tls-key", f"{folder}/key.pem", "--greeting-grace", _GRACE]


def is_wanted() -> bool:
    """Return whether all speak TLS now."""
    return _FOLDER in os.environ


def secured(sock: socket.socket) -> socket.socket:
    """Return a connected socket in TLS, after the handshake; outside `in_tls` as it is. Raises OSError."""
    return connected(sock) if is_wanted() else sock


def connected(sock: socket.socket) -> socket.socket:
    """Return a connected socket in TLS, after the handshake. Raises OSError.

    A server that turns a connection away says so in plain text. The socket is returned as it is then, for that to be
    received; if what we sent comes to a closed connection, a reset follows.
    """
    made = TlsSocket(sock, client_context())
    made.is_secure_in_memory()
    made.flush()
    if not select.select([sock], [], [], _TIMEOUT)[0]:
        raise TimeoutError
    if sock.recv(1, socket.MSG_PEEK) not in _RECORDS:
        return sock
    made.waits_for(made.is_secure)
    return made  # type: ignore[return-value]  # it has as much of one as is used


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
    """A client's end of TLS on a connected socket. Never blocks, and has as much of a socket as the clients use.

    An end of file without a close_notify is a ConnectionError.
    """

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self._unsent = b""
        self._seconds = 0.0  # that `recv` waits
        self.fileno = sock.fileno
        self.getsockname = sock.getsockname
        self.setsockopt = sock.setsockopt
        self.close = sock.close

    def flush(self) -> None:
        """Send what TLS has to say. Raises BlockingIOError while not all of it is sent."""
        self._unsent += self.outgoing.read()
        while self._unsent:
            self._unsent = self._unsent[self.sock.send(self._unsent) :]

    # --- the handshake -------------------------------------------------------------------------------------------

    def shake_hands(self) -> None:
        """Go on with the handshake. Raises BlockingIOError until it is done."""
        try:
            self._tries(self.tls.do_handshake)
        finally:
            self.flush()

    def is_secure(self) -> bool:
        """Go on with the handshake; return whether it is done."""
        try:
            self.shake_hands()
        except BlockingIOError:
            return False
        return True

    def is_secure_in_memory(self) -> bool:
        """Go on with the handshake without the socket; return whether it is done."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def waits_for(self, done: Callable[[], bool]) -> None:
        """Wait until something is `done`, which the peer has to do something for. Raises TimeoutError."""
        while not done():
            if not select.select([self.sock], [self.sock] if self._unsent else [], [], _TIMEOUT)[0]:
                raise TimeoutError

    # --- as a socket ---------------------------------------------------------------------------------------------

    def send(self, data: bytes | memoryview) -> int:
        """Send some of `data`; return how many bytes. Raises BlockingIOError when the kernel is full."""
        self.shake_hands()
        self.flush()
        count = self.tls.write(data[: 1 << 14])
        with contextlib.suppress(BlockingIOError):
            self.flush()
        return count

    def recv(self, limit: int) -> bytes:
        """Return what has come, up to `limit` bytes, or a KiB if that is more.

        Unless that was too little, nothing waits in here that a selector could not know of.
        """
        while True:
            try:
                return self._recv_now(max(1, limit // _READ))
            except BlockingIOError:
                if not (self._seconds and select.select([self.sock], [], [], self._seconds)[0]):
                    raise

    def _recv_now(self, reads: int) -> bytes:
        self.shake_hands()
        parts: list[bytes] = []
        with contextlib.suppress(ssl.SSLZeroReturnError):
            try:
                while len(parts) < reads and (part := self._tries(self.tls.read)):
                    parts.append(part)
            except (BlockingIOError, ConnectionError):
                if not parts:
                    raise
        return b"".join(parts)

    def recv_into(self, buffer: bytearray) -> int:
        """Receive into `buffer`; return how many bytes."""
        chunk = self.recv(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _tries(self, act: Callable[[], T]) -> T:
        """Try to `act`, with all that has come. Raises BlockingIOError if that is not enough."""
        while True:
            try:
                return act()
            except ssl.SSLWantReadError:
                with contextlib.suppress(BlockingIOError):
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

    def setblocking(self, blocking: bool) -> None:
        """Let `recv` wait, or not."""
        self._seconds = _TIMEOUT if blocking else 0.0

    def settimeout(self, seconds: float) -> None:
        """Let `recv` wait for as long."""
        self._seconds = seconds

    def sendall(self, data: bytes) -> None:
        """Send all of `data`. Raises TimeoutError when nothing is taken for long."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self.send(rest) :]
            except BlockingIOError:
                if not select.select([], [self.sock], [], _TIMEOUT)[1]:
                    raise TimeoutError from None
