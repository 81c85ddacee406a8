"""`python -m tools.bench.million`: a journal of a million messages; how long the start, a search and the history take.

Writes the journal and its archive with the server's own code, starts server.py on them, and asks as a telnet user
would: the time from the command to the whole answer, of which the median and the longest are told.
"""

from __future__ import annotations

import argparse
import random
import re
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from chat.log import Entry
from protocol.events import Said
from storage.journal import Journal, Start
from storage.search_index import Archive
from tools.shared.programs import HOST, free_port, running, server_command

A_TURN = 50  # messages
WORDS = [f"word{number}" for number in range(5000)]
AGE = 30 * 86_400.0
QUESTIONS = {
    "/history 20": rb"last messages .*(\r\n\[.*){20}\r\n",
    "/history 500": rb"last messages .*(\r\n\[.*){500}\r\n",
    "/search word7": rb"(\r\n\[.*){20}\r\n|No message .*\r\n",
    "/search word7 word8": rb"last messages .*\r\n\[.*\r\n|No message .*\r\n",
    "/search nowhere": rb"No message .*\r\n",
    "/seen carl": rb"carl .*\r\n",
}


def main() -> None:
    """Run the whole of it."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.million", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000, help="how many (%(default)s)")
    parser.add_argument("--times", type=int, default=20, help="how often each is asked (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        print(f"written in {seconds_to(lambda: write(folder, options.messages)):.1f} s", flush=True)
        print(f"taken in by the archive in {seconds_to(lambda: take_in(folder)):.1f} s", flush=True)
        serve(folder, options.messages, options.times)


def seconds_to(do: Callable[[], None]) -> float:
    """How long it takes."""
    began = time.monotonic()
    do()
    return time.monotonic() - began


def write(folder: Path, count: int) -> None:
    """Write the journal, in turns as a busy room has them."""
    chance = random.Random(1)
    journal = Journal(folder, Start("an epoch"), count, AGE)
    now = time.time()
    for first in range(1, count + 1, A_TURN):
        at = now - (count - first) * AGE / count / 2
        texts = (" ".join(chance.choices(WORDS, k=7)) for _ in range(A_TURN))
        journal.write([Entry(Said(seq, "ann", text, at), at, "seat1") for seq, text in enumerate(texts, first)])
    journal.close()


def take_in(folder: Path) -> None:
    """Have the archive take in all of it."""
    archive = Archive(folder)
    while archive.take_in(10_000):
        pass
    archive.close()


def serve(folder: Path, count: int, times: int) -> None:
    """Start the server on it and ask."""
    began = time.monotonic()
    port = free_port()
    command = server_command(port, folder, "--no-rate-limit", "--history", str(count))
    with running(command, port, folder):
        print(f"started in {time.monotonic() - began:.2f} s", flush=True)
        with socket.create_connection((HOST, port), 10) as sock:
            asked(sock, "carl", rb"(\r\n\[.*){20}\r\n")
            for question, answer in QUESTIONS.items():
                taken = [asked(sock, question, answer) * 1000 for _ in range(times)]
                print(f"{question}: median {statistics.median(taken):.2f} ms, longest {max(taken):.2f} ms", flush=True)


def asked(sock: socket.socket, line: str, answer: bytes) -> float:
    """Send a line; return how many seconds it took until `answer`, a pattern, was there."""
    began = time.monotonic()
    sock.sendall(line.encode() + b"\r\n")
    heard = b""
    while not re.search(answer, heard):
        heard += sock.recv(1 << 20)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
