"""chat/handlers/accounts.py: registered names and their passwords, as users meet them (D11)."""

from __future__ import annotations

import pytest

from chat import limits
from chat.effects import CheckPassword, RemoveAccount, StorePassword, TaskResult
from chat.handlers import accounts
from chat.session import Session
from chat.state import ASK_AGAIN, GOODBYE
from protocol.dialects import VERBS
from protocol.errors import ErrorCode
from protocol.events import Asked, Joined, Noticed, Said, Welcomed, refusal
from protocol.requests import Hello, Line, Name, Password
from protocol.telnet import HIDE_TYPING, SHOW_TYPING
from tests.support.party import Party

ASK_LOGIN = "ann is registered. Its password (Enter alone: never mind)?"
ASK_NEW = "Choose a password of 8 to 128 characters (Enter alone: never mind):"
ASK_AGAIN_NEW = "The same once more:"
WRONG = "! That is not ann's password."
LENGTHS = "! A password has 8 to 128 characters. Nothing was changed."
CLAIMED = "! ann is registered, and its owner has come with the password. You need another name."
WELCOME = ("Welcome, ann. You may chat now; /help (or /cmd) lists the commands.", "* Users here: 2")


@pytest.fixture
def party() -> Party:
    """Return a party at which bob is in the room and ann is a registered name that nobody uses."""
    made = Party()
    made.joins("bob")
    made.hub.accounts_are(frozenset({"ann"}))
    made.connects("ann")
    return made


def session_of(party: Party, name: str) -> Session:
    return party.guests[name].session


# --- taking a registered name ------------------------------------------------------------------------------------


def test_a_registered_name_is_had_by_its_password(party: Party) -> None:
    party.says("ann", "ann")
    party.sees("ann", ASK_LOGIN)
    party.says("ann", "secret12")
    assert party.asked == [CheckPassword(session_of(party, "ann"), "ann", "secret12", was_asked=True)]
    party.looks_away()
    party.answers(TaskResult.YES)
    party.sees("ann", *WELCOME)
    party.sees("bob", "* ann has connected. Users here: 2")


def test_typing_is_hidden_from_the_question_to_its_answer(party: Party) -> None:
    party.says("ann", "ann")
    assert party.hears("ann").startswith(HIDE_TYPING)
    party.says("ann", "secret12")
    assert party.hears("ann").startswith(SHOW_TYPING)


def test_a_password_is_compared_in_one_form_of_its_letters(party: Party) -> None:
    party.says("ann", "ann", " cafe\u0301 au lait ")
    (asked,) = party.asked
    assert isinstance(asked, CheckPassword)
    assert asked.password == "caf\xe9 au lait"


def test_while_it_is_checked_what_else_was_sent_waits(party: Party) -> None:
    party.says("ann", "ann", "secret12", "hi")
    party.sees_nothing("bob")
    party.answers(TaskResult.YES)
    party.sees("bob", "* ann has connected. Users here: 2", "ann: hi")


def test_a_wrong_password_is_asked_for_again_and_the_third_closes(party: Party) -> None:
    party.says("ann", "ann")
    for _ in range(2):
        party.says("ann", "secret13")
        party.looks_away()
        party.answers(TaskResult.NO)
        party.sees("ann", WRONG, ASK_LOGIN)
    party.says("ann", "secret13")
    party.looks_away()
    party.answers(TaskResult.NO)
    party.sees("ann", WRONG, GOODBYE)
    assert party.is_gone("ann")
    party.sees_nothing("bob")


def test_enter_alone_leaves_the_name_to_its_owner(party: Party) -> None:
    party.says("ann", "ann", "")
    assert party.told("ann")[-1] == ASK_AGAIN
    assert party.asked == []
    party.says("ann", "eve")
    assert party.room() == ("bob", "eve")


def test_a_user_may_leave_instead_of_answering(party: Party) -> None:
    party.says("ann", "ann", "\x04")
    assert party.told("ann")[-1] == GOODBYE
    assert party.is_gone("ann")


def test_an_answer_that_is_not_utf_8_is_dropped_and_the_question_stands(party: Party) -> None:
    party.says("ann", "ann")
    party.sends("ann", b"caf\xe9\r\n")
    assert party.asked == []
    party.says("ann", "secret12")
    assert len(party.asked) == 1


def test_after_three_wrong_ones_in_a_minute_the_address_has_to_wait(party: Party) -> None:
    for name in ("ann", "carl", "dora"):
        party.connects(name)
        party.says(name, "ann", "secret13")
        party.answers(TaskResult.NO)
    party.connects("eve")
    party.says("eve", "ann", "secret12")
    assert "! Too many wrong passwords for ann from where you are. Wait 60 s." in party.told("eve")
    assert party.asked == []


def test_a_password_for_a_name_without_an_account_is_checked_all_the_same(party: Party) -> None:
    """So that a guesser learns nothing of which names there are."""
    party.connects("eve", dialect=VERBS)
    party.says("eve", "JOIN eve secret12")
    assert party.asked == [CheckPassword(session_of(party, "eve"), "eve", "secret12", was_asked=False)]
    party.answers(TaskResult.NO)
    party.sees("eve", "That is not eve's password, or it has none: try the name alone.", "To register: JOIN NAME")


def test_a_wrong_password_given_with_a_name_is_refused_in_the_same_words_whether_it_has_an_account(
    party: Party,
) -> None:
    told = []
    for name in ("ann", "eve"):  # the first is registered, the second is not
        party.connects(f"verbs-{name}", dialect=VERBS)
        party.says(f"verbs-{name}", f"JOIN {name} secret13")
        party.answers(TaskResult.NO)
        told.append([line.replace(name, "NAME") for line in party.told(f"verbs-{name}")])
    assert told[0] == told[1]


def test_a_verb_user_gives_the_password_with_the_name(party: Party) -> None:
    party.connects("eve", dialect=VERBS)
    party.says("eve", "JOIN ann")
    party.sees("eve", "That name has an account: JOIN NAME PASSWORD", "To register: JOIN NAME")
    party.says("eve", "JOIN ann secret12")
    party.answers(TaskResult.YES)
    party.sees("eve", "Welcome, ann. Users here: 2")


def test_a_framed_client_may_give_it_with_the_hello_or_when_asked(party: Party) -> None:
    party.frames("ann", Hello(1, "a secret", "ann", "secret13"))
    party.answers(TaskResult.NO)
    assert party.events("ann") == [
        refusal(ErrorCode.WRONG_PASSWORD, name="ann", instead=", or it has none: try the name alone"),
        Asked("name", ASK_AGAIN),
    ]
    party.frames("ann", Name("ann"))
    assert party.events("ann") == [Asked("password", ASK_LOGIN)]
    party.frames("ann", Password("secret12"))
    party.answers(TaskResult.YES)
    (welcomed,) = party.events("ann")
    assert isinstance(welcomed, Welcomed)


def test_of_two_who_know_the_password_the_later_one_has_the_name(party: Party) -> None:  # M8
    party.connects("eve")
    party.says("ann", "ann", "secret12")
    party.says("eve", "ann", "secret12")
    party.looks_away()
    party.answers(TaskResult.YES)
    party.looks_away()
    party.answers(TaskResult.YES)
    assert party.told("ann") == [CLAIMED, ASK_AGAIN]
    assert party.told("eve")[-2] == WELCOME[0]
    assert party.room() == ("bob", "ann")


def test_a_name_that_was_unregistered_and_taken_meanwhile_is_refused(party: Party) -> None:
    party.connects("eve")
    party.says("ann", "ann", "secret12")
    party.hub.accounts_are(frozenset())
    party.says("eve", "ann")
    party.looks_away()
    party.answers(TaskResult.YES)
    assert party.told("ann") == ["! ann is in use. Choose another name.", ASK_AGAIN]


# --- the owner's password takes the name (M8) --------------------------------------------------------------------


@pytest.mark.parametrize("door", ["text", "verbs", "framed"])
def test_the_owner_s_password_takes_the_name_and_the_other_one_is_asked_for_another(door: str) -> None:  # M8
    party = Party()
    party.joins("bob")
    {"text": party.joins, "verbs": party.joins_by_verb, "framed": party.joins_framed}[door]("ann")
    party.hub.accounts_are(frozenset({"ann"}))
    party.connects("owner")
    party.looks_away()
    party.says("owner", "ANN")
    party.sees("owner", ASK_LOGIN.replace("ann", "ANN"))
    party.sees_nothing("ann", "bob")
    party.says("owner", "secret12")
    party.answers(TaskResult.YES)
    assert party.told("ann")[0].removeprefix("! ") == CLAIMED.removeprefix("! ")
    party.sees(
        "bob", "* ann has left (the owner of the name came). Users here: 1", "* ANN has connected. Users here: 2"
    )
    assert party.room() == ("bob", "ANN")
    assert not party.is_gone("ann")
    address = party.guests["ann"].session.address
    assert party.log[-3] == f"ann ({address}) has lost the name ann to its owner ({session_of(party, 'owner').address})"
    party.says("ann", "JOIN carl" if door == "verbs" else "/nick carl")
    assert party.room() == ("bob", "ANN", "carl")
    party.looks_away()
    party.says("ann", "BCST hi" if door == "verbs" else "hi")
    party.sees("bob", "carl: hi")
    party.leaves("ann")
    assert party.room() == ("bob", "ANN")


def claims(party: Party, name: str) -> None:
    """Let the owner of `name`, which somebody else has, come with its password."""
    party.hub.accounts_are(frozenset({name}))
    party.connects("owner")
    party.says("owner", name, "secret12")
    party.answers(TaskResult.YES)


def test_the_lines_on_their_way_when_the_name_is_taken_are_no_names_and_go_with_the_next_one() -> None:  # M8
    party = Party()
    party.joins("bob")
    party.joins_framed("ann")
    party.frames("ann", Line("run", 1))
    claims(party, "ann")
    party.events("ann")
    party.frames("ann", Line("swim", 2), Line("dive", 3))
    assert party.events("ann") == []
    party.frames("ann", Line("/nick carl", 4), Line("/users", 5))  # they come behind the lines that are sent again
    assert party.events("ann") == [Asked("name", ASK_AGAIN)] * 2
    assert party.room() == ("bob", "ann")
    party.says("bob", "who?")
    party.looks_away()
    party.frames("ann", Name("dora"))
    welcome, *missed = party.events("ann")
    assert isinstance(welcome, Welcomed)
    assert (welcome.name, welcome.resumed) == ("dora", True)
    assert [type(event) for event in missed] == [Joined, Said, Joined]  # the owner, who?, dora
    party.looks_away()
    party.frames("ann", Line("run", 1), Line("swim", 2), Line("dive", 3))
    party.sees("bob", "dora: swim", "dora: dive")


def test_a_command_for_a_name_is_taken_if_no_line_before_it_is_sent_again() -> None:  # M8
    party = Party()
    party.joins_framed("ann")
    claims(party, "ann")
    party.frames("ann", Line("swim", 1), Name("carl"), Line("swim", 1))
    claims(party, "carl")
    party.frames("ann", Line("/setname dora", 2))
    assert party.room() == ("ann", "carl", "dora")


def test_a_text_user_who_takes_another_name_is_told_what_it_missed_and_nothing_twice() -> None:  # M8
    party = Party()
    party.joins("ann", "bob")
    party.says("bob", "before")
    claims(party, "ann")
    party.says("bob", "between")
    party.looks_away()
    party.says("ann", "swim")
    party.sees(
        "ann",
        "* ann has connected. Users here: 2",
        "bob: between",
        "* swim has connected. Users here: 3",
        "Welcome, swim. You may chat now; /help (or /cmd) lists the commands.",
        "* Users here: 3",
    )


def test_who_renames_with_the_password_takes_the_name_too(party: Party) -> None:  # M8
    party.hub.accounts_are(frozenset())
    party.says("ann", "ann")
    party.hub.accounts_are(frozenset({"ann"}))
    party.looks_away()
    party.says("bob", "/nick ann", "secret12")
    party.answers(TaskResult.YES)
    assert party.told("ann") == [CLAIMED, ASK_AGAIN]
    assert "* bob is now ann" in party.told("bob")
    assert party.room() == ("ann",)


def test_a_full_room_has_a_place_for_the_owner_of_a_name_that_is_taken() -> None:  # M8
    party = Party(max_users=1)
    party.joins("ann")
    party.hub.accounts_are(frozenset({"ann"}))
    party.connects("owner")
    party.says("owner", "ann", "secret12")
    party.answers(TaskResult.YES)
    assert party.guests["owner"].session.named
    party.looks_away()
    party.says("ann", "eve")
    assert party.told("ann")[0].startswith("! Too Many Users")


def test_a_wrong_password_takes_nothing(party: Party) -> None:  # M8
    party.hub.accounts_are(frozenset())
    party.says("ann", "ann")
    party.hub.accounts_are(frozenset({"ann"}))
    party.connects("eve")
    party.says("eve", "ann", "a guess")
    party.looks_away()
    party.answers(TaskResult.NO)
    party.sees_nothing("ann", "bob")
    assert party.told("eve")[0] == WRONG


def test_the_password_of_a_text_user_who_loses_the_name_at_its_question_is_never_a_name(party: Party) -> None:  # M8, U2
    party.hub.accounts_are(frozenset())
    party.says("ann", "ann", "/register")
    party.hub.accounts_are(frozenset({"ann"}))
    party.connects("owner")
    party.says("owner", "ann", "secret12")
    party.looks_away()
    party.answers(TaskResult.YES)
    heard = party.hears("ann")
    assert heard.startswith(SHOW_TYPING)
    assert b"its owner has come with the password" in heard
    assert party.guests["ann"].session.closing
    party.says("ann", "a-secret")  # was on its way
    assert party.room() == ("bob", "ann")
    assert b"a-secret" not in party.hears("bob")


def test_a_task_of_who_has_lost_the_name_changes_nobody_s_account(party: Party) -> None:  # M8
    party.hub.accounts_are(frozenset())
    party.says("ann", "ann", "/register secret13")
    party.connects("owner")
    party.hub.accounts_are(frozenset({"ann"}))
    party.says("owner", "ann", "secret12")
    registering = party.asked.pop(0)
    party.answers(TaskResult.YES)
    party.asked.append(registering)
    party.looks_away()
    party.answers(TaskResult.YES)
    party.sees_nothing("ann")
    assert session_of(party, "ann").account == ""
    assert session_of(party, "owner").account == "ann"


def test_who_has_lost_the_name_has_a_deadline_again(party: Party) -> None:  # M8
    party.hub.accounts_are(frozenset())
    party.says("ann", "ann")
    party.hub.accounts_are(frozenset({"ann"}))
    party.connects("owner")
    party.says("owner", "ann", "secret12")
    party.answers(TaskResult.YES)
    party.passes(61)
    assert party.is_gone("ann")
    assert party.room() == ("bob", "ann")


@pytest.mark.parametrize("answer", list(TaskResult))
def test_who_left_meanwhile_is_told_nothing_and_comes_in_no_more(party: Party, answer: TaskResult) -> None:
    party.says("ann", "ann", "secret12")
    party.leaves("ann")
    party.looks_away()
    party.answers(answer)
    party.sees_nothing("ann", "bob")
    assert party.room() == ("bob",)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (TaskResult.BUSY, "! Too many passwords are being checked right now. Try again in a few seconds."),
        (TaskResult.FAILED, "! The accounts could not be written on the server. Nothing was changed."),
    ],
)
def test_when_it_cannot_be_checked_nothing_is_changed(party: Party, answer: TaskResult, why: str) -> None:
    party.says("ann", "ann", "secret12")
    party.looks_away()
    party.answers(answer)
    party.sees("ann", why, "ann is registered. Its password (Enter alone: never mind)?")
    party.says("ann", "secret12")  # once more, and nobody hears it
    assert len(party.asked) == 1


# --- registering -------------------------------------------------------------------------------------------------


def test_a_name_is_registered_by_typing_a_password_twice(party: Party) -> None:
    party.says("bob", "/register")
    party.sees("bob", ASK_NEW)
    party.says("bob", "secret12")
    assert party.told("bob")[-1] == ASK_AGAIN_NEW
    party.says("bob", "secret12")
    assert party.asked == [StorePassword(session_of(party, "bob"), "bob", "secret12")]
    party.looks_away()
    party.answers(TaskResult.YES)
    party.sees("bob", "* bob is yours now: from here on the name needs your password.")


@pytest.mark.parametrize("typed", ["1234567", "x" * 129])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_password_has_8_to_128_characters(party: Party, typed: str, at_once: bool) -> None:
    party.says("bob", *([f"/register {typed}"] if at_once else ["/register", typed]))
    assert LENGTHS in party.told("bob")
    assert party.asked == []
    party.says("bob", "")
    party.sees_nothing("ann")


@pytest.mark.parametrize("typed", ["12345678", "x" * 128])
def test_the_shortest_and_the_longest_password_are_taken(party: Party, typed: str) -> None:
    party.says("bob", f"/register {typed}")
    assert party.asked == [StorePassword(session_of(party, "bob"), "bob", typed)]


def test_two_that_differ_change_nothing(party: Party) -> None:
    party.says("bob", "/register", "secret12", "secret13")
    party.looks_away()
    party.says("bob", "secret14", "secret14")  # asked for again, so that nobody hears the next try either
    assert party.asked == [StorePassword(session_of(party, "bob"), "bob", "secret14")]


@pytest.mark.parametrize("lines", [("",), ("secret12", "")])
def test_enter_alone_changes_nothing(party: Party, lines: tuple[str, ...]) -> None:
    party.says("bob", "/register", *lines)
    assert party.told("bob")[-1] == "* Nothing was changed."
    assert party.asked == []


def test_a_framed_client_s_line_is_answered_when_the_question_was_asked(party: Party) -> None:
    party.joins_framed("carl")
    party.frames("carl", Line("/register", 7))
    asked, shown = party.events("carl")
    assert shown == Noticed("The password is not shown while you type it.", 7)
    assert asked == Asked("password", ASK_NEW)
    party.frames("carl", Line("secret12", 8), Line("/secret12", 9))  # from before it had heard of the question
    again = Asked("password", ASK_NEW)
    assert party.events("carl") == [
        refusal(ErrorCode.PASSWORD_ASKED, 8),
        again,
        refusal(ErrorCode.PASSWORD_ASKED, 9),
        again,
    ]
    assert "secret12" not in "".join(party.log)
    party.frames("carl", Password("secret12"), Password("secret12"))
    party.answers(TaskResult.YES)
    text = "carl is yours now: from here on the name needs your password."
    assert party.events("carl") == [Asked("password", "The same once more:"), Noticed(text)]


def test_an_answer_that_can_t_be_read_is_asked_for_again(party: Party) -> None:
    party.says("ann", "ann")
    party.looks_away()
    party.sends("ann", b"gr\xfcn-geheim\r\n")
    (why, asked) = party.told("ann")
    assert why.startswith("! That line was not UTF-8")
    assert asked == "ann is registered. Its password (Enter alone: never mind)?"
    party.says("ann", "secret12")
    assert party.asked == [CheckPassword(session_of(party, "ann"), "ann", "secret12", True)]


# --- being registered --------------------------------------------------------------------------------------------


@pytest.fixture
def owner(party: Party) -> str:
    """Return the name of ann, who has come in by her password."""
    party.says("ann", "ann", "secret12")
    party.answers(TaskResult.YES)
    party.looks_away()
    return "ann"


def test_what_is_registered_is_not_registered_again(party: Party, owner: str) -> None:
    party.says(owner, "/register secret34")
    party.sees(owner, "! ann is registered already. /passwd changes the password.")


def test_the_owner_changes_the_password(party: Party, owner: str) -> None:
    party.says(owner, "/passwd secret34")
    assert party.asked == [StorePassword(session_of(party, owner), "ann", "secret34")]
    party.answers(TaskResult.YES)
    party.sees(owner, "* The password of ann is changed.")


def test_the_owner_gives_the_name_back(party: Party, owner: str) -> None:
    party.says(owner, "/unregister")
    assert party.asked == [RemoveAccount(session_of(party, owner), "ann")]
    party.answers(TaskResult.YES)
    party.sees(owner, "* ann is not registered any more.")
    party.says(owner, "/unregister")
    party.sees(owner, "! ann is not registered by you. /register registers it.")


@pytest.mark.parametrize("line", ["/passwd secret34", "/unregister"])
def test_what_is_not_registered_has_no_password(party: Party, line: str) -> None:
    party.says("bob", line)
    party.sees("bob", "! bob is not registered by you. /register registers it.")


def test_the_owner_may_write_the_name_in_another_case_without_a_password(party: Party, owner: str) -> None:
    party.says(owner, "/nick Ann")
    party.sees("bob", "* ann is now Ann")


def test_who_goes_on_to_another_name_needs_the_password_to_come_back(party: Party, owner: str) -> None:
    party.says(owner, "/nick carl", "/nick ann")
    party.sees(owner, "* ann is now carl", ASK_LOGIN)


def test_who_has_a_name_already_takes_a_registered_one_by_its_password(party: Party) -> None:
    party.says("bob", "/nick ann", "secret12")
    party.looks_away()
    party.answers(TaskResult.YES)
    party.sees("bob", "* bob is now ann")


# --- what must not be heard or read by others --------------------------------------------------------------------


def test_a_password_that_comes_as_a_line_before_the_question_was_heard_reaches_nobody(party: Party) -> None:
    party.joins_framed("carl")
    party.looks_away()
    party.frames("carl", Line("/register", 7), Line("secret12", 8))
    assert refusal(ErrorCode.PASSWORD_ASKED, 8) in party.events("carl")
    party.sees_nothing("bob")
    party.frames("carl", Password("secret12"), Password("secret12"))
    assert party.asked == [StorePassword(session_of(party, "carl"), "carl", "secret12")]


def test_a_line_that_is_no_name_is_not_logged_since_it_may_be_a_password(party: Party) -> None:
    party.connects("eve")
    party.says("eve", "my secret password")
    assert "name-bad" in party.log[-1]
    assert "secret" not in "".join(party.log)


@pytest.mark.parametrize("answer", TaskResult)
def test_the_log_says_what_came_of_it_for_somebody_who_has_left_too(party: Party, answer: TaskResult) -> None:
    party.says("bob", "/register secret12")
    party.leaves("bob")
    party.answers(answer)
    assert party.log[-1].endswith(f"/register: {answer.name.lower()}, but the user has left")


def test_who_asks_for_the_name_that_is_his_is_told_so_and_nobody_else(party: Party, owner: str) -> None:
    party.says(owner, "/nick ann")
    party.sees(owner, "* You are ann already.")
    party.sees_nothing("bob")


def test_all_of_a_network_s_addresses_guess_as_one(party: Party) -> None:
    session = session_of(party, "ann")
    session.address = "[2001:db8::1]:4711"
    one = accounts.guess_of("Ann", session)
    session.address = "[2001:db8::ffff:1]:4712"
    assert accounts.guess_of("ann", session) == one
    session.address = "[2001:db8:0:1::1]:4711"
    assert accounts.guess_of("ann", session) != one
    session.address = "192.0.2.1:4711"
    assert accounts.guess_of("ann", session) == ("ann", "192.0.2.1")


def test_a_frame_that_breaks_the_stream_closes_at_a_question_too(party: Party) -> None:
    party.joins_framed("carl")
    party.frames("carl", Line("/register", 1))
    party.sends("carl", b"\0\0\0\0")
    assert party.is_gone("carl")


def registers(party: Party, name: str, address: str) -> bool:
    """Let somebody at `address` come in and register; return if that was taken, and asked for nothing else."""
    party.joins(name)
    session_of(party, name).address = address
    party.looks_away()
    party.says(name, "/register secret12")
    if not party.asked:
        return False
    party.answers(TaskResult.YES)
    return True


def test_one_network_s_new_passwords_are_limited_so_that_logins_come_to_their_turn(
    party: Party,
) -> None:  # issue 10, 15
    taken = [registers(party, f"u{number}", f"[2001:db8::{number}]:4711") for number in range(4)]
    assert taken == [True, True, True, False]
    party.sees("u3", "! Too many new passwords from where you are. Nothing was changed. Wait 60 s.")
    assert registers(party, "eve", "[2001:db8:0:1::1]:4711")
    party.passes(60)
    party.says("u3", "/register secret12")
    assert len(party.asked) == 1


def test_a_new_password_that_failed_counts_as_well(party: Party) -> None:
    for _ in range(3):
        party.says("bob", "/register secret12")
        party.answers(TaskResult.FAILED)
    party.looks_away()
    party.says("bob", "/register secret12")
    party.sees("bob", "! Too many new passwords from where you are. Nothing was changed. Wait 60 s.")


def test_from_this_machine_each_connection_has_its_own_count_and_all_together_one(party: Party) -> None:  # issue 10, 16
    taken = [registers(party, f"u{number}", f"127.0.0.1:{4000 + number}") for number in range(31)]
    assert taken == [True] * 30 + [False]
    party.says("u0", "/passwd secret34")  # an owner's change is not one of them
    party.answers(TaskResult.YES)
    party.passes(60)
    party.says("u30", "/register secret12")
    assert len(party.asked) == 1
    party.answers(TaskResult.YES)
    party.says("u0", *["/passwd secret34"] * 3)
    party.answers(TaskResult.YES)
    party.answers(TaskResult.YES)
    party.answers(TaskResult.YES)
    party.looks_away()
    party.says("u0", "/passwd secret34")
    assert party.told("u0")[-1].startswith("! Too many new passwords")


def test_guesses_from_all_of_this_machine_are_counted_together(party: Party) -> None:  # issue 10, 22
    session = session_of(party, "ann")
    keys = set()
    for host in ("127.0.0.1", "127.0.0.8", "[::1]", "[::ffff:127.0.0.3]"):
        session.address = f"{host}:4711"
        keys.add(accounts.guess_of("ann", session))
    assert len(keys) == 1


FULL = "! No more names can be registered here: there are 1. Ask its administrator."


def test_there_are_so_many_accounts(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:  # issue 10, 15
    monkeypatch.setattr(limits, "ACCOUNTS", 1)
    party.says("bob", "/register")
    party.sees("bob", FULL)
    assert party.asked == []
    monkeypatch.setattr(limits, "ACCOUNTS", 2)
    party.says("bob", "/register secret12")
    monkeypatch.setattr(limits, "ACCOUNTS", 1)
    party.looks_away()
    party.answers(TaskResult.FULL)
    party.sees("bob", FULL)


def test_a_name_that_was_registered_while_it_waited_is_refused(party: Party) -> None:
    party.says("bob", "/register secret12")
    party.looks_away()
    party.answers(TaskResult.NO)
    party.sees("bob", "! bob is registered already. /passwd changes the password.")
    assert not session_of(party, "bob").account
