"""One peer's bytes: chunks -> requests.

First it is detected what the peer speaks (chat.delivery.detection), which gives the connection its codec.

HTTP. The one request is answered by the site (chat.delivery.site), and the connection is over; or it opens a WebSocket,
whose codec and dialect take the place of HTTP's.

Requests are parsed one at a time, when the hub is ready for the next one, because each may change how the next is
parsed: a name is accepted, a dialect is chosen, the session ends. Until then their payloads wait in the inbox, and the
peer is not read, so that the inbox never holds more than one chunk.

The end of file ends the last line of text. It completes neither a password that is being typed nor a part of a frame,
nor a line that somebody else may have cut off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from chat import limits
from chat.delivery.detection import Detection, Doors, Security
from chat.delivery.outbox import Outbox
from chat.session import Phase, Session
from protocol.codec import Codec, Received
from protocol.dialects import UNREADABLE, WEBSOCKET
from protocol.errors import ProtocolError
from protocol.http import HttpCodec
from protocol.lines import LINE_END, LineCodec
from protocol.requests import Malformed, Request, Say


class Connection:
    """The bytes of one session, in and out."""

    def __init__(self, session: Session, doors: Doors, security: Security = Security.NONE) -> None:
        """Begin undecided."""
        self.session = session
        self.detection = Detection(session, doors, security)
        self.inbox: deque[Received] = deque()  # what waits to be parsed
        self.outbox = Outbox()
        self.ended = False  # the peer has sent its end of file
        self.has_arrived = False  # the log has been told that somebody is there
        self.over = False  # the peer has nothing more to say; what it has said may still wait in the inbox
        self.was_page = False  # all that it did was to fetch a part of the page
        self.weight = 0  # bytes that the requests so far will be, roughly, on their way to each reader
        self._codec: Codec | None = None  # None: undecided, refused or ended

    def inside_tls(self) -> Connection:
        """Return the connection of what is inside this peer's TLS."""
        inside = Connection(self.session, self.detection.doors, Security.ESTABLISHED)
        inside.has_arrived = self.has_arrived
        return inside

    @property
    def is_telnet(self) -> bool:
        """Whether all that came so far were telnet's commands: a person is there, who waits to be greeted."""
        return isinstance(self._codec, LineCodec) and self._codec.is_blank and not self.inbox

    @property
    def has_requests(self) -> bool:
        """Whether `requests` would yield something now."""
        return bool(self.inbox) and self.session.listened_to and not self.session.closing

    def receive(self, chunk: bytes) -> bool:
        """Take in `chunk`, at least one byte; return whether it decided what the peer speaks."""
        has_shown = False
        if self._codec is None and not self.detection.decided:
            chunk = self.detection.take(chunk)
            has_shown = self.detection.decided
            begun = self.detection.begin()
            if isinstance(begun, ProtocolError):
                self.inbox.append(begun)
            else:
                self._codec = begun
        codec = self._codec
        if codec is not None:
            codec.hides_typing = self.session.question is not None
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
                self.session.dialect = WEBSOCKET
        self.over = codec.over
        return replies

    def farewell(self) -> bytes:
        """Return what ends our side of the stream, behind all else."""
        return b"" if self._codec is None else self._codec.farewell()

    def end(self, cut_off: bool = False) -> None:
        """Take in the end of file: the last line needs no line end, unless it was a password.

        `cut_off`: the end is not the peer's own for sure (TLS without its close_notify), so a last line without a line
        end may be a part of another.
        """
        if self.detection.may_be_name and not cut_off:
            self.receive(LINE_END)
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
            named = session.phase is Phase.CHATTING or session.repeats_lines
            asked = session.question is not None
            request = None if named or asked else self.detection.look(payload)
            if request is None:
                request = session.dialect.parse(payload, named, asked)
            if type(request) is not Say:  # which is not logged
                session.word = session.dialect.word(payload, named, asked)
            yield request
