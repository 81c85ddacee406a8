"""Metrics: counters of the server's work since the start: one line of the log on SIGUSR1, or the families of /metrics.

The loop adds to plain numbers, once a turn or for what happens seldom. Whatever can be counted by looking at what is
there (users, connections, outboxes) is, when somebody asks for it.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from chat.delivery.connection import Connection
from chat.room import Room
from protocol.dialects import HTTP, JSON, WEBSOCKET
from protocol.events import Announced, RoomEvent, Said, Whispered
from runtime.prometheus import Family, Sample, by_label, histogram

TURN_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)  # seconds
_DOORS = {JSON: "frames", WEBSOCKET: "browser", HTTP: "browser"}

log = logging.getLogger("server")


class Metrics:
    """Counters since the start, in bytes and seconds."""

    __slots__ = ("bytes_in", "bytes_out", "closed", "deliveries", "longest_turn", "refused", "turn_time", "turns")

    def __init__(self) -> None:
        self.turns = [0] * (len(TURN_BOUNDS) + 1)  # by how long they took
        self.turn_time = 0.0
        self.longest_turn = 0.0
        self.bytes_in = 0
        self.bytes_out = 0  # of outboxes; the fan-out counts what it sends by itself
        self.deliveries = 0  # events of the room times the readers of each
        self.refused: Counter[str] = Counter()  # what users were told, by the code of the error
        self.closed: Counter[str] = Counter()  # connections that have ended, by reason

    def count_turn(self, seconds: float) -> None:
        """Count one turn of the loop, which took `seconds` without its sleep."""
        self.turns[bisect_left(TURN_BOUNDS, seconds)] += 1
        self.turn_time += seconds
        self.longest_turn = max(self.longest_turn, seconds)

    def count_closed(self, reason: str) -> None:
        """Count a connection that has ended for `reason`; who did that, and why, is left out (kicked by ann: spam)."""
        self.closed[reason.partition(" by ")[0].partition(":")[0]] += 1


class Snapshot(NamedTuple):
    """All that can be told at one time."""

    counted: Metrics
    room: Room
    entries: Mapping[type[RoomEvent], int]  # of the room's log since the start, by the event
    connections: Sequence[Connection]
    straight: int  # bytes that the fan-out has sent by itself
    turned_away: Mapping[str, int]  # connections that were not let in, by the code of the error

    @property
    def bytes_out(self) -> int:
        """Bytes that were sent."""
        return self.counted.bytes_out + self.straight


def log_line(told: Snapshot) -> None:
    """Log all that there is to tell, in one line."""
    counted = told.counted
    turns = sum(counted.turns)
    waiting = [connection.outbox.size for connection in told.connections]
    parts = {
        "users": len(told.room),
        "connections": len(told.connections),
        **Counter(c.session.dialect.name if c.detection.decided else "undecided" for c in told.connections),
        "messages": sum(told.entries.get(kind, 0) for kind in (Said, Whispered, Announced)),
        "deliveries": counted.deliveries,
        "bytes_in": counted.bytes_in,
        "bytes_out": told.bytes_out,
        "outboxes": sum(waiting),
        "largest_outbox": max(waiting, default=0),
        "turns": turns,
        "mean_turn_us": round(counted.turn_time / max(1, turns) * 1e6),
        "longest_turn_us": round(counted.longest_turn * 1e6),
        **{f"closed_{reason.replace(' ', '_')}": count for reason, count in counted.closed.items()},
    }
    log.info("Figures: %s", " ".join(f"{name}={value}" for name, value in parts.items()))


def families(told: Snapshot) -> Iterator[Family]:
    """Yield all that there is to tell, for Prometheus."""
    counted = told.counted
    waiting = [connection.outbox.size for connection in told.connections]
    users = [connection for connection in told.connections if connection.session.named]
    yield Family("chat_users", "gauge", "People in the room who are connected here, by how.", _by_door(users))
    yield Family("chat_connections", "gauge", "Open connections, by what they speak.", _by_door(told.connections))
    entries = by_label("event", {kind.__name__.lower(): count for kind, count in told.entries.items()})
    yield Family("chat_room_events_total", "counter", "Messages (said, whispered), comings and goings.", entries)
    yield _one("chat_deliveries_total", "counter", "Events of the room times the readers of each.", counted.deliveries)
    yield _one("chat_received_bytes_total", "counter", "Bytes received.", counted.bytes_in)
    yield _one("chat_sent_bytes_total", "counter", "Bytes sent.", told.bytes_out)
    yield _one("chat_outbox_bytes", "gauge", "Bytes that wait for their readers.", sum(waiting))
    yield _one("chat_largest_outbox_bytes", "gauge", "Bytes that wait for one reader.", max(waiting, default=0))
    turns = histogram(TURN_BOUNDS, counted.turns, counted.turn_time)
    yield Family("chat_turn_duration_seconds", "histogram", "Turns of the loop, without its sleep.", turns)
    refused = by_label("reason", counted.refused)
    yield Family("chat_refusals_total", "counter", "Requests refused, by the code of the error.", refused)
    turned_away = by_label("reason", told.turned_away)
    yield Family("chat_connections_turned_away_total", "counter", "Connections that were not let in.", turned_away)
    closed = by_label("reason", counted.closed)
    yield Family("chat_connections_closed_total", "counter", "Connections that have ended, by reason.", closed)


def _one(name: str, kind: str, what: str, value: float) -> Family:
    return Family(name, kind, what, [Sample(value)])


def _by_door(connections: Sequence[Connection]) -> list[Sample]:
    counts = Counter({("text", "no"): 0, ("frames", "no"): 0, ("browser", "no"): 0})
    counts.update((_door(connection), "yes" if connection.detection.is_secure else "no") for connection in connections)
    return [Sample(count, {"door": door, "tls": tls}) for (door, tls), count in sorted(counts.items())]


def _door(connection: Connection) -> str:
    return _DOORS.get(connection.session.dialect, "text") if connection.detection.decided else "undecided"
