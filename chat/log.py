"""The log: what happened in the room, in the order of its numbers; the newest part of it, kept in memory.

Every event of the room is an entry, whispers among them, and every entry has the next number: a reader who has seen
number 7 has missed what comes after 7, and nothing else. `since` returns that for a client that comes back, `messages`
for one that asks. Each entry says who may read it again: everybody, or the two users of a whisper.

Each start of the server opens a run, whose numbers begin far above those of earlier runs (`first_number`): no number is
used twice, even if the newest entries of the run before were lost with its disk. Numbers are consecutive within a run
but not from one run to the next; so missed entries are counted (`Log.since`), never computed by subtracting numbers. A
number outside of all runs was not issued by this log: a client that has seen it has seen an entry that was lost here.

storage/journal.py keeps the older entries. It is handed each turn's new ones (`take_fresh`) before anybody sees them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate, dropwhile, takewhile

from protocol.events import Announced, Past, RoomEvent, Said, Whispered
from protocol.text import key_of, words_of
from protocol.values import value

_MESSAGES = frozenset({Said, Whispered, Announced})
KEPT = 10_000  # entries in memory: some megabytes, and hours of most rooms
REPLAY_BYTES = 256 * 1024  # of text, told again at once: a quarter of what a reader may be behind
RUNS = 10_000  # whose numbers are known
_ENTRY_BYTES = 120  # what an entry takes on the wire besides its text, roughly
_SINCE_2020 = 1_577_836_800.0  # seconds since the epoch: 2020-01-01, UTC
_A_SECOND = 1 << 20  # numbers: more than any server gives in one, so that a run stays below the next one
_LATEST = 1 << 32  # seconds: numbers stay below 2**53, which JSON's readers count exactly

Range = tuple[int, int]  # the first and the last number that a run has issued


def first_number(newest: int, at: float, step: float = 1.0) -> int:
    """Return the first number of a run that begins at `at`, seconds since the epoch, after a log of up to `newest`.

    Of the time, whole steps of `step` seconds count.
    """
    seconds = min(max(0.0, at - _SINCE_2020), _LATEST) // step * step
    return max(newest + 1, int(seconds * _A_SECOND))


@value
class Entry:
    """`event` happened at `at`, seconds since the epoch. `author` and `reader` are identities (chat.session).

    A whisper has a `reader`; an entry without one is for everybody. Where a client enters, `settled` is the
    highest `cseq` of its lines that counts as handled by then (chat.replies).
    """

    event: RoomEvent
    at: float
    author: str = ""
    reader: str = ""
    settled: int = 0

    def is_for(self, *identities: str) -> bool:
        """Return whether whose `identities` these are may read this."""
        return not self.reader or self.reader in identities or self.author in identities

    def told_to(self, identity: str) -> RoomEvent:
        """Return the event as `identity` is sent it again: the `cseq` is for its author alone."""
        event = self.event
        if identity == self.author or getattr(event, "cseq", None) is None:
            return event
        # Somebody else's line may have the number of one of the reader's own.
        return replace(event, cseq=None)  # type: ignore[arg-type]


class Log:
    """The newest entries; numbers run on from those of an earlier run."""

    def __init__(
        self,
        entries: Iterable[Entry] = (),
        seq: int = 0,
        kept: int = KEPT,
        runs: Sequence[Range] | None = None,
        older: Callable[[int], Entry | None] = lambda seq: None,
        first: int | None = None,
    ) -> None:
        """Go on after `entries`, the newest of a log that has reached `seq`; keep `kept`.

        `runs` are those of before, the oldest first; by default one that has issued all numbers. `older` looks an
        entry up that is not in memory any more. `first` is that of the run that goes on; by default a new one begins.
        """
        self.seq = seq
        self.kept = kept
        self._entries: deque[Entry] = deque(entries, kept)
        # Apart, so that nobody who asks for messages pays for the comings and goings between them.
        self._messages = deque(filter(is_message, self._entries), kept)
        self._fresh: list[Entry] = []
        self._older = older
        earlier = [(1, seq)] if runs is None else list(runs)
        self._firsts = [begin for begin, _ in earlier] + [seq + 1 if first is None else first]
        self._lasts = [last for _, last in earlier]
        self._before = list(accumulate((last - begin + 1 for begin, last in earlier), initial=0))  # entries, by run

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries in memory, the oldest first."""
        return iter(self._entries)

    def runs(self) -> list[Range]:
        """Return the runs that are known, the oldest first; the last one goes on, and may have issued none yet."""
        return list(zip(self._firsts, [*self._lasts, self.seq], strict=True))

    def last_seq(self) -> int:
        """Return the newest number that was issued, as far as the runs are known; 0 if none was."""
        return next((last for first, last in reversed(self.runs()) if last >= first), 0)

    def begin_run(self, at: float) -> None:
        """Begin a run of a shared log at `at`, seconds since the epoch; forget the oldest, if there are very many.

        Such a log may lose its end twice in a second, and the numbers with it: so fractions of a second count.
        """
        first = first_number(self.seq, at, 1 / _A_SECOND)
        if self.seq < self._firsts[-1]:  # the run before has issued none
            del self._firsts[-1]
        else:
            self._before.append(self._count(self.seq))
            self._lasts.append(self.seq)
        self._firsts.append(first)
        self.seq = first - 1
        excess = len(self._firsts) - RUNS
        if excess > 0:
            del self._firsts[:excess], self._lasts[:excess], self._before[:excess]

    def next_seq(self) -> int:
        """Return the number that the next entry gets, from 1; `append` gives it."""
        return self.seq + 1

    def append(self, entry: Entry) -> None:
        """Add an entry whose event has the next number, and so give it. Raises ValueError for another number."""
        event, seq = entry.event, self.seq + 1
        if event.seq != seq:
            raise ValueError(f"entry {event.seq} can't follow {self.seq}")
        self.seq = seq
        self._entries.append(entry)
        if type(event) in _MESSAGES:
            self._messages.append(entry)
        self._fresh.append(entry)

    def newest(self) -> Entry | None:
        """Return the newest entry in memory; None if there is none."""
        return self._entries[-1] if self._entries else None

    def issued(self, seq: int) -> bool:
        """Return whether a run of this log has given this number to an entry."""
        run = bisect_right(self._firsts, seq) - 1
        return run >= 0 and seq <= self._last_of(run)

    def entry(self, seq: int) -> Entry | None:
        """Return the entry of this number; None if it is not known any more."""
        entries = self._entries
        if not entries or seq < entries[0].event.seq:
            return self._older(seq)
        place = bisect_left(entries, seq, key=lambda entry: entry.event.seq)
        return entries[place] if place < len(entries) and entries[place].event.seq == seq else None

    def _last_of(self, run: int) -> int:
        return self._lasts[run] if run < len(self._lasts) else self.seq

    def _count(self, seq: int) -> int:
        """Return how many entries there were up to this number, in the runs that are known."""
        run = bisect_right(self._firsts, seq) - 1
        return 0 if run < 0 else self._before[run] + min(seq, self._last_of(run)) - self._firsts[run] + 1

    def take_fresh(self) -> list[Entry]:
        """Return what has been appended since this was last asked."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def since(self, seq: int, *identities: str) -> tuple[int, list[Entry]]:
        """Return what came after `seq` as far as it can be told again: how many are missing, and the rest.

        Entries that whose `identities` these are may not read are in neither.
        """
        newer = takewhile(lambda entry: entry.event.seq > seq, reversed(self._entries))
        entries = _newest(newer, len(self._entries))
        missing = self._count(self.seq) - self._count(seq) - len(entries)
        return missing, [entry for entry in entries if entry.is_for(*identities)]

    def messages(self, count: int, identity: str, as_of: int | None = None) -> list[Past]:
        """Return the newest `count` messages that `identity` may read, the oldest first; fewer if they are long.

        With `as_of`, return those that were the newest when the log stood at that number.
        """
        older = dropwhile(lambda entry: as_of is not None and entry.event.seq > as_of, reversed(self._messages))
        readable = (entry for entry in older if entry.is_for(identity))
        return [past(entry) for entry in _newest(readable, count)]

    def search(self, words: str, count: int, identity: str) -> list[Past]:
        """Return the newest `count` messages with all of `words` in them that `identity` may read, the oldest first."""
        wanted = set(words_of(words))
        found = (
            entry
            for entry in reversed(self._messages)
            if entry.is_for(identity) and wanted <= _words_in(text_of(entry.event))
        )
        return [past(entry) for entry in _newest(found, count)]

    def last_seen(self, name: str) -> float | None:
        """Return the time of the newest public entry about a user called `name`; None if there is none."""
        key = key_of(name)
        times = (e.at for e in reversed(self._entries) if not e.reader and key in map(key_of, names_in(e.event)))
        return next(times, None)


@lru_cache(2 * KEPT)  # else each search would have to take apart again whatever is in memory
def _words_in(text: str) -> frozenset[str]:
    return frozenset(words_of(text))


def is_message(entry: Entry) -> bool:
    """Return whether this is a message: something said, whispered or announced."""
    return type(entry.event) in _MESSAGES


def text_of(event: RoomEvent) -> str:
    """Return what was said in `event`, if anything was."""
    return getattr(event, "text", "")


def names_in(event: RoomEvent) -> tuple[str, ...]:
    """Return whose event it is; of a renaming, under both names."""
    old = getattr(event, "old", None)
    return (event.name,) if old is None else (event.name, old)


def past(entry: Entry) -> Past:
    """Return the message in `entry` as it is told again."""
    event = entry.event
    announced = True if type(event) is Announced else None
    return Past(event.seq, entry.at, event.name, text_of(event), getattr(event, "to", None), announced)


def _newest(entries: Iterator[Entry], count: int) -> list[Entry]:
    """Return the first `count` of `entries`, which go backwards, in their order; fewer if their texts are long."""
    taken: deque[Entry] = deque()
    room = REPLAY_BYTES
    for entry in entries:
        room -= _ENTRY_BYTES + len(text_of(entry.event).encode())
        if len(taken) == count or room < 0:
            break
        taken.appendleft(entry)
    return list(taken)
