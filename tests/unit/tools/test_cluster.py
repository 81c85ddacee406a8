"""tools/cluster.py: one room on three servers, to play with."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.support.programs import Program, Programs, needs
from tools.cluster import COUNT
from tools.shared.programs import HOST, free_port, hold_port

pytest.importorskip("redis", reason="the package redis is not installed")
pytestmark = [needs("redis-server"), needs("nc")]


def ports_in_a_row() -> list[int]:
    """Return as many free ports as the cluster needs."""
    while True:
        first = free_port(random.Random())
        with contextlib.suppress(OSError):
            return [first, *(hold_port(first + more) for more in range(1, COUNT))]


class Cluster(NamedTuple):
    """The program, and the ports of its servers."""

    program: Program
    ports: list[int]

    def is_there(self) -> None:
        self.program.sees("Ctrl-C ends it all.")
        for port in self.ports:
            self.program.sees(f"telnet localhost {port}   (process ")


@pytest.fixture
def cluster(run: Programs) -> Iterator[Cluster]:
    ports = ports_in_a_row()
    program = run.program(sys.executable, "-m", "tools.cluster", str(ports[0]))
    yield Cluster(program, ports)
    program.signals(signal.SIGTERM)  # so that it ends its servers, if it runs
    program.ends()


def comes_in(run: Programs, port: int, name: str) -> Program:
    run.port = port
    return run.joins(run.nc(), name)


def nobody_listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port)).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_three_servers_are_one_room_until_it_is_ended(
    run: Programs, cluster: Cluster, number: signal.Signals
) -> None:  # N1
    program, ports = cluster
    cluster.is_there()
    ann, bob = comes_in(run, ports[0], "ann"), comes_in(run, ports[-1], "bob")
    ann.sees("* bob has connected.")
    bob.types("hello from afar")
    ann.sees("bob: hello from afar")
    program.signals(number)
    program.sees("Ending it all")
    ann.sees("The server is shutting down. Goodbye.")
    assert program.ends() == 0
    redis = re.search(r"redis://[^:]*:(\d+)/", program.text)
    assert redis is not None
    assert all(nobody_listens(port) for port in (*ports, int(redis[1])))


def test_a_server_that_has_ended_is_told(cluster: Cluster) -> None:
    program, ports = cluster
    cluster.is_there()
    pids = [int(pid) for pid in re.findall(r"localhost \d+   \(process (\d+),", program.text)]
    os.kill(pids[1], signal.SIGKILL)
    program.sees(f"The server at port {ports[1]} has ended (-9).")
    os.kill(pids[0], signal.SIGTERM)
    program.sees(f"The server at port {ports[0]} has ended (0).")
    os.kill(pids[2], signal.SIGTERM)
    assert program.ends() == 0


def test_a_port_in_use_is_told_before_anything_is_started(run: Programs) -> None:
    ports = ports_in_a_row()
    with socket.create_server((HOST, ports[1])):
        program = run.program(sys.executable, "-m", "tools.cluster", str(ports[0]))
        assert program.ends() == 1
    assert program.text == f"Port {ports[1]} is in use. Stop what uses it, or name another first port.\n"
