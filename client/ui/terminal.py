"""The screen on a terminal: prompt_toolkit's input line, what arrives above it, the status bar below it.

What arrives is shown above the line being typed and never touches it (D8). It is queued first; while a prompt stands,
the main thread alone writes, from within the prompt's event loop, and between two prompts any thread may. A burst is
written in batches, and between two of them the keys have their turn.

prompt_toolkit's own StdoutProxy is there for stray prints only. It hands each line to the prompt that it last saw:
with Enter pressed 200 times a second, 30 of 1,554 lines came after later ones or never. And it gives the terminal
back while it writes, so that the kernel echoes the keys of that moment into the middle of things.

A password has a prompt of its own (client.ui.unseen). While it stands the line that was being typed waits, as a draft;
so it does while a name is asked for, because ours was lost.
The end of the question closes it, and a question closes the line's prompt, whenever they come. What was typed ahead of
a question that never came is taken by the password's prompt, too.

The terminal is never asked where its cursor is (CPR): not all answer, and the bar would jump with each line shown.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

import colorama  # type: ignore[import-untyped]
from prompt_toolkit.application import Application, get_app_session
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI, to_formatted_text
from prompt_toolkit.layout.containers import ConditionalContainer, Window
from prompt_toolkit.layout.controls import FormattedTextControl
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.renderer import CPR_Support
from prompt_toolkit.styles import Style

from client.core.chat_view import ChatView
from client.core.render import Shown
from client.core.typed import Secret, Typed
from client.ui import background
from client.ui.display import Display
from client.ui.echo import silent_keyboard
from client.ui.editor import LineEditor
from client.ui.unseen import UnseenPrompt
from client.view.answers import Answers

_FAINT = Style.from_dict({"hint": "#767676", "bar": "#767676"})


class Terminal:
    """The terminal, as the client's screen."""

    interactive = True

    def __init__(self, chat: ChatView, clock: Callable[[], float] = time.monotonic) -> None:
        """Read names, questions and users from `chat`, as they are whenever the prompt is drawn."""
        self._chat = chat
        self._answers = Answers()
        self._display = Display(chat, get_app_session().output, self._answers)
        self._prompting = False
        self._between = threading.Lock()  # over `_prompting`, and over writing while it is false
        self._woken = False
        self._abandoned = chat.abandoned  # as it was when the user saw it last
        depth = ColorDepth.DEPTH_1_BIT if os.environ.get("NO_COLOR") else None
        self._editor = LineEditor(chat, self._display, clock, self._bar(), _FAINT, depth)
        self._unseen = UnseenPrompt(lambda: to_formatted_text(ANSI(self._display.live())), self._bar(), _FAINT, depth)
        self._app: Application[Any] = self._editor.app  # the one that stands, or stood last
        apps: tuple[Application[Any], ...] = (self._editor.app, self._unseen.app)
        for app in apps:
            app.before_render += self._display.note_columns
            app.key_processor.before_key_press += lambda _: self._display.note_key()
            app.renderer.cpr_support = CPR_Support.NOT_SUPPORTED
        self._stack = contextlib.ExitStack()

    def _bar(self) -> ConditionalContainer:
        bar = Window(FormattedTextControl(lambda: [("class:bar", self._display.bar())]), height=1)
        return ConditionalContainer(bar, Condition(lambda: bool(self._chat.name) and self._display.size[0] > 3))

    def __enter__(self) -> Terminal:
        colorama.just_fix_windows_console()
        self._stack.enter_context(silent_keyboard(by_key=True))
        if self._display.may_ask:
            here = get_app_session()
            background.ask(here.input, here.output, self._answers)
            self._stack.callback(background.leave, here.input, self._answers)
        self._stack.enter_context(patch_stdout(raw=True))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.finish()
        self._stack.close()

    # --- typing --------------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[Typed]:
        """Yield what is typed at the prompts; a pasted block is its lines. Raises KeyboardInterrupt."""
        while not self._woken:
            try:
                is_secret = self._chat.secret or self._chat.abandoned != self._abandoned
                entered = self._entered_unseen() if is_secret else self._entered()
            except EOFError:
                return
            yield from entered

    def _entered_unseen(self) -> tuple[Typed, ...]:
        """Return the password that is entered; none if none is wanted any more. Raises EOFError."""
        secret: Secret | None = self._ask(self._unseen.app, self._unseen.app.run)
        self._abandoned = self._chat.abandoned
        return () if secret is None else (secret,)

    def _entered(self) -> tuple[Typed, ...]:
        """Return the lines that are entered; none if a password is asked for meanwhile. Raises EOFError."""
        lines: tuple[str, ...] | None = self._ask(self._editor.app, self._editor.ask)
        if lines is None:
            return ()
        self._abandoned = self._chat.abandoned
        self._display.attention.entered()
        return lines

    def _ask(self, app: Application[Any], run: Callable[[Callable[[], None]], Any]) -> Any:
        """Run `app` until it is done; return its result."""
        with self._between:
            self._app = app
            self._prompting = True
        try:
            return run(self._begin_prompt)
        finally:
            with self._between:
                self._prompting = False
                self._display.write()

    def _begin_prompt(self) -> None:
        self._display.is_due = False  # the prompt before this one may have left its batch behind
        self._display.write()
        self._follow_question()
        if self._woken:
            self._end_prompt()

    def _follow_question(self) -> None:
        """Change to the prompt that the chat needs now, with nothing in it that was typed for another."""
        if self._app is self._unseen.app:
            self._unseen.asks(self._chat.secret)
        else:
            self._editor.follow()

    def _end_prompt(self) -> None:
        if self._app.is_running and not self._app.is_done:
            self._app.exit(exception=EOFError)

    # --- showing -------------------------------------------------------------------------------------------------

    def show(self, shown: Shown) -> None:
        """Write it, or have the prompt write it above itself."""
        display = self._display
        display.add(shown)
        with self._between:
            if not self._prompting:
                display.write()
        if not display.is_due:  # else the batch that is due takes this along
            display.is_due = True
            if not self._call(lambda: display.write_above(self._app)):
                display.is_due = False

    def clear(self) -> None:
        """Clear the screen; no prompt stands."""
        self._display.clear()

    def refresh(self) -> None:
        """Draw the prompt anew, if one stands, and change to the right one."""
        self._call(self._renew)

    def _renew(self) -> None:
        self._follow_question()
        self._app.invalidate()

    def wake(self) -> None:
        """End `lines`, and the prompt if it stands."""
        self._woken = True
        self._call(self._end_prompt)

    def _call(self, do: Callable[[], None]) -> bool:
        """Let the main thread `do` something, if a prompt stands; return whether it will."""
        loop = self._app.loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # closed in this moment
                loop.call_soon_threadsafe(do)
                return True
        return False
