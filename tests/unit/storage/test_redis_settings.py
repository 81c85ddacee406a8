"""storage/redis_settings.py: what a Redis promises by its settings, and which one is refused (N6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chat.shared.log_store import LogUnreachableError
from storage.redis_address import RedisAddress, redis_address
from storage.redis_log import redis_client
from storage.redis_settings import Settings, UnfitRedisError, promise_of, read_settings
from tests.support.programs import needs
from tools.shared.redis_server import IN_MEMORY, RedisServer

DURABLE = Settings("7.0.15", appends=True, appendfsync="always", policy="noeviction")


@pytest.mark.parametrize(
    ("settings", "promise"),
    [
        (DURABLE, "appendonly yes, appendfsync always: what was said once stays, though Redis or its machine dies."),
        (
            replace(DURABLE, appendfsync="everysec"),
            "appendonly yes, appendfsync everysec: what was said stays when Redis dies; when its machine does, the "
            "last second or two may be lost.",
        ),
        (
            replace(DURABLE, appendfsync="", replicas=1),
            "appendonly yes, appendfsync unknown: what was said stays when Redis dies; appendfsync, which it does not "
            "show, says what its machine's death costs. 1 replica: when one takes over, what it had not received yet "
            "is lost.",
        ),
        (
            replace(DURABLE, replicas=2, least_replicas=1),
            "appendonly yes, appendfsync always: what was said once stays, though Redis or its machine dies. 2 "
            "replicas: when one takes over, what it had not received yet is lost; nothing is said while "
            "fewer than 1 follow.",
        ),
        (
            Settings("7.2.4", saves=True),
            "appendonly no: when Redis ends, all since its last snapshot is lost. Set appendonly yes.",
        ),
        (Settings("8.0.0"), "appendonly no: when Redis ends, the room is empty. Set appendonly yes."),
    ],
    ids=["always", "everysec", "rented", "replicas", "snapshots", "memory"],
)
def test_what_is_promised_depends_on_the_settings(settings: Settings, promise: str) -> None:
    assert promise_of(settings) == promise


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (replace(DURABLE, policy="allkeys-lru"), "maxmemory-policy is allkeys-lru.* set it to noeviction"),
        (replace(DURABLE, version="6.2.14"), "Redis 6.2.14: --room needs Redis 7"),
        (replace(DURABLE, version="unstable"), "needs Redis 7"),
        (replace(DURABLE, role="slave"), "is a replica"),
        (replace(DURABLE, is_cluster=True), "part of a cluster"),
    ],
    ids=["evicts", "old", "odd", "replica", "cluster"],
)
def test_a_redis_that_cannot_keep_a_room_is_refused(settings: Settings, why: str) -> None:
    with pytest.raises(UnfitRedisError, match=why):
        promise_of(settings)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisAddress]:
    server = RedisServer(tmp_path_factory.mktemp("redis"), *IN_MEMORY)
    yield redis_address(server.address())
    server.close()


@needs("redis-server")
def test_the_settings_are_those_of_redis(address: RedisAddress) -> None:
    found = read_settings(address)
    assert replace(found, version="7") == Settings("7", appendfsync="everysec", policy="noeviction")
    client: Any = redis_client(address)
    client.config_set("maxmemory-policy", "allkeys-lfu")
    client.config_set("save", "60 1000")
    client.acl_setuser("chat", enabled=True, nopass=True, keys="*", categories=["+@all"], commands=["-config"])
    client.close()
    found = read_settings(replace(address, user="chat", password="any"))
    assert replace(found, version="7") == Settings("7", policy="allkeys-lfu")


def test_a_redis_that_is_not_there_shows_no_settings() -> None:
    with pytest.raises(LogUnreachableError, match="Connection refused"):
        read_settings(RedisAddress("127.0.0.1", 1, "room"))
