"""chat/room.py: who is here, under which name, and that a room is the same wherever the same was applied."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.account_records import proof_of
from chat.members import Member
from chat.proposals import (
    Accounts,
    Applied,
    Claim,
    DropAccount,
    Enter,
    ImportAccount,
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
    Settle,
)
from chat.room import Room
from chat.sanctions import Act, Sanction
from protocol.errors import ErrorCode
from protocol.events import Noticed, refusal
from protocol.objects import dump
from protocol.requests import Announce, ComeBack, GoAway, Say, Whisper
from protocol.text import skeleton
from tests.support.proposals import AT, EPOCH, drawn


def enters(room: Room, name: str, account: str = "", client: str = "", settled: int = 0) -> Applied:
    return room.apply(0, Enter(name, skeleton(name), account, client, settled), AT)


def member(room: Room, name: str) -> Member:
    found = room.find(name)
    assert found is not None
    return found


def renames(room: Room, name: str, to: str) -> Applied:
    return room.apply(member(room, name).seat, Rename(to, skeleton(to)), AT)


def room_of(*names: str) -> Room:
    room = Room("an epoch")
    for name in names:
        enters(room, name)
    return room


def test_it_starts_empty_and_no_name_is_in_use() -> None:  # A1
    room = Room("an epoch")
    assert len(room) == 0
    assert room.names() == ()
    assert room.find("ann") is None


def test_members_stand_in_the_order_in_which_they_came() -> None:
    room = room_of("carl", "Ann", "bob")
    assert room.names() == ("carl", "Ann", "bob")
    assert [member.name for member in room] == ["carl", "Ann", "bob"]


def test_a_name_is_found_in_any_case_and_leads_to_its_member() -> None:  # D12
    room = room_of("Ann")
    assert room.find("ann") is room.find("ANN") is next(iter(room))


def test_the_name_of_who_left_is_free_at_once() -> None:  # A8, A23, E14
    room = room_of("ann", "bob")
    room.apply(member(room, "ann").seat, Leave("goodbye"), AT)
    assert room.find("ann") is None
    assert room.names() == ("bob",)
    assert enters(room, "ANN").member is room.find("ann")


@pytest.mark.parametrize(
    ("name", "error"), [("ANN", ErrorCode.NAME_TAKEN), ("a-nn", ErrorCode.NAME_LOOKS_ALIKE), ("bob", None)]
)
def test_a_name_that_has_been_taken_by_then_is_refused(name: str, error: ErrorCode | None) -> None:
    room = room_of("ann", "carl")
    before = room.checksum()
    for applied in (renames(room, "carl", name), enters(room, name)) if error else (enters(room, name),):
        assert (applied.refused and applied.refused[0]) == error
    assert (room.checksum() == before) is (error is not None)


def test_an_account_s_own_name_is_beyond_looking_alike() -> None:  # M9
    room = room_of("ann")
    assert enters(room, "a-nn", account="a-nn").event is not None


def test_a_seat_that_is_not_in_the_room_any_more_says_nothing() -> None:
    room = room_of("ann", "bob")
    seat = member(room, "ann").seat
    room.apply(seat, Leave("goodbye"), AT)
    enters(room, "ann")
    before = room.checksum()
    assert room.apply(seat, Say("hi"), AT) == Applied(refused=(ErrorCode.NOT_NAMED, {}))
    assert room.checksum() == before


def test_a_kind_of_proposal_that_is_not_known_stops_the_server() -> None:
    with pytest.raises(KeyError):
        Room("an epoch").apply(0, object(), AT)  # type: ignore[arg-type]


# --- a client's lines are carried out once -----------------------------------------------------------------------


def test_a_line_that_comes_again_is_answered_as_it_was_and_changes_nothing() -> None:  # N3
    room = Room("an epoch")
    ann = enters(room, "ann", client="ann's").member
    assert ann is not None
    enters(room, "bob")
    lines = (Say("hi", 1), Whisper("bob", "psst", 2), Rename("anna", "anna", "", 3), Whisper("dora", "hi", 4))
    first = [room.apply(ann.seat, line, AT) for line in lines]
    before = room.checksum()
    again = [room.apply(ann.seat, line, AT) for line in lines]
    refused = refusal(ErrorCode.NOT_CONNECTED, 4, name="dora")
    assert [applied.again for applied in again] == [*(applied.event for applied in first[:3]), refused]
    assert room.apply(ann.seat, Say("another", 1), AT).again == refusal(ErrorCode.NUMBER_USED, 1)
    assert room.checksum() == before


def test_an_answer_of_a_server_s_own_is_known_to_all() -> None:  # N3
    room = Room("an epoch")
    enters(room, "ann", client="ann's")
    answer = Noticed("done", 1)
    settled = Settle(1, 7, dump(answer), "ann's")
    assert room.apply(0, settled, AT) == Applied()
    assert room.apply(0, settled, AT) == Applied(again=answer)
    member(room, "ann")
    assert room.apply(member(room, "ann").seat, Say("hi", 1), AT).again == refusal(ErrorCode.NUMBER_USED, 1)
    assert [reply.cseq for reply in room.replies.take_fresh()] == [1]


# --- servers and clients -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("present", "later", "replaces"), [(1, 2, True), (2, 2, False), (3, 2, False), (None, 1, True), (1, None, True)]
)
def test_a_later_connection_of_a_client_takes_the_place_of_an_earlier_one(
    present: int | None, later: int | None, replaces: bool
) -> None:  # N3
    room = Room("an epoch")
    room.apply(0, Enter("ann", "ann", "", "ann's", 0, "one", present), AT)
    again = Enter("ann", "ann", "", "ann's", 0, "two", later)
    assert room.apply(0, again, AT).refused == (ErrorCode.REPLACED, {})
    replaced = room.apply(0, Replace("ann's", later), AT)
    assert (replaced.event is not None) is replaces
    assert (room.apply(0, again, AT).event is not None) is replaces
    assert member(room, "ann").attempt == (later if replaces else present)


def test_a_client_that_is_not_here_is_replaced_by_nothing() -> None:
    room = room_of("ann")
    assert room.apply(0, Replace("ann's", 1), AT) == Applied()


def test_the_members_of_a_server_that_is_gone_leave_in_the_order_of_their_seats() -> None:  # N4
    room = Room("an epoch")
    for name, server in (("bob", "one"), ("ann", "two"), ("carl", "one"), ("zoe", "one")):
        room.apply(0, Enter(name, name, "", "", 0, server), AT)
    renames(room, "bob", "dora")
    left = room.apply(0, ServerGone("one"), AT).left
    assert [(event.name, event.count, event.reason) for event in left] == [
        ("dora", 3, "connection lost"),
        ("carl", 2, "connection lost"),
        ("zoe", 1, "connection lost"),
    ]
    assert [event.seq for event in left] == sorted(event.seq for event in left)
    assert room.names() == ("ann",)


def test_who_was_banned_meanwhile_is_not_let_in() -> None:  # M3
    room, client = Room(EPOCH), "0123456789abcdef" * 2
    room.apply(0, Impose(Sanction(Act.BAN, ("ann", f"client:{client}"))), AT)
    for name, identity in (("ann", ""), ("zoe", client)):
        assert enters(room, name, client=identity).refused == (ErrorCode.BANNED, {"left": "for good", "reason": ""})


# --- accounts that the room keeps --------------------------------------------------------------------------------


def test_of_two_who_register_a_name_exactly_one_has_it() -> None:  # N1
    room = room_of("ann", "bob")
    ann = member(room, "ann").seat
    assert room.apply(ann, SetAccount("ann", "one"), AT).notice.startswith("ann is yours now")
    room.apply(0, ImportAccount("bob", "theirs", False, 9), AT)
    bob = member(room, "bob").seat
    assert room.apply(bob, SetAccount("bob", "two"), AT).refused == (ErrorCode.ALREADY_REGISTERED, {"name": "bob"})
    renames(room, "ann", "carl")
    assert room.apply(ann, SetAccount("ann", "three"), AT).refused == (ErrorCode.NOT_REGISTERED, {"name": "carl"})
    assert (dict(room.records), room.registered.keys) == ({"ann": "one", "bob": "theirs"}, {"ann", "bob"})


def test_nobody_else_has_a_name_that_is_registered_by_then() -> None:  # N1, M8
    room = room_of("ann", "bob")
    room.apply(member(room, "ann").seat, SetAccount("ann", "one"), AT)
    renames(room, "ann", "carl")
    needed = (ErrorCode.PASSWORD_NEEDED, {"name": "Ann"})
    assert enters(room, "Ann").refused == renames(room, "bob", "Ann").refused == needed
    assert room.apply(0, Enter("Ann", "ann", "ann", proof=proof_of("one")), AT).refused is None


def test_an_account_has_another_password_and_goes_with_its_role() -> None:  # N1, M1
    room = room_of("ann")
    ann = member(room, "ann").seat
    room.apply(ann, SetAccount("ann", "one"), AT)
    assert room.apply(ann, SetAccount("ann", "two"), AT).notice == "The password of ann is changed."
    room.apply(0, Operators(frozenset({"ann"}), frozenset()), AT)
    assert room.apply(ann, DropAccount("ann"), AT).notice == "ann is not registered any more."
    assert room.apply(ann, DropAccount("ann"), AT).refused == (ErrorCode.NOT_REGISTERED, {"name": "ann"})
    assert (dict(room.records), room.registered.keys, room.operators) == ({}, set(), frozenset())
    assert member(room, "ann").account == ""


def test_an_account_that_is_appointed_has_the_role_at_once_if_it_is_kept() -> None:  # N1, M1
    room = room_of("ann", "bob")
    ann, bob = member(room, "ann").seat, member(room, "bob").seat
    room.apply(ann, SetAccount("ann", "one"), AT)
    room.apply(0, ImportAccount("bob", "theirs", False, 9), AT)
    assert room.apply(bob, SetAccount("bob", "two", is_appointed=True), AT).refused is not None
    assert room.operators == frozenset()
    room.apply(ann, SetAccount("ann", "two", is_appointed=True), AT)
    assert room.operators == {"ann"}


def test_the_room_itself_has_no_more_accounts_than_the_limit_allows() -> None:  # N1
    room = room_of("ann", "bob")
    ann, bob = member(room, "ann").seat, member(room, "bob").seat
    full = (ErrorCode.TOO_MANY_ACCOUNTS, {"limit": 1})
    assert room.apply(ann, SetAccount("ann", "one", 1), AT).refused is None
    assert room.apply(bob, SetAccount("bob", "one", 1), AT).refused == full
    assert room.apply(0, ImportAccount("carl", "one", True, 1), AT).refused == full
    assert room.apply(ann, SetAccount("ann", "two", 1), AT).refused is None
    assert (dict(room.records), room.registered.keys, room.operators) == ({"ann": "two"}, {"ann"}, frozenset())


def test_an_account_is_imported_unless_the_room_has_one_of_that_name() -> None:  # N1
    room = room_of()
    assert room.apply(0, ImportAccount("ann", "one", True, 9), AT) == Applied()
    for record in ("one", "two"):
        known = room.apply(0, ImportAccount("ann", record, False, 9), AT)
        assert known.refused == (ErrorCode.ALREADY_REGISTERED, {"name": "ann"})
    assert (dict(room.records), room.registered.keys, room.operators) == ({"ann": "one"}, {"ann"}, frozenset({"ann"}))


def test_who_has_proved_an_older_password_is_not_let_in() -> None:  # N1
    room = room_of("ann")
    room.apply(member(room, "ann").seat, SetAccount("ann", "one"), AT)
    refused = (ErrorCode.WRONG_PASSWORD, {"name": "ann", "instead": ""})
    older, right = proof_of("two"), proof_of("one")
    assert room.apply(0, Claim("ann", older), AT) == Applied()
    assert room.apply(0, Claim("ann", right), AT).event is not None
    assert room.apply(0, Enter("ann", "ann", "ann", proof=older), AT).refused == refused
    enters(room, "bob")
    bob = member(room, "bob").seat
    assert room.apply(bob, Rename("ann", "ann", "ann", proof=older), AT).refused == refused
    assert room.apply(bob, Rename("ann", "ann", "ann", proof=right), AT).event is not None


def test_an_operator_gives_and_takes_roles_but_not_the_last_one() -> None:  # M1, N1
    room = room_of("ann", "bob")
    ann, bob = member(room, "ann").seat, member(room, "bob").seat
    for seat, name in ((ann, "ann"), (bob, "bob")):
        room.apply(seat, SetAccount(name, name), AT)
    room.apply(0, Operators(frozenset({"ann"}), frozenset()), AT)
    give, take = Operators(frozenset({"bob"}), frozenset()), Operators(frozenset(), frozenset({"ann"}))
    assert room.apply(bob, give, AT).refused == (ErrorCode.OPERATORS_ONLY, {"word": "That", "instead": ""})
    assert room.apply(ann, take, AT).refused == (ErrorCode.LAST_OPERATOR, {"name": "ann"})
    strange = Operators(frozenset({"zoe"}), frozenset())
    assert room.apply(ann, strange, AT).refused == (ErrorCode.NO_ACCOUNT, {"name": "zoe"})
    assert room.apply(ann, give, AT).refused is None
    assert room.apply(bob, take, AT).refused is None
    assert room.operators == {"bob"}


def test_every_part_of_the_state_is_in_its_checksum() -> None:
    room = room_of("ann", "bob")
    ann, bob = member(room, "ann").seat, member(room, "bob").seat
    changes: list[tuple[int, Proposal]] = [
        (ann, Say("hi")),
        (ann, GoAway("lunch")),
        (bob, Whisper("ann", "hi")),
        (ann, Own("ann")),
        (0, Accounts(frozenset({"ann"}), frozenset())),
        (ann, ComeBack()),
        (0, Operators(frozenset({"ann"}), frozenset())),
        (ann, Announce("tea")),
        (ann, Impose(Sanction(Act.MUTE, ("bob",), AT + 60, "ann", "loud"))),
        (ann, Impose(Sanction(Act.MUTE, ("bob",), AT + 90, "ann", "loud"))),
        (ann, Impose(Sanction(Act.BAN, ("carl",)))),
        (ann, Lift(Act.MUTE, "bob")),
        (ann, SetAccount("ann", "one")),
        (ann, SetAccount("ann", "two")),
        (ann, Settle(1, 7, b"{}", "ann's")),
        (ann, Settle(2, 7, b"{}", "ann's")),
        (ann, Remove("bob", "kicked by ann")),
        (ann, Leave("goodbye")),
    ]
    sums = [room.checksum()]
    for seat, proposal in changes:
        room.apply(seat, proposal, AT)
        sums.append(room.checksum())
    assert len(set(sums)) == len(sums)


# --- equal proposals in an equal order make equal rooms ----------------------------------------------------------


def played(seed: int, count: int = 60) -> Room:
    """Return a room to which proposals were applied that depend on `seed` alone."""
    rng, room = random.Random(seed), Room(EPOCH)
    for step in range(count):
        room.apply(*drawn(rng, room, step), AT + step)
    return room


@given(st.integers(0, 1 << 32))
def test_equal_proposals_in_equal_order_make_equal_rooms(seed: int) -> None:
    one, other = played(seed), played(seed)
    assert one.checksum() == other.checksum()
    assert one.log.take_fresh() == other.log.take_fresh()
    assert [(m.seat, m.name) for m in one] == [(m.seat, m.name) for m in other]
    assert list(one.sanctions) == list(other.sanctions)


@pytest.mark.property
def test_so_it_is_whatever_the_hash_seed_of_the_process() -> None:
    code = "import json; from tests.unit.chat.test_room import played; "
    code += "print(json.dumps([played(seed).checksum() for seed in range(20)]))"
    sums = [
        json.loads(subprocess.check_output([sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}))
        for seed in ("1", "2")
    ]
    assert sums[0] == sums[1] == [played(seed).checksum() for seed in range(20)]
    assert len(set(sums[0])) > 15
