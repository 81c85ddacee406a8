"""storechat/core/letter.py: what is written under a key, and that anything else is told from it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocol.errors import ErrorCode, ProtocolError
from protocol.lines import LINE_LIMIT
from storechat.core.letter import LETTER_LIMIT, Letter, checksum, decode
from storechat.core.send_window import BYTES_LIMIT, TEXTS_LIMIT

LETTER = Letter("ann", "bob", "5f0c" * 4, 12, ("81aa" * 4, 11), 4, 3, ("hello", 'caf\u00e9 "\\'), leaving=True)


def with_field(name: str, value: object) -> bytes:
    """Return LETTER with a field that may be anything, under a checksum that fits."""
    body = json.dumps({**json.loads(LETTER.encode().partition(b"\n")[2]), name: value}).encode()
    return checksum(body) + b"\n" + body


def refused(data: bytes) -> ErrorCode:
    with pytest.raises(ProtocolError) as refusal:
        decode(data, "ann", "bob")
    return refusal.value.fault


def test_a_letter_is_read_as_it_was_written() -> None:
    assert decode(LETTER.encode(), "ann", "bob") == LETTER
    first = replace(LETTER, seen=("", 0), texts=(), leaving=False)
    assert decode(first.encode(), "ann", "bob") == first


def test_the_fullest_letter_is_within_the_limit() -> None:
    fullest = replace(LETTER, texts=('"' * (BYTES_LIMIT // TEXTS_LIMIT),) * TEXTS_LIMIT)
    assert len(fullest.encode()) < LETTER_LIMIT
    assert decode(fullest.encode(), "ann", "bob") == fullest


@pytest.mark.parametrize(("sender", "receiver"), [("bob", "ann"), ("ann", "carl"), ("eve", "bob")])
def test_a_letter_of_others_is_none(sender: str, receiver: str) -> None:
    with pytest.raises(ProtocolError):
        decode(LETTER.encode(), sender, receiver)


@given(st.integers(0, len(LETTER.encode()) - 1), st.integers(1, 255))
def test_any_changed_byte_is_found(place: int, change: int) -> None:  # B3
    data = bytearray(LETTER.encode())
    data[place] ^= change
    assert refused(bytes(data)) is ErrorCode.VALUE_DAMAGED


@given(st.integers(0, len(LETTER.encode()) - 1))
def test_any_cut_is_found(length: int) -> None:
    assert refused(LETTER.encode()[:length]) is ErrorCode.VALUE_DAMAGED


@given(st.binary())
@example(b"")
@example(checksum(b"") + b"\n")
@example(checksum(b"[]") + b"\n[]")
@example(checksum(b"[" * 60_000) + b"\n" + b"[" * 60_000)
@example(checksum(b"9" * 5000) + b"\n" + b"9" * 5000)
def test_anything_else_is_damaged_and_nothing_worse(data: bytes) -> None:
    assert refused(data) is ErrorCode.VALUE_DAMAGED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", 0),
        ("number", -1),
        ("number", True),
        ("number", 1.0),
        ("number", 2**60),
        ("session", "short"),
        ("session", "\u0660" * 16),
        ("session", ["x"] * 16),
        ("seen", ["short", 1]),
        ("seen", ["5f0c" * 4]),
        ("seen", None),
        ("heard", "4"),
        ("first", 0),
        ("texts", None),
        ("texts", [1]),
        ("texts", ["x" * (LINE_LIMIT + 1)]),
        ("texts", ["x"] * (TEXTS_LIMIT + 1)),
        ("from", "eve"),
    ],
)
def test_a_field_that_makes_no_sense_is_damage(name: str, value: object) -> None:
    assert refused(with_field(name, value)) is ErrorCode.VALUE_DAMAGED


def test_a_letter_that_is_too_long_is_not_even_parsed() -> None:
    assert refused(with_field("more", "x" * LETTER_LIMIT)) is ErrorCode.VALUE_DAMAGED
