"""1,100 connections at one server.py: 900 named users chat, each hears all the others, and the rest are told."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tests.support.crowd import Crowd
from tests.support.programs import Programs
from tools.shared.sockets import room_for

ATTEMPTS, SEATS = 1100, 900
FULL = b"The server is full. Try again later.\r\n"
NO_SEAT = b"! Too Many Users"


def test_nine_hundred_chat_and_two_hundred_are_told_that_there_is_no_room(tmp_path: Path) -> None:  # A8, E5
    with room_for(ATTEMPTS + 200), Programs(tmp_path) as run, Crowd() as crowd:
        run.server("--max-users", str(SEATS))
        for _ in range(ATTEMPTS):
            crowd.connects(run.port)
        everyone = list(crowd.heard)
        for number, sock in enumerate(everyone):
            with contextlib.suppress(ConnectionError):  # those who were turned away already
                sock.sendall(b"user%d\r\n" % number)
        told = (b"Welcome, user", NO_SEAT, FULL)
        crowd.listens_until(lambda heard: any(words in heard for words in told), everyone)
        users, seatless, away = ([s for s in everyone if words in crowd.heard[s]] for words in told)
        assert (len(users), len(seatless), len(away)) == (SEATS, 100, 100)

        last = b"Users here: %d\r\n" % SEATS
        crowd.listens_until(lambda heard: last in heard, users)
        listener, *talkers = users
        own = {sock: b"line %d" % number for number, sock in enumerate(talkers)}
        for sock in talkers:
            sock.sendall(own[sock] + b"\r\n")
        crowd.listens_until(lambda heard: heard.count(b": line ") >= len(talkers) - 1, talkers)
        crowd.listens_until(lambda heard: heard.count(b": line ") >= len(talkers), [listener])
        order = said(crowd.heard[listener])
        assert sorted(order) == sorted(own.values())
        for sock in talkers:
            assert said(crowd.heard[sock]) == [line for line in order if line != own[sock]]


def said(heard: bytearray) -> list[bytes]:
    return [line.partition(b": ")[2] for line in bytes(heard).split(b"\r\n") if b": line " in line]
