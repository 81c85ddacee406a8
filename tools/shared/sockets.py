"""Client sockets in crowds: connecting in text or frames, reading many at once, leaving without a goodbye."""

from __future__ import annotations

import contextlib
import json
import resource
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator

from tools.shared.programs import HOST
from tools.shared.tls import secured

PEOPLE = 900  # clients at a time, of the 1,000 that the server takes
TIMEOUT = 60.0  # seconds for what has to happen
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s
SMALL_BUFFER = 8192  # bytes for the kernel to receive before a reader that reads nothing holds up its sender


@contextlib.contextmanager
def room_for(descriptors: int) -> Iterator[None]:
    """Let this process open that many descriptors, or as many as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = descriptors if hard < 0 else min(descriptors, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect(port: int, buffer: int = 0) -> socket.socket:
    """Return a nonblocking connection; with `buffer`, the kernel receives about that many bytes ahead of us."""
    sock = socket.socket()
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.settimeout(TIMEOUT)
    sock.connect((HOST, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    return secured(sock)


def frame(**message: object) -> bytes:
    """Return one message of a framed client."""
    payload = json.dumps(message).encode()
    return len(payload).to_bytes(4, "big") + payload


def entering(name: str, framed: bool) -> bytes:
    """Return what to send first to enter the room as `name`."""
    return frame(type="hello", version=1, client_id=name, name=name) if framed else f"{name}\r\n".encode()


def saying(text: str, framed: bool, cseq: int = 1) -> bytes:
    """Return what to send to say `text`, or to give it as a command."""
    return frame(type="line", text=text, cseq=cseq) if framed else f"{text}\r\n".encode()


def reset(sock: socket.socket) -> None:
    """End a connection without a goodbye."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    sock.close()


class Ear:
    """A socket and all that it has received; `ended` once the connection has, `was_reset` if not cleanly."""

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

    def send(self, content: bytes) -> bool:
        """Send what the kernel takes; return False if it takes nothing. How a connection ended, `listen` finds out."""
        try:
            self.sock.send(content)
        except OSError:
            return False
        return True


def join(port: int, name: str, framed: bool = False, buffer: int = 0) -> Ear:
    """Connect and send a name; `listen_until` waits for the answer."""
    ear = Ear(connect(port, buffer), framed)
    ear.send(entering(name, framed))
    return ear


def welcomed(ear: Ear) -> bool:
    """Return whether the server has let it into the room."""
    return b'"type":"welcome"' in ear.heard if ear.framed else b"Welcome, " in ear.heard


def ended(ear: Ear) -> bool:
    """Return whether the connection has ended."""
    return ear.ended


def listen_until(done: Callable[[Ear], bool], ears: Iterable[Ear], seconds: float = TIMEOUT) -> list[Ear]:
    """Read from all until `done` holds for each or it has ended; return those for which it does not hold."""
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


def quit_all(ears: list[Ear], command: str = "/quit") -> None:
    """Let all leave by a command, which frees their names, and close them."""
    for ear in ears:
        ear.say(command)
    listen_until(ended, ears)
    hang_up(ears)


def pings(ear: Ear) -> bool:
    """Return whether /ping is answered."""
    ear.say("/ping")
    return not listen_until(lambda one: b"pong\r\n" in one.heard, [ear])
