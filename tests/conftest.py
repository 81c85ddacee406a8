"""What all tests share: how hypothesis draws its examples, and the servers that tests of several files talk to.

The same examples every time, so that a change fails for its own sake; no limits of time, since the machine may be busy.
To look for something new: `pytest --hypothesis-profile=search`.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from runtime.encryption import Encryption
from runtime.poller import POLLERS
from storage import passwords, users_file
from tests.support.certificates import Certificates, Files
from tests.support.live import Live
from tests.support.programs import Programs
from tests.support.scripted import Scripted

# A shell lets what it runs in the background ignore Ctrl-C, which real programs under test would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)

_TIMELESS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same-every-time", _TIMELESS, derandomize=True)
settings.register_profile("search", _TIMELESS, max_examples=10_000)
settings.load_profile("same-every-time")

_TOOLS = Path(__file__).parent / "unit" / "tools"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what hypothesis feeds as `property`, which `make core` leaves out, and the tests of the tools as `long`."""
    for item in items:
        if _TOOLS in item.path.parents:
            item.add_marker(pytest.mark.long)
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker(pytest.mark.property)


@pytest.fixture(autouse=True, scope="session")
def _settings_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the settings of whoever runs the tests out of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_name_server() -> Iterator[None]:
    """Know by ourselves that a host under .invalid does not exist (RFC 6761): a name server may take its time."""
    resolve = socket.getaddrinfo

    def look_up(host: str | None, *arguments: Any, **more: Any) -> list[Any]:
        if host is not None and host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)
        yield


@pytest.fixture(autouse=True, scope="session")
def _compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compile the programs that tests start once for all of them, elsewhere, where Python is to write no bytecode."""
    with pytest.MonkeyPatch.context() as patch:
        if sys.dont_write_bytecode:
            of_the_run = tmp_path_factory.getbasetemp()
            if "PYTEST_XDIST_WORKER" in os.environ:
                of_the_run = of_the_run.parent
            patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
            patch.setenv("PYTHONPYCACHEPREFIX", str(of_the_run / "compiled"))
        yield


@pytest.fixture(autouse=True, scope="session")
def _cheap_hashes() -> Iterator[None]:
    """Make a hash of a password in this process, or of nobody's, cost nothing: else 0.2 s, and seconds under load."""
    nobody = replace(passwords.NOBODY, n=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "N", 2)
        for module in (passwords, users_file):
            patch.setattr(module, "NOBODY", nobody)
        yield


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test a server of each variant that it is marked for."""
    marker = metafunc.definition.get_closest_marker("variants")
    if marker is not None and "live" in metafunc.fixturenames:
        metafunc.parametrize("live", marker.args, indirect=True)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Return the files of a certificate for localhost and its key."""
    return Certificates(tmp_path_factory.mktemp("certificate")).self_signed().files


@pytest.fixture
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Live]:
    """Serve in this process, on a real socket, at a time that the test moves; plain, with TLS, or plain with epoll."""
    variant = getattr(request, "param", "plain")
    if variant == "epoll" and "epoll" not in POLLERS:
        pytest.skip("epoll is Linux's")
    encryption = Encryption(*request.getfixturevalue("certificate")) if variant == "tls" else None
    with Live(tmp_path, encryption=encryption, poller=POLLERS["epoll" if variant == "epoll" else "select"]()) as made:
        yield made


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Hear the server's log."""
    caplog.set_level(logging.INFO, "server")
    return caplog


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """Listen with a server that plays scripts."""
    server = Scripted()
    yield server
    server.close()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Programs]:
    """Start real programs, and end them with the test."""
    with Programs(tmp_path) as made:
        yield made


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """Make certificates with openssl (a test that does so `needs` it)."""
    return Certificates(tmp_path)
