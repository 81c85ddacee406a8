"""A key-value store in the test's own process, on a free port, with faults that a test switches on and off.

with Keys() as keys:
    keys.stops(503)                      # every request is answered so, until `keys.works()`
    storechat.http_store.HttpStore(address(keys.url), 1.0)
"""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable
from types import TracebackType

from kvstore import KeyServer
from runtime.sockets import listen
from storechat.server.faults import FaultyStore, Rates, Response
from storechat.server.places import Place
from storechat.server.store import KeyValueStore
from tests.support.patience import PATIENCE
from tools.shared.programs import free_port


class Moody(FaultyStore):
    """A store that answers as it is told to."""

    def __init__(self) -> None:
        super().__init__(KeyValueStore("epoch", remembers=True), Rates(), lambda: 0.5)
        self.answers: Response | None = None  # instead of doing anything
        self.loses = False  # having done it

    def get(self, key: str) -> Response:
        return self.answers or self._through(super().get(key))

    def put(self, key: str, value: bytes) -> Response:
        return self.answers or self._through(super().put(key, value))

    def _through(self, answer: Response) -> Response:
        return Response(answer.status, answer.body, answer.version, lost=True) if self.loses else answer


class _Server(KeyServer):
    """A server that tells when somebody waits for a change."""

    def __init__(self, listener: socket.socket, store: FaultyStore) -> None:
        super().__init__(listener, store)
        self.awaited = threading.Event()

    def wait(self, place: Place, done: Callable[[], bool], seconds: float) -> None:
        with self._changed:  # so that who sees the event finds the place waiting
            if seconds:
                self.awaited.set()
            super().wait(place, done, seconds)


class Keys:
    """The running server; `port` stays the same when it is closed and opened again."""

    def __init__(self, port: int = 0) -> None:
        self.moody = Moody()
        self.port = port or free_port(random.Random())

    def __enter__(self) -> Keys:
        self.opens()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closes()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def opens(self) -> None:
        (listener,) = listen("127.0.0.1", self.port)
        self.port = listener.getsockname()[1]
        self._server = _Server(listener, self.moody)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def closes(self) -> None:
        self._server.shutdown()
        self._thread.join(PATIENCE)
        self._server.server_close()

    def put(self, key: str, value: bytes) -> None:
        """Write a key as anybody may, past all faults."""
        self._server.put(key, value)

    def is_awaited(self) -> None:
        """Wait until somebody waits for a change, who did not before."""
        assert self._server.awaited.wait(PATIENCE)
        self._server.awaited.clear()

    def stops(self, status: int | None) -> None:
        self.moody.answers = Response(status)

    def loses(self) -> None:
        self.moody.loses = True

    def works(self) -> None:
        self.moody.answers = None
        self.moody.loses = False
