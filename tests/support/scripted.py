"""A scripted server, which may do what no real one does, and myclient.main in this process against it.

def script(peer: Peer) -> None:
    peer.welcomes()
    peer.gets(Line("hello", 1))
    peer.sends(Said(2, "bot", "hello", AT, cseq=1))

assert bot.exits(script, "hello\\n") is Exit.GOODBYE
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import pytest

import myclient
from client.cli.exits import Exit
from client.core.render import Shown
from client.core.typed import Secret
from protocol.errors import ErrorCode
from protocol.events import Welcomed, refusal
from protocol.framing import FrameCodec
from protocol.objects import FROM_CLIENT, dump, load
from tests.support.certificates import Certificate
from tests.support.patience import PATIENCE
from tools.shared.programs import free_port

TURNED_AWAY = [  # what a chat server says in text, before any frame, to a connection that it turns away
    refusal(ErrorCode.SERVER_FULL),
    refusal(ErrorCode.TOO_MANY_CONNECTIONS),
    refusal(ErrorCode.BANNED, left="for another 2 h 5 min", reason=": who asked for it, and more than was called for"),
    refusal(ErrorCode.BANNED, left="for good", reason=""),
    refusal(ErrorCode.PROXY_HEADER_MISSING),
    refusal(ErrorCode.PROXY_HEADER_BAD, why="no address"),
]


class Peer:
    """A server's end of one connection, for a script to play: it may do what no real server does."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.heard = b""  # all that came
        self._codec = FrameCodec()
        self._received: list[object] = []

    def sends(self, *events: object) -> None:
        self.sends_bytes(b"".join(FrameCodec.encode(dump(event)) for event in events))

    def sends_bytes(self, data: bytes) -> None:
        self.sock.sendall(data)

    def gets(self, expected: object = None) -> object:
        """Return the next message, which is to be the `expected` one; None at the end of the connection."""
        while not self._received and (chunk := self._chunk()):
            for payload in self._codec.feed(chunk):
                assert isinstance(payload, bytes)
                self._received.append(load(payload, FROM_CLIENT))
        got = self._received.pop(0) if self._received else None
        assert expected is None or got == expected
        return got

    def listens(self) -> None:
        """Take all that comes until the end of the connection, and say nothing."""
        while self._chunk():
            pass

    def _chunk(self) -> bytes:
        """Return what comes next; nothing at the end, which is a reset where the client had not read all."""
        chunk = b""
        with contextlib.suppress(ConnectionResetError):
            chunk = self.sock.recv(65536)
        self.heard += chunk
        return chunk

    def has_nothing_more(self) -> None:
        """Look whether more has come than was asked for."""
        readable, _, _ = select.select([self.sock], [], [], 0)
        assert not readable
        assert self._received == []

    def welcomes(self, name: str = "bot") -> None:
        self.gets()
        self.sends(Welcomed(name, "epoch", 1, 1))


Script = Callable[[Peer], None]


class Scripted:
    """Listens on a free port and plays one script after the other to those who connect.

    A script may come with a certificate, and is played over TLS then, if the client shakes hands. `heard` is what each
    connection has sent, in the order in which they were made, TLS taken off; it is there when the connection has ended.
    """

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", free_port()))
        self._listener.settimeout(PATIENCE)
        self.port: int = self._listener.getsockname()[1]
        self._players: list[threading.Thread] = []
        self._scripts: deque[tuple[Script, ssl.SSLContext | None]] = deque()
        self._accepting = threading.Lock()

    def plays(self, script: Script, shown: Certificate | None = None) -> None:
        self._scripts.append((script, None if shown is None else shown.context()))
        player = threading.Thread(target=self._play)
        self._players.append(player)
        player.start()

    def _play(self) -> None:
        with self._accepting:
            sock, _ = self._listener.accept()
            script, context = self._scripts.popleft()
            number = len(self.heard)
            self.heard.append(b"")
        with contextlib.ExitStack() as stack:
            stack.enter_context(sock).settimeout(PATIENCE)
            if context is not None:
                try:
                    sock = stack.enter_context(context.wrap_socket(sock, server_side=True))
                except OSError:  # the client did not like the certificate
                    return
            peer = Peer(sock)
            stack.callback(lambda: self.heard.__setitem__(number, peer.heard))  # before the client sees the end
            script(peer)

    def close(self) -> None:
        for player in self._players:
            player.join(PATIENCE)
        self._listener.close()


class Bot:
    """myclient.main in this process, its standard input a pipe. It gives the server the time that a busy machine needs;
    where it is to have less, a test says so after this.
    """

    def __init__(self, scripted: Scripted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        for patience in ("TIMEOUT", "ANSWER_TIMEOUT", "FAREWELL", "SILENCE"):
            monkeypatch.setattr(myclient, patience, PATIENCE)
        self._scripted = scripted
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.out = self.err = ""

    def exits(
        self,
        script: Script,
        text: str = "",
        *arguments: str,
        stays_open: bool = False,
        shown: Certificate | None = None,
        also: Sequence[Scripted] = (),
    ) -> Exit:
        """Run the client against `script` with `text` as its input, which ends or not; return how it ends.

        The servers `also` are named behind the one that plays the script.
        """
        self._scripted.plays(script, shown)
        read_end, write_end = os.pipe()
        with os.fdopen(read_end, encoding="utf-8") as stdin, os.fdopen(write_end, "w", encoding="utf-8") as typed:
            typed.write(text)
            typed.flush()
            if not stays_open:
                typed.close()
            self._monkeypatch.setattr(sys, "stdin", stdin)
            ports = [str(server.port) for server in (self._scripted, *also)]
            places = [f"127.0.0.1:{port}" for port in ports] if also else ["127.0.0.1", *ports]
            code = myclient.main([*places, "--reconnect", "0", *(arguments or ("--name", "bot"))])
        self.reads()
        return next(end for end in Exit if end.code == code)

    def reads(self) -> None:
        """Take what the client has printed."""
        self.out, self.err = self._capsys.readouterr()


class Typed:
    """A screen at which these lines were typed before anything came back."""

    interactive = True

    def __init__(self, *lines: str) -> None:
        self._lines = lines

    def __enter__(self) -> Typed:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def lines(self) -> Iterator[str | Secret]:
        yield from self._lines

    def show(self, shown: Shown) -> None:
        pass

    def clear(self) -> None:
        pass

    def refresh(self) -> None:
        pass

    def wake(self) -> None:
        pass
