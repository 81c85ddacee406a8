"""contrib/select-chat.service: right in form, few rights, and enough of them for a server that is used (O2)."""

from __future__ import annotations

import configparser
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from math import inf
from pathlib import Path

import pytest

from runtime.cli import options_of
from tests.support.programs import ROOT, Programs, needs
from tools.crash.crowd import Crowd
from tools.crash.process import Process
from tools.package import manual

pytestmark = pytest.mark.long

UNIT = ROOT / "contrib" / "select-chat.service"
INSTALLED = "/usr/local/bin/chat-server"
RESTARTS = 4
EXPOSURE = 1.5  # of 10, as `systemd-analyze security` counts


@pytest.fixture
def service() -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return parser["Service"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path) as made:
        yield made


@needs("systemd-analyze")
@needs("man")
def test_the_unit_is_right_in_form(tmp_path: Path) -> None:
    manual.write(tmp_path)
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(INSTALLED, sys.executable))
    environment = {**os.environ, "MANPATH": str(tmp_path / "man")}
    command = ["systemd-analyze", "verify", str(unit)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


@needs("systemd-analyze")
def test_the_service_has_few_rights() -> None:
    limit = f"--threshold={EXPOSURE * 10:.0f}"
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", limit, UNIT], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout


def test_the_command_is_one_that_the_server_takes(service: configparser.SectionProxy, tmp_path: Path) -> None:
    pytest.importorskip("tomllib")
    program, *words = service["ExecStart"].split()
    assert program == INSTALLED
    words = [word.replace("/etc/select-chat.toml", str(tmp_path / "select-chat.toml")) for word in words]
    (tmp_path / "select-chat.toml").write_text("port = 8005\n")
    name, _, value = service["Environment"].partition("=")
    options = options_of(words, {name: value.replace("%S", "/var/lib")})
    assert (options.port, options.data) == (8005, Path("/var/lib/select-chat"))
    assert service["StateDirectory"] == "select-chat"
    assert float(service["TimeoutStopSec"]) > options.SHUTDOWN


def group(name: str) -> set[str]:
    """Return the system calls of a group, those of the groups in it among them."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True)
    calls: set[str] = set()
    for word in re.findall(r"^    ([@\w-]+)$", listed.stdout, re.MULTILINE):
        calls |= group(word) if word.startswith("@") else {word}
    return calls


@needs("strace")
@needs("systemd-analyze")
def test_the_server_asks_the_system_for_nothing_that_the_service_forbids(run: Programs, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    traced = ("strace", "-f", "-qq", "-o", str(calls))
    server = run.server("--operator", "ann", "--poller", "epoll", before=traced)
    ann = run.joins(run.nc(), "ann")
    ann.types("/register long enough", "/whisper ann psst", "/search psst", "/ban mallory", "/op ann", "/seen bob")
    for answer in ("is yours now", "ann whispers: psst", "ann to ann: psst", "mallory is banned", "bob is not known"):
        ann.sees(answer)
    pid = int(calls.read_text().split(" ", 1)[0])
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):
        os.kill(pid, number)
    ann.sees("Goodbye.")
    assert server.ends() == 0
    made = set(re.findall(r"^\d+ +(\w+)\(", calls.read_text(), re.MULTILINE))
    assert {"epoll_wait", "sendto", "fdatasync", "bind"} <= made
    of_root = {"fchown"} if os.geteuid() == 0 else set()  # SQLite gives what root makes to the owner of the database
    assert made - (group("@system-service") - group("@privileged")) <= of_root


# --- restarts ----------------------------------------------------------------------------------------------------


class Restarted(Process):
    """A server that is restarted over and over as `systemctl restart` does it: SIGTERM, its end, a start."""

    def start(self, spared: bool = False) -> None:
        super().start(spared=True)
        if not spared:
            self._plan_kill()

    def _plan_kill(self) -> None:
        self._plan("term", time.monotonic() + self._chance.uniform(1.0, 2.5))

    def _plan(self, how: str, at: float) -> None:
        super()._plan(how, at)
        self._stops_at = inf


def test_restarts_under_load_lose_no_client_s_line(tmp_path: Path, service: configparser.SectionProxy) -> None:
    assert "KillSignal" not in service  # SIGTERM
    process = Restarted(tmp_path, random.Random(16))
    crowd = Crowd(process, 16, people=30)
    wrong: list[str] = []
    try:
        while not wrong and (process.ends["term"] < RESTARTS or crowd.checked < 1000):
            wrong = crowd.round(10)
    finally:
        crowd.close()
        process.close()
    assert wrong + process.wrong == []
