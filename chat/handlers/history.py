"""The hub's handlers for what was before: history, search, who was last seen, and what one who comes back has missed.

The newest entries are in memory (chat.log) and answered from there. Searching reaches as far as the journal: where
there is one, a handler returns an Inquiry and the session waits for what is `found`, as it does for passwords;
without one, or when the disk fails, what is in memory has to do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chat.effects import Broadcast, Effect, ReadAgain, SearchArchive, SearchTask, SeekInArchive, Unicast
from chat.log import Log
from chat.replies import event_of, mark_of
from chat.request_log import late_status
from chat.session import Session
from protocol import acts, requests
from protocol.commands import BY_REQUEST
from protocol.errors import ErrorCode
from protocol.events import HistoryListed, Missed, Noticed, Past, Renamed, RoomEvent, Said, Whispered, refusal
from protocol.numbers import whole_number
from protocol.requests import Request
from protocol.sanitize import clean
from protocol.text import excerpt, key_of, utc, words_of

if TYPE_CHECKING:
    from chat.hub import Handler, Hub

JOURNAL_LOST = (
    "The server can't write its log to the disk any more. The chat goes on, but what is said from now on is forgotten "
    "when the server stops."
)
SECRET = 16  # characters that a client's secret has at least: ours has 32, which are 128 bits
MOST = 500  # messages that one may ask for
WORDS = 16  # that one search may have: each costs as much as a search
FOUND = 20  # messages that a search shows
_PART = 24 * 1024  # bytes of text in one event, so that it fits a frame however it is quoted
_SUMMARY = 200  # characters of a message that somebody who comes in by telnet is shown
_ENTRY = 160  # bytes of a message besides its text, at most


# --- coming in ---------------------------------------------------------------------------------------------------


def can_resume(session: Session, epoch: str, log: Log) -> bool:
    """Return whether `session` comes back to the log that it knows, and that still knows what it has seen."""
    resume = session.resume
    return resume is not None and resume.epoch == epoch and log.issued(resume.seq)


def tell_lost(session: Session, resumed: bool) -> list[Effect]:
    """Return what one who comes back to another log than it knows is told before its welcome.

    Before it, since with the welcome it knows the new log, and would not be told if the connection were lost between.
    """
    return [] if session.resume is None or resumed else [Unicast(session, Missed(0))]


def catch_up(session: Session, resumed: bool, log: Log) -> list[Effect]:
    """Return what one who has just come in is told of what was before: what it missed, or the newest messages."""
    resume = session.resume
    if resume is not None and resumed:
        missing, entries = log.since(resume.seq, session.identity)
        gap = [Unicast(session, Missed(missing))] if missing else []
        return [*gap, *(Unicast(session, entry.told_to(session.identity)) for entry in entries)]
    newest = log.messages(session.greeted_with, session.identity)
    if session.framed:
        return _listed(session, "The last messages", newest, None) if newest else []
    return _listed(session, *_summary(newest), None) if newest else []


def identify(hub: Hub, session: Session, client_id: str) -> list[Effect]:
    """Note who this client is. If it is connected already, that connection is dead, though nobody knew it yet."""
    identity = identity_of(client_id)
    if not identity:
        return []
    session.identity = identity
    dead = hub.clients.get(identity)
    hub.clients[identity] = session
    return [] if dead is None else hub.dismiss(dead, refusal(ErrorCode.REPLACED), "reconnected")


def identity_of(client_id: str) -> str:
    """Return what a client is known by in the log; "" for a secret that somebody could guess.

    A hash, so that whoever reads the journal can't pass for the client.
    """
    if len(client_id) < SECRET:
        return ""
    return hashlib.sha256(client_id.encode(errors="surrogatepass")).hexdigest()[:32]


def settled_lines(hub: Hub, session: Session) -> int:
    """Return up to which number the lines of a client that comes in have been handled, as far as anybody knows.

    Of a client that has an entry in the log, that is known. Of one that comes back to this log after its last entry
    was deleted, it is not: then all lines count as handled that may have been sent before, by the client's own word.
    """
    known, resume = hub.answers.highest(session.identity), session.resume
    if known is not None:
        return known
    return (resume.lines or 0) if resume is not None and resume.epoch == hub.epoch else 0


def handle_once(hub: Hub, session: Session, request: Request, cseq: int, handler: Handler) -> list[Effect]:
    """Have `handler` see to a client's line; answer it again if it has been seen to, in this run or an earlier one."""
    if cseq <= (hub.answers.highest(session.identity) or 0):
        return _answer_again(hub, session, request, cseq)
    effects = handler(hub, session, request)
    events = (effect.event for effect in effects if isinstance(effect, Broadcast | Unicast))
    answer = next((event for event in events if getattr(event, "cseq", None) == cseq), None)
    if answer is None or not session.named:  # None: it comes later, when a password has been checked
        return effects
    seq = getattr(answer, "seq", None)
    if seq is None:
        hub.answers.remember(session.identity, cseq, mark_of(_asked(request)), answer)
    else:
        hub.answers.note(session.identity, cseq, seq)
    return effects


def _answer_again(hub: Hub, session: Session, request: Request, cseq: int) -> list[Effect]:
    """Answer a line whose number has been handled: as it was, if it was this line; it is not said (again)."""
    other = hub.answers.other(session.identity, cseq)
    if other is not None and other.mark == mark_of(_asked(request)):
        return [Unicast(session, event_of(other))]
    entries = [hub.room.log.entry(seq) for seq in hub.answers.places(session.identity, cseq)]
    lines = [entry.event for entry in entries if entry is not None and getattr(entry.event, "cseq", None) == cseq]
    same = next((event for event in lines if _is_said_by(request, event)), None)
    if same is not None:
        return [Unicast(session, same)]
    return hub.refuse(session, ErrorCode.NUMBER_USED if lines or other else ErrorCode.REPEATED_TOO_LATE, cseq)


def _asked(request: Any) -> str:
    """Return what a line asked for, as a text to be compared."""
    words = (getattr(request, field, None) for field in ("to", "text", "name"))
    return " ".join([type(request).__name__, *(word for word in words if word is not None)])


def _is_said_by(request: Request, event: RoomEvent) -> bool:
    """Return whether `event` is what `request` asks for."""
    if isinstance(request, requests.Whisper):
        return isinstance(event, Whispered) and (key_of(event.to), event.text) == (key_of(request.to), request.text)
    if isinstance(request, requests.Nick):
        return isinstance(event, Renamed) and event.name == clean(request.name)
    text = acts.as_said(request.text) if isinstance(request, requests.Act) else getattr(request, "text", None)
    return isinstance(event, Said) and event.text == text


# --- commands ----------------------------------------------------------------------------------------------------


def history(hub: Hub, session: Session, request: requests.ListHistory) -> list[Effect]:
    """Tell the newest messages."""
    count = request.count or str(hub.greet_history or FOUND)
    number = whole_number(count, MOST)
    if not number:
        usage = BY_REQUEST[requests.ListHistory].usage
        return hub.refuse(
            session, ErrorCode.USAGE, request.cseq, why=f"COUNT is a number from 1 to {MOST}", usage=usage
        )
    entries = hub.room.log.messages(number, session.identity)
    if not entries:
        return [Unicast(session, Noticed("Nothing has been said yet.", request.cseq))]
    return _listed(session, "The last messages", entries, request.cseq)


def search(hub: Hub, session: Session, request: requests.Search) -> list[Effect]:
    """Look for messages, in the archive if there is one."""
    if not 1 <= len(set(words_of(request.words))) <= WORDS:
        usage = BY_REQUEST[requests.Search].usage
        return hub.refuse(session, ErrorCode.USAGE, request.cseq, why=f"WORDS are 1 to {WORDS} words", usage=usage)
    if not hub.has_archive:
        hub.spend_turn()
        found = hub.room.log.search(request.words, FOUND, session.identity)
        return _tell_found(session, request.words, found, request.cseq)
    session.waiting = True
    return [SearchArchive(session, request.words, FOUND, session.identity, request.cseq)]


def seek(hub: Hub, session: Session, request: requests.Seek) -> list[Effect]:
    """Tell when somebody was last here: now, or when the log last heard of them."""
    here = hub.room.find(request.name)
    if here is not None:
        return [Unicast(session, Noticed(f"{here.name} is here now.", request.cseq))]
    if not hub.has_archive:
        hub.spend_turn()
        return _last_seen(session, request.name, hub.room.log.last_seen(request.name), request.cseq)
    session.waiting = True
    return [SeekInArchive(session, request.name, request.cseq)]


# --- what the shell tells ----------------------------------------------------------------------------------------


def found(hub: Hub, asked: SearchTask, result: Any, failed: bool) -> list[Effect]:
    """Return what follows from what came of `asked`: messages or a time; or, if it `failed`, nothing."""
    session = asked.session
    session.waiting = False
    if session.closing:
        return []
    if failed:
        effects = hub.refuse(session, ErrorCode.LOG_FAILED, asked.cseq)
    elif isinstance(asked, SearchArchive):
        effects = _tell_found(session, asked.words, result, asked.cseq)
    else:
        effects = _last_seen(session, asked.name, result, asked.cseq)
    late = late_status(session, effects, "")
    return [*effects, *late, *hub.charge_answer(session, effects), ReadAgain(session)]


def journal_lost(hub: Hub) -> list[Effect]:
    """Tell everybody that there is no journal any more, and search what is in memory from now on."""
    hub.has_archive = False
    return [Unicast(session, Noticed(JOURNAL_LOST)) for session in hub.room]


# --- pieces --------------------------------------------------------------------------------------------------------


def _summary(entries: list[Past]) -> tuple[str, list[Past]]:
    """Return a heading for `entries`, and these with their long texts cut, so that a terminal has room for all."""
    cut = [replace(e, text=f"{e.text[: _SUMMARY - 3]}...") if len(e.text) > _SUMMARY else e for e in entries]
    return "The last messages" if cut == entries else "The last messages, long ones cut; /history has all", cut


def _last_seen(session: Session, name: str, at: float | None, cseq: int | None) -> list[Effect]:
    text = f"was last heard of on {utc(at)} UTC." if at is not None else "is not known, as far as the log goes back."
    return [Unicast(session, Noticed(f"{excerpt(name)} {text}", cseq))]


def _tell_found(session: Session, words: str, found: list[Past], cseq: int | None) -> list[Effect]:
    if not found:
        return [Unicast(session, Noticed(f"No message has {excerpt(words)} in it.", cseq))]
    return _listed(session, f"The last messages with {excerpt(words)}", found, cseq)


def _listed(session: Session, text: str, entries: list[Past], cseq: int | None) -> list[Effect]:
    """Return the events that tell of `entries`: the first has the heading, the last one answers the line."""
    parts = list(_parts(entries))
    headings = [f"{text}:", *[""] * len(parts)]
    answered = [*[None] * (len(parts) - 1), cseq]
    return [Unicast(session, HistoryListed(*event)) for event in zip(headings, parts, answered, strict=False)]


def _parts(entries: Iterable[Past]) -> Iterator[tuple[Past, ...]]:
    part: list[Past] = []
    room = _PART
    for entry in entries:
        size = _ENTRY + len(entry.text.encode())
        if size > room and part:
            yield tuple(part)
            part, room = [], _PART
        part.append(entry)
        room -= size
    yield tuple(part)
