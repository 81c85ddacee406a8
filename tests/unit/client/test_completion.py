"""client.view.completion: what Tab offers, and what may still follow, shown while a command is typed."""

from __future__ import annotations

import pytest

from client.view.completion import candidates, hint, last_word
from protocol.commands import BY_WORD, SLASH_COMMANDS

NAMES = ("bob", "Anna", "ann")  # who spoke last comes first


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("/whi", ["/whisper "]),
        ("/WHI", ["/whisper "]),
        ("/rep", ["/reply "]),
        ("/r", ["/reply ", "/register ", "/reconnect "]),
        ("/w", ["/whisper ", "/who "]),
        ("/priv", ["/private "]),
        ("/whisper ", ["bob ", "Anna ", "ann "]),
        ("/whisper an", ["Anna ", "ann "]),
        ("/whisper bob an", ["Anna ", "ann "]),
        ("/unheard-of b", ["bob "]),
        ("/users b", ["bob "]),
        ("hello AN", ["Anna ", "ann "]),
        ("b", ["bob: "]),
        ("/help whi", ["whisper "]),
        ("/help whisper b", ["bob "]),
        ("", ["bob: ", "Anna: ", "ann: "]),
        ("/set ", ["bell ", "times ", "joins ", "theme ", "title ", "notify "]),
        ("/set b", ["bell "]),
        ("/set bell ", ["off", "mention", "whisper", "all"]),
        ("/set bell m", ["mention"]),
        ("/set volume ", []),
        ("/nothing-like-it", []),
        ("//", []),
        ("zed", []),
    ],
)
def test_tab_offers(text: str, offered: list[str]) -> None:
    assert [candidate.word for candidate in candidates(text, NAMES)] == offered


@pytest.mark.parametrize(("text", "offered"), [("/r", "/whisper bob "), ("/REPLY", "/whisper bob "), ("r", None)])
def test_a_reply_becomes_a_whisper_to_whoever_it_would_go_to(text: str, offered: str | None) -> None:
    found = candidates(text, NAMES, whisperer="bob")
    assert (found[0].word if found else None) == offered


@pytest.mark.parametrize("is_operator", [True, False])
def test_every_command_is_offered_once_with_its_meaning_but_to_operators_only_theirs(is_operator: bool) -> None:  # U4
    rows = [row for row in SLASH_COMMANDS if is_operator or not row.for_operators]  # M7
    for text, prefix in (("/", "/"), ("/help ", "")):
        offered = candidates(text, NAMES, is_operator=is_operator)
        assert [one.word for one in offered] == [f"{prefix}{row.name} " for row in rows]
        assert all(row.help.startswith(one.meaning) for one, row in zip(offered, rows, strict=True))


def test_an_alias_leads_to_its_command() -> None:
    for word, row in BY_WORD.items():
        offered = candidates(f"/{word}", NAMES, is_operator=True)
        assert any(one.word in (f"/{word} ", f"/{row.name} ") and row.help.startswith(one.meaning) for one in offered)


def test_a_meaning_has_room_beside_its_command() -> None:  # U4
    assert all(0 < len(one.meaning) < 63 for one in candidates("/", NAMES, is_operator=True))


@pytest.mark.parametrize(
    ("text", "is_operator", "shown"),
    [("/kick ", True, "NAME [REASON]"), ("/kick ", False, ""), ("/ki", True, "ck NAME [REASON]"), ("/ki", False, "")],
)
def test_the_hint_of_a_command_for_operators_is_theirs(text: str, is_operator: bool, shown: str) -> None:  # M7
    assert hint(text, is_operator) == shown


@pytest.mark.parametrize(("text", "word"), [("", ""), ("a", "a"), ("a b", "b"), ("a ", "")])
def test_the_last_word_is_the_one_being_typed(text: str, word: str) -> None:
    assert last_word(text) == word


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("hello", ""),
        ("/", ""),
        ("/x", ""),
        ("//whi", ""),
        ("/whi", "sper USER MESSAGE"),
        ("/WHI", "sper USER MESSAGE"),
        ("/whisper", " USER MESSAGE"),
        ("/whisper ", "USER MESSAGE"),
        ("/whisper bob", " MESSAGE"),
        ("/whisper bob ", "MESSAGE"),
        ("/whisper bob h", ""),
        ("/w", " USER MESSAGE"),
        ("/help ", "[COMMAND]"),
        ("/users", ""),
        ("/users ", ""),
        ("/re", ""),  # reply or register
        ("/whi bob", ""),  # no command
    ],
)
def test_the_hint(text: str, shown: str) -> None:
    assert hint(text) == shown
