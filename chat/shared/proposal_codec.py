"""Proposals <-> JSON: what a server appends to the log that it shares with others.

A proposal is an array: the word for its kind, then its record (chat.shared.records). A batch is an entry's payload:
what a server proposed in one turn, each with the seat of its author, and now and then the checksums that its room had
after earlier entries, for the others to compare theirs with.

    {"p":[[7,["say","hi",12]],[0,["enter","bob","bob"]]],"sum":[["1700000000000-0","9f86d081884c7d65...",false]]}

Reading is strict: `batch_of` raises for a kind or a field that is not known here, and then the server has to stop,
since a room that skipped a proposal would not be equal to the others' any more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from chat import proposals
from chat.proposals import Proposal
from chat.shared.records import shape_of
from protocol import requests
from protocol.json_text import encoder

KINDS: dict[str, type] = {
    "say": requests.Say,
    "whisper": requests.Whisper,
    "announce": requests.Announce,
    "away": requests.GoAway,
    "back": requests.ComeBack,
    "enter": proposals.Enter,
    "rename": proposals.Rename,
    "leave": proposals.Leave,
    "replace": proposals.Replace,
    "remove": proposals.Remove,
    "claim": proposals.Claim,
    "impose": proposals.Impose,
    "lift": proposals.Lift,
    "settle": proposals.Settle,
    "own": proposals.Own,
    "set account": proposals.SetAccount,
    "import account": proposals.ImportAccount,
    "drop account": proposals.DropAccount,
    "server gone": proposals.ServerGone,
    "end lost": proposals.EndLost,
    "accounts": proposals.Accounts,
    "operators": proposals.Operators,
}
_WORDS = {kind: word for word, kind in KINDS.items()}
_WRITERS = {kind: shape_of(kind).write for kind in KINDS.values()}
_READERS = {word: shape_of(kind).read for word, kind in KINDS.items()}
_encode = encoder()
FRAMING = 150  # bytes: of what is around an item of a batch, or of one of its checksums


class UnknownProposalError(ValueError):
    """The log holds what this server does not understand, so that it can't follow it any further."""


class Checksum(NamedTuple):
    """What `Room.checksum` was after the entry `id` of the log. `is_remade`: it was made anew, since it differed."""

    id: str
    checksum: str
    is_remade: bool = False


class Batch(NamedTuple):
    """What an entry of the log holds: proposals, each with its author's seat, and what its server says of its room."""

    proposals: Sequence[tuple[int, Proposal]]
    checksums: Sequence[Checksum] = ()


def proposal_to_json(proposal: Proposal) -> list[Any]:
    """Return a proposal as a JSON value."""
    kind = type(proposal)
    return [_WORDS[kind], *_WRITERS[kind](proposal)]


def proposal_of(value: object) -> Proposal:
    """Return the proposal in a JSON value. Raises UnknownProposalError."""
    if type(value) is not list or not value or type(value[0]) is not str or value[0] not in _READERS:
        raise UnknownProposalError(f"{value!r:.200} is no proposal that is known here")
    try:
        proposal: Proposal = _READERS[value[0]](value[1:])
    except ValueError as error:
        raise UnknownProposalError(f"{value!r:.200} can't be read: {error}") from error
    return proposal


def proposal_text(proposal: Proposal) -> bytes:
    """Return a proposal as JSON in UTF-8."""
    return _encode(proposal_to_json(proposal)).encode()


def item_text(seat: int, proposal: bytes) -> bytes:
    """Return an item of a batch: a proposal's text, by the member of `seat`."""
    return b"[%d,%b]" % (seat, proposal)


def payload_of(items: Sequence[bytes], checksums: Sequence[Checksum] = ()) -> bytes:
    """Return the payload of a batch of these items (`item_text`). Each of both adds `FRAMING` at most to its length."""
    summed = b',"sum":%b' % _encode([*checksums]).encode() if checksums else b""
    return b'{"p":[%b]%b}' % (b",".join(items), summed)


def batch_of(payload: bytes) -> Batch:
    """Return the batch in an entry's payload. Raises UnknownProposalError."""
    try:
        content = json.loads(payload)
        items, sums = content.pop("p"), content.pop("sum", ())
        found = [(_seat(seat), proposal_of(value)) for seat, value in items]
        checksums = [Checksum(_text(id_), _text(checksum), is_remade is True) for id_, checksum, is_remade in sums]
    except UnknownProposalError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnknownProposalError(f"{payload!r:.200} is no batch: {error!r}") from error
    if content:
        raise UnknownProposalError(f"{payload!r:.200} holds more than is known here")
    return Batch(found, checksums)


def is_only_checksums(payload: bytes) -> bool:
    """Return whether the batch in `payload` proposes nothing."""
    return payload.startswith(b'{"p":[]')


def _seat(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r:.40} is no seat")
    return value


def _text(value: object) -> str:
    if type(value) is not str:
        raise ValueError(f"{value!r:.40} is no text")
    return value
