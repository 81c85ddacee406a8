"""chat/hub.py as users of the verbs JOIN, LIST, MESG, BCST and QUIT meet it (section E of the requirements)."""

from __future__ import annotations

import pytest

from chat.state import ASK_AGAIN
from protocol.dialects import VERBS
from tests.support.party import Party
from tests.support.rows import for_each

HOW_TO_JOIN = "To register: JOIN NAME"
HOW_TO_GO_BACK = "To register: JOIN NAME (you speak verbs now; /setname NAME leads back)"


def new_party() -> Party:
    """Return a party at which ann and bob are registered, and carl uses slashes."""
    made = Party()
    made.joins_by_verb("ann", "bob")
    made.joins("carl")
    return made


party = pytest.fixture(new_party, name="party")


@pytest.fixture
def eve(party: Party) -> str:
    """Return the name of somebody who is connected, unregistered, and to speak verbs."""
    party.connects("eve", dialect=VERBS)
    return "eve"


# --- unregistered ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["JOIN eve", "join eve", "Join  eve"])
def test_join_registers_the_name(party: Party, line: str) -> None:  # E1, E2, E3
    party.connects("eve")
    party.says("eve", line)
    party.sees("eve", "Welcome, eve. Users here: 4")
    party.sees("ann", "* eve has connected. Users here: 4")


@for_each(["LIST", "MESG ann hi", "MESG", "BCST hi", "hello", "/users", "eve", ""], anew=new_party)
def test_without_join_there_is_no_service(party: Party, line: str) -> None:  # E4, E8, E10, E13, E17
    party.connects("eve", dialect=VERBS)
    party.says("eve", line)
    party.sees("eve", "Unregistered User", HOW_TO_JOIN)
    party.sees_nothing("ann", "bob", "carl")
    assert party.log[-1].endswith("refused, 204 not-named: That needs a name, and you have none yet.")


@pytest.mark.parametrize("verb", ["LIST", "list", "MESG ann hi", "BCST hi"])
def test_the_first_verb_is_enough_to_be_told_how_to_join(party: Party, verb: str) -> None:  # E8, E10, E13
    party.connects("eve")
    party.says("eve", verb, "eve")
    party.sees("eve", *("Unregistered User", HOW_TO_GO_BACK) * 2)


@pytest.mark.parametrize("line", ["/setname eve", "/nick eve"])
def test_who_spoke_a_verb_by_chance_comes_in_with_a_slash_all_the_same(party: Party, line: str) -> None:  # C3
    party.connects("eve")
    party.says("eve", "list")
    party.looks_away()
    party.says("eve", line)
    party.sees("eve", "Welcome, eve. You may chat now; /help (or /cmd) lists the commands.", "* Users here: 4")
    party.says("eve", "hello")
    party.sees("ann", "* eve has connected. Users here: 4", "eve: hello")


def test_a_slash_leads_back_to_slashes_and_a_verb_to_verbs(party: Party) -> None:
    party.connects("eve")
    for line in ("list", "/help", "JOIN server"):
        party.says("eve", line)
    party.sees(
        "eve",
        *("Unregistered User", HOW_TO_GO_BACK),
        *("! That needs a name, and you have none yet.", ASK_AGAIN),
        *("server is reserved, or looks like a reserved name. Choose another name.", HOW_TO_GO_BACK),
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ann", "ann is in use. Choose another name."),
        ("CARL", "CARL is in use. Choose another name."),
        ("LIST", "LIST is reserved, or looks like a reserved name. Choose another name."),
        ("admin", "admin is reserved, or looks like a reserved name. Choose another name."),
    ],
)
def test_a_name_that_is_taken_or_reserved_is_refused_with_the_reason(
    party: Party, eve: str, name: str, why: str
) -> None:  # E18
    party.says(eve, f"JOIN {name}", "LIST")
    party.sees(eve, why, HOW_TO_JOIN, "Unregistered User", HOW_TO_JOIN)


def test_a_full_server_says_so(party: Party) -> None:  # E5, A8
    party.hub.state.settings.max_users = 3
    party.connects("eve")
    party.says("eve", "JOIN eve")
    party.sees("eve", "Too Many Users", HOW_TO_GO_BACK)
    assert "refused, 501 too-many-users" in party.log[-1]
    party.says("bob", "QUIT")
    party.says("eve", "JOIN eve")
    assert party.room() == ("ann", "carl", "eve")


def test_quit_unregistered_closes_and_removes_nothing(party: Party, eve: str) -> None:  # E15
    party.says(eve, "QUIT")
    party.sees(eve, "Goodbye.")
    assert party.is_gone(eve)
    assert party.log[-1] == "192.0.2.1:4: QUIT: done"
    party.sees_nothing("ann", "bob", "carl")


# --- registered --------------------------------------------------------------------------------------------------


def test_join_when_registered_is_discarded(party: Party) -> None:  # E6
    party.says("ann", "JOIN eve")
    party.sees("ann", "Already registered: JOIN is discarded")
    party.sees_nothing("bob", "carl")
    assert party.room() == ("ann", "bob", "carl")


@pytest.mark.parametrize("line", ["LIST", "list"])
def test_list_tells_each_name_on_a_line_of_its_own(party: Party, line: str) -> None:  # E7
    party.says("ann", line)
    party.sees("ann", "ann", "bob", "carl")


@pytest.mark.parametrize("line", ["MESG bob hi  there", "mesg BOB hi  there"])
def test_mesg_reaches_that_user_only(party: Party, line: str) -> None:  # E9
    party.says("ann", line)
    party.sees("bob", "ann whispers: hi  there")
    party.sees("ann", "* Whispered to bob.")  # D14
    party.sees_nothing("carl")


def test_mesg_to_nobody_is_an_unknown_recipient(party: Party, eve: str) -> None:  # E11
    party.says("ann", "MESG eve hi")
    party.sees("ann", "Unknown Recipient")
    party.sees_nothing("bob", "carl", eve)
    assert party.log[-1].endswith("MESG: refused, 401 not-connected: eve is not connected. /users shows who is.")


@pytest.mark.parametrize("line", ["BCST hi all", "bcst hi all"])
def test_bcst_reaches_all_others_whatever_they_speak(party: Party, line: str) -> None:  # E12, A12
    party.says("ann", line)
    party.sees("bob", "ann: hi all")
    party.sees("carl", "ann: hi all")
    party.sees_nothing("ann")


@for_each(["hello", "", "/users", "/all hi", "JOINT me", "HELP"], anew=new_party)
def test_anything_else_is_an_unknown_message(party: Party, line: str) -> None:  # E16
    party.says("ann", line)
    phrase, verbs = party.told("ann")
    assert phrase == "Unknown Message"
    assert verbs == "Verbs: BCST MESSAGE, MESG USER MESSAGE, LIST, JOIN NAME [PASSWORD], QUIT"
    party.sees_nothing("bob", "carl")
    assert "refused, 301 unknown-command" in party.log[-1]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("MESG", "USER is missing. Usage: MESG USER MESSAGE"),
        ("MESG bob", "MESSAGE is missing. Usage: MESG USER MESSAGE"),
        ("BCST", "MESSAGE is missing. Usage: BCST MESSAGE"),
        ("LIST all", "It takes no parameters. Usage: LIST"),
    ],
)
def test_what_is_wrong_with_a_verb_is_told(party: Party, line: str, why: str) -> None:  # D14
    party.says("ann", line)
    party.sees("ann", why)


@for_each(["QUIT", "quit", "/quit", "/disconnect", "\x04"], anew=new_party)
def test_quit_disconnects_and_frees_the_seat(party: Party, line: str) -> None:  # E14
    party.says("ann", line)
    party.sees("ann", "Goodbye.")
    assert party.is_gone("ann")
    assert party.room() == ("bob", "carl")


def test_quit_and_join_in_one_packet_leave_no_ghost(party: Party) -> None:  # E14
    party.says("ann", "QUIT", "JOIN ann", "BCST boo")
    party.sees("ann", "Goodbye.")
    party.sees("bob", "* ann has left (goodbye). Users here: 2")
    assert party.room() == ("bob", "carl")
