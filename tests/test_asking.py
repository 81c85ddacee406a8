"""client.asking: what is asked about before it is sent."""

from __future__ import annotations

import pytest

from client.asking import preview, question

NAMES = ("bob", "Carl")


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "",
        "/whisper bob hi",
        "//whisper",
        " hello",
        "\t//x",
        "back in a minute",
        "me too",
        "help me",
        "all good",
        "w",
        "msg me",
        "whisper",
        "whispering bob",
        "r u there",
        "quit it",
        "</b> and so on",
        "and/or",
        "1/2",
        "one line\n",
    ],
)
def test_nothing_is_asked_about(text: str) -> None:
    assert question(text, NAMES) == ""


@pytest.mark.parametrize(
    "text",
    [
        "whisper bob psst",
        "Whisper bob psst",
        "whisper nobody psst",
        "w bob psst",
        "msg carl psst",
        "private BOB psst",
        "register hunter22",
        "passwd hunter22",
        "quit",
        "\\whisper bob psst",
        "./whisper bob psst",
        "'/w bob psst",
        "./users",
        "\\ whisper bob",
    ],
)
def test_what_looks_like_a_command_is_asked_about(text: str) -> None:
    assert question(text, NAMES) == f'Say "{text}" to everyone? It looks like a command.'


def test_talk_is_taken_for_a_reply_only_where_one_could_go_somewhere() -> None:
    assert question("reply yes", NAMES) == ""
    assert question("reply yes", NAMES, whisperer="bob") != ""
    assert question("reply", NAMES, whisperer="bob") == ""


@pytest.mark.parametrize("text", [" /whisper bob psst", "\t/quit"])
def test_a_command_behind_a_space_is_asked_about(text: str) -> None:
    assert question(text, NAMES) == f"Carry out {text.strip()} though it begins with a space?"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one line", []),
        ("a\n\x1bb", ["  a", "  b"]),
        ("\n".join("abcde"), ["  a", "  b", "  c", "  and 2 more"]),
    ],
)
def test_a_block_is_shown_by_its_first_lines(text: str, lines: list[str]) -> None:
    assert preview(text) == lines


@pytest.mark.parametrize(("text", "count"), [("a\nb", 2), ("\n".join("x" * 12), 12), ("a\n\n", 2)])
def test_a_block_is_a_question_of_how_many_lines(text: str, count: int) -> None:
    assert question(text, NAMES) == f"Send {count} lines?"
