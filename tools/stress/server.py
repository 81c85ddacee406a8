"""The server under proof: our server.py as a process of its own, and what /proc says of it (Linux only)."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.bench.cpu import stat
from tools.bench.servers import HOST, ROOT, accepts, end, free_port

SCRIPT = ROOT / "server.py"
PEOPLE = 900  # clients at a time, of the 1,000 that the server takes
OURS = 2 * PEOPLE  # descriptors that a script of ours may need

# Sets the limit before the server starts, which raises its own as far as the hard one allows.
UNDER_LIMIT = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
os.execv(sys.argv[2], sys.argv[2:])
"""


class Server:
    """A running server: what it uses and what it has logged."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.port = port
        self.pid = process.pid
        self._process = process
        self._proc = Path(f"/proc/{process.pid}")
        self._log = log

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def descriptors(self) -> int:
        """How many are open."""
        return len(list((self._proc / "fd").iterdir()))

    def falls_to(self, descriptors: int) -> bool:
        """Whether so few are open, now or within 10 s."""
        deadline = time.monotonic() + 10
        while self.descriptors() > descriptors and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.descriptors() <= descriptors

    def memory(self) -> int:
        """Resident bytes now."""
        return self._status("VmRSS:")

    def memory_peak(self) -> int:
        """The most resident bytes that it ever had."""
        return self._status("VmHWM:")

    def cpu(self) -> float:
        """User and system seconds so far, in steps of 10 ms."""
        return stat(self._proc)[1]

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()

    def wait(self) -> int:
        """Wait for its end and return the exit code. Raises subprocess.TimeoutExpired after 20 s."""
        return self._process.wait(20)

    def bugs(self) -> int:
        """Exceptions in the log: each is a bug of the server, whatever made it happen."""
        return self._log.read_text().count("Traceback (most recent call last)")

    def _status(self, key: str) -> int:
        words = (self._proc / "status").read_text().split()
        return int(words[words.index(key) + 1]) * 1024


@contextmanager
def serving(*options: str, descriptors: int | None = None) -> Iterator[Server]:
    """Start server.py on a free loopback port and end it whatever happens; `descriptors`: how many it may open.

    Raises RuntimeError with its last words if it does not come up.
    """
    limited = [] if descriptors is None else [sys.executable, "-c", UNDER_LIMIT, str(descriptors)]
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        port, log = free_port(), Path(folder, "log")
        argv = [*limited, sys.executable, str(SCRIPT), str(port), "--host", HOST, "--data", folder, *options]
        with log.open("wb") as stderr, subprocess.Popen(argv, stderr=stderr, stdout=stderr, cwd=folder) as process:
            try:
                if not accepts(process, port):
                    raise RuntimeError(f"server.py did not start: {log.read_text()[-500:]}")
                yield Server(process, port, log)
            finally:
                end(process)


def raise_our_limit() -> None:
    """Let this process open as many descriptors as the proofs need. Raises ValueError where that is forbidden."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, OURS), hard))
