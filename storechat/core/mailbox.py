"""One side of a chat between two users who share only a store where keys can be written and read. Pure.

Ann writes the key `ann.to.bob` and nobody else does; bob writes `bob.to.ann`. So nothing has to be atomic. What stands
there is a letter (storechat.core.letter), which says all that bob may still need, and each letter replaces the one
before it:

    session, number   a random word for each start of the program, and which of its letters this is, from 1 up
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
   any more. So a program that starts again gets only what has not been acknowledged, and begins at its number.

No clock, no counter on a disk and no order of sessions is needed. tests/unit/storechat/test_mailbox_machine.py tries
to break it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from client.core.backoff import Rng
from protocol.errors import ErrorCode, ProtocolError
from protocol.lines import LINE_LIMIT
from protocol.sanitize import clean
from protocol.text import key_of
from storechat.core.letter import Letter, decode
from storechat.core.retransmit import RetransmitTimer
from storechat.core.send_window import WAITING_LIMIT, SendWindow


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

    @property
    def here(self) -> bool:
        """Whether the other side is there, and has not said goodbye."""
        return bool(self.session) and not self.left


def key(sender: str, receiver: str) -> str:
    """Return the key that `sender` writes and `receiver` reads."""
    return f"{key_of(sender)}.to.{key_of(receiver)}"


class Mailbox:
    """Facts about our side. Times are monotonic seconds."""

    def __init__(self, me: str, to: str, session: str, rng: Rng) -> None:
        """Begin a session: 16 letters and digits, random, so that no session ever had it before."""
        self.me, self.to = me, to
        self.session = session
        self.window = SendWindow()
        self.peer = Peer()
        self._number = 0
        self._stranger: tuple[str, int] = ("", 0)  # the last letter read that was not the adopted session's
        self._apart = True  # whether what we read last shows that we and the peer do not know each other
        self._leaving = False
        self._timer = RetransmitTimer(rng)

    # --- what we say ---------------------------------------------------------------------------------------------

    def say(self, text: str) -> bool:
        """Queue `text` for delivery; return false if nothing of it is left once it is clean. Raises ProtocolError."""
        text = clean(text)
        if len(text.encode()) > LINE_LIMIT:
            raise ProtocolError(ErrorCode.TOO_LONG, limit=LINE_LIMIT)
        if self.window.full:
            raise ProtocolError(ErrorCode.MAILBOX_FULL, limit=WAITING_LIMIT, name=self.to)
        if text:
            self.window.add(text)
            self._progress()
        return bool(text)

    def leave(self) -> None:
        """Let the next letter say goodbye."""
        self._leaving = True
        self._progress()

    # --- what we write -------------------------------------------------------------------------------------------

    @property
    def all_written(self) -> bool:
        """Whether the store has taken all that had to be written, as far as it said."""
        return self._timer.done

    def write_at(self) -> float:
        """Return when to write the next letter: 0 for at once, infinity if something has to happen first."""
        apart = self._apart or not self.peer.session or not self.peer.knows_us
        return self._timer.write_at(unread=apart or bool(self.window))

    def letter(self, now: float) -> bytes:
        """Return the letter to write now; call `written` or `not_written` next."""
        self._number += 1
        self._timer.begin(now)
        peer = self.peer
        return Letter(
            sender=key_of(self.me),
            receiver=key_of(self.to),
            session=self.session,
            number=self._number,
            seen=(peer.session, peer.newest) if peer.session else self._stranger,
            heard=peer.heard,
            first=self.window.first,
            texts=self.window.head(),
            leaving=self._leaving,
        ).encode()

    def written(self) -> None:
        """Note that the store has taken the letter. It may lose it all the same."""
        self._timer.written()

    def not_written(self, now: float) -> None:
        """Note that the store has not taken the letter, or has not said so."""
        self._timer.not_written(now)

    # --- what we read --------------------------------------------------------------------------------------------

    def missing(self) -> None:
        """Note that there is no letter of the peer's, and perhaps none of ours any more."""
        self._apart = True

    def receive(self, data: bytes) -> Read:
        """Return what the letter in `data` brings. Raises ProtocolError for one that is ignored."""
        letter = self._open(data)
        if letter.session == self.peer.session:
            return self._take(letter, self.peer)
        if not self._adopts(letter):
            self._note_stranger(letter)
            return Read()
        again = bool(self.peer.session)
        read = self._take(letter, Peer(letter.session, since=self._number, heard=letter.first - 1))
        self._progress()
        return replace(read, arrived=True, again=again)

    def _open(self, data: bytes) -> Letter:
        """Return the letter in `data`. Raises ProtocolError if it is damaged, or says what can't be."""
        letter = decode(data, sender=key_of(self.to), receiver=key_of(self.me))
        session, number = letter.seen
        if session == self.session and (number > self._number or letter.heard > self.window.sent):
            raise ProtocolError(ErrorCode.VALUE_DAMAGED, name=self.to)
        return letter

    def _adopts(self, letter: Letter) -> bool:
        """Return whether a letter of another session than the adopted one proves that it is younger (rules 1, 2)."""
        session, number = letter.seen
        return session == self.session and number > self.peer.since

    def _note_stranger(self, letter: Letter) -> None:
        """Keep who wrote it, a session that may be new or long over: without a peer, we tell that we have seen it."""
        self._apart = True
        if not self.peer.session and letter.session != self._stranger[0]:
            self._timer.due = True
        self._stranger = (letter.session, letter.number)

    def _take(self, letter: Letter, peer: Peer) -> Read:
        """Take a letter of the session `peer`, which is the adopted one from now on. Raises ProtocolError."""
        if letter.number <= peer.newest:
            self._apart = False
            raise ProtocolError(
                ErrorCode.VALUE_REPEATED if letter.number == peer.newest else ErrorCode.VALUE_OLD, name=self.to
            )
        if letter.first > peer.heard + 1:  # no session that goes by the rules leaves a gap
            raise ProtocolError(ErrorCode.VALUE_DAMAGED, name=self.to)
        self.peer = peer
        self._apart = False
        peer.newest = letter.number
        peer.knows_us = letter.seen[0] == self.session
        if peer.knows_us and self.window.acknowledge(letter.heard):
            self._timer.progress()
            self._timer.due |= bool(self.window)
        if letter.texts:
            self._timer.due = True  # an acknowledgement: the first, or another where that one was lost
        texts = self._unheard(letter)
        peer.heard += len(texts)
        left, peer.left = letter.leaving and not peer.left, letter.leaving
        return Read(texts=tuple(clean(text) for text in texts), left=left)

    def _unheard(self, letter: Letter) -> tuple[str, ...]:
        return letter.texts[self.peer.heard + 1 - letter.first :]

    def _progress(self) -> None:
        """Write at once, and begin again with short waits."""
        self._timer.due = True
        self._timer.progress()
