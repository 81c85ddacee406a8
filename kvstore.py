"""A small key-value store over HTTP: `python kvstore.py PORT`. Keys can be written and read, and nothing else (B1).

    PUT /KEY                             puts the body under KEY: 201, or 204 where something stood there
    GET /KEY                             200 and the value; 404 where nothing stands
    GET /KEY?after=VERSION&wait=SECONDS  the same, once the version is another; after SECONDS without a change, 304

Each answer has its key's version in the header `Version`. A thread serves each connection. The threads share the store
and the places, under `_changed`, which also wakes those that wait for a change. A request must arrive whole within a
limited time. Where all places are taken, a newcomer gets that of the slowest (storechat.server.places): a connection
that waits for a change is then answered as if the wait were over, and any other is cut off.

With --fail, --drop and the others the store does on purpose what stores and networks do by accident
(storechat.server.faults), to try out how a client copes.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote, urlsplit

from protocol import __version__
from protocol.numbers import whole_number
from protocol.text import ascii_line
from runtime.sockets import listen
from storage.value_files import Values
from storechat.server.faults import OK, FaultyStore, Rates, Response
from storechat.server.places import Place, Places
from storechat.server.store import NO_ROOM, TOO_LARGE, VALUE_LIMIT, KeyValueStore, StoreError
from system.commands import command, prog
from system.port import port as parsed_port
from system.tcp import why_not_listening

NOT_MODIFIED, LENGTH_REQUIRED = 304, 411
WAIT_LIMIT = 60.0  # seconds of a long poll
SILENCE = 30.0  # seconds: how long a request without answer is kept, and what an answer may take to be sent
CONNECTIONS_LIMIT = 200  # served at a time, a thread each
HEAD_LIMIT = 16 * 1024  # bytes of a request before its body

_RATES = {
    "fail": "requests that fail with 503, and nothing is done",
    "refuse": "requests that are refused with 403, and nothing is done",
    "drop": "requests that are never answered, and nothing is done",
    "lose": "requests that are done, but the answer is lost",
    "duplicate": "writes that are done once more, at once or a little later, over newer ones",
    "stale": "reads that are answered with an older value",
    "damage": "reads that are answered with a damaged value",
}


class KeyServer(ThreadingHTTPServer):
    """A listening socket, a store, and the connections that are served."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, store: FaultyStore) -> None:
        """Take over `listener`; `serve_forever` serves it."""
        super().__init__(("", 0), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.store = store
        self._changed = threading.Condition()
        self._places = Places(CONNECTIONS_LIMIT)
        self._served: dict[Place, socket.socket] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection on a thread of its own; if there is no place for it, end the slowest one."""
        with self._changed:
            place, leaver = self._places.enter(client_address[0], time.monotonic())
            self._served[place] = request
            self._end([] if leaver is None else [leaver])
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """End, a few times a second, what takes too long."""
        with self._changed:
            self._end(self._places.overdue(time.monotonic()))

    def _end(self, places: list[Place]) -> None:
        for place in places:
            if not place.waits:  # else its thread is woken
                with contextlib.suppress(OSError):
                    self._served[place].shutdown(socket.SHUT_RDWR)
        if places:
            self._changed.notify_all()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection, and free its place. After a signal this may be called twice."""
        with self._changed:
            for place in [place for place, served in self._served.items() if served is request]:
                del self._served[place]
                self._places.leave(place)
        super().shutdown_request(request)

    def place_of(self, request: socket.socket) -> Place:
        """Return the place of a connection that is being served."""
        with self._changed:
            return next(place for place, served in self._served.items() if served is request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep silent about a peer that is gone, and print anything else as one line."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            print(ascii_line(f"Bug: {error!r}"), file=sys.stderr, flush=True)

    def get(self, key: str, after: str | None, wait: float, place: Place) -> Response:
        """Answer a request to read. With `after`, once the version is another, or the wait or `place` is over."""
        with self._changed:
            if after is not None:
                self.wait(place, lambda: self.store.store.version(key) != after, wait)
            answer = self.store.get(key)
            self._changed.notify_all()  # the copy of a write may have arrived with this request
        return replace(answer, status=NOT_MODIFIED, body=b"") if answer.version == after else answer

    def put(self, key: str, value: bytes) -> Response:
        """Answer a request to write. Raises OSError when it can't be kept."""
        with self._changed:
            answer = self.store.put(key, value)
            self._changed.notify_all()
            return answer

    def wait(self, place: Place, done: Callable[[], bool], seconds: float) -> None:
        """Wait until `done()`, for so many seconds at most, or until the place is needed."""
        with self._changed:
            self._places.wait(place)
            self._changed.wait_for(lambda: place.gone or done(), seconds)
            self._places.answer(place, time.monotonic())

    def delay(self, place: Place) -> None:
        """Keep a request waiting for as long as it takes on its way."""
        self.wait(place, lambda: False, self.store.delay())


class _Request(io.BufferedReader):
    """What comes from a peer; the lines before the body have a limit, all together."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__(raw)
        self._head_left = HEAD_LIMIT

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the next line. Raises ConnectionAbortedError beyond the limit."""
        line = super().readline(self._head_left + 1)
        self._head_left -= len(line)
        if self._head_left < 0:
            raise ConnectionAbortedError
        return line


class Handler(BaseHTTPRequestHandler):
    """One connection: one request, one answer, or none."""

    server: KeyServer
    rfile: io.BufferedReader
    timeout = SILENCE
    server_version = f"kvstore/{__version__}"

    def setup(self) -> None:
        """Begin to read."""
        super().setup()
        self.rfile = _Request(self.rfile.detach())
        self.place = self.server.place_of(self.connection)

    def do_GET(self) -> None:
        """Answer a request to read."""
        query = parse_qs(urlsplit(self.path).query)
        wait = min(_seconds(query.get("wait", ["0"])[0]), WAIT_LIMIT)
        self._answer(lambda key: self.server.get(key, query.get("after", [None])[0], wait, self.place))

    def do_PUT(self) -> None:
        """Answer a request to write."""
        announced = self.headers.get("Content-Length", "")
        length = whole_number(announced, VALUE_LIMIT)
        if not announced.isascii() or not announced.isdigit():
            self._explain(LENGTH_REQUIRED, "a Content-Length is needed")
        elif length is None:
            self._explain(TOO_LARGE, f"a value has at most {VALUE_LIMIT} bytes")
        else:
            value = self.rfile.read(length)
            if len(value) == length:  # otherwise the peer went away in the middle of it
                self._answer(lambda key: self.server.put(key, value))

    def _answer(self, do: Callable[[str], Response]) -> None:
        """Do what was asked for, and answer."""
        self.server.delay(self.place)
        try:
            answer = do(unquote(urlsplit(self.path).path).removeprefix("/"))
        except StoreError as error:
            self._explain(error.status, str(error))
        except OSError as error:
            self._explain(NO_ROOM, f"the value could not be kept: {error.strerror}")
        else:
            self._send(answer)

    def _send(self, answer: Response) -> None:
        if answer.status is None:
            self._keep_silent()
        elif not answer.lost:
            self.send_response(answer.status)
            if answer.version:
                self.send_header("Version", answer.version)
            if answer.status not in (NOT_MODIFIED, 204):
                self.send_header("Content-Length", str(len(answer.body)))
            kind = "application/octet-stream" if answer.status == OK else "text/plain; charset=utf-8"
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(answer.body)

    def _keep_silent(self) -> None:
        """Send nothing until the client gives up."""
        with contextlib.suppress(OSError):
            self.connection.recv(1)

    def _explain(self, status: int, why: str) -> None:
        self._send(Response(status, f"{why}\n".encode()))

    def version_string(self) -> str:
        """Return what the header `Server` says."""
        return self.server_version

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Log nothing: neither what people write nor that they do."""


def _seconds(text: str) -> float:
    """Return the number of seconds in `text`; 0 if there is none."""
    with contextlib.suppress(ValueError):
        seconds = float(text)
        if 0 <= seconds < inf:
            return seconds
    return 0.0


# --- the command line --------------------------------------------------------------------------------------------


def _rate(text: str) -> float:
    with contextlib.suppress(ValueError):
        rate = float(text)
        if 0 <= rate <= 1:
            return rate
    raise argparse.ArgumentTypeError(f"{text!r} is not a rate: give a number from 0 to 1, such as 0.2")


def _delay(text: str) -> float:
    with contextlib.suppress(ValueError):
        seconds = float(text)
        if 0 <= seconds <= WAIT_LIMIT:
            return seconds
    raise argparse.ArgumentTypeError(f"{text!r} is not a delay: give 0 to {WAIT_LIMIT:.0f} seconds, such as 0.5")


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a seed: give a whole number") from None


def parser() -> argparse.ArgumentParser:
    """Return the parser of `kvstore.py`; it ends the program with exit code 2 on what it can't take."""
    made = argparse.ArgumentParser(
        prog=prog("store"),
        description="A key-value store over HTTP: PUT /KEY, GET /KEY, GET /KEY?after=VERSION&wait=SECONDS. "
        f"Two people chat through it: {command('client')} --store http://localhost:PORT --name ann --to bob",
        epilog="exit codes: 0 after Ctrl-C or SIGTERM, 1 when it can't serve, 2 for a wrong command line",
    )
    made.add_argument("port", metavar="PORT", type=parsed_port, help="the port to listen on, such as 8002")
    made.add_argument("--host", metavar="ADDRESS", help="the address to listen on; all of this machine's by default")
    made.add_argument("--data", metavar="DIR", type=Path, help="keep the values there; by default in memory only")
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    group = made.add_argument_group("faults", "a RATE is a share from 0 to 1; 0 by default")
    for name, meaning in _RATES.items():
        group.add_argument(f"--{name}", metavar="RATE", type=_rate, default=0.0, help=meaning)
    group.add_argument(
        "--delay",
        metavar="SECONDS",
        type=_delay,
        default=0.0,
        help="each request takes up to so long before it is done",
    )
    group.add_argument(
        "--seed", metavar="N", type=_seed, help="the same faults in the same order as with this N before"
    )
    return made


def open_store(options: argparse.Namespace) -> FaultyStore:
    """Return the store that the command line asks for. Raises OSError or ValueError when its data can't be read."""
    rates = Rates(**{name: getattr(options, name) for name in (*_RATES, "delay")})
    epoch, remembers = secrets.token_hex(4), rates.stale > 0
    if options.data is None:
        store = KeyValueStore(epoch, remembers=remembers)
    else:
        values = Values(options.data)
        store = KeyValueStore(epoch, values.load(), keep=values.keep, remembers=remembers)
    return FaultyStore(store, rates, random.Random(options.seed).random)  # noqa: S311  (faults are no secret)


def _stop(*_: object) -> NoReturn:
    raise SystemExit(0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the store; return the exit code: 1 when it can't serve. SIGINT and SIGTERM raise SystemExit(0)."""
    options = parser().parse_args(arguments)
    try:
        store = open_store(options)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        print(f"Cannot read {options.data}: {why}. Repair it, or choose another --data.", file=sys.stderr)
        return 1
    try:
        listener, *others = listen(options.host, options.port)
    except OSError as error:
        print(why_not_listening(error, options.host, options.port, "store"), file=sys.stderr)
        return 1
    for other in others:  # a name with several addresses: one is enough
        other.close()
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    host = options.host or "localhost"
    print(f"Listening on port {options.port}. Chat through it with:", flush=True)
    print(f"  {command('client')} --store http://{host}:{options.port} --name ann --to bob", flush=True)
    with KeyServer(listener, store) as server:
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
