"""chat/delivery/fanout.py: one turn's messages to every outbox, beside a model that tells each reader of each event."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chat import limits
from chat.delivery.connection import Connection
from chat.delivery.detection import Doors
from chat.delivery.fanout import Fanout
from chat.delivery.outbox import Buffer
from chat.effects import Broadcast, CodecReply, Delivery, Entered, Exited, Unicast
from chat.session import Session
from protocol.dialects import HTTP, JSON, SLASH, VERBS, Dialect
from protocol.events import Event, Noticed, RoomEvent, Said
from protocol.requests import Request

ANN, BOB, CARL, EVE, FAY = SESSIONS = [Session(f"192.0.2.1:{port}") for port in range(1, 6)]
SPOKEN = dict(zip(SESSIONS, (SLASH, SLASH, VERBS, JSON, JSON), strict=True))
LIMIT = 1 << 20


def said(seq: int) -> Said:
    return Said(seq, "ann", f"this is {seq}", 0.0)


def fanout_to(*readers: Connection) -> Fanout:
    fanout = Fanout()
    for connection in readers:
        fanout.attach(connection)
    fanout.deliver([Entered(connection.session) for connection in readers], 0.0)
    return fanout


def connection_of(session: Session, dialect: Dialect | None = None) -> Connection:
    return Connection(session, Doors(dialect or SPOKEN[session]))


def buffers_of(connection: Connection) -> list[Buffer]:
    return connection.outbox.peek(LIMIT)


def bytes_of(connection: Connection) -> bytes:
    return b"".join(buffers_of(connection))


def encoded(dialect: Dialect, *events: Event) -> bytes:
    return b"".join(dialect.codec.encode(dialect.render(event)) for event in events)


def test_what_a_dialect_has_no_words_for_leaves_nothing_waiting() -> None:
    reader = connection_of(ANN)
    ANN.dialect = HTTP
    fanout = fanout_to()
    fanout.attach(reader)
    fanout.deliver([Unicast(ANN, Noticed("a notice"))], 0.0)
    assert fanout.waiting == {}


# --- beside the model --------------------------------------------------------------------------------------------


class OneByOne:
    """What the fan-out is to amount to, the slow way."""

    def __init__(self) -> None:
        self.told = dict.fromkeys(SESSIONS, b"")
        self.deliveries = 0
        self._readers: set[Session] = set()

    def deliver(self, turn: list[Delivery]) -> None:
        for effect in turn:
            if isinstance(effect, Broadcast):
                readers = self._readers - {effect.exclude}
                self.deliveries += len(readers)
                for session in readers:
                    self._tell(session, effect.event)
            elif isinstance(effect, Unicast):
                self._tell(effect.session, effect.event)
            elif isinstance(effect, Entered):
                self._readers.add(effect.session)
            else:
                self._readers.discard(effect.session)

    def _tell(self, session: Session, event: Event) -> None:
        self.told[session] += encoded(SPOKEN[session], event)


sessions = st.sampled_from(SESSIONS)
room_events = st.builds(said, st.integers(1, 99))
deliveries_of_a_turn = st.one_of(
    st.builds(Broadcast, room_events, st.none() | sessions),
    st.builds(Unicast, sessions, st.builds(Noticed, st.text("ab", max_size=3))),
    st.builds(Entered, sessions),
    st.builds(Exited, sessions),
)


@given(turns=st.lists(st.lists(deliveries_of_a_turn, max_size=12), max_size=4))
def test_everyone_is_told_what_one_by_one_would_have_told(turns: list[list[Delivery]]) -> None:
    fanout, model, deliveries = Fanout(), OneByOne(), 0
    connections = {session: connection_of(session) for session in SESSIONS}
    for connection in connections.values():
        fanout.attach(connection)
    for turn in turns:
        deliveries += fanout.deliver(turn, 0.0)
        model.deliver(turn)
    assert {session: bytes_of(connection) for session, connection in connections.items()} == model.told
    assert deliveries == model.deliveries


# --- what it costs -----------------------------------------------------------------------------------------------


class Counting:
    """SLASH, but for counting what it renders."""

    name = "counting"
    codec = SLASH.codec
    echoes = counts = pings = has_hello = False

    def __init__(self) -> None:
        self.rendered: Counter[Event] = Counter()

    def parse(self, payload: bytes, named: bool, asked: bool = False) -> Request:
        return SLASH.parse(payload, named, asked)

    def word(self, payload: bytes, named: bool, asked: bool = False) -> str:
        return SLASH.word(payload, named, asked)

    def render(self, event: Event) -> bytes:
        self.rendered[event] += 1
        return SLASH.render(event)


def test_an_event_is_rendered_once_for_all_readers_of_a_dialect() -> None:
    dialect, events = Counting(), [said(1), said(2), said(3)]
    fanout = fanout_to(*(connection_of(session, dialect) for session in SESSIONS))
    fanout.deliver([Broadcast(events[0]), Broadcast(events[1], exclude=ANN), Broadcast(events[2], exclude=BOB)], 0.0)
    assert dialect.rendered == Counter(events)


def test_a_dialect_that_nobody_reads_renders_nothing() -> None:
    dialect = Counting()
    fanout = fanout_to(connection_of(ANN))
    fanout.attach(connection_of(BOB, dialect))
    fanout.deliver([Broadcast(said(1))], 0.0)
    assert not dialect.rendered


def test_an_event_is_rendered_once_for_all_who_read_it_last_and_left() -> None:
    dialect, last = Counting(), said(1)
    ann, bob, carl = connection_of(ANN), connection_of(BOB, dialect), connection_of(CARL, dialect)
    fanout_to(ann, bob, carl).deliver([Broadcast(last), Exited(BOB), Exited(CARL)], 0.0)
    assert dialect.rendered == Counter([last])
    assert bytes_of(bob) == bytes_of(carl) == encoded(SLASH, last)


def test_all_ordinary_readers_of_a_dialect_are_handed_the_same_buffer() -> None:
    ann, bob, eve, fay = (connection_of(session) for session in (ANN, BOB, EVE, FAY))
    fanout_to(ann, bob, eve, fay).deliver([Broadcast(said(1)), Broadcast(said(2))], 0.0)
    assert buffers_of(ann)[0] is buffers_of(bob)[0]
    assert buffers_of(eve)[0] is buffers_of(fay)[0]
    assert bytes_of(ann) == encoded(SLASH, said(1), said(2))
    assert bytes_of(eve) == encoded(JSON, said(1), said(2))


def test_whoever_must_not_see_a_line_is_handed_cuts_of_that_buffer() -> None:  # A12
    ann, bob = connection_of(ANN), connection_of(BOB)
    fanout_to(ann, bob).deliver([Broadcast(said(1)), Broadcast(said(2), exclude=ANN), Broadcast(said(3))], 0.0)
    cuts = buffers_of(ann)
    assert bytes_of(ann) == encoded(SLASH, said(1), said(3))
    assert all(isinstance(cut, memoryview) and cut.obj is buffers_of(bob)[0] for cut in cuts)


def test_what_is_queued_has_the_time_of_its_turn() -> None:
    ann = connection_of(ANN)
    fanout_to(ann).deliver([Broadcast(said(1)), Unicast(ANN, Noticed("hi"))], 7.0)
    assert ann.outbox.age(9.0) == 2.0


# --- who is told -------------------------------------------------------------------------------------------------


def test_a_turn_without_news_queues_nothing() -> None:
    ann = connection_of(ANN)
    assert fanout_to(ann).deliver([], 0.0) == 0
    assert ann.outbox.size == 0


def test_the_place_of_a_private_event_is_kept() -> None:
    events: list[RoomEvent] = [said(1), said(2)]
    ann, bob = connection_of(ANN), connection_of(BOB)
    fanout_to(ann, bob).deliver([Broadcast(events[0]), Unicast(ANN, Noticed("psst")), Broadcast(events[1])], 0.0)
    assert bytes_of(ann) == encoded(SLASH, events[0], Noticed("psst"), events[1])
    assert bytes_of(bob) == encoded(SLASH, *events)


def test_a_session_leads_to_its_connection_whether_it_reads_the_room_or_not() -> None:  # D12
    ann, fanout = connection_of(ANN), Fanout()
    fanout.attach(ann)
    fanout.deliver([Unicast(ANN, Noticed("hi")), Broadcast(said(1))], 0.0)
    assert bytes_of(ann) == encoded(SLASH, Noticed("hi"))


def test_a_detached_connection_is_told_nothing_and_remembered_nowhere() -> None:
    ann, bob = connection_of(ANN), connection_of(BOB)
    fanout = fanout_to(ann, bob)
    fanout.detach(ann)
    fanout.detach(ann)
    fanout.deliver([Broadcast(said(1)), Unicast(ANN, Noticed("hi")), Exited(ANN)], 0.0)
    assert ann.outbox.size == 0
    assert bytes_of(bob) == encoded(SLASH, said(1))
    assert list(fanout.readers) == [BOB]


# --- straight to the kernel --------------------------------------------------------------------------------------


class Kernel:
    """A socket's buffer, with `room` for so many bytes; without it the socket is `lost`. Each send is kept."""

    def __init__(self, room: int = LIMIT) -> None:
        self.room = room
        self.sent: list[Buffer] = []
        self.lost = False

    def send(self, buffer: Buffer) -> int:
        if self.lost:
            raise BrokenPipeError
        if not self.room:
            raise BlockingIOError
        taken = buffer[: self.room] if len(buffer) > self.room else buffer
        self.room -= len(taken)
        self.sent.append(taken)
        return len(taken)

    @property
    def taken(self) -> bytes:
        return b"".join(self.sent)


class Reader:
    """A connection in the room, and its kernel."""

    def __init__(self, fanout: Fanout, session: Session, room: int = LIMIT) -> None:
        self.fanout, self.connection, self.kernel = fanout, connection_of(session), Kernel(room)
        fanout.attach(self.connection, self.kernel.send)
        fanout.deliver([Entered(session)], 0.0)

    def flushes(self) -> None:
        """Do what the loop does with an outbox that holds something."""
        outbox = self.connection.outbox
        self.kernel.sent += outbox.peek(LIMIT)
        outbox.sent(outbox.size)
        self.fanout.flushed(self.connection.session)


def test_a_reader_for_whom_nothing_waits_is_sent_the_shared_buffer_at_once() -> None:
    fanout = Fanout()
    ann, bob = Reader(fanout, ANN), Reader(fanout, BOB)
    assert fanout.deliver([Broadcast(said(1)), Broadcast(said(2))], 0.0) == 4
    assert ann.kernel.sent == [encoded(SLASH, said(1), said(2))]
    assert ann.kernel.sent[0] is bob.kernel.sent[0]
    assert not fanout.waiting
    assert fanout.sent == 2 * len(ann.kernel.taken)


def test_only_what_the_kernel_did_not_take_waits() -> None:
    fanout = Fanout()
    ann, bob, carl = Reader(fanout, ANN), Reader(fanout, BOB, room=3), Reader(fanout, CARL, room=0)
    fanout.deliver([Broadcast(said(1))], 7.0)
    whole = ann.kernel.sent[0]
    (rest,) = buffers_of(bob.connection)
    assert isinstance(rest, memoryview)
    assert (rest.obj, bob.kernel.taken + rest) == (whole, whole)
    assert buffers_of(carl.connection) == [encoded(VERBS, said(1))]
    assert list(fanout.waiting) == [BOB, CARL]
    assert fanout.sent == len(whole) + 3
    assert bob.connection.outbox.age(9.0) == 2.0


def test_nothing_overtakes_what_waits() -> None:
    fanout = Fanout()
    ann, bob = Reader(fanout, ANN), Reader(fanout, BOB, room=3)
    fanout.deliver([Broadcast(said(1))], 0.0)
    bob.kernel.room = LIMIT  # it would take more by now, but what waits comes first
    fanout.deliver([Broadcast(said(2))], 0.0)
    assert bob.kernel.taken == ann.kernel.taken[:3]
    bob.flushes()
    assert bob.kernel.taken == ann.kernel.taken
    fanout.deliver([Broadcast(said(3))], 0.0)
    assert bob.kernel.taken == ann.kernel.taken == encoded(SLASH, said(1), said(2), said(3))
    assert not fanout.waiting


def test_what_a_reader_sees_alone_waits_and_the_next_turn_with_it_until_it_is_flushed() -> None:
    fanout = Fanout()
    ann, bob = Reader(fanout, ANN), Reader(fanout, BOB)
    fanout.deliver([Unicast(ANN, Noticed("psst")), Broadcast(said(1))], 0.0)
    fanout.deliver([Broadcast(said(2))], 0.0)
    assert ann.kernel.taken == b""
    ann.flushes()
    assert ann.kernel.taken == encoded(SLASH, Noticed("psst"), said(1), said(2))
    assert bob.kernel.taken == encoded(SLASH, said(1), said(2))


def test_a_lost_socket_costs_its_own_reader_alone_and_waits_to_be_found_out() -> None:
    fanout = Fanout()
    ann, bob, carl = (Reader(fanout, session) for session in (ANN, BOB, CARL))
    bob.kernel.lost = True
    fanout.deliver([Broadcast(said(1))], 0.0)
    assert ann.kernel.taken == encoded(SLASH, said(1))
    assert carl.kernel.taken == encoded(VERBS, said(1))
    assert list(fanout.waiting) == [BOB]


def test_a_turn_writes_no_more_than_its_limit_to_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    fanout = Fanout()
    ann = Reader(fanout, ANN)
    monkeypatch.setattr(limits, "TURN_FLUSH", len(encoded(SLASH, said(1))))
    fanout.deliver([Broadcast(said(1))], 0.0)
    fanout.deliver([Broadcast(said(2)), Broadcast(said(3))], 0.0)
    assert ann.kernel.taken == encoded(SLASH, said(1))
    assert bytes_of(ann.connection) == encoded(SLASH, said(2), said(3))


def test_another_transport_is_sent_to_from_then_on() -> None:
    fanout = Fanout()
    ann, better = Reader(fanout, ANN), Kernel()
    fanout.deliver([Broadcast(said(1))], 0.0)
    fanout.attach(ann.connection, better.send)
    fanout.deliver([Broadcast(said(2))], 0.0)
    assert ann.kernel.taken == encoded(SLASH, said(1))
    assert better.taken == encoded(SLASH, said(2))


def test_who_is_detached_has_nothing_waiting() -> None:
    fanout = Fanout()
    ann = Reader(fanout, ANN, room=3)
    fanout.deliver([Broadcast(said(1))], 0.0)
    fanout.detach(ann.connection)
    assert not fanout.waiting


def test_what_a_codec_replies_keeps_its_place() -> None:
    fanout = Fanout()
    ann, bob = Reader(fanout, ANN), Reader(fanout, BOB)
    fanout.deliver([Broadcast(said(1)), CodecReply(ANN, b"\xff\xfc\x01"), Broadcast(said(2))], 0.0)
    assert bytes_of(ann.connection) == encoded(SLASH, said(1)) + b"\xff\xfc\x01" + encoded(SLASH, said(2))
    assert bob.kernel.taken == encoded(SLASH, said(1), said(2))


class KernelsMachine(RuleBasedStateMachine):
    """Readers with kernels that take what they like, beside what each has to have been told, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.fanout, self.model = Fanout(), OneByOne()
        self.readers = {session: Reader(self.fanout, session, room=0) for session in SESSIONS}
        self.model.deliver([Entered(session) for session in SESSIONS])

    @rule(turn=st.lists(deliveries_of_a_turn, max_size=6))
    def deliver(self, turn: list[Delivery]) -> None:
        self.fanout.deliver(turn, 0.0)
        self.model.deliver(turn)

    @rule(session=sessions, room=st.integers(0, 60))
    def make_room(self, session: Session, room: int) -> None:
        self.readers[session].kernel.room = room

    @rule(session=sessions)
    def flush(self, session: Session) -> None:
        self.readers[session].flushes()

    @invariant()
    def what_was_sent_and_what_waits_is_what_was_told(self) -> None:
        for session, reader in self.readers.items():
            assert reader.kernel.taken + bytes_of(reader.connection) == self.model.told[session]

    @invariant()
    def who_has_something_in_the_outbox_waits_to_be_flushed(self) -> None:
        holding = {session for session, reader in self.readers.items() if reader.connection.outbox.size}
        assert self.fanout.waiting.keys() == holding


TestKernels = KernelsMachine.TestCase
