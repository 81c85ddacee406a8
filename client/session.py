"""The client's logical side: what was typed and what the server tells -> what to send and what to show. Pure.

A line that was typed goes to the server as it is, which parses it, so that a new command needs no new client. Three
things are the client's own: an answer to a question (a name, a password) goes as what it is, `/reply` becomes a
whisper, and a line that can't be sent is refused here, in the words of the one table of errors.

`/reply` goes to whoever last whispered, never to a newcomer of the same name. The client follows renamings and notes
who leaves; for what crosses the line on its way, the whisper says as of which `seq` its addressee held the name.

Every line has a `cseq` and stays in `pending` until the server answers or echoes it. A goodbye waits for that.
When the connection is lost, `again` begins another one where this one stopped: the server tells what was missed, and is
told every pending line once more, under the number that it had, so that it knows those that it has heard already. What
comes twice because of that is recognised by its `seq` and not shown twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from math import inf
from typing import Any

from client import looks
from client.company import Company
from client.looks import Shown
from protocol import messages
from protocol.commands import BY_REQUEST, BY_WORD, Command, arguments
from protocol.errors import Fault, ProtocolError
from protocol.lines import LINE_LIMIT
from protocol.messages import Event, Hello, Line, Name, Password, Pong, Ponged, Renamed, Said, Whispered
from protocol.text import clean, excerpt, key_of

ClientMessage = Hello | Name | Password | Line | Pong

# What may come of a password.
_OUTCOMES = (
    messages.Welcomed,
    messages.Asked,
    messages.Refused,
    messages.Noticed,
    messages.Renamed,
    messages.Dismissed,
)
_WHISPER = BY_REQUEST[messages.Whisper]
_DISCONNECT = BY_REQUEST[messages.Disconnect]
_USERS = BY_REQUEST[messages.ListUsers]
UNSEEN = 0  # the number of a line that is the client's own business: its answer is noted and not shown


@dataclass(frozen=True, slots=True)
class Step:
    """What a typed line or an event leads to: messages to send, something to show, both or neither."""

    send: tuple[ClientMessage, ...] = ()
    show: Shown | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """A line on its way, and when it was typed, in monotonic seconds."""

    line: Line
    typed_at: float

    @property
    def text(self) -> str:
        """What was typed."""
        return self.line.text


@dataclass(frozen=True, slots=True)
class Whisperer:
    """Who last whispered to us; `as_of` is the newest `seq` at which they held this name, None once they left."""

    name: str
    as_of: int | None


class Session:
    """Facts about our side of one conversation. Compared to the server's word, never ahead of it."""

    def __init__(self, client_id: str, *, looks_round: bool = False) -> None:
        """Begin before the hello; `client_id` is this client's random secret.

        `looks_round`: ask, unseen, who is here whenever we come in, for a screen that completes names.
        """
        self.name = ""  # ours, as the server gave it; "" until the welcome
        self.question = ""  # what the server waits for: "name", "password", or "" for nothing
        self.is_checked = False  # a password has been sent, and what came of it is not known yet
        self.refusal = ""  # why we were not let in, since we last tried
        self.wants_to_leave = False  # the user said goodbye, which is sent when every line has been answered
        self.leaving = False  # and it has been sent
        self.told_goodbye = False  # by the server
        self.dismissed = False  # and for good
        self.online = False  # in the room, by a connection that is there
        self.retry_in = 0  # seconds until the next try at a connection, while there is none
        self.epoch = ""  # of the log that we know; "" until the welcome
        self.seq = 0  # the newest number of it that we have seen
        self.pending: dict[int, Pending] = {}
        self.company = Company()
        self._client_id = client_id
        self._looks_round = looks_round
        self._cseq = 0
        self._whisperer: Whisperer | None = None
        self._password = ""  # the last one given, for when the connection is lost
        self._returning = False  # by another connection, and not in the room yet
        self._came_at = 0  # the log's number of our coming, by this connection
        self._has_missed = False  # something of what came before that, and has been shown since

    # --- what we say ---------------------------------------------------------------------------------------------

    def hello(self, name: str | None = None, password: str | None = None) -> Hello:
        """Return the first message, to be sent at once after connecting."""
        self._password = clean(password or "")[:LINE_LIMIT]
        return Hello(
            messages.VERSION,
            self._client_id,
            name=None if name is None else excerpt(name),  # longer than an excerpt is no name anyway
            password=None if password is None else self._password,
        )

    @property
    def others(self) -> list[str]:
        """The names of the others here, who spoke last first."""
        return [name for name in self.company if name != self.name]

    @property
    def whisperer(self) -> str:
        """Whom a reply would go to; "" for nobody."""
        return self._whisperer.name if self._whisperer is not None and self._whisperer.as_of is not None else ""

    @property
    def may_return(self) -> bool:
        """Whether a lost connection is to be taken up again: nobody has said goodbye."""
        return bool(self.epoch) and not self.leaving and not self.dismissed

    def lost(self) -> None:
        """Note that the connection is gone."""
        self.online = False

    def waits_since(self, heard_at: float) -> float:
        """Return since when the server has kept a line of ours waiting without a word; `inf` if none is waiting."""
        oldest = next(iter(self.pending.values()), None)
        return inf if oldest is None else max(oldest.typed_at, heard_at)

    def again(self) -> Hello:
        """Return the first message of another connection, which takes up the conversation where it stopped."""
        self._returning = True
        self.is_checked = False
        self.told_goodbye = False
        self.question = self.refusal = ""
        resume = messages.Resume(self.epoch, self.seq)
        return Hello(messages.VERSION, self._client_id, name=self.name or None, resume=resume)

    def typed(self, text: str, now: float) -> Step:
        """Return what the line `text`, typed at `now`, leads to."""
        text = clean(text)
        if self.question == "password":
            self._try_again()
            self._password = text[:LINE_LIMIT]
            self.is_checked = True
            return Step(send=(Password(self._password),))
        if not text:
            return Step()
        if not self.name and not text.startswith("/"):
            self._try_again()
            return Step(send=(Name(excerpt(text)),))
        if _is_goodbye(text):
            self.wants_to_leave = True
            return Step()
        try:
            line = self._line(text, now)
        except ProtocolError as error:
            return Step(show=looks.refusal(str(error)))
        return Step(send=(line,) if self.online or not self.epoch else ())  # else it goes with the welcome

    def leave(self) -> Step:
        """Return what says goodbye."""
        self.leaving = True
        self._cseq += 1
        return Step(send=(Line(_DISCONNECT.usage, self._cseq),))

    def _try_again(self) -> None:
        """Note that something was sent that the server answers with a welcome, a refusal or another question."""
        self.question = ""
        self.refusal = ""

    def _line(self, text: str, now: float) -> Line:
        """Return the numbered line for `text`. Raises ProtocolError for what can't be sent."""
        as_of = None
        command, rest = _command_in(text)
        if command is not None and command.build is messages.Reply:
            text, as_of = self._reply(command, rest)
        if len(text.encode()) > LINE_LIMIT:
            raise ProtocolError(Fault.TOO_LONG, limit=LINE_LIMIT)
        if not self.name:
            self._try_again()
        self._cseq += 1
        line = Line(text, self._cseq, as_of)
        self.pending[self._cseq] = Pending(line, now)
        return line

    def _reply(self, command: Command, rest: str) -> tuple[str, int]:
        (message,) = arguments(command, rest, command.usage)
        whisperer = self._whisperer
        if whisperer is None:
            raise ProtocolError(Fault.NO_WHISPER_YET)
        if whisperer.as_of is None:
            raise ProtocolError(Fault.NOT_CONNECTED, name=excerpt(whisperer.name))
        return f"/{_WHISPER.name} {whisperer.name} {message}", whisperer.as_of

    # --- what we are told ----------------------------------------------------------------------------------------

    def receive(self, event: Event, now: float) -> Step:
        """Return what `event`, which came at `now` from a server that may be hostile, leads to."""
        event = _cleaned(event)
        if isinstance(event, messages.Pinged):
            return Step(send=(Pong(),))
        settled = self._settle(event)
        self.is_checked = self.is_checked and not isinstance(event, _OUTCOMES)
        if isinstance(event, Ponged):
            return Step(show=looks.pong(None if settled is None else now - settled.typed_at))
        if isinstance(event, messages.Welcomed):
            return self._welcomed(event)
        if isinstance(event, messages.Asked):
            return self._asked(event)
        seq = getattr(event, "seq", None)
        if seq is not None and seq <= self.seq:  # told again; news only if it answers a line that had no answer yet
            return Step() if settled is None else Step(show=looks.look(event, self.name))
        return Step(show=self._noted(event, seq))

    def _noted(self, event: Event, seq: int | None) -> Shown | None:
        """Take note of what is new, and return how it looks."""
        self.seq = self.seq if seq is None else seq
        note = _NOTES.get(type(event))
        if note is not None:
            note(self, event)
        shown = None if getattr(event, "cseq", None) == UNSEEN else looks.look(event, self.name)
        if seq is None or seq > self._came_at:
            return shown
        if seq == self._came_at:
            return looks.back_again(self._has_missed)
        if shown is None or _is_about(event, self.name):
            return None
        is_first, self._has_missed = not self._has_missed, True
        return looks.first_missed(shown) if is_first else shown

    def _settle(self, event: Event) -> Pending | None:
        """Take the line that `event` answers or echoes out of `pending` and return it.

        What is told again has a `cseq` for its author only; what is new tells by the name whose line it is.
        """
        cseq = getattr(event, "cseq", None)
        is_told_again = getattr(event, "seq", self._came_at + 1) <= self._came_at
        if cseq is None or not (is_told_again or _author(event) in (None, self.name)):
            return None
        return self.pending.pop(cseq, None)

    def _welcomed(self, event: messages.Welcomed) -> Step:
        if not self._returning:
            self.pending.clear()  # what was sent before it had no other answer
        if not event.resumed:
            self.seq = event.seq
        self.name, self.epoch, self._came_at = excerpt(event.name), excerpt(event.epoch), event.seq
        self.question = self.refusal = ""
        self.online, self._returning, self._has_missed = True, False, False
        self.company.count = event.count
        repeated = tuple(pending.line for pending in self.pending.values())
        return Step(send=(*self._look_round(), *repeated), show=None if event.resumed else looks.look(event, self.name))

    def _look_round(self) -> tuple[Line, ...]:
        return (Line(_USERS.usage, UNSEEN),) if self._looks_round else ()

    def _asked(self, event: messages.Asked) -> Step:
        if event.what == "password" and self._returning and self._password:
            password, self._password = self._password, ""
            return Step(send=(Password(password),))  # it was right before
        self.question = event.what
        return Step(show=looks.look(event, self.name))

    def _refused(self, event: messages.Refused) -> None:
        if self._returning:
            self.name = ""  # the name that we had can't be had any more
        if not self.name:
            self.refusal = event.text

    def _said(self, event: Said) -> None:
        self.company.spoke(event.name)

    def _whispered(self, event: Whispered) -> None:
        self.company.spoke(event.name)
        if event.name != self.name:
            self._whisperer = Whisperer(event.name, event.seq)

    def _joined(self, event: messages.Joined) -> None:
        self._forget_whisperer(event.name)  # whoever joins under this name is not who whispered
        self.company.came(event.name, event.count)

    def _left(self, event: messages.Left) -> None:
        self._forget_whisperer(event.name)
        self.company.left(event.name, event.count)

    def _renamed(self, event: Renamed) -> None:
        self.company.renamed(event.old, event.name)
        if event.old == self.name:
            self.name = event.name
        elif self._whispered_as(event.old):
            self._whisperer = Whisperer(event.name, event.seq)

    def _users_listed(self, event: messages.UsersListed) -> None:
        self.company.listed(event.names, event.count)

    def _missed(self, event: messages.Missed) -> None:
        """The whisperer may have left in what we did not see."""
        if self._whisperer is not None:
            self._whisperer = replace(self._whisperer, as_of=None)

    def _dismissed(self, event: messages.Dismissed) -> None:
        self.told_goodbye = True
        self.dismissed = not event.again or self.leaving

    def _whispered_as(self, name: str) -> bool:
        """Say whether the last whisperer is still here, under this name."""
        whisperer = self._whisperer
        return whisperer is not None and whisperer.as_of is not None and key_of(whisperer.name) == key_of(name)

    def _forget_whisperer(self, name: str) -> None:
        if self._whispered_as(name):
            self._whisperer = Whisperer(name, None)


def _command_in(text: str) -> tuple[Command | None, str]:
    """Return the command that a line begins with, None if it has none that we know, and the rest of the line."""
    word, _, rest = text.partition(" ")
    return BY_WORD.get(word[1:].lower()) if word.startswith("/") else None, rest.strip()


def _is_goodbye(text: str) -> bool:
    command, rest = _command_in(text)
    return command is _DISCONNECT and not rest


def _author(event: Event) -> str | None:
    """Return whose line the room hears of in `event`; None for an answer, which only its asker gets."""
    if isinstance(event, Renamed):
        return event.old
    return event.name if isinstance(event, Said | Whispered) else None


def _is_about(event: Event, name: str) -> bool:
    """Say whether `event` is that `name` came or left."""
    return isinstance(event, messages.Joined | messages.Left) and event.name == name


def _cleaned(value: Any) -> Any:
    """Return a message, or a part of one, with every text in it cleaned."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, tuple):
        return tuple(map(_cleaned, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _cleaned(getattr(value, f.name)) for f in fields(value)})
    return value


_NOTES: dict[type, Callable[[Session, Any], None]] = {
    messages.Refused: Session._refused,
    messages.Said: Session._said,
    messages.Whispered: Session._whispered,
    messages.Joined: Session._joined,
    messages.Left: Session._left,
    messages.Renamed: Session._renamed,
    messages.UsersListed: Session._users_listed,
    messages.Missed: Session._missed,
    messages.Dismissed: Session._dismissed,
}
