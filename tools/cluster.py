"""Play with one room on three servers: `make cluster`, or `python -m tools.cluster [PORT]`, and Ctrl-C to end it.

A redis-server with its files in a temporary folder, which keeps what it has answered (appendfsync always), and three
servers on loopback, at PORT (8001) and the two after it. Kill one of them by its number, and see what happens.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tools.shared.programs import accepts, end, server_command
from tools.shared.redis_server import DURABLE, RedisServer

COUNT = 3
LOOK = 0.5  # seconds between two looks at whether all of them run


@contextlib.contextmanager
def server(port: int, folder: Path, room: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the end. Raises RuntimeError if it does not start."""
    log = folder / f"{port}.log"
    with log.open("wb") as output:
        command = server_command(port, folder / str(port), "--room", room)
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        if not accepts(process, port):
            raise RuntimeError(f"The server at port {port} did not start:\n{log.read_text()}")
        print(f"  http://localhost:{port}/   telnet localhost {port}   (process {process.pid}, log {log})")
        yield process
    finally:
        end(process)


def main() -> int:
    """Run the cluster until Ctrl-C; return the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as if it were Ctrl-C
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 8001
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="cluster-")))
        redis = RedisServer(folder, *DURABLE)
        running.callback(redis.close)
        print(f"One room, in {redis.address()} (process {redis.pid}). Ctrl-C ends it all.", flush=True)
        try:
            servers = {
                port: running.enter_context(server(port, folder, redis.address()))
                for port in range(first, first + COUNT)
            }
            watch(servers)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print()
    return 0


def watch(servers: dict[int, subprocess.Popen[bytes]]) -> None:
    """Say which servers end, until none is left."""
    while servers:
        for port, process in list(servers.items()):
            if process.poll() is not None:
                print(f"The server at port {port} has ended ({process.returncode}).", flush=True)
                del servers[port]
        time.sleep(LOOK)


if __name__ == "__main__":
    sys.exit(main())
