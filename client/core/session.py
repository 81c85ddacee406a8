"""The client's logical side: what was typed and what the server sends -> what to send and what to show. Pure.

`ClientSession` decides, and its parts keep the facts: `presence` (the phase, the goodbyes), `questions` (what the
server asks), `lines` (ours, until they are answered), `position` (in the server's log), roster, reply target and so on.

A typed line goes to the server as it is, and the server parses it, so that a new command needs no new client. Four
things are the client's own: an answer to a question (a name, a password) goes as what it is, `/reply` becomes a
whisper, settings are changed here, and a line that can't be sent is refused here, in the words of the table of errors.

Every line has a number, its `cseq`, and stays in `lines.pending` until the server answers or echoes it. A goodbye waits
for that. When the connection is lost, `again` begins another one where this one stopped: the server repeats what was
missed, and we repeat every pending line under the number that it had, so that the server knows those that it has heard
already. What comes twice because of that is recognised by its `seq` and not shown twice.

A password is never a line (U2). It comes in as a Secret, which answers one question, known by its number, and is
dropped if another question stands by then, or none. While a line is unanswered that the server may answer by asking for
a password, `is_clear` is false: until then nobody knows whether what is typed next is talk. If the connection is lost
meanwhile, `abandoned` goes up, and a screen drops what was typed until the user has seen that. Nor is talk ever a name:
if we have lost ours, only `/nick NAME` and a NewName take another, and the lines on their way go with the welcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from client.core import render
from client.core.chat_view import Status
from client.core.credential import Credential, Server
from client.core.help_list import with_ours
from client.core.log_position import LogPosition
from client.core.presence import Goodbye, Phase, Presence
from client.core.questions import Questions
from client.core.render import Shown
from client.core.reply_target import ReplyTarget
from client.core.roster import Roster, author, is_about
from client.core.round_trip import RoundTrip
from client.core.sanitize import cleaned
from client.core.settings import Settings, change
from client.core.step import Step
from client.core.typed import Local, Secret, Typed, as_meant, is_goodbye, local_request, may_be_asked_about, name_in
from client.core.unanswered import Pending, Unanswered
from protocol import events, requests
from protocol.commands import BY_REQUEST
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Event, Ponged, Renamed, Said, Whispered
from protocol.lines import LINE_LIMIT
from protocol.requests import Hello, Line, Name, Password, Pong, ResumePoint
from protocol.sanitize import begins_with_slash, printable
from protocol.text import excerpt

_DISCONNECT = BY_REQUEST[requests.Disconnect]
_USERS = BY_REQUEST[requests.ListUsers]
_NAME_LOSSES = (ErrorCode.NAME_CLAIMED.code, ErrorCode.NAME_LOST.code)
UNSEEN = 0  # the number of a line that is the client's own business: its answer is noted and not shown


class ClientSession:
    """Our side of one conversation. It follows what the server says and is never ahead of it."""

    def __init__(self, client_id: str, *, lists_users: bool = False) -> None:
        """Begin before the hello; `client_id` is our random secret. `lists_users`: ask at each welcome who is here."""
        self.name = ""  # as the server gave it; "" until the welcome
        self.presence = Presence()
        self.questions = Questions()
        self.lines = Unanswered()
        self.position = LogPosition()
        self.roster = Roster()
        self.settings = Settings()
        self.round_trip = RoundTrip()
        self._reply_target = ReplyTarget()
        self._credential = Credential(client_id)
        self._lists_users = lists_users

    # --- the connection ------------------------------------------------------------------------------------------

    def hello(self, name: str | None = None, password: str | None = None) -> Hello:
        """Return the first message, to be sent at once after connecting; the `password` follows if it is asked for."""
        self._credential.given(printable(password or "")[:LINE_LIMIT], beforehand=True)
        self._credential.name = None if name is None else excerpt(name)  # longer than an excerpt is no name anyway
        return self._hello(self._credential.name)

    def connected(self, server: Server) -> None:
        """Note the server that the new connection leads to."""
        self._credential.server, self.presence.retry_in = server, 0

    def again(self) -> Hello:
        """Return the first message of another connection, which takes up the conversation where it stopped."""
        self.questions.abandon(self.lines.pending)
        self.questions.refusal = ""
        self.presence.returns()
        if not self.presence.has_been_in:
            self._credential.elsewhere()
            return self._hello(self._credential.name)
        self._credential.reconnected()
        return self._hello(self.name or None, self.position.resume(self.lines.sent))

    def _hello(self, name: str | None, resume: ResumePoint | None = None) -> Hello:
        who = self._credential
        return Hello(requests.VERSION, who.client_id, name=name, resume=resume, attempt=who.next_attempt())

    def lost(self) -> None:
        """Note that the connection is gone, and with it what was asked for."""
        self.presence.lost()
        if self.presence.may_return:  # else it is all over
            self.questions.abandon(self.lines.pending)

    def is_overdue(self, heard_at: float, now: float, silence: float, timeout: float) -> bool:
        """Return whether a server last heard at `heard_at` owes us so much by `now` that it must be gone.

        It may keep a line of ours waiting for `silence` seconds, and a client that comes or returns, and to whom it
        put no question, for `timeout`.
        """
        is_returning = self.presence.phase is Phase.RETURNING and not self.questions.what
        is_unwelcome = is_returning or self.presence.is_knocking
        is_silent = not self.has_lost_name and self.lines.waits_since(heard_at) + silence < now
        return is_silent or (is_unwelcome and heard_at + timeout < now)

    # --- what a screen reads (client.core.chat_view) -------------------------------------------------------------

    @property
    def others(self) -> list[str]:
        """The names of the others here, the latest speaker first."""
        return [name for name in self.roster if name != self.name]

    @property
    def whisperer(self) -> str:
        """The name that a reply would go to; "" for nobody."""
        return self._reply_target.to

    @property
    def waiting(self) -> list[str]:
        """Our lines that have no answer yet, the oldest first, as they may be shown."""
        return self.lines.texts()

    @property
    def status(self) -> Status:
        """How the chat stands."""
        presence, seconds = self.presence, self.round_trip.seconds
        users, is_operator = self.roster.count, presence.is_operator
        return Status(presence.online, presence.retry_in, bool(presence.away), users, seconds, is_operator)

    @property
    def secret(self) -> int:
        """The number of the question for a password that stands; 0 if there is none."""
        return self.questions.secret

    @property
    def abandoned(self) -> int:
        """How many times a password was not wanted any more, though somebody may have been typing it."""
        return self.questions.abandoned

    @property
    def has_lost_name(self) -> bool:
        """Whether we were in the room, and our name is gone: until we have another, no line is sent or answered."""
        return self.presence.has_been_in and not self.name

    @property
    def is_clear(self) -> bool:
        """Whether it is known what the next line means: talk, or an answer to a question."""
        is_talk = self.name and not self.questions.awaits_secret(self.lines.pending)
        return bool(is_talk or self.questions.what or self.presence.goodbye is not Goodbye.NONE)

    def size(self, text: str) -> int:
        """Return how many bytes the line `text` would have when sent; LINE_LIMIT are possible."""
        try:
            return len(self._reply_target.as_sent(as_meant(text, has_name=bool(self.name)))[0].encode(errors="replace"))
        except ProtocolError:  # it can't be sent anyway
            return 0

    # --- what is typed -------------------------------------------------------------------------------------------

    def typed(self, typed: Typed, now: float) -> Step:
        """Return what follows from a line, or from the answer to a question, typed at `now`."""
        if isinstance(typed, Secret):
            return self._answer(typed)
        text = as_meant(typed, has_name=bool(self.name), has_been_in=self.presence.has_been_in)
        if not text:
            return Step()
        if self.secret and not is_goodbye(text):  # it was entered just before the question came
            return self._refuse(ProtocolError(ErrorCode.PASSWORD_ASKED))
        if is_goodbye(text):
            self.presence.leaves()
            return Step()
        try:
            request = local_request(text)
            if request is not None:
                return self._carry_out(request)
            name = "" if self.name else name_in(typed, text, has_been_in=self.presence.has_been_in)
            if name:
                self._enter()
                return Step(send=(Name(excerpt(name)),))
            line = self._line(printable(typed) if begins_with_slash(typed) else text, now)  # a password may be in it
        except ProtocolError as error:
            return self._refuse(error)
        if self.presence.has_been_in and not self.presence.online:
            return Step()  # it goes with the welcome
        self.lines.sent = line.cseq
        return Step(send=(line,))

    def _answer(self, secret: Secret) -> Step:
        """Send `secret` if the question that it was typed at still stands; else drop it."""
        if not self.questions.takes(secret):
            return self._refuse(ProtocolError(ErrorCode.SECRET_DROPPED))
        self._enter()
        password = printable(secret.text)[:LINE_LIMIT]
        self._credential.given(password)
        return Step(send=(Password(password),))

    def _refuse(self, error: ProtocolError) -> Step:
        self.lines.refused += 1
        return Step(show=render.refusal(str(error), error.fault))

    def _carry_out(self, request: Local) -> Step:
        """Do what needs no server. Raises ProtocolError."""
        if isinstance(request, requests.Set | requests.Ignore | requests.Unignore):
            self.settings, told = change(self.settings, request)
            return Step(show=render.answer(told), keep=self.settings)
        if isinstance(request, requests.Reconnect) and not self.presence.has_been_in:
            raise ProtocolError(ErrorCode.NOT_NAMED)
        return Step(task=request)

    def leave(self) -> Step:
        """Return what says goodbye."""
        self.presence.goodbye = Goodbye.SENT
        return Step(send=(Line(_DISCONNECT.usage, self.lines.number()),))

    def _enter(self) -> None:
        """Note that the user has sent something that the server answers by letting us in, refusing us or asking."""
        self.questions.answered()
        self._credential.withheld()

    def _line(self, text: str, now: float) -> Line:
        """Return the numbered line for `text`. Raises ProtocolError for what can't be sent."""
        text, as_of = self._reply_target.as_sent(text)
        if len(text.encode()) > LINE_LIMIT:
            raise ProtocolError(ErrorCode.TOO_LONG, limit=LINE_LIMIT)
        if not self.name:
            self._enter()
        self.presence.typed(text)
        alone = self.presence.online and not self.lines.pending and self.round_trip.is_paused(now)
        line = Line(text, self.lines.number(), as_of, None if as_of is None else self.position.epoch)
        self.lines.add(line, now, alone=alone)
        if may_be_asked_about(text):
            self.questions.may_follow(line.cseq)
        return line

    # --- what the server sends -----------------------------------------------------------------------------------

    def receive(self, event: Event, now: float) -> Step:
        """Return what follows from `event`, which came at `now` from a server that may be hostile."""
        event = cleaned(event)
        if isinstance(event, events.Pinged):
            return Step(send=(Pong(),))
        settled = self._settle(event)
        if not isinstance(event, Renamed) or event.old == self.name:
            self.questions.hears(event)
        self._measure(event, settled, now)
        if isinstance(event, Ponged):
            return Step(show=render.pong(None if settled is None else now - settled.typed_at, event))
        if isinstance(event, events.Welcomed):
            self.round_trip.welcomed(now, self.lines.newest)
            return self._welcomed(event)
        if isinstance(event, events.Asked):
            return self._asked(event)
        seq = getattr(event, "seq", None)
        if seq is not None and seq <= self.position.seq:  # a repeat, and news only if it answers a pending line
            return Step() if settled is None else Step(show=self._rendered(event))
        return Step(show=self._noted(event, seq))

    def _noted(self, event: Event, seq: int | None) -> Shown | None:
        """Record a new event and return how it reads."""
        position = self.position
        position.seq = position.seq if seq is None else seq
        note = _NOTES.get(type(event))
        if note is not None:
            note(self, event)
        shown = self._rendered(event)
        if seq is None or seq > position.came_at:
            return shown
        if seq == position.came_at:
            return render.back_again(position.has_missed, self.roster.count)
        if shown is None or is_about(event, self.name):
            return None
        return render.first_missed(shown) if position.notes_missed() else shown

    def _rendered(self, event: Event) -> Shown | None:
        is_unseen = getattr(event, "cseq", None) == UNSEEN
        is_ignored = isinstance(event, Said | Whispered) and self.settings.ignores(event.name)
        if is_unseen or (is_ignored and author(event) != self.name):
            return None
        event = with_ours(event) if isinstance(event, events.HelpListed) else event
        if isinstance(event, events.HistoryListed):
            entries = tuple(entry for entry in event.entries if not self.settings.ignores(entry.name))
            event = replace(event, entries=entries)
        return render.render_event(event, self.name)

    def _measure(self, event: Event, settled: Pending | None, now: float) -> None:
        """Note how long the server took, if it is known when that was sent which `event` answers."""
        if settled is not None:
            self.round_trip.answered(settled.line.cseq, settled.typed_at, now, alone=settled.alone)
        elif getattr(event, "cseq", None) == UNSEEN:
            self.round_trip.listed_users(now)

    def _settle(self, event: Event) -> Pending | None:
        """Take the line that `event` answers or echoes out of the pending ones and return it.

        Of a repeated event only the author gets a `cseq`; of a new one everybody, and the name says whose line it is.
        """
        cseq = getattr(event, "cseq", None)
        if cseq is None or not (self.position.precedes_us(event) or author(event) in (None, self.name)):
            return None
        return self.lines.pending.pop(cseq, None)

    def _welcomed(self, event: events.Welcomed) -> Step:
        returns = self.presence.phase is Phase.RETURNING or (self.presence.online and self.position.goes_on_by(event))
        if not returns:
            self.lines.pending.clear()  # what was sent before it had no other answer
        is_resumed = returns and self.position.is_resumed_by(event)
        outdated = None if is_resumed else self._begin_another_log()
        self.position.welcomed(event, is_resumed=is_resumed)
        self.name, self.presence.phase, self.roster.count = excerpt(event.name), Phase.CHATTING, event.count
        self.questions.answered()
        self.presence.is_operator = False  # it is told next, if we are
        shown = None if is_resumed else self._rendered(event)
        return Step(send=(*self._unseen_lines(), *self.lines.repeated()), first=outdated, show=shown)

    def _begin_another_log(self) -> Shown | None:
        """Give back the replies that wait, since only the log before this one understands them; return the refusal.

        The `as_of` of a name is a number of that log. In this one a newcomer may have the name since a lower number.
        """
        self._reply_target.missed()
        told = "\n! ".join(map(str, self.lines.drop_replies()))
        return render.refusal(told) if told else None

    def _unseen_lines(self) -> tuple[Line, ...]:
        """Return what the client says by itself when it comes in."""
        texts = (_USERS.usage if self._lists_users else "", self.presence.away)
        return tuple(Line(text, UNSEEN) for text in texts if text)

    def _asked(self, event: events.Asked) -> Step:
        self.presence.asked()
        password = self._credential.offer() if event.what == "password" and not self.presence.online else ""
        mismatch = self._credential.mismatch if password else ""
        if password and not mismatch:
            return Step(send=(Password(password),))
        self.questions.asked(event.what)
        if not password:
            return Step(show=self._rendered(event))
        self.questions.refusal = mismatch
        return Step(first=render.refusal(mismatch), show=self._rendered(event))

    def _refused(self, event: events.Refused) -> None:
        self.lines.refused += event.cseq is not None and event.cseq != UNSEEN
        if event.code == ErrorCode.WRONG_PASSWORD.code:
            self._credential.wrong()
        self.presence.refused(event.code)
        if self.presence.phase is Phase.RETURNING or event.code in _NAME_LOSSES:
            self.name = ""  # the name that we had can't be had any more
        if not self.name:
            self.questions.refusal = event.text

    def _whispered(self, event: Whispered) -> None:
        self.roster.spoke(event.name)
        is_ours = event.cseq is not None and self.position.precedes_us(event)  # from when we had another name
        if event.name != self.name and not is_ours:
            self._reply_target.whispered(event.name, event.seq)

    def _joined(self, event: events.Joined) -> None:
        self._reply_target.forget(event.name)  # who joins under this name is somebody else
        self.roster.came(event.name, event.count)

    def _left(self, event: events.Left) -> None:
        self._reply_target.forget(event.name)
        self.roster.left(event.name, event.count)

    def _renamed(self, event: Renamed) -> None:
        self.roster.renamed(event.old, event.name)
        if event.old == self.name and not self.position.precedes_us(event):  # the welcome knows better
            self.name = excerpt(event.name)
        else:
            self._reply_target.renamed(event.old, event.name, event.seq)


_NOTES: dict[type, Callable[[ClientSession, Any], None]] = {
    events.Refused: ClientSession._refused,
    events.Said: lambda self, event: self.roster.spoke(event.name),
    events.Whispered: ClientSession._whispered,
    events.Announced: lambda self, event: self.roster.spoke(event.name),
    events.RoleChanged: lambda self, event: self.presence.has_role(is_operator=event.operator),
    events.Joined: ClientSession._joined,
    events.Left: ClientSession._left,
    events.Renamed: ClientSession._renamed,
    events.UsersListed: lambda self, event: self.roster.listed(event.names, event.count),
    events.Missed: lambda self, _: self._reply_target.missed(),
    events.Dismissed: lambda self, event: self.presence.dismissed(again=bool(event.again)),
}
