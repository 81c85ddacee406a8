"""What can be seen here of systems without POSIX, such as Windows: the programs do without what only POSIX has (O1).

The modules that Windows lacks can't be imported by ours, and what it lacks in `os`, `signal` and `select` is deleted.
What this can't show: Windows' own sockets, console and files. Nothing has been run there, nor on macOS.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.programs import ROOT, Program, Programs
from tools.package.build import FOLDERS, OURS
from tools.shared.programs import free_port

pytestmark = pytest.mark.long

ELSEWHERE = f"""
import builtins, importlib, os, runpy, select, signal, socket, sys

MODULES = {{"fcntl", "grp", "pwd", "pty", "resource", "syslog", "termios", "tty"}}
GONE = (
    (os, "fchmod fdatasync geteuid getuid O_NOCTTY O_NOFOLLOW sendfile"),
    (select, "epoll poll POLLRDHUP"),
    (signal, "SIGALRM SIGHUP SIGKILL SIGUSR1 SIGUSR2"),
    (socket, "TCP_USER_TIMEOUT MSG_DONTWAIT"),
)
usual = builtins.__import__

def without(name, globals=None, locals=None, fromlist=(), level=0):
    if name in MODULES and (globals or {{}}).get("__name__", "").partition(".")[0] in {OURS | {"__main__"}!r}:
        raise ModuleNotFoundError(f"there is no {{name}} elsewhere", name=name)
    return usual(name, globals, locals, fromlist, level)

import prompt_toolkit, websockets, sqlite3, ssl, tempfile, shutil, subprocess  # which have their own ways
builtins.__import__ = without
for module, names in GONE:
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
"""
RUN = f"{ELSEWHERE}\ndel sys.argv[0]\nrunpy.run_path(sys.argv[0], run_name='__main__')"
IMPORT = f"{ELSEWHERE}\nfor name in sys.argv[1:]: importlib.import_module(name)"


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path) as made:
        yield made


def elsewhere(run: Programs, *words: str) -> Program:
    return run.program(sys.executable, "-c", RUN, *words)


def test_every_module_can_be_imported() -> None:
    paths = [path.relative_to(ROOT) for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    names = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths]
    told = subprocess.run(
        [sys.executable, "-c", IMPORT, *names, "server", "myclient", "kvstore"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr


def test_server_and_client_chat(run: Programs, tmp_path: Path) -> None:
    run.port = free_port(random.Random())
    options = ("--host", "127.0.0.1", "--data", str(tmp_path / "data"), "--sync", "--motd", "no-such-file")
    server = elsewhere(run, "server.py", str(run.port), *options)
    server.sees(f"Listening on port {run.port}.")
    ann = run.joins(run.nc(), "ann")
    ann.types("/register long enough")
    ann.sees("is yours now")
    bob = elsewhere(run, "myclient.py", "127.0.0.1", str(run.port), "--name", "bob", "--once", "from elsewhere")
    ann.sees("bob: from elsewhere")
    assert bob.ends() == 0, bob.text
    ann.types("/search elsewhere", "/quit")
    ann.sees("bob: from elsewhere")
    ann.sees("Goodbye.")
    assert "Traceback" not in server.text


def test_two_chat_through_the_store(run: Programs) -> None:
    run.port = free_port(random.Random())
    store = elsewhere(run, "kvstore.py", str(run.port), "--host", "127.0.0.1")
    url = f"http://127.0.0.1:{run.port}"
    store.sees(f"--store {url}")
    bob = elsewhere(run, "myclient.py", "--store", url, "--name", "bob", "--to", "ann", "--wait", "10")
    ann = elsewhere(run, "myclient.py", "--store", url, "--name", "ann", "--to", "bob", "--once", "from elsewhere")
    bob.sees("ann: from elsewhere")
    assert ann.ends() == 0, ann.text
