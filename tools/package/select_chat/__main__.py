"""All three programs behind one name: `python -m select_chat server 8001`, or `python select-chat.pyz server 8001`.

The first word names the program. Without such a word it is the client, so that `select-chat.pyz localhost 8001` joins a
chat; `client server 8001` joins one on a machine that is called server.
"""

from __future__ import annotations

import sys

from protocol import __version__
from system.commands import FILES, prog

_USAGE = """\
usage: {0} [PROGRAM] ..., where PROGRAM is one of
  server    runs a chat server
  client    joins a chat; anything else in its place, such as HOST PORT, does, too
  store     runs a key-value store, to chat through it without a server
PROGRAM --help lists the options of each."""


def main() -> int:
    """Run the program that the first word names, with the other words; return its exit code."""
    first = sys.argv[1] if len(sys.argv) > 1 else ""
    if first in ("-h", "--help"):
        print(_USAGE.format(prog("client").removesuffix(" client")))
        return 0
    if first == "--version":
        print("select-chat", __version__)
        return 0
    if first in FILES:
        del sys.argv[1]
    return _run(first)


def _run(program: str) -> int:
    """Import one program only: the server needs none of the client's packages."""
    match program:
        case "server":
            from server import main as server  # noqa: PLC0415

            return server()
        case "store":
            from kvstore import main as store  # noqa: PLC0415

            return store()
    from myclient import main as client  # noqa: PLC0415

    return client()


if __name__ == "__main__":
    sys.exit(main())
