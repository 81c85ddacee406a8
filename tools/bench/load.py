"""The load: some clients talk without pause, all of them listen, as fast as the server lets them.

Lines are counted, never looked at: `recv_into` a big buffer and `bytearray.count`, both at C speed, so that
the two worker processes keep up with a server that is far quicker than Python code per line could be.
"""

from __future__ import annotations

import selectors
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from tools.bench.crew import Sample, Seat, Signals, Tally, clients, measure
from tools.bench.servers import Running

PROCESSES = 2
TEXT = b"the quick brown fox jumps over lazy dogs"  # 40 bytes
CHUNK_LINES = 1000  # in a talker's ready-made chunk
BUFFER_BYTES = 1 << 20
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Client:
    """A logged-in client; a talker has a chunk of lines, which it sends over and over."""

    def __init__(self, seat: Seat, chunk: bytes = b"") -> None:
        self.sock = seat.sock
        self.end = seat.speech.end
        self.chunk = memoryview(chunk)
        self.offset = 0  # of the next byte to send, so that a partial send breaks no line

    @property
    def interest(self) -> int:
        """What to wait for."""
        return READ | WRITE if self.chunk else READ

    def listen(self, buffer: bytearray) -> int:
        """Take what has arrived; how many lines ended in it."""
        size = self.sock.recv_into(buffer)
        if not size:
            raise ConnectionError
        return buffer.count(self.end, 0, size)

    def talk(self) -> None:
        """Fill the socket's send buffer."""
        self.offset = (self.offset + self.sock.send(self.chunk[self.offset :])) % len(self.chunk)


@dataclass(frozen=True)
class Fanout:
    """`people` clients, of which `talkers` talk without pause."""

    people: int
    talkers: int

    def __call__(self, running: Running, seconds: float) -> Sample:
        """Return what was counted in a window."""
        chunk = (running.speech.say + TEXT + b"\r\n") * CHUNK_LINES
        with clients(running, self.people, range(self.talkers)) as seats:
            crowd = [Client(seat, chunk if seat.talks else b"") for seat in seats]
            shares = [crowd[first::PROCESSES] for first in range(PROCESSES)]
            sample = measure(running, [partial(work, share) for share in shares], seconds)
        sample.dropped += self.people - len(seats)
        return sample


def work(share: Sequence[Client], signals: Signals, tally: Tally) -> None:
    """Run a share of the clients until told to stop."""
    buffer = bytearray(BUFFER_BYTES)
    with selectors.DefaultSelector() as selector:
        for client in share:
            selector.register(client.sock, client.interest, client)
        while signals.go_on():
            for key, mask in selector.select(0.1):
                if not serve(key.data, mask, buffer, tally):
                    selector.unregister(key.fileobj)


def serve(client: Client, mask: int, buffer: bytearray, tally: Tally) -> bool:
    """Listen and talk as the mask allows; False if the server has dropped the client."""
    try:
        if mask & READ:
            tally.delivered += client.listen(buffer)
        if mask & WRITE:
            client.talk()
    except BlockingIOError:
        return True
    except OSError:
        tally.dropped += 1
        return False
    return True
