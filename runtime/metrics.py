"""Metrics: counters of the server's work since the start, logged in one line on SIGUSR1."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable

from chat.delivery.connection import Connection
from chat.room import Room

log = logging.getLogger("server")


class Metrics:
    """Counters since the start, in bytes and seconds."""

    __slots__ = ("bytes_in", "bytes_out", "closed", "deliveries", "longest_turn", "turn_time", "turns")

    def __init__(self) -> None:
        self.turns = 0
        self.turn_time = 0.0
        self.longest_turn = 0.0
        self.bytes_in = 0
        self.bytes_out = 0
        self.deliveries = 0  # events of the room times the readers of each
        self.closed: Counter[str] = Counter()  # connections that have ended, by reason

    def count_turn(self, seconds: float) -> None:
        """Count one turn of the loop, which took `seconds` without its sleep."""
        self.turns += 1
        self.turn_time += seconds
        self.longest_turn = max(self.longest_turn, seconds)

    def report(self, room: Room, connections: Iterable[Connection], straight: int) -> None:
        """Log all counters, and the state of the `room` and of the open `connections`, in one line.

        `straight`: bytes that the fan-out has sent by itself.
        """
        opened = list(connections)
        spoken = Counter(c.dialect.name if c.decided else "undecided" for c in opened)
        waiting = [c.outbox.size for c in opened]
        parts = {
            "users": len(room),
            "connections": len(opened),
            **spoken,
            "messages": room.log.seq,
            "deliveries": self.deliveries,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out + straight,
            "outboxes": sum(waiting),
            "largest_outbox": max(waiting, default=0),
            "turns": self.turns,
            "mean_turn_us": round(self.turn_time / max(1, self.turns) * 1e6),
            "longest_turn_us": round(self.longest_turn * 1e6),
            **{f"closed_{reason.replace(' ', '_')}": count for reason, count in self.closed.items()},
        }
        log.info("Figures: %s", " ".join(f"{name}={value}" for name, value in parts.items()))
