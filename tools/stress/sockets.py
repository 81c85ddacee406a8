"""Client sockets, in crowds: connecting in text or frames, reading many at once, leaving without a goodbye."""

from __future__ import annotations

import json
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterable

from tools.bench.servers import HOST

PATIENCE = 30.0  # seconds until something that has to happen counts as not happening
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s
SMALL_BUFFER = 8192  # bytes for the kernel to receive before a reader that reads nothing holds up its sender


def connect(port: int, buffer: int = 0) -> socket.socket:
    """Connect; with `buffer`, bytes, the kernel receives about so much ahead of us. The socket does not block then."""
    sock = socket.socket()
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.settimeout(PATIENCE)
    sock.connect((HOST, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    return sock


def frame(**message: object) -> bytes:
    """One message of a framed client."""
    payload = json.dumps(message).encode()
    return len(payload).to_bytes(4, "big") + payload


def entering(name: str, framed: bool) -> bytes:
    """What to send first to be in the room as `name`."""
    return frame(type="hello", version=1, client_id=name, name=name) if framed else f"{name}\r\n".encode()


def saying(text: str, framed: bool, cseq: int = 1) -> bytes:
    """What to send to say `text`, or to give it as a command."""
    return frame(type="line", text=text, cseq=cseq) if framed else f"{text}\r\n".encode()


def reset(sock: socket.socket) -> None:
    """End a connection without a goodbye."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    sock.close()


class Ear:
    """One socket and all that it was told; `ended` when its end came, and `was_reset` if that was not a clean one."""

    def __init__(self, sock: socket.socket, framed: bool = False) -> None:
        self.sock = sock
        self.framed = framed
        self.heard = bytearray()
        self.ended = False
        self.was_reset = False

    def listen(self) -> None:
        """Take what has arrived."""
        try:
            chunk = self.sock.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            chunk, self.was_reset = b"", True
        self.heard += chunk
        self.ended = not chunk

    def say(self, text: str) -> None:
        """Send a line, if the connection still takes one."""
        self.send(saying(text, self.framed))

    def send(self, content: bytes) -> None:
        """Send what the kernel takes."""
        try:
            self.sock.send(content)
        except BlockingIOError:
            return
        except OSError:
            return  # its reader finds out how it ended


def join(port: int, name: str, framed: bool = False, buffer: int = 0) -> Ear:
    """Connect and send a name; the answer is for `listen_until` to wait for."""
    ear = Ear(connect(port, buffer), framed)
    ear.send(entering(name, framed))
    return ear


def welcomed(ear: Ear) -> bool:
    """Whether it is in the room."""
    return b'"type":"welcome"' in ear.heard if ear.framed else b"Welcome, " in ear.heard


def ended(ear: Ear) -> bool:
    """Whether it has been closed."""
    return ear.ended


def listen_until(done: Callable[[Ear], bool], ears: Iterable[Ear], seconds: float = PATIENCE) -> list[Ear]:
    """Read from all until `done` holds for each, or it has ended; return those for which it did not in time."""
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        waiting = {ear for ear in ears if not (done(ear) or ear.ended)}
        for ear in waiting:
            selector.register(ear.sock, selectors.EVENT_READ, ear)
        while waiting and time.monotonic() < deadline:
            for key, _ in selector.select(0.1):
                key.data.listen()
                if done(key.data) or key.data.ended:
                    selector.unregister(key.data.sock)
                    waiting.discard(key.data)
    return [ear for ear in ears if not done(ear)]


def hang_up(ears: Iterable[Ear]) -> None:
    """Close them all."""
    for ear in ears:
        ear.sock.close()
