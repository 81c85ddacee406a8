"""Names: which one a user may take.

A name is refused if somebody has it, and also if it can be taken for somebody's: a name that looks like a reserved
word, like a registered name that is not the user's own, or like that of somebody here. A registered name itself is not
compared, since only its password gives it: an account that is older than one of these rules stays usable, and its owner
gets the name at once, though somebody else may have it.

Besides, operators may have barred the user or the name, and this server may be full. The room decides again what may
have changed until a name is given (chat.room).
"""

from __future__ import annotations

from chat.members import Member
from chat.networks import is_loopback
from chat.sanctions import Act
from chat.session import Session
from chat.state import State
from protocol.errors import ErrorCode, Refusal
from protocol.reserved import is_reserved
from protocol.text import excerpt, is_name, key_of


def why_not(state: State, session: Session, name: str) -> Refusal | None:
    """Return why `session` can't be called `name`, or None if it can."""
    reason = _unfit(state, session, name) or _barred(state, session, name)
    key, settings = key_of(name), state.settings
    if key in settings.kept_names and key not in state.room.registered and not is_loopback(session.host):
        return ErrorCode.NAME_KEPT, {"name": name}
    if reason is None and not session.named and _is_full(state, name):
        return ErrorCode.TOO_MANY_USERS, {"limit": settings.max_users}
    return reason


def _unfit(state: State, session: Session, name: str) -> Refusal | None:
    """Return what is wrong with the name itself, or who has it or looks like it; or None."""
    room = state.room
    if not is_name(name):
        return ErrorCode.NAME_BAD, {"name": excerpt(name) or "Nothing"}
    if key_of(name) in room.registered:
        return None
    holder = room.find(name)
    if holder is not None and holder is not session.member and not _makes_way(state, session, holder):
        return ErrorCode.NAME_TAKEN, {"name": name}
    if is_reserved(name):
        return ErrorCode.NAME_RESERVED, {"name": name}
    alike = room.registered.alike(name, session.account) or room.members.alike(name, session.name)
    return None if alike is None else (ErrorCode.NAME_LOOKS_ALIKE, {"name": name, "other": alike})


def _makes_way(state: State, session: Session, holder: Member) -> bool:
    """Return whether `holder` is an earlier connection of the client, which it replaces; or has left this server, and
    only the order has yet to say so."""
    if session.member is None and holder.client and holder.client == session.identity:
        return True
    return holder.server == state.order.incarnation and state.session_of(holder) is None


def _barred(state: State, session: Session, name: str) -> Refusal | None:
    """Return what an operator did that keeps `session` from being called `name`, or None."""
    room, key, at = state.room, key_of(name), state.at
    account = key if key in room.registered else ""  # its password is asked for next
    ban = room.sanctions.find(Act.BAN, (key,), at)
    if ban is None and not account:  # who has an account is nobody else
        ban = room.sanctions.ban_of_look(name, at)
    if ban is not None and key != session.key:
        details: dict[str, object] = {"left": ban.left(at), "reason": ban.because}
        return (ErrorCode.NAME_BANNED, {"name": name, **details}) if session.named else (ErrorCode.BANNED, details)
    if session.member is None:
        return room.sanctions.why_out(name, session.identity, bool(account), at)
    return room.silenced(session.member, at, account)


def _is_full(state: State, name: str) -> bool:
    """Return whether this server has no place for who comes as `name`: an account's owner may take its holder's."""
    coming = sum(other.waiting for other in state.unnamed) if state.order.defers else 0
    if len(state.sessions) + coming < state.settings.max_users:
        return False
    holder = state.room.find(name) if key_of(name) in state.room.registered else None
    return holder is None or state.session_of(holder) is None
