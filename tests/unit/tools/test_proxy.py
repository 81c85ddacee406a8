"""tools/shared/proxy.py: connections through it fail as they are told to, and leave nothing open."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterator

import pytest

from tests.support.patience import PATIENCE
from tools.shared.programs import HOST, free_port
from tools.shared.proxy import Proxy


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server((HOST, 0)) as made:
        made.settimeout(PATIENCE)
        yield made


@pytest.fixture
def proxy(listener: socket.socket) -> Iterator[Proxy]:
    with Proxy(listener.getsockname()) as made:
        yield made


def connected(proxy: Proxy, listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection through the proxy, which knows both by then: something has passed."""
    client = socket.create_connection(proxy.address, PATIENCE)
    server, _ = listener.accept()
    server.settimeout(PATIENCE)
    client.sendall(b"!")
    assert server.recv(1) == b"!"
    return client, server


def is_over(end: socket.socket) -> bool:
    """Wait for the end of a connection; return whether that comes next, orderly or not."""
    with end:
        try:
            return end.recv(10) == b""
        except ConnectionResetError:
            return True


def test_what_is_stalled_arrives_though_the_client_has_gone(proxy: Proxy, listener: socket.socket) -> None:
    client, server = connected(proxy, listener)
    proxy.up.stall()
    client.sendall(b"late")
    client.close()
    server.setblocking(False)
    with pytest.raises(BlockingIOError):
        server.recv(10)
    server.settimeout(PATIENCE)
    proxy.up.flow()
    with server:
        assert server.recv(10) == b"late"
        assert server.recv(10) == b""


def test_a_reset_is_the_end_for_both_and_others_can_connect(proxy: Proxy, listener: socket.socket) -> None:
    client, server = connected(proxy, listener)
    proxy.reset()
    for end in (client, server):
        assert is_over(end)
    for end in connected(proxy, listener):
        end.close()


def test_while_nobody_listens_clients_are_refused_and_later_ones_are_not() -> None:
    port = free_port(random.Random())
    with Proxy((HOST, port)) as proxy:
        with contextlib.suppress(ConnectionError):  # it may have been refused by then
            assert is_over(socket.create_connection(proxy.address, PATIENCE))
        with socket.create_server((HOST, port)) as listener:
            for end in connected(proxy, listener):
                end.close()
