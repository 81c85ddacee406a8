"""Own proposals: what this server's sessions want changed, until that has been read back from the shared log.

    queue --append--> unread, in the log or on the way to it --read back--> nothing is kept any more

One append at a time is on its way. What was appended by an incarnation that has come to its end may be in the log or
not: that is known when its last entry has been read, and until then it stays where it is (`begin_again`). Then what was
not read is not in the log, and goes back to the front of the queue (`go_on`).

A proposal counts as that of the seat that its author had when it was made. The one exception is a session that has
to enter the room again (chat.shared.reentry): what it had proposed waits for its new seat (`reseat`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from chat.order import Deferred
from chat.proposals import Enter, Proposal
from chat.session import Session
from chat.shared.checksums import KEPT
from chat.shared.proposal_codec import FRAMING, Checksum, item_text, payload_of, proposal_text
from chat.shared.shared_log import PAYLOAD_LIMIT, Append
from protocol.requests import Request

HELD_LIMIT = 1024 * 1024  # bytes of proposals that wait; beyond it, their authors are not read


class Own(NamedTuple):
    """A proposal under way. `is_reentry`: it brings a session back, which is proposed anew in each incarnation."""

    due: Deferred
    text: bytes
    is_reentry: bool = False


class OwnProposals:
    """Those of one server. `size`: bytes of all that were not read back."""

    def __init__(self) -> None:
        self.size = 0
        self._queue: deque[Own] = deque()
        self._unread: dict[tuple[str, int], list[Own]] = {}  # by incarnation and count
        self._count = 0  # of the incarnation's newest append
        self._unanswered = False
        self._stalled: dict[Session, None] = {}  # those that have proposed too much for now
        self._held_back: dict[Session, Request] = {}  # what they ask for when nothing of theirs is under way any more

    def authors(self) -> Collection[Session]:
        """Return the sessions that have something here, each once."""
        every = [*self._queue, *(own for batch in self._unread.values() for own in batch)]
        return dict.fromkeys(own.due.author for own in every if own.due.author is not None)

    def holds_back(self, session: Session, request: Request) -> bool:
        """Let what `session` asks for wait while something of its is under way; but not where it has no seat: that may
        wait for one, too."""
        if not session.named or session not in self.authors():
            return False
        session.waiting = True
        self._held_back[session] = request
        return True

    def let_go_on(self) -> list[tuple[Session, Request]]:
        """Return what was held back and waits for nothing any more."""
        if not self._held_back:
            return []
        authors = self.authors()
        free = [(session, self._held_back.pop(session)) for session in list(self._held_back) if session not in authors]
        return [(session, request) for session, request in free if not session.closing]

    def add(self, due: Deferred, is_reentry: bool = False) -> None:
        """Queue a proposal. Raises ValueError for one that no entry has room for."""
        text = proposal_text(due.proposal)
        if len(text) > PAYLOAD_LIMIT - FRAMING * (KEPT + 2):
            raise ValueError(f"a proposal of {len(text)} bytes: {text[:80]!r}")
        self.size += len(text)
        self._queue.append(Own(due, text, is_reentry))
        if self.size > HELD_LIMIT and due.author is not None:
            due.author.stalled = True
            self._stalled[due.author] = None

    def release(self, waiting: Collection[Session | None]) -> list[Session]:
        """Return the sessions that had proposed too much and may be read again, now that most of it was read back; but
        for those that are `waiting` for a seat."""
        if not self._stalled or self.size > HELD_LIMIT // 2:
            return []
        released = [session for session in self._stalled if session not in waiting]
        self._stalled.clear()
        for session in released:
            session.stalled = False
        return released

    def take(
        self, incarnation: str, checksums: Sequence[Checksum] = (), waiting: Collection[Session | None] = ()
    ) -> Append | None:
        """Return the next append of this incarnation; None if one is unanswered, or if there is nothing to say.

        What the sessions that are `waiting` have proposed from a seat stays here.
        """
        if self._unanswered:
            return None
        taken, items = self._cut(incarnation, waiting)
        if not items and not checksums:
            return None
        self._count += 1
        self._unanswered = True
        self._unread[incarnation, self._count] = taken
        return Append(incarnation, self._count, payload_of(items, checksums))

    def _cut(self, incarnation: str, waiting: Collection[Session | None]) -> tuple[list[Own], list[bytes]]:
        """Take from the queue what one entry has room for, and drop what nobody wants any more."""
        taken: list[Own] = []
        items: list[bytes] = []
        left: list[Own] = []
        room = PAYLOAD_LIMIT - FRAMING * (KEPT + 1)
        while self._queue and room > len(self._queue[0].text) + FRAMING:
            own = self._queue.popleft()
            due = own.due
            if due.author in waiting and (due.seat or due.author is None or due.author.closing):
                if due.author is not None and due.author.closing:
                    self.size -= len(own.text)
                else:
                    left.append(own)
                continue
            item = item_text(due.seat, _text_at(incarnation, due.proposal, own.text))
            room -= len(item) + 1
            items.append(item)
            taken.append(own)
        self._queue.extendleft(reversed(left))
        return taken, items

    def answered(self, count: int) -> None:
        """Note that the log has the append of this count."""
        self._unanswered = self._unanswered and count != self._count

    def read_back(self, incarnation: str, count: int) -> list[Own]:
        """Return what this entry holds of ours, and keep it no longer."""
        taken = self._unread.pop((incarnation, count), [])
        self.size -= sum(len(own.text) for own in taken)
        return taken

    def begin_again(self) -> None:
        """Append nothing more until `go_on`: what the incarnation that has ended had appended is still to be read."""
        self._unanswered = False
        self._count = 0

    def go_on(self, first: Iterable[Deferred]) -> None:
        """Queue what comes `first`, then what was not read of earlier incarnations, since it is not in the log."""
        rest = [own for batch in (*self._unread.values(), self._queue) for own in batch if not own.is_reentry]
        self._unread.clear()
        self._queue.clear()
        self.size = 0
        for due in first:
            self.add(due, is_reentry=True)
        self._queue += rest
        self.size += sum(len(own.text) for own in rest)

    def reseat(self, session: Session, old: int, new: int) -> None:
        """Let what `session` has proposed from its seat `old` be proposed from its seat `new`."""
        self._queue = deque(
            own._replace(due=replace(own.due, seat=new)) if own.due.author is session and own.due.seat == old else own
            for own in self._queue
        )


def _text_at(incarnation: str, proposal: Proposal, text: bytes) -> bytes:
    """Return the text of a proposal, as one of this incarnation's."""
    if isinstance(proposal, Enter) and proposal.server != incarnation:
        return proposal_text(replace(proposal, server=incarnation))
    return text
