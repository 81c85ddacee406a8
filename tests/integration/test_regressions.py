"""What miniircd and `ncat --chat` get wrong, and what went wrong here: each once, by its name."""

from __future__ import annotations

import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat import limits
from protocol.lines import LINE_LIMIT, LineCodec
from storage.users_file import Accounts
from tests.support.crowd import Crowd
from tests.support.live import Live
from tests.support.patience import PATIENCE
from tests.support.programs import Programs
from tools.shared.sockets import room_for

pytestmark = pytest.mark.variants("plain", "tls")

# --- miniircd, ncat --chat ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("packet", ["QUIT\r\nJOIN ghost\r\n", "JOIN ann\r\nQUIT\r\nJOIN ghost\r\nBCST boo\r\n"])
def test_joining_behind_a_goodbye_in_one_packet_leaves_no_ghost(live: Live, packet: str) -> None:
    bob, ann = live.joins("bob"), live.connects()
    ann.sends(packet.encode())
    ann.sees_the_end()
    assert ann.heard.endswith(b"Goodbye.\r\n")
    live.turns(3)
    assert live.hub.room.names() == ("bob",)
    assert not bob.was_told("ghost")
    assert not bob.was_told("boo")


# Holds 60 descriptors in the server from its start, so that 1,024 is reached before it has all the peers it would take.
HOLDING_60 = """
import os, sys
for _ in range(60):
    os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_more_descriptors_than_select_can_hold_kill_nobody(tmp_path: Path) -> None:
    with room_for(1300), Programs(tmp_path) as run, Crowd() as crowd:
        run.server(before=(sys.executable, "-c", HOLDING_60))
        for _ in range(1000):
            crowd.connects(run.port)
        first, *_, last = crowd.heard
        crowd.listens_until(lambda heard: heard.endswith(b"The server is full. Try again later.\r\n"), [last])
        first.sendall(b"ann\r\n/ping\r\n")
        crowd.listens_until(lambda heard: heard.endswith(b"pong\r\n"), [first])


def test_one_reader_that_stalls_freezes_nobody(live: Live) -> None:
    ann, bob, carl, dora = (live.joins(name) for name in ("ann", "bob", "carl", "dora"))
    carl.stalls()
    for number in range(600):
        ann.says(f"{number:03} " + "x" * 1000)
    bob.sees("ann: 599")
    assert live.waiting_for(carl) > limits.LAGGING
    bob.says("still here")
    dora.sees("bob: still here")
    carl.sees("ann: 599")


def test_bytes_without_a_line_end_are_neither_kept_nor_split_again() -> None:
    codec = LineCodec()
    chunk = b"x" * limits.TURN_CHUNK
    codec.feed(chunk)
    tracemalloc.start()
    told = [item for _ in range(1000) for item in codec.feed(chunk)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told == []
    assert peak < 4 * (LINE_LIMIT + limits.TURN_CHUNK)
    assert codec.feed(b"\nhello\n") == [b"hello"]


def test_a_line_that_never_ends_is_answered_once_and_the_next_one_is_heard(live: Live) -> None:
    ann = live.joins("ann")
    ann.sends(b"x" * 100_000)
    ann.sees("longer than 4096 bytes and was dropped")
    ann.sends(b"\r\n/ping\r\n")
    ann.sees("pong")
    assert len(ann.lines("! ")) == 1


def test_the_farewell_arrives_before_the_socket_closes(live: Live) -> None:
    ann = live.joins("ann")
    ann.sends(b"/quit\r\n" + b"x" * 100_000)
    ann.sees("Goodbye.\r\n")
    ann.sees_the_end()


def test_a_line_in_two_packets_is_one_message(live: Live) -> None:
    ann, bob = live.joins("ann"), live.joins("bob")
    ann.sends(b"par")
    live.turns(3)
    assert not bob.was_told("par")
    ann.sends(b"tial\n")
    bob.sees("ann: partial\r\n")


def test_letters_beyond_ascii_arrive_as_they_were_even_cut_in_two(live: Live) -> None:
    ann, bob = live.joins("ann"), live.joins("bob")
    sent = "caf\u00e9 \u4f60\u597d \U0001f600\r\n"
    for byte in sent.encode():
        ann.sends(bytes([byte]))
        live.turns()
    bob.sees(f"ann: {sent}")


def test_nobody_is_told_anybody_s_address(live: Live) -> None:
    bob, carl = live.joins("bob"), live.joins_framed("carl")
    ann = live.joins("ann")
    ann.says("hi", "/users", "/help", "/whisper bob hi", "/nick eve", "/quit")
    ann.sees_the_end()
    bob.sees("* eve has left")
    carl.sees('"type":"left"')
    for client in (ann, bob, carl):
        assert not client.was_told("127.0.0.1")
        assert not client.was_told(str(ann.sock.getsockname()[1]))


# --- here --------------------------------------------------------------------------------------------------------


def test_a_reader_that_was_dropped_for_lagging_holds_up_nobody_while_it_is_closing(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counted as lagging until it was closed, so a small room stood still for two seconds."""
    monkeypatch.setattr(limits, "HIGH_WATER", 200 * limits.KIB)
    ann, bob, carl, _ = (live.joins(name) for name in ("ann", "bob", "carl", "dora"))
    carl.stalls()
    for number in range(900):
        ann.says(f"{number:03} " + "x" * 1000)
    bob.sees("* carl has left (too far behind)")
    bob.sees("ann: 899")
    assert live.connected() == 4


# --- issue 10, 16: those who wait for a password to be checked are not read, so their end was not noticed ----------


@pytest.fixture
def go_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Return what lets passwords be checked, each of which is the right one."""
    event = threading.Event()
    monkeypatch.setattr(Accounts, "check", lambda *_: event.wait(PATIENCE))
    yield event
    event.set()


needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="POLLRDHUP is Linux's")


@needs_linux
def test_who_waits_for_a_password_to_be_checked_and_is_gone_is_lost_at_once(live: Live, go_on: threading.Event) -> None:
    first, second = live.connects(), live.connects()
    first.says("JOIN ann secret12")
    second.says("JOIN ann secret12")
    live.until(lambda: len(live.server._services.waiting()) == 2, "nothing was asked")
    second.resets()
    live.until(lambda: live.connected() == 1, "the end was not noticed")
    assert not go_on.is_set()


@needs_linux
def test_who_has_sent_an_end_while_it_is_checked_comes_in_and_is_heard(live: Live, go_on: threading.Event) -> None:
    bob, ann = live.joins("bob"), live.connects()
    ann.sends(b"JOIN ann secret12\r\nBCST hello\r\n")
    ann.ends_sending()
    live.until(lambda: live.server._services._accounts.ended, "the end was not noticed")
    go_on.set()
    bob.sees("ann: hello")
    ann.sees_the_end()
