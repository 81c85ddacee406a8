"""What may befall servers that share a log, by name: what the clients see of it."""

from __future__ import annotations

import pytest

from chat.session import Phase, Session
from chat.shared.memory_link import Fault
from protocol.errors import ErrorCode
from protocol.events import Event, Joined, Left, Missed, Refused, RoomEvent, Said, Welcomed
from protocol.requests import ResumePoint, Say
from tests.support.cluster import Cluster, ClusterServer


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def seen(server: ClusterServer, session: Session, after: int = 0) -> list[Event]:
    """Return what a session was told of the room, and of its own place in the log, but for its first `after` events."""
    return [event for event in server.heard[session][after:] if isinstance(event, RoomEvent | Missed | Welcomed)]


def texts(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Said)]


# --- a client that comes by another server ---------------------------------------------------------------------------


def test_a_client_s_late_entering_through_a_server_that_was_cut_off_closes_nobody(cluster: Cluster) -> None:  # N3, N5
    first, second, third = cluster.servers
    first.link.fault = Fault.STALL
    late = first.connects("ann", "ann's", attempt=1)
    cluster.goes_on(1)
    first.loses(late)  # the client gives up, and tries another server
    ann = second.connects("ann", "ann's", attempt=2)
    cluster.goes_on(1)
    first.link.fault = Fault.NONE
    cluster.goes_on(3)
    second.asks(ann, Say("here", 1))
    cluster.goes_on()
    assert second.closed() == []
    assert ann.phase is Phase.CHATTING
    assert [type(event) for event in third.told] == [Joined, Said]
    assert cluster.is_one_room()


def test_nor_does_it_while_the_late_connection_stands(cluster: Cluster) -> None:  # N3, N5
    first, second, third = cluster.servers
    first.link.fault = Fault.STALL
    late = first.connects("ann", "ann's", attempt=1)
    cluster.goes_on(1)
    ann = second.connects("ann", "ann's", attempt=2)
    cluster.goes_on(1)
    first.link.fault = Fault.NONE
    cluster.goes_on(3)
    assert second.closed() == []
    assert first.closed() == [late]
    refused = [event.number for event in first.heard[late] if isinstance(event, Refused)]
    assert refused == [ErrorCode.REPLACED.number]
    assert ann.phase is Phase.CHATTING
    assert [type(event) for event in third.told] == [Joined]


@pytest.mark.long
def test_1500_clients_hopping_one_tab_duplicated(cluster: Cluster) -> None:  # N3
    clients = [f"user{number}" for number in range(1_500)]
    newest: dict[str, tuple[ClusterServer, Session]] = {}
    for attempt in range(1, 4):
        for number, client in enumerate(clients):
            server = cluster.servers[(number + attempt) % 3]
            newest[client] = server, server.connects(client, client, attempt=attempt)
        if attempt == 2:  # a copy of the tab of user0 comes when that is the third time
            copy = cluster.servers[0].connects("user0", "user0", attempt=2)
        cluster.goes_on(2)
    cluster.goes_on(4)
    for server in cluster.servers:
        assert sorted(server.names()) == sorted(clients)
    assert cluster.is_one_room()
    assert {session.phase for _, session in newest.values()} == {Phase.CHATTING}
    assert {session for server in cluster.servers for session in server.closed()}.isdisjoint(
        session for _, session in newest.values()
    )
    assert copy.phase is not Phase.CHATTING
    assert sum(len(server.state.sessions) for server in cluster.servers) == len(clients)


# --- a log that has lost its end -------------------------------------------------------------------------------------


def loses_end(cluster: Cluster, saved: object, carl: Session) -> None:
    """Let the log be as it was when it was `saved`; carl, whose server knows no more than that, speaks first."""
    first, second, third = cluster.servers
    for server in (first, second):
        server.link.fault = Fault.CUT
    cluster.log.restart("second", saved)
    third.link.fault = Fault.NONE
    third.asks(carl, Say("new", 1))
    cluster.goes_on(2)


def test_the_aof_is_cut_and_a_server_that_knows_less_appends_first(cluster: Cluster) -> None:  # N6
    first, second, third = cluster.servers
    ann, carl = first.connects("ann", "ann's"), third.connects("carl", "carl's")
    cluster.goes_on()
    saved = cluster.log.saved()
    third.link.fault = Fault.STALL
    first.asks(ann, Say("lost", 1))
    cluster.goes_on(0.5)
    epoch, lost = first.room.epoch, first.room.log.seq
    loses_end(cluster, saved, carl)
    assert texts(seen(third, carl)) == ["new"]
    assert third.room.epoch == epoch  # it has lost nothing
    assert not third.room.log.issued(lost)
    for server in (first, second):
        server.link.fault = Fault.NONE
    cluster.goes_on(8)
    assert {server.room.epoch for server in cluster.servers} != {epoch}
    assert cluster.is_one_room()
    assert sorted(first.names()) == ["ann", "carl"]


def test_the_same_with_clients_connected_nothing_new_is_hidden(cluster: Cluster) -> None:  # N6
    first, second, third = cluster.servers
    ann, bob, carl = (s.connects(name, f"{name}'s") for s, name in zip(cluster.servers, ("ann", "bob", "carl")))  # noqa: B905
    cluster.goes_on()
    saved, before = cluster.log.saved(), {s: len(server.heard[s]) for s, server in at(cluster, ann, bob, carl)}
    third.link.fault = Fault.STALL  # it does not hear what is lost
    for number in range(1, 6):
        first.asks(ann, Say(f"lost {number}", number))
    cluster.goes_on(0.5)
    loses_end(cluster, saved, carl)
    for server in (first, second):
        server.link.fault = Fault.NONE
    cluster.goes_on(8)
    first.asks(ann, Say("here again", 6))
    cluster.goes_on()
    for session, server in at(cluster, ann, bob):  # who was told what is lost
        told = seen(server, session, before[session])
        lost, after = told[:5], told[5:]
        assert texts(lost) == [f"lost {number}" for number in range(1, 6)]
        assert isinstance(after[0], Missed)
        assert after[0].missed == 0
        assert isinstance(after[1], Welcomed)
        assert not after[1].resumed
        come = after[1].seq
        numbers = [event.seq for event in after if isinstance(event, RoomEvent)]
        assert numbers == list(range(come + 1, max(numbers) + 1))  # from there on all
        assert texts(after)[-1] == "here again"
    told = seen(third, carl, before[carl])  # who was not, reads all that is new
    assert texts(told)[0] == "new"
    assert texts(told)[-1] == "here again"
    meanings: dict[int, set[str]] = {}
    for session, server in at(cluster, ann, bob, carl):
        for event in seen(server, session):
            if isinstance(event, Said):
                meanings.setdefault(event.seq, set()).add(event.text)
    assert {len(each) for each in meanings.values()} == {1}  # no number has two meanings


def at(cluster: Cluster, *sessions: Session) -> list[tuple[Session, ClusterServer]]:
    """Return the sessions, each with its server: of the first server, of the second and so on."""
    return list(zip(sessions, cluster.servers, strict=False))


def test_all_killed_the_aof_is_cut_and_a_client_resumes_from_beyond(cluster: Cluster) -> None:  # N6
    first, second, _ = cluster.servers
    ann, bob = first.connects("ann", "ann's"), second.connects("bob", "bob's")
    cluster.goes_on()
    first.asks(ann, Say("kept", 1))
    cluster.goes_on()
    saved, kept = cluster.log.saved(), first.room.log.seq
    first.asks(ann, Say("lost", 2))
    second.asks(bob, Say("lost, too", 1))
    cluster.goes_on()
    epoch, newest = first.room.epoch, first.room.log.seq
    for server in cluster.servers:
        server.is_stopped = True
    cluster.log.restart("second", saved)
    cluster.goes_on(20)
    new = cluster.adds()
    carl = new.connects("carl", "carl's", attempt=1)
    cluster.goes_on(10)
    new.asks(carl, Say("new", 1))
    cluster.goes_on()
    beyond = new.connects("ann", "ann's", ResumePoint(epoch, newest, 2), attempt=2)
    before = new.connects("bob", "bob's", ResumePoint(epoch, kept), attempt=2)
    cluster.goes_on()
    gap, welcome, *_ = seen(new, beyond)
    assert gap == Missed(0)  # and not: nothing has happened since
    assert isinstance(welcome, Welcomed)
    assert not welcome.resumed
    assert welcome.seq > newest
    welcome, *told = seen(new, before)
    assert isinstance(welcome, Welcomed)
    assert welcome.resumed
    assert texts(told) == ["new"]
    assert {type(event) for event in told} == {Left, Joined, Said}
    assert not new.room.log.issued(newest)
    assert new.names() == ("carl", "ann", "bob")
