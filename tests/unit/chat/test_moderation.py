"""chat/handlers/moderation.py: operators, kick, mute, announce; for every role, in every dialect."""

from __future__ import annotations

import json

import pytest

from chat.effects import DropSanction, KeepSanction, RemoveAccount, StoreRole, TaskResult
from chat.handlers.bans import LISTED
from chat.proposals import Impose, Lift, Operators, Remove
from chat.resume import identity_of
from chat.sanctions import Act, Sanction
from protocol.errors import ErrorCode
from protocol.events import Announced, Dismissed, Refused, RoleChanged
from protocol.requests import Announce, Hello, Line, ResumePoint
from tests.support.party import EPOCH, Party
from tests.unit.chat.test_order import Overtaken

REGISTERED = frozenset({"ann", "olga", "rita"})  # ann and olga are operators, rita is not


@pytest.fixture
def party() -> Party:
    """Two operators (ann by frames, olga by telnet), rita, who is registered, bob by telnet, vera by verbs, fay by
    frames."""
    made = Party()
    made.hub.accounts_are(REGISTERED, frozenset({"ann", "olga"}))
    made.joins("bob")
    made.joins_by_verb("vera")
    made.joins_framed("fay")
    made.connects("ann")
    made.frames("ann", Hello(1, "the secret of ann", "ann"))
    enters_with_password(made, "ann")
    for name in ("olga", "rita"):
        made.connects(name)
        made.says(name, name)
        enters_with_password(made, name)
    made.looks_away()
    made.log.clear()
    return made


def enters_with_password(party: Party, name: str) -> None:
    if party.guests[name].session.dialect.has_hello:
        party.sends(name, b"".join([frame({"type": "password", "password": "pass word"})]))
    else:
        party.says(name, "pass word")
    party.answers(TaskResult.YES)


def accounts_are(party: Party, registered: frozenset[str], operators: frozenset[str]) -> None:
    """Tell the hub what the file of accounts says by now, as runtime.services does with each result."""
    with party.turn() as effects:
        effects.extend(party.hub.accounts_are(registered, operators))


def frame(record: dict[str, object]) -> bytes:
    payload = json.dumps(record).encode()
    return len(payload).to_bytes(4, "big") + payload


def types(party: Party, name: str) -> list[str]:
    return [type(event).__name__ for event in party.events(name)]


# --- every command, role, dialect and state ----------------------------------------------------------------------

COMMANDS = {  # and what an operator is answered
    "/kick bob": "* bob is out.",
    "/ban bob": "* bob is banned for good. The address was 192.0.2.1: /ban 192.0.2.1 keeps that out.",
    "/unban bob": "! bob is not banned. /bans lists who is.",
    "/bans": "* Bans and mutes: 0.",
    "/lockdown on": "* Only registered names may come in or speak now.",
    "/mute bob": "* bob is muted for 10 min.",
    "/unmute bob": "! bob is not muted.",
    "/announce tea": "*** {} announces: tea ***",
    "/op bob": "! bob is not registered: only a registered name can be an operator's.",
    "/deop bob": "! bob is not an operator.",
}
INCOMPLETE = [
    "/kick",
    "/ban",
    "/unban",
    "/lockdown",
    "/mute",
    "/unmute",
    "/unmute two names",
    "/announce",
    "/op",
    "/deop",
    "/op two names",
]
FOR_OPERATORS = "is for operators."


ROLES = [("ann", True), ("olga", True), ("rita", False), ("bob", False), ("fay", False)]


@pytest.mark.parametrize(("name", "is_operator"), ROLES)
@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_for_each_role_and_dialect(party: Party, line: str, name: str, is_operator: bool) -> None:  # M7
    party.says(name, line)
    told = party.told(name)
    if is_operator:
        assert COMMANDS[line].format(name) in told
    else:
        (refused,) = told
        assert refused.startswith(f"! {line.partition(' ')[0]} {FOR_OPERATORS}")
        assert "bob" in party.room()
        party.sees_nothing(*(party.guests.keys() - {name}))


@pytest.mark.parametrize(("name", "is_operator"), ROLES)
@pytest.mark.parametrize("line", INCOMPLETE)
def test_anybody_else_is_not_told_the_form_of_a_command(party: Party, line: str, name: str, is_operator: bool) -> None:
    party.says(name, line)  # M7
    (refused,) = party.told(name)
    assert ("Usage: /" in refused) is is_operator
    assert (FOR_OPERATORS in refused) is not is_operator


@pytest.mark.parametrize("line", [*COMMANDS, *INCOMPLETE])
def test_who_has_no_name_is_told_that_it_needs_one(party: Party, line: str) -> None:  # M7, C2
    party.connects("eve")
    party.says("eve", line)
    assert party.told("eve")[0] == "! That needs a name, and you have none yet."


@pytest.mark.parametrize("line", COMMANDS)
def test_verbs_keep_to_their_five(party: Party, line: str) -> None:  # E16
    for typed in (line, line[1:].upper()):
        party.says("vera", typed)
        assert party.told("vera")[0] == "Unknown Message"
    assert "bob" in party.room()


@pytest.mark.parametrize(("name", "is_operator"), ROLES)
def test_help_shows_the_commands_of_the_role(party: Party, name: str, is_operator: bool) -> None:  # M7
    party.says(name, "/help")
    told = " ".join(party.told(name))
    assert ("/help operators" in told) is is_operator
    assert not any(f"{line.partition(' ')[0]} " in told for line in COMMANDS)  # they would not fit a screen
    party.says(name, "/help operators")
    told = " ".join(party.told(name))
    assert all((f"{line.partition(' ')[0]} " in told) is is_operator for line in COMMANDS)
    assert (FOR_OPERATORS not in told) is is_operator
    party.says(name, "/help mute")
    assert (FOR_OPERATORS not in " ".join(party.told(name))) is is_operator


def test_a_mistyped_word_does_not_lead_to_a_command_that_is_not_shown(party: Party) -> None:  # M7
    party.says("bob", "/kik fay", "/deopp ann")
    assert not [line for line in party.told("bob") if "/kick" in line or "/deop?" in line]


def test_mute_says_what_everybody_can_do_instead(party: Party) -> None:  # M7
    party.says("bob", "/mute fay")
    party.sees("bob", "! /mute is for operators. /ignore NAME hides from you what NAME says.")


# --- roles -------------------------------------------------------------------------------------------------------


def test_the_role_counts_only_after_the_password(party: Party) -> None:  # M1
    party.hub.accounts_are(REGISTERED | {"bob"}, frozenset({"ann", "olga", "bob"}))  # registered by hand, meanwhile
    party.says("bob", "/kick fay")
    assert FOR_OPERATORS in party.told("bob")[0]


def test_an_operator_is_told_so_on_coming_in(party: Party) -> None:  # M1
    party.leaves("olga")
    party.leaves("ann")
    party.connects("again", "framed")
    party.says("again", "olga")
    party.frames("framed", Hello(1, "the secret of ann", "ann"))
    party.looks_away()
    enters_with_password(party, "again")
    enters_with_password(party, "framed")
    assert party.told("again")[-2] == "* You are an operator: /help operators lists your commands."
    assert RoleChanged(True) in party.events("framed")


def test_op_gives_the_role_to_a_registered_user_who_is_told(party: Party) -> None:  # M1
    party.says("ann", "/op Rita")
    (task,) = party.asked
    assert isinstance(task, StoreRole)
    assert (task.name, task.is_operator) == ("Rita", True)
    party.sees_nothing("ann", "rita")
    accounts_are(party, REGISTERED, REGISTERED)
    party.answers(TaskResult.YES)
    party.sees("rita", "* You are an operator: /help operators lists your commands.", "* ann made Rita an operator.")
    party.sees("olga", "* ann made Rita an operator.")
    party.sees("ann", "* Rita is an operator now.")
    assert party.log == ["ann (192.0.2.1:4) made Rita an operator"]
    party.says("rita", "/kick bob")
    assert "bob" not in party.room()


def test_deop_takes_it_at_once(party: Party) -> None:  # M1
    party.says("ann", "/deop olga")
    accounts_are(party, REGISTERED, frozenset({"ann"}))
    party.answers(TaskResult.YES)
    party.sees("olga", "* You are no operator any more.")
    party.says("olga", "/kick bob")
    party.sees("olga", "! /kick is for operators.")
    assert party.log[0] == "ann (192.0.2.1:4) took the role of an operator from olga"


@pytest.mark.parametrize(("result", "is_told"), [(TaskResult.YES, True), (TaskResult.NO, False)])
def test_a_role_is_told_also_if_its_author_has_left(party: Party, result: TaskResult, is_told: bool) -> None:  # M7
    party.says("olga", "/op rita")
    party.leaves("olga")
    party.looks_away()
    party.answers(result)
    assert any("olga (192.0.2.1:5) made rita an operator" in line for line in party.log) == is_told
    assert ("* olga made rita an operator." in party.told("ann")) == is_told


def test_the_last_operator_keeps_the_role(party: Party) -> None:  # M1
    party.hub.accounts_are(REGISTERED, frozenset({"ann"}))
    party.says("ann", "/deop ann")
    assert party.told("ann")[-1] == "! ann is the only operator. Make somebody else one first, with /op NAME."
    assert party.asked == []


def test_op_of_an_operator_changes_nothing(party: Party) -> None:
    party.says("ann", "/op olga")
    party.sees("ann", "* olga is an operator already.")
    assert party.asked == []


@pytest.mark.parametrize("line", ["/op rita", "/deop olga"])
def test_a_role_that_somebody_else_changed_first_stays(party: Party, line: str) -> None:  # M1
    party.says("ann", line)
    party.answers(TaskResult.NO)
    assert party.told("ann")[0].startswith("! The roles have changed meanwhile")


def test_an_operator_who_unregisters_has_no_role_from_then_on(party: Party) -> None:  # M1
    party.says("olga", "/unregister")
    assert isinstance(party.asked[0], RemoveAccount)
    accounts_are(party, REGISTERED - {"olga"}, frozenset({"ann"}))
    party.answers(TaskResult.YES)
    assert "* You are no operator any more." in party.told("olga")
    party.says("olga", "/kick bob")
    party.sees("olga", "! /kick is for operators.")


def test_another_name_is_no_operator_s(party: Party) -> None:  # M1
    party.says("olga", "/nick somebody")
    party.sees("olga", "* olga is now somebody", "* You are no operator any more.")
    party.says("olga", "/kick bob")
    assert FOR_OPERATORS in party.told("olga")[0]


@pytest.mark.parametrize(("address", "is_let_in"), [("127.0.0.1:5", True), ("192.0.2.1:5", False)])
def test_a_name_that_is_kept_is_registered_from_this_machine_alone(address: str, is_let_in: bool) -> None:  # M1
    party = Party()
    party.hub.state.settings.kept_names = frozenset({"ann"})
    party.connects("eve")
    party.guests["eve"].session.address = address
    party.says("eve", "Ann")
    assert party.room() == (("Ann",) if is_let_in else ())
    assert ("is kept for an operator" in party.told("eve")[0]) is not is_let_in


def test_who_registers_a_kept_name_is_told_of_the_role() -> None:  # M1
    party = Party()
    party.joins("ann")
    party.says("ann", "/register pass-word")
    accounts_are(party, frozenset({"ann"}), frozenset({"ann"}))
    party.answers(TaskResult.YES)
    assert party.told("ann")[-1] == "* You are an operator: /help operators lists your commands."


# --- kick --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bob", "vera", "fay", "rita"])
def test_a_kick_is_told_to_the_room_and_to_whom_it_meets(party: Party, name: str) -> None:  # M2
    party.says("ann", f"/kick {name.upper()}   too  loud")
    left = f"* {name} has left (kicked by ann: too  loud). Users here: 5"
    told = party.told(name)
    assert [told[0].removeprefix("! "), *told[1:]] == ["ann has removed you from the chat: too  loud.", "Goodbye."]
    party.sees("olga", left)
    party.sees("ann", left, f"* {name} is out.")
    assert party.is_gone(name)
    assert name not in party.room()
    address = party.guests[name].session.address
    assert party.log == [
        f"{name} ({address}) has left (kicked by ann). Active users: 5",
        f"ann (192.0.2.1:4) kicked {name} ({address}): too  loud",
    ]


def test_a_client_that_was_kicked_is_not_invited_back(party: Party) -> None:  # M2
    party.says("ann", "/kick fay")
    *_, refused, goodbye = party.events("fay")
    assert isinstance(refused, Refused)
    assert refused.code == "kicked"
    assert isinstance(goodbye, Dismissed)
    assert not goodbye.again


def test_what_a_kicked_user_still_sends_is_not_read(party: Party) -> None:  # M2
    party.says("ann", "/kick bob")
    party.looks_away()
    party.says("bob", "one more thing")
    party.sees_nothing("ann", "fay")


@pytest.mark.parametrize("who", ["olga", "ann"])
def test_an_operator_is_beyond_a_kick_and_a_mute(party: Party, who: str) -> None:  # M7
    party.says("ann", f"/kick {who}", f"/mute {who}")
    assert [event.code for event in party.events("ann") if isinstance(event, Refused)] == ["operator-exempt"] * 2
    assert who in party.room()


def test_who_is_not_connected_can_t_be_kicked(party: Party) -> None:
    party.says("ann", "/kick nobody")
    party.sees("ann", "! nobody is not connected. /users shows who is.")


def test_a_long_reason_is_cut(party: Party) -> None:
    party.says("ann", f"/kick bob {'x' * 3000}")
    assert len(" ".join(party.told("bob"))) < 250


# --- announce ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bob", "vera", "olga", "rita"])
def test_an_announcement_stands_out_for_text_users(party: Party, name: str) -> None:  # M5
    party.says("olga", "/announce tea  is ready")
    party.sees(name, "*** olga announces: tea  is ready ***")


def test_an_announcement_is_an_event_of_the_room_for_clients(party: Party) -> None:  # M5
    party.says("ann", "/announce tea")
    for name in ("fay", "ann"):
        (event,) = party.events(name)
        assert isinstance(event, Announced)
        assert (event.name, event.text, event.seq) == ("ann", "tea", party.hub.room.log.seq)
    assert party.log == ["ann (192.0.2.1:4) announced: tea"]


def test_a_repeated_announcement_is_not_made_again(party: Party) -> None:  # M5
    line = Line("/announce tea", 1)
    party.frames("ann", line)
    party.looks_away()
    party.frames("ann", line)
    party.sees_nothing("bob", "fay")
    assert types(party, "ann") == ["Announced"]
    party.frames("ann", Line("/announce coffee", 1))
    assert party.told("ann")[0].startswith("! Another line of yours has the number")


def test_newcomers_read_it_in_the_history(party: Party) -> None:  # M5
    party.says("ann", "/announce tea")
    party.says("bob", "/history 1")
    assert party.told("bob")[-1].endswith("] *** ann announces: tea ***")


def test_a_repeated_kick_meets_nobody_who_came_since(party: Party) -> None:  # M2
    party.frames("ann", Line("/kick bob", 1))
    party.joins("bob2")
    party.says("bob2", "/nick bob")
    party.looks_away()
    party.frames("ann", Line("/kick bob", 1))
    party.sees("ann", "* bob is out.")
    assert "bob" in party.room()


# --- mute --------------------------------------------------------------------------------------------------------

TEXTS = ["hi", "/all hi", "//hi", "/me waves", "/whisper fay hi", "/away buy my book", "/nick buy-my-book", "/nick BOB"]


def muted_line(left: str) -> str:
    return f"! You are muted for another {left}. Only operators can read what you whisper to them."


@pytest.mark.parametrize("line", TEXTS)
def test_nothing_of_a_muted_user_is_read(party: Party, line: str) -> None:  # M4
    party.says("ann", "/mute BOB 50s")
    party.looks_away()
    party.passes(20)
    party.says("bob", line)
    party.sees("bob", muted_line("30 s"))
    party.sees_nothing("fay", "rita", "vera")


def test_what_a_muted_user_wrote_of_an_absence_before_is_not_read(party: Party) -> None:  # M4
    party.says("bob", "/away buy my book")
    party.says("ann", "/mute bob")
    party.looks_away()
    party.says("rita", "/whisper bob hi")
    party.sees("rita", "* Whispered to bob.", "* bob is away")
    party.says("ann", "/unmute bob")
    party.looks_away()
    party.says("fay", "/whisper bob hi")
    assert party.told("fay")[-1] == "* bob is away: buy my book"


@pytest.mark.parametrize("name", ["bob", "fay", "vera"])
def test_a_muted_user_may_whisper_to_operators(party: Party, name: str) -> None:  # M4
    party.says("ann", f"/mute {name}")
    party.looks_away()
    word = "MESG" if name == "vera" else "/whisper"
    for operator in ("ann", "olga"):
        party.says(name, f"{word} {operator} sorry")
        party.sees(operator, f"{name} whispers: sorry")


def test_a_mute_is_told_to_its_user_and_to_the_operators_and_ends_by_itself(party: Party) -> None:  # M4
    party.says("ann", "/mute bob 10m too loud")
    party.sees("ann", "* bob is muted for 10 min: too loud.")
    party.sees("olga", "* ann muted bob for 10 min: too loud.")
    party.sees("bob", "* You are muted for 10 min: too loud. Only operators can read what you whisper to them.")
    party.sees_nothing("rita", "fay", "vera")
    assert party.log == ["ann (192.0.2.1:4) muted bob for 10 min: too loud"]
    party.passes(600)
    party.says("bob", "hi")
    party.sees("rita", "bob: hi")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("bob", "for 10 min"),
        ("bob forever", "for good"),
        ("bob 2h", "for 2 h"),
        ("bob too loud", "for 10 min: too loud"),
        ("bob loud", "for 10 min: loud"),
        ("bob 7d loud", "for 7 d: loud"),
    ],
)
def test_what_is_no_duration_is_the_reason(party: Party, typed: str, told: str) -> None:  # M4
    party.says("ann", f"/mute {typed}")
    party.sees("ann", f"* bob is muted {told}.")


@pytest.mark.parametrize("typed", ["bob 10", "bob 10x", "bob 0m"])
def test_a_mistyped_duration_is_not_taken_for_a_reason(party: Party, typed: str) -> None:  # M4
    party.says("ann", f"/mute {typed}")
    assert party.told("ann")[0].startswith("! DURATION is a number with s, m, h, d or w")
    party.says("bob", "hi")
    assert "bob: hi" in party.told("rita")


@pytest.mark.parametrize("name", ["bob", "BOB", "Bob"])
def test_a_new_connection_under_the_same_name_ends_no_mute(party: Party, name: str) -> None:  # M4
    party.says("ann", "/mute bob")
    party.leaves("bob")
    party.connects("again")
    party.says("again", name, "hi")
    assert party.told("again")[-1] == muted_line("10 min")


def test_the_same_client_is_muted_under_any_name_and_takes_no_other(party: Party) -> None:  # M4
    party.says("ann", "/mute fay")
    party.leaves("fay")
    party.connects("again")
    party.frames("again", Hello(1, "the secret of fay", "buy-my-book"))
    assert "buy-my-book" not in party.room()
    assert [event.code for event in party.events("again") if isinstance(event, Refused)] == ["muted"]
    party.says("again", "/nick fay", "hi")
    assert party.told("again")[-1] == muted_line("10 min")


def test_unmute_is_told_and_frees_the_client_too(party: Party) -> None:  # M4
    party.says("ann", "/mute fay")
    party.looks_away()
    party.says("olga", "/unmute FAY")
    party.sees("fay", "* You are muted no more.")
    party.sees("ann", "* olga unmuted FAY.")
    party.says("fay", "hi")
    party.sees("rita", "fay: hi")
    party.says("ann", "/unmute fay")
    party.sees("ann", "fay: hi", "! fay is not muted.")


def test_who_is_not_here_can_be_muted_by_name(party: Party) -> None:  # M4
    party.says("ann", "/mute Dan 1h", "/mute -dan-")
    party.sees("ann", "* Dan is muted for 1 h.", "! -dan- is not connected. /users shows who is.")
    party.joins("dan")
    party.says("dan", "hi")
    party.sees("dan", muted_line("1 h"))


def test_a_muted_user_who_becomes_an_operator_is_heard(party: Party) -> None:  # M4
    party.says("ann", "/mute rita")
    party.hub.accounts_are(REGISTERED, REGISTERED)
    party.looks_away()
    party.says("rita", "hi")
    party.sees("bob", "rita: hi")


# --- ban ---------------------------------------------------------------------------------------------------------


def comes_from(party: Party, name: str, address: str) -> None:
    party.connects(name)
    party.guests[name].session.address = address


def kept(party: Party) -> list[Sanction]:
    return [effect.sanction for effect in party.kept if isinstance(effect, KeepSanction)]


@pytest.mark.parametrize("name", ["bob", "vera", "fay", "rita"])
def test_a_ban_meets_who_is_connected_whatever_the_dialect(party: Party, name: str) -> None:  # M3
    party.says("ann", f"/ban {name} 2h too loud")
    told = party.told(name)
    banned = "You are banned for another 2 h: too loud."
    assert [told[0].removeprefix("! "), *told[1:]] == [banned, "Goodbye."]
    party.sees("olga", f"* {name} has left (banned by ann). Users here: 5", f"* ann banned {name} for 2 h: too loud.")
    assert party.is_gone(name)
    assert party.told("ann")[-1].startswith(f"* {name} is banned for 2 h: too loud. The address was 192.0.2.1: ")
    assert party.log[-1] == f"ann (192.0.2.1:4) banned {name} for 2 h: too loud"


@pytest.mark.parametrize("name", ["bob", "BOB", "b0b"])
@pytest.mark.parametrize("door", ["text", "verbs", "framed"])
def test_a_banned_name_is_met_at_every_door(party: Party, door: str, name: str) -> None:  # M3, M9
    party.says("ann", "/ban bob 2h loud")
    party.connects("again")
    if door == "framed":
        party.frames("again", Hello(1, "another secret", name))
    else:
        party.says("again", f"JOIN {name}" if door == "verbs" else name)
    told = [line.removeprefix("! ") for line in party.told("again")]
    assert told == ["You are banned for another 2 h: loud.", "Goodbye."]
    assert party.is_gone("again")


def test_the_owner_of_a_registered_name_is_nobody_that_it_looks_like(party: Party) -> None:  # M3, M7
    party.says("ann", "/ban 0lga", "/ban r-ita")
    party.leaves("olga")
    party.leaves("rita")
    for name in ("olga", "rita"):
        party.connects(f"{name} again")
        party.says(f"{name} again", name, "pass word")
        party.answers(TaskResult.YES)
        assert name in party.room()


def test_a_banned_client_is_met_at_its_hello_under_any_name(party: Party) -> None:  # M3
    party.says("ann", "/ban fay")
    for name in (None, "fay", "somebody"):
        party.connects("again")
        party.frames("again", Hello(1, "the secret of fay", name))
        party.sees("again", "! You are banned for good.", "Goodbye.")
        assert party.is_gone("again")


def test_a_banned_account_is_met_before_its_password(party: Party) -> None:  # M3
    party.says("ann", "/ban rita")
    party.connects("again")
    party.says("again", "rita")
    party.sees("again", "! You are banned for good.", "Goodbye.")
    assert party.asked == []


def test_a_ban_that_came_while_the_password_was_checked_counts(party: Party) -> None:  # M3
    party.leaves("rita")
    party.connects("again")
    party.says("again", "rita", "pass word")
    party.says("ann", "/ban rita")
    party.looks_away()
    party.answers(TaskResult.YES)
    party.sees("again", "! You are banned for good.", "Goodbye.")


def test_a_user_can_t_take_a_banned_name(party: Party) -> None:  # M3
    party.says("ann", "/ban troll 2h loud")
    party.says("bob", "/nick Troll", "still here")
    assert "! Troll is banned for another 2 h: loud. Choose another name." in party.told("bob")
    assert "bob" in party.room()


def test_a_network_is_met_wherever_its_peers_are(party: Party) -> None:  # M3
    comes_from(party, "eve", "203.0.113.9:1")
    comes_from(party, "nameless", "203.0.113.10:1")
    comes_from(party, "six", "[::ffff:203.0.113.11]:1")
    comes_from(party, "dan", "203.0.114.1:1")
    party.says("eve", "eve")
    party.looks_away()
    party.says("ann", "/ban 203.0.113.0/24 7d flood")
    for name in ("eve", "nameless", "six"):
        assert party.told(name)[0] == "! You are banned for another 7 d: flood."
        assert party.is_gone(name)
    assert not party.is_gone("dan")
    assert party.told("ann")[-1] == "* 203.0.113.0/24 is banned for 7 d: flood."
    told = party.hub.ban_of("203.0.113.77")
    assert told is not None
    assert told.text == "You are banned for another 7 d: flood."
    assert party.hub.ban_of("203.0.114.1") is None
    assert kept(party) == [Sanction(Act.BAN, ("203.0.113.0/24",), int(party.at) + 604_800, "ann", "flood")]


@pytest.mark.parametrize(
    ("whom", "why"),
    [
        ("127.0.0.1", "the server's own machine is in it"),
        ("127.3.0.0/16", "the server's own machine is in it"),
        ("::1/128", "the server's own machine is in it"),
        ("::ffff:127.0.0.1", "the server's own machine is in it"),
        ("0.0.0.0/0", "the server's own machine is in it"),
        ("128.0.0.0/7", "it is too wide; /8 is the widest"),
        ("2000::/3", "it is too wide; /20 is the widest"),
        ("192.0.2.0/24", "ann, who is an operator, is in it"),
        ("2002:c000:201::/48", "is_not"),
        ("*", "/lockdown on keeps out all whose names are not registered"),
        ("a b", "Usage"),
        ("1.2.3", "1.2.3 is no network: write 203.0.113.7 or 203.0.113.0/24"),
        ("-x-", "-x- is neither a name nor a network"),
    ],
)
def test_what_would_meet_everybody_or_an_operator_is_not_banned(party: Party, whom: str, why: str) -> None:  # M3
    if why == "is_not":
        party.says("ann", f"/ban {whom}")
        assert len(party.hub.room.sanctions) == 1
    elif why != "Usage":
        party.says("ann", f"/ban {whom} 2h")
        party.sees("ann", f"! {whom} can't be banned: {why}.")
        assert len(party.hub.room.sanctions) == 0


@pytest.mark.parametrize("who", ["olga", "OLGA", "ann"])
def test_an_operator_is_beyond_a_ban_also_who_is_not_here(party: Party, who: str) -> None:  # M7
    party.leaves("olga")
    party.looks_away()
    party.says("ann", f"/ban {who}")
    assert party.told("ann")[-1] == (f"! {who.lower()} is an operator, whom no other operator can ban. See /deop.")
    assert len(party.hub.room.sanctions) == 0


def test_unban_lets_everybody_in_again_who_was_met_with_it(party: Party) -> None:  # M3
    party.says("ann", "/ban fay", "/unban FAY")
    assert party.told("ann")[-1] == "* fay is banned no more."
    party.connects("again")
    party.frames("again", Hello(1, "the secret of fay", "fay"))
    assert "fay" in party.room()
    assert [task.act for task in party.kept if isinstance(task, DropSanction) and task.subject == "fay"] == [Act.BAN]


def test_who_is_not_here_any_more_is_unmuted_too(party: Party) -> None:  # M4
    party.says("ann", "/mute bob")
    party.leaves("bob")
    party.looks_away()
    party.says("ann", "/unmute bob")
    party.sees("ann", "* bob is muted no more.")


@pytest.mark.parametrize("line", ["/ban bob 10x", "/mute bob 0m"])
def test_a_duration_that_is_none_is_a_wrong_use(party: Party, line: str) -> None:  # M3
    party.says("ann", line)
    assert party.told("ann")[0].startswith("! DURATION is a number with s, m, h, d or w, such as 10m, 2h or 7d, or")


def test_an_act_that_another_proposal_has_overtaken_is_refused(party: Party) -> None:  # M1, M7
    party.hub.state.order = Overtaken(party, (0, Operators(frozenset(), frozenset({"ann"}))))
    party.says("ann", "/announce tea")
    party.sees("ann", "! /announce is for operators.")
    party.sees_nothing("bob")


@pytest.mark.parametrize("whom", ["fay", "203.0.113.7", "nobody here", "-"])
def test_what_is_not_banned_can_t_be_unbanned(party: Party, whom: str) -> None:  # M3
    party.says("ann", f"/unban {whom}")
    (refused,) = party.told("ann")
    assert refused.startswith("! WHOM is one word" if " " in whom else f"! {whom} is not banned.")


def test_the_list_shows_what_unban_takes_and_what_is_left(party: Party) -> None:  # M3
    party.says("ann", "/ban 203.0.113.0/24 2h flood", "/mute bob 10m", "/ban fay forever", "/ban troll 10s")
    party.passes(20)
    party.looks_away()
    party.says("olga", "/bans")
    client = "client:" + identity_of("the secret of fay")
    party.sees(
        "olga",
        "* 203.0.113.0/24: ban for another 2 h, by ann: flood",
        "* bob: mute for another 10 min, by ann",
        f"* fay and {client}: ban for good, by ann",
        "* Bans and mutes: 3.",
    )
    party.says("olga", "/bans FLOOD")
    party.sees("olga", "* 203.0.113.0/24: ban for another 2 h, by ann: flood", "* Bans and mutes: 1.")


def test_a_long_list_is_bounded_and_can_be_searched(party: Party) -> None:  # M3
    party.hub.sanctions_are([Sanction(Act.BAN, (f"10.0.{i}.1",)) for i in range(150)], [])
    party.says("olga", "/bans")
    told = party.told("olga")
    assert len(told) == LISTED + 1
    assert told[0] == "* 10.0.50.1: ban for good"
    assert told[-1] == "* Bans and mutes: 150. 50 older ones are not shown; /bans TEXT finds them."
    party.says("olga", "/bans 10.0.7.")
    party.sees("olga", "* 10.0.7.1: ban for good", "* Bans and mutes: 1.")


def test_there_is_room_for_so_many_and_no_more(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:  # M3
    monkeypatch.setattr("chat.room.SANCTIONS_LIMIT", 2)
    party.says("ann", "/ban one", "/mute two", "/ban three")
    assert party.told("ann")[-1] == "! There are 2 bans and mutes, and no room for more. /unban some."


# --- bans.txt: answers that wait for it, and edits --------------------------------------------------------------------

ACTS = {
    "/ban bob 2h loud": "* bob is banned for 2 h: loud.",
    "/unban zoe": "* zoe is banned no more.",
    "/mute bob": "* bob is muted for 10 min.",
    "/unmute rita": "* rita is muted no more.",
    "/lockdown on": "* Only registered names may come in or speak now.",
    "/lockdown off": "* Everybody may come in and speak again.",
}


@pytest.fixture
def slow_disk(party: Party) -> Party:
    """The party, zoe banned and rita muted; what is done from now on is written when the test says so."""
    party.says("olga", "/ban zoe", "/mute rita")
    party.looks_away()
    party.kept.clear()
    party.log.clear()
    party.writes = False
    return party


@pytest.mark.parametrize("name", ["ann", "olga"])
@pytest.mark.parametrize("line", ACTS)
def test_an_operator_is_answered_when_it_is_written_and_all_else_is_at_once(
    slow_disk: Party, line: str, name: str
) -> None:  # M3, M4, M7
    if line == "/lockdown off":
        slow_disk.hub.sanctions_are([Sanction(Act.LOCKDOWN, ("*",))], [])
    before = list(slow_disk.hub.room.sanctions)
    slow_disk.says(name, line, "/ping")
    slow_disk.sees(name, *([f"* bob has left (banned by {name}). Users here: 5"] if "ban bob" in line else []))
    assert list(slow_disk.hub.room.sanctions) != before  # it holds
    assert len(slow_disk.told("olga" if name == "ann" else "ann")) == 1 + (line[:6] == "/ban b")  # bob has left
    (act,) = [text for text in slow_disk.log if text.startswith(name)]
    (task,) = slow_disk.kept
    slow_disk.writes_down(task)
    answer, pong = slow_disk.told(name)
    assert answer.startswith(ACTS[line])
    assert pong == "pong"
    assert [text for text in slow_disk.log if text.startswith(name) and "/ping" not in text] == [act]  # one for it


@pytest.mark.parametrize("line", ACTS)
def test_what_could_not_be_written_is_told_so_and_holds(slow_disk: Party, line: str) -> None:  # M3
    if line == "/lockdown off":
        slow_disk.hub.sanctions_are([Sanction(Act.LOCKDOWN, ("*",))], [])
    slow_disk.says("olga", line)
    after = list(slow_disk.hub.room.sanctions)
    slow_disk.looks_away()
    (task,) = slow_disk.kept
    slow_disk.writes_down(task, "No space left on device")
    (refused,) = slow_disk.told("olga")
    assert refused.startswith(ACTS[line].replace("*", "!", 1))
    assert refused.endswith(
        " But bans.txt could not be written (No space left on device): that holds until the server stops."
    )
    assert slow_disk.log[-1].startswith("olga (192.0.2.1:5): /")
    assert "refused, 118 not-written" in slow_disk.log[-1]
    assert list(slow_disk.hub.room.sanctions) == after


def test_a_line_that_comes_again_is_answered_as_it_was_once_it_is_written(slow_disk: Party) -> None:  # M3
    slow_disk.says("ann", "/unban zoe")
    (task,) = slow_disk.kept
    slow_disk.leaves("ann")
    slow_disk.writes_down(task)
    slow_disk.connects("ann again")
    slow_disk.frames("ann again", Hello(1, "the secret of ann", "ann", "pass word", ResumePoint(EPOCH, 1)))
    slow_disk.answers(TaskResult.YES)
    slow_disk.looks_away()
    slow_disk.frames("ann again", Line("/unban zoe", 1))
    slow_disk.sees("ann again", "* zoe is banned no more.")
    assert slow_disk.kept == [task]


def test_a_line_that_comes_again_before_it_is_written_is_done_again(slow_disk: Party) -> None:  # M3
    slow_disk.says("ann", "/ban bob 2h")
    slow_disk.leaves("ann")
    slow_disk.connects("ann again")
    slow_disk.frames("ann again", Hello(1, "the secret of ann", "ann", "pass word", ResumePoint(EPOCH, 1)))
    slow_disk.answers(TaskResult.YES)
    slow_disk.looks_away()
    slow_disk.frames("ann again", Line("/ban bob 2h", 1))
    slow_disk.sees("ann again")
    for task in slow_disk.kept:
        slow_disk.writes_down(task)
    where = "The address was 192.0.2.1: /ban 192.0.2.1 keeps that out."  # the first one's answer: a line has but one
    slow_disk.sees("ann again", f"* bob is banned for 2 h. {where}")
    assert len(slow_disk.hub.room.sanctions) == 3


@pytest.mark.parametrize("line", ["/ban zoe 2h again", "/mute rita 2h again"])
def test_an_edit_counts_as_made_before_what_is_not_in_the_file_yet(slow_disk: Party, line: str) -> None:  # M3
    party = slow_disk
    (older,) = [one for one in party.hub.room.sanctions if one.subjects[0] in line]
    by_hand = Sanction(older.act, (*older.subjects, "yan"), None, "", "by hand")
    party.says("olga", line)
    party.hub.sanctions_are([by_hand], [older], party.kept)
    (now,) = [one for one in party.hub.room.sanctions if one.act is older.act]
    assert (set(now.subjects), now.reason) == ({*older.subjects, "yan"}, "again")  # as in the file
    party.hub.sanctions_are([], [now], party.kept)  # its older line was removed
    assert [one.reason for one in party.hub.room.sanctions if one.act is older.act] == ["again"]
    party.hub.sanctions_are([by_hand], [now])  # it is in the file by now, and the edit is later
    assert by_hand in party.hub.room.sanctions


def test_an_edit_does_not_bring_back_what_is_just_lifted(slow_disk: Party) -> None:  # M3
    (older,) = [one for one in slow_disk.hub.room.sanctions if one.act is Act.BAN]
    slow_disk.says("olga", "/unban zoe")
    slow_disk.hub.sanctions_are([Sanction(Act.BAN, ("zoe", "yan"))], [older], slow_disk.kept)
    assert [one.act for one in slow_disk.hub.room.sanctions] == [Act.MUTE]


def test_what_is_edited_into_the_file_meets_who_is_here(party: Party) -> None:  # M3
    by_hand = Sanction(Act.BAN, ("bob",), None, "", "by hand")
    with party.turn() as effects:
        party.hub.sanctions_are([by_hand], [])
        effects.extend(party.hub.close_banned())
    party.sees("bob", "! You are banned for good: by hand.", "Goodbye.")
    party.hub.sanctions_are([], [by_hand])
    party.joins("bob")


# --- lockdown ----------------------------------------------------------------------------------------------------

LOCKED = "! Only registered names may come in or speak until an operator ends that."


@pytest.mark.parametrize("name", ["bob", "fay", "vera"])
def test_in_a_lockdown_only_registered_users_speak(party: Party, name: str) -> None:  # M6
    party.says("ann", "/lockdown on")
    assert "* Only registered names may come in or speak now." in party.told(name)
    party.looks_away()
    lines = ["BCST hi", "MESG rita hi"] if name == "vera" else ["hi", "/me waves", "/whisper rita hi", "/nick x1"]
    for line in (*lines, *([] if name == "vera" else ["/register pass-word"])):
        party.says(name, line)
        assert party.told(name)[0].removeprefix("! ") == LOCKED.removeprefix("! ")
    party.sees_nothing("rita", "olga")
    party.says(name, "MESG olga why?" if name == "vera" else "/whisper olga why?")
    party.sees("olga", f"{name} whispers: why?")
    party.says("rita", "hi")
    assert party.told(name)[-1] == "rita: hi"
    assert party.asked == []


@pytest.mark.parametrize("door", ["text", "verbs", "framed"])
def test_in_a_lockdown_only_registered_users_come_in(party: Party, door: str) -> None:  # M6
    party.says("ann", "/lockdown ON")
    party.connects("eve")
    if door == "framed":
        party.frames("eve", Hello(1, "the secret of eve", "eve"))
    else:
        party.says("eve", "JOIN eve" if door == "verbs" else "eve")
    assert party.told("eve")[0].removeprefix("! ") == LOCKED.removeprefix("! ")
    assert not party.is_gone("eve")
    party.leaves("rita")
    party.says("eve", "JOIN rita pass-word" if door == "verbs" else "/nick rita")
    if door != "verbs":
        party.sends("eve", frame({"type": "password", "password": "pass word"})) if door == "framed" else party.says(
            "eve", "pass word"
        )
    party.answers(TaskResult.YES)
    assert "rita" in party.room()


def test_a_stranger_who_is_here_may_become_a_registered_user_in_a_lockdown(party: Party) -> None:  # M6
    party.leaves("rita")
    party.says("ann", "/lockdown on")
    party.says("bob", "/nick rita", "pass word")
    party.answers(TaskResult.YES)
    party.looks_away()
    party.says("bob", "hi")
    party.sees("olga", "rita: hi")


def test_the_end_of_a_lockdown_is_told(party: Party) -> None:  # M6
    party.says("ann", "/lockdown off", "/lockdown on")
    party.says("olga", "/lockdown off", "/lockdown maybe")
    assert "! There is no lockdown." in party.told("ann")
    assert party.told("bob")[-1] == "* Everybody may come in and speak again."
    assert party.told("olga")[-1] == "! A lockdown is on or off. Usage: /lockdown on|off"
    acts = [line for line in party.log if "refused" not in line]
    assert acts == ["ann (192.0.2.1:4) began the lockdown", "olga (192.0.2.1:5) ended the lockdown"]
    party.joins("eve")


def flooded(count: int) -> Party:
    party = Party()
    party.hub.state.settings.lockdown_after = 3
    party.hub.accounts_are(frozenset({"ann"}), frozenset({"ann"}))
    party.connects("ann")
    party.says("ann", "ann")
    enters_with_password(party, "ann")
    party.looks_away()
    party.joins(*(f"guest{i}x" for i in range(count)))
    return party


def test_too_many_newcomers_in_a_minute_put_a_lockdown_on_for_ten(  # M6
) -> None:
    party = flooded(2)
    party.looks_away()
    party.connects("third")
    party.says("third", "third")
    text = "3 newcomers in a minute: for 10 min only registered names come in or speak"
    assert party.told("ann")[-1] == f"* {text}. /lockdown off ends that."
    assert f"Lockdown: {text}" in party.log
    assert len(kept(party)) == 1
    party.connects("fourth")
    party.says("fourth", "fourth")
    assert party.told("fourth")[0] == "! Only registered names may come in or speak for another 10 min: too many came."
    party.passes(600)
    party.joins("fourth")
    assert "fourth" in party.room()


def test_newcomers_over_more_than_a_minute_are_no_flood() -> None:  # M6
    party = flooded(2)
    party.passes(60)
    party.joins("third", "fourth")
    assert len(party.hub.room.sanctions) == 0


def test_clients_that_come_back_are_no_flood() -> None:  # M6
    party = flooded(0)
    for number in range(3):
        party.joins_framed(f"fay{number}")
        party.passes(60)
    for number in range(3):
        party.leaves(f"fay{number}")
    party.joins_framed("fay0", "fay1", "fay2")
    assert len(party.hub.room.sanctions) == 0


# --- the message of the day --------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["text", "verbs", "framed"])
def test_newcomers_are_told_the_message_of_the_day(party: Party, door: str) -> None:  # M5
    party.hub.greet_with(("Be kind.", "Backups at noon."))
    party.connects("eve")
    if door == "framed":
        party.frames("eve", Hello(1, "the secret of eve", "eve"))
    else:
        party.says("eve", "JOIN eve" if door == "verbs" else "eve")
    assert party.told("eve")[-2:] == ["* Be kind.", "* Backups at noon."]


def test_a_client_that_comes_back_is_not_told_it_again(party: Party) -> None:  # M5
    party.hub.greet_with(("Be kind.",))
    seq = party.hub.room.log.seq
    party.leaves("fay")
    party.connects("again")
    party.frames("again", Hello(1, "the secret of fay", "fay", resume=ResumePoint(EPOCH, seq)))
    assert "* Be kind." not in party.told("again")


# --- the room decides --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "proposal",
    [Remove("fay", "x"), Announce("hi"), Impose(Sanction(Act.MUTE, ("fay",))), Lift(Act.MUTE, "fay")],
    ids=lambda proposal: type(proposal).__name__,
)
def test_the_room_checks_the_role_again(party: Party, proposal: Remove | Announce | Impose | Lift) -> None:  # M7
    room = party.hub.room
    before = room.checksum()
    for name in ("bob", "rita"):
        member = room.find(name)
        assert member is not None
        refused = room.apply(member.seat, proposal, 0.0).refused
        assert refused is not None
        assert refused[0] is ErrorCode.OPERATORS_ONLY
    refused = room.apply(999, proposal, 0.0).refused  # of an operator who has left
    assert refused == (ErrorCode.NOT_NAMED, {})
    assert room.checksum() == before


def test_a_frame_can_t_say_that_it_is_an_operator_s(party: Party) -> None:  # M7
    party.sends("fay", frame({"type": "role", "operator": True}))
    assert party.told("fay")[0].startswith("! Frames of type role are not known here")
