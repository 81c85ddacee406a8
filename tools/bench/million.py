"""`python -m tools.bench.million`: a million messages that are kept; how long a start, a search and the history take.

Says them to a server as fast as it takes them, waits until a search finds the last, and starts the server anew on what
it has kept, a few times; then asks as a telnet user would: the time from the command to the whole answer.
Everything goes through server.py's own port, so that it measures any way to keep the messages.
"""

from __future__ import annotations

import argparse
import random
import re
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.bench.environment import OtherWork, environment
from tools.bench.table import table
from tools.shared.programs import HOST, exit_on_sigterm, free_port, running, server_command

A_CHUNK = 1000  # messages in one `send`
WORDS = [f"word{number}" for number in range(5000)]
LAST = "thelastofall"
FOUND_SECONDS = 120.0  # in which the last has to be found
_MESSAGE = rb"(\r\n\[.*(\r\n  .*)*)"  # with the rows that it is wrapped into
FOUND = rb"last messages .*%b+\r\n|No message .*\r\n" % _MESSAGE
QUESTIONS = {
    "/history 20": rb"last messages .*%b{20}\r\n" % _MESSAGE,
    "/history 500": rb"last messages .*%b{500}\r\n" % _MESSAGE,
    "/search word7": FOUND,
    "/search word7 word8": FOUND,
    "/search nowhere": FOUND,
    "/seen ann": rb"ann .*\r\n",
}


@dataclass(frozen=True)
class Row:
    """What was measured: its name, the median and the most of its values, and their unit."""

    name: str
    values: Sequence[float]
    unit: str

    def cells(self) -> list[str]:
        """Return the cells of its line in the table."""
        return [self.name, f"{statistics.median(self.values):,.2f}", f"{max(self.values):,.2f}", self.unit]


def main() -> None:
    """Run the whole of it."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.million", description=__doc__.partition(":")[0])
    parser.add_argument("--messages", type=int, default=1_000_000, help="how many (%(default)s)")
    parser.add_argument("--times", type=int, default=20, help="how often each is asked (%(default)s)")
    parser.add_argument("--starts", type=int, default=5, help="of the server (%(default)s)")
    options = parser.parse_args()
    others = OtherWork()
    rows = measured(options.messages, options.times, options.starts)
    print(f"{environment('tools.bench.million', sys.argv[1:], others)}\n\n{rows}")


def measured(messages: int, times: int, starts: int) -> str:
    """Return the table."""
    rows = [row.cells() for row in rows_of(messages, times, starts)]
    return table(["what", "median", "most", "unit"], rows, words=1)


def rows_of(messages: int, times: int, starts: int) -> Iterator[Row]:
    """Yield all that is measured, one after the other."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder, empty = Path(name) / "full", Path(name) / "empty"
        folder.mkdir()
        empty.mkdir()
        yield from write(folder, messages)
        for place, what in ((empty, "a start with nothing kept"), (folder, "a start with all of them")):
            times_taken, sizes = zip(*(started(place, messages) for _ in range(starts)), strict=True)
            yield Row(what, times_taken, "s")
            yield Row("memory then", sizes, "MiB")
        yield from questions(folder, messages, times)


def command(port: int, folder: Path, messages: int) -> list[str]:
    """Return the command that runs a server which keeps that many messages."""
    return server_command(port, folder, "--no-rate-limit", "--history", str(2 * messages), "--greet-history", "0")


def write(folder: Path, messages: int) -> Iterator[Row]:
    """Say all messages, and wait until the last is found."""
    port = free_port()
    with running(command(port, folder, messages), port, folder), joined(port, "ann") as sock:
        began = time.monotonic()
        for chunk in chunks(messages):
            sock.sendall(chunk)
        asked(sock, "/ping", rb"ong")
        yield Row("saying them", [time.monotonic() - began], "s")
        sock.sendall(LAST.encode() + b"\r\n")
        while not found(sock, LAST):
            if time.monotonic() > began + FOUND_SECONDS:
                raise RuntimeError(f"The last message was not found within {FOUND_SECONDS:.0f} s.")
        yield Row("until a search finds the last", [time.monotonic() - began], "s")


def chunks(messages: int) -> Iterator[bytes]:
    """Yield the lines to say, many at a time."""
    chance = random.Random(1)
    for first in range(0, messages, A_CHUNK):
        lines = range(first, min(messages, first + A_CHUNK))
        yield "".join(f"{' '.join(chance.choices(WORDS, k=7))}\r\n" for _ in lines).encode()


def started(folder: Path, messages: int) -> tuple[float, float]:
    """Start a server and let it end; return the seconds until it accepted a connection, and its MiB then."""
    port, began = free_port(), time.monotonic()
    with running(command(port, folder, messages), port, folder) as server:
        return time.monotonic() - began, server.memory() / 2**20


def questions(folder: Path, messages: int, times: int) -> Iterator[Row]:
    """Start the server on it and ask."""
    port = free_port()
    with running(command(port, folder, messages), port, folder), joined(port, "carl") as sock:
        for question, answer in QUESTIONS.items():
            yield Row(f"`{question}`", [asked(sock, question, answer)[0] * 1000 for _ in range(times)], "ms")


def joined(port: int, name: str) -> socket.socket:
    """Return a connection that has a name."""
    sock = socket.create_connection((HOST, port), 30)
    asked(sock, name, rb"Users here: \d+\r\n")
    return sock


def found(sock: socket.socket, word: str) -> bool:
    """Return whether a search finds a word."""
    _, heard = asked(sock, f"/search {word}", FOUND)
    return b"No message" not in heard


def asked(sock: socket.socket, line: str, answer: bytes) -> tuple[float, bytes]:
    """Send a line; return the seconds until `answer`, a pattern, was there, and all that came."""
    began = time.monotonic()
    sock.sendall(line.encode() + b"\r\n")
    heard = b""
    while not re.search(answer, heard):
        heard += sock.recv(1 << 20)
    return time.monotonic() - began, heard


if __name__ == "__main__":
    exit_on_sigterm()
    main()
