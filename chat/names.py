"""Names: which one a user may take.

A name is refused if somebody has it, and also if it can be taken for somebody's: a name that looks like a reserved
word, like a registered name that is not the user's own, or like that of somebody here. A registered name itself is
beyond that, since it needs its password: what stood in `users.txt` before such a rule serves its owner on.
"""

from __future__ import annotations

from chat.look_alikes import LookAlikes
from chat.room import Room
from chat.session import Session
from protocol import commands
from protocol.errors import ErrorCode
from protocol.text import excerpt, is_name, key_of

WhyNot = tuple[ErrorCode, dict[str, object]]  # and what its phrase is filled with


class Registered:
    """The keys of the names with an account."""

    def __init__(self) -> None:
        self._keys: frozenset[str] = frozenset()
        self._looks = LookAlikes()

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def update(self, keys: frozenset[str]) -> None:
        """Take `keys` for all there are; it takes time for what has changed only, since there may be thousands."""
        if keys is self._keys:
            return
        for gone in self._keys - keys:
            self._looks.discard(gone)
        for new in keys - self._keys:
            self._looks.add(new)
        self._keys = keys

    def alike(self, name: str, but: str) -> str | None:
        """Return the registered name that can be taken for `name` and is neither that nor `but`, or None."""
        return self._looks.find(name, but)


def why_not(session: Session, name: str, room: Room, registered: Registered) -> WhyNot | None:
    """Return why `session` can't be called `name` in `room`, or None if it can."""
    if not is_name(name):
        return ErrorCode.NAME_BAD, {"name": excerpt(name) or "Nothing"}
    if room.find(name) not in (None, session):
        return ErrorCode.NAME_TAKEN, {"name": name}
    if key_of(name) in registered:
        return None
    if commands.is_reserved(name):
        return ErrorCode.NAME_RESERVED, {"name": name}
    alike = registered.alike(name, session.account) or room.alike(name, session.name)
    return None if alike is None else (ErrorCode.NAME_LOOKS_ALIKE, {"name": name, "other": alike})
