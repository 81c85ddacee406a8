"""Places: where in the log the lines of clients stand, page by page, 16 bytes a line.

A page is a part of the log, such as one segment of the journal. The newest one grows (`Places`); a closed one (`Page`)
is a few flat arrays, so that the journal can store and load it without a step for each line.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

Row = tuple[str, "array[int]", "array[int]", int]  # a client, its cseqs and seqs, and how many of these count


class Page(NamedTuple):
    """The places of a closed page. The client `identities[i]` has those from `ends[i - 1]` up to below `ends[i]`.

    `identities` and each client's `cseqs` are in ascending order: the entry `seqs[j]` is the line `cseqs[j]` of its
    client, or its coming after that line.
    """

    identities: list[str]
    ends: array[int]  # "q", as are the other two
    cseqs: array[int]
    seqs: array[int]

    def find(self, identity: str, cseq: int) -> array[int]:
        """Return the numbers of the entries that may be this line."""
        at = bisect_left(self.identities, identity)
        if at == len(self.identities) or self.identities[at] != identity:
            return array("q")
        return _find(self.cseqs, self.seqs, cseq, self.ends[at - 1] if at else 0, self.ends[at])

    def highest(self) -> Iterator[int]:
        """Yield each client's highest line, in the order of `identities`."""
        return map(self.cseqs.__getitem__, map((-1).__add__, self.ends))


class Places:
    """The places of a page that grows. `len` counts them."""

    def __init__(self) -> None:
        self._clients: dict[str, tuple[array[int], array[int]]] = {}  # cseqs, and the entries' numbers
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def note(self, identity: str, cseq: int, seq: int) -> None:
        """Note that the entry `seq` is this client's line `cseq`, or its coming after it; at least its last `cseq`."""
        client = self._clients.get(identity)
        if client is None:
            client = self._clients[identity] = array("q"), array("q")
        cseqs, seqs = client
        cseqs.append(cseq if not cseqs or cseq > cseqs[-1] else cseqs[-1])
        seqs.append(seq)
        self._count += 1

    def find(self, identity: str, cseq: int) -> array[int]:
        """Return the numbers of the entries that may be this line."""
        cseqs, seqs = self._clients.get(identity, (array("q"), array("q")))
        return _find(cseqs, seqs, cseq, 0, len(cseqs))

    def so_far(self) -> list[Row]:
        """Return the places as they are now, whatever is noted later: the arrays only grow."""
        return [(identity, cseqs, seqs, len(seqs)) for identity, (cseqs, seqs) in self._clients.items()]

    @classmethod
    def reopened(cls, page: Page) -> Places:
        """Return the places of a page that grows on."""
        places = cls()
        places._count = len(page.seqs)
        for begin, end, identity in zip([0, *page.ends], page.ends, page.identities, strict=False):
            places._clients[identity] = page.cseqs[begin:end], page.seqs[begin:end]
        return places

    def close(self) -> Page:
        """Return the page as it stands."""
        cseqs, seqs = array("q"), array("q")
        identities = sorted(self._clients)
        for identity in identities:
            mine = self._clients[identity]
            cseqs += mine[0]
            seqs += mine[1]
        ends = accumulate(len(self._clients[identity][0]) for identity in identities)
        return Page(identities, array("q", ends), cseqs, seqs)


def _find(cseqs: array[int], seqs: array[int], cseq: int, begin: int, end: int) -> array[int]:
    return seqs[bisect_left(cseqs, cseq, begin, end) : bisect_left(cseqs, cseq + 1, begin, end)]
