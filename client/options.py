"""The client's command line, and the questions that stand in for it."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path

from client.endings import Exit
from client.store import Address, address
from protocol import __version__
from protocol.text import is_name, key_of

DEFAULT_HOST, DEFAULT_PORT = "localhost", 8001
PERSISTENCE = 60.0  # seconds: a script is to end some time
DEFAULT_PAGE = "chat.html"
PASSWORD_VARIABLE = "CHAT_PASSWORD"  # noqa: S105  (its name)

_EPILOG = """\
examples:
  python myclient.py localhost 8001 --name ann
  python myclient.py                          asks for the server, then for a name
  python myclient.py localhost 8001 --html chat.html
                                              shows the chat in a page as well, for a browser
  printf 'hello\\n' | python myclient.py localhost 8001 --name bot
                                              says it, and ends once it has been heard
  python myclient.py --store http://localhost:8002 --name ann --to bob
                                              chats with bob through a key-value store (kvstore.py,
                                              or any that takes GET and PUT), without a chat server

Without a terminal, lines come from standard input (the first is the name, without --name) and
what is said goes to standard output. NO_COLOR=1 switches colours off. A password is taken from
a hidden prompt, --password-file or CHAT_PASSWORD.

exit codes:
"""


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="myclient.py",
        description="Joins a chat. Type /help there for its commands; Ctrl-D leaves.",
        epilog=_EPILOG + "\n".join(f"  {end.code:<4} {end.meaning}" for end in Exit),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("host", metavar="HOST", nargs="?", help="the server's address; on a terminal, asked for")
    made.add_argument(
        "port", metavar="PORT", nargs="?", type=_port, default=DEFAULT_PORT, help="its port (default: %(default)s)"
    )
    made.add_argument("--name", help="the name you want to have")
    made.add_argument("--password-file", metavar="FILE", type=Path, help="the first line is the name's password")
    made.add_argument(
        "--html",
        metavar="FILE",
        nargs="?",
        const="",
        help="show the chat in an HTML page, too; without FILE, asked for (a FILE that exists is emptied)",
    )
    made.add_argument(
        "--reconnect",
        metavar="SECONDS",
        type=_seconds,
        help=f"how long to try to get a lost connection back; 0: not at all (default: for ever on a terminal, "
        f"{PERSISTENCE} s without one)",
    )
    made.add_argument("--store", metavar="URL", type=_store, help="a key-value store to chat through, without a server")
    made.add_argument("--to", metavar="NAME", help="with --store: who you chat with")
    made.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_timeout,
        default=5.0,
        help="with --store: how long its answer may take (default: %(default)g)",
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return made


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 1 to 65535, such as 8001")
    return int(text)


def _seconds(text: str) -> float:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds: give one such as 60, or 0")
    return float(text)


def persistence(options: argparse.Namespace, *, on_terminal: bool) -> float:
    """Return for how many seconds a lost connection is to be tried again."""
    if options.reconnect is not None:
        return float(options.reconnect)
    return inf if on_terminal else PERSISTENCE


def _store(text: str) -> Address:
    try:
        return address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _timeout(text: str) -> float:
    with contextlib.suppress(ValueError):
        seconds = float(text)
        if 0.01 <= seconds <= 60:
            return seconds
    raise argparse.ArgumentTypeError(f"{text!r} is not a time-out: give 0.01 to 60 seconds, such as 5")


def parse(arguments: Sequence[str], *, on_terminal: bool) -> argparse.Namespace:
    """Return the options; `host` is None where it is to be asked for. Raises SystemExit(2) for a wrong line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.store is not None:
        _check_store(parser, options)
    elif options.to is not None:
        parser.error("--to belongs to --store; in a server's room, /whisper USER MESSAGE")
    elif options.host is None and not on_terminal:
        parser.error("HOST is missing, and without a terminal there is nobody to ask")
    if options.html == "" and not on_terminal:
        parser.error("--html needs a FILE, and without a terminal there is nobody to ask")
    return options


def _check_store(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End the program for a chat through a store that lacks something, or has too much."""
    if options.host is not None:
        parser.error("give HOST and PORT of a server, or --store URL, not both")
    for option, name in (("--name", options.name), ("--to", options.to)):
        if name is None or not is_name(name):
            parser.error(f"--store needs {option}: 1 to 20 letters (a-z), digits, _ or -, beginning with a letter")
    if key_of(options.name) == key_of(options.to):
        parser.error("--name and --to are one name: give yours and the other's")


def password(options: argparse.Namespace, environment: Mapping[str, str]) -> str | None:
    """Return the password that was given outside of the command line, where others can't read it. Raises OSError."""
    if options.password_file is None:
        return environment.get(PASSWORD_VARIABLE) or None
    lines: list[str] = options.password_file.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[0] if lines else ""


def ask_page() -> Path:
    """Ask for the file of the HTML page. Raises EOFError when the user would rather not say."""
    return Path(_ask(f"File of the page [{DEFAULT_PAGE}]: ") or DEFAULT_PAGE)


def ask_server() -> tuple[str, int]:
    """Ask for the server's address and port. Raises EOFError when the user would rather not say."""
    host = _ask(f"Server address [{DEFAULT_HOST}]: ") or DEFAULT_HOST
    while True:
        try:
            return host, _port(_ask(f"Port [{DEFAULT_PORT}]: ") or str(DEFAULT_PORT))
        except argparse.ArgumentTypeError as error:
            print(error)


def _ask(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except (EOFError, KeyboardInterrupt):
        print()  # what comes next, the shell's prompt, begins a line of its own
        raise
