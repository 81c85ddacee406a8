"""client/core/session.py after a lost connection: what is sent again, what is shown of what was missed, what only
once."""

from __future__ import annotations

from math import inf

import pytest

from client.core.credential import Server
from client.core.presence import Dismissal, Goodbye, Phase
from client.core.session import ClientSession
from client.core.typed import NewName, Secret, Typed
from protocol import events
from protocol.errors import ErrorCode
from protocol.events import (
    Asked,
    Dismissed,
    Event,
    Joined,
    Left,
    Missed,
    Noticed,
    Renamed,
    Said,
    Welcomed,
    Whispered,
    refusal,
)
from protocol.requests import Hello, Line, Name, Password, ResumePoint

AT = 1_700_000_000.0
AWAY, BACK = "while you were away", "you are back"


class Ann:
    """A client's session that has been in the room, up to number 5, and has lost its connection."""

    def __init__(self) -> None:
        self.session = ClientSession("secret")
        self.session.hello("ann")
        self.hears(Welcomed("ann", "epoch", 4, 2), Said(5, "bob", "hi", AT))

    def answers(self, text: str) -> tuple[object, ...]:
        """Answer the question for a password."""
        return self.types(Secret(text, self.session.secret))

    def types(self, text: Typed) -> tuple[object, ...]:
        return self.session.typed(text, 1.0).send

    def hears(self, *events: Event) -> list[str]:
        """Return what of `events` is shown; what is sent for them is in `sent`."""
        steps = [self.session.receive(event, 1.0) for event in events]
        self.sent = [message for step in steps for message in step.send]
        return [shown.text for step in steps for shown in (step.first, step.show) if shown is not None]

    def loses(self) -> None:
        self.session.lost()

    def returns(self) -> Hello:
        self.loses()
        return self.session.again()


def back(seq: int, name: str = "ann") -> Welcomed:
    return Welcomed(name, "epoch", seq, 2, resumed=True)


# --- what is sent ------------------------------------------------------------------------------------------------


def test_it_comes_back_under_its_name_to_where_it_stopped() -> None:
    assert Ann().returns() == Hello(1, "secret", "ann", resume=ResumePoint("epoch", 5, 0), attempt=2)


def test_lines_without_an_answer_are_sent_again_under_their_numbers_once_it_is_welcome() -> None:
    ann = Ann()
    assert ann.types("one") == (Line("one", 1),)
    ann.loses()
    assert ann.types("two") == ()
    assert not ann.session.presence.online
    ann.session.again()
    assert ann.types("three") == ()
    ann.hears(back(6))
    assert ann.sent == [Line("one", 1), Line("two", 2), Line("three", 3)]
    assert ann.types("four") == (Line("four", 4),)


def test_what_a_reply_was_meant_for_stands_in_it_when_it_is_sent_again() -> None:
    ann = Ann()
    ann.hears(Whispered(6, "bob", "ann", "psst", AT))
    ann.types("/reply yes")
    ann.returns()
    ann.hears(back(7))
    assert ann.sent == [Line("/whisper bob yes", 1, as_of=6, epoch="epoch")]


def test_a_password_that_was_right_is_given_again_when_it_is_asked_for() -> None:
    ann = Ann()
    ann.hears(Asked("password", "Its password?"))
    ann.answers("hunter22")
    ann.hears(Noticed("ann is yours now."))
    for _ in range(2):
        ann.returns()
        assert ann.hears(Asked("password", "Its password?")) == []
        assert ann.sent == [Password("hunter22")]
        ann.hears(back(7))
    ann.returns()
    assert ann.hears(Asked("password", "Its password?")) == []
    assert ann.hears(Asked("password", "Its password?")) == ["Its password?"]  # it was wrong
    assert ann.sent == []


def test_a_password_is_never_offered_to_another_address_than_it_was_given_for() -> None:  # T4
    ann = Ann()
    ann.session.connected(Server("192.0.2.1, port 8001"))
    ann.hears(Asked("password", "Its password?"))
    ann.answers("hunter22")
    ann.session.connected(Server("192.0.2.2, port 8001"))
    assert ann.returns().password is None
    told = ann.hears(Asked("password", "Its password?"))
    assert ann.sent == []
    assert told == [
        "! The server answers from 192.0.2.2, port 8001 now, not from 192.0.2.1, port 8001. "
        "Type the password if you trust that address.",
        "Its password?",
    ]
    assert ann.answers("hunter23") == (Password("hunter23"),)  # the user's own decision, for this address from now on
    ann.returns()
    ann.hears(Asked("password", "Its password?"))
    assert ann.sent == [Password("hunter23")]


def test_a_password_is_offered_by_every_return_and_never_again_once_it_was_wrong() -> None:
    ann = Ann()
    ann.hears(Asked("password", "Its password?"))
    ann.answers("hunter22")
    for _ in range(2):
        ann.returns()
        ann.hears(Asked("password", "Its password?"))
        assert ann.sent == [Password("hunter22")]
        ann.hears(back(6))
    ann.hears(Asked("password", "Choose one:"))  # by /register, once in the room
    assert ann.sent == []
    ann.returns()
    ann.hears(Asked("password", "Its password?"), refusal(ErrorCode.WRONG_PASSWORD, name="ann", instead=""))
    ann.returns()
    assert ann.hears(Asked("password", "Its password?")) == ["Its password?"]
    assert ann.sent == []


def test_a_password_given_beforehand_is_for_that_name_and_no_other_that_is_typed() -> None:
    session = ClientSession("secret")
    session.hello("ann", "hunter22")
    session.receive(Asked("name", "Another?"), 1.0)
    session.typed("bob", 1.0)
    assert session.receive(Asked("password", "Bob's password?"), 1.0).send == ()
    assert session.questions.what == "password"


# --- another log: numbers of the one before mean nothing in it -----------------------------------------------------


@pytest.mark.parametrize(
    "welcome",
    [
        Welcomed("ann", "another", 9, 2),
        Welcomed("ann", "epoch", 3, 2),  # the same one, which has lost its end
        Welcomed("ann", "another", 9, 2, resumed=True),  # from a server that can't know
    ],
)
def test_a_reply_that_waits_is_given_back_when_the_log_began_anew(welcome: Welcomed) -> None:  # A20
    ann = Ann()
    ann.hears(Whispered(6, "bob", "ann", "psst", AT))
    ann.types("/reply sent, and not answered")
    ann.loses()
    ann.types("one")
    ann.types("/reply typed meanwhile")
    ann.session.again()
    told = ann.hears(welcome)
    assert told[0] == (
        "! The server has begun anew, so that name may be somebody else's now. "
        "Not sent again: /whisper bob sent, and not answered\n"
        "! The server has begun anew, so that name may be somebody else's now. "
        "Not sent again: /whisper bob typed meanwhile"
    )
    assert told[1].startswith("* Welcome, ann.")
    assert ann.sent == [Line("one", 2)]
    assert list(ann.session.lines.pending) == [2]
    assert ann.session.lines.refused == 2
    assert ann.session.position.seq == welcome.seq
    assert ann.types("/reply well") == ()  # whoever whispered was in the other log
    assert list(ann.session.lines.pending) == [2]


def test_a_renaming_before_the_welcome_does_not_change_the_name_of_today() -> None:
    ann = Ann()
    ann.types("/nick eve")  # it arrives, and its echo is lost with the connection; "ann" is free, and is ours again
    ann.returns()
    ann.hears(back(8), Renamed(6, "ann", "eve", 1), Left(7, "eve", 1, "reconnected"), Joined(8, "ann", 2))
    assert ann.session.name == "ann"
    ann.types("one")
    assert ann.hears(Said(9, "ann", "one", AT, 2)) == ["ann: one"]
    assert ann.session.lines.pending == {}


def test_a_whisper_of_ours_under_another_name_is_nobodys_to_reply_to() -> None:
    ann = Ann()
    ann.hears(Whispered(6, "bob", "ann", "psst", AT))
    ann.types("/nick eve")
    ann.types("/w bob yes")  # both arrive, and their echoes are lost
    ann.returns()
    missed = (Renamed(7, "ann", "eve", 1), Whispered(8, "eve", "bob", "yes", AT, 2), Left(9, "eve", 1, "reconnected"))
    ann.hears(back(10), *missed, Joined(10, "ann", 2))
    assert ann.types("/reply well") == (Line("/whisper bob well", 3, as_of=6, epoch="epoch"),)


def test_a_name_that_is_gone_is_asked_for_again_and_the_lines_follow() -> None:
    ann = Ann()
    ann.types("one")
    ann.returns()
    ann.hears(refusal(ErrorCode.NAME_TAKEN, name="ann"), Asked("name", "Another?"))
    assert ann.session.name == ""
    assert ann.types(NewName("anna")) == (Name("anna"),)
    ann.hears(back(9, "anna"))
    assert ann.sent == [Line("one", 1)]


def test_where_the_name_is_gone_talk_is_no_name_and_a_command_gives_one_at_once() -> None:  # M8
    ann = Ann()
    ann.types("one")
    ann.returns()
    ann.hears(refusal(ErrorCode.NAME_TAKEN, name="ann"), Asked("name", "Another?"))
    assert ann.types("hello") == ()
    assert list(ann.session.lines.pending) == [1]
    assert ann.session.questions.what == "name"
    assert ann.types("/setname anna") == (Name("anna"),)
    ann.hears(back(9, "anna"))
    assert ann.sent == [Line("one", 1)]


# --- whether it comes back ---------------------------------------------------------------------------------------


def test_before_the_first_welcome_there_is_nothing_to_come_back_to() -> None:
    assert not ClientSession("secret").presence.may_return


@pytest.mark.parametrize(
    ("goodbye", "may_return"),
    [
        (None, True),
        (Dismissed("The server is shutting down. Goodbye.", again=True), True),
        (Dismissed("Goodbye."), False),
    ],
)
def test_after_a_goodbye_for_good_it_stays_away(goodbye: Dismissed | None, may_return: bool) -> None:
    ann = Ann()
    if goodbye is not None:
        ann.hears(goodbye)
        assert ann.session.presence.dismissal is not Dismissal.NONE
    assert ann.session.presence.may_return is may_return


def test_after_its_own_goodbye_it_stays_away_whatever_the_server_says() -> None:
    ann = Ann()
    ann.types("/quit")
    assert ann.session.presence.may_return  # as long as it has not been sent
    ann.session.leave()
    assert not ann.session.presence.may_return
    ann.hears(Dismissed("The server is shutting down. Goodbye.", again=True))
    assert ann.session.presence.dismissal is Dismissal.FOR_GOOD


def test_another_connection_makes_the_goodbye_of_the_last_one_past() -> None:
    ann = Ann()
    ann.hears(Dismissed("The server is shutting down. Goodbye.", again=True))
    ann.returns()
    assert ann.session.presence.dismissal is Dismissal.NONE


def test_a_server_keeps_a_line_waiting_from_when_it_was_typed_or_last_said_something() -> None:
    ann = Ann()
    assert ann.session.lines.waits_since(3.0) == inf
    ann.types("one")
    assert ann.session.lines.waits_since(0.5) == 1.0
    assert ann.session.lines.waits_since(3.0) == 3.0


# --- what is shown -----------------------------------------------------------------------------------------------


def test_what_was_missed_stands_between_two_rules_without_our_own_coming_and_going() -> None:
    ann = Ann()
    ann.returns()
    shown = ann.hears(
        back(10),
        Left(6, "ann", 1, "connection closed"),
        Said(7, "bob", "where is she?", AT),
        Whispered(8, "bob", "ann", "psst", AT),
        Left(9, "bob", 0, "goodbye"),
        Joined(10, "ann", 1),
        Said(11, "carl", "hi", AT),
    )
    assert [AWAY in shown[0], shown[0].endswith("\nbob: where is she?")] == [True, True]
    assert shown[1:3] == ["bob -> you: psst", "* bob has left (goodbye). Users here: 0"]
    assert BACK in shown[3]
    assert shown[4:] == ["carl: hi"]
    assert ann.session.position.seq == 11


def test_who_missed_nothing_is_told_that() -> None:
    ann = Ann()
    ann.returns()
    assert ann.hears(back(6), Joined(6, "ann", 1)) == ["* You are back, and missed nothing. Users here: 1"]


def test_what_can_t_be_told_again_is_a_number() -> None:
    ann = Ann()
    ann.returns()
    shown = ann.hears(back(20), Missed(12), Said(18, "bob", "hi", AT))
    assert shown[0] == "* Messages that you missed and that can't be had any more: 12"
    assert shown[1].endswith("bob: hi")


def test_it_says_which_of_its_lines_may_have_been_heard_before() -> None:  # 6
    ann = Ann()
    ann.types("one")
    assert ann.returns().resume == ResumePoint("epoch", 5, lines=1)
    ann.types("two")  # offline: nobody can have heard it
    assert ann.session.again().resume == ResumePoint("epoch", 5, lines=1)
    ann.hears(back(6))
    assert ann.returns().resume == ResumePoint("epoch", 5, lines=2)


def test_another_log_is_begun_from_its_own_numbers() -> None:
    ann = Ann()
    ann.returns()
    shown = ann.hears(Welcomed("ann", "another", 2, 1), Missed(0), Said(3, "bob", "hi", AT))
    assert shown[0].startswith("* Welcome, ann.")
    assert shown[1].startswith("* The server has begun anew")
    assert shown[2] == "bob: hi"
    assert ann.session.again().resume == ResumePoint("another", 3, 0)


# --- what comes twice --------------------------------------------------------------------------------------------


def test_an_echo_that_comes_again_is_shown_once() -> None:
    ann = Ann()
    ann.types("one")
    ann.returns()
    echo = Said(6, "ann", "one", AT, 1)
    shown = ann.hears(back(8), echo, Left(7, "ann", 1, "x"), Joined(8, "ann", 1), echo)
    assert len(shown) == 2
    assert shown[0].endswith("ann: one")
    assert ann.session.lines.pending == {}


def test_an_answer_from_before_a_gap_settles_its_line_and_is_shown() -> None:
    ann = Ann()
    ann.types("one")
    ann.returns()
    ann.hears(back(20), Missed(13), Joined(20, "ann", 1))
    assert ann.hears(Said(6, "ann", "one", AT, 1)) == ["ann: one"]
    assert ann.session.lines.pending == {}


@pytest.mark.parametrize(
    "event",
    [Said(6, "ann", "one", AT, 1), Whispered(6, "ann", "bob", "one", AT, 1), Renamed(6, "ann", "anna", 1)],
)
def test_an_answer_is_known_by_its_number_though_the_name_is_another_now(event: Event) -> None:
    ann = Ann()
    ann.types("one")
    ann.returns()
    ann.hears(back(8, "other"), event)
    assert ann.session.lines.pending == {}


def test_somebody_else_under_our_name_meanwhile_acknowledges_nothing() -> None:
    ann = Ann()
    ann.types("one")
    ann.returns()
    ann.hears(back(9), Said(7, "ann", "another ann's first line", AT))
    assert list(ann.session.lines.pending) == [1]
    ann.hears(Said(10, "bob", "hi", AT, 1))
    assert list(ann.session.lines.pending) == [1]


def test_a_refusal_and_a_notice_settle_as_ever() -> None:
    ann = Ann()
    ann.types("/w dora x")
    ann.types("/seen dora")
    ann.returns()
    ann.hears(back(6), refusal(ErrorCode.NOT_CONNECTED, 1, name="dora"), Noticed("dora is not known.", 2))
    assert ann.session.lines.pending == {}
    assert ann.session.name == "ann"


def test_a_history_is_shown_with_times_and_both_names_of_a_whisper() -> None:
    past = (events.Past(1, AT, "bob", "hi"), events.Past(2, AT, "bob", "psst", "ann"))
    (shown,) = Ann().hears(events.HistoryListed("The last messages:", past))
    heading, first, second = shown.split("\n")
    assert heading == "The last messages:"
    assert first.startswith("[2023-11-1")
    assert first.endswith("] bob: hi")
    assert second.endswith("] bob -> ann: psst")


def test_whatever_a_server_calls_us_and_its_log_the_next_hello_fits_a_frame() -> None:
    ann = Ann()
    ann.hears(Welcomed("n" * 40_000, "e" * 40_000, 6, 1), Renamed(7, "n" * 39 + "\u2026", "m" * 60_000))
    hello = ann.returns()
    assert hello.resume is not None
    assert len(hello.name or "") + len(hello.resume.epoch) <= 80


def test_a_connection_lost_before_the_first_welcome_is_the_end() -> None:
    session = ClientSession("secret")
    session.lost()
    assert session.presence.phase is Phase.KNOCKING
    assert not session.presence.may_return


def test_a_goodbye_that_was_sent_is_not_taken_back_by_another() -> None:
    ann = Ann()
    ann.session.leave()
    ann.types("/quit")
    assert ann.session.presence.goodbye is Goodbye.SENT


def test_another_server_is_told_what_the_first_one_was() -> None:  # N3
    session = ClientSession("secret")
    first = session.hello("ann", "hunter22")
    session.receive(Dismissed("The server is full.", again=True), 0.0)
    session.lost()
    session.connected(Server("192.0.2.2, port 8001"))
    again = session.again()
    assert (again.name, again.resume, again.attempt) == (first.name, None, 2)
    assert session.presence.is_knocking
    assert session.receive(Asked("password", "Its password?"), 0.0).send == (Password("hunter22"),)
    assert not session.presence.is_knocking
