"""The shared log in Redis 7 or Valkey: a stream, and beside it what the function in redis_log.lua decides by.

All keys begin with {NAME}, the name of the room in braces: several rooms can be in one Redis, and Redis keeps the keys
of one room together. None of them expires.

A `RedisLog` is one connection, for one thread. Nothing is repeated in here, since only `LogClient` knows what may be:
after an error the connection is of no more use, and `connect` makes another.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

import storage
from chat.shared.log_store import Answer, Found, LogUnreachableError, Position, Verdict
from chat.shared.shared_log import Kind, LogEntry, mark_of
from storage.redis_address import RedisAddress

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ImportError:  # pragma: no cover  (the tests have it)
    AVAILABLE = False
else:
    AVAILABLE = True

TIMEOUT = 1.5  # seconds until a call without an answer has failed
WAIT = 0.25  # seconds that `follow` waits for entries, and that a thread may need to end
BATCH = 256  # entries that `follow` returns at a time, each of 64 KiB at most

_FUNCTION = "redis_log.lua"  # beside this file


class LogRefusedError(LogUnreachableError):
    """Redis answers, but does not let this server in, or not do what it has to."""


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn what goes wrong between this process and Redis into a LogUnreachableError."""
    try:
        yield
    except (redis.AuthenticationError, redis.ResponseError) as error:
        raise LogRefusedError(_why(error)) from error
    except (redis.RedisError, OSError) as error:
        raise LogUnreachableError(_why(error)) from error


def _why(error: Exception) -> str:
    """Return what an error says, for the end of a sentence."""
    return (" ".join(str(error).split()) or type(error).__name__).rstrip(".?")


def redis_client(address: RedisAddress) -> Any:
    """Return a client with one connection, which raises what goes wrong instead of trying again."""
    return redis.Redis(
        host=address.host,
        port=address.port,
        username=address.user or None,
        password=address.password or None,
        ssl=address.is_tls,
        ssl_check_hostname=address.is_tls,  # older versions of the package check the authority only
        socket_timeout=TIMEOUT + WAIT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        single_connection_client=True,
        protocol=2,
    )


class RedisLog:
    """A LogStore: the room at `address`."""

    def __init__(self, address: RedisAddress, wait: float = WAIT) -> None:
        """Let `follow` wait for `wait` seconds, or not at all if that is 0."""
        self._address = address
        self._wait = int(wait * 1000) or None
        room = f"{{{address.name}}}"
        self._log = f"{room}:log"
        self._keys = (self._log, f"{room}:head", f"{room}:head:anew", f"{room}:snapshot")
        self._redis: Any = None
        self._function = b""  # its name in Redis, a hash

    def connect(self) -> None:
        """Connect, again if need be. Raises LogUnreachableError."""
        self.disconnect()
        with explained():
            self._redis = redis_client(self._address)
            self._load()

    def disconnect(self) -> None:
        """Close the connection, if there is one."""
        if self._redis is not None:
            self._redis.close()
            self._redis = None

    # --- the calls (see LogStore) ------------------------------------------------------------------------------------

    def open(self, incarnation: str, rules: bytes, position: Position) -> Answer:
        """See LogStore."""
        return self._write("open", incarnation, *position, rules)

    def confirm(self, incarnation: str, position: Position) -> Answer:
        """See LogStore."""
        return self._write("confirm", incarnation, *position)

    def append(self, incarnation: str, count: int, payload: bytes) -> Answer:
        """See LogStore."""
        return self._write("append", incarnation, count, payload)

    def beat(self, incarnation: str) -> Answer:
        """See LogStore."""
        verdict, *beats = self._call("beat", incarnation)
        counters = {name.decode(): int(count) for name, count in zip(beats[::2], beats[1::2], strict=True)}
        return Answer(_verdict(verdict), counters)

    def declare_gone(self, incarnation: str, counter: int) -> Answer:
        """See LogStore."""
        return self._write("declare_gone", incarnation, counter)

    def close(self, incarnation: str) -> Answer:
        """See LogStore."""
        return self._write("close", incarnation)

    def keep(self, position: Position, snapshot: bytes) -> Answer:
        """See LogStore."""
        return self._write("keep", "", *position, snapshot)

    def check(self, position: Position) -> Found:
        """See LogStore."""
        verdict, origin = self._call("check", "", *position)
        return Found(_verdict(verdict), origin.decode())

    def rewind(self, position: Position) -> Found:
        """See LogStore."""
        verdict, origin, id_, mark, snapshot = self._call("rewind", "", *position)
        if snapshot is None:
            return Found(_verdict(verdict), origin.decode())
        return Found(_verdict(verdict), origin.decode(), Position(id_.decode(), mark.decode()), snapshot)

    def follow(self, position: Position) -> Sequence[LogEntry]:
        """See LogStore."""
        block = () if self._wait is None else ("BLOCK", self._wait)
        with explained():
            found = self._ask("XREAD", "COUNT", BATCH, *block, "STREAMS", self._log, position.id)
        return [_entry(id_, fields) for id_, fields in found[0][1]] if found else []

    def _write(self, call: str, incarnation: str, *arguments: bytes | str | int) -> Answer:
        return Answer(_verdict(self._call(call, incarnation, *arguments)[0]))

    def _call(self, *arguments: bytes | str | int) -> list[Any]:
        """Call the function; load it first where Redis has lost it."""
        with explained():
            try:
                return self._called(arguments)
            except redis.exceptions.NoScriptError:
                self._load()
                return self._called(arguments)

    def _called(self, arguments: Sequence[bytes | str | int]) -> list[Any]:
        answer: list[Any] = self._ask("EVALSHA", self._function, len(self._keys), *self._keys, *arguments)
        return answer

    def _load(self) -> None:
        self._function = self._ask("SCRIPT", "LOAD", files(storage).joinpath(_FUNCTION).read_bytes())

    def _ask(self, *command: bytes | str | int) -> Any:
        """Return the answer to a command as it comes.

        It goes past what redis-py does around a command: that took half of the time of this thread, for which the loop
        has to wait.
        """
        self._redis.connection.send_command(*command)
        return self._redis.connection.read_response()


def _verdict(answer: bytes) -> Verdict:
    return Verdict(answer.decode())


def _entry(id_: bytes, content: Sequence[bytes]) -> LogEntry:
    """Return an entry as Redis tells it. Raises LogUnreachableError for one that no server has written."""
    number, fields = id_.decode(), dict(zip(content[::2], content[1::2], strict=True))
    try:
        incarnation, count, prev = fields[b"incarnation"].decode(), int(fields[b"count"]), fields[b"prev"].decode()
        kind, payload = Kind(fields[b"kind"].decode()), fields[b"payload"]
    except (KeyError, ValueError) as error:
        raise LogUnreachableError(f"its entry {number} is none of this chat's") from error
    at = int(number.partition("-")[0]) / 1000
    return LogEntry(number, at, kind, incarnation, count, prev, mark_of(prev, incarnation, count), payload)
