"""The command lines of the documents, run as they stand there by a shell, in a copy of the checkout (O2).

tests/support/command_lines.py has the tables, and tests/unit/project/test_command_lines.py fails for a line that
is in none.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support import command_lines as tables
from tests.support.certificates import Certificates
from tests.support.command_lines import ENDS, PLACES, SERVES, TOOL, USES_SERVER, USES_STORE
from tests.support.documents import command_lines
from tests.support.programs import ROOT, Program, needs
from tools.shared.programs import free_port

pytestmark = [pytest.mark.long, needs("make")]

COMMANDS = {"chat": "myclient.py", "chat-server": "server.py", "chat-store": "kvstore.py"}
TOOLS = sorted({line.text for line in command_lines() if TOOL.fullmatch(line.text)})
OF_TLS = ("--tls-cert", "chat.crt", "--tls-key", "chat.key", "--greeting-grace", "5")  # see Programs.server
PROGRAMS = ("telnet", "nc", "ncat", "openssl", "curl")


def each(table: Mapping[str, object]) -> list[object]:
    """Return the lines of a table as parameters; one that needs another program is left out where that is missing."""
    return [
        pytest.param(line, marks=[needs(name) for name in PROGRAMS if re.search(rf"(^|\| ){name} ", line)])
        for line in table
    ]


def script(path: Path, *command: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    path.chmod(0o755)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the checkout, with a virtual environment that is this one."""
    left_out = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "chatdata", "*.egg-info")
    made = shutil.copytree(ROOT, tmp_path_factory.mktemp("documents") / "select-chat", ignore=left_out)
    for name in ("python", "python3"):
        script(made / "bin" / name, sys.executable)
    for name, file in COMMANDS.items():
        script(made / "bin" / name, sys.executable, str(made / file))
    script(made / ".venv" / "bin" / "python", sys.executable)
    for stamp in ("programs", "installed"):
        (made / ".venv" / stamp).touch()
    files = Certificates(made).self_signed().files
    for cert, key in (("chat.crt", "chat.key"), ("live/fullchain.pem", "live/privkey.pem"), ("cert.pem", "cert.key")):
        (made / cert).parent.mkdir(exist_ok=True)
        shutil.copyfile(files[0], made / cert)
        shutil.copyfile(files[1], made / key)
    return made


class Shell:
    """A shell in the copy of the checkout, where 8001 and 8002 are two ports that are free."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = {"8001": str(free_port()), "8002": str(free_port())}
        self._running: list[Program] = []

    def starts(self, line: str) -> Program:
        """Start a command line of a document."""
        program = Program(*self._command(line), cwd=self._folder)
        self._running.append(program)
        return program

    def finishes(self, line: str) -> str:
        """Run a command line of a document to its end, which has to be a good one; return what it says."""
        told = subprocess.run(self._command(line), cwd=self._folder, capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout + told.stderr

    def _command(self, line: str) -> list[str]:
        for written, here in {**PLACES, **self._ports}.items():
            line = line.replace(written, here)
        if "store" in line:
            line = line.replace(" " + self._ports["8002"], f" {self._ports['8002']} --host 127.0.0.1", 1)
        environment = {
            "PATH": f"{self._folder}/bin:{os.environ['PATH']}",
            "PORT": self._ports["8001"],
            "CHAT_SERVER_HOST": "127.0.0.1",
            "SSL_CERT_FILE": str(self._folder / "chat.crt"),
        }
        variables = [f"{name}={value}" for name, value in environment.items()]
        return ["env", *variables, "bash", "-o", "pipefail", "-c", f"{line}\n"]

    def serves(self, *options: str) -> Program:
        """Run a server for those that need one."""
        server = self.starts(
            " ".join(["exec python3 server.py 8001 --data", f"served-{self._ports['8001']}", *options])
        )
        server.sees("Listening on port")
        return server

    def close(self) -> None:
        for program in self._running:
            program.close()


@pytest.fixture
def shell(folder: Path) -> Iterator[Shell]:
    made = Shell(folder)
    yield made
    made.close()
    shutil.rmtree(folder / "chatdata", ignore_errors=True)


def bundle(shell: Shell, line: str) -> None:
    """Make what the line runs, if it runs the single file."""
    if "dist/" in line:
        shell.finishes("make pyz")


@pytest.mark.parametrize("line", each(SERVES))
def test_what_serves_is_there_and_ends(shell: Shell, line: str) -> None:
    bundle(shell, line)
    program = shell.starts(f"exec {line}")
    program.sees(SERVES[line])
    program.signals(signal.SIGTERM)
    assert program.ends() in (0, 2, -signal.SIGTERM), program.text  # 2: make, of what it ran


@pytest.mark.parametrize("line", each(USES_SERVER))
def test_what_needs_a_server_is_answered(shell: Shell, line: str) -> None:
    bundle(shell, line)
    encrypted = "tls" in line or "ssl" in line
    shell.serves(*(OF_TLS if encrypted else ()))
    typed, answer = USES_SERVER[line]
    program = shell.starts(line)
    program.types(*typed.splitlines())
    if "/quit" in typed:
        program.sees(answer)
    program.ends_input()  # a script's; telnet and its kin leave with it, and are to be answered before
    if "/quit" not in typed:
        program.sees(answer)
    assert program.ends() in (0, 1), program.text  # telnet: the other side has closed the connection


@pytest.mark.parametrize("line", each(USES_STORE))
def test_what_needs_a_store_is_answered(shell: Shell, line: str) -> None:
    shell.starts("exec python3 kvstore.py 8002").sees("Listening on port")
    shell.finishes(f"{line} --request PUT --data '{USES_STORE[line]}'")
    assert USES_STORE[line] in shell.finishes(line)


@pytest.mark.parametrize("line", each(ENDS))
def test_what_ends_by_itself_has_done_what_it_says(shell: Shell, folder: Path, line: str) -> None:
    if line.startswith("chat-server"):
        shell.starts("exec python3 server.py 8001").sees("Listening on port")
    told = shell.finishes(line)
    assert ENDS[line] in told or (folder / ENDS[line]).exists()


@pytest.mark.parametrize("line", [line for line in tables.MACHINE_OF_ITS_OWN if line.startswith("make ")])
def test_what_takes_too_long_is_known_to_make(shell: Shell, line: str) -> None:
    shell.finishes(line.replace("make", "make -n"))


@pytest.mark.parametrize("line", [line for line in TOOLS if " -" in line.partition("tools")[2] or line.count(" ") > 2])
def test_the_words_of_a_tool_are_some_that_it_takes(line: str) -> None:
    found = TOOL.fullmatch(line)
    assert found is not None
    told = subprocess.run(
        [sys.executable, "-m", found[1], *shlex.split(found[2]), "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    options = set(re.findall(r"--[a-z-]+", found[2]))
    assert options <= set(re.findall(r"--[a-z-]+", told.stdout))
