"""Reading: one history, read from the first record to the last: its facts, and what is wrong in itself."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from protocol.events import Event, Past, Renamed, RoomEvent, Said, Whispered
from tools.crash.breaches import Breaches
from tools.crash.history import (
    Answered,
    Begun,
    Broken,
    History,
    Invoked,
    Listed,
    Lost,
    Missing,
    Refusal,
    SentAway,
    Told,
    Welcomed,
    mark_of,
)
from tools.crash.ledger import Ledger

Place = tuple[str, int]  # an epoch, and a number in its log
Numbers = Mapping[str, Sequence[int]]  # by epoch, the numbers in its log, in order


class Gap(NamedTuple):
    """The server said that `missing` entries between two numbers are lost to this reader.

    `is_passed`: it went on by itself where it was, and may have passed over what this reader is not told.
    """

    epoch: str
    after: int
    before: int
    missing: int
    is_passed: bool


class Reading:
    """What the client `number` typed and was told, by number. `wrong`: the violations in it."""

    def __init__(self, history: History, ledger: Ledger | None = None) -> None:
        """Read `history`; the `ledger` tells what a log has lost, in whatever epoch it went on."""
        self._ledger = Ledger("", {}) if ledger is None else ledger
        self.number = history.number
        self.stayed = history.stayed
        self.wrong = Breaches()
        self.told: dict[Place, RoomEvent] = {}  # without the `cseq`, which only the author is told
        self.shown: Counter[Place] = Counter()
        self.earlier: dict[Place, int | None] = {}  # told as answers to these lines, from before it came into the log
        self.listed: list[tuple[str, Past]] = []  # with the epoch in which it was listed
        self.refused: list[tuple[str, Refusal]] = []  # with the epoch in which it was told
        self.invoked: dict[int, Invoked] = {}
        self.answers: dict[int, Event] = {}  # by `cseq`
        self._spans: list[tuple[str, int, int]] = []  # epoch, from after this number, up to this one
        self.gaps: list[Gap] = []
        self._newest_lost: dict[int, int] = {}  # by loss, up to which number what was lost by it had been told
        self.claimed = 0  # the highest of its lines that it said may have been handled
        self._gap = 0  # entries just reported as missing, before the next event
        self._goes_on = False  # the server went on by itself, with the last welcome
        self._known: int | None = None  # the newest entry that it knows, if that was lost and it was not told so yet
        self.epoch, self._newest = "", 0
        self._is_cut_off = False  # from the log that it knew, and has not been told so yet
        self._knows_end = False  # of the log that it knew, before the welcome to another one
        self._begins_at = 0  # in a log that it has come to from another one: numbers up to this were in the other
        for record in history.records:
            _TAKE[type(record)](self, record)

    def comings(self) -> Iterator[Place]:
        """Yield where it came into a log, or went on in one from an earlier page of its history."""
        return ((epoch, after) for epoch, after, _ in self._spans)

    def knew(self, loss: int) -> int:
        """Return up to which number it knew the log that was to lose its end by this `loss`; 0 if it knew nothing that
        was lost."""
        return max((seq for earlier, seq in self._newest_lost.items() if earlier <= loss), default=0)

    def owed(self, numbers: Numbers) -> Iterator[Place]:
        """Yield the entries neither told nor reported as missing; one that stayed should know its log to the end."""
        spans = list(self._spans)
        if self.stayed and spans:
            epoch, after, upto = spans[-1]
            spans[-1] = (epoch, after, max(upto, *numbers.get(epoch, [])[-1:], 0))
        for epoch, after, upto in spans:
            for seq in between(numbers.get(epoch, []), after, upto + 1):
                if (epoch, seq) not in self.told and not self._has_missed(epoch, seq):
                    yield epoch, seq

    def _has_missed(self, epoch: str, seq: int) -> bool:
        return any(gap.epoch == epoch and gap.after < seq < gap.before for gap in self.gaps)

    def _begun(self, record: Begun) -> None:
        self._begin(record.epoch, record.seq)

    def _invoked(self, record: Invoked) -> None:
        self.invoked[record.cseq] = record

    def _welcomed(self, record: Welcomed) -> None:
        asked, self._goes_on = record.asked, record.goes_on
        self.claimed = max(self.claimed, asked.lines or 0 if asked is not None else 0)
        was_lost = asked is not None and self._ledger.was_lost(asked.seq, record.seq)
        is_known = asked is not None and asked.epoch == record.epoch and not was_lost
        if record.resumed != is_known and not (is_known and self._has_passed_lost(record)):
            self._wrong("was resumed: {}" if record.resumed else "was not resumed: {}", record)
        if asked is None or not record.resumed:
            self._is_cut_off = asked is not None and not self._knows_end
            self._begin(record.epoch, record.seq)
            self._begins_at = 0 if asked is None else record.seq
        elif record.seq <= self._newest:
            self._wrong("knew number {} of a log that has got back to {}", self._newest, record)
        else:
            self._newest = min(self._newest, asked.seq)  # less where it was told of a gap and of nothing after it
        self._knows_end, self._gap = False, 0

    def _has_passed_lost(self, record: Welcomed) -> bool:
        """Return whether a server that goes on by itself may have known more than the reader: whispers, lost since."""
        asked = record.asked
        assert asked is not None  # noqa: S101  (by a reader that was in a log)
        passed = between(self._ledger.numbers, asked.seq, record.seq)
        return record.goes_on and any(self._ledger.was_lost(seq, record.seq) for seq in passed)

    def _missing(self, record: Missing) -> None:
        if not record.count:
            self._knows_end, self._is_cut_off, self._known = True, False, None
        self._gap = record.count

    def _told(self, record: Told) -> None:
        event = record.event
        place = (self.epoch, event.seq)
        if self._is_cut_off:
            self._wrong("was not told that it has missed the end of a log")
            self._is_cut_off = False
        if event.seq > self._newest:
            if self._gap:
                self.gaps.append(Gap(self.epoch, self._newest, event.seq, self._gap, self._goes_on))
                self._gap = 0
            self._notices_loss(event.seq)
            self._reach(event.seq)
        elif not self._is_answer(event) or not self._may_know(place):
            self._wrong("was told again, or too late, {}", event)
        elif place not in self.told and event.seq <= self._begins_at:
            self.earlier[place] = getattr(event, "cseq", None)
        told = replace(event, cseq=None) if isinstance(event, Said | Whispered | Renamed) else event
        if self.told.setdefault(place, told) != told:
            self._wrong("was told {}, and then {}", self.told[place], event)
        self.shown[place] += record.shown

    def _notices_loss(self, seq: int) -> None:
        """Notice that the log goes on with `seq` and without what it knows: it has to have told that."""
        if self._ledger.was_lost(self._known, seq):
            self._wrong("was not told that entries up to {} are lost", self._known)
        self._known = None
        self._notes_known(seq)

    def _notes_known(self, seq: int) -> None:
        """Note that it knows the entry `seq`, if that will be lost."""
        loss = self._ledger.loss_of(seq)
        if loss is not None:
            self._known = seq
            self._newest_lost[loss] = max(seq, self._newest_lost.get(loss, 0))

    def _may_know(self, place: Place) -> bool:
        """Return whether this was told, or missed, or came into a log that was given up since; but not its end."""
        return place in self.told or self._has_missed(*place) or place[1] <= self._begins_at

    def _listed(self, record: Listed) -> None:
        self.listed.append((self.epoch, record.entry))

    def _answered(self, record: Answered) -> None:
        if record.cseq in self.answers:
            self._wrong("took two answers to its line {}: {}", record.cseq, record.event)
        self.answers[record.cseq] = record.event

    def _refusal(self, record: Refusal) -> None:
        self.refused.append((self.epoch, record))

    def _lost(self, record: Lost) -> None:
        pass

    def _broken(self, record: Broken) -> None:
        self._wrong("was sent what is no message: {}", record.why)

    def _sent_away(self, record: SentAway) -> None:
        self._wrong("was sent away for good: {}", record.why)

    def _begin(self, epoch: str, seq: int) -> None:
        self.epoch, self._newest = epoch, seq
        self._spans.append((epoch, seq, seq))
        self._notes_known(seq)

    def _reach(self, seq: int) -> None:
        self._newest = seq
        epoch, after, _ = self._spans[-1]
        self._spans[-1] = (epoch, after, seq)

    def _is_answer(self, event: RoomEvent) -> bool:
        """Return whether `event` may be told again: as the answer to a line that we had to repeat."""
        if isinstance(event, Said | Whispered):
            mark = mark_of(event.text)
            return event.cseq is not None and mark is not None and mark[0] == self.number
        return isinstance(event, Renamed) and event.cseq is not None

    def _wrong(self, what: str, *details: object) -> None:
        self.wrong.add(f"client {{}} {what}", self.number, *details)


def between(numbers: Sequence[int], after: int, before: int) -> Sequence[int]:
    """Return the part of the sorted `numbers` that lies between `after` and `before`."""
    return numbers[bisect_right(numbers, after) : bisect_left(numbers, before)]


_TAKE: dict[type, Callable[[Reading, Any], None]] = {
    Begun: Reading._begun,
    Invoked: Reading._invoked,
    Welcomed: Reading._welcomed,
    Missing: Reading._missing,
    Told: Reading._told,
    Listed: Reading._listed,
    Answered: Reading._answered,
    Refusal: Reading._refusal,
    Lost: Reading._lost,
    Broken: Reading._broken,
    SentAway: Reading._sent_away,
}
