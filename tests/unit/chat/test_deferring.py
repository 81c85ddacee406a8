"""chat/order.py: an order whose results come later, as that of a shared room: what this server's users see of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chat import limits
from chat.effects import HashPassword, TaskResult
from chat.proposals import (
    Claim,
    DropAccount,
    Enter,
    Impose,
    Leave,
    Lift,
    Operators,
    Own,
    Proposal,
    Remove,
    Rename,
    Replace,
    ServerGone,
    SetAccount,
)
from chat.resume import identity_of
from chat.sanctions import Act, Sanction
from chat.state import ASK_AGAIN
from protocol.errors import ErrorCode
from protocol.events import Announced, Asked, Dismissed, Said, Whispered, refusal
from protocol.requests import Announce, GoAway, Hello, Line, Name, Say, Whisper
from protocol.text import skeleton
from tests.support.deferring import Deferring
from tests.support.party import Party

HUB_TESTS = ("hub", "hub_slash", "hub_framed", "hub_verbs", "hub_accounts", "hub_log", "moderation", "away", "history")
OTHER = "fedcba9876543210"  # another server


class Shared:
    """A party at a server that shares its room with another one, where dora is; ann and bob are here."""

    def __init__(self, max_users: int = 100) -> None:
        self.party = Party(max_users)
        self.order = Deferring(self.party.hub)
        self.dora = self.elsewhere(0, enter("dora"))
        self.joins("ann", "bob")

    def joins(self, *names: str, framed: bool = False) -> None:
        for name in names:
            (self.party.joins_framed if framed else self.party.joins)(name)
            self.reads_back()
        self.party.looks_away()

    def reads_back(self, count: int | None = None) -> None:
        """Give what is under way its place, and then what that leads to."""
        while self.order.under_way:
            with self.party.turn() as effects:
                effects.extend(self.order.read_back(count))
            if count is not None:
                break

    def elsewhere(self, seat: int, proposal: Proposal) -> int:
        """Apply what the other server proposes; return the log's newest number."""
        with self.party.turn() as effects:
            effects.extend(self.order.elsewhere(seat, proposal, self.party.at))
        return self.party.hub.room.log.seq

    def seat(self, name: str) -> int:
        member = self.party.hub.room.find(name)
        assert member is not None
        return member.seat


def enter(name: str, client: str = "", attempt: int | None = None) -> Enter:
    return Enter(name, skeleton(name), "", client, 0, OTHER, attempt)


@pytest.fixture
def shared() -> Shared:
    return Shared()


@pytest.mark.long
def test_what_holds_for_the_hub_holds_where_its_order_defers() -> None:  # N1
    files = [f"tests/unit/chat/test_{name}.py" for name in HUB_TESTS]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.deferred", "-p", "no:cacheprovider"]
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [*command, "-m", "not property and not long", *files], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]


# --- one's own lines ---------------------------------------------------------------------------------------------


def test_a_line_is_told_once_the_log_has_it_in_order_and_with_its_number(shared: Shared) -> None:  # N1, A12
    party = shared.party
    shared.joins("fay", framed=True)
    party.says("fay", "one", "/w bob two", "three")
    party.sees_nothing("fay", "ann", "bob")
    seq = party.hub.room.log.seq
    shared.reads_back()
    assert party.events("fay") == [
        Said(seq + 1, "fay", "one", party.at, 1),
        Whispered(seq + 2, "fay", "bob", "two", party.at, 2),
        Said(seq + 3, "fay", "three", party.at, 3),
    ]
    party.sees("bob", "fay: one", "fay whispers: two", "fay: three")
    shared.reads_back()
    party.sees_nothing("fay", "bob")


def test_a_line_waits_for_no_other(shared: Shared) -> None:  # N1
    shared.party.says("ann", "one", "two", "/ping")
    assert len(shared.order.under_way) == 2
    shared.party.sees("ann", "pong")


def test_what_is_refused_is_answered_in_its_place_and_once(shared: Shared) -> None:  # A11
    party = shared.party
    shared.joins("fay", framed=True)
    party.says("fay", "/w nobody hi", " ", "after")
    shared.reads_back()
    refused = [refusal(ErrorCode.NOT_CONNECTED, 1, name="nobody"), refusal(ErrorCode.NOTHING_TO_SAY, 2)]
    said = Said(party.hub.room.log.seq, "fay", "after", party.at, 3)
    assert party.events("fay") == [*refused, said]
    party.frames("fay", Line("/w nobody hi", 1), Line(" ", 2), Line("after", 3), Line("other", 3))
    shared.reads_back()
    assert party.events("fay") == [*refused, said, refusal(ErrorCode.NUMBER_USED, 3)]
    party.sees("bob", "fay: after")


def test_a_line_whose_answer_was_lost_is_answered_by_another_connection(shared: Shared) -> None:  # N3
    party = shared.party
    shared.joins("fay", framed=True)
    party.says("fay", "hello all")
    party.leaves("fay")
    party.connects("again")
    party.frames("again", Hello(1, "the secret of fay", "fay"), Line("hello all", 1))
    shared.reads_back()
    said = [event for event in party.events("again") if isinstance(event, Said)]
    assert [(event.text, event.cseq) for event in said] == [("hello all", 1)]
    assert party.told("bob").count("fay: hello all") == 1


def test_a_line_of_who_was_taken_out_meanwhile_is_not_said(shared: Shared) -> None:
    party = shared.party
    party.hub.accounts_are(frozenset({"dora"}), frozenset({"dora"}))
    shared.elsewhere(shared.dora, Own("dora"))
    party.says("ann", "too late", "/away")
    shared.elsewhere(shared.dora, Remove("ann", "kicked by dora: loud", "dora"))
    party.looks_away()
    shared.reads_back()
    party.sees_nothing("ann", "bob")


# --- coming in ---------------------------------------------------------------------------------------------------


def test_who_comes_in_waits_and_is_read_then(shared: Shared) -> None:  # N1
    party = shared.party
    party.connects("eve")
    party.says("eve", "eve", "hello")
    party.passes(100)  # its deadline rests
    party.sees_nothing("eve", "ann")
    assert party.guests["eve"].session.waiting
    shared.reads_back()
    party.sees("ann", "* eve has connected. Users here: 4", "eve: hello")
    assert "eve (192.0.2.1:3): a name: done" in party.log


def test_a_name_is_had_by_the_first(shared: Shared) -> None:  # N1
    party = shared.party
    party.connects("eve")
    party.says("eve", "eve", "zoe")
    shared.elsewhere(0, enter("eve"))
    shared.reads_back()
    told = party.told("eve")
    assert told[:2] == ["! eve is in use. Choose another name.", ASK_AGAIN]
    assert party.room() == ("dora", "ann", "bob", "eve", "zoe")


def test_so_is_another_name(shared: Shared) -> None:  # N1
    shared.party.says("ann", "/nick zoe", "hello")
    shared.elsewhere(shared.dora, Rename("zoe", "zoe"))
    shared.party.looks_away()
    shared.reads_back()
    shared.party.sees("ann", "! zoe is in use. Choose another name.")
    shared.party.sees("bob", "ann: hello")


def test_who_is_lost_while_coming_in_leaves_at_once(shared: Shared) -> None:
    party = shared.party
    party.connects("eve")
    party.says("eve", "eve")
    party.leaves("eve")
    shared.reads_back()
    party.sees("ann", "* eve has connected. Users here: 4", "* eve has left (connection closed). Users here: 3")
    assert party.room() == ("dora", "ann", "bob")
    assert "eve" not in [session.name for session in party.hub.state.sessions.values()]


def test_a_server_has_room_for_its_own_users(shared: Shared) -> None:  # N1, A6
    full = Shared(max_users=3)  # and dora is another server's
    party = full.party
    party.connects("eve", "fay")
    party.says("eve", "eve")
    party.says("fay", "fay")
    assert party.told("fay")[0].startswith("! Too Many Users")
    full.reads_back()
    assert party.room() == ("dora", "ann", "bob", "eve")


def test_a_name_whose_holder_has_just_left_this_server_may_be_had(shared: Shared) -> None:  # A8
    shared.party.connects("eve")
    shared.party.leaves("ann")
    shared.party.says("eve", "ann")
    shared.reads_back()
    assert shared.party.room() == ("dora", "bob", "ann")


# --- one client, two servers -------------------------------------------------------------------------------------


def test_a_client_that_comes_back_by_another_server_takes_its_place(shared: Shared) -> None:  # N3
    party = shared.party
    shared.joins("fay", framed=True)
    identity = identity_of("the secret of fay")
    shared.elsewhere(0, Replace(identity, 2))
    shared.elsewhere(0, enter("fay", identity, 2))
    assert party.events("fay")[:2] == [refusal(ErrorCode.REPLACED), Dismissed("Goodbye.")]
    assert party.is_gone("fay")
    party.sees("bob", "* fay has left (reconnected). Users here: 3", "* fay has connected. Users here: 4")


def test_a_client_that_comes_back_here_takes_its_place_there(shared: Shared) -> None:  # N3
    identity = identity_of("the secret of fay")
    shared.elsewhere(0, enter("fay", identity, 1))
    shared.party.connects("fay")
    shared.party.frames("fay", Hello(1, "the secret of fay", "fay", attempt=2))
    shared.reads_back()
    assert shared.party.guests["fay"].session.named
    assert shared.party.room() == ("dora", "ann", "bob", "fay")


def test_a_connection_that_was_held_up_closes_no_later_one(shared: Shared) -> None:  # N3
    identity = identity_of("the secret of fay")
    shared.party.connects("fay")
    shared.party.frames("fay", Hello(1, "the secret of fay", "fay", attempt=2))
    shared.elsewhere(0, enter("fay", identity, 3))
    shared.reads_back()
    assert shared.party.events("fay") == [refusal(ErrorCode.REPLACED), Dismissed("Goodbye.")]
    member = shared.party.hub.room.find("fay")
    assert member is not None
    assert member.attempt == 3


def test_the_users_of_a_server_that_is_gone_leave(shared: Shared) -> None:  # N4
    shared.elsewhere(0, enter("eve"))
    shared.party.looks_away()
    shared.elsewhere(0, ServerGone(OTHER))
    left = ("* dora has left (connection lost). Users here: 3", "* eve has left (connection lost). Users here: 2")
    shared.party.sees("ann", *left)
    assert shared.party.room() == ("ann", "bob")


# --- what others do, elsewhere -----------------------------------------------------------------------------------


def test_what_is_said_elsewhere_is_told_here(shared: Shared) -> None:  # N1
    party = shared.party
    shared.elsewhere(shared.dora, Say("hi"))
    shared.elsewhere(shared.dora, Whisper("ann", "psst"))
    shared.elsewhere(shared.dora, Whisper("dora", "to myself"))
    shared.elsewhere(shared.dora, GoAway("lunch"))
    party.sees("ann", "dora: hi", "dora whispers: psst")
    party.sees("bob", "dora: hi")
    party.says("bob", "/w dora hi", "/users")
    shared.reads_back()
    party.sees("bob", "Connected users: 3", "dora, ann, bob", "* Whispered to dora.", "* dora is away: lunch")
    shared.elsewhere(shared.dora, Rename("doris", "doris"))
    shared.elsewhere(shared.dora, Leave("goodbye"))
    party.sees("ann", "* dora is now doris", "* doris has left (goodbye). Users here: 2")


@pytest.fixture
def moderated(shared: Shared) -> Shared:
    """Return the same; dora, elsewhere, and ann are operators."""
    party = shared.party
    party.hub.accounts_are(frozenset({"dora", "ann"}), frozenset({"dora", "ann"}))
    shared.elsewhere(shared.dora, Own("dora"))
    shared.elsewhere(shared.seat("ann"), Own("ann"))
    shared.joins("fay", framed=True)
    party.log.clear()
    return shared


def test_a_kick_reaches_who_is_here(moderated: Shared) -> None:  # M2, N1
    moderated.elsewhere(moderated.dora, Remove("bob", "kicked by dora: loud", "dora"))
    moderated.party.sees("bob", "! dora has removed you from the chat: loud.", "Goodbye.")
    moderated.party.sees("ann", "* bob has left (kicked by dora: loud). Users here: 3")
    assert moderated.party.log[-1] == "dora kicked bob (192.0.2.1:2): loud"


def test_a_kick_reaches_who_is_elsewhere(moderated: Shared) -> None:  # M2, N1
    moderated.elsewhere(0, enter("eve"))
    moderated.party.looks_away()
    moderated.party.says("ann", "/kick eve")
    moderated.reads_back()
    moderated.party.sees("ann", "* eve has left (kicked by ann). Users here: 4", "* eve is out.")


def test_a_mute_and_its_end_are_told_where_its_user_is(moderated: Shared) -> None:  # M4, N1
    party = moderated.party
    mute = Sanction(Act.MUTE, ("bob", "zoe"), int(party.at) + 600, "dora")
    moderated.elsewhere(moderated.dora, Impose(mute, "muted bob for 10 min", "bob is muted for 10 min."))
    party.sees("bob", "* You are muted for 10 min. Only operators can read what you whisper to them.")
    party.sees("ann", "* dora muted bob for 10 min.")
    party.says("bob", "hello")
    moderated.reads_back()
    assert party.told("bob")[0].startswith("! You are muted")
    moderated.elsewhere(moderated.dora, Lift(Act.MUTE, "bob", "dora", "unmuted bob", ""))
    moderated.elsewhere(moderated.dora, Lift(Act.MUTE, "bob", "dora", "unmuted bob", ""))  # which is refused
    party.sees("bob", "* You are muted no more.")
    assert party.kept == []  # dora's server writes it, if any


def test_a_ban_closes_the_connection_where_that_is(moderated: Shared) -> None:  # M3, N1
    party = moderated.party
    ban = Sanction(Act.BAN, ("bob",), None, "dora")
    moderated.elsewhere(moderated.dora, Impose(ban, "banned bob for good", ""))
    assert party.is_gone("bob")
    moderated.reads_back()
    party.sees("ann", "* dora banned bob for good.", "* bob has left (banned by dora). Users here: 3")


def test_a_lockdown_and_its_end_are_told_to_the_strangers_here(moderated: Shared) -> None:  # M6, N1
    lockdown = Sanction(Act.LOCKDOWN, ("*",), None, "dora")
    moderated.elsewhere(moderated.dora, Impose(lockdown, "began the lockdown", "Only registered names."))
    moderated.elsewhere(moderated.dora, Lift(Act.LOCKDOWN, "*", "dora", "ended the lockdown", "Everybody."))
    moderated.party.sees("bob", "* Only registered names.", "* Everybody.")


def test_who_bans_waits_until_the_answer_is_there(moderated: Shared) -> None:  # M3
    party = moderated.party
    party.says("ann", "/ban zoe", "/ping")
    moderated.reads_back(1)
    party.sees("ann", "* zoe is banned for good.", "pong")


def test_an_operator_who_is_gone_by_then_is_answered_nothing(moderated: Shared) -> None:
    moderated.party.says("ann", "/ban zoe")
    moderated.party.leaves("ann")
    moderated.reads_back()
    assert [ban.subjects for ban in moderated.party.hub.room.sanctions] == [("zoe",)]


def test_an_announcement_is_told_everywhere(moderated: Shared) -> None:  # M5, N1
    seq = moderated.elsewhere(moderated.dora, Announce("tea"))
    assert moderated.party.events("fay") == [Announced(seq, "dora", "tea", moderated.party.at, None)]
    assert moderated.party.log == ["dora announced: tea"]


def test_an_owner_who_comes_elsewhere_takes_the_name_from_here(shared: Shared) -> None:  # M8, N1
    shared.party.hub.accounts_are(frozenset({"bob"}))
    shared.elsewhere(0, Claim("bob"))
    shared.elsewhere(0, Claim("bob"))
    told = shared.party.told("bob")
    assert told[0].startswith("! bob is registered, and its owner has come")
    assert told[1] == ASK_AGAIN
    shared.party.sees("ann", "* bob has left (the owner of the name came). Users here: 2")


def test_a_line_that_was_under_way_when_the_owner_came_goes_before_those_behind_it(shared: Shared) -> None:  # M8, N1
    party = shared.party
    shared.joins("fay", framed=True)
    party.hub.accounts_are(frozenset({"fay"}))
    party.frames("fay", Line("swim", 1))
    shared.elsewhere(0, Claim("fay"))
    shared.reads_back()
    party.events("fay")
    party.frames("fay", Line("/nick carl", 2), Line("dive", 3))
    shared.reads_back()
    assert party.events("fay") == [Asked("name", ASK_AGAIN)]
    party.frames("fay", Name("eve"), Line("swim", 1), Line("/nick carl", 2), Line("dive", 3))
    shared.reads_back()
    said = [event for event in party.events("fay") if isinstance(event, Said)]
    assert [(event.name, event.text) for event in said] == [("eve", "swim"), ("carl", "dive")]


def test_an_owner_who_comes_here_takes_the_name_from_there(shared: Shared) -> None:  # M8, N1
    party = shared.party
    party.hub.accounts_are(frozenset({"dora"}))
    party.connects("owner")
    party.says("owner", "dora", "secret12")
    party.answers(TaskResult.YES)
    shared.reads_back()
    assert party.guests["owner"].session.account == "dora"
    assert party.room() == ("ann", "bob", "dora")


# --- accounts, roles and bans, which the room keeps --------------------------------------------------------------


@pytest.fixture
def owned() -> Shared:
    """Return a party whose room keeps the accounts; ann has one, and dora, who is an operator elsewhere."""
    owned = Shared()
    owned.party.hub.share(owned.order)
    owned.party.hub.state.settings.kept_names = frozenset({"olga"})
    for name, seat in (("dora", owned.dora), ("ann", owned.seat("ann"))):
        owned.elsewhere(seat, SetAccount(name, f"{name}'s record"))
    owned.elsewhere(0, Operators(frozenset({"dora"}), frozenset()))
    owned.party.looks_away()
    return owned


def test_a_name_is_registered_once_the_log_has_it(owned: Shared) -> None:  # N1
    party = owned.party
    party.says("bob", "/register secret12")
    assert party.asked == [HashPassword(party.guests["bob"].session, "bob", "secret12")]
    with party.turn() as effects:
        effects.extend(party.hub.answered(party.asked.pop(), TaskResult.YES, "a record"))
    party.sees_nothing("bob")
    assert "bob" not in party.hub.room.registered
    owned.reads_back()
    party.sees("bob", "* bob is yours now: from here on the name needs your password.")
    assert party.hub.room.records.find("bob") == "a record"
    assert "a record" not in "".join(party.log)


def test_who_has_left_by_then_has_registered_nothing(owned: Shared) -> None:  # N1
    party = owned.party
    party.says("bob", "/register secret12")
    owned.elsewhere(0, Claim("bob"))
    with party.turn() as effects:
        effects.extend(party.hub.answered(party.asked.pop(0), TaskResult.YES, "a record"))
    owned.reads_back()
    assert "bob" not in party.hub.room.registered


def test_a_password_is_checked_against_the_room_s_record(owned: Shared) -> None:  # N1
    party = owned.party
    party.connects("owner")
    party.says("owner", "ann", "secret12")
    assert [getattr(task, "record", None) for task in party.asked] == ["ann's record"]
    party.answers(TaskResult.YES)
    owned.reads_back()
    assert party.guests["owner"].session.account == "ann"
    assert party.told("ann")[1] == ASK_AGAIN


def test_a_password_that_was_changed_meanwhile_is_not_the_password(owned: Shared) -> None:  # N1
    party = owned.party
    party.connects("owner")
    party.says("owner", "ann", "secret12")
    party.answers(TaskResult.YES)
    owned.elsewhere(owned.seat("ann"), SetAccount("ann", "another record"))
    party.looks_away()
    owned.reads_back()
    party.sees("owner", "! That is not ann's password.", ASK_AGAIN)
    party.sees_nothing("ann")


def test_an_account_is_given_back_to_the_room(owned: Shared) -> None:  # N1
    owned.party.says("ann", "/unregister", "/ping")
    owned.party.sees_nothing("ann")
    owned.reads_back()
    owned.party.sees("ann", "* ann is not registered any more.", "pong")
    assert "ann" not in owned.party.hub.room.registered


def test_a_role_is_told_where_its_user_is_and_to_the_operators(owned: Shared) -> None:  # M1, N1
    party = owned.party
    owned.elsewhere(owned.dora, Operators(frozenset({"ann"}), frozenset(), "dora", "made ann an operator", "..."))
    assert party.told("ann")[-1] == "* dora made ann an operator."
    assert party.log[-1] == "dora made ann an operator"
    party.says("ann", "/deop dora")
    owned.reads_back()
    assert party.told("ann")[-1] == "* dora is an operator no more."
    party.says("ann", "/op dora")
    owned.reads_back()
    party.sees("ann", "* dora is an operator now.")
    assert party.hub.room.operators == {"ann", "dora"}
    assert party.asked == []


def registers(owned: Shared, name: str, record: str) -> None:
    """Let somebody register, or change the password."""
    party = owned.party
    session = party.guests[name].session
    party.says(name, f"/{'passwd' if session.account else 'register'} secret12")
    with party.turn() as effects:
        effects.extend(party.hub.answered(party.asked.pop(), TaskResult.YES, record))
    owned.reads_back()


def test_the_operator_that_this_server_appoints_registers_on_its_machine(owned: Shared) -> None:  # M1, N1
    party = owned.party
    owned.elsewhere(0, enter("olga"))
    owned.elsewhere(owned.seat("olga"), SetAccount("olga", "from elsewhere"))
    assert party.hub.room.operators == {"dora"}
    owned.elsewhere(owned.seat("olga"), DropAccount("olga"))
    owned.elsewhere(owned.seat("olga"), Leave("goodbye"))
    party.connects("olga")
    party.guests["olga"].session.address = "127.0.0.1:7"
    party.says("olga", "olga")
    owned.reads_back()
    registers(owned, "olga", "one")
    registers(owned, "olga", "two")
    assert party.hub.room.operators == {"dora", "olga"}


def test_who_was_appointed_is_an_operator_at_the_next_line(owned: Shared) -> None:  # M1, N1
    party = owned.party
    party.connects("olga")
    party.guests["olga"].session.address = "127.0.0.1:7"
    party.says("olga", "olga")
    owned.reads_back()
    party.looks_away()
    party.says("olga", "/register secret12")
    with party.turn() as effects:
        effects.extend(party.hub.answered(party.asked.pop(), TaskResult.YES, "a record"))
    proposed = [due.proposal for due in owned.order.under_way]  # all at once: a command may have been typed ahead
    assert proposed == [SetAccount("olga", "a record", limits.ACCOUNTS, is_appointed=True)]
    owned.reads_back()
    told = "* olga is yours now: from here on the name needs your password."
    party.sees("olga", told, "* You are an operator: /help operators lists your commands.")
    party.says("olga", "/mute bob")
    owned.reads_back()
    party.sees("olga", "* bob is muted for 10 min.")


@pytest.mark.parametrize(("host", "operators"), [("127.0.0.1", {"dora", "olga"}), ("192.0.2.7", {"dora"})])
def test_so_does_one_who_has_registered_before(owned: Shared, host: str, operators: set[str]) -> None:  # M1, N1
    party = owned.party
    owned.elsewhere(0, enter("olga"))
    owned.elsewhere(owned.seat("olga"), SetAccount("olga", "from elsewhere"))
    owned.elsewhere(owned.seat("olga"), Leave("goodbye"))
    party.connects("olga")
    party.guests["olga"].session.address = f"{host}:7"
    party.says("olga", "olga", "secret12")
    party.answers(TaskResult.YES)
    owned.reads_back()
    assert party.guests["olga"].session.account == "olga"
    assert party.hub.room.operators == operators


def test_a_ban_needs_no_disk_and_is_answered_once(owned: Shared) -> None:  # M3, N1
    party = owned.party
    owned.joins("fay", framed=True)
    owned.elsewhere(owned.seat("fay"), SetAccount("fay", "a record"))
    owned.elsewhere(0, Operators(frozenset({"fay"}), frozenset()))
    party.looks_away()
    ban, unban = Line("/ban zoe", 1), Line("/unban zoe", 2)
    party.frames("fay", ban, unban, Line("/lockdown on", 3))
    owned.reads_back()
    answers = [
        "* zoe is banned for good.",
        "* zoe is banned no more.",
        "* Only registered names may come in or speak now.",
    ]
    party.sees("fay", *answers)
    party.frames("fay", ban, unban)
    owned.reads_back()
    party.sees("fay", *answers[:2])
    assert party.kept == []


def test_a_flood_puts_a_lockdown_on_that_no_file_has() -> None:  # M6, N1
    shared = Shared()
    party = shared.party
    party.hub.share(shared.order)
    party.hub.state.settings.lockdown_after = 1
    shared.joins("eve", "fay")
    assert [one.act for one in party.hub.room.sanctions] == [Act.LOCKDOWN]
    assert party.kept == []


def test_this_server_s_files_are_nothing_to_a_shared_room(owned: Shared) -> None:  # N1
    hub = owned.party.hub
    assert hub.accounts_are(frozenset({"zoe"}), frozenset({"zoe"})) == []
    hub.sanctions_are([Sanction(Act.BAN, ("zoe",))], ())
    assert "zoe" not in hub.room.registered
    assert not list(hub.room.sanctions)


def test_an_absence_begins_and_ends_when_the_log_has_it(shared: Shared) -> None:
    shared.party.says("bob", "/away lunch", "/back")
    shared.reads_back()
    assert shared.party.told("bob")[1] == "* You are back."
