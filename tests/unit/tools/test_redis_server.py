"""tools/shared/redis_server.py: a Redis that has started is ready."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from storage.redis_address import redis_address
from storage.redis_log import redis_client
from tests.support.programs import needs
from tools.shared.redis_server import IN_MEMORY, RedisServer

pytestmark = needs("redis-server")
SLOW = ("--key-load-delay", "5000", "--loading-process-events-interval-bytes", "1024")  # microseconds for each key


def test_a_redis_that_still_loads_its_files_is_waited_for(tmp_path: Path) -> None:
    redis = RedisServer(tmp_path, *IN_MEMORY, "--rdbcompression", "no")
    with closing(redis), closing(redis_client(redis_address(redis.address()))) as client:
        client.mset({f"key {number}": "x" * 200 for number in range(100)})
        client.save()
    redis = RedisServer(tmp_path, *IN_MEMORY, *SLOW)
    with closing(redis), closing(redis_client(redis_address(redis.address()))) as client:
        assert client.dbsize() == 100
