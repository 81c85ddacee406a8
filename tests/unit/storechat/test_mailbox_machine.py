"""Two mailboxes and a store that does anything, in any order: what is shown stays a prefix of what was said (B3).

Each text tells who said it, in which session, and its number there. What the store was ever given lies in its past,
and may come back at any time: to a reader, as if it were the newest, or into the key, as a write that was on its way
for long. A sound protocol keeps what `_check_order` says; the bugs that are planted below are each found.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from protocol.errors import ProtocolError
from storechat.core.letter import Letter, checksum, decode
from storechat.core.mailbox import Mailbox

OTHER = {"ann": "bob", "bob": "ann"}
ROUNDS = 24  # of undisturbed turns, after which everything has arrived

names = st.sampled_from(sorted(OTHER))
places = st.integers(0, 1000)


@dataclass
class Side:
    """What one of the two has done, over all sessions."""

    mailbox: Mailbox
    session: int = 1
    said: dict[int, int] = field(default_factory=lambda: {1: 0})  # how many, by session
    shown: dict[int, int] = field(default_factory=dict)  # how many of the other's sessions, to any of ours
    known: tuple[int, int] = (0, 0)  # the other's session when ours began, and how much of it was acknowledged
    showing: tuple[int, int] = (0, 0)  # the last text shown in our session: its session and its number there


class MailboxMachine(RuleBasedStateMachine):
    kind: type[Mailbox] = Mailbox

    def __init__(self) -> None:
        super().__init__()
        self._sessions = itertools.count(1)
        self.sides = {name: Side(self._mailbox(name)) for name in OTHER}
        self.keys: dict[str, bytes | None] = dict.fromkeys(OTHER)
        self.past: dict[str, list[bytes]] = {name: [] for name in OTHER}
        self.now = 0.0

    def _mailbox(self, name: str) -> Mailbox:
        return self.kind(name, OTHER[name], f"{next(self._sessions):016}", lambda: 0.5)

    # --- what people do ---

    @rule(name=names)
    def says_something(self, name: str) -> None:
        side = self.sides[name]
        side.said[side.session] += 1
        side.mailbox.say(f"{name} {side.session} {side.said[side.session]}")

    @rule(name=names)
    def starts_again(self, name: str) -> None:
        side, other = self.sides[name], self.sides[OTHER[name]]
        side.mailbox = self._mailbox(name)
        side.session += 1
        side.said[side.session] = 0
        side.known = (other.session, other.mailbox.window.first - 1)
        side.showing = (0, 0)

    @rule(turns=st.integers(1, 6))
    def nothing_happens_for_a_while(self, turns: int) -> None:
        self._go_on(turns)

    # --- what happens to a letter on its way to the store ---

    @rule(name=names, kept=st.booleans(), said_so=st.booleans())
    def writes(self, name: str, kept: bool, said_so: bool) -> None:
        letter = self.sides[name].mailbox.letter(self.now)
        self.past[name].append(letter)
        if kept:
            self.keys[name] = letter
        if said_so:
            self.sides[name].mailbox.written()
        else:
            self.sides[name].mailbox.not_written(self.now)

    @rule(name=names, place=places)
    def an_old_letter_arrives_once_more(self, name: str, place: int) -> None:
        if self.past[name]:
            self.keys[name] = self._old(name, place)

    @rule(name=names)
    def the_store_loses_a_key(self, name: str) -> None:
        self.keys[name] = None

    # --- what happens to a letter on its way from the store ---

    @rule(name=names)
    def reads(self, name: str) -> None:
        self._read(name, self.keys[OTHER[name]])

    @rule(name=names, place=places)
    def reads_an_old_letter(self, name: str, place: int) -> None:
        if self.past[OTHER[name]]:
            self._read(name, self._old(OTHER[name], place))

    @rule(name=names, place=places)
    def reads_a_damaged_letter(self, name: str, place: int) -> None:
        letter = self.keys[OTHER[name]]
        if letter is not None:
            self._read(name, damaged(letter, place))

    # --- what always holds ---

    @precondition(lambda self: any(side.mailbox.window for side in self.sides.values()))
    @rule()
    def with_no_more_faults_all_arrives_and_then_it_is_quiet(self) -> None:
        self._go_on(ROUNDS)
        for name, side in self.sides.items():
            assert not side.mailbox.window
            assert side.mailbox.write_at() > self.now
            assert self.sides[OTHER[name]].shown.get(side.session, 0) == side.said[side.session]

    @invariant()
    def nothing_is_acknowledged_that_was_not_shown(self) -> None:
        for name, side in self.sides.items():
            assert side.mailbox.window.first - 1 <= self.sides[OTHER[name]].shown.get(side.session, 0)

    def _check_order(self, name: str, text: str) -> None:
        """Check that `text` is what the reader `name` is to be shown next."""
        side, other = self.sides[name], OTHER[name]
        sender, session, number = text.split()
        place = (int(session), int(number))
        assert sender == other
        assert place[1] <= self.sides[other].said[place[0]]
        assert place[0] >= max(side.shown, default=0)  # no session comes back, not even to one who started again
        if place[0] == side.showing[0]:
            assert place[1] == side.showing[1] + 1
        else:
            assert place[1] <= side.shown.get(place[0], 0) + 1  # nothing is left out
            if place[0] == side.known[0]:
                assert place[1] > side.known[1]  # what was acknowledged is not told again
        side.showing = place
        side.shown[place[0]] = max(side.shown.get(place[0], 0), place[1])

    def _go_on(self, turns: int) -> None:
        """Let each write when it wants to, and read, in turn."""
        for name in itertools.islice(itertools.cycle(OTHER), turns):
            self.now += 8
            if self.sides[name].mailbox.write_at() <= self.now:
                self.writes(name, kept=True, said_so=True)
            self.reads(name)

    # --- the store ---

    def _old(self, name: str, place: int) -> bytes:
        return self.past[name][place % len(self.past[name])]

    def _read(self, name: str, letter: bytes | None) -> None:
        mailbox = self.sides[name].mailbox
        if letter is None:
            mailbox.missing()
            return
        try:
            read = mailbox.receive(letter)
        except ProtocolError:
            return
        for text in read.texts:
            self._check_order(name, text)


def damaged(letter: bytes, place: int) -> bytes:
    """Change one character, digits more often than others: they are what matters."""
    digits = [at for at, byte in enumerate(letter) if chr(byte).isdigit()]
    at = digits[place % len(digits)]
    return letter[:at] + bytes((letter[at] ^ 1,)) + letter[at + 1 :]


TestMailbox = MailboxMachine.TestCase
TestMailbox.settings = settings(stateful_step_count=40, max_examples=120)


# --- bugs that are planted here, to see that the machine finds bugs -----------------------------------------------


class LooksAtNoChecksum(Mailbox):
    def _open(self, data: bytes) -> Letter:
        body = data.partition(b"\n")[2]
        return super()._open(checksum(body) + b"\n" + body)


class AdoptsWhateverItReads(Mailbox):
    def _adopts(self, letter: Letter) -> bool:
        return True


class AdoptsWhoeverHasEverSeenIt(Mailbox):
    def _adopts(self, letter: Letter) -> bool:
        return letter.seen[0] == self.session


class AcknowledgesOneTooMany(Mailbox):
    def letter(self, now: float) -> bytes:
        letter = decode(super().letter(now), self.me, self.to)
        return replace(letter, heard=letter.heard + 1).encode()


class ShowsWhatItHasShown(Mailbox):
    def _unheard(self, letter: Letter) -> tuple[str, ...]:
        return letter.texts


class ForgetsToWriteAgain(Mailbox):
    def write_at(self) -> float:
        return 0.0 if self._timer.due else float("inf")


class TakesAnAcknowledgementFromAnybody(Mailbox):
    def _note_stranger(self, letter: Letter) -> None:
        super()._note_stranger(letter)
        self.window.acknowledge(letter.heard)


@pytest.mark.long
@pytest.mark.parametrize(
    "bug",
    [
        LooksAtNoChecksum,
        AdoptsWhateverItReads,
        AdoptsWhoeverHasEverSeenIt,
        AcknowledgesOneTooMany,
        ShowsWhatItHasShown,
        ForgetsToWriteAgain,
        TakesAnAcknowledgementFromAnybody,
    ],
)
def test_the_machine_finds(bug: type[Mailbox]) -> None:
    machine = type(bug.__name__, (MailboxMachine,), {"kind": bug})
    found = settings(stateful_step_count=40, max_examples=3000, phases=[Phase.generate], database=None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=found)
