"""A proxy that misbehaves: it stands between a client and a server and does to their bytes what networks do.

    with Proxy(server_address) as proxy:
        proxy.up.piece = 1          # what the client sends arrives a byte at a time
        proxy.down.cut_after = 100  # the connection ends after 100 bytes of what the server sends, in mid-frame
        proxy.up.stall()            # nothing passes until `flow`
        proxy.reset()               # all connections end at once, without a goodbye
        client.connect(proxy.address)

`up` is the way to the server, `down` the way back; both hold for every connection through it. What was held by `stall`
arrives after `flow`, though the client may have given its connection up meanwhile. While the server is down, clients
are refused. Two threads carry each connection.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType

from tools.shared.programs import HOST
from tools.shared.sockets import RESET_ON_CLOSE

_CHUNK = 64 * 1024


class Way:
    """What happens to the bytes that go one way."""

    def __init__(self) -> None:
        self.piece = _CHUNK  # bytes that are passed on at a time
        self.delay = 0.0  # seconds before each piece
        self.cut_after: int | None = None  # bytes of a connection after which it is cut, both ways
        self._flowing = threading.Event()
        self._flowing.set()

    def stall(self) -> None:
        """Pass nothing on until `flow`; the sender is not told."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass on again what was held."""
        self._flowing.set()

    def carry(self, source: socket.socket, sink: socket.socket, over: threading.Event) -> None:
        """Carry bytes until the source ends or the cut is reached: what came before it is not lost. Raises OSError."""
        passed = 0
        while chunk := source.recv(_CHUNK):
            for start in range(0, len(chunk), self.piece):
                piece = chunk[start : start + self.piece]
                if self.cut_after is not None:
                    piece = piece[: self.cut_after - passed]
                over.wait(self.delay)
                self._flowing.wait()
                sink.sendall(piece)
                passed += len(piece)
                if passed == self.cut_after:
                    source.shutdown(socket.SHUT_RDWR)
                    sink.shutdown(socket.SHUT_RDWR)
                    return
        sink.shutdown(socket.SHUT_WR)


class Proxy:
    """Listens on a port of its own and passes each connection on to `target`."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.up, self.down = Way(), Way()
        self._target = target
        self._listener = socket.create_server((HOST, 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self._over = threading.Event()
        self._socks: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Proxy:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self.up.flow()
        self.down.flow()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accept
        self._threads[0].join()  # nobody is accepted any more
        self._listener.close()
        self.reset()
        for thread in self._threads:
            thread.join()

    def move(self, target: tuple[str, int]) -> None:
        """Pass new connections on to another server, and end those that there are."""
        self._target = target
        self.reset()

    def reset(self) -> None:
        """End all connections without a goodbye: both ends are told of a reset."""
        for sock in list(self._socks):
            _reset(sock)

    def _start(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads = [*filter(threading.Thread.is_alive, self._threads), thread]
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._target)
                except OSError:
                    _reset(client)
                    continue
                for sock in (client, server):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._socks.add(sock)
                self._start(self._carry_both_ways, client, server)

    def _carry_both_ways(self, client: socket.socket, server: socket.socket) -> None:
        back = threading.Thread(target=self._carry, args=(self.down, server, client))
        back.start()
        self._carry(self.up, client, server)
        back.join()
        for sock in (client, server):
            self._socks.discard(sock)
            sock.close()

    def _carry(self, way: Way, source: socket.socket, sink: socket.socket) -> None:
        try:
            way.carry(source, sink, self._over)
        except OSError:
            _reset(source)
            _reset(sink)


def _reset(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        sock.shutdown(socket.SHUT_RDWR)  # wakes whoever waits in a recv or a send
    sock.close()
