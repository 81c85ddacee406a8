"""Member: one client without its socket, and the history that the checker reads.

The real client.core.session decides what is sent and what is shown, so that the client is proved with the server.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import lru_cache

from chat.resume import identity_of
from client.core.presence import Dismissal, Goodbye
from client.core.session import ClientSession
from client.core.step import ClientMessage, Step
from client.core.typed import NewName
from protocol import events
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Event
from protocol.objects import FROM_SERVER, dump, load
from protocol.requests import ResumePoint
from tools.crash.doors import Door, FramesDoor
from tools.crash.history import (
    Answered,
    Begun,
    Broken,
    History,
    Invoked,
    Listed,
    Lost,
    Missing,
    Record,
    Refusal,
    SentAway,
    Told,
    Welcomed,
)

WINDOW = 16  # lines without an answer at a time, as many as the client allows
SPARES = ("spare1", "spare2", "spare3")  # names for any member, so that a returning one may find its name taken
COMMANDS = ("/users", "/ping", "/history 5", "/nosuchcommand", "/whisper nobody hello")
GREEK = "\N{GREEK SMALL LETTER ALPHA} to \N{GREEK SMALL LETTER OMEGA}"
WORDS = ("", "hello", "what is on your mind?", GREEK, "x" * 700)


class Member:
    """The client `number` and its history. Its methods return the bytes to send; times are monotonic seconds.

    `enters` makes the door of each connection.
    """

    def __init__(self, number: int, enters: Callable[[], Door] = FramesDoor) -> None:
        self.number = number
        secret = f"the secret of member {number}"
        self.identity = identity_of(secret)
        self.session = ClientSession(secret)
        self.history = History(number)
        self.spoken = 0  # messages so far
        self._names = 0  # own names so far
        self._asked: ResumePoint | None = None
        self._goes_on = False  # the server, if it says welcome now
        self._enters = enters
        self._door = enters()

    # --- its connection ------------------------------------------------------------------------------------------

    @property
    def may_return(self) -> bool:
        """Whether it connects again when it has lost its connection."""
        presence = self.session.presence
        return presence.may_return or not (presence.has_been_in or presence.dismissal is Dismissal.FOR_GOOD)

    @property
    def is_at_rest(self) -> bool:
        """Whether it is in the room and all its lines are answered."""
        return self.session.presence.online and not self.session.lines.pending

    def is_overdue(self, heard_at: float, now: float, patience: float) -> bool:
        """Return whether a server that was last heard at `heard_at` must be gone, by the client's own rule."""
        return self.session.is_overdue(heard_at, now, patience, patience)

    def connected(self) -> bytes:
        """Begin a connection, with a hello."""
        self._door = self._enters()
        session = self.session
        hello = session.again() if session.presence.has_been_in else session.hello(self._own_name())
        self._asked = hello.resume
        return self._sent((hello,))

    def lost(self) -> None:
        """Note that the connection is gone."""
        self.session.lost()
        self._write(Lost())

    # --- what it types -------------------------------------------------------------------------------------------

    @property
    def may_type(self) -> bool:
        """Whether it has a name, is connected or will be, and has few enough lines without an answer."""
        session = self.session
        return (
            bool(session.presence.has_been_in and session.name)
            and self.may_return
            and len(session.lines.pending) < WINDOW
        )

    def says(self, more: str, now: float) -> bytes:
        """Say a marked message, ending in `more`, to everybody."""
        return self._types("say", "", self._marked(more), now)

    def whispers(self, to: str, more: str, now: float) -> bytes:
        """Whisper a marked message to `to`."""
        return self._types("whisper", f"/whisper {to} ", self._marked(more), now)

    def replies(self, more: str, now: float) -> bytes:
        """Whisper a marked message to the author of the newest whisper."""
        return self._types("reply", "/reply ", self._marked(more), now)

    def renames(self, now: float, name: str = "") -> bytes:
        """Ask for another name, by default for the next of its own."""
        return self._types("nick", f"/nick {name or self._own_name()}", "", now)

    def asks(self, command: str, now: float) -> bytes:
        """Give a command that only its author hears of."""
        return self._types("command", command, "", now)

    def leaves(self) -> bytes:
        """Say goodbye, for good."""
        self.history.stayed = False
        return self._sent(self.session.leave().send)

    def turns_page(self) -> None:
        """Begin a history where this one ends; no line waits for an answer then."""
        self.history = History(self.number, [Begun(self.session.position.epoch, self.session.position.seq)])

    def _types(self, kind: str, command: str, text: str, now: float) -> bytes:
        before = set(self.session.lines.pending)
        step = self.session.typed(command + text, now)
        for cseq in self.session.lines.pending.keys() - before:  # none if the client itself refuses the line
            self._write(Invoked(cseq, kind, text))
        return self._sent(step.send)

    def _marked(self, more: str) -> str:
        self.spoken += 1
        return f"{self.number}.{self.spoken} {more}".strip()

    def _own_name(self) -> str:
        self._names += 1
        return f"m{self.number}-{self._names}"

    # --- what it hears -------------------------------------------------------------------------------------------

    def hears(self, chunk: bytes, now: float) -> bytes:
        """Take received bytes."""
        for item in self._door.hear(chunk):
            self._take(item, now)
        return self._door.to_send()

    def _take(self, item: bytes | ProtocolError, now: float) -> None:
        try:
            event = loaded(item)
        except ProtocolError as error:
            self._write(Broken(f"{error} {item!r:.200}"))
            return
        session = self.session
        self._goes_on = session.presence.online
        if self._goes_on:  # by a welcome again, the server goes on with what we have been told last
            self._asked = ResumePoint(session.position.epoch, session.position.seq)
        before = set(session.lines.pending)
        step = session.receive(event, now)
        for record in self._records(event, step):
            self._write(record)
        answer = _answer_in(event, step)
        for cseq in before - session.lines.pending.keys():
            if answer is not None:
                self._write(Answered(cseq, answer))
        self._say(step.send)
        self._answer(now)

    def _records(self, event: Event, step: Step) -> list[Record]:
        if isinstance(event, events.RoomEvent):
            return [Told(event, step.show is not None)]
        if isinstance(event, events.Welcomed):
            return [Welcomed(event.epoch, event.seq, event.resumed, self._asked, self._goes_on)]
        if isinstance(event, events.Missed):
            return [Missing(event.missed)]
        if isinstance(event, events.Refused) and event.cseq is not None:
            return [Refusal(event.cseq, event.text)]
        if isinstance(event, events.Dismissed) and self._is_sent_away:
            return [SentAway(event.reason)]
        if isinstance(event, events.HistoryListed):
            return [Listed(entry) for entry in event.entries]
        return []

    @property
    def _is_sent_away(self) -> bool:
        presence = self.session.presence
        return presence.dismissal is Dismissal.FOR_GOOD and presence.goodbye is not Goodbye.SENT

    def _answer(self, now: float) -> None:
        """Answer the server's question for a name: the old one may be somebody else's by now."""
        session = self.session
        if session.questions.what == "name" and not session.name:
            self._say(session.typed(NewName(self._own_name()), now).send)

    def _write(self, record: Record) -> None:
        self.history.records.append(record)

    def _say(self, messages: tuple[ClientMessage, ...]) -> None:
        for message in messages:
            self._door.say(dump(message))

    def _sent(self, messages: tuple[ClientMessage, ...]) -> bytes:
        self._say(messages)
        return self._door.to_send()


def _answer_in(event: Event, step: Step) -> Event | None:
    """Return the answer in `event`, if it is one: after a welcome to another log the client refuses waiting replies."""
    if isinstance(event, events.Welcomed):
        return events.refusal(ErrorCode.REPLY_OUTDATED, line="") if step.first is not None else None
    return event if getattr(event, "cseq", None) is not None else None


@lru_cache(4096)
def loaded(item: bytes | ProtocolError) -> Event:
    """Return the event in a payload; cached, since all clients hear the same. Raises ProtocolError."""
    if isinstance(item, ProtocolError):
        raise item
    event: Event = load(item, FROM_SERVER)
    return event


def talks(member: Member, members: Sequence[Member], chance: random.Random, now: float) -> bytes:
    """Let `member` type a random line, if it may; return the bytes to send."""
    dice, more = chance.random(), chance.choice(WORDS)
    if not member.may_type:
        return b""
    if dice < 0.6:
        return member.says(more, now)
    if dice < 0.8:
        other = chance.choice(members).session.name
        return member.whispers(other or "nobody", more or "hush", now)
    if dice < 0.85:
        return member.replies(more or "hush", now)
    if dice < 0.92:
        return member.renames(now, chance.choice(("", "", *SPARES)))
    return member.asks(chance.choice(COMMANDS), now)
