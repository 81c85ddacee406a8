"""storechat/client.py: two who chat through a store, and what they are shown of its faults (B2, B3, B4)."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Iterator
from types import TracebackType

import pytest

import kvstore
from client.cli.exits import Ending, Exit
from client.cli.store_address import address
from client.core.chat_view import Status
from client.core.render import Shown
from protocol.errors import ErrorCode
from storechat import client
from storechat.client import StoreClient
from storechat.core.chat import StoreChat
from storechat.core.mailbox import Mailbox
from storechat.http_store import HttpStore
from system.commands import interpreter
from tests.support.keyserver import Keys
from tests.support.patience import PATIENCE
from tools.shared.programs import free_port


class Seat:
    """A screen, and the one who sits before it, whose client runs on a thread of its own."""

    def __init__(
        self, url: str, name: str, to: str, session: str, *, interactive: bool = True, timeout: float = PATIENCE
    ) -> None:
        self.interactive = interactive
        self.text = ""
        self.ending: Ending | None = None
        self._fails = False
        self._seen = 0
        self._grown = threading.Condition()
        self._typed: queue.Queue[str | None] = queue.Queue()
        self.chat = StoreChat(name, [to])
        mailbox = Mailbox(name, to, session, lambda: 0.0)
        self.client = StoreClient(HttpStore(address(url), timeout), mailbox, self.chat, self, self.show, lambda: 0.0)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def __enter__(self) -> Seat:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wake()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        try:
            self.client.chat()
        except Ending as ending:
            self.ending = ending

    def lines(self) -> Iterator[str]:
        while (line := self._typed.get()) is not None:
            yield line

    def show(self, shown: Shown) -> None:
        if self._fails:
            raise Ending(Exit.ERROR, "The output can't be written: Broken pipe.")
        with self._grown:
            self.text += shown.text + "\n"
            self._grown.notify_all()

    def is_told(self, online: bool, count: int) -> None:
        """Wait until the bar says so."""
        with self._grown:
            status = Status(online, users=count)
            assert self._grown.wait_for(lambda: self.chat.status == status, PATIENCE), self.chat.status

    def clear(self) -> None:
        pass

    def refresh(self) -> None:
        with self._grown:
            self._grown.notify_all()

    def wake(self) -> None:
        self._typed.put(None)

    def types(self, *lines: str) -> None:
        for line in lines:
            self._typed.put(line)

    def sees(self, text: str, *, anywhere: bool = False) -> None:
        """Wait until `text` is there: behind what was seen last, or `anywhere`."""
        start = 0 if anywhere else self._seen
        with self._grown:
            self._grown.wait_for(lambda: text in self.text[start:], PATIENCE)
            found = self.text.find(text, start)
            assert found >= 0, f"never saw {text!r} in {self.text!r}"
            self._seen = found + len(text)

    def goes_blind(self) -> None:
        self._fails = True

    def ends(self) -> Ending:
        self._thread.join(PATIENCE)
        assert self.ending is not None
        return self.ending


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    """Serve, with long polls that are short, and with time for all to say goodbye."""
    monkeypatch.setattr(kvstore, "WAIT_LIMIT", 0.1)
    monkeypatch.setattr(client, "FAREWELL", PATIENCE)
    with Keys() as made:
        yield made


@pytest.fixture
def timeout() -> float:
    """Return what ann and bob give the store for an answer, in seconds; a test may say otherwise."""
    return PATIENCE


@pytest.fixture
def ann(keys: Keys, timeout: float) -> Iterator[Seat]:
    with Seat(keys.url, "ann", "bob", "a" * 16, timeout=timeout) as seat:
        yield seat


@pytest.fixture
def bob(keys: Keys, timeout: float) -> Iterator[Seat]:
    with Seat(keys.url, "bob", "ann", "b" * 16, timeout=timeout) as seat:
        yield seat


# --- a conversation ----------------------------------------------------------------------------------------------


def test_two_chat_though_no_chat_server_runs(ann: Seat, bob: Seat) -> None:  # B2
    ann.types("hello bob")
    ann.sees("ann: hello bob")
    bob.sees("ann: hello bob")
    bob.types("/all hello ann")
    ann.sees("bob: hello ann")
    ann.types("/quit")
    bob.sees("* ann has left.")
    assert ann.ends().how is Exit.GOODBYE


def test_what_is_said_before_the_other_comes_waits(ann: Seat, keys: Keys) -> None:
    ann.sees("* bob has not come yet.")
    ann.types("are you coming?", "/users")
    ann.sees("Connected users: 1")
    with Seat(keys.url, "bob", "ann", "b" * 16) as bob:
        bob.sees("ann: are you coming?")
        ann.sees("* bob is here.")
        ann.types("/users")
        ann.sees("Connected users: 2")


def test_one_who_starts_again_is_recognised_and_nothing_is_told_twice(ann: Seat, keys: Keys) -> None:
    with Seat(keys.url, "bob", "ann", "b" * 16) as bob:
        ann.types("one")
        bob.sees("ann: one")
        bob.types("/quit")
        ann.sees("* bob has left.")
    ann.types("two")
    with Seat(keys.url, "bob", "ann", "c" * 16) as bob:
        bob.sees("ann: two")
        ann.sees("* bob is here, in a new session.")
        assert "one" not in bob.text


def test_commands_that_make_sense_here_are_answered_here(ann: Seat, bob: Seat) -> None:
    bob.sees("* ann is here.")
    ann.sees("* bob is here.")
    ann.types("", "/help", "/help users", "/nick carl", "/status", "x" * 5000)
    ann.sees("/status")
    ann.sees("List who is connected")
    ann.sees("! /nick is not recognised. /help lists the commands.")
    ann.sees("bob is here; texts read: 0")
    ann.sees("the store reports changes")
    ann.sees("! That line was longer than 4096 bytes")
    assert "xxx" not in bob.text


# --- faults ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "timeout", "code", "told"),
    [
        (503, PATIENCE, "the store failed", ["The store failed (503 Service Unavailable). Trying again."]),
        (403, PATIENCE, "a write refused", ["refused the request to write (403", "refused the request to read ("]),
        (None, 0.2, "no answer in time", ["The store did not answer within 0."]),
    ],
)
def test_a_store_that_stops_working_is_shown_and_survived(
    ann: Seat, bob: Seat, keys: Keys, status: int | None, code: str, told: list[str]
) -> None:  # B3
    ann.sees("* bob is here.")
    keys.stops(status)
    ann.types("into the void")
    for text in told:
        ann.sees(text, anywhere=True)
    keys.works()
    bob.sees("ann: into the void")
    ann.types("/status")
    ann.sees("faults met and survived: ")
    ann.sees("\n")
    assert re.search(rf"faults met and survived: (nothing to read yet \d+x, )?{code} \d", ann.text)


def test_the_bar_tells_of_a_store_that_is_gone_and_of_the_other_who_is(ann: Seat, keys: Keys) -> None:  # 31
    ann.is_told(True, 1)
    with Seat(keys.url, "bob", "ann", "b" * 16) as bob:
        ann.is_told(True, 2)
        keys.closes()
        ann.is_told(False, 0)
        keys.opens()
        ann.is_told(True, 2)
        bob.types("/quit")
        ann.is_told(True, 1)


def test_the_bar_counts_nobody_who_reads_nothing(ann: Seat, bob: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    ann.is_told(True, 2)
    monkeypatch.setattr("storechat.core.health.UNREAD", 0.0)
    for wait in ("DELIVERY", "FAREWELL"):  # for nothing from now on is acknowledged, nor written by bob
        monkeypatch.setattr(client, wait, 0.05)
    bob.client._store.close()  # cut off, without a goodbye
    ann.types("are you there?", "/users")
    ann.is_told(True, 1)
    ann.sees("Connected users: 1")
    for seat in (ann, bob):
        seat.types("/quit")
        seat.ends()


def test_answers_that_are_lost_double_nothing(ann: Seat, bob: Seat, keys: Keys) -> None:  # B3
    bob.sees("* ann is here.")
    ann.sees("* bob is here.")
    keys.loses()
    ann.types("one", "two")
    ann.sees("* The store's answer was lost on its way. Trying again.")
    keys.works()
    bob.sees("ann: one\n")
    bob.sees("ann: two\n")
    bob.types("three")
    ann.sees("bob: three")
    assert (bob.text.count("ann: one"), bob.text.count("ann: two")) == (1, 1)


def test_a_store_that_goes_and_comes_back_having_lost_everything(ann: Seat, bob: Seat, keys: Keys) -> None:  # B3
    ann.sees("* bob is here.")
    keys.closes()
    ann.types("is anybody there?")
    ann.sees("* The store can't be reached (")
    keys.moody.store._held.clear()
    keys.opens()
    ann.sees("* The store answers again.")
    bob.sees("ann: is anybody there?")


def test_damage_and_old_values_are_named_and_ignored(ann: Seat, keys: Keys) -> None:  # B3
    ann.sees("* You write to bob")
    first = keys.moody.store.get("ann.to.bob")
    assert first is not None
    bob = Mailbox("bob", "ann", "b" * 16, lambda: 0.0)  # whose letters nobody but the test writes
    bob.receive(first.value)

    def says(text: str) -> bytes:
        bob.say(text)
        letter = bob.letter(0.0)
        keys.put("bob.to.ann", letter)
        ann.sees(f"bob: {text}")
        return letter

    old = says("hello")
    says("how are you?")
    keys.put("bob.to.ann", old)
    ann.sees("* The store gave an older value of bob's, too late. It was ignored.")
    keys.put("bob.to.ann", b"\x1b[2Jjunk")
    ann.sees("* What the store gave for bob is damaged. It was ignored.")
    newest = says("again")
    keys.put("bob.to.ann", newest)
    ann.sees("* The store gave the same value of bob's twice. It was taken once.")
    assert "\x1b" not in ann.text


# --- the start and the end ---------------------------------------------------------------------------------------


def test_a_store_that_is_not_there_is_an_ending_at_once() -> None:  # B4
    url = f"http://127.0.0.1:{free_port()}"
    with Seat(url, "ann", "bob", "a" * 16) as ann:
        ending = ann.ends()
    assert ending.how is Exit.CANNOT_CONNECT
    assert ending.sentence == (
        f"No chat through {url}: The store can't be reached (nothing listens there). "
        f"Check the address, or start one there: {interpreter()} kvstore.py PORT"
    )
    assert ann.text == ""  # it is said once


def test_a_store_that_takes_nothing_is_given_up_after_a_while(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:  # B4
    monkeypatch.setattr(client, "START_TIMEOUT", 0.1)
    keys.stops(405)
    with Seat(keys.url, "ann", "bob", "a" * 16) as ann:
        ending = ann.ends()
    assert ending.how is Exit.CANNOT_CONNECT
    assert "The store refused the request to write (405 Method Not Allowed)." in ending.sentence


def test_a_store_with_faults_at_the_start_is_waited_for(keys: Keys) -> None:
    keys.stops(503)
    with Seat(keys.url, "ann", "bob", "a" * 16) as ann:
        ann.sees("* The store failed")
        keys.works()
        ann.sees("* You write to bob through")


def test_who_leaves_waits_until_all_is_read(keys: Keys) -> None:
    with Seat(keys.url, "ann", "bob", "a" * 16) as ann:
        ann.types("one", "two", "/quit")
        ann.sees("* Waiting until bob has read the last 2. Ctrl-C leaves at once.")
        with Seat(keys.url, "bob", "ann", "b" * 16) as bob:
            bob.sees("ann: two")
            assert ann.ends().how is Exit.GOODBYE


def test_who_leaves_is_told_what_nobody_read(ann: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "DELIVERY", 0.05)
    ann.types("one", "two", "three", "/quit")
    ending = ann.ends()
    assert ending.how is Exit.LOST
    assert ending.sentence == 'bob has not read "one" and 2 more. Say it again when bob is here.'


def test_a_pipe_waits_where_a_terminal_is_refused(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storechat.core.send_window.WAITING_LIMIT", 3)
    lines = [f"line {number}" for number in range(10)]
    with Seat(keys.url, "ann", "bob", "a" * 16) as ann:
        ann.types(*lines)
        for _ in lines[3:]:
            ann.sees(f"! {ErrorCode.MAILBOX_FULL.phrase.format(limit=1000, name='bob')}")
        with Seat(keys.url, "bob", "ann", "b" * 16, interactive=False) as bob:
            bob.types(*lines)
            ann.sees("".join(f"bob: {line}\n" for line in lines))


def test_an_output_that_takes_nothing_ends_the_chat(ann: Seat, bob: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "DELIVERY", 0.05)
    ann.sees("* bob is here.")
    ann.goes_blind()
    bob.types("hello", "/quit")
    assert ann.ends().sentence == "The output can't be written: Broken pipe."
    assert bob.ends().how is Exit.LOST
