"""chat/shared/reentry.py: what sessions are told that come in again after their server could not hear the log (N4)."""

from __future__ import annotations

import pytest

from chat.effects import Unicast
from chat.log import Entry, Log
from chat.proposals import Operators, SetAccount
from chat.resume import catch_up
from chat.session import Session
from chat.shared.memory_link import Fault
from protocol.errors import ErrorCode
from protocol.events import HistoryListed, Noticed, Refused, Said, Whispered
from protocol.requests import Kick, ListHistory, Nick, ResumePoint, Say, Search, Whisper
from tests.support.cluster import Cluster, ClusterServer


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def test_who_was_kicked_while_its_server_was_cut_off_stays_out(cluster: Cluster) -> None:  # N4, M2
    first, second, _ = cluster.servers
    ann, bob, carl = first.connects("ann"), second.connects("bob", "bob's"), second.connects("carl")
    cluster.goes_on()
    appoint(cluster, ann)
    second.asks(bob, Nick("rob"))
    cluster.goes_on()
    second.link.fault = Fault.STALL
    second.asks(bob, Say("hi"))
    for name, reason in (("rob", "too loud"), ("carl", None), ("nobody", None)):
        first.asks(ann, Kick(name, reason))
    cluster.goes_on(12)
    assert first.names() == ("ann",)
    again = first.connects("rob")  # somebody else, who is not kicked, as the log has it
    cluster.goes_on(3)
    second.link.fault = Fault.NONE
    cluster.goes_on(5)
    assert cluster.is_one_room()
    assert first.names() == second.names() == ("ann", "rob")
    assert second.closed() == [bob, carl]
    assert refused(second, bob) == [(ErrorCode.KICKED.number, "ann has removed you from the chat: too loud.")]
    assert refused(second, carl) == [(ErrorCode.KICKED.number, "ann has removed you from the chat.")]
    assert again.named
    assert "hi" not in first.said()


def test_so_does_one_who_was_kicked_by_a_name_that_it_took_just_before(cluster: Cluster) -> None:  # N4, M2
    first, second, _ = cluster.servers
    ann, other, bob = first.connects("ann"), first.connects("rob"), second.connects("bob")
    cluster.goes_on()
    appoint(cluster, ann)
    first.loses(other)
    cluster.goes_on()
    second.asks(bob, Nick("rob"))
    second.step(cluster.now)
    second.link.lose_answers = 1
    second.link.step(cluster.now)
    second.is_stopped = True
    cluster.goes_on(0.5)
    assert first.names() == ("ann", "rob")
    first.asks(ann, Kick("rob"))
    cluster.goes_on(15)
    second.is_stopped = False
    cluster.goes_on(5)
    assert (first.names(), second.names(), second.closed()) == (("ann",), ("ann",), [bob])


def test_a_name_that_was_registered_meanwhile_is_its_owner_s(cluster: Cluster) -> None:  # N4, M8
    first, second, _ = cluster.servers
    bob = second.connects("bob")
    cluster.goes_on()
    second.is_stopped = True
    cluster.goes_on(12)
    owner = first.connects("bob")
    cluster.goes_on()
    first.proposes(owner, SetAccount("bob", "a record"))
    cluster.goes_on()
    first.loses(owner)
    second.is_stopped = False
    cluster.goes_on(5)
    assert first.names() == ()
    assert ErrorCode.NAME_LOST.number in [number for number, _ in refused(second, bob)]
    assert not bob.closing


def test_a_text_user_is_told_the_whispers_that_came_while_its_server_was_stopped(cluster: Cluster) -> None:  # N4
    first, second, _ = cluster.servers
    ann, bob = first.connects("ann"), second.connects("bob")
    cluster.goes_on()
    second.asks(bob, Whisper("ann", "from me"))
    second.step(cluster.now)
    second.is_stopped = True
    first.asks(ann, Whisper("bob", "for you"))
    first.asks(ann, Say("for all"))
    cluster.goes_on(15)
    assert first.names() == ("ann",)
    before = len(second.heard[bob])
    second.is_stopped = False
    cluster.goes_on(5)
    told = second.heard[bob][before:]
    assert [event.text for event in told if isinstance(event, Whispered | Said)] == ["for you", "for all"]
    assert Noticed("Whispered to ann.") in told


def test_what_was_said_just_before_is_in_what_is_asked_for(cluster: Cluster) -> None:  # N1
    first, *_ = cluster.servers
    ann = first.connects("ann")
    cluster.goes_on()
    first.link.fault = Fault.STALL
    first.asks(ann, Say("a fox"))
    first.asks(ann, ListHistory())
    first.asks(ann, Search("fox"))
    cluster.goes_on(1)
    assert not [event for event in first.heard[ann] if isinstance(event, HistoryListed)]
    first.link.fault = Fault.NONE
    cluster.goes_on(1)
    (found,) = [event for event in first.heard[ann] if isinstance(event, HistoryListed)]
    assert [past.text for past in found.entries] == ["a fox"]
    assert first.order.holds_back(ann, Search("fox")) is ann.waiting is False


def test_who_asks_and_leaves_before_the_answer_is_forgotten(cluster: Cluster) -> None:
    first, *_ = cluster.servers
    ann = first.connects("ann")
    cluster.goes_on()
    first.asks(ann, Say("a fox"))
    first.asks(ann, ListHistory())
    first.loses(ann)
    cluster.goes_on()
    assert not [event for event in first.heard[ann] if isinstance(event, HistoryListed)]
    assert not first.state.lane


def appoint(cluster: Cluster, session: Session) -> None:
    """Make the user of `session`, at the first server, an operator."""
    first = cluster.servers[0]
    first.proposes(session, SetAccount(session.key, "a record"))
    first.proposes(None, Operators(frozenset({session.key}), frozenset()))
    cluster.goes_on()
    assert first.state.is_operator(session)


def refused(server: ClusterServer, session: Session) -> list[tuple[int, str]]:
    return [(event.number, event.text) for event in server.heard[session] if isinstance(event, Refused)]


def test_a_text_user_s_own_whisper_that_its_server_missed_is_told_to_have_arrived() -> None:  # N4, D14
    session = Session("192.0.2.1:1")
    session.claim.former, session.claim.resume = "seat 1", ResumePoint("epoch", 1)
    own = Entry(Whispered(2, "bob", "ann", "from me", 0), 0, "seat 1", "ann's")
    other = Entry(Whispered(3, "ann", "bob", "for you", 0), 0, "ann's", "seat 1")
    effects = catch_up(session, True, Log([own, other], 3), 20)
    assert effects == [Unicast(session, Noticed("Whispered to ann.")), Unicast(session, other.event)]
