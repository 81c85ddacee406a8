"""The checker: from all clients' histories to the violations of the promise, a sentence each. Pure, after the event.

It knows nothing of the server but its promise (docs/promise.md):

    one log      under one number of one epoch everybody is told the same; who speaks is heard in the order of speaking
    no hole      who is told number 7 was told all before it since it came, but what it was told it has missed, and
                 whispers between others; within a run of the server, that is: between two, numbers are left out
    once         a line stands in the log at most once, and one that was acknowledged where the acknowledgement says;
                 so, with the two above, it is at everybody once. What is shown to the user is shown once
    two          a whisper is told to the two it is between, and to nobody else
    an answer    each line of those who stayed has had one, and it was that line's

What nobody was told does not count as said: a line that died with the server is free to be repeated. That is why the
book that everything is compared with is made of what the clients were told, all of them together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import replace
from itertools import pairwise, takewhile

from protocol.errors import ErrorCode
from protocol.events import Noticed, Past, Refused, Renamed, RoomEvent, Said, Whispered
from tools.crash.history import History, Mark, mark_of, owner_of
from tools.crash.reading import Numbers, Place, Reading, between

Book = dict[Place, RoomEvent]
A_RUN = 1 << 19  # numbers: between two runs of the server there are more
_ANSWERS: dict[str, tuple[type, ...]] = {
    "say": (Said,),
    "whisper": (Whispered, Refused),  # the other may have gone
    "reply": (Whispered, Refused),
    "nick": (Renamed, Refused, Noticed),  # the name may be taken, or ours already
}


def violations(histories: Iterable[History], journals_lost: int = 0, lost: Set[Place] = frozenset()) -> list[str]:
    """Return the violations in `histories`, none if all is well; each loss of the journal ends an epoch.

    Some were told the entries that are `lost`, and nobody can be any more; those who knew them were told of that.
    """
    readings = [Reading(history, lost) for history in histories]
    wrong = [sentence for reading in readings for sentence in reading.wrong]
    book = dict[Place, RoomEvent]()
    wrong += _written(book, readings)
    for place in lost & book.keys():
        del book[place]
    wrong += _epochs(book, journals_lost)
    wrong += _lines(book, readings)
    wrong += _overheard(book, readings)
    said = {(place[0], mark_of(event.text)) for place, event in _messages(book)}
    lasting = {reading.epoch for reading in readings if reading.stayed}
    numbers = _numbers(book, readings, lost)
    for reading in readings:
        wrong += _holes(book, reading, lasting, numbers)
        wrong += _gaps(book, reading, numbers, lost)
        wrong += _answers(reading, bool(lost))
        wrong += _refusals(said, reading)
        wrong += _seen(book, reading)
    return wrong


def _written(book: Book, readings: list[Reading]) -> Iterator[str]:
    """Write what each was told into `book`; yield where two were told different things under one number."""
    for reading in readings:
        for place, told in reading.told.items():
            event = replace(told, cseq=None) if isinstance(told, Said | Whispered | Renamed) else told
            known = book.setdefault(place, event)
            if known != event:
                yield f"client {reading.number} was told {_at(place)} is {event}, somebody else that it is {known}"


def _epochs(book: Book, journals_lost: int) -> Iterator[str]:
    epochs = {epoch for epoch, _ in book}
    if len(epochs) > 1 + journals_lost:
        yield f"there were {len(epochs)} logs, though the journal was lost {journals_lost} times"


def _lines(book: Book, readings: list[Reading]) -> Iterator[str]:
    """Yield messages that stand in the log twice, in another order than their author's, or that nobody has said."""
    invoked = {mark_of(line.text): line for reading in readings for line in reading.invoked.values() if line.text}
    newest: dict[tuple[str, int], int] = defaultdict(int)
    for place, event in _messages(book):
        mark = mark_of(event.text)
        line = invoked.get(mark)
        if mark is None or line is None or line.text != event.text or not isinstance(event, _ANSWERS[line.kind]):
            yield f"nobody has typed what stands {_at(place)}: {event}"
            continue
        number, count = mark
        if count <= newest[place[0], number]:
            yield f"line {number}.{count} stands {_at(place)}, after {number}.{newest[place[0], number]}"
        newest[place[0], number] = max(count, newest[place[0], number])


def _overheard(book: Book, readings: list[Reading]) -> Iterator[str]:
    """Yield whispers that more than two were told, where the names do not tell for whom they were."""
    readers = Counter(place for reading in readings for place in reading.told)
    for place, event in book.items():
        if isinstance(event, Whispered) and readers[place] > 2:
            yield f"{readers[place]} clients were told the whisper {_at(place)}: {event}"


def _numbers(book: Book, readings: list[Reading], lost: Set[Place]) -> Numbers:
    """Return which numbers stand in each log: those that somebody was told of or came with, and those between them in
    their run.
    """
    numbers: dict[str, list[int]] = defaultdict(list)
    comings = {place for reading in readings for place in reading.comings()} - lost
    for epoch, seq in sorted(comings.union(book)):
        known = numbers[epoch]
        if known and seq - known[-1] < A_RUN:
            known.extend(range(known[-1] + 1, seq))
        known.append(seq)
    return numbers


def _gaps(book: Book, reading: Reading, numbers: Numbers, lost: Set[Place]) -> Iterator[str]:
    """Yield where a client was told of more or fewer missing entries than there are.

    What is told after them may begin with whispers of others, which this reader does not hear; and a server that goes
    on by itself where it was has passed over those that came next. And at the end of a run
    there may be entries that nobody was told of: they died with the server, and stand in the journal.
    """
    for epoch, after, before, count in reading.gaps:
        if any(after < seq <= before and epoch == of for of, seq in lost):
            continue  # nobody knows what was counted
        known = between(numbers.get(epoch, []), after, before)
        unheard = takewhile(lambda seq: _is_unheard(book.get((epoch, seq)), reading), reversed(known))  # noqa: B023
        may_be_more = any(later - earlier >= A_RUN for earlier, later in pairwise([after, *known, before]))
        passed = takewhile(lambda seq: _is_unheard(book.get((epoch, seq)), reading), known)  # noqa: B023
        if count < len(known) - len(list(unheard)) - len(list(passed)) or (count > len(known) and not may_be_more):
            place = _at((epoch, before))
            yield f"client {reading.number} was told that {count} are missing before what is {place}: {len(known)} are"


def _is_unheard(event: RoomEvent | None, reading: Reading) -> bool:
    return event is None or (isinstance(event, Whispered) and reading.number not in _parties(event))


def _holes(book: Book, reading: Reading, lasting: set[str], numbers: Numbers) -> Iterator[str]:
    """Yield the entries that a reader should have been told and was not.

    A number that nobody was told may have been a whisper that was lost with its log; but not in a log that is
    `lasting`, to which its two readers have come back.
    """
    for place in reading.owed(numbers):
        event = book.get(place)
        if event is None and place[0] not in lasting:
            continue
        if event is None:
            yield f"nobody was told what is {_at(place)}, nor client {reading.number} that it has missed it"
        elif not isinstance(event, Whispered) or reading.number in _parties(event):
            yield f"client {reading.number} was not told what is {_at(place)}: {event}"


def _answers(reading: Reading, may_forget: bool) -> Iterator[str]:
    """Yield answers that do not fit their line, and lines without an answer.

    `may_forget`: a log that has lost its end does not know any more what was said, and says so.
    """
    for cseq, answer in reading.answers.items():
        line, mine = reading.invoked.get(cseq), f"line {cseq} of client {reading.number}"
        if line is None:
            yield f"{mine} was answered and never typed: {answer}"
        elif may_forget and isinstance(answer, Refused) and answer.number == ErrorCode.REPEATED_TOO_LATE.number:
            pass
        elif not isinstance(answer, _ANSWERS.get(line.kind, object)):
            yield f"{mine}, a {line.kind}, was answered with {answer}"
        elif isinstance(answer, Said | Whispered) and answer.text != line.text:
            yield f"{mine} was {line.text!r} and is answered with {answer}"
    if reading.stayed:
        for cseq in reading.invoked.keys() - reading.answers.keys():
            yield f"line {cseq} of client {reading.number} was never answered: {reading.invoked[cseq]}"


def _refusals(said: set[tuple[str, Mark | None]], reading: Reading) -> Iterator[str]:
    """Yield lines that were refused although they were said."""
    for epoch, refusal in reading.refused:
        line = reading.invoked.get(refusal.cseq)
        if line is not None and (epoch, mark_of(line.text)) in said:
            yield f"line {line.cseq} of client {reading.number} was said, and its author told: {refusal.why}"


def _seen(book: Book, reading: Reading) -> Iterator[str]:
    """Yield whispers told to a third client, and messages shown twice or not at all."""
    for place, event in reading.told.items():
        times = reading.shown[place]
        if isinstance(event, Said | Whispered) and times != 1 and place not in reading.earlier:
            yield f"client {reading.number} was shown {times} times what is {_at(place)}: {event}"
        if isinstance(event, Whispered) and not {reading.number, None} & _parties(event):
            yield f"client {reading.number} was told a whisper of others, {_at(place)}: {event}"
    for entry in reading.listed:
        if entry.to is not None and not {reading.number, None} & _parties(entry):
            yield f"client {reading.number} was shown a whisper of others in a list: {entry}"


def _messages(book: Book) -> Iterator[tuple[Place, Said | Whispered]]:
    """Yield the messages in the log's order."""
    for place in sorted(book):
        event = book[place]
        if isinstance(event, Said | Whispered):
            yield place, event


def _parties(event: Whispered | Past) -> set[int | None]:
    """Return the two clients of a whisper; None for one whose name may be anybody's."""
    mark = mark_of(event.text)
    return {mark and mark[0], owner_of(event.to or "")}


def _at(place: Place) -> str:
    return f"at number {place[1]} of log {place[0]}"
