"""runtime/metrics.py: one line of figures."""

from __future__ import annotations

import logging

import pytest

from chat.delivery.connection import Connection
from chat.log import Log
from chat.room import Room
from chat.session import Session
from runtime.metrics import Metrics


def connection(first: bytes = b"") -> Connection:
    made = Connection(Session("192.0.2.1:4711"), None)
    if first:
        made.receive(first, 0.0)
    return made


def test_all_figures_stand_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    figures = Metrics()
    figures.turned(0.001)
    figures.turned(0.003)
    figures.bytes_in, figures.bytes_out, figures.deliveries = 5, 60, 7
    figures.closed["connection lost"] += 2
    room = Room("an epoch", Log(seq=1))
    lagging = connection(b"x")
    lagging.outbox.queue(b"12345", 0.0)
    with caplog.at_level(logging.INFO):
        figures.report(room, [connection(), connection(b"\0"), lagging])
    assert caplog.messages == [
        "Figures: users=0 connections=3 undecided=1 json=1 slash=1 messages=1 deliveries=7 bytes_in=5 bytes_out=60 "
        "outboxes=5 largest_outbox=5 turns=2 mean_turn_us=2000 longest_turn_us=3000 closed_connection_lost=2"
    ]


def test_a_server_that_has_done_nothing_has_figures_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Metrics().report(Room("an epoch"), [])
    assert "users=0 connections=0" in caplog.text
