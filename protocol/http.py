"""HTTP/1.1 as far as a page needs it: requests without a body, their responses, and HttpCodec. (RFC 9110, RFC 9112)

    GET /app.js HTTP/1.1 CR LF      the head: a request line, header lines, an empty line; at most HEAD_LIMIT bytes
    Host: localhost:8001 CR LF
    CR LF

A connection carries one request, because `select` has few descriptors and an idle browser would keep six of them. What
a request is answered is not decided here: HttpCodec passes it to a Responder. That returns a Response or, where the
request asks for another protocol (a WebSocket), the codec that reads the connection from then on.

What is wrong with a request is an HttpError, whose response says so in a line of text. A line may end in a bare LF, so
that a person can type a request. That is safe, since nothing behind us reads the same bytes and finds another end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

from protocol.codec import Codec, Received
from protocol.text import ascii_line

HEAD_LIMIT = 16 * 1024  # what browsers send has less than 2 KiB
_QUOTED = 80  # characters of a peer's words in an answer

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_BEGUN = 3  # bytes of it that may have come
_LINE_END = re.compile(rb"\r?\n")
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e]+) HTTP/(\d)\.(\d)" % _TOKEN)
_FIELD = re.compile(rb"(%b):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*" % _TOKEN)
_AUTHORITY = re.compile(r"https?://[^/?]*", re.IGNORECASE)


class Request(NamedTuple):
    """One request. `path` is without its query; the names of `headers` are in lower case, and none comes twice."""

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def head(self) -> bytes:
        """The head of this request, as another reader of HTTP takes it."""
        fields = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{fields}\r\n".encode("latin-1")


class Response(NamedTuple):
    """An answer, after which the connection is closed."""

    status: HTTPStatus
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def encode(self, with_body: bool = True) -> bytes:
        """Return the bytes of the response; for HEAD without the body that it tells the length of."""
        fields = [*self.headers, ("Connection", "close")]
        if self.status is not HTTPStatus.NOT_MODIFIED:
            fields.append(("Content-Length", str(len(self.body))))
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        head = f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\n{lines}\r\n".encode("latin-1")
        return head + self.body if with_body else head


Responder = Callable[[Request], "Response | Codec"]


class HttpError(Exception):
    """A request that can't be served; `response` says why."""

    def __init__(self, status: HTTPStatus, why: str, *headers: tuple[str, str]) -> None:
        super().__init__(why)
        self.response = text_response(status, why, *headers)


def text_response(status: HTTPStatus, text: str, *headers: tuple[str, str]) -> Response:
    """Return a response with one line of plain text, which nobody keeps and no browser takes for anything else."""
    plain = (("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"))
    return Response(status, (*plain, ("Cache-Control", "no-store"), *headers), f"{text}\n".encode())


def parse_head(head: bytes) -> Request:
    """Return the request that `head` is, given without the empty line at its end. Raises HttpError."""
    first, *lines = _LINE_END.split(head)
    method, target, version = _request_line(first)
    headers: dict[str, str] = {}
    for line in lines:
        name, value = _field(line)
        if name in headers and name in ("host", "content-length"):
            raise _bad(f"it has two {name} headers")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if version == (1, 1) and "host" not in headers:
        raise _bad("it has no Host header")
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        why = "Requests with a body are not served here."
        raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why) if method in ("GET", "HEAD") else not_allowed(method)
    return Request(method, _AUTHORITY.sub("", target, count=1).partition("?")[0] or "/", headers)


def not_allowed(method: str) -> HttpError:
    """Return the error for a method that no path here has."""
    why = f"The method {ascii_line(method[:_QUOTED])} is not served here."
    return HttpError(HTTPStatus.METHOD_NOT_ALLOWED, why, ("Allow", "GET, HEAD"))


def _request_line(line: bytes) -> tuple[str, str, tuple[int, int]]:
    found = _REQUEST_LINE.fullmatch(line)
    if found is None:
        raise _bad("its first line is not METHOD PATH HTTP/1.1")
    version = int(found[3]), int(found[4])
    if version not in ((1, 0), (1, 1)):
        raise HttpError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "Only HTTP/1.1 and 1.0 are served here.")
    return found[1].decode(), found[2].decode(), version


def _field(line: bytes) -> tuple[str, str]:
    found = _FIELD.fullmatch(line)
    if found is None:
        raise _bad(f"this is no header line: {ascii_line(line[:_QUOTED].decode('latin-1'))}")
    return found[1].decode().lower(), found[2].decode("latin-1")


def _bad(why: str) -> HttpError:
    return HttpError(HTTPStatus.BAD_REQUEST, f"That request was not understood: {why}.")


class HttpCodec:
    """Reads one request and answers it. The payloads, if any come, are the successor's."""

    dropped = 0

    def __init__(self, respond: Responder) -> None:
        """Answer with `respond`, which may raise HttpError."""
        self._respond = respond
        self.hides_typing = False
        self._buffer = bytearray()
        self._replies = b""
        self.over = False
        self.served = False  # with a page; not with an error
        self.successor: Codec | None = None  # reads the connection from the answer on

    def feed(self, chunk: bytes) -> list[Received]:
        """Take in a part of the head; return the payloads that the successor finds behind it. See Codec."""
        if self.over:
            return []
        searched = max(0, len(self._buffer) - _BEGUN)
        self._buffer += chunk
        end = _HEAD_END.search(self._buffer, searched)
        size = len(self._buffer) - _BEGUN if end is None else end.start()
        if size > HEAD_LIMIT:
            why = f"The head of that request is over {HEAD_LIMIT} bytes."
            self._finish(HttpError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, why).response)
        elif end is not None:
            rest = bytes(self._buffer[end.end() :])
            return self._answer(bytes(self._buffer[:size]), rest)
        return []

    def _answer(self, head: bytes, rest: bytes) -> list[Received]:
        try:
            answer = self._respond(parse_head(head))
        except HttpError as error:
            answer = error.response
        if isinstance(answer, Response):
            self._finish(answer)
            return []
        self._buffer.clear()
        self.successor = answer
        payloads = answer.feed(rest)
        self._replies = answer.replies()
        return payloads

    def _finish(self, response: Response) -> None:
        self._replies = response.encode(with_body=not self._buffer.startswith(b"HEAD "))
        self._buffer.clear()
        self.over, self.served = True, response.status < HTTPStatus.BAD_REQUEST

    def end(self) -> list[Received]:
        """Return nothing: a part of a head is no request."""
        return []

    def replies(self) -> bytes:
        """Return the response, once."""
        replies, self._replies = self._replies, b""
        return replies

    def farewell(self) -> bytes:
        """Return nothing: the end of the stream ends a response."""
        return b""

    @staticmethod
    def encode(payload: bytes) -> bytes:
        """Return `payload`: a response as a whole (protocol.dialects.http)."""
        return payload
