"""tools/crash/witness.py: what is right for a server to have, and what a log has lost."""

from __future__ import annotations

from math import inf

from chat.resume import identity_of
from chat.shared.log_store import Position
from chat.shared.replica import Replica
from chat.shared.shared_log import KeepSnapshot
from chat.shared.snapshot import snapshot_of
from protocol.events import Said
from protocol.requests import Say
from tests.support.cluster import Cluster, secret_of
from tools.crash.witness import Witness

CLIENTS = {identity_of(secret_of("ann's")): 1, identity_of(secret_of("bob's")): 2}


def snapshot(replica: Replica) -> KeepSnapshot:
    return KeepSnapshot(replica.id, replica.mark, snapshot_of(replica.room, replica.opened))


def test_a_room_that_was_changed_is_another_one_until_it_is_the_only_one_there_is() -> None:
    cluster = Cluster(1)
    witness = Witness(cluster.log, CLIENTS)
    replica = cluster.servers[0].order.replica
    witness.reads()
    assert not witness.differs(replica)
    assert not witness.is_wrong(snapshot(replica))
    replica.room.operators |= {"mallory"}
    assert witness.differs(replica)
    kept = snapshot(replica)
    assert witness.is_wrong(kept)
    cluster.log.keep(Position(kept.id, kept.mark), kept.blob)
    witness.reads()
    assert not witness.differs(replica)
    replica.room.operators = frozenset()
    assert not witness.differs(replica)  # as it was before is right, too


def test_it_knows_what_a_log_has_lost_and_who_may_take_it_for_one_that_has() -> None:
    cluster = Cluster(1)
    witness = Witness(cluster.log, CLIENTS)
    (server,) = cluster.servers
    ann = server.connects("ann", "ann's")
    cluster.goes_on()
    server.asks(ann, Say("kept", 1))
    cluster.goes_on()
    saved = cluster.log.saved(), witness.saved()
    read = [Position(server.order.replica.id, server.order.replica.mark)]
    server.asks(ann, Say("lost", 2))
    bob = server.connects("bob", "bob's")
    cluster.goes_on()
    server.asks(bob, Say("lost, too", 1))
    cluster.goes_on()
    witness.reads()
    assert witness.ledger.losses == []
    read.append(Position(server.order.replica.id, server.order.replica.mark))
    cluster.log.restart("second", saved[0])
    witness.goes_back(saved[1])
    ledger = witness.ledger
    assert [event.text for event in ledger.events.values() if isinstance(event, Said)] == ["kept", "lost", "lost, too"]
    assert [event.text for event in ledger.losses[0].events.values() if isinstance(event, Said)] == [
        "lost",
        "lost, too",
    ]
    assert ledger.losses[0].forgotten == {1: 2, 2: inf}
    assert [witness.takes_for_lost(position) for position in read] == [False, True]
    assert witness.ledger.doubts == 1  # the first one: nobody has to begin an epoch for that


def test_a_log_that_was_started_again_whole_has_lost_nothing() -> None:
    cluster = Cluster(1)
    witness = Witness(cluster.log, CLIENTS)
    saved = cluster.log.saved(), witness.saved()
    cluster.log.restart("second", saved[0])
    witness.goes_back(saved[1])
    assert witness.ledger.losses == []
