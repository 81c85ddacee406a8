"""The cluster: a real Redis and servers that share a room in it, all of which fail, and so do the links between them.

    members -- links that fail (tools.crash.crowd) --> three servers -- three proxies --> Redis

Redis keeps what it has answered (appendfsync always), so nothing may be lost, whatever is killed; unless it loses the
end of its file, which is an option: then all have to be told of that. A server is away for
longer than it takes the others to notice, or for less; it is stopped for so long that it is declared gone, and goes on.
"""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tools.crash.ledger import Ledger
from tools.crash.process import Lives, Process
from tools.crash.redis_ledger import RedisLedger
from tools.crash.rhythm import Fault, Strikes
from tools.shared.programs import HOST
from tools.shared.proxy import Proxy, Way
from tools.shared.redis_server import DURABLE, RedisServer

ROOM = "crash"
SERVERS = 3
MEMBERS = 30
FAULT_RATE = 0.05  # failures of a member's link, a second: many are there when a server is stopped or killed
SHARED = Lives(
    life=(3.0, 40.0),
    longest_life=30.0,
    points=("before-fanout", "after-fanout", "before-echo", "after-echo"),
    passes=(1, 600),
    stops=0.6,
    pauses=[(0.2, 3.0), (10.0, 10.0), (30.0, 30.0)],
    absence=(0.0, 15.0),
    excuse="Cannot reach redis://",
)
BETWEEN_LINK_FAULTS = (3.0, 25.0)
BETWEEN_REDIS_FAULTS = (10.0, 50.0)
BETWEEN_ENDS = (5.0, 20.0)  # where Redis loses its end, too


class Cluster:
    """Servers that share a room, for a Crowd. Close it at the end; `wrong` has what they themselves did wrong then."""

    def __init__(self, folder: Path, chance: random.Random, bug: str = "", *, loses_ends: bool = False) -> None:
        self.wrong: list[str] = []
        self._faults: Counter[str] = Counter()
        self._ending = contextlib.ExitStack()
        self._redis = RedisServer(folder, *DURABLE)
        self._ending.callback(self._redis.close)
        self._ledger = RedisLedger(self._redis, folder, ROOM)
        self._chance = chance
        faults, between = self._redis_faults(), BETWEEN_REDIS_FAULTS
        if loses_ends:
            faults, between = [*faults, self._end_fault(), self._end_fault()], BETWEEN_ENDS
        self._strikes = [Strikes(faults, between, chance, self._faults)]
        self._servers: list[Process] = []
        for number in range(1, SERVERS + 1):
            link = self._ending.enter_context(Proxy((HOST, self._redis.port)))
            self._strikes.append(Strikes(_link_faults(link), BETWEEN_LINK_FAULTS, chance, self._faults))
            room = f"redis://{HOST}:{link.address[1]}/{ROOM}"
            self._servers.append(Process(folder / str(number), chance, bug, SHARED, ("--room", room)))
        self.ports = tuple(port for server in self._servers for port in server.ports)

    @property
    def ends(self) -> Counter[str]:
        """How the servers' lives ended, and what befell the links and Redis."""
        return sum((server.ends for server in self._servers), self._faults)

    @property
    def kills(self) -> int:
        """How often a server was killed."""
        return sum(server.kills for server in self._servers)

    def tick(self, now: float, spared: bool = False) -> None:
        """Do to all of them what is due; start again what has ended."""
        for strikes in () if spared else self._strikes:
            strikes.tick(now)
        for server in self._servers:
            server.tick(now, spared)

    def spare(self) -> None:
        """Let nothing fail from now on."""
        for strikes in self._strikes:
            strikes.spare()
        for server in self._servers:
            server.spare()

    def ledger(self, clients: Mapping[str, int], newest: int) -> Ledger:
        """Return what the log says up to the number `newest`, and what it has lost since the last call."""
        return self._ledger.ledger(clients, newest)

    def close(self) -> None:
        """End everything."""
        for strikes in self._strikes:
            strikes.spare()
        for server in self._servers:
            server.close()
            self.wrong += server.wrong
        self._ending.close()

    def _redis_faults(self) -> list[Fault]:
        redis = self._redis
        return [
            Fault("Redis killed", redis.kill, redis.start, (0.0, 10.0)),
            Fault("Redis stopped", redis.freeze, redis.thaw, (0.5, 12.0)),
        ]

    def _end_fault(self) -> Fault:
        def begin() -> None:
            self._redis.kill()
            self._faults["event lost"] += self._ledger.lose_end(self._chance)

        return Fault("Redis without its end", begin, self._redis.start, (1.0, 10.0))


def _link_faults(link: Proxy) -> list[Fault]:
    up, down = [link.up], [link.down]
    return [
        Fault("link to Redis cut", link.reset, lambda: None, (0.0, 0.0)),
        _stall("link to Redis stalled", [*up, *down]),
        _stall("link to Redis stalled one way", up),
        _stall("link to Redis stalled one way", down),
    ]


def _stall(name: str, ways: list[Way]) -> Fault:
    def begin() -> None:
        for way in ways:
            way.stall()

    def end() -> None:
        for way in ways:
            way.flow()

    return Fault(name, begin, end, (0.3, 15.0))
