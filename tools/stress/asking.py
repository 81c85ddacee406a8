"""Small requests with long answers: 850 clients ask for them at once, over and over, while another client pings.

The limits of each connection are off, so that this measures the loop's own bound, which holds for any number of
connections.
"""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

from tools.shared.findings import Finding
from tools.shared.programs import serving
from tools.shared.sockets import Ear, connect, frame, hang_up, join, listen_until, pings, welcomed

ASKING = 850
SAID = 600  # lines that there are to tell
SECONDS = 6.0  # of each window
PING_EVERY, ASK_EVERY = 0.005, 0.25
WORST = 0.050  # seconds that a ping may take
WHAT = {"/history 500": "/history 500", "/users": "/users", "/help": "/help", "/search": "/search several words"}


def asking() -> Iterator[Finding]:
    """Ask for each of the long answers, then come back all at once."""
    for name, line in WHAT.items():
        with serving("--no-rate-limit") as server:
            ears = crowd(server.port)
            victim = pinging(server.port)
            sent = ask_on(ears, line)
            yield finding(f"{ASKING} ask for {name}", victim, f"asked {sent:,} times", server.bugs())
            hang_up(ears)
    with serving("--no-rate-limit") as server:
        place = beginning(server.port)
        hang_up(crowd(server.port))
        victim = pinging(server.port)
        took, late, ears = come_back(server.port, place)
        figures = f"the last was caught up after {took:.1f} s, {late} never"
        yield finding(f"{ASKING} come back at once", victim, figures, server.bugs() + late)
        hang_up(ears)


def crowd(port: int) -> list[Ear]:
    """Return the clients that will ask, in a room with a history."""
    talker = join(port, "talker")
    listen_until(welcomed, [talker])
    for number in range(SAID):
        talker.say(f"line {number} of several words, as long as people write them, or nearly so")
        listen_until(lambda ear: True, [talker])
    pings(talker)
    ears = [join(port, f"s{number:x<19}") for number in range(ASKING - 1)]
    listen_until(welcomed, ears)
    return [talker, *ears]


def ask_on(ears: list[Ear], line: str) -> int:
    """Ask, all at once and then over and over, for a window; return how often."""
    end, sent = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        for ear in ears:
            ear.say(line)
            ear.heard.clear()
        sent += len(ears)
        listen_until(lambda ear: False, ears, ASK_EVERY)
    return sent


def beginning(port: int) -> dict[str, object]:
    """Return the log's position, as a returning client names it."""
    probe = join(port, f"p{0:x<19}", framed=True)
    listen_until(welcomed, [probe])
    hang_up([probe])
    welcome = json.loads(probe.heard[4 : 4 + int.from_bytes(probe.heard[:4], "big")])
    return {"epoch": welcome["epoch"], "seq": welcome["seq"]}


def come_back(port: int, place: dict[str, object]) -> tuple[float, int, list[Ear]]:
    """Come back to `place` all at once; return how long it took, how many were never caught up, and all."""
    ears = [Ear(connect(port), framed=True) for _ in range(ASKING)]
    time.sleep(1.0)  # let the victim see how quiet it was
    began = time.monotonic()
    for number, ear in enumerate(ears):
        name = f"s{number:x<19}"
        ear.send(frame(type="hello", version=1, client_id=name, name=name, resume=place))
    late = listen_until(lambda ear: b'"resumed":true' in ear.heard, ears)
    took = time.monotonic() - began
    listen_until(lambda ear: False, ears, max(0.0, SECONDS - took - 1.0))
    return took, len(late), ears


# --- the victim --------------------------------------------------------------------------------------------------


def pinging(port: int) -> Future[list[float]]:
    """Ping for a window in a process of its own; wait until that has begun."""
    context = multiprocessing.get_context("spawn")
    ready = context.Manager().Event()
    pool = ProcessPoolExecutor(1, context)
    future = pool.submit(delays, port, SECONDS, ready)
    ready.wait()
    pool.shutdown(wait=False)
    return future


def delays(port: int, seconds: float, ready: object) -> list[float]:
    """Return how long each ping of a window took."""
    victim = join(port, "victim")
    listen_until(welcomed, [victim])
    taken: list[float] = []
    ready.set()  # type: ignore[attr-defined]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        victim.heard.clear()
        began = time.monotonic()
        pings(victim)
        taken.append(time.monotonic() - began)
        time.sleep(PING_EVERY)
    return taken


def finding(what: str, victim: Future[list[float]], figures: str, wrong: int) -> Finding:
    """Return the finding: how long the victim's pings took."""
    taken = sorted(victim.result())
    p99 = taken[int(len(taken) * 0.99)] * 1000
    worst = f"a ping took at most {taken[-1] * 1000:.1f} ms, p99 {p99:.1f} ({len(taken)} pings)"
    return Finding(taken[-1] < WORST and not wrong, what, f"{worst}; {figures}; bugs: {wrong}")
