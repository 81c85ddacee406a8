"""chat/log.py: numbers, what can be told again and to whom, searching what is in memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.log import REPLAY_BYTES, RUNS, Entry, Log, first_number
from protocol.events import Joined, Left, Past, Renamed, RoomEvent, Said, Whispered
from tests.support.rows import for_each

AT = 1_700_000_000.0


def entry(seq: int, event: RoomEvent | None = None, author: str = "", reader: str = "") -> Entry:
    return Entry(event or Said(seq, "ann", f"line {seq}", AT, 9), AT + seq, author, reader)


def log_of(*entries: Entry, kept: int = 100) -> Log:
    return Log(entries, len(entries), kept)


TALK = (
    entry(1, Joined(1, "ann", 1)),
    entry(2, Said(2, "ann", "a red Fox", AT), "ann's"),
    entry(3, Whispered(3, "ann", "bob", "the fox is mine", AT), "ann's", "bob's"),
    entry(4, Renamed(4, "ann", "anna"), "ann's"),
    entry(5, Said(5, "carl", "Füchse, no fox", AT), "carl's"),
    entry(6, Left(6, "carl", 1, "goodbye")),
)


def test_the_log_is_numbered_from_1_or_from_where_it_was() -> None:
    assert Log().next_seq() == 1
    log = Log(seq=41)
    log.append(entry(log.next_seq()))
    assert (log.seq, log.next_seq()) == (42, 43)


@pytest.mark.parametrize("seq", [0, 1, 3])
def test_only_the_next_number_can_be_appended(seq: int) -> None:
    log = Log([entry(1)], 1)
    with pytest.raises(ValueError, match=f"entry {seq} can't follow 1"):
        log.append(entry(seq))
    assert (log.seq, log.newest()) == (1, entry(1))


def test_what_is_new_is_handed_out_once() -> None:
    log = Log([entry(1)], 1)
    assert log.take_fresh() == []
    added = entry(log.next_seq())
    log.append(added)
    assert log.take_fresh() == [added]
    assert log.take_fresh() == []


@pytest.mark.parametrize(
    ("identity", "seen"), [("ann's", [3, 4, 5, 6]), ("bob's", [3, 4, 5, 6]), ("carl's", [4, 5, 6])]
)
def test_a_whisper_is_told_again_to_the_two_it_was_between(identity: str, seen: list[int]) -> None:
    missing, entries = log_of(*TALK).since(2, identity)
    assert missing == 0
    assert [told.event.seq for told in entries] == seen


def test_what_is_missing_is_counted_and_no_numbers_subtracted() -> None:  # 8
    talk = [entry(seq) for seq in (4, 5, 100, 101, 1000)]
    log = Log(talk[-3:], 1000, runs=[(2, 5), (100, 101), (1000, 1000)])
    assert [log.since(seq, "x")[0] for seq in (2, 4, 5, 100, 1000)] == [3, 1, 0, 0, 0]
    assert [log.since(seq, "x")[0] for seq in (0, 50)] == [4, 0]
    assert [told.event.seq for told in log.since(5, "x")[1]] == [100, 101, 1000]
    log.append(entry(log.next_seq()))
    assert log.since(101, "x")[1] == [talk[-1], entry(1001)]


@for_each(
    [
        (0, 0.0, 1),
        (41, 0.0, 42),
        (41, 1_577_836_801.5, 1 << 20),
        (3 << 20, 1_577_836_801.5, (3 << 20) + 1),
        (0, 1e300, 1 << 52),
    ]
)
def test_a_run_begins_by_the_clock_or_above_the_newest(newest: int, at: float, first: int) -> None:  # 8
    assert first_number(newest, at) == first


def test_a_run_of_a_shared_log_begins_by_fractions_of_a_second() -> None:  # N6
    log = Log()
    log.begin_run(1_577_836_801.5)
    assert log.next_seq() == 3 << 19


def test_an_entry_is_found_in_memory_or_looked_up() -> None:
    asked: list[int] = []
    talk = [entry(seq) for seq in (4, 5, 100)]
    log = Log(talk, 100, runs=[(1, 5), (100, 100)], older=asked.append)
    assert [log.entry(seq) for seq in (4, 100)] == [talk[0], talk[2]]
    assert [log.entry(seq) for seq in (50, 101, 3)] == [None, None, None]
    assert asked == [3]
    assert Log().entry(1) is None


def test_who_has_seen_everything_has_missed_nothing() -> None:
    assert log_of(*TALK).since(6, "x") == (0, [])


@given(kept=st.integers(1, 12), length=st.integers(1, 12), seen=st.integers(0, 12))
def test_what_is_missing_and_what_is_told_again_are_all_that_was_missed(kept: int, length: int, seen: int) -> None:
    seen = min(seen, length)
    missing, entries = log_of(*map(entry, range(1, length + 1)), kept=kept).since(seen, "x")
    assert [told.event.seq for told in entries] == list(range(seen + missing + 1, length + 1))
    assert missing == 0 or len(entries) == kept


def test_what_is_told_again_at_once_is_bounded() -> None:
    long = "x" * 4000
    log = log_of(*(entry(seq, Said(seq, "ann", long, AT)) for seq in range(1, 101)))
    missing, entries = log.since(0, "x")
    assert missing + len(entries) == 100
    assert sum(len(long) for _ in entries) < REPLAY_BYTES < sum(len(long) + 200 for _ in entries) + 4200
    assert len(log.messages(100, "x")) == len(entries)


def test_only_its_author_is_told_the_number_that_a_line_had() -> None:  # somebody else's own line may have it, too
    told = entry(7, author="ann's")
    assert told.told_to("ann's") == told.event
    assert told.told_to("bob's") == Said(7, "ann", "line 7", AT)
    unnumbered = entry(7, Joined(7, "bob", 2))
    assert unnumbered.told_to("ann's") is unnumbered.event


def test_messages_are_what_was_said_as_far_as_one_may_read_it() -> None:
    log = log_of(*TALK)
    assert [message.seq for message in log.messages(9, "bob's")] == [2, 3, 5]
    assert [message.seq for message in log.messages(9, "carl's")] == [2, 5]
    assert log.messages(1, "bob's") == [Past(5, AT + 5, "carl", "Füchse, no fox")]
    assert log.messages(2, "bob's")[0] == Past(3, AT + 3, "ann", "the fox is mine", "bob")


@for_each([(5, [3, 5]), (4, [2, 3]), (2, [2]), (1, []), (99, [3, 5])])
def test_messages_of_then_are_those_before_a_number(as_of: int, found: list[int]) -> None:  # W4
    assert [message.seq for message in log_of(*TALK).messages(2, "bob's", as_of)] == found


@for_each(
    [
        ("fox", "bob's", [2, 3, 5]),
        ("FOX", "eve's", [2, 5]),
        ("fox red", "eve's", [2]),
        ("fuchse!", "eve's", [5]),
        ("fo", "eve's", []),
        ("mine", "eve's", []),
    ]
)
def test_a_search_finds_whole_words_whatever_their_case_and_accents(
    words: str, identity: str, found: list[int]
) -> None:
    assert [message.seq for message in log_of(*TALK).search(words, 9, identity)] == found


def test_a_search_stops_at_the_newest_that_are_wanted() -> None:
    assert [message.seq for message in log_of(*TALK).search("fox", 2, "bob's")] == [3, 5]


@pytest.mark.parametrize(("name", "at"), [("ANN", AT + 4), ("anna", AT + 4), ("carl", AT + 6), ("bob", None)])
def test_somebody_was_last_seen_when_everybody_heard_of_them(name: str, at: float | None) -> None:
    assert log_of(*TALK).last_seen(name) == at


def test_a_run_that_begins_passes_over_the_numbers_that_may_have_been_lost() -> None:  # N6
    log = Log(seq=2, runs=[(1, 2)])
    log.append(entry(3, Joined(3, "bob", 1)))
    log.begin_run(AT)
    first = log.next_seq()
    assert first > 1 << 40
    log.append(entry(first, Joined(first, "ann", 2)))
    assert log.runs() == [(1, 2), (3, 3), (first, first)]
    assert [log.issued(seq) for seq in (3, 4, first - 1, first, first + 1)] == [True, False, False, True, False]
    assert log.since(1, "bob's") == (1, list(log))
    assert log.since(3, "bob's") == (0, [log.newest()])


def test_a_run_that_has_issued_no_number_is_none() -> None:
    log = Log(seq=2, runs=[(1, 2)])
    log.begin_run(AT)
    log.begin_run(AT)
    first = log.next_seq()
    assert log.runs() == [(1, 2), (first, first - 1)]
    assert (log.last_seq(), Log().last_seq()) == (2, 0)


def test_the_oldest_of_very_many_runs_are_forgotten() -> None:
    log = Log(seq=2 * RUNS, runs=[(seq, seq) for seq in range(1, 2 * RUNS + 1)])
    log.append(entry(2 * RUNS + 1, Joined(2 * RUNS + 1, "bob", 1)))
    log.begin_run(AT)
    assert len(log.runs()) == RUNS
    assert not log.issued(RUNS)
    assert log.since(2 * RUNS - 7, "bob's") == (7, list(log))


def test_a_log_that_was_restored_goes_on_with_its_run() -> None:  # N8
    log = Log([entry(5, Joined(5, "bob", 1))], 5, runs=[(1, 2)], first=4)
    assert log.runs() == [(1, 2), (4, 5)]
    assert [log.issued(seq) for seq in (3, 4, 5)] == [False, True, True]
