"""client.ui.terminal: a user's keys go in, and what the user then has before the eyes is read off an emulated
screen."""

from __future__ import annotations

import io
import os
import pty
import queue
import re
import sys
import termios
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pyte
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.base import PipeInput
from prompt_toolkit.output.vt100 import Vt100_Output

from client.core.confirm import PAUSE
from client.core.help_list import with_ours
from client.core.render import Kind, Shown, Span, render_event
from client.core.session import ClientSession
from client.core.typed import NewName, Secret, Typed
from client.ui import display
from client.ui.echo import drop_typed, silent_keyboard
from client.ui.terminal import Terminal
from protocol.commands import explained_by
from protocol.errors import ErrorCode
from protocol.events import Asked, HelpListed, Joined, Left, Noticed, Said, Welcomed, Whispered, refusal
from tests.support.patience import PATIENCE

ROWS, COLUMNS = 24, 80
ENTER, TAB, UP, HOME, CTRL_C, CTRL_D = "\r", "\t", "\x1b[A", "\x01", "\x03", "\x04"
BACKSPACE = "\x7f"
CTRL_K, CTRL_R, CTRL_U, CTRL_W, CTRL_Y = "\x0b", "\x12", "\x15", "\x17", "\x19"
PAGE_UP, PAGE_DOWN, ALT_ENTER = "\x1b[5~", "\x1b[6~", "\x1b\r"
CTRL_S, CTRL_X, UNDO, ALT_B, ALT_SLASH = "\x13", "\x18", "\x1f", "\x1bb", "\x1b/"
AT = 1_700_000_000.0
_TIME, _BAR = re.compile(r"^\d\d:\d\d "), re.compile(r"online \| |offline, ")


class Glass(io.StringIO):
    """What a terminal is to a program that writes to it: an emulated screen, and all that was ever written."""

    def __init__(self, rows: int = ROWS, columns: int = COLUMNS) -> None:
        super().__init__()
        self.raw = ""
        self.rows, self.columns = rows, columns
        self._screen = pyte.Screen(columns, rows)
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
            self._screen.resize(self.rows, columns)

    def shows_lowest(self, lines: list[str]) -> None:
        """Wait until `lines` are the lowest on the screen that have something in them."""
        with self._changed:
            self._changed.wait_for(lambda: self.lines()[-len(lines) :] == lines, PATIENCE)
            assert self.lines()[-len(lines) :] == lines

    def comes_to_show(self, line: str) -> None:
        """Wait until `line` is on the screen, wherever."""
        with self._changed:
            self._changed.wait_for(lambda: line in self.lines(), PATIENCE)
            assert line in self.lines()

    def comes_to_be_told(self, text: str) -> None:
        """Wait until `text` was written, whatever became of it."""
        with self._changed:
            self._changed.wait_for(lambda: text in self.raw, PATIENCE)
            assert text in self.raw

    def shows_once(self, line: str) -> None:
        """Wait until `line` is on the screen in one place only: what is redrawn comes in pieces."""
        with self._changed:
            self._changed.wait_for(lambda: self.lines().count(line) == 1, PATIENCE)
            assert self.lines().count(line) == 1

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

    def __init__(self, rows: int = ROWS, columns: int = COLUMNS) -> None:
        self.session = ClientSession("secret")
        self.now = 100.0  # by the user's clock
        self.glass = Glass(rows, columns)
        self.typed: queue.Queue[Typed | BaseException | None] = queue.Queue()
        self.meanwhile: Callable[[Typed], None] = self._answers  # what the client does until the next prompt
        self._thread = threading.Thread(target=self._sit)
        self._seated = threading.Event()
        self._keys: PipeInput
        self.terminal: Terminal

    def sits_down(self) -> None:
        self._thread.start()
        assert self._seated.wait(PATIENCE)

    def _sit(self) -> None:
        output = Vt100_Output(self.glass, lambda: Size(self.glass.rows, self.glass.columns), enable_cpr=False)
        with (
            create_pipe_input() as self._keys,
            create_app_session(input=self._keys, output=output),
            Terminal(self.session, lambda: self.now) as self.terminal,
        ):
            self._seated.set()
            try:
                for line in self.terminal.lines():
                    self.meanwhile(line)
                    self.typed.put(line)
            except KeyboardInterrupt as interrupt:
                self.typed.put(interrupt)
            self.typed.put(None)

    def _answers(self, line: Typed) -> None:
        if isinstance(line, Secret):
            self.session.typed(line, 0.0)

    def hears(self, *events: object) -> None:
        for event in events:
            step = self.session.receive(event, 0.0)  # type: ignore[arg-type]
            assert step.show is not None
            self.terminal.show(step.show)
            self.terminal.refresh()

    def loses_the_connection(self) -> None:
        self.session.lost()
        self.terminal.refresh()

    def presses(self, keys: str) -> None:
        self._keys.send_text(keys)

    def sees(self, *lines: str) -> None:
        self.glass.shows_lowest(list(lines))

    def sent(self) -> object:
        return self.typed.get(timeout=PATIENCE)

    def gives(self, name: str) -> None:
        """See that the user has answered the question for a name with `name`."""
        typed = self.sent()
        assert isinstance(typed, NewName)
        assert typed == name

    def stands_up(self) -> None:
        self.terminal.wake()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@pytest.fixture(autouse=True)
def _same_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock stand: where a day ends, the screen says so."""
    monkeypatch.setattr(display, "time", SimpleNamespace(time=lambda: AT, monotonic=time.monotonic))


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """A user who has not been let in."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("TMUX", raising=False)
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
    ann.sees("bob: " + "y" * 68, "        " + "y" * 32, "ann> " + "x" * 75, "x" * 25)


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


HELD = (
    "Not sent yet: it looks like a command, which begins with /. Alt-/ makes it one;",
    "Enter again says it to everyone.",
)


def test_a_pasted_block_is_held_and_then_sent_line_by_line(ann: User) -> None:
    ann.presses(pasted("one\ntwo") + ENTER)
    notice = "Not sent yet: these are 2 lines. Enter again sends them, Ctrl-C clears them."
    ann.sees("* Users here: 1", *textwrap.wrap(notice, COLUMNS - 1), "ann> one", "two")
    ann.now += PAUSE
    ann.presses(ENTER)
    assert (ann.sent(), ann.sent()) == ("one", "two")


def test_on_a_small_screen_the_word_on_why_goes_before_what_is_live(monkeypatch: pytest.MonkeyPatch) -> None:  # U3
    monkeypatch.delenv("NO_COLOR", raising=False)
    user = User(8, 20)
    user.sits_down()
    user.hears(Welcomed("ann", "epoch", 1, 1), Joined(2, "bob", 2))
    live = ("* bob has", "  connected. Users", "  here: 2", "ann>")
    user.sees(*live)
    user.presses(pasted("\n".join(f"{number}. line" for number in range(12))) + ENTER)
    notice = ("Not sent yet: these", "are 12 lines. Enter", "again sends them,", "Ctrl-C clears them.")
    user.sees(*notice, "9. line", "10. line", "11. line")
    user.presses(CTRL_C)
    user.sees(*live)
    user.stands_up()


@pytest.mark.parametrize("topic", [None, "operators"])
def test_help_fits_the_screen_with_the_prompt_below_it(ann: User, topic: str | None) -> None:  # U4
    listed = HelpListed(tuple(row.described() for row in explained_by(topic)))
    shown = render_event(with_ours(listed), "ann")
    assert shown is not None
    ann.hears(listed)
    ann.sees(*shown.text.splitlines(), "ann>")


def test_a_pasted_line_stays_to_be_edited(ann: User) -> None:
    ann.presses(pasted("one") + "!" + ENTER)
    assert ann.sent() == "one!"


@pytest.mark.parametrize("hasty", ["y", "yes\ry\r", "n", "Y" + ENTER, pasted("y"), ENTER * 5])
def test_no_key_in_haste_sends_a_doubtful_line(ann: User, hasty: str) -> None:  # U2
    ann.hears(Said(2, "bob", "hi", AT))
    ann.presses("whisper bob psst" + ENTER + hasty + CTRL_C + "last" + ENTER)
    assert ann.sent() == "last"


def test_a_doubtful_line_is_sent_by_enter_after_a_pause(ann: User) -> None:  # A10
    ann.hears(Said(2, "bob", "hi", AT))
    ann.presses("whisper bob psst" + ENTER)
    ann.sees("bob: hi", *HELD, "ann> whisper bob psst")
    ann.now += PAUSE
    ann.presses(ENTER)
    assert ann.sent() == "whisper bob psst"


def test_any_change_of_the_line_withdraws_the_notice(ann: User) -> None:
    ann.hears(Said(2, "bob", "hi", AT))
    ann.presses("whisper bob psst" + ENTER)
    ann.sees("bob: hi", *HELD, "ann> whisper bob psst")
    ann.presses("!")
    ann.sees("bob: hi", "ann> whisper bob psst!")
    ann.presses(BACKSPACE)
    ann.now += PAUSE
    ann.presses(ENTER)
    ann.sees("bob: hi", *HELD, "ann> whisper bob psst")
    ann.presses(CTRL_C + "whisper bob psst")
    ann.sees("bob: hi", "ann> whisper bob psst")
    ann.now += PAUSE
    ann.presses(ENTER)
    ann.sees("bob: hi", *HELD, "ann> whisper bob psst")
    ann.presses(HOME + "/" + ENTER)
    assert ann.sent() == "/whisper bob psst"
    ann.presses(UP + UP)
    ann.sees("bob: hi", "ann> /whisper bob psst")  # the only one in the history


@pytest.mark.parametrize("line", ["whisper bob psst", " /whisper bob psst", "./whisper bob psst"])
def test_one_key_makes_a_doubtful_line_the_command(ann: User, line: str) -> None:
    ann.hears(Said(2, "bob", "hi", AT))
    ann.presses(line + ENTER + ALT_SLASH + ENTER)
    assert ann.sent() == "/whisper bob psst"


def test_a_line_that_is_too_long_stays_to_be_edited(ann: User) -> None:  # D3
    ann.presses(pasted("x" * 4097) + ENTER)
    ann.glass.comes_to_show("Not sent: It has 4,097 bytes, and 4,096 are possible. Shorten it.")
    ann.now += PAUSE
    ann.presses(ENTER + BACKSPACE + ENTER)
    assert ann.sent() == "x" * 4096


def test_an_empty_line_is_one_because_it_may_be_an_answer(ann: User) -> None:
    ann.presses(ENTER)
    assert ann.sent() == ""


def test_the_arrow_brings_back_what_was_typed(ann: User) -> None:
    ann.presses("hello" + ENTER)
    assert ann.sent() == "hello"
    ann.presses(UP)
    ann.sees("ann> hello")


def test_the_keys_for_pages_leave_the_line_alone(ann: User) -> None:  # U3
    ann.presses("hello" + ENTER)
    assert ann.sent() == "hello"
    ann.presses("half" + PAGE_UP + PAGE_DOWN + PAGE_UP + " a line" + ENTER)
    assert ann.sent() == "half a line"


def test_alt_enter_begins_a_line_in_the_line(ann: User) -> None:  # U3
    ann.presses("one" + ALT_ENTER + "two")
    ann.sees("* Users here: 1", "ann> one", "two")
    ann.presses(ENTER)
    ann.glass.comes_to_be_told("these are 2 lines")
    ann.now += PAUSE
    ann.presses(ENTER)
    assert (ann.sent(), ann.sent()) == ("one", "two")


def test_a_password_is_not_seen_and_not_remembered(ann: User) -> None:
    ann.presses("before" + ENTER)
    assert ann.sent() == "before"
    ann.hears(Asked("password", "Choose a password:"))
    ann.sees("Password:")
    ann.presses("hunter22")
    ann.sees("Password: ********")
    question = ann.session.secret
    ann.presses(ENTER)
    assert ann.sent() == Secret("hunter22", question)
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
    question = ann.session.secret
    ann.presses("hunt" + CTRL_C)
    assert ann.sent() == Secret("", question)


OVER_NOW = "No password is wanted any more: what you type is dropped. Enter twice goes on:"


def asked(user: User) -> int:
    """Have the user asked for a password, and see it; return the question's number."""
    user.hears(Asked("password", "Choose a password:"))
    user.sees("Choose a password:", "Password:")
    return user.session.secret


@pytest.mark.parametrize(
    "keys", [CTRL_R, CTRL_S, UP, TAB, CTRL_Y, UNDO, ALT_B, CTRL_W, HOME, "\x1b[D", CTRL_R + UP + CTRL_S, "\x1a", CTRL_X]
)
def test_no_key_of_the_editor_does_anything_at_a_password(ann: User, keys: str) -> None:  # U2
    for line in ("/register", "word" + CTRL_W + "x"):
        ann.presses(line + ENTER)
    assert (ann.sent(), ann.sent()) == ("/register", "x")
    question = asked(ann)
    ann.presses("hun" + keys)
    ann.presses("ter" + keys + ENTER)
    assert ann.sent() == Secret("hunter", question)
    assert "hun" not in ann.glass.raw


@pytest.mark.parametrize(
    ("keys", "typed"),
    [
        ("hunx" + BACKSPACE + "t", "hunt"),
        ("oops" + CTRL_U + "hunt", "hunt"),
        (pasted("hu\nnt\n"), "hunt"),
        ("h\u00e9 \u4f60", "h\u00e9 \u4f60"),
        (BACKSPACE, ""),
        ("x" * 1001, "x" * 1000),
        ("hunt" + CTRL_D, ""),
    ],
)
def test_a_password_is_typed_with_few_keys(ann: User, keys: str, typed: str) -> None:
    question = asked(ann)
    ann.presses(keys + ENTER)
    assert ann.sent() == Secret(typed, question)


def answers(user: User, typed: str) -> None:
    """Have the user answer the question for a password."""
    question = user.session.secret
    user.presses(typed + ENTER)
    assert user.sent() == Secret(typed, question)
    assert not user.session.secret


def test_a_line_that_is_being_typed_waits_while_a_password_is(ann: User) -> None:
    ann.presses("half a line" + HOME)
    ann.sees("* Users here: 1", "ann> half a line")
    asked(ann)
    answers(ann, "hunter22")
    ann.presses("x" + ENTER)
    assert ann.sent() == "xhalf a line"


CLAIMED = refusal(ErrorCode.NAME_CLAIMED, name="ann")
ASKED_AGAIN = Asked("name", "Type the name you want.")
IN_DOUBT = "Not sent yet: your name was lost while you typed. Enter again takes this for a"


def test_a_line_that_is_being_typed_is_no_name_when_ours_is_lost(ann: User) -> None:  # M8, U2
    ann.presses("half a ")
    ann.sees("* Users here: 1", "ann> half a")
    ann.hears(CLAIMED, ASKED_AGAIN)
    ann.sees("Type the name you want.", "Your name:")
    ann.presses("line" + ENTER + ENTER)  # who is typing does not look
    ann.sees("Type the name you want.", IN_DOUBT, "new name.", "Your name: line")
    ann.now += PAUSE
    ann.presses(ENTER)
    assert ann.sent() == "line"
    ann.presses("ann2" + ENTER)  # the next one is a decision
    assert ann.sent() == "ann2"
    ann.hears(Welcomed("ann2", "epoch", 2, 1))
    ann.sees("* Users here: 1", "ann2> half a")
    ann.presses("line" + ENTER)
    assert ann.sent() == "half a line"


def test_a_name_that_is_lost_over_an_empty_line_is_asked_for_as_ever(ann: User) -> None:  # M8
    ann.hears(CLAIMED, ASKED_AGAIN)
    ann.sees("Type the name you want.", "Your name:")
    ann.presses("bob" + ENTER)
    ann.gives("bob")
    ann.hears(Welcomed("bob", "epoch", 2, 1))
    ann.sees("* Users here: 1", "bob>")
    ann.presses("hello" + ENTER)
    assert not isinstance(ann.sent(), NewName)


def test_a_line_that_is_typed_ahead_is_no_name_when_ours_is_lost_meanwhile(ann: User) -> None:  # M8

    def is_lost(line: Typed) -> None:
        if line == "one":
            ann.session.receive(CLAIMED, 0.0)

    ann.meanwhile = is_lost
    ann.presses("one" + ENTER + "two" + ENTER + "three" + ENTER)
    assert ann.sent() == "one"
    ann.sees("* Users here: 1", IN_DOUBT, "new name.", "Your name: twothree")
    ann.presses(CTRL_U + "bob")
    ann.sees("* Users here: 1", "Your name: bob")
    ann.presses(ENTER)
    ann.sees("* Users here: 1", IN_DOUBT, "new name.", "Your name: bob")
    ann.now += PAUSE
    ann.presses(ENTER)
    ann.gives("bob")


def test_a_command_can_be_typed_when_the_name_is_lost_over_a_line(ann: User) -> None:  # M8
    ann.presses("half a ")
    ann.sees("* Users here: 1", "ann> half a")
    ann.hears(CLAIMED, ASKED_AGAIN)
    ann.sees("Type the name you want.", "Your name:")
    ann.presses("/quit" + ENTER)
    assert ann.sent() == "/quit"


def test_an_enter_in_the_moment_in_which_the_name_is_lost_sends_nothing(ann: User) -> None:  # M8
    ann.presses("half a line")
    ann.sees("* Users here: 1", "ann> half a line")
    ann.session.receive(CLAIMED, 0.0)  # and the prompt has not heard of it yet
    ann.presses(ENTER)
    ann.sees("* Users here: 1", "Your name:")
    ann.presses("/quit" + ENTER)
    assert ann.sent() == "/quit"


def test_a_search_is_over_when_a_password_is_asked_for(ann: User) -> None:
    ann.presses("a needle" + ENTER)
    assert ann.sent() == "a needle"
    ann.presses("ha" + CTRL_R + "need")
    ann.sees("* Users here: 1", "(reverse-i-search)`need': a needle")
    asked(ann)
    answers(ann, "hunter22")
    ann.presses("y" + ENTER)
    assert ann.sent() == "hay"


def test_a_line_that_was_held_is_held_again_after_a_password(ann: User) -> None:
    ann.presses("quit" + ENTER)
    ann.sees("* Users here: 1", *HELD, "ann> quit")
    asked(ann)
    answers(ann, "hunter22")
    ann.now += PAUSE
    ann.presses(ENTER)
    ann.glass.comes_to_show(HELD[0])
    ann.presses(ALT_SLASH + ENTER)
    assert ann.sent() == "/quit"


def test_half_a_password_is_dropped_with_its_question(ann: User) -> None:  # U2
    ann.presses("dra")
    ann.sees("* Users here: 1", "ann> dra")
    asked(ann)
    ann.presses("hunter")
    ann.sees("Choose a password:", "Password: ******")
    ann.loses_the_connection()
    ann.sees("Choose a password:", OVER_NOW)
    ann.presses("22x\x7f" + ENTER + "hunter22" + ENTER + ENTER)  # who is typing does not look
    ann.sees("Choose a password:", "ann> dra")
    ann.presses("ft" + ENTER)
    assert ann.sent() == "draft"
    ann.presses(CTRL_Y + UNDO + UP + UP + "." + ENTER)
    assert ann.sent() == "draft."
    ann.presses(CTRL_R + "22" + ENTER + ENTER)
    assert ann.sent() == ""
    assert "hun" not in ann.glass.raw
    assert "22x" not in ann.glass.raw


def test_half_a_password_does_not_answer_the_next_question(ann: User) -> None:  # U2
    asked(ann)
    ann.presses("hunter")
    ann.sees("Choose a password:", "Password: ******")
    ann.loses_the_connection()
    ann.hears(Asked("password", "Its password?"))
    ann.sees("Its password?", "Password:")
    answers(ann, "sesame")


def test_what_is_typed_ahead_of_a_password_that_is_never_asked_for_is_dropped(ann: User) -> None:  # U2

    def is_lost(line: Typed) -> None:
        if line == "/register":
            ann.session.typed(line, 0.0)
            ann.loses_the_connection()

    ann.meanwhile = is_lost
    ann.presses("/register" + ENTER + ("hunter22" + ENTER) * 2 + ENTER + "last" + ENTER)
    assert (ann.sent(), ann.sent()) == ("/register", "last")
    ann.presses(UP + UP + UP + ENTER)
    assert ann.sent() == "/register"
    assert "hunter22" not in ann.glass.raw


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
    ann.session.presence.retry_in = 7
    ann.terminal.refresh()
    ann.glass.shows_bar("offline, next try in 7 s | ann | 2 users")


@pytest.mark.parametrize(("rows", "columns"), [(8, 20), (4, 20), (3, 10), (1, 10)])
def test_no_screen_is_too_small(rows: int, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:  # U3
    monkeypatch.delenv("NO_COLOR", raising=False)
    user = User(rows, columns)
    user.sits_down()
    user.hears(Welcomed("ann", "epoch", 1, 1), Said(2, "bob", "hi ann " + "x" * 50, AT))
    user.presses("/h" + TAB + CTRL_C + "quit" + ENTER + CTRL_C + "/set" + ENTER)
    assert user.sent() == "/set"
    user.hears(Asked("password", "Choose a password:"))
    user.glass.comes_to_be_told("Password:")
    user.presses("hunter22" + ENTER)
    assert user.sent() == Secret("hunter22", 1)
    user.stands_up()
    assert "too small" not in user.glass.raw


def test_the_window_counts_what_was_said_since_the_newest_key_and_gets_its_title_back(ann: User) -> None:  # U3
    ann.hears(Said(2, "bob", "hi", AT))
    ann.glass.comes_to_be_told("\x1b]2;(1) ann\x1b\\")
    ann.presses("x")
    ann.sees("bob: hi", "ann> x")
    assert ann.glass.raw.count("\x1b]2;ann\x1b\\") == 2
    ann.stands_up()
    assert ann.glass.raw.endswith("\x1b[23;2t")


def test_what_comes_while_nobody_types_stands_under_a_line_and_is_a_notice(
    ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:  # U3, U4
    ann.session.typed("/set notify on", 0.0)
    monkeypatch.setattr("client.view.attention.IDLE", 0.0)
    ann.hears(Said(2, "bob", "hi", AT), Said(3, "bob", "hi ann", AT))
    ann.sees("* Users here: 1", f"{' new ':-^39}", "bob: hi", "bob: hi ann", "ann>")
    assert ann.glass.raw.count("\x1b]9;bob: hi ann\x1b\\") == 1


def test_a_console_that_shows_codes_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:  # U1, U3
    monkeypatch.setenv("TERM", "linux")
    user = User()
    user.sits_down()
    user.hears(Welcomed("ann", "epoch", 1, 1), Said(2, "bob", "hi ann https://example.org", AT))
    user.sees("bob: hi ann https://example.org", "ann>")
    user.stands_up()
    assert "\x1b]" not in user.glass.raw


def test_an_address_is_a_link_on_the_screen(ann: User) -> None:  # U1
    ann.hears(Said(2, "bob", "see https://example.org/" + "x" * 100, AT))
    ann.sees("* Users here: 1", "bob: see https://example.org/" + "x" * 44, "        " + "x" * 56, "ann>")
    assert ann.glass.raw.count(";https://example.org/" + "x" * 100 + "\x1b\\") == 2  # once in a row


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
    ann.glass.shows_once("bob: before")


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
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr("client.ui.echo.termios", None)  # as on Windows, which echoes a key when it is read
        before = termios.tcgetattr(theirs)
        os.write(ours, b"typed ahead\n")
        with silent_keyboard():
            assert termios.tcgetattr(theirs) == before
            drop_typed()
        assert stdin.readline() == "typed ahead\n"
    os.close(ours)


def test_what_was_typed_on_a_terminal_and_not_read_can_be_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        os.write(ours, b"a line\nhalf a li")
        drop_typed()
        os.write(ours, b"later\n")
        assert stdin.readline() == "later\n"
    os.close(ours)


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
    with (
        create_app_session(output=Vt100_Output(glass, lambda: Size(ROWS, COLUMNS))),
        Terminal(ClientSession("secret")) as it,
    ):
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
        with silent_keyboard(by_key=True):
            assert termios.tcgetattr(theirs)[3] == before[3] & ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
            os.write(ours, CTRL_D.encode())
            assert os.read(theirs, 1) == CTRL_D.encode()
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
