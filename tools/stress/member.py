"""One client of the soak: what it hears is checked against the ledger while it comes."""

from __future__ import annotations

import re
from collections import deque

from protocol.framing import FrameCodec
from tools.shared.sockets import Ear, connect, entering, frame, reset, saying
from tools.stress.ledger import ABOUT_ROOM, SAID, Ledger, line_of, parsed

BUFFER = 16 * 1024  # bytes that the kernel receives ahead: a reader that stalls is to be noticed
TEXT_FAREWELL = re.compile(r"! Your connection can't keep up|Goodbye\.$")
FRAMED_FAREWELL = re.compile(rb'"code":"too-far-behind"|"type":"goodbye"')


class Member:
    """One place in the crowd; its name and connection may change, `framed` does not. Times are monotonic seconds."""

    def __init__(self, port: int, number: int, framed: bool, ledger: Ledger) -> None:
        self.framed = framed
        self.ledger = ledger
        self.back_at = 0.0  # when to connect again, if it is away
        self.listens_at = 0.0  # until then it stalls
        self.was_stalled = False  # so long that the server may drop it
        self._port = port
        self._number = number
        self._incarnation = 0
        self.enter(rename=True)

    @property
    def mark(self) -> str:
        """The beginning of its messages on this connection."""
        return f"m{self._number}-{self._incarnation}"

    @property
    def in_step(self) -> bool:
        """Whether it is in the room and has heard all events in the ledger."""
        return self.here and self.position == self.ledger.newest and not self._lines

    def ready(self, now: float) -> bool:
        """Return whether it can talk."""
        return self.here and self.position is not None and now >= self.listens_at

    # --- what it does --------------------------------------------------------------------------------------------

    def enter(self, rename: bool) -> None:
        """Connect, under a new name with `rename`."""
        self._incarnation += 1
        if rename:
            self.name = f"m{self._number}-{self._incarnation}"
        self.position: int | None = None  # in the ledger; None until the welcome
        self.said = 0
        self.was_stalled = False
        self.listens_at = 0.0
        self._since = self.ledger.newest
        self._welcomed = False
        self._frames = FrameCodec(preamble=4096)
        self._rest = b""
        self._lines: deque[str] = deque()  # heard, and not in the ledger yet
        self.here = True
        self._ear = Ear(connect(self._port, BUFFER), self.framed)
        self._ear.send(entering(self.name, self.framed))

    def say(self) -> None:
        """Say the next message."""
        self.said += 1
        self._send(saying(f"{self.mark} {self.said} lorem ipsum dolor sit amet", self.framed, self.said))

    def leave(self, back_at: float, how: str) -> None:
        """Go away: "quit", "reset", or "cut" in the middle of a message."""
        if how == "reset":
            reset(self._ear.sock)
        else:
            whole = saying("/quit" if how == "quit" else f"{self.mark} 0 never said whole", self.framed)
            self._send(whole if how == "quit" else whole[: len(whole) // 2])
            if self.framed or how == "quit":
                self._ear.sock.close()
            else:  # an orderly end would make a line of the half that was sent
                reset(self._ear.sock)
        self.here, self.back_at = False, back_at

    def stall(self, until: float, long: bool) -> None:
        """Read nothing until `until`; `long`: for so long that the server may drop it."""
        self.listens_at = until
        self.was_stalled = long

    def _send(self, content: bytes) -> None:
        if not self._ear.send(content) and not self.was_stalled:  # after a stall it may have been dropped
            self.ledger.wrong["could not send"] += 1

    # --- what it hears -------------------------------------------------------------------------------------------

    def listen(self, now: float) -> None:
        """Take the bytes that have arrived, and check them."""
        if not self.here or now < self.listens_at:
            return
        self._ear.listen()
        chunk = bytes(self._ear.heard)
        self._ear.heard.clear()
        if self._ear.ended:
            self._end(now)
        elif self.framed:
            for payload in self._frames.feed(chunk):
                self._hear(payload if isinstance(payload, bytes) else b'{"type":"no frame"}')
        else:
            *lines, self._rest = (self._rest + chunk).split(b"\r\n")
            self._lines.extend(line.decode() for line in lines)

    def _end(self, now: float) -> None:
        if self.was_stalled:
            self.ledger.dropped += 1
        else:
            self.ledger.wrong["dropped without a reason"] += 1
        self._ear.sock.close()
        self.here, self.back_at = False, now

    def _hear(self, payload: bytes) -> None:
        message, event = parsed(payload)
        kind = event[0]
        if kind in ABOUT_ROOM:
            seq = message["seq"]
            if self.position is None or seq != self.position + 1:
                self.ledger.wrong["a number left out or heard twice"] += 1
            self.position = seq
            self.ledger.write(seq, event)
        elif kind == "welcome":
            self.position = message["seq"]
            self.ledger.begin(message["seq"])
        elif kind == "ping":
            self._send(frame(type="pong"))
        elif not (self.was_stalled and FRAMED_FAREWELL.search(payload)):
            self.ledger.wrong[f"told {kind} {message.get('code', '')}"] += 1

    def check_lines(self) -> None:
        """Compare a text client's lines with the ledger, as far as that is known."""
        if self.position is None:
            self._find_place()
        while self.position is not None and self.position < self.ledger.newest and self.here:
            event = self.ledger.events[self.position + 1]
            if event[0] == SAID and event[1] == self.name and event[2].startswith(self.mark + " "):
                self.position += 1  # a text client is not told what it says itself
            elif self._lines and self._hear_line(line_of(event), event[0]):
                self.position += 1
            else:
                return

    def _hear_line(self, expected: str, kind: str) -> bool:
        """Take the next line; return whether it is the expected one. Only a farewell may come instead."""
        line = self._lines.popleft()
        if line == expected if kind == SAID else line.startswith(expected):
            self.ledger.deliveries += kind == SAID
            return True
        if not (self.was_stalled and TEXT_FAREWELL.match(line)):
            self.ledger.wrong["a line left out, heard twice or out of order"] += 1
        return False

    def _find_place(self) -> None:
        while self._lines and not self._welcomed:
            self._welcomed = self._lines.popleft().startswith("* Users here: ")
        if self._welcomed:
            self.position = self.ledger.find_joining(self.name, self._since)
