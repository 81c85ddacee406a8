"""client.completion: what Tab offers."""

from __future__ import annotations

import pytest

from client.completion import candidates, last_word
from protocol.commands import BY_WORD

USERS = ("bob", "Anna", "ann")


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("/whi", ["/whisper"]),
        ("/WHI", ["/whisper"]),
        ("/r", ["/reply", "/r", "/register"]),
        ("/whisper ", ["ann", "Anna", "bob"]),
        ("/whisper an", ["ann", "Anna"]),
        ("/whisper bob an", ["ann", "Anna"]),
        ("/unheard-of b", ["bob"]),
        ("/users b", ["bob"]),
        ("hello AN", ["ann", "Anna"]),
        ("/help whi", ["whisper"]),
        ("/help whisper b", ["bob"]),
        ("", ["ann", "Anna", "bob"]),
        ("/nothing-like-it", []),
        ("zed", []),
    ],
)
def test_tab_offers(text: str, offered: list[str]) -> None:
    assert [candidate.word for candidate in candidates(text, USERS)] == offered


def test_every_command_and_alias_is_offered_with_its_meaning() -> None:
    offered = {candidate.word: candidate.meaning for candidate in candidates("/", USERS)}
    assert offered == {f"/{word}": row.help for word, row in BY_WORD.items()}


@pytest.mark.parametrize(("text", "word"), [("", ""), ("a", "a"), ("a b", "b"), ("a ", "")])
def test_the_last_word_is_the_one_being_typed(text: str, word: str) -> None:
    assert last_word(text) == word
