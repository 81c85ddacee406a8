"""A chat between two through a store: letters go between the mailbox, the store and the screen (B2).

    reader       the store's `read` of the other's key -> Mailbox.receive -> the screen
    writer       Mailbox.letter, whenever one is due -> the store's `write` of our key
    main thread  the screen's lines -> Mailbox.say

The writer has a thread of its own because a store may take seconds to answer, and typing must not wait for that. The
three share the mailbox and the count of faults, under `_changed`, which also wakes a thread that waits.

Every fault is a ProtocolError with a row in the table of errors. It is counted and shown, and the request is made again
until the user leaves (B3). Only at the start, before anything was said, a store that can't be used is an Ending (B4).
"""

from __future__ import annotations

import argparse
import random
import secrets
import threading
import time
from collections.abc import Callable
from math import inf

from client.cli import options
from client.cli.exits import Ending, Exit
from client.core import render
from client.core.backoff import Backoff, Rng
from client.core.chat_view import Status
from client.core.render import Kind, Shown, Span
from client.ui.html_page import open_page
from client.ui.records import Records
from client.ui.screen import Screen, open_screen
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import Event, Noticed, Said, UsersListed
from protocol.requests import Disconnect, Help, ListUsers, Say
from protocol.text import excerpt
from storechat.core import commands
from storechat.core.chat import StoreChat
from storechat.core.commands import ShowStatus
from storechat.core.fault_count import FaultCount
from storechat.core.health import StoreHealth
from storechat.core.mailbox import Mailbox, Read, key
from storechat.http_store import HttpStore
from system.commands import command

START_TIMEOUT = 15.0  # seconds for a store that answers, but fails, to recover
DELIVERY = 30.0  # seconds without any acknowledgement until a user who leaves gives up
FAREWELL = 2.0  # seconds for the goodbye to be written, and for the threads to end
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 2.0  # seconds between two reads of a key
PACE = 0.02  # seconds at least between two reads, whatever a store answers

# Faults of a request, which is made again; the other faults are of a value, which is ignored.
RETRIED = {
    ErrorCode.WRITE_REFUSED,
    ErrorCode.READ_REFUSED,
    ErrorCode.STORE_FAILED,
    ErrorCode.STORE_SILENT,
    ErrorCode.STORE_GONE,
    ErrorCode.ANSWER_LOST,
}

Show = Callable[[Shown], None]


class StoreClient:
    """A store, a mailbox and a screen, and the threads between them."""

    def __init__(
        self, store: HttpStore, mailbox: Mailbox, view: StoreChat, screen: Screen, show: Show, rng: Rng
    ) -> None:
        """Take over `store`; `chat` closes it. `screen` reads `view`; `show` shows something and may raise Ending."""
        self._store = store
        self._health = StoreHealth()
        self._view = view
        self._mailbox = mailbox
        self._screen = screen
        self._show = show
        self._faults = FaultCount()
        self._pauses = Backoff(FIRST_PAUSE, LONGEST_PAUSE, rng)
        self._changed = threading.Condition()
        self._is_showing = False  # what was read; no letter says before the end of it that it was heard
        self._ending: Ending | None = None
        self._threads = [
            threading.Thread(target=self._repeat, args=(step,), name=name, daemon=True)
            for name, step in (("reader", self._read_once), ("writer", self._write_when_due))
        ]

    def chat(self) -> None:
        """Chat until it is over. Raises Ending, or KeyboardInterrupt."""
        try:
            self._write_first()
            for thread in self._threads:
                thread.start()
            for line in self._screen.lines():
                if isinstance(line, str) and not self._typed(line):
                    break
            self._leave()
        finally:
            self._close()

    # --- the main thread -----------------------------------------------------------------------------------------

    def _write_first(self) -> None:
        """Write the first letter. Raises Ending when the store can't be used."""
        give_up = time.monotonic() + START_TIMEOUT
        pauses = Backoff(FIRST_PAUSE, LONGEST_PAUSE, lambda: 0.5)
        while (error := self._write()) is not None:
            if error.fault is ErrorCode.STORE_GONE or time.monotonic() > give_up:
                raise no_store(self._store.where.url, error)
            self._report(error)
            self._wait(lambda: False, pauses.wait())
        self._notice(
            f"You write to {self._mailbox.to} through {excerpt(self._store.where.url)}; /help lists the commands."
        )

    def _typed(self, line: str) -> bool:
        """Do what the user typed; return false if that was a goodbye."""
        try:
            command = commands.parse(line)
            if isinstance(command, Disconnect):
                return False
            if isinstance(command, Say):
                self._say(command.text)
            elif command is not None:
                self._answer(command)
        except ProtocolError as error:
            self._show(render.refusal(str(error)))
        return True

    def _say(self, text: str) -> None:
        """Show what was said and have it delivered. Raises ProtocolError; but a pipe waits for room instead."""
        mailbox = self._mailbox
        if not self._screen.interactive:
            self._wait(lambda: not mailbox.window.full)
        with self._changed:
            mailbox.say(text)
            number = mailbox.window.sent
            self._changed.notify_all()
        self._show_event(Said(number, mailbox.me, text, 0.0))

    def _answer(self, command: ListUsers | Help | ShowStatus) -> None:
        """Answer a command. Raises ProtocolError."""
        mailbox = self._mailbox
        if isinstance(command, ShowStatus):
            self._show(Shown(Kind.ANSWER, (Span(self.status()),)))
        elif isinstance(command, Help):
            self._show_event(commands.explained(command.topic))
        else:
            count = self._here()
            self._show_event(UsersListed((mailbox.me, mailbox.to)[:count], count))

    def status(self) -> str:
        """Return lines that say what has been delivered and which faults were met."""
        with self._changed:
            mailbox, peer = self._mailbox, self._mailbox.peer
            waiting = len(mailbox.window)
            return "\n".join(
                (
                    f"{mailbox.to} {'is' if peer.here else 'is not'} here; texts read: {peer.heard}",
                    f"texts said: {mailbox.window.sent}, of which {waiting} wait to be read",
                    f"the store {'reports changes' if self._store.tells_changes else 'is asked again and again'}",
                    f"faults met and survived: {self._faults.summary()}",
                )
            )

    def _leave(self) -> None:
        """Wait until all that was said is read, and say goodbye. Raises Ending."""
        self._await_delivery()
        with self._changed:
            self._mailbox.leave()
            self._changed.notify_all()
        self._wait(lambda: self._mailbox.all_written, FAREWELL)
        raise self._ending or (unread(self._mailbox) if self._mailbox.window else Ending(Exit.GOODBYE))

    def _await_delivery(self) -> None:
        """Wait until all that was said is read, or until nothing was read for too long."""
        window = self._mailbox.window
        if window:
            self._notice(f"Waiting until {self._mailbox.to} has read the last {len(window)}. Ctrl-C leaves at once.")
        while window and self._ending is None:
            if not self._wait(self._progress(), DELIVERY):
                return

    def _progress(self) -> Callable[[], bool]:
        """Return a function that returns whether anything has been read since this call."""
        window = self._mailbox.window
        before = len(window)
        return lambda: len(window) < before

    def _close(self) -> None:
        with self._changed:
            self._ending = self._ending or Ending(Exit.GOODBYE)
            self._changed.notify_all()
        self._store.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(FAREWELL)

    # --- the other threads ---------------------------------------------------------------------------------------

    def _repeat(self, step: Callable[[], None]) -> None:
        """Take `step` again and again until the chat is over."""
        try:
            while self._ending is None:
                step()
        except Ending as ending:  # the screen's
            with self._changed:
                self._ending = self._ending or ending
                self._changed.notify_all()
            self._screen.wake()

    def _write_when_due(self) -> None:
        """Wait until a letter is due, and write it."""
        with self._changed:
            seconds = inf if self._is_showing else self._mailbox.write_at() - time.monotonic()
            if self._ending is None and seconds > 0:
                self._changed.wait(min(seconds, threading.TIMEOUT_MAX))
            if self._ending is not None or seconds > 0:
                return
        error = self._write()
        if error is not None:
            self._report(error)

    def _write(self) -> ProtocolError | None:
        """Write a letter; return what went wrong, if anything did."""
        mailbox = self._mailbox
        with self._changed:
            letter = mailbox.letter(time.monotonic())
        try:
            self._store.write(key(mailbox.me, mailbox.to), letter)
        except ProtocolError as error:
            with self._changed:
                mailbox.not_written(time.monotonic())
                self._health.failed("write")
            self._update_status()
            return error
        with self._changed:
            mailbox.written()
            self._health.served("write")
            self._changed.notify_all()
        self._answers_again()
        return None

    def _read_once(self) -> None:
        """Read once, and pause: longer each time that there was nothing new."""
        seconds = PACE if self._read() else self._pauses.wait()
        self._update_status()
        self._wait(lambda: False, seconds)

    def _read(self) -> bool:
        """Read the other's key and take the letter in it; return whether to read again at once."""
        mailbox = self._mailbox
        try:
            value = self._store.read(key(mailbox.to, mailbox.me), mailbox.to)
            self._health.served("read")
            self._answers_again()
            if value is None:
                return self._nothing_new()
            with self._changed:
                read = mailbox.receive(value)
                self._is_showing = True
        except ProtocolError as error:
            if error.fault in RETRIED:
                self._health.failed("read")
            if error.fault is ErrorCode.VALUE_DAMAGED:
                self._store.forget()  # it may have been damaged on its way
            if error.fault is ErrorCode.KEY_MISSING:
                with self._changed:
                    self._health.served("read")
                    mailbox.missing()
                    self._changed.notify_all()
            self._report(error)
            return False
        self._pauses.reset()
        self._show_read(read)
        return self._store.tells_changes

    def _nothing_new(self) -> bool:
        """Return whether to read again at once: a store that reports changes has kept us waiting for one."""
        if self._store.tells_changes:
            self._pauses.reset()
        return self._store.tells_changes

    # --- all of them ---------------------------------------------------------------------------------------------

    def _wait(self, done: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until `done()`, or the chat is over, or `seconds` have gone by: then return False."""
        with self._changed:
            return self._changed.wait_for(lambda: self._ending is not None or done(), seconds)

    def _report(self, error: ProtocolError) -> None:
        """Count a fault, and show it unless it was shown not long ago."""
        fault = error.fault
        with self._changed:
            is_new = self._ending is None and self._faults.note(fault, time.monotonic())
        if is_new:
            self._show(render.notice(f"{error}{' Trying again.' if fault in RETRIED else ''}", fault))

    def _answers_again(self) -> None:
        with self._changed:
            is_new = self._faults.reached()
        if is_new:
            self._notice("The store answers again.")

    def _here(self) -> int:
        """Return how many of the two are here, as far as we can know."""
        with self._changed:
            window, now = self._mailbox.window, time.monotonic()
            self._health.waiting(window.first, len(window), now)
            return 2 if self._mailbox.peer.here and self._health.reads(now) else 1

    def _update_status(self) -> None:
        """Have the screen show how the chat stands, if that has changed."""
        with self._changed:
            online = self._health.online
            before, self._view.status = self._view.status, Status(online, users=self._here() if online else 0)
            if before != self._view.status:
                self._screen.refresh()

    def _show_read(self, read: Read) -> None:
        """Show what a letter brought."""
        name = self._mailbox.to
        if read.arrived:
            self._notice(f"{name} is here, in a new session." if read.again else f"{name} is here.")
        for text in read.texts:
            if text:
                self._show_event(Said(0, name, text, 0.0))
        if read.left:
            self._notice(f"{name} has left.")
        with self._changed:
            self._is_showing = False
            self._changed.notify_all()

    def _notice(self, text: str) -> None:
        self._show_event(Noticed(text))

    def _show_event(self, event: Event) -> None:
        shown = render.render_event(event, self._mailbox.me)
        if shown is not None:
            self._show(shown)


def no_store(url: str, error: ProtocolError) -> Ending:
    """Return the ending for a store that can't be used from the start (B4)."""
    hint = f"Check the address, or start one there: {command('store')} PORT"
    return Ending(Exit.CANNOT_CONNECT, f"No chat through {excerpt(url)}: {error} {hint}")


def unread(mailbox: Mailbox) -> Ending:
    """Return the ending for what was said and not read."""
    first, more = excerpt(mailbox.window.head()[0]), len(mailbox.window) - 1
    others = f" and {more} more" if more else ""
    return Ending(Exit.LOST, f'{mailbox.to} has not read "{first}"{others}. Say it again when {mailbox.to} is here.')


def run(chosen: argparse.Namespace, on_terminal: bool) -> None:
    """Chat through the store that the command line names. Raises Ending when it is over."""
    view = StoreChat(chosen.name, [chosen.to])
    screen = open_screen(view, chosen, on_terminal=on_terminal)
    records = Records(open_page(options.page(chosen), chosen.store.host, chosen.store.port))

    def show(shown: Shown) -> None:
        records.add(shown)
        screen.show(shown)

    mailbox = Mailbox(chosen.name, chosen.to, secrets.token_hex(8), random.random)
    with screen, records:
        StoreClient(HttpStore(chosen.store, chosen.timeout), mailbox, view, screen, show, random.random).chat()
