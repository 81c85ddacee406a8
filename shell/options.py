"""The server's command line, and the sentence for a listener that can't be had."""

from __future__ import annotations

import argparse
import errno
from pathlib import Path

from protocol.dialects import SLASH, VERBS, Dialect
from shell.sockets import PEERS_LIMIT

VERSION = "0.1.0"
DIALECTS: dict[str, Dialect | None] = {"auto": None, "slash": SLASH, "verbs": VERBS}


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 1 to 65535, such as 8001")
    return int(text)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of users: give 1 or more")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Return the parser of `server.py`; it ends the program with exit code 2 on what it can't take."""
    made = argparse.ArgumentParser(
        prog="server.py",
        description="A chat server. Join it with `python myclient.py HOST PORT`, or with `telnet HOST PORT` or nc.",
    )
    made.add_argument("port", type=_port, help="the port to listen on, such as 8001")
    made.add_argument("--host", metavar="ADDRESS", help="the address to listen on; all of this machine's by default")
    made.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        default=Path("chatdata"),
        help="where what outlives the server is kept; made when first needed (default: ./chatdata)",
    )
    made.add_argument(
        "--max-users", metavar="N", type=_count, default=PEERS_LIMIT, help="users at a time (default: %(default)s)"
    )
    made.add_argument(
        "--dialect",
        choices=DIALECTS,
        default="auto",
        help="what text users speak: slash commands, the verbs JOIN LIST MESG BCST QUIT, or (auto) what they show",
    )
    made.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    made.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    return made


def why_not_listening(error: OSError, host: str | None, port: int) -> str:
    """Return the sentence for a listener that can't be had: what is wrong and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use. Stop what uses it, or choose another: python server.py {port % 65535 + 1}"
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has. Choose one from 1024 up, such as 8001."
    return f"Cannot listen on {host or 'all addresses'}, port {port}: {error.strerror or error}."
