"""server.py with epoll: the same loop; what depends on what the poller reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.poller import POLLERS, EpollPoller
from tests.support.live import Live

pytestmark = pytest.mark.skipif("epoll" not in POLLERS, reason="epoll is Linux's")


class SleeplessEpoll(EpollPoller):
    """`epoll` that never sleeps."""

    def wait(self, seconds: float) -> tuple[set[int], set[int]]:
        return super().wait(0.0)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    with Live(tmp_path, poller=SleeplessEpoll()) as made:
        yield made


def test_a_conversation(live: Live) -> None:
    ann, bob = live.joins("ann"), live.joins_framed("bob")
    ann.says("hi")
    bob.sees('"text":"hi"')
    ann.says("/quit")
    ann.sees("Goodbye.\r\n")
    ann.sees_the_end()
    bob.sees('"type":"left"')
    ann.ends_sending()
    live.until(lambda: live.connected() == 1, "never closed")
    live.joins("ann")


def test_an_abrupt_end_is_told(live: Live) -> None:
    ann, bob = live.joins("ann"), live.joins("bob")
    ann.resets()
    bob.sees("* ann has left (connection lost). Users here: 1")


def test_what_the_kernel_did_not_take_arrives_when_it_is_read(live: Live) -> None:
    ann, bob, carl, _ = (live.joins(name) for name in ("ann", "bob", "carl", "dora"))
    carl.stalls()
    ann.says(*[f"{number:05} {'x' * 990}" for number in range(600)], "/ping")
    ann.sees("pong")
    assert live.waiting_for(carl) > 0
    carl.sees("ann: 00599")
    assert carl.lines("ann: ") == bob.lines("ann: ")


def test_talkers_wait_while_many_lag_and_go_on_after(live: Live) -> None:
    ann, bob, carl, dora = (live.joins(name) for name in ("ann", "bob", "carl", "dora"))
    carl.stalls()
    dora.stalls()
    ann.says(*[f"{number:05} {'x' * 990}" for number in range(900)])
    live.until_lagging(carl, dora)
    bob.says("can you hear me")
    live.turns(50)
    assert not ann.was_told("can you hear me")
    carl.sees("ann: 00000")
    ann.sees("bob: can you hear me")
    dora.sees("bob: can you hear me")


def test_a_user_that_sends_too_fast_is_held_and_then_read_again(live: Live) -> None:
    ann, bob = live.joins("ann"), live.joins("bob")
    live.peer(ann).session.held = True
    live.server._peers.update(live.peer(ann))
    ann.says("hi")
    live.turns(5)
    assert not bob.was_told("ann: hi")
    live.peer(ann).session.held = False
    live.server._peers.update(live.peer(ann))
    bob.sees("ann: hi")
