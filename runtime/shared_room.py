"""The shared room: a server's part in a room that several servers share by a log.

Each turn of the loop passes the log's results to the order and the order's commands to the log. When this server can't
follow the log any more, since its room differs from the others' or an entry is not understood, it has to stop: going
on, it would show another room than they do. Its room is kept in a file, to be compared.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from pathlib import Path

from chat.effects import Effect
from chat.hub import Hub
from chat.log import Entry
from chat.room import Room
from chat.shared.order_shared import CannotFollowError, OrderShared
from runtime.log_service import LogService
from storage.entry_feed import EntryFeed

log = logging.getLogger("server")


class SharedRoom:
    """The order of `hub` from now on, by way of `service`. `has_failed`: the server has to stop."""

    def __init__(self, hub: Hub, service: LogService, folder: Path, feed: EntryFeed) -> None:
        """Begin to read the log, whose entries `feed` gets; in `folder` the room is kept if this server must stop."""
        self._hub = hub
        self._service = service
        self._folder = folder
        self._feed = feed
        self._fed: Room | None = None  # the room whose entries the feed has got
        rng = random.SystemRandom()
        self._order = OrderShared(hub.state, hub.follow, hub.follow_late, lambda: f"{rng.getrandbits(64):016x}")
        hub.share(self._order)
        self.has_failed = False
        self._submit()

    def fileno(self) -> int:
        """Return the descriptor for the poller: readable when `take_turn` has something to take."""
        return self._service.fileno()

    def take_turn(self, now: float) -> list[Effect]:
        """Return what is due at `now` and what follows from the log's results; give what was proposed to the log."""
        effects: list[Effect] = []
        try:
            if not self.has_failed:
                effects = self._order.tick(now)
                for result in self._service.results():
                    effects += self._order.receive(result, now)
        except CannotFollowError as error:
            self.has_failed = True
            log.error("%s. The server stops. Its room is in %s.", error, self._kept(error.dump))
        self._submit()
        return effects

    def index(self, entries: Sequence[Entry]) -> None:
        """Have the new `entries` indexed; all that the room has, if it was made anew."""
        if self._fed is not self._hub.room:
            self._fed = self._hub.room
            self._feed.begin(self._fed.log)
        elif entries:
            self._feed.put(entries)

    def close(self) -> None:
        """Leave the room: this server's users leave it at once, and nobody has to find out that it has stopped."""
        self._order.close()
        self._submit()
        self._service.close()

    def _submit(self) -> None:
        commands = self._order.take_commands()
        if commands:
            self._service.submit(*commands)

    def _kept(self, dump: bytes) -> str:
        path = self._folder / "room-that-differs.json"
        try:
            path.write_bytes(dump)
        except OSError as error:
            return f"no file, since {path} can't be written ({error.strerror})"
        return str(path)
