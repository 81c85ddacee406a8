"""The real myclient.py, kvstore.py and nginx: two chat through a store, all of them real processes (B1 to B4)."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.cli import options
from client.cli.exits import Exit
from tests.support.patience import PATIENCE
from tests.support.programs import CTRL_C, CTRL_D, ROOT, Program, Programs, needs
from tools.shared.programs import free_port

pytestmark = pytest.mark.long

NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr notice;
events {{ }}
http {{
  access_log off; client_body_temp_path incoming;
  server {{ listen 127.0.0.1:{port}; location / {{ root {folder}; dav_methods PUT; }} }}
}}
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path) as made:
        made.port = free_port()
        yield made


def kvstore(run: Programs, *faults: str) -> Program:
    program = run.program(sys.executable, "kvstore.py", str(run.port), "--host", "127.0.0.1", *faults)
    program.sees("Listening")
    return program


def nginx(run: Programs, folder: Path) -> Program:
    """Run nginx with its WebDAV, as a plain process in `folder`."""
    (folder / "keys").mkdir(exist_ok=True)
    (folder / "nginx.conf").write_text(NGINX.format(port=run.port, folder=folder / "keys"))
    program = run.program("nginx", "-e", "stderr", "-p", str(folder), "-c", "nginx.conf")
    program.sees("OS: ")  # it listens by then
    return program


def client(run: Programs, name: str, to: str, *more: str, on_terminal: bool = False) -> Program:
    url = f"http://127.0.0.1:{run.port}"
    command = [sys.executable, "-W", "error", "myclient.py", "--store", url, "--name", name, "--to", to, *more]
    if on_terminal:
        shell = 'stty rows 24 cols 80; export TERM=xterm PROMPT_TOOLKIT_NO_CPR=1 NO_COLOR=1; exec "$@"'
        command = ["sh", "-c", shell, "sh", *command]
    return run.program(*command, on_terminal=on_terminal)


def test_two_on_terminals_chat_though_no_chat_server_runs(run: Programs) -> None:  # B2
    kvstore(run)
    ann = client(run, "ann", "bob", on_terminal=True)
    bob = client(run, "bob", "ann", on_terminal=True)
    ann.sees("* bob is here.")
    ann.sees("ann>")
    ann.types("hello bob")
    bob.sees("ann: hello bob")
    bob.presses("half a li")
    ann.types("more")
    bob.sees("ann: more")
    bob.sees("bob> half a li")  # D8
    bob.presses("ne\r")
    ann.sees("bob: half a line")
    ann.presses(CTRL_D)
    assert ann.ends() == Exit.GOODBYE.code
    bob.sees("* ann has left.")
    bob.presses(CTRL_C)
    assert bob.ends() == Exit.INTERRUPTED.code
    assert "Traceback" not in ann.text + bob.text


def test_a_store_that_is_killed_and_started_again_is_survived(run: Programs) -> None:  # B3
    store = kvstore(run)
    ann, bob = client(run, "ann", "bob"), client(run, "bob", "ann")
    ann.sees("* bob is here.")
    store.signals(signal.SIGKILL)
    ann.sees("* The store can't be reached (")
    ann.types("said while it was gone")
    kvstore(run)
    ann.sees("* The store answers again.")
    bob.sees("ann: said while it was gone")
    ann.ends_input()
    assert ann.ends() == Exit.GOODBYE.code


def test_real_programs_through_all_faults(run: Programs) -> None:  # B3
    rates = ("fail", "refuse", "lose", "duplicate", "stale", "damage")  # at more, see `python -m tools.stress store`
    kvstore(run, "--seed", "1", *(f"--{rate}=0.1" for rate in rates))
    ann, bob = client(run, "ann", "bob"), client(run, "bob", "ann")
    lines = [f"line {number}" for number in range(20)]
    ann.types(*lines)
    bob.sees(f"ann: {lines[-1]}\n")
    assert [line for line in bob.text.splitlines() if line.startswith("ann: ")] == [f"ann: {line}" for line in lines]


@needs("nginx")
def test_nginx_carries_a_conversation(run: Programs, tmp_path: Path) -> None:  # B1, B2
    nginx(run, tmp_path)
    ann, bob = client(run, "ann", "bob"), client(run, "bob", "ann")
    ann.types("hello bob")
    bob.sees("ann: hello bob")
    bob.types("hello ann", "/status")
    bob.sees("the store is asked again and again")
    ann.sees("bob: hello ann")
    ann.ends_input()
    bob.sees("* ann has left.")
    assert ann.ends() == Exit.GOODBYE.code
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["ann.to.bob", "bob.to.ann"]


@needs("nginx")
def test_nginx_may_be_gone_for_a_while(run: Programs, tmp_path: Path) -> None:  # B3
    server = nginx(run, tmp_path)
    ann, bob = client(run, "ann", "bob"), client(run, "bob", "ann")
    ann.sees("* bob is here.")
    server.signals(signal.SIGTERM)
    server.ends()
    ann.types("said while it was gone")
    ann.sees("* The store can't be reached (")
    shutil.rmtree(tmp_path / "keys")
    nginx(run, tmp_path)
    bob.sees("ann: said while it was gone")


def once(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the client to its end, with no input."""
    command = [sys.executable, "-W", "error", "myclient.py", *arguments]
    return subprocess.run(command, input="", capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE, check=False)


def test_a_store_that_is_gone_at_the_start_is_one_sentence(run: Programs) -> None:  # B4
    ended = once("--store", f"http://127.0.0.1:{run.port}", "--name", "ann", "--to", "bob")
    assert ended.returncode == Exit.CANNOT_CONNECT.code
    assert ended.stderr.startswith(f"No chat through http://127.0.0.1:{run.port}: The store can't be reached")
    assert ended.stderr.count("\n") == 1


def test_the_chat_is_in_the_page_too_and_so_is_its_end(run: Programs, tmp_path: Path) -> None:  # D7
    page = tmp_path / "chat.html"
    once("--store", f"http://127.0.0.1:{run.port}", "--name", "ann", "--to", "bob", "--html", str(page))
    assert "No chat through" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--store", "localhost:8002"], "is not the address of a store: give one such as http://localhost:8002"),
        (["--store", "http://a:x"], "is not the address of a store"),
        (["--store", "http://a"], "--store needs --name"),
        (["--store", "http://a", "--name", "ann"], "--store needs --to"),
        (["--store", "http://a", "--name", "ann", "--to", "a.b"], "--store needs --to"),
        (["--store", "http://a", "--name", "ann", "--to", "Ann"], "--name and --to are one name"),
        (["--store", "http://a", "--timeout", "0"], "'0' is not a time-out"),
        (["--store", "http://a", "--timeout", "x"], "'x' is not a time-out"),
        (["localhost", "--store", "http://a"], "not both"),
        (["localhost", "--to", "bob"], "--to belongs to --store"),
    ],
)
def test_a_wrong_command_line_is_usage(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        options.parse(arguments, on_terminal=True)
    assert ended.value.code == Exit.USAGE.code
    assert told in capsys.readouterr().err
