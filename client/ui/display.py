"""What is written on a terminal: batches above the prompt, and the lines right over it, painted and as wide as fits."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.output import Output
from prompt_toolkit.utils import get_cwidth

from client.core.chat_view import ChatView
from client.core.render import Shown
from client.view import status_bar, window
from client.view.ansi import palette, uncoloured
from client.view.answers import Answers
from client.view.attention import Alert, Attention
from client.view.hyperlinks import with_links
from client.view.scrollback import View, tail
from client.view.wrap import wrapped

_BATCH = 500  # things shown at a time
_PAUSE = 0.03  # seconds between two batches: more than 30 pictures a second can't be seen
_KEPT = 200  # things shown that can be written again on a screen of another width
_LIVE_SHARE = 4  # our unanswered lines take a row in so many at most


class Display:
    """What is shown, queued until it is written. Any thread may queue; only one at a time may write."""

    def __init__(self, chat: ChatView, output: Output, answers: Answers) -> None:
        """Write for the screen of `chat`, in the colours that suit what the terminal answers."""
        self.view = View(chat)
        self.attention = Attention(chat, time.time())
        self.is_due = False  # a batch waits to be written
        self._chat = chat
        self._output = output
        self._painter = palette(os.environ, type(output).__name__, output.get_default_color_depth().name, answers)
        self._has_window = window.has_window(os.environ, type(output).__name__)
        self._title = ""  # the window's, as far as it is ours
        self._queue: deque[tuple[Shown, float]] = deque()
        self._written: deque[Shown] = deque(maxlen=_KEPT)
        self._wrote_at = 0.0
        self._columns = 0  # as of the newest drawing

    @property
    def may_ask(self) -> bool:
        """Whether to ask the terminal for its background: it has colours, and ignores questions that it can't read."""
        return self._painter is not None and self._has_window

    @property
    def size(self) -> tuple[int, int]:
        """The rows and columns of the screen."""
        size = self._output.get_size()
        return size.rows, size.columns

    def text(self, shown: Shown) -> str:
        """Return the text of `shown`, with colours if the terminal has any."""
        painter = self._painter
        return uncoloured(shown) if painter is None else painter.text(shown, self._chat.settings.theme)

    def lines(self, shown: Iterable[Shown]) -> str:
        """Return the text of each in rows, with a line end."""
        columns = self.size[1]
        return "".join(f"{self.text(wrapped(one, columns, get_cwidth))}\n" for one in shown)

    def live(self) -> str:
        """Return what stands right over the prompt."""
        return self.lines(self.view.live(self.size[0] // _LIVE_SHARE))

    def bar(self) -> str:
        """Return the status bar."""
        return status_bar.bar(self._chat.name, self._chat.status, self.attention.unread, self.size[1] - 1)

    def add(self, shown: Shown) -> None:
        """Queue something to be written, as of now."""
        self._queue.append((shown, time.time()))

    def write(self, most: int | None = None) -> None:
        """Write all that is queued, or the first `most`; no prompt may be in the way."""
        above: list[Shown] = []
        alerts: list[Alert] = []
        _, self.view.columns = self.size
        for _ in range(most or len(self._queue)):
            if not self._queue:
                break
            shown, at = self._queue.popleft()
            alerts.append(self.attention.comes(shown, at))
            shown = with_links(shown) if self._has_window else shown
            above += self.view.above(shown, at, is_first_unread=alerts[-1].is_first_unread)
        self._written.extend(above)
        self._put(above, self._calls(alerts))

    def _calls(self, alerts: Iterable[Alert]) -> str:
        """Return what makes the user look: a bell and a notice at most, however much came at once."""
        notice = next((alert.notice for alert in alerts if alert.notice is not None), None)
        rings = "\a" if any(alert.rings for alert in alerts) else ""
        return rings + (window.notice(notice, os.environ) if notice is not None and self._has_window else "")

    def note_key(self) -> None:
        """Note that the user is there, and takes up reading where it stopped."""
        self.attention.key(time.time())
        self._put([])

    def write_above(self, app: Application[Any]) -> None:
        """Write a batch in the place of the prompt, which is drawn again below it; call this again for the rest."""
        self.is_due = False
        if not self._queue or not app.is_running or app.is_done or app.loop is None:
            return
        wait = self._wrote_at + _PAUSE - time.monotonic()
        if wait <= 0:
            app.renderer.erase()
            self.write(_BATCH)
            self._wrote_at, wait = time.monotonic(), _PAUSE
            app.invalidate()
        if self._queue:
            self.is_due = True
            app.loop.call_later(wait, self.write_above, app)

    def note_columns(self, app: Application[Any]) -> None:
        """Write the screen anew if its width has changed: each terminal wraps what stands there its own way."""
        columns, before = self.size[1], self._columns
        self._columns = columns
        if before not in (0, columns) and app.loop is not None:
            app.loop.call_soon(self._write_anew, app)

    def _write_anew(self, app: Application[Any]) -> None:
        rows, columns = self.size
        app.renderer.clear()
        in_rows = (wrapped(shown, columns, get_cwidth) for shown in self._written)
        self._put(tail(in_rows, rows - rows // _LIVE_SHARE))
        app.invalidate()

    def clear(self) -> None:
        """Clear the screen; no prompt stands."""
        self._written.clear()
        self._output.erase_screen()
        self._output.cursor_goto(0, 0)
        self._output.flush()

    def finish(self) -> None:
        """Write what could still have changed; the chat is over."""
        self._put(self.view.finish(time.time()), is_over=True)

    def _put(self, above: Iterable[Shown], calls: str = "", *, is_over: bool = False) -> None:
        """Write it, then `calls`, which makes the user look, and the title; at the end that is the window's own."""
        title, before = "" if is_over or not self._has_window else self.attention.title, self._title
        self._title = title
        written = self.lines(above) + calls + window.title(title, before)
        if written:
            self._output.write_raw(written)
            self._output.flush()
