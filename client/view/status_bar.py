"""The status bar: how we stand, in one line that fits. Pure."""

from __future__ import annotations

from typing import NamedTuple

from client.core.session import ClientSession
from protocol.events import Said, Whispered

_BETWEEN = " | "


class Unread(NamedTuple):
    """What came for the user in particular since the user last entered something. A whisper is no mention."""

    mentions: int = 0
    whispers: int = 0

    def counting(self, event: Said | Whispered, is_mention: bool) -> Unread:
        """Return this with one more whisper, or one more mention, or neither."""
        is_whisper = isinstance(event, Whispered)
        return Unread(self.mentions + (is_mention and not is_whisper), self.whispers + is_whisper)


def bar(session: ClientSession, unread: Unread, width: int) -> str:
    """Return the bar in at most `width` characters; what matters least is left out first."""
    by_weight = (
        _connection(session),
        "away" if session.away else "",
        _count(unread.whispers, "whisper"),
        _count(unread.mentions, "mention"),
        session.name,
        _count(session.roster.count, "user"),
        "" if session.round_trip.seconds is None else f"{session.round_trip.seconds * 1000:.0f} ms",
    )
    told = [part for part in by_weight if part]
    while len(told) > 1 and len(_BETWEEN.join(told)) > width:
        told.pop()
    return _BETWEEN.join(told)[:width]


def _connection(session: ClientSession) -> str:
    if session.online:
        return "online"
    return f"offline, next try in {session.retry_in} s" if session.retry_in else "offline, trying again"


def _count(number: int, what: str) -> str:
    return "" if not number else f"1 {what}" if number == 1 else f"{number} {what}s"
