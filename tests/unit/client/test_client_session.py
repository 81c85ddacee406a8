"""client.core.session: what is typed and what is told -> what is sent and what is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.presence import Dismissal, Goodbye
from client.core.render import Kind
from client.core.session import UNSEEN, ClientSession
from client.core.settings import Settings
from client.core.typed import OVER, NewName, Secret, Typed
from client.core.unanswered import Pending
from protocol import requests
from protocol.commands import BY_WORD, explained_by
from protocol.errors import ErrorCode
from protocol.events import (
    Announced,
    Asked,
    CommandHelp,
    Dismissed,
    Event,
    HelpListed,
    HistoryListed,
    Joined,
    Left,
    Missed,
    Noticed,
    Past,
    Pinged,
    Ponged,
    Refused,
    Renamed,
    RoleChanged,
    Said,
    UsersListed,
    Welcomed,
    Whispered,
    refusal,
)
from protocol.lines import LINE_LIMIT
from protocol.requests import Clear, Hello, Line, Log, Name, Password, Pong, Reconnect

AT = 1_700_000_000.0


class Ann:
    """The session of a client, with a clock that a test moves."""

    def __init__(self, name: str = "ann") -> None:
        self.session = ClientSession("secret")
        self.now = 100.0
        if name:
            self.hears(Welcomed(name, "epoch", 1, 1))

    @property
    def is_dismissed(self) -> bool:
        return self.session.presence.dismissal is Dismissal.FOR_GOOD

    def answers(self, text: str) -> object:
        """Return what is sent for the answer to the question for a password, or the text shown instead."""
        return self.types(Secret(text, self.session.secret))

    def types(self, text: Typed) -> object:
        """Return what is sent for a typed line, or the text shown instead."""
        step = self.session.typed(text, self.now)
        return step.show.text if step.show is not None else step.send[0] if step.send else None

    def hears(self, *events: Event) -> str | None:
        """Return what the last of `events` is shown as."""
        steps = [self.session.receive(event, self.now) for event in events]
        return None if steps[-1].show is None else steps[-1].show.text

    @property
    def unanswered(self) -> list[str]:
        return [pending.text for pending in self.session.lines.pending.values()]


def whisper(name: str, seq: int, to: str = "ann") -> Whispered:
    return Whispered(seq, name, to, "psst", AT)


NOBODY_YET = ErrorCode.NO_WHISPER_YET.phrase


def shown(fault: ErrorCode, **details: object) -> str:
    return "! " + fault.phrase.format(**details)


# --- coming in ---------------------------------------------------------------------------------------------------


def test_the_first_message_is_a_hello_with_the_clients_secret_and_no_password() -> None:  # T4
    assert ClientSession("secret").hello("ann", "hunter22") == Hello(1, "secret", "ann", attempt=1)
    assert ClientSession("secret").hello() == Hello(1, "secret", attempt=1)


def test_whatever_is_given_as_a_name_fits_a_frame_and_can_be_encoded() -> None:
    session = ClientSession("secret")
    hello = session.hello("x" * 100_000 + "\ud800", "\ud800" + "y" * 100_000)
    assert hello.name is not None
    assert session.receive(Asked("password", "Its password?"), 1.0).send == (Password("y" * LINE_LIMIT),)
    assert len(hello.name) <= 40


def test_until_the_welcome_a_line_is_a_try_at_a_name() -> None:
    ann = Ann(name="")
    ann.hears(Asked("name", "Who are you?"))
    assert ann.types("  ann ") == Name("ann")  # A3
    assert ann.session.questions.what == ""
    ann.hears(refusal(ErrorCode.NAME_TAKEN, name="ann"), Asked("name", "Another?"))  # A4
    assert ann.session.questions.refusal == "ann is in use. Choose another name."
    assert ann.types("ann2") == Name("ann2")
    assert ann.session.questions.refusal == ""
    ann.hears(Welcomed("ann2", "epoch", 7, 3))
    assert (ann.session.name, ann.session.position.seq) == ("ann2", 7)
    assert ann.types("hello") == Line("hello", 1)


def test_a_command_before_the_welcome_is_for_the_server() -> None:
    ann = Ann(name="")
    ann.hears(Asked("name", "Who are you?"))
    assert ann.types("/setname john") == Line("/setname john", 1)  # C3
    assert ann.session.questions.what == ""
    ann.hears(Welcomed("john", "epoch", 1, 1))
    assert ann.unanswered == []  # the welcome was the answer


def test_an_answer_to_a_question_for_a_password_is_the_password_even_an_empty_one() -> None:
    ann = Ann()
    ann.hears(Asked("password", "Its password?"))
    assert ann.answers(" hunter22 ") == Password("hunter22")
    assert ann.types("in the open") == Line("in the open", 1)
    ann.hears(Asked("password", "Its password?"))
    assert ann.answers("") == Password("")
    ann.hears(Asked("password", "Its password?"))
    assert ann.answers("/users") == Password("/users")


DROPPED = "! That was typed as a password that is no longer asked for, and was dropped. Press Enter to go on."
QUESTION = Asked("password", "Its password?")


@pytest.mark.parametrize("since", [[], [QUESTION], [Welcomed("ann", "epoch", 1, 1)], [Asked("name", "Who are you?")]])
def test_an_answer_to_a_question_that_is_over_goes_nowhere(since: list[Event]) -> None:  # U2
    ann = Ann()
    ann.hears(QUESTION)
    secret = Secret("hunter22", ann.session.secret)
    ann.session.lost()
    ann.session.again()
    ann.hears(*since, Said(5, "bob", "hi", AT))
    assert ann.types(secret) == DROPPED
    assert ann.unanswered == []
    assert ann.session.lines.refused == 1
    assert ann.types(Secret("hunter22", OVER)) == DROPPED
    assert "hunter22" not in repr(secret)


def test_a_line_that_was_entered_before_the_question_was_heard_is_no_answer_and_not_said() -> None:  # U2
    ann = Ann()
    ann.hears(QUESTION)
    assert str(ann.types("hello all")).startswith("! A password was asked for")
    assert ann.unanswered == []
    assert ann.answers("hunter22") == Password("hunter22")


def test_a_goodbye_is_one_at_a_question_too() -> None:
    ann = Ann()
    ann.hears(QUESTION)
    assert ann.types("/quit") is None
    assert ann.session.presence.goodbye is Goodbye.TYPED


@pytest.mark.parametrize("line", ["/register", "/passwd", "/nick bob", "/setname bob"])
def test_what_comes_after_a_line_that_may_be_asked_about_is_not_known_until_it_is_answered(line: str) -> None:  # U2
    ann = Ann()
    ann.types(line)
    assert not ann.session.is_clear
    ann.hears(QUESTION)
    assert ann.session.is_clear
    ann.hears(Noticed("The password is not shown while you type it.", 1))
    assert ann.session.secret
    ann.answers("hunter22")
    assert not ann.session.is_clear
    ann.hears(Noticed("an answer to another line", 7), Renamed(5, "bob", "carl"))
    assert not ann.session.is_clear
    ann.hears(Noticed("ann is yours now."))
    assert ann.session.is_clear


def test_a_connection_that_is_lost_meanwhile_abandons_the_password() -> None:  # U2
    for events, lines in (([QUESTION], []), ([], ["/register"]), ([], ["hello"]), ([], [])):
        ann = Ann()
        for line in lines:
            ann.types(line)
        ann.hears(*events, Said(5, "bob", "hi", AT))
        ann.session.lost()
        assert ann.session.abandoned == bool(events or lines == ["/register"])
        assert ann.session.is_clear
        assert not ann.session.secret
        ann.session.lost()
        assert ann.session.abandoned == bool(events or lines == ["/register"])


@pytest.mark.parametrize("line", ["/register hunter22", "/passwd  hunter22", "/REGISTER hunter22"])
def test_a_password_in_a_line_is_sent_and_not_shown(line: str) -> None:
    ann = Ann()
    assert ann.types(line) == Line(line, 1)
    assert ann.unanswered == [f"{line.split(maxsplit=1)[0]} ..."]


@pytest.mark.parametrize(
    ("typed", "sent"),
    [(" /ping", "//ping"), ("\t//x", "///x"), (" hi ", "hi"), ("//x", "//x"), ("\x1b /quit", "//quit")],
)
def test_what_does_not_begin_with_a_slash_is_talk(typed: str, sent: str) -> None:  # A9, A10
    ann = Ann()
    assert ann.types(typed) == Line(sent, 1)
    assert ann.session.size(typed) == len(sent)
    assert ann.session.presence.goodbye is not Goodbye.TYPED


def test_a_space_in_front_of_a_command_for_a_name_does_no_harm() -> None:
    ann = Ann(name="")
    assert ann.types(" /setname john") == Line("/setname john", 1)


def test_a_reply_is_as_long_as_what_it_becomes() -> None:
    ann = Ann()
    assert ann.session.size("/reply yes") == 0  # to nobody
    ann.hears(whisper("bob", 5))
    assert ann.session.size("/reply yes") == len("/whisper bob yes")


# --- lines -------------------------------------------------------------------------------------------------------


def test_lines_are_numbered_from_1_and_sent_as_they_are() -> None:
    ann = Ann()
    assert ann.types("hello") == Line("hello", 1)
    assert ann.types("/whisper bob hi ") == Line("/whisper bob hi", 2)
    assert ann.types("/a-command-of-a-newer-server") == Line("/a-command-of-a-newer-server", 3)


def test_a_screen_reads_what_waits_while_another_thread_hears_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    ann = Ann()

    def answered_meanwhile(pending: Pending) -> str:
        ann.session.lines.pending.clear()
        return pending.line.text

    for text in ("one", "two"):
        ann.types(text)
    monkeypatch.setattr(Pending, "text", property(answered_meanwhile))
    assert ann.session.waiting == ["one", "two"]


@pytest.mark.parametrize("text", ["", "   ", "\x07\x1b", "\u202e"])
def test_a_line_with_nothing_in_it_is_not_sent(text: str) -> None:  # A9
    assert Ann().types(text) is None
    assert Ann(name="").types(text) is None


def test_a_line_is_as_long_as_the_server_takes_and_no_longer() -> None:
    ann = Ann()
    assert ann.types("é" * (LINE_LIMIT // 2)) == Line("é" * (LINE_LIMIT // 2), 1)
    assert ann.types("é" * (LINE_LIMIT // 2) + "e") == shown(ErrorCode.TOO_LONG, limit=LINE_LIMIT)
    assert ann.unanswered == ["é" * (LINE_LIMIT // 2)]


def test_a_reply_counts_with_what_it_becomes() -> None:
    ann = Ann()
    ann.hears(whisper("bob", 5))
    assert ann.types("/r " + "x" * (LINE_LIMIT - 3)) == shown(ErrorCode.TOO_LONG, limit=LINE_LIMIT)


@pytest.mark.parametrize(
    "answer",
    [
        Said(2, "ann", "hello", AT, cseq=1),
        Whispered(2, "ann", "bob", "hello", AT, cseq=1),
        Renamed(2, "ann", "anna", cseq=1),
        UsersListed(("ann",), 1, cseq=1),
        HelpListed((), cseq=1),
        Ponged(cseq=1),
        Noticed("done", cseq=1),
        Refused(301, "unknown-command", "no", cseq=1),
    ],
)
def test_every_answer_settles_its_line(answer: Event) -> None:
    ann = Ann()
    ann.types("hello")
    ann.types("and more")
    assert ann.session.lines.pending[1] == Pending(Line("hello", 1), ann.now)
    ann.hears(answer)
    assert ann.unanswered == ["and more"]


@pytest.mark.parametrize(
    "event",
    [
        Said(2, "bob", "hello", AT, cseq=1),  # another client's first line
        Whispered(2, "bob", "ann", "hello", AT, cseq=1),
        Renamed(2, "bob", "rob", cseq=1),
        Said(2, "ann", "hello", AT),
        Said(2, "ann", "hello", AT, cseq=9),
    ],
)
def test_nothing_else_settles_it(event: Event) -> None:
    ann = Ann()
    ann.types("hello")
    ann.hears(event)
    assert ann.unanswered == ["hello"]


def test_after_a_renaming_our_lines_are_known_by_the_new_name() -> None:
    ann = Ann()
    ann.types("/nick anna")
    ann.types("hello")
    assert ann.hears(Renamed(2, "ann", "anna", cseq=1)) == "* You are now anna"
    assert ann.hears(Said(3, "anna", "hello", AT, cseq=2)) == "anna: hello"
    assert ann.unanswered == []


def test_a_goodbye_is_answered_by_the_servers_goodbye_and_so_is_not_pending() -> None:
    ann = Ann()
    assert ann.session.leave().send == (Line("/disconnect", 1),)
    assert ann.session.presence.goodbye is Goodbye.SENT
    assert ann.unanswered == []
    assert not ann.is_dismissed
    assert ann.hears(Dismissed("Goodbye.")) == "Goodbye."
    assert ann.is_dismissed


@pytest.mark.parametrize(("text", "leaving"), [("/QUIT ", True), ("/quit now", True), ("/quitter", False)])
def test_a_goodbye_is_one_whatever_follows_it(text: str, leaving: bool) -> None:
    ann = Ann()
    assert (ann.types(text) is None) is leaving
    assert (ann.session.presence.goodbye is Goodbye.TYPED) is leaving
    assert ann.session.presence.goodbye is not Goodbye.SENT


def test_a_password_is_being_checked_until_something_comes_of_it() -> None:
    ann = Ann()
    ann.hears(Asked("password", "Choose one:"))
    ann.answers("hunter22")
    assert not ann.session.is_clear
    ann.hears(Said(2, "bob", "hi", AT))
    assert not ann.session.is_clear
    ann.hears(Noticed("ann is yours now."))
    assert ann.session.is_clear


def test_ping_is_timed_by_the_client() -> None:  # A13
    ann = Ann()
    ann.types("/ping")
    ann.now += 0.01234
    assert ann.hears(Ponged(cseq=1)) == "pong: 12.3 ms"
    assert ann.hears(Ponged(cseq=1)) == "pong"


def test_the_servers_ping_is_answered_and_not_shown() -> None:
    step = Ann().session.receive(Pinged(), 1.0)
    assert step.send == (Pong(),)
    assert step.show is None


# --- what the client does by itself ------------------------------------------------------------------------------


def test_settings_are_made_here_and_are_to_be_kept() -> None:
    ann = Ann()
    step = ann.session.typed("/set bell off", 0.0)
    assert step.keep == ann.session.settings == Settings(bell="off")
    assert step.show is not None
    assert not step.send
    assert ann.types("/set bell loud") == "! bell is one of: off, mention, whisper, all. Usage: /set [SETTING]"
    assert ann.session.lines.refused == 1
    assert ann.session.typed("/clear", 0.0).task == Clear()


def test_what_the_rest_of_the_client_does_is_handed_on() -> None:  # U5
    ann = Ann()
    assert ann.session.typed("/log  ~/chat log ", 0.0).task == Log("~/chat log")
    assert ann.session.typed("/log", 0.0).task == Log()
    assert ann.session.typed("/reconnect", 0.0).task == Reconnect()
    assert ann.types("/reconnect now") == "! It takes no parameters. Usage: /reconnect"
    stranger = ClientSession("secret")
    stranger.receive(Asked("name", "Who?"), 0.0)
    shown = stranger.typed("/reconnect", 0.0).show
    assert shown is not None
    assert shown.text == "! That needs a name, and you have none yet."


def test_the_list_of_commands_has_the_clients_own_in_it() -> None:  # U5
    ann = Ann()
    shown = ann.hears(HelpListed(tuple(row.described() for row in explained_by(None))))
    assert shown is not None
    assert "/log [FILE]" in shown


def test_nothing_is_shown_of_what_those_say_whom_one_ignores() -> None:
    ann = Ann()
    ann.types("/ignore Bob")
    assert ann.hears(Said(2, "bob", "hi", AT)) is None
    assert ann.hears(whisper("bob", 3)) is None
    assert ann.hears(Said(4, "carl", "hi", AT)) == "carl: hi"
    assert ann.hears(Said(5, "ann", "hi", AT, cseq=1)) == "ann: hi"
    past = (Past(2, AT, "bob", "hi"), Past(4, AT, "carl", "hi"))
    listed = ann.hears(HistoryListed("Now:", past))
    assert listed is not None
    assert "carl" in listed
    assert "bob" not in listed
    assert "bob" in ann.session.others
    ann.types("/unignore bob")
    assert ann.hears(Said(6, "bob", "hi", AT)) == "bob: hi"


def test_a_server_that_was_away_is_told_again_that_we_are() -> None:
    ann = Ann()
    ann.types("/away at lunch")
    ann.hears(Noticed("You are away.", cseq=1))
    ann.session.lost()
    ann.session.again()
    step = ann.session.receive(Welcomed("ann", "epoch", 2, 1, resumed=True), ann.now)
    assert step.send == (Line("/away at lunch", UNSEEN),)
    ann.types("/back")
    ann.hears(Noticed("You are back.", cseq=2))
    ann.session.again()
    assert ann.session.receive(Welcomed("ann", "epoch", 3, 1, resumed=True), ann.now).send == ()


def test_lines_that_were_refused_are_counted() -> None:
    ann = Ann()
    ann.types("/nosuch")
    ann.hears(refusal(ErrorCode.UNKNOWN_COMMAND, 1, word="/nosuch", hint=""))
    ann.hears(refusal(ErrorCode.BUSY, UNSEEN), refusal(ErrorCode.BUSY))
    assert ann.session.lines.refused == 1


# --- /reply ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [word for word, row in BY_WORD.items() if row.build is requests.Reply])
def test_a_reply_is_a_whisper_to_whoever_whispered_last(word: str) -> None:  # A19
    ann = Ann()
    ann.hears(whisper("bob", 5), whisper("carl", 6))
    assert ann.types(f"/{word}  hi  there") == Line("/whisper carl hi  there", 1, as_of=6, epoch="epoch")


def test_a_reply_before_any_whisper_is_refused_here() -> None:  # A21
    ann = Ann()
    ann.hears(Said(4, "bob", "hi", AT))
    assert ann.types("/reply hi") == f"! {NOBODY_YET}"
    assert ann.unanswered == []


@pytest.mark.parametrize("whispers", [(), (whisper("bob", 5),)])
def test_a_reply_without_a_message_is_told_how_it_is_typed(whispers: tuple[Event, ...]) -> None:  # A21, A22
    ann = Ann()
    for event in whispers:
        ann.hears(event)
    assert ann.types("/r ") == "! MESSAGE is missing. Usage: /r MESSAGE"
    assert ann.types("/reply") == "! MESSAGE is missing. Usage: /reply MESSAGE"


def test_our_own_whispers_do_not_make_us_the_one_to_reply_to() -> None:
    ann = Ann()
    ann.hears(Whispered(5, "ann", "bob", "hi", AT, cseq=1))
    assert ann.types("/reply hi") == f"! {NOBODY_YET}"
    ann.hears(whisper("bob", 6), whisper("ann", 7, to="ann"))
    assert ann.types("/reply hi") == Line("/whisper bob hi", 1, as_of=6, epoch="epoch")


@pytest.mark.parametrize(
    "departure",
    [
        [Left(6, "bob", 1, "goodbye")],
        [Left(6, "bob", 1, "goodbye"), Joined(7, "bob", 2)],  # a newcomer, even if it is the same person
        [Left(6, "bob", 1, "goodbye"), Renamed(7, "carl", "bob")],
        [Left(6, "bob", 1, "goodbye"), Joined(7, "bob", 2), Renamed(8, "bob", "rob")],
        [Joined(7, "bob", 2)],  # then the old one left, whether we heard of it or not
        [Missed(3)],  # and nobody knows what happened in them
    ],
)
def test_a_reply_to_whoever_left_goes_to_nobody(departure: list[Event]) -> None:  # A20
    ann = Ann()
    ann.hears(whisper("bob", 5), *departure)
    assert ann.types("/reply hi") == shown(ErrorCode.LEFT_SINCE, name="bob")
    assert ann.unanswered == []


def test_a_reply_follows_a_renaming() -> None:  # A19
    ann = Ann()
    ann.hears(whisper("bob", 5), Renamed(6, "bob", "rob"), Renamed(7, "rob", "robert"), Joined(8, "bob", 3))
    assert ann.types("/reply hi") == Line("/whisper robert hi", 1, as_of=7, epoch="epoch")


@pytest.mark.parametrize("event", [Left(6, "carl", 1, "goodbye"), Renamed(6, "carl", "c"), Joined(6, "dora", 2)])
def test_what_others_do_leaves_the_reply_alone(event: Event) -> None:
    ann = Ann()
    ann.hears(whisper("bob", 5), event)
    assert ann.types("/reply hi") == Line("/whisper bob hi", 1, as_of=5, epoch="epoch")


def test_a_new_whisper_revives_the_reply() -> None:
    ann = Ann()
    ann.hears(whisper("bob", 5), Left(6, "bob", 1, "goodbye"), Joined(7, "bob", 2), whisper("bob", 8))
    assert ann.types("/reply hi") == Line("/whisper bob hi", 1, as_of=8, epoch="epoch")


def test_a_gap_before_any_whisper_is_only_shown() -> None:
    ann = Ann()
    assert ann.hears(Missed(3)) == "* Messages that you missed and that can't be had any more: 3"
    assert ann.types("/reply hi") == f"! {NOBODY_YET}"


# --- who is here, and where we are in the log --------------------------------------------------------------------


def test_the_names_that_were_seen_are_kept() -> None:
    ann = Ann()
    ann.hears(Joined(2, "bob", 2), Said(3, "carl", "hi", AT), whisper("dora", 4), Renamed(5, "carl", "c"))
    assert set(ann.session.roster) == {"bob", "c", "dora"}
    ann.hears(Left(6, "bob", 3, "goodbye"))
    assert set(ann.session.roster) == {"c", "dora"}
    ann.hears(UsersListed(("ann", "eve"), 2))
    assert set(ann.session.roster) == {"ann", "eve"}


def test_a_screen_that_completes_names_has_them_from_the_start_and_nobody_sees_how() -> None:
    session = ClientSession("secret", lists_users=True)
    step = session.receive(Welcomed("ann", "epoch", 1, 2), 1.0)
    assert step.send == (Line("/users", UNSEEN),)
    assert session.roster.count == 2
    assert session.receive(UsersListed(("bob", "ann"), 2, cseq=UNSEEN), 1.0).show is None
    assert session.others == ["bob"]
    assert session.receive(refusal(ErrorCode.BUSY, UNSEEN), 1.0).show is None


def test_the_others_are_known_by_who_spoke_last_and_who_would_get_a_reply() -> None:
    ann = Ann()
    assert (ann.session.others, ann.session.whisperer) == ([], "")
    ann.hears(Joined(2, "bob", 2), Said(3, "carl", "hi", AT), Said(4, "ann", "hi", AT), whisper("dora", 5))
    assert (ann.session.others, ann.session.whisperer) == (["dora", "carl", "bob"], "dora")
    ann.hears(Left(6, "dora", 2, "goodbye"))
    assert ann.session.whisperer == ""


def test_the_newest_number_of_the_log_is_kept() -> None:
    ann = Ann()
    ann.hears(Joined(9, "bob", 2), Noticed("something"), Said(8, "bob", "late", AT))
    assert ann.session.position.seq == 9


# --- a hostile server --------------------------------------------------------------------------------------------

EVIL = "\x1b[2J\x07\u202e\r\n\x9b\u2028x"
UNSAFE = set("\x00\x07\x1b\x7f\x9b\r\u202e\u2028\ud800")


@pytest.mark.parametrize(
    "event",
    [
        Said(1, EVIL, EVIL, AT),
        Whispered(1, EVIL, EVIL, EVIL, AT),
        Joined(1, EVIL, 1),
        Left(1, EVIL, 1, EVIL),
        Renamed(1, EVIL, EVIL),
        Welcomed(EVIL, EVIL, 1, 1),
        Asked("name", EVIL),
        UsersListed((EVIL, EVIL), 2),
        HelpListed((CommandHelp(EVIL, (EVIL,), EVIL, EVIL),)),
        Noticed(EVIL),
        Refused(1, EVIL, EVIL),
        Dismissed(EVIL),
    ],
)
def test_whatever_a_server_sends_nothing_unsafe_is_shown(event: Event) -> None:
    text = Ann(name="").hears(event)
    assert text is not None
    assert "x" in text  # what is not unsafe stays
    assert not UNSAFE & set(text)


@given(st.text(st.characters() | st.sampled_from(sorted(UNSAFE))))
def test_no_text_at_all_gets_unsafe_characters_onto_the_screen(text: str) -> None:
    shown = Ann().hears(Whispered(2, text, text, text, AT))
    assert shown is not None
    assert not UNSAFE & set(shown)


def test_a_hostile_name_does_not_get_into_a_command_line_with_more_than_its_text() -> None:
    ann = Ann()
    ann.hears(Whispered(5, "bob\r\n/quit", "ann", "psst", AT))
    assert ann.types("/r hi") == Line("/whisper bob/quit hi", 1, as_of=5, epoch="epoch")


def test_a_refusal_after_the_welcome_is_about_a_line_and_not_about_us() -> None:
    ann = Ann()
    step = ann.session.receive(refusal(ErrorCode.NOT_CONNECTED, name="eve"), ann.now)
    assert step.show is not None
    assert step.show.kind is Kind.REFUSED
    assert ann.session.questions.refusal == ""


# --- operators ---------------------------------------------------------------------------------------------------


def test_it_is_an_operator_s_by_the_server_s_word_and_until_the_next_welcome() -> None:  # M7
    ann = Ann()
    assert not ann.session.status.is_operator
    assert ann.hears(RoleChanged(True)) == "* You are an operator: /help operators lists your commands."
    assert ann.session.status.is_operator
    ann.hears(Welcomed("ann", "epoch", 9, 1))
    assert not ann.session.status.is_operator


def test_an_announcement_settles_the_line_of_its_author_alone() -> None:  # M5
    ann, bob = Ann(), Ann("bob")
    ann.types("/announce tea")
    bob.types("hi")
    event = Announced(2, "ann", "tea", AT, 1)
    assert ann.hears(event) == bob.hears(event) == "*** ann announces: tea ***"
    assert (ann.session.waiting, bob.session.waiting) == ([], ["hi"])


def test_who_has_lost_the_name_to_its_owner_is_asked_for_another(  # M8
) -> None:
    ann = Ann()
    ann.hears(refusal(ErrorCode.NAME_CLAIMED, name="ann"), Asked("name", "Type the name you want."))
    assert ann.session.name == ""
    assert ann.types(NewName("eve")) == Name("eve")
    ann.hears(Welcomed("eve", "epoch", 9, 2))
    assert ann.types("hi") == Line("hi", 1)


NOT_SENT = "! You have no name now: /nick NAME takes one. Not sent: "


@pytest.mark.parametrize("fault", [ErrorCode.NAME_CLAIMED, ErrorCode.NAME_LOST])
def test_talk_is_no_name_when_ours_is_lost(fault: ErrorCode) -> None:  # M8
    ann = Ann()
    ann.hears(refusal(fault, name="ann"), Asked("name", "Type the name you want."))
    for line in ("swim", "the rest", "/users", "//nick eve"):
        assert ann.types(line) == NOT_SENT + line
    for line in (" /nick eve", " /quit", " /set bell off"):  # talk, with a space in front of it
        assert ann.types(line) == NOT_SENT + line.strip()
    assert ann.types("/register secret12") == f"{NOT_SENT}/register ..."
    assert ann.types("/nick") == "! NAME is missing. Usage: /nick NAME"
    assert ann.types("") is None
    assert (ann.unanswered, ann.session.lines.refused) == ([], 9)
    assert ann.session.presence.goodbye is Goodbye.NONE
    assert ann.session.is_clear
    assert ann.types(NewName(" /setname eve")) == Name("eve")


def test_who_has_no_name_may_change_settings_and_leave() -> None:  # M8
    ann = Ann()
    ann.hears(refusal(ErrorCode.NAME_CLAIMED, name="ann"), Asked("name", "Type the name you want."))
    assert "bell off" in str(ann.types("/set bell off"))
    assert ann.types("/quit") is None
    assert ann.session.presence.goodbye is Goodbye.TYPED


def test_a_server_that_waits_for_a_name_owes_our_lines_no_answer() -> None:  # M8
    ann = Ann()
    ann.types("hi")
    assert ann.session.is_overdue(0.0, 200.0, silence=20.0, timeout=10.0)
    ann.hears(refusal(ErrorCode.NAME_CLAIMED, name="ann"), Asked("name", "Type the name you want."))
    assert not ann.session.is_overdue(0.0, 200.0, silence=20.0, timeout=10.0)


def test_a_name_that_was_begun_and_is_not_wanted_any_more_is_a_line() -> None:
    assert Ann().types(NewName("eve")) == Line("eve", 1)
