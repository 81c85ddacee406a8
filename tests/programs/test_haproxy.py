"""Real servers behind a real HAProxy, with the lines of docs/many-servers.md: who comes in, and from where."""

from __future__ import annotations

import http.client
import random
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat import limits
from tests.integration.test_myclient import client
from tests.support.browsers import Browser
from tests.support.certificates import Certificates
from tests.support.patience import PATIENCE
from tests.support.programs import CTRL_D, ROOT, Program, Programs, needs
from tools.shared.programs import free_port

pytestmark = [pytest.mark.long, needs("haproxy"), needs("telnet"), needs("openssl")]

_LINES = re.compile(r"```haproxy\n(.*?)```", re.DOTALL)
_OF_HTTP = re.compile(r"^.*\bhttp-?ch.*\n", re.MULTILINE)  # checks that version 1 can't make
CHAINED = """
frontend chained  # the test is a proxy, too, and brings peers from any address
    bind 127.0.0.1:{port} accept-proxy
    default_backend chats
"""


class Cluster:
    """One or two servers, and an HAProxy in front of them, where `run` connects to."""

    def __init__(self, run: Programs, folder: Path, options: tuple[str, ...]) -> None:
        self.servers: list[Program] = []
        self._run = run
        self._folder = folder
        self._options = ("--proxy-protocol", "127.0.0.0/8", "--log-level", "debug", *options)
        self._chained = free_port(random.Random())

    def starts(
        self,
        servers: int,
        header: str = "send-proxy-v2",
        inter: str = "2s",
        check: str = "",
        balance: str = "leastconn",
    ) -> None:
        """Start everything. With one server, HAProxy finds nothing where the other one may be.

        A check is made every `inter`, and may take as long, or `check`.
        """
        ports = [free_port(random.Random()) for _ in range(2)]
        for port in ports[:servers]:
            self.servers.append(self._run.server(*self._options, "--data", str(self._folder / str(port)), port=port))
        self._run.port = free_port(random.Random())
        found = _LINES.search((ROOT / "docs" / "many-servers.md").read_text(encoding="utf-8"))
        assert found is not None
        lines = found[1].replace("send-proxy-v2", header).replace("inter 2s", f"inter {inter}")
        lines = lines.replace("balance leastconn", f"balance {balance}")
        if check:
            lines = lines.replace("defaults\n", f"defaults\n    timeout check {check}\n")
        for written, port in zip(("8000", "8001", "8002"), (self._run.port, *ports), strict=True):
            lines = lines.replace(f":{written}", f":{port}")
        if header == "send-proxy":
            lines = _OF_HTTP.sub("", lines)
        config = self._folder / "haproxy.cfg"
        config.write_text(lines + CHAINED.format(port=self._chained), encoding="utf-8")
        self.haproxy = self._run.program("haproxy", "-W", "-db", "-f", str(config))
        self.haproxy.sees("Loading success")

    def ends(self) -> None:
        """End HAProxy, whose first process has to end the second one."""
        self.haproxy.signals(signal.SIGTERM)
        self.haproxy.ends()

    def comes_from(self, host: str, says: bytes = b"") -> socket.socket:
        """Return a connection of a peer that is at `host`, as far as HAProxy knows."""
        sock = socket.create_connection(("127.0.0.1", self._chained), PATIENCE)
        sock.sendall(f"PROXY TCP4 {host} 203.0.113.1 50711 8000\r\n".encode() + says)
        return sock


@pytest.fixture
def cluster(run: Programs, tmp_path: Path, certificates: Certificates) -> Iterator[Cluster]:
    cert, key = certificates.self_signed().files
    made = Cluster(run, tmp_path, ("--tls-cert", str(cert), "--tls-key", str(key)))
    yield made
    made.ends()


@pytest.mark.parametrize("header", ["send-proxy", "send-proxy-v2"])
def test_whatever_comes_by_haproxy_is_in_one_room(run: Programs, cluster: Cluster, header: str) -> None:  # N9
    cluster.starts(1, header)
    ann = run.joins(run.telnet(), "ann")
    bob = client(run, "127.0.0.1", str(run.port), "--name", "bob")
    bob.sees("bob>")
    at = f"127.0.0.1:{run.port}"
    carl = run.joins(run.program("openssl", "s_client", "-quiet", "-connect", at), "carl")
    with cluster.comes_from("192.0.2.7", b"dora\r\n") as dora:
        cluster.servers[0].sees("dora (192.0.2.7:50711) has joined")
        ann.types("hello all")
        for other in (bob, carl):
            other.sees("ann: hello all")
        dora.sendall(b"/quit\r\n")
    page = http.client.HTTPConnection(at, timeout=PATIENCE)
    page.request("GET", "/")
    response = page.getresponse()
    assert (response.status, b"<!doctype html>" in response.read().lower()) == (200, True)
    page.close()
    bob.presses(CTRL_D)


@needs("chromium")
@needs("chromedriver")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_browsers_chat_by_haproxy(run: Programs, cluster: Cluster, browser: Browser, scheme: str) -> None:  # N9
    cluster.starts(1)
    ann = browser.joins(run.port, "ann", scheme)
    bob = run.joins(run.telnet(), "bob")
    ann.says("hello from the page")
    bob.sees("ann: hello from the page")
    bob.types("hello from telnet")
    ann.sees("hello from telnet")


def test_an_address_has_its_limit_though_all_come_by_haproxy(cluster: Cluster) -> None:  # N9
    cluster.starts(1)
    come = [cluster.comes_from("192.0.2.7") for _ in range(limits.CONNECTIONS_PER_ADDRESS)]
    for sock in come:
        assert sock.recv(4096).startswith(b"Welcome to this chat.")
    with cluster.comes_from("192.0.2.7") as late, cluster.comes_from("192.0.2.8") as other:
        assert late.recv(4096).startswith(b"Too many connections from your address.")
        assert other.recv(4096).startswith(b"Welcome to this chat.")
    cluster.servers[0].sees("192.0.2.7:50711: turned away, too-many-connections")
    for sock in come:
        sock.close()


@pytest.mark.parametrize("header", ["send-proxy", "send-proxy-v2"])
def test_checks_find_a_server_that_is_down_and_leave_no_line_in_the_log(cluster: Cluster, header: str) -> None:  # N9
    cluster.starts(2, header, inter="100ms", check="60s")
    cluster.servers[0].sees("PROXY header.\n")  # the last line of its start
    cluster.servers[1].signals(signal.SIGKILL)
    cluster.haproxy.sees("chats/two is DOWN")  # after three of its checks, and so about three of the other's
    with cluster.comes_from("192.0.2.7", b"ann\r\n"):
        assert "192.0.2.7:50711: connected, without a name yet" in cluster.servers[0].line()


def test_users_of_a_server_that_freezes_come_back_by_the_other_one(run: Programs, cluster: Cluster) -> None:  # N9
    cluster.starts(2, inter="1s", balance="first")
    here, other = cluster.servers
    ann = client(run, "127.0.0.1", str(run.port), "--name", "ann")
    here.sees("ann (")
    ann.sees("ann>")
    here.signals(signal.SIGSTOP)
    cluster.haproxy.sees("is DOWN, reason: Layer7 timeout")
    ann.sees("The connection was lost.")
    other.sees("ann (")
    ann.sees("ann>")
    ann.presses(CTRL_D)
    here.signals(signal.SIGCONT)
