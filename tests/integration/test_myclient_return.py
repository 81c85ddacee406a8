"""myclient.py when the connection is lost: in this process against a scripted server, and for real on a terminal."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat

import pytest

import myclient
from client.cli import options
from client.cli.exits import Ending, Exit
from client.core.backoff import Backoff
from client.core.render import Shown
from client.core.session import UNSEEN, ClientSession
from client.core.typed import NewName, Secret
from client.net import link, servers
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Asked, Dismissed, Joined, Noticed, Refused, Said, Welcomed, refusal
from protocol.requests import Hello, Line, Name, Password, ResumePoint
from tests.integration.test_myclient import client, pipe
from tests.support.patience import PATIENCE
from tests.support.programs import CTRL_D, Programs, needs
from tests.support.scripted import Bot, Peer, Script, Scripted, Typed

AT = 1_700_000_000.0
GOODBYE = Line("/disconnect", 2)
PATIENT = ("--name", "bot", "--reconnect", "60")
TOO_LONG = 61  # seconds


class Waits(Backoff):
    """The waits that a test asks for."""

    def __init__(self, seconds: Iterator[float]) -> None:
        super().__init__(0.0, 0.0, lambda: 0.0)
        self._seconds = seconds

    def wait(self) -> float:
        return next(self._seconds)


@pytest.fixture
def bot(scripted: Scripted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Bot:
    monkeypatch.delenv(options.PASSWORD_VARIABLE, raising=False)
    monkeypatch.setattr(myclient, "Backoff", lambda *_: Waits(repeat(0)))
    return Bot(scripted, capsys, monkeypatch)


def loses(peer: Peer) -> None:
    """Welcome the client, take its line and be gone before it is answered."""
    peer.welcomes()
    peer.gets(Line("hello", 1))


def comes_back(peer: Peer) -> None:
    hello = peer.gets()
    assert isinstance(hello, Hello)
    assert (hello.name, hello.resume) in [("bot", ResumePoint("epoch", 1, lines=lines)) for lines in (1, 2)]


def repeats(peer: Peer) -> None:
    """Welcome the client again, have its line again, answer it and let it leave."""
    comes_back(peer)
    peer.sends(Welcomed("bot", "epoch", 3, 1, resumed=True), Joined(3, "bot", 1))
    peer.gets(Line("hello", 1))
    peer.sends(Said(4, "bot", "hello", AT, 1))
    peer.gets(GOODBYE)


# --- scripted ----------------------------------------------------------------------------------------------------


def test_a_line_without_an_answer_is_said_by_the_next_connection(bot: Bot, scripted: Scripted) -> None:
    scripted.plays(loses)
    assert bot.exits(repeats, "hello\n", *PATIENT) is Exit.GOODBYE


def hears_again(peer: Peer) -> None:
    """Let the client come back, tell it what it has missed, and hear what it repeats."""
    comes_back(peer)
    peer.sends(Welcomed("bot", "epoch", 3, 1, resumed=True), Said(2, "bot", "hello", AT, 1), Joined(3, "bot", 1))
    peer.gets(Line("hello", 1))
    peer.gets(GOODBYE)


def test_a_connection_that_ends_before_the_welcome_is_tried_again(bot: Bot, scripted: Scripted) -> None:
    scripted.plays(loses)
    scripted.plays(comes_back)
    assert bot.exits(hears_again, "hello\n", *PATIENT) is Exit.GOODBYE


def test_a_bot_whose_name_is_gone_meanwhile_ends(bot: Bot, scripted: Scripted) -> None:
    def refuses(peer: Peer) -> None:
        comes_back(peer)
        peer.sends(refusal(ErrorCode.NAME_TAKEN, name="bot"), Asked("name", "Another?"))

    scripted.plays(loses)
    assert bot.exits(refuses, "hello\n", *PATIENT) is Exit.REFUSED
    assert bot.err.endswith("\nNot let in: bot is in use. Choose another name.\n")


def test_a_password_does_not_follow_the_servers_name_to_another_address(
    bot: Bot, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:  # T4
    monkeypatch.setenv(options.PASSWORD_VARIABLE, "hunter22")
    elsewhere = Scripted()
    there = elsewhere.port
    ports = iter([scripted.port, there])
    monkeypatch.setattr(servers, "connect", lambda host, *_: link.connect(host, next(ports)))

    def lets_in(peer: Peer) -> None:
        peer.gets()
        peer.sends(Asked("password", "Its password?"))
        peer.gets(Password("hunter22"))
        peer.sends(Welcomed("bot", "epoch", 1, 1))
        peer.gets(Line("hello", 1))

    def asks(peer: Peer) -> None:
        comes_back(peer)
        peer.sends(Asked("password", "Its password?"))
        assert peer.gets() is None

    elsewhere.plays(asks)
    try:
        assert bot.exits(lets_in, "hello\n", *PATIENT) is Exit.REFUSED
    finally:
        elsewhere.close()
    assert f"The server answers from 127.0.0.1, port {there} now" in bot.err


def test_after_a_kick_it_stays_away(bot: Bot) -> None:
    def kicks(peer: Peer) -> None:
        loses(peer)
        peer.sends(refusal(ErrorCode.TOO_FAR_BEHIND, why="x"), Dismissed("Goodbye."))

    assert bot.exits(kicks, "hello\n", *PATIENT) is Exit.LOST
    assert 'The server left before it answered "hello".' in bot.err


@pytest.mark.parametrize("text", ["hello\n", ""])
@pytest.mark.parametrize(
    "why",
    [
        refusal(ErrorCode.KICKED, name="eve", reason=": spam"),
        refusal(ErrorCode.BANNED, left="for 2 hours", reason=": spam"),
    ],
)
def test_after_an_operator_has_removed_it_it_stays_away_and_says_so(bot: Bot, why: Refused, text: str) -> None:  # M2
    def removes(peer: Peer) -> None:
        peer.welcomes()
        if text:
            peer.gets(Line("hello", 1))
        peer.sends(why, Dismissed("Goodbye."))

    assert bot.exits(removes, text, *PATIENT, stays_open=True) is Exit.REFUSED
    told = f"! {why.text}\nGoodbye.\n"
    assert bot.err.endswith(f"{told}An operator has removed you from the chat. The client does not come back.\n")


def test_a_user_who_is_banned_meanwhile_is_not_let_in_again(bot: Bot, scripted: Scripted) -> None:  # M3
    def refuses(peer: Peer) -> None:
        comes_back(peer)
        peer.sends(refusal(ErrorCode.BANNED, left="for good", reason=": spam"), Dismissed("Goodbye."))

    scripted.plays(loses)
    assert bot.exits(refuses, "hello\n", *PATIENT) is Exit.REFUSED
    assert bot.err.endswith("\nNot let in: You are banned for good: spam.\n")


def test_a_script_whose_name_is_claimed_by_its_owner_ends(bot: Bot) -> None:  # M8
    def claims(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("hello", 1))
        peer.sends(Said(2, "bot", "hello", AT, 1), refusal(ErrorCode.NAME_CLAIMED, name="bot"), Asked("name", "Which?"))
        assert peer.gets() is None  # the next line is no name

    assert bot.exits(claims, "hello\n", *PATIENT, stays_open=True) is Exit.REFUSED
    assert "Not let in: bot is registered, and its owner has come with the password." in bot.err


def test_a_server_that_shuts_down_may_be_back(bot: Bot, scripted: Scripted) -> None:
    def shuts_down(peer: Peer) -> None:
        loses(peer)
        peer.sends(Dismissed("The server is shutting down. Goodbye.", again=True))

    scripted.plays(shuts_down)
    assert bot.exits(repeats, "hello\n", *PATIENT) is Exit.GOODBYE


def test_a_connection_that_comes_after_the_user_has_left_is_not_used(scripted: Scripted) -> None:  # T4
    def connecting(_: Ending | None) -> link.Link:
        made = link.connect("127.0.0.1", scripted.port)
        if chat:
            chat[0]._end(Ending(Exit.INTERRUPTED))
        return made

    chat: list[myclient.Client] = []
    session = ClientSession("secret")
    scripted.plays(lambda _: None)
    chat.append(myclient.Client(connecting, session, Typed(), persistence=5.0))
    session.receive(Welcomed("bot", "epoch", 1, 1), 0.0)
    scripted.plays(Peer.listens)
    with pytest.raises(Ending):
        chat[0]._is_connected_again()
    chat[0]._link.close()
    scripted.close()
    assert scripted.heard == [b"", b""]


def test_when_its_patience_is_over_it_says_what_may_not_have_arrived(
    bot: Bot, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(myclient, "Backoff", lambda *_: Waits(repeat(TOO_LONG)))
    assert bot.exits(loses, "hello\n", *PATIENT) is Exit.LOST
    assert '"hello" may not have arrived' in bot.err


def test_no_server_at_all_is_tried_again_too(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(myclient, "Backoff", lambda *_: Waits(iter([0, 0, TOO_LONG])))

    def loses_and_is_gone(peer: Peer) -> None:
        bot._scripted._listener.close()
        loses(peer)

    assert bot.exits(loses_and_is_gone, "hello\n", *PATIENT) is Exit.LOST


def overdue(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Return what makes the client take what it waits for as overdue, once, as after a long time."""
    is_so, is_overdue = threading.Event(), ClientSession.is_overdue

    def is_overdue_now(session: ClientSession, heard_at: float, now: float, silence: float, timeout: float) -> bool:
        later = now + silence + timeout if is_so.is_set() else now
        found = is_overdue(session, heard_at, later, silence, timeout)
        if found:
            is_so.clear()
        return found

    monkeypatch.setattr(ClientSession, "is_overdue", is_overdue_now)
    monkeypatch.setattr(myclient, "TICK", 0.01)
    return is_so


def test_a_server_that_falls_silent_is_taken_for_gone(
    bot: Bot, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_overdue = overdue(monkeypatch)

    def is_silent(peer: Peer) -> None:
        loses(peer)
        is_overdue.set()
        assert peer.gets() is None

    scripted.plays(is_silent)
    assert bot.exits(repeats, "hello\n", *PATIENT) is Exit.GOODBYE


def test_how_long_it_tries_depends_on_who_waits() -> None:
    def persistence(*arguments: str, on_terminal: bool) -> float:
        chosen = options.parse(["localhost", *arguments], on_terminal=on_terminal)
        return options.persistence(chosen, on_terminal=on_terminal)

    assert persistence(on_terminal=True) == float("inf")
    assert persistence(on_terminal=False) == options.PERSISTENCE
    assert persistence("--reconnect", "7", on_terminal=True) == 7.0
    with pytest.raises(SystemExit):
        persistence("--reconnect", "soon", on_terminal=True)


# --- /reconnect (U5) ---------------------------------------------------------------------------------------------


def is_left(peer: Peer) -> None:
    """Take a line, and what else may come before the client goes."""
    peer.welcomes()
    peer.gets(Line("hello", 1))
    peer.listens()


def takes_up(peer: Peer) -> None:
    """Welcome the client that has left another connection, have both its lines, and answer them."""
    comes_back(peer)
    peer.sends(Welcomed("bot", "epoch", 3, 1, resumed=True), Joined(3, "bot", 1))
    peer.gets(Line("hello", 1))
    peer.gets(Line("more", 2))
    peer.sends(Said(4, "bot", "hello", AT, 1), Said(5, "bot", "more", AT, 2))
    peer.gets(Line("/disconnect", 3))


@pytest.mark.parametrize("options", [PATIENT, ("--name", "bot")])  # also with --reconnect 0
def test_reconnect_takes_up_the_conversation_by_another_connection(
    bot: Bot, scripted: Scripted, options: tuple[str, ...]
) -> None:  # U5, D9
    scripted.plays(is_left)
    assert bot.exits(takes_up, "hello\n/reconnect\nmore\n", *options) is Exit.GOODBYE
    assert "* Connecting anew; what you type meanwhile is kept.\n" in bot.err
    assert "The connection was lost" not in bot.err


def test_reconnect_goes_to_the_next_server(bot: Bot, scripted: Scripted) -> None:  # U5, N3
    other = Scripted()
    other.plays(takes_up)
    assert bot.exits(is_left, "hello\n/reconnect\nmore\n", *PATIENT, also=[other]) is Exit.GOODBYE
    other.close()


def test_reconnect_ends_the_wait_for_the_next_try(
    bot: Bot, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:  # U5
    monkeypatch.setattr(myclient, "Backoff", lambda *_: Waits(repeat(60)))

    scripted.plays(loses)
    assert bot.exits(hears_again, "hello\n/reconnect\n", "--name", "bot", "--reconnect", "600") is Exit.GOODBYE


def test_a_reconnect_that_finds_no_server_is_a_loss_for_who_does_not_persist(bot: Bot) -> None:  # U5
    def is_gone(peer: Peer) -> None:
        bot._scripted._listener.close()
        is_left(peer)

    assert bot.exits(is_gone, "hello\n/reconnect\n") is Exit.LOST
    assert '"hello" may not have arrived' in bot.err


# --- passwords (U2) ----------------------------------------------------------------------------------------------

ASKED = Asked("password", "Choose one:")


def is_not_answered(peer: Peer) -> None:
    """Be gone before it is known whether a password will be asked for."""


def asks(peer: Peer) -> None:
    peer.sends(ASKED, Noticed("It is not shown.", 1))
    peer.gets(Password("hunter22"))


def asks_twice(peer: Peer) -> None:
    asks(peer)
    peer.sends(Asked("password", "The same once more:"))
    peer.gets(Password("hunter22"))


@pytest.mark.parametrize("line", ["/register", "/passwd", "/nick eve"])
@pytest.mark.parametrize("meanwhile", [is_not_answered, asks, asks_twice])
def test_a_script_s_password_is_not_said_when_the_connection_is_lost(bot: Bot, meanwhile: Script, line: str) -> None:
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line(line, 1))
        meanwhile(peer)
        peer.has_nothing_more()

    assert bot.exits(script, f"{line}\nhunter22\nhunter22\nhello\n", *PATIENT) is Exit.LOST
    assert "The connection was lost while a password was asked for. The rest of the input was not sent" in bot.err


def test_a_script_s_line_is_no_password_for_a_name_that_is_registered_meanwhile(bot: Bot, scripted: Scripted) -> None:
    def asks_for_it(peer: Peer) -> None:
        comes_back(peer)
        peer.sends(Asked("password", "bot is registered. Its password?"))
        assert peer.gets() is None

    scripted.plays(loses)
    assert bot.exits(asks_for_it, "hello\nand more\n", *PATIENT, stays_open=True) is Exit.REFUSED
    assert "a password is needed" in bot.err


def test_a_script_s_password_is_not_quoted(bot: Bot) -> None:
    def script(peer: Peer) -> None:
        peer.welcomes()
        peer.gets(Line("/passwd hunter22", 1))

    assert bot.exits(script, "/passwd hunter22\n") is Exit.LOST
    assert '"/passwd ..." may not have arrived' in bot.err


# --- for real ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@needs("nc")
def test_a_server_that_comes_back_is_rejoined_with_all_that_was_missed(run: Programs, number: signal.Signals) -> None:
    server = run.server()
    ann = client(run, "127.0.0.1", str(run.port), "--name", "ann")
    ann.sees("ann>")
    ann.types("before")
    ann.sees("ann: before")
    server.signals(number)
    ann.sees("The connection was lost.")
    ann.sees("next try in")  # the screen may only draw what differs from the words before
    ann.types("typed while away")
    ann.presses("half a li")
    run.server(port=run.port)
    ann.sees("ann: typed while away")
    ann.sees("ann> half a li")
    bob = run.nc()
    bob.types("bob")
    bob.sees("ann: before")  # the greeting's history
    bob.sees("ann: typed while away")
    assert bob.text.count("typed while away") == 1
    ann.presses(CTRL_D)


NOT_SENT = "! You have no name now: /nick NAME takes one. Not sent: "
BLOCK = [Line(f"line {cseq}", cseq) for cseq in range(1, myclient.WINDOW + 1)]


def takes_a_block(peer: Peer) -> None:
    """Welcome ann, and take as many of her lines as may be on their way at a time."""
    peer.gets()
    peer.sends(Welcomed("ann", "epoch", 1, 1))
    for line in BLOCK:
        peer.gets(line)


def welcomes_back(peer: Peer, name: str) -> None:
    """Let ann in as `name`, and take the lines that she sends again."""
    peer.sends(Welcomed(name, "epoch", 3, 1, resumed=True), Joined(3, name, 1))
    for line in BLOCK:
        peer.gets(line)
        peer.sends(Said(3 + line.cseq, name, line.text, AT, line.cseq))


class Pasted(Typed):
    """A screen at which a block is pasted; then the server's question is answered, and one more line is typed."""

    def __init__(self, answer: Callable[[], str | Secret]) -> None:
        super().__init__(*(line.text for line in BLOCK), "swim")
        self.shown: list[str] = []
        self._answer = answer
        self._is_asked = threading.Event()

    def lines(self) -> Iterator[str | Secret]:
        yield from super().lines()
        assert self._is_asked.wait(PATIENCE)
        yield self._answer()
        yield "hello"

    def show(self, shown: Shown) -> None:
        self.shown.append(shown.text)
        if isinstance(shown.event, Asked):
            self._is_asked.set()


@pytest.mark.parametrize("what", ["name", "password"])
def test_what_is_asked_on_a_return_is_answered_before_the_lines_on_their_way(  # M8
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def asks(peer: Peer) -> None:
        peer.gets()
        refused = [refusal(ErrorCode.NAME_TAKEN, name="ann")] if what == "name" else []
        peer.sends(*refused, Asked(what, "Which?"))
        peer.gets(Name("dora") if what == "name" else Password("secret12"))
        welcomes_back(peer, "dora" if what == "name" else "ann")
        peer.gets(Line("hello", 17))
        peer.sends(Said(20, "ann", "hello", AT, 17), Said(20, "dora", "hello", AT, 17))
        peer.gets(Line("/disconnect", 18))
        peer.sends(Dismissed("Goodbye."))

    monkeypatch.setattr(myclient, "Backoff", lambda *_: Waits(repeat(0)))
    scripted.plays(takes_a_block)
    scripted.plays(asks)
    session = ClientSession("secret")
    screen = Pasted(lambda: NewName("dora") if what == "name" else Secret("secret12", session.secret))
    client = myclient.Client(
        lambda _: link.connect("127.0.0.1", scripted.port), session, screen, persistence=float("inf")
    )
    with pytest.raises(Ending) as ending:
        client.chat("ann", None)
    assert ending.value.how is Exit.GOODBYE
    refused = f"{NOT_SENT}swim" if what == "name" else f"! {ProtocolError(ErrorCode.PASSWORD_ASKED)}"
    assert screen.shown.count(refused) == 1


def echoes(peer: Peer, name: str, lines: Sequence[Line]) -> None:
    for line in lines:
        peer.gets(line)
        peer.sends(Said(3 + line.cseq, name, line.text, AT, line.cseq))


def test_a_terminal_without_a_screen_takes_no_line_for_a_name_when_ours_is_gone(  # M8
    run: Programs, scripted: Scripted
) -> None:
    is_typed = threading.Event()

    def takes_the_name(peer: Peer) -> None:
        peer.gets()
        peer.sends(Welcomed("ann", "epoch", 1, 1))
        peer.gets(Line("/users", UNSEEN))
        for line in BLOCK:
            peer.gets(line)
        assert is_typed.wait(PATIENCE)  # the rest of the block waits for a place, and a line is half typed

    def asks_again(peer: Peer) -> None:
        peer.gets()
        peer.sends(refusal(ErrorCode.NAME_TAKEN, name="ann"), Asked("name", "Another?"))
        peer.gets(Name("dora"))
        peer.sends(Welcomed("dora", "epoch", 3, 1, resumed=True), Joined(3, "dora", 1))
        peer.gets(Line("/users", UNSEEN))
        echoes(peer, "dora", BLOCK)
        peer.gets(Line("hello", 17))
        peer.sends(Said(20, "dora", "hello", AT, 17), Said(21, "bob", "hello dora", AT))

    scripted.plays(takes_the_name)
    scripted.plays(asks_again)
    address = ("127.0.0.1", str(scripted.port))
    ann = run.program("env", "TERM=dumb", sys.executable, "myclient.py", *address, "--name", "ann", on_terminal=True)
    ann.sees("Users here: 1")
    ann.types(*(line.text for line in BLOCK), "swim", "dive")
    ann.presses("half a ")
    ann.sees("half a ")  # the terminal's echo
    is_typed.set()
    ann.sees("Another?")
    ann.types("line")
    ann.comes_to(lambda: [f"{NOT_SENT}{line}" in ann.text for line in ("swim", "dive", "half a line")], [True] * 3)
    ann.types("/setname dora")
    ann.sees("You are back")
    ann.types("hello")
    ann.sees("bob: hello dora")  # what is ours, the terminal has shown


def test_leaving_while_there_is_no_connection_ends_at_once(run: Programs) -> None:
    server = run.server()
    ann = client(run, "127.0.0.1", str(run.port), "--name", "ann")
    ann.sees("ann>")
    server.signals(signal.SIGKILL)
    ann.sees("next try in")  # the screen may only draw what differs from the words before
    ann.types("never sent")
    ann.presses(CTRL_D)
    ann.sees('There is no connection: "never sent" may not have arrived.')
    assert ann.ends() == Exit.LOST.code


def test_a_server_that_does_not_welcome_it_again_is_taken_for_gone(
    bot: Bot, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_overdue = overdue(monkeypatch)

    def says_nothing(peer: Peer) -> None:
        comes_back(peer)
        is_overdue.set()
        assert peer.gets() is None

    scripted.plays(loses)
    scripted.plays(says_nothing)
    assert bot.exits(repeats, "hello\n", *PATIENT) is Exit.GOODBYE


def test_a_bug_that_a_server_finds_ends_the_client_with_a_sentence(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    def has_a_bug(*_: object) -> None:
        raise ValueError("never thought of")

    monkeypatch.setattr(link, "load", has_a_bug)
    assert bot.exits(Peer.welcomes, stays_open=True) is Exit.ERROR
    assert bot.err == "The client met a bug of its own (ValueError('never thought of')). Start it again to rejoin.\n"


@pytest.mark.long
@needs("nc")
def test_reconnecting_again_and_again_loses_and_doubles_nothing(run: Programs) -> None:  # U5, D9
    run.server()
    bob = run.joins(run.nc(), "bob")
    lines = [f"line {number}" for number in range(100)]
    typed = "".join(f"{line}\n" + "/reconnect\n" * (number % 7 == 3) for number, line in enumerate(lines))
    ended = pipe(run, typed, "--name", "ann")
    assert ended.returncode == Exit.GOODBYE.code
    bob.sees("ann: line 99\r\n")
    assert [line for line in bob.text.splitlines() if line.startswith("ann: ")] == [f"ann: {line}" for line in lines]
