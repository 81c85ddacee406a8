"""A network and a clock in memory, for the real loop of server.py: nothing waits, and all is in the hands of chance.

`Network` is the loop's poller, clock and acceptor. The client's end of a connection is a `Wire`; the server's is a
`WireTransport` over it. Bytes are on their way until somebody carries
them, and never arrive when the wire is cut before that.
"""

from __future__ import annotations

import random
from collections.abc import Set

from chat.delivery.outbox import Buffer

FIRST_FD = 100_000  # beyond all real descriptors
KERNEL = 64 * 1024  # bytes that the server's kernel keeps for a peer that reads nothing


class Wire:
    """One connection: bytes on their way `up` to the server, `arrived` there and not read, on their way `down`."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.up, self.arrived, self.down = bytearray(), bytearray(), bytearray()
        self.is_hung = False  # nothing is carried any more, and nobody is told
        self.client_ended = False
        self.was_reset = False
        self.server_ended = False

    def carry(self, count: int) -> None:
        """Let up to `count` bytes arrive at the server."""
        if not self.is_hung:
            self.arrived += self.up[:count]
            del self.up[:count]

    def take(self, count: int) -> bytes:
        """Return up to `count` bytes that arrive at the client."""
        taken = bytes(self.down[:count])
        del self.down[:count]
        return taken

    @property
    def is_over(self) -> bool:
        """Whether the client has been told everything, and the end."""
        return self.server_ended and not self.down

    def cut(self, how: str) -> None:
        """End it for the client. "end": the server finds out by and by; "reset": at once; "hang": never."""
        self.up.clear()
        self.client_ended = True
        self.was_reset = how == "reset"
        self.is_hung = how == "hang"


class WireTransport:
    """The server's end of a wire. `chance` decides how much is taken at a time."""

    is_plain = True
    pending = handshaking = truncated = False

    def __init__(self, wire: Wire, chance: random.Random) -> None:
        self.wire = wire
        self._chance = chance

    def fileno(self) -> int:
        """Return its number."""
        return self.wire.fd

    def wants(self, reading: bool, writing: bool) -> tuple[bool, bool]:
        """Return what to watch for: just that."""
        return reading, writing

    def is_readable(self) -> bool:
        """Return whether `receive` has something to tell."""
        wire = self.wire
        return bool(wire.arrived) or (wire.client_ended and not wire.is_hung)

    def receive(self, limit: int) -> bytes:
        """Return what has arrived, b"" at the end. Raises OSError."""
        wire = self.wire
        if wire.was_reset:
            raise ConnectionResetError
        if not self.is_readable():
            raise BlockingIOError
        chunk = bytes(wire.arrived[:limit])
        del wire.arrived[:limit]
        return chunk

    def take_overhead(self) -> int:
        """Return 0: all that arrives is of use."""
        return 0

    def send(self, buffers: list[Buffer]) -> int:
        """Let the kernel take some or all of `buffers`; return how many bytes. Raises OSError."""
        wire, content = self.wire, b"".join(buffers)
        if wire.was_reset or (wire.client_ended and not wire.is_hung and self._chance.random() < 0.3):
            raise BrokenPipeError
        room = KERNEL - len(wire.down)
        if room <= 0:
            raise BlockingIOError
        taken = content[: room if self._chance.random() < 0.8 else min(room, self._chance.randint(1, len(content)))]
        wire.down += taken
        return len(taken)

    def send_one(self, buffer: Buffer) -> int:
        """Do the same with one buffer."""
        return self.send([buffer])

    def shut(self) -> bool:
        """Send nothing more; that is done at once."""
        self.wire.server_ended = True
        return True

    def close(self) -> None:
        """Be gone."""
        self.wire.server_ended = True


class Network:
    """All wires and the one clock. `chance` decides how much the kernel takes at a time."""

    def __init__(self, chance: random.Random) -> None:
        self.now = 1000.0
        self._chance = chance
        self._next_fd = FIRST_FD
        self._listens = False
        self._backlog: list[WireTransport] = []
        self._sockets: dict[int, WireTransport] = {}
        self._reading: set[int] = set()
        self._writing: set[int] = set()

    def open(self) -> None:
        """Let connections be made from now on."""
        self._listens = True
        self.watch(FIRST_FD, reading=True, writing=False)

    def connect(self) -> Wire | None:
        """Return a new connection, which waits to be accepted; None if nobody listens."""
        if not self._listens:
            return None
        self._next_fd += 1
        self._backlog.append(WireTransport(Wire(self._next_fd), self._chance))
        return self._backlog[-1].wire

    def fall(self) -> None:
        """Let the server's end of everything be gone, as when its process is killed; some ends are told at once."""
        for end in [*self._sockets.values(), *self._backlog]:
            end.wire.server_ended = True
            if end.wire.arrived or self._chance.random() < 0.3:  # a reset overtakes what was on its way
                del end.wire.down[self._chance.randint(0, len(end.wire.down)) :]
        self._sockets.clear()
        self._backlog.clear()
        self._reading.clear()
        self._writing.clear()
        self._listens = False

    # --- as the clock -------------------------------------------------------------------------------------------

    def monotonic(self) -> float:
        """Return the time."""
        return self.now

    def time(self) -> float:
        """Return the time, for people."""
        return 1_700_000_000.0 + self.now

    # --- as the poller -------------------------------------------------------------------------------------------

    peers_limit = 1000

    def watch(self, fd: int, reading: bool, writing: bool) -> None:
        """Report `fd` from now on."""
        (self._reading.add if reading else self._reading.discard)(fd)
        (self._writing.add if writing else self._writing.discard)(fd)

    def forget(self, fd: int) -> None:
        """Report `fd` no more."""
        self.watch(fd, reading=False, writing=False)

    def wait(self, seconds: float) -> tuple[set[int], set[int]]:
        """Return which are ready; time passes by so much as there is to wait."""
        readable = {fd for fd in self._reading if fd in self._sockets and self._sockets[fd].is_readable()}
        readable |= {FIRST_FD} & self._reading if self._backlog else set()
        self.now += 0.001 if readable or self._writing else seconds
        return readable, set(self._writing)

    # --- as the acceptor -----------------------------------------------------------------------------------------

    encryption = None

    def tick(self, now: float) -> None:
        """Drop nothing, and tell no log of anything."""

    def log_arrival(self, address: str, now: float) -> None:
        """Tell no log of that, either."""

    def accept_all(self, ready: Set[int], room: int, now: float) -> list[tuple[WireTransport, str]]:
        """Accept all who wait."""
        accepted, self._backlog = self._backlog, []
        self._sockets.update((end.fileno(), end) for end in accepted)
        return [(end, f"192.0.2.1:{end.fileno() - FIRST_FD}") for end in accepted]

    def release(self, host: str, now: float, *, was_page: bool) -> None:
        """Take note that somebody has gone."""

    def shut(self) -> None:
        """Let nobody in any more."""
        self._listens = False
        self.forget(FIRST_FD)
        for end in self._backlog:
            end.wire.server_ended = True
        self._backlog.clear()

    def close(self) -> None:
        """Shut."""
        self.shut()
