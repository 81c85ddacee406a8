"""One peer's bytes: first the protocol that it speaks, then chunks -> requests.

Undecided. A peer's first bytes, eight at most, select the protocol (protocol.opening). TLS is begun by the loop, and
inside it the first byte decides again, by a new connection; where the port does not speak TLS (`Security`), such a peer
is closed without a message, which it could not read. An unknown protocol is refused, and where TLS is required all
others are. A peer that stays silent for 250 ms is greeted in text by the loop and remains undecided; a framed client
drops that greeting, so the grace period decides only when a telnet user is greeted, never which protocol is spoken.

HTTP. The one request is answered by the site (chat.delivery.site), and the connection is over; or it opens a WebSocket,
whose codec and dialect take the place of HTTP's.

Text. SSH clients, and HTTP with a method that nobody knows, are recognised by their first line and refused. With the
dialect left open, each line of a user without a name decides again: a verb makes a verb session (E), a slash leads
back.

Requests are parsed one at a time, when the hub is ready for the next one, because each may change how the next is
parsed: a name is accepted, a dialect is chosen, the session ends. Until then their payloads wait in the inbox, and the
peer is not read, so that the inbox never holds more than one chunk.

The end of file ends the last line of text. It completes neither a password that is being typed nor a part of a frame,
nor a line that somebody else may have cut off.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial

from chat import limits
from chat.delivery.outbox import Outbox
from chat.delivery.site import Site, to_https
from chat.networks import Network
from chat.session import Phase, Session
from protocol.codec import Codec, Received
from protocol.dialects import HTTP, JSON, SLASH, UNREADABLE, WEBSOCKET, Dialect, detect
from protocol.errors import ErrorCode, ProtocolError
from protocol.framing import REQUEST_LIMIT, FrameCodec
from protocol.http import HttpCodec, Responder
from protocol.lines import LINE_END, LineCodec
from protocol.opening import Opening, opening
from protocol.requests import Malformed, Request, Say

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


class Connection:
    """The bytes of one session, in and out."""

    def __init__(self, session: Session, doors: Doors, security: Security = Security.NONE) -> None:
        """Begin undecided."""
        self.session = session
        self._doors = doors
        self._security = security
        self.begins_tls = False  # the peer speaks TLS, and this port does, too: the loop goes on with the handshake
        self.outbox = Outbox()
        self.ended = False  # the peer has sent its end of file
        self.has_arrived = False  # the log has been told that somebody is there
        self.was_page = False  # all that it did was to fetch a part of the page
        self.over = False  # the peer has nothing more to say; what it has said may still wait in the inbox
        self.dialect = session.dialect = doors.text or SLASH
        self._open_dialect = doors.text is None
        self._opening: Opening | None = None  # the protocol; None while undecided
        self._start = b""  # the bytes received while undecided
        self._codec: Codec | None = None  # None: undecided, refused or ended
        self.inbox: deque[Received] = deque()  # what waits to be parsed
        self._first_line = True
        self._was_asked = False  # for a password, when a chunk last came
        self.weight = 0  # bytes that the requests so far will be, roughly, on their way to each reader

    @property
    def decided(self) -> bool:
        """Whether the peer has shown what it speaks."""
        return self._opening is not None

    @property
    def is_tls(self) -> bool:
        """Whether the peer speaks TLS."""
        return self._opening is Opening.TLS

    def inside_tls(self) -> Connection:
        """Return the connection of what is inside this peer's TLS."""
        inside = Connection(self.session, self._doors, Security.ESTABLISHED)
        inside.has_arrived = self.has_arrived
        return inside

    @property
    def may_be_browser(self) -> bool:
        """Whether it comes from where a browser is, which may connect long before it asks for something."""
        return self._doors.site.knows(self.session.host)

    @property
    def is_secure(self) -> bool:
        """Whether its bytes came through TLS."""
        return self._security is Security.ESTABLISHED

    @property
    def has_requests(self) -> bool:
        """Whether `requests` would yield something now."""
        return bool(self.inbox) and self.session.listened_to and not self.session.closing

    def receive(self, chunk: bytes) -> bool:
        """Take in `chunk`, at least one byte; return whether it decided what the peer speaks."""
        has_shown = False
        if self._opening is None:
            chunk = self._start + chunk
            has_shown = self._decide(chunk)
        codec = self._codec
        if codec is not None:
            if self._was_asked is not (self.session.question is not None):
                self._was_asked = not self._was_asked
                codec.hide_typing(self._was_asked)
            self.inbox.extend(codec.feed(chunk))
        return has_shown

    def replies(self) -> bytes:
        """Return what the codec itself has to answer (telnet's refusals, a page), and forget it."""
        codec = self._codec
        if codec is None or not (replies := codec.replies()):
            return b""
        if isinstance(codec, HttpCodec):
            self.was_page = codec.served
            if codec.successor is not None:
                self._codec = codec = codec.successor
                self.dialect = self.session.dialect = WEBSOCKET
        self.over = codec.over
        return replies

    def farewell(self) -> bytes:
        """Return what ends our side of the stream, behind all else."""
        return b"" if self._codec is None else self._codec.farewell()

    def _decide(self, start: bytes) -> bool:
        kind = self._opening = opening(start, self._security is Security.ESTABLISHED)
        if kind is None:
            self._start = start
        elif kind is Opening.FRAMES:
            self.dialect = self.session.dialect = JSON
            self._open_dialect = self._first_line = False
            self._codec = FrameCodec(longest=REQUEST_LIMIT)
        elif kind is Opening.HTTP:
            self.dialect = self.session.dialect = HTTP
            self._open_dialect = self._first_line = False
            self._codec = HttpCodec(self._responder())
        elif kind is Opening.TEXT:
            self._codec = LineCodec()
        elif kind is Opening.UNKNOWN:
            self.inbox.append(ProtocolError(ErrorCode.NOT_A_PROTOCOL, fatal=True))
        else:  # TLS
            self.begins_tls = self._security is not Security.NONE
        if self._security is Security.REQUIRED and self._codec is not None and kind is not Opening.HTTP:
            self._codec = None
            self.inbox.append(ProtocolError(ErrorCode.TLS_REQUIRED, fatal=True))
        return kind is not None

    def _responder(self) -> Responder:
        is_open = self._security is not Security.REQUIRED
        return partial(self._doors.site.respond, address=self.session.host) if is_open else to_https

    def end(self, cut_off: bool = False) -> None:
        """Take in the end of file: the last line needs no line end, unless it was a password.

        `cut_off`: the end is not the peer's own for sure (TLS without its close_notify), so a last line without a line
        end may be a part of another.
        """
        is_text = bool(self._start) and not self.decided and opening(self._start + LINE_END) is Opening.TEXT
        if is_text and not cut_off:
            self.receive(LINE_END)  # such as GET, which may be a name
        if self._codec is not None and self.session.question is None and not cut_off:
            self.inbox.extend(self._codec.end())
        self._codec = None
        self.ended = self.over = True

    def take_cost(self, size: int) -> int:
        """Return the cost of `size` received bytes: those that were dropped unread cost little."""
        codec = self._codec
        if codec is None or not codec.dropped:
            return size
        dropped, codec.dropped = codec.dropped, 0
        return max(0, size - dropped) + round(dropped * limits.DROPPED_COST)

    def requests(self, limit: int) -> Iterator[Request]:
        """Parse and yield up to `limit` of the waiting requests, each after the effects of the one before it."""
        inbox, session = self.inbox, self.session
        for _ in range(min(limit, len(inbox))):
            if session.pauses or session.phase is Phase.CLOSING:
                return
            payload = inbox.popleft()
            if isinstance(payload, ProtocolError):
                session.word = UNREADABLE
                yield Malformed(payload)
                continue
            self.weight += len(payload) + limits.LINE_COST
            named, asked = session.phase is Phase.CHATTING, session.question is not None
            request = None if named or asked else self._look(payload)
            if request is None:
                request = self.dialect.parse(payload, named, asked)
            if type(request) is not Say:  # which is not logged
                session.word = self.dialect.word(payload, named, asked)
            yield request

    def _look(self, line: bytes) -> Request | None:
        """Detect the dialect from a line of a user without a name; return a refusal if it is HTTP or SSH."""
        if self._first_line and (other := _NOT_CHAT.match(line)):
            what = (other[1] or other[2]).decode()
            return Malformed(ProtocolError(ErrorCode.NOT_CHAT, fatal=True, what=what))
        self._first_line = False
        if self._open_dialect:
            self.dialect = self.session.dialect = detect(line, self.dialect)
        return None
