"""chat/shared/log_client.py, by memory_link.py over memory_log.py: servers that share a log, and faults (N1, N4-N6)."""

from __future__ import annotations

import pytest

from chat.shared.log_client import LogClient, Side
from chat.shared.log_store import Position
from chat.shared.memory_link import RETRY, TIMEOUT, Fault, MemoryLink
from chat.shared.memory_log import MemoryLog
from chat.shared.shared_log import (
    Append,
    Appended,
    Beat,
    Beats,
    Close,
    Command,
    DeclareGone,
    Entries,
    KeepSnapshot,
    Kind,
    LostThread,
    Open,
    Opened,
    Reachable,
    Refused,
    RefusedBecause,
    Result,
    Rewind,
    Snapshot,
    Unreachable,
)

ANN, BOB = "a" * 16, "b" * 16


class Party:
    """Two servers, ann and bob, and their log, in a time of their own."""

    def __init__(self, latency: float = 0.0) -> None:
        self.log = MemoryLog(now=1000.0)
        self.links = {name: MemoryLink(self.log, lambda: latency) for name in (ANN, BOB)}

    def does(self, who: str, *commands: Command) -> list[Result]:
        """Give commands to a server's link; return what comes of them at once."""
        for command in commands:
            self.links[who].submit(command)
        return self.links[who].step(self.log.now)

    def after(self, seconds: float, who: str) -> list[Result]:
        self.log.now += seconds
        return self.does(who)

    def begins(self, *servers: str) -> None:
        for who in servers:
            self.does(who, Rewind(), Open(who, b"rules"))
        for who in servers:  # so that all have read all
            self.does(who)

    def read(self, results: list[Result]) -> list[tuple[Kind, str, int, bytes]]:
        """Return the entries among `results`."""
        batches = [result.entries for result in results if isinstance(result, Entries)]
        return [(entry.kind, entry.incarnation, entry.count, entry.payload) for batch in batches for entry in batch]


@pytest.fixture
def party() -> Party:
    made = Party()
    made.begins(ANN, BOB)
    return made


def test_a_server_begins_with_the_empty_room_and_reads_its_own_beginning() -> None:
    party = Party()
    rewound, opened, *entries = party.does(ANN, Open(ANN, b"rules"), Rewind())
    assert (rewound, opened) == (Snapshot(None), Opened(ANN))
    assert party.read(entries) == [(Kind.RUN, ANN, 0, b""), (Kind.OPEN, ANN, 0, b"rules")]


def test_what_one_server_appends_all_read(party: Party) -> None:
    assert party.does(ANN, Append(ANN, 1, b"hi"))[0] == Appended(1)
    assert party.read(party.does(BOB, Append(BOB, 1, b"hello"))) == [
        (Kind.TURN, ANN, 1, b"hi"),
        (Kind.TURN, BOB, 1, b"hello"),
    ]
    assert party.read(party.does(ANN)) == [(Kind.TURN, BOB, 1, b"hello")]
    entry = party.log.entries[-1]
    assert (entry.id, entry.at, entry.prev) == ("1000000-4", 1000.0, party.log.entries[-2].mark)


def test_a_call_takes_its_time_both_ways() -> None:
    party = Party(latency=0.25)
    assert party.does(ANN, Rewind()) == []
    assert party.after(0.25, ANN) == []
    assert party.after(0.25, ANN) == [Snapshot(None)]


def test_an_append_whose_answer_is_lost_is_repeated_and_gets_in_once(party: Party) -> None:  # N5
    party.links[ANN].lose_answers = 1
    results = party.does(ANN, Append(ANN, 1, b"hi"))
    assert party.read(results) == [(Kind.TURN, ANN, 1, b"hi")]
    assert party.after(TIMEOUT, ANN) == [Unreachable()]
    assert party.after(RETRY, ANN) == [Reachable(), Appended(1)]
    assert party.read(party.does(BOB)) == [(Kind.TURN, ANN, 1, b"hi")]


def test_an_append_that_lands_late_gets_in_once(party: Party) -> None:  # N5
    party.links[ANN].fault = Fault.STALL
    assert party.does(ANN, Append(ANN, 1, b"hi")) == []
    assert party.after(TIMEOUT, ANN) == [Unreachable()]
    assert party.after(RETRY, ANN) == []
    party.links[ANN].fault = Fault.NONE
    results = party.after(1.0, ANN)
    assert Reachable() in results
    assert Appended(1) in results
    assert party.read(results) == [(Kind.TURN, ANN, 1, b"hi")]


def test_nothing_is_lost_while_the_log_is_cut_off_but_what_comes_again(party: Party) -> None:  # N5
    party.links[ANN].fault = Fault.CUT
    newest = party.log.entries[-1]
    dropped = DeclareGone(BOB, 0), KeepSnapshot(newest.id, newest.mark, b"")
    assert party.does(ANN, Append(ANN, 1, b"hi"), Beat(ANN), *dropped, Beat(ANN)) == [Unreachable()]
    assert party.after(0.1, ANN) == []
    party.does(BOB, Append(BOB, 1, b"hello"))
    party.links[ANN].fault = Fault.NONE
    results = party.after(RETRY, ANN)
    others = [result for result in results if not isinstance(result, Entries)]
    assert others == [Appended(1), Reachable(), Beats({ANN: 1, BOB: 0})]
    assert party.read(results) == [(Kind.TURN, BOB, 1, b"hello"), (Kind.TURN, ANN, 1, b"hi")]


def test_a_server_whose_beats_stand_still_is_declared_gone_once(party: Party) -> None:  # N4
    assert party.does(BOB, Beat(BOB)) == [Beats({ANN: 0, BOB: 1})]
    assert party.does(BOB, Beat(BOB)) == [Beats({ANN: 0, BOB: 2})]
    assert party.read(party.does(BOB, DeclareGone(ANN, 1), Beat(BOB))) == []
    assert party.read(party.does(BOB, DeclareGone(ANN, 0), DeclareGone(ANN, 0))) == [(Kind.GONE, ANN, 1, b"")]
    assert party.does(BOB, Beat(BOB)) == [Beats({BOB: 4})]


def test_one_that_wakes_up_is_refused_and_begins_again(party: Party) -> None:  # N4
    party.does(BOB, DeclareGone(ANN, 0))
    refused, *_ = party.does(ANN, Append(ANN, 1, b"hi"), Beat(ANN), Close(ANN))
    assert refused == Refused(ANN, RefusedBecause.GONE)
    rewound, *results = party.does(ANN, Rewind(), Open("c" * 16))
    assert rewound == Snapshot(None)
    assert Opened("c" * 16) in results
    party.does(BOB, DeclareGone("c" * 16, 0))
    assert party.does(ANN, Beat("c" * 16))[0] == Refused("c" * 16, RefusedBecause.GONE)


def test_a_log_that_was_started_again_goes_on_after_each_has_found_its_place(party: Party) -> None:  # N5
    party.log.restart("another")
    assert Appended(1) in party.does(ANN, Append(ANN, 1, b"hi"))
    results = party.does(BOB, Beat(BOB))
    assert Beats({ANN: 0, BOB: 1}) in results
    assert party.read(results) == [(Kind.RUN, ANN, 0, b""), (Kind.TURN, ANN, 1, b"hi")]


def test_one_that_has_read_what_was_lost_appends_nothing_more(party: Party) -> None:  # N6
    saved = party.log.saved()
    party.does(BOB, Append(BOB, 1, b"lost"))
    party.does(ANN)
    party.log.restart("another", saved)
    before = len(party.log.entries)
    assert party.does(ANN, Append(ANN, 1, b"hi"), Beat(ANN)) == [LostThread()]
    assert len(party.log.entries) == before
    rewound, *results = party.does(ANN, Close(ANN), Rewind(), Open("c" * 16))
    assert rewound == Snapshot(None, end_lost=True)
    assert Opened("c" * 16) in results
    kinds = [Kind.RUN, Kind.OPEN, Kind.OPEN, Kind.RUN, Kind.CLOSE, Kind.OPEN]
    assert [kind for kind, *_ in party.read(results)] == kinds


def test_one_that_opens_when_what_it_read_is_lost_begins_again(party: Party) -> None:  # N6
    saved = party.log.saved()
    party.does(BOB, Append(BOB, 1, b"lost"))
    party.does(ANN)
    party.log.restart("another", saved)
    assert party.does(ANN, Open("c" * 16)) == [LostThread()]
    assert party.does(ANN, Rewind())[0] == Snapshot(None, end_lost=True)


def test_after_a_failure_what_was_read_last_is_looked_for(party: Party) -> None:  # N6
    saved = party.log.saved()
    party.does(BOB, Append(BOB, 1, b"lost"))
    party.does(ANN)
    party.links[ANN].fault = Fault.CUT
    assert party.does(ANN) == [Unreachable()]
    party.log.restart("another", saved)
    party.links[ANN].fault = Fault.NONE
    assert party.after(RETRY, ANN) == [LostThread()]
    assert party.does(ANN) == []
    results = party.does(ANN, Close(ANN), Rewind())
    assert results[:2] == [Reachable(), Snapshot(None, end_lost=True)]


def snapshots(party: Party) -> None:
    """Let ann keep snapshots one after the other, so that all before the last but one is trimmed."""
    for count in (1, 2, 3):
        party.does(ANN, Append(ANN, count, b"%d" % count))
        entry = party.log.entries[-1]
        party.does(ANN, KeepSnapshot(entry.id, entry.mark, b"room %d" % count))


def test_a_server_stopped_past_the_trimming_begins_with_the_snapshot(party: Party) -> None:  # N8
    snapshots(party)
    assert party.does(BOB) == [LostThread()]
    last = party.log.entries[-1]
    assert party.does(BOB, Rewind()) == [Snapshot(b"room 3", last.id, last.mark)]


def test_one_that_is_new_begins_with_the_snapshot(party: Party) -> None:  # N8
    snapshots(party)
    party.does(BOB, Append(BOB, 1, b"more"))
    link = MemoryLink(party.log)
    link.submit(Rewind())
    rewound, entries = link.step(party.log.now)
    assert isinstance(rewound, Snapshot)
    assert (rewound.blob, rewound.end_lost) == (b"room 3", False)
    assert party.read([entries]) == [(Kind.TURN, BOB, 1, b"more")]


def test_a_snapshot_that_comes_when_the_log_was_started_again_is_dropped(party: Party) -> None:  # N8
    last = party.log.entries[-1]
    party.log.restart("another")
    assert party.does(ANN, KeepSnapshot(last.id, last.mark, b"room")) == []
    assert Appended(1) in party.does(ANN, Append(ANN, 1, b"more"))
    assert party.log.rewind(Position()).snapshot is None


def test_a_server_stopped_past_the_trimming_of_a_log_that_was_started_again_may_have_read_what_was_lost(
    party: Party,
) -> None:  # N6
    snapshots(party)
    party.log.restart("another")
    assert party.does(BOB) == [LostThread()]
    rewound, *_ = party.does(BOB, Rewind())
    assert isinstance(rewound, Snapshot)
    assert rewound.end_lost


# --- two calls that cross ---------------------------------------------------------------------------------------------


class Crossing:
    """A client whose calls are carried out, and answered, when the test says so."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.client = LogClient()
        self.client.submit(Rewind())
        assert self.reads() == [Snapshot(None)]
        self.client.submit(Open(ANN))
        assert self.writes() == [Opened(ANN)]
        assert len(self.reads()) == 1

    def writes(self) -> list[Result]:
        call = self.client.next_write()
        assert call is not None
        return self.client.written(call(self.log))

    def reads(self) -> list[Result]:
        call = self.client.next_read()
        assert call is not None
        return self.client.read(call(self.log))


def test_what_was_appended_and_lost_before_it_was_read_is_told() -> None:  # N6
    crossing = Crossing()
    saved = crossing.log.saved()
    crossing.client.submit(Append(ANN, 1, b"lost"))
    assert crossing.writes() == [Appended(1)]
    crossing.log.restart("another", saved)
    crossing.client.submit(Append(ANN, 2, b"hi"))
    assert crossing.writes() == []  # restarted
    assert crossing.writes() == []  # confirmed
    assert crossing.writes() == [Refused(ANN, RefusedBecause.SKIPPED)]
    assert crossing.client.next_write() is None


def test_an_answer_that_comes_after_the_thread_was_lost_is_dropped() -> None:
    crossing = Crossing()
    saved = crossing.log.saved()
    crossing.client.submit(Append(ANN, 1, b"lost"))
    crossing.writes()
    crossing.reads()
    crossing.client.submit(Append(ANN, 2, b"hi"))
    under_way = crossing.client.next_write()
    assert under_way is not None
    answer = under_way(crossing.log)
    crossing.client.failed(Side.READING)
    crossing.log.restart("another", saved)
    assert crossing.reads() == [Reachable(), LostThread()]
    assert crossing.client.written(answer) == []
    assert crossing.client.next_write() is None
    assert crossing.client.next_read() is None


def loses_its_end() -> Crossing:
    """Return a server that goes on appending to a log which has lost what it has appended and read."""
    crossing = Crossing()
    saved = crossing.log.saved()
    crossing.client.submit(Append(ANN, 1, b"lost"))
    crossing.writes()
    crossing.reads()
    crossing.log.restart("another", saved)
    crossing.client.submit(Append(ANN, 2, b"hi"))
    return crossing


def test_both_sides_may_find_that_the_thread_is_lost() -> None:
    crossing = loses_its_end()
    assert crossing.writes() == []  # restarted
    under_way = crossing.client.next_write()
    assert under_way is not None
    answer = under_way(crossing.log)
    crossing.client.submit(Rewind())
    assert crossing.client.written(answer) == []
    assert crossing.reads() == [Snapshot(None, end_lost=True)]


def test_what_a_life_is_told_late_does_not_keep_the_next_one_from_opening() -> None:  # N5, N6
    crossing = loses_its_end()
    assert [crossing.writes(), crossing.writes()] == [[], [LostThread()]]
    for command in (Beat(ANN), Close(ANN), Rewind(), Open(BOB)):  # a beat was due just then
        crossing.client.submit(command)
    assert [crossing.writes(), crossing.writes(), crossing.writes()] == [[], [], []]
    assert crossing.client.next_write() is None  # until it is read what the log has
    assert crossing.reads() == [Snapshot(None, end_lost=True)]
    assert crossing.writes() == [Opened(BOB)]


def test_what_was_read_before_a_rewind_is_dropped() -> None:
    crossing = Crossing()
    crossing.client.submit(Append(ANN, 1, b"hi"))
    crossing.writes()
    under_way = crossing.client.next_read()
    assert under_way is not None
    crossing.client.submit(Rewind())
    assert crossing.client.read(under_way(crossing.log)) == []
    assert crossing.reads() == [Snapshot(None)]
    (entries,) = crossing.reads()
    assert isinstance(entries, Entries)
    assert len(entries.entries) == 3


def test_a_log_that_is_cut_off_loses_what_is_on_its_way() -> None:
    party = Party(latency=0.25)
    party.does(ANN, Rewind())
    party.links[ANN].fault = Fault.CUT
    assert party.after(0.1, ANN) == [Unreachable()]
    party.links[ANN].fault = Fault.NONE
    assert party.after(RETRY, ANN) == []
    assert party.after(0.25, ANN) == []
    assert party.after(0.25, ANN) == [Snapshot(None)]
    party.does(ANN, Open(ANN))
    assert party.after(0.25, ANN) == []
    assert party.after(0.25, ANN)[:2] == [Reachable(), Opened(ANN)]
