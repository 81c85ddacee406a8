"""The screen on a terminal: prompt_toolkit's input line, colours, completion.

What arrives is shown above the line being typed and never touches it (D8). It is queued first; while a prompt stands,
the main thread alone writes, from within the prompt's event loop, and between two prompts whoever has something.

prompt_toolkit's own StdoutProxy is there for stray prints only. It hands each line to the prompt that it last saw:
with Enter pressed 200 times a second, 30 of 1,554 lines came after later ones or never. And it gives the terminal
back while it writes, so that the kernel echoes the keys of that moment into the middle of things.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType

import colorama  # type: ignore[import-untyped]
from colorama import Fore
from colorama import Style as Looks
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.layout.processors import AfterInput
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.styles import Style

from client import asking, keys
from client.completion import candidates, last_word
from client.hints import hint
from client.keyboard import silent_keyboard
from client.looks import Kind, Role, Shown, Span, shade
from client.session import Session

_KIND_CODES: dict[Kind, str] = {
    Kind.SAID: "",
    Kind.WHISPERED: Fore.MAGENTA,
    Kind.NOTICE: Looks.DIM,
    Kind.ANSWER: "",
    Kind.QUESTION: Looks.BRIGHT,
    Kind.REFUSED: Fore.RED,
}
_ROLE_CODES: dict[Role, str] = {Role.TEXT: "", Role.OWN: Looks.BRIGHT, Role.USAGE: Looks.BRIGHT + Fore.CYAN}
_NAME_CODES: tuple[str, ...] = (
    Fore.CYAN,
    Fore.GREEN,
    Fore.YELLOW,
    Fore.BLUE,
    Fore.LIGHTCYAN_EX,
    Fore.LIGHTGREEN_EX,
    Fore.LIGHTYELLOW_EX,
    Fore.LIGHTBLUE_EX,
)


def paint(shown: Shown) -> str:
    """Return the text of `shown` with the codes of its colours, each name in one of its own."""
    kind = _KIND_CODES[shown.kind]
    return "".join(_painted(kind, span) for span in shown.spans)


def _painted(kind: str, span: Span) -> str:
    code = kind + (_NAME_CODES[shade(span.text)] if span.role is Role.NAME else _ROLE_CODES[span.role])
    return f"{code}{span.text}{Looks.RESET_ALL}" if code else span.text


class _Completer(Completer):
    """prompt_toolkit's side of client.completion."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text, session = document.text_before_cursor, self._session
        for candidate in candidates(text, session.others, session.whisperer):
            yield Completion(candidate.word, -len(last_word(text)), display_meta=candidate.meaning)


class _History(InMemoryHistory):
    """What was typed, for the arrow keys; but no passwords."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def append_string(self, string: str) -> None:
        if self._session.question != "password":
            super().append_string(string)


class Terminal:
    """The terminal, as the client's screen."""

    interactive = True

    def __init__(self, session: Session) -> None:
        """Take names, questions and users from `session`, as they are whenever the prompt is drawn."""
        self._session = session
        self._shown: deque[Shown] = deque()
        self._prompting = False
        self._between = threading.Lock()  # over `_prompting`, and over writing while it is false
        self._woken = False
        self._question = ""  # what is asked about the line before it is sent
        self._paints = not os.environ.get("NO_COLOR")
        self._prompt: PromptSession[str] = PromptSession(
            self._message,
            completer=_Completer(session),
            complete_while_typing=False,
            history=_History(session),
            is_password=Condition(self._is_secret),
            key_bindings=keys.at_the_prompt(lambda: bool(self._question), self._is_secret),
            input_processors=[AfterInput(self._hint)],
            style=Style.from_dict({"hint": "#808080"}),
            erase_when_done=True,  # the server's echo shows the line (A12)
        )
        self._app = self._prompt.app
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Terminal:
        colorama.just_fix_windows_console()
        self._stack.enter_context(silent_keyboard())
        self._stack.enter_context(patch_stdout(raw=True))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def lines(self) -> Iterator[str]:
        """Yield what is typed at the prompt; a pasted block is its lines. Raises KeyboardInterrupt."""
        draft = ""
        while not self._woken:
            try:
                text = self._ask(draft)
                is_meant = self._is_meant(text)
            except EOFError:
                return
            draft = "" if is_meant else text
            if is_meant:
                yield from text.splitlines() or [""]

    def _is_meant(self, text: str) -> bool:
        """Ask the user, if there is doubt, whether `text` is to be sent. Raises EOFError."""
        session = self._session
        if session.question or not session.name:
            return True
        self._question = asking.question(text, session.others, session.whisperer)
        if not self._question:
            return True
        try:
            return self._ask() == keys.YES
        finally:
            self._question = ""

    def _ask(self, draft: str = "") -> str:
        with self._between:
            self._prompting = True
        try:
            return self._prompt.prompt(default=draft, pre_run=self._begin_prompt)
        finally:
            with self._between:
                self._prompting = False
                self._write()

    def show(self, shown: Shown) -> None:
        """Write it, or have the prompt write it above itself."""
        self._shown.append(shown)
        with self._between:
            if not self._prompting:
                self._write()
        self._call(self._write_above)

    def refresh(self) -> None:
        """Draw the prompt anew, if it stands."""
        self._call(self._app.invalidate)

    def wake(self) -> None:
        """End `lines`, and the prompt if it stands."""
        self._woken = True
        self._call(self._end_prompt)

    def _call(self, do: Callable[[], None]) -> None:
        """Have the main thread `do` something, if the prompt stands."""
        loop = self._app.loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # closed in this moment
                loop.call_soon_threadsafe(do)

    def _begin_prompt(self) -> None:
        self._write()  # what came while the prompt was not there yet to be called
        if self._woken:
            self._end_prompt()

    def _end_prompt(self) -> None:
        if self._app.is_running and not self._app.is_done:
            self._app.exit(exception=EOFError)

    def _write_above(self) -> None:
        """Put all that is queued in the place of the prompt, and have the prompt drawn again below it."""
        app = self._app
        if self._shown and app.is_running and not app.is_done:
            app.renderer.erase()
            self._write()
            app.renderer.request_absolute_cursor_position()
            app.invalidate()

    def _write(self) -> None:
        """Write all that is queued; no prompt may be in the way."""
        output = self._app.output
        while self._shown:
            output.write_raw(self._text(self._shown.popleft()) + "\n")
        output.flush()

    def _message(self) -> ANSI:
        session = self._session
        if self._question:
            return ANSI(f"{self._question} [y/N] ")
        if self._is_secret():
            return ANSI("Password: ")
        if not session.name:
            return ANSI("Your name: ")
        state = f" (offline, next try in {session.retry_in} s)" if session.retry_in else ""
        return ANSI(self._text(Shown(Kind.SAID, (Span(session.name, Role.NAME), Span(f"{state}> ")))))

    def _is_secret(self) -> bool:
        return self._session.question == "password"

    def _hint(self) -> StyleAndTextTuples:
        document = self._prompt.default_buffer.document
        return [("class:hint", hint(document.text))] if document.is_cursor_at_the_end else []

    def _text(self, shown: Shown) -> str:
        return paint(shown) if self._paints else shown.text
