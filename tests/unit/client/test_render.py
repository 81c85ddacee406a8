"""client.core.render: what each event reads as."""

from __future__ import annotations

import pytest

from client.core import render
from client.core.render import Kind, Role, Shown, Span, render_event
from protocol import events
from protocol.events import Event, Joined, Left, Renamed, Said, UsersListed, Welcomed, Whispered

AT = 1_700_000_000.0


def shown(event: Event) -> Shown:
    found = render_event(event, "ann")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("event", "kind", "text"),
    [
        (Said(1, "bob", "hi", AT), Kind.SAID, "bob: hi"),  # A11
        (Said(1, "ann", "hi", AT), Kind.SAID, "ann: hi"),  # A12
        (Whispered(1, "bob", "ann", "hi", AT), Kind.WHISPERED, "bob -> you: hi"),  # A17
        (Whispered(1, "ann", "bob", "hi", AT), Kind.WHISPERED, "you -> bob: hi"),
        (Joined(1, "bob", 2), Kind.NOTICE, "* bob has connected. Users here: 2"),  # A6
        (Left(1, "bob", 1, "goodbye"), Kind.NOTICE, "* bob has left (goodbye). Users here: 1"),  # A23
        (Renamed(1, "bob", "rob"), Kind.NOTICE, "* bob is now rob"),
        (Renamed(1, "anna", "ann"), Kind.NOTICE, "* You are now ann"),
        (events.Announced(1, "bob", "tea", AT), Kind.SAID, "*** bob announces: tea ***"),  # M5
        (events.RoleChanged(True), Kind.NOTICE, "* You are an operator: /help operators lists your commands."),  # M1
        (events.Asked("name", "Who?"), Kind.QUESTION, "Who?"),  # A2
        (events.Noticed("done"), Kind.NOTICE, "* done"),
        (events.Refused(1, "code", "No."), Kind.REFUSED, "! No."),
        (events.Dismissed("Goodbye."), Kind.NOTICE, "Goodbye."),  # C11
    ],
)
def test_an_event_reads_as(event: Event, kind: Kind, text: str) -> None:
    assert (shown(event).kind, shown(event).text) == (kind, text)


def test_the_welcome_says_that_one_may_chat_and_points_to_the_commands() -> None:  # A6, C5
    text = shown(Welcomed("ann", "epoch", 1, 3)).text
    assert text == "* Welcome, ann. You may chat now; /help (or /cmd) lists the commands.\n* Users here: 3"


def test_what_somebody_does_is_told_behind_the_name() -> None:
    assert shown(Said(1, "bob", "/me waves at ann", AT)).text == "bob *waves at ann*"
    assert shown(Said(1, "bob", "/me waves at ann", AT)).is_mention
    entries = (events.Past(1, AT, "bob", "/me waves"), events.Past(1, AT, "bob", "/me psst", "ann"))
    lines = shown(events.HistoryListed("Now:", entries)).text.splitlines()
    assert lines[1].endswith("] bob *waves*")
    assert lines[2].endswith("] bob -> ann: /me psst")


def test_an_announcement_stands_out_also_in_the_history() -> None:  # M5
    assert shown(events.Announced(1, "bob", "tea", AT)).is_mention
    listed = shown(events.HistoryListed("Now:", (events.Past(1, AT, "bob", "tea", announced=True),)))
    assert listed.spans[-1] == Span("*** bob announces: tea ***", Role.MENTION)


def test_ones_name_is_marked_in_what_others_say() -> None:
    assert shown(Said(1, "bob", "hi Ann", AT)).spans[-1] == Span("Ann", Role.MENTION)
    assert not shown(Said(1, "ann", "I, ann", AT)).is_mention


def test_what_is_shown_says_what_it_tells_of() -> None:
    event = UsersListed(("bob",), 1)
    assert shown(event).event is event


def test_names_are_marked_and_ones_own_differently() -> None:
    assert shown(Said(1, "bob", "hi", AT)).spans[0] == Span("bob", Role.NAME)
    assert shown(Said(1, "ann", "hi", AT)).spans[0] == Span("ann", Role.OWN)
    spans = shown(Whispered(1, "bob", "ann", "hi", AT)).spans
    assert spans[:3] == (Span("bob", Role.NAME), Span(" -> "), Span("you", Role.OWN))


def test_a_ping_of_the_server_is_not_for_people() -> None:
    assert render_event(events.Pinged(), "ann") is None


def test_a_pong_shows_milliseconds() -> None:  # A13
    assert render.pong(0.0123456).text == "pong: 12.3 ms"
    assert render.pong(None).text == "pong"


def test_users_are_laid_out_in_columns() -> None:  # A14
    names = tuple(f"user{n}" for n in range(12))
    assert shown(UsersListed(names, 12)).text.splitlines() == [
        "Connected users: 12",
        "  user0   user1   user2   user3   user4   user5   user6   user7   user8",
        "  user9   user10  user11",
    ]


def test_a_very_long_name_gets_a_line_of_its_own() -> None:
    assert shown(UsersListed(("n" * 100, "bob"), 2)).text.splitlines()[1:] == ["  " + "n" * 100, "  bob"]


def test_nobody_is_listed_as_nobody() -> None:
    assert shown(UsersListed((), 0)).text == "Connected users: 0"
