"""chat/shared/proposal_codec.py and records.py: what servers tell each other arrives as it was, or not at all."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.proposals import Accounts, Enter, Impose, Leave, Proposal, Settle
from chat.sanctions import Act, Sanction
from chat.shared.proposal_codec import (
    FRAMING,
    KINDS,
    Batch,
    Checksum,
    UnknownProposalError,
    batch_of,
    is_only_checksums,
    item_text,
    payload_of,
    proposal_of,
    proposal_text,
    proposal_to_json,
)
from chat.shared.records import shape_of
from protocol.requests import Say, Whisper
from tests.support.strategies import clean_texts

SUM = Checksum("1700000000000-12", "9f" * 32)
INTEGERS = st.integers(0, 2**53 - 1)
NUMBERS = st.floats(0, 2**53, exclude_max=True) | INTEGERS
BY_HINT: dict[object, st.SearchStrategy[Any]] = {
    str: clean_texts,
    bool: st.booleans(),
    int: INTEGERS,
    float: NUMBERS,
    bytes: clean_texts.map(str.encode),
    frozenset[str]: st.frozensets(clean_texts, max_size=5),
    tuple[str, ...]: st.lists(clean_texts, max_size=5).map(tuple),
    Act: st.sampled_from(Act),
}
for hint in list(BY_HINT):
    BY_HINT[hint | None] = st.none() | BY_HINT[hint]  # type: ignore[operator]


def values_of(kind: type) -> st.SearchStrategy[Any]:
    return st.builds(kind, **{name: BY_HINT[hint] for name, hint in get_type_hints(kind).items()})


BY_HINT[Sanction] = values_of(Sanction)
PROPOSALS = st.one_of([values_of(kind) for kind in KINDS.values()])


def test_every_kind_of_proposal_has_a_word() -> None:
    assert set(KINDS.values()) == set(get_args(Proposal))


@pytest.mark.long
@given(PROPOSALS)
def test_a_proposal_arrives_as_it_was(proposal: Proposal) -> None:  # N1
    text = json.dumps(proposal_to_json(proposal))
    again = proposal_of(json.loads(text))
    assert again == proposal
    assert json.dumps(proposal_to_json(again)) == text  # 7 and 7.0 are equal, but their checksums are not


@pytest.mark.parametrize(
    "proposal",
    [
        Say("hi"),
        Say("\N{GREEK SMALL LETTER ALPHA}", 7),
        Enter("ann", "ann", "", "ann's", 3),
        Impose(Sanction(Act.BAN, ("bob", "client:1"), 1.5, "ann", "why")),
        Impose(Sanction(Act.LOCKDOWN, ("*",), 7)),
        Accounts(frozenset({"b"}), frozenset()),
        Settle(7, 9, b"{}", "ann's"),
    ],
)
def test_so_does_this_one(proposal: Proposal) -> None:  # N1
    assert repr(proposal_of(json.loads(json.dumps(proposal_to_json(proposal))))) == repr(proposal)


@pytest.mark.long
@given(st.lists(st.tuples(INTEGERS, PROPOSALS), max_size=4), st.lists(st.just(SUM), max_size=3))
def test_a_batch_arrives_as_it_was(proposals: list[tuple[int, Proposal]], checksums: list[Checksum]) -> None:  # N1, N7
    items = [item_text(seat, proposal_text(proposal)) for seat, proposal in proposals]
    payload = payload_of(items, checksums)
    assert batch_of(payload) == Batch(proposals, checksums)
    assert len(payload) <= sum(len(item) + 1 for item in items) + FRAMING * (len(checksums) + 1)
    assert is_only_checksums(payload) is not bool(items)


def test_what_has_its_default_at_the_end_is_left_out() -> None:
    assert proposal_to_json(Say("hi")) == ["say", "hi"]
    assert proposal_to_json(Whisper("bob", "hi", None, 7)) == ["whisper", "bob", "hi", None, 7]
    leaving = item_text(7, proposal_text(Leave("bye")))
    assert payload_of([leaving], [Checksum("9-0", "ab")]) == b'{"p":[[7,["leave","bye"]]],"sum":[["9-0","ab",false]]}'


@pytest.mark.parametrize(
    "value",
    [
        *(
            None,
            7,
            "say",
            [],
            {},
            ["dance"],
            [["say"]],
            [{}],
            ["say"],
            ["say", 7],
            ["say", "hi", "7"],
            ["say", "hi", True],
        ),
        *(["say", "hi", 7, None], ["say", "hi", 2**53], ["say", "hi", 7.0], ["say", None], ["leave", {}]),
        *(["operators", "ann", []], ["operators", ["ann", 7], []], ["operators", [], [], []]),
        *(["impose", "ban"], ["impose", ["prank", ["bob"]]], ["impose", [["ban"], ["bob"]]], ["impose", ["ban"]]),
        *(["impose", ["ban", ["bob"], "soon"]], ["impose", ["ban", ["bob"], True]]),
    ],
)
def test_a_proposal_that_is_not_known_is_no_proposal(value: object) -> None:  # N7
    with pytest.raises(UnknownProposalError):
        proposal_of(value)


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"\xff", b"[]", b"7", b"{}", b'{"p":7}', b'{"p":[7]}', b'{"p":[[7]]}', b'{"p":[["7",["say","hi"]]]}'),
        *(
            b'{"p":[[7,["dance"]]]}',
            b'{"p":[],"q":7}',
            b'{"p":[],"sum":7}',
            b'{"p":[],"sum":[["7",8]]}',
            b'{"p":[],"sum":[["7",8,false]]}',
            b'{"p":[[7,["say","hi"]]],"q":7}',
            b"[" * 9_000,
        ),
        *(
            b'{"p":[],"sum":[7,8]}',
            b'{"p":[[7.0,["say","hi"]]]}',
            b'{"p":[[true,["say","hi"]]]}',
            b'{"p":[[7,["say",NaN]]]}',
        ),
    ],
)
def test_neither_is_what_is_no_batch(payload: bytes) -> None:
    with pytest.raises(UnknownProposalError):
        batch_of(payload)


@pytest.mark.long
@given(st.binary(max_size=40) | st.text('{"p":[0,say]}', max_size=40).map(str.encode))
def test_whatever_the_log_holds_is_a_batch_or_stops_the_server(payload: bytes) -> None:
    with contextlib.suppress(UnknownProposalError):
        batch_of(payload)


def test_a_field_without_a_form_is_noticed_at_once() -> None:
    @dataclass
    class Odd:
        one: complex

    with pytest.raises(TypeError, match="complex"):
        shape_of(Odd)


def test_bytes_are_written_as_the_text_that_they_are() -> None:
    @dataclass
    class Answer:
        payload: bytes

    shape = shape_of(Answer)
    assert shape.write(Answer("é".encode())) == ["é"]
    assert shape.read(["é"]) == Answer("é".encode())
    with pytest.raises(ValueError, match=r"^7 is no str$"):
        shape.read([7])
