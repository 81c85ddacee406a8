"""myclient.py with several servers, or a name that has several addresses: where it goes when one is gone. N3."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import repeat
from typing import Any

import pytest

import myclient
from client.cli import options
from client.cli.exits import Ending, Exit
from client.cli.tls_endings import Untrusted
from client.cli.trust_question import Declined
from client.core.servers import Place
from client.net.link import Link, connect
from client.net.servers import Servers
from protocol.events import Asked, Joined, Said, Welcomed
from protocol.requests import Line, Password
from tests.integration.test_myclient import client
from tests.integration.test_myclient_return import GOODBYE, PATIENT, Waits, comes_back, loses, repeats
from tests.support.programs import CTRL_D, Programs
from tests.support.scripted import Bot, Peer, Scripted


@pytest.fixture
def other() -> Iterator[Scripted]:
    """Another server, which plays scripts."""
    with closing(Scripted()) as server:
        yield server


@pytest.fixture
def bot(scripted: Scripted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bot:
    monkeypatch.delenv(options.PASSWORD_VARIABLE, raising=False)
    monkeypatch.setattr(myclient, "Backoff", lambda *_: Waits(repeat(0)))
    return Bot(scripted, capsys, monkeypatch)


# --- scripted ----------------------------------------------------------------------------------------------------


def test_a_line_without_an_answer_is_said_by_the_next_server(bot: Bot, other: Scripted) -> None:  # N3
    other.plays(repeats)
    assert bot.exits(loses, "hello\n", *PATIENT, also=[other]) is Exit.GOODBYE


def test_at_the_end_of_a_round_it_comes_back_to_the_first_server(
    bot: Bot, scripted: Scripted, other: Scripted
) -> None:  # N3
    def again(peer: Peer) -> None:
        comes_back(peer)
        peer.sends(Welcomed("bot", "epoch", 3, 1, resumed=True), Said(2, "bot", "hello", 0.0, 1), Joined(3, "bot", 1))
        peer.gets(Line("hello", 1))
        peer.gets(GOODBYE)

    other.plays(comes_back)
    first = iter([loses, again])
    assert bot.exits(lambda peer: play_both(peer, scripted, first), "hello\n", *PATIENT, also=[other]) is Exit.GOODBYE


def play_both(peer: Peer, scripted: Scripted, scripts: Iterator[Callable[[Peer], None]]) -> None:
    """Play the first script now and the second one to the next connection."""
    now, then = scripts
    scripted.plays(then)
    now(peer)


def test_a_password_goes_to_the_other_servers_that_were_named(
    bot: Bot, other: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:  # N3, T4
    monkeypatch.setenv(options.PASSWORD_VARIABLE, "hunter22")

    def lets_in(peer: Peer) -> None:
        peer.gets()
        peer.sends(Asked("password", "Its password?"))
        peer.gets(Password("hunter22"))
        peer.sends(Welcomed("bot", "epoch", 1, 1))
        peer.gets(Line("hello", 1))

    def asks(peer: Peer) -> None:
        comes_back(peer)
        peer.sends(Asked("password", "Its password?"))
        peer.gets(Password("hunter22"))
        peer.sends(Welcomed("bot", "epoch", 3, 1, resumed=True), Joined(3, "bot", 1))
        peer.gets(Line("hello", 1))
        peer.sends(Said(4, "bot", "hello", 0.0, 1))
        peer.gets(GOODBYE)

    other.plays(asks)
    assert bot.exits(lets_in, "hello\n", *PATIENT, also=[other]) is Exit.GOODBYE


def test_a_first_server_that_is_down_is_passed_over(bot: Bot, scripted: Scripted, other: Scripted) -> None:  # N3
    def welcomes(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("/disconnect", 1))

    other.plays(welcomes)
    scripted._listener.close()
    code = myclient.main([f"127.0.0.1:{scripted.port}", f"127.0.0.1:{other.port}", "--name", "bot", "--once", " "])
    assert code == Exit.GOODBYE.code


# --- which one it is -----------------------------------------------------------------------------------------------


def names(monkeypatch: pytest.MonkeyPatch, name: str, *addresses: str) -> None:
    """Let `name` lead to these addresses."""
    resolve = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **more: Any) -> list[Any]:
        hosts = addresses if host == name else (host,)
        return [found for one in hosts for found in resolve(one, port, *args, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def gone(where: str) -> Callable[[str], Link]:
    def connects(address: str) -> Link:
        raise Ending(Exit.CANNOT_CONNECT, f"{where} is gone at {address}.")

    return connects


def untrusted(where: str) -> Callable[[str], Link]:
    def connects(address: str) -> Link:
        raise Untrusted(f"{where} is not what it was.")

    return connects


ONE, TWO = Place("127.0.0.1", 1), Place("127.0.0.1", 2)


def test_every_address_of_a_name_is_tried_and_a_return_begins_behind_the_last_one(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:  # N3
    names(monkeypatch, "one.example", "127.0.0.3", "127.0.0.1", "127.0.0.4")
    tried = []

    def way(address: str) -> Link:
        tried.append(address)
        return connect("one.example", scripted.port, "", address)

    servers = Servers({Place("one.example", scripted.port): way})
    for _ in range(2):
        scripted.plays(lambda _: None)
        link = servers.connect()
        assert link.server.address == f"127.0.0.1, port {scripted.port}"
        assert len(link.server.named) == 3
        link.close()
    assert tried == ["127.0.0.3", "127.0.0.1", "127.0.0.4", "127.0.0.3", "127.0.0.1"]


@pytest.mark.parametrize(
    ("ways", "told"),
    [
        ({ONE: gone("one")}, "one is gone at 127.0.0.1."),
        ({ONE: gone("one"), TWO: gone("two")}, "one is gone at 127.0.0.1.\ntwo is gone at 127.0.0.1."),
        ({ONE: gone("one"), TWO: untrusted("two")}, "two is not what it was."),
        ({Place("nowhere.invalid", 1): gone("")}, "The host nowhere.invalid is not known. Check how it is spelled."),
    ],
)
def test_why_no_server_can_be_reached_is_told_of_each(ways: dict[Place, Any], told: str) -> None:  # N3
    with pytest.raises(Ending) as ended:
        Servers(ways).connect()
    assert (ended.value.how, ended.value.sentence) == (Exit.CANNOT_CONNECT, told)


def test_a_server_that_is_not_trusted_is_passed_over_and_the_user_is_told(scripted: Scripted) -> None:  # N3, T3
    scripted.plays(lambda _: None)
    here = Place("127.0.0.1", scripted.port)
    link = Servers({ONE: untrusted("one"), here: partial(connect, *here, "")}).connect()
    assert link.note == "one is not what it was."
    link.close()


class Stranger:
    """A server that the user may meet, or not."""

    def __init__(self, ending: Ending | None = None) -> None:
        self._ending = ending
        self.was_met = False

    def meet(self, _: object) -> None:
        self.was_met = True
        if self._ending is not None:
            raise self._ending


GONE = Ending(Exit.CANNOT_CONNECT, "gone")


def test_of_several_servers_the_user_meets_those_that_can_be_reached() -> None:  # N3, T3
    last = Stranger()
    strangers: Any = [Stranger(GONE), last]
    myclient._meet(strangers)
    assert last.was_met


@pytest.mark.parametrize("strangers", [[GONE], [None, Declined("no")], [Untrusted("not it"), None]])
def test_a_user_who_declines_goes_no_further(strangers: Any) -> None:  # N3, T3
    with pytest.raises(Ending):
        myclient._meet([Stranger(ending) for ending in strangers])  # type: ignore[misc]


# --- for real ----------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_client_whose_server_is_killed_goes_on_to_the_other_one(run: Programs) -> None:  # N3
    one = run.server()
    ports = [run.port]
    two = run.server("--data", str(run._folder / "two"))
    ports.append(run.port)
    ann = client(run, *(f"127.0.0.1:{port}" for port in ports), "--name", "ann")
    one.sees("ann (")
    ann.sees("ann>")
    one.signals(signal.SIGKILL)
    ann.sees("The connection was lost.")
    two.sees("ann (")
    ann.sees("ann>")
    ann.types("in another room")
    ann.sees("ann: in another room")
    run.server(port=ports[0])
    two.signals(signal.SIGTERM)
    ann.sees("The connection was lost.")
    ann.types("and back")
    ann.sees("ann: and back")
    ann.presses(CTRL_D)
