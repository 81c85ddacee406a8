"""tools/crash/faulty_server.py: the real server, killed where it is told to be, or with a bug in it."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

import pytest

from chat.delivery.fanout import Fanout
from chat.log import Entry
from protocol.events import Left
from storage.journal import Journal, Start
from tests.support.programs import Programs
from tools.crash.failpoints import POINTS, RARE_POINTS, ROTATION, watch
from tools.crash.faulty_server import BUG, KILL_AT, doctor
from tools.crash.patches import Patches
from tools.shared.programs import free_port

KEPT = {"in-journal", "after-journal", "before-fanout", "after-fanout", "before-echo", "after-echo"}


@pytest.mark.parametrize("point", [point for point in POINTS if point not in RARE_POINTS])
def test_a_server_is_killed_at_its_point_and_what_was_kept_is_there(tmp_path: Path, point: str) -> None:
    with Programs(tmp_path) as run:
        port = str(free_port())
        command = (
            sys.executable,
            "-m",
            "tools.crash.faulty_server",
            port,
            "--host",
            "127.0.0.1",
            "--data",
            str(tmp_path),
        )
        server = run.program("env", f"{KILL_AT}={point}", *command)
        server.sees(f"Listening on port {port}.")
        with socket.create_connection(("127.0.0.1", int(port))) as ann:
            ann.sendall(b"ann\n")
            assert server.ends() == -signal.SIGKILL
    journal = Journal(tmp_path, Start("epoch"), 100, 1e9)
    assert len(journal.newest()) == (1 if point in KEPT else 0)
    journal.close()


@pytest.mark.parametrize("point", RARE_POINTS)
def test_a_point_of_rotation_is_passed_when_the_journal_goes_on_in_another_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr("storage.segments.SIZE", 1)
    monkeypatch.setattr("storage.segments._FEWEST", 1)
    passed: list[str] = []
    with Patches() as patches:
        watch(patches, passed.append)
        journal = Journal(tmp_path, Start("epoch"), 1, 1e9)
        for seq in (1, 2, 3):
            journal.write([Entry(Left(seq, "ann", 0, "gone"), 0.0)])
        journal.close()
    assert point in passed
    rotations = [point for point in passed if point in ROTATION]
    assert rotations[-4:] == list(ROTATION)


def test_a_bug_is_put_in_by_its_name_and_taken_out_again() -> None:
    deliver = Fanout.deliver
    with Patches() as patches:
        doctor(patches, {BUG: "drop-event"})
        assert Fanout.deliver is not deliver
    assert Fanout.deliver is deliver


def test_without_a_word_in_the_environment_nothing_is_changed() -> None:
    before = dict(vars(Fanout))
    with Patches() as patches:
        doctor(patches, {})
        assert dict(vars(Fanout)) == before
