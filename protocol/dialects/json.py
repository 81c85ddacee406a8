"""JSON: objects (protocol.objects), in frames for programs and in the messages of a WebSocket for browsers. What a user
typed is in them as a slash line, so that a new command needs no new client."""

from __future__ import annotations

from dataclasses import replace

from protocol.codec import Codec
from protocol.dialects.dialect import A_NAME, A_PASSWORD, UNREADABLE, Dialect
from protocol.dialects.slash import parse_slash, slash_word
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Event
from protocol.framing import FrameCodec
from protocol.lines import LINE_LIMIT
from protocol.objects import FROM_CLIENT, dump, load
from protocol.requests import Hello, Line, LineRequest, ListHistory, Malformed, Name, Password, Pong, Request, Whisper
from protocol.text import excerpt
from protocol.websocket import WebSocketCodec

_FRAME_WORDS = {Hello: "hello", Name: A_NAME, Password: A_PASSWORD, Pong: "pong"}


class _JsonDialect:
    """Payloads that are JSON objects, whichever codec carries them."""

    echoes = counts = pings = has_hello = True

    def __init__(self, name: str, codec: type[Codec]) -> None:
        self.name = name
        self.codec = codec

    def parse(self, payload: bytes, named: bool, asked: bool = False) -> Request:
        cseq = None
        try:
            request: Line | Request = load(payload, FROM_CLIENT)
            if not isinstance(request, Line):
                return request
            cseq = request.cseq
            return _parse_line(request, named)
        except ProtocolError as error:
            return Malformed(error, cseq)

    def word(self, payload: bytes, named: bool, asked: bool = False) -> str:
        try:
            request = load(payload, FROM_CLIENT)
        except ProtocolError:
            return UNREADABLE
        return slash_word(request.text, named) if isinstance(request, Line) else _FRAME_WORDS[type(request)]

    def render(self, event: Event) -> bytes:
        return dump(event)


def _parse_line(line: Line, named: bool) -> LineRequest:
    if len(line.text.encode(errors="replace")) > LINE_LIMIT:
        raise ProtocolError(ErrorCode.TOO_LONG, limit=LINE_LIMIT)
    request = parse_slash(line.text, named, line.cseq)
    if line.as_of is not None and isinstance(request, Whisper | ListHistory):
        epoch = None if line.epoch is None else excerpt(line.epoch)  # a real one is short, and stays as it is
        return replace(request, as_of=line.as_of, epoch=epoch)
    return request


JSON: Dialect = _JsonDialect("json", FrameCodec)
WEBSOCKET: Dialect = _JsonDialect("websocket", WebSocketCodec)
