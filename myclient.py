"""The chat's client: `python myclient.py HOST PORT`. One connection, two threads (D1).

    reader   recv -> FrameCodec -> objects.load -> Session.receive -> the screen, above the line being typed
    writer   (the main thread) the screen's lines -> Session.typed -> frame -> sendall

What they share is the session, under `_changed`, which also tells the writer of whatever it waits for. `_sending`
keeps the reader's pongs out of the middle of the writer's frames. The two are never held together: a writer that the
kernel makes wait must not keep the reader from reading, or a server that waits for us to read would wait for ever.

The reader alone finds out how the connection ends and keeps it as an Ending; the writer raises it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from client import endings, options
from client.endings import CONNECT_PATIENCE, Ending, Exit
from client.looks import Shown, refusal
from client.page import Page
from client.screen import Pipe, Screen
from client.session import ClientMessage, Session, Step
from protocol.errors import Fault, ProtocolError
from protocol.framing import FrameCodec
from protocol.objects import FROM_SERVER, dump, load
from protocol.text import clean

CHUNK = 64 * 1024  # bytes
PREAMBLE = 4096  # bytes of text, a greeting or a farewell, that may come before the first frame
PATIENCE = 10.0  # seconds for an answer
FAREWELL = 2.0  # seconds for the goodbye
WINDOW = 16  # lines on their way at a time: what they take fits the kernel's buffers, so that sending rarely waits


class Client:
    """A connected socket, a session and a screen, and the two threads between them."""

    def __init__(self, sock: socket.socket, session: Session, screen: Screen, page: Page | None = None) -> None:
        """Take over `sock`; `chat` closes it. What is shown goes to `screen` and, if there is one, to `page`."""
        self._sock = sock
        self._session = session
        self._screen = screen
        self._page = page
        self._codec = FrameCodec(PREAMBLE)
        self._changed = threading.Condition()
        self._sending = threading.Lock()
        self._ending: Ending | None = None
        self._reader = threading.Thread(target=self._read, name="reader", daemon=True)

    def chat(self, name: str | None, password: str | None) -> None:
        """Chat, under `name` if the server agrees, until it is over. Raises Ending, or KeyboardInterrupt."""
        self._reader.start()
        try:
            self._send(self._session.hello(name, password))
            self._await_answer()
            for line in self._screen.lines():
                self._say(line)
                if self._session.leaving:
                    break
            self._leave()
        finally:
            self._close()

    # --- the writer ----------------------------------------------------------------------------------------------

    def _say(self, line: str) -> None:
        self._wait(lambda: len(self._session.pending) < WINDOW)
        with self._changed:
            step = self._session.typed(line, time.monotonic())
        self._carry_out(step)
        if step.send is not None and not self._session.name:
            self._await_answer()

    def _await_answer(self) -> None:
        """Wait until we are welcome or asked for something; what the next line means depends on it."""
        session = self._session
        self._wait(lambda: bool(session.name or session.question or session.leaving))
        if session.question and not session.name and not self._screen.interactive:
            raise endings.refused(session.refusal or "a password is needed: --password-file or CHAT_PASSWORD")

    def _leave(self) -> None:
        """Say goodbye, once every line has been answered, and wait for the server's. Raises Ending."""
        session = self._session
        if not session.leaving:
            self._wait(lambda: not session.pending)
            with self._changed:
                line = session.leave(time.monotonic())
            self._send(line)
        with self._changed:
            self._changed.wait_for(lambda: self._ending is not None, FAREWELL)
            raise self._ending or Ending(Exit.GOODBYE)

    def _wait(self, done: Callable[[], bool]) -> None:
        """Wait until `done()`. Raises Ending when it is all over before that, or no answer comes for too long."""
        with self._changed:
            while not done():
                if self._ending is not None:
                    raise self._ending
                if not self._changed.wait_for(self._progress(done), PATIENCE):
                    raise endings.unanswered(self._session, PATIENCE)

    def _progress(self, done: Callable[[], bool]) -> Callable[[], bool]:
        """Return what says whether waiting was of use: a server that answers slowly, line by line, isn't silent."""
        pending = self._session.pending
        before = len(pending)
        return lambda: self._ending is not None or done() or len(pending) < before

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)  # wakes the reader's recv
        self._reader.join(FAREWELL)
        self._sock.close()

    # --- the reader ----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            while self._ending is None and (chunk := self._receive()):
                for item in self._codec.feed(chunk):
                    self._take(item)
        except Ending as ending:  # the screen's
            self._end(ending)
        finally:
            with self._changed:
                self._end(endings.cut_off(self._session, bytes(self._codec.preamble)))

    def _receive(self) -> bytes:
        try:
            return self._sock.recv(CHUNK)
        except OSError:
            return b""

    def _take(self, item: bytes | ProtocolError) -> None:
        if isinstance(item, ProtocolError):  # codecs report none but fatal ones
            self._end(endings.broken_stream(item))
            return
        try:
            event = load(item, FROM_SERVER)
        except ProtocolError as error:
            if error.fault is not Fault.UNKNOWN_TYPE:  # that is what a newer server tells newer clients
                self._show(refusal(clean(str(error))))
            return
        with self._changed:
            step = self._session.receive(event, time.monotonic())
            self._changed.notify_all()
        self._carry_out(step)
        if self._session.dismissed:
            with self._changed:
                self._end(endings.dismissed(self._session))

    def _end(self, ending: Ending) -> None:
        """Keep the first ending, and tell the writer wherever it waits."""
        with self._changed:
            self._ending = self._ending or ending
            self._changed.notify_all()
        self._screen.wake()

    # --- both ----------------------------------------------------------------------------------------------------

    def _carry_out(self, step: Step) -> None:
        if step.send is not None:
            self._send(step.send)
        if step.show is not None and (self._session.name or self._screen.interactive):
            self._show(step.show)  # without a terminal, a refusal to let us in is told in the ending

    def _show(self, shown: Shown) -> None:
        show_in(self._page, shown)
        self._screen.show(shown)

    def _send(self, message: ClientMessage) -> None:
        frame = FrameCodec.encode(dump(message))
        with self._sending, contextlib.suppress(OSError):  # the reader finds out why
            self._sock.sendall(frame)


def show_in(page: Page | None, shown: Shown) -> None:
    """Show something in the page, if there is one. Raises Ending when the disk will not."""
    try:
        if page is not None:
            page.show(shown)
    except OSError as error:
        raise endings.no_page(error) from None


def open_page(file: str | None, host: str, port: int) -> Page | None:
    """Make the page, or empty it; ask for its file if that is "". Raises Ending, or EOFError."""
    if file is None:
        return None
    path = Path(file) if file else options.ask_page()
    try:
        return Page(path, f"Chat on {clean(host)}, port {port}")
    except OSError as error:
        raise endings.no_page(error) from None


def connect(host: str, port: int) -> socket.socket:
    """Return a socket connected to the server. Raises Ending."""
    try:
        sock = socket.create_connection((host, port), CONNECT_PATIENCE)
    except (OSError, ValueError) as error:
        raise endings.why_not_connected(error, host, port) from None
    sock.settimeout(None)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def open_screen(session: Session, on_terminal: bool) -> Screen:
    """Return the screen for this run. Raises Ending when a package that it needs is missing."""
    if not on_terminal:
        return Pipe()
    try:
        from client.terminal import Terminal  # noqa: PLC0415  (a pipe works without its packages)
    except ModuleNotFoundError as error:
        sentence = f"{error.name} is not installed. Run: python -m pip install -r requirements.txt"
        raise Ending(Exit.ERROR, sentence) from None
    return Terminal(session)


def run(arguments: Sequence[str], on_terminal: bool) -> None:
    """Join the chat that `arguments` name. Raises Ending when it is over, and SystemExit for a wrong command line."""
    chosen = options.parse(arguments, on_terminal=on_terminal)
    session = Session(secrets.token_hex(16))
    screen = open_screen(session, on_terminal)
    try:
        password = options.password(chosen, os.environ)
    except OSError as error:
        raise Ending(Exit.ERROR, f"The password file can't be read: {error.strerror}.") from None
    host, port = (chosen.host, chosen.port) if chosen.host is not None else options.ask_server()
    page = open_page(chosen.html, host, port)
    with screen:
        name = chosen.name
        if name is None and not on_terminal:
            name = next(screen.lines(), None)
            if name is None:
                raise Ending(Exit.USAGE, "No name: give --name NAME, or the name as the first line of input.")
        try:
            Client(connect(host, port), session, screen, page).chat(name, password)
        except Ending as ending:
            if ending.sentence:
                show_in(page, refusal(ending.sentence))
            raise
        finally:
            if page is not None:
                page.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the client; return its exit code (client.endings.Exit)."""
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        run(sys.argv[1:] if arguments is None else arguments, on_terminal)
    except Ending as ending:
        if ending.sentence:
            print(ending.sentence, file=sys.stderr)
        return ending.how.code
    except EOFError:  # the user would not say where to
        return Exit.GOODBYE.code
    except KeyboardInterrupt:
        return Exit.INTERRUPTED.code
    return Exit.GOODBYE.code


if __name__ == "__main__":
    sys.exit(main())
