"""Two clients chat through kvstore.py, which does everything that a network may do to them, all at once (B3).

Real programs over HTTP: each says so many lines, and is to show those of the other, each once and in order. Half-way
the store is killed and started again with what it had on its disk. In the end each client's /status names the faults
that it met.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from protocol.errors import ErrorCode
from tools.shared.findings import Finding
from tools.shared.programs import HOST, ROOT, Server, end, free_port, running

RATE = 0.2
FAULTS = ("fail", "refuse", "drop", "lose", "duplicate", "stale", "damage")
DELAY = 0.02  # seconds, the most of each request
TIMEOUT = 0.2  # seconds, of the client's
CONVERSATION = 600.0  # seconds for one conversation
MET = (
    ErrorCode.WRITE_REFUSED,
    ErrorCode.READ_REFUSED,
    ErrorCode.STORE_FAILED,
    ErrorCode.STORE_SILENT,
    ErrorCode.STORE_GONE,
    ErrorCode.ANSWER_LOST,
    ErrorCode.VALUE_OLD,
    ErrorCode.VALUE_REPEATED,
    ErrorCode.VALUE_DAMAGED,
)  # by both; KEY_MISSING only by who is first


class Talker:
    """A real myclient.py in a pipe, what it has shown of the other's lines, and its last status."""

    def __init__(self, port: int, name: str, to: str) -> None:
        store = f"http://{HOST}:{port}"
        command = ["--store", store, "--name", name, "--to", to, "--timeout", str(TIMEOUT)]
        program = [sys.executable, "myclient.py", *command]
        self.process = subprocess.Popen(
            program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.heard: list[str] = []
        self.status = ""
        self._begins = f"{to}: "
        threading.Thread(target=self._listen, daemon=True).start()

    def say(self, count: int) -> None:
        """Type `count` lines, as fast as they are taken."""
        threading.Thread(target=self._type, args=([f"line {n}" for n in range(1, count + 1)],), daemon=True).start()

    def leave(self) -> int:
        """Ask for the status and end the input; return the exit code."""
        self._type(["/status"], last=True)
        return self.process.wait(CONVERSATION)

    def _type(self, lines: list[str], last: bool = False) -> None:
        stdin = self.process.stdin
        if stdin is not None:
            stdin.write("".join(f"{line}\n" for line in lines).encode())
            stdin.flush()
            if last:
                stdin.close()

    def _listen(self) -> None:
        for data in self.process.stdout or ():
            line = data.decode()
            if line.startswith(self._begins):
                self.heard.append(line.removeprefix(self._begins).rstrip("\n"))
            elif line.startswith("faults met"):
                self.status = line.strip()


def store(messages: int, seeds: int, first: int) -> Iterator[Finding]:
    """Have a conversation for each of so many seeds, from the `first` up."""
    for seed in range(first, first + seeds):
        yield conversation(messages, seed)


def conversation(messages: int, seed: int) -> Finding:
    """Have one: `messages` each way."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chat-tools-") as folder, ExitStack() as context:
        port = free_port()
        server = serve(context, port, Path(folder), seed)
        talkers = [Talker(port, "ann", "bob"), Talker(port, "bob", "ann")]
        for talker in talkers:
            context.callback(end, talker.process)
            talker.say(messages)
        await_lines(talkers, messages // 2)
        server.process.kill()
        server.process.wait()
        time.sleep(2 * TIMEOUT)
        serve(context, port, Path(folder), seed)
        await_lines(talkers, messages)
        codes = [talker.leave() for talker in talkers]
    return judged(talkers, codes, messages, f"seed {seed}, {time.monotonic() - began:.0f} s")


def serve(context: ExitStack, port: int, folder: Path, seed: int) -> Server:
    """Start kvstore.py with all faults; it ends with the context."""
    rates = [f"--{fault}={RATE}" for fault in FAULTS]
    program = [sys.executable, str(ROOT / "kvstore.py"), str(port), "--host", HOST, "--data", str(folder)]
    return context.enter_context(running([*program, f"--seed={seed}", f"--delay={DELAY}", *rates], port, folder))


def await_lines(talkers: list[Talker], count: int) -> None:
    """Wait until both have heard `count` lines."""
    give_up = time.monotonic() + CONVERSATION
    while min(len(talker.heard) for talker in talkers) < count and time.monotonic() < give_up:
        time.sleep(0.05)


def judged(talkers: list[Talker], codes: list[int], messages: int, what: str) -> Finding:
    """Return what was found."""
    said = [f"line {number}" for number in range(1, messages + 1)]
    in_order = [talker.heard == said for talker in talkers]
    unnamed = [fault.code for fault in MET for talker in talkers if not re.search(f"{fault.code} ", talker.status)]
    heard = " and ".join(f"{len(talker.heard)} of {messages}" for talker in talkers)
    figures = f"{heard} heard, exit codes {codes}, faults not named: {unnamed or 'none'}; ann: {talkers[0].status}"
    return Finding(all(in_order) and codes == [0, 0] and not unnamed, f"each once and in order, {what}", figures)
