"""What a client without a screen writes: messages for the next program on one stream, notices for people on the other.

A message is what others say, and what a command was answered. That our own line has been said is told by the exit
code, so it is not repeated. Pure: a stream is where `write` puts a line.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from client.core.render import Kind, Shown
from client.core.session import ClientSession
from protocol import events, requests
from protocol.commands import BY_REQUEST
from protocol.objects import dump

Write = Callable[[str], None]
Output = Callable[[Shown], None]

_PAST = tuple(f"/{BY_REQUEST[kind].name}" for kind in (requests.ListHistory, requests.Search))


def plain(session: ClientSession, out: Write, err: Write, *, quiet: bool = False) -> Output:
    """Return what writes lines of text: messages to `out`, the rest to `err`. `quiet`: of the rest, refusals only."""

    def write(shown: Shown) -> None:
        if _is_own_echo(session, shown):
            return
        if _is_message(session, shown):
            out(shown.text)
        elif shown.kind is Kind.REFUSED or not quiet:
            err(shown.text)

    return write


def as_json(out: Write) -> Output:
    """Return what writes an event a line, as the server sent it, cleaned; {"type": "client"} for our own word."""

    def write(shown: Shown) -> None:
        event = shown.event
        out(json.dumps({"type": "client", "text": shown.text}) if event is None else dump(event).decode())

    return write


def _is_own_echo(session: ClientSession, shown: Shown) -> bool:
    event = shown.event
    is_said = isinstance(event, events.Said | events.Whispered)
    return is_said and event.name == session.name and event.cseq is not None  # type: ignore[union-attr]


def _is_message(session: ClientSession, shown: Shown) -> bool:
    event = shown.event
    if isinstance(event, events.HistoryListed):  # only its last part carries the number of our line
        return any(pending.text.startswith(_PAST) for pending in session.pending.values()) or event.cseq is not None
    answers = isinstance(event, events.Noticed) and event.cseq is not None
    return answers or shown.kind in (Kind.SAID, Kind.WHISPERED, Kind.ANSWER)
