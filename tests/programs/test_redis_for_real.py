"""Real servers of a room whose Redis is reached by TLS and a password, or is taken over by its replica (N1, N6)."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tests.support.programs import Program, Programs, needs
from tools.shared.programs import HOST, free_port
from tools.shared.proxy import Proxy
from tools.shared.redis_server import DURABLE, RedisServer
from tools.shared.tls import make_certificate

redis = pytest.importorskip("redis", reason="the package redis is not installed")
pytestmark = [pytest.mark.long, pytest.mark.timeout(180), needs("redis-server"), needs("nc"), needs("openssl")]

SECRET = "sesame"  # as a URL has it, too
LOST = "* Some of what was said here can't be told any more."
NEW_LOG = "* The server has begun anew: what you may have missed can't be had any more."


def two_servers(run: Programs, folder: Path) -> tuple[Program, Program, list[Program]]:
    """Start two servers, of the room that the environment names; return ann and bob, one at each, and the servers."""
    servers = [run.server("--data", str(folder / "one"))]
    ann = run.joins(run.nc(), "ann")
    servers.append(run.server("--data", str(folder / "two")))
    bob = run.program(sys.executable, "myclient.py", HOST, str(run.port), "--name", "bob", "--wait", "60")
    ann.sees("* bob has connected.")
    return ann, bob, servers


def talk(ann: Program, bob: Program, number: int) -> None:
    """Let both say something that the other hears."""
    ann.types(f"hello {number}")
    bob.sees(f"ann: hello {number}")
    bob.types(f"hello again {number}")
    ann.sees(f"bob: hello again {number}")


# --- TLS and a password ----------------------------------------------------------------------------------------------


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """A Redis with a user `chat`; return its port for TLS, and the authority of its certificate."""
    cert, key = make_certificate(str(tmp_path))  # for localhost and 127.0.0.1
    port = free_port(random.Random())
    tls = ("--tls-port", str(port), "--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "no")
    user = ("--user", "chat", "on", f">{SECRET}", "~{room}:*", "&*", "+@all")
    options = (*DURABLE, *tls, *user, "--bind", HOST, "127.0.0.2")
    (tmp_path / "redis").mkdir()
    with contextlib.closing(RedisServer(tmp_path / "redis", *options)):
        yield port, cert


def test_a_room_is_reached_by_tls_and_with_a_password(
    run: Programs, tmp_path: Path, secured: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:  # N1
    port, cert = secured
    monkeypatch.setenv("SSL_CERT_FILE", cert)
    monkeypatch.setenv("CHAT_SERVER_ROOM", f"rediss://chat:{SECRET}@localhost:{port}/room")
    ann, bob, servers = two_servers(run, tmp_path)
    talk(ann, bob, 1)
    for server in servers:
        assert f"The room is rediss://localhost:{port}/room. appendonly yes" in server.text
        assert SECRET not in server.text


@pytest.mark.parametrize(
    ("address", "knows", "why"),
    [
        (f"chat:{SECRET}@localhost", False, ("Cannot reach URL: ", "certificate verify failed")),
        (f"chat:{SECRET}@127.0.0.2", True, ("Cannot reach URL: ", "certificate is not valid for '127.0.0.2'")),
        (
            "chat:wrong@localhost",
            True,
            ("URL refuses this server: invalid username-password pair", "Give --room a user"),
        ),
    ],
    ids=["no authority", "another name", "a wrong password"],
)
def test_a_redis_that_is_not_the_right_one_is_refused_without_telling_the_password(
    run: Programs,
    secured: tuple[int, str],
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    knows: bool,
    why: tuple[str, ...],
) -> None:  # N1
    port, cert = secured
    if knows:
        monkeypatch.setenv("SSL_CERT_FILE", cert)
    monkeypatch.setenv("CHAT_SERVER_ROOM", f"rediss://{address}:{port}/room")
    own = (str(free_port(random.Random())), "--host", HOST, "--data", str(Path(cert).parent / "one"))
    server = run.program(sys.executable, "server.py", *own)
    assert server.ends() == 1
    login, _, host = address.partition("@")
    told = server.text.replace(f"rediss://{host}:{port}/room", "URL")
    assert all(words in told for words in why), told
    assert login.partition(":")[2] not in server.text


# --- a replica takes over --------------------------------------------------------------------------------------------


class Pair:
    """A Redis, its replica, and the address by which servers reach the one that is the master."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        (folder / "first").mkdir()
        (folder / "second").mkdir()
        self.first = RedisServer(folder / "first", *DURABLE)
        stack.callback(self.first.close)
        self.second = RedisServer(folder / "second", *DURABLE, "--replicaof", HOST, str(self.first.port))
        stack.callback(self.second.close)
        self._proxy = stack.enter_context(Proxy((HOST, self.first.port)))
        self.address = f"redis://{HOST}:{self._proxy.address[1]}/room"

    def is_copied(self) -> None:
        """Wait until the replica has all."""
        with contextlib.closing(redis.Redis(HOST, self.first.port)) as client:
            client.set("a key of somebody else", "x")
            assert client.wait(1, int(PATIENCE * 1000)) == 1

    def promote(self) -> None:
        """Let the replica be a master."""
        with contextlib.closing(redis.Redis(HOST, self.second.port)) as client:
            client.replicaof("NO", "ONE")

    def move(self) -> None:
        """Let servers reach the one that was the replica."""
        self._proxy.move((HOST, self.second.port))


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    with contextlib.ExitStack() as stack:
        made = Pair(tmp_path, stack)
        monkeypatch.setenv("CHAT_SERVER_ROOM", made.address)
        made.is_copied()
        yield made


def test_when_a_replica_takes_over_that_has_all_nobody_misses_anything(
    run: Programs, tmp_path: Path, pair: Pair
) -> None:  # N6
    ann, bob, servers = two_servers(run, tmp_path)
    assert "1 replica: when one takes over, what it had not received yet is lost." in servers[1].text
    talk(ann, bob, 1)
    pair.is_copied()
    pair.first.kill()
    ann.types("is anybody there?")
    pair.promote()
    pair.move()
    bob.sees("ann: is anybody there?")
    talk(ann, bob, 2)
    assert bob.text.count("is anybody there?") == 1
    assert LOST not in ann.text
    assert NEW_LOG not in bob.text
    for told in (ann.text, bob.text):
        assert "has left" not in told


def test_what_a_replica_that_takes_over_had_not_received_is_missed_and_told(
    run: Programs, tmp_path: Path, pair: Pair
) -> None:  # N6
    ann, bob, _ = two_servers(run, tmp_path)
    talk(ann, bob, 1)
    pair.is_copied()
    pair.promote()  # while servers still reach the old master
    talk(ann, bob, 2)
    pair.move()
    ann.sees(LOST)
    bob.sees(NEW_LOG)
    talk(ann, bob, 3)
    new = run.joins(run.nc(), "carl")
    new.types("/history")
    new.sees("bob: hello again 3")
    assert "hello 1" in new.text
    assert "hello 2" not in new.text
