"""chat/names.py and chat/look_alikes.py: which name a user may take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.effects import TaskResult
from chat.look_alikes import LookAlikes
from protocol.dialects import SLASH, VERBS, Dialect
from protocol.events import Refused
from protocol.requests import Hello
from protocol.text import is_name, key_of, skeleton
from tests.support.party import Party

NAMES = st.text(st.sampled_from("abB0oO1lI-_rnm"), min_size=1, max_size=4).filter(is_name)


@pytest.fixture
def party() -> Party:
    """Return a party at which bob is in the room and anna, who is not, has an account."""
    made = Party()
    made.joins("bob")
    made.hub.accounts_are(frozenset({"anna"}))
    made.looks_away()
    return made


def refused(party: Party, guest: str) -> str:
    """Return the code of the refusal that a framed guest has been sent first."""
    event = party.events(guest)[0]
    assert isinstance(event, Refused)
    return event.code


@pytest.mark.parametrize("dialect", [SLASH, VERBS])
@pytest.mark.parametrize(("name", "other"), [("b0b", "bob"), ("B-O_B", "bob"), ("8Ob", "bob"), ("a-nna", "anna")])
def test_a_name_that_can_be_taken_for_anothers_is_refused(
    party: Party, dialect: Dialect, name: str, other: str
) -> None:
    party.connects("eve", dialect=dialect)  # M9
    party.says("eve", f"JOIN {name}" if dialect is VERBS else name)
    assert party.told("eve")[0].endswith(f"{name} looks like {other}. Choose another name.")
    assert party.room() == ("bob",)
    party.sees_nothing("bob")


def test_so_it_is_for_renaming_and_for_framed_clients(party: Party) -> None:  # M9
    party.joins("eve")
    party.looks_away()
    party.says("eve", "/nick b_ob")
    party.sees("eve", "! b_ob looks like bob. Choose another name.")
    party.connects("dora")
    party.frames("dora", Hello(1, "another secret", "An-na", None))
    assert refused(party, "dora") == "name-looks-alike"


def test_ones_own_name_may_be_spelled_in_another_way(party: Party) -> None:  # M9
    party.says("bob", "/nick B0B")
    party.sees("bob", "* bob is now B0B")
    party.says("bob", "/nick bob")
    party.sees("bob", "* B0B is now bob")


def test_the_owner_of_a_registered_name_may_spell_it_in_another_way(party: Party) -> None:  # M9
    party.connects("anna")
    party.says("anna", "anna", "secret12")
    party.answers(TaskResult.YES)
    party.says("anna", "/nick An_na")
    assert party.told("anna")[-1] == "* anna is now An_na"


def test_a_look_alike_is_free_when_the_other_has_gone_or_gives_the_name_back(party: Party) -> None:  # M9
    party.says("bob", "/nick rob")
    party.hub.accounts_are(frozenset())
    party.joins("b0b", "4nna", "a-nna")
    assert party.room() == ("rob", "b0b", "4nna", "a-nna")
    party.says("bob", "/quit")  # who is rob now
    party.joins("r0b")
    assert "r0b" in party.room()


@pytest.mark.parametrize("name", ["administrator", "adrnin", "a-nna", "8ob"])
def test_what_is_registered_already_serves_its_owner_on(party: Party, name: str) -> None:  # A5, M9
    party.hub.accounts_are(frozenset({"anna", name}))
    party.connects("eve")
    party.says("eve", name)
    assert party.told("eve")[-1] == f"{name} is registered. Its password (Enter alone: never mind)?"
    party.says("eve", "secret12")
    party.answers(TaskResult.YES)
    assert party.room() == ("bob", name)


@pytest.mark.parametrize("name", ["7", "404", "2pac", "4-2"])
def test_a_name_may_begin_with_a_digit_or_be_a_number(party: Party, name: str) -> None:  # E3
    party.connects("eve", dialect=VERBS)
    party.says("eve", f"JOIN {name}", "LIST")
    assert party.told("eve")[-2:] == ["bob", name]
    party.says("bob", f"/whisper {name} hi")
    party.sees("eve", "bob whispers: hi")
    party.says("eve", "BCST here")
    assert party.told("bob")[-1] == f"{name}: here"


def test_a_hello_with_a_very_long_name_is_refused_and_quoted_short(party: Party) -> None:
    party.connects("eve")
    party.frames("eve", Hello(1, "a secret", "e\u0301" * 1_000, None))
    assert refused(party, "eve") == "name-bad"


@given(st.lists(st.tuples(st.booleans(), NAMES), max_size=12), NAMES, NAMES)
def test_look_alikes_are_those_with_the_same_skeleton(
    changes: list[tuple[bool, str]], name: str, but: str
) -> None:  # M9
    looks, names = LookAlikes(), dict[str, str]()
    for is_new, changed in changes:
        if is_new:
            looks.add(changed)
            names[key_of(changed)] = changed
        else:
            looks.discard(changed)
            names.pop(key_of(changed), None)
    own = {key_of(name), key_of(but)}
    alike = {other for key, other in names.items() if key not in own and skeleton(other) == skeleton(name)}
    found = looks.find(name, but)
    assert found in alike if alike else found is None


def test_a_look_alike_is_removed_by_the_skeleton_that_it_came_with() -> None:  # M9
    looks = LookAlikes()
    looks.add("ann", "as another version sees it")
    looks.add("ann", "as a third one does")
    assert looks.find("bob", "", "as another version sees it") is None
    assert looks.find("bob", "", "as a third one does") == "ann"
    assert list(looks) == [("ann", "as a third one does")]
    looks.discard("ann")
    assert list(looks) == []
