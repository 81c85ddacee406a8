"""The checker: from all clients' histories to the violations of the promise, in sentences. Pure, after the event.

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

Of a log that servers share somebody else may have read what it says: with that `Ledger` the book has to agree, every
number counts, and what a log has lost with its end excuses just that:

    a hole       no reader is owed what was lost before it was told something later of it. Who was told some of it is
                 told of the loss before anything that came after it (tools.crash.reading)
    a gap        what was lost when a gap was told is not counted in it
    an answer    a line whose answer was lost may be answered otherwise: carried out again, or refused as unknown
    epochs       each loss may begin one. A log that was started again whole may, only if a server can't tell that: it
                 had read so little that what it knows is not in the log any more, being in the snapshot
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise, takewhile
from math import inf

from protocol.errors import ErrorCode
from protocol.events import Noticed, Past, Refused, Renamed, RoomEvent, Said, Whispered
from tools.crash.breaches import Breach, Breaches
from tools.crash.history import History, Invoked, Mark, mark_of, owner_of
from tools.crash.ledger import Ledger
from tools.crash.reading import Numbers, Place, Reading, between

Book = dict[Place, RoomEvent]
A_RUN = 1 << 19  # numbers: between two runs of the server there are more
_ANSWERS: dict[str, tuple[type, ...]] = {
    "say": (Said,),
    "whisper": (Whispered, Refused),  # the other may have gone
    "reply": (Whispered, Refused),
    "nick": (Renamed, Refused, Noticed),  # the name may be taken, or ours already
}


def violations(histories: Iterable[History], journals_lost: int = 0, ledger: Ledger | None = None) -> list[str]:
    """Return the violations in `histories`, none if all is well; each loss of the journal ends an epoch.

    `ledger`: what the log says, if somebody knows.
    """
    readings = [Reading(history, ledger) for history in histories]
    wrong = Breaches()
    for reading in readings:
        wrong.take_over(reading.wrong)
    book = dict[Place, RoomEvent]()
    wrong.take(_written(book, readings))
    wrong.take(_epochs(book, readings, journals_lost if ledger is None else len(ledger.losses) + ledger.doubts))
    invoked = {mark_of(line.text): line for reading in readings for line in reading.invoked.values() if line.text}
    if ledger is None:
        wrong.take(_lines(book, invoked))
        numbers = _numbers(book, readings)
    else:
        wrong.take(_contradictions(book, readings, ledger))
        for log in ledger.logs():
            wrong.take(_lines({(ledger.epoch, seq): event for seq, event in log.items()}, invoked))
        numbers = {epoch: ledger.numbers for reading in readings for epoch, _ in reading.comings()}
        book |= {(epoch, seq): _for_all(event) for epoch in numbers for seq, event in ledger.events.items()}
    wrong.take(_overheard(book, readings))
    said = {(place[0], mark_of(event.text)) for place, event in _messages(book)}
    lasting = {reading.epoch for reading in readings if reading.stayed}
    for reading in readings:
        wrong.take(_holes(book, reading, lasting, numbers, ledger))
        wrong.take(_gaps(book, reading, numbers, ledger))
        wrong.take(_answers(reading, ledger))
        wrong.take(_refusals(said, reading, ledger))
        wrong.take(_seen(book, reading))
    return list(wrong.sentences())


def _written(book: Book, readings: list[Reading]) -> Iterator[Breach]:
    """Write what each was told into `book`; yield where two were told different things under one number."""
    for reading in readings:
        for place, told in reading.told.items():
            known = book.setdefault(place, _for_all(told))
            if known != _for_all(told):
                yield (
                    "client {} was told {} is {}, somebody else that it is {}",
                    reading.number,
                    _at(place),
                    told,
                    known,
                )
    for reading in readings:
        for epoch, entry in reading.listed:
            event = book.get((epoch, entry.seq))
            if event is not None and (event.name, getattr(event, "text", None)) != (entry.name, entry.text):
                yield "client {} was listed {}, and somebody told that it is {}", reading.number, entry, event


def _for_all(event: RoomEvent) -> RoomEvent:
    """Return an event without what only its author is told."""
    return replace(event, cseq=None) if isinstance(event, Said | Whispered | Renamed) else event


def _contradictions(book: Book, readings: list[Reading], ledger: Ledger) -> Iterator[Breach]:
    """Yield where somebody was told what is not in the log, or still reads another one."""
    for (epoch, seq), event in book.items():
        known = ledger.events.get(seq)
        if known is None or _for_all(known) != event:
            yield "somebody was told {} is {}, and the log says {}", _at((epoch, seq)), event, known
    for reading in readings:
        for _, entry in reading.listed:
            known = ledger.events.get(entry.seq)
            if known is None or (known.name, getattr(known, "text", None)) != (entry.name, entry.text):
                yield "client {} was listed {}, and the log says {}", reading.number, entry, known
        if reading.stayed and reading.epoch != ledger.epoch:
            yield "client {} takes the log for {}, and it is {} by now", reading.number, reading.epoch, ledger.epoch


def _epochs(book: Book, readings: list[Reading], journals_lost: int) -> Iterator[Breach]:
    epochs = {epoch for epoch, _ in book.keys() | {place for reading in readings for place in reading.comings()}}
    if len(epochs) > 1 + journals_lost:
        yield "there were {} logs, though the journal was lost {} times", len(epochs), journals_lost


def _lines(book: Book, invoked: Mapping[Mark | None, Invoked]) -> Iterator[Breach]:
    """Yield messages that stand in the log twice, in another order than their author's, or that nobody has said."""
    newest: dict[tuple[str, int], int] = defaultdict(int)
    for place, event in _messages(book):
        mark = mark_of(event.text)
        line = invoked.get(mark)
        if mark is None or line is None or line.text != event.text or not isinstance(event, _ANSWERS[line.kind]):
            yield "nobody has typed what stands {}: {}", _at(place), event
            continue
        number, count = mark
        if count <= newest[place[0], number]:
            yield "line {}.{} stands {}, after {}.{}", number, count, _at(place), number, newest[place[0], number]
        newest[place[0], number] = max(count, newest[place[0], number])


def _overheard(book: Book, readings: list[Reading]) -> Iterator[Breach]:
    """Yield whispers that more than two were told, where the names do not tell for whom they were."""
    readers = Counter(place for reading in readings for place in reading.told)
    for place, event in book.items():
        if isinstance(event, Whispered) and readers[place] > 2:
            yield "{} clients were told the whisper {}: {}", readers[place], _at(place), event


def _numbers(book: Book, readings: list[Reading]) -> Numbers:
    """Return which numbers stand in each log: those that somebody was told of or came with, and those between them in
    their run.
    """
    numbers: dict[str, list[int]] = defaultdict(list)
    comings = {place for reading in readings for place in reading.comings()}
    for epoch, seq in sorted(comings.union(book)):
        known = numbers[epoch]
        if known and seq - known[-1] < A_RUN:
            known.extend(range(known[-1] + 1, seq))
        known.append(seq)
    return numbers


def _gaps(book: Book, reading: Reading, numbers: Numbers, ledger: Ledger | None) -> Iterator[Breach]:
    """Yield where a client was told of more or fewer missing entries than there are.

    What is told after them may begin with whispers of others, which this reader does not hear; and a server that goes
    on by itself where it was has passed over those that came next. And at the end of a run
    there may be entries that nobody was told of: they died with the server, and stand in the journal.
    """
    for epoch, after, before, count, is_passed in reading.gaps:
        known = between(numbers.get(epoch, []), after, before)
        if ledger is not None:  # what had been lost by then was not counted
            known = [seq for seq in known if not ledger.was_lost(seq, before)]
        heard = [_is_heard(book.get((epoch, seq)), reading) for seq in known]
        least = len(known) - _length_of_end(heard) - (_length_of_end(heard[::-1]) if is_passed else 0)
        runs_end = any(later - earlier >= A_RUN for earlier, later in pairwise([after, *known, before]))
        if count < least or (count > len(known) and not (runs_end and ledger is None)):
            place = _at((epoch, before))
            yield (
                "client {} was told that {} are missing before what is {}: {} are",
                reading.number,
                count,
                place,
                len(known),
            )


def _length_of_end(heard: list[bool]) -> int:
    """Return how many at the end are not heard."""
    return sum(1 for _ in takewhile(lambda is_heard: not is_heard, reversed(heard)))


def _is_heard(event: RoomEvent | None, reading: Reading) -> bool:
    return event is not None and (not isinstance(event, Whispered) or reading.number in _parties(event))


def _holes(
    book: Book, reading: Reading, lasting: set[str], numbers: Numbers, ledger: Ledger | None
) -> Iterator[Breach]:
    """Yield the entries that a reader should have been told and was not.

    A number that nobody was told may have been a whisper that was lost with its log; but not in a log that is
    `lasting`, to which its two readers have come back.
    """
    for place in reading.owed(numbers):
        event, loss = book.get(place), None if ledger is None else ledger.loss_of(place[1])
        if event is None and place[0] not in lasting:
            continue
        if loss is not None and place[1] > reading.knew(loss):
            continue  # it was lost before this reader could be told
        if event is None:
            yield "nobody was told what is {}, nor client {} that it has missed it", _at(place), reading.number
        elif not isinstance(event, Whispered) or reading.number in _parties(event):
            yield "client {} was not told what is {}: {}", reading.number, _at(place), event


def _answers(reading: Reading, ledger: Ledger | None) -> Iterator[Breach]:
    """Yield answers that do not fit their line, and lines without an answer.

    A log that has lost the answer to a line says that it does not know any more, if a server or the client tells it
    that there was one.
    """
    for cseq, answer in reading.answers.items():
        line, mine = reading.invoked.get(cseq), f"line {cseq} of client {reading.number}"
        if line is None:
            yield "{} was answered and never typed: {}", mine, answer
        elif ledger is not None and getattr(answer, "number", 0) == ErrorCode.REPEATED_TOO_LATE.number:
            upto = ledger.forgotten(reading.number)
            if cseq > (reading.claimed if upto == inf else upto):
                yield "{}, a {}, was not forgotten and answered with {}", mine, line.kind, answer
        elif not isinstance(answer, _ANSWERS.get(line.kind, object)):
            yield "{}, a {}, was answered with {}", mine, line.kind, answer
        elif isinstance(answer, Said | Whispered) and answer.text != line.text:
            yield "{} was {!r} and is answered with {}", mine, line.text, answer
    if reading.stayed:
        for cseq in reading.invoked.keys() - reading.answers.keys():
            yield "line {} of client {} was never answered: {}", cseq, reading.number, reading.invoked[cseq]


def _refusals(said: set[tuple[str, Mark | None]], reading: Reading, ledger: Ledger | None) -> Iterator[Breach]:
    """Yield lines that were refused although they were said; one that was forgotten may have been both, one by one."""
    for epoch, refusal in reading.refused:
        line = reading.invoked.get(refusal.cseq)
        if line is None or (ledger is not None and line.cseq <= ledger.forgotten(reading.number)):
            continue
        if (epoch, mark_of(line.text)) in said:
            yield "line {} of client {} was said, and its author told: {}", line.cseq, reading.number, refusal.why


def _seen(book: Book, reading: Reading) -> Iterator[Breach]:
    """Yield whispers told to a third client, and messages shown twice or not at all."""
    for place, event in reading.told.items():
        times = reading.shown[place]
        if isinstance(event, Said | Whispered) and times != 1 and not (times == 0 and _is_known(place, reading)):
            yield "client {} was shown {} times what is {}: {}", reading.number, times, _at(place), event
        if isinstance(event, Whispered) and not {reading.number, None} & _parties(event):
            yield "client {} was told a whisper of others, {}: {}", reading.number, _at(place), event
    for _, entry in reading.listed:
        if entry.to is not None and not {reading.number, None} & _parties(entry):
            yield "client {} was shown a whisper of others in a list: {}", reading.number, entry


def _is_known(place: Place, reading: Reading) -> bool:
    """Return whether the user knows by now what was told as an answer from before the reader came into this log: it was
    shown in another epoch, or its line had been answered otherwise."""
    if place not in reading.earlier:
        return False
    answer = reading.answers.get(reading.earlier[place] or 0)
    elsewhere = sum(times for (_, seq), times in reading.shown.items() if seq == place[1])
    return elsewhere == 1 or getattr(answer, "seq", None) != place[1]


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
