"""client.terminal: a user's keys go in, and what the user then has before the eyes is read off an emulated screen."""

from __future__ import annotations

import io
import os
import pty
import queue
import re
import sys
import termios
import threading
import time
from collections.abc import Iterator

import pyte
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.base import PipeInput
from prompt_toolkit.output.vt100 import Vt100_Output

from client.keyboard import silent_keyboard
from client.looks import Kind, Shown, Span
from client.session import Session
from client.terminal import Terminal
from protocol.messages import Asked, Joined, Left, Noticed, Said, Welcomed, Whispered

PATIENCE = 10.0  # seconds until what does not come fails its test; no passing test waits for it
ROWS, COLUMNS = 24, 80
ENTER, TAB, UP, HOME, CTRL_C, CTRL_D = "\r", "\t", "\x1b[A", "\x01", "\x03", "\x04"
BACKSPACE = "\x7f"
CTRL_K, CTRL_R, CTRL_U, CTRL_W, CTRL_Y = "\x0b", "\x12", "\x15", "\x17", "\x19"
AT = time.time()
_TIME, _BAR = re.compile(r"^\d\d:\d\d "), re.compile(r"online \| |offline, ")


class Glass(io.StringIO):
    """What a terminal is to a program that writes to it: an emulated screen, and all that was ever written."""

    def __init__(self) -> None:
        super().__init__()
        self.raw = ""
        self.columns = COLUMNS
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._screen.set_mode(pyte.modes.LNM)  # a line end returns to the margin, as terminals have it done for them
        self._stream = pyte.Stream(self._screen)
        self._changed = threading.Condition()

    def write(self, text: str) -> int:
        with self._changed:
            self.raw += text
            self._stream.feed(text)
            self._changed.notify_all()
        return len(text)

    def is_resized(self, columns: int) -> None:
        with self._changed:
            self.columns = columns
            self._screen.resize(ROWS, columns)

    def shows_lowest(self, lines: list[str]) -> None:
        """Wait until `lines` are the lowest on the screen that have something in them."""
        with self._changed:
            self._changed.wait_for(lambda: self.lines()[-len(lines) :] == lines, PATIENCE)
            assert self.lines()[-len(lines) :] == lines

    def shows_bar(self, bar: str) -> None:
        """Wait until the status bar says so."""
        with self._changed:
            self._changed.wait_for(lambda: self.bar() == bar, PATIENCE)
            assert self.bar() == bar

    def lines(self) -> list[str]:
        """Return what is shown, but for times and the status bar."""
        lines = [_TIME.sub("", line.rstrip()) for line in self._screen.display if not _BAR.match(line)]
        return "\n".join(lines).rstrip("\n").split("\n")

    def bar(self) -> str:
        return next((line.rstrip() for line in self._screen.display if _BAR.match(line)), "")


class User:
    """Somebody at a Terminal, in a thread of its own; the test stands for the reader thread."""

    def __init__(self) -> None:
        self.session = Session("secret")
        self.glass = Glass()
        self.typed: queue.Queue[str | BaseException | None] = queue.Queue()
        self._thread = threading.Thread(target=self._sit)
        self._seated = threading.Event()
        self._keys: PipeInput
        self.terminal: Terminal

    def sits_down(self) -> None:
        self._thread.start()
        assert self._seated.wait(PATIENCE)

    def _sit(self) -> None:
        output = Vt100_Output(self.glass, lambda: Size(ROWS, self.glass.columns), enable_cpr=False)
        with (
            create_pipe_input() as self._keys,
            create_app_session(input=self._keys, output=output),
            Terminal(self.session) as self.terminal,
        ):
            self._seated.set()
            try:
                for line in self.terminal.lines():
                    self.typed.put(line)
            except KeyboardInterrupt as interrupt:
                self.typed.put(interrupt)
            self.typed.put(None)

    def hears(self, *events: object) -> None:
        for event in events:
            step = self.session.receive(event, 0.0)  # type: ignore[arg-type]
            assert step.show is not None
            self.terminal.show(step.show)

    def presses(self, keys: str) -> None:
        self._keys.send_text(keys)

    def sees(self, *lines: str) -> None:
        self.glass.shows_lowest(list(lines))

    def sent(self) -> object:
        return self.typed.get(timeout=PATIENCE)

    def stands_up(self) -> None:
        self.terminal.wake()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """A user who has not been let in."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    user = User()
    user.sits_down()
    yield user
    user.stands_up()


@pytest.fixture
def ann(nobody: User) -> User:
    nobody.hears(Welcomed("ann", "epoch", 1, 1))
    nobody.sees("* Users here: 1", "ann>")
    return nobody


# --- the input line ----------------------------------------------------------------------------------------------


def test_the_prompt_asks_for_a_name_and_then_shows_it(nobody: User) -> None:
    nobody.hears(Asked("name", "Who are you?"))
    nobody.sees("Who are you?", "Your name:")
    nobody.presses("ann" + ENTER)
    assert nobody.sent() == "ann"
    nobody.hears(Welcomed("ann", "epoch", 1, 1))
    nobody.sees("* Users here: 1", "ann>")


def test_what_arrives_stands_above_a_half_typed_line(ann: User) -> None:  # D8
    ann.presses("half a li")
    ann.sees("ann> half a li")
    ann.hears(*(Said(seq, "bob", f"line {seq}", AT) for seq in range(2, 52)))
    ann.sees(*(f"bob: line {seq}" for seq in range(54 - ROWS, 52)), "ann> half a li")
    ann.presses("ne" + ENTER)
    assert ann.sent() == "half a line"


def test_a_line_wider_than_the_screen_and_what_arrives_leave_each_other_alone(ann: User) -> None:  # D8
    ann.presses("x" * 100)
    ann.sees("x" * (100 + len("ann> ") - COLUMNS))
    ann.hears(Said(2, "bob", "y" * 100, AT))
    ann.sees("bob: " + "y" * 69, "y" * 31, "ann> " + "x" * 75, "x" * 25)


def test_what_was_typed_is_wiped_because_the_server_echoes_it(ann: User) -> None:  # A12
    ann.presses("hello" + ENTER)
    assert ann.sent() == "hello"
    ann.hears(Said(2, "ann", "hello", AT, cseq=1))
    ann.sees("* Users here: 1", "ann: hello", "ann>")


def test_nothing_that_arrives_is_lost_however_fast_lines_are_entered(ann: User) -> None:  # D8
    """Each Enter ends one prompt and begins another, and what arrives in between must find its way all the same."""
    for seq in range(2, 202):
        ann.presses(f"line {seq}" + ENTER)
        ann.hears(Said(seq, "bob", f"<{seq}>", AT))
    for seq in range(2, 202):
        assert ann.sent() == f"line {seq}"
    ann.sees("bob: <201>", "ann>")
    assert [int(seq) for seq in re.findall(r"<(\d+)>", ann.glass.raw)] == list(range(2, 202))


def pasted(text: str) -> str:
    return f"\x1b[200~{text}\x1b[201~"


def test_a_pasted_block_is_a_question_and_then_its_lines(ann: User) -> None:
    ann.presses(pasted("one\ntwo") + ENTER)
    ann.sees("Send 2 lines? [y/N]")
    ann.presses("y")
    assert (ann.sent(), ann.sent()) == ("one", "two")


def test_a_pasted_line_stays_to_be_edited(ann: User) -> None:
    ann.presses(pasted("one") + "!" + ENTER)
    assert ann.sent() == "one!"


@pytest.mark.parametrize("no", ["n", ENTER, CTRL_C, CTRL_D, "xn", pasted("y") + "n"])
def test_what_was_not_meant_stays_in_the_line(ann: User, no: str) -> None:
    ann.hears(Said(2, "bob", "hi", AT))
    ann.presses("whisper bob psst" + ENTER)
    ann.sees('Say "whisper bob psst" to everyone? It looks like a command. [y/N]')
    ann.presses(no)
    ann.sees("bob: hi", "ann> whisper bob psst")
    ann.presses(HOME + "/" + ENTER)
    assert ann.sent() == "/whisper bob psst"


def test_an_answer_to_the_server_is_not_asked_about(ann: User) -> None:
    ann.hears(Asked("password", "Choose a password:"))
    ann.sees("Password:")
    ann.presses("quit" + ENTER)
    assert ann.sent() == "quit"


def test_an_empty_line_is_one_because_it_may_be_an_answer(ann: User) -> None:
    ann.presses(ENTER)
    assert ann.sent() == ""


def test_the_arrow_brings_back_what_was_typed(ann: User) -> None:
    ann.presses("hello" + ENTER)
    assert ann.sent() == "hello"
    ann.presses(UP)
    ann.sees("ann> hello")


def test_a_password_is_not_seen_and_not_remembered(ann: User) -> None:
    ann.presses("before" + ENTER)
    assert ann.sent() == "before"
    ann.hears(Asked("password", "Choose a password:"))
    ann.sees("Password:")
    ann.presses("hunter22")
    ann.sees("Password: ********")
    ann.presses(ENTER)
    assert ann.sent() == "hunter22"
    ann.session.typed("hunter22", 0.0)
    ann.hears(Noticed("ann is yours now."))
    ann.sees("* ann is yours now.", "ann>")
    ann.presses(UP)
    ann.sees("ann> before")
    assert "hunter22" not in ann.glass.raw


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("/whi" + TAB + "b" + TAB + "hi", "/whisper bobby hi"),
        (TAB + "hi", "carl: hi"),  # who spoke last
        (TAB + TAB + "hi", "bobby: hi"),
        ("so, b" + TAB + "hi", "so, bobby hi"),
        ("a" + TAB, "a"),  # never oneself
        ("/r" + TAB + "hi", "/whisper carl hi"),
        ("/zzz" + TAB, "/zzz"),
    ],
)
def test_tab_completes_at_once(ann: User, keys: str, line: str) -> None:
    ann.hears(Joined(2, "bobby", 2), Said(3, "ann", "hi", AT), whispered("carl", 4))
    ann.presses(keys + ENTER)
    assert ann.sent() == line


def whispered(name: str, seq: int) -> Whispered:
    return Whispered(seq, name, "ann", "psst", AT)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("one two" + CTRL_W + CTRL_Y + CTRL_Y, "one twotwo"),
        ("one two" + CTRL_U + "x" + CTRL_Y, "xone two"),
        ("one" + HOME + CTRL_K + "x" + CTRL_Y, "xone"),
        (CTRL_R + "nee" + ENTER, "a needle"),
        ("half" + CTRL_C + "whole", "whole"),
        (UP + UP, "a needle"),
    ],
)
def test_the_line_is_edited_as_in_a_shell(ann: User, keys: str, line: str) -> None:
    for before in ("a needle", "hay"):
        ann.presses(before + ENTER)
        assert ann.sent() == before
    ann.presses(keys + ENTER)
    assert ann.sent() == line


def test_what_a_command_takes_is_shown_while_it_is_typed(ann: User) -> None:
    ann.presses("/whi")
    ann.sees("ann> /whisper USER MESSAGE")
    ann.presses(TAB)
    ann.sees("ann> /whisper USER MESSAGE")
    ann.presses("bob ")
    ann.sees("ann> /whisper bob MESSAGE")
    ann.presses("x" + ENTER)
    assert ann.sent() == "/whisper bob x"


def test_ctrl_c_at_a_password_means_never_mind(ann: User) -> None:
    ann.hears(Asked("password", "Choose a password:"))
    ann.sees("Password:")
    ann.presses("hunt" + CTRL_C)
    assert ann.sent() == ""


# --- what lives over the prompt, and the bar below it ------------------------------------------------------------


def test_a_line_stands_faintly_over_the_prompt_until_the_server_has_it(ann: User) -> None:
    ann.presses("hello" + ENTER)
    assert ann.sent() == "hello"
    ann.session.typed("hello", 0.0)
    ann.terminal.refresh()
    ann.sees("* Users here: 1", "ann: hello", "ann>")
    assert "\x1b[0;2mann: hello" in ann.glass.raw
    ann.hears(Said(2, "ann", "hello", AT, cseq=1))
    ann.hears(Said(3, "bob", "hi", AT))
    ann.sees("* Users here: 1", "ann: hello", "bob: hi", "ann>")
    assert ann.glass.raw.count("\x1b[1mann\x1b[0m: hello") == 1


def test_who_comes_and_goes_without_a_word_is_one_line(ann: User) -> None:
    for seq, name in enumerate(("bob", "carl", "dora"), 2):
        ann.hears(Joined(seq, name, seq))
    ann.sees("* Users here: 1", "* connected: bob, carl, dora. Users here: 4", "ann>")
    ann.hears(Left(5, "carl", 3, "goodbye"), Said(6, "bob", "hi", AT))
    ann.sees("* Users here: 1", "* connected: bob, dora; connected and left: carl. Users here: 3", "bob: hi", "ann>")
    ann.hears(Left(7, "bob", 2, "goodbye"))
    ann.sees("bob: hi", "* bob has left (goodbye). Users here: 2", "ann>")
    ann.hears(Joined(8, "eve", 3))
    ann.sees("* eve has connected. Users here: 3", "ann>")
    ann.stands_up()
    ann.sees("* bob has left (goodbye). Users here: 2", "* eve has connected. Users here: 3")


def test_the_bar_says_how_we_stand(ann: User) -> None:
    ann.hears(Joined(2, "bob", 2), Said(3, "bob", "hi Ann!", AT), whispered("bob", 4))
    ann.sees("bob -> you: psst", "ann>")
    assert ann.glass.bar() == "online | 1 whisper | 1 mention | ann | 2 users"
    assert ann.glass.raw.count("\a") == 1
    ann.presses("hello" + ENTER)
    ann.sent()
    ann.session.lost()
    ann.session.retry_in = 7
    ann.terminal.refresh()
    ann.glass.shows_bar("offline, next try in 7 s | ann | 2 users")


@pytest.mark.parametrize("text", ["你好，世界", "👍🏽 fine", "e\u0301te\u0301", "x" * 50])
def test_a_screen_of_another_width_is_written_anew(ann: User, text: str) -> None:
    ann.hears(Said(2, "bob", "before", AT), Said(3, "bob", text, AT))
    ann.presses("half a line that is long")
    ann.sees("ann> half a line that is long")
    ann.glass.is_resized(20)
    ann.terminal.refresh()
    ann.sees("ann> half a line tha", "t is long")
    ann.hears(Said(4, "bob", "after", AT))
    ann.sees("bob: after", "ann> half a line tha", "t is long")
    assert ann.glass.bar() == "online | ann"
    ann.glass.is_resized(COLUMNS)
    ann.terminal.refresh()
    ann.sees("bob: after", "ann> half a line that is long")
    assert ann.glass.lines().count("bob: before") == 1


@pytest.mark.parametrize("text", ["你好", "e\u0301", "👍🏽", "한국어", "ไทย"])
def test_wide_and_combined_characters_are_typed_and_taken_away_whole(ann: User, text: str) -> None:
    ann.presses("a" + text + BACKSPACE * len(text) + "b" + ENTER)
    assert ann.sent() == "ab"
    ann.presses(text + ENTER)
    assert ann.sent() == text


def test_a_burst_leaves_the_keys_their_turn(ann: User) -> None:
    for seq in range(2, 3002):
        ann.hears(Said(seq, "bob", f"<{seq}>", AT))
        if seq % 100 == 0:
            ann.presses("x")
    ann.sees("bob: <3001>", f"ann> {'x' * 30}")
    assert [int(seq) for seq in re.findall(r"<(\d+)>", ann.glass.raw)] == list(range(2, 3002))
    ann.presses(ENTER)
    assert ann.sent() == "x" * 30


def test_the_screen_can_be_cleared(ann: User) -> None:
    ann.hears(Said(2, "bob", "hi", AT))
    ann.sees("bob: hi", "ann>")
    ann.presses("/clear" + ENTER)
    assert ann.sent() == "/clear"
    ann.stands_up()
    ann.terminal.clear()
    assert ann.glass.lines() == [""]


def test_a_keyboard_without_termios_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("client.keyboard.termios", None)  # as on Windows, which echoes a key when it is read
    with silent_keyboard():
        pass


# --- the end -----------------------------------------------------------------------------------------------------


def test_ctrl_d_on_an_empty_line_ends_the_lines(ann: User) -> None:
    ann.presses("x" + CTRL_D + ENTER + CTRL_D)
    assert ann.sent() == "x"
    assert ann.sent() is None


def test_ctrl_c_on_an_empty_line_is_an_interrupt(ann: User) -> None:
    ann.presses("x" + CTRL_C + CTRL_C)
    assert isinstance(ann.sent(), KeyboardInterrupt)


def test_the_end_of_the_conversation_ends_the_prompt_and_what_was_shown_is_seen(ann: User) -> None:
    ann.presses("half a li")
    ann.sees("ann> half a li")
    ann.terminal.show(Shown(Kind.NOTICE, (Span("Goodbye."),)))
    ann.terminal.wake()
    assert ann.sent() is None
    ann.stands_up()
    ann.sees("Goodbye.")


def test_between_prompts_what_arrives_is_written_at_once() -> None:
    glass = Glass()
    with create_app_session(output=Vt100_Output(glass, lambda: Size(ROWS, COLUMNS))), Terminal(Session("secret")) as it:
        it.show(Shown(Kind.NOTICE, (Span("here"),)))
        assert glass.lines() == ["here"]


def test_the_end_ends_a_prompt_that_is_about_to_begin() -> None:
    user = User()
    user.terminal = Terminal(user.session)  # before there is any prompt to end
    user.terminal.wake()
    assert list(user.terminal.lines()) == []


def test_the_kernel_echoes_nothing_meanwhile_and_then_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        before = termios.tcgetattr(theirs)
        with silent_keyboard():
            assert termios.tcgetattr(theirs)[3] == before[3] & ~termios.ECHO
        assert termios.tcgetattr(theirs) == before
    os.close(ours)


# --- colours -----------------------------------------------------------------------------------------------------


def test_no_color_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    user = User()
    user.sits_down()
    user.hears(Welcomed("ann", "epoch", 1, 1), Said(2, "bob", "hi", AT))
    user.sees("bob: hi", "ann>")
    user.stands_up()
    assert "bob: hi" in user.glass.raw
    assert not re.search(r"\x1b\[[0-9;]*[34]\d[;m]", user.glass.raw)
