"""The real server, with operators: telnet, our client, the files, SIGHUP and a restart."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs.test_tmux import Pane
from tests.support.programs import Program, Programs, needs

pytestmark = pytest.mark.long

PASSWORD = "a word to pass"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path / "data") as made:
        yield made


def client(run: Programs, name: str) -> Program:
    """Start myclient.py without a terminal, as `name`."""
    return run.program(sys.executable, "myclient.py", "127.0.0.1", str(run.port), "--name", name, "--wait", "30")


def registers(run: Programs) -> Program:
    ann = run.joins(run.telnet(), "ann")
    ann.types(f"/register {PASSWORD}")
    ann.sees("You are an operator")
    return ann


def comes_back(run: Programs) -> Program:
    ann = run.telnet()
    ann.types("ann")
    ann.sees("Its password")
    ann.types(PASSWORD)
    ann.sees("You are an operator")
    return ann


@needs("telnet")
def test_an_operator_keeps_the_role_and_a_ban_holds_after_a_restart(run: Programs, tmp_path: Path) -> None:
    server = run.server("--operator", "ann")  # M1, M3
    ann, bob = registers(run), run.joins(run.telnet(), "bob")
    ann.types("/ban bob 2h too loud")
    bob.sees("! You are banned for another 2 h: too loud.")
    bob.sees("Connection closed by foreign host.")
    ann.sees("* bob is banned for 2 h: too loud.")
    server.signals(signal.SIGTERM)
    assert server.ends() == 0
    assert (tmp_path / "data" / "users.txt").read_text().rstrip().endswith(":operator")
    run.server()
    comes_back(run)
    again = run.telnet()
    again.types("BOB")
    again.sees("! You are banned for another 2 h: too loud.")
    again.sees("Connection closed by foreign host.")


@needs("telnet")
def test_the_files_are_read_again_on_sighup(run: Programs, tmp_path: Path) -> None:  # M3, M5
    motd = tmp_path / "motd"
    motd.write_text("Be kind.\n")
    server = run.server("--operator", "ann", "--motd", str(motd))
    ann, bob = registers(run), run.joins(run.telnet(), "bob")
    bob.sees("* Be kind.")
    motd.write_text("Be quiet.\n")
    (tmp_path / "data" / "bans.txt").write_text("# ours\nban bob forever: by hand\nban ?\n")
    server.signals(signal.SIGHUP)
    server.sees("bans.txt, line 3: ? is neither a name nor a network. It holds for nobody.")
    bob.sees("! You are banned for good: by hand.")
    ann.types("/mute carl 10m")
    ann.sees("* carl is muted for 10 min.")
    server.sees("ann (127.0.0.1")
    carl = run.joins(run.telnet(), "carl")
    carl.sees("* Be quiet.")
    ann.types("/unban bob")
    ann.sees("* bob is banned no more.")
    run.joins(run.telnet(), "bob")
    ann.types("/unmute carl")
    ann.sees("* carl is muted no more.")
    server.signals(signal.SIGTERM)
    assert server.ends() == 0
    assert (tmp_path / "data" / "bans.txt").read_text() == "# ours\nban ?\n"


@needs("telnet")
def test_a_client_that_was_kicked_ends_and_stays_away(run: Programs) -> None:  # M2
    server = run.server("--operator", "ann")
    ann = registers(run)
    fay = client(run, "fay")
    ann.sees("* fay has connected.")
    ann.types("/kick fay too loud")
    fay.sees("! ann has removed you from the chat: too loud.")
    fay.ends()
    server.sees("ann (127.0.0.1")
    server.sees("kicked fay (127.0.0.1")
    server.comes_to(lambda: server.text.count("fay (127.0.0.1"), 3)  # came, left, was kicked; and did not come again


@needs("telnet")
def test_what_an_operator_was_answered_outlives_a_kill_in_that_moment(run: Programs, tmp_path: Path) -> None:  # M3
    server = run.server("--operator", "ann")
    ann = registers(run)
    ann.types("/mute carl forever", "/ban bob", "/ban eve", "/unban eve", "/ban 203.0.113.7 2h flood")
    ann.sees("* 203.0.113.7 is banned for 2 h: flood.")
    server.signals(signal.SIGKILL)
    server.ends()
    kept = [line.split()[:2] for line in (tmp_path / "data" / "bans.txt").read_text().splitlines()]
    assert kept == [["mute", "carl"], ["ban", "bob"], ["ban", "203.0.113.7"]]


@pytest.mark.long
@needs("tmux")
@needs("telnet")
def test_half_a_line_is_no_name_when_the_owner_of_ours_comes(run: Programs, tmp_path: Path) -> None:  # M8, U2
    run.server("--operator", "ann")
    leaving = registers(run)
    leaving.types("/quit")
    leaving.sees("Goodbye.")
    pane = Pane(tmp_path, sys.executable, "myclient.py", "127.0.0.1", str(run.port), "--name", "ann")
    try:
        pane.shows("^Password:$", "the question")
        pane.presses(PASSWORD, "Enter")
        pane.shows("^ann>$", "the prompt")
        pane.presses("my plan is to sw")
        pane.shows("^ann> my plan is to sw$", "half a line")
        ann = comes_back(run)
        pane.shows("^Your name:$", "the question for another name")
        pane.presses("im", "Enter")
        pane.shows("^Not sent yet: your name was lost while you typed", "the doubt")
        pane.presses("C-u", "/setname dora", "Enter")
        pane.shows("^dora> my plan is to sw$", "the line")
        pane.presses("im", "Enter")
        ann.sees("dora: my plan is to swim")
    finally:
        pane.close()
