"""The screen on a terminal: prompt_toolkit's input line, what arrives above it, how we stand below it.

What arrives is shown above the line being typed and never touches it (D8). It is queued first; while a prompt stands,
the main thread alone writes, from within the prompt's event loop, and between two prompts whoever has something. A
burst is written in batches, and between two of them the keys have their turn.

prompt_toolkit's own StdoutProxy is there for stray prints only. It hands each line to the prompt that it last saw:
with Enter pressed 200 times a second, 30 of 1,554 lines came after later ones or never. And it gives the terminal
back while it writes, so that the kernel echoes the keys of that moment into the middle of things.

A password has a prompt of its own (client.ui.unseen). While it stands the line that was being typed waits, as a
draft; it
is closed by the question's end, and the line's prompt by a question, whenever they come. What was typed ahead of a
question that never came is taken by the password's prompt, too.

The terminal is never asked where its cursor is (CPR): not all answer, and the bar would jump with each line shown.
"""

from __future__ import annotations

import contextlib
import os
import textwrap
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any

import colorama  # type: ignore[import-untyped]
from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.layout.containers import ConditionalContainer, HSplit, Window
from prompt_toolkit.layout.controls import FormattedTextControl
from prompt_toolkit.layout.processors import AfterInput
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.renderer import CPR_Support
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

from client.core import confirm
from client.core.render import Kind, Role, Shown, Span, compose
from client.core.session import ClientSession
from client.core.typed import Secret, Typed, without_password
from client.ui import keys
from client.ui.echo import silent_keyboard
from client.ui.unseen import UnseenPrompt
from client.view import status_bar
from client.view.ansi import palette
from client.view.completion import candidates, hint, last_word
from client.view.scrollback import View, tail
from protocol.text import WIDTH

_BATCH = 500  # things shown at a time
_PAUSE = 0.03  # seconds between two batches: 30 pictures a second are enough for anybody
_PAST = 200  # things shown, to be written again on a screen of another width
_LIVE_SHARE = 4  # our lines on their way take a row in so many at most
_FAINT = Style.from_dict({"hint": "#808080", "bar": "#808080"})


class _Completer(Completer):
    """prompt_toolkit's side of client.view.completion."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text, session = document.text_before_cursor, self._session
        for candidate in candidates(text, session.others, session.whisperer):
            yield Completion(candidate.word, -len(last_word(text)), display_meta=candidate.meaning)


class _History(InMemoryHistory):
    """What was typed, for the arrow keys and Ctrl-R; but no passwords, and not what is still in the editor."""

    def __init__(self, is_held: Callable[[], bool]) -> None:
        super().__init__()
        self._is_held = is_held

    def append_string(self, string: str) -> None:
        if not self._is_held() and without_password(string) == string:
            super().append_string(string)


class Terminal:
    """The terminal, as the client's screen."""

    interactive = True

    def __init__(self, session: ClientSession, clock: Callable[[], float] = time.monotonic) -> None:
        """Take names, questions and users from `session`, as they are whenever the prompt is drawn."""
        self._session = session
        self._clock = clock  # seconds; it tells a key pressed in haste from a decision
        self._view = View(session)
        self._shown: deque[tuple[Shown, float]] = deque()
        self._prompting = False
        self._between = threading.Lock()  # over `_prompting`, and over writing while it is false
        self._woken = False
        self._holding = confirm.Holding()  # what was entered and not sent
        self._abandoned = session.abandoned  # as it was when the user saw it last
        self._draft = Document()  # the line that waits for a password to be typed
        self._is_due = False  # a batch is to be written
        self._wrote_at = 0.0
        self._past: deque[Shown] = deque(maxlen=_PAST)
        self._drawn_columns = 0
        self._depth = ColorDepth.DEPTH_1_BIT if os.environ.get("NO_COLOR") else None
        self._prompt = self._made_prompt()
        self._unseen = UnseenPrompt(self._above, self._made_bar(), _FAINT, self._depth)
        self._app: Application[Any] = self._prompt.app  # the one that stands, or stood last
        apps: tuple[Application[Any], ...] = (self._prompt.app, self._unseen.app)
        for app in apps:
            app.before_render += self._note_columns
            app.renderer.cpr_support = CPR_Support.NOT_SUPPORTED
        output = self._app.output
        self._paint = palette(os.environ, type(output).__name__, output.get_default_color_depth().name)
        self._stack = contextlib.ExitStack()

    def _made_prompt(self) -> PromptSession[str]:
        prompt: PromptSession[str] = PromptSession(
            self._message,
            completer=_Completer(self._session),
            complete_while_typing=False,
            history=_History(lambda: self._holding.doubt is not None),
            key_bindings=keys.at_the_prompt(self._meant),
            input_processors=[AfterInput(self._hint)],
            style=_FAINT,
            color_depth=self._depth,
            erase_when_done=True,  # the server's echo shows the line (A12)
        )
        prompt.layout.container = HSplit([prompt.layout.container, self._made_bar()])
        prompt.default_buffer.accept_handler = self._accept
        prompt.default_buffer.on_text_changed += lambda _: self._holding.ends()
        return prompt

    def _made_bar(self) -> ConditionalContainer:
        bar = Window(FormattedTextControl(self._bar), height=1)
        return ConditionalContainer(bar, Condition(lambda: bool(self._session.name) and self._size()[0] > 3))

    def __enter__(self) -> Terminal:
        colorama.just_fix_windows_console()
        self._stack.enter_context(silent_keyboard())
        self._stack.enter_context(patch_stdout(raw=True))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._put(self._view.finish(time.time()))
        self._stack.close()

    # --- typing --------------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[Typed]:
        """Yield what is typed at the prompts; a pasted block is its lines. Raises KeyboardInterrupt."""
        session = self._session
        while not self._woken:
            try:
                is_secret = session.secret or session.abandoned != self._abandoned
                entered = self._entered_unseen() if is_secret else self._entered()
            except EOFError:
                return
            yield from entered

    def _entered_unseen(self) -> tuple[Typed, ...]:
        """Return the password that is entered; none if none is wanted any more. Raises EOFError."""
        secret: Secret | None = self._ask(self._unseen.app, self._unseen.app.run)
        self._abandoned = self._session.abandoned
        return () if secret is None else (secret,)

    def _entered(self) -> tuple[Typed, ...]:
        """Return the lines that are entered; none if a password is asked for meanwhile. Raises EOFError."""
        draft, self._draft = self._draft, Document()
        text = self._ask(self._prompt.app, lambda pre_run: self._prompt.prompt(default=draft, pre_run=pre_run))
        if text is None:
            return ()
        self._abandoned = self._session.abandoned
        self._view.read()
        return tuple(text.splitlines()) or ("",)

    def _accept(self, buffer: Buffer) -> bool:
        """Take what was entered, unless it is held; return true, for the editor is not to be emptied here."""
        session, text = self._session, buffer.text
        doubt = confirm.doubt(text, session.size, session.others, session.whisperer) if session.name else None
        if session.secret:  # since this moment
            self._follow_question()
        elif not self._holding.takes(text, doubt, self._clock()):
            self._prompt.app.exit(result=text)
        return True

    def _meant(self) -> str:
        doubt = self._holding.doubt
        return "" if doubt is None else doubt.meant

    def _ask(self, app: Application[Any], run: Callable[[Callable[[], None]], Any]) -> Any:
        """Have `app` stand until it is done; return its result."""
        with self._between:
            self._app = app
            self._prompting = True
        try:
            return run(self._begin_prompt)
        finally:
            with self._between:
                self._prompting = False
                self._write()

    def _begin_prompt(self) -> None:
        self._is_due = False  # what the prompt before this one had to write, it may have left behind
        self._write()
        self._follow_question()
        if self._woken:
            self._end_prompt()

    def _follow_question(self) -> None:
        """Have the prompt stand that the session needs now, with nothing in it that was typed for another."""
        app, session = self._app, self._session
        if app is self._unseen.app:
            self._unseen.asks(session.secret)
        elif session.secret and app.is_running and not app.is_done:
            self._holding.ends()
            self._draft = self._prompt.default_buffer.document
            self._end_search()
            app.exit(result=None)

    def _end_search(self) -> None:
        """Have the next prompt begin in the line. (prompt_toolkit's stop_search knows no prompt in a callback.)"""
        self._prompt.layout.focus(self._prompt.default_buffer)
        self._prompt.layout.search_links.clear()
        self._prompt.search_buffer.reset()

    def _end_prompt(self) -> None:
        if self._app.is_running and not self._app.is_done:
            self._app.exit(exception=EOFError)

    # --- showing -------------------------------------------------------------------------------------------------

    def show(self, shown: Shown) -> None:
        """Write it, or have the prompt write it above itself."""
        self._shown.append((shown, time.time()))
        with self._between:
            if not self._prompting:
                self._write()
        if not self._is_due:  # else whatever writes the others writes this one, too
            self._is_due = True
            if not self._call(self._write_above):
                self._is_due = False

    def clear(self) -> None:
        """Clear the screen; no prompt stands."""
        self._past.clear()
        output = self._app.output
        output.erase_screen()
        output.cursor_goto(0, 0)
        output.flush()

    def refresh(self) -> None:
        """Draw the prompt anew, if it stands, and have it be the right one."""
        self._call(self._renew)

    def _renew(self) -> None:
        self._follow_question()
        self._app.invalidate()

    def wake(self) -> None:
        """End `lines`, and the prompt if it stands."""
        self._woken = True
        self._call(self._end_prompt)

    def _call(self, do: Callable[[], None]) -> bool:
        """Have the main thread `do` something, if the prompt stands; return whether it will."""
        loop = self._app.loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # closed in this moment
                loop.call_soon_threadsafe(do)
                return True
        return False

    def _write_above(self) -> None:
        """Put a batch of what is queued in the place of the prompt, and have the prompt drawn again below it."""
        app = self._app
        self._is_due = False
        if not self._shown or not app.is_running or app.is_done or app.loop is None:
            return
        wait = self._wrote_at + _PAUSE - time.monotonic()
        if wait <= 0:
            app.renderer.erase()
            self._write(_BATCH)
            self._wrote_at, wait = time.monotonic(), _PAUSE
            app.invalidate()
        if self._shown:
            self._is_due = True
            app.loop.call_later(wait, self._write_above)

    def _write(self, most: int | None = None) -> None:
        """Write all that is queued, or the first `most`; no prompt may be in the way."""
        above: list[Shown] = []
        rings = False
        _, self._view.columns = self._size()
        self._session.width = min(self._view.columns - 1, WIDTH)
        for _ in range(most or len(self._shown)):
            if not self._shown:
                break
            shown, at = self._shown.popleft()
            rings = self._view.rings(shown) or rings
            above += self._view.above(shown, at)
        self._past.extend(above)
        self._put(above, "\a" if rings else "")

    def _put(self, above: Iterable[Shown], bell: str = "") -> None:
        output = self._app.output
        output.write_raw("".join(f"{self._text(shown)}\n" for shown in above) + bell)
        output.flush()

    def _note_columns(self, _: object) -> None:
        """Have the screen written anew if its width is another: what stands there, each terminal wraps its own way."""
        columns, loop = self._size()[1], self._app.loop
        before, self._drawn_columns = self._drawn_columns, columns
        if before not in (0, columns) and loop is not None:
            loop.call_soon(self._write_anew)

    def _write_anew(self) -> None:
        rows, columns = self._size()
        self._app.renderer.clear()
        self._put(tail(self._past, columns, rows - rows // _LIVE_SHARE, get_cwidth))
        self._app.invalidate()

    # --- drawing -------------------------------------------------------------------------------------------------

    def _message(self) -> ANSI:
        return ANSI(self._live() + self._notice() + self._text(self._invitation()))

    def _above(self) -> StyleAndTextTuples:
        """Return what stands over the prompt for a password."""
        return to_formatted_text(ANSI(self._live()))

    def _live(self) -> str:
        return "".join(f"{self._text(shown)}\n" for shown in self._view.live(self._size()[0] // _LIVE_SHARE))

    def _notice(self) -> str:
        """Return why the line that was entered is still there, if it is."""
        doubt = self._holding.doubt
        lines = [] if doubt is None else textwrap.wrap(doubt.notice, max(self._size()[1] - 1, 1))
        return "".join(f"{self._text(compose(Kind.QUESTION, line))}\n" for line in lines)

    def _invitation(self) -> Shown:
        session = self._session
        if not session.name:
            return compose(Kind.SAID, "Your name: ")
        room = self._size()[1] // 3
        return compose(Kind.SAID, *([Span(session.name, Role.OWN)] if len(session.name) < room else []), "> ")

    def _bar(self) -> StyleAndTextTuples:
        return [("class:bar", status_bar.bar(self._session, self._view.unread, self._size()[1] - 1))]

    def _hint(self) -> StyleAndTextTuples:
        document = self._prompt.default_buffer.document
        return [("class:hint", hint(document.text))] if document.is_cursor_at_the_end else []

    def _size(self) -> tuple[int, int]:
        size = self._app.output.get_size()
        return size.rows, size.columns

    def _text(self, shown: Shown) -> str:
        return shown.text if self._paint is None else self._paint.text(shown)
