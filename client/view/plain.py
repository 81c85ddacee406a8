"""What a client without a screen writes: messages for the next program to one stream, notices for people to another.

A message is what others say, or the answer to a command. Our own line is not repeated: the exit code tells whether it
was said. Pure: a stream is a function that writes a line.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from client.core.chat_view import ChatView
from client.core.render import Kind, Shown
from protocol import events, requests
from protocol.commands import BY_REQUEST
from protocol.objects import dump

Write = Callable[[str], None]
Output = Callable[[Shown], None]

_PAST = tuple(f"/{BY_REQUEST[kind].name}" for kind in (requests.ListHistory, requests.Search))


def plain(chat: ChatView, out: Write, err: Write, *, quiet: bool = False) -> Output:
    """Return a function that writes messages to `out` and the rest to `err`; `quiet`: of the rest, refusals only."""

    def write(shown: Shown) -> None:
        if _is_own_echo(chat, shown):
            return
        if _is_message(chat, shown):
            out(shown.text)
        elif shown.kind is Kind.REFUSED or not quiet:
            err(shown.text)

    return write


def as_json(out: Write) -> Output:
    """Return a function that writes an event a line, as JSON; {"type": "client"} for the client's own words.

    A fault among them has its number and its code.
    """

    def write(shown: Shown) -> None:
        event = shown.event
        out(_own(shown) if event is None else dump(event).decode())

    return write


def _own(shown: Shown) -> str:
    fault = {} if shown.fault is None else {"number": shown.fault.number, "code": shown.fault.code}
    return json.dumps({"type": "client", "text": shown.text} | fault)


def _is_own_echo(chat: ChatView, shown: Shown) -> bool:
    event = shown.event
    is_said = isinstance(event, events.Said | events.Whispered | events.Announced)
    return is_said and event.name == chat.name and event.cseq is not None  # type: ignore[union-attr]


def _is_message(chat: ChatView, shown: Shown) -> bool:
    event = shown.event
    if isinstance(event, events.HistoryListed):  # only its last part carries the number of our line
        return any(text.startswith(_PAST) for text in chat.waiting) or event.cseq is not None
    answers = isinstance(event, events.Noticed) and event.cseq is not None
    return answers or shown.kind in (Kind.SAID, Kind.WHISPERED, Kind.ANSWER)
