"""What people type to run the programs, for sentences and usage: it depends on how this one was run.

a file of the checkout    python server.py          python myclient.py          python kvstore.py
an installed command      chat-server               chat                        chat-store
the package               python -m select_chat server, client or store
the single file           python select-chat.pyz server, client or store
"""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGE = "select_chat"  # the one name that is installed (tools/package/build.py)
FILES = {"server": "server.py", "client": "myclient.py", "store": "kvstore.py"}
SCRIPTS = {"server": "chat-server", "client": "chat", "store": "chat-store"}


def command(program: str) -> str:
    """Return what runs `program` ("server", "client" or "store") for somebody who has run this one."""
    started = Path(sys.argv[0])
    if started.suffix == ".pyz":
        return f"python {started.name} {program}"
    if started.stem in SCRIPTS.values():
        return SCRIPTS[program]
    if started.parent.name == PACKAGE:
        return f"python -m {PACKAGE} {program}"
    return f"python {FILES[program]}"


def prog(program: str) -> str:
    """Return what the usage of `program` begins with."""
    return command(program).removeprefix("python ")
