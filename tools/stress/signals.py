"""SIGTERM in the midst of talk, again and again: everybody is told, everybody sees a clean end, the exit code is 0."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from tools.stress.finding import Finding
from tools.stress.server import Server, serving
from tools.stress.sockets import Ear, hang_up, join, listen_until, welcomed

CLIENTS = 40
LONGEST_TALK = 0.2  # seconds before the signal
FAREWELL = {
    False: b"The server is shutting down. Goodbye.\r\n",
    True: b'{"type":"goodbye","reason":"The server is shutting down. Goodbye."}',
}


def signals(times: int, seed: int) -> Iterator[Finding]:
    """Stop `times` servers."""
    chance = random.Random(seed)
    codes = told = clean = bugs = 0
    for _ in range(times):
        with serving("--no-rate-limit") as server:
            ears = [join(server.port, f"u{number}", framed=number % 2 == 0) for number in range(CLIENTS)]
            listen_until(welcomed, ears)
            codes += stopped(server, ears, chance) == 0
            told += sum(ear.heard.endswith(FAREWELL[ear.framed]) for ear in ears)
            clean += sum(ear.ended and not ear.was_reset for ear in ears)
            bugs += server.bugs()
            hang_up(ears)
    wanted = times * CLIENTS
    figures = f"exit code 0: {codes:,} of {times:,}; told: {told:,}, clean end: {clean:,} of {wanted:,}; bugs: {bugs}"
    yield Finding(codes == times and told == clean == wanted and not bugs, "SIGTERM under load", figures)


def stopped(server: Server, ears: list[Ear], chance: random.Random) -> int:
    """Talk, send the signal while talking, talk on until the end of each; return the exit code."""
    term_at = time.monotonic() + chance.uniform(0, LONGEST_TALK)
    is_sent, talkers = False, ears
    while talkers and time.monotonic() < term_at + 10:
        for ear in chance.sample(talkers, len(talkers)):
            ear.say("x" * chance.randint(1, 200))
            ear.listen()
        if not is_sent and time.monotonic() >= term_at:
            server.terminate()
            is_sent = True
        for ear in [ear for ear in talkers if ear.ended]:
            ear.sock.close()  # like any client that has been told goodbye
        talkers = [ear for ear in talkers if not ear.ended]
    return server.wait()
