"""What the client's logical side asks of the rest: messages to send, things to show. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from client.core.render import Shown
from client.core.settings import Settings
from client.core.typed import ClientTask
from protocol.requests import Hello, Line, Name, Password, Pong

ClientMessage = Hello | Name | Password | Line | Pong


@dataclass(frozen=True, slots=True)
class Step:
    """What a typed line or an event leads to: messages to send, something to show, and so on."""

    send: tuple[ClientMessage, ...] = ()
    first: Shown | None = None  # shown before `show`
    show: Shown | None = None
    task: ClientTask | None = None  # for the rest of the client
    keep: Settings | None = None  # to be stored
