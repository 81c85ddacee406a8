"""The handlers for what was before: history, search, and when somebody was last here.

The newest entries are in memory (chat.log) and answered from there. Searching reaches as far as the journal: where
there is one, a handler returns a SearchTask and the session waits for its result (`found`), as it does for passwords;
without one, or when the disk fails, what is in memory has to do.
"""

from __future__ import annotations

from typing import Any

from chat import limits
from chat.effects import Effect, Outcome, SearchArchive, SearchTask, SeekInArchive, Unicast
from chat.resume import listed
from chat.session import Session
from chat.state import CHATTING, State, Table
from protocol import requests
from protocol.commands import BY_REQUEST
from protocol.errors import ErrorCode
from protocol.events import Noticed, Past
from protocol.numbers import whole_number
from protocol.text import excerpt, utc, words_of

JOURNAL_LOST = (
    "The server can't write its log to the disk any more. The chat goes on, but what is said from now on is forgotten "
    "when the server stops."
)
MOST = 500  # messages in one answer
WORDS = 16  # in one search: each costs as much as a search
FOUND = 20  # messages that a search shows


def history(state: State, session: Session, request: requests.ListHistory) -> Outcome:
    """Tell the newest messages, of now or of then."""
    number = whole_number(request.count or str(state.settings.greet_history or FOUND), MOST)
    if not number:
        usage = BY_REQUEST[requests.ListHistory].usage
        return state.refuse(session, ErrorCode.USAGE, why=f"COUNT is a number from 1 to {MOST}", usage=usage)
    is_then = request.as_of is not None and request.epoch == state.room.epoch
    entries = state.room.log.messages(number, session.identity, request.as_of if is_then else None)
    if not entries:
        return Outcome(Noticed("Nothing has been said yet."))
    return listed(session, "The last messages", entries)


def search(state: State, session: Session, request: requests.Search) -> Outcome:
    """Look for messages, in the archive if there is one."""
    if not 1 <= len(set(words_of(request.words))) <= WORDS:
        usage = BY_REQUEST[requests.Search].usage
        return state.refuse(session, ErrorCode.USAGE, why=f"WORDS are 1 to {WORDS} words", usage=usage)
    if not state.settings.has_archive:
        state.lane.spend(limits.TURN_ANSWERS)  # it takes long: no other costly request is handled in this turn
        return _messages(session, request.words, state.room.log.search(request.words, FOUND, session.identity))
    session.waiting = True
    return Outcome(before=[SearchArchive(session, request.words, FOUND, session.identity, request.cseq)])


def seek(state: State, session: Session, request: requests.Seek) -> Outcome:
    """Tell when somebody was last here: now, or when the log last heard of them."""
    here = state.room.find(request.name)
    if here is not None:
        return Outcome(Noticed(f"{here.name} is here now."))
    if not state.settings.has_archive:
        state.lane.spend(limits.TURN_ANSWERS)
        return _last_seen(request.name, state.room.log.last_seen(request.name))
    session.waiting = True
    return Outcome(before=[SeekInArchive(session, request.name, request.cseq)])


def found(state: State, task: SearchTask, result: Any, failed: bool) -> Outcome:
    """Return what follows from the result of `task`: messages or a time; or, if it `failed`, nothing."""
    session = task.session
    session.waiting = False
    if session.closing:
        return Outcome()
    if failed:
        return state.refuse(session, ErrorCode.LOG_FAILED)
    if isinstance(task, SearchArchive):
        return _messages(session, task.words, result)
    return _last_seen(task.name, result)


def journal_lost(state: State) -> list[Effect]:
    """Tell everybody that there is no journal any more, and search what is in memory from now on."""
    state.settings.has_archive = False
    return [Unicast(session, Noticed(JOURNAL_LOST)) for session in state.sessions.values()]


def _last_seen(name: str, at: float | None) -> Outcome:
    text = f"was last heard of on {utc(at)} UTC." if at is not None else "is not known, as far as the log goes back."
    return Outcome(Noticed(f"{excerpt(name)} {text}"))


def _messages(session: Session, words: str, entries: list[Past]) -> Outcome:
    if not entries:
        return Outcome(Noticed(f"No message has {excerpt(words)} in it."))
    return listed(session, f"The last messages with {excerpt(words)}", entries)


HANDLERS: Table = {
    requests.ListHistory: (CHATTING, history),
    requests.Search: (CHATTING, search),
    requests.Seek: (CHATTING, seek),
}
