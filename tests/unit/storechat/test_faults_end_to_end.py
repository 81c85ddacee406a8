"""The server behind a proxy that misbehaves (tools/shared/proxy.py): a network may do anything to bytes but change
them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from protocol.requests import Hello, Line
from tests.support.live import Client, Live, frame
from tools.shared.proxy import Proxy


@pytest.fixture
def proxy(live: Live) -> Iterator[Proxy]:
    with Proxy(live.address) as made:
        yield made


def through(proxy: Proxy, live: Live) -> Client:
    return live.client().connects(proxy.address)


def test_a_byte_at_a_time_in_both_directions_is_as_good_as_any(live: Live, proxy: Proxy) -> None:  # D3, D4
    proxy.up.piece = proxy.down.piece = 1
    bob = live.joins("bob")
    ann = through(proxy, live)
    ann.says("ann", "h\u00e9llo, all of you", "/users")
    ann.sees("Connected users: 2")
    bob.sees("ann: h\u00e9llo, all of you\r\n")


def test_frames_a_byte_at_a_time_too(live: Live, proxy: Proxy) -> None:  # D4
    proxy.up.piece = 1
    bob = live.joins("bob")
    ann = through(proxy, live)
    ann.sends(frame(Hello(1, "a secret", "ann")) + frame(Line("one", 1)) + frame(Line("two", 2)))
    bob.sees("ann: one\r\nann: two\r\n")
    ann.sees('"cseq":2')


@pytest.mark.parametrize("cut", [1, 3, 4, 5, 40])
def test_a_connection_cut_in_the_middle_of_a_frame_says_nothing_and_frees_the_name(
    live: Live, proxy: Proxy, cut: int
) -> None:  # A23
    bob = live.joins("bob")
    hello = frame(Hello(1, "a secret", "ann"))
    proxy.up.cut_after = len(hello) + cut
    ann = through(proxy, live)
    ann.sends(hello + frame(Line("this must not arrive in part", 1)))
    bob.sees("* ann has left")
    assert not bob.was_told("this must")
    live.joins("ann")


def test_a_reset_frees_the_name_and_tells_the_others(live: Live, proxy: Proxy) -> None:
    bob = live.joins("bob")
    ann = through(proxy, live)
    ann.says("ann")
    ann.sees("Welcome")
    proxy.reset()
    bob.sees("* ann has left")
    live.joins("ann").says("hello again")
    bob.sees("ann: hello again")


def test_a_stalled_link_delays_its_own_user_and_nobody_else(live: Live, proxy: Proxy) -> None:
    bob, carl = live.joins("bob"), live.joins("carl")
    ann = through(proxy, live)
    ann.says("ann")
    ann.sees("Welcome")
    proxy.down.stall()
    for number in range(50):
        bob.says(f"line {number}")
        carl.sees(f"bob: line {number}\r\n")
    assert not ann.was_told("bob:")
    proxy.down.flow()
    ann.sees("".join(f"bob: line {number}\r\n" for number in range(50)))


def test_a_slow_link_loses_nothing(live: Live, proxy: Proxy) -> None:
    proxy.down.delay = 0.001
    proxy.down.piece = 100
    bob = live.joins("bob")
    ann = through(proxy, live)
    ann.says("ann")
    ann.sees("Welcome")
    bob.says(*(f"line {number}" for number in range(100)))
    ann.sees("".join(f"bob: line {number}\r\n" for number in range(100)))
