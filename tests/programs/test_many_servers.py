"""Three real servers that share a room in a real Redis; telnet, our client and nc, each at another one (N1 to N6)."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from chat.shared.outage import AWAY, BACK
from storage.passwords import PasswordHash
from tests.support.browsers import Browser
from tests.support.patience import PATIENCE
from tests.support.programs import Program, Programs, needs
from tools.shared.programs import HOST, free_port
from tools.shared.redis_server import DURABLE, RedisServer

pytest.importorskip("redis", reason="the package redis is not installed")
pytestmark = [pytest.mark.long, needs("redis-server"), needs("telnet"), needs("nc")]

NEW_LOG = "* The server has begun anew: what you may have missed can't be had any more."
NEW_LOG_IN_TEXT = "* Some of what was said here can't be told any more."
PASSWORD = "a word to pass"


class Cluster:
    """Redis, and three servers of one room in it. `telnet`, `client` and `nc` come in at the server of that number."""

    def __init__(self, run: Programs, folder: Path, redis: RedisServer) -> None:
        self.redis = redis
        self.ports = [free_port(random.Random()) for _ in range(3)]
        self._run = run
        self._folder = folder
        self.servers = [self.starts(number) for number in range(3)]

    def starts(self, number: int) -> Program:
        """Start a server, again if need be."""
        port = self.ports[number]
        files = ("--data", str(self._folder / str(number)))
        return self._run.server("--room", self.redis.address(), "--operator", "ann", *files, port=port)

    def kills(self, number: int) -> None:
        self.servers[number].signals(signal.SIGKILL)
        self.servers[number].ends()

    def telnet(self, number: int, name: str) -> Program:
        self._run.port = self.ports[number]
        return self._run.joins(self._run.telnet(), name)

    def nc(self, number: int, name: str) -> Program:
        self._run.port = self.ports[number]
        return self._run.joins(self._run.nc(), name)

    def client(self, name: str, *numbers: int) -> Program:
        """Start our client, without a terminal, with the addresses of these servers."""
        addresses = [f"{HOST}:{self.ports[number]}" for number in numbers]
        client = self._run.program(sys.executable, "myclient.py", *addresses, "--name", name, "--wait", "60")
        client.sees(f"Welcome, {name}.")
        return client


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    (tmp_path / "redis").mkdir()
    with contextlib.closing(RedisServer(tmp_path / "redis", *DURABLE)) as started:
        yield started


@pytest.fixture
def cluster(run: Programs, tmp_path: Path, redis: RedisServer) -> Cluster:
    return Cluster(run, tmp_path, redis)


def test_three_programs_at_three_servers_have_one_conversation(cluster: Cluster) -> None:  # N1
    ann, bob, carl = cluster.telnet(0, "ann"), cluster.client("bob", 1), cluster.nc(2, "carl")
    ann.sees("* carl has connected. Users here: 3")
    bob.sees("* carl has connected. Users here: 3")
    ann.types("hello all")
    carl.sees("ann: hello all\r\n")
    bob.sees("ann: hello all")
    bob.types("hello ann")
    for other in (ann, carl):
        other.sees("bob: hello ann")
    carl.types("hello you two")
    for other in (ann, bob):
        other.sees("carl: hello you two")
    for one in (ann, bob, carl):
        one.types("/users")
        one.sees("Connected users: 3")
        for name in ("ann", "bob", "carl"):
            one.sees(name)
    carl.types("/whisper ann just you")
    ann.sees("carl whispers: just you")
    carl.sees("Whispered to ann.")
    ann.types("/whisper bob and you")
    bob.sees("ann -> you: and you")
    carl.types("/nick Ann")
    carl.sees("Ann is in use.")
    ann.types("/search hello all")
    ann.sees("ann: hello all")
    bob.types("/quit")
    for other in (ann, carl):
        other.sees("* bob has left (goodbye). Users here: 2")
    assert "just you" not in bob.text
    assert "and you" not in carl.text


def test_a_name_that_three_want_at_once_goes_to_one_of_them(cluster: Cluster) -> None:  # N1
    chance = random.Random(1)
    for number in range(100):
        name = b"racer%d" % number
        with contextlib.ExitStack() as closing:
            racers = [closing.enter_context(socket.create_connection((HOST, port))) for port in cluster.ports]
            for racer in chance.sample(racers, len(racers)):
                racer.sendall(name + b"\r\n")
            told = [answer(racer, b"Welcome, " + name, name + b" is in use") for racer in racers]
        assert sorted(told) == [0, 1, 1], name


def answer(sock: socket.socket, *answers: bytes) -> int:
    """Return the index of the one of the `answers` that comes."""
    sock.settimeout(PATIENCE)
    heard = b""
    while not any(words in heard for words in answers):
        chunk = sock.recv(4096)
        assert chunk, heard
        heard += chunk
    return next(index for index, words in enumerate(answers) if words in heard)


def test_bans_mutes_and_accounts_hold_at_every_server(cluster: Cluster) -> None:  # N1, M2
    ann, bob, carl = cluster.telnet(0, "ann"), cluster.telnet(1, "bob"), cluster.nc(2, "carl")
    ann.types(f"/register {PASSWORD}")
    ann.sees("You are an operator")
    ann.types("/mute carl 10m")
    carl.sees("muted")
    carl.types("can you hear me?")
    carl.sees("! You are muted")
    ann.types("/ban bob 2h too loud")
    bob.sees("! You are banned for another 2 h: too loud.")
    bob.sees("Connection closed by foreign host.")
    for other in (ann, carl):  # at the two servers that have still to hear of it
        other.sees("* bob has left")
    for port in cluster.ports:
        with socket.create_connection((HOST, port)) as sock:
            sock.sendall(b"bob\r\n")
            assert answer(sock, b"You are banned for another 2 h") == 0
    ann.types("/kick carl")
    carl.sees("ann has removed you from the chat")
    for port in cluster.ports:
        with socket.create_connection((HOST, port)) as sock:
            sock.sendall(b"ann\r\n")
            assert answer(sock, b"Its password", b"is in use") in (0, 1)
    dora = cluster.nc(2, "dora")
    ann.types("/quit")
    ann.sees("Goodbye.")
    dora.sees("* ann has left")
    with socket.create_connection((HOST, cluster.ports[2])) as sock:
        sock.sendall(b"ann\r\n")
        answer(sock, b"Its password")
        sock.sendall(f"{PASSWORD}\r\n".encode())
        answer(sock, b"You are an operator")
    assert "can you hear me?" not in ann.text


def test_the_accounts_of_a_server_s_users_txt_are_brought_in_once(
    cluster: Cluster, run: Programs, tmp_path: Path
) -> None:  # N1, D9
    ann = cluster.telnet(0, "ann")  # who has no account yet
    file = tmp_path / "users.txt"
    file.write_text(f"ann:{PasswordHash.of(PASSWORD)}:operator\nbob:damaged\n")
    for told in ("Brought in: 1, 1 of them operators. There before: 0.", "Brought in: 0, 0 of them operators."):
        command = run.program(sys.executable, "server.py", "import-users", str(file), "--room", cluster.redis.address())
        command.sees(told)
        command.sees("line 2 was left out: it holds no scrypt hash.")
        assert command.ends() == 1
    owner = cluster.nc(2, "carl")
    owner.types("/nick ann")
    owner.sees("ann is registered. Its password")
    owner.types(PASSWORD)
    ann.sees("ann is registered, and its owner has come with the password.")
    owner.sees("You are an operator")


def test_the_users_of_a_killed_server_are_out_and_told_once(cluster: Cluster) -> None:  # N4
    ann, carl = cluster.telnet(0, "ann"), cluster.client("carl", 2)
    names = ["bob", "dora", "eve"]
    for name in names:
        cluster.telnet(1, name)
    cluster.kills(1)
    for other in (ann, carl):
        other.sees("* eve has left")
    cluster.telnet(0, "bob")
    again = cluster.telnet(2, "dora")
    again.types("/users", "done")
    again.sees("Connected users: 4")
    for other in (ann, carl):
        other.sees("dora: done")
        assert [other.text.count(f"* {name} has left") for name in names] == [1, 1, 1]


def test_a_client_whose_server_is_killed_goes_on_at_another_and_misses_nothing(cluster: Cluster) -> None:  # N3
    ann, bob = cluster.telnet(0, "ann"), cluster.client("bob", 1, 2)
    ann.sees("* bob has connected.")
    for number in range(20):
        ann.types(f"before {number}")
    bob.sees("before 5")
    cluster.kills(1)
    bob.types("where am I?")
    for number in range(20):
        ann.types(f"after {number}")
    bob.sees("after 19")
    ann.sees("bob: where am I?")
    bob.types("here")
    ann.sees("bob: here")
    said = [line.partition("ann: ")[2] for line in bob.text.splitlines() if "ann: " in line]
    assert said == [f"{when} {number}" for when in ("before", "after") for number in range(20)]
    assert ann.text.count("where am I?") == 1


def test_a_server_that_was_stopped_takes_its_users_in_again(cluster: Cluster) -> None:  # N4
    ann, bob = cluster.telnet(0, "ann"), cluster.telnet(1, "bob")
    cluster.servers[1].signals(signal.SIGSTOP)
    bob.types("do you hear me?")
    ann.sees("* bob has left")
    ann.types("bob is away")
    cluster.servers[1].signals(signal.SIGCONT)
    ann.sees("* bob has connected.")
    bob.sees("ann: bob is away")
    ann.sees("bob: do you hear me?")
    bob.types("here")
    ann.sees("bob: here")
    assert ann.text.count("do you hear me?") == 1


@pytest.mark.parametrize("is_killed", [False, True], ids=["stopped", "killed"])
def test_while_redis_is_away_nobody_is_dropped_and_all_are_told_once(cluster: Cluster, is_killed: bool) -> None:  # N5
    users = [cluster.telnet(0, "ann"), cluster.client("bob", 1), cluster.nc(2, "carl")]
    redis = cluster.redis
    (redis.kill if is_killed else redis.freeze)()
    for user in users:
        user.sees(f"* {AWAY[:60]}")
    users[0].types("is anybody there?")
    (redis.start if is_killed else redis.thaw)()
    told = (AWAY[:60], BACK, "ann: is anybody there?")  # the last two in any order: reading may go on before writing
    for user in users:
        user.comes_to(partial(counts, user, told), [1, 1, int(user is not users[0])])
    users[2].types("yes")
    for user in users[:2]:
        user.sees("carl: yes")
    for user in users:
        assert counts(user, told) == [1, 1, int(user is not users[0])]
        assert "has left" not in user.text


@needs("chromium")
@needs("chromedriver")
def test_the_page_says_at_its_entrance_that_the_room_can_t_be_reached(cluster: Cluster, browser: Browser) -> None:  # N5
    bob, ann = cluster.nc(0, "bob"), browser.tab(cluster.ports[1])
    cluster.redis.freeze()
    bob.sees(f"* {AWAY[:60]}")
    ann.enters("ann")
    ann.sees("can't reach each other", "#entry-error")
    cluster.redis.thaw()
    ann.sees("Welcome, ann")
    bob.sees("* ann has connected.")


def counts(user: Program, texts: tuple[str, ...]) -> list[int]:
    """Return how often each of the `texts` has come."""
    return [user.text.count(text) for text in texts]


def test_a_redis_that_lost_its_end_is_noticed_and_every_client_told_of_the_gap(cluster: Cluster) -> None:  # N6
    bob, carl, dora = (cluster.client(name, number) for number, name in enumerate(("bob", "carl", "dora")))
    ann = cluster.telnet(0, "ann")
    bob.types("this stays")
    ann.sees("bob: this stays")
    kept = cluster.redis.append_only_file().stat().st_size
    bob.types("this is lost")
    for other in (ann, carl, dora):
        other.sees("bob: this is lost")
    cluster.redis.kill()
    os.truncate(cluster.redis.append_only_file(), kept)
    cluster.redis.start()
    for user in (bob, carl, dora):
        user.sees(NEW_LOG)
    ann.sees(NEW_LOG_IN_TEXT)
    for speaker, others in ((ann, (bob, carl, dora)), (carl, (ann, bob, dora)), (bob, (ann, carl, dora))):
        speaker.types(f"{id(speaker)} is heard")
        for other in others:
            other.sees(f"{id(speaker)} is heard")
    again = cluster.telnet(1, "eve")
    again.types("/users")
    again.sees("Connected users: 5\n")
    assert sorted(again.line().split(", ")) == ["ann", "bob", "carl", "dora", "eve"]


def test_a_server_ends_though_redis_is_stopped(cluster: Cluster) -> None:  # N5
    ann = cluster.client("ann", 0)
    cluster.redis.freeze()
    cluster.servers[0].signals(signal.SIGTERM)
    ann.sees("shutting down")
    assert cluster.servers[0].ends() == 0
