"""The line editor: prompt_toolkit's prompt with completion, hints, history and lines that are held in doubt."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.layout.containers import AnyContainer, HSplit
from prompt_toolkit.layout.processors import AfterInput
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from client.core import confirm
from client.core.chat_view import ChatView
from client.core.render import Kind, Role, Shown, Span, compose
from client.core.typed import NewName, without_password
from client.ui import keys
from client.ui.display import Display
from client.view.completion import candidates, hint, last_word

_MENU = 8  # rows for the line and the menu below it
_ROOM_FOR_MEANINGS = 40  # columns
_ROOM_FOR_BOTH = 12  # rows from which on what is live is shown beside a notice
_BESIDE_MENU = 3  # rows: the status bar, and at least two of what was said


class _Completer(Completer):
    """prompt_toolkit's side of client.view.completion."""

    def __init__(self, chat: ChatView, display: Display) -> None:
        self._chat = chat
        self._display = display

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text, chat = document.text_before_cursor, self._chat
        has_room = self._display.size[1] >= _ROOM_FOR_MEANINGS
        for candidate in candidates(text, chat.others, chat.whisperer, chat.status.is_operator):
            meaning = candidate.meaning if has_room else ""
            yield Completion(candidate.word, -len(last_word(text)), display_meta=meaning)


class _History(InMemoryHistory):
    """What was typed, for the arrow keys and Ctrl-R; but no passwords, and not what is still in the editor."""

    def __init__(self, is_held: Callable[[], bool]) -> None:
        super().__init__()
        self._is_held = is_held

    def append_string(self, string: str) -> None:
        if not self._is_held() and without_password(string) == string:
            super().append_string(string)


class LineEditor:
    """The prompt for lines. `app` runs by `ask`, which returns None if a password is asked for meanwhile."""

    def __init__(
        self,
        chat: ChatView,
        display: Display,
        clock: Callable[[], float],
        bar: AnyContainer,
        style: Style,
        depth: ColorDepth | None,
    ) -> None:
        """Draw `bar` below the line. `clock` tells a key pressed in haste from a decision, in seconds."""
        self._chat = chat
        self._display = display
        self._clock = clock
        self._holding = confirm.Holding()  # what was entered and not sent
        self._draft = Document()  # the line that waits while a password is typed, or a name
        self._is_line = False  # what is typed is a line; else it may be a name
        self._types_on = False  # what is typed may be the rest of a line, or a line, though a name is asked for
        self._prompt: PromptSession[Any] = PromptSession(
            self._message,
            completer=_Completer(chat, display),
            complete_while_typing=False,
            history=_History(lambda: self._holding.doubt is not None),
            key_bindings=keys.at_the_prompt(self._meant),
            input_processors=[AfterInput(self._hint)],
            style=style,
            color_depth=depth,
            enable_suspend=True,  # by Ctrl-Z
            erase_when_done=True,  # the server's echo shows the line (A12)
        )
        self.app: Application[Any] = self._prompt.app
        self.app.before_render += lambda _: self._fit_menu()
        self._prompt.layout.container = HSplit([self._prompt.layout.container, bar])
        self._prompt.default_buffer.accept_handler = self._accept
        self._prompt.default_buffer.on_text_changed += lambda _: self._holding.ends()

    def ask(self, pre_run: Callable[[], None]) -> tuple[str, ...] | None:
        """Return the lines that are entered; begin with the one that was put aside, once we have a name.

        Raises EOFError, KeyboardInterrupt.
        """
        self._is_line = bool(self._chat.name)
        draft = Document()
        if self._is_line:
            draft, self._draft, self._types_on = self._draft, draft, False
        entered: tuple[str, ...] | None = self._prompt.prompt(default=draft, pre_run=pre_run)
        return entered

    def follow(self) -> None:
        """Put the line aside if a question stands by now, which it answers none of; bring it back with a name."""
        if self._chat.secret or self._lost_name():
            self.put_aside()
        elif self._chat.name and not self._is_line:
            self._is_line = True
            buffer = self._prompt.default_buffer
            if not buffer.text:  # else the next line is begun already
                buffer.document, self._draft = self._draft, Document()

    def _lost_name(self) -> bool:
        return self._is_line and not self._chat.name

    def put_aside(self) -> None:
        """End the prompt, if it stands, and keep its line, but not half a name, for the next one."""
        if not self.app.is_running or self.app.is_done:
            return
        self._holding.ends()
        if self._is_line:
            self._draft = self._prompt.default_buffer.document
            self._types_on = self._lost_name() and bool(self._draft.text)
        # End a search (Ctrl-R) by hand: prompt_toolkit's stop_search finds no prompt in a callback.
        self._prompt.layout.focus(self._prompt.default_buffer)
        self._prompt.layout.search_links.clear()
        self._prompt.search_buffer.reset()
        self.app.exit(result=None)

    def _accept(self, buffer: Buffer) -> bool:
        """Take what was entered, unless it is held; return true, so that prompt_toolkit does not empty the editor."""
        chat, text = self._chat, buffer.text
        if chat.secret or self._lost_name():  # in this moment
            self.put_aside()
        elif not self._holding.takes(text, self._doubt(text), self._clock()):
            self._types_on = self._is_line  # until a prompt stands again that shows that we have a name
            first, *others = text.splitlines() or [""]
            self.app.exit(result=(first if self._is_line else NewName(first), *others))
        return True

    def _doubt(self, text: str) -> confirm.Doubt | None:
        chat = self._chat
        if chat.name:
            return confirm.doubt(text, chat.size, chat.others, chat.whisperer)
        return confirm.doubt_of_name(text) if self._types_on else None

    def _meant(self) -> str:
        doubt = self._holding.doubt
        return "" if doubt is None else doubt.meant

    def _message(self) -> ANSI:
        notice = self._notice()
        has_room = not notice or self._display.size[0] >= _ROOM_FOR_BOTH
        live = self._display.live() if has_room else ""
        return ANSI(live + notice + self._display.text(self._invitation()))

    def _fit_menu(self) -> None:
        """Reserve no more rows for the menu than there are: else prompt_toolkit draws nothing but a complaint."""
        self._prompt.reserve_space_for_menu = min(_MENU, max(self._display.size[0] - _BESIDE_MENU, 0))

    def _notice(self) -> str:
        """Return why the line that was entered is still there, if it is."""
        doubt = self._holding.doubt
        lines = [] if doubt is None else textwrap.wrap(doubt.notice, max(self._display.size[1] - 1, 1))
        return self._display.lines(compose(Kind.QUESTION, line) for line in lines)

    def _invitation(self) -> Shown:
        name = self._chat.name
        if not name:
            return compose(Kind.SAID, "Your name: ")
        room = self._display.size[1] // 3
        return compose(Kind.SAID, *([Span(name, Role.OWN)] if len(name) < room else []), "> ")

    def _hint(self) -> StyleAndTextTuples:
        document = self._prompt.default_buffer.document
        return (
            [("class:hint", hint(document.text, self._chat.status.is_operator))]
            if document.is_cursor_at_the_end
            else []
        )
