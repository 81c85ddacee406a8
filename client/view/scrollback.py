"""What stands above the prompt for good, and what stands right over it and may still change. Pure.

For good stands what was shown, stamped with its time, under the day's name when that changes. What may still change
lives over the prompt: the line that comings and goings are folded into, and our own lines that the server has not
acknowledged; they go up when they are settled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime

from client.core import render
from client.core.chat_view import ChatView
from client.core.render import Kind, Role, Shown, Span, compose
from client.view.joins import JoinsLine
from protocol.text import LATEST, WIDTH

NARROW = 40  # columns; below that, times would leave too little for what is said
_STAMPED = (Kind.SAID, Kind.WHISPERED, Kind.NOTICE)


class View:
    """What stands on the screen, as far as it depends on what was shown before."""

    def __init__(self, chat: ChatView) -> None:
        self.columns = 80
        self._chat = chat
        self._joins = JoinsLine()
        self._day: date | None = None

    def above(self, shown: Shown, now: float, *, is_first_unread: bool = False) -> list[Shown]:
        """Return what to write above the prompt, now that `shown` came at `now`, in seconds since 1970.

        The `is_first_unread` of what the user may not see at once stands under a line.
        """
        me, joins, folded = self._chat.name, self._chat.settings.joins, self._joins
        above = [folded.unfold(me)] if folded.full else []
        shown = render.laid_out(shown, min(self.columns - 1, WIDTH))
        if not folded.takes(None if _has_rule(shown) else shown.event):
            above += [folded.unfold(me), render.first_unread(shown) if is_first_unread else shown]
        elif joins != "fold":
            above = [line for line in (*above, folded.unfold(me)) if joins == "all"]
        return [line for one in above if one is not None for line in self._stamped(one, now)]

    def finish(self, now: float) -> list[Shown]:
        """Return what is left to write above when the chat ends."""
        folded = self._joins.unfold(self._chat.name)
        return [] if folded is None else list(self._stamped(folded, now))

    def live(self, most: int) -> list[Shown]:
        """Return what stands right over the prompt now, in at most `most` lines and one."""
        me = self._chat.name
        folded = self._joins.line(me) if self._chat.settings.joins == "fold" else None
        waiting = self._chat.waiting if me else []
        older = len(waiting) - most
        lines = [f"{me}: {text}" for text in waiting[max(older, 0) :]]
        if older > 0:
            lines.insert(0, f"({older} more lines wait for the server)")
        return [*([] if folded is None else [folded]), *(compose(Kind.NOTICE, line) for line in lines)]

    def _stamped(self, shown: Shown, now: float) -> Iterator[Shown]:
        """Yield `shown` with its time, after a line for the day if another one has begun."""
        moment = datetime.fromtimestamp(min(getattr(shown.event, "at", 0.0) or now, LATEST))
        before, self._day = self._day or datetime.fromtimestamp(now).date(), moment.date()
        if self._day != before:
            yield render.day(f"{moment:%A, %d %B %Y}")
        has_time = self._chat.settings.times == "on" and self.columns >= NARROW and shown.kind in _STAMPED
        yield replace(shown, spans=_with_time(shown, f"{moment:%H:%M} ")) if has_time else shown


def _has_rule(shown: Shown) -> bool:
    return any(span.role is Role.RULE for span in shown.spans[:1])


def _with_time(shown: Shown, time: str) -> tuple[Span, ...]:
    before = 1 if _has_rule(shown) and len(shown.spans) > 1 else 0
    return (*shown.spans[:before], Span(time, Role.TIME), *shown.spans[before:])


def tail(shown: Iterable[Shown], rows: int) -> list[Shown]:
    """Return the newest of `shown`, which are in rows already (client.view.wrap), that fit on `rows` rows."""
    fitting: list[Shown] = []
    for one in reversed(tuple(shown)):
        rows -= 1 + one.text.count("\n")
        if rows < 0:
            break
        fitting.append(one)
    return fitting[::-1]
