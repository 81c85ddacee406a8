"""chat/shared/order_shared.py: servers that share a log are one room, whatever fails between them and the log."""

from __future__ import annotations

import pytest

from chat import names
from chat.effects import Exited, LogLine, ReadAgain, Unicast
from chat.proposals import EndLost, Rename
from chat.session import Phase, Session
from chat.shared import own_proposals, replica
from chat.shared.checksums import place
from chat.shared.memory_link import Fault
from chat.shared.order_shared import CannotFollowError
from chat.shared.outage import AWAY, BACK, Outage
from chat.shared.shared_log import PAYLOAD_LIMIT, Append, KeepSnapshot, Kind, LogEntry, LostThread, Snapshot
from chat.shared.snapshot import snapshot_of
from protocol.errors import ErrorCode
from protocol.events import Asked, Joined, Left, Noticed, Pinged, Refused, Said, Welcomed
from protocol.requests import GoAway, ListHistory, Name, Nick, ResumePoint, Say
from tests.support.cluster import Cluster, ClusterServer


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def turns(cluster: Cluster) -> list[LogEntry]:
    return [entry for entry in cluster.log.entries if entry.kind is Kind.TURN]


# --- proposing -------------------------------------------------------------------------------------------------------


def test_what_one_server_proposes_all_apply_in_one_order(cluster: Cluster) -> None:  # N1
    first, second, third = cluster.servers
    ann, bob = first.connects("ann"), second.connects("bob")
    cluster.goes_on()
    for number in range(20):
        first.asks(ann, Say(f"a{number}"))
        second.asks(bob, Say(f"b{number}"))
        cluster.goes_on(0.1)
    cluster.goes_on()
    assert len(third.said()) == 40
    assert first.told == second.told == third.told
    assert cluster.is_one_room()
    assert {server.names() for server in cluster.servers} == {("ann", "bob")}


@pytest.mark.parametrize("server", range(3))
def test_a_name_goes_to_whom_the_log_has_first(cluster: Cluster, server: int) -> None:  # N1
    tries = [each.connects("ann") for each in [*cluster.servers[server:], *cluster.servers[:server]]]
    cluster.goes_on()
    assert [session.phase is Phase.CHATTING for session in tries].count(True) == 1
    assert cluster.servers[0].names() == ("ann",)


def test_nothing_is_told_before_it_has_been_read_back(cluster: Cluster) -> None:  # N5
    first, second, _ = cluster.servers
    ann = first.connects("ann")
    cluster.goes_on()
    first.link.fault = Fault.STALL
    first.asks(ann, Say("hi"))
    cluster.goes_on()
    assert first.said() == second.said() == []
    first.link.fault = Fault.NONE
    cluster.goes_on()
    assert first.said() == second.said() == ["hi"]


def test_the_proposals_of_a_turn_are_one_entry(cluster: Cluster) -> None:
    first, *_ = cluster.servers
    ann = first.connects("ann")
    cluster.goes_on()
    before = len(turns(cluster))
    for number in range(9):
        first.asks(ann, Say(f"#{number}"))
    cluster.goes_on()
    assert len(turns(cluster)) == before + 1
    assert first.said() == [f"#{number}" for number in range(9)]


def test_long_ones_are_cut_into_several_one_after_the_other(cluster: Cluster) -> None:  # N5
    first, second, _ = cluster.servers
    ann = first.connects("ann")
    cluster.goes_on()
    texts = [f"{number} " + "\N{GREEK SMALL LETTER ALPHA}" * 2_000 for number in range(50)]
    for text in texts:
        first.asks(ann, Say(text))
    cluster.goes_on(2)
    assert second.said() == texts
    sizes = [len(append.payload) for append in first.appends()[1:]]
    assert len(sizes) == 4
    assert max(sizes) <= PAYLOAD_LIMIT
    assert [append.count for append in first.appends()] == [1, 2, 3, 4, 5]


def test_one_that_no_entry_has_room_for_is_a_mistake_of_ours(cluster: Cluster) -> None:
    with pytest.raises(ValueError, match="a proposal of 700"):
        cluster.servers[0].proposes(None, EndLost(1, "x" * 70_000))


def test_who_comes_and_goes_before_the_log_knows_it_leaves_no_ghost(cluster: Cluster) -> None:
    first, second, _ = cluster.servers
    ann = first.connects("ann")
    first.loses(ann)
    cluster.goes_on()
    assert second.names() == first.names() == ()
    assert first.state.sessions == {}


def test_who_goes_while_its_coming_is_on_its_way_leaves_again(cluster: Cluster) -> None:
    first, second, _ = cluster.servers
    first.link.fault = Fault.STALL
    ann = first.connects("ann")
    cluster.goes_on(0.3)
    first.loses(ann)
    first.link.fault = Fault.NONE
    cluster.goes_on()
    assert second.names() == ()
    assert [type(event) for event in second.told] == [Joined, Left]


# --- what goes wrong on the way to the log ---------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.STALL])
def test_the_log_stopped_an_append_times_out_and_lands_later(cluster: Cluster, fault: Fault) -> None:  # N5
    first, second, _ = cluster.servers
    ann = first.connects("ann")
    cluster.goes_on()
    first.asks(ann, Say("one"))
    first.step(cluster.now)  # it is submitted
    first.link.fault = fault
    cluster.goes_on(3)
    first.asks(ann, Say("two"))
    cluster.goes_on(1)
    first.link.fault = Fault.NONE
    cluster.goes_on(2)
    assert first.said() == second.said() == ["one", "two"]
    assert cluster.is_one_room()


def test_an_append_whose_answer_is_lost_is_said_once(cluster: Cluster) -> None:  # N5
    first, second, _ = cluster.servers
    ann = first.connects("ann")
    cluster.goes_on()
    first.link.lose_answers = 1
    first.asks(ann, Say("one"))
    cluster.goes_on(0.5)
    first.asks(ann, Say("two"))
    cluster.goes_on(4)
    assert first.said() == second.said() == ["one", "two"]


def test_the_first_of_two_appends_is_cut_off(cluster: Cluster) -> None:  # N5
    first, second, _ = cluster.servers
    ann = first.connects("ann")
    cluster.goes_on()
    first.asks(ann, Say("one"))
    first.step(cluster.now)
    first.link.fault = Fault.CUT
    first.asks(ann, Say("two"))
    cluster.goes_on(0.3)
    first.link.fault = Fault.NONE
    cluster.goes_on(2)
    assert first.said() == second.said() == ["one", "two"]


def cut_all(cluster: Cluster, seconds: float) -> None:
    for server in cluster.servers:
        server.link.fault = Fault.CUT
    cluster.goes_on(seconds)
    for server in cluster.servers:
        server.link.fault = Fault.NONE
    cluster.goes_on(3)


def notices(server: ClusterServer, name: str) -> list[str]:
    session = next(session for session in server.heard if session.name == name)
    return [event.text for event in server.heard[session] if isinstance(event, Noticed)]


def test_the_log_is_down_for_10_s_nobody_left(cluster: Cluster) -> None:  # N5
    first, second, third = cluster.servers
    ann, _ = first.connects("ann"), second.connects("bob")
    cluster.goes_on()
    first.asks(ann, Say("before"))
    cut_all(cluster, 10)
    first.asks(ann, Say("after"))
    cluster.goes_on()
    assert third.said() == ["before", "after"]
    assert not [event for event in third.told if isinstance(event, Left)]
    assert {server.names() for server in cluster.servers} == {("ann", "bob")}


def test_an_outage_over_2_s_is_told_once_and_once_its_end(cluster: Cluster) -> None:  # N5
    first, second, _ = cluster.servers
    first.connects("ann")
    second.connects("bob")
    cluster.goes_on()
    cut_all(cluster, 1.5)
    assert notices(first, "ann") == []
    cut_all(cluster, 10)
    assert notices(first, "ann") == notices(second, "bob") == [AWAY, BACK]


def test_who_comes_in_an_outage_is_told_once_why_nothing_happens(cluster: Cluster) -> None:  # N5
    first, *_ = cluster.servers
    for server in cluster.servers:
        server.link.fault = Fault.CUT
    early, lost = first.connects("bob"), first.connects("dora")
    first.loses(lost)
    cluster.goes_on(5)
    late = first.connects("carl", "carl's")
    cluster.goes_on(5)
    told = [[event.text for event in first.heard[new] if isinstance(event, Noticed)] for new in (early, late, lost)]
    assert told == [[AWAY], [AWAY], []]
    for server in cluster.servers:
        server.link.fault = Fault.NONE
    cluster.goes_on(5)
    assert notices(first, "bob") == notices(first, "carl") == [AWAY]  # their coming in says the rest


def test_an_outage_begins_and_ends_once(cluster: Cluster) -> None:  # N5
    first, *_ = cluster.servers
    outage = Outage()
    ann = first.connects("ann")
    cluster.goes_on()
    assert outage.end(first.state) == []
    outage.begin(2.0)
    outage.begin(3.0)
    assert outage.tick(first.state, (), 4.0) == [Unicast(ann, Noticed(AWAY))]
    assert outage.end(first.state) == [Unicast(ann, Noticed(BACK))]
    assert outage.end(first.state) == outage.tick(first.state, (), 9.0) == []


def test_who_waits_for_an_answer_meanwhile_is_pinged_so_that_it_stays(cluster: Cluster) -> None:  # N5
    first, second, _ = cluster.servers
    ann = first.connects("ann", "ann's")
    first.connects("dora", "dora's")
    cluster.goes_on()
    for server in cluster.servers:
        server.link.fault = Fault.CUT
    first.asks(ann, Say("hi", 1))
    new, text = second.connects("bob", "bob's"), second.connects("carl")
    new.liveness.deadline = text.liveness.deadline = cluster.now + 7
    cluster.goes_on(16)
    pinged = {s: sum(isinstance(e, Pinged) for e in told) for each in cluster.servers for s, told in each.heard.items()}
    assert {session: count for session, count in pinged.items() if count} == {ann: 3, new: 3}
    assert new.liveness.deadline > cluster.now + 5  # its time to come in rests
    for server in cluster.servers:
        server.link.fault = Fault.NONE
    cluster.goes_on(3)
    assert first.names() == ("ann", "dora", "bob", "carl")


def test_at_most_a_mebibyte_is_held_then_talkers_are_not_read(cluster: Cluster) -> None:  # N5
    first, second, _ = cluster.servers
    ann, bob = first.connects("ann"), first.connects("bob")
    cluster.goes_on()
    first.link.fault = Fault.CUT
    said = 0
    while ann.listened_to:
        first.asks(ann, Say("x" * 4_000))
        said += 1
    assert 4_000 * (said - 1) <= own_proposals.HELD_LIMIT <= 4_100 * said
    assert bob.listened_to
    cluster.goes_on()
    assert not ann.listened_to
    first.link.fault = Fault.NONE
    cluster.goes_on(10)
    assert len(second.said()) == said
    assert ann.listened_to
    assert ReadAgain(ann) in first.effects


# --- servers that are gone -------------------------------------------------------------------------------------------


def test_a_killed_server_s_users_are_out_within_10_s_told_once(cluster: Cluster) -> None:  # N4
    first, second, third = cluster.servers
    first.connects("ann")
    second.connects("bob")
    cluster.goes_on()
    first.is_stopped = True
    cluster.goes_on(9)
    assert second.names() == third.names() == ("bob",)
    assert [event.name for event in second.told if isinstance(event, Left)] == ["ann"]
    second.connects("ann")
    cluster.goes_on()
    assert third.names() == ("bob", "ann")


def test_a_server_stopped_for_30_s_takes_its_users_in_again(cluster: Cluster) -> None:  # N4
    first, second, _ = cluster.servers
    ann, bob = first.connects("ann", "ann's"), second.connects("bob")
    cluster.goes_on()
    first.asks(ann, Say("one", 1))
    cluster.goes_on()
    first.asks(ann, GoAway("lunch"))
    cluster.goes_on()
    assert first.order.is_live
    with cluster.stopping(first, 30):
        second.asks(bob, Say("meanwhile"))
        cluster.goes_on()
        first.asks(ann, Say("two", 2))
    assert second.said() == ["one", "meanwhile", "two"]
    assert second.names() == first.names() == ("bob", "ann")
    assert ann.phase is Phase.CHATTING
    assert ann.listened_to
    assert first.effects.count(Exited(ann)) == 1
    assert ann.member is first.room.find("ann")
    assert cluster.is_one_room()
    found = second.room.find("ann")
    assert found is not None
    assert found.away == "lunch"


def test_it_comes_back_at_what_it_was_told_last(cluster: Cluster) -> None:  # N3, N4
    first, second, _ = cluster.servers
    ann, bob = first.connects("ann", "ann's"), second.connects("bob")
    cluster.goes_on()
    with cluster.stopping(first, 0):
        second.asks(bob, Say("while it was here"))
        cluster.goes_on(10)
        second.asks(bob, Say("while it was gone"))
        cluster.goes_on()
    told = first.heard[ann]
    assert [event.text for event in told if isinstance(event, Said)] == ["while it was here", "while it was gone"]
    numbers = [event.seq for event in told if isinstance(event, Said | Joined | Left)]
    assert numbers == list(range(numbers[0], numbers[0] + 5))
    assert [event.resumed for event in told if isinstance(event, Welcomed)] == [False, True]


def test_what_was_appended_before_it_was_declared_gone_is_not_said_again(cluster: Cluster) -> None:  # N4
    first, second, _ = cluster.servers
    ann = first.connects("ann")
    cluster.goes_on()
    first.asks(ann, Say("landed"))
    first.step(cluster.now)
    first.link.lose_answers = 1
    first.link.step(cluster.now)  # the log has it, and nobody here has read it
    first.asks(ann, Say("not yet"))
    cluster.stops(first, 12, after=4)
    assert second.said() == ["landed", "not yet"]


def loses_her_name(cluster: Cluster) -> Session:
    """Return ann's session at the first server, which was stopped while another took her name; "hi" is on its way."""
    first, second, _ = cluster.servers
    ann = first.connects("ann", "ann's")
    cluster.goes_on()
    with cluster.stopping(first):
        second.connects("Ann")
        first.asks(ann, Say("hi", 1))
        cluster.goes_on()
    return ann


def test_whose_name_was_taken_meanwhile_is_asked_for_another_one(cluster: Cluster) -> None:  # N4
    first, second, _ = cluster.servers
    ann = loses_her_name(cluster)
    told = first.heard[ann][-2:]
    assert [type(event) for event in told] == [Refused, Asked]
    assert isinstance(told[0], Refused)
    assert told[0].number == ErrorCode.NAME_LOST.number
    assert ann.phase is Phase.NAMELESS
    assert ann.listened_to
    assert ann.liveness.deadline == cluster.servers[0].state.now + 60 or ann.liveness.deadline > cluster.now
    first.asks(ann, Name("anna"))
    cluster.goes_on()
    assert second.said() == ["hi"]  # as anna
    assert second.names() == ("Ann", "anna")


def test_who_asks_for_messages_before_it_has_another_name_is_still_heard(cluster: Cluster) -> None:  # N4
    first, second, _ = cluster.servers
    ann = loses_her_name(cluster)
    first.asks(ann, ListHistory(cseq=2))  # "hi" waits for the name, so this can't wait for "hi"
    assert ann.listened_to
    first.asks(ann, Name("anna"))
    cluster.goes_on()
    assert second.said() == ["hi"]


def test_a_line_of_who_lost_its_name_meanwhile_is_no_name_and_not_refused(cluster: Cluster) -> None:  # N4
    first, second, _ = cluster.servers
    ann = first.connects("ann", "ann's")
    cluster.goes_on()
    with cluster.stopping(first):
        second.connects("Ann")
        cluster.goes_on()
    before = len(first.heard[ann])
    first.asks(ann, Say("hi", 1))
    assert first.heard[ann][before:] == []
    first.asks(ann, Nick("anna", 2))
    assert [type(event) for event in first.heard[ann][before:]] == [Asked]
    cluster.stops(first)
    assert first.names() == ("Ann",)
    assert ann.phase is Phase.NAMELESS


def test_a_renaming_that_was_in_the_log_by_then_holds(cluster: Cluster) -> None:
    first, second, _ = cluster.servers
    ann = first.connects("ann")
    cluster.goes_on()
    first.asks(ann, Nick("anna"))
    first.step(cluster.now)
    first.link.lose_answers = 1
    first.link.step(cluster.now)
    cluster.stops(first)
    assert second.names() == ("anna",)


def test_a_newcomer_whose_coming_was_in_the_log_by_then_comes_in(cluster: Cluster) -> None:
    first, second, _ = cluster.servers
    ann = first.connects("ann")
    first.step(cluster.now)
    first.link.lose_answers = 1
    first.link.step(cluster.now)
    cluster.stops(first)
    assert second.names() == ("ann",)
    assert ann.phase is Phase.CHATTING


def test_it_comes_in_for_an_earlier_connection_that_another_server_has_brought_back(cluster: Cluster) -> None:  # N3, N4
    first, second, third = cluster.servers
    tries = []
    for attempt, server in enumerate((first, second), 1):
        tries.append(server.connects("ann", "ann's", attempt=attempt))
        server.step(cluster.now)
        server.link.lose_answers = 1
        server.link.step(cluster.now)  # the log has its coming, and that the earlier one has left
        server.is_stopped = True
    cluster.goes_on(12)
    for server in (first, second):
        server.is_stopped = False
        cluster.goes_on(3)
    assert (first.closed(), second.closed()) == (tries[:1], [])
    assert tries[1].phase is Phase.CHATTING
    assert first.names() == third.names() == ("ann",)


def test_who_goes_while_it_is_entered_again_does_not_come_back(cluster: Cluster) -> None:
    first, second, _ = cluster.servers
    ann = first.connects("ann")
    cluster.goes_on()
    cluster.stops(first, after=0)
    while not ann.stalled:
        cluster.goes_on(0.1)
    first.loses(ann)
    cluster.goes_on(3)
    assert second.names() == first.names() == ()
    cluster.stops(first)
    assert second.names() == ()


def test_a_server_may_be_declared_gone_again_and_again(cluster: Cluster) -> None:  # N4
    first, second, _ = cluster.servers
    ann = first.connects("ann")
    cluster.goes_on()
    first.asks(ann, Say("one"))
    for seconds in (10, 0.1, 12, 0.4, 30):
        cluster.stops(first, seconds, after=0.2)
    cluster.goes_on(5)
    assert second.said() == ["one"]
    assert second.names() == ("ann",)
    assert cluster.is_one_room()


def test_a_server_that_shuts_down_takes_its_users_with_it(cluster: Cluster) -> None:
    first, second, _ = cluster.servers
    first.connects("ann")
    second.connects("bob")
    cluster.goes_on()
    first.order.close()
    first.step(cluster.now)
    first.step(cluster.now)
    first.is_stopped = True
    cluster.goes_on(0.3)
    assert second.names() == ("bob",)


# --- a log that has lost its end -------------------------------------------------------------------------------------


def lost_end(cluster: Cluster) -> tuple[object, str]:
    """Let ann and bob talk; return what the log had saved by the middle of it, and the epoch."""
    first, second, _ = cluster.servers
    ann, bob = first.connects("ann", "ann's"), second.connects("bob", "bob's")
    cluster.goes_on()
    first.asks(ann, Say("kept", 1))
    cluster.goes_on()
    saved = cluster.log.saved()
    first.asks(ann, Say("lost", 2))
    second.asks(bob, Say("lost, too", 1))
    cluster.goes_on()
    return saved, first.room.epoch


def test_the_end_of_the_log_is_cut_and_another_epoch_begins_everywhere(cluster: Cluster) -> None:  # N6
    saved, epoch = lost_end(cluster)
    first, _, third = cluster.servers
    newest = first.room.log.seq
    cluster.log.restart("second", saved)
    cluster.goes_on(8)
    assert {server.room.epoch for server in cluster.servers} != {epoch}
    assert len({server.room.epoch for server in cluster.servers}) == 1
    assert sorted(third.names()) == ["ann", "bob"]
    assert first.room.log.seq > newest
    assert not first.room.log.issued(newest)
    assert cluster.is_one_room()
    for server in cluster.servers:  # no number has two meanings
        numbers = [event.seq for event in server.told]
        assert len(set(numbers)) == len(numbers)


def test_a_client_is_told_the_new_epoch_by_a_server_that_lost_nothing(cluster: Cluster) -> None:  # N6
    first, second, _ = cluster.servers
    ann, bob = second.connects("ann", "ann's"), second.connects("bob")
    cluster.goes_on()
    before, heard_by_bob = len(second.heard[ann]), len(second.heard[bob])
    first.proposes(None, EndLost(first.room.log.seq, "another"))
    first.proposes(None, EndLost(first.room.log.seq - 1, "a third"))
    cluster.goes_on()
    assert {server.room.epoch for server in cluster.servers} == {"another"}
    told = second.heard[ann][before:]
    assert [event.epoch for event in told if isinstance(event, Welcomed)] == ["another"]
    assert not any(isinstance(event, Welcomed) for event in second.heard[bob][heard_by_bob:])


def test_a_log_that_was_restarted_whole_goes_on_in_its_epoch(cluster: Cluster) -> None:  # N6
    _, epoch = lost_end(cluster)
    first, second, _ = cluster.servers
    cluster.log.restart("second")
    cluster.goes_on(8)
    assert first.room.epoch == epoch
    assert first.names() == ("ann", "bob")
    assert not [event for event in second.told if isinstance(event, Left)]


def test_another_log_under_the_name_is_another_room_with_the_same_users(cluster: Cluster) -> None:  # N6
    _, epoch = lost_end(cluster)
    first, second, _ = cluster.servers
    empty = Cluster(0).log
    cluster.log.restart("second", empty.saved())
    cluster.goes_on(12)
    assert first.room.epoch == cluster.log.entries[0].mark[:16] != epoch  # it has a name of its own
    assert sorted(first.names()) == sorted(second.names()) == ["ann", "bob"]
    assert cluster.is_one_room()


def test_a_second_loss_to_before_the_first_one_is_another_epoch_too(cluster: Cluster) -> None:  # N6
    saved, epoch = lost_end(cluster)
    epochs = [epoch]
    for origin in ("second", "third"):
        cluster.log.restart(origin, saved)
        cluster.goes_on(8)
        epochs.append(cluster.servers[0].room.epoch)
    assert len(set(epochs)) == 3
    assert cluster.is_one_room()


def test_the_epoch_that_a_server_s_life_could_not_begin_its_next_one_begins(cluster: Cluster) -> None:  # N6
    _, epoch = lost_end(cluster)
    first, second, _ = cluster.servers
    for result in (LostThread(), Snapshot(None, end_lost=True), LostThread()):
        first.order.receive(result, cluster.now)
    cluster.goes_on(3)
    assert first.room.epoch == second.room.epoch != epoch
    assert sorted(second.names()) == ["ann", "bob"]


def test_who_is_still_there_is_not_replaced_by_its_ghost_in_a_log_without_its_end(cluster: Cluster) -> None:  # N6
    first, second, third = cluster.servers
    first.connects("ann", "ann's", attempt=1)
    cluster.goes_on()
    saved = cluster.log.saved()
    ann = second.connects("ann", "ann's", ResumePoint(first.room.epoch, first.room.log.seq), attempt=2)
    cluster.goes_on()
    assert first.closed()
    first.is_stopped = True  # with the log's end it is forgotten that its user has left
    cluster.log.restart("second", saved)
    cluster.goes_on(4)
    assert second.closed() == []
    assert ann.phase is Phase.CHATTING
    assert third.names() == ("ann",)


def test_an_earlier_life_that_is_open_again_in_a_log_without_its_end_is_closed(cluster: Cluster) -> None:  # N6
    first, second, _ = cluster.servers
    text, ann = first.connects("bob"), first.connects("ann", "ann's", attempt=1)
    cluster.goes_on()
    saved = cluster.log.saved()
    first.is_stopped = True
    cluster.goes_on(10)
    first.is_stopped = False
    cluster.goes_on(3)  # it begins again
    cluster.log.restart("second", saved)
    cluster.goes_on(3)
    assert text.phase is ann.phase is Phase.CHATTING
    assert first.closed() == []
    assert second.names() == ("bob", "ann")


# --- snapshots -------------------------------------------------------------------------------------------------------


def talks(cluster: Cluster, server: ClusterServer, count: int) -> None:
    session = next(iter(server.state.sessions.values()))
    for number in range(count):
        server.asks(session, Say(f"#{number}", number + 1))
        cluster.goes_on(0.2)


@pytest.fixture
def snapshots_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "SNAPSHOT_ENTRIES", 5)


@pytest.mark.usefixtures("snapshots_often")
def test_a_server_that_starts_needs_a_snapshot_and_the_newest_entries(cluster: Cluster) -> None:  # N8
    first, *_ = cluster.servers
    first.connects("ann", "ann's")
    cluster.goes_on()
    talks(cluster, first, 60)
    assert [command for command in first.commands if isinstance(command, KeepSnapshot)]
    assert len(cluster.log.entries) < 100
    new = cluster.adds()
    cluster.goes_on(2)
    assert new.names() == ("ann",)
    assert new.room.log.messages(100, "") == first.room.log.messages(100, "")
    assert cluster.is_one_room()


@pytest.mark.usefixtures("snapshots_often")
def test_a_server_stopped_past_the_trimming_begins_again(cluster: Cluster) -> None:  # N4, N8
    first, _, third = cluster.servers
    first.connects("ann", "ann's")
    dora = third.connects("dora")
    cluster.goes_on()
    with cluster.stopping(third, 0, after=5):
        read = third.order.replica.id
        talks(cluster, first, 60)
        assert cluster.log.entries[0].id > read
    assert third.names() == first.names() == ("ann", "dora")
    assert third.room.epoch == first.room.epoch
    assert dora.phase is Phase.CHATTING
    assert cluster.is_one_room()


@pytest.mark.usefixtures("snapshots_often")
def test_a_snapshot_from_a_lost_end_then_a_start(cluster: Cluster) -> None:  # N6, N8
    first, *_ = cluster.servers
    first.connects("ann", "ann's")
    cluster.goes_on()
    talks(cluster, first, 20)
    saved = cluster.log.saved()
    talks(cluster, first, 3)
    room = first.order.replica
    kept = KeepSnapshot(room.id, room.mark, snapshot_of(room.room, room.opened))  # of what is lost now
    cluster.log.restart("second", saved)
    first.link.submit(kept)
    cluster.goes_on(8)
    new = cluster.adds()
    cluster.goes_on(3)
    assert new.names() == first.names() == ("ann",)
    assert cluster.is_one_room()


# --- rooms that differ -----------------------------------------------------------------------------------------------


@pytest.fixture
def sums_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "SUM_EVERY", 1)


def spoil(server: ClusterServer) -> None:
    """Let a bit of a server's memory be another one."""
    server.room.operators |= {"mallory"}


@pytest.mark.usefixtures("sums_always")
def test_a_room_that_differs_is_made_anew_from_the_log(cluster: Cluster) -> None:  # N7
    first, second, third = cluster.servers
    ann, dora = first.connects("ann"), third.connects("dora")
    cluster.goes_on()
    spoil(third)
    assert not cluster.is_one_room()
    first.asks(ann, Say("hi"))
    cluster.goes_on(8)
    assert cluster.is_one_room()
    assert sorted(third.names()) == ["ann", "dora"]
    assert dora.phase is Phase.CHATTING
    begun = "This server begins again in the shared log: its room differs from those of the other servers"
    assert [server.effects.count(LogLine(begun)) for server in (first, second, third)] == [0, 0, 1]


@pytest.mark.usefixtures("sums_always")
def test_one_that_still_differs_then_stops_with_a_dump(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:  # N7
    first, _, third = cluster.servers
    first.connects("ann")
    cluster.goes_on()
    read = third.order.replica.read

    def reading(entry: LogEntry) -> object:
        spoil(third)
        return read(entry)

    monkeypatch.setattr(third.order.replica, "read", reading)
    with pytest.raises(CannotFollowError, match="its room differs") as stopped:
        talks(cluster, first, 60)
    assert b'"mallory"' in stopped.value.dump
    third.is_stopped = True
    cluster.goes_on(9)
    assert first.names() == ("ann",)


@pytest.mark.usefixtures("sums_always")
@pytest.mark.parametrize("spoilt", [0, 1])
def test_of_two_both_make_their_rooms_anew_since_nobody_knows_which_is_wrong(spoilt: int) -> None:  # N7
    cluster = Cluster(1)
    cluster.adds()
    cluster.goes_on()
    old, young = cluster.servers
    old.connects("ann")
    young.connects("bob")
    cluster.goes_on()
    spoil(cluster.servers[spoilt])
    talks(cluster, old, 30)
    assert cluster.is_one_room()
    assert sorted(old.names()) == ["ann", "bob"]
    assert not old.room.operators


@pytest.mark.usefixtures("sums_always", "snapshots_often")
def test_a_server_that_began_with_a_snapshot_knows_who_else_is_there(cluster: Cluster) -> None:  # N7, N8
    first, *_ = cluster.servers
    first.connects("ann", "ann's")
    cluster.goes_on()
    talks(cluster, first, 60)
    opened = first.order.replica.opened
    assert cluster.log.entries[0].id > max(opened.values(), key=place)  # they began before what is left of the log
    new = cluster.adds()
    cluster.goes_on(2)
    assert new.order.replica.opened == opened
    assert len(opened) == 4


@pytest.mark.usefixtures("sums_always", "snapshots_often")
def test_the_snapshot_of_a_room_that_differs_is_not_kept(cluster: Cluster) -> None:  # N7, N8
    first, second, third = cluster.servers
    first.connects("ann", "ann's")
    cluster.goes_on()
    talks(cluster, first, 60)
    new = cluster.adds()
    new.connects("bob", "bob's")
    cluster.goes_on(2)
    for server in (first, second, third):
        server.link.fault = Fault.CUT
    spoil(new)
    kept = len(new.commands)
    talks(cluster, new, 10)  # for 2 s, in which nobody is declared gone
    assert [command for command in new.commands[kept:] if isinstance(command, Append)]
    assert not [command for command in new.commands[kept:] if isinstance(command, KeepSnapshot)]


def test_an_entry_of_checksums_alone_asks_for_no_checksum_and_no_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "SNAPSHOT_ENTRIES", 1)
    for payload, is_due in (
        (b'{"p":[],"sum":[["1-0","ab",false]]}', False),
        (b'{"p":[[7,["leave","bye"]]]}', True),
    ):
        entry = LogEntry("2-0", 0.0, Kind.TURN, "a" * 16, 1, "", "0" * 40, payload)
        assert replica.is_snapshot_due(entry) is replica.is_summed(entry) is is_due


def test_an_entry_that_is_not_understood_stops_the_server(cluster: Cluster) -> None:  # N7
    first, *_ = cluster.servers
    first.connects("ann")
    cluster.goes_on()
    first.link.submit(Append(first.order.incarnation, 2, b'{"p":[[1,["dance"]]]}'))
    with pytest.raises(CannotFollowError, match="no proposal that is known here"):
        cluster.goes_on()


def test_so_does_a_snapshot_that_is_none(cluster: Cluster) -> None:
    with pytest.raises(CannotFollowError, match="the newest snapshot: it can't be read"):
        Cluster(1).adds().order.receive(Snapshot(b"7"), 0.0)


def test_two_versions_with_other_reserved_words_are_one_room(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:  # N1
    first, second, third = cluster.servers
    monkeypatch.setattr(names, "is_reserved", lambda name: name == "ann")
    ann = first.connects("ann")
    cluster.goes_on()
    first.proposes(ann, Rename("anna", "as another version sees it"))
    cluster.goes_on()
    third.connects("anna")
    second.connects("eve")
    first.loses(ann)
    cluster.goes_on()
    third.connects("anna")
    cluster.goes_on()
    assert second.names() == ("eve", "anna")
    assert cluster.is_one_room()
