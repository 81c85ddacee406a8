"""storechat.server.places: who is served, and who goes when there is no place left. 23."""

from __future__ import annotations

from storechat.server.places import ANSWER, REQUEST, Place, Places, owner_of


def served(places: Places, *hosts: str) -> list[Place]:
    return [places.enter(host, float(now))[0] for now, host in enumerate(hosts)]


def test_a_newcomer_gets_in_and_the_oldest_of_the_address_that_has_most_goes() -> None:
    places = Places(4)
    first, greedy, _, _ = served(places, "192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.2")
    newcomer, leaver = places.enter("192.0.2.1", 10.0)
    assert leaver is greedy
    assert (greedy.gone, first.gone, newcomer.gone) == (True, False, False)
    assert len(places) == 4


def test_of_one_address_its_own_oldest_goes() -> None:
    places = Places(2)
    first, second = served(places, "127.0.0.1", "127.0.0.1")
    assert places.enter("127.0.0.1", 2.0)[1] is first
    assert places.enter("127.0.0.1", 3.0)[1] is second


def test_who_waits_for_a_change_goes_after_who_is_slow() -> None:
    places = Places(3)
    waiting, slow, answered = served(places, "::1", "::1", "::1")
    places.wait(waiting)
    places.wait(answered)
    places.answer(answered, 5.0)
    assert [places.enter("::1", float(now))[1] for now in (10, 11)] == [slow, answered]


def test_there_is_room_again_when_one_has_left() -> None:
    places = Places(1)
    (first,) = served(places, "192.0.2.1")
    places.leave(first)
    places.leave(first)
    assert places.enter("192.0.2.1", 1.0)[1] is None


def test_what_takes_too_long_ends_whether_it_comes_or_goes() -> None:
    places = Places(9)
    slow, waiting, answered = served(places, "192.0.2.1", "192.0.2.1", "192.0.2.1")
    places.wait(waiting)
    places.wait(answered)
    places.answer(answered, 50.0)
    assert places.overdue(REQUEST - 0.1) == []
    assert places.overdue(REQUEST) == [slow]
    assert places.overdue(50.0 + ANSWER) == [answered]
    assert places.overdue(1e9) == []
    assert len(places) == 1


def test_who_owns_an_address() -> None:
    assert owner_of("192.0.2.1") == owner_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert owner_of("2001:db8::1") == owner_of("2001:db8::2%eth0") != owner_of("2001:db8:0:1::1")
