"""client.core.help_list: all commands on one screen, one of them in full."""

from __future__ import annotations

from dataclasses import replace

import pytest

from client.core import help_list
from client.core.render import Role, Shown, render_event
from protocol.commands import PUBLIC_COMMANDS, SLASH_COMMANDS, Command, explained_by
from protocol.events import CommandHelp, HelpListed
from protocol.text import WIDTH
from tests.support.rows import for_each


def listed(rows: tuple[Command, ...], width: int = WIDTH) -> Shown:
    found = render_event(HelpListed(tuple(row.described() for row in rows)), "ann", width)
    assert found is not None
    return found


def test_every_command_is_in_a_group_with_its_parameters_and_meaning() -> None:  # A15, U4
    grouped = [name for rows in help_list.GROUPS.values() for row in rows for name in row]
    assert sorted(grouped) == sorted(["help operators", *(row.name for row in SLASH_COMMANDS)])
    shown = listed(PUBLIC_COMMANDS)
    usages = [usage for span in shown.spans if span.role is Role.USAGE for usage in span.text.split(", ")]
    assert sorted(usages) == sorted(row.usage for row in PUBLIC_COMMANDS)
    assert "Talk      /all MESSAGE           Say MESSAGE to everyone\n" in shown.text
    assert "          /whisper USER MESSAGE  Say MESSAGE to USER only\n" in shown.text


@pytest.mark.parametrize("rows", [PUBLIC_COMMANDS, SLASH_COMMANDS, explained_by("operators")])
def test_every_list_fits_a_screen(rows: tuple[Command, ...]) -> None:  # U4
    lines = listed(rows).text.splitlines()
    assert len(lines) <= 24 - 2  # the line and the bar
    assert max(map(len, lines)) <= WIDTH


def test_what_operators_do_has_a_list_of_its_own() -> None:  # U4, M7
    text = listed(SLASH_COMMANDS).text
    assert text.endswith("\nOperators /help operators        Explain how to kick, mute, ban and so on")
    assert "/kick" not in text
    assert listed(explained_by("operators")).text.startswith("/kick NAME [REASON]             Close the connection")
    newer = replace(explained_by("announce")[0], name="dance")
    text = listed((*explained_by("operators"), newer)).text
    assert "Operators /kick NAME [REASON]    Close the connection of NAME" in text
    assert "More      /dance TEXT " in text


def test_what_the_client_does_itself_is_added_to_the_servers_list() -> None:  # U5
    all_ = HelpListed(tuple(row.described() for row in explained_by(None)))
    added = help_list.with_ours(all_)
    assert [row.name for row in added.commands] == [row.name for row in SLASH_COMMANDS]
    assert help_list.with_ours(added) == added
    for topic in ("whisper", "log", "operators"):
        one = HelpListed(tuple(row.described() for row in explained_by(topic)))
        assert help_list.with_ours(one) == one


def test_a_command_of_a_newer_server_stands_at_the_end() -> None:
    newer = CommandHelp("dance", (), "/dance", "Dance. On tables, too.")
    found = render_event(HelpListed((newer, *(row.described() for row in PUBLIC_COMMANDS))), "ann")
    assert found is not None
    assert found.text.splitlines()[-1] == "More      /dance                 Dance"


def test_a_narrow_screen_gets_one_column() -> None:
    lines = listed(PUBLIC_COMMANDS, 19).text.splitlines()
    assert lines[:5] == ["/all MESSAGE", "  Say MESSAGE to", "  everyone", "/whisper USER MESSAGE", "  Say MESSAGE to"]
    assert max(map(len, lines)) <= max(len(row.usage) for row in PUBLIC_COMMANDS)


WHISPER = next(row for row in SLASH_COMMANDS if row.name == "whisper").described(with_example=True)
EXPLAINED = "Say MESSAGE to USER only. Also /private, /msg, /w. For example: /whisper ann see you at noon"


@for_each([(WIDTH, 4), (60, 4), (19, 9)])
def test_one_command_is_explained_in_full_with_an_example(width: int, rows: int) -> None:  # A15, U4
    found = render_event(HelpListed((WHISPER,)), "ann", width)
    assert found is not None
    assert " ".join(found.text.split()) == f"/whisper USER MESSAGE {EXPLAINED}"
    assert len(found.text.splitlines()) <= rows


def test_nothing_is_explained_as_nothing() -> None:
    found = render_event(HelpListed(()), "ann")
    assert found is not None
    assert found.text == ""


def test_help_for_a_very_long_usage_still_explains_it() -> None:
    row = CommandHelp("x", (), "/x " + "Y" * 100, "What it does.")
    found = render_event(HelpListed((row,)), "ann")
    assert found is not None
    assert found.text.endswith("What it does.")


def test_a_help_that_is_endless_grows_no_longer_by_its_indent() -> None:
    found = render_event(HelpListed((CommandHelp("x", (), "x" * 32_000, "word " * 6_000),)), "ann")
    assert found is not None
    assert len(found.text) < 150_000
