"""myclient.py in this process, against a scripted server: every way in which a conversation may go and end."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

import myclient
from client.cli import options
from client.cli.exits import Ending, Exit
from client.core.render import not_understood
from client.core.session import ClientSession
from client.core.typed import Secret
from client.net.link import connect
from client.ui.records import Records
from client.ui.screen import Pipe
from protocol.errors import ErrorCode
from protocol.events import Asked, Dismissed, Event, Noticed, Pinged, Refused, Said, Welcomed, Whispered, refusal
from protocol.framing import FrameCodec
from protocol.objects import dump
from protocol.requests import Hello, Line, Name, Password, Pong
from tests.support.scripted import TURNED_AWAY, Bot, Peer, Scripted, Typed

AT = 1_700_000_000.0
GOODBYE = Line("/disconnect", 2)


@pytest.fixture
def bot(scripted: Scripted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bot:
    monkeypatch.delenv(options.PASSWORD_VARIABLE, raising=False)
    return Bot(scripted, capsys, monkeypatch)


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
    assert bot.out.splitlines() == ["eve: not yet"]  # that our own line was said is told by the exit code
    assert bot.err.splitlines() == [
        "* Welcome, bot. You may chat now; /help (or /cmd) lists the commands.",
        "* Users here: 1",
        "Goodbye.",
    ]


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


def test_a_server_that_pings_is_answered_though_nothing_is_typed(bot: Bot) -> None:  # D1
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.sends(Pinged())
        peer.gets(Pong())
        peer.sends(Dismissed("Goodbye."))

    assert bot.exits(script, stays_open=True) is Exit.GOODBYE


def test_nothing_more_is_read_from_the_input_after_a_goodbye(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("/disconnect", 1))
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
            peer.sends(Noticed("done", cseq))
        peer.gets(Line("/disconnect", count + 1))
        peer.sends(Dismissed("Goodbye."))

    assert bot.exits(script, "".join(f"line {n}\n" for n in range(1, count + 1))) is Exit.GOODBYE


def test_waiting_was_of_use_when_a_line_was_answered(scripted: Scripted) -> None:
    session = ClientSession("secret")
    session.receive(Welcomed("bot", "epoch", 1, 1), 0.0)
    session.typed("one", 0.0)
    session.typed("two", 0.0)
    client = myclient.Client(lambda _: connect("127.0.0.1", scripted.port), session, Typed())
    progress = client._progress(lambda: False)
    assert not progress()
    session.receive(Said(2, "bot", "one", AT, cseq=1), 0.0)
    assert progress()
    client._link.close()


def test_what_a_line_means_waits_for_the_answer_to_the_one_before(scripted: Scripted) -> None:
    def script(peer: Peer) -> None:
        peer.gets()
        peer.sends(Asked("name", "Who are you?"))
        peer.gets(Name("ann"))
        peer.sends(refusal(ErrorCode.NAME_TAKEN, name="ann"), Asked("name", "Another?"))
        peer.gets(Name("anna"))
        peer.has_nothing_more()
        peer.sends(Welcomed("anna", "epoch", 1, 1))
        peer.gets(Line("hello", 1))
        peer.sends(Said(2, "anna", "hello", AT, cseq=1))
        peer.gets(GOODBYE)

    scripted.plays(script)
    client = myclient.Client(
        lambda _: connect("127.0.0.1", scripted.port), ClientSession("secret"), Typed("ann", "anna", "hello")
    )
    with pytest.raises(Ending) as ended:
        client.chat(None, None)
    assert ended.value.how is Exit.GOODBYE


def test_what_is_shown_is_logged_at_a_terminal(scripted: Scripted, tmp_path: Path) -> None:  # U5
    path = tmp_path / "chat.log"

    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("hello", 1))
        peer.sends(Whispered(2, "bob", "bot", "psst", AT), Said(3, "bot", "hello", AT, cseq=1))
        peer.gets(GOODBYE)

    scripted.plays(script)
    typed = Typed(f"/log {path}", "/log /nowhere/at/all", "hello")
    records, session = Records(), ClientSession("secret")
    client = myclient.Client(lambda _: connect("127.0.0.1", scripted.port), session, typed, records)
    with pytest.raises(Ending), records:
        client.chat("bot", None)
    time = f"{datetime.fromtimestamp(AT):%Y-%m-%d %H:%M:%S}"
    told, refused, *said = path.read_text().splitlines()
    assert told.endswith(f" What is shown is written to {path}, too, and whispers with it. /log off ends that.")
    assert " ! /nowhere/at/all can't be written: No such file or directory." in refused
    assert said == [f"{time} bob -> you: psst", f"{time} bot: hello"]


def test_a_script_s_lines_choose_no_file(bot: Bot, tmp_path: Path) -> None:  # U5
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("/disconnect", 1))

    assert bot.exits(script, f"/log {tmp_path / 'x'}\n") is Exit.DECLINED
    assert "! /log is for a terminal. Send the output of a script to a file: > FILE\n" in bot.err
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_that_is_woken_yields_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lines"
    path.write_text("".join(f"{number}\n" for number in range(100)))
    with path.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with Pipe(ClientSession("secret"), lambda _: None) as pipe:
            lines = pipe.lines()
            assert next(lines) == "0\n"
            pipe.wake()
            assert list(lines) == []


def test_a_line_that_is_not_answered_in_time_is_a_loss(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    leave = myclient.Client._leave

    def is_impatient(client: myclient.Client, wait: float) -> None:  # but not before it is in
        monkeypatch.setattr(myclient, "ANSWER_TIMEOUT", 0.05)
        leave(client, wait)

    monkeypatch.setattr(myclient.Client, "_leave", is_impatient)

    def script(peer: Peer) -> None:
        peer.welcomes()
        while peer.gets() is not None:
            pass

    assert bot.exits(script, "hello\nand more\n") is Exit.LOST
    assert bot.err.endswith('\nThe server did not answer "hello" and 1 more within 0 s. Try again later.\n')


def test_a_server_that_leaves_owing_an_answer_is_a_loss(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("hello", 1))
        peer.sends(Dismissed("The server is shutting down. Goodbye."))

    assert bot.exits(script, "hello\n") is Exit.LOST
    assert 'before it answered "hello"' in bot.err


def test_a_lost_connection_ends_a_client_whose_input_stays_open(bot: Bot) -> None:
    assert bot.exits(Peer.welcomes, stays_open=True) is Exit.LOST
    assert bot.err.endswith("\nThe connection to the server was lost. Start the client again to rejoin.\n")


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
        (refusal(ErrorCode.NAME_TAKEN, name="bot"), Asked("name", "Another?")),  # A4
        (refusal(ErrorCode.NAME_RESERVED, name="bot"), Asked("name", "Another?")),  # A5
        (refusal(ErrorCode.BAD_VERSION, ours=2, theirs=1), Dismissed("Goodbye.")),
    ],
)
def test_a_bot_that_is_not_let_in_says_why(bot: Bot, answer: tuple[Refused, Event]) -> None:
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
        assert hello.password is None  # T4: not before it is asked for
        peer.sends(Asked("password", "Its password?"))
        peer.gets(Password(sent))
        peer.sends(Welcomed("bot", "epoch", 1, 1))

    bot.exits(script, "", *arguments)
    assert "Its password?" not in bot.err


def test_a_password_that_is_wrong_is_told_and_not_offered_again(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(options.PASSWORD_VARIABLE, "hunter22")

    def script(peer: Peer) -> None:
        peer.gets()
        peer.sends(Asked("password", "Its password?"))
        peer.gets(Password("hunter22"))
        peer.sends(refusal(ErrorCode.WRONG_PASSWORD, name="bot", instead=""), Asked("password", "Its password?"))
        assert peer.gets() is None

    assert bot.exits(script, "hello\n") is Exit.REFUSED
    assert bot.err == "Not let in: That is not bot's password.\n"


# --- servers that are none, or that are hostile ------------------------------------------------------------------


@pytest.mark.parametrize("refused", TURNED_AWAY)
def test_a_server_that_turns_us_away_in_text_is_shown(bot: Bot, refused: Refused) -> None:  # A8, M3
    def script(peer: Peer) -> None:
        peer.sends_bytes(refused.text.encode() + b"\r\n")
        peer.gets()

    assert bot.exits(script) is Exit.REFUSED
    assert bot.err == f"Not let in: {refused.text}\n"


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
    monkeypatch.setattr(myclient, "TIMEOUT", 0.05)

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
    assert bot.err.splitlines()[2:] == [
        not_understood(ErrorCode.BAD_MESSAGE).text,
        not_understood(ErrorCode.BAD_MESSAGE).text,
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
    assert bot.out.splitlines() == [f"eve: {f'<{n}>' * 10}" for n in range(2, 6)]


def test_an_output_that_takes_nothing_ends_the_client(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    def talks(peer: Peer) -> None:
        peer.welcomes()
        peer.sends(Said(2, "eve", "hi", AT))

    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w", encoding="utf-8") as nobody:
        monkeypatch.setattr(sys, "stdout", nobody)
        assert bot.exits(talks, stays_open=True) is Exit.ERROR
    assert bot.err.endswith("\nThe output can't be written: Broken pipe.\n")


def test_a_goodbye_waits_until_every_line_has_been_answered(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.welcomes()
        for cseq in (1, 2):
            peer.gets(Line(f"line {cseq}", cseq))
        peer.has_nothing_more()
        peer.sends(*(Said(cseq + 1, "bot", f"line {cseq}", AT, cseq) for cseq in (1, 2)))
        peer.gets(Line("/disconnect", 3))

    assert bot.exits(script, "line 1\nline 2\n/quit\n") is Exit.GOODBYE


def test_a_goodbye_does_not_hide_that_a_line_was_lost(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("line 1", 1))

    assert bot.exits(script, "line 1\n/quit\n") is Exit.LOST
    assert '"line 1" may not have arrived' in bot.err


def test_the_line_after_a_password_waits_for_what_comes_of_it(scripted: Scripted) -> None:
    def script(peer: Peer) -> None:
        peer.gets()
        peer.sends(Welcomed("ann", "epoch", 1, 1), Asked("password", "Choose one:"))
        peer.gets(Password("hunter22"))
        peer.has_nothing_more()
        peer.sends(Asked("password", "The same once more:"))
        peer.gets(Password("hunter22"))
        peer.has_nothing_more()
        peer.sends(Noticed("ann is yours now."))
        peer.gets(Line("/disconnect", 1))

    scripted.plays(script)
    session = ClientSession("secret")

    class Waiting(Typed):
        def lines(self) -> Iterator[str | Secret]:
            while not session.secret:
                pass
            yield from (Secret(str(line), session.secret) for line in super().lines())

    client = myclient.Client(lambda _: connect("127.0.0.1", scripted.port), session, Waiting("hunter22", "hunter22"))
    with pytest.raises(Ending) as ended:
        client.chat("ann", None)
    assert ended.value.how is Exit.GOODBYE
