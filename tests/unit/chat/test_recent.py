"""chat/recent.py: times by key, forgotten when they count no more."""

from __future__ import annotations

from chat.recent import Recent


def test_a_key_waits_until_the_oldest_of_so_many_times_is_over() -> None:
    made: Recent[str] = Recent(60.0)
    made.add("ann", 0.0, 3)
    made.add("ann", 10.0, 3)
    assert made.wait("ann", 2, 60.0, 20.0) == 40.0
    assert made.wait("ann", 2, 60.0, 60.0) == 0.0
    assert made.wait("ann", 3, 60.0, 20.0) == 0.0
    assert made.wait("bob", 1, 60.0, 20.0) == 0.0


def test_a_key_is_forgotten_when_its_newest_time_is_too_old() -> None:
    made: Recent[str] = Recent(60.0)
    made.add("ann", 0.0, 3)
    made.add("bob", 1.0, 3)
    made.add("ann", 50.0, 3)
    made.add("carl", 70.0, 3)
    assert len(made) == 2
    assert made.wait("ann", 2, 60.0, 70.0) == 0.0 != made.wait("ann", 2, 100.0, 70.0)


def test_no_addition_looks_at_more_keys_than_it_forgets() -> None:  # issue 10, 21: above 10,000 it took 3 ms
    made: Recent[int] = Recent(60.0)
    looks = 0

    class Times(type(made._times)):  # type: ignore[misc]  # counts how often its first key is looked at
        def values(self) -> object:
            nonlocal looks
            looks += 1
            return super().values()

    made._times = Times()
    for number in range(10_100):
        made.add(number, number / 1000, 3)
    assert len(made) == 10_100
    made.add(-1, 1000.0, 3)
    assert len(made) == 1
    assert looks <= 20_202


def test_what_is_taken_back_was_never_there() -> None:
    made: Recent[str] = Recent(60.0)
    made.add("ann", 0.0, 3)
    made.add("ann", 1.0, 3)
    made.take_back("ann")
    assert made.wait("ann", 1, 60.0, 0.0) == 60.0
    made.take_back("ann")
    made.take_back("ann")
    made.take_back("bob")
    assert len(made) == 0
