"""`python -m tools.bench.many_servers`: one room on several servers of this machine; how late, at what cost, and whole?

A redis-server that keeps what it answers (appendfsync always), so many servers, and on each so many users, of whom ten
in all say so many lines a second together, each line at another server than the one before. The probes, some at each
server, note how old each line is that they hear. In the end every line has to have arrived at everybody but its author.

With `--servers 0` it is one server with a journal of its own, to compare with. `log` is what the shared log adds by
itself: from an append to its being read back, one at a time, without any server.
"""

from __future__ import annotations

import argparse
import itertools
import random
import select
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from multiprocessing.sharedctypes import RawArray, RawValue
from pathlib import Path
from typing import Any, NamedTuple, Protocol, cast

from chat.shared.shared_log import Append, Entries, Open, Rewind
from runtime.log_service import LogService
from server import SWITCH_INTERVAL
from storage.redis_address import redis_address
from storage.redis_log import RedisLog
from tools.bench.crew import FORK, SPARE_SECONDS, Seat, Signals, Tally, Work, at_work, clients, drain, run, sleep_until
from tools.bench.environment import OtherWork, environment
from tools.bench.latency import Delays, stamped, watch
from tools.bench.played_servers import PlayedServers
from tools.bench.servers import AT_ONCE, TEXT, Running
from tools.bench.steady import LEAD_SECONDS, SWEEP_SECONDS, SWEEP_SECONDS_EACH, Plan, sweep
from tools.bench.table import table
from tools.shared.programs import Server, cpu_seconds, exit_on_sigterm, free_port, running, server_command
from tools.shared.redis_server import DURABLE, RedisServer

TALKERS, PROBES = 10, 12  # over all servers
BEAT = 0.1  # seconds between two looks at whether anything has arrived
WARM_UP, REST = 2.0, 3.0  # seconds before the window, and for what was said before it, and after it, to arrive
HEAD = ["servers", "users", "lines/s", "p50 ms", "p99 ms", "max ms", "CPU % of a server", "Redis", "missing"]


class Talk(Protocol):
    """Says every line of a plan when it is due."""

    def __call__(self, plan: Plan, signals: Signals, tally: Tally, /) -> None:
        """Count the lines in `tally`."""


def main() -> None:
    """Run it and print the tables."""
    exit_on_sigterm()
    parser = argparse.ArgumentParser(prog="python -m tools.bench.many_servers", description=__doc__.partition(":")[0])
    parser.add_argument("--servers", type=int, nargs="+", default=[0, 1, 2], help="how many (%(default)s)")
    parser.add_argument("--users", type=int, default=10, help="at each server (%(default)s)")
    parser.add_argument("--rate", type=float, default=50.0, help="lines a second, of all users together (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a window (%(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="of all (%(default)s)")
    parser.add_argument("--played", type=int, default=0, help="servers that are played besides (%(default)s)")
    parser.add_argument("--appends", type=int, default=1_000, help="to the log by itself (%(default)s)")
    options = parser.parse_args()
    others = OtherWork()
    load = Load(options.users, options.rate, options.seconds, options.played)
    appended, rows = [], []
    for _ in range(options.rounds):
        if options.appends:
            appended.append(["append to read back", *figures(log_alone(options.appends))])
        rows += [measured(count, load) for count in options.servers]
    print(f"{environment('tools.bench.many_servers', sys.argv[1:], others)}\n")
    if appended:
        print(f"{table(['log', 'p50 ms', 'p99 ms', 'max ms'], appended, words=1)}\n")
    print(table(HEAD, sorted(rows, key=lambda row: row[0]), words=1))


class Load(NamedTuple):
    """What the servers have to do: so many users each, lines a second of all, for how long, beside played servers."""

    users: int
    rate: float
    seconds: float
    played: int


def figures(delays: Sequence[int]) -> list[str]:
    """Return the median, the 99th percentile and the most of delays in ns, in ms."""
    centiles = statistics.quantiles(delays, n=100)
    return [f"{value / 1e6:.2f}" for value in (centiles[49], centiles[98], max(delays))]


# --- the log by itself -----------------------------------------------------------------------------------------------


def log_alone(appends: int) -> list[int]:
    """Return how long each append took until it was read back, in ns."""
    own, delays = "0" * 16, []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="chat-tools-"))
        redis = stack.enter_context(closing(RedisServer(Path(folder), *DURABLE)))
        address = redis_address(redis.address())
        service = stack.enter_context(closing(LogService(lambda: RedisLog(address), random.Random(1))))
        sys.setswitchinterval(SWITCH_INTERVAL)
        service.submit(Rewind(), Open(own))
        wait_for_entry(service, 0)
        for count in range(1, appends + 1):
            began = time.monotonic_ns()
            service.submit(Append(own, count, b"x" * 100))
            wait_for_entry(service, count)
            delays.append(time.monotonic_ns() - began)
            time.sleep(0.002)
    return delays


def wait_for_entry(service: LogService, count: int) -> None:
    """Wait as the loop does until the entry of this count has been read."""
    while True:
        select.select([service.fileno()], [], [])
        for result in service.results():
            if isinstance(result, Entries) and result.entries[-1].count == count:
                return


# --- servers ---------------------------------------------------------------------------------------------------------


@contextmanager
def a_room(count: int, folder: Path) -> Iterator[tuple[list[Server], RedisServer | None]]:
    """Run so many servers of one room, or a server alone; yield them and their Redis, None for the latter."""
    with ExitStack() as stack:
        options, redis = ["--no-rate-limit", "--poller", "epoll", *AT_ONCE], None
        if count:
            redis = stack.enter_context(closing(RedisServer(folder, *DURABLE)))
            options += ["--room", redis.address()]
        servers = []
        for number in range(max(count, 1)):
            own, port = folder / f"server{number}", free_port()
            own.mkdir()
            servers.append(stack.enter_context(running(server_command(port, own, *options), port, own)))
        yield servers, redis


def measured(count: int, load: Load) -> list[str]:
    """Return the row of so many servers, 0 for one without a shared log."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="chat-tools-"))
        servers, redis = stack.enter_context(a_room(count, Path(folder)))
        places = [
            stack.enter_context(clients(Running(TEXT, server), load.users, kind=b"s%du" % number))
            for number, server in enumerate(servers)
        ]
        people, say = sum(map(len, places)), cast(Talk, partial(talked, _talkers(places)))
        socks = [seat.sock for seat in itertools.chain.from_iterable(places)]
        if load.played and redis is not None:
            store = RedisLog(redis_address(redis.address()))
            store.connect()
            stack.callback(store.disconnect)
            played = PlayedServers(store, load.played, partial(settle, socks, BEAT))
            played.enter(load.users)
            people, say = people + 1, played.say  # nobody here is the author
        settle(socks, REST)
        pids = [*(server.pid for server in servers), *([] if redis is None else [redis.pid])]
        everybody = f"{people - bool(load.played) + load.played * load.users:,}"
        return [f"{count}+{load.played}", everybody, f"{load.rate:g}", *listened(places, say, pids, people, load)]


def settle(socks: Sequence[socket.socket], rest: float) -> None:
    """Wait until everybody has heard of everybody: nothing has arrived for `rest` seconds."""
    quiet = 0.0
    while quiet < rest:
        time.sleep(BEAT)
        heard = [drain(sock) for sock in socks]
        quiet = 0.0 if any(heard) else quiet + BEAT


def listened(places: list[list[Seat]], say: Talk, pids: Sequence[int], people: int, load: Load) -> list[str]:
    """Return the rest of a row: delays, CPU shares, and the lines that did not arrive."""
    probes = [seat for place in places for seat in place[: _probes(places)]]
    crowd = [seat for place in places for seat in place[_probes(places) :]]
    plan = Plan(time.monotonic() + LEAD_SECONDS, load.rate, max(SWEEP_SECONDS, SWEEP_SECONDS_EACH * people))
    hears, talks, tallies, delays = RawValue(Signals), RawValue(Signals), RawArray(Tally, 3), Delays(1 << 22)
    hears.deadline = talks.deadline = time.monotonic() + WARM_UP + load.seconds + REST + SPARE_SECONDS
    works = [(partial(watch, probes, delays), tallies[0]), (partial(sweep, plan, crowd), tallies[1])]
    with at_work([process(*work, hears) for work in works], hears):
        with at_work([process(partial(say, plan), tallies[2], talks)], talks):
            sleep_until(time.monotonic() + WARM_UP)
            hears.measuring = True
            began, before = time.monotonic(), list(map(cpu_seconds, pids))
            sleep_until(began + load.seconds)
            spent = [after - first for after, first in zip(map(cpu_seconds, pids), before, strict=True)]
            lasted, hears.measuring = time.monotonic() - began, False
        missing = lines_missing(tallies, people)
    shares = [f"{100 * seconds / lasted:.0f}" for seconds in spent]
    servers = len(places)
    return [*figures(delays.taken()), " ".join(shares[:servers]), " ".join(shares[servers:]) or "-", missing]


def _probes(places: list[list[Seat]]) -> int:
    """Return how many users of each server note delays."""
    return max(1, min(PROBES // len(places), len(places[0]) // 2))


def _talkers(places: list[list[Seat]]) -> list[Seat]:
    """Return those who talk, one of each server after the other."""
    by_turns = zip(*(place[_probes(places) :] for place in places), strict=True)
    return list(itertools.islice(itertools.chain.from_iterable(by_turns), TALKERS))


def lines_missing(tallies: Any, people: int) -> str:
    """Return how many of the lines have not arrived at everybody but their authors, after a while."""
    expected, deadline = tallies[2].delivered * (people - 1), time.monotonic() + REST
    while tallies[0].delivered + tallies[1].delivered < expected and time.monotonic() < deadline:
        time.sleep(0.05)
    return f"{expected - tallies[0].delivered - tallies[1].delivered:,} of {expected:,}"


def process(work: Work, tally: Tally, signals: Signals) -> Any:
    """Return a process for `work`."""
    return FORK.Process(target=run, args=(work, tally, signals), daemon=True)


def talked(talkers: list[Seat], plan: Plan, signals: Signals, tally: Tally) -> None:
    """Say every line when it is due, and count them."""
    for number in itertools.count():
        sleep_until(plan.line(number))
        if not signals.go_on():
            return
        talker = talkers[number % len(talkers)]
        talker.sock.send(stamped(talker.speech.say))
        tally.delivered += 1


if __name__ == "__main__":
    main()
