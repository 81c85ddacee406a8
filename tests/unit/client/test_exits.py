"""myclient.py where it gets nowhere: its command line, its questions, and servers that can't be reached."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import myclient
from client.cli import exits, options
from client.cli.exits import Exit
from client.cli.server_address import DEFAULT_HOST, DEFAULT_PORT
from client.core.session import ClientSession
from client.core.typed import Secret
from protocol.events import Asked, Noticed, Welcomed
from system.commands import interpreter
from tools.shared.programs import free_port


@pytest.fixture
def no_input(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield


@pytest.mark.usefixtures("no_input")
def test_a_password_file_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert myclient.main(["localhost", "--password-file", "/nowhere/at/all"]) == Exit.ERROR.code
    assert capsys.readouterr().err == "The password file can't be read: No such file or directory.\n"


@pytest.mark.usefixtures("no_input")
def test_a_port_where_nothing_listens(capsys: pytest.CaptureFixture[str]) -> None:  # B4
    port = free_port()
    assert myclient.main(["127.0.0.1", str(port), "--name", "bot"]) == Exit.CANNOT_CONNECT.code
    hint = f"Check both, or start one there: {interpreter()} server.py {port}"
    assert capsys.readouterr().err == f"No server listens on 127.0.0.1, port {port}. {hint}\n"


@pytest.mark.usefixtures("no_input")
@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70 + ".invalid"])
def test_a_host_that_nobody_knows(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert myclient.main([host, "--name", "bot"]) == Exit.CANNOT_CONNECT.code
    assert "is not known. Check how it is spelled." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError("timed out"), "No answer from example.org, port 8001 within 10 s."),
        (OSError(113, "No route to host"), "There is no way to example.org, port 8001."),
        (OSError(13, "Permission denied"), "Cannot connect to example.org, port 8001: Permission denied."),
        (OSError("odd"), "Cannot connect to example.org, port 8001: odd."),
    ],
)
def test_other_ways_not_to_get_there(error: OSError, said: str) -> None:
    ending = exits.why_not_connected(error, "example.org", 8001)
    assert ending.how is Exit.CANNOT_CONNECT
    assert ending.sentence.startswith(said)


def test_a_server_that_keeps_silent_is_told_with_what_it_owes() -> None:
    session = ClientSession("secret")
    assert "it did not answer within 10 s" in exits.unanswered(session, 10.0).sentence
    session.receive(Welcomed("ann", "epoch", 1, 1), 0.0)
    session.typed("/register", 0.0)
    assert exits.unanswered(session, 30.0).sentence.startswith('The server did not answer "/register" within 30 s.')
    session.receive(Asked("password", "Choose one:"), 0.0)
    session.receive(Noticed("It is not shown.", 1), 0.0)
    session.typed(Secret("hunter22", session.secret), 0.0)
    assert not session.is_clear
    assert exits.unanswered(session, 30.0).sentence.startswith("The server did not answer your password within 30 s.")


@pytest.mark.parametrize("arguments", [[], ["localhost", "0"], ["localhost", "70000"], ["localhost", "x"], ["--what"]])
def test_a_wrong_command_line_is_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        options.parse(arguments, on_terminal=False)
    assert ended.value.code == Exit.USAGE.code
    assert "usage: myclient.py" in capsys.readouterr().err


def test_help_shows_examples_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options.parse(["--help"], on_terminal=True)
    told = capsys.readouterr().out
    assert "myclient.py localhost 8001 --name ann" in told
    for end in Exit:
        assert f"  {end.code:<4} {end.meaning}\n" in told + "\n"


def test_on_a_terminal_the_server_may_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:  # D2
    assert options.parse([], on_terminal=True).places == ()
    monkeypatch.setattr(sys, "stdin", io.StringIO(" example.org \nx\n8002\n"))
    assert options.ask_servers() == (("example.org", 8002),)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n\n"))
    assert options.ask_servers() == ((DEFAULT_HOST, DEFAULT_PORT),)


@pytest.mark.usefixtures("no_input")
def test_an_input_without_a_line_has_no_name_in_it() -> None:
    assert myclient.main(["localhost"]) == Exit.USAGE.code
