"""The hub, its connections and the fan-out under whatever people do, in any order, several of them in one turn.

Everything that is said is a number, one higher each time, so that one order for everyone means: what a reader sees goes
up. Who is to see a number is noted when it is said; what was seen is compared after each turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from chat.session import Phase
from chat.state import GOODBYE
from protocol.dialects import JSON, SLASH, VERBS
from protocol.events import Dismissed, Event, Joined, Left, Said, Welcomed, Whispered
from protocol.framing import FrameCodec
from protocol.requests import Hello
from protocol.reserved import is_reserved
from protocol.text import is_name, key_of
from tests.support.party import Party

NAMES = ("ann", "Ann", "bob", "carl", "dora", "eve", "admin", "4ever")
PLACES = 4
NUMBER = re.compile(r"^(\w+)(?: whispers)?: #(\d+)$")


class Tongue(NamedTuple):
    """How a guest's acts are typed."""

    name: str
    say: str
    whisper: str
    leave: str


SLASHES = Tongue("/nick {}", "#{}", "/w {} #{}", "/quit")
TONGUES = {SLASH: SLASHES, JSON: SLASHES, VERBS: Tongue("JOIN {}", "BCST #{}", "MESG {} #{}", "QUIT")}

Act = Callable[["HubMachine", str], None]


# --- what people do ----------------------------------------------------------------------------------------------


def name_attempt(name: str) -> Act:
    def act(machine: HubMachine, guest: str) -> None:
        machine.party.says(guest, machine.tongue(guest).name.format(name))

    return act


def say(machine: HubMachine, guest: str) -> None:
    number = machine.next_number()
    if machine.is_here(guest):
        for reader in machine.present():
            if reader != guest or machine.is_framed(guest):
                machine.expected[reader].append(number)
    machine.party.says(guest, machine.tongue(guest).say.format(number))


def whisper_to(name: str) -> Act:
    def act(machine: HubMachine, guest: str) -> None:
        number = machine.next_number()
        if machine.is_here(guest):
            readers = [reader for reader in machine.present() if machine.key(reader) == key_of(name)]
            if readers and machine.is_framed(guest):
                readers.append(guest)
            for reader in set(readers):
                machine.expected[reader].append(number)
        machine.party.says(guest, machine.tongue(guest).whisper.format(name, number))

    return act


def leave(machine: HubMachine, guest: str) -> None:
    machine.party.says(guest, machine.tongue(guest).leave)


def vanish(machine: HubMachine, guest: str) -> None:
    machine.party.leaves(guest, "connection lost")


def send_junk(junk: bytes) -> Act:
    def act(machine: HubMachine, guest: str) -> None:
        sent = FrameCodec.encode(junk) if machine.is_framed(guest) else junk + b"\r\n"
        machine.party.sends(guest, sent)

    return act


names = st.sampled_from(NAMES)
# No line of it is a message (a second slash would make it one), and it opens no telnet command, which could swallow
# what is said next.
junk = st.binary(min_size=1, max_size=12).map(lambda data: b"/" + re.sub(rb"[\r\n\xff/]", b"", data))
acts: st.SearchStrategy[Act] = st.one_of(
    st.just(say), st.sampled_from([leave, vanish]), names.map(name_attempt), names.map(whisper_to), junk.map(send_junk)
)


# --- the machine -------------------------------------------------------------------------------------------------


class HubMachine(RuleBasedStateMachine):
    guests = Bundle("guests")

    def __init__(self) -> None:
        super().__init__()
        self.party = Party(max_users=PLACES)
        self.expected: dict[str, list[int]] = {}  # the numbers that each guest is still to see
        self._counts: dict[str, int] = {}  # of users, as each framed reader of the room was told
        self._numbers = 0

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def tongue(self, guest: str) -> Tongue:
        return TONGUES[self.party.guests[guest].session.dialect]

    def is_framed(self, guest: str) -> bool:
        return self.party.guests[guest].session.dialect.has_hello

    def is_here(self, guest: str) -> bool:
        return self.party.guests[guest].session.named

    def present(self) -> list[str]:
        return [guest for guest in self.party.guests if self.is_here(guest)]

    def key(self, guest: str) -> str:
        return self.party.guests[guest].session.key

    # --- rules ---

    @rule(target=guests, dialect=st.sampled_from([SLASH, VERBS, JSON]), name=names)
    def arrives(self, dialect: object, name: str) -> str:
        guest = f"guest {len(self.party.guests)}"
        self.party.connects(guest, dialect=VERBS if dialect is VERBS else SLASH)
        if dialect is JSON:
            self.party.frames(guest, Hello(1, "a secret"))
        self.expected[guest] = []
        self.people_act([(guest, name_attempt(name))])
        return guest

    @rule(turn=st.lists(st.tuples(guests, acts), min_size=2, max_size=12))
    def people_act(self, turn: list[tuple[str, Act]]) -> None:
        gone = [guest for guest in self.party.guests if self.party.is_gone(guest)]
        with self.party.turn():
            for guest, act in turn:
                act(self, guest)
        self.party.sees_nothing(*gone)
        for guest in self.party.guests:
            self._look(guest)

    @rule(one=guests, other=guests, name=names)
    def two_race_for_a_name(self, one: str, other: str, name: str) -> None:  # A7
        nameless = [guest for guest in (one, other) if self.party.guests[guest].session.phase is Phase.NAMELESS]
        is_good = is_name(name) and not is_reserved(name)
        is_free = self.party.hub.room.find(name) is None and len(self.party.room()) < PLACES
        self.people_act([(one, name_attempt(name)), (other, name_attempt(name))])
        if nameless and is_good and is_free:
            assert self.key(one) == key_of(name) or self.key(other) == key_of(name)

    @rule(seconds=st.sampled_from([1, 29, 61]))
    def time_passes(self, seconds: int) -> None:
        self.party.passes(seconds)
        for guest in self.party.guests:
            self._look(guest)

    def _look(self, guest: str) -> None:
        """Compare what a guest saw with what it was to see, in order."""
        if self.is_framed(guest):
            events = self.party.events(guest)
            self._check_frames(guest, events)
            seen = [int(e.text[1:]) for e in events if isinstance(e, (Said, Whispered))]
        else:
            lines = self.party.told(guest)
            assert GOODBYE not in lines[:-1]
            seen = [int(found[2]) for line in lines if (found := NUMBER.match(line))]
        assert seen == self.expected[guest]
        self.expected[guest].clear()

    def _check_frames(self, guest: str, events: list[Event]) -> None:
        """Check that the log's numbers go up, and that each count is one more or one less than the one before."""
        seqs = [event.seq for event in events if isinstance(event, (Said, Whispered, Joined, Left))]
        assert seqs == sorted(set(seqs))
        for event in events:
            if isinstance(event, Welcomed):
                self._counts[guest] = event.count
            elif isinstance(event, (Joined, Left)):
                self._counts[guest] += 1 if isinstance(event, Joined) else -1
                assert event.count == self._counts[guest]
            elif isinstance(event, Dismissed):
                assert event is events[-1]

    # --- what always holds ---

    @invariant()
    def names_are_unique(self) -> None:
        room = self.party.room()
        assert len({key_of(name) for name in room}) == len(room) <= PLACES

    @invariant()
    def every_member_is_alive_and_reads_the_room(self) -> None:
        hub = self.party.hub
        assert [hub.state.sessions[member.seat].member for member in hub.room] == list(hub.room)
        members = set(hub.state.sessions.values())
        assert len(members) == len(hub.room)
        assert members == {self.party.guests[guest].session for guest in self.present()}
        assert members == set(self.party.fanout.readers)
        assert not [guest for guest in self.present() if self.party.is_gone(guest)]
        assert all(hub.room.find(session.name) is session.member for session in members)

    @invariant()
    def a_leaver_leaves_no_trace(self) -> None:
        gone = {guest.session for guest in self.party.guests.values() if guest.gone}
        assert all(session.phase is Phase.CLOSING for session in gone)
        state, fanout = self.party.hub.state, self.party.fanout
        kept = {*state.sessions.values(), *state.clients.values(), *state.unnamed, *state.throttle.until}
        assert gone.isdisjoint({*kept, *fanout.readers, *fanout._connections})

    @invariant()
    def framed_readers_know_how_many_are_here(self) -> None:
        for guest in self.present():
            if self.is_framed(guest):
                assert self._counts[guest] == len(self.party.hub.room)


TestHub = HubMachine.TestCase
TestHub.settings = settings(stateful_step_count=30)  # up to twelve acts each
