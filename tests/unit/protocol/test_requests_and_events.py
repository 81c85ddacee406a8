"""protocol/requests.py, events.py and values.py: the vocabulary, as values."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

import pytest

from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Event, Refused, RoomEvent, Said, refusal
from protocol.requests import LineRequest, Malformed, Request, Say
from tests.support.rows import for_each

REQUESTS, LINE_REQUESTS = get_args(Request), get_args(LineRequest)
EVENTS, ROOM_EVENTS = get_args(Event), get_args(RoomEvent)


def test_messages_are_compared_by_what_they_say() -> None:
    said = Said(1, "ann", "hi", 0.0)
    assert said == Said(1, "ann", "hi", 0.0)
    assert hash(said) == hash(Said(1, "ann", "hi", 0.0))
    assert said != Said(2, "ann", "hi", 0.0)
    assert Say("hi") != Say("ho")


@for_each(REQUESTS + EVENTS)
def test_a_message_holds_its_fields_and_nothing_else(kind: type) -> None:
    assert kind.__slots__ == tuple(field.name for field in fields(kind))  # type: ignore[attr-defined]
    assert not hasattr(kind(*[None] * len(fields(kind))), "__dict__")


def test_nothing_is_both_asked_for_and_told() -> None:
    assert not set(REQUESTS) & set(EVENTS)
    assert len(set(REQUESTS)) == len(REQUESTS)
    assert len(set(EVENTS)) == len(EVENTS)


@for_each(LINE_REQUESTS)
def test_whatever_a_line_means_can_carry_the_number_of_the_line(kind: type) -> None:
    (cseq,) = (field for field in fields(kind) if field.name == "cseq")
    assert cseq.default is None


@for_each(ROOM_EVENTS)
def test_whatever_the_room_is_told_has_its_place_in_the_log(kind: type) -> None:
    assert fields(kind)[0].name == "seq"


def test_a_refusal_is_a_row_of_the_table_with_its_phrase_filled_in() -> None:  # D14
    assert refusal(ErrorCode.NAME_TAKEN, name="ann") == Refused(
        203, "name-taken", "ann is in use. Choose another name.", None
    )
    assert refusal(ErrorCode.SERVER_FULL, 7) == Refused(502, "server-full", "The server is full. Try again later.", 7)


@for_each(["{}", "{0}", "{name}", "{name.__class__}", "{", "}}", "%s", "{fault.phrase}"])
def test_braces_in_what_a_peer_sent_are_only_braces(hostile: str) -> None:
    assert refusal(ErrorCode.NAME_TAKEN, name=hostile).text == f"{hostile} is in use. Choose another name."


def test_a_refusal_lacking_a_detail_is_a_mistake_of_our_own() -> None:
    with pytest.raises(KeyError, match="name"):
        refusal(ErrorCode.NAME_TAKEN)


def test_what_was_malformed_carries_why() -> None:
    error = ProtocolError(ErrorCode.BAD_ENCODING)
    assert Malformed(error, 7).error is error
    assert Malformed(error) != Malformed(ProtocolError(ErrorCode.BAD_ENCODING))
