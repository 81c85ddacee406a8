"""What a few keys do at the prompt. The others do what they do in a shell: prompt_toolkit's Emacs keys."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.buffer import Buffer, CompletionState
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent


def at_the_prompt(meant: Callable[[], str]) -> KeyBindings:
    """Return the keys that are ours. `meant`: what the line was probably meant to be; "" if that is not known."""
    made = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)
    made.add("tab", filter=typing)(lambda event: _complete(event.current_buffer))
    made.add("c-c", filter=typing)(_clear_or_leave)
    made.add("escape", "enter", filter=typing)(lambda event: event.current_buffer.insert_text("\n"))
    for page in ("pageup", "pagedown"):  # prompt_toolkit would replace the line by one of the history
        made.add(page)(lambda event: None)
    made.add("escape", "/", filter=typing & Condition(lambda: bool(meant())))(
        lambda event: _replace(event.current_buffer, meant())
    )
    return made


def _replace(buffer: Buffer, text: str) -> None:
    buffer.save_to_undo_stack()
    buffer.text = text
    buffer.cursor_position = len(text)


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


def _clear_or_leave(event: KeyPressEvent) -> None:
    buffer = event.current_buffer
    if buffer.text:
        buffer.reset()
        buffer.on_text_changed.fire()
    else:
        event.app.exit(exception=KeyboardInterrupt())
