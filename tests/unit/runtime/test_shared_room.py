"""runtime/shared_room.py: a server's part in a room that other servers share (N1, N7)."""

from __future__ import annotations

import argparse
import random
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.hub import Hub
from chat.room import Room
from chat.session import Session
from chat.shared.shared_log import Append, Kind, Open, Rewind
from protocol.requests import Join, Say
from runtime import bootstrap
from runtime.bootstrap import CannotStartError, open_services
from runtime.log_service import LogService
from runtime.shared_room import SharedRoom
from storage import redis_log
from storage.entry_feed import EntryFeed
from storage.redis_address import RedisAddress
from storage.redis_log import LogRefusedError
from storage.redis_settings import Settings
from tests.support.kept_log import Place
from tests.support.patience import PATIENCE
from tests.unit.runtime.test_services import options

STRANGER = "e" * 16


class OneServer:
    """A server's hub and its shared room, without its loop."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.hub = Hub(Room(""), 100)
        self.feed = EntryFeed(100)
        self.shared = SharedRoom(self.hub, LogService(place.connection, random.Random(1)), folder, self.feed)

    def turns(self) -> None:
        """Wait until the log has something, and take it."""
        assert select.select([self.shared.fileno()], [], [], PATIENCE)[0]
        self.turn()

    def turn(self) -> None:
        self.shared.take_turn(1.0)
        self.shared.index(self.hub.take_fresh()[0])

    def joins(self, name: str) -> Session:
        session = Session("192.0.2.1:1")
        self.hub.connect(session)
        self.hub.handle(session, Join(name))
        self.turn()
        while not session.named:
            self.turns()
        return session


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def one(place: Place, tmp_path: Path) -> Iterator[OneServer]:
    made = OneServer(place, tmp_path)
    yield made
    made.shared.close()


def test_what_is_said_on_one_server_is_in_the_room_and_the_index_of_another(
    place: Place, one: OneServer, tmp_path: Path
) -> None:  # N1
    ann = one.joins("ann")
    other = OneServer(place, tmp_path)
    one.hub.handle(ann, Say("hello"))
    one.turn()
    while [entry.event.name for entry in other.feed.after(0, 9)] != ["ann", "ann"]:
        other.turns()
    assert other.hub.room.names() == ("ann",)
    other.shared.close()


def test_who_leaves_takes_its_users_along(place: Place, one: OneServer, tmp_path: Path) -> None:  # N4
    other = OneServer(place, tmp_path)
    other.joins("bob")
    one.joins("ann")
    other.shared.close()
    assert place.log.entries[-1].kind is Kind.CLOSE
    while one.hub.room.names() != ("ann",):
        one.turns()


@pytest.mark.parametrize("is_writable", [True, False])
def test_a_server_that_cannot_follow_stops_and_keeps_its_room(
    place: Place, one: OneServer, tmp_path: Path, log: pytest.LogCaptureFixture, is_writable: bool
) -> None:  # N7
    one.joins("ann")
    file = tmp_path / "room-that-differs.json"
    if not is_writable:
        file.mkdir()
    stranger = LogService(place.connection, random.Random(2))
    stranger.submit(Rewind(), Open(STRANGER), Append(STRANGER, 1, b'{"p":[[0,["of another version"]]]}'))
    while not one.shared.has_failed:
        one.turns()
    stranger.close()
    assert one.shared.take_turn(2.0) == []
    assert "The server stops. Its room is in" in log.text
    assert file.is_dir() if not is_writable else b'"ann"' in file.read_bytes()


def test_a_server_without_the_package_for_redis_says_how_to_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_log, "AVAILABLE", False)
    with pytest.raises(CannotStartError, match=r"--room needs the Python package redis: python3 -m pip install"):
        open_services(options_for(tmp_path))


def test_a_server_that_does_not_reach_redis_says_so_and_leaves_its_folder_unlocked(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(CannotStartError, match=r"^Cannot reach redis://127.0.0.1:1/lobby: .* Start Redis there"):
            open_services(options_for(tmp_path))


def test_a_redis_that_refuses_this_server_is_no_redis_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # N6
    def refused(_: RedisAddress) -> Settings:
        raise LogRefusedError("Authentication required")

    monkeypatch.setattr(bootstrap, "read_settings", refused)
    told = "^redis://127.0.0.1:1/lobby refuses this server: Authentication required. Give --room a user and password"
    with pytest.raises(CannotStartError, match=told):
        open_services(options_for(tmp_path))


def test_a_redis_that_cannot_keep_a_room_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # N6
    monkeypatch.setattr(bootstrap, "read_settings", lambda _: Settings("6.2.0"))
    with pytest.raises(CannotStartError, match=r"^redis://127.0.0.1:1/lobby can't keep a room: this is Redis 6.2.0"):
        open_services(options_for(tmp_path))


def test_what_redis_promises_is_logged_and_the_room_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Place, log: pytest.LogCaptureFixture
) -> None:  # N6
    monkeypatch.setattr(bootstrap, "read_settings", lambda _: Settings("7.0.0"))
    monkeypatch.setattr(bootstrap, "RedisLog", lambda _: place.connection())
    hub, services = open_services(options_for(tmp_path))
    assert "The room is redis://127.0.0.1:1/lobby. appendonly no: when Redis ends, the room is empty." in log.text
    while not hub.room.epoch:
        select.select(services.descriptors(), [], [], PATIENCE)
        services.write_journal(1.0)
    assert not services.has_failed
    services.close()
    assert [entry.kind for entry in place.log.entries] == [Kind.RUN, Kind.OPEN, Kind.CLOSE]
    assert not any((tmp_path / name).exists() for name in ("journal", "users.txt", "bans.txt"))


def options_for(folder: Path) -> argparse.Namespace:
    made = options(folder, no_journal=False)
    made.room = RedisAddress("127.0.0.1", 1, "lobby")
    return made
