"""myclient.py: in this process against a scripted server, and as a real program against the real one."""

from __future__ import annotations

import io
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

import myclient
from client import endings, options
from client.endings import Ending, Exit
from client.looks import Shown
from client.screen import Pipe
from client.session import Session
from protocol import messages
from protocol.errors import Fault
from protocol.framing import FrameCodec
from protocol.messages import (
    Asked,
    Dismissed,
    Hello,
    Line,
    Name,
    Noticed,
    Pinged,
    Pong,
    Refused,
    Said,
    Welcomed,
    refusal,
)
from protocol.objects import FROM_CLIENT, dump, load
from tests.programs import CTRL_C, CTRL_D, PATIENCE, ROOT, Program, Programs, free_port

AT = 1_700_000_000.0
GOODBYE = Line("/disconnect", 2)


# --- against a scripted server -----------------------------------------------------------------------------------


class Peer:
    """A server's end of one connection, for a script to play: it may do what no real server does."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._codec = FrameCodec()
        self._received: list[object] = []

    def sends(self, *events: object) -> None:
        self.sends_bytes(b"".join(FrameCodec.encode(dump(event)) for event in events))

    def sends_bytes(self, data: bytes) -> None:
        self.sock.sendall(data)

    def gets(self, expected: object = None) -> object:
        """Return the next message, which is to be the `expected` one; None at the end of the connection."""
        while not self._received and (chunk := self.sock.recv(65536)):
            for payload in self._codec.feed(chunk):
                assert isinstance(payload, bytes)
                self._received.append(load(payload, FROM_CLIENT))
        got = self._received.pop(0) if self._received else None
        assert expected is None or got == expected
        return got

    def has_nothing_more(self) -> None:
        """Look whether more has come than was asked for."""
        readable, _, _ = select.select([self.sock], [], [], 0)
        assert not readable
        assert self._received == []

    def welcomes(self, name: str = "bot") -> None:
        self.gets()
        self.sends(Welcomed(name, "epoch", 1, 1))


Script = Callable[[Peer], None]


class Scripted:
    """Listens on a free port and plays a script to whoever connects."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self._players: list[threading.Thread] = []

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def plays(self, script: Script) -> None:
        player = threading.Thread(target=self._play, args=(script,))
        self._players.append(player)
        player.start()

    def _play(self, script: Script) -> None:
        sock, _ = self._listener.accept()
        with sock:
            sock.settimeout(PATIENCE)
            script(Peer(sock))

    def close(self) -> None:
        for player in self._players:
            player.join(PATIENCE)
        self._listener.close()


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


class Bot:
    """myclient.main in this process, its standard input a pipe."""

    def __init__(self, scripted: Scripted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._scripted = scripted
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.out = self.err = ""

    def exits(self, script: Script, text: str = "", *arguments: str, stays_open: bool = False) -> Exit:
        """Run the client against `script` with `text` as its input, which ends or not; return how it ends."""
        self._scripted.plays(script)
        read_end, write_end = os.pipe()
        with os.fdopen(read_end, encoding="utf-8") as stdin, os.fdopen(write_end, "w", encoding="utf-8") as typed:
            typed.write(text)
            typed.flush()
            if not stays_open:
                typed.close()
            self._monkeypatch.setattr(sys, "stdin", stdin)
            code = myclient.main(["127.0.0.1", str(self._scripted.port), *(arguments or ("--name", "bot"))])
        self.out, self.err = self._capsys.readouterr()
        return next(end for end in Exit if end.code == code)


@pytest.fixture
def bot(scripted: Scripted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bot:
    monkeypatch.delenv(options.PASSWORD_VARIABLE, raising=False)
    return Bot(scripted, capsys, monkeypatch)


@pytest.fixture
def no_input(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield


def test_a_bot_says_its_line_waits_for_the_echo_and_leaves(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        hello = peer.gets()
        assert isinstance(hello, Hello)
        assert (hello.version, hello.name, hello.password) == (1, "bot", None)
        peer.sends(Welcomed("bot", "epoch", 1, 1))
        peer.gets(Line("hello", 1))
        peer.sends(Said(2, "eve", "not yet", AT, cseq=1), Said(3, "bot", "hello", AT, cseq=1))  # A12
        peer.gets(GOODBYE)
        peer.sends(Dismissed("Goodbye."))
        assert peer.gets() is None  # C11

    assert bot.exits(script, "hello\n") is Exit.GOODBYE
    assert bot.out.splitlines() == [
        "* Welcome, bot. You may chat now; /help lists the commands.",
        "* Users here: 1",
        "eve: not yet",
        "bot: hello",
        "Goodbye.",
    ]
    assert bot.err == ""


def test_each_client_has_a_secret_of_its_own(bot: Bot) -> None:
    secrets: list[str] = []

    def script(peer: Peer) -> None:
        hello = peer.gets()
        assert isinstance(hello, Hello)
        secrets.append(hello.client_id)

    bot.exits(script)
    bot.exits(script)
    assert len(set(secrets)) == 2
    assert min(map(len, secrets)) >= 32


def test_without_a_name_the_first_line_is_the_name(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        hello = peer.gets()
        assert isinstance(hello, Hello)
        assert hello.name == "carl"
        peer.sends(Welcomed("carl", "epoch", 1, 1))
        peer.gets(Line("héllo", 1))

    bot.exits(script, "carl\nhéllo", "--password-file", "/dev/null")


def test_a_server_that_pings_is_answered_though_nothing_is_typed(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.sends(Pinged())
        peer.gets(Pong())
        peer.sends(Dismissed("Goodbye."))

    assert bot.exits(script, stays_open=True) is Exit.GOODBYE


def test_nothing_more_is_read_from_the_input_after_a_goodbye(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("/quit", 1))
        peer.sends(Dismissed("Goodbye."))
        assert peer.gets() is None

    assert bot.exits(script, "/quit\nhello\n") is Exit.GOODBYE


def test_a_slow_server_is_waited_for_as_long_as_it_answers(bot: Bot) -> None:
    count = 3 * myclient.WINDOW

    def script(peer: Peer) -> None:
        peer.welcomes()
        for cseq in range(1, count + 1):
            peer.gets(Line(f"line {cseq}", cseq))
            if cseq >= myclient.WINDOW:  # no more than a window of them are on their way
                peer.has_nothing_more()
                answered = cseq - myclient.WINDOW + 1
                peer.sends(Noticed("slowly"), Said(answered, "bot", f"line {answered}", AT, answered))
        for cseq in range(count - myclient.WINDOW + 2, count + 1):
            peer.sends(refusal(Fault.NOTHING_TO_SAY, cseq))
        peer.gets(Line("/disconnect", count + 1))
        peer.sends(Dismissed("Goodbye."))

    assert bot.exits(script, "".join(f"line {n}\n" for n in range(1, count + 1))) is Exit.GOODBYE


def test_waiting_was_of_use_when_a_line_was_answered(scripted: Scripted) -> None:
    session = Session("secret")
    session.receive(Welcomed("bot", "epoch", 1, 1), 0.0)
    session.typed("one", 0.0)
    session.typed("two", 0.0)
    with myclient.connect("127.0.0.1", scripted.port) as sock:
        progress = myclient.Client(sock, session, Typed())._progress(lambda: False)
        assert not progress()
        session.receive(Said(2, "bot", "one", AT, cseq=1), 0.0)
        assert progress()


class Typed:
    """A screen at which these lines were typed before anything came back."""

    interactive = True

    def __init__(self, *lines: str) -> None:
        self._lines = lines

    def __enter__(self) -> Typed:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def lines(self) -> Iterator[str]:
        yield from self._lines

    def show(self, shown: Shown) -> None:
        pass

    def wake(self) -> None:
        pass


def test_what_a_line_means_waits_for_the_answer_to_the_one_before(scripted: Scripted) -> None:
    def script(peer: Peer) -> None:
        peer.gets()
        peer.sends(Asked("name", "Who are you?"))
        peer.gets(Name("ann"))
        peer.sends(refusal(Fault.NAME_TAKEN, name="ann"), Asked("name", "Another?"))
        peer.gets(Name("anna"))
        peer.has_nothing_more()
        peer.sends(Welcomed("anna", "epoch", 1, 1))
        peer.gets(Line("hello", 1))
        peer.sends(Said(2, "anna", "hello", AT, cseq=1))

    scripted.plays(script)
    sock = myclient.connect("127.0.0.1", scripted.port)
    with pytest.raises(Ending) as ended:
        myclient.Client(sock, Session("secret"), Typed("ann", "anna", "hello")).chat(None, None)
    assert ended.value.how is Exit.LOST


def test_a_pipe_that_is_woken_yields_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lines"
    path.write_text("".join(f"{number}\n" for number in range(100)))
    with path.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with Pipe() as pipe:
            lines = pipe.lines()
            assert next(lines) == "0\n"
            pipe.wake()
            assert list(lines) == []


def test_a_line_that_is_not_answered_in_time_is_a_loss(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(myclient, "PATIENCE", 0.05)

    def script(peer: Peer) -> None:
        peer.welcomes()
        while peer.gets() is not None:
            pass

    assert bot.exits(script, "hello\nand more\n") is Exit.LOST
    assert bot.err == 'The server did not answer "hello" and 1 more within 0 s. Try again later.\n'


def test_a_server_that_leaves_owing_an_answer_is_a_loss(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("hello", 1))
        peer.sends(Dismissed("The server is shutting down. Goodbye."))

    assert bot.exits(script, "hello\n") is Exit.LOST
    assert 'before it answered "hello"' in bot.err


def test_a_lost_connection_ends_a_client_whose_input_stays_open(bot: Bot) -> None:
    assert bot.exits(Peer.welcomes, stays_open=True) is Exit.LOST
    assert bot.err == "The connection to the server was lost. Start the client again to rejoin.\n"


def test_a_lost_connection_names_the_line_that_may_be_lost(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("hello", 1))

    assert bot.exits(script, "hello\n") is Exit.LOST
    assert '"hello" may not have arrived.' in bot.err


def test_a_server_that_closes_instead_of_saying_goodbye_is_left_all_the_same(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("/disconnect", 1))

    assert bot.exits(script) is Exit.GOODBYE


def test_a_goodbye_that_does_not_come_is_not_waited_for_long(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(myclient, "FAREWELL", 0.05)

    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("/disconnect", 1))
        assert peer.gets() is None

    assert bot.exits(script) is Exit.GOODBYE


@pytest.mark.parametrize(
    "answer",
    [
        (refusal(Fault.NAME_TAKEN, name="bot"), Asked("name", "Another?")),  # A4
        (refusal(Fault.NAME_RESERVED, name="bot"), Asked("name", "Another?")),  # A5
        (refusal(Fault.BAD_VERSION, ours=2, theirs=1), Dismissed("Goodbye.")),
    ],
)
def test_a_bot_that_is_not_let_in_says_why(bot: Bot, answer: tuple[Refused, messages.Event]) -> None:
    def script(peer: Peer) -> None:
        peer.gets()
        peer.sends(*answer)

    assert bot.exits(script, "hello\n") is Exit.REFUSED
    assert bot.err == f"Not let in: {answer[0].text}\n"
    assert bot.out.count(answer[0].text) == 0


def test_a_bot_without_the_password_is_told_where_to_put_it(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.gets()
        peer.sends(Asked("password", "Its password?"))

    assert bot.exits(script, "hello\n") is Exit.REFUSED
    assert "--password-file or CHAT_PASSWORD" in bot.err


@pytest.mark.parametrize(("file", "variable", "sent"), [("hunter22\nmore\n", "x", "hunter22"), (None, "x", "x")])
def test_a_password_comes_from_a_file_or_the_environment(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: str | None, variable: str, sent: str
) -> None:
    monkeypatch.setenv(options.PASSWORD_VARIABLE, variable)
    arguments = ["--name", "bot"]
    if file is not None:
        (tmp_path / "password").write_text(file)
        arguments += ["--password-file", str(tmp_path / "password")]

    def script(peer: Peer) -> None:
        hello = peer.gets()
        assert isinstance(hello, Hello)
        assert hello.password == sent

    bot.exits(script, "", *arguments)


@pytest.mark.usefixtures("no_input")
def test_a_password_file_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert myclient.main(["localhost", "--password-file", "/nowhere/at/all"]) == Exit.ERROR.code
    assert capsys.readouterr().err == "The password file can't be read: No such file or directory.\n"


# --- servers that are none, or that are hostile ------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.SERVER_FULL, Fault.TOO_MANY_CONNECTIONS])
def test_a_server_that_turns_us_away_in_text_is_shown(bot: Bot, fault: Fault) -> None:  # A8
    def script(peer: Peer) -> None:
        peer.sends_bytes(fault.phrase.encode() + b"\r\n")
        peer.gets()

    assert bot.exits(script) is Exit.REFUSED
    assert bot.err == f"Not let in: {fault.phrase}\n"


@pytest.mark.parametrize(
    ("answer", "quoted"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nServer: \x1b[2Jx\r\n\r\n", '"HTTP/1.1 400 Bad Request"'),
        (b"\x1b]0;evil\x07SSH-2.0-OpenSSH\r\n", '"]0;evilSSH-2.0-OpenSSH"'),
        (b"x" * 5000, "it is text, not frames"),
        (b"\0\0\0\0", "A frame of 0 bytes is not possible"),
        (b"\0\xff\xff\xff", "A frame of 16777215 bytes is not possible"),  # D16
    ],
)
def test_a_peer_that_is_no_chat_server_is_named_by_what_it_says(bot: Bot, answer: bytes, quoted: str) -> None:
    def script(peer: Peer) -> None:
        peer.gets()
        peer.sends_bytes(answer)

    assert bot.exits(script) is Exit.ERROR
    assert bot.err.startswith("That does not look like this chat's server: ")
    assert quoted in bot.err
    assert bot.err.count("\n") == 1
    assert "\x1b" not in bot.err


def test_a_peer_that_says_nothing_is_given_up(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(myclient, "PATIENCE", 0.05)

    def script(peer: Peer) -> None:
        peer.gets()
        assert peer.gets() is None

    assert bot.exits(script) is Exit.ERROR
    assert "it did not answer within" in bot.err


def test_a_greeting_in_text_before_the_frames_is_dropped(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.sends_bytes(b"Welcome to this chat. Type the name you want to have here, then Enter.\r\n")
        peer.welcomes()

    assert bot.exits(script, stays_open=True) is Exit.LOST
    assert "Type the name" not in bot.out + bot.err


def test_what_a_newer_server_says_is_ignored_and_what_makes_no_sense_costs_its_frame(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.sends_bytes(FrameCodec.encode(b'{"type":"weather","text":"fine"}'))
        peer.sends_bytes(FrameCodec.encode(b'{"type":"said"}') + FrameCodec.encode(b"\xff"))
        peer.sends(Noticed("still here"), Dismissed("Goodbye."))

    assert bot.exits(script, stays_open=True) is Exit.GOODBYE
    assert bot.out.splitlines()[2:] == [
        "! That frame was not understood: seq is missing.",
        "! That frame was not understood: it is not a JSON object in UTF-8.",
        "* still here",
        "Goodbye.",
    ]


def test_frames_in_any_cut_are_shown_once_each(bot: Bot) -> None:  # D3, D4
    def script(peer: Peer) -> None:
        peer.gets()
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        events = [Welcomed("bot", "epoch", 1, 1), *(Said(n, "eve", f"<{n}>" * 10, AT) for n in range(2, 6))]
        for byte in b"".join(FrameCodec.encode(dump(event)) for event in events):
            peer.sends_bytes(bytes((byte,)))
        peer.sends(Dismissed("Goodbye."))

    assert bot.exits(script, stays_open=True) is Exit.GOODBYE
    assert bot.out.splitlines()[2:] == [*(f"eve: {f'<{n}>' * 10}" for n in range(2, 6)), "Goodbye."]


def test_an_output_that_takes_nothing_ends_the_client(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w", encoding="utf-8") as nobody:
        monkeypatch.setattr(sys, "stdout", nobody)
        assert bot.exits(Peer.welcomes, stays_open=True) is Exit.ERROR
    assert bot.err == "The output can't be written: Broken pipe.\n"


# --- getting there -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_input")
def test_a_port_where_nothing_listens(capsys: pytest.CaptureFixture[str]) -> None:  # B4
    port = free_port()
    assert myclient.main(["127.0.0.1", str(port), "--name", "bot"]) == Exit.CANNOT_CONNECT.code
    sentence = f"No server listens on 127.0.0.1, port {port}. Check both, or start one there: python server.py {port}\n"
    assert capsys.readouterr().err == sentence


@pytest.mark.usefixtures("no_input")
@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70 + ".invalid"])
def test_a_host_that_nobody_knows(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert myclient.main([host, "--name", "bot"]) == Exit.CANNOT_CONNECT.code
    assert "is not known. Check how it is spelled." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError("timed out"), "No answer from example.org, port 8001 within 10 s."),
        (OSError(113, "No route to host"), "There is no way to example.org, port 8001."),
        (OSError(13, "Permission denied"), "Cannot connect to example.org, port 8001: Permission denied."),
        (OSError("odd"), "Cannot connect to example.org, port 8001: odd."),
    ],
)
def test_other_ways_not_to_get_there(error: OSError, said: str) -> None:
    ending = endings.why_not_connected(error, "example.org", 8001)
    assert ending.how is Exit.CANNOT_CONNECT
    assert ending.sentence.startswith(said)


def test_small_frames_are_not_held_back(scripted: Scripted) -> None:
    with myclient.connect("127.0.0.1", scripted.port) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        assert sock.gettimeout() is None


@pytest.mark.parametrize("arguments", [[], ["localhost", "0"], ["localhost", "70000"], ["localhost", "x"], ["--what"]])
def test_a_wrong_command_line_is_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        options.parse(arguments, on_terminal=False)
    assert ended.value.code == Exit.USAGE.code
    assert "usage: myclient.py" in capsys.readouterr().err


def test_help_shows_examples_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        options.parse(["--help"], on_terminal=True)
    told = capsys.readouterr().out
    assert "python myclient.py localhost 8001 --name ann" in told
    for end in Exit:
        assert f"  {end.code:<4} {end.meaning}\n" in told + "\n"


def test_on_a_terminal_the_server_may_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:  # D2
    assert options.parse([], on_terminal=True).host is None
    monkeypatch.setattr(sys, "stdin", io.StringIO(" example.org \nx\n8002\n"))
    assert options.ask_server() == ("example.org", 8002)
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n\n"))
    assert options.ask_server() == (options.DEFAULT_HOST, options.DEFAULT_PORT)


@pytest.mark.usefixtures("no_input")
def test_an_input_without_a_line_has_no_name_in_it() -> None:
    assert myclient.main(["localhost"]) == Exit.USAGE.code


# --- the real program, and the real server -----------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path) as made:
        yield made


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
    """Return what the program's terminal shows now, without the lines that are empty."""
    emulated = pyte.Screen(80, 24)
    pyte.Stream(emulated).feed(program.text)
    return [line.rstrip() for line in emulated.display if line.strip()]


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
    assert screen(ann).count("ann: hello all") == 1  # A12
    assert "well" not in bob.text


def test_a_reply_never_reaches_a_newcomer_of_the_same_name(run: Programs) -> None:  # A20
    run.server()
    ann = join(run, "ann")
    first = run.joins(run.telnet(), "bob")
    first.types("/w ann psst", "/quit")
    ann.sees("bob has left")
    ann.types("/r are you there?")
    ann.sees("! bob is not connected. /users shows who is.")
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
    lines = screen(ann)
    assert lines[-1] == "ann> half a line that stays"
    assert lines[:-1] == [f"bob: burst {number}" for number in range(300 - len(lines) + 1, 300)]
    ann.presses("\r")
    talker.sees("ann: half a line that stays")


def test_keys_between_two_prompts_are_kept_and_not_echoed(run: Programs, scripted: Scripted) -> None:  # D8
    between_prompts, typed = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.gets()
        peer.sends(Asked("name", "Who are you?"))
        peer.gets(Name("ann"))
        between_prompts.set()
        assert typed.wait(PATIENCE)
        peer.sends(Welcomed("ann", "epoch", 1, 1))
        peer.gets(Line("typed ahead", 1))

    scripted.plays(script)
    ann = client(run, "127.0.0.1", str(scripted.port))
    ann.sees("Your name:")
    ann.types("ann")
    assert between_prompts.wait(PATIENCE)
    ann.presses("typed ahead")
    typed.set()
    ann.sees("typed ahead")
    assert screen(ann)[-2:] == ["* Users here: 1", "ann> typed ahead"]
    ann.presses("\r")


def test_lines_that_are_typed_ahead_leave_no_trace_but_their_echo(run: Programs) -> None:  # A12, D8
    run.server()
    ann = join(run, "ann")
    ann.types(*(f"line {number}" for number in range(20)))
    ann.sees("ann: line 19")
    ann.sees("ann>")
    lines = screen(ann)
    assert lines[-21:] == [*(f"ann: line {number}" for number in range(20)), "ann>"]


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
        (signal.SIGKILL, Exit.LOST, "The connection to the server was lost. Start the client again to rejoin."),
    ],
)
def test_the_server_goes(run: Programs, number: signal.Signals, end: Exit, told: str) -> None:
    server = run.server()
    ann = join(run, "ann")
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
    assert (piped.returncode, piped.stderr) == (Exit.GOODBYE.code, "")
    assert piped.stdout.splitlines()[-1] == "Goodbye."
    assert "pong: " in piped.stdout
    assert "\x1b" not in piped.stdout


def test_a_pipe_that_is_not_let_in_ends_at_once(run: Programs) -> None:  # A8, E5
    run.server("--max-users", "1")
    run.joins(run.telnet(), "bob")
    piped = pipe(run, "bot\nhello\n")
    assert piped.returncode == Exit.REFUSED.code
    assert piped.stderr.startswith("Not let in: Too Many Users")


def test_a_terminal_without_the_packages_is_told_how_to_get_them(run: Programs) -> None:
    ann = client(run, "127.0.0.1", "8001", packages=False)
    ann.sees("is not installed. Run: python -m pip install -r requirements.txt")
    assert ann.ends() == Exit.ERROR.code
    assert "Traceback" not in ann.text


def test_a_user_who_would_rather_not_say_where_to(run: Programs) -> None:
    ann = client(run)
    ann.sees("Server address [localhost]: ")
    ann.presses(CTRL_D)
    assert ann.ends() == Exit.GOODBYE.code
    assert "Traceback" not in ann.text
