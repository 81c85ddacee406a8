"""Too many and too slow: a server with hardly any descriptors, and peers that keep it waiting for a line's end."""

from __future__ import annotations

import random
import sys
import time

from tools.shared.findings import Finding
from tools.shared.programs import serving
from tools.shared.sockets import PEOPLE, Ear, connect, ended, frame, hang_up, join, listen_until, quit_all, welcomed
from tools.shared.tls import is_wanted

CONNECTS, DESCRIPTORS = 200, 40
# Sets the limit before the server starts, which raises its own as far as the hard one allows.
UNDER_LIMIT = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
os.execv(sys.argv[2], sys.argv[2:])
"""
GREETING, FULL = b"Welcome to this chat.", b"The server is full."
NO_JOURNAL = "The chat goes on in memory only."
WATCHED = 5.0  # seconds in which the server's CPU time is taken
CPU_LIMIT = 0.10  # of one core

DEADLINE, EVERY = 12, 5.0  # seconds: the registration's, and between two bytes
LATENESS = 3.0  # seconds that a busy machine may take longer
TOO_SLOW = {False: b"No name was chosen within", True: b'"code":"too-slow-to-join"'}


def descriptors(_: random.Random) -> Finding:
    """More connections than descriptors: each is told or served, and those that stay cost nothing."""
    with serving(before=(sys.executable, "-c", UNDER_LIMIT, str(DESCRIPTORS))) as server:
        ears = [Ear(connect(server.port)) for _ in range(CONNECTS)]
        listen_until(lambda ear: GREETING in ear.heard or ear.ended, ears)
        ears[0].say("ann")  # whose coming is written into the journal
        cpu = server.cpu()
        time.sleep(WATCHED)
        share = (server.cpu() - cpu) / WATCHED
        bugs, running, has_journal = server.bugs(), server.running, not server.logged(NO_JOURNAL)
        hang_up(ears)
    served, told = (sum(words in ear.heard for ear in ears) for words in (GREETING, FULL))
    # A client that speaks first, as in TLS, has been told before a reset follows what it said to a closed connection.
    unclean = sum(ear.was_reset and not (is_wanted() and FULL in ear.heard) for ear in ears)
    figures = (
        f"{CONNECTS} connects to {DESCRIPTORS} descriptors: {served} served, {told} told, {unclean} reset; "
        f"CPU {share:.1%} while they stay; the journal is {'' if has_journal else 'NOT '}written; bugs: {bugs}"
    )
    passed = served + told == CONNECTS and not unclean and share < CPU_LIMIT and running and has_journal and not bugs
    return Finding(passed, "too few descriptors", figures)


def slow_senders(_: random.Random) -> Finding:
    """A byte now and then and never a line's end: the deadline holds for all, text and framed."""
    limits = ("--text-registration", str(DEADLINE), "--framed-registration", str(DEADLINE))
    with serving(*limits, "--no-journal") as server:  # the search would open its file at any time
        first = [join(server.port, "ann")]
        listen_until(welcomed, first)  # until the server has opened what it needs
        before = server.descriptors() - 1
        quit_all(first)
        began = time.monotonic()
        ears = [Ear(connect(server.port), framed=number % 2 == 0) for number in range(PEOPLE)]
        connected = time.monotonic()
        trickle(ears, connected + DEADLINE + LATENESS)
        longest = time.monotonic() - began
        hang_up(ears)
        is_gone, bugs = server.falls_to(before), server.bugs()
    told = sum(ear.ended and not ear.was_reset and TOO_SLOW[ear.framed] in ear.heard for ear in ears)
    figures = (
        f"{told} of {PEOPLE} told and cleanly closed, the last after {longest:.1f} s of {DEADLINE}; "
        f"their descriptors are {'' if is_gone else 'NOT '}free; bugs: {bugs}"
    )
    return Finding(told == PEOPLE and is_gone and not bugs, "a byte each 5 s", figures)


def trickle(ears: list[Ear], deadline: float) -> None:
    """Send a byte to each at a time, until all have ended or the deadline has come."""
    hello = frame(type="hello", version=1, client_id="x" * 60, name="trickle")
    sent = 0
    waiting = ears
    while waiting and time.monotonic() < deadline:
        for ear in waiting:
            ear.send(hello[sent : sent + 1] if ear.framed else b"x")
        sent += 1
        waiting = listen_until(ended, waiting, min(EVERY, max(0.0, deadline - time.monotonic())))
