"""The promise, kept by a real server that is killed all the time, to clients whose links fail: `pytest -m slow`.

Half an hour of it is `make soak`; the seed is printed.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.support.programs import needs
from tools.crash.__main__ import cluster, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_minute_of_kills_and_cuts_breaks_no_promise() -> None:
    seed = secrets.randbelow(1_000_000)
    print(f"seed: {seed}")
    (finding,) = run(minutes=1, seed=seed)
    assert finding.passed, finding


@needs("redis-server")
def test_a_minute_of_kills_and_cuts_of_servers_and_redis_breaks_no_promise() -> None:  # N3, N4, N5
    pytest.importorskip("redis")
    seed = secrets.randbelow(1_000_000)
    print(f"seed: {seed}")
    (finding,) = cluster(minutes=1, seed=seed)
    assert finding.passed, finding


@needs("redis-server")
def test_a_minute_in_which_redis_loses_its_end_too_is_told_to_all(tmp_path: Path) -> None:  # N6
    pytest.importorskip("redis")
    seed = secrets.randbelow(1_000_000)
    print(f"seed: {seed}")
    (finding,) = cluster(minutes=1, seed=seed, folder=tmp_path, loses_ends=True)
    assert finding.passed, finding


@pytest.mark.parametrize("bug", ["answers-forgotten", "told-before-kept", "drop-for-one"])
def test_a_bug_in_the_real_server_is_found(bug: str) -> None:
    (finding,) = run(minutes=0.3, seed=1, bug=bug)
    assert not finding.passed
