"""A server that is stopped (SIGSTOP, a debugger, a laptop that is closed) and goes on: nobody is dropped for that."""

from __future__ import annotations

import os
import random
import signal
import time

from tools.stress.finding import Finding
from tools.stress.server import Server, serving
from tools.stress.sockets import Ear, ended, frame, hang_up, join, listen_until, welcomed

BEHIND, SILENT = 150, 150  # readers with something left in their outboxes, and framed clients whose pong is on its way
STOPPED = 12.0  # seconds: longer than a reader may be behind, and than a pong may take
LINES = 400  # of 1 KB: more than the kernel holds for a reader
BUFFER = 64 * 1024  # bytes: with a smaller one a reader takes so long that it is behind for that
LAST = b"the last line"
AFTERWARDS = 3.0  # seconds in which nobody may be dropped


def stopped(_: random.Random) -> Finding:
    """Stop the server while readers are behind and pongs are on their way."""
    with serving("--no-rate-limit", "--ping-after", "3", "--pong-within", "10") as server:
        talker = join(server.port, "talker")
        listen_until(welcomed, [talker])
        behind = [join(server.port, f"b{number}", buffer=BUFFER) for number in range(BEHIND)]
        silent = [join(server.port, f"s{number:0>19}", framed=True) for number in range(SILENT)]
        listen_until(welcomed, [*behind, *silent])
        unready = put_behind(talker, silent)
        stop(server, silent)
        late = listen_until(lambda ear: LAST in ear.heard, [*behind, *silent])
        listen_until(ended, [*behind, *silent], AFTERWARDS)
        gone = [ear for ear in [*behind, *silent] if ear.ended]
        bugs = server.bugs()
        hang_up([talker, *behind, *silent])
    figures = (
        f"{BEHIND} readers behind and {SILENT - len(unready)} pongs on their way through {STOPPED:g} s of SIGSTOP: "
        f"{len(gone)} dropped, {len(late)} without the last line; bugs: {bugs}"
    )
    return Finding(not (gone or late or unready or bugs), "a stopped server", figures)


def put_behind(talker: Ear, silent: list[Ear]) -> list[Ear]:
    """Say so much that who does not read is behind, then wait for pings; return those that were not pinged."""
    for _ in range(LINES):
        talker.sock.setblocking(True)
        talker.sock.sendall(b"x" * 1000 + b"\r\n")
    talker.sock.sendall(LAST + b"\r\n/ping\r\n")
    talker.sock.setblocking(False)
    listen_until(lambda ear: b"\npong" in ear.heard, [talker])
    return listen_until(lambda ear: b'"type":"ping"' in ear.heard, silent, 8.0)


def stop(server: Server, silent: list[Ear]) -> None:
    """Stop the server for a while, in which it is sent pongs."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        for ear in silent:
            ear.send(frame(type="pong"))
        time.sleep(STOPPED)
    finally:
        os.kill(server.pid, signal.SIGCONT)
