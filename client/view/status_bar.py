"""The status bar: connection, unread whispers and mentions, name, users, in one line that fits. Pure."""

from __future__ import annotations

from typing import NamedTuple

from client.core.chat_view import Status
from protocol.events import Announced, Said, Whispered

_BETWEEN = " | "


class Unread(NamedTuple):
    """What came for the user in particular since the user last entered something. A whisper is no mention."""

    mentions: int = 0
    whispers: int = 0

    def counting(self, event: Said | Whispered | Announced, is_mention: bool) -> Unread:
        """Return this with one more whisper, or one more mention, or neither."""
        is_whisper = isinstance(event, Whispered)
        return Unread(self.mentions + (is_mention and not is_whisper), self.whispers + is_whisper)


def bar(name: str, status: Status, unread: Unread, width: int) -> str:
    """Return the bar in at most `width` characters; what matters least is left out first."""
    by_weight = (
        _connection(status),
        "away" if status.away else "",
        _count(unread.whispers, "whisper"),
        _count(unread.mentions, "mention"),
        name,
        _count(status.users, "user"),
        "" if status.round_trip is None else f"{status.round_trip * 1000:.0f} ms",
    )
    shown = [part for part in by_weight if part]
    while len(shown) > 1 and len(_BETWEEN.join(shown)) > width:
        shown.pop()
    return _BETWEEN.join(shown)[:width]


def _connection(status: Status) -> str:
    if status.online:
        return "online"
    return f"offline, next try in {status.retry_in} s" if status.retry_in else "offline, trying again"


def _count(number: int, what: str) -> str:
    return "" if not number else f"1 {what}" if number == 1 else f"{number} {what}s"
