"""server.py: its start, its signals and its end."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import server
from chat import limits
from chat.effects import Effect
from runtime import bootstrap
from runtime.sockets import listen
from system.commands import interpreter
from tests.support.live import Live
from tests.support.patience import PATIENCE
from tools.shared.programs import free_port

# --- signals -----------------------------------------------------------------------------------------------------


@pytest.fixture
def signals() -> Iterator[None]:
    """Put back what `run` sets."""
    handlers = {
        number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
    }
    yield
    signal.set_wakeup_fd(-1)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def raise_in_the_loop(live: Live, monkeypatch: pytest.MonkeyPatch, *numbers: signal.Signals) -> None:
    """Let these signals come while the server turns."""
    tick, left = live.hub.tick, list(numbers)

    def tick_and_raise(now: float, at: float) -> list[Effect]:
        while left:
            signal.raise_signal(left.pop())
        return tick(now, at)

    monkeypatch.setattr(live.hub, "tick", tick_and_raise)


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_says_goodbye_to_everyone(live: Live, monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    live.clock.pace = 0.01
    ann, bob, carl = live.joins("ann"), live.joins_framed("bob"), live.connects()
    live.turns()
    raise_in_the_loop(live, monkeypatch, number)
    live.runs()
    for client in (ann, bob, carl):
        client.listens()
        assert client.was_told("The server is shutting down. Goodbye.")
        assert client.ended
        assert not client.was_reset
    assert not ann.was_told("has left")
    with pytest.raises(ConnectionRefusedError):
        live.connects()


def test_who_is_dismissed_before_its_greeting_is_not_greeted_after_its_goodbye(live: Live) -> None:
    ann = live.connects()
    live.turns()
    live.server._carry_out(live.hub.shut_down(), live.clock.now)
    live.clock.now += limits.GREETING_GRACE
    ann.sees("The server is shutting down. Goodbye.")
    ann.sees_the_end()
    assert not ann.was_told("Type the name")


@pytest.mark.usefixtures("signals")
def test_a_second_signal_waits_for_nobody(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = live.joins("ann")
    raise_in_the_loop(live, monkeypatch, signal.SIGTERM, signal.SIGTERM)
    live.runs()  # the clock stands still, so no deadline would end it
    ann.listens()
    assert ann.ended


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(
    ("number", "answer"),
    [
        (signal.SIGHUP, "Read the accounts again. Registered users: 0"),
        (signal.SIGUSR1, "Figures: users=0 connections=0"),
    ],
)
def test_a_signal_that_asks_is_answered_in_the_log(
    live: Live,
    log: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    answer: str,
) -> None:
    give_up, asked = time.monotonic() + PATIENCE, list[signal.Signals]()

    def tick(now: float, at: float) -> list[Effect]:
        if not asked:
            asked.append(number)
            signal.raise_signal(number)
        elif answer in log.text or time.monotonic() > give_up:
            signal.raise_signal(signal.SIGTERM)
        return []

    monkeypatch.setattr(live.hub, "tick", tick)
    live.runs()
    assert log.text.count(answer) == 1


# --- the start ---------------------------------------------------------------------------------------------------


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[server.Server]:
    """Let `main` return as soon as it would serve; hold what it would have served with."""
    made: list[server.Server] = []

    def run(self: server.Server) -> None:
        made.append(self)
        self.close()

    monkeypatch.setattr(server.Server, "run", run)
    return made


def start(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["server.py", *map(str, arguments), "--data", str(folder)])
    return server.main()


def test_the_start_says_how_to_join(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    log: pytest.LogCaptureFixture,
    served: list[server.Server],
) -> None:  # A1
    port = free_port()
    assert start(monkeypatch, tmp_path, port, "--host", "127.0.0.1", "--max-users", 7) == 0
    assert f"Listening on port {port}. Join with:" in log.text
    assert f"telnet 127.0.0.1 {port}  or  {interpreter()} myclient.py 127.0.0.1 {port}" in log.text
    hub = served[0]._hub
    assert (hub.state.settings.max_users, len(hub.room), hub.room.names()) == (7, 0, ())


def test_with_no_host_the_start_names_localhost_and_every_address_that_others_can_use(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    log: pytest.LogCaptureFixture,
    served: list[server.Server],
) -> None:
    monkeypatch.setattr("runtime.cli.own_addresses", lambda: ["192.0.2.1", "2001:db8::1"])
    port = free_port()
    assert start(monkeypatch, tmp_path, port) == 0
    assert served
    for host in ("localhost", "192.0.2.1", "2001:db8::1"):
        assert f"telnet {host} {port} " in log.text


def test_a_port_in_use_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (taken,) = listen("127.0.0.1", 0)
    with taken:
        port = taken.getsockname()[1]
        assert start(monkeypatch, tmp_path, port, "--host", "127.0.0.1") == 1
    assert capsys.readouterr().err.startswith(f"Port {port} is in use.")


def test_a_port_that_needs_more_rights_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(host: str, port: int) -> list[socket.socket]:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(bootstrap, "listen", refuse)
    assert start(monkeypatch, tmp_path, 23) == 1
    assert capsys.readouterr().err.startswith("Port 23 needs more rights than this user has.")


def test_accounts_that_cannot_be_read_are_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "users.txt").mkdir()
    assert start(monkeypatch, tmp_path, free_port(), "--host", "127.0.0.1") == 1
    assert capsys.readouterr().err.startswith("Cannot read ")
