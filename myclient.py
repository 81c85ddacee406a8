"""The chat's client: `python myclient.py HOST PORT`. One connection at a time, two threads (D1).

    reader   recv -> FrameCodec -> objects.load -> ClientSession.receive -> the screen, above the line being typed
    writer   (the main thread) the screen's lines -> ClientSession.typed -> frame -> sendall

They share the session, under `_changed`, which also wakes the writer from every wait. What the session wants sent is
queued in the link under `_changed`, so in the order of the decisions, and sent without it: a writer that the kernel
makes wait must not keep the reader from reading, or a server that waits for us to read would wait for ever.

The reader alone notices that the connection is gone. If nobody has said goodbye, it makes another one, to the next
server if the user has named several (client.net.servers), and the session takes up the conversation where it stopped;
else it keeps an Ending, and the writer raises it.
"""

from __future__ import annotations

import os
import random
import secrets
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from math import ceil

from client.cli import exits, options
from client.cli.exits import Ending, Exit
from client.cli.settings_file import keep, values
from client.cli.tls_endings import Untrusted
from client.core import render
from client.core.backoff import Backoff, Retries
from client.core.presence import Goodbye
from client.core.render import Shown, notice, refusal
from client.core.session import ClientSession
from client.core.step import Step
from client.core.typed import ClientTask, Typed
from client.net.link import Link, read
from client.net.servers import servers_of
from client.ui.html_page import open_page
from client.ui.records import Records
from client.ui.screen import Screen, open_screen
from protocol.errors import ProtocolError
from protocol.events import Event
from protocol.requests import Clear, Log, Reconnect
from storechat import client

TIMEOUT = 10.0  # seconds for a welcome
ANSWER_TIMEOUT = 30.0  # seconds for any other answer: a busy server checks one password after the other
FAREWELL = 2.0  # seconds for the goodbye
WINDOW = 16  # lines on their way at a time: what they take fits the kernel's buffers, so that sending rarely waits
FIRST_RETRY, LONGEST_RETRY = 1.0, 30.0  # seconds between two tries to connect again
TICK = 5.0  # seconds between two looks whether the server has fallen silent
SILENCE = 20.0  # seconds without a word, while lines of ours wait for their answer, that mean a dead connection


class Client:
    """A way to connect, a session and a screen, and the two threads between them."""

    def __init__(
        self,
        connecting: Callable[[Ending | None], Link],
        session: ClientSession,
        screen: Screen,
        records: Records | None = None,
        persistence: float = 0.0,
    ) -> None:
        """Connect with `connecting`, which may raise Ending and is told why the connection before let us not in, if so.

        What is shown goes to `screen` and into `records`. After a lost connection, try for `persistence` seconds to
        have another one.
        """
        self._connect = connecting
        self._link = connecting(None)
        self._session = session
        self._screen = screen
        self._records = records or Records()
        backoff = Backoff(FIRST_RETRY, LONGEST_RETRY, random.random)
        self._retries = Retries(backoff, persistence, lasting=LONGEST_RETRY)
        self._changed = threading.Condition()
        self._ending: Ending | None = None
        self._refusal: Ending | None = None  # why the server that was reached last has not let us in
        self._heard_at = 0.0
        self._note_connection()
        self._reader = threading.Thread(target=self._read, name="reader", daemon=True)

    def chat(self, name: str | None, password: str | None, wait: float = 0.0) -> None:
        """Chat until it is over, at the latest `wait` seconds after the last line. Raises Ending, KeyboardInterrupt."""
        self._show_note()
        self._carry_out(lambda: Step(send=(self._session.hello(name, password),)))
        self._reader.start()  # after the hello, which another server is told again
        try:
            self._await_answer()
            for line in self._screen.lines():
                self._say(line)
                if self._session.presence.goodbye is Goodbye.TYPED:
                    break
            self._leave(wait)
        finally:
            self._close()

    # --- the writer ----------------------------------------------------------------------------------------------

    def _say(self, line: Typed) -> None:
        session = self._session  # a question is answered at once: the lines on their way wait for that
        self._wait(lambda: len(session.lines.pending) < WINDOW or session.questions.what != "")
        step = self._carry_out(lambda: self._session.typed(line, time.monotonic()))
        if step.send or not self._screen.interactive:  # a user at a terminal may type on without a connection
            self._await_answer()

    def _await_answer(self) -> None:
        """Wait until it is known what the next line means: until a welcome or a question. Raises Ending."""
        self._wait(lambda: self._session.is_clear)

    def _leave(self, wait: float) -> None:
        """Say goodbye in `wait` seconds, once every line has been answered; wait for the server's. Raises Ending."""
        session = self._session
        if session.presence.goodbye is Goodbye.NONE:
            with self._changed:
                self._changed.wait_for(lambda: self._ending is not None, wait)
        presence, is_user = session.presence, self._screen.interactive  # who does not wait for what can't come now
        self._wait(lambda: not session.lines.pending or (is_user and (session.has_lost_name or not presence.online)))
        self._carry_out(session.leave)
        with self._changed:
            if session.presence.online:
                self._changed.wait_for(lambda: self._ending is not None, FAREWELL)
            raise self._ending or exits.left(session)

    def _wait(self, done: Callable[[], bool]) -> None:
        """Wait until `done()`. Raises Ending when the chat is over first, or no answer comes for too long."""
        with self._changed:
            while True:
                if self._ending is not None:
                    raise self._ending
                if done():
                    return
                presence = self._session.presence
                is_lost = not presence.online and (presence.has_been_in or presence.is_knocking)
                has_happened = self._changed.wait_for(self._progress(done), ANSWER_TIMEOUT)
                if not has_happened and not is_lost:  # else that is the reader's task
                    raise exits.unanswered(self._session, ANSWER_TIMEOUT)

    def _progress(self, done: Callable[[], bool]) -> Callable[[], bool]:
        """Return a function that returns whether anything has happened: a server that answers slowly is not silent."""
        session = self._session
        pending, presence = session.lines.pending, session.presence
        before, was_online = len(pending), presence.online
        return lambda: self._ending is not None or done() or len(pending) < before or presence.online != was_online

    def _close(self) -> None:
        with self._changed:
            self._ending = self._ending or Ending(Exit.INTERRUPTED)
            self._changed.notify_all()
            self._link.end()
        self._reader.join(FAREWELL)
        self._link.close()

    # --- the reader ----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            while self._ending is None:
                self._listen_until_turned_away()
                if self._session.presence.is_knocking:
                    self._try_next()
                else:
                    self._take_up()
        except Ending as ending:  # also the screen's
            self._end(ending)
        except Exception as error:  # noqa: BLE001  (a bug of ours: without a reader there is no conversation)
            self._end(exits.bug(error))

    def _listen_until_turned_away(self) -> None:
        """Take what comes, as long as something may; note why, if this server does not let us in. Raises Ending."""
        try:
            self._listen()
        except Ending as ending:
            if self._ending is not None or not self._session.presence.is_knocking:
                raise
            self._refusal = ending

    def _listen(self) -> None:
        """Take what comes, until the connection is gone, or dead, or everything is over. Raises Ending."""
        while self._ending is None and (items := self._link.receive(min(TICK, TIMEOUT))) is not None:
            now = time.monotonic()
            self._heard_at = now if items else self._heard_at
            for item in items:
                self._take(item)
            with self._changed:
                if self._session.is_overdue(self._heard_at, now, SILENCE, TIMEOUT):
                    if self._session.presence.is_knocking:
                        raise exits.unanswered(self._session, TIMEOUT)
                    return
                if self._session.presence.online:
                    self._retries.holds(now)

    def _take(self, item: bytes | ProtocolError) -> None:
        try:
            event = read(item)
        except ProtocolError as error:
            self._show(render.not_understood(error.fault))
            return
        if event is not None:
            self._carry_out(partial(self._receive, event))
        if self._ending is not None:
            raise self._ending

    def _receive(self, event: Event) -> Step:
        """Return what follows from `event`, and note if that is the end, before the writer can go on."""
        session = self._session
        step = session.receive(event, time.monotonic())
        over = exits.due(session, persists=self._retries.persists, interactive=self._screen.interactive)
        if over is not None and session.presence.is_knocking:
            raise over
        self._ending = self._ending or over
        return step

    def _try_next(self) -> None:
        """Knock at the next server, since this one has not let us in. Raises Ending if there is none."""
        refusal = self._refusal or exits.cut_off(self._session, self._link.preamble)
        if self._ending is not None:
            raise self._ending
        self._link.close()
        self._take_over(self._connect(refusal))

    def _take_up(self) -> None:
        """Make another connection, if the conversation is not over. Raises Ending."""
        with self._changed:
            is_wish = self._retries.is_hurried
            if self._session.presence.online:  # else the connection before this one is still to be replaced
                self._retries.lost(time.monotonic())
            self._session.lost()
            self._changed.notify_all()
            if self._session.abandoned and not self._screen.interactive:
                raise self._ending or exits.abandoned()
            if self._ending or not (self._session.presence.may_return and self._retries.persists):
                raise self._ending or exits.cut_off(self._session, self._link.preamble)
        self._screen.refresh()
        self._link.close()
        self._show(render.reconnecting() if is_wish else render.offline())
        while (pause := self._retries.wait(time.monotonic())) is not None:
            self._count_down(pause)
            if self._is_connected_again():
                return
        raise self._refusal or exits.cut_off(self._session, b"")

    def _count_down(self, seconds: float) -> None:
        """Wait, and show how many seconds are left. Raises Ending when the chat is over meanwhile."""
        for left in range(ceil(seconds), 0, -1):
            with self._changed:
                self._session.presence.retry_in = left
                self._screen.refresh()
                self._changed.wait_for(lambda: self._ending is not None or self._retries.is_hurried, seconds - left + 1)
                if self._ending is not None:
                    raise self._ending
                if self._retries.is_hurried:
                    return
            seconds = left - 1

    def _is_connected_again(self) -> bool:
        try:
            link = self._connect(None)
        except Untrusted as refused:
            self._warn(refused)
            return False
        except Ending:
            return False
        self._take_over(link)
        return True

    def _take_over(self, link: Link) -> None:
        """Go on by another connection. Raises Ending if the chat is over."""
        with self._changed:
            if self._ending is not None:  # the user has left meanwhile: nothing more is sent
                link.close()
                raise self._ending
            self._link = link
            self._note_connection()
        self._show_note()
        self._carry_out(lambda: Step(send=(self._session.again(),)))

    def _warn(self, refused: Untrusted) -> None:
        """Show why the server that answers is not spoken to, once; as long as it is there, that is the ending."""
        if self._refusal is None or self._refusal.sentence != refused.sentence:
            self._show(refusal(refused.sentence))
        self._refusal = refused

    def _note_connection(self) -> None:
        self._refusal = None
        self._session.connected(self._link.server)
        self._heard_at = time.monotonic()
        self._retries.connected(self._heard_at)

    def _show_note(self) -> None:
        if self._link.note:
            self._show(notice(self._link.note))

    def _end(self, ending: Ending) -> None:
        """Keep the first ending, and wake the writer wherever it waits."""
        with self._changed:
            self._ending = self._ending or ending
            self._changed.notify_all()
        self._screen.wake()

    # --- both ----------------------------------------------------------------------------------------------------

    def _carry_out(self, decide: Callable[[], Step]) -> Step:
        """Have the session decide, send what it wants sent, show what it wants shown; return its decision."""
        with self._changed:
            before = self._session.secret, bool(self._session.name)
            step = decide()
            is_other = (self._session.secret, bool(self._session.name)) != before  # that the next line answers
            link = self._link  # after a return it is another, and what was queued for this one goes with it
            link.add(step.send)
            self._changed.notify_all()
        if is_other:
            self._screen.refresh()
        link.flush()
        if step.task is not None:
            self._do(step.task)
        if step.keep is not None and self._screen.interactive:
            keep(step.keep)
        for shown in (step.first, step.show):
            if shown is not None and (self._session.name or self._screen.interactive):
                self._show(shown)  # without a terminal, the ending says why we were not let in
        return step

    def _do(self, task: ClientTask) -> None:
        """Do what the user has asked for and is no matter of the server's."""
        match task:
            case Clear():
                self._screen.clear()
            case Log() if self._screen.interactive:
                self._show(self._records.log.change(task))
            case Log():  # what comes in a pipe may be anybody's, and is not to choose a file
                self._session.lines.refused += 1
                self._show(refusal("/log is for a terminal. Send the output of a script to a file: > FILE"))
            case Reconnect():
                self._reconnect()

    def _reconnect(self) -> None:
        """Give up the connection, if there is one, and have the reader make another at once."""
        with self._changed:
            self._retries.hurry()
            self._link.end()
            self._changed.notify_all()

    def _show(self, shown: Shown) -> None:
        besides = self._records.add(shown)
        self._screen.show(shown)
        if besides is not None:
            self._screen.show(besides)


def run(arguments: Sequence[str], on_terminal: bool) -> None:
    """Join the chat that `arguments` name. Raises Ending when it is over, and SystemExit for a wrong command line."""
    chosen = options.parse(arguments, on_terminal=on_terminal, environment=os.environ, settings=values())
    if chosen.store is not None:
        client.run(chosen, on_terminal)
        return
    session = ClientSession(secrets.token_hex(16), lists_users=on_terminal)
    screen = open_screen(session, chosen, on_terminal=on_terminal)
    password = options.password(chosen, os.environ)
    places = chosen.places or options.ask_servers()
    servers = servers_of(places, chosen, on_terminal=on_terminal)
    records = Records(open_page(options.page(chosen), *places[0]))
    with screen, exits.for_script(session, interactive=screen.interactive), records:
        lines = (line for line in screen.lines() if isinstance(line, str))
        name = options.name(chosen, lines, on_terminal=on_terminal)
        persistence = options.persistence(chosen, on_terminal=on_terminal)
        Client(servers.connect, session, screen, records, persistence).chat(name, password, chosen.wait)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the client; return its exit code (client.cli.exits.Exit)."""
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        run(sys.argv[1:] if arguments is None else arguments, on_terminal)
    except Ending as ending:
        if ending.sentence:
            print(ending.sentence, file=sys.stderr)
        return ending.how.code
    except EOFError:  # Ctrl-D at the question for the server
        return Exit.GOODBYE.code
    except KeyboardInterrupt:
        return Exit.INTERRUPTED.code
    return Exit.GOODBYE.code


if __name__ == "__main__":
    sys.exit(main())
