"""What people type to run the programs, for sentences and usage: it depends on how this one was run.

a file of the checkout    python3 server.py         python3 myclient.py         python3 kvstore.py
an installed command      chat-server               chat                        chat-store
the package               python3 -m select_chat server, client or store
the single file           python3 select-chat.pyz server, client or store

`python3` is what has started this one: Debian has no `python`, and only `.venv/bin/python` has the client's packages.
"""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGE = "select_chat"  # the one name that is installed (tools/package/build.py)
FILES = {"server": "server.py", "client": "myclient.py", "store": "kvstore.py"}
SCRIPTS = {"server": "chat-server", "client": "chat", "store": "chat-store"}


def command(program: str) -> str:
    """Return what runs `program` ("server", "client" or "store") for somebody who has run this one."""
    return prog(program) if _is_installed() else f"{interpreter()} {prog(program)}"


def prog(program: str) -> str:
    """Return what the usage of `program` begins with."""
    started = Path(sys.argv[0])
    if started.suffix == ".pyz":
        return f"{started.name} {program}"
    if _is_installed():
        return SCRIPTS[program]
    if started.parent.name == PACKAGE:
        return f"-m {PACKAGE} {program}"
    return FILES[program]


def interpreter() -> str:
    """Return what starts Python here: its name, or the path that was typed where a virtual environment needs it."""
    typed = sys.orig_argv[0]
    in_environment = sys.prefix != sys.base_prefix
    return typed if in_environment else Path(typed).name


def _is_installed() -> bool:
    return Path(sys.argv[0]).stem in SCRIPTS.values()
