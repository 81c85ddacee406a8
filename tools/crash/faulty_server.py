"""`python -m tools.crash.faulty_server PORT OPTIONS`: the real server.py, to be killed at a point, or with a bug.

    CHAT_KILL_AT=after-journal:12    SIGKILL when this point of tools.crash.failpoints is reached the twelfth time
    CHAT_BUG=drop-event              a bug of tools.crash.mutants

The server itself has no such hooks; they are put in here, from outside. Its journal's segments are small, so that a
life goes through several of them.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping

import server
from storage import segments
from tools.crash.failpoints import Countdown, watch
from tools.crash.mutants import SERVER_BUGS
from tools.crash.patches import Patches

KILL_AT, BUG = "CHAT_KILL_AT", "CHAT_BUG"
SEGMENT = 5_000  # bytes


def doctor(patches: Patches, environment: Mapping[str, str]) -> None:
    """Put the bug and the point of death that `environment` names into the server."""
    if BUG in environment:
        SERVER_BUGS[environment[BUG]](patches)
    if KILL_AT in environment:
        watch(patches, Countdown(environment[KILL_AT], lambda: os.kill(os.getpid(), signal.SIGKILL)))


def main() -> int:
    """Run the server; return its exit code."""
    with Patches() as patches:
        patches.replace(segments, "SIZE", SEGMENT)
        doctor(patches, os.environ)
        return server.main()


if __name__ == "__main__":
    sys.exit(main())
