"""The real server.py as a process, with real telnet and nc: what a user of each system sees."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tests.support.programs import CTRL_C, CTRL_D, ROOT, TELNET_ESCAPE, Programs, needs
from tools.shared.programs import free_port

pytestmark = [needs("telnet"), needs("nc")]


# --- the slash-command chat --------------------------------------------------------------------------------------


def test_a_chat_from_its_start_to_a_goodbye(run: Programs) -> None:
    server = run.server()  # A1
    server.sees(f"telnet 127.0.0.1 {run.port} ")
    ann = run.telnet(on_terminal=True)
    ann.sees("Type the name you want, or /setname NAME, then Enter.")  # A2
    ann.types("not a name")  # A3
    ann.sees("not a name can't be a name")
    run.joins(ann, "ann")  # A6, C5
    ann.sees("You may chat now; /help (or /cmd) lists the commands.")
    server.sees("has joined. Active users: 1")  # A8, C1
    bob = run.joins(run.nc(), "bob")
    ann.sees("* bob has connected. Users here: 2")  # A6
    ann.types("hello all")
    bob.sees("ann: hello all\r\n")  # A11
    ann.types("/ping")
    ann.sees("pong")  # A13
    assert ann.text.count("hello all") == 1  # A12: typed, and not told again
    assert "pong" not in bob.text
    ann.types("/disconnect")  # A23
    ann.sees("Goodbye.")
    ann.sees("Connection closed by foreign host.")
    bob.sees("* ann has left (goodbye). Users here: 1")
    server.sees("has left (goodbye). Active users: 1")  # A8, C13
    run.joins(run.telnet(), "ann")
    assert "not a name" not in bob.text


def test_commands_are_answered_and_whispers_reach_one(run: Programs) -> None:
    server = run.server()
    ann, bob, carl = (run.joins(run.telnet(), name) for name in ("ann", "bob", "carl"))
    ann.types("/users")  # A14
    ann.sees("Connected users: 3\nann, bob, carl\n")
    ann.types("/help")  # A15
    ann.sees("/whisper USER MESSAGE")
    ann.sees("/disconnect")
    ann.types("/help whisper")
    ann.sees("/whisper USER MESSAGE  Say MESSAGE to USER only.")
    ann.types("/whisper bob one  two")  # A17
    bob.sees("ann whispers: one  two\n")
    ann.sees("* Whispered to bob.\n")  # D14
    ann.types("/whisper dora secret")  # A18
    ann.sees("dora is not connected.")
    ann.types("/whisper bob")  # A22
    ann.sees("MESSAGE is missing. Usage: /whisper USER MESSAGE")
    ann.types("/wisper bob secret")
    ann.sees("/wisper is not recognised. Did you mean /whisper?")
    server.sees("/whisper: refused, 401 not-connected")  # D15
    ann.types("/reply secret")  # A21
    ann.sees(
        "/reply works only in a browser and in the client for terminals. Here:\n  /whisper USER MESSAGE\n"
    )  # 80 columns
    ann.types("/all good night")  # A16
    for other in (bob, carl):
        other.sees("ann: good night\n")
        assert "secret" not in other.text
    assert "one  two" not in carl.text


def test_half_finished_registrations_hold_up_nobody_and_a_name_goes_to_one(run: Programs) -> None:  # A7
    run.server()
    waiting = [run.nc() for _ in range(4)]
    for program in waiting:
        program.sees("Type the name")
    ann, bob = run.joins(run.nc(), "ann"), run.joins(run.nc(), "bob")
    ann.types("hi")
    bob.sees("ann: hi")
    for program in waiting:
        program.types("carl")
    for program in waiting:
        program.sees("carl")
    for program in waiting:  # only now, or the name would be free for one who asks late
        program.types("/quit")
        program.sees("Goodbye.")
    assert sum("Welcome, carl." in program.text for program in waiting) == 1
    assert sum("carl is in use. Choose another name." in program.text for program in waiting) == 3  # A4


def test_who_is_killed_leaves_a_free_name_and_the_others_are_told(run: Programs) -> None:  # A23
    run.server()
    ann, bob = run.joins(run.nc(), "ann"), run.joins(run.nc(), "bob")
    ann.signals(signal.SIGKILL)
    bob.sees("* ann has left (connection ")
    run.joins(run.nc(), "ann")


def test_telnet_interrupts_and_goes_on_and_leaves_by_end_of_file(run: Programs) -> None:  # A24
    server = run.server()
    ann = run.joins(run.telnet(on_terminal=True), "ann")
    ann.presses(CTRL_C)
    ann.types("/ping")
    ann.sees("pong")
    ann.presses(CTRL_D)
    ann.sees("Goodbye.")
    assert ann.ends() == 0
    server.sees("has left (goodbye). Active users: 0")


def test_telnet_leaves_by_its_own_quit(run: Programs) -> None:  # C12
    server = run.server()
    ann = run.joins(run.telnet(on_terminal=True), "ann")
    ann.presses(TELNET_ESCAPE)
    ann.sees("telnet> ")
    ann.types("quit")
    ann.sees("Connection closed.")
    server.sees("has left (connection closed). Active users: 0")  # C13


def test_what_was_piped_in_is_answered_to_its_end(run: Programs) -> None:  # C12
    run.server()
    ann = run.nc()
    ann.types("ann", "/users")
    ann.ends_input()
    assert ann.ends() == 0
    assert ann.text.endswith("Connected users: 1\r\nann\r\n")


# --- the /setname chat -------------------------------------------------------------------------------------------


def test_the_setname_chat(run: Programs) -> None:
    server = run.server()
    john, carl, eve = run.telnet(), run.nc(), run.nc()
    for _ in (john, carl, eve):
        server.sees(": connected, without a name yet")  # C14
    john.types("/allusers")  # C2
    john.sees("That needs a name, and you have none yet.")
    john.sees("Type the name you want")
    john.types("/setname john")  # C3
    john.sees("Welcome, john. You may chat now; /help (or /cmd) lists the commands.")  # C5
    server.sees("Active users: 1")  # C1
    carl.types("/setname john")  # C4
    carl.sees("john is in use. Choose another name.")
    carl.sees("Type the name you want")
    carl.types("/setname carl")
    carl.sees("Welcome, carl.")
    eve.sees("/setname NAME")  # C14
    eve.types("/quit")  # C6
    eve.sees("Goodbye.")
    carl.types("/cmd")  # C7
    carl.sees("/all MESSAGE")
    carl.types("/allusers")  # C8
    carl.sees("Connected users: 2\r\njohn, carl\r\n")
    carl.types("/private john hi how r u")  # C9
    john.sees("carl whispers: hi how r u\n")
    carl.types("/all hello everyone")  # C10
    john.sees("carl: hello everyone\n")
    john.types("/quit")  # C11, the server's part of it
    john.sees("Goodbye.")
    assert john.ends() == 0
    server.sees("has left (goodbye). Active users: 1")  # C13


# --- the JOIN / LIST / MESG / BCST / QUIT service ----------------------------------------------------------------


def test_the_verbs(run: Programs) -> None:
    server = run.server()
    ann, bob, carl = run.telnet(), run.telnet(), run.telnet()  # E1
    ann.types("JOIN ann")  # E3
    ann.sees("Welcome, ann.")
    bob.types("join Ann")  # E2, E18
    bob.sees("Ann is in use. Choose another name.\nTo register: JOIN NAME (")
    bob.types("join server")
    bob.sees("server is reserved")
    for verb in ("list", "MESG ann hi", "Bcst hi", "hello"):  # E4, E8, E10, E13, E17
        bob.types(verb)
        bob.sees("Unregistered User\nTo register: JOIN NAME (you speak verbs now; /setname NAME leads back)\n")
        server.sees("refused, 204 not-named")
    bob.types("join bob")
    bob.sees("Welcome, bob.")
    run.joins(carl, "carl")  # of another dialect, in the same room
    bob.types("LIST")  # E7
    bob.sees("ann\nbob\ncarl\n")
    bob.types("JOIN eve")  # E6
    bob.sees("JOIN is discarded")
    bob.types("mesg ann two words")  # E9
    ann.sees("bob whispers: two words\n")
    bob.types("MESG dora hi")  # E11
    bob.sees("Unknown Recipient")
    server.sees("refused, 401 not-connected")
    bob.types("HELLO")  # E16
    bob.sees("Unknown Message")
    server.sees("refused, 301 unknown-command")
    bob.types("BCST to all")  # E12
    ann.sees("bob: to all\n")
    carl.sees("bob: to all\n")
    bob.types("QUIT")  # E14
    assert bob.ends() == 0
    carl.sees("* bob has left (goodbye). Users here: 2")
    assert "bob: to all" not in bob.text
    assert "two words" not in carl.text


def test_a_full_verb_server_and_quitting_unregistered(run: Programs) -> None:
    server = run.server("--max-users", "1", "--dialect", "verbs")
    ann, bob = run.telnet(), run.telnet()
    bob.types("hello")  # E17: under this option for the very first line, too
    bob.sees("Unregistered User\nTo register: JOIN NAME\n")
    server.sees("refused, 204 not-named")
    ann.types("JOIN ann")
    ann.sees("Welcome, ann.")
    bob.types("JOIN bob")  # E5
    bob.sees("Too Many Users\n")
    server.sees("refused, 501 too-many-users")
    bob.types("QUIT")  # E15
    assert bob.ends() == 0
    server.sees("QUIT: done")
    assert "bob has left" not in server.text
    ann.types("QUIT")  # E14
    assert ann.ends() == 0
    carl = run.telnet()
    carl.types("JOIN carl")
    carl.sees("Welcome, carl.")


# --- the program -------------------------------------------------------------------------------------------------


def test_every_interface_is_served_in_ipv4_and_ipv6(run: Programs, tmp_path: Path) -> None:
    port = free_port()
    server = run.program(sys.executable, "server.py", str(port), "--data", str(tmp_path))
    server.sees(f"telnet localhost {port} ")
    ann = run.program("nc", "-N", "127.0.0.1", str(port))
    run.joins(ann, "ann")
    if socket.has_dualstack_ipv6():
        run.joins(run.program("nc", "-N", "::1", str(port)), "bob")
        ann.sees("* bob has connected.")
        server.sees("bob ([::1]:")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_a_goodbye_to_all(run: Programs, number: signal.Signals) -> None:
    server = run.server()
    ann, bob = run.joins(run.telnet(), "ann"), run.joins(run.nc(), "bob")
    server.signals(number)
    for program in (ann, bob):
        program.sees("The server is shutting down. Goodbye.")
    bob.ends_input()  # nc stays until both directions have ended
    assert (ann.ends(), server.ends()) == (0, 0)
    assert "Traceback" not in server.text


def test_a_second_signal_ends_it_at_once(run: Programs) -> None:
    server = run.server("--farewell", "1000", "--shutdown", "1000")
    with socket.create_connection(("127.0.0.1", run.port)) as silent:
        silent.settimeout(PATIENCE)
        silent.sendall(b"ann\n")
        assert silent.recv(1000)
        server.signals(signal.SIGTERM)
        server.sees("Shutting down.")
        server.signals(signal.SIGTERM)
        assert server.ends() == 0


def test_it_tells_its_figures_and_reads_its_accounts_when_asked(run: Programs) -> None:
    server = run.server()
    run.joins(run.nc(), "ann")
    server.signals(signal.SIGUSR1)
    server.sees("Figures: users=1 connections=1 slash=1")
    server.signals(signal.SIGHUP)
    server.sees("Read the accounts again. Registered users: 0")


def test_the_log_is_lines_of_printable_ascii_whatever_is_sent(run: Programs) -> None:
    server = run.server("--log-level", "debug")
    with socket.create_connection(("127.0.0.1", run.port)) as hostile:
        hostile.sendall("\x1b[2J\u202ec\u00e4rl\r\n/\x85forged\x1b]0;x\x07\u2028\r\n/whisper \ud7ff\x00 x\n".encode())
        hostile.sendall(b"\xfe\xfd junk\r\nann\r\n/nick \xc3\xa9\r\n/quit\r\n")
        while hostile.recv(4096):  # to its end: what is not read when a socket is closed is a reset for the server
            pass
    server.sees("ann (")
    server.sees("has left")
    lines = server.text.split("\n")
    assert all(" " <= character <= "~" for line in lines for character in line)
    assert all(line[:2] == "20" for line in lines[:-1])  # each begins with its time: none is forged


def test_with_few_descriptors_those_that_are_too_many_are_told_and_the_others_served(run: Programs) -> None:
    limited = ("sh", "-c", 'ulimit -n 36; exec "$@"', "sh")
    run.server(before=limited)
    ann = run.joins(run.nc(), "ann")
    crowd = [socket.create_connection(("127.0.0.1", run.port), PATIENCE) for _ in range(30)]
    told = [sock.recv(100) for sock in crowd]  # the greeting, or that there is no room
    assert told[-1] == b"The server is full. Try again later.\r\n"
    assert told.count(told[-1]) > 6
    ann.types("/ping")
    ann.sees("pong")
    for sock in crowd:
        sock.close()
    ann.types("/ping")
    ann.sees("pong")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["http"], 2, "server.py: error: argument PORT: 'http' is not a port: give a number from 1 to 65535"),
        (["8001", "--host", "192.0.2.1"], 1, "Cannot listen on 192.0.2.1, port 8001: "),
        (["8001", "--host", "a..b"], 1, "Cannot listen on a..b, port 8001: "),
    ],
)
def test_what_cannot_be_served_is_one_sentence_and_an_exit_code(
    tmp_path: Path, arguments: list[str], code: int, sentence: str
) -> None:
    ended = start_in_vain(tmp_path, *arguments)
    assert ended.returncode == code
    assert sentence in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr + ended.stdout


def test_a_port_in_use_is_one_sentence(run: Programs, tmp_path: Path) -> None:
    run.server()
    ended = start_in_vain(tmp_path, str(run.port), "--host", "127.0.0.1")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"Port {run.port} is in use.")
    assert ended.stderr.count("\n") == 1


def start_in_vain(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "server.py", *arguments, "--data", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
