"""HTTP: what a session is told before its request is answered, which is why it is closed. It never asks for anything:
HttpCodec answers a request itself, and after a handshake the session speaks another dialect."""

from __future__ import annotations

from http import HTTPStatus

from protocol.codec import Codec
from protocol.dialects.dialect import UNREADABLE, Dialect
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Event, Refused
from protocol.http import HttpCodec, text_response
from protocol.requests import Malformed, Request

_STATUSES = {ErrorCode.TOO_SLOW_TO_JOIN.code: HTTPStatus.REQUEST_TIMEOUT}


class _HttpDialect:
    """Responses, and no requests."""

    name = "http"
    codec: type[Codec] = HttpCodec
    echoes = counts = pings = False
    has_hello = True  # a program's request comes at once, as its hello would

    def parse(self, payload: bytes, named: bool, asked: bool = False) -> Request:
        return Malformed(ProtocolError(ErrorCode.NOT_CHAT, fatal=True, what="HTTP"))

    def word(self, payload: bytes, named: bool, asked: bool = False) -> str:
        return UNREADABLE

    def render(self, event: Event) -> bytes:
        """Return the response that `event` is; b"" for what HTTP has no words for."""
        if not isinstance(event, Refused):
            return b""
        return text_response(_STATUSES.get(event.code, HTTPStatus.SERVICE_UNAVAILABLE), event.text).encode()


HTTP: Dialect = _HttpDialect()
