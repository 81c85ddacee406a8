"""What the log in a real Redis says, as tools.crash.witness tells of one in memory; and how Redis loses its end."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from chat.shared.log_store import Position
from chat.shared.replica import Replica
from chat.shared.shared_log import Snapshot
from storage.redis_address import RedisAddress
from storage.redis_log import RedisLog
from tools.crash.ledger import Ledger, loss_between
from tools.shared.programs import HOST
from tools.shared.redis_server import DURABLE, RedisServer

CUTS = (1_000, 10_000, 100_000)  # bytes at most; half of the file at most


class RedisLedger:
    """Knows the log of the room `name` in `redis`, whose files are in `folder`."""

    def __init__(self, redis: RedisServer, folder: Path, name: str) -> None:
        self._redis = redis
        self._folder = folder
        self._name = name
        self._before: list[tuple[Replica, Replica]] = []  # of each loss: the log with its end, and without it
        self._known = 0  # the newest number of which everybody knows

    def lose_end(self, chance: random.Random) -> int:
        """Let Redis, which is down, lose the end of its file; note what that was, and return how many events."""
        with_end = self._read_files()
        file = self._redis.append_only_file()
        size = file.stat().st_size
        with file.open("r+b") as end:
            end.truncate(size - min(chance.randint(1, chance.choice(CUTS)), size // 2))
        without = self._read_files()
        self._before.append((with_end, without))
        return len(loss_between(with_end.room, without.room, {}).events)

    def ledger(self, clients: Mapping[str, int], newest: int) -> Ledger:
        """Return what the log says up to the number `newest`, and what it has lost since the last call."""
        room = _read(RedisAddress(HOST, self._redis.port, self._name)).room
        events = {entry.event.seq: entry.event for entry in room.log if entry.event.seq <= newest}
        losses = [
            loss_between(before.room, after.room, clients) for before, after in self._before if before.id != after.id
        ]
        since, self._known = self._known, newest
        self._before.clear()
        return Ledger(room.epoch, events, losses, since=since)

    def _read_files(self) -> Replica:
        """Return the log in the files of Redis, by a Redis that has a copy of them."""
        with tempfile.TemporaryDirectory(prefix="chat-tools-") as copy:
            shutil.copytree(self._folder / "appendonlydir", Path(copy) / "appendonlydir")
            redis = RedisServer(Path(copy), *DURABLE)
            try:
                return _read(RedisAddress(HOST, redis.port, self._name))
            finally:
                redis.close()


def _read(address: RedisAddress) -> Replica:
    """Return the log at `address`, read to its end."""
    log, replica = RedisLog(address, wait=0), Replica()
    log.connect()
    try:
        found = log.rewind(Position())
        replica.restore(Snapshot(found.snapshot, *found.position))
        while entries := log.follow(Position(replica.id, replica.mark)):
            for entry in entries:
                for _ in replica.read(entry):
                    pass
    finally:
        log.disconnect()
    return replica
