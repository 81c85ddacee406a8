"""Checksums: what servers say that their rooms were after certain entries, and which of them are wrong.

All rooms are equal after an entry, or a server has miscounted: by a bug or another version. The log's
entries tell by themselves, by their marks, after which of them every server takes its room's checksum and appends it.
So all learn what the others had. Where they differ, the majority is right. A server that is wrong makes its room anew
from the log, once; if it is still wrong then, it stops.

A snapshot is kept of a room that most servers had: they need not wait for one that differs, and that gets no further
if the newest snapshot is wrong.

On a tie, as between two servers, nobody knows who is right, but a room that was made anew is: so its camp wins, and the
others make theirs anew, too. Else the camp of the oldest server wins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum, auto

from chat.shared.proposal_codec import Checksum
from chat.shared.shared_log import NOWHERE

KEPT = 16  # entries whose checksums are known
VOTES_WITHIN = 4.0  # seconds, for all to say what they had


class Judgement(Enum):
    """What to do about our room."""

    FINE = auto()  # it is like the others', or they have to say yet what they have, or it is they who are wrong
    REPLAY = auto()  # make it anew
    STOP = auto()


class Checksums:
    """Those of the newest entries that have one."""

    def __init__(self) -> None:
        self._ours: dict[str, str] = {}  # by the id of the entry
        self._theirs: dict[str, dict[str, Checksum]] = {}  # by that and the other's incarnation
        self._votes: dict[str, dict[str, bool]] = {}  # by those: whether it had what we had; until it is forgotten
        self._differ_since: float | None = None
        self._is_remade = False  # our room was made anew, and has not been found like all others' since

    def begin_again(self) -> None:
        """Forget all: the room is made anew."""
        self._ours.clear()
        self._theirs.clear()
        self._votes.clear()
        self._differ_since = None

    def note(self, entry: str, checksum: str) -> None:
        """Note what our room is after an entry; again, if that was applied again."""
        self._ours[entry] = checksum
        if len(self._ours) > KEPT:
            oldest = next(iter(self._ours))
            self._theirs.pop(oldest, None)
            self._votes.pop(oldest, None)
            del self._ours[oldest]

    def hear(self, incarnation: str, checksum: Checksum) -> None:
        """Note what a server's room was, if we know what ours was then."""
        if checksum.id in self._ours:
            self._theirs.setdefault(checksum.id, {})[incarnation] = checksum
            is_like_ours = checksum.checksum == self._ours[checksum.id]
            self._votes.setdefault(checksum.id, {})[incarnation] = is_like_ours

    def forget(self, incarnation: str) -> None:
        """Take no notice any more of what a server has said whose incarnation has ended."""
        for heard in self._theirs.values():
            heard.pop(incarnation, None)

    def ours(self, entry: str) -> Checksum:
        """Return what our room was after an entry that has a checksum."""
        return Checksum(entry, self._ours[entry], self._is_remade)

    def judge(self, own: str, opened: Mapping[str, str], now: float) -> Judgement:
        """Return what the incarnation `own` has to do about its room at `now`, in monotonic seconds.

        `opened`: the ids of the entries with which the open incarnations began.
        """
        others = opened.keys() - {own}
        entry = self._differing(own)
        if entry is None:
            self._differ_since = None
            self._is_remade = self._is_remade and not any(others <= one.keys() for one in self._theirs.values())
            return Judgement.FINE
        if self._differ_since is None:
            self._differ_since = now
        is_late = now >= self._differ_since + VOTES_WITHIN
        if not is_late and not others <= self._theirs[entry].keys():
            return Judgement.FINE
        if not self._is_outvoted(entry, own, opened):
            del self._theirs[entry]
            return Judgement.FINE
        if self._is_remade:
            return Judgement.STOP
        self._is_remade = True
        return Judgement.REPLAY

    def is_agreed(self, entry: str, own: str, opened: Collection[str]) -> bool:
        """Return whether most servers had what we had after an entry: of those that are open, and of those that have
        said otherwise, though they may have ended since. False if that is forgotten."""
        votes = self._votes.get(entry, {}) | {own: True}
        like_us = [one for one in opened if votes.get(one, False)]
        others = {one for one, is_like_us in votes.items() if not is_like_us}
        return entry in self._ours and 2 * len(like_us) > len(others.union(opened))

    def _differing(self, own: str) -> str | None:
        """Return the oldest entry after which another room was not like ours; None if all were."""
        for entry, heard in self._theirs.items():
            if any(theirs.checksum != self._ours[entry] for one, theirs in heard.items() if one != own):
                return entry
        return None

    def _is_outvoted(self, entry: str, own: str, opened: Mapping[str, str]) -> bool:
        camps: dict[str, dict[str, bool]] = {}  # by the checksum: the servers that had it, and whether remade
        for incarnation, theirs in (self._theirs[entry] | {own: self.ours(entry)}).items():
            camps.setdefault(theirs.checksum, {})[incarnation] = theirs.is_remade
        best = min(camps.values(), key=lambda camp: _rank(camp, opened))
        return own not in best


def _rank(camp: Mapping[str, bool], opened: Mapping[str, str]) -> tuple[int, bool, tuple[int, int], str]:
    """Return what is least for the camp that is right."""
    age, oldest = min((place(opened.get(one, NOWHERE)), one) for one in camp)
    return -len(camp), not any(camp.values()), age, oldest


def place(entry: str) -> tuple[int, int]:
    """Return where in its log the entry of this id stands, to be compared."""
    milliseconds, _, number = entry.partition("-")
    return int(milliseconds), int(number)
