"""What the members say: by chance, a little of everything that has a number in the log or an answer."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tools.crash.member import Member

SPARES = ("spare1", "spare2", "spare3")  # names that may be anybody's, so that somebody returns to find his taken
COMMANDS = ("/users", "/ping", "/history 5", "/nosuchcommand", "/whisper nobody hello")
WORDS = (
    "",
    "hello",
    "what is on your mind?",
    "\N{GREEK SMALL LETTER ALPHA} to \N{GREEK SMALL LETTER OMEGA}",
    "x" * 700,
)


def talks(member: Member, members: Sequence[Member], chance: random.Random, now: float) -> bytes:
    """Let `member` type something, if it may; return what is to be sent."""
    dice, more = chance.random(), chance.choice(WORDS)
    if not member.may_type:
        return b""
    if dice < 0.6:
        return member.says(more, now)
    if dice < 0.8:
        other = chance.choice(members).session.name
        return member.whispers(other or "nobody", more or "hush", now)
    if dice < 0.85:
        return member.replies(more or "hush", now)
    if dice < 0.92:
        return member.renames(now, chance.choice(("", "", *SPARES)))
    return member.asks(chance.choice(COMMANDS), now)
