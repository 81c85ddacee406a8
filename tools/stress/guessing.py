"""Wrong passwords without pause, from one address: the right one gets in all the same, within seconds."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable

from tools.shared.findings import Finding
from tools.shared.programs import Server, serving
from tools.shared.sockets import Ear, connect, listen_until, quit_all, reset, welcomed

LOOPS, LOGINS = 16, 10
LIMIT = 8.0  # seconds for the right one; a hash takes some 0.15 s, and each of the loops may have its turn
NAME, PASSWORD = "ann", "the right password"
TAKEN, TOLD = b"is yours now", (b"Welcome, ", b"That is not", b"Too many")


def guessing(chance: random.Random) -> Finding:
    """16 loops that guess and wait for the answer, then 16 that hang up at once, half of them with a reset."""
    with serving("--greet-history", "0") as server:
        registered = register(server)
        patient = logins_beside(server, wait_for_answer)
        rude = logins_beside(server, lambda ear: hang_up_at_once(ear, chance))
        bugs = server.bugs()
    longest = [max(times, default=0.0) for times in (patient, rude)]
    figures = (
        f"let in {len(patient)} and {len(rude)} of {LOGINS} times, after {longest[0]:.1f} s at most "
        f"beside {LOOPS} loops that wait, {longest[1]:.1f} s beside {LOOPS} that hang up; bugs: {bugs}"
    )
    passed = registered and len(patient) == len(rude) == LOGINS and max(longest) < LIMIT and not bugs
    return Finding(passed, "guessed passwords", figures)


def register(server: Server) -> bool:
    """Register the name and leave."""
    ear = Ear(connect(server.port))
    ear.send(f"{NAME}\r\n/register {PASSWORD}\r\n".encode())
    unheard = listen_until(lambda one: TAKEN in one.heard, [ear])
    quit_all([ear])
    return not unheard


def logins_beside(server: Server, then: Callable[[Ear], None]) -> list[float]:
    """Log in again and again while others guess; return how long each login took that went well."""
    stop = threading.Event()
    guessers = [threading.Thread(target=guess, args=(server, number, then, stop)) for number in range(LOOPS)]
    for guesser in guessers:
        guesser.start()
    time.sleep(1.0)  # until they are in full swing
    try:
        return [took for took in (login(server) for _ in range(LOGINS)) if took is not None]
    finally:
        stop.set()
        for guesser in guessers:
            guesser.join()


def guess(server: Server, number: int, then: Callable[[Ear], None], stop: threading.Event) -> None:
    """Guess one name's password, on one connection after the other."""
    count = 0
    while not stop.is_set():
        count += 1
        with contextlib.suppress(OSError):
            ear = Ear(connect(server.port))
            ear.send(f"JOIN g{number}x{count} wrong\r\n".encode())
            then(ear)
            ear.sock.close()


def wait_for_answer(ear: Ear) -> None:
    """Wait for the answer to the guess."""
    listen_until(lambda one: any(words in one.heard for words in TOLD), [ear], LIMIT)


def hang_up_at_once(ear: Ear, chance: random.Random) -> None:
    """Hang up at once, or nearly."""
    time.sleep(chance.random() * 0.02)
    if chance.random() < 0.5:
        reset(ear.sock)


def login(server: Server) -> float | None:
    """Log in rightly and leave; return how long it took, or None if it was refused."""
    began = time.monotonic()
    ear = Ear(connect(server.port))
    ear.send(f"JOIN {NAME} {PASSWORD}\r\n".encode())
    listen_until(lambda one: any(words in one.heard for words in TOLD), [ear])
    took = time.monotonic() - began
    was_let_in = welcomed(ear)
    quit_all([ear], "QUIT")
    return took if was_let_in else None
