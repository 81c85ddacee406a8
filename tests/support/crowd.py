"""A crowd: more sockets than `select` can hold, and what each of them was told."""

from __future__ import annotations

import contextlib
import selectors
import socket
from collections.abc import Callable

from tests.support.patience import PATIENCE


class Crowd:
    """Many sockets and what each was told, read as they come."""

    def __init__(self) -> None:
        self.heard: dict[socket.socket, bytearray] = {}
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for sock in self.heard:
            sock.close()

    def connects(self, port: int) -> None:
        sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.heard[sock] = bytearray()
        self._selector.register(sock, selectors.EVENT_READ)

    def listens_until(self, done: Callable[[bytearray], bool], among: list[socket.socket]) -> None:
        """Read from all until `done` holds for what each of `among` has heard."""
        waiting = set(among)
        while waiting := {sock for sock in waiting if not done(self.heard[sock])}:
            ready = self._selector.select(PATIENCE)
            assert ready, f"{len(waiting)} were never told; one heard {bytes(self.heard[waiting.pop()][-200:])!r}"
            for key, _ in ready:
                self._read(key.fileobj)

    def _read(self, sock: object) -> None:
        assert isinstance(sock, socket.socket)
        chunk = b""
        with contextlib.suppress(ConnectionError):
            chunk = sock.recv(1 << 20)
        self.heard[sock] += chunk
        if not chunk:
            self._selector.unregister(sock)
