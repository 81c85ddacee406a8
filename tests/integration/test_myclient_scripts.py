"""myclient.py as a tool for scripts: --once, --wait, --plain, --json, and a terminal that can do nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import myclient
from client.cli import options, settings_file
from client.cli.exits import Exit
from client.core.settings import Settings
from client.ui import screen
from protocol.errors import ErrorCode
from protocol.events import Dismissed, Joined, Noticed, Said, refusal
from protocol.requests import Line
from tests.support.programs import Program, Programs
from tests.support.scripted import Bot, Peer, Scripted

AT = 1_700_000_000.0
NAMED = ("--name", "bot")


@pytest.fixture
def bot(scripted: Scripted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bot:
    monkeypatch.delenv(options.PASSWORD_VARIABLE, raising=False)
    return Bot(scripted, capsys, monkeypatch)


def hears_it(peer: Peer) -> None:
    peer.welcomes()
    peer.gets(Line("the build is green", 1))
    peer.sends(Said(2, "bot", "the build is green", AT, 1))
    peer.gets(Line("/disconnect", 2))
    peer.sends(Dismissed("Goodbye."))


def test_once_says_it_and_reads_nothing(bot: Bot) -> None:
    once = bot.exits(hears_it, "not this\n", *NAMED, "--once", "the build is green")
    assert (once, bot.out, bot.err) == (Exit.GOODBYE, "", "")


def test_once_without_a_name_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert myclient.main(["localhost", "--once", "hi"]) == Exit.USAGE.code
    assert capsys.readouterr().err == "No name: give --name NAME, or the name as the first line of input.\n"


def test_what_a_script_sets_is_not_what_a_person_likes(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("/disconnect", 1))
        peer.sends(Dismissed("Goodbye."))

    settings_file.keep(Settings(times="off"))
    assert bot.exits(script, "/set bell off\n") is Exit.GOODBYE
    assert "bell off" in bot.out
    assert settings_file.kept() == Settings(times="off")
    settings_file.keep(Settings())


def test_what_was_refused_is_an_exit_code(bot: Bot) -> None:
    def refuses(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("/nosuch", 1))
        peer.sends(refusal(ErrorCode.UNKNOWN_COMMAND, 1, word="/nosuch", hint="/help lists the commands."))
        peer.gets(Line("/disconnect", 2))
        peer.sends(Dismissed("Goodbye."))

    assert bot.exits(refuses, "/nosuch\n") is Exit.DECLINED
    assert "! /nosuch is not recognised. /help lists the commands.\n" in bot.err


def test_wait_stays_to_listen_after_the_end_of_input(bot: Bot) -> None:
    def talks(peer: Peer) -> None:
        peer.welcomes()
        peer.has_nothing_more()
        peer.sends(Said(2, "eve", "hi", AT), Dismissed("Goodbye."))

    assert bot.exits(talks, "", *NAMED, "--wait", "60") is Exit.GOODBYE
    assert bot.out == "eve: hi\n"


def test_wait_is_over_some_time(bot: Bot) -> None:
    def says_nothing(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("/disconnect", 1))
        peer.sends(Dismissed("Goodbye."))

    assert bot.exits(says_nothing, "", *NAMED, "--wait", "0") is Exit.GOODBYE


def test_json_tells_everything_an_event_a_line(bot: Bot) -> None:
    def talks(peer: Peer) -> None:
        peer.welcomes()
        peer.sends(Joined(2, "eve", 2), Said(3, "eve", "two\nlines", AT), Noticed("soon"), Dismissed("Goodbye."))

    assert bot.exits(talks, "", *NAMED, "--json", stays_open=True) is Exit.GOODBYE
    events = [json.loads(line) for line in bot.out.splitlines()]
    assert [event["type"] for event in events] == ["welcome", "joined", "said", "notice", "goodbye"]
    assert events[2] == {"type": "said", "seq": 3, "name": "eve", "text": "twolines", "at": AT}
    assert bot.err == ""


def test_a_reader_of_notices_who_is_gone_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w", buffering=1) as nobody:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", nobody)
            screen.write_err("a notice")
        os.dup2(os.open(os.devnull, os.O_WRONLY), write_end)  # or closing it writes once more


# --- on a terminal -----------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path) as made:
        yield made


def client(run: Programs, *arguments: str, term: str = "xterm") -> Program:
    command = (sys.executable, "-W", "error", "myclient.py", "127.0.0.1", str(run.port), *arguments)
    return run.program("env", f"TERM={term}", *command, on_terminal=True)


@pytest.mark.parametrize(("options_", "term"), [(("--plain",), "xterm"), ((), "dumb")])
def test_a_terminal_may_be_used_line_by_line(run: Programs, options_: tuple[str, ...], term: str) -> None:
    run.server()
    ann = client(run, *options_, term=term)
    ann.sees("Type the name")
    run.joins(ann, "ann")
    ann.types("/register")
    for question in ("never mind):", "once more:"):
        ann.sees(question)
        ann.types("hunter22")
    ann.sees("ann is yours now")
    ann.types("hello", "/whisper ann psst", "/clear", "/ping", "/quit")
    ann.sees("pong: ")
    assert ann.ends() == Exit.GOODBYE.code
    assert "hunter22" not in ann.text
    assert "\x1b" not in ann.text
    assert "Traceback" not in ann.text
