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
from client.core.session import ClientSession
from client.net.link import Link, connect
from client.net.servers import Servers, meet
from protocol.errors import ErrorCode
from protocol.events import Asked, Dismissed, Joined, Said, Welcomed, refusal
from protocol.requests import Hello, Line, Password
from tests.integration.test_myclient import client
from tests.integration.test_myclient_return import GOODBYE, PATIENT, Waits, comes_back, loses, repeats
from tests.support.programs import CTRL_D, Programs
from tests.support.scripted import Bot, Peer, Scripted, Typed
from tools.shared.programs import free_port


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


# --- the first connection: a server that does not let us in --------------------------------------------------------


def is_full(peer: Peer) -> None:
    peer.gets()
    peer.sends(refusal(ErrorCode.SERVER_FULL), Dismissed("Closing."))


def says_nothing(peer: Peer) -> None:
    peer.gets()


def is_no_chat(peer: Peer) -> None:
    peer.sends_bytes(b"220 mail.example.org ESMTP\r\n")


def speaks_tls(peer: Peer) -> None:
    peer.sends_bytes(b"\x15\x03\x01\x00\x02\x02\x46")


def speaks_nonsense(peer: Peer) -> None:
    peer.sends_bytes(b"\x00\xff\xff\xff\xff")
    peer.listens()


def keeps_silent(peer: Peer) -> None:
    peer.listens()


@pytest.mark.parametrize("turns_away", [is_full, says_nothing, is_no_chat, speaks_tls, speaks_nonsense])
def test_a_first_server_that_lets_nobody_in_is_passed_over(
    bot: Bot, other: Scripted, turns_away: Callable[[Peer], None]
) -> None:  # N3
    other.plays(welcomes)
    assert bot.exits(turns_away, "", also=[other]) is Exit.GOODBYE


def welcomes(peer: Peer) -> None:
    hello = peer.gets()
    assert isinstance(hello, Hello)
    assert (hello.name, hello.resume, hello.attempt) == ("bot", None, 2)
    peer.sends(Welcomed("bot", "epoch", 1, 1))
    peer.gets(Line("/disconnect", 1))


def test_a_first_server_that_keeps_silent_is_passed_over(
    bot: Bot, other: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:  # N3
    overdue = iter([True])  # the first server; the next one has all the time it needs
    monkeypatch.setattr(ClientSession, "is_overdue", lambda *_: next(overdue, False))
    monkeypatch.setattr(myclient, "TICK", 0.01)
    other.plays(welcomes)
    assert bot.exits(keeps_silent, "", also=[other]) is Exit.GOODBYE


def test_every_address_of_a_name_is_tried_before_the_client_gives_up(
    bot: Bot, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:  # N3
    names(monkeypatch, "one.example", "127.0.0.1", "localhost")
    scripted.plays(is_full)
    heard = "Not let in: The server is full. Try again later.\n"
    assert myclient.main(["one.example", str(scripted.port), "--name", "bot", "--once", "x"]) == Exit.REFUSED.code
    bot.reads()
    assert bot.err == heard


def test_when_no_server_lets_us_in_one_sentence_says_why(bot: Bot, scripted: Scripted, other: Scripted) -> None:  # N3
    down = free_port()
    scripted.plays(is_full)
    other.plays(says_nothing)
    places = [f"127.0.0.1:{port}" for port in (scripted.port, down, other.port)]
    assert myclient.main([*places, "--name", "bot", "--once", "x"]) == Exit.REFUSED.code
    bot.reads()
    assert bot.err == (
        f"None of the 3 servers lets you in: 127.0.0.1, port {scripted.port} (The server is full); 127.0.0.1, port "
        f"{down} (no server listens there); 127.0.0.1, port {other.port} (it closed the connection without a word).\n"
    )


def test_a_server_that_has_asked_is_the_one(bot: Bot, other: Scripted) -> None:  # N3
    def asks(peer: Peer) -> None:
        peer.gets()
        peer.sends(refusal(ErrorCode.NAME_TAKEN, name="bot"), Asked("name", "Another?"))

    assert bot.exits(asks, "", also=[other]) is Exit.REFUSED
    assert bot.err == "Not let in: bot is in use. Choose another name.\n"


def test_a_password_given_beforehand_is_for_the_server_that_lets_us_in(
    bot: Bot, other: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:  # N3, T4
    def asks(peer: Peer) -> None:
        peer.gets()
        peer.sends(Asked("password", "Its password?"))
        peer.gets(Password("hunter22"))
        peer.sends(Welcomed("bot", "epoch", 1, 1))
        peer.gets(Line("/disconnect", 1))

    monkeypatch.setenv(options.PASSWORD_VARIABLE, "hunter22")
    other.plays(asks)
    assert bot.exits(is_full, "", also=[other]) is Exit.GOODBYE


def test_a_user_who_has_left_knocks_nowhere_else(bot: Bot, scripted: Scripted, other: Scripted) -> None:  # N3
    session = ClientSession("secret")
    servers = Servers(
        {Place("127.0.0.1", each.port): partial(connect, "127.0.0.1", each.port) for each in (scripted, other)}
    )
    scripted.plays(is_full)
    chat = myclient.Client(servers.connect, session, Typed())
    chat._end(Ending(Exit.INTERRUPTED))
    with pytest.raises(Ending) as ended:
        chat._try_next()
    assert ended.value.how is Exit.INTERRUPTED
    chat._link.end()
    chat._link.close()


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


_NONE = (
    "None of the 2 servers lets you in: 127.0.0.1, port 1 (one is gone at 127.0.0.1); "
    "127.0.0.1, port 2 (two is gone at 127.0.0.1)."
)


@pytest.mark.parametrize(
    ("ways", "told"),
    [
        ({ONE: gone("one")}, "one is gone at 127.0.0.1."),
        ({ONE: gone("one"), TWO: gone("two")}, _NONE),
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
    meet(strangers)
    assert last.was_met


@pytest.mark.parametrize("strangers", [[GONE], [None, Declined("no")], [Untrusted("not it"), None]])
def test_a_user_who_declines_goes_no_further(strangers: Any) -> None:  # N3, T3
    with pytest.raises(Ending):
        meet([Stranger(ending) for ending in strangers])  # type: ignore[misc]


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
