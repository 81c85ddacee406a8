"""What the Redis of a room promises, by what it is set to (N6): read once at the start, and put into a sentence.

What it was never told to keep, no server can keep. So a Redis that throws keys away when its memory is full is refused,
and with everything else the operator reads in the server's log what an outage can cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chat.shared.log_store import LogUnreachableError
from storage.redis_address import RedisAddress
from storage.redis_log import explained, redis_client

OLDEST = 7  # Redis's oldest major version with all that is used; Valkey tells 7, for programs such as this one

_CRASH = {
    "always": "what was said once stays, though Redis or its machine dies",
    "everysec": "what was said stays when Redis dies; when its machine does, the last second or two may be lost",
    "no": "what was said stays when Redis dies; when its machine does, the last half minute may be lost",
    "": "what was said stays when Redis dies; appendfsync, which it does not show, says what its machine's death costs",
}


class UnfitRedisError(Exception):
    """A room can't be kept in this Redis; the text says why, and what to do."""


@dataclass(frozen=True)
class Settings:
    """What Redis is set to; `appendfsync` and `policy` are "" where it does not show them."""

    version: str
    role: str = "master"
    is_cluster: bool = False
    appends: bool = False
    saves: bool = False
    appendfsync: str = ""
    policy: str = ""
    replicas: int = 0
    least_replicas: int = 0


def read_settings(address: RedisAddress) -> Settings:
    """Return what the Redis at `address` is set to. Raises LogUnreachableError."""
    with explained():
        client = redis_client(address)
        try:
            return _settings(client)
        finally:
            client.close()


def _settings(client: Any) -> Settings:
    info: Mapping[str, Any] = client.info()
    return Settings(
        version=str(info["redis_version"]),
        role=str(info["role"]),
        is_cluster=bool(info.get("cluster_enabled")),
        appends=bool(info.get("aof_enabled")),
        saves=bool(_configured(client, "save")),
        appendfsync=_configured(client, "appendfsync"),
        policy=str(info.get("maxmemory_policy", "")),
        replicas=int(info.get("connected_slaves", 0)),
        least_replicas=int(_configured(client, "min-replicas-to-write") or 0),
    )


def _configured(client: Any, name: str) -> str:
    """Return a setting; "" where Redis does not show it, as many who rent it out have it."""
    try:
        with explained():
            found: Mapping[str, str] = client.config_get(name)
    except LogUnreachableError:
        return ""
    return found.get(name) or ""


def promise_of(settings: Settings) -> str:
    """Return what is promised with these settings, as a sentence. Raises UnfitRedisError."""
    _check(settings)
    if settings.appends:
        kept = f"appendonly yes, appendfsync {settings.appendfsync or 'unknown'}: {_CRASH[settings.appendfsync]}"
    elif settings.saves:
        kept = "appendonly no: when Redis ends, all since its last snapshot is lost. Set appendonly yes"
    else:
        kept = "appendonly no: when Redis ends, the room is empty. Set appendonly yes"
    return f"{kept}. {_fail_over(settings)}".rstrip()


def _check(settings: Settings) -> None:
    major = settings.version.partition(".")[0]
    if not major.isdigit() or int(major) < OLDEST:
        raise UnfitRedisError(f"this is Redis {settings.version}: --room needs Redis 7 or newer, or Valkey")
    if settings.is_cluster:
        raise UnfitRedisError("it is part of a cluster: --room needs a Redis of its own, with replicas if you like")
    if settings.role != "master":
        raise UnfitRedisError("it is a replica, and nothing can be written there: give the address of its master")
    if settings.policy.startswith("allkeys-"):
        raise UnfitRedisError(
            f"its maxmemory-policy is {settings.policy}, so it would throw the room away when its memory is full: "
            "set it to noeviction"
        )


def _fail_over(settings: Settings) -> str:
    """Return what it costs when a replica takes over, "" if there is none."""
    if not settings.replicas:
        return ""
    count = f"{settings.replicas} replica{'s' if settings.replicas > 1 else ''}"
    least = f"; nothing is said while fewer than {settings.least_replicas} follow" if settings.least_replicas else ""
    return f"{count}: when one takes over, what it had not received yet is lost{least}."
