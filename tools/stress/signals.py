"""Signals: SIGTERM amid talk, and SIGSTOP, as when a debugger stops the server or a laptop sleeps.

After SIGTERM everybody reads why, sees a clean end, and the exit code is 0. A stopped server drops nobody for it.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator

from tools.shared.findings import Finding
from tools.shared.programs import Server, serving
from tools.shared.sockets import Ear, ended, frame, hang_up, join, listen_until, pings, welcomed

CLIENTS = 40
LONGEST_TALK = 0.2  # seconds before the signal
FAREWELL = {
    False: b"The server is shutting down. Goodbye.\r\n",
    True: b'{"type":"goodbye","reason":"The server is shutting down. Goodbye.","again":true}',
}

BEHIND, SILENT = 150, 150  # readers with something left in their outboxes, and framed clients whose pong is on its way
STOPPED = 12.0  # seconds: longer than a reader may be behind, and than a pong may take
LINES = 400  # of 1 KB: more than the kernel holds for a reader
BUFFER = 64 * 1024  # bytes: with a smaller one a reader takes so long that it is behind for that
LAST = b"the last line"
AFTERWARDS = 3.0  # seconds in which nobody may be dropped


def signals(times: int, seed: int) -> Iterator[Finding]:
    """Stop `times` servers."""
    chance = random.Random(seed)
    codes = told = clean = bugs = 0
    for _ in range(times):
        with serving("--no-rate-limit") as server:
            ears = [join(server.port, f"u{number}", framed=number % 2 == 0) for number in range(CLIENTS)]
            listen_until(welcomed, ears)
            codes += terminated(server, ears, chance) == 0
            told += sum(ear.heard.endswith(FAREWELL[ear.framed]) for ear in ears)
            clean += sum(ear.ended and not ear.was_reset for ear in ears)
            bugs += server.bugs()
            hang_up(ears)
    wanted = times * CLIENTS
    figures = f"exit code 0: {codes:,} of {times:,}; told: {told:,}, clean end: {clean:,} of {wanted:,}; bugs: {bugs}"
    yield Finding(codes == times and told == clean == wanted and not bugs, "SIGTERM under load", figures)


def terminated(server: Server, ears: list[Ear], chance: random.Random) -> int:
    """Talk, send the signal while talking, talk on until the end of each; return the exit code."""
    term_at = time.monotonic() + chance.uniform(0, LONGEST_TALK)
    is_sent, talkers = False, ears
    while talkers and time.monotonic() < term_at + 10:
        for ear in chance.sample(talkers, len(talkers)):
            ear.say("x" * chance.randint(1, 200))
            ear.listen()
        if not is_sent and time.monotonic() >= term_at:
            server.process.terminate()
            is_sent = True
        for ear in [ear for ear in talkers if ear.ended]:
            ear.sock.close()  # like any client that has been told goodbye
        talkers = [ear for ear in talkers if not ear.ended]
    return server.process.wait(20)


# --- SIGSTOP -------------------------------------------------------------------------------------------------------


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
        listen_until(ended, [*behind, *silent], AFTERWARDS)
        gone = [ear for ear in [*behind, *silent] if ear.ended]
        late = listen_until(lambda ear: LAST in ear.heard, [*behind, *silent])  # nobody answers the next pings
        bugs = server.bugs()
        hang_up([talker, *behind, *silent])
    figures = (
        f"{BEHIND} readers behind and {SILENT - len(unready)} pongs on their way through {STOPPED:g} s of SIGSTOP: "
        f"{len(gone)} dropped, {len(late)} without the last line; bugs: {bugs}"
    )
    return Finding(not (gone or late or unready or bugs), "a stopped server", figures)


def put_behind(talker: Ear, silent: list[Ear]) -> list[Ear]:
    """Say enough to put behind those who don't read, then wait for pings; return those that were not pinged."""
    for _ in range(LINES):
        talker.sock.setblocking(True)
        talker.sock.sendall(b"x" * 1000 + b"\r\n")
    talker.sock.sendall(LAST + b"\r\n")
    talker.sock.setblocking(False)
    pings(talker)
    return listen_until(lambda ear: b'"type":"ping"' in ear.heard, silent, 8.0)


def stop(server: Server, silent: list[Ear]) -> None:
    """Stop the server for a while, and send it pongs meanwhile."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        for ear in silent:
            ear.send(frame(type="pong"))
        time.sleep(STOPPED)
    finally:
        os.kill(server.pid, signal.SIGCONT)
