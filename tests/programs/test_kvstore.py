"""The real kvstore.py: its HTTP, its command line and its disk, as a process of its own (B1)."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import kvstore
from storechat.server.store import VALUE_LIMIT
from tests.support.keyserver import Keys
from tests.support.patience import PATIENCE
from tests.support.programs import Program, Programs
from tools.shared.programs import free_port


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path) as made:
        yield made


@pytest.fixture
def keys() -> Iterator[Keys]:
    with Keys() as made:
        yield made


def serve(run: Programs, *options: str) -> Program:
    run.port = run.port or free_port()
    python = [sys.executable, "-W", "error", "kvstore.py", str(run.port), "--host", "127.0.0.1"]
    program = run.program(*python, *options)
    program.sees(f"--store http://127.0.0.1:{run.port} --name ann --to bob")
    return program


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes, str | None]:
    """Return the status, the body and the version."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request(method, path, body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content, answer.headers["Version"]


# --- its HTTP ----------------------------------------------------------------------------------------------------


def test_keys_can_be_written_and_read_and_nothing_else(keys: Keys) -> None:  # B1
    assert ask(keys.port, "GET", "/a")[:2] == (404, b"")
    assert ask(keys.port, "PUT", "/a", b"one")[0] == 201
    assert ask(keys.port, "PUT", "/a", b"\x00\xff")[0] == 204
    assert ask(keys.port, "GET", "/a")[:2] == (200, b"\x00\xff")
    assert ask(keys.port, "GET", "/%61?x=y")[:2] == (200, b"\x00\xff")
    for method in ("DELETE", "POST", "HEAD"):
        assert ask(keys.port, method, "/a")[0] == 501


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", None, 400),
        ("GET", "/a/b", None, 400),
        ("GET", "/..%2f..%2fetc%2fpasswd", None, 400),
        ("PUT", "/.hidden", b"", 400),
        ("PUT", "/a", b"x" * (VALUE_LIMIT + 1), 413),
    ],
)
def test_what_is_not_possible_is_said(keys: Keys, method: str, path: str, body: bytes | None, status: int) -> None:
    answer = ask(keys.port, method, path, body)
    assert answer[0] == status
    assert answer[1].endswith(b"\n")


def test_a_wait_ends_with_the_change_or_with_its_time(keys: Keys) -> None:
    version = ask(keys.port, "GET", "/a")[2]
    assert ask(keys.port, "GET", f"/a?after={version}&wait=0.01") == (304, b"", version)
    keys.is_awaited()  # by that one, which is over
    waiting = threading.Thread(target=lambda: answers.append(ask(keys.port, "GET", f"/a?after={version}&wait=60")))
    answers: list[tuple[int, bytes, str | None]] = []
    waiting.start()
    keys.is_awaited()
    ask(keys.port, "PUT", "/a", b"one")
    waiting.join(PATIENCE)
    assert answers[0][:2] == (200, b"one")
    assert ask(keys.port, "GET", "/a?after=another&wait=60")[:2] == (200, b"one")
    for wait in ("", "-1", "nan", "inf", "soon"):
        assert ask(keys.port, "GET", f"/a?after={answers[0][2]}&wait={wait}")[0] == 304


@pytest.mark.parametrize("length", ["", "-1", "x", "9" * 5000, "0" * 20 + "9" * 9, "\u0663"])
def test_a_length_that_is_none_is_refused_unread(keys: Keys, length: str) -> None:
    with socket.create_connection(("127.0.0.1", keys.port), PATIENCE) as sock:
        sock.sendall(f"PUT /a HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode())
        assert sock.recv(100).split()[1] in (b"411", b"413")


def test_a_body_that_breaks_off_is_not_written(keys: Keys) -> None:
    with socket.create_connection(("127.0.0.1", keys.port), PATIENCE) as sock:
        sock.sendall(b"PUT /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100) == b""
    assert ask(keys.port, "GET", "/a")[0] == 404


def test_a_request_that_is_dropped_is_never_answered(keys: Keys) -> None:
    keys.stops(None)
    with socket.create_connection(("127.0.0.1", keys.port), PATIENCE) as sock:
        sock.sendall(b"GET /a HTTP/1.1\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)  # we give up: only then it ends
        assert sock.recv(100) == b""


def test_a_newcomer_gets_the_place_of_the_slowest(monkeypatch: pytest.MonkeyPatch) -> None:  # 23
    monkeypatch.setattr(kvstore, "CONNECTIONS_LIMIT", 2)
    with Keys() as small, socket.create_connection(("127.0.0.1", small.port), PATIENCE) as first:
        first.sendall(b"GET /a HTTP/1.1\r\n")
        with socket.create_connection(("127.0.0.1", small.port), PATIENCE) as second:
            second.sendall(b"GET /a HTTP/1.1\r\n")
            assert ask(small.port, "GET", "/a")[0] == 404
            assert first.recv(100) == b""
            second.sendall(b"\r\n")
            assert second.recv(100).startswith(b"HTTP/1.0 404")


def test_a_wait_ends_unharmed_when_its_place_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:  # 23
    monkeypatch.setattr(kvstore, "CONNECTIONS_LIMIT", 1)
    with Keys() as small:
        version = ask(small.port, "GET", "/a")[2]
        answers: list[tuple[int, bytes, str | None]] = []
        wait = f"/a?after={version}&wait=60"
        waiting = threading.Thread(target=lambda: answers.append(ask(small.port, "GET", wait)))
        waiting.start()
        small.is_awaited()
        assert ask(small.port, "GET", "/a")[0] == 404
        waiting.join(PATIENCE)
        assert answers == [(304, b"", version)]


@pytest.mark.parametrize("request_begins", [b"", b"GET /", b"PUT /a HTTP/1.1\r\nContent-Length: 9999\r\n\r\n"])
def test_a_request_that_dribbles_in_is_cut_off(
    keys: Keys, monkeypatch: pytest.MonkeyPatch, request_begins: bytes
) -> None:  # 23
    monkeypatch.setattr("storechat.server.places.REQUEST", 0.1)
    with socket.create_connection(("127.0.0.1", keys.port), PATIENCE) as sock:
        sock.sendall(request_begins)
        sock.settimeout(0.01)
        said = None
        while said is None:
            with contextlib.suppress(TimeoutError):
                try:
                    sock.sendall(b"x")  # never silent for long
                    said = sock.recv(100)
                except ConnectionError:
                    said = b""
        assert said == b""
    monkeypatch.undo()  # so that the next request has its time
    assert ask(keys.port, "GET", "/a")[0] == 404


def test_a_head_without_end_is_cut_off(keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection(("127.0.0.1", keys.port), PATIENCE) as sock:
        sock.sendall(b"GET /a HTTP/1.1\r\na: " + b"b" * kvstore.HEAD_LIMIT)
        with contextlib.suppress(ConnectionResetError):  # it has not read all of it
            assert sock.recv(100) == b""
    assert ask(keys.port, "GET", "/a")[0] == 404
    assert capsys.readouterr().err == ""  # a peer's fault, and no bug


def test_a_disk_that_is_full_is_the_store_s_fault_and_the_old_value_stands(keys: Keys) -> None:
    ask(keys.port, "PUT", "/a", b"one")

    def keep(key: str, value: bytes) -> None:
        raise OSError(28, "No space left on device")

    keys.moody.store._keep = keep
    assert ask(keys.port, "PUT", "/a", b"two")[:2] == (507, b"the value could not be kept: No space left on device\n")
    assert ask(keys.port, "GET", "/a")[1] == b"one"


def test_a_bug_is_told_of_in_a_line_and_costs_its_request(keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    def keep(key: str, value: bytes) -> None:
        raise LookupError("a\nbug")

    keys.moody.store._keep = keep
    with pytest.raises(http.client.RemoteDisconnected):
        ask(keys.port, "PUT", "/a", b"one")
    assert ask(keys.port, "GET", "/a")[0] == 404
    assert capsys.readouterr().err == "Bug: LookupError('a\\\\nbug')\n"


# --- the program -------------------------------------------------------------------------------------------------


def test_values_are_kept_over_a_kill_when_there_is_a_folder(run: Programs, tmp_path: Path) -> None:  # B1
    folder = tmp_path / "keys"
    first = serve(run, "--data", str(folder))
    ask(run.port, "PUT", "/a", b"one")
    version = ask(run.port, "GET", "/a")[2]
    first.signals(signal.SIGKILL)
    first.ends()
    serve(run, "--data", str(folder))
    status, value, again = ask(run.port, "GET", f"/a?after={version}&wait=60")
    assert (status, value) == (200, b"one")
    assert again != version


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_though_somebody_waits(run: Programs, number: signal.Signals) -> None:
    program = serve(run)
    with socket.create_connection(("127.0.0.1", run.port), PATIENCE) as sock:
        sock.sendall(b"GET /a?after=x&wait=0 HTTP/1.1\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.0 404")
    with socket.create_connection(("127.0.0.1", run.port), PATIENCE) as sock:
        sock.sendall(b"GET /a")
        program.signals(number)
        assert program.ends() == 0
    assert "Traceback" not in program.text


def test_faults_happen_as_they_are_asked_for(run: Programs) -> None:
    serve(run, "--fail", "1", "--seed", "1")
    assert ask(run.port, "PUT", "/a", b"one")[0] == 503
    assert ask(run.port, "GET", "/a")[0] == 503


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "the following arguments are required: PORT"),
        (("0",), "'0' is not a port"),
        (("x",), "'x' is not a port"),
        (("8002", "--fail", "2"), "'2' is not a rate: give a number from 0 to 1, such as 0.2"),
        (("8002", "--drop", "nan"), "'nan' is not a rate"),
        (("8002", "--delay", "-1"), "'-1' is not a delay"),
        (("8002", "--delay", "long"), "'long' is not a delay"),
        (("8002", "--seed", "x"), "'x' is not a seed"),
    ],
)
def test_a_wrong_command_line_is_usage(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        kvstore.main(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_port_in_use_is_a_sentence(keys: Keys, capsys: pytest.CaptureFixture[str]) -> None:
    assert kvstore.main([str(keys.port), "--host", "127.0.0.1"]) == 1
    assert capsys.readouterr().err.startswith(f"Port {keys.port} is in use. Stop what uses it, or choose another")


def test_data_that_cannot_be_read_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad key.value").write_bytes(b"")
    assert kvstore.main(["8002", "--data", str(tmp_path)]) == 1
    assert "'bad key' is not a key" in capsys.readouterr().err
    assert kvstore.main(["8002", "--data", os.devnull]) == 1
    assert (
        capsys.readouterr().err == f"Cannot read {os.devnull}: Not a directory. Repair it, or choose another --data.\n"
    )
