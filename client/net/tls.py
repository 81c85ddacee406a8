"""A connection over TLS, and how its certificate is looked at.

OpenSSL's objects are not made for two threads at once, and before Python 3.13 `ssl` does not guard them. So the TLS
here has no socket: it is an SSLObject between two buffers in memory, and every call of it holds `_tls`, which nobody
holds while a socket makes them wait. The reading thread receives from the socket and decrypts; the sending thread
encrypts and sends. Neither waits for the other longer than some bytes take to be encrypted.

    socket --recv--> `_incoming` --read--> bytes        bytes --write--> `_outgoing` --sendall--> socket

What TLS itself has to say after the handshake (the answer to a key update) waits in `_outgoing` and goes with the next
thing that is sent, which is as early as RFC 8446 wants it (4.6.3).
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from pathlib import Path

from client.net.stream import CHUNK, address_of, received, shut_down
from protocol.certificates import fingerprint, public_key

HANDSHAKE_TIMEOUT = 10  # seconds
_RECORDS = (b"\x16", b"\x15")  # the first byte of a server that speaks TLS: its part of the handshake, or an alert


class NotTls(Exception):  # noqa: N818  (a finding)
    """The server's first bytes are not TLS; `said` are those."""

    def __init__(self, said: bytes) -> None:
        super().__init__(said)
        self.said = said


class TlsStream:
    """A connected socket, which it takes over, and the TLS over it, once the handshake is done (`shake_hands`)."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        # A zone (fe80::1%eth0) is this machine's affair, and a dot at the end is in no certificate.
        name = host.partition("%")[0].rstrip(".")
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self._tls = threading.Lock()  # over the three; see above
        self._sending = threading.Lock()  # over the socket, as far as something is sent
        self.address = address_of(sock)
        self.fingerprint = self.key = ""  # of the certificate that the server has shown, and of the public key in it

    # --- the handshake -------------------------------------------------------------------------------------------

    def shake_hands(self) -> None:
        """Do the handshake. Raises NotTls; ssl.SSLError and other OSErrors, such as TimeoutError; and ValueError.

        Nothing of ours is sent by it but what TLS needs, which is the host's name.
        """
        self._sock.settimeout(HANDSHAKE_TIMEOUT)
        deadline = time.monotonic() + HANDSHAKE_TIMEOUT
        self._take(self._begin())
        while not self._steps():
            chunk = received(self._sock, max(0.0, deadline - time.monotonic()))
            if chunk is None:
                raise TimeoutError
            self._take(chunk)
        self._sock.settimeout(None)
        certificate = self._object.getpeercert(binary_form=True) or b""
        self.fingerprint, self.key = fingerprint(certificate), public_key(certificate)

    def _begin(self) -> bytes:
        """Send the first message; return what the server answers. Raises NotTls if that is no TLS, TimeoutError."""
        try:
            self._steps()
            chunk = received(self._sock, HANDSHAKE_TIMEOUT)
        except ConnectionError:  # it closes, and has not read what we sent
            chunk = b""
        if chunk is None:
            raise TimeoutError
        if chunk[:1] not in _RECORDS:
            raise NotTls(chunk)
        return chunk

    def _steps(self) -> bool:
        """Take the handshake as far as what has come allows; return whether it is done. Raises OSError."""
        is_done = True
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            is_done = False
        except ssl.SSLError:
            with contextlib.suppress(OSError):
                self._sock.sendall(self._outgoing.read())  # the alert: why we leave
            raise
        self._sock.sendall(self._outgoing.read())
        return is_done

    # --- what is sent and received -------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """See Stream."""
        with self._sending:
            with self._tls:
                rest = memoryview(data)
                while rest:  # a record at a time
                    rest = rest[self._object.write(rest) :]
                encrypted = self._outgoing.read()
            self._sock.sendall(encrypted)

    def receive(self, timeout: float) -> bytes | None:
        """See Stream."""
        decrypted = self._decrypted()  # what came with the end of the handshake
        if decrypted is not None:
            return decrypted
        chunk = received(self._sock, timeout)
        if chunk is None:
            return None
        self._take(chunk)
        return self._decrypted()

    def _take(self, chunk: bytes) -> None:
        with self._tls:
            if chunk:
                self._incoming.write(chunk)
            else:
                self._incoming.write_eof()

    def _decrypted(self) -> bytes | None:
        """Return all that can be read: None for nothing, b"" for the end, whether TLS says farewell or not."""
        pieces: list[bytes] = []
        with self._tls:
            try:
                while piece := self._object.read(CHUNK):
                    pieces.append(piece)
            except ssl.SSLWantReadError:
                return b"".join(pieces) or None
            except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
                pass
        return b"".join(pieces)

    def end(self) -> None:
        """See Stream. The server gets the farewell of TLS, if that needs no waiting."""
        if self._sending.acquire(blocking=False):
            with contextlib.suppress(OSError, ValueError):
                self._say_farewell()
            self._sending.release()
        shut_down(self._sock)

    def _say_farewell(self) -> None:
        """Send the farewell. Raises OSError, ValueError."""
        with self._tls:
            with contextlib.suppress(ssl.SSLWantReadError):  # the server's farewell, for which nobody waits
                self._object.unwrap()
            farewell = self._outgoing.read()
        _, writable, _ = select.select([], [self._sock], [], 0)
        if writable:
            self._sock.send(farewell)

    def close(self) -> None:
        """See Stream."""
        self._sock.close()


def _restricted(context: ssl.SSLContext) -> ssl.SSLContext:
    """Return `context`, with TLS 1.2 at least, and no second handshake, which would stop what is being sent."""
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


def vouching(authorities: Path | None) -> ssl.SSLContext:
    """Return a context that takes what the system's authorities, or those in a file, vouch for. Raises OSError."""
    context = _restricted(ssl.create_default_context(cafile=authorities))
    if authorities is not None:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the file may hold the server's own certificate
    return context


def unchecked() -> ssl.SSLContext:
    """Return a context that takes any certificate, for a caller that looks at its fingerprint before it sends."""
    context = _restricted(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
