"""Play with one room on three servers: `make cluster`, or `python -m tools.cluster [PORT]`, and Ctrl-C to end it.

A redis-server with its files in a temporary folder, which keeps what it has answered (appendfsync always), and three
servers on loopback, at PORT (8001) and the two after it. Kill one of them by its number, and see what happens.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tools.shared.programs import HOST, accepts, end, server_command
from tools.shared.redis_server import DURABLE, RedisServer

COUNT = 3
LOOK = 0.5  # seconds between two looks at whether all of them run
GOODBYE = 30.0  # seconds for a server to end when it is asked to


def look_at(port: int) -> None:
    """Raise RuntimeError if a server can't listen at `port`."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        raise RuntimeError(f"Port {port} is in use. Stop what uses it, or name another first port.") from None


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
        print(f"  http://localhost:{port}/   telnet localhost {port}   (process {process.pid}, log {log})", flush=True)
        yield process
    finally:
        end(process, GOODBYE)


def main() -> int:
    """Run the cluster until Ctrl-C; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.cluster", description="One room on three servers.")
    parser.add_argument("port", nargs="?", type=int, default=8001, help="the first server's; the others follow it")
    first = parser.parse_args().port
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell lets what it runs in the background ignore the first
        signal.signal(number, signal.default_int_handler)
    try:
        with contextlib.ExitStack() as running:
            run(range(first, first + COUNT), running)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


def run(ports: range, running: contextlib.ExitStack) -> None:
    """Run Redis and a server at each of the `ports`, until none is left; `running` ends them all."""
    for port in ports:
        look_at(port)
    folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="cluster-")))
    redis = RedisServer(folder, *DURABLE)
    running.callback(redis.close)
    print(f"One room, in {redis.address()} (process {redis.pid}). Ctrl-C ends it all.", flush=True)
    servers: dict[int, subprocess.Popen[bytes]] = {}
    try:
        for port in ports:
            servers[port] = running.enter_context(server(port, folder, redis.address()))
        watch(servers)
    except KeyboardInterrupt:
        print("\nEnding it all; users are told first.", flush=True)
        for process in servers.values():
            process.terminate()  # all at once: each may wait for its users
        raise


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
