"""protocol/dialects/__init__.py: which dialect a first line shows, and what each dialect can."""

from __future__ import annotations

import pytest

from protocol.dialects import JSON, OPEN_VERBS, SLASH, VERBS, Dialect, detect
from protocol.framing import FrameCodec
from protocol.lines import LineCodec
from protocol.telnet import CTRL_D
from tests.support.rows import for_each


@for_each(["JOIN", "LIST", "MESG", "BCST", "QUIT"])
def test_a_verb_as_the_first_word_shows_a_verb_session(verb: str) -> None:  # E1, E2
    for line in (verb, verb.lower(), verb.title(), f"{verb} ann", f"  {verb}\tann", f"{verb.lower()}  "):
        for spoken in (SLASH, OPEN_VERBS):
            assert detect(line.encode(), spoken) is OPEN_VERBS


@for_each([b"/", b"/JOIN ann", b"  /setname ann", b"/help", b"/\xc3"])
def test_a_slash_shows_a_slash_session(line: bytes) -> None:
    assert detect(line, SLASH) is detect(line, OPEN_VERBS) is SLASH


@for_each([b"", b" ", b"ann", b"JOINED", b"I JOIN", b"JO IN", b"\xc3", b"JOIN\xc3", b"he/she", CTRL_D])
def test_anything_else_shows_nothing(line: bytes) -> None:
    assert detect(line, SLASH) is SLASH
    assert detect(line, OPEN_VERBS) is OPEN_VERBS


@pytest.mark.parametrize(
    ("dialect", "name", "codec", "can"),
    [
        (SLASH, "slash", LineCodec, False),
        (VERBS, "verbs", LineCodec, False),
        (OPEN_VERBS, "verbs", LineCodec, False),
        (JSON, "json", FrameCodec, True),
    ],
)
def test_a_dialect_says_its_name_its_codec_and_what_it_can(dialect: Dialect, name: str, codec: type, can: bool) -> None:
    assert dialect.name == name
    assert dialect.codec is codec
    assert (dialect.echoes, dialect.counts, dialect.pings, dialect.has_hello) == (can, can, can, can)
