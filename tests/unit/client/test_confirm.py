"""client.core.confirm: what is held in the editor though Enter was pressed, and when it is sent all the same."""

from __future__ import annotations

import pytest

from client.core.confirm import PAUSE, Doubt, Holding, doubt, doubt_of_name
from protocol.lines import LINE_LIMIT

NAMES = ("bob", "Carl")
A_DOUBT = Doubt("Not sent yet.")


def size(line: str) -> int:
    return len(line.encode())


def meant(text: str, whisperer: str = "") -> str:
    """Return what `text` was probably meant to be; "" if it is sent at once."""
    found = doubt(text, size, NAMES, whisperer)
    assert found is None or found.may_be_sent
    return "" if found is None else found.meant


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
        "x" * LINE_LIMIT,
    ],
)
def test_what_is_clear_is_sent_at_once(text: str) -> None:
    assert doubt(text, size, NAMES) is None


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("whisper bob psst", "/whisper bob psst"),
        ("Whisper bob psst", "/Whisper bob psst"),
        ("whisper nobody psst", "/whisper nobody psst"),
        ("w bob psst", "/w bob psst"),
        ("msg carl psst", "/msg carl psst"),
        ("private BOB psst", "/private BOB psst"),
        ("register hunter22", "/register hunter22"),
        ("passwd hunter22", "/passwd hunter22"),
        ("quit", "/quit"),
        ("\\whisper bob psst", "/whisper bob psst"),
        ("./whisper bob psst", "/whisper bob psst"),
        ("'/w bob psst", "/w bob psst"),
        ("./users", "/users"),
        ("\\ whisper bob", "/whisper bob"),
        (" /whisper bob psst", "/whisper bob psst"),
        ("\t/quit", "/quit"),
    ],
)
def test_what_looks_like_a_command_is_held_and_known_for_it(text: str, command: str) -> None:  # A10
    assert meant(text) == command


def test_talk_is_taken_for_a_reply_only_where_one_could_go_somewhere() -> None:
    assert meant("reply yes") == ""
    assert meant("reply yes", whisperer="bob") == "/reply yes"
    assert meant("reply", whisperer="bob") == ""


@pytest.mark.parametrize(("text", "count"), [("a\nb", 2), ("\n".join("x" * 12), 12), ("a\n\n", 2)])
def test_a_block_is_held_and_counted(text: str, count: int) -> None:
    found = doubt(text, size, NAMES)
    assert found == Doubt(
        f"Not sent yet: these are {count} lines. Enter again sends them, Ctrl-C clears them.",
        meant="",
        may_be_sent=True,
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("é" * 2049, "It has 4,098 bytes, and 4,096 are possible."),
        ("whisper bob " + "x" * 5000, "It has 5,012 bytes, and 4,096 are possible."),
        ("a\n" + "x" * 4097, "The longest line has 4,097 bytes, and 4,096 are possible."),
    ],
)
def test_what_is_too_long_is_never_sent(text: str, told: str) -> None:  # D3
    found = doubt(text, size, NAMES)
    assert found is not None
    assert told in found.notice
    holding = Holding()
    assert all(holding.takes(text, found, now) for now in (0.0, PAUSE, 60.0))


# --- when it is sent ---------------------------------------------------------------------------------------------


def test_what_nobody_doubts_is_not_held() -> None:
    holding = Holding()
    assert not holding.takes("hello", None, 0.0)
    assert holding.doubt is None


def test_enter_after_a_pause_sends_what_is_held() -> None:
    holding = Holding()
    assert holding.takes("quit", A_DOUBT, 0.0)
    assert holding.doubt is A_DOUBT
    assert not holding.takes("quit", A_DOUBT, PAUSE)
    assert holding.doubt is None
    assert holding.takes("quit", A_DOUBT, 20.0)


def test_enter_in_haste_begins_the_pause_again() -> None:
    """So that an Enter key that is held down sends nothing, however long."""
    holding = Holding()
    assert all(holding.takes("quit", A_DOUBT, tenth / 10) for tenth in range(30))


def test_another_line_begins_the_pause_again() -> None:
    holding = Holding()
    assert holding.takes("quit", A_DOUBT, 0.0)
    assert holding.takes("quit!", A_DOUBT, 9.0)


def test_a_change_that_was_taken_back_begins_the_pause_again() -> None:
    holding = Holding()
    assert holding.takes("quit", A_DOUBT, 0.0)
    holding.ends()
    assert holding.doubt is None
    assert holding.takes("quit", A_DOUBT, 9.0)


# --- a name, where ours was lost over a line ----------------------------------------------------------------------


@pytest.mark.parametrize(("text", "held"), [("line", True), ("", False), (" ", False), ("/quit", False)])
def test_what_may_be_the_rest_of_a_line_is_no_name_at_once(text: str, held: bool) -> None:  # M8, U2
    assert (doubt_of_name(text) is not None) is held
