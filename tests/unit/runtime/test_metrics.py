"""runtime/metrics.py: the counters in one line."""

from __future__ import annotations

import logging

import pytest

from chat.delivery.connection import Connection, Doors
from chat.log import Log
from chat.room import Room
from chat.session import Session
from runtime.metrics import Metrics


def connection(first: bytes = b"") -> Connection:
    made = Connection(Session("192.0.2.1:4711"), Doors())
    if first:
        made.receive(first)
    return made


def test_all_metrics_are_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics()
    metrics.count_turn(0.001)
    metrics.count_turn(0.003)
    metrics.bytes_in, metrics.bytes_out, metrics.deliveries = 5, 60, 7
    metrics.closed["connection lost"] += 2
    room = Room("an epoch", Log(seq=1))
    lagging = connection(b"x")
    lagging.outbox.queue(b"12345", 0.0)
    with caplog.at_level(logging.INFO):
        metrics.report(room, [connection(), connection(b"\0"), lagging], 40)
    assert caplog.messages == [
        "Figures: users=0 connections=3 undecided=1 json=1 slash=1 messages=1 deliveries=7 bytes_in=5 bytes_out=100 "
        "outboxes=5 largest_outbox=5 turns=2 mean_turn_us=2000 longest_turn_us=3000 closed_connection_lost=2"
    ]


def test_a_server_without_a_turn_has_metrics_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        Metrics().report(Room("an epoch"), [], 0)
    assert "users=0 connections=0" in caplog.text
