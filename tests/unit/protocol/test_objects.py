"""protocol/objects.py: JSON objects <-> messages, and nothing half checked."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import ErrorCode, ProtocolError
from protocol.events import (
    Announced,
    Asked,
    CommandHelp,
    Dismissed,
    HelpListed,
    HistoryListed,
    Joined,
    Left,
    Missed,
    Noticed,
    Past,
    Pinged,
    Ponged,
    Refused,
    Renamed,
    RoleChanged,
    Said,
    UsersListed,
    Welcomed,
    Whispered,
)
from protocol.framing import FRAME_LIMIT
from protocol.objects import FROM_CLIENT, FROM_SERVER, dump, load
from protocol.requests import Hello, Line, Name, Password, Pong, ResumePoint
from tests.support.rows import for_each
from tests.support.strategies import messages_of

# One of each message, with all its fields, and the object that it is on the wire (DESIGN.md, "Messages in frames").
ON_THE_WIRE: list[tuple[object, str]] = [
    (
        Hello(1, "s3cret", "ann", "pass word", ResumePoint("an epoch", 7)),
        '{"type":"hello","version":1,"client_id":"s3cret","name":"ann","password":"pass word",'
        '"resume":{"epoch":"an epoch","seq":7}}',
    ),
    (Name("ann", "pass word"), '{"type":"name","name":"ann","password":"pass word"}'),
    (Password("pass word"), '{"type":"password","password":"pass word"}'),
    (
        Line("/w bob é", 3, 7, "an epoch"),
        '{"type":"line","text":"/w bob é","cseq":3,"as_of":7,"epoch":"an epoch"}',
    ),
    (Pong(), '{"type":"pong"}'),
    (
        Welcomed("ann", "an epoch", 7, 2, True),
        '{"type":"welcome","name":"ann","epoch":"an epoch","seq":7,"count":2,"resumed":true}',
    ),
    (Asked("name", "Your name?"), '{"type":"ask","what":"name","text":"Your name?"}'),
    (Said(7, "ann", "hi", 1.5, 3), '{"type":"said","seq":7,"name":"ann","text":"hi","at":1.5,"cseq":3}'),
    (
        Whispered(7, "ann", "bob", "hi", 1.5, 3),
        '{"type":"whispered","seq":7,"name":"ann","to":"bob","text":"hi","at":1.5,"cseq":3}',
    ),
    (Joined(7, "ann", 2), '{"type":"joined","seq":7,"name":"ann","count":2}'),
    (Left(7, "ann", 1, "goodbye"), '{"type":"left","seq":7,"name":"ann","count":1,"reason":"goodbye"}'),
    (Renamed(7, "ann", "eve", 3), '{"type":"renamed","seq":7,"old":"ann","name":"eve","cseq":3}'),
    (Announced(7, "ann", "hi", 1.5, 3), '{"type":"announced","seq":7,"name":"ann","text":"hi","at":1.5,"cseq":3}'),
    (RoleChanged(True), '{"type":"role","operator":true}'),
    (UsersListed(("ann", "bob"), 2, 3), '{"type":"users","names":["ann","bob"],"count":2,"cseq":3}'),
    (
        HelpListed((CommandHelp("users", ("who",), "/users", "List."),), 3),
        '{"type":"help","commands":[{"name":"users","aliases":["who"],"usage":"/users","help":"List."}],"cseq":3}',
    ),
    (
        HistoryListed("Messages:", (Past(7, 1.5, "ann", "hi"), Past(8, 2.5, "ann", "psst", "bob")), 3),
        '{"type":"history","text":"Messages:","entries":[{"seq":7,"at":1.5,"name":"ann","text":"hi"},'
        '{"seq":8,"at":2.5,"name":"ann","text":"psst","to":"bob"}],"cseq":3}',
    ),
    (Ponged(3), '{"type":"pong","cseq":3}'),
    (Noticed("Soon.", 3), '{"type":"notice","text":"Soon.","cseq":3}'),
    (Refused(203, "name-taken", "No.", 3), '{"type":"refused","number":203,"code":"name-taken","text":"No.","cseq":3}'),
    (Pinged(), '{"type":"ping"}'),
    (Missed(9), '{"type":"gap","missed":9}'),
    (Dismissed("Bye."), '{"type":"goodbye","reason":"Bye."}'),
]
MESSAGES = [message for message, _ in ON_THE_WIRE]
KINDS = [*FROM_CLIENT.values(), *FROM_SERVER.values()]


def types_of(message: object) -> dict[str, type]:
    return FROM_CLIENT if type(message) in FROM_CLIENT.values() else FROM_SERVER


def record_of(message: object) -> dict[str, Any]:
    record = json.loads(dump(message))
    assert isinstance(record, dict)
    return record


def refused(payload: bytes | dict[str, Any], types: dict[str, type] = FROM_CLIENT) -> str:
    """Return in what words `payload` is refused for a message of `types`."""
    with pytest.raises(ProtocolError) as caught:
        load(payload if isinstance(payload, bytes) else json.dumps(payload).encode(), types)
    assert caught.value.fault is ErrorCode.BAD_MESSAGE
    assert not caught.value.fatal  # only the frame is lost: where the next one begins is known
    return str(caught.value.details["why"])


def loaded_or_refused(payload: bytes, types: dict[str, type]) -> object:
    try:
        return load(payload, types)
    except ProtocolError as error:
        return error


# --- there and back ----------------------------------------------------------------------------------------------


@for_each(ON_THE_WIRE)
def test_a_message_is_an_object_of_its_fields(message: object, text: str) -> None:
    assert dump(message).decode() == text
    assert load(text.encode(), types_of(message)) == message


def test_every_message_was_looked_at() -> None:
    assert [type(message) for message in MESSAGES] == KINDS


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=15)
def test_what_was_dumped_is_loaded(kind: type, data: st.DataObject) -> None:
    message = data.draw(messages_of(kind, st.text()))
    assert load(dump(message), types_of(message)) == message


def test_what_is_none_is_left_out() -> None:
    assert dump(Hello(1, "s3cret")) == b'{"type":"hello","version":1,"client_id":"s3cret"}'
    assert dump(Ponged()) == b'{"type":"pong"}'


def test_a_whole_number_does_where_a_number_is_asked_for() -> None:
    said = load(b'{"type":"said","seq":1,"name":"ann","text":"hi","at":5}', FROM_SERVER)
    assert said == Said(1, "ann", "hi", 5.0)
    assert type(said.at) is float


# --- what a newer peer may send ----------------------------------------------------------------------------------


@for_each(MESSAGES)
def test_unknown_keys_are_ignored(message: object) -> None:
    record = record_of(message) | {"unknown": {"deep": [1, None, {}]}, "__class__": "x", "self": 1}
    assert load(json.dumps(record).encode(), types_of(message)) == message


@for_each(
    [
        ("no-such", FROM_CLIENT),
        ("", FROM_CLIENT),
        ("Hello", FROM_CLIENT),
        ("said", FROM_CLIENT),
        ("hello", FROM_SERVER),
    ]
)
def test_unknown_types_are_refused_by_name(name: str, types: dict[str, type]) -> None:
    with pytest.raises(ProtocolError, match=f"^Frames of type {name} are not known here.$") as caught:
        load(json.dumps({"type": name}).encode(), types)
    assert caught.value.fault is ErrorCode.UNKNOWN_TYPE
    assert not caught.value.fatal


def test_a_hostile_type_is_quoted_short_and_clean() -> None:
    with pytest.raises(ProtocolError) as caught:
        load(json.dumps({"type": "\ud800\x1b[2J\n{type}" + "x" * 50_000}).encode(), FROM_CLIENT)
    assert str(caught.value) == f"Frames of type [2J{{type}}{'x' * 30}… are not known here."


# --- what nobody may send ----------------------------------------------------------------------------------------

NOT_JSON, NOT_AN_OBJECT, NO_TYPE = "it is not a JSON object in UTF-8", "it is not a JSON object", "it has no type"


@for_each(
    [
        (b"", NOT_JSON),  # nothing
        (b"hello", NOT_JSON),  # text
        (b"{", NOT_JSON),  # half an object
        (b"{'type':'pong'}", NOT_JSON),  # single quotes
        (b'{"type":"pong"}{"type":"pong"}', NOT_JSON),  # two objects
        (b'{"type":"pong"}\0', NOT_JSON),  # a NUL
        (b'\xef\xbb\xbf{"type":"pong"}', NOT_JSON),  # a byte order mark
        ('{"type":"pong"}'.encode("utf-16"), NOT_JSON),  # UTF-16
        (b'{"type":"\xff"}', NOT_JSON),  # a byte that UTF-8 never holds
        (b'{"type":"\xc0\xaf"}', NOT_JSON),  # overlong
        (b'{"type":"\xed\xa0\x80"}', NOT_JSON),  # a surrogate in UTF-8
        (b'{"type":"a\nb"}', NOT_JSON),  # a control character
        (b'{"type":"pong","x":NaN}', NOT_JSON),  # NaN
        (b'{"type":"pong","x":Infinity}', NOT_JSON),  # Infinity
        (b'{"type":"pong","x":-Infinity}', NOT_JSON),  # -Infinity
        (b"[" * FRAME_LIMIT, NOT_JSON),  # lists that exhaust the stack
        (b'{"x":' * (FRAME_LIMIT // 5), NOT_JSON),  # objects that exhaust the stack
        (b"[]", NOT_AN_OBJECT),  # a list
        (b'"pong"', NOT_AN_OBJECT),  # a string
        (b"1", NOT_AN_OBJECT),  # a number
        (b"null", NOT_AN_OBJECT),  # null
        (b"{}", NO_TYPE),  # no type
        (b'{"type":null}', NO_TYPE),  # type null
        (b'{"type":1}', NO_TYPE),  # type 1
        (b'{"type":["pong"]}', NO_TYPE),  # a list of types
        (b'{"Type":"pong"}', NO_TYPE),  # another case
    ]
)
def test_what_is_no_object_with_a_type_is_refused(payload: bytes, why: str) -> None:
    assert refused(payload) == why


WRONG: dict[str, list[object]] = {
    "str": [1, 1.5, True, False, [], {}, ["x"]],
    "bool": [0, 1, "true", []],
    "int": [True, False, 1.0, 1.5, "1", "", [], {}, -1, 2**53, 10**300],
    "float": [True, False, "1.5", [], {}, -1, -0.5, 2**53, 1e300],
    "ResumePoint": [1, "x", [], True],
    "tuple[str, ...]": ["x", 1, {}, [1], ["x", None], [["x"]]],
    "tuple[CommandHelp, ...]": ["x", 1, {}, [1], [None], ["x"], [[]]],
    "tuple[Past, ...]": ["x", 1, {}, [1], [None], ["x"], [[]]],
}
FIELDS = [(message, field) for message in MESSAGES for field in fields(message)]  # type: ignore[arg-type]


@for_each([(m, f.name, str(f.type)) for m, f in FIELDS])
def test_a_field_of_the_wrong_type_is_refused(message: object, name: str, kind: str) -> None:
    for wrong in WRONG[kind.removesuffix(" | None")]:
        assert refused(record_of(message) | {name: wrong}, types_of(message)) == f"{name} has the wrong type"


@for_each([(m, f.name) for m, f in FIELDS if f.default is MISSING])
def test_a_field_that_has_to_be_there_is_missed(message: object, name: str) -> None:
    record = record_of(message)
    assert refused(record | {name: None}, types_of(message)) == f"{name} is missing"
    del record[name]
    assert refused(record, types_of(message)) == f"{name} is missing"


@for_each([(m, f.name, f.default) for m, f in FIELDS if f.default is not MISSING])
def test_a_field_that_may_be_missing_has_its_default(message: object, name: str, default: object) -> None:
    loaded = load(json.dumps(record_of(message) | {name: None}).encode(), types_of(message))
    assert getattr(loaded, name) == default


@pytest.mark.parametrize(
    ("resume", "why"),
    [
        ({}, "epoch is missing"),
        ({"epoch": "x"}, "seq is missing"),
        ({"epoch": 1, "seq": 1}, "epoch has the wrong type"),
        ({"epoch": "x", "seq": True}, "seq has the wrong type"),
    ],
)
def test_what_is_nested_is_checked_as_well(resume: dict[str, Any], why: str) -> None:
    assert refused(record_of(Hello(1, "s3cret")) | {"resume": resume}) == why


def test_numbers_end_where_not_all_readers_hold_them_exactly() -> None:
    assert load(b'{"type":"line","text":"","cseq":%d}' % (2**53 - 1), FROM_CLIENT) == Line("", 2**53 - 1)
    assert refused(b'{"type":"line","text":"","cseq":%d}' % 2**53) == "cseq has the wrong type"
    assert refused(b'{"type":"line","text":"","cseq":1e999}') == "cseq has the wrong type"
    assert refused(b'{"type":"said","seq":1,"name":"","text":"","at":1e999}', FROM_SERVER) == "at has the wrong type"


def test_an_integer_that_would_take_long_to_read_is_refused() -> None:
    digits = b"9" * 60_000
    assert refused(b'{"type":"line","text":"","cseq":%b}' % digits) in (NOT_JSON, "cseq has the wrong type")


def test_a_lone_surrogate_is_text_until_it_is_cleaned() -> None:
    assert load(rb'{"type":"line","text":"\ud800","cseq":1}', FROM_CLIENT) == Line("\ud800", 1)


# --- any bytes ---------------------------------------------------------------------------------------------------

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
_FIELD_NAMES = sorted({field.name for _, field in FIELDS})
_RECORDS = st.fixed_dictionaries(
    {"type": st.sampled_from([*FROM_CLIENT, *FROM_SERVER])},
    optional=dict.fromkeys(_FIELD_NAMES, _VALUES),
)


@given(st.binary() | _VALUES.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=50)
def test_junk_is_refused_and_nothing_else_is_raised(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        load(payload, FROM_CLIENT)


@given(_RECORDS, st.sampled_from([FROM_CLIENT, FROM_SERVER]))
def test_an_object_is_a_message_or_refused_and_nothing_else_is_raised(
    record: dict[str, Any], types: dict[str, type]
) -> None:
    outcome = loaded_or_refused(json.dumps(record).encode(), types)
    assert type(outcome) in (types.get(record["type"]), ProtocolError)
