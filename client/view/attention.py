"""What came since the user was last there: what rings, what is noticed, counted and stands under a line. Pure.

A program can't know whether somebody looks at a screen. Any key says that the user is there, and so has seen all that
stands on it; a while later it is in doubt. What comes in doubt stands under a line, and may be worth a notice on the
desktop, if it is for the user in particular and the user wants that. While somebody types, neither is in the way.
"""

from __future__ import annotations

from typing import NamedTuple

from client.core.chat_view import ChatView
from client.core.render import Shown
from client.view.status_bar import Unread
from protocol.events import Announced, Said, Whispered

IDLE = 60.0  # seconds without a key after which the user may be looking elsewhere
_QUOTED = 200  # characters in a notice


class Notice(NamedTuple):
    """A notice on the desktop."""

    title: str
    text: str


class Alert(NamedTuple):
    """What makes the user look."""

    rings: bool = False
    is_first_unread: bool = False  # it stands under a line that says that it is new
    notice: Notice | None = None


class Attention:
    """What the user may not have seen. Times are seconds since 1970."""

    def __init__(self, chat: ChatView, now: float) -> None:
        self.unread = Unread()  # for the user in particular, since the user last entered something
        self._chat = chat
        self._count = 0  # of what was said since the newest key
        self._seen_at = now
        self._has_line = False  # over the first of it

    @property
    def title(self) -> str:
        """The title of the window; "" if it is to have none of ours."""
        if self._chat.settings.title == "off" or not self._chat.name:
            return ""
        return f"({self._count}) {self._chat.name}" if self._count else self._chat.name

    def key(self, now: float) -> None:
        """Note that the user has pressed one."""
        self._count, self._seen_at, self._has_line = 0, now, False

    def entered(self) -> None:
        """Note that the user has entered something."""
        self.unread = Unread()

    def comes(self, shown: Shown, now: float) -> Alert:
        """Count `shown`; return how to make the user look."""
        event = shown.event
        if not isinstance(event, Said | Whispered | Announced) or event.name == self._chat.name:
            return Alert()
        self._count += 1
        self.unread = self.unread.counting(event, shown.is_mention)
        is_idle = now - self._seen_at >= IDLE
        is_first_unread = is_idle and not self._has_line
        self._has_line = self._has_line or is_idle
        return Alert(self._rings(event, shown.is_mention), is_first_unread, self._notice(event, shown, is_idle))

    def _rings(self, event: Said | Whispered | Announced, is_mention: bool) -> bool:
        bell, is_whisper = self._chat.settings.bell, isinstance(event, Whispered)
        return bell == "all" or (bell == "whisper" and is_whisper) or (bell != "off" and is_mention)

    def _notice(self, event: Said | Whispered | Announced, shown: Shown, is_idle: bool) -> Notice | None:
        """Return the notice for a whisper, which others could read there and so is not told, or for a mention."""
        if self._chat.settings.notify == "off" or not is_idle:
            return None
        if isinstance(event, Whispered):
            return Notice(event.name, f"{event.name} whispers to you")
        return Notice(event.name, shown.text[:_QUOTED]) if shown.is_mention else None
