"""storechat/core/mailbox.py: what one side of a chat through a store writes, and what it makes of what it reads (B2,
B3)."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from math import inf

import pytest

from protocol.errors import ErrorCode, ProtocolError
from protocol.lines import LINE_LIMIT
from storechat.core.letter import Letter, decode
from storechat.core.mailbox import Mailbox, Read, key
from storechat.core.send_window import TEXTS_LIMIT, WAITING_LIMIT
from storechat.server.faults import FaultyStore, Rates
from storechat.server.store import KeyValueStore

ANN, BOB, NEW = "a" * 16, "b" * 16, "c" * 16


def mailbox(name: str, session: str) -> Mailbox:
    return Mailbox(name, "bob" if name == "ann" else "ann", session, lambda: 0.0)


def pass_on(sender: Mailbox, receiver: Mailbox, now: float = 0.0) -> Read:
    """Have a letter written and read."""
    letter = sender.letter(now)
    sender.written()
    return receiver.receive(letter)


def acquainted() -> tuple[Mailbox, Mailbox]:
    ann, bob = mailbox("ann", ANN), mailbox("bob", BOB)
    assert not pass_on(ann, bob).arrived  # it shows nothing of us, so it may be from long ago
    assert pass_on(bob, ann).arrived
    assert pass_on(ann, bob) == Read(arrived=True)
    pass_on(bob, ann)
    return ann, bob


def opened(data: bytes) -> Letter:
    return decode(data, "ann", "bob")


# --- two who are there -------------------------------------------------------------------------------------------


def test_each_writes_a_key_of_its_own_whatever_the_case_of_the_names() -> None:  # B2
    assert key("Ann", "bob") == key("ann", "BOB") == "ann.to.bob"
    assert key("bob", "ann") == "bob.to.ann"


def test_two_get_to_know_each_other_talk_and_fall_silent() -> None:  # B2
    ann, bob = acquainted()
    ann.say("hello")
    ann.say("are you there?")
    assert ann.write_at() == 0.0
    assert pass_on(ann, bob).texts == ("hello", "are you there?")
    bob.say("yes")
    assert pass_on(bob, ann).texts == ("yes",)
    pass_on(ann, bob)
    assert not ann.window
    assert not bob.window
    assert ann.write_at() == bob.write_at() == inf


def test_names_are_compared_as_everywhere() -> None:
    ann, bob = Mailbox("Ann", "BOB", ANN, lambda: 0.0), Mailbox("bob", "ANN", BOB, lambda: 0.0)
    pass_on(ann, bob)
    assert pass_on(bob, ann).arrived


def test_a_goodbye_is_told_once() -> None:
    ann, bob = acquainted()
    assert bob.peer.here
    ann.leave()
    assert ann.write_at() == 0.0
    assert pass_on(ann, bob) == Read(left=True)
    assert ann.all_written
    assert not pass_on(ann, bob).left
    assert not bob.peer.here


def test_what_is_said_is_cleaned_and_bounded() -> None:
    ann, bob = acquainted()
    assert not ann.say("\x00 \x1b")
    assert ann.say("\x1b[31mred\u202e")
    with pytest.raises(ProtocolError) as refused:
        ann.say("\u00e9" * LINE_LIMIT)
    assert refused.value.fault is ErrorCode.TOO_LONG
    assert pass_on(ann, bob).texts == ("[31mred",)


def test_what_is_read_is_cleaned_because_anybody_may_have_written_it() -> None:
    ann, bob = acquainted()
    forged = replace(opened(ann.letter(0.0)), first=1, texts=("\x1b[2Jhello",))
    assert bob.receive(forged.encode()).texts == ("[2Jhello",)


def test_a_mailbox_that_is_full_says_so() -> None:
    ann, _ = acquainted()
    for number in range(WAITING_LIMIT):
        ann.say(str(number))
    with pytest.raises(ProtocolError, match="1000 lines wait for bob") as refused:
        ann.say("one more")
    assert refused.value.fault is ErrorCode.MAILBOX_FULL


# --- when to write -----------------------------------------------------------------------------------------------


def test_a_letter_is_written_again_later_and_later_until_it_is_acknowledged() -> None:
    ann, bob = acquainted()
    ann.say("hello")
    now, waits = 0.0, []
    for _ in range(8):
        ann.letter(now)
        ann.written()
        waits.append(round(ann.write_at() - now, 9))
        now = ann.write_at()
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 4.0, 4.0, 4.0]
    assert pass_on(ann, bob).texts == ("hello",)
    pass_on(bob, ann)
    assert ann.write_at() == inf


def test_more_said_is_written_at_once() -> None:
    ann, _ = acquainted()
    ann.say("hello")
    ann.letter(0.0)
    ann.written()
    ann.say("hello?")
    assert ann.write_at() == 0.0


def test_after_a_failure_even_what_is_new_waits_a_little() -> None:
    ann, _ = acquainted()
    ann.say("hello")
    for wait in (0.025, 0.05, 0.1):
        ann.letter(10.0)
        assert not ann.all_written
        ann.not_written(10.0)
        ann.say("and more")
        assert not ann.all_written
        assert round(ann.write_at() - 10.0, 9) == wait
    ann.letter(11.0)
    ann.written()
    assert ann.all_written
    ann.say("at last")
    assert ann.write_at() == 0.0


def test_whoever_is_alone_writes_now_and_then() -> None:
    ann = mailbox("ann", ANN)
    assert ann.write_at() == 0.0
    ann.letter(5.0)
    ann.written()
    assert 5.0 < ann.write_at() < inf


def test_a_key_that_is_gone_is_a_reason_to_write_again() -> None:
    ann, bob = acquainted()
    assert ann.write_at() == inf
    ann.missing()
    assert ann.write_at() < inf
    assert pass_on(bob, ann) == Read()
    assert ann.write_at() == inf


def test_a_window_that_has_room_again_is_filled_at_once() -> None:
    ann, bob = acquainted()
    for number in range(TEXTS_LIMIT + 1):
        ann.say(str(number))
    assert len(pass_on(ann, bob).texts) == TEXTS_LIMIT
    pass_on(bob, ann)
    assert ann.write_at() == 0.0
    assert pass_on(ann, bob).texts == (str(TEXTS_LIMIT),)


# --- values that are of no use -----------------------------------------------------------------------------------


@pytest.mark.parametrize("position", [0, 20, -1])
def test_a_damaged_value_is_named_and_changes_nothing(position: int) -> None:  # B3
    ann, bob = acquainted()
    ann.say("hello")
    letter = bytearray(ann.letter(0.0))
    letter[position] ^= 1
    with pytest.raises(ProtocolError, match="What the store gave for ann is damaged") as refused:
        bob.receive(bytes(letter))
    assert refused.value.fault is ErrorCode.VALUE_DAMAGED
    assert pass_on(ann, bob).texts == ("hello",)


def test_the_same_value_twice_is_named_and_taken_once() -> None:  # B3
    ann, bob = acquainted()
    ann.say("hello")
    letter = ann.letter(0.0)
    assert bob.receive(letter).texts == ("hello",)
    with pytest.raises(ProtocolError) as refused:
        bob.receive(letter)
    assert refused.value.fault is ErrorCode.VALUE_REPEATED


def test_a_value_that_comes_late_is_named_and_not_taken() -> None:  # B3
    ann, bob = acquainted()
    ann.say("hello")
    late = ann.letter(0.0)
    ann.say("hello?")
    assert pass_on(ann, bob).texts == ("hello", "hello?")
    with pytest.raises(ProtocolError) as refused:
        bob.receive(late)
    assert refused.value.fault is ErrorCode.VALUE_OLD


def test_a_letter_written_again_brings_nothing_new_but_another_acknowledgement() -> None:
    ann, bob = acquainted()
    ann.say("hello")
    pass_on(ann, bob)
    bob.letter(0.0)  # and it is lost
    bob.written()
    assert bob.write_at() == inf
    assert pass_on(ann, bob) == Read()
    assert bob.write_at() == 0.0
    pass_on(bob, ann)
    assert not ann.window


@pytest.mark.parametrize("change", [{"first": 5}, {"heard": 1}, {"seen": (BOB, 99)}])
def test_a_letter_that_claims_what_cannot_be_is_damage(change: dict[str, object]) -> None:
    ann, bob = acquainted()
    forged = replace(opened(ann.letter(0.0)), **change)  # type: ignore[arg-type]
    with pytest.raises(ProtocolError) as refused:
        bob.receive(forged.encode())
    assert refused.value.fault is ErrorCode.VALUE_DAMAGED
    assert pass_on(ann, bob) == Read()


# --- those who start again ---------------------------------------------------------------------------------------


def test_one_who_starts_again_is_recognised_and_told_what_nobody_has_acknowledged() -> None:
    ann, bob = acquainted()
    bob.say("one")
    pass_on(bob, ann)
    pass_on(ann, bob)
    bob.say("two")
    again = mailbox("ann", NEW)
    pass_on(bob, again)
    assert pass_on(again, bob) == Read(arrived=True, again=True)
    assert pass_on(bob, again) == Read(arrived=True, texts=("two",))
    again.say("I was away")
    assert pass_on(again, bob).texts == ("I was away",)


def test_a_letter_of_a_session_that_is_over_is_ignored_even_if_it_saw_us() -> None:
    ann, bob = acquainted()
    ann.say("from the past")
    late = ann.letter(0.0)
    again = mailbox("ann", NEW)
    pass_on(bob, again)
    pass_on(again, bob)
    assert bob.peer.session == NEW
    bob.letter(0.0)
    bob.written()
    assert bob.receive(late) == Read()
    assert bob.peer.session == NEW
    assert bob.write_at() < inf  # it might have been somebody new, who is to see that we are here


def test_a_newcomer_who_has_only_seen_old_letters_is_not_adopted_yet() -> None:
    ann, bob = mailbox("ann", ANN), mailbox("bob", BOB)
    pass_on(ann, bob)
    old = bob.letter(0.0)
    ann.receive(old)
    pass_on(ann, bob)
    again = mailbox("ann", NEW)
    again.receive(old)
    assert not pass_on(again, bob).arrived
    pass_on(bob, again)
    assert pass_on(again, bob).arrived


def test_without_a_peer_each_stranger_is_told_that_it_was_seen() -> None:
    bob = mailbox("bob", BOB)
    for session in (ANN, NEW, ANN):
        bob.letter(0.0)
        bob.written()
        stranger = mailbox("ann", session)
        stranger.letter(0.0)
        bob.receive(stranger.letter(0.0))
        assert bob.write_at() == 0.0
        assert decode(bob.letter(0.0), "bob", "ann").seen == (session, 2)


# --- a thousand each way -----------------------------------------------------------------------------------------

EVERYTHING = Rates(fail=0.2, refuse=0.2, drop=0.2, lose=0.2, duplicate=0.2, stale=0.2, damage=0.2)
OF_VALUES = {ErrorCode.VALUE_DAMAGED, ErrorCode.VALUE_OLD, ErrorCode.VALUE_REPEATED}


class Side:
    """A mailbox before a store with faults; what it showed, and what happened to it."""

    def __init__(self, name: str, session: str, store: FaultyStore, texts: Iterable[str]) -> None:
        self.mailbox = mailbox(name, session)
        self.shown: list[str] = []
        self.met: Counter[ErrorCode] = Counter()
        self._store = store
        self._texts = iter(texts)

    def turn(self, now: float) -> None:
        mailbox = self.mailbox
        if len(mailbox.window) < TEXTS_LIMIT and (text := next(self._texts, None)) is not None:
            mailbox.say(text)
        if mailbox.write_at() <= now:
            answer = self._store.put(key(mailbox.me, mailbox.to), mailbox.letter(now))
            if answer.lost or answer.status not in (201, 204):
                mailbox.not_written(now)
            else:
                mailbox.written()
        answer = self._store.get(key(mailbox.to, mailbox.me))
        if answer.status == 200 and not answer.lost:
            self._receive(answer.body)

    def _receive(self, data: bytes) -> None:
        try:
            self.shown += self.mailbox.receive(data).texts
        except ProtocolError as error:
            self.met[error.fault] += 1


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_thousand_texts_each_way_through_all_faults_at_once(seed: int) -> None:  # B3
    store = FaultyStore(KeyValueStore("epoch", remembers=True), EVERYTHING, random.Random(seed).random)
    said = [str(number) for number in range(1000)]
    sides = [Side("ann", ANN, store, said), Side("bob", BOB, store, said)]
    now = 0.0
    while any(len(side.shown) < len(said) for side in sides) and now < 10_000:
        now += 0.2
        for side in sides:
            side.turn(now)
    for side in sides:
        assert side.shown == said
        assert set(side.met) == OF_VALUES
