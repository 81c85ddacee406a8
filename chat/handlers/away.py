"""The hub's handlers for who is away: a user who says so is still in the room, and whoever whispers to them is told.

Each whisperer is told once for each absence, so that a talk with somebody who answers all the same stays readable.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat.effects import Effect, Unicast
from chat.session import Session
from protocol import requests
from protocol.events import Noticed
from protocol.text import excerpt

if TYPE_CHECKING:
    from chat.hub import Hub

AWAY = "You are away: whoever whispers to you is told so once. /back ends that."
BACK = "You are back."
NOT_AWAY = "You were not away."


def go_away(hub: Hub, session: Session, request: requests.GoAway) -> list[Effect]:
    """Begin an absence, or one for another reason."""
    session.away = excerpt(request.why or "") or "away"  # short: a notice is one line, so that nothing of it begins one
    session.told_away.clear()
    return [Unicast(session, Noticed(AWAY, request.cseq))]


def come_back(hub: Hub, session: Session, request: requests.ComeBack) -> list[Effect]:
    """End the absence."""
    was_away, session.away = session.away, ""
    session.told_away.clear()
    return [Unicast(session, Noticed(BACK if was_away else NOT_AWAY, request.cseq))]


def tell(session: Session, other: Session) -> list[Effect]:
    """Tell `session`, who has just whispered to `other`, if that one is away and this was not told before."""
    if not other.away or session.identity in other.told_away:
        return []
    other.told_away.add(session.identity)
    why = "" if other.away == "away" else f": {other.away}"
    return [Unicast(session, Noticed(f"{other.name} is away{why}"))]
