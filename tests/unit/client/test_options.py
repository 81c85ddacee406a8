"""client.cli.options: the command line, and what stands in for it."""

from __future__ import annotations

import io
import sys
from argparse import Namespace

import pytest

from client.cli import options
from system.commands import interpreter


def parsed(*arguments: str, **environment: str) -> Namespace:
    return options.parse(arguments, on_terminal=True, environment=environment)


@pytest.mark.parametrize(
    ("arguments", "host", "port"),
    [
        (("localhost",), "localhost", 8001),
        (("localhost", "8002"), "localhost", 8002),
        (("localhost:8002",), "localhost", 8002),
        (("127.0.0.1:8002",), "127.0.0.1", 8002),
        (("::1",), "::1", 8001),
        (("::1", "8002"), "::1", 8002),
        (("[::1]",), "::1", 8001),
        (("[::1]:8002",), "::1", 8002),
    ],
)
def test_a_host_may_have_its_port_behind_it(arguments: tuple[str, ...], host: str, port: int) -> None:
    assert parsed(*arguments).places == ((host, port),)


def test_without_a_server_the_user_is_asked() -> None:
    assert parsed().places == ()


@pytest.mark.parametrize(
    ("arguments", "places"),
    [
        (("a:1", "b:2"), (("a", 1), ("b", 2))),
        (("a:1", "a:2", "a:1"), (("a", 1), ("a", 2))),
        (("192.0.2.1:1", "[2001:db8::1]:2", "c:3"), (("192.0.2.1", 1), ("2001:db8::1", 2), ("c", 3))),
    ],
)
def test_several_servers_may_be_given(arguments: tuple[str, ...], places: object) -> None:  # N3
    assert parsed(*arguments).places == places
    assert parsed(CHAT_HOST=" ".join(arguments)).places == places


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("localhost:8002", "8003"), "there are two ports: 8002 and 8003"),
        (("localhost:x",), "'x' is not a port"),
        (("localhost", "x"), "'x' is not a port"),
        (("a:1", "b:x"), "'x' is not a port"),
        (("a", "b:2"), "'a' has no port: give several servers as HOST:PORT each"),
        (("a:1", "::1"), "'::1' has no port"),
        (("a:1", "b:2", "3"), "'3' has no port"),
        (("localhost:70000",), "'70000' is not a port"),
    ],
)
def test_a_wrong_port_is_told(arguments: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(*arguments)
    assert why in capsys.readouterr().err


def test_the_environment_stands_in() -> None:
    chosen = parsed(CHAT_HOST="example.org", CHAT_PORT="8002", CHAT_NAME="ann")
    assert (chosen.places, chosen.name) == ((("example.org", 8002),), "ann")
    chosen = parsed("localhost:1", "--name", "bob", CHAT_HOST="example.org", CHAT_PORT="8002", CHAT_NAME="ann")
    assert (chosen.places, chosen.name) == ((("localhost", 1),), "bob")
    with pytest.raises(SystemExit):
        parsed(CHAT_PORT="x")


def test_the_question_for_the_server_takes_a_port_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("localhost:8002\n"))
    assert options.ask_servers() == (("localhost", 8002),)
    monkeypatch.setattr(sys, "stdin", io.StringIO("localhost:x\n8003\n"))
    assert options.ask_servers() == (("localhost", 8003),)
    monkeypatch.setattr(sys, "stdin", io.StringIO("a:1 b\na:1 b:2\n"))
    assert options.ask_servers() == (("a", 1), ("b", 2))


@pytest.mark.parametrize(
    ("program", "shown"), [("/usr/bin/chat", "chat"), ("myclient.py", f"{interpreter()} myclient.py")]
)
def test_help_calls_the_program_as_it_was_called(
    program: str, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [program])
    with pytest.raises(SystemExit):
        parsed("--help")
    told = capsys.readouterr().out
    assert f"  {shown} localhost 8001 --name ann\n" in told
    for part in ("examples:", "environment:", "files:", "exit codes:", "CHAT_HOST", "--wait SECONDS"):
        assert part in told


PRINT = "AB:" * 31 + "AB"


def test_each_option_for_tls_means_tls() -> None:  # T3
    assert not parsed("localhost").tls
    assert parsed("localhost", "--tls").tls
    chosen = parsed("localhost", "--tls-ca", "ca.pem")
    assert (chosen.tls, str(chosen.tls_ca)) == (True, "ca.pem")
    chosen = parsed("localhost", "--tls-fingerprint", PRINT.lower().replace(":", ""))
    assert (chosen.tls, chosen.tls_fingerprint) == (True, PRINT)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("localhost", "--tls-fingerprint", "AB:CD"), "that is not a SHA-256 fingerprint"),
        (("localhost", "--tls-ca", "ca.pem", "--tls-fingerprint", PRINT), "--tls-ca or --tls-fingerprint, not both"),
        (("--store", "http://localhost:1", "--name", "ann", "--to", "bob", "--tls"), "--tls belongs to a server"),
    ],
)
def test_options_for_tls_that_contradict_are_told(
    arguments: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parsed(*arguments)
    assert why in capsys.readouterr().err
