"""A live server in the test's own process: real sockets on port 0, and a loop that turns only while a test waits.

    ann, bob = live.joins("ann"), live.joins("bob")
    ann.says("hi")
    bob.sees("ann: hi")

`sees` turns the loop until the text is there, and looks for the next one behind it, so that a test's order is the
order of the wire. The server's clock stands still unless a test moves it, so no deadline depends on the machine.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
import time
from collections.abc import Callable, Sequence
from math import inf
from pathlib import Path

from chat import limits
from chat.admission import Admission
from chat.delivery.detection import Doors
from chat.hub import Hub
from chat.networks import Network
from chat.room import Room
from protocol.dialects import Dialect
from protocol.framing import FrameCodec
from protocol.objects import FROM_SERVER, dump, load
from protocol.requests import Hello
from protocol.wrapping import INDENT
from runtime.acceptor import Acceptor
from runtime.account_service import AccountService
from runtime.clock import LoopClock
from runtime.encryption import Encryption
from runtime.peers import Peer
from runtime.poller import Poller, SelectPoller
from runtime.sanction_service import SanctionService
from runtime.services import Services
from runtime.sockets import listen
from runtime.web_files import open_site
from server import Server
from storage.bans_file import BansFile
from storage.users_file import Accounts
from tests.support.patience import PATIENCE
from tools.shared.tls import TlsSocket, client_context

LONGEST_DELAY = 0.25  # seconds that the kernel may delay an acknowledgement
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s
_LINE_END = re.compile(f"\r\n(?!{INDENT})")


class StandingClock:
    """A clock that goes on only when a test moves it, or by `pace` seconds each time that it is read."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pace = 0.0

    def monotonic(self) -> float:
        self.now += self.pace
        return self.now

    def time(self) -> float:
        return self.now


SITE = open_site()


class SleeplessPoller:
    """A poller that never sleeps, and keeps what it waited for last."""

    def __init__(self, poller: Poller) -> None:
        self.peers_limit, self.descriptor_limit = poller.peers_limit, poller.descriptor_limit
        self.readers: set[int] = set()
        self.timeout = -1.0
        self._poller = poller
        self._reading: set[int] = set()

    def watch(self, fd: int, reading: bool, writing: bool) -> None:
        (self._reading.add if reading else self._reading.discard)(fd)
        self._poller.watch(fd, reading, writing)

    def forget(self, fd: int) -> None:
        self._reading.discard(fd)
        self._poller.forget(fd)

    def wait(self, seconds: float) -> tuple[set[int], set[int]]:
        self.readers, self.timeout = set(self._reading), seconds
        return self._poller.wait(0.0)

    def close(self) -> None:
        self._poller.close()


class Live:
    """A server, its hub and its clock, and the clients that are connected to it."""

    def __init__(
        self,
        folder: Path,
        max_users: int = SelectPoller.peers_limit,
        dialect: Dialect | None = None,
        jump: float = inf,
        poller: Poller | None = None,
        *,
        encryption: Encryption | None = None,
        proxies: Sequence[Network] = (),
        trusted: Sequence[Network] = (),
    ) -> None:
        """Serve on port 0 in a world of its own; accounts, if any, go to `folder`.

        `jump`: see runtime.clock; by default a test may move the clock by as much as it likes. With `encryption`,
        clients speak TLS. Connections from `proxies` begin with a PROXY header.
        """
        self.clock = StandingClock()
        self.poller = SleeplessPoller(poller or SelectPoller())
        listeners = listen("127.0.0.1", 0)
        self.address: tuple[str, int] = listeners[0].getsockname()
        self.hub = Hub(Room("a test"), max_users, greet_history=0)
        services = Services(self.hub, AccountService(Accounts(folder)), SanctionService(BansFile(folder)))
        acceptor = Acceptor(listeners, Admission(tuple(trusted)), self.poller, encryption, tuple(proxies))
        acceptor.ban_of = self.hub.ban_of
        self._tls = client_context() if encryption else None
        doors = Doors(dialect, SITE, tuple(trusted))
        self.server = Server(acceptor, self.hub, services, doors, self.poller, LoopClock(self.clock, jump))
        self._clients: list[Client] = []
        self._over = False

    def __enter__(self) -> Live:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.sock.close()
        if not self._over:
            self.server.close()

    def turns(self, count: int = 1, longest: float = 0.0) -> None:
        """Turn the loop, each for `longest` at most; after a turn whoever has not stalled takes in what has come."""
        for _ in range(count):
            self.server.step(longest)
            for client in self._clients:
                if client.reading:
                    client.listens()

    def runs(self) -> None:
        """Run the server as the program does, until a signal ends it."""
        self._over = True
        self.server.run()

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Turn until `condition` holds; fail with `what` if it never does."""
        give_up = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < give_up, what
            self.turns(longest=0.002)  # a loop that never sleeps would starve the services' threads

    def connects(self, plain: bool = False) -> Client:
        return self.client(plain).connects()

    def client(self, plain: bool = False) -> Client:
        """Return a client that is not connected yet; `plain`: one that speaks no TLS, though others may."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)  # else the kernel may take in all for a staller
        client = Client(self, sock, None if plain else self._tls)
        self._clients.append(client)
        return client

    def joins(self, name: str, plain: bool = False) -> Client:
        """Return a text user who is in the room and has been told so."""
        client = self.connects(plain)
        client.says(name)
        client.sees("Users here:")
        return client

    def joins_framed(self, name: str) -> Client:
        """Return a framed client that has sent its hello and been welcomed."""
        client = self.connects()
        client.sends(frame(Hello(1, "a secret", name)))
        client.sees('"type":"welcome"')
        return client

    def peer(self, client: Client) -> Peer:
        """Return the server's side of a client's connection."""
        address = client.sock.getsockname()
        return next(peer for peer in self.server._peers.by_fd.values() if peer.transport.sock.getpeername() == address)

    def waiting_for(self, client: Client) -> int:
        """Return how many bytes the server still holds for a client."""
        return self.peer(client).connection.outbox.size

    def until_lagging(self, *clients: Client) -> None:
        """Turn until the server holds more for each of them than makes it lag, and the kernel takes no more of that.

        The kernel takes more when an acknowledgement comes, which may be delayed.
        """
        held: list[int] = []
        since = 0.0

        def is_stuck() -> bool:
            nonlocal held, since
            before, held = held, [self.waiting_for(client) for client in clients]
            if held != before or min(held) <= limits.LAGGING:
                since = time.monotonic()
            return time.monotonic() > since + LONGEST_DELAY

        self.until(is_stuck, "never lagged")

    def connected(self) -> int:
        return len(self.server._peers.by_fd)


class Client:
    """One end of a real connection. What it was told is in `heard`, whole; `sees` reads on from what it saw last."""

    def __init__(self, live: Live, sock: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        self.sock: socket.socket | TlsSocket = sock
        self._tls = tls
        self.heard = b""
        self.ended = False
        self.was_reset = False
        self.reading = False
        self._live = live
        self._seen = 0

    def connects(self, address: tuple[str, int] | None = None, header: bytes = b"") -> Client:
        """Connect to the server, or to what stands before it at `address`; say `header` before anything else."""
        assert isinstance(self.sock, socket.socket)
        self.sock.connect(address or self._live.address)
        self.sock.sendall(header)
        self.sock.setblocking(False)
        if self._tls is not None:
            self.sock = TlsSocket(self.sock, self._tls)
            self._live.until(self.sock.is_secure, "never secured")
        self.reading = True
        return self

    def says(self, *lines: str) -> None:
        self.sends("".join(f"{line}\r\n" for line in lines).encode())

    def sends(self, data: bytes) -> None:
        """Send it all; turn the loop while the kernel has no room for it."""
        rest = memoryview(data)

        def is_sent() -> bool:
            nonlocal rest
            with contextlib.suppress(BlockingIOError):
                rest = rest[self.sock.send(rest) :]
            return not rest

        self._live.until(is_sent, f"{len(rest)} bytes were never taken")

    def ends_sending(self) -> None:
        self.sock.shutdown(socket.SHUT_WR)

    def resets(self) -> None:
        """End the connection without a goodbye, as a machine does that was switched off and on again."""
        self.reading = False
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.sock.close()

    def stalls(self) -> None:
        """Read nothing more until asked to see something."""
        self.reading = False

    def listens(self) -> bytes:
        """Take in what has arrived by now; return all that was ever heard."""
        if self.ended:
            return self.heard
        try:
            while chunk := self.sock.recv(1 << 20):
                self.heard += chunk
            self.ended = True
        except BlockingIOError:
            pass
        except ConnectionError:
            self.ended = self.was_reset = True
        return self.heard

    def sees(self, text: str) -> None:
        self.reading = True
        wanted = text.encode()

        def has_it() -> bool:
            return self.heard.find(wanted, self._seen) >= 0

        self._live.until(has_it, f"never told {text!r}")
        self._seen = self.heard.find(wanted, self._seen) + len(wanted)

    def sees_the_end(self) -> None:
        """Wait for a proper end of file: a reset could have swallowed the farewell."""
        self.reading = True
        self._live.until(lambda: self.ended, "never closed")
        assert not self.was_reset

    def was_told(self, text: str) -> bool:
        """Say whether `text` has come by now, anywhere."""
        return text.encode() in self.heard

    def lines(self, begin: str) -> list[str]:
        """Return the lines so far that begin so, each with all of its rows (protocol.wrapping)."""
        return [line for line in _LINE_END.split(self.heard.decode()) if line.startswith(begin)]


def frame(message: object) -> bytes:
    return FrameCodec.encode(dump(message))


def events(data: bytes) -> list[object]:
    """Return the events in what a framed client heard."""
    return [load(payload, FROM_SERVER) for payload in FrameCodec().feed(data) if isinstance(payload, bytes)]
