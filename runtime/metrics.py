"""Metrics: what the server has done so far, counted where it happens, told in one line of the log on SIGUSR1."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable

from chat.delivery.connection import Connection
from chat.room import Room

log = logging.getLogger("server")


class Metrics:
    """Counters since the start. Bytes and seconds."""

    __slots__ = ("bytes_in", "bytes_out", "closed", "deliveries", "longest_turn", "turn_time", "turns")

    def __init__(self) -> None:
        self.turns = 0
        self.turn_time = 0.0
        self.longest_turn = 0.0
        self.bytes_in = 0
        self.bytes_out = 0
        self.deliveries = 0  # events of the room times the readers they were queued for
        self.closed: Counter[str] = Counter()  # connections that have ended, by reason

    def turned(self, seconds: float) -> None:
        """Count one turn of the loop, without its sleep."""
        self.turns += 1
        self.turn_time += seconds
        self.longest_turn = max(self.longest_turn, seconds)

    def report(self, room: Room, connections: Iterable[Connection]) -> None:
        """Log one line. `connections`: those that are open."""
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
            "bytes_out": self.bytes_out,
            "outboxes": sum(waiting),
            "largest_outbox": max(waiting, default=0),
            "turns": self.turns,
            "mean_turn_us": round(self.turn_time / max(1, self.turns) * 1e6),
            "longest_turn_us": round(self.longest_turn * 1e6),
            **{f"closed_{reason.replace(' ', '_')}": count for reason, count in self.closed.items()},
        }
        log.info("Figures: %s", " ".join(f"{name}={value}" for name, value in parts.items()))
