"""tools/bench/many_servers.py: rooms on several servers are measured, also where some of them are played."""

from __future__ import annotations

import pytest

from tests.support.programs import needs
from tools.shared.programs import tool_output

pytest.importorskip("redis", reason="the package redis is not installed")
pytestmark = [pytest.mark.long, pytest.mark.timeout(120), needs("redis-server")]


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        (("--servers", "0", "2", "--appends", "20"), {"0+0": "4", "2+0": "8"}),
        (("--servers", "1", "--played", "2", "--appends", "0"), {"1+2": "12"}),
    ],
    ids=["alone and together", "played"],
)
def test_servers_are_measured(options: tuple[str, ...], rows: dict[str, str]) -> None:  # N1
    small = ("--users", "4", "--rate", "20", "--seconds", "1")
    told = tool_output("tools.bench.many_servers", *small, *options)
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in told.splitlines() if line.startswith("|")]
    found = {row[0]: row for row in cells if "+" in row[0]}
    assert {servers: row[1] for servers, row in found.items()} == rows
    assert all(float(row[3]) > 0 for row in found.values())
    assert all(" of " in row[-1] for row in found.values())
    assert ("append to read back" in told) == ("20" in options)
