"""tools/shared/: programs that are started, measured and ended; crowds of sockets; findings."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tools.shared.findings import Finding, mib, report
from tools.shared.programs import (
    HOST,
    LASTING_PORTS,
    Server,
    cpu_seconds,
    end,
    free_port,
    hold_port,
    running,
    serving,
    tool_output,
)
from tools.shared.sockets import hang_up, join, listen_until, pings, quit_all, reset, welcomed

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"


def test_a_lasting_port_is_below_those_that_clients_are_given() -> None:
    assert free_port(random.Random(1)) in LASTING_PORTS


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a port can't be held")
@pytest.mark.parametrize("chance", [None, random.Random(1)])
def test_a_port_is_held_until_a_server_listens_there_and_given_to_nobody_else(chance: random.Random | None) -> None:
    port = free_port(chance)
    with pytest.raises(OSError, match="in use"):
        hold_port(port)
    with socket.create_server((HOST, port)), socket.create_connection((HOST, port)):
        pass
    with pytest.raises(OSError, match="in use"):
        hold_port(port)
    for _ in range(100):
        free_port()
    assert hold_port(port) == port


def test_a_server_serves_text_and_frames_and_is_measured() -> None:
    with serving("--no-rate-limit", "--no-journal") as server:  # no files that are opened later
        ann, bob = join(server.port, "ann"), join(server.port, "bob", framed=True)
        assert listen_until(welcomed, [ann, bob]) == []
        assert pings(ann)
        open_now = server.descriptors()
        quit_all([ann])
        reset(bob.sock)
        assert server.falls_to(open_now - 2)
        assert 0 < server.memory() <= server.memory_peak()
        assert 0 < server.cpu() <= cpu_seconds(server.pid)
        assert server.bugs() == 0
        assert server.running
    assert not server.running


def test_a_listener_that_gets_no_answer_is_returned() -> None:
    with serving() as server:
        ann = join(server.port, "ann")
        assert listen_until(lambda ear: b"no such words" in ear.heard, [ann], 0.0) == [ann]
        hang_up([ann])


def test_a_program_that_does_not_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no luck')"]
    with pytest.raises(RuntimeError, match="did not start: no luck"), running(command, free_port(), tmp_path):
        pytest.fail("it has started")


@pytest.mark.parametrize(("code", "is_enough"), [(STUBBORN, False), (STUBBORN.replace("IGN", "DFL"), True)])
def test_what_does_not_end_when_asked_is_killed(code: str, is_enough: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert end(process, 0.2 if not is_enough else 10.0) is is_enough
        assert process.poll() is not None


def test_a_traceback_in_the_log_is_a_bug(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("Traceback (most recent call last):\n  ...\nfine\n" * 2)
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        assert Server(process, 1, log).bugs() == 2


def test_findings_are_printed_and_one_failure_is_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    passed, failed = Finding(True, "memory", mib(3 << 19)), Finding(False, "delay", "9 s")
    assert report([passed]) == 0
    assert report([failed, passed]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == ["FAIL  delay: 9 s", "PASS  memory: 1.5 MiB"]


def test_a_tool_that_fails_or_takes_too_long_is_told_and_ended() -> None:
    assert tool_output("tools.structure", "--picture").startswith("graph")
    with pytest.raises(RuntimeError, match=r"python -m tools.bench --rounds 0 ended with 2"):
        tool_output("tools.bench", "--rounds", "0")
    with pytest.raises(subprocess.TimeoutExpired):
        tool_output("http.server", "0", timeout=0.1)
