"""client.view.attention: what rings, counts and is noticed while the user types, and while nobody may be there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from client.core import render
from client.core.session import ClientSession
from client.core.settings import Settings
from client.view.attention import IDLE, Alert, Attention, Notice
from client.view.status_bar import Unread
from protocol.events import Announced, Event, Joined, Said, Welcomed, Whispered

NOW = 1_772_625_600.0
LATER = NOW + IDLE


class Watcher:
    """Ann, who pressed a key NOW."""

    def __init__(self, **settings: str) -> None:
        session = ClientSession("secret")
        session.receive(Welcomed("ann", "epoch", 1, 1), 0.0)
        session.settings = replace(Settings(), **settings)  # type: ignore[arg-type]
        self.attention = Attention(session, NOW)

    def hears(self, event: Event, now: float = NOW) -> Alert:
        shown = render.render_event(event, "ann")
        assert shown is not None
        return self.attention.comes(shown, now)


TALK, MENTION = Said(2, "bob", "hi", NOW), Said(2, "bob", "hi ann", NOW)
WHISPER, OURS = Whispered(2, "bob", "ann", "psst", NOW), Said(2, "ann", "ann ann", NOW)


@pytest.mark.parametrize(
    ("bell", "ringing"),
    [("off", []), ("mention", [MENTION]), ("whisper", [MENTION, WHISPER]), ("all", [TALK, MENTION, WHISPER])],
)
def test_the_bell_rings_for(bell: str, ringing: list[Event]) -> None:
    ann = Watcher(bell=bell)
    events: list[Event] = [TALK, MENTION, WHISPER, OURS, Joined(2, "bob", 2)]
    assert [event for event in events if ann.hears(event).rings] == ringing


def test_mentions_and_whispers_are_unread_and_counted_apart_until_the_user_enters_something() -> None:
    ann = Watcher(bell="off")
    for event in (TALK, MENTION, WHISPER, OURS):
        ann.hears(event)
    assert ann.attention.unread == Unread(mentions=1, whispers=1)
    ann.hears(Whispered(2, "bob", "ann", "ann, psst", NOW))
    assert ann.attention.unread == Unread(mentions=1, whispers=2)
    ann.attention.key(LATER)
    assert ann.attention.unread == Unread(mentions=1, whispers=2)
    ann.attention.entered()
    assert ann.attention.unread == Unread()


def test_the_title_counts_what_was_said_since_the_newest_key() -> None:  # U3
    ann = Watcher()
    assert ann.attention.title == "ann"
    for event in (TALK, OURS, WHISPER, Joined(2, "bob", 2), Announced(2, "bob", "Tea.", NOW)):
        ann.hears(event)
    assert ann.attention.title == "(3) ann"
    ann.attention.key(NOW)
    assert ann.attention.title == "ann"


def test_the_title_can_be_switched_off_and_there_is_none_without_a_name() -> None:  # U3
    assert Watcher(title="off").attention.title == ""
    assert Attention(ClientSession("secret"), NOW).title == ""


def test_the_first_that_comes_in_doubt_is_under_a_line_once() -> None:  # U4
    ann = Watcher()
    assert not ann.hears(TALK, LATER - 1).is_first_unread
    assert [ann.hears(event, LATER).is_first_unread for event in (OURS, TALK, TALK)] == [False, True, False]
    ann.attention.key(LATER + 1)
    assert not ann.hears(TALK, LATER + 2).is_first_unread
    assert ann.hears(TALK, LATER + 1 + IDLE).is_first_unread


@pytest.mark.parametrize(
    ("event", "notice"),
    [
        (TALK, None),
        (OURS, None),
        (MENTION, Notice("bob", "bob: hi ann")),
        (WHISPER, Notice("bob", "bob whispers to you")),  # what, is not for those who pass by
        (Said(2, "bob", "ann " + "x" * 4000, NOW), Notice("bob", "bob: ann " + "x" * 191)),
    ],
)
def test_notices_are_for_what_is_meant_for_the_user(event: Event, notice: Notice | None) -> None:  # U3
    assert Watcher(notify="on").hears(event, LATER).notice == notice


def test_notices_are_off_by_themselves_and_while_somebody_types() -> None:  # U3
    assert Watcher().hears(MENTION, LATER).notice is None
    assert Watcher(notify="on").hears(MENTION, LATER - 1).notice is None
