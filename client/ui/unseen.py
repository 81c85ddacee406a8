"""The prompt for a password: typing, Backspace, Ctrl-U, Enter, and Ctrl-C or Ctrl-D for "never mind"; nothing else.

It is no line editor and shares nothing with one: no history, search, completion, undo or kill ring, and no key that
waits for another. What is typed is in this object and nowhere else, and belongs to one question (U2).

When that question ends before it is answered, what was typed is gone, but the prompt stays until Enter is pressed
twice: a user who types a password does not look, and neither the rest of it nor its repetition, which ends in one
Enter, must land in the line that everybody hears.
"""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.application import Application
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import Layout
from prompt_toolkit.layout.containers import AnyContainer, HSplit, Window
from prompt_toolkit.layout.controls import FormattedTextControl
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from client.core.typed import OVER, Secret

_LONGEST = 1000  # characters: more than any password has, and a screen shows a star for each
_AFTER_ESCAPE = 0.05  # seconds: a key that comes later was not pressed with Alt


class UnseenPrompt:
    """Asks for one password. `app` runs it, and returns a Secret or None."""

    def __init__(
        self, above: Callable[[], StyleAndTextTuples], bar: AnyContainer, style: Style, depth: ColorDepth | None
    ) -> None:
        """Draw what `above` returns over it, and `bar` below it."""
        self._above = above
        self._typed = ""
        self._question = OVER
        self._enters = 0  # one after the other
        control = FormattedTextControl(self._drawn, focusable=True)
        line = Window(control, wrap_lines=True, dont_extend_height=True)
        self.app: Application[Secret | None] = Application(
            layout=Layout(HSplit([line, bar])),
            key_bindings=self._keys(),
            style=style,
            color_depth=depth,
            erase_when_done=True,
        )
        self.app.timeoutlen = _AFTER_ESCAPE

    def asks(self, question: int) -> None:
        """Belong to the question of this number from now on, 0 if there is none, and drop what was typed at another."""
        if (question or OVER) != self._question:
            self._question, self._typed, self._enters = question or OVER, "", 0

    def _keys(self) -> KeyBindings:
        made = KeyBindings()
        made.add(Keys.Any)(self._type)
        made.add("escape", Keys.Any)(lambda event: None)  # Alt and a letter is no letter
        made.add(Keys.BracketedPaste)(self._type)
        made.add("backspace")(lambda event: self._put(self._typed[:-1]))
        made.add("c-u")(lambda event: self._put(""))
        for key in ("enter", "c-j"):
            made.add(key)(self._enter)
        for key in ("c-c", "c-d", "<sigint>"):
            made.add(key)(lambda event: self._end(event, ""))
        return made

    def _type(self, event: KeyPressEvent) -> None:
        is_text = event.key_sequence[0].key == Keys.BracketedPaste or len(event.key_sequence[0].key) == 1
        self._put(self._typed + "".join(c for c in event.data if is_text and c.isprintable()))

    def _put(self, text: str) -> None:
        self._enters = 0
        self._typed = text[:_LONGEST] if self._question != OVER else ""

    def _enter(self, event: KeyPressEvent) -> None:
        self._enters += 1
        if self._question != OVER or self._enters > 1:
            self._end(event, self._typed)

    def _end(self, event: KeyPressEvent, text: str) -> None:
        question, self._typed, self._enters = self._question, "", 0
        event.app.exit(result=None if question == OVER else Secret(text, question))

    def _drawn(self) -> StyleAndTextTuples:
        if self._question == OVER:
            asked = "No password is wanted any more: what you type is dropped. Enter twice goes on: "
        else:
            asked = f"Password: {'*' * len(self._typed)}"
        return [*self._above(), ("", asked), ("[SetCursorPosition]", "")]
