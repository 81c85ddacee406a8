"""chat/shared/checksums.py: of servers whose rooms differ, all know which is wrong."""

from __future__ import annotations

import pytest

from chat.shared.checksums import KEPT, VOTES_WITHIN, Checksums, Judgement
from chat.shared.proposal_codec import Checksum

A, B, C = "a" * 16, "b" * 16, "c" * 16
OPENED = {A: "1-0", B: "2-0", C: "10-0"}


def heard(own: str, ours: str, votes: dict[str, str], entry: str = "20-0") -> Checksums:
    """Return what the server `own` knows when it has read all `votes`, its own among them."""
    checksums = Checksums()
    checksums.note(entry, ours)
    for one, checksum in ({own: ours} | votes).items():
        checksums.hear(one, Checksum(entry, checksum))
    return checksums


@pytest.mark.parametrize(
    ("own", "ours", "votes", "judgement"),
    [
        (A, "x", {B: "x", C: "x"}, Judgement.FINE),
        (A, "x", {B: "x", C: "y"}, Judgement.FINE),
        (A, "x", {B: "y", C: "y"}, Judgement.REPLAY),
        (B, "x", {A: "y", C: "z"}, Judgement.REPLAY),
        (A, "x", {B: "y", C: "z"}, Judgement.FINE),
        (A, "x", {B: "y"}, Judgement.FINE),  # C has to say yet what it has
        (C, "x", {A: "y"}, Judgement.FINE),
    ],
)
def test_the_majority_is_right_and_on_a_tie_the_oldest(
    own: str, ours: str, votes: dict[str, str], judgement: Judgement
) -> None:  # N7
    assert heard(own, ours, votes).judge(own, OPENED, 0.0) is judgement


@pytest.mark.parametrize(("own", "judgement"), [(A, Judgement.FINE), (C, Judgement.REPLAY)])
def test_who_says_nothing_is_not_waited_for_forever(own: str, judgement: Judgement) -> None:  # N7
    other = {A: C, C: A}[own]
    checksums = heard(own, "x", {other: "y"})
    assert checksums.judge(own, OPENED, 5.0) is Judgement.FINE
    assert checksums.judge(own, OPENED, 5.0 + VOTES_WITHIN) is judgement
    assert checksums.judge(own, OPENED, 99.0) is Judgement.FINE


def test_on_a_tie_a_room_that_was_made_anew_is_right() -> None:  # N7
    checksums = heard(A, "x", {})
    checksums.hear(C, Checksum("20-0", "y", is_remade=True))
    assert checksums.judge(A, {A: "1-0", C: "10-0"}, 0.0) is Judgement.REPLAY
    assert checksums.ours("20-0") == Checksum("20-0", "x", is_remade=True)


def test_of_two_that_were_made_anew_the_younger_stops() -> None:  # N7
    for own, other, judgement in ((A, C, Judgement.FINE), (C, A, Judgement.STOP)):
        checksums = heard(own, "x", {other: "y", B: "y"})
        assert checksums.judge(own, OPENED, 0.0) is Judgement.REPLAY
        checksums.begin_again()
        checksums.note("21-0", "x")
        checksums.hear(other, Checksum("21-0", "y", is_remade=True))
        assert checksums.judge(own, {own: OPENED[own], other: OPENED[other]}, 1.0) is judgement


@pytest.mark.parametrize(
    ("votes", "opened", "is_agreed"),
    [
        ({}, [A], True),
        ({}, [A, B], False),
        ({B: "x"}, [A, B], True),
        ({B: "y"}, [A, B], False),
        ({B: "x"}, [A, B, C], True),
        ({B: "x", C: "y"}, [A, B, C], True),  # or C, which begins with the newest snapshot, might never be right
        ({B: "y"}, [A, B, C], False),
        ({B: "y"}, [A], False),  # it has ended since, and may have been right
        ({B: "x", C: "y"}, [A, C], False),
    ],
)
def test_a_room_is_agreed_on_that_most_have_had(
    votes: dict[str, str], opened: list[str], is_agreed: bool
) -> None:  # N8
    checksums = heard(A, "x", votes)
    checksums.judge(A, OPENED, 0.0)
    for one in {A, B, C} - set(opened):
        checksums.forget(one)
    assert checksums.is_agreed("20-0", A, opened) is is_agreed
    assert not checksums.is_agreed("19-0", A, [A])


def test_a_room_that_was_made_anew_and_is_still_wrong_stops_its_server() -> None:  # N7
    checksums = heard(A, "x", {B: "y", C: "y"})
    assert checksums.judge(A, OPENED, 0.0) is Judgement.REPLAY
    checksums.begin_again()
    assert checksums.judge(A, OPENED, 1.0) is Judgement.FINE
    checksums.note("21-0", "x")
    for one in (B, C):
        checksums.hear(one, Checksum("21-0", "y"))
    assert checksums.judge(A, OPENED, 2.0) is Judgement.STOP


def test_one_that_was_found_right_since_may_be_made_anew_another_time() -> None:  # N7
    checksums = heard(A, "x", {B: "y", C: "y"})
    checksums.judge(A, OPENED, 0.0)
    checksums.begin_again()
    for entry, ours, judgement in (("21-0", "y", Judgement.FINE), ("22-0", "x", Judgement.REPLAY)):
        checksums.note(entry, ours)
        for one in (B, C):
            checksums.hear(one, Checksum(entry, "y"))
        assert checksums.judge(A, OPENED, 1.0) is judgement


def test_what_a_server_has_said_counts_no_more_when_it_has_ended() -> None:
    checksums = heard(A, "x", {B: "y", C: "y"})
    for one in (B, C):
        checksums.forget(one)
    assert checksums.judge(A, {A: "1-0"}, 0.0) is Judgement.FINE


def test_only_the_newest_entries_are_known() -> None:
    checksums = Checksums()
    for number in range(KEPT + 1):
        checksums.note(f"{number}-0", "x")
        checksums.hear(B, Checksum(f"{number}-0", "x"))
    assert checksums.ours("1-0") == Checksum("1-0", "x")
    checksums.hear(B, Checksum("0-0", "y"))
    assert checksums.judge(A, {}, 0.0) is Judgement.FINE
