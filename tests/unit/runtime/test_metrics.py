"""runtime/metrics.py: the counters in one line, and for Prometheus, whose own parser reads them."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families as parsed

from chat.delivery.connection import Connection
from chat.delivery.detection import Doors
from chat.log import Log
from chat.room import Room
from chat.session import Phase, Session
from protocol.events import Announced, Joined, RoomEvent, Said, Whispered
from runtime.metrics import Metrics, Snapshot, families, log_line
from runtime.prometheus import exposition
from tests.support.handshake import handshake


def connection(first: bytes = b"", named: bool = False) -> Connection:
    made = Connection(Session("192.0.2.1:4711"), Doors())
    if first:
        made.receive(first)
    if named:
        made.session.phase = Phase.CHATTING
    return made


def snapshot(
    metrics: Metrics,
    *connections: Connection,
    entries: Mapping[type[RoomEvent], int] | None = None,
    turned_away: Mapping[str, int] | None = None,
) -> Snapshot:
    return Snapshot(metrics, Room("an epoch", Log(seq=1)), entries or {}, connections, 40, turned_away or {})


def told(snapshot: Snapshot) -> dict[str, Metric]:
    return {family.name: family for family in parsed(exposition(families(snapshot)))}


def values(metric: Metric) -> dict[tuple[str, ...], float]:
    return {tuple(sample.labels.values()): sample.value for sample in metric.samples}


def test_all_metrics_are_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics()
    metrics.count_turn(0.001)
    metrics.count_turn(0.003)
    metrics.bytes_in, metrics.bytes_out, metrics.deliveries = 5, 60, 7
    for _ in range(2):
        metrics.count_closed("connection lost")
    lagging = connection(b"x")
    lagging.outbox.queue(b"12345", 0.0)
    with caplog.at_level(logging.INFO):
        entries = {Said: 3, Whispered: 2, Announced: 1, Joined: 4}
        log_line(snapshot(metrics, connection(), connection(b"\0"), lagging, entries=entries))
    assert caplog.messages == [
        "Figures: users=0 connections=3 undecided=1 json=1 slash=1 messages=6 deliveries=7 bytes_in=5 bytes_out=100 "
        "outboxes=5 largest_outbox=5 turns=2 mean_turn_us=2000 longest_turn_us=3000 closed_connection_lost=2"
    ]


def test_a_server_without_a_turn_has_metrics_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_line(snapshot(Metrics()))
    assert "users=0 connections=0" in caplog.text


def test_users_are_counted_by_door() -> None:  # W9
    browser = connection(handshake(), named=True)
    found = told(snapshot(Metrics(), connection(b"ann\n", named=True), browser, connection(b"\0"), connection()))
    assert values(found["chat_users"]) == {("browser", "no"): 1, ("frames", "no"): 0, ("text", "no"): 1}
    connections = {("browser", "no"): 1, ("frames", "no"): 1, ("text", "no"): 1, ("undecided", "no"): 1}
    assert values(found["chat_connections"]) == connections


def test_users_within_tls_are_counted_apart() -> None:  # W9, T1
    inside = connection().inside_tls()
    inside.receive(b"ann\n")
    inside.session.phase = Phase.CHATTING
    users = values(told(snapshot(Metrics(), inside, connection(b"bob\n", named=True)))["chat_users"])
    assert (users["text", "yes"], users["text", "no"]) == (1, 1)


def test_what_was_refused_and_dropped_is_counted_by_reason() -> None:  # W9
    metrics = Metrics()
    metrics.refused["name-taken"] += 3
    metrics.count_closed('kicked by ann: "spam"')
    metrics.count_closed("kicked by bob")
    metrics.count_closed("connection lost")
    found = told(snapshot(metrics, entries={Said: 4}, turned_away={'odd "\\\n': 2}))
    assert values(found["chat_refusals"]) == {("name-taken",): 3}
    assert values(found["chat_connections_closed"]) == {("kicked",): 2, ("connection lost",): 1}
    assert values(found["chat_connections_turned_away"]) == {('odd "\\\n',): 2}
    assert values(found["chat_room_events"]) == {("said",): 4}


def test_turns_are_a_histogram() -> None:  # W9
    metrics = Metrics()
    for seconds in (0.00005, 0.0001, 0.0002, 0.003, 7.0):
        metrics.count_turn(seconds)
    turns = told(snapshot(metrics))["chat_turn_duration_seconds"]
    assert turns.type == "histogram"
    buckets = [sample.value for sample in turns.samples if sample.name.endswith("_bucket")]
    assert buckets == sorted(buckets)
    assert (buckets[0], buckets[1], buckets[-1]) == (2, 3, 5)
    rest = {sample.name.rpartition("_")[2]: sample.value for sample in turns.samples[-2:]}
    assert rest == {"sum": pytest.approx(7.00335), "count": 5}


def test_every_name_follows_the_conventions() -> None:  # W9
    for family in families(snapshot(Metrics())):
        assert family.name.startswith("chat_")
        assert family.name.endswith("_total") is (family.kind == "counter"), family.name
        assert family.help.endswith(".")
        for unit in ("us", "ms", "kib", "minutes"):
            assert unit not in family.name.split("_")
