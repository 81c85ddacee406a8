"""A key-value store over HTTP, read and written; each failure becomes a row of the table of errors.

Each request has a connection and a deadline of its own, so that a late answer is lost instead of
reaching the wrong request, and one that comes byte by byte is late.

A store that sends versions (kvstore.py: the header `Version`) is asked to answer once the value has changed. Any other
is read again and again. Its values are compared: an ETag is no help, because nginx makes it of the
size and the second, and two letters of one second are often equally long.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from client.cli.store_address import Address
from protocol.errors import ErrorCode, ProtocolError
from protocol.text import excerpt
from storechat.core.letter import LETTER_LIMIT
from storechat.deadline import TimedSocket, dial

_OK, _NOT_MODIFIED, _NOT_FOUND, _GONE = 200, 304, 404, 410


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    reason: str
    version: str | None
    body: bytes

    @property
    def summary(self) -> str:
        """Status and reason, for a sentence."""
        return excerpt(f"{self.status} {self.reason}")


class HttpStore:
    """One key to read and one to write. `read` and `write` may run at the same time, on two threads."""

    def __init__(self, where: Address, timeout: float) -> None:
        """Give each request `timeout` seconds, and once more as many where it waits for a change."""
        self.where = where
        self.timeout = timeout
        self._version: str | None = None  # of what was read last; None for a store that sends none
        self._value: bytes | None = None
        self._tls = ssl.create_default_context() if where.secure else None
        self._open: set[socket.socket] = set()
        self._closed = False
        self._lock = threading.Lock()

    @property
    def tells_changes(self) -> bool:
        """Whether `read` waits until something has changed."""
        return self._version is not None

    def read(self, key: str, whose: str) -> bytes | None:
        """Return the value of `key`, which is `whose`; None if it is the one before. Raises ProtocolError."""
        query = {} if self._version is None else {"after": self._version, "wait": f"{self.timeout:g}"}
        answer = self._ask("GET", key, query)
        if answer.status in (_OK, _NOT_MODIFIED, _NOT_FOUND, _GONE):
            changed = answer.version is None or answer.version != self._version
            self._version = answer.version
        if answer.status in (_NOT_FOUND, _GONE):
            raise ProtocolError(ErrorCode.KEY_MISSING, name=whose)
        if answer.status >= 500:
            raise ProtocolError(ErrorCode.STORE_FAILED, why=answer.summary)
        if answer.status not in (_OK, _NOT_MODIFIED):
            raise ProtocolError(ErrorCode.READ_REFUSED, why=answer.summary)
        if answer.status == _NOT_MODIFIED or not changed or (answer.version is None and answer.body == self._value):
            return None
        self._value = answer.body
        return answer.body

    def forget(self) -> None:
        """Let the next `read` return the value even if it is unchanged: the copy that came was of no use."""
        self._value = None
        if self._version is not None:
            self._version = ""

    def write(self, key: str, value: bytes) -> None:
        """Put `value` under `key`. Raises ProtocolError; it may have been put all the same."""
        answer = self._ask("PUT", key, {}, value)
        if answer.status >= 500:
            raise ProtocolError(ErrorCode.STORE_FAILED, why=answer.summary)
        if not 200 <= answer.status < 300:
            raise ProtocolError(ErrorCode.WRITE_REFUSED, why=answer.summary)

    def close(self) -> None:
        """End the requests that are under way, and refuse any more."""
        with self._lock:
            self._closed = True
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _ask(self, method: str, key: str, query: dict[str, str], body: bytes | None = None) -> _Response:
        """Carry a request and its answer. Raises ProtocolError."""
        timeout = self.timeout * (2 if query else 1)
        target = self.where.path + quote(key) + ("?" + urlencode(query) if query else "")
        try:
            with self._connection(timeout) as connection:
                connection.request(method, target, body)
                response = connection.getresponse()
                content = response.read(LETTER_LIMIT + 1)
                if response.length and len(content) <= LETTER_LIMIT:
                    raise ProtocolError(ErrorCode.ANSWER_LOST)
                return _Response(response.status, response.reason, response.headers.get("Version"), content)
        except TimeoutError:
            raise ProtocolError(ErrorCode.STORE_SILENT, seconds=f"{timeout:g}") from None
        except (ConnectionError, http.client.IncompleteRead):
            raise ProtocolError(ErrorCode.ANSWER_LOST) from None
        except http.client.HTTPException as error:
            raise ProtocolError(ErrorCode.STORE_FAILED, why=f"no HTTP: {excerpt(repr(error))}") from None
        except OSError as error:
            raise ProtocolError(ErrorCode.STORE_GONE, why=_why(error)) from None

    @contextlib.contextmanager
    def _connection(self, timeout: float) -> Iterator[http.client.HTTPConnection]:
        """Return a connection to the store for one request of so many seconds. Raises OSError or ProtocolError."""
        where, deadline = self.where, time.monotonic() + timeout
        try:
            sock = dial(where.host, where.port, deadline, self._tls)
        except TimeoutError:
            raise
        except (OSError, ValueError) as error:
            raise ProtocolError(ErrorCode.STORE_GONE, why=_why(error)) from None
        try:
            with self._lock:
                if self._closed:
                    raise ConnectionAbortedError
                self._open.add(sock)
            yield self._speaking_http(TimedSocket(sock, deadline))
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()

    def _speaking_http(self, sock: TimedSocket) -> http.client.HTTPConnection:
        connection = (
            http.client.HTTPConnection(self.where.host, self.where.port)
            if self._tls is None
            else http.client.HTTPSConnection(self.where.host, self.where.port, context=self._tls)
        )
        connection.sock = sock
        return connection


def _why(error: OSError | ValueError) -> str:
    """Return why there is no way to the store, for a sentence. A ValueError is a host that can't be looked up."""
    if isinstance(error, socket.gaierror | ValueError):
        return "its host is not known"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    return excerpt(error.strerror or str(error))
