"""Mailbox: one side of a chat between two who share nothing but a place where keys can be written and read. Pure.

Ann writes the key `ann.to.bob` and nobody else does; bob writes `bob.to.ann`. So nothing has to be atomic. What stands
there is a letter (client.letter), which says all that bob may still need, and each letter replaces the one before it:

    session, number   who wrote it: a random word for each start of the program; and its how-manieth letter it is
    seen              session and number of the newest letter of bob's that ann has read
    first, texts      what ann said and bob has not acknowledged, and the number of the first of that
    heard             the number of the last text of bob's that was shown to ann

A lost letter is written again, after a wait that doubles. A text is shown if its number is the next one, so that none
is doubled or left out. What remains are letters from the past, for a store may give an old value as if it were the
newest, and a program may end and start again, having forgotten everything, while old letters lie about.

**Freshness is proved, never assumed.** A letter that says "I have seen number 7 of your session 81aa" was written after
that was. So:

1. A session is adopted only when a letter of it shows that it has seen a letter of *this* session of ours. No letter
   from before our start can.
2. Another session than the adopted one is adopted only when it has seen a letter which we wrote *after* we adopted
   that one. So it was alive later. A name has one session at a time and none comes back, so it is the younger one,
   and what is read of the old one from then on is from the past.
3. Texts and acknowledgements are taken from the adopted session alone. Texts, once acknowledged, are not in a letter
   any more; so who starts again is told what nobody has acknowledged, and nothing else, and begins at its number.

No clock, no counter on a disk and no order of sessions is needed. tests/test_mailbox_machine.py tries to break it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from client.backoff import Backoff, Chance
from client.letter import Letter, decode
from client.window import WAITING_LIMIT, Window
from protocol.errors import Fault, ProtocolError
from protocol.lines import LINE_LIMIT
from protocol.text import clean, key_of

_FIRST_WAIT, _LONGEST_WAIT = 0.4, 8.0  # seconds until a letter is written again


@dataclass(frozen=True, slots=True)
class Read:
    """What a letter brought: whether it is the first of a session, and of a second one; texts; a goodbye."""

    arrived: bool = False
    again: bool = False
    texts: tuple[str, ...] = ()
    left: bool = False


@dataclass(slots=True)
class Peer:
    """The adopted session. `since`: the number of the last letter that we had written when we adopted it."""

    session: str = ""
    since: int = 0
    newest: int = 0
    heard: int = 0
    knows_us: bool = False
    left: bool = False


def key(sender: str, receiver: str) -> str:
    """Return the key that `sender` writes and `receiver` reads."""
    return f"{key_of(sender)}.to.{key_of(receiver)}"


class Mailbox:
    """Facts about our side. Times are monotonic seconds."""

    def __init__(self, me: str, to: str, session: str, chance: Chance) -> None:
        """Begin a session: 16 letters and digits, random, so that nobody ever had it before."""
        self.me, self.to = me, to
        self.session = session
        self.window = Window()
        self.peer = Peer()
        self._number = 0
        self._stranger: tuple[str, int] = ("", 0)  # the last letter read that was not the adopted session's
        self._apart = True  # whether what we read last shows that we and the peer do not know each other
        self._leaving = False
        self._due = True
        self._failed = False
        self._again_at = 0.0
        self._silence = Backoff(_FIRST_WAIT, _LONGEST_WAIT, chance)
        self._trouble = Backoff(_FIRST_WAIT, _LONGEST_WAIT, chance)
