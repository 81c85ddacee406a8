"""The real myclient.py, on a pseudo-terminal and in a pipe, with the real server and a real telnet."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading

import pyte
import pytest

from client.cli.exits import Exit
from client.core.session import UNSEEN
from protocol.events import Asked, Welcomed
from protocol.requests import Line, Name
from tests.support.patience import PATIENCE
from tests.support.programs import CTRL_C, CTRL_D, ROOT, Program, Programs, needs
from tests.support.scripted import Peer, Scripted

KILL = "\x15"  # Ctrl-U, to readline and to the kernel

pytestmark = needs("telnet")


def client(run: Programs, *arguments: str, packages: bool = True, colours: bool = False) -> Program:
    """Start the real client on a terminal of 80 x 24; without `packages`, as if none were installed."""
    python = [sys.executable, "-W", "error"] if packages else [sys.executable, "-S"]
    shell = (
        f'stty rows 24 cols 80; export TERM=xterm PROMPT_TOOLKIT_NO_CPR=1 NO_COLOR={"" if colours else 1}; exec "$@"'
    )
    return run.program("sh", "-c", shell, "sh", *python, "myclient.py", *arguments, on_terminal=True)


def join(run: Programs, name: str) -> Program:
    program = client(run, "127.0.0.1", str(run.port), "--name", name)
    program.sees(f"Welcome, {name}.")
    program.sees(f"{name}>")
    return program


def pipe(run: Programs, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the real client as a shell's pipe does, without any package."""
    command = [sys.executable, "-S", "myclient.py", "127.0.0.1", str(run.port), *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE, check=False)


def screen(program: Program) -> list[str]:
    """Return what the program's terminal shows now, without empty lines, the times and the status bar."""
    emulated = pyte.Screen(80, 24)
    pyte.Stream(emulated).feed(program.text)
    lines = [re.sub(r"^\d\d:\d\d ", "", line.rstrip()) for line in emulated.display if line.strip()]
    return [line for line in lines if not line.startswith(("online | ", "offline, "))]


def test_two_clients_and_a_telnet_in_one_room(run: Programs) -> None:
    run.server()
    ann = join(run, "ann")
    bob = join(run, "bob")
    ann.sees("* bob has connected. Users here: 2")  # A6
    carl = run.joins(run.telnet(), "carl")
    ann.types("hello all")
    for program in (ann, bob, carl):
        program.sees("ann: hello all")  # A11
    bob.types("/whisper ann psst")
    bob.sees("you -> ann: psst")  # A17
    ann.sees("bob -> you: psst")
    carl.types("/w ann me too")
    ann.sees("carl -> you: me too")
    ann.types("/r well")
    ann.sees("you -> carl: well")
    carl.sees("ann whispers: well")  # A19
    ann.types("/users", "/ping")
    ann.sees("  ann   bob   carl")  # A14
    ann.sees("pong: ")  # A13
    ann.sees(" ms")
    ann.comes_to(lambda: screen(ann).count("ann: hello all"), 1)  # A12
    assert "well" not in bob.text


def test_a_reply_never_reaches_a_newcomer_of_the_same_name(run: Programs) -> None:  # A20
    run.server()
    ann = join(run, "ann")
    first = run.joins(run.telnet(), "bob")
    first.types("/w ann psst", "/quit")
    ann.sees("bob has left")
    ann.types("/r are you there?")
    ann.sees("! bob has left; anyone who has that name")
    second = run.joins(run.telnet(), "bob")
    ann.sees("bob has connected")
    ann.types("/r who are you?", "over")
    second.sees("ann: over")
    assert "who are you" not in second.text


def test_a_half_typed_line_stands_while_a_burst_arrives(run: Programs) -> None:  # D8
    run.server()
    ann = join(run, "ann")
    talker = run.joins(run.telnet(), "bob")
    ann.presses("half a li")
    ann.sees("li")
    talker.types(*(f"burst {number}" for number in range(300)))
    ann.presses("ne that ")
    ann.sees("burst 299")
    ann.presses("stays")
    ann.sees("stays")
    ann.comes_to(lambda: screen(ann)[-1], "ann> half a line that stays")
    lines = screen(ann)
    assert lines[:-1] == [f"bob: burst {number}" for number in range(300 - len(lines) + 1, 300)]
    ann.presses("\r")
    talker.sees("ann: half a line that stays")


def types_between_prompts(run: Programs, scripted: Scripted, keys: str, *sent: Line) -> Program:
    """Return the client of a user who presses `keys` between the prompts for a name and for lines, and sends `sent`."""
    between_prompts, typed = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.gets()
        peer.sends(Asked("name", "Who are you?"))
        peer.gets(Name("ann"))
        between_prompts.set()
        assert typed.wait(PATIENCE)
        peer.sends(Welcomed("ann", "epoch", 1, 1))
        peer.gets(Line("/users", UNSEEN))
        for line in sent:
            peer.gets(line)

    scripted.plays(script)
    ann = client(run, "127.0.0.1", str(scripted.port))
    ann.sees("Your name:")
    ann.types("ann")
    assert between_prompts.wait(PATIENCE)
    ann.presses(keys)
    typed.set()
    return ann


def test_keys_between_two_prompts_are_kept_and_not_echoed(run: Programs, scripted: Scripted) -> None:  # D8
    ann = types_between_prompts(run, scripted, "typed ahead", Line("typed ahead", 1))
    ann.sees("typed ahead")
    ann.comes_to(lambda: screen(ann)[-2:], ["* Users here: 1", "ann> typed ahead"])
    ann.presses("\r")


def test_ctrl_d_between_two_prompts_is_heard_by_the_next_one(run: Programs, scripted: Scripted) -> None:  # D8
    ann = types_between_prompts(run, scripted, CTRL_D, Line("/disconnect", 1))
    assert ann.ends() == Exit.GOODBYE.code


def test_lines_that_are_typed_ahead_leave_no_trace_but_their_echo(run: Programs) -> None:  # A12, D8
    run.server()
    ann = join(run, "ann")
    ann.types(*(f"line {number}" for number in range(20)))
    ann.sees("ann: line 19")
    ann.sees("ann>")
    ann.comes_to(lambda: screen(ann)[-21:], [*(f"ann: line {number}" for number in range(20)), "ann>"])


def test_a_name_that_is_refused_is_asked_for_again(run: Programs) -> None:  # A4, A5
    run.server()
    run.joins(run.telnet(), "bob")
    ann = client(run, "127.0.0.1", str(run.port), "--name", "bob")
    ann.sees("! bob is in use. Choose another name.")
    ann.sees("Your name:")
    ann.types("admin")
    ann.sees("! admin is reserved")
    run.joins(ann, "ann")


def test_the_server_is_asked_for_on_a_terminal(run: Programs) -> None:  # D2, A2
    run.server()
    ann = client(run)
    ann.sees("Server address [localhost]: ")
    ann.types("127.0.0.1")
    ann.sees("Port [8001]: ")
    ann.types(str(run.port))
    ann.sees("Your name:")
    run.joins(ann, "ann")


def test_a_registered_name_asks_for_its_password_unseen(run: Programs) -> None:
    run.server()
    ann = join(run, "ann")
    ann.types("/register")
    for _ in range(2):
        ann.sees("Password:")
        ann.types("hunter22")
    ann.sees("ann is yours now")
    ann.types("/quit")
    assert ann.ends() == Exit.GOODBYE.code
    again = client(run, "127.0.0.1", str(run.port), "--name", "ann")
    again.sees("Password:")
    again.types("hunter22")
    again.sees("Welcome, ann.")
    assert "hunter22" not in ann.text + again.text


@pytest.mark.parametrize(
    ("keys", "end", "reason"),
    [
        ("/quit\r", Exit.GOODBYE, "goodbye"),  # A23, C11
        (CTRL_D, Exit.GOODBYE, "goodbye"),
        (CTRL_C, Exit.INTERRUPTED, "connection closed"),
    ],
)
def test_a_user_leaves(run: Programs, keys: str, end: Exit, reason: str) -> None:
    run.server()
    bob = run.joins(run.telnet(), "bob")
    ann = join(run, "ann")
    ann.presses(keys)
    assert ann.ends() == end.code
    bob.sees(f"* ann has left ({reason}). Users here: 1")
    assert ("Goodbye." in ann.text) == (end is Exit.GOODBYE)
    assert "Traceback" not in ann.text


@pytest.mark.parametrize(
    ("number", "end", "told"),
    [
        (signal.SIGTERM, Exit.GOODBYE, "The server is shutting down. Goodbye."),
    ],
)
def test_the_server_goes(run: Programs, number: signal.Signals, end: Exit, told: str) -> None:
    server = run.server()
    ann = client(run, "127.0.0.1", str(run.port), "--name", "ann", "--reconnect", "0")
    ann.sees("ann>")
    ann.presses("half a li")
    server.signals(number)
    ann.sees(told)
    assert ann.ends() == end.code
    assert "Traceback" not in ann.text


def test_names_have_colours_on_a_terminal(run: Programs) -> None:
    run.server()
    ann = client(run, "127.0.0.1", str(run.port), "--name", "ann", colours=True)
    ann.sees("You may chat now")
    run.joins(run.telnet(), "bob").types("hi")
    ann.sees("mbob\x1b[0m: hi")


def test_a_pipe_needs_no_package_and_ends_when_all_is_said(run: Programs) -> None:
    run.server()
    bob = run.joins(run.telnet(), "bob")
    piped = pipe(run, "hello\n/ping\nbye", "--name", "bot")
    bob.sees("bot: hello")
    bob.sees("bot: bye")
    bob.sees("* bot has left (goodbye). Users here: 1")
    assert piped.returncode == Exit.GOODBYE.code
    assert piped.stderr.splitlines()[-1] == "Goodbye."
    assert re.fullmatch(r"pong: [\d.]+ ms\n", piped.stdout)
    assert "\x1b" not in piped.stderr


def test_a_pipe_that_is_not_let_in_ends_at_once(run: Programs) -> None:  # A8, E5
    run.server("--max-users", "1")
    run.joins(run.telnet(), "bob")
    piped = pipe(run, "bot\nhello\n")
    assert piped.returncode == Exit.REFUSED.code
    assert piped.stderr.startswith("Not let in: Too Many Users")


def test_a_terminal_without_the_packages_is_told_how_to_get_them(run: Programs) -> None:
    ann = client(run, "127.0.0.1", "8001", packages=False)
    ann.sees("is not installed. Use `make chat`, which installs it, or run:")
    ann.sees("-m pip install colorama prompt_toolkit")
    ann.sees("With --plain the client needs neither.")
    assert ann.ends() == Exit.ERROR.code
    assert "Traceback" not in ann.text


@pytest.mark.parametrize(("key", "end"), [(CTRL_D, Exit.GOODBYE), (CTRL_C, Exit.INTERRUPTED)])
def test_a_user_who_would_rather_not_say_where_to(run: Programs, key: str, end: Exit) -> None:
    ann = client(run)
    ann.sees("Server address [localhost]: ")
    ann.types("localhost")
    ann.sees("Port [8001]: ")
    ann.presses("80")
    ann.sees("80")  # so the line is being read
    ann.presses(KILL + key + "\n")  # a Ctrl-C just before the read begins is heard only when the read is over
    assert ann.ends() == end.code
    assert ann.text.endswith("\r\n")  # the shell's prompt begins a line of its own
    assert "Traceback" not in ann.text


def test_whoever_was_here_before_is_known_on_joining(run: Programs) -> None:
    run.server()
    run.joins(run.telnet(), "bob")
    ann = join(run, "ann")
    ann.types("hello")
    ann.sees("ann: hello")
    ann.types("/whi\tb\tpsst")
    ann.sees("you -> bob: psst")
    assert "Connected users" not in ann.text
