"""A closed terminal ends a server that was started in it, but none that was started with nohup (O6)."""

from __future__ import annotations

import os
import pty
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tests.support.programs import ROOT, Programs, needs
from tools.shared.programs import accepts, free_port

pytestmark = [pytest.mark.long, needs("setsid")]


class Terminal:
    """A terminal in which a server runs."""

    def __init__(self, folder: Path, *before: str) -> None:
        self.port = free_port(random.Random())
        self._ours, theirs = pty.openpty()
        self.log = folder / "log"
        server = (sys.executable, "server.py", str(self.port), "--host", "127.0.0.1", "--data", str(folder / "data"))
        with self.log.open("wb") as log:
            # These tests may be run with nohup themselves, which a server would take over.
            command = ["setsid", "--ctty", "env", "--default-signal=HUP", *before, *server]
            self.server = subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=log, stderr=log)
        os.close(theirs)
        assert accepts(self.server, self.port)

    def close(self) -> None:
        if self._ours >= 0:
            os.close(self._ours)
        self._ours = -1

    def end(self) -> None:
        self.close()
        self.server.kill()
        self.server.wait()

    def logs(self, text: str) -> None:
        """Wait until this is in the log."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert text in self.log.read_text()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path) as made:
        yield made


def test_a_server_ends_with_its_terminal_and_says_goodbye(tmp_path: Path, run: Programs) -> None:
    terminal = Terminal(tmp_path)
    try:
        run.port = terminal.port
        ann = run.joins(run.nc(), "ann")
        terminal.close()
        ann.sees("The server is shutting down. Goodbye.")
        assert terminal.server.wait(PATIENCE) == 0
    finally:
        terminal.end()


def test_with_nohup_it_stays_and_hears_requests(tmp_path: Path, run: Programs) -> None:
    terminal = Terminal(tmp_path, "nohup")
    try:
        terminal.close()
        run.port = terminal.port
        ann = run.joins(run.nc(), "ann")
        terminal.server.send_signal(signal.SIGHUP)
        terminal.logs("Read the accounts again.")
        terminal.server.send_signal(signal.SIGTERM)
        ann.sees("Goodbye.")
        assert terminal.server.wait(PATIENCE) == 0
    finally:
        terminal.end()
