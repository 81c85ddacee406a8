"""runtime/ends.py: who has ended, found out without reading (issue 10, 16)."""

from __future__ import annotations

import select
import socket
import struct
import sys

import pytest

from runtime import ends as module
from runtime.ends import ends
from tests.support.programs import PATIENCE

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="POLLRDHUP is Linux's")


@needs_linux
def test_a_peer_that_sends_no_more_and_one_that_is_gone_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peers = [socket.create_connection(listener.getsockname()) for _ in range(3)]
        ours = [listener.accept()[0] for _ in peers]
        fds = [sock.fileno() for sock in ours]
        assert ends(fds) == (set(), set())
        for peer in peers:
            peer.send(b"unread")
        peers[1].shutdown(socket.SHUT_WR)
        peers[2].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peers[2].close()
        watch = select.poll()
        for fd in fds[1:]:
            watch.register(fd, select.POLLRDHUP)
            watch.poll(PATIENCE * 1000)
        assert ends(fds) == ({fds[1]}, {fds[2]})
        for sock in [*peers, *ours]:
            sock.close()


def test_nobody_is_asked_about_where_nobody_waits_or_the_system_cannot_say(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ends([]) == (set(), set())
    monkeypatch.setattr(module, "_SENDS_NO_MORE", 0)
    assert ends([99999]) == (set(), set())
