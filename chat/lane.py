"""The lane of the costly answers: lists, histories, help, searches, and coming in, which tells what was before.

Such an answer costs far more than the few bytes that ask for it, and no limit of a single session stops many sessions
that each ask once. So a turn of the loop begins no more of these answers once it has given limits.TURN_ANSWERS bytes of
them, to all sessions together; cheap requests are served as ever. A session that asks then waits for a later turn, and
is not read until that. The waiting sessions are served network by network in rotation, within a network in the order in
which they asked. What waits is the request, not its answer: an answer is true at the time when it is sent, and a
returning client's missed messages end exactly where its reading of the room begins.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from chat import limits
from chat.effects import Effect, Unicast
from chat.networks import network_of
from chat.session import Session
from protocol import events, requests
from protocol.requests import Request

COSTLY = frozenset(
    {
        requests.Hello,
        requests.Name,
        requests.Join,
        requests.Nick,
        requests.ListUsers,
        requests.Help,
        requests.ListHistory,
        requests.Search,
        requests.Seek,
    }
)
LEAST = 2 * limits.KIB  # bytes: what handling, looking up and logging such a request costs, however short its answer
_EVENT, _NAME = 160, 4  # bytes of an event besides its text, and of a name in a list besides the name, roughly


class Lane:
    """Who waits, with what, and how much this turn may still give."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[tuple[Session, Request]]] = {}  # by network; whose turn it is comes first
        self._left = limits.TURN_ANSWERS
        self.in_use = False  # somebody waits, or this turn has given something

    def __bool__(self) -> bool:
        """Whether somebody waits."""
        return bool(self._queues)

    @property
    def has_room(self) -> bool:
        """Whether this turn may give another answer."""
        return self._left > 0

    @property
    def is_open(self) -> bool:
        """Whether a costly request may be handled at once."""
        return self.has_room and not self._queues

    def begin_turn(self) -> None:
        """Allow for as much as a turn may give."""
        self._left = limits.TURN_ANSWERS
        self.in_use = bool(self._queues)

    def join(self, session: Session, request: Request) -> None:
        """Let `session` wait with its `request`."""
        session.waiting = self.in_use = True
        self._queues.setdefault(network_of(session.host), deque()).append((session, request))

    def take(self) -> tuple[Session, Request] | None:
        """Return whose turn it is, who waits no more; None if nobody waits or the turn has given enough."""
        while self._queues and self.has_room:
            network, queue = next(iter(self._queues.items()))
            session, request = queue.popleft()
            del self._queues[network]
            if queue:
                self._queues[network] = queue
            session.waiting = False
            if not session.closing:
                return session, request
        return None

    def spend(self, size: int) -> None:
        """Subtract an answer of `size` bytes from what this turn may send."""
        self._left -= size
        self.in_use = True


def cost(session: Session, effects: Iterable[Effect]) -> int:
    """Return how many bytes `session` is told in `effects`, roughly, and at least what any costly request costs."""
    told = (effect.event for effect in effects if type(effect) is Unicast and effect.session is session)
    return max(LEAST, sum(_SIZES.get(type(event), _size)(event) for event in told))


def _size(event: Any) -> int:
    return _EVENT + len(getattr(event, "text", ""))


_SIZES: dict[type, Callable[[Any], int]] = {
    events.HistoryListed: lambda event: sum(map(_size, event.entries)),
    events.UsersListed: lambda event: sum(map(len, event.names)) + _NAME * len(event.names),
    events.HelpListed: lambda event: sum(_EVENT + len(command.explained) for command in event.commands),
}
