"""client.view.status_bar: how we stand, in one line that fits."""

from __future__ import annotations

import pytest

from client.core.session import UNSEEN, ClientSession
from client.view.status_bar import Unread, bar
from protocol.events import Said, UsersListed, Welcomed


@pytest.fixture
def ann() -> ClientSession:
    session = ClientSession("secret", lists_users=True)
    session.receive(Welcomed("ann", "epoch", 1, 2), 100.0)
    session.receive(UsersListed(("bob", "ann"), 2, UNSEEN), 100.012)
    return session


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (80, "online | 1 mention | ann | 2 users | 12 ms"),
        (41, "online | 1 mention | ann | 2 users"),
        (25, "online | 1 mention | ann"),
        (20, "online | 1 mention"),
        (10, "online"),
        (3, "onl"),
    ],
)
def test_what_matters_least_is_left_out_first(ann: ClientSession, width: int, text: str) -> None:
    assert bar(ann.name, ann.status, Unread(mentions=1), width) == text


def test_a_lost_connection_is_counted_down(ann: ClientSession) -> None:
    ann.lost()
    assert bar(ann.name, ann.status, Unread(), 80).startswith("offline, trying again | ann")
    ann.presence.retry_in = 12
    assert bar(ann.name, ann.status, Unread(), 80).startswith("offline, next try in 12 s | ann")


def test_whoever_is_away_is_reminded_of_it(ann: ClientSession) -> None:
    ann.typed("/away lunch", 200.0)
    assert bar(ann.name, ann.status, Unread(), 80).startswith("online | away | ann")
    ann.typed("/back", 200.0)
    assert bar(ann.name, ann.status, Unread(), 80).startswith("online | ann")


def test_whispers_are_counted_apart_from_mentions(ann: ClientSession) -> None:  # 31
    assert bar(ann.name, ann.status, Unread(1, 2), 80).startswith("online | 2 whispers | 1 mention | ann")


def test_the_round_trip_is_that_of_the_newest_answer(ann: ClientSession) -> None:
    ann.typed("hello", 200.0)
    ann.receive(Said(2, "ann", "hello", 0.0, cseq=1), 200.1)
    assert bar(ann.name, ann.status, Unread(), 80).endswith(" | 100 ms")


def test_what_was_typed_while_there_was_no_connection_says_nothing_about_it(ann: ClientSession) -> None:
    ann.lost()
    ann.typed("hello", 200.0)
    ann.again()
    ann.receive(Welcomed("ann", "epoch", 2, 2, resumed=True), 300.0)
    ann.receive(Said(3, "ann", "hello", 0.0, cseq=1), 300.1)
    assert bar(ann.name, ann.status, Unread(), 80).endswith(" | 12 ms")


def test_a_line_behind_others_says_nothing_about_the_round_trip(ann: ClientSession) -> None:  # 31
    ann.typed("a pasted line", 200.0)
    ann.typed("and another", 200.0)
    ann.receive(Said(2, "ann", "a pasted line", 0.0, cseq=1), 200.02)
    ann.receive(Said(3, "ann", "and another", 0.0, cseq=2), 208.0)
    assert bar(ann.name, ann.status, Unread(), 80).endswith(" | 20 ms")
    ann.typed("at once after them, which the server may not take yet", 208.5)
    ann.receive(Said(4, "ann", "", 0.0, cseq=3), 209.0)
    assert bar(ann.name, ann.status, Unread(), 80).endswith(" | 20 ms")
    ann.typed("after a pause", 210.0)
    ann.receive(Said(5, "ann", "after a pause", 0.0, cseq=4), 210.03)
    assert bar(ann.name, ann.status, Unread(), 80).endswith(" | 30 ms")
