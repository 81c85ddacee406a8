"""A redis-server as a process of its own, on a free loopback port, with its files in a folder of its own."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

from tools.shared.programs import HOST, START_SECONDS, end, free_port

DURABLE = ("--appendonly", "yes", "--appendfsync", "always")  # an answer means that the disk has it
IN_MEMORY = ("--appendonly", "no")


class RedisServer:
    """A redis-server at `port`, which stays its own while it is down."""

    def __init__(self, folder: Path, *options: str) -> None:
        """Start it, and wait until it answers. Raises RuntimeError if it does not."""
        self.port = free_port(random.Random())  # noqa: S311  (it is no secret)
        self._folder = folder
        self._options = options
        self._process = self._started()

    def address(self, name: str = "room") -> str:
        """Return the address of the room called `name`."""
        return f"redis://{HOST}:{self.port}/{name}"

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def start(self) -> None:
        """Start it again, with what its files hold."""
        self._process = self._started()

    def kill(self) -> None:
        """End it with SIGKILL."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Let it do nothing, but hold its connections (SIGSTOP)."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """End `freeze`."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End it, if it runs."""
        if self._process.poll() is None:
            self.thaw()
            end(self._process)

    def append_only_file(self) -> Path:
        """Return the file that the newest writes are in; cut it, while the server is down, to lose them."""
        return max(self._folder.glob("appendonlydir/*.incr.aof"), key=lambda path: path.stat().st_mtime)

    def _started(self) -> subprocess.Popen[bytes]:
        files = ("--dir", str(self._folder), "--save", "", "--logfile", str(self._folder / "redis.log"))
        command = ["redis-server", "--port", str(self.port), "--bind", HOST, *files, *self._options]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            if not _answers(process, self.port):
                raise RuntimeError(f"redis-server does not answer; see {self._folder / 'redis.log'}")
        except BaseException:  # Ctrl-C, too
            process.kill()
            process.wait()
            raise
        return process


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until it has loaded its files and answers, it and no other that has its port.

    Return False if it ended or took too long.
    """
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection((HOST, port), 1) as sock:
                sock.sendall(b"INFO server persistence\r\n")
                told = sock.recv(65536)
                if b"\nprocess_id:%d\r\n" % process.pid in told and b"\nloading:0\r\n" in told:
                    return True
        except OSError:
            pass
        time.sleep(0.01)
    return False
