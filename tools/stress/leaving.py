"""Abrupt ends: readers that the server drops, and connections that are reset."""

from __future__ import annotations

import random
import time

from tools.shared.findings import Finding
from tools.shared.programs import Server, serving
from tools.shared.sockets import (
    SMALL_BUFFER,
    TIMEOUT,
    Ear,
    ended,
    hang_up,
    join,
    listen_until,
    quit_all,
    reset,
    saying,
    welcomed,
)

KICKS, RESETS = 1_000, 2_000
BATCH = 100
SMALL_LIMITS = ("--no-rate-limit", "--high-water", "100000", "--farewell", "20")
LINES = (b"x" * 998 + b"\r\n") * 16
DROPPED = b"has left (too far behind)"
FAREWELL = {False: b"were waiting", True: b'"code":"too-far-behind"'}
GOODBYE = {False: b"Goodbye.\r\n", True: b'{"type":"goodbye","reason":"Goodbye."}'}


def kicks(_: random.Random) -> Finding:
    """Readers that stall, come to be dropped, say something more and read on: each is to see why, and a clean end."""
    told = clean = 0
    with serving(*SMALL_LIMITS) as server:
        talker = join(server.port, "talker")
        for batch in range(KICKS // BATCH):
            names = [f"k{batch}x{number}" for number in range(BATCH)]
            ears = [join(server.port, name, framed=name[-1] in "02468", buffer=SMALL_BUFFER) for name in names]
            listen_until(welcomed, ears)
            flood(talker)
            for ear in ears:
                ear.say("are you there?")  # unread in the server's kernel, it would turn the end into a reset
            listen_until(ended, ears)
            told += sum(FAREWELL[ear.framed] in ear.heard and ear.heard.endswith(GOODBYE[ear.framed]) for ear in ears)
            clean += sum(ear.ended and not ear.was_reset for ear in ears)
            hang_up(ears)
        bugs = server.bugs()
    figures = f"told why: {told:,}, clean end: {clean:,} of {KICKS:,}; bugs: {bugs}"
    return Finding(told == clean == KICKS and not bugs, "readers dropped", figures)


def flood(talker: Ear) -> None:
    """Talk without pause until as many as a batch have been dropped, or for 30 s."""
    talker.heard.clear()
    deadline = time.monotonic() + TIMEOUT
    offset = 0
    while talker.heard.count(DROPPED) < BATCH and time.monotonic() < deadline:
        try:
            offset = (offset + talker.sock.send(LINES[offset:])) % len(LINES)
        except BlockingIOError:
            time.sleep(0.001)
        talker.listen()


def resets(chance: random.Random) -> Finding:
    """Connections reset while they talk: afterwards none of them is open, and each name is free again."""
    with serving("--no-rate-limit") as server:
        observer = join(server.port, "observer")
        listen_until(welcomed, [observer])
        before = server.descriptors()
        for batch in range(RESETS // BATCH):
            vanish(server, [f"r{batch}x{number}" for number in range(BATCH)], observer, chance)
        observer.say("/ping")  # which is answered in a later turn than that which told who has left, and closed them
        listen_until(lambda ear: b"pong" in ear.heard, [observer])
        after = server.descriptors()
        names = [f"r{batch}x{number}" for batch in range(RESETS // BATCH) for number in range(BATCH)]
        free = sum(can_be_had(server, name) for name in names)
        bugs = server.bugs()
        hang_up([observer])
    figures = f"names free: {free:,} of {RESETS:,}; descriptors before {before}, after {after}; bugs: {bugs}"
    return Finding(free == RESETS and after == before and not bugs, "resets in mid-talk", figures)


def vanish(server: Server, names: list[str], observer: Ear, chance: random.Random) -> None:
    """Join under `names`, talk, and reset one after the other, some in the middle of what they say."""
    observer.heard.clear()
    ears = [join(server.port, name, framed=chance.random() < 0.5) for name in names]
    listen_until(welcomed, ears)
    while ears:
        for ear in ears:
            ear.say("still talking")
        leaver = ears.pop(chance.randrange(len(ears)))
        leaver.send(saying("never said whole", leaver.framed)[: chance.randint(0, 20)])
        reset(leaver.sock)
        observer.listen()
    listen_until(lambda ear: ear.heard.count(b" has left (") == len(names), [observer])


def can_be_had(server: Server, name: str) -> bool:
    """Return whether `name` is free."""
    ear = join(server.port, name)
    listen_until(welcomed, [ear])
    quit_all([ear])
    return welcomed(ear)
