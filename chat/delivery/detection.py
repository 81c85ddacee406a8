"""Detection: what a peer speaks, by its first bytes, and by its lines until it has a name.

A peer's first bytes, eight at most, select the protocol (protocol.opening), and that its codec. TLS is begun by the
loop, and inside it the first byte decides again, by a new connection; where the port does not speak TLS (`Security`),
such a peer is closed without a message, which it could not read. An unknown protocol is refused, and where TLS is
required all others are. A peer that stays silent for 250 ms is greeted in text by the loop and remains undecided; a
framed client drops that greeting, so the grace period decides only when a telnet user is greeted, never which protocol
is spoken.

A browser would take the greeting for the answer to what it asks next, and it connects ahead of that, up to a minute. So
a silent peer whose address has fetched the page is sent telnet's question in its place, three bytes, which browsers
overlook before an answer. A telnet answers it and is greeted at once, as is one that begins with its
commands by itself.

Text. SSH clients, and HTTP with a method that nobody knows, are recognised by their first line and refused. With the
dialect left open, each line of a user without a name decides again: a verb makes a verb session (E), a slash leads
back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial

from chat.delivery.site import Site, to_https
from chat.networks import Network
from chat.session import Session
from protocol.codec import Codec
from protocol.dialects import HTTP, JSON, SLASH, Dialect, detect
from protocol.errors import ErrorCode, ProtocolError
from protocol.framing import REQUEST_LIMIT, FrameCodec
from protocol.http import HttpCodec, Responder
from protocol.lines import LINE_END, LineCodec
from protocol.opening import Opening, opening
from protocol.requests import Malformed, Request

_NOT_CHAT = re.compile(rb"(SSH)-|[A-Z]+ \S+ (HTTP)/1")


class Security(Enum):
    """What a connection has to do with TLS."""

    NONE = auto()  # this port does not speak it
    OPTIONAL = auto()  # the peer may speak it
    REQUIRED = auto()  # the peer has to
    ESTABLISHED = auto()  # these are the bytes inside it


@dataclass(frozen=True)
class Doors:
    """What peers may speak besides frames."""

    text: Dialect | None = None  # of all text users; with None, their first lines select it
    site: Site = field(default_factory=lambda: Site({}))  # what browsers get
    trusted: tuple[Network, ...] = ()  # where the operator's own programs may ask from


class Detection:
    """What the peer of `session` may speak, and what it does. The session's dialect follows what is detected."""

    def __init__(self, session: Session, doors: Doors, security: Security) -> None:
        self.doors = doors
        self._session = session
        self._security = security
        self._opening: Opening | None = None  # the protocol; None while undecided
        self._start = b""  # the bytes received while undecided
        self._is_first_line = True
        session.dialect = doors.text or SLASH

    @property
    def decided(self) -> bool:
        """Whether the peer has shown what it speaks."""
        return self._opening is not None

    @property
    def is_tls(self) -> bool:
        """Whether the peer speaks TLS."""
        return self._opening is Opening.TLS

    @property
    def begins_tls(self) -> bool:
        """Whether the peer speaks TLS, and this port does, too: the loop goes on with the handshake."""
        return self._opening is Opening.TLS and self._security is not Security.NONE

    @property
    def is_secure(self) -> bool:
        """Whether the bytes came through TLS."""
        return self._security is Security.ESTABLISHED

    @property
    def may_be_browser(self) -> bool:
        """Whether the peer comes from where a browser is, which may connect long before it asks for something."""
        return self.doors.site.knows(self._session.host)

    @property
    def may_be_name(self) -> bool:
        """Whether the bytes so far have decided nothing, but are text if they end here: GET may be a name."""
        return bool(self._start) and not self.decided and opening(self._start + LINE_END) is Opening.TEXT

    def take(self, chunk: bytes) -> bytes:
        """Take in the next bytes of a peer that is undecided; return all bytes so far."""
        start = self._start + chunk
        self._opening = opening(start, self.is_secure)
        self._start = start if self._opening is None else b""
        return start

    def begin(self) -> Codec | ProtocolError | None:
        """Return the codec of what was detected, or why that is refused; None for TLS, or if nothing was."""
        codec: Codec
        match self._opening:
            case Opening.FRAMES:
                self._session.dialect = JSON
                codec = FrameCodec(longest=REQUEST_LIMIT)
            case Opening.HTTP:
                self._session.dialect = HTTP
                return HttpCodec(self._responder())
            case Opening.TEXT:
                codec = LineCodec()
            case Opening.UNKNOWN:
                return ProtocolError(ErrorCode.NOT_A_PROTOCOL, fatal=True)
            case _:
                return None
        return ProtocolError(ErrorCode.TLS_REQUIRED, fatal=True) if self._security is Security.REQUIRED else codec

    def _responder(self) -> Responder:
        is_open = self._security is not Security.REQUIRED
        return partial(self.doors.site.respond, address=self._session.host) if is_open else to_https

    def look(self, line: bytes) -> Request | None:
        """Detect the dialect from a line of a user without a name; return a refusal if it is HTTP or SSH."""
        if self._opening is not Opening.TEXT:
            return None
        if self._is_first_line and (other := _NOT_CHAT.match(line)):
            what = (other[1] or other[2]).decode()
            return Malformed(ProtocolError(ErrorCode.NOT_CHAT, fatal=True, what=what))
        self._is_first_line = False
        if self.doors.text is None:
            self._session.dialect = detect(line, self._session.dialect)
        return None
