"""Whom `/reply` goes to: the user that last whispered, never a newcomer of the same name. Pure.

Renamings are followed, and leavings noted. For what happens while the reply is on its way, it says as of which `seq`
its addressee held the name. Such a number belongs to one log; where another begins, nobody can be replied to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from client.core.typed import command_in, usage
from protocol import requests
from protocol.commands import BY_REQUEST, arguments
from protocol.errors import ErrorCode, ProtocolError
from protocol.text import excerpt, key_of

_WHISPER = BY_REQUEST[requests.Whisper]


@dataclass(frozen=True, slots=True)
class _Whisperer:
    """Who last whispered to us; `as_of` is the newest `seq` at which they held this name, None once they left."""

    name: str
    as_of: int | None


class ReplyTarget:
    """Facts about the last whisper to us."""

    def __init__(self) -> None:
        self._last: _Whisperer | None = None

    @property
    def to(self) -> str:
        """The name that a reply would go to; "" for nobody."""
        return self._last.name if self._last is not None and self._last.as_of is not None else ""

    def as_sent(self, text: str) -> tuple[str, int | None]:
        """Return the line `text`, a reply in it made a whisper, and the reply's `as_of`. Raises ProtocolError."""
        command, rest = command_in(text)
        if command is None or command.build is not requests.Reply:
            return text, None
        (message,) = arguments(command, rest, usage(command, text))
        return self._whisper(message)

    def _whisper(self, message: str) -> tuple[str, int]:
        """Return the line that replies with `message`, and its `as_of`. Raises ProtocolError."""
        if self._last is None:
            raise ProtocolError(ErrorCode.NO_WHISPER_YET)
        if self._last.as_of is None:
            raise ProtocolError(ErrorCode.LEFT_SINCE, name=excerpt(self._last.name))
        return f"/{_WHISPER.name} {self._last.name} {message}", self._last.as_of

    def whispered(self, name: str, seq: int) -> None:
        """Note that `name` has whispered to us."""
        self._last = _Whisperer(name, seq)

    def renamed(self, old: str, name: str, seq: int) -> None:
        """Note that `old` is `name` now."""
        if self._is(old):
            self._last = _Whisperer(name, seq)

    def forget(self, name: str) -> None:
        """Note that `name` has left, or is somebody else now."""
        if self._is(name):
            self._last = _Whisperer(name, None)

    def missed(self) -> None:
        """Note that the whisperer may have left in what we did not see."""
        if self._last is not None:
            self._last = replace(self._last, as_of=None)

    def _is(self, name: str) -> bool:
        return bool(self.to) and key_of(self.to) == key_of(name)
