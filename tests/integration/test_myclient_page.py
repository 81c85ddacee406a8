"""myclient.py --html: the chat in a page as well (D5, D6, D7)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.cli.exits import Ending, Exit
from client.core.render import refusal
from client.ui.html_page import Page
from client.ui.records import Records
from tests.support.patience import PATIENCE
from tests.support.programs import CTRL_D, ROOT, Program, Programs
from tests.unit.client.test_html_page import Reader

pytestmark = pytest.mark.long


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path / "data") as programs:
        programs.server()
        yield programs


def bot(run: Programs, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "myclient.py", "127.0.0.1", str(run.port), *options]
    return subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE, check=False)


def terminal(run: Programs, *options: str) -> Program:
    return run.program(sys.executable, "myclient.py", "127.0.0.1", str(run.port), *options, on_terminal=True)


def test_all_that_is_received_goes_to_the_page_too(run: Programs, tmp_path: Path) -> None:  # D5, D6, D7
    path = tmp_path / "chat.html"
    path.write_text("an old page")
    ended = bot(run, "hello <b>all</b>\n/whisper nobody hi\n", "--name", "ann", "--html", str(path))
    assert ended.returncode == Exit.DECLINED.code  # nobody is called nobody
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert f"<h1>Chat on 127.0.0.1, port {run.port}</h1>" in page
    assert "<b>" not in page
    read = Reader(page.partition("<main>")[2]).text
    assert "ann: hello <b>all</b>" in read
    shown = [line for line in ended.stderr.splitlines() if line]
    assert [line for line in shown if line not in read] == []


def test_the_clients_own_notices_go_to_the_page(run: Programs, tmp_path: Path) -> None:  # D7
    path = tmp_path / "chat.html"
    ended = bot(run, "hello\n", "--name", "admin", "--html", str(path))
    assert ended.returncode == Exit.REFUSED.code
    assert "Not let in: admin is reserved" in path.read_text(encoding="utf-8")


def test_without_a_file_it_is_asked_for(run: Programs, tmp_path: Path) -> None:  # D5
    path = tmp_path / "asked.html"
    client = terminal(run, "--name", "ann", "--html")
    client.sees("File of the page [chat.html]: ")
    client.types(str(path))
    client.sees("Users here: 1")
    client.sees(">")  # the prompt, after it
    client.presses(CTRL_D)
    assert client.ends() == Exit.GOODBYE.code
    assert "Welcome, " in path.read_text(encoding="utf-8")


def test_without_a_file_and_a_terminal_it_is_a_wrong_command_line(run: Programs) -> None:
    ended = bot(run, "hello\n", "--name", "ann", "--html")
    assert ended.returncode == Exit.USAGE.code
    assert "--html needs a FILE" in ended.stderr


def test_a_page_that_cannot_be_is_one_sentence(run: Programs, tmp_path: Path) -> None:
    ended = bot(run, "hello\n", "--name", "ann", "--html", str(tmp_path / "nowhere" / "chat.html"))
    assert ended.returncode == Exit.ERROR.code
    assert ended.stderr == "The page can't be written: No such file or directory. Choose another FILE for --html.\n"


def test_a_disk_that_is_full_ends_the_client_with_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = Page(tmp_path / "chat.html", "Chat")

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page, "show", full)
    with pytest.raises(Ending, match="No space left on device"):
        Records(page).add(refusal("x"))
    page.close()
