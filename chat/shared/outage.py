"""Outages: what users are told while the shared log can't be reached. Nobody is dropped for it.

One that lasts is told to everybody in the room once, and its end once. Newcomers wait, and are told why; their time to
come in does not go on meanwhile. Clients are kept from looking for another server, which would be no better off: one
that waits for an answer is pinged now and then, since a client that hears something stays.
"""

from __future__ import annotations

from collections.abc import Collection

from chat.effects import Effect, Unicast
from chat.session import Session
from chat.state import State
from protocol.events import Noticed, Pinged

TELL_AFTER = 2.0  # seconds
PING_EVERY = 5.0
AWAY = "The servers of this chat can't reach each other. What you type is sent as soon as they can."
BACK = "The servers of this chat reach each other again."


class Outage:
    """The present outage, if there is one. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._told: set[Session] = set()  # who knows of it
        self._ticked_at = 0.0
        self._pinged_at = 0.0

    def begin(self, now: float) -> None:
        """Note that the log can't be reached."""
        if self._since is None:
            self._since = self._ticked_at = self._pinged_at = now

    def end(self, state: State) -> list[Effect]:
        """Note that it can be reached again; return what tells the users, if they know of the outage."""
        told, self._told, self._since = self._told, set(), None
        return [Unicast(session, Noticed(BACK)) for session in state.sessions.values() if session in told]

    def tick(self, state: State, waiting: Collection[Session], now: float) -> list[Effect]:
        """Return what is due. The sessions that are `waiting` have asked for what the log has to take first."""
        if self._since is None:
            return []
        for session in state.unnamed:
            session.liveness.deadline += now - self._ticked_at
        self._ticked_at = now
        effects: list[Effect] = []
        if now >= self._since + TELL_AFTER:
            effects += self._tell(state, waiting)
        if now >= self._pinged_at + PING_EVERY:
            self._pinged_at = now
            effects += [Unicast(session, Pinged()) for session in waiting if session.dialect.pings]
        return effects

    def _tell(self, state: State, waiting: Collection[Session]) -> list[Effect]:
        """Return what tells everybody in the room, and the newcomers that are `waiting`, unless they know of it."""
        newcomers = [session for session in waiting if session in state.unnamed]
        untold = [session for session in (*state.sessions.values(), *newcomers) if session not in self._told]
        self._told.update(untold)
        return [Unicast(session, Noticed(AWAY)) for session in untold]
