"""What a few keys do at the prompt. The others do what they do in a shell: prompt_toolkit's Emacs keys."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.buffer import Buffer, CompletionState
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

YES, NO = "yes", ""


def at_the_prompt(is_asked: Callable[[], bool], is_secret: Callable[[], bool]) -> KeyBindings:
    """Return the keys that are ours.

    `is_asked`: a yes or no is awaited, of which the prompt's result is to be YES or NO. `is_secret`: the line is a
    password, and to leave it empty means "never mind".
    """
    made = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER) & ~Condition(is_asked)
    made.add("tab", filter=typing)(lambda event: _complete(event.current_buffer))
    made.add("c-c", filter=typing)(lambda event: _clear_or_leave(event, is_secret()))
    _add_answers(made, Condition(is_asked))
    return made


def _add_answers(made: KeyBindings, asked: Condition) -> None:
    for key in ("y", "Y"):
        made.add(key, filter=asked, eager=True)(lambda event: event.app.exit(result=YES))
    for key in ("n", "N", "enter", "c-c", "c-d"):
        made.add(key, filter=asked, eager=True)(lambda event: event.app.exit(result=NO))
    for key in (Keys.Any, Keys.BracketedPaste):
        made.add(key, filter=asked)(lambda event: None)


def _complete(buffer: Buffer) -> None:
    """Put the likeliest word in place at once, so that no key typed after Tab overtakes it; Tab again, the next."""
    if buffer.complete_state is not None:
        buffer.complete_next()
        return
    found = list(buffer.completer.get_completions(buffer.document, CompleteEvent(completion_requested=True)))
    if len(found) == 1:
        buffer.apply_completion(found[0])
    elif found:
        buffer.complete_state = CompletionState(buffer.document, found)
        buffer.go_to_completion(0)


def _clear_or_leave(event: KeyPressEvent, is_secret: bool) -> None:
    if is_secret:
        event.app.exit(result="")
    elif event.current_buffer.text:
        event.current_buffer.reset()
    else:
        event.app.exit(exception=KeyboardInterrupt())
