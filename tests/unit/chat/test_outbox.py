"""chat/delivery/outbox.py: what waits for one peer, beside a model that keeps each byte with its time."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chat.delivery.outbox import Outbox


class OutboxMachine(RuleBasedStateMachine):
    """The model is the bytes that wait, and for each of them when it was queued."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox()
        self.waiting = b""
        self.queued_at: list[float] = []
        self.now = 0.0

    @rule(buffer=st.binary(min_size=1, max_size=20), seconds=st.integers(0, 5))
    def queue(self, buffer: bytes, seconds: int) -> None:
        self.now += seconds
        self.outbox.queue(buffer, self.now)
        self.waiting += buffer
        self.queued_at += [self.now] * len(buffer)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def sent(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(0, len(self.waiting)))
        self.outbox.sent(count)
        self.waiting = self.waiting[count:]
        self.queued_at = self.queued_at[count:]

    @rule(limit=st.integers(1, 60))
    def peek(self, limit: int) -> None:
        assert b"".join(self.outbox.peek(limit)) == self.waiting[:limit]

    @rule()
    def clear(self) -> None:
        self.outbox.clear()
        self.waiting = b""
        self.queued_at = []

    @invariant()
    def size_and_age_are_those_of_the_bytes_that_wait(self) -> None:
        assert self.outbox.size == len(self.waiting)
        assert self.outbox.age(self.now) == (self.now - self.queued_at[0] if self.waiting else 0.0)


TestOutbox = OutboxMachine.TestCase


def test_a_buffer_is_handed_on_and_not_copied() -> None:
    outbox, buffer = Outbox(), b"shared by all"
    outbox.queue(buffer, 0.0)
    assert outbox.peek(100)[0] is buffer
    outbox.sent(7)
    (rest,) = outbox.peek(100)
    assert isinstance(rest, memoryview)
    assert rest.obj is buffer


def test_one_write_is_given_no_more_buffers_than_sendmsg_takes() -> None:
    outbox = Outbox()
    for _ in range(2000):
        outbox.queue(b"x", 0.0)
    assert len(outbox.peek(10_000)) == 512
