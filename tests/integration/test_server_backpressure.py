"""server.py: the room waits for the many, never for the few. Four readers: one that stalls is a few, two are many."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from chat import limits
from chat.delivery.outbox import Buffer
from protocol.requests import Pong
from protocol.wrapping import wrap
from runtime.transport import PlainTransport
from tests.support.live import Client, Live, frame

pytestmark = pytest.mark.variants("plain", "tls")

LINE = "x" * 990


@pytest.fixture
def room(live: Live) -> list[Client]:
    return [live.joins(name) for name in ("ann", "bob", "carl", "dora")]


def burst(talker: Client, kilobytes: int, first: int = 0) -> list[str]:
    """Say that many numbered lines of about 1 KB, and wait until the room has them; return them as others see them."""
    lines = [f"{number:05} {LINE}" for number in range(first, first + kilobytes)]
    talker.says(*lines, "/ping")
    talker.sees("pong")
    return [wrap(f"ann: {line}") for line in lines]


@pytest.mark.variants("plain", "tls", "epoll")
def test_what_a_reader_did_not_take_reaches_it_later_whole_and_in_order(live: Live, room: list[Client]) -> None:
    ann, bob, carl, _ = room
    carl.stalls()
    lines = burst(ann, 600)
    assert live.waiting_for(carl) > 0
    carl.sees(lines[-1])
    assert carl.lines("ann: ") == bob.lines("ann: ") == lines
    assert live.waiting_for(carl) == 0


class Handshaking(PlainTransport):
    """As TLS is during a new handshake: it has to read before it can write, and then to wait until it can write."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.send_one = self._block
        self.must_read = False
        self._steps = [True, False]

    def wants(self, reading: bool, writing: bool) -> tuple[bool, bool]:
        return (True, False) if self.must_read and writing else (reading, writing)

    def _block(self, buffer: Buffer) -> int:
        raise BlockingIOError

    def send(self, buffers: list[Buffer]) -> int:
        if self._steps:
            self.must_read = self._steps.pop(0)
            raise BlockingIOError
        return self.sock.sendmsg(buffers)


@pytest.mark.variants("plain")
def test_what_a_transport_waits_for_is_asked_after_each_send_that_leaves_something(
    live: Live, room: list[Client]
) -> None:
    ann, bob, *_ = room
    peer = live.peer(bob)
    transport = Handshaking(peer.transport.sock)
    live.server._use(peer, transport)
    ann.says("hi")
    live.until(lambda: transport.must_read, "never sent to")
    live.turns(3)
    assert not bob.was_told("ann: hi")
    bob.says("/ping")
    bob.sees("ann: hi")
    bob.sees("pong")


def test_who_has_ended_its_input_still_gets_what_waits(live: Live, room: list[Client]) -> None:  # C12
    ann, bob, carl, _ = room
    carl.stalls()
    lines = burst(ann, 600)
    carl.ends_sending()
    bob.sees("* carl has left (connection closed). Users here: 3")
    carl.sees_the_end()
    assert carl.lines("ann: ") == lines


def test_one_reader_that_stalls_delays_nobody(live: Live, room: list[Client]) -> None:
    ann, bob, carl, dora = room
    carl.stalls()
    burst(ann, 600)
    assert live.waiting_for(carl) > limits.LAGGING
    ann.says("hi")
    live.turns()
    assert bob.lines("ann: ")[-1] == dora.lines("ann: ")[-1] == "ann: hi"


def test_a_reader_too_much_behind_is_told_and_dropped(
    live: Live, room: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob, carl, _ = room
    monkeypatch.setattr(limits, "HIGH_WATER", 200 * limits.KIB)
    carl.stalls()
    lines = burst(ann, 900)
    bob.sees("* carl has left (too far behind). Users here: 3")
    carl.sees("Your connection can't keep up with the chat (")
    carl.sees(" KiB were waiting). Closing.\r\nGoodbye.\r\n")
    carl.sees_the_end()
    heard = carl.lines("ann: ")
    assert heard == lines[: len(heard)]
    assert bob.lines("ann: ") == lines


def test_a_reader_too_long_behind_is_told_and_dropped(live: Live, room: list[Client]) -> None:
    ann, bob, carl, _ = room
    carl.stalls()
    burst(ann, 600)
    live.clock.now += limits.OUTBOX_AGE
    live.turns(3)
    assert not bob.was_told("carl has left")
    live.clock.now += 0.1
    bob.sees("* carl has left (too far behind). Users here: 3")
    carl.sees("(it was 10 s behind). Closing.")
    carl.sees_the_end()


def test_a_stopped_process_drops_nobody_for_what_they_were_not_offered(tmp_path: Path) -> None:
    with Live(tmp_path, jump=1.0) as live:
        ann, bob, carl, _ = (live.joins(name) for name in ("ann", "bob", "carl", "dora"))
        carl.stalls()
        lines = burst(ann, 600)
        live.clock.now += 12
        live.turns(3)
        assert not bob.was_told("carl has left")
        carl.sees(lines[-1])


def test_a_stopped_process_takes_nobody_for_silent_whose_pong_waits(tmp_path: Path) -> None:
    with Live(tmp_path, jump=40.0) as live:
        bob = live.joins_framed("bob")
        live.clock.now += limits.PING_AFTER
        bob.sees('"type":"ping"')
        bob.sends(frame(Pong()))
        live.clock.now += 60
        live.turns(3)
        assert not bob.was_told('"code":"silent"')
        live.clock.now += limits.PONG_WITHIN
        live.turns(3)
        assert live.connected() == 1


def test_a_reader_that_takes_more_at_last_is_not_dropped_in_that_turn(live: Live, room: list[Client]) -> None:
    ann, bob, carl, _ = room
    carl.stalls()
    lines = burst(ann, 600)
    live.clock.now += limits.OUTBOX_AGE + 1
    carl.reading = True
    carl.listens()
    carl.sees(lines[-1])
    assert not bob.was_told("carl has left")


def test_who_was_dropped_and_still_reads_nothing_is_closed_after_two_seconds(live: Live, room: list[Client]) -> None:
    ann, bob, carl, _ = room
    carl.stalls()
    burst(ann, 600)
    live.clock.now += limits.OUTBOX_AGE + 0.1
    bob.sees("* carl has left (too far behind)")
    assert live.connected() == 4
    live.clock.now += limits.FAREWELL
    live.turns()
    assert live.connected() == 3


def test_when_all_outboxes_hold_too_much_the_largest_is_dropped(
    live: Live, room: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob, carl, dora = room
    for name in ("eve", "fay", "gus", "hal"):
        live.joins(name)
    carl.stalls()
    burst(ann, 500)
    dora.stalls()
    burst(ann, 500)
    largest, other = live.waiting_for(carl), live.waiting_for(dora)
    assert largest > other > 0
    monkeypatch.setattr(limits, "TOTAL_HIGH_WATER", largest + other - 1)
    bob.sees("* carl has left (too far behind)")
    live.turns(3)
    assert not bob.was_told("dora has left")


@pytest.mark.variants("plain", "tls", "epoll")
def test_talkers_wait_while_many_lag_and_go_on_after(live: Live, room: list[Client]) -> None:
    ann, bob, carl, dora = room
    carl.stalls()
    dora.stalls()
    ann.says(*[f"{number:05} {LINE}" for number in range(900)])
    live.until_lagging(carl, dora)
    bob.says("can you hear me")
    live.turns(50)
    assert not ann.was_told("can you hear me")
    carl.sees("ann: 00000")
    ann.sees("bob: can you hear me")
    dora.sees("bob: can you hear me")
    bob.sees("ann: 00899")
    assert len(bob.lines("ann: ")) == 900


def test_readers_that_take_nothing_at_all_are_not_waited_for(live: Live, room: list[Client]) -> None:
    ann, bob, carl, dora = room
    carl.stalls()
    dora.stalls()
    ann.says(*[f"{number:05} {LINE}" for number in range(900)])
    live.until_lagging(carl, dora)
    live.clock.now += limits.STALLED
    bob.says("can you hear me")
    ann.sees("bob: can you hear me")
    assert live.connected() == 4


def test_what_was_read_before_the_many_lagged_waits_with_the_rest(
    live: Live, room: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob, _, _ = room
    monkeypatch.setattr(limits, "TURN_REQUESTS", 1)
    monkeypatch.setattr(limits, "TURN_INPUT", 1)
    ann.says("1", "2", "3")
    live.turns()
    with monkeypatch.context() as lagging:
        lagging.setattr(live.server._peers, "many_lag", lambda _readers, _now: True)
        live.turns(5)
        assert bob.lines("ann: ") == ["ann: 1"]
    bob.sees("ann: 3")


def test_a_flooder_cannot_grow_what_waits_faster_than_a_turn_allows(live: Live, room: list[Client]) -> None:
    ann, _, carl, dora = room
    carl.stalls()
    dora.stalls()
    ann.says(*[f"{number:05} {LINE}" for number in range(900)])
    live.turns(200)
    one_turn = limits.TURN_INPUT + limits.TURN_CHUNK + limits.TURN_REQUESTS * 1000
    assert max(map(live.waiting_for, (carl, dora))) <= limits.LAGGING + one_turn


def test_who_is_slow_to_read_what_it_asked_for_holds_up_nobody(live: Live, room: list[Client]) -> None:
    ann, bob, carl, dora = room
    ann.says(*[f"{number:05} {LINE}" for number in range(400)])
    for client in room:
        client.sees("00399") if client is not ann else live.turns()
    carl.stalls()
    dora.stalls()
    carl.says(*["/history 500"] * 3)
    dora.says(*["/history 500"] * 3)
    live.until_lagging(carl, dora)
    bob.says("can you hear me")
    ann.sees("bob: can you hear me")
