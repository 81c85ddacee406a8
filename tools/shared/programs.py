"""Servers as processes of their own on free loopback ports, and what /proc says of them (Linux only)."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from tools.shared.tls import server_options

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
START_SECONDS, STOP_SECONDS = 90.0, 3.0
LASTING_PORTS = range(15_000, 32_000)  # below those that the system gives to clients

_MOST_HELD = 32  # ports: enough for those that are chosen and not listened at yet
_held: deque[int] = deque()  # descriptors


def free_port(lasting: random.Random | None = None) -> int:
    """Return a port where nobody listens, and that is given to nobody else for a while: this process holds it.

    With `lasting`, which chooses it, the system gives the port to no client while the server is down.
    """
    while True:
        try:
            return hold_port(0 if lasting is None else lasting.choice(LASTING_PORTS))
        except OSError:
            if lasting is None:
                raise


def hold_port(port: int) -> int:
    """Bind `port`, or any for 0, in a way that lets a server listen there all the same; return it. Raises OSError.

    Linux lets two sockets have a port if both have SO_REUSEADDR, as servers do, and only one of them listens.
    """
    with socket.socket() as holder:
        holder.bind((HOST, port))  # without SO_REUSEADDR, so that it fails if anybody has the port, be it to hold it
        port = holder.getsockname()[1]
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):  # another system than Linux: the port is free, and that has to do
            socket.create_server((HOST, port)).close()
            _held.append(holder.detach())
    if len(_held) > _MOST_HELD:
        os.close(_held.popleft())
    return port


def server_command(port: int, folder: Path, *options: str) -> list[str]:
    """Return the command that runs this checkout's server.py on loopback, with its files in `folder`."""
    return [sys.executable, str(ROOT / "server.py"), str(port), "--host", HOST, "--data", str(folder), *options]


def accepts(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the process accepts a connection; return False if it ended or took too long."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False


def end(process: subprocess.Popen[bytes], timeout: float = STOP_SECONDS) -> bool:
    """Send SIGTERM, and SIGKILL after `timeout` seconds; return whether the first was enough."""
    process.terminate()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


class Server:
    """A running server: its port, its resources and its log."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.port = port
        self.process = process
        self.pid = process.pid
        self._proc = Path(f"/proc/{process.pid}")
        self._log = log

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def descriptors(self) -> int:
        """Return the number of open descriptors."""
        return len(list((self._proc / "fd").iterdir()))

    def falls_to(self, descriptors: int) -> bool:
        """Return whether at most `descriptors` are open, now or within 10 s."""
        deadline = time.monotonic() + 10
        while self.descriptors() > descriptors and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.descriptors() <= descriptors

    def memory(self) -> int:
        """Return the resident bytes now."""
        return self._status("VmRSS:")

    def memory_peak(self) -> int:
        """Return the most bytes that were ever resident."""
        return self._status("VmHWM:")

    def cpu(self) -> float:
        """Return the user and system seconds so far, without children."""
        return _cpu_seconds(self.pid)

    def bugs(self) -> int:
        """Return the number of exceptions in the log: each is a bug of the server, whatever caused it."""
        return self.logged("Traceback (most recent call last)")

    def logged(self, words: str) -> int:
        """Return how often `words` are in the log."""
        return self._log.read_text().count(words)

    def _status(self, key: str) -> int:
        words = (self._proc / "status").read_text().split()
        return int(words[words.index(key) + 1]) * 1024


def exit_on_sigterm() -> None:
    """Make SIGTERM an ordinary exit, so that the servers that this process runs are ended then, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def tool_output(*arguments: str, timeout: float | None = None) -> str:
    """Return what `python -m ARGUMENTS` prints, in this checkout; what it writes to standard error is not kept back.

    However it ends, also by `timeout` seconds or SIGTERM to us, it is ended by SIGTERM, so that it ends its servers.
    Raises RuntimeError if it fails, and subprocess.TimeoutExpired.
    """
    with subprocess.Popen([sys.executable, "-m", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True) as tool:
        try:
            printed, _ = tool.communicate(timeout=timeout)
        finally:
            tool.terminate()
    if tool.returncode:
        raise RuntimeError(f"python -m {' '.join(arguments)} ended with {tool.returncode}.")
    return printed


@contextlib.contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[Server]:
    """Run the server `command` in `folder`, wait until it accepts on `port`, and end it by its pid in any case.

    Raises RuntimeError with its last words if it does not start.
    """
    log = folder / "log"
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, cwd=folder) as process:
        try:
            if not accepts(process, port):
                raise RuntimeError(f"{' '.join(command)} did not start: {log.read_text(errors='replace')[-500:]}")
            yield Server(process, port, log)
        finally:
            end(process)


@contextlib.contextmanager
def serving(*options: str, before: tuple[str, ...] = ()) -> Iterator[Server]:
    """Run this checkout's server.py on a free port, in a folder of its own; `before`: what precedes the command."""
    with tempfile.TemporaryDirectory(prefix="chat-tools-") as folder:
        port = free_port()
        command = server_command(port, Path(folder), *server_options(), *options)
        with running([*before, *command], port, Path(folder)) as server:
            yield server


def cpu_seconds(pid: int) -> float:
    """Return the user and system seconds of a process with all its living children, since each began."""
    parents = {int(entry.name): _parent(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    return sum(_cpu_seconds(member) for member in parents if _descends(member, pid, parents))


def _cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of all threads of a process, to the nanosecond; 0 if it has ended.

    /proc/PID/stat has steps of 10 ms. Each process has a clock without them; its number is made as the C library makes
    it (clock_getcpuclockid(3)), which Python does not offer.
    """
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _parent(entry: Path) -> int:
    """Return the parent's pid of a folder of /proc; 0 if the process has ended (proc(5))."""
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])  # a program's name may hold blanks
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid in parents and pid != ancestor:
        pid = parents[pid]
    return pid == ancestor
