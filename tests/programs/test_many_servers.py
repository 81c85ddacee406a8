"""Three servers and one Redis, all of them real: one room (N1, N4, N5)."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import Program, Programs, needs
from tools.shared.redis_server import DURABLE, RedisServer

pytestmark = [needs("redis-server"), needs("telnet"), needs("nc"), pytest.mark.long]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path, *DURABLE)
    yield server
    server.close()


class Rooms:
    """So many servers of one room; each has its programs."""

    def __init__(self, run: Programs, folder: Path, redis: RedisServer, count: int) -> None:
        self._run = run
        self.servers: list[Program] = []
        self.ports: list[int] = []
        for number in range(count):
            data = ("--data", str(folder / str(number)))
            self.servers.append(run.server("--room", redis.address("lobby"), *data))
            self.ports.append(run.port)

    def telnet(self, at: int, name: str) -> Program:
        return self._run.joins(self._run.program("telnet", "127.0.0.1", str(self.ports[at])), name)

    def nc(self, at: int, name: str) -> Program:
        return self._run.joins(self._run.program("nc", "127.0.0.1", str(self.ports[at])), name)

    def client(self, name: str, *at: int) -> Program:
        """Start myclient.py with the addresses of these servers."""
        servers = [f"127.0.0.1:{self.ports[each]}" for each in at]
        client = self._run.program(sys.executable, "myclient.py", *servers, "--name", name)
        client.sees(f"Welcome, {name}.")
        return client


def test_users_of_three_servers_are_in_one_room(run: Programs, tmp_path: Path, redis: RedisServer) -> None:  # N1
    rooms = Rooms(run, tmp_path, redis, 3)
    ann = rooms.telnet(0, "ann")
    bob = rooms.client("bob", 1)
    ann.sees("bob has connected. Users here: 2")
    carl = rooms.nc(2, "carl")
    ann.sees("carl has connected. Users here: 3")
    ann.types("hello all")
    for other in (bob, carl):
        other.sees("ann: hello all")
    bob.types("/whisper carl between us")
    carl.sees("bob whispers: between us")
    carl.types("/users")
    carl.sees("ann, bob, carl")
    carl.types("/nick Ann")
    carl.sees("Ann is in use.")
    ann.types("/search hello")
    ann.sees("ann: hello all")
    assert "between us" not in ann.text


def test_a_client_whose_server_is_killed_goes_on_with_another_one(
    run: Programs, tmp_path: Path, redis: RedisServer
) -> None:  # N3, N4
    rooms = Rooms(run, tmp_path, redis, 2)
    ann = rooms.telnet(1, "ann")
    bob = rooms.client("bob", 0, 1)
    dora = rooms.telnet(0, "dora")
    ann.sees("dora has connected. Users here: 3")
    rooms.servers[0].signals(signal.SIGKILL)
    bob.types("am I still here?")
    ann.sees("bob: am I still here?")
    ann.sees("dora has left")
    dora.ends()
    ann.types("yes")
    bob.sees("ann: yes")
    assert ann.text.count("am I still here?") == 1


def test_a_redis_that_is_stopped_for_a_while_drops_nobody(
    run: Programs, tmp_path: Path, redis: RedisServer
) -> None:  # N5
    rooms = Rooms(run, tmp_path, redis, 2)
    ann, bob = rooms.telnet(0, "ann"), rooms.telnet(1, "bob")
    ann.sees("bob has connected")
    redis.freeze()
    ann.types("one")
    ann.sees("can't reach each other")
    ann.types("two")
    redis.thaw()
    bob.sees("ann: one")
    bob.sees("ann: two")
    ann.sees("reach each other again")
    redis.kill()
    bob.types("three")
    redis.start()
    ann.sees("bob: three")
    assert "has left" not in ann.text + bob.text


def test_a_server_ends_though_redis_is_stopped(run: Programs, tmp_path: Path, redis: RedisServer) -> None:  # N5
    rooms = Rooms(run, tmp_path, redis, 1)
    ann = rooms.client("ann", 0)
    redis.freeze()
    rooms.servers[0].signals(signal.SIGTERM)
    ann.sees("shutting down")
    assert rooms.servers[0].ends() == 0
