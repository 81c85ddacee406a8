"""Names: which one a user may take.

A name is refused if somebody has it, and also if it can be taken for somebody's: a name that looks like a reserved
word, like a registered name that is not the user's own, or like that of somebody here. A registered name itself is not
compared, since only its password gives it: an account that is older than one of these rules stays usable, and its owner
gets the name at once, though somebody else may have it.
"""

from __future__ import annotations

from chat.proposals import Refusal
from chat.room import Room
from chat.session import Session
from protocol import commands
from protocol.errors import ErrorCode
from protocol.text import excerpt, is_name, key_of


def why_not(session: Session, name: str, room: Room) -> Refusal | None:
    """Return why `session` can't be called `name` in `room`, or None if it can."""
    if not is_name(name):
        return ErrorCode.NAME_BAD, {"name": excerpt(name) or "Nothing"}
    if key_of(name) in room.registered:
        return None
    if room.find(name) not in (None, session.member):
        return ErrorCode.NAME_TAKEN, {"name": name}
    if commands.is_reserved(name):
        return ErrorCode.NAME_RESERVED, {"name": name}
    alike = room.registered.alike(name, session.account) or room.alike(name, session.name)
    return None if alike is None else (ErrorCode.NAME_LOOKS_ALIKE, {"name": name, "other": alike})
