"""client/core/servers.py: after a lost connection the next server is tried, and every address in a round. N3."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from client.core.servers import Place, Rotation, Target

ONE, TWO, THREE = Place("one", 8001), Place("two", 8001), Place("three", 8001)
ADDRESSES = {ONE: ["192.0.2.1", "2001:db8::1"], TWO: ["192.0.2.2"], THREE: ["192.0.2.3"]}
ALL = [Target(ONE, "192.0.2.1"), Target(ONE, "2001:db8::1"), Target(TWO, "192.0.2.2"), Target(THREE, "192.0.2.3")]


def test_at_first_they_are_tried_as_they_were_typed() -> None:
    assert Rotation((ONE, TWO, THREE)).round(ADDRESSES) == ALL
    assert Rotation((TWO, ONE)).round(ADDRESSES) == [ALL[2], ALL[0], ALL[1]]


def test_a_round_begins_behind_the_last_one_and_ends_with_it() -> None:
    rotation = Rotation((ONE, TWO, THREE))
    for at, target in enumerate(ALL, 1):
        rotation.connected(target)
        assert rotation.round(ADDRESSES) == ALL[at:] + ALL[:at]
        assert rotation.round(ADDRESSES) == ALL[at:] + ALL[:at]  # until another connection is made


def test_one_server_with_one_address_is_tried_again() -> None:
    rotation = Rotation((TWO,))
    rotation.connected(ALL[2])
    assert rotation.round(ADDRESSES) == [ALL[2]]


def test_a_name_that_leads_elsewhere_now_is_tried_first() -> None:
    rotation = Rotation((ONE, TWO, THREE))
    rotation.connected(ALL[2])
    moved = {**ADDRESSES, TWO: ["192.0.2.9"]}
    assert rotation.round(moved) == [Target(TWO, "192.0.2.9"), ALL[3], ALL[0], ALL[1]]


def test_a_name_that_leads_nowhere_now_is_passed_over() -> None:
    rotation = Rotation((ONE, TWO, THREE))
    rotation.connected(ALL[2])
    assert rotation.round({ONE: ADDRESSES[ONE], THREE: ADDRESSES[THREE]}) == [ALL[3], ALL[0], ALL[1]]
    rotation.connected(ALL[3])
    assert rotation.round({ONE: ADDRESSES[ONE], TWO: ADDRESSES[TWO]}) == ALL[:3]
    assert rotation.round({}) == []


def test_a_name_server_that_changes_the_order_of_addresses_starves_none() -> None:
    rotation = Rotation((ONE,))
    rotation.connected(Target(ONE, "192.0.2.1"))
    turned = {ONE: ["2001:db8::1", "192.0.2.1"]}
    assert [target.address for target in rotation.round(turned)] == ["2001:db8::1", "192.0.2.1"]


MAPPINGS = st.dictionaries(st.sampled_from([ONE, TWO, THREE]), st.lists(st.sampled_from("abcd"), unique=True))


@settings(max_examples=50)
@given(MAPPINGS, st.lists(st.tuples(MAPPINGS, st.integers(0, 20)), max_size=4))
def test_whatever_happens_a_round_has_every_target_once(
    last: dict[Place, list[str]], before: list[tuple[dict[Place, list[str]], int]]
) -> None:
    rotation = Rotation((ONE, TWO, THREE))
    used: Target | None = None
    for addresses, which in before:
        tried = rotation.round(addresses)
        if tried:
            used = tried[which % len(tried)]
            rotation.connected(used)
    targets = rotation.round(last)
    assert sorted(targets) == sorted(Target(place, one) for place, found in last.items() for one in found)
    assert used not in targets or targets[-1] == used
