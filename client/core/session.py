"""The client's logical side: what was typed and what the server tells -> what to send and what to show. Pure.

A line that was typed goes to the server as it is, which parses it, so that a new command needs no new client. Four
things are the client's own: an answer to a question (a name, a password) goes as what it is, `/reply` becomes a
whisper, settings are made here, and a line that can't be sent is refused here, in the words of the table of errors.

Every line has a `cseq` and stays in `pending` until the server answers or echoes it. A goodbye waits for that.
When the connection is lost, `again` begins another one where this one stopped: the server tells what was missed, and is
told every pending line once more, under the number that it had, so that it knows those that it has heard already. What
comes twice because of that is recognised by its `seq` and not shown twice.

A password is never a line (U2). It comes in as a Secret, which answers one question, known by its number, and is
dropped when another one stands by then, or none. While a line is on its way that the server may answer by asking for
a password, `is_clear` is false: until then nobody knows if what is typed next is talk. If the connection is lost
meanwhile, `abandoned` goes up, and a screen drops what was typed until the user has seen that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from client.core import render
from client.core.credential import Credential
from client.core.passwords import Passwords
from client.core.render import Shown
from client.core.reply_target import ReplyTarget
from client.core.roster import Roster, author, is_about
from client.core.round_trip import RoundTrip
from client.core.sanitize import cleaned
from client.core.settings import Settings, change
from client.core.typed import (
    Pending,
    Secret,
    Typed,
    as_meant,
    command_in,
    is_goodbye,
    local_request,
    may_be_asked_about,
    usage,
)
from protocol import events, requests
from protocol.commands import BY_REQUEST, arguments
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Event, Ponged, Renamed, Said, Whispered
from protocol.lines import LINE_LIMIT
from protocol.requests import Hello, Line, Name, Password, Pong
from protocol.sanitize import begins_with_slash, printable
from protocol.text import WIDTH, excerpt

ClientMessage = Hello | Name | Password | Line | Pong

_DISCONNECT = BY_REQUEST[requests.Disconnect]
_USERS = BY_REQUEST[requests.ListUsers]
UNSEEN = 0  # the number of a line that is the client's own business: its answer is noted and not shown


@dataclass(frozen=True, slots=True)
class Step:
    """What a typed line or an event leads to: messages to send, something to show, and so on."""

    send: tuple[ClientMessage, ...] = ()
    first: Shown | None = None  # to be shown before `show`
    show: Shown | None = None
    clears: bool = False  # the screen
    keep: Settings | None = None  # from now on


class ClientSession:
    """Facts about our side of one conversation. Compared to the server's word, never ahead of it."""

    def __init__(self, client_id: str, *, lists_users: bool = False) -> None:
        """Begin before the hello; `client_id` is our random secret. `lists_users`: ask, unseen, who is here."""
        self.name = ""  # ours, as the server gave it; "" until the welcome
        self.question = ""  # what the server waits for: "name", "password", or "" for nothing
        self.abandoned = 0  # goes up when a password is not wanted any more, though somebody may be typing it
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
        self.roster = Roster()
        self.settings = Settings()
        self.width = WIDTH  # of lists, in characters
        self.round_trip = RoundTrip()
        self.refused_lines = 0
        self.away = ""  # the line that said so, to be said again to a server that forgot
        self._client_id = client_id
        self._lists_users = lists_users
        self._cseq = 0
        self._sent = 0  # up to this number lines may have reached a server
        self._reply_target = ReplyTarget()
        self.server = ""  # the address at the other end of the connection
        self._credential = Credential()
        self._passwords = Passwords()
        self._asking_line = UNSEEN  # the newest line that the server may answer by asking for a password
        self._returning = False  # by another connection, and not in the room yet
        self._came_at = 0  # the log's number of our coming, by this connection
        self._has_missed = False  # something of what came before that, and has been shown since

    # --- what we say ---------------------------------------------------------------------------------------------

    def hello(self, name: str | None = None, password: str | None = None) -> Hello:
        """Return the first message, to be sent at once after connecting; the `password` follows if it is asked for."""
        self._credential.given(printable(password or "")[:LINE_LIMIT], self.server, beforehand=True)
        named = None if name is None else excerpt(name)  # longer than an excerpt is no name anyway
        return Hello(requests.VERSION, self._client_id, name=named)

    @property
    def others(self) -> list[str]:
        """The names of the others here, who spoke last first."""
        return [name for name in self.roster if name != self.name]

    @property
    def whisperer(self) -> str:
        """Whom a reply would go to; "" for nobody."""
        return self._reply_target.to

    @property
    def is_clear(self) -> bool:
        """Whether it is known what the next line means: talk, or an answer to a question."""
        return bool((self.name and not self._awaits_secret) or self.question or self.wants_to_leave)

    @property
    def secret(self) -> int:
        """The number of the question for a password that stands; 0 if there is none."""
        return self._passwords.question

    @property
    def _awaits_secret(self) -> bool:
        """Whether the server may ask for a password next."""
        return self._passwords.is_checked or self._asking_line in self.pending

    @property
    def may_return(self) -> bool:
        """Whether a lost connection is to be taken up again: nobody has said goodbye."""
        return bool(self.epoch) and not self.leaving and not self.dismissed

    def lost(self) -> None:
        """Note that the connection is gone, and with it what was asked for."""
        self.online = False
        if self.may_return:  # else it is all over
            self._abandon()

    def _abandon(self) -> None:
        """Note that no password is wanted any more, neither one that was asked for nor one that was about to be."""
        self.abandoned += bool(self.secret or self._awaits_secret)
        self.question, self._asking_line = "", UNSEEN
        self._passwords.over()

    def waits_since(self, heard_at: float) -> float:
        """Return since when the server has kept a line of ours waiting without a word; `inf` if none is waiting."""
        oldest = next(iter(self.pending.values()), None)
        return inf if oldest is None else max(oldest.typed_at, heard_at)

    def again(self) -> Hello:
        """Return the first message of another connection, which takes up the conversation where it stopped."""
        self._abandon()
        self._returning = True
        self._credential.reconnected()
        self.told_goodbye = False
        self.refusal = ""
        resume = requests.ResumePoint(self.epoch, self.seq, self._sent)
        return Hello(requests.VERSION, self._client_id, name=self.name or None, resume=resume)

    def typed(self, typed: Typed, now: float) -> Step:
        """Return what a line, or the answer to a question, typed at `now`, leads to."""
        if isinstance(typed, Secret):
            return self._answered(typed)
        text = as_meant(typed, has_name=bool(self.name))
        if not text:
            return Step()
        if self.secret and not is_goodbye(text):  # it was entered just before the question came
            return self._refuse(ProtocolError(ErrorCode.PASSWORD_ASKED))
        if not self.name and not text.startswith("/"):
            self._try_again()
            return Step(send=(Name(excerpt(text)),))
        if is_goodbye(text):
            self.wants_to_leave = True
            return Step()
        try:
            request = local_request(text)
            if request is not None:
                return self._carry_out(request)
            line = self._line(printable(typed) if begins_with_slash(typed) else text, now)  # a password may be in it
        except ProtocolError as error:
            return self._refuse(error)
        if self.epoch and not self.online:
            return Step()  # it goes with the welcome
        self._sent = line.cseq
        return Step(send=(line,))

    def _answered(self, secret: Secret) -> Step:
        """Answer the question that `secret` was typed at. If that does not stand any more, nobody is to have it."""
        if not self._passwords.answers(secret):
            return self._refuse(ProtocolError(ErrorCode.SECRET_DROPPED))
        self._try_again()
        password = printable(secret.text)[:LINE_LIMIT]
        self._credential.given(password, self.server)
        return Step(send=(Password(password),))

    def _refuse(self, error: ProtocolError) -> Step:
        self.refused_lines += 1
        return Step(show=render.refusal(str(error)))

    def size(self, text: str) -> int:
        """Return how many bytes the line `text` has on its way; LINE_LIMIT are possible."""
        try:
            return len(self._as_sent(as_meant(text, has_name=bool(self.name)))[0].encode(errors="replace"))
        except ProtocolError:  # it is not to be sent anyway
            return 0

    def _carry_out(self, request: requests.LocalRequest) -> Step:
        """Do what the client does by itself. Raises ProtocolError."""
        if isinstance(request, requests.Set | requests.Ignore | requests.Unignore):
            self.settings, told = change(self.settings, request)
            return Step(show=render.answer(told), keep=self.settings)
        return Step(clears=True)

    def leave(self) -> Step:
        """Return what says goodbye."""
        self.leaving = True
        self._cseq += 1
        return Step(send=(Line(_DISCONNECT.usage, self._cseq),))

    def _try_again(self) -> None:
        """Note that something was sent that the server answers with a welcome, a refusal or another question."""
        self.question = ""
        self.refusal = ""
        self._credential.withheld()

    def _line(self, text: str, now: float) -> Line:
        """Return the numbered line for `text`. Raises ProtocolError for what can't be sent."""
        text, as_of = self._as_sent(text)
        if len(text.encode()) > LINE_LIMIT:
            raise ProtocolError(ErrorCode.TOO_LONG, limit=LINE_LIMIT)
        if not self.name:
            self._try_again()
        command, _ = command_in(text)
        if command is not None and command.build in (requests.GoAway, requests.ComeBack):
            self.away = text if command.build is requests.GoAway else ""
        self._cseq += 1
        if may_be_asked_about(text):
            self._asking_line = self._cseq
        line = Line(text, self._cseq, as_of, None if as_of is None else self.epoch)
        alone = self.online and not self.pending and self.round_trip.is_paused(now)
        self.pending[self._cseq] = Pending(line, now, alone)
        return line

    def _as_sent(self, text: str) -> tuple[str, int | None]:
        """Return the line `text` with a reply made a whisper, and its `as_of`. Raises ProtocolError."""
        command, rest = command_in(text)
        if command is None or command.build is not requests.Reply:
            return text, None
        (message,) = arguments(command, rest, usage(command, text))
        return self._reply_target.whisper(message)

    # --- what we are told ----------------------------------------------------------------------------------------

    def receive(self, event: Event, now: float) -> Step:
        """Return what `event`, which came at `now` from a server that may be hostile, leads to."""
        event = cleaned(event)
        if isinstance(event, events.Pinged):
            return Step(send=(Pong(),))
        settled = self._settle(event)
        if not isinstance(event, Renamed) or event.old == self.name:
            self._passwords.hears(event)
        self._measure(event, settled, now)
        if isinstance(event, Ponged):
            return Step(show=render.pong(None if settled is None else now - settled.typed_at, event))
        if isinstance(event, events.Welcomed):
            self.round_trip.welcomed(now, self._cseq)
            return self._welcomed(event)
        if isinstance(event, events.Asked):
            return self._asked(event)
        seq = getattr(event, "seq", None)
        if seq is not None and seq <= self.seq:  # told again; news only if it answers a line that had no answer yet
            return Step() if settled is None else Step(show=self._rendered(event))
        return Step(show=self._noted(event, seq))

    def _noted(self, event: Event, seq: int | None) -> Shown | None:
        """Take note of what is new, and return how it looks."""
        self.seq = self.seq if seq is None else seq
        note = _NOTES.get(type(event))
        if note is not None:
            note(self, event)
        shown = self._rendered(event)
        if seq is None or seq > self._came_at:
            return shown
        if seq == self._came_at:
            return render.back_again(self._has_missed, self.roster.count)
        if shown is None or is_about(event, self.name):
            return None
        is_first, self._has_missed = not self._has_missed, True
        return render.first_missed(shown) if is_first else shown

    def _rendered(self, event: Event) -> Shown | None:
        is_unseen = getattr(event, "cseq", None) == UNSEEN
        is_ignored = isinstance(event, Said | Whispered) and self.settings.ignores(event.name)
        if is_unseen or (is_ignored and author(event) != self.name):
            return None
        if isinstance(event, events.HistoryListed):
            entries = tuple(entry for entry in event.entries if not self.settings.ignores(entry.name))
            event = replace(event, entries=entries)
        return render.render_event(event, self.name, self.width)

    def _measure(self, event: Event, settled: Pending | None, now: float) -> None:
        """Note how long the server took, if `event` answers what was sent at a time that we know."""
        if settled is not None:
            self.round_trip.answered(settled.line.cseq, settled.typed_at, now, alone=settled.alone)
        elif getattr(event, "cseq", None) == UNSEEN:
            self.round_trip.listed_users(now)

    def _settle(self, event: Event) -> Pending | None:
        """Take the line that `event` answers or echoes out of `pending` and return it.

        What is told again has a `cseq` for its author only; what is new tells by the name whose line it is.
        """
        cseq = getattr(event, "cseq", None)
        is_told_again = getattr(event, "seq", self._came_at + 1) <= self._came_at
        if cseq is None or not (is_told_again or author(event) in (None, self.name)):
            return None
        return self.pending.pop(cseq, None)

    def _welcomed(self, event: events.Welcomed) -> Step:
        if not self._returning:
            self.pending.clear()  # what was sent before it had no other answer
        is_resumed = self._returning and event.resumed and excerpt(event.epoch) == self.epoch
        outdated = None if is_resumed else self._begin_anew(event.seq)
        self.name, self.epoch, self._came_at = excerpt(event.name), excerpt(event.epoch), event.seq
        self.question = self.refusal = ""
        self.online, self._returning, self._has_missed = True, False, False
        self.roster.count = event.count
        self._sent = self._cseq
        repeated = tuple(pending.line for pending in self.pending.values())
        shown = None if is_resumed else self._rendered(event)
        return Step(send=(*self._unseen_lines(), *repeated), first=outdated, show=shown)

    def _begin_anew(self, seq: int) -> Shown | None:
        """Begin to read another log at `seq`; return what tells of replies that belong to the one before, if any wait.

        A name's `as_of` is a number of that log. In this one a newcomer may have the name since a lower number.
        """
        self.seq = seq
        self._reply_target.missed()
        outdated = [pending.line for pending in self.pending.values() if pending.line.as_of is not None]
        for line in outdated:
            del self.pending[line.cseq]
        self.refused_lines += len(outdated)
        told = "\n! ".join(str(ProtocolError(ErrorCode.REPLY_OUTDATED, line=line.text)) for line in outdated)
        return render.refusal(told) if told else None

    def _unseen_lines(self) -> tuple[Line, ...]:
        """Return what the client says by itself when it comes in."""
        unseen = [_USERS.usage] if self._lists_users else []
        return tuple(Line(text, UNSEEN) for text in [*unseen, *([self.away] if self.away else [])])

    def _asked(self, event: events.Asked) -> Step:
        password = self._credential.offer() if event.what == "password" and not self.online else ""
        if password and self._credential.may_go_to(self.server):
            return Step(send=(Password(password),))
        if event.what == "password":
            self._passwords.asked()
        self.question = event.what
        if not password:
            return Step(show=self._rendered(event))
        before = self._credential.given_for
        self.refusal = str(ProtocolError(ErrorCode.PASSWORD_ELSEWHERE, address=self.server, before=before))
        return Step(first=render.refusal(self.refusal), show=self._rendered(event))

    def _refused(self, event: events.Refused) -> None:
        self.refused_lines += event.cseq is not None and event.cseq != UNSEEN
        if event.code == ErrorCode.WRONG_PASSWORD.code:
            self._credential.wrong()
        if self._returning:
            self.name = ""  # the name that we had can't be had any more
        if not self.name:
            self.refusal = event.text

    def _said(self, event: Said) -> None:
        self.roster.spoke(event.name)

    def _whispered(self, event: Whispered) -> None:
        self.roster.spoke(event.name)
        is_ours = event.cseq is not None and event.seq <= self._came_at  # told again, from when we had another name
        if event.name != self.name and not is_ours:
            self._reply_target.whispered(event.name, event.seq)

    def _joined(self, event: events.Joined) -> None:
        self._reply_target.forget(event.name)  # whoever joins under this name is not who whispered
        self.roster.came(event.name, event.count)

    def _left(self, event: events.Left) -> None:
        self._reply_target.forget(event.name)
        self.roster.left(event.name, event.count)

    def _renamed(self, event: Renamed) -> None:
        self.roster.renamed(event.old, event.name)
        if event.old == self.name and event.seq > self._came_at:  # else it was before the welcome, which knows better
            self.name = excerpt(event.name)
        else:
            self._reply_target.renamed(event.old, event.name, event.seq)

    def _users_listed(self, event: events.UsersListed) -> None:
        self.roster.listed(event.names, event.count)

    def _missed(self, event: events.Missed) -> None:
        self._reply_target.missed()

    def _dismissed(self, event: events.Dismissed) -> None:
        self.told_goodbye = True
        self.dismissed = not event.again or self.leaving


_NOTES: dict[type, Callable[[ClientSession, Any], None]] = {
    events.Refused: ClientSession._refused,
    events.Said: ClientSession._said,
    events.Whispered: ClientSession._whispered,
    events.Joined: ClientSession._joined,
    events.Left: ClientSession._left,
    events.Renamed: ClientSession._renamed,
    events.UsersListed: ClientSession._users_listed,
    events.Missed: ClientSession._missed,
    events.Dismissed: ClientSession._dismissed,
}
