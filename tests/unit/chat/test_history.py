"""chat/handlers/history.py: history, search, seen, and coming back, as users see them."""

from __future__ import annotations

import pytest

from chat.effects import SearchArchive, SeekInArchive
from chat.handlers.history import JOURNAL_LOST, MOST
from chat.hub import Hub
from chat.log import Log
from chat.replies import Replies
from chat.resume import identity_of
from chat.room import Room
from chat.state import GOODBYE
from protocol.errors import ErrorCode
from protocol.events import (
    Dismissed,
    HistoryListed,
    Joined,
    Left,
    Missed,
    Noticed,
    Past,
    Renamed,
    Said,
    Welcomed,
    Whispered,
    refusal,
)
from protocol.requests import Hello, Line, ResumePoint
from tests.support.party import EPOCH, Party

AT = 1_700_000_000.0
MOMENT = "2023-11-14 22:13"
HEADING = "The last messages (times are UTC):"
SECRET = "the secret of ann"


@pytest.fixture
def party() -> Party:
    made = Party()
    made.joins("ann", "bob", "carl")
    return made


def comes_back(party: Party, seq: int, epoch: str = EPOCH, name: str = "ann", secret: str = SECRET) -> str:
    """Let a client connect again that has seen what came up to `seq`; return the guest that it is."""
    guest = f"{name} again"
    party.connects(guest)
    party.frames(guest, Hello(1, secret, name, resume=ResumePoint(epoch, seq)))
    return guest


# --- history -----------------------------------------------------------------------------------------------------


def test_history_tells_what_was_said_and_the_whispers_of_the_asker(party: Party) -> None:
    party.says("ann", "hello")
    party.says("ann", "/w bob psst")
    party.says("carl", "hi")
    party.looks_away()
    party.says("bob", "/history")
    party.sees("bob", f"* {HEADING}", f"[{MOMENT}] ann: hello", f"[{MOMENT}] ann to bob: psst", f"[{MOMENT}] carl: hi")
    party.says("carl", "/history 2")
    party.sees("carl", f"* {HEADING}", f"[{MOMENT}] ann: hello", f"[{MOMENT}] carl: hi")
    party.sees_nothing("ann")


def test_a_newcomer_with_the_name_of_a_whisperer_reads_nothing_of_his(party: Party) -> None:
    party.says("bob", "/w ann psst")
    party.says("ann", "/quit")
    party.says("bob", "/quit")
    for name in ("ann", "bob"):
        party.joins(name)
        party.says(name, "/history")
        party.sees(name, "* Nothing has been said yet.")


@pytest.mark.parametrize("count", ["0", "501", "-1", "x", "1 2", "٣", "9" * 4000, "0000000019999"])
def test_a_count_that_is_none_is_told(party: Party, count: str) -> None:
    party.says("ann", f"/history {count}")
    (told,) = party.told("ann")
    assert told.endswith("Usage: /history [COUNT]")


def test_long_histories_come_in_parts_that_fit_frames(party: Party) -> None:
    party.joins_framed("eve")
    for number in range(60):
        party.says("ann", f"{number} " + '"' * 4000)
    party.looks_away()
    party.frames("eve", Line(f"/history {MOST}", 1))
    parts = party.events("eve")
    assert len(parts) > 5
    assert all(isinstance(part, HistoryListed) for part in parts)
    assert [getattr(part, "cseq", None) for part in parts] == [None] * (len(parts) - 1) + [1]
    told = [entry for part in parts if isinstance(part, HistoryListed) for entry in part.entries]
    assert [entry.seq for entry in told] == list(range(told[0].seq, told[-1].seq + 1))
    assert told[-1].text.startswith("59 ")


def test_newcomers_are_greeted_with_the_newest_messages_but_not_verb_users() -> None:
    party = Party(greet_history=2)
    party.joins("ann")
    for text in ("one", "two", "three"):
        party.says("ann", text)
    party.joins_by_verb("bob")
    party.connects("carl")
    party.says("carl", "carl")
    party.sees(
        "carl",
        f"* {HEADING}",
        f"[{MOMENT}] ann: two",
        f"[{MOMENT}] ann: three",
        "Welcome, carl. You may chat now; /help (or /cmd) lists the commands.",  # last, where it is read
        "* Users here: 3",
    )
    party.connects("eve")
    party.says("eve", "JOIN eve")
    party.sees("eve", "Welcome, eve. Users here: 4")


def test_long_messages_are_cut_for_newcomers_and_whole_in_the_history() -> None:
    party = Party(greet_history=2)
    party.joins("ann")
    party.says("ann", "x" * 200, "y" * 4000)
    party.connects("carl")
    party.says("carl", "carl")
    heading, *messages = party.told("carl")[:3]
    assert heading == "* The last messages, long ones cut; /history has all (times are UTC):"
    assert without_blanks(messages) == without_blanks(
        [f"[{MOMENT}] ann: {'x' * 200}", f"[{MOMENT}] ann: {'y' * 197}..."]
    )
    party.says("carl", "/history")
    assert without_blanks(party.told("carl")) == without_blanks(
        [f"* {HEADING}", f"[{MOMENT}] ann: {'x' * 200}", f"[{MOMENT}] ann: {'y' * 4000}"]
    )


def without_blanks(lines: list[str]) -> list[str]:
    """Return `lines` without their blanks, some of which are there because the line is wrapped."""
    return ["".join(line.split()) for line in lines]


def test_verb_users_have_no_history(party: Party) -> None:
    party.joins_by_verb("eve")
    for line in ("HISTORY", "/history", "/search x", "/seen ann"):
        party.says("eve", line)
        assert party.told("eve")[0] == "Unknown Message"


# --- search and seen ---------------------------------------------------------------------------------------------


def test_without_an_archive_the_memory_is_searched(party: Party) -> None:
    party.says("ann", "a red fox")
    party.says("ann", "/w bob a grey fox")
    party.looks_away()
    party.says("bob", "/search FOX")
    party.sees(
        "bob",
        "* The last messages with FOX (times are UTC):",
        f"[{MOMENT}] ann: a red fox",
        f"[{MOMENT}] ann to bob: a grey fox",
    )
    party.says("carl", "/search grey fox")
    party.sees("carl", "* No message has grey fox in it.")


def test_who_is_here_is_told_and_when_others_were(party: Party) -> None:
    party.says("ann", "/seen BOB")
    party.sees("ann", "* bob is here now.")
    party.says("bob", "/quit")
    party.looks_away()
    party.says("ann", "/seen bob")
    party.sees("ann", f"* bob was last heard of on {MOMENT} UTC.")
    party.says("ann", "/seen dora")
    party.sees("ann", "* dora is not known, as far as the log goes back.")


@pytest.fixture
def inquired(party: Party) -> tuple[Hub, SearchArchive, SeekInArchive]:
    """Return what ann and bob ask of an archive, which they wait for."""
    party.hub.use_archive(True)
    party.says("ann", "/search fox")
    party.says("bob", "/seen dora")
    sessions = [party.guests[name].session for name in ("ann", "bob")]
    assert [session.listened_to for session in sessions] == [False, False]
    searched, sought = party.inquired
    assert isinstance(searched, SearchArchive)
    assert isinstance(sought, SeekInArchive)
    return party.hub, searched, sought


def test_the_archive_is_asked_and_its_answer_told(
    party: Party, inquired: tuple[Hub, SearchArchive, SeekInArchive]
) -> None:
    hub, searched, sought = inquired
    assert (searched.words, searched.identity) == ("fox", party.guests["ann"].session.identity)
    with party.turn() as effects:
        effects.extend(hub.found(searched, [Past(2, AT, "eve", "a fox")], False))
        effects.extend(hub.found(sought, AT, False))
    party.sees("ann", "* The last messages with fox (times are UTC):", f"[{MOMENT}] eve: a fox")
    party.sees("bob", f"* dora was last heard of on {MOMENT} UTC.")
    party.says("ann", "hi")
    party.sees("bob", "ann: hi")


def test_an_archive_that_fails_is_told(party: Party, inquired: tuple[Hub, SearchArchive, SeekInArchive]) -> None:
    hub, searched, sought = inquired
    with party.turn() as effects:
        effects.extend(hub.found(searched, None, True))
        effects.extend(hub.found(sought, None, True))
    for name in ("ann", "bob"):
        party.sees(name, "! The log can't be searched right now. /history still works.")


def test_who_has_left_meanwhile_is_told_nothing(
    party: Party, inquired: tuple[Hub, SearchArchive, SeekInArchive]
) -> None:
    hub, searched, _ = inquired
    party.leaves("ann")
    assert hub.found(searched, [], False) == []


def test_a_lost_journal_is_told_to_all_and_the_memory_searched_from_then_on(party: Party) -> None:
    party.hub.use_archive(True)
    with party.turn() as effects:
        effects.extend(party.hub.journal_lost())
    for name in ("ann", "bob", "carl"):
        party.sees(name, f"* {JOURNAL_LOST}")
    party.says("ann", "/search fox")
    party.sees("ann", "* No message has fox in it.")


# --- coming back -------------------------------------------------------------------------------------------------


@pytest.fixture
def talked() -> Party:
    """Return a party that ann, a framed client, has left after number 4."""
    party = Party()
    party.joins("bob", "carl")
    party.joins_framed("ann")
    party.frames("ann", Line("before", 1))
    party.leaves("ann")
    party.says("bob", "while you were away")
    party.says("bob", "/w carl not for you")
    party.looks_away()
    return party


def test_who_comes_back_is_told_what_was_missed_up_to_its_own_coming(talked: Party) -> None:
    again = comes_back(talked, 3)
    assert talked.events(again) == [
        Welcomed("ann", EPOCH, 8, 3, resumed=True),
        Said(4, "ann", "before", AT, 1),
        Left(5, "ann", 2, "connection closed"),
        Said(6, "bob", "while you were away", AT),
        Joined(8, "ann", 3),
    ]


def test_what_can_t_be_told_again_is_a_gap() -> None:
    log = Log(kept=2)
    party = Party(room=Room(EPOCH, log))
    party.joins("bob")
    for text in ("one", "two", "three"):
        party.says("bob", text)
    again = comes_back(party, 1)
    assert party.events(again) == [
        Welcomed("ann", EPOCH, 5, 2, resumed=True),
        Missed(2),
        Said(4, "bob", "three", AT),
        Joined(5, "ann", 2),
    ]


@pytest.mark.parametrize(("epoch", "seq"), [("another", 3), (EPOCH, 99)])
def test_who_knows_another_log_is_told_so_before_it_knows_this_one(talked: Party, epoch: str, seq: int) -> None:
    again = comes_back(talked, seq, epoch)  # the other way round, a cut between the two would hide the loss
    assert talked.events(again) == [Missed(0), Welcomed("ann", EPOCH, 8, 3)]


def test_whispers_are_told_again_to_their_reader(talked: Party) -> None:
    talked.joins_framed("eve")
    talked.says("bob", "/w eve psst")
    talked.leaves("eve")
    talked.looks_away()
    again = comes_back(talked, 8, name="eve", secret="the secret of eve")
    assert Whispered(9, "bob", "eve", "psst", AT) in talked.events(again)
    stranger = comes_back(talked, 8, name="eva", secret="another secret of 16 or more")
    assert not any(isinstance(event, Whispered) for event in talked.events(stranger))


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_hello_that_was_held_up_closes_no_later_connection(attempt: int) -> None:  # N3
    party = Party()
    party.connects("ann", "late")
    party.frames("ann", Hello(1, "the secret of ann", "ann", attempt=2))
    party.frames("late", Hello(1, "the secret of ann", "ann", attempt=attempt))
    assert party.events("late") == [refusal(ErrorCode.REPLACED), Dismissed(GOODBYE)]
    assert party.is_gone("late")
    assert party.guests["ann"].session.named
    party.connects("next")
    party.frames("next", Hello(1, "the secret of ann", "ann", attempt=3))
    assert party.is_gone("ann")
    assert party.guests["next"].session.named


def test_a_connection_that_is_dead_makes_room_for_the_new_one(talked: Party) -> None:
    talked.joins_framed("eve")
    again = comes_back(talked, 8, name="eve", secret="the secret of eve")
    assert talked.events("eve") == [refusal(ErrorCode.REPLACED), Dismissed(GOODBYE)]
    assert talked.is_gone("eve")
    assert talked.events(again)[0] == Welcomed("eve", EPOCH, 10, 3, resumed=True)
    talked.says("bob", "hi")
    assert Said(11, "bob", "hi", AT) in talked.events(again)


def test_a_line_that_comes_again_is_answered_as_it_was_and_not_said_again(talked: Party) -> None:
    again = comes_back(talked, 8)
    talked.looks_away()
    talked.frames(again, Line("before", 1))
    assert talked.events(again) == [Said(4, "ann", "before", AT, 1)]
    talked.sees_nothing("bob", "carl")


def test_whispers_renamings_and_refusals_are_answered_again_too() -> None:
    party = Party()
    party.joins("bob")
    party.joins_framed("ann")
    lines = [Line("/w bob psst", 1), Line("/w dora psst", 2), Line("/nick anna", 3)]
    for line in lines:
        party.frames("ann", line)
    answers = party.events("ann")
    assert [type(answer).__name__ for answer in answers] == ["Whispered", "Refused", "Renamed"]
    party.looks_away()
    again = comes_back(party, 99, name="anna")
    party.looks_away()
    for line in lines:
        party.frames(again, line)
    assert party.events(again) == answers
    party.sees_nothing("bob")


def test_what_only_asks_is_answered_anew(talked: Party) -> None:
    again = comes_back(talked, 8)
    talked.frames(again, Line("/ping", 2))
    talked.looks_away()
    talked.frames(again, Line("/ping", 2))
    assert len(talked.events(again)) == 1


def test_a_line_that_comes_again_much_too_late_is_refused() -> None:  # 6
    party = Party(room=Room(EPOCH, Log(kept=3), Replies(kept=4)))
    party.joins("bob")
    party.joins_framed("ann")
    for text in ("one", "two", "three", "four"):
        party.frames("ann", Line(text, ["one", "two", "three", "four"].index(text) + 1))
    party.looks_away()
    for cseq, text in enumerate(("one", "two", "three", "four"), 1):
        party.frames("ann", Line(text, cseq))
    late = [refusal(ErrorCode.REPEATED_TOO_LATE, 1)]  # of the others the log still knows what they were answered
    assert party.events("ann") == [
        *late,
        *(Said(seq, "ann", text, AT, seq - 2) for seq, text in [(4, "two"), (5, "three"), (6, "four")]),
    ]
    party.sees_nothing("bob")


def test_what_was_answered_is_known_however_many_others_have_spoken_since(talked: Party) -> None:  # 6
    for number in range(1100):
        eve = f"eve{number}"
        talked.connects(eve)
        talked.frames(eve, Hello(1, f"the secret of {eve}", eve), Line("hi", 1))
        talked.leaves(eve)
        del talked.guests[eve]  # nobody looks at what it was told
    again = comes_back(talked, 3)
    talked.looks_away()
    talked.frames(again, Line("before", 1))
    assert talked.events(again) == [Said(4, "ann", "before", AT, 1)]


def forgetful() -> Party:
    """Return a party whose log has forgotten ann, of whom it knew lines up to 2."""
    party = Party(room=Room(EPOCH, Log(), Replies(kept=2)))
    party.joins("bob")
    party.joins_framed("ann")
    party.frames("ann", Line("one", 1), Line("two", 2))
    party.leaves("ann")
    party.joins_framed("eve")
    party.frames("eve", Line("hi", 1))
    party.looks_away()
    return party


def test_one_whom_the_log_has_forgotten_is_not_believed_but_its_new_lines_are() -> None:  # 6
    party = forgetful()
    resume = ResumePoint(EPOCH, 3, lines=2)
    for _ in range(2):  # cut off before it has heard that they were refused, it repeats them
        again = "ann again"
        party.connects(again)
        party.frames(again, Hello(1, "the secret of ann", "ann", resume=resume))
        party.looks_away()
        party.frames(again, Line("one", 1), Line("two", 2))
        assert party.events(again) == [refusal(ErrorCode.REPEATED_TOO_LATE, cseq) for cseq in (1, 2)]
        party.sees_nothing("bob")
        party.leaves(again)
        party.looks_away()
    party.connects("ann again")
    party.frames("ann again", Hello(1, "the secret of ann", "ann", resume=resume), Line("three", 3))
    assert "ann: three" in party.told("bob")


def test_in_another_log_a_line_is_said_that_the_lost_one_may_have_had() -> None:
    party = forgetful()
    party.connects("ann again")
    party.frames("ann again", Hello(1, "the secret of ann", "ann", resume=ResumePoint("lost", 3, 2)), Line("two", 2))
    assert "ann: two" in party.told("bob")


@pytest.mark.parametrize("text", ["other", "/w bob before", "/w carl psst", "/nick anne", "/me waves", "/w nobody hi"])
def test_another_line_under_a_used_number_gets_no_answer_that_was_not_its_own(talked: Party, text: str) -> None:  # 6
    again = comes_back(talked, 8)
    lines = [Line("/w carl hush", 2), Line("/nick anna", 3), Line("/w dora psst", 4), Line("/me nods", 5)]
    for line in lines:
        talked.frames(again, line)
    answers = talked.events(again)[-4:]
    talked.looks_away()
    for line in lines:
        talked.frames(again, line, Line(text, line.cseq))
        mine, others = talked.events(again)
        assert mine == answers[line.cseq - 2]
        assert others == refusal(ErrorCode.NUMBER_USED, line.cseq)
    talked.sees_nothing("bob", "carl")


def test_a_number_that_no_run_has_issued_is_one_of_a_lost_log() -> None:  # 8
    log = Log(seq=999, runs=[(1, 5), (100, 102)])
    party = Party(room=Room(EPOCH, log))
    party.joins("bob")
    for seq, is_known in ((5, True), (6, False), (99, False), (102, True), (103, False), (1000, True), (2000, False)):
        again = comes_back(party, seq)
        assert (Missed(0) in party.events(again)) is not is_known, seq
        party.leaves(again)


def test_the_next_run_goes_on_with_the_record(talked: Party) -> None:
    record = Room(EPOCH, talked.hub.room.log, talked.hub.room.replies)
    restarted = Party(room=record)
    again = comes_back(restarted, 7)
    assert restarted.events(again) == [Welcomed("ann", EPOCH, 8, 1, resumed=True), Joined(8, "ann", 1)]
    restarted.frames(again, Line("before", 1))
    assert restarted.events(again) == [Said(4, "ann", "before", AT, 1)]
    restarted.frames(again, Line("/nick anna", 2))
    assert restarted.events(again) == [Renamed(9, "ann", "anna", 2)]


def test_a_secret_that_could_be_guessed_identifies_nobody(talked: Party) -> None:
    assert identity_of("short") == ""
    assert identity_of("s" * 16) != identity_of("t" * 16)
    for guest in ("dora", "eve"):
        talked.connects(guest)
        talked.frames(guest, Hello(1, "short", guest))
    assert not talked.is_gone("dora")


def test_noticed_is_all_that_an_empty_history_is(party: Party) -> None:
    party.joins_framed("eve")
    party.frames("eve", Line("/history", 1))
    assert party.events("eve") == [Noticed("Nothing has been said yet.", 1)]


def test_a_search_has_a_bounded_number_of_words(party: Party) -> None:
    words = [f"w{number}" for number in range(17)]
    party.says("ann", f"/search {' '.join(words)}")
    party.sees("ann", "! WORDS are 1 to 16 words. Usage: /search WORDS")
    party.says("ann", f"/search {' '.join(words[:16] * 50)}")
    (told,) = party.told("ann")
    assert told.startswith("* No message has w0 w1")


def test_clients_whose_secret_could_be_guessed_get_nobody_s_answers(talked: Party) -> None:
    for guest, secret, name in (("one", "", "-4"), ("two", "short", "eve")):
        talked.connects(guest)
        talked.frames(guest, Hello(1, secret), Line(f"/nick {name}", 1))
    assert not talked.guests["one"].session.named
    assert talked.guests["two"].session.name == "eve"


def test_who_has_no_name_leaves_no_answers(talked: Party) -> None:
    talked.connects("one")
    talked.frames("one", Hello(1, "a secret of enough characters"), Line("/nick root", 1))
    identity = identity_of("a secret of enough characters")
    assert (talked.hub.room.replies.highest(identity), talked.hub.room.replies.other(identity, 1)) == (None, None)


def test_who_waits_for_an_answer_is_not_taken_for_gone(party: Party) -> None:
    party.hub.use_archive(True)
    party.joins_framed("eve")
    party.frames("eve", Line("/search fox", 1))
    party.passes(60)
    party.passes(60)
    assert not party.is_gone("eve")
