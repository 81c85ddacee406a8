"""Replies: what each framed client's lines were answered, so that a line that comes again is not said again.

A client that has lost its connection can't know whether its last lines arrived, so it repeats them, each under the
number (`cseq`) that it had. It numbers its lines upwards and repeats them in their order, so whatever is not above the
highest number that was handled has been handled.

What a line that was said, whispered or made a new name was answered is its entry in the log: here it is only noted
where that stands, 16 bytes a line. It is found for as long as the log has it, and a client is known for as long as
the log has an entry of its. Its coming is one, and notes which of its lines were settled by then, so that what is
known here can be told from the log alone, after a restart, too. Other answers, refusals for the most part, are kept as
frames' payloads, the newest of them, and journalled.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from chat.log import Log
from chat.places import Page, Places, Row
from chat.proposals import Rename
from protocol import acts, requests
from protocol.errors import ErrorCode
from protocol.events import Announced, Event, Renamed, Said, Whispered, refusal
from protocol.objects import FROM_SERVER, load
from protocol.sanitize import clean
from protocol.text import key_of

KEPT = 100_000  # entries of clients whose places are known: as many as the journal keeps
REFUSED = 10_000  # answers that are no entries of the log
_PAGE = 10_000  # places on a page that is closed here, and not by the journal; an eighth of all, if that is less


class Reply(NamedTuple):
    """`payload` is what the line `cseq` of the client `identity` was answered; `mark` is that of its text."""

    identity: str
    cseq: int
    mark: int
    payload: bytes


ECHOES = frozenset({Said, Whispered, Announced, Renamed})  # entries that answer a line


def mark_of(line: Any) -> int:
    """Return a short hash of what a `line` asked for, a request or the proposal or entry that became of it.

    Another text under the same `cseq` is another line.
    """
    mark: int | None = getattr(line, "mark", None)
    return zlib.crc32(_asked_for(line).encode(errors="backslashreplace")) if mark is None else mark


def _asked_for(line: Any) -> str:
    """Return what a line asked for, as a text to be compared."""
    match line:
        case requests.Act():
            return f"Say {acts.as_said(line.text)}"
        case requests.Say() | Said():
            return f"Say {line.text}"
        case requests.Whisper() | Whispered():
            return f"Whisper {key_of(line.to)} {line.text}"
        case requests.Announce() | Announced():
            return f"Announce {line.text}"
        case requests.Nick() | Rename() | Renamed():
            return f"Nick {clean(line.name)}"
    words = (getattr(line, field, None) for field in ("name", "subject", "duration", "reason", "state"))
    return " ".join([type(line).__name__, *(word for word in words if word is not None)])


class Parts(NamedTuple):
    """What replies consist of, the oldest first. `growing` is the newest page; `highest`: of each client's lines."""

    kept: int
    pages: list[Page]
    growing: list[Row]
    answers: list[Reply]
    highest: dict[str, int]


class Replies:
    """The answers to the lines of clients.

    Of a line that became an entry, the place in the log is kept (chat.places): the newest `kept` places, over all
    clients, and at most a page more, since pages are forgotten whole. Of another line, the answer itself is kept. A
    client of whose entries none is kept is forgotten as a whole.
    """

    def __init__(self, pages: Iterable[Page] = (), answers: Iterable[Reply] = (), kept: int = KEPT) -> None:
        """Go on with those of an earlier run, the oldest first."""
        self._kept = kept
        self._pages: deque[Page] = deque()
        self._forgotten = 0  # pages
        self._places = Places()  # of the page that grows
        self._highest: dict[str, int] = {}  # line of each client that is known
        self._last_page: dict[str, int] = {}  # which page its newest place is on, counted from the first one ever
        self._others: dict[tuple[str, int], Reply] = {}
        self._sum = 0  # of the hashes of the other answers
        self._fresh: list[Reply] = []
        for page in pages:
            self._add(page)
        for answer in answers:
            self._keep(answer)

    @classmethod
    def of(cls, kept: int, pages: Sequence[Page], answers: Iterable[Reply], highest: dict[str, int]) -> Replies:
        """Return the replies that consist of these parts; the last of the `pages` grows on."""
        *closed, growing = pages
        replies = cls(closed, answers, kept)
        replies._places = Places.reopened(growing)
        replies._last_page.update(dict.fromkeys(growing.identities, len(replies._pages)))
        replies._highest = dict(highest)
        return replies

    def parts(self) -> Parts:
        """Return all that these consist of now, whatever is noted later."""
        growing, answers = self._places.so_far(), list(self._others.values())
        return Parts(self._kept, list(self._pages), growing, answers, dict(self._highest))

    def highest(self, identity: str) -> int | None:
        """Return the highest number of this client's lines that has been handled; None for a client that is unknown."""
        return self._highest.get(identity)

    def places(self, identity: str, cseq: int) -> Iterator[int]:
        """Yield the numbers of the entries that may be this line."""
        for page in self._pages:
            yield from page.find(identity, cseq)
        yield from self._places.find(identity, cseq)

    def other(self, identity: str, cseq: int) -> Reply | None:
        """Return the answer to this line, if that is no entry of the log and is still known."""
        return self._others.get((identity, cseq))

    def note(self, identity: str, cseq: int, seq: int) -> None:
        """Note that the entry `seq` is this client's line `cseq`, or its coming, with lines up to `cseq` settled."""
        highest = max(cseq, self._highest.get(identity, 0))
        self._highest[identity] = highest
        self._last_page[identity] = self._forgotten + len(self._pages)
        self._places.note(identity, highest, seq)
        if len(self._places) >= min(_PAGE, self._kept // 8):
            page, self._places = self._places.close(), Places()
            self._add(page)

    def remember(self, answer: Reply) -> None:
        """Keep what a line was answered, where that is no entry of the log."""
        self._keep(answer)
        self._fresh.append(answer)

    def take_fresh(self) -> list[Reply]:
        """Return the answers that were remembered since the last call, for the journal."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def _keep(self, answer: Reply) -> None:
        highest = self._highest.get(answer.identity)
        if highest is not None:
            self._highest[answer.identity] = max(highest, answer.cseq)
        self._sum += _hash(answer) - _hash(self._others.pop((answer.identity, answer.cseq), None))
        self._others[answer.identity, answer.cseq] = answer
        if len(self._others) > REFUSED:
            self._sum -= _hash(self._others.pop(next(iter(self._others))))

    def checksum(self) -> tuple[int, int, int]:
        """Return a hash of what is known, without the words of the answers: those may differ between versions.

        It costs no line anything: what stands in the log is summed up by the highest numbers.
        """
        return len(self._highest), sum(self._highest.values()), self._sum

    def _add(self, page: Page) -> None:
        """Add a closed page; forget the oldest ones, as long as the newer ones have enough places."""
        for identity, highest in zip(page.identities, page.highest(), strict=True):
            if highest > self._highest.get(identity, -1):  # an answer that is no entry may be to a later line
                self._highest[identity] = highest
        self._last_page.update(dict.fromkeys(page.identities, self._forgotten + len(self._pages)))
        self._pages.append(page)
        known = sum(len(page.seqs) for page in self._pages)
        while known - len(self._pages[0].seqs) >= self._kept:
            known -= len(self._pages[0].seqs)
            self._forget()

    def _forget(self) -> None:
        """Forget the oldest page, and the clients that have no place on a newer one."""
        page = self._pages.popleft()
        for identity in page.identities:
            if self._last_page[identity] == self._forgotten:
                del self._last_page[identity], self._highest[identity]
        self._forgotten += 1


def event_of(answer: Reply) -> Any:
    """Return the event that was the answer."""
    return load(answer.payload, FROM_SERVER)


def answer_again(replies: Replies, log: Log, identity: str, cseq: int, mark: int) -> Event:
    """Return what the line `cseq`, which has been handled, was answered, if it had this mark; else why it is refused.

    It is never said again.
    """
    other = replies.other(identity, cseq)
    if other is not None and other.mark == mark:
        event: Event = event_of(other)
        return event
    entries = [log.entry(seq) for seq in replies.places(identity, cseq)]
    lines = [entry.event for entry in entries if entry is not None and getattr(entry.event, "cseq", None) == cseq]
    same = next((event for event in lines if mark_of(event) == mark), None)
    if same is not None:
        return same
    return refusal(ErrorCode.NUMBER_USED if lines or other else ErrorCode.REPEATED_TOO_LATE, cseq)


def _hash(answer: Reply | None) -> int:
    """Return a hash of an answer but for its words; 0 for none."""
    return 0 if answer is None else zlib.crc32(f"{answer.identity} {answer.cseq} {answer.mark}".encode())
