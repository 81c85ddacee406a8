"""Party: whole conversations in memory, with the real hub, connections and fan-out; no sockets, no clock.

    party = Party()
    party.joins("ann", "bob")
    party.says("ann", "hi")
    party.sees("bob", "ann: hi")

A guest is called by the name that it joins under, also when it has another one later. What it says goes through its
codec and dialect, and so does what it is told; `sees` shows frames as the lines that a slash user would read, so that
the same sentence serves for everyone. To look is exact: `sees` names all that the guest was told since the last look.

Each act is a turn of the loop of its own, unless it stands in a `with party.turn():`. Time passes when a test says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from chat.delivery import intake
from chat.delivery.connection import Connection
from chat.delivery.detection import Doors
from chat.delivery.fanout import Fanout
from chat.effects import AccountTask, Close, Delivery, Effect, LogLine, ReadAgain, SanctionTask, SearchTask, TaskResult
from chat.hub import Hub
from chat.room import Room
from chat.session import Session
from protocol.dialects import SLASH, Dialect
from protocol.events import Event
from protocol.framing import FrameCodec
from protocol.lines import LINE_END, LineCodec
from protocol.objects import FROM_SERVER, dump, load
from protocol.requests import Hello, Line, Request
from tests.support.deferring import Deferring

EPOCH = "an epoch"
_GOES_ON = re.compile(r"\r\n  (?=\S)")  # how protocol.dialects sets in what does not fit a line


class Guest:
    """Both ends of one connection. What it was told and has not looked at yet is in `heard`."""

    def __init__(self, session: Session, dialect: Dialect | None) -> None:
        self.session = session
        self.connection = Connection(session, Doors(dialect))
        self.heard = b""
        self.cseq = 0  # of its newest line, if it is framed
        self.gone = False

    def listens(self) -> None:
        """Take all that is in the outbox."""
        outbox = self.connection.outbox
        while outbox.size:
            chunk = b"".join(outbox.peek(outbox.size))
            self.heard += chunk
            outbox.sent(len(chunk))


class Party:
    """A server without sockets, and its guests. Its own log is in `log`; what it asked the accounts in `asked`, and the
    archive in `inquired`.

    With `defers`, the order defers, and what was proposed in a turn is read back in the next one, which comes at once.
    """

    defers = False

    def __init__(
        self,
        max_users: int = 100,
        dialect: Dialect | None = None,
        metered: bool = False,
        greet_history: int = 0,
        room: Room | None = None,
    ) -> None:
        self.now, self.at = 1000.0, 1_700_000_000.0
        self.hub = Hub(Room(EPOCH) if room is None else room, max_users, metered, greet_history)
        self.fanout = Fanout()
        self.guests: dict[str, Guest] = {}
        self.log: list[str] = []
        self.debug_log: list[str] = []
        self.asked: list[AccountTask] = []
        self.inquired: list[SearchTask] = []
        self.kept: list[SanctionTask] = []  # what was to be written about bans
        self.writes = True  # at once; else when the test says so
        self.order = Deferring(self.hub) if Party.defers else None
        self._dialect = dialect
        self._effects: list[Effect] | None = None  # of the turn that is going on

    # --- turns and time ----------------------------------------------------------------------------------------------

    @contextmanager
    def turn(self) -> Iterator[list[Effect]]:
        """Make one turn of all that is done within; yield its effects, which are carried out at its end."""
        if self._effects is not None:
            yield self._effects
            return
        self._effects = self.hub.tick(self.now, self.at)
        yield self._effects
        effects, self._effects = self._effects, None
        self._carry_out(effects)

    def _carry_out(self, effects: list[Effect]) -> None:
        self.fanout.deliver([effect for effect in effects if isinstance(effect, Delivery)], self.now)
        for guest in self.guests.values():
            guest.listens()
        for effect in effects:
            if isinstance(effect, LogLine):
                (self.debug_log if effect.debug else self.log).append(effect.text)
            elif isinstance(effect, AccountTask):
                self.asked.append(effect)
            elif isinstance(effect, SanctionTask):
                self.kept.append(effect)
                if self.writes:
                    self.writes_down(effect)
            elif isinstance(effect, SearchTask):
                self.inquired.append(effect)
            elif isinstance(effect, Close):
                self._sees_off(self._guest(effect.session))
            elif isinstance(effect, ReadAgain):
                self._serves(self._guest(effect.session))
        self._reads_back()

    def _reads_back(self) -> None:
        if self.order is not None and self.order.under_way:
            with self.turn() as effects:
                effects.extend(self.order.read_back())

    def passes(self, seconds: float) -> None:
        """Let time pass, and the loop turn."""
        self.now += seconds
        self.at += seconds
        with self.turn():
            pass

    # --- coming and going --------------------------------------------------------------------------------------------

    def connects(self, *names: str, dialect: Dialect | None = None) -> None:
        """Let peers connect that have sent nothing yet; text users may have to speak `dialect`."""
        with self.turn():
            for name in names:
                guest = Guest(Session(f"192.0.2.1:{len(self.guests) + 1}"), dialect or self._dialect)
                self.guests[name] = guest
                self.fanout.attach(guest.connection)
                self.hub.connect(guest.session)

    def joins(self, *names: str) -> None:
        """Let users of a terminal come into the room; what was told of it is not looked at."""
        self._come_in(names, "{}")

    def joins_by_verb(self, *names: str) -> None:
        """Let users of verbs come into the room, likewise."""
        self._come_in(names, "JOIN {}")

    def joins_framed(self, *names: str) -> None:
        """Let users of our client come into the room, likewise."""
        self.connects(*names)
        for name in names:
            self.frames(name, Hello(1, f"the secret of {name}", name))
        self.looks_away()

    def _come_in(self, names: tuple[str, ...], line: str) -> None:
        self.connects(*names)
        for name in names:
            self.says(name, line.format(name))
        self.looks_away()

    def leaves(self, name: str, reason: str = "connection closed") -> None:
        """Let a peer be gone without a word, as at an end of file."""
        with self.turn() as effects:
            effects.extend(self.hub.lost(self.guests[name].session, reason))

    def ends(self, name: str) -> None:
        """Let a peer send nothing more, as at the end of a pipe."""
        self.guests[name].connection.end()
        self._serves(self.guests[name])

    def _sees_off(self, guest: Guest) -> None:
        guest.gone = True
        self.fanout.detach(guest.connection)

    def _guest(self, session: Session) -> Guest:
        return next(guest for guest in self.guests.values() if guest.session is session)

    # --- talking -----------------------------------------------------------------------------------------------------

    def says(self, name: str, *lines: str) -> None:
        """Let a guest type lines, which come in one chunk: as lines, or each in a frame with the next `cseq`."""
        guest = self.guests[name]
        if not guest.session.dialect.has_hello:
            self.sends(name, b"".join(line.encode() + LINE_END for line in lines))
            return
        first, guest.cseq = guest.cseq + 1, guest.cseq + len(lines)
        self.frames(name, *(Line(line, cseq) for cseq, line in enumerate(lines, first)))

    def frames(self, name: str, *messages: object) -> None:
        """Let a guest send messages in frames."""
        self.sends(name, b"".join(FrameCodec.encode(dump(message)) for message in messages))

    def sends(self, name: str, chunk: bytes) -> None:
        """Let the server receive `chunk` from a guest."""
        guest = self.guests[name]
        with self.turn() as effects:
            effects.extend(intake.receive(self.hub, guest.connection, chunk))
            self._serves(guest)

    def _serves(self, guest: Guest) -> None:
        with self.turn() as effects:
            intake.serve(self.hub, guest.connection, effects)

    def asks(self, name: str, request: Request) -> None:
        """Let the hub have a request, whatever a guest would have to send for it."""
        with self.turn() as effects:
            effects.extend(self.hub.handle(self.guests[name].session, request))

    # --- what the server does by itself ------------------------------------------------------------------------------

    def greets(self, name: str) -> None:
        """Greet a peer that has kept silent."""
        with self.turn() as effects:
            effects.extend(self.hub.greet(self.guests[name].session))

    def answers(self, answer: TaskResult) -> None:
        """Answer the oldest thing that was asked of the accounts."""
        with self.turn() as effects:
            effects.extend(self.hub.answered(self.asked.pop(0), answer))

    def writes_down(self, task: SanctionTask, why_not: str = "") -> None:
        """Tell the hub that `task` is on the disk, or why it is not."""
        with self.turn() as effects:
            effects.extend(self.hub.written(task, why_not))

    def shuts_down(self) -> None:
        with self.turn() as effects:
            effects.extend(self.hub.shut_down())

    # --- looking -----------------------------------------------------------------------------------------------------

    def sees(self, name: str, *lines: str) -> None:
        """Assert that these lines are all that a guest was told since the last look."""
        told = self.told(name)
        assert told == list(lines), f"{name} was told {told}"

    def sees_nothing(self, *names: str) -> None:
        """Assert that guests were told nothing since the last look."""
        for name in names:
            self.sees(name)

    def told(self, name: str) -> list[str]:
        """Return the lines that a guest was told since the last look; those that were too wide for a terminal whole."""
        if self.guests[name].session.dialect.has_hello:
            payloads = [SLASH.render(event) for event in self.events(name)]
        else:
            payloads = _payloads(LineCodec(), self.hears(name))
        text = _GOES_ON.sub(" ", "\r\n".join(payload.decode() for payload in payloads))
        return text.split("\r\n") if payloads else []

    def events(self, name: str) -> list[Event]:
        """Return the events that a framed guest was told of since the last look; a greeting in text is dropped."""
        return [load(payload, FROM_SERVER) for payload in _payloads(FrameCodec(preamble=4096), self.hears(name))]

    def hears(self, name: str) -> bytes:
        """Return the bytes that a guest was sent since the last look."""
        guest = self.guests[name]
        heard, guest.heard = guest.heard, b""
        return heard

    def looks_away(self) -> None:
        """Let everybody forget what they were told."""
        for guest in self.guests.values():
            guest.heard = b""

    def room(self) -> tuple[str, ...]:
        """Return who is in the room."""
        return self.hub.room.names()

    def is_gone(self, name: str) -> bool:
        """Say whether the server has closed a guest's connection."""
        return self.guests[name].gone


def _payloads(codec: FrameCodec | LineCodec, data: bytes) -> list[bytes]:
    return [payload for payload in codec.feed(data) if isinstance(payload, bytes)]
