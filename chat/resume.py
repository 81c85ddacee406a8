"""Coming back: what a client that was here before has missed, and the earlier messages that a newcomer is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from chat.effects import Effect, Outcome, Unicast
from chat.log import Entry, Log
from chat.room import Room
from chat.session import Session
from protocol.events import Event, HistoryListed, Missed, Noticed, Past, Whispered

SECRET = 16  # characters that a client's secret has at least: ours has 32, which are 128 bits
_PART = 24 * 1024  # bytes of text in one event, so that it fits a frame however it is quoted
_SUMMARY = 200  # characters of a message that a newcomer on a terminal is shown
_ENTRY = 160  # bytes of a message besides its text, at most


def identity_of(client_id: str) -> str:
    """Return the identity under which a client is known in the log; "" for a secret that could be guessed.

    A hash, so that a reader of the journal can't pass for the client.
    """
    if len(client_id) < SECRET:
        return ""
    return hashlib.sha256(client_id.encode(errors="surrogatepass")).hexdigest()[:32]


def can_resume(session: Session, epoch: str, log: Log, joined: int) -> bool:
    """Return whether `session`, which has come in with the entry `joined`, comes back to the log that it knows, and
    that still knows what it has seen."""
    resume = session.claim.resume
    return resume is not None and resume.epoch == epoch and resume.seq < joined and log.issued(resume.seq)


def settled_lines(session: Session, room: Room) -> int:
    """Return up to which number the lines of a client may have been handled before, by its own word.

    The room believes it only of a client that it does not know any more: its last entry may have been deleted.
    """
    resume = session.claim.resume
    return (resume.lines or 0) if resume is not None and resume.epoch == room.epoch else 0


def tell_lost(session: Session, resumed: bool) -> list[Effect]:
    """Return what is told before the welcome to a client that comes back to another log than it knows.

    Before it, since with the welcome it knows the new log, and would not be told if the connection were lost between.
    """
    return [] if session.claim.resume is None or resumed else tell_missed(session, 0)


def tell_missed(session: Session, count: int) -> list[Effect]:
    """Return what tells `session` that so many entries can't be sent; 0: nobody knows how many."""
    if session.dialect.counts:
        return [Unicast(session, Missed(count))]
    text = f"{count} events" if count else "Some of what was said here"
    return [Unicast(session, Noticed(f"{text} can't be told any more."))]


def catch_up(session: Session, resumed: bool, log: Log, count: int) -> list[Effect]:
    """Return the past for a session that has just entered: what it missed, or the newest `count` messages."""
    resume = session.claim.resume
    if resume is not None and resumed:
        missing, entries = log.since(resume.seq, session.identity, session.claim.former)
        gap = tell_missed(session, missing) if missing else []
        return [*gap, *(Unicast(session, _told_again(session, entry)) for entry in entries)]
    newest = log.messages(count, session.identity)
    if not newest:
        return []
    heading, shown = ("The last messages", newest) if session.dialect.echoes else _summary(newest)
    return [Unicast(session, event) for event in _listed(heading, shown)]


def _told_again(session: Session, entry: Entry) -> Event:
    """Return the event for an entry that `session` has missed: for a text user's own whisper, that it has arrived."""
    event = entry.event
    is_own = entry.author in (session.identity, session.claim.former)
    if isinstance(event, Whispered) and is_own and not session.dialect.echoes:
        return whisper_told(event)
    return entry.told_to(session.identity)


def whisper_told(event: Whispered) -> Noticed:
    """Return what tells a text user, who reads what was typed, that a whisper has arrived (D14)."""
    return Noticed(f"Whispered to {event.to}.")


def listed(session: Session, heading: str, entries: list[Past]) -> Outcome:
    """Return the outcome that lists `entries`; the last of its events is the answer."""
    *before, answer = _listed(heading, entries)
    return Outcome(answer, before=[Unicast(session, event) for event in before])


def _listed(heading: str, entries: list[Past]) -> list[HistoryListed]:
    """Return the events that list `entries`; the first has the heading."""
    parts = list(_parts(entries))
    headings = [f"{heading}:", *[""] * len(parts)]
    return [HistoryListed(*event) for event in zip(headings, parts, strict=False)]


def _summary(entries: list[Past]) -> tuple[str, list[Past]]:
    """Return a heading for `entries`, and these with their long texts cut, so that a terminal has room for all."""
    cut = [replace(e, text=f"{e.text[: _SUMMARY - 3]}...") if len(e.text) > _SUMMARY else e for e in entries]
    return "The last messages" if cut == entries else "The last messages, long ones cut; /history has all", cut


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
